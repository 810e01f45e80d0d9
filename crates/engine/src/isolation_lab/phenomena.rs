//! What an interleaving shows, by name: the anomalies of its history, and what preventing them cost.
//!
//! Names and order are those of Hermitage's table; the cycles behind them are Adya's. Nothing here
//! knows an experiment: everything follows from the dependencies between the transactions.

use super::journal::History;
use super::machine::{Machine, Standing};
use crate::history::anomaly::{Anomaly, Reach};
use crate::history::{Fate, steady, versions};
use crate::ids::TxnId;
use crate::lab::DbError;

/// What an interleaving can show.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phenomenon {
    /// Dirty write: a cycle of write dependencies.
    DirtyWrite,
    /// Aborted read.
    AbortedRead,
    /// Intermediate read.
    IntermediateRead,
    /// A cycle of write and read dependencies.
    CircularFlow,
    /// What was seen of a transaction is not seen any more.
    Vanishes,
    /// Two overlapping reads by predicate saw different changes.
    ManyPreceders,
    /// Who wrote upon a read that another's write had made old.
    LostUpdate,
    /// A cycle with one anti-dependency.
    ReadSkew,
    /// A cycle with several anti-dependencies, all of them on rows.
    WriteSkew,
    /// A cycle with several anti-dependencies, some by predicate.
    AntiDependencies,
    /// In the words of the SQL standard: a read of what was not committed then.
    DirtyRead,
    /// A row was read twice and was another the second time.
    FuzzyRead,
    /// A condition was put twice and other rows matched the second time.
    Phantom,
    /// A statement waited.
    Waits,
    /// A deadlock ended a transaction.
    Deadlock,
    /// A transaction was refused because it could not be serialized.
    Refused,
    /// A key was there already.
    Duplicate,
}

/// In which part of the table something belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An anomaly of Hermitage's table.
    Anomaly,
    /// An anomaly in the words of the SQL standard.
    Standard,
    /// What it costs to prevent anomalies.
    Cost,
}

impl Phenomenon {
    /// All, in the order of the table.
    pub const ALL: [Self; 17] = [
        Self::DirtyWrite,
        Self::AbortedRead,
        Self::IntermediateRead,
        Self::CircularFlow,
        Self::Vanishes,
        Self::ManyPreceders,
        Self::LostUpdate,
        Self::ReadSkew,
        Self::WriteSkew,
        Self::AntiDependencies,
        Self::DirtyRead,
        Self::FuzzyRead,
        Self::Phantom,
        Self::Waits,
        Self::Deadlock,
        Self::Refused,
        Self::Duplicate,
    ];

    /// Its short name, as in the literature, and as links and arguments know it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DirtyWrite => "G0",
            Self::AbortedRead => "G1a",
            Self::IntermediateRead => "G1b",
            Self::CircularFlow => "G1c",
            Self::Vanishes => "OTV",
            Self::ManyPreceders => "PMP",
            Self::LostUpdate => "P4",
            Self::ReadSkew => "G-single",
            Self::WriteSkew => "G2-item",
            Self::AntiDependencies => "G2",
            Self::DirtyRead => "dirty-read",
            Self::FuzzyRead => "fuzzy-read",
            Self::Phantom => "phantom",
            Self::Waits => "waits",
            Self::Deadlock => "deadlock",
            Self::Refused => "refused",
            Self::Duplicate => "duplicate-key",
        }
    }

    /// The one of a short name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(name))
    }

    /// Its name in plain words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::DirtyWrite => "dirty write",
            Self::AbortedRead => "aborted read",
            Self::IntermediateRead => "intermediate read",
            Self::CircularFlow => "circular information flow",
            Self::Vanishes => "observed transaction vanishes",
            Self::ManyPreceders => "predicate-many-preceders",
            Self::LostUpdate => "lost update",
            Self::ReadSkew => "read skew",
            Self::WriteSkew => "write skew",
            Self::AntiDependencies => "anti-dependency cycle",
            Self::DirtyRead => "dirty read",
            Self::FuzzyRead => "fuzzy read",
            Self::Phantom => "phantom",
            Self::Waits => "a statement waits",
            Self::Deadlock => "deadlock",
            Self::Refused => "serialization failure",
            Self::Duplicate => "duplicate key",
        }
    }

    /// What it is, in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::DirtyWrite => {
                "Two transactions overwrote each other, one first here and the other first there."
            }
            Self::AbortedRead => "A transaction that committed read what was rolled back.",
            Self::IntermediateRead => {
                "A transaction read a value that its writer replaced before it committed."
            }
            Self::CircularFlow => {
                "Each of the transactions read or overwrote something of the other: neither can come first."
            }
            Self::Vanishes => {
                "A transaction saw something of another, and later saw rows as they were before that other."
            }
            Self::ManyPreceders => {
                "Two conditions of one transaction overlap, and each saw other changes to what both match."
            }
            Self::LostUpdate => {
                "A transaction wrote upon a read that another's write had made old: that write is lost."
            }
            Self::ReadSkew => {
                "A transaction saw one part of the rows from before another transaction and one part from after it."
            }
            Self::WriteSkew => {
                "Each transaction read a row that the other then changed; in no order one after the other would both have read that."
            }
            Self::AntiDependencies => {
                "Each transaction missed rows of the other that its condition should have found."
            }
            Self::DirtyRead => {
                "A transaction read what was not committed at that moment (P1 in the words of the SQL standard)."
            }
            Self::FuzzyRead => {
                "A transaction read one row twice and found another version the second time (P2)."
            }
            Self::Phantom => {
                "A transaction put one condition twice and other rows matched the second time (P3)."
            }
            Self::Waits => "A statement waits for a lock that another transaction holds.",
            Self::Deadlock => {
                "Transactions wait for each other in a circle, and one of them is ended."
            }
            Self::Refused => {
                "A transaction is refused because it could not be serialized; it has to be tried again."
            }
            Self::Duplicate => "A row was to be added whose key is there already.",
        }
    }

    /// In which part of the table it belongs.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::DirtyRead | Self::FuzzyRead | Self::Phantom => Kind::Standard,
            Self::Waits | Self::Deadlock | Self::Refused | Self::Duplicate => Kind::Cost,
            _ => Kind::Anomaly,
        }
    }
}

/// A set of phenomena.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Shown(u32);

impl Shown {
    /// Adds one.
    pub fn add(&mut self, one: Phenomenon) {
        self.0 |= 1 << one as u32;
    }

    /// Whether one is in it.
    #[must_use]
    pub fn has(self, one: Phenomenon) -> bool {
        self.0 & (1 << one as u32) != 0
    }

    /// Those in it.
    pub fn iter(self) -> impl Iterator<Item = Phenomenon> {
        Phenomenon::ALL.into_iter().filter(move |one| self.has(*one))
    }
}

/// What a cycle of the graph is called here.
pub(super) fn of(anomaly: Anomaly) -> Option<Phenomenon> {
    match anomaly {
        Anomaly::G0(_) => Some(Phenomenon::DirtyWrite),
        Anomaly::G1a => Some(Phenomenon::AbortedRead),
        Anomaly::G1b => Some(Phenomenon::IntermediateRead),
        Anomaly::G1c(_) => Some(Phenomenon::CircularFlow),
        Anomaly::LostUpdate | Anomaly::GCursor => Some(Phenomenon::LostUpdate),
        Anomaly::GSingle(..) => Some(Phenomenon::ReadSkew),
        Anomaly::GNonadjacent(Reach::Item, _) | Anomaly::G2(Reach::Item, _) => {
            Some(Phenomenon::WriteSkew)
        }
        Anomaly::GNonadjacent(Reach::Any, _) | Anomaly::G2(Reach::Any, _) => {
            Some(Phenomenon::AntiDependencies)
        }
        Anomaly::Internal => Some(Phenomenon::FuzzyRead),
        _ => None,
    }
}

/// What a history shows.
#[must_use]
pub fn anomalies(history: &History) -> Shown {
    let mut shown = Shown::default();
    let judged = versions::judge(&history.transactions, &history.installed);
    for found in judged.found.iter().filter_map(|found| of(found.anomaly)) {
        shown.add(found);
    }
    for (at, txn) in history.transactions.iter().enumerate() {
        // What a transaction saw that is rolled back is nobody's.
        if txn.fate != Fate::Committed {
            continue;
        }
        let (reader, statements) = (TxnId(at as u32), &history.statements[at]);
        if history.read_dirt[at] {
            shown.add(Phenomenon::DirtyRead);
        }
        if steady::vanishes(reader, statements, &history.installed) {
            shown.add(Phenomenon::Vanishes);
        }
        if steady::many_preceders(reader, statements, &history.installed) {
            shown.add(Phenomenon::ManyPreceders);
        }
        if steady::phantom(reader, statements, &history.installed) {
            shown.add(Phenomenon::Phantom);
        }
    }
    shown
}

/// What a run that is over shows.
#[must_use]
pub fn of_run(history: &History, machine: &Machine) -> Shown {
    let mut shown = anomalies(history);
    if machine.has_waited() {
        shown.add(Phenomenon::Waits);
    }
    for standing in machine.standing() {
        if let Standing::Refused(error) = standing {
            shown.add(match error {
                DbError::Deadlock => Phenomenon::Deadlock,
                DbError::DuplicateKey => Phenomenon::Duplicate,
                _ => Phenomenon::Refused,
            });
        }
    }
    shown
}
