//! The lock table of a strict two-phase locking database.
//!
//! Each target has the locks granted on it and a queue of requests. A request is granted at once if
//! it conflicts neither with what others hold nor with what others asked for before; otherwise it
//! waits, first in, first out. A transaction waits for one request at a time, and lets go of its
//! locks only all at once when it ends (short locks, as of a read that is committed and no more,
//! are the exception: [`LockTable::give_back`]).
//!
//! There is no time here and no victim is ended here: the table says who waits for whom
//! ([`LockTable::waits`]), which cycle a new wait closed and who should die for it
//! ([`LockTable::deadlock`]); its owner ends the victim.

mod graph;
mod matrix;
mod target;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub use graph::{Deadlock, Victim, Wait};
pub use matrix::{Matrix, Mode};
pub use target::{End, KeySpan, Target};

use crate::fingerprint::{Canon, Fingerprint};

/// A local transaction of one database, numbered by its beginning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LocalTxnId(pub u32);

/// What a request does where it cannot be granted at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Patience {
    /// It waits in the queue.
    #[default]
    Wait,
    /// It leaves at once (`NOWAIT`, and `SKIP LOCKED` for one row).
    Leave,
}

/// What came of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// The lock was granted now.
    Granted,
    /// The transaction held it, or a stronger one, before.
    Held,
    /// The request waits.
    Waits,
    /// It would have had to wait and was not willing to.
    Refused,
}

/// How queues and deadlocks are dealt with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LockRules {
    /// The modes.
    pub matrix: Rc<Matrix>,
    /// Whether who holds a lock and asks for a stronger one goes ahead of those who hold none.
    /// PostgreSQL and SQL Server do that, InnoDB does not.
    pub conversions_first: bool,
    /// Whether a deadlock that only the order of a queue makes is solved by another order, as in
    /// PostgreSQL.
    pub reorders: bool,
    /// Who dies for a deadlock.
    pub victim: Victim,
}

/// A lock that is held or asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Lock {
    /// By whom.
    pub txn: LocalTxnId,
    /// In which mode.
    pub mode: Mode,
    /// On which keys, where the target is a [`Target::Span`]; all of it elsewhere.
    pub span: KeySpan,
}

/// A target's locks.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Queue {
    granted: BTreeSet<Lock>,
    waiting: Vec<Lock>,
}

/// The lock table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LockTable {
    rules: LockRules,
    queues: BTreeMap<Target, Queue>,
    /// The targets on which a transaction holds something.
    held: BTreeMap<LocalTxnId, BTreeSet<Target>>,
    /// The target for which a transaction waits.
    waits_at: BTreeMap<LocalTxnId, Target>,
}

impl LockTable {
    /// A table without locks.
    #[must_use]
    pub fn new(rules: LockRules) -> Self {
        Self { rules, queues: BTreeMap::new(), held: BTreeMap::new(), waits_at: BTreeMap::new() }
    }

    /// The modes.
    #[must_use]
    pub fn matrix(&self) -> &Matrix {
        &self.rules.matrix
    }

    /// Asks for a lock on all of a target.
    pub fn ask(
        &mut self,
        txn: LocalTxnId,
        target: Target,
        mode: Mode,
        patience: Patience,
    ) -> Asked {
        self.ask_span(target, Lock { txn, mode, span: KeySpan::ALL }, patience)
    }

    /// Asks for a lock. A transaction that waits must not ask again before it is granted or leaves.
    pub fn ask_span(&mut self, target: Target, lock: Lock, patience: Patience) -> Asked {
        debug_assert!(!self.waits_at.contains_key(&lock.txn), "a waiting transaction asks");
        let matrix = Rc::clone(&self.rules.matrix);
        let queue = self.queues.entry(target).or_default();
        let mine = |held: &&Lock| held.txn == lock.txn && held.span.includes(&lock.span);
        if queue.granted.iter().filter(mine).any(|held| matrix.covers(held.mode, lock.mode)) {
            return Asked::Held;
        }
        let place = queue.place(&lock, self.rules.conversions_first);
        if queue.admits(&matrix, &lock, place) {
            queue.granted.insert(lock);
            self.held.entry(lock.txn).or_default().insert(target);
            return Asked::Granted;
        }
        if patience == Patience::Leave {
            self.tidy(target);
            return Asked::Refused;
        }
        queue.waiting.insert(place, lock);
        self.waits_at.insert(lock.txn, target);
        Asked::Waits
    }

    /// Whether the transaction waits.
    #[must_use]
    pub fn is_waiting(&self, txn: LocalTxnId) -> bool {
        self.waits_at.contains_key(&txn)
    }

    /// What a transaction waits for.
    #[must_use]
    pub fn waits_at(&self, txn: LocalTxnId) -> Option<Target> {
        self.waits_at.get(&txn).copied()
    }

    /// Whether any transaction waits.
    #[must_use]
    pub fn anyone_waits(&self) -> bool {
        !self.waits_at.is_empty()
    }

    /// The locks that are granted on a target, by transaction.
    pub fn granted(&self, target: Target) -> impl Iterator<Item = &Lock> {
        self.queues.get(&target).into_iter().flat_map(|queue| &queue.granted)
    }

    /// The requests that wait for a target, the first first.
    #[must_use]
    pub fn waiting(&self, target: Target) -> &[Lock] {
        self.queues.get(&target).map_or(&[], |queue| &queue.waiting)
    }

    /// How many locks a transaction holds or waits for.
    #[must_use]
    pub fn count(&self, txn: LocalTxnId) -> usize {
        let held = self.held.get(&txn).into_iter().flatten();
        let of = |target: &Target| self.granted(*target).filter(|lock| lock.txn == txn).count();
        held.map(of).sum::<usize>() + usize::from(self.is_waiting(txn))
    }

    /// Lets go of one lock before the transaction ends; returns who was granted a lock thereby.
    pub fn give_back(&mut self, target: Target, lock: Lock) -> Vec<LocalTxnId> {
        if let Some(queue) = self.queues.get_mut(&target) {
            queue.granted.remove(&lock);
            if !queue.granted.iter().any(|other| other.txn == lock.txn)
                && let Some(held) = self.held.get_mut(&lock.txn)
            {
                held.remove(&target);
            }
        }
        self.grant(target)
    }

    /// Takes a transaction out of the queue in which it waits (its time is up, or its statement was
    /// cancelled); it keeps what it holds. Returns who was granted a lock thereby.
    pub fn leave(&mut self, txn: LocalTxnId) -> Vec<LocalTxnId> {
        let Some(target) = self.waits_at.remove(&txn) else { return Vec::new() };
        if let Some(queue) = self.queues.get_mut(&target) {
            queue.waiting.retain(|lock| lock.txn != txn);
        }
        self.grant(target)
    }

    /// Lets go of everything that a transaction holds or waits for: it has ended. Returns who was
    /// granted a lock thereby, in the order of the targets and of their queues.
    pub fn release(&mut self, txn: LocalTxnId) -> Vec<LocalTxnId> {
        let mut targets = self.held.remove(&txn).unwrap_or_default();
        for target in &targets {
            if let Some(queue) = self.queues.get_mut(target) {
                queue.granted.retain(|lock| lock.txn != txn);
            }
        }
        if let Some(target) = self.waits_at.remove(&txn) {
            if let Some(queue) = self.queues.get_mut(&target) {
                queue.waiting.retain(|lock| lock.txn != txn);
            }
            targets.insert(target);
        }
        targets.into_iter().flat_map(|target| self.grant(target)).collect()
    }

    /// Grants what can be granted on a target, in the order of its queue.
    fn grant(&mut self, target: Target) -> Vec<LocalTxnId> {
        let mut granted = Vec::new();
        let Some(queue) = self.queues.get_mut(&target) else { return granted };
        let mut at = 0;
        while let Some(lock) = queue.waiting.get(at).copied() {
            if queue.admits(&self.rules.matrix, &lock, at) {
                queue.waiting.remove(at);
                queue.granted.insert(lock);
                self.waits_at.remove(&lock.txn);
                self.held.entry(lock.txn).or_default().insert(target);
                granted.push(lock.txn);
            } else {
                at += 1;
            }
        }
        self.tidy(target);
        granted
    }

    /// Forgets a target on which nothing is held, so that equal tables are equal.
    fn tidy(&mut self, target: Target) {
        let is_free = |queue: &Queue| queue.granted.is_empty() && queue.waiting.is_empty();
        if self.queues.get(&target).is_some_and(is_free) {
            self.queues.remove(&target);
        }
        self.held.retain(|_, targets| !targets.is_empty());
    }

    /// Writes what decides who will be granted what; `name` says how a transaction is known, so
    /// that tables which differ only in the numbers given out are the same.
    pub fn canon_by(&self, h: &mut Fingerprint, name: &dyn Fn(LocalTxnId) -> u32) {
        h.write_len(self.queues.len());
        for (target, queue) in &self.queues {
            target.canon(h);
            let mut granted: Vec<_> =
                queue.granted.iter().map(|lock| (name(lock.txn), lock.mode, lock.span)).collect();
            granted.sort_unstable();
            h.write_len(granted.len());
            for (txn, mode, span) in granted {
                (txn, mode, span).canon(h);
            }
            h.write_len(queue.waiting.len());
            for lock in &queue.waiting {
                (name(lock.txn), lock.mode, lock.span).canon(h);
            }
        }
    }
}

impl Canon for LockTable {
    fn canon(&self, h: &mut Fingerprint) {
        self.canon_by(h, &|txn| txn.0);
    }
}

impl Queue {
    /// Where a request joins the queue.
    fn place(&self, lock: &Lock, conversions_first: bool) -> usize {
        let converts = |txn| self.granted.iter().any(|held| held.txn == txn);
        if conversions_first && converts(lock.txn) {
            self.waiting.iter().position(|other| !converts(other.txn)).unwrap_or(self.waiting.len())
        } else {
            self.waiting.len()
        }
    }

    /// Whether a request at this place need not wait: it conflicts neither with what others hold
    /// nor with what others ask for ahead of it.
    fn admits(&self, matrix: &Matrix, lock: &Lock, place: usize) -> bool {
        !self.granted.iter().chain(&self.waiting[..place]).any(|other| lock.yields(other, matrix))
    }
}

impl Lock {
    /// Whether it must wait while the other is held.
    fn yields(&self, other: &Self, matrix: &Matrix) -> bool {
        self.txn != other.txn
            && matrix.conflict(self.mode, other.mode)
            && self.span.meet(&other.span).is_some()
    }
}
