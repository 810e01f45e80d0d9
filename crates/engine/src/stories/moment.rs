//! Moments of a run, named by what happens there.

use crate::event::{Event, EventKind};
use crate::ids::EventIx;

use super::Seen;

/// A moment: an event by what it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The name of the kind of event; empty for the first event, or the last.
    kind: &'static str,
    /// The node that it is at; empty for any.
    node: &'static str,
    /// What the message, record or timer is called; empty for anything.
    label: &'static str,
    /// The transaction, counted from 1; 0 for any.
    txn: u32,
    /// Which of those that fit, counted from 1.
    nth: u32,
    /// Whether it is the event before it.
    before: bool,
    /// Whether it is the last event.
    last: bool,
}

impl Moment {
    /// The first event of this kind at this node; at any node where that is empty.
    #[must_use]
    pub const fn when(kind: &'static str, node: &'static str) -> Self {
        Self { kind, node, label: "", txn: 0, nth: 1, before: false, last: false }
    }

    /// The end of the run.
    #[must_use]
    pub const fn end() -> Self {
        let start = Self::when("", "");
        Self { last: true, ..start }
    }

    /// Of this transaction, counted from 1.
    #[must_use]
    pub const fn of(self, txn: u32) -> Self {
        Self { txn, ..self }
    }

    /// The one of this number among those that fit, counted from 1.
    #[must_use]
    pub const fn nth(self, nth: u32) -> Self {
        Self { nth, ..self }
    }

    /// Whose message, record or timer is called so.
    #[must_use]
    pub const fn named(self, label: &'static str) -> Self {
        Self { label, ..self }
    }

    /// The event right before it.
    #[must_use]
    pub const fn before(self) -> Self {
        Self { before: true, ..self }
    }

    /// Where it is in a run; `None` where it does not happen.
    #[must_use]
    pub fn find(&self, seen: &Seen<'_>) -> Option<EventIx> {
        let trace = seen.session.trace();
        if self.last {
            return Some(EventIx(trace.len().checked_sub(1)? as u32));
        }
        let node = match self.node {
            "" => None,
            name => Some(seen.session.cast().node_named(name)?),
        };
        let fits = |event: &Event| {
            event.kind.name() == self.kind
                && node.is_none_or(|node| event.node == node)
                && (self.txn == 0 || event.txn.is_some_and(|txn| txn.0 + 1 == self.txn))
                && (self.label.is_empty() || seen.label(&event.kind) == Some(self.label))
        };
        let mut found = trace.events().iter().enumerate().filter(|(_, event)| fits(event));
        let at = found.nth(self.nth.saturating_sub(1) as usize)?.0;
        Some(EventIx(if self.before { at.checked_sub(1)? } else { at } as u32))
    }
}

impl Seen<'_> {
    /// What the message, record or timer of an event is called.
    fn label(&self, kind: &EventKind) -> Option<&str> {
        let sym = match kind {
            EventKind::Sent { label, .. }
            | EventKind::Published { label, .. }
            | EventKind::TimerArmed { label, .. }
            | EventKind::TimerFired { label }
            | EventKind::TimerCancelled { label } => *label,
            _ => return None,
        };
        Some(self.session.cast().sym(sym))
    }
}
