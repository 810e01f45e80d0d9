//! How a service keeps its state: one file per member.

pub mod event_sourced;

pub mod rows;

use super::Member;
use crate::family::Needs;

/// The members of the family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreKind {
    /// Rows that are changed in place.
    Rows,
    /// Streams of events that rows are folded from.
    EventSourced,
}

impl StoreKind {
    /// What it needs.
    #[must_use]
    pub fn needs(self) -> Needs {
        match self {
            Self::Rows => Needs::default(),
            Self::EventSourced => event_sourced::needs(),
        }
    }
}

/// The table of the family.
pub const TABLE: &[Member<StoreKind>] = &[
    Member { name: "rows", kind: StoreKind::Rows, about: "rows that are changed in place" },
    Member {
        name: "event-sourced",
        kind: StoreKind::EventSourced,
        about: "streams of events that rows are folded from",
    },
];
