//! Transactions as a history knows them.

use std::fmt;

/// What is read and written: a row, by its place in a table of the caller's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Item(pub u32);

impl fmt::Display for Item {
    /// Few items are named by letters from `x`, as the literature does; more are numbered.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0..=2 => write!(f, "{}", char::from(b'x' + self.0 as u8)),
            more => write!(f, "x{more}"),
        }
    }
}

/// How a transaction ended, as far as its client knows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Fate {
    /// It committed.
    #[default]
    Committed,
    /// It certainly did not.
    Aborted,
    /// Nobody told: it may have committed, and what it read is not known.
    Unknown,
}

/// A transaction: its operations in the order in which it did them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transaction<O> {
    /// How it ended.
    pub fate: Fate,
    /// The client session that it belongs to. Transactions of a session are in the order of the
    /// history.
    pub session: Option<u32>,
    /// When it began and when its end was known, in any unit. One that ended before another began
    /// precedes it in real time.
    pub span: Option<(u64, u64)>,
    /// What it did.
    pub operations: Vec<O>,
}

impl<O> Transaction<O> {
    /// A committed transaction of no session.
    #[must_use]
    pub fn committed(operations: Vec<O>) -> Self {
        Self { fate: Fate::Committed, session: None, span: None, operations }
    }
}
