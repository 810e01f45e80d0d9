//! Transactions of one database: strict two-phase locking, snapshots, and the isolation levels.
//!
//! A statement is carried out as far as it gets. Where it must wait for a lock the transaction is
//! parked with it, and goes on by itself when the lock is granted: [`TransactionStore::resumed`]
//! then says how it ended. Every deadlock is found when the wait that closes it begins.
//!
//! The rows are a persistent map, so a snapshot is a clone that copies nothing. Writers hold
//! exclusive locks on the rows that they write, whatever their level, so a row has at most one
//! version that is not committed.

mod canon;
mod error;
mod finish;
mod isolation;
mod observe;
mod run;
mod scan;
mod ssi;
mod statement;
#[cfg(test)]
mod tests;
mod versions;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

pub use error::DbError;
pub use isolation::{Dialect, Isolation, Keep, Level, Method, Reads, Writes, modes};
pub use observe::{Observation, Origin};
pub use statement::{Arithmetic, Compare, Expr, OnLocked, Predicate, Statement, Strength};
pub use versions::Snapshot;

use super::locks::{Deadlock, LocalTxnId, LockTable, Wait};
use crate::event::RowChange;
use crate::value::{Key, KeyPart, Row};
use observe::Observer;
use run::Work;
use ssi::Dependencies;
use versions::{Changes, Versions};

/// What a statement gave.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// The rows that a read found, in the order of their keys.
    pub rows: Vec<(Key, Row)>,
    /// How many rows a write changed.
    pub affected: u32,
}

/// What came of a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It was carried out.
    Done(Found),
    /// It waits for a lock; [`TransactionStore::resumed`] will say what came of it.
    Blocked,
    /// It was not.
    Failed(DbError),
}

/// How a transaction ended that was told to commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It committed.
    Committed,
    /// A statement had failed, and so it was rolled back.
    RolledBack,
}

/// Which time is up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeLimit {
    /// That of waiting for one lock.
    Lock,
    /// That of a whole statement.
    Statement,
}

/// Where a transaction stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Standing {
    Active,
    /// A statement failed; nothing is held any more.
    Failed,
    /// It has promised to commit, under this identifier.
    Prepared(Rc<str>),
}

/// A transaction that has not ended.
#[derive(Clone, Debug)]
struct Txn {
    isolation: Isolation,
    standing: Standing,
    snapshot: Option<Snapshot>,
    changes: Changes,
    /// The statement under way, while it waits.
    work: Option<Work>,
}

/// A database with transactions.
#[derive(Clone, Debug)]
pub struct TransactionStore {
    dialect: Rc<Dialect>,
    versions: Versions,
    locks: LockTable,
    txns: BTreeMap<LocalTxnId, Txn>,
    /// Who has changed a row and not committed.
    writers: BTreeMap<Key, LocalTxnId>,
    prepared: BTreeMap<Rc<str>, LocalTxnId>,
    dependencies: Dependencies,
    next: u32,
    /// Who was granted a lock and has not gone on yet.
    ready: VecDeque<LocalTxnId>,
    resumed: Vec<(LocalTxnId, Outcome)>,
    deadlocks: Vec<Deadlock>,
    /// Where somebody observes it.
    observer: Option<Box<Observer>>,
}

impl TransactionStore {
    /// A database with these rows.
    #[must_use]
    pub fn new(dialect: Dialect, rows: impl IntoIterator<Item = (Key, Row)>) -> Self {
        let mut versions = Versions::default();
        for (key, row) in rows {
            versions.rows.insert_mut(key, row);
        }
        Self {
            locks: LockTable::new(dialect.locks.clone()),
            dialect: Rc::new(dialect),
            versions,
            txns: BTreeMap::new(),
            writers: BTreeMap::new(),
            prepared: BTreeMap::new(),
            dependencies: Dependencies::default(),
            next: 0,
            ready: VecDeque::new(),
            resumed: Vec::new(),
            deadlocks: Vec::new(),
            observer: None,
        }
    }

    /// Begins a transaction. Its snapshot, where it has one, is taken by its first statement.
    pub fn begin(&mut self, isolation: Isolation) -> LocalTxnId {
        let txn = LocalTxnId(self.next);
        self.next += 1;
        if isolation.certified {
            self.dependencies.begin(txn);
        }
        let standing = Standing::Active;
        let changes = Changes::new();
        self.txns.insert(txn, Txn { isolation, standing, snapshot: None, changes, work: None });
        txn
    }

    /// Carries out a statement, as far as it gets.
    pub fn statement(&mut self, txn: LocalTxnId, statement: &Statement) -> Outcome {
        if let Err(error) = self.usable(txn) {
            return Outcome::Failed(error);
        }
        if let Some(own) = self.txns.get_mut(&txn) {
            let view = Self::view(&self.versions, own, statement);
            if let Some(view) = &view {
                self.dependencies.take_snapshot(txn, view.at);
            }
            own.work = Some(Work::new(statement.clone(), view, own.changes.clone()));
        }
        let outcome = self.advance(txn).unwrap_or(Outcome::Blocked);
        self.settle();
        outcome
    }

    /// What came of the statements that went on since this was asked last, in the order in which
    /// they were granted what they waited for; victims of deadlocks where they died.
    pub fn resumed(&mut self) -> Vec<(LocalTxnId, Outcome)> {
        std::mem::take(&mut self.resumed)
    }

    /// The deadlocks since this was asked last, each with its cycle and its victim.
    pub fn deadlocks(&mut self) -> Vec<Deadlock> {
        std::mem::take(&mut self.deadlocks)
    }

    /// The wait-for graph.
    #[must_use]
    pub fn waits(&self) -> Vec<Wait> {
        self.locks.waits()
    }

    /// The lock table.
    #[must_use]
    pub fn locks(&self) -> &LockTable {
        &self.locks
    }

    /// The committed rows, in the order of their keys.
    pub fn rows(&self) -> impl Iterator<Item = (&Key, &Row)> {
        self.versions.rows.iter()
    }

    /// The committed rows as they are now, for ever.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.versions.snapshot()
    }

    /// What a transaction has changed so far, with what is committed before.
    #[must_use]
    pub fn changes(&self, txn: LocalTxnId) -> Vec<RowChange> {
        let own = self.txns.get(&txn).map(|own| own.changes.iter());
        let change = |(key, after): (&Key, &Option<Row>)| RowChange {
            key: *key,
            before: self.versions.rows.get(key).cloned(),
            after: after.clone(),
        };
        let is_there = |change: &RowChange| change.before.is_some() || change.after.is_some();
        own.into_iter().flatten().map(change).filter(is_there).collect()
    }

    /// Whether a transaction has not ended, be it only that its session has to roll it back.
    #[must_use]
    pub fn is_open(&self, txn: LocalTxnId) -> bool {
        self.txns.contains_key(&txn)
    }

    /// Whether a transaction waits for a lock.
    #[must_use]
    pub fn is_blocked(&self, txn: LocalTxnId) -> bool {
        self.txns.get(&txn).is_some_and(|own| own.work.is_some())
    }

    /// The transactions that have promised to commit and do not know whether they shall, by their
    /// identifiers.
    pub fn in_doubt(&self) -> impl Iterator<Item = (&str, LocalTxnId)> {
        self.prepared.iter().map(|(gid, txn)| (&**gid, *txn))
    }

    /// The time of a waiting transaction is up. `None` where it does not wait.
    pub fn time_out(&mut self, txn: LocalTxnId, limit: TimeLimit) -> Option<Outcome> {
        self.is_blocked(txn).then_some(())?;
        let error = match limit {
            TimeLimit::Lock => DbError::LockTimeout,
            TimeLimit::Statement => DbError::StatementTimeout,
        };
        self.fail(txn, &error);
        self.settle();
        Some(Outcome::Failed(error))
    }

    /// Whether a session may do something with a transaction.
    fn usable(&self, txn: LocalTxnId) -> Result<&Txn, DbError> {
        let own = self.txns.get(&txn).ok_or(DbError::NoTransaction)?;
        match own.standing {
            Standing::Failed => Err(DbError::InFailedTransaction),
            Standing::Prepared(_) => Err(DbError::NoTransaction),
            Standing::Active if own.work.is_some() => Err(DbError::StillWaiting),
            Standing::Active => Ok(own),
        }
    }

    /// The snapshot that the next statement of a transaction looks at, if it looks at one. Where writes
    /// go to the newest rows they take none, so that a transaction which begins with a write has its
    /// snapshot from its first plain read on (InnoDB).
    fn view(versions: &Versions, own: &mut Txn, statement: &Statement) -> Option<Snapshot> {
        let is_plain = matches!(statement, Statement::Select { lock: None, .. });
        if !own.isolation.has_view() || (own.isolation.writes == Writes::Newest && !is_plain) {
            return None;
        }
        if own.isolation.reads == Reads::TransactionSnapshot {
            return Some(own.snapshot.get_or_insert_with(|| versions.snapshot()).clone());
        }
        Some(versions.snapshot())
    }

    /// The newest version of a row that a transaction may see who has locked it: its own, or the
    /// committed one.
    fn newest(&self, txn: LocalTxnId, key: &Key) -> Option<&Row> {
        match self.txns.get(&txn).and_then(|own| own.changes.get(key)) {
            Some(changed) => changed.as_ref(),
            None => self.versions.rows.get(key),
        }
    }

    /// The newest version of a row, committed or not.
    fn dirty(&self, key: &Key) -> Option<&Row> {
        self.writers
            .get(key)
            .map_or_else(|| self.versions.rows.get(key), |writer| self.newest(*writer, key))
    }

    /// The first key of a table behind `after` that has a row, or may have one soon.
    fn next_key(&self, table: crate::ids::Sym, after: Option<KeyPart>) -> Option<Key> {
        let committed = versions::keys_after(&self.versions.rows, table, after).next();
        let is_behind = |key: &&Key| key.table == table && after.is_none_or(|after| key.id > after);
        let written = self.writers.keys().find(is_behind).copied();
        committed.into_iter().chain(written).min()
    }
}
