//! What a transaction sees, which locks it keeps, and what the database around it does.

use std::rc::Rc;

use super::super::locks::{LockRules, Matrix, Mode, Victim};

/// The names of the SQL standard.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// Reads see what others have not committed.
    ReadUncommitted,
    /// Reads see what was committed.
    ReadCommitted,
    /// What was read once is read again.
    RepeatableRead,
    /// As if one transaction came after the other.
    Serializable,
}

/// How a level is reached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Method {
    /// Readers and writers wait for each other: strict two-phase locking, as SQL Server.
    Locking,
    /// Readers see a snapshot and wait for nobody, and so do the conditions of writers, as
    /// PostgreSQL. Read uncommitted is read committed there.
    Versions,
    /// Readers see a snapshot, writers see the newest rows under locks, as InnoDB; serializable is
    /// strict two-phase locking.
    Mixed,
}

/// What a plain read sees.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reads {
    /// The newest version of each row, committed or not.
    Newest,
    /// The newest version under a shared lock, and so a committed one.
    Locked,
    /// What was committed when the statement began.
    StatementSnapshot,
    /// What was committed when the transaction's first statement began.
    TransactionSnapshot,
}

/// What a write finds, and what it does about rows that changed since its snapshot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Writes {
    /// It looks for rows among the newest versions, under locks.
    Newest,
    /// It looks for rows in the snapshot, waits for each, and looks at the condition again where
    /// the row has changed (PostgreSQL's read committed).
    Rechecked,
    /// It looks for rows in the snapshot and fails where one has changed: the first updater wins.
    FirstUpdater,
}

/// Which locks of a scan a transaction keeps until it ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Keep {
    /// Those of the rows that it writes. A shared lock lasts as long as the row is read.
    Written,
    /// Those of the rows that matched.
    Matched,
    /// Those of all rows that it looked at, and of the keys between them, so that no row can
    /// appear among them.
    Scanned,
}

/// An isolation level, taken apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Isolation {
    /// What a plain read sees.
    pub reads: Reads,
    /// What a write finds.
    pub writes: Writes,
    /// Which locks are kept.
    pub keep: Keep,
    /// Whether dangerous structures of read-write dependencies are looked for: serializable
    /// snapshot isolation (Cahill, Röhm and Fekete 2008; Ports and Grittner 2012).
    pub certified: bool,
}

impl Isolation {
    /// A level, reached in one of the ways.
    #[must_use]
    pub fn new(level: Level, method: Method) -> Self {
        use Level::{ReadCommitted, ReadUncommitted, RepeatableRead, Serializable};
        let (reads, writes, keep) = match (method, level) {
            (Method::Versions, ReadUncommitted | ReadCommitted) => {
                (Reads::StatementSnapshot, Writes::Rechecked, Keep::Matched)
            }
            (Method::Versions, RepeatableRead | Serializable) => {
                (Reads::TransactionSnapshot, Writes::FirstUpdater, Keep::Matched)
            }
            (Method::Locking | Method::Mixed, ReadUncommitted) => {
                (Reads::Newest, Writes::Newest, Keep::Written)
            }
            (Method::Locking, ReadCommitted) => (Reads::Locked, Writes::Newest, Keep::Written),
            (Method::Locking, RepeatableRead) => (Reads::Locked, Writes::Newest, Keep::Matched),
            (Method::Locking | Method::Mixed, Serializable) => {
                (Reads::Locked, Writes::Newest, Keep::Scanned)
            }
            (Method::Mixed, ReadCommitted) => {
                (Reads::StatementSnapshot, Writes::Newest, Keep::Written)
            }
            (Method::Mixed, RepeatableRead) => {
                (Reads::TransactionSnapshot, Writes::Newest, Keep::Scanned)
            }
        };
        let certified = method == Method::Versions && level == Serializable;
        Self { reads, writes, keep, certified }
    }

    /// Whether statements look at a snapshot at all.
    pub(super) fn has_view(self) -> bool {
        self.writes != Writes::Newest
            || matches!(self.reads, Reads::StatementSnapshot | Reads::TransactionSnapshot)
    }
}

/// The lock modes of a database: PostgreSQL's for tables and rows, the update lock of SQL Server,
/// and those of spans of keys. Row locks in the order of their strength.
pub mod modes {
    use super::Mode;

    /// The names, in the order of the modes.
    pub const NAMES: [&str; 15] = [
        "ACCESS SHARE",
        "ROW SHARE",
        "ROW EXCLUSIVE",
        "SHARE UPDATE EXCLUSIVE",
        "SHARE",
        "SHARE ROW EXCLUSIVE",
        "EXCLUSIVE",
        "ACCESS EXCLUSIVE",
        "FOR KEY SHARE",
        "FOR SHARE",
        "UPDATE",
        "FOR NO KEY UPDATE",
        "FOR UPDATE",
        "SCAN",
        "INSERT",
    ];

    /// A table is read.
    pub const ACCESS_SHARE: Mode = Mode(0);
    /// Rows of a table are locked.
    pub const ROW_SHARE: Mode = Mode(1);
    /// Rows of a table are written.
    pub const ROW_EXCLUSIVE: Mode = Mode(2);
    /// Nobody else may touch a table, as while its columns are renamed.
    pub const ACCESS_EXCLUSIVE: Mode = Mode(7);
    /// A row's key must stay.
    pub const KEY_SHARE: Mode = Mode(8);
    /// A shared lock on a row.
    pub const SHARE: Mode = Mode(9);
    /// A lock on a row that may be written, once it is known to match: one holder, and readers.
    pub const UPDATE: Mode = Mode(10);
    /// A row is written, and its key stays.
    pub const NO_KEY_UPDATE: Mode = Mode(11);
    /// An exclusive lock on a row.
    pub const EXCLUSIVE: Mode = Mode(12);
    /// No row may appear in a span of keys.
    pub const SCAN: Mode = Mode(13);
    /// A row is about to appear.
    pub const INSERT: Mode = Mode(14);

    /// For each requested mode the held modes that it conflicts with, by position.
    const CONFLICTS: [&[u8]; 15] = [
        &[7],
        &[6, 7],
        &[4, 5, 6, 7],
        &[3, 4, 5, 6, 7],
        &[2, 3, 5, 6, 7],
        &[2, 3, 4, 5, 6, 7],
        &[1, 2, 3, 4, 5, 6, 7],
        &[0, 1, 2, 3, 4, 5, 6, 7],
        &[12],
        &[11, 12],
        &[10, 11, 12],
        &[9, 10, 11, 12],
        &[8, 9, 10, 11, 12],
        // Who locks a span waits for nobody: a row that is about to appear has a lock of its own.
        &[],
        &[13],
    ];

    /// Whether a requested mode conflicts with a held one.
    #[must_use]
    pub fn conflict(requested: usize, held: usize) -> bool {
        CONFLICTS[requested].contains(&(held as u8))
    }
}

/// What a database does, whatever the level of its transactions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dialect {
    /// Queues, deadlocks and modes.
    pub locks: LockRules,
    /// Whether a write looks for its rows under update locks and asks for an exclusive one where a
    /// row matches (SQL Server); otherwise it asks for the exclusive one at once (InnoDB).
    pub update_locks: bool,
    /// Whether any error ends the transaction, whose session then gets errors until it rolls back
    /// (PostgreSQL). Otherwise a deadlock or a serialization failure ends it, and any other error
    /// undoes the statement.
    pub errors_end_transactions: bool,
    /// How many transactions can be prepared at the same time.
    pub most_prepared: u32,
}

impl Dialect {
    /// As PostgreSQL.
    #[must_use]
    pub fn postgres() -> Self {
        Self::new(LockOrder { conversions_first: true, reorders: true }, Victim::Requester)
    }

    /// As SQL Server.
    #[must_use]
    pub fn sql_server() -> Self {
        let order = LockOrder { conversions_first: true, reorders: false };
        Self {
            update_locks: true,
            errors_end_transactions: false,
            ..Self::new(order, Victim::Requester)
        }
    }

    /// As MySQL's InnoDB.
    #[must_use]
    pub fn inno_db() -> Self {
        let order = LockOrder { conversions_first: false, reorders: false };
        Self { errors_end_transactions: false, ..Self::new(order, Victim::FewestLocks) }
    }

    /// The same with another victim policy.
    #[must_use]
    pub fn with_victim(mut self, victim: Victim) -> Self {
        self.locks.victim = victim;
        self
    }

    fn new(order: LockOrder, victim: Victim) -> Self {
        let matrix = Matrix::new(&modes::NAMES, modes::conflict);
        let locks = LockRules {
            matrix: Rc::new(matrix.expect("there are fewer modes than a matrix can have")),
            conversions_first: order.conversions_first,
            reorders: order.reorders,
            victim,
        };
        Self { locks, update_locks: false, errors_end_transactions: true, most_prepared: 64 }
    }
}

struct LockOrder {
    conversions_first: bool,
    reorders: bool,
}
