//! The first event at which two runs of one seed under two couplings part.
//!
//! The couplings share no messages, so only what they share is held against each other, in order:
//! what arrives, which step of which transaction a service commits or undoes, how a transaction
//! ends for its client, what crashes and comes back. Times differ from the first message on and do
//! not count.

use crate::cast::Cast;
use crate::event::{Event, EventKind};
use crate::ids::EventIx;
use crate::trace::Trace;

/// Where two runs part: the event of each at which they are not the same any more. `None` where
/// that run has nothing more of what both share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parting {
    /// Of the first run.
    pub first: Option<EventIx>,
    /// Of the second run.
    pub second: Option<EventIx>,
    /// How many shared happenings were the same before.
    pub same: u32,
}

/// What a run has that another coupling's run can have too, in words that both use.
fn shared(cast: &Cast, event: &Event) -> Option<String> {
    let txn = event.txn.map_or(0, |txn| txn.0);
    let node = || cast.nodes.get(event.node.ix()).map_or("", |node| node.name.as_str());
    match &event.kind {
        EventKind::Started { flow, .. } => Some(format!("start {txn} {}", flow.0)),
        EventKind::QueryStarted { query } => Some(format!("ask {txn} {}", query.0)),
        EventKind::Committed { effects, .. } if !effects.is_empty() => {
            let steps = effects.iter().map(|of| format!("{} {:?} {:?}", of.txn.0, of.step, of.dir));
            Some(format!("commit {}", steps.collect::<Vec<_>>().join(", ")))
        }
        EventKind::Ended { outcome, .. } => Some(format!("end {txn} {outcome:?}")),
        EventKind::Crashed { .. } => Some(format!("crash {}", node())),
        EventKind::Restarted { .. } => Some(format!("restart {}", node())),
        _ => None,
    }
}

/// Where two runs part; `None` where they share all of it to the end.
#[must_use]
pub fn parting(one: (&Cast, &Trace), other: (&Cast, &Trace)) -> Option<Parting> {
    fn happenings<'a>(
        cast: &'a Cast,
        trace: &'a Trace,
    ) -> impl Iterator<Item = (EventIx, String)> + 'a {
        let events = trace.events().iter().enumerate();
        events.filter_map(|(at, event)| Some((EventIx(at as u32), shared(cast, event)?)))
    }
    let (mut one, mut other) = (happenings(one.0, one.1), happenings(other.0, other.1));
    let mut same = 0;
    loop {
        match (one.next(), other.next()) {
            (None, None) => return None,
            (Some((_, a)), Some((_, b))) if a == b => same += 1,
            (first, second) => {
                let at = |it: Option<(EventIx, String)>| it.map(|(event, _)| event);
                return Some(Parting { first: at(first), second: at(second), same });
            }
        }
    }
}
