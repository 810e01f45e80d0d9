//! Vacuity: how often a run came close to what the properties guard against.

use super::Entry;
use crate::event::{Event, EventKind};
use crate::ids::Direction;

/// Something that puts a property to the test.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exercise {
    /// A step was undone.
    Compensation,
    /// A crashed node recovered.
    Recovery,
    /// The data or a fault refused a local transaction.
    Refusal,
    /// Something was delivered, or was about to be applied, again.
    Redelivery,
    /// A local transaction wrote while another was open, or waited for one.
    Concurrency,
    /// A query was answered.
    Query,
}

impl Exercise {
    /// What it is called, many of it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Compensation => "compensations",
            Self::Recovery => "recoveries from a crash",
            Self::Refusal => "refusals",
            Self::Redelivery => "redeliveries",
            Self::Concurrency => "local transactions beside each other",
            Self::Query => "answered queries",
        }
    }
}

impl Entry {
    /// What puts it to the test, in words.
    pub(super) fn tested_by(&self) -> String {
        let words: Vec<&str> = self.exercised_by.iter().map(|it| it.words()).collect();
        words.join(", ")
    }
}

/// How often each was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Exercised {
    /// Steps undone.
    pub compensations: u64,
    /// Recoveries.
    pub recoveries: u64,
    /// Refusals.
    pub refusals: u64,
    /// Redeliveries: messages copied, records handled again, inbox hits.
    pub redeliveries: u64,
    /// Rows written by local transactions that stay open, and waits for locks.
    pub concurrent: u64,
    /// Queries answered.
    pub queries: u64,
}

impl Exercised {
    /// Counts what an event shows.
    pub fn see(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Committed { effects, .. } => {
                self.compensations +=
                    effects.iter().filter(|of| of.dir == Direction::Undo).count() as u64;
            }
            EventKind::Restarted { .. } => self.recoveries += 1,
            EventKind::Refused { .. } => self.refusals += 1,
            EventKind::Wrote { .. } | EventKind::LockWaited { .. } => self.concurrent += 1,
            EventKind::QueryAnswered { .. } => self.queries += 1,
            EventKind::Consumed { again: true, .. }
            | EventKind::InboxHit { .. }
            | EventKind::Duplicated { .. } => {
                self.redeliveries += 1;
            }
            _ => {}
        }
    }

    /// How often a kind of property was put to the test.
    #[must_use]
    pub fn of(&self, entry: &Entry) -> u64 {
        let count = |exercise: &Exercise| match exercise {
            Exercise::Compensation => self.compensations,
            Exercise::Recovery => self.recoveries,
            Exercise::Refusal => self.refusals,
            Exercise::Redelivery => self.redeliveries,
            Exercise::Concurrency => self.concurrent,
            Exercise::Query => self.queries,
        };
        entry.exercised_by.iter().map(count).sum()
    }
}
