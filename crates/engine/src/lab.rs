//! The isolation laboratory: sessions that issue statements on one database, one at a time, and see
//! who waits, who goes on, who fails and what is read.
//!
//! A session is known by its name. A statement outside a transaction is one of its own.

use std::collections::BTreeMap;
use std::rc::Rc;

pub use crate::stores::locks::{
    Asked, Deadlock, KeySpan, LocalTxnId, Lock, LockRules, LockTable, Matrix, Mode, Patience,
    Target, Victim, Wait,
};
pub use crate::stores::transactions::{
    Arithmetic, Compare, DbError, Dialect, Ended, Expr, Found, Isolation, Keep, Level, Method,
    Observation, OnLocked, Origin, Outcome, Predicate, Reads, Snapshot, Statement, Strength,
    TimeLimit, TransactionStore, Writes, modes,
};

use crate::value::{Key, Row};

/// What a session has open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Open {
    txn: LocalTxnId,
    /// Whether it ends with its only statement.
    is_single: bool,
}

/// Sessions on one database.
#[derive(Clone, Debug)]
pub struct Lab {
    store: TransactionStore,
    isolation: Isolation,
    open: BTreeMap<Rc<str>, Open>,
}

impl Lab {
    /// A database with these rows, whose transactions are at this level where nothing else is said.
    #[must_use]
    pub fn new(
        dialect: Dialect,
        isolation: Isolation,
        rows: impl IntoIterator<Item = (Key, Row)>,
    ) -> Self {
        Self { store: TransactionStore::new(dialect, rows), isolation, open: BTreeMap::new() }
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &TransactionStore {
        &self.store
    }

    /// The usual level.
    #[must_use]
    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// Begins a transaction at the usual level.
    ///
    /// # Errors
    /// Where the session has one.
    pub fn begin(&mut self, session: &str) -> Result<(), DbError> {
        self.begin_at(session, self.isolation)
    }

    /// Begins a transaction at a level of its own.
    ///
    /// # Errors
    /// Where the session has one.
    pub fn begin_at(&mut self, session: &str, isolation: Isolation) -> Result<(), DbError> {
        if self.transaction(session).is_some() {
            return Err(DbError::InsideTransaction("BEGIN"));
        }
        let txn = self.store.begin(isolation);
        self.open.insert(session.into(), Open { txn, is_single: false });
        Ok(())
    }

    /// The transaction that a session has open, be it only to roll it back.
    #[must_use]
    pub fn transaction(&self, session: &str) -> Option<LocalTxnId> {
        let open = self.open.get(session)?;
        self.store.is_open(open.txn).then_some(open.txn)
    }

    /// The session of a transaction, where it has one.
    #[must_use]
    pub fn session(&self, txn: LocalTxnId) -> Option<&str> {
        self.open.iter().find(|(_, open)| open.txn == txn).map(|(session, _)| &**session)
    }

    /// Whether the session waits for a lock.
    #[must_use]
    pub fn is_blocked(&self, session: &str) -> bool {
        self.transaction(session).is_some_and(|txn| self.store.is_blocked(txn))
    }

    /// Issues a statement.
    pub fn statement(&mut self, session: &str, statement: &Statement) -> Outcome {
        if let Some(txn) = self.transaction(session) {
            return self.store.statement(txn, statement);
        }
        let txn = self.store.begin(self.isolation);
        self.open.insert(session.into(), Open { txn, is_single: true });
        let outcome = self.store.statement(txn, statement);
        self.end_single(session, outcome)
    }

    /// Ends the transaction of a single statement with it.
    fn end_single(&mut self, session: &str, outcome: Outcome) -> Outcome {
        let Some(open) = self.open.get(session).filter(|open| open.is_single).copied() else {
            return outcome;
        };
        let ended = match outcome {
            Outcome::Blocked => return outcome,
            Outcome::Done(_) => self.store.commit(open.txn).map(|_| ()),
            Outcome::Failed(_) if self.store.is_open(open.txn) => self.store.rollback(open.txn),
            Outcome::Failed(_) => Ok(()),
        };
        self.open.remove(session);
        match ended {
            Ok(()) => outcome,
            Err(error) => Outcome::Failed(error),
        }
    }

    /// What came of the statements that went on since this was asked last, by session, in the order
    /// in which they were granted what they waited for.
    pub fn resumed(&mut self) -> Vec<(Rc<str>, Outcome)> {
        let mut all = Vec::new();
        loop {
            let resumed = self.store.resumed();
            if resumed.is_empty() {
                return all;
            }
            for (txn, outcome) in resumed {
                let found = self.open.iter().find(|(_, open)| open.txn == txn);
                if let Some(session) = found.map(|(session, _)| Rc::clone(session)) {
                    let outcome = self.end_single(&session, outcome);
                    all.push((session, outcome));
                }
            }
        }
    }

    /// Commits the session's transaction. `None` where it has none.
    ///
    /// # Errors
    /// As [`TransactionStore::commit`].
    pub fn commit(&mut self, session: &str) -> Result<Option<Ended>, DbError> {
        let Some(txn) = self.transaction(session) else { return Ok(None) };
        let ended = self.store.commit(txn)?;
        self.open.remove(session);
        Ok(Some(ended))
    }

    /// Rolls the session's transaction back. `None` where it has none.
    ///
    /// # Errors
    /// As [`TransactionStore::rollback`].
    pub fn rollback(&mut self, session: &str) -> Result<Option<Ended>, DbError> {
        let Some(txn) = self.transaction(session) else { return Ok(None) };
        self.store.rollback(txn)?;
        self.open.remove(session);
        Ok(Some(Ended::RolledBack))
    }

    /// Prepares the session's transaction, which from then on is nobody's. `None` where it has none.
    ///
    /// # Errors
    /// As [`TransactionStore::prepare`].
    pub fn prepare(&mut self, session: &str, gid: &str) -> Result<Option<Ended>, DbError> {
        let Some(txn) = self.transaction(session) else { return Ok(None) };
        let ended = self.store.prepare(txn, gid);
        if !matches!(ended, Err(DbError::StillWaiting)) {
            self.open.remove(session);
        }
        ended.map(Some)
    }

    /// Commits a prepared transaction, whoever prepared it.
    ///
    /// # Errors
    /// Inside a transaction, and as [`TransactionStore::commit_prepared`].
    pub fn commit_prepared(&mut self, session: &str, gid: &str) -> Result<(), DbError> {
        self.outside(session, "COMMIT PREPARED")?;
        self.store.commit_prepared(gid)
    }

    /// Rolls a prepared transaction back, whoever prepared it.
    ///
    /// # Errors
    /// Inside a transaction, and as [`TransactionStore::rollback_prepared`].
    pub fn rollback_prepared(&mut self, session: &str, gid: &str) -> Result<(), DbError> {
        self.outside(session, "ROLLBACK PREPARED")?;
        self.store.rollback_prepared(gid)
    }

    fn outside(&self, session: &str, command: &'static str) -> Result<(), DbError> {
        match self.transaction(session) {
            Some(_) => Err(DbError::InsideTransaction(command)),
            None => Ok(()),
        }
    }

    /// The time of a waiting session is up. `None` where it does not wait.
    pub fn time_out(&mut self, session: &str, limit: TimeLimit) -> Option<Outcome> {
        let txn = self.transaction(session)?;
        let outcome = self.store.time_out(txn, limit)?;
        Some(self.end_single(session, outcome))
    }

    /// The database goes down and comes back; sessions lose what they had open.
    pub fn crash(&mut self) {
        self.store.crash();
        self.open.clear();
    }

    /// The deadlocks since this was asked last.
    pub fn deadlocks(&mut self) -> Vec<Deadlock> {
        self.store.deadlocks()
    }

    /// Who waits for whom, by session; a prepared transaction, which has none, by its identifier.
    #[must_use]
    pub fn waits(&self) -> Vec<(String, String, Wait)> {
        let name = |txn| {
            let prepared = self.store.in_doubt().find(|(_, other)| *other == txn);
            let name = self.session(txn).or(prepared.map(|(gid, _)| gid));
            name.map_or_else(String::new, str::to_owned)
        };
        let named = |wait: Wait| (name(wait.waiter), name(wait.blocker), wait);
        self.store.waits().into_iter().map(named).collect()
    }
}
