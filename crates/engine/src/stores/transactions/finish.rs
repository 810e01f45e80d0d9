//! How transactions end: commit, rollback, and in two phases; and what a crash leaves of them.

use std::rc::Rc;

use super::super::locks::LocalTxnId;
use super::{DbError, Ended, Standing, TransactionStore};

impl TransactionStore {
    /// Commits a transaction; who waited for its locks goes on. A transaction in which a statement
    /// has failed is rolled back instead.
    ///
    /// # Errors
    /// Where it would be part of a dangerous structure (it is then rolled back), where it still
    /// waits, and where there is no such transaction.
    pub fn commit(&mut self, txn: LocalTxnId) -> Result<Ended, DbError> {
        match self.usable(txn) {
            Err(DbError::InFailedTransaction) => {
                self.rollback(txn)?;
                return Ok(Ended::RolledBack);
            }
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        if let Err(error) = self.dependencies.prepare(txn, self.versions.clock + 1) {
            self.discard(txn, false);
            self.settle();
            return Err(error);
        }
        self.make_durable(txn);
        Ok(Ended::Committed)
    }

    /// Rolls a transaction back, even one that waits; who waited for its locks goes on.
    ///
    /// # Errors
    /// Where there is no such transaction, or it is prepared.
    pub fn rollback(&mut self, txn: LocalTxnId) -> Result<(), DbError> {
        let is_own = |standing: &Standing| !matches!(standing, Standing::Prepared(_));
        if !self.txns.get(&txn).is_some_and(|own| is_own(&own.standing)) {
            return Err(DbError::NoTransaction);
        }
        self.discard(txn, false);
        self.settle();
        Ok(())
    }

    /// Promises that a transaction will be able to commit. From then on it belongs to no session,
    /// keeps its locks, survives a crash, and waits for [`Self::commit_prepared`] or
    /// [`Self::rollback_prepared`] from anybody.
    ///
    /// # Errors
    /// Where the identifier cannot be had, as few can be prepared, or it would be part of a
    /// dangerous structure: the transaction is then rolled back. Where a statement has failed
    /// before it is rolled back too, which is no error.
    pub fn prepare(&mut self, txn: LocalTxnId, gid: &str) -> Result<Ended, DbError> {
        match self.usable(txn) {
            Err(DbError::InFailedTransaction) => {
                self.rollback(txn)?;
                return Ok(Ended::RolledBack);
            }
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        if let Err(error) = self.promise(txn, gid) {
            self.discard(txn, false);
            self.settle();
            return Err(error);
        }
        Ok(Ended::Committed)
    }

    fn promise(&mut self, txn: LocalTxnId, gid: &str) -> Result<(), DbError> {
        let most = self.dialect().most_prepared as usize;
        if gid.len() > DbError::LONGEST_IDENTIFIER {
            return Err(DbError::IdentifierTooLong(gid.to_owned()));
        }
        if most == 0 {
            return Err(DbError::PreparedDisabled);
        }
        if self.prepared.contains_key(gid) {
            return Err(DbError::IdentifierInUse(gid.to_owned()));
        }
        if self.prepared.len() >= most {
            return Err(DbError::TooManyPrepared);
        }
        self.dependencies.prepare(txn, self.versions.clock + 1)?;
        self.versions.clock += 1;
        let gid: Rc<str> = gid.into();
        if let Some(own) = self.txns.get_mut(&txn) {
            own.standing = Standing::Prepared(Rc::clone(&gid));
        }
        self.prepared.insert(gid, txn);
        Ok(())
    }

    /// Commits a prepared transaction.
    ///
    /// # Errors
    /// Where there is none with this identifier.
    pub fn commit_prepared(&mut self, gid: &str) -> Result<(), DbError> {
        let txn = self.take_prepared(gid)?;
        self.make_durable(txn);
        Ok(())
    }

    /// Rolls a prepared transaction back.
    ///
    /// # Errors
    /// Where there is none with this identifier.
    pub fn rollback_prepared(&mut self, gid: &str) -> Result<(), DbError> {
        let txn = self.take_prepared(gid)?;
        self.discard(txn, false);
        self.settle();
        Ok(())
    }

    /// Lets go of the locks of a transaction that goes on; who waited for them goes on too.
    pub fn let_go(&mut self, txn: LocalTxnId) {
        let granted = self.locks.release(txn);
        self.ready.extend(granted);
        self.settle();
    }

    fn take_prepared(&mut self, gid: &str) -> Result<LocalTxnId, DbError> {
        self.prepared.remove(gid).ok_or_else(|| DbError::NoSuchPrepared(gid.to_owned()))
    }

    fn make_durable(&mut self, txn: LocalTxnId) {
        if let Some(own) = self.txns.remove(&txn) {
            self.versions.commit(&own.changes);
        }
        self.note_end(txn, true);
        self.writers.retain(|_, writer| *writer != txn);
        self.dependencies.commit(txn, self.versions.clock);
        let granted = self.locks.release(txn);
        self.ready.extend(granted);
        self.settle();
    }

    /// The database goes down and comes back from its log: prepared transactions are as they were,
    /// with their locks; of all others nothing is left, and nobody waits any more.
    pub fn crash(&mut self) {
        let is_lost = |standing: &Standing| !matches!(standing, Standing::Prepared(_));
        let lost: Vec<_> = self
            .txns
            .iter()
            .filter(|(_, own)| is_lost(&own.standing))
            .map(|(txn, _)| *txn)
            .collect();
        for txn in lost {
            self.discard(txn, false);
        }
        self.ready.clear();
        self.resumed.clear();
        self.prune();
    }

    /// Forgets what no snapshot in use can ask for.
    pub(super) fn prune(&mut self) {
        let own = self.txns.values().filter_map(|own| own.snapshot.as_ref());
        let works = self.txns.values().filter_map(|own| own.work.as_ref()?.view.as_ref());
        let oldest = own.chain(works).map(|view| view.at).min();
        self.versions.prune(oldest);
    }
}
