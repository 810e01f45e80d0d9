//! What the properties say about a run: plain data, derived from its events.

use crate::ids::{EventIx, TxnId};

/// The state of a property at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It holds.
    Holds,
    /// It is neither broken nor settled: a transaction is still moving.
    Moving,
    /// It is broken.
    Broken,
}

/// A change of a property's state during a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusChange {
    /// From this event on.
    pub at: EventIx,
    /// The state.
    pub status: Status,
    /// In a few words: `T1 is moving`, `-30 + 30 = 0`.
    pub note: String,
}

/// A violation: the event that broke the property.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The event at which it broke. For a property judged at rest, the last event of the run.
    pub event: EventIx,
    /// The event that made it inevitable or that shows it best, where that is another: the crash,
    /// the lost message, the second application.
    pub culprit: Option<EventIx>,
    /// The transaction that it is about.
    pub txn: Option<TxnId>,
    /// What is wrong, in plain words.
    pub why: String,
}

/// What one property says about a run.
#[derive(Clone, PartialEq, Debug)]
pub struct PropertyReport {
    /// Its name in the command line, JSON and links: `atomicity`, `exactly-once`.
    pub id: &'static str,
    /// Its name on screen, with that of the declared invariant where there is one.
    pub title: String,
    /// What it means, in one line.
    pub meaning: &'static str,
    /// What puts it to the test, in words: `compensations, recoveries`.
    pub tested_by: String,
    /// The changes of its state in order; the first is at event 0.
    pub changes: Vec<StatusChange>,
    /// Its violations in the order of their events; at most 1,000 are kept.
    pub violations: Vec<Violation>,
    /// How many violations there were.
    pub violation_count: usize,
    /// A measure in words where the property has one: `longest inconsistency window 1.4 s`.
    pub measure: Option<String>,
    /// How often the thing it guards against came close: compensations, recoveries, refusals and
    /// redeliveries seen (a property that was never put to the test says so).
    pub exercised: u64,
}

impl PropertyReport {
    /// Whether it held over the whole run.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violation_count == 0
    }

    /// Its state at an event.
    #[must_use]
    pub fn at(&self, event: EventIx) -> Option<&StatusChange> {
        let after = self.changes.partition_point(|change| change.at <= event);
        after.checked_sub(1).map(|ix| &self.changes[ix])
    }
}
