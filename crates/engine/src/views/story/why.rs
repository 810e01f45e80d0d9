//! The causal story: the chain of causes, condensed to the lines that a person needs.

use std::collections::BTreeSet;

use crate::event::EventKind;
use crate::ids::{Direction, EventIx, TxnId, txn_name};
use crate::views::format::list;
use crate::views::missing::{Missing, cut_short, missing_of};

use super::StoryLine;
use super::words::Words;

/// A chain longer than this is told from its end.
const LINES_MAX: usize = 40;

pub(super) fn story(words: Words<'_>, event: EventIx) -> Vec<StoryLine> {
    let mut chain = chain(words, event);
    chain.reverse();
    let mut lines: Vec<StoryLine> = Vec::new();
    let mut told: BTreeSet<EventIx> = BTreeSet::new();
    let mut from = 0;
    while from < chain.len() {
        let to = handler_end(words, &chain, from);
        for line in words.lines_of(&chain[from..to], to == chain.len(), event) {
            if told.insert(line.event) {
                lines.push(line);
            }
        }
        if let Some(next) = chain.get(to) {
            // What held the message up between two handlers.
            for line in words.delays(chain[to - 1], *next) {
                if told.insert(line.event) {
                    lines.push(line);
                }
            }
        }
        from = to;
    }
    // A handler's last line may tell of what its commits at other nodes led to only later.
    lines.retain(|line| line.event <= event || line.never);
    lines.extend(words.consequences(event));
    if lines.len() > LINES_MAX {
        lines.drain(..lines.len() - LINES_MAX);
    }
    lines
}

/// The story of one event, and then what its transaction did from there to another: how a culprit
/// led to a violation.
pub(super) fn story_from(
    words: Words<'_>,
    culprit: EventIx,
    txn: Option<TxnId>,
    violated: EventIx,
) -> Vec<StoryLine> {
    let mut lines = story(words, culprit);
    let never = lines.iter().position(|line| line.never).unwrap_or(lines.len());
    let consequences = lines.split_off(never);
    let events = txn.map(|txn| words.events_of(txn)).unwrap_or_default();
    for ix in events.into_iter().filter(|ix| *ix > culprit && *ix <= violated) {
        let handler = words.handler(ix, None);
        let acknowledged =
            |event: &crate::event::Event| matches!(event.kind, EventKind::Acknowledged { .. });
        if words.event(ix).is_some_and(acknowledged) || lines.iter().any(|l| l.event == ix) {
            continue;
        }
        lines.extend(words.line(ix, &handler));
    }
    for line in lines.iter_mut().filter(|line| line.event == violated && txn.is_some()) {
        line.failed = true;
    }
    lines.extend(consequences);
    if lines.len() > LINES_MAX {
        lines.drain(LINES_MAX / 2..lines.len() - LINES_MAX / 2);
    }
    lines
}

/// The lines of several events, in their order, and what never happened because of one of them.
pub(super) fn story_of(
    words: Words<'_>,
    events: &[EventIx],
    always: &[EventIx],
    shown: EventIx,
) -> Vec<StoryLine> {
    let mut lines: Vec<StoryLine> = Vec::new();
    for ix in events {
        // What is done to rows and locks before a commit decides races between transactions.
        let decides = matches!(
            words.event(*ix).map(|event| &event.kind),
            Some(
                EventKind::Wrote { .. }
                    | EventKind::Read { .. }
                    | EventKind::Prepared { .. }
                    | EventKind::LockWaited { .. }
                    | EventKind::Deadlocked { .. }
                    | EventKind::RolledBack { .. }
                    | EventKind::Rebalanced { .. }
            )
        );
        let handler = words.handler(*ix, None);
        match words.line(*ix, &handler) {
            Some(line) => lines.push(line),
            None if decides || always.contains(ix) => {
                lines.push(words.line_of_sentence(*ix, false));
            }
            None => {}
        }
    }
    lines.extend(words.consequences(shown));
    if lines.len() > LINES_MAX {
        lines.drain(LINES_MAX / 2..lines.len() - LINES_MAX / 2);
    }
    lines
}

/// The causes of an event, itself first. A crash without a cause of its own goes on with what it
/// cut in two.
fn chain(words: Words<'_>, event: EventIx) -> Vec<EventIx> {
    let mut chain = Vec::new();
    let mut next = Some(event);
    while let Some(ix) = next {
        let Some(at) = words.event(ix) else { break };
        chain.push(ix);
        let cut = matches!(at.kind, EventKind::Crashed { .. } | EventKind::ReplyLost);
        let before = if cut { words.before_in_handler(ix) } else { None };
        next = before.or(at.cause).filter(|cause| *cause < ix);
    }
    chain
}

/// Where the events of one choice at one node end in the chain.
fn handler_end(words: Words<'_>, chain: &[EventIx], from: usize) -> usize {
    let spot = |ix: &EventIx| words.event(*ix).map(|event| (event.step_no, event.node));
    let first = spot(&chain[from]);
    let same = chain[from..].iter().take_while(|ix| spot(ix) == first);
    from + same.count().max(1)
}

impl Words<'_> {
    /// The lines for a stretch of one handler. The last stretch may end in the middle of a handler:
    /// nothing is told that came after the event.
    fn lines_of(&self, part: &[EventIx], last: bool, asked: EventIx) -> Vec<StoryLine> {
        let Some(&first) = part.first() else { return Vec::new() };
        let end = part[part.len() - 1];
        let whole = self.handler(first, if last { Some(end) } else { None });
        let mut lines: Vec<StoryLine> =
            whole.iter().filter_map(|ix| self.line(*ix, &whole)).collect();
        if last && !lines.iter().any(|line| line.event == asked) {
            // The event that was asked about has a line in any case.
            let told_as_part = matches!(
                self.event(asked).map(|event| &event.kind),
                Some(EventKind::Published { .. } | EventKind::OutboxMarked { .. })
            );
            if !(told_as_part && lines.iter().any(|line| line.event.0 < asked.0)) {
                lines.push(self.line_of_sentence(asked, false));
            }
        }
        lines
    }

    /// The events of the choice that an event belongs to, at its node, up to an end.
    fn handler(&self, of: EventIx, end: Option<EventIx>) -> Vec<EventIx> {
        let Some(event) = self.event(of) else { return Vec::new() };
        let here =
            |ix: &EventIx| self.event(*ix).is_some_and(|other| other.step_no == event.step_no);
        let start = (0..of.0).rev().map(EventIx).take_while(here).last().unwrap_or(of);
        let stop = end.map_or(self.trace.len() as u32, |end| end.0 + 1);
        (start.0..stop)
            .map(EventIx)
            .take_while(here)
            .filter(|ix| self.event(*ix).is_some_and(|other| other.node == event.node))
            .collect()
    }

    /// The line of an event, where it has one of its own.
    fn line(&self, ix: EventIx, handler: &[EventIx]) -> Option<StoryLine> {
        let event = self.event(ix)?;
        let here = self.node(event.node);
        let about = self.for_txn(event.txn);
        let line = |title: String, detail: String, failed: bool| {
            Some(StoryLine { event: ix, title, detail, failed, never: false })
        };
        match &event.kind {
            EventKind::Started { flow, inputs } => {
                let name = self.cast.flows.get(flow.ix()).map_or("?", |info| info.name.as_str());
                let txn = event.txn.map(txn_name).unwrap_or_default();
                line(format!("{txn} started"), join(&[name, &self.inputs(*flow, inputs)]), false)
            }
            EventKind::Committed { db, changes, effects, outbox, .. } => {
                let effect = effects.first()?;
                let name = self.step(self.flow(ix), (effect.step, effect.dir));
                let title = match (effect.dir, self.said(ix, effect.step)) {
                    (Direction::Do, Some(said)) => format!("{here}: {said}"),
                    (Direction::Do, None) => format!("{here} committed {name}"),
                    (Direction::Undo, _) => format!("{here} undid its step: {name}"),
                };
                let changed = match self.changes(*db, changes).as_str() {
                    "" => "committed, no row changed".to_owned(),
                    changes => format!("committed: {changes}"),
                };
                let sent: Vec<String> = handler
                    .iter()
                    .filter(|after| **after > ix)
                    .filter_map(|after| match &self.event(*after)?.kind {
                        EventKind::Published { label, .. } => {
                            Some(format!("published {}", self.cast.sym(*label)))
                        }
                        _ => None,
                    })
                    .collect();
                let stored = match outbox.first() {
                    Some(entry) if sent.is_empty() => {
                        format!("{} in the outbox", self.cast.sym(entry.label))
                    }
                    _ => list(&sent),
                };
                line(title, join(&[&changed, &stored]), false)
            }
            EventKind::Refused { why, .. } => line(
                format!("{here} refused {}{about}", self.step_of(ix)),
                format!("{}; nothing was written", self.refusal(why)),
                true,
            ),
            EventKind::Crashed { .. } => match self.cut(ix) {
                Some((when, meaning)) => line(format!("{here} crashed {when}"), meaning, true),
                None => line(
                    format!("{here} crashed"),
                    "what it held in memory is gone".to_owned(),
                    true,
                ),
            },
            EventKind::ReplyLost
            | EventKind::Stuck { .. }
            | EventKind::DeadLettered { .. }
            | EventKind::Dropped { .. } => Some(self.line_of_sentence(ix, true)),
            EventKind::Consumed { .. } if self.consumed_again(ix) => {
                Some(self.line_of_sentence(ix, false))
            }
            EventKind::InboxHit { .. }
            | EventKind::Duplicated { .. }
            | EventKind::TimerFired { .. }
            | EventKind::Restarted { .. }
            | EventKind::Decided { .. }
            | EventKind::Ended { .. }
            | EventKind::Acknowledged { .. }
            | EventKind::QueryStarted { .. }
            | EventKind::QueryAnswered { .. } => Some(self.line_of_sentence(ix, false)),
            EventKind::FaultBegan { .. } | EventKind::FaultEnded { .. } => {
                Some(self.line_of_sentence(ix, matches!(event.kind, EventKind::FaultBegan { .. })))
            }
            _ => None,
        }
    }

    /// A line that is the event's sentence, parted at its colon or semicolon.
    fn line_of_sentence(&self, ix: EventIx, failed: bool) -> StoryLine {
        let sentence = self.sentence(ix);
        let parted = sentence.split_once(": ").or_else(|| sentence.split_once("; "));
        let (title, detail) = parted.unwrap_or((sentence.as_str(), ""));
        StoryLine {
            event: ix,
            title: title.to_owned(),
            detail: detail.to_owned(),
            failed,
            never: false,
        }
    }

    /// What lay between a message's leaving and its being handled: losses, and its target's crash.
    fn delays(&self, left: EventIx, handled: EventIx) -> Vec<StoryLine> {
        let (Some(before), Some(after)) = (self.event(left), self.event(handled)) else {
            return Vec::new();
        };
        if before.node == after.node && !matches!(after.kind, EventKind::TimerFired { .. }) {
            return Vec::new();
        }
        let mut lines = Vec::new();
        for ix in (left.0 + 1..handled.0).map(EventIx) {
            let Some(event) = self.event(ix) else { continue };
            match &event.kind {
                EventKind::Crashed { .. } if event.node == after.node => {
                    // What it cut in two is part of the story where it is about this transaction.
                    let cut = self.before_in_handler(ix).filter(|before| {
                        self.event(*before).is_some_and(|event| event.txn == after.txn)
                    });
                    let handler = cut.map(|before| self.handler(before, Some(ix)));
                    for part in handler.iter().flatten().filter(|part| **part > left) {
                        lines.extend(self.line(*part, &[]).filter(|line| line.event != ix));
                    }
                    lines.extend(self.line(ix, &[]));
                }
                EventKind::Restarted { .. } if event.node == after.node => {
                    lines.extend(self.line(ix, &[]));
                }
                // What became of the question whose answer the timer waited for.
                EventKind::Committed { .. } | EventKind::Refused { .. } | EventKind::ReplyLost
                    if matches!(after.kind, EventKind::TimerFired { .. })
                        && event.txn == after.txn
                        && event.step == after.step =>
                {
                    lines.extend(self.line(ix, &[]));
                    let crash = cut_short(self.trace, ix).filter(|crash| *crash < handled);
                    lines.extend(crash.and_then(|crash| self.line(crash, &[])));
                }
                EventKind::Dropped { .. }
                    if event.txn.is_some()
                        && event.txn == after.txn
                        && event.step == after.step =>
                {
                    lines.extend(self.line(ix, &[]));
                }
                _ => {}
            }
        }
        // A node that crashed often while a record waited: the first and the last say enough.
        if lines.len() > 8 {
            lines.drain(4..lines.len() - 4);
        }
        lines
    }

    /// What never happened because of this event.
    fn consequences(&self, event: EventIx) -> Vec<StoryLine> {
        let cut = matches!(
            self.event(event).map(|event| &event.kind),
            Some(EventKind::Crashed { .. } | EventKind::ReplyLost)
        );
        let Some(before) = self.before_in_handler(event).filter(|_| cut) else {
            return Vec::new();
        };
        let Some(txn) = self.event(before).and_then(|event| event.txn) else { return Vec::new() };
        let events = self.events_of(txn);
        let missing = missing_of(self.cast, self.trace, self.flow(before), txn, &events);
        let caused = missing.iter().filter(|missing| missing.culprit == event);
        caused.map(|missing| self.never_told(missing, &events)).collect()
    }

    fn never_told(&self, missing: &Missing, events: &[EventIx]) -> StoryLine {
        let untold: Vec<String> =
            missing.untold.iter().map(|node| self.node(*node).to_owned()).collect();
        let (are, txn) = (if untold.len() == 1 { "is" } else { "are" }, txn_name(missing.txn));
        let ended = events.iter().any(|ix| {
            self.event(*ix).is_some_and(|event| matches!(event.kind, EventKind::Ended { .. }))
        });
        let undone = events.iter().filter_map(|ix| self.event(*ix)).any(|event| {
            matches!(&event.kind, EventKind::Committed { effects, .. } if effects.iter()
                .any(|of| of.step == missing.step && of.dir == Direction::Undo))
        });
        let name = self.step(self.flow(missing.committed), (missing.step, Direction::Do));
        let stays = if ended {
            format!("{txn} is over for its client")
        } else {
            format!("{txn} stays open")
        };
        let undo = if undone { String::new() } else { format!("nobody undoes {name}") };
        StoryLine {
            event: missing.culprit,
            title: format!("{} {are} never told", list(&untold)),
            detail: join(&[&stays, &undo]),
            failed: true,
            never: true,
        }
    }

    /// All events of a transaction, in one pass.
    pub(super) fn events_of(&self, txn: TxnId) -> Vec<EventIx> {
        let events = self.trace.events().iter().enumerate();
        events
            .filter(|(_, event)| event.txn == Some(txn))
            .map(|(at, _)| EventIx(at as u32))
            .collect()
    }
}

fn join(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}
