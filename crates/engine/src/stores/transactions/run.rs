//! Carrying out statements: going on, waiting, and failing.

use super::super::locks::{Asked, LocalTxnId, Lock, Patience, Target};
use super::versions::{Changes, Snapshot};
use super::{
    DbError, Dialect, Found, KeyPart, OnLocked, Outcome, Standing, Statement, TransactionStore,
};
use crate::value::{Key, Row};

/// A statement under way.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) statement: Statement,
    /// What it sees, where it sees a snapshot.
    pub(super) view: Option<Snapshot>,
    /// The transaction's changes before it.
    pub(super) before: Changes,
    /// The last key that is dealt with. Everything up to it is done and is not done again when the
    /// statement goes on after a wait; what follows it is.
    pub(super) cursor: Option<KeyPart>,
    /// The locks that were not held before and may be given back when the row is dealt with.
    pub(super) taken: Vec<(Target, Lock)>,
    pub(super) found: Found,
}

/// Why a statement does not go on.
pub(super) enum Stop {
    Waits,
    Fails(DbError),
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Self {
        Self::Fails(error)
    }
}

impl Work {
    pub(super) fn new(statement: Statement, view: Option<Snapshot>, before: Changes) -> Self {
        let found = Found::default();
        Self { statement, view, before, cursor: None, taken: Vec::new(), found }
    }

    /// The row that the statement's snapshot and the transaction's earlier changes show.
    pub(super) fn visible(&self, key: &Key) -> Option<&Row> {
        match self.before.get(key) {
            Some(changed) => changed.as_ref(),
            None => self.view.as_ref()?.rows.get(key),
        }
    }
}

impl TransactionStore {
    /// Carries a statement on until it ends (then what came of it is returned) or waits.
    pub(super) fn advance(&mut self, txn: LocalTxnId) -> Option<Outcome> {
        loop {
            let mut work = self.txns.get_mut(&txn)?.work.take()?;
            match self.carry_out(txn, &mut work) {
                Ok(()) => return Some(Outcome::Done(work.found)),
                Err(Stop::Fails(error)) => {
                    self.put_back(txn, work);
                    self.fail(txn, &error);
                    return Some(Outcome::Failed(error));
                }
                Err(Stop::Waits) => self.put_back(txn, work),
            }
            if self.resolve_deadlocks(txn) {
                return Some(Outcome::Failed(DbError::Deadlock));
            }
            // A deadlock that was resolved may have let this one through; it need not be parked.
            let granted = self.ready.iter().position(|ready| *ready == txn)?;
            self.ready.remove(granted);
        }
    }

    fn put_back(&mut self, txn: LocalTxnId, work: Work) {
        if let Some(own) = self.txns.get_mut(&txn) {
            own.work = Some(work);
        }
    }

    /// Ends victims until no cycle is left; tells whether the requester was one.
    fn resolve_deadlocks(&mut self, requester: LocalTxnId) -> bool {
        loop {
            let txns = &self.txns;
            let weight = |txn| txns.get(&txn).map_or(0, |own| own.changes.size());
            let (deadlock, granted) = self.locks.deadlock(requester, &weight);
            self.ready.extend(granted);
            let Some(deadlock) = deadlock else { return false };
            let victim = deadlock.victim;
            self.deadlocks.push(deadlock);
            self.fail(victim, &DbError::Deadlock);
            if victim == requester {
                return true;
            }
            self.resumed.push((victim, Outcome::Failed(DbError::Deadlock)));
        }
    }

    /// Lets everybody go on who was granted a lock.
    pub(super) fn settle(&mut self) {
        while let Some(txn) = self.ready.pop_front() {
            if let Some(outcome) = self.advance(txn) {
                self.resumed.push((txn, outcome));
            }
        }
        self.prune();
    }

    /// A statement has failed: undoes it, or the whole transaction.
    pub(super) fn fail(&mut self, txn: LocalTxnId, error: &DbError) {
        let blocks = self.dialect.errors_end_transactions;
        if blocks || matches!(error.code(), "40001" | "40P01") {
            self.discard(txn, blocks);
            return;
        }
        let granted = self.locks.leave(txn);
        self.ready.extend(granted);
        let Some(own) = self.txns.get_mut(&txn) else { return };
        if let Some(work) = own.work.take() {
            own.changes = work.before;
            self.writers.retain(|key, writer| *writer != txn || own.changes.contains_key(key));
        }
    }

    /// Undoes everything that a transaction did and lets go of its locks. Where it `stays`, its
    /// session has still to end it.
    pub(super) fn discard(&mut self, txn: LocalTxnId, stays: bool) {
        self.writers.retain(|_, writer| *writer != txn);
        self.note_end(txn, false);
        self.dependencies.abort(txn);
        if stays {
            if let Some(own) = self.txns.get_mut(&txn) {
                own.standing = Standing::Failed;
                own.work = None;
                own.snapshot = None;
                own.changes = Changes::new();
            }
        } else {
            self.txns.remove(&txn);
        }
        let granted = self.locks.release(txn);
        self.ready.extend(granted);
    }

    /// Asks for a lock that is kept until the transaction ends, unless it is taken off
    /// [`Work::taken`] before. `false` where the statement passes over what is locked.
    pub(super) fn lock(
        &mut self,
        work: &mut Work,
        target: Target,
        lock: Lock,
    ) -> Result<bool, Stop> {
        let on_locked = work.statement.on_locked();
        let patience = if on_locked == OnLocked::Wait { Patience::Wait } else { Patience::Leave };
        match self.locks.ask_span(target, lock, patience) {
            Asked::Held => Ok(true),
            Asked::Granted => {
                work.taken.push((target, lock));
                Ok(true)
            }
            Asked::Waits => {
                // When it goes on it holds the lock, and must still know that it is new.
                work.taken.push((target, lock));
                Err(Stop::Waits)
            }
            Asked::Refused if on_locked == OnLocked::Skip && matches!(target, Target::Row(_)) => {
                Ok(false)
            }
            Asked::Refused => Err(DbError::LockNotAvailable.into()),
        }
    }

    /// Gives back the locks that the statement took for a row which it leaves as it is.
    pub(super) fn give_back(&mut self, work: &mut Work) {
        for (target, lock) in std::mem::take(&mut work.taken) {
            let granted = self.locks.give_back(target, lock);
            self.ready.extend(granted);
        }
    }

    /// Writes a row, or removes it.
    pub(super) fn write(
        &mut self,
        txn: LocalTxnId,
        work: &mut Work,
        key: Key,
        after: Option<Row>,
    ) -> Result<(), Stop> {
        self.dependencies.write(txn, key)?;
        if let Some(own) = self.txns.get_mut(&txn) {
            own.changes.insert_mut(key, after.clone());
        }
        self.writers.insert(key, txn);
        self.note_write(txn, key, after.as_ref());
        work.found.affected += 1;
        Ok(())
    }

    /// What the database does, whatever the level.
    pub(super) fn dialect(&self) -> &Dialect {
        &self.dialect
    }
}
