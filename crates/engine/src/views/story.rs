//! The story in plain words: what happened, and why.
//!
//! A sentence is made from one event and the few that explain it. The causal story of an event is
//! the chain of its causes, one line for each handler on the way and for each fault that mattered.

use crate::cast::Cast;
use crate::event::EventKind;
use crate::ids::EventIx;
use crate::trace::Trace;
use crate::verdict::Violation;

mod groups;
mod sentence;
mod slice;
mod why;
pub(crate) mod words;

pub use slice::causal_slice;

/// One line of a causal story.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoryLine {
    /// The event that the line is about; a line about what never happened names the event that
    /// prevented it.
    pub event: EventIx,
    /// In a few words: `payments crashed before it could publish payment.charged`.
    pub title: String,
    /// More of it: `the row and the message are two writes, only the first was made`.
    pub detail: String,
    /// Whether something failed here.
    pub failed: bool,
    /// Whether the line tells what never happened, as `stock is never told`.
    pub never: bool,
}

/// What happened in an event, in one sentence without a full stop; empty where there is no such event.
#[must_use]
pub fn sentence(cast: &Cast, trace: &Trace, event: EventIx) -> String {
    words::Words { cast, trace }.sentence(event)
}

/// Why an event happened: the chain of its causes, the first first and the event itself last, and
/// after a failure what therefore never happened.
#[must_use]
pub fn why(cast: &Cast, trace: &Trace, event: EventIx) -> Vec<StoryLine> {
    why::story(words::Words { cast, trace }, event)
}

/// Why a property is broken: the story of the event that shows it best, and what the transaction
/// did from there on.
#[must_use]
pub fn why_violated(cast: &Cast, trace: &Trace, violation: &Violation) -> Vec<StoryLine> {
    let last_of_txn = || {
        let before = (0..=violation.event.0).rev().map(EventIx);
        let about = violation.txn?;
        before.filter(|ix| trace.get(*ix).is_some_and(|event| event.txn == Some(about))).find(
            |ix| {
                // The commits and decisions tell more than the messages around them.
                trace.get(*ix).is_some_and(|event| {
                    matches!(
                        event.kind,
                        EventKind::Committed { .. }
                            | EventKind::Refused { .. }
                            | EventKind::Stuck { .. }
                            | EventKind::Ended { .. }
                            | EventKind::Dropped { .. }
                            | EventKind::ReplyLost
                            | EventKind::DeadLettered { .. }
                    )
                })
            },
        )
    };
    let shown = violation.culprit.or_else(last_of_txn).unwrap_or(violation.event);
    why::story_from(words::Words { cast, trace }, shown, violation.txn, violation.event)
}

/// The story of several events, as those of a causal slice: a line for each that a person needs and
/// for each of `always`, in their order, and at the end what never happened because of `shown`.
#[must_use]
pub fn story_of(
    cast: &Cast,
    trace: &Trace,
    events: &[EventIx],
    always: &[EventIx],
    shown: EventIx,
) -> Vec<StoryLine> {
    why::story_of(words::Words { cast, trace }, events, always, shown)
}
