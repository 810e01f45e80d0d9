//! Open local transactions of a database that runs in a world: one for each business transaction
//! that works there, carried from handler to handler.
//!
//! A session is told what to do one step of a flow at a time. It asks the transactional core for
//! one row after the other, waits where another holds it, and goes on when that one lets go. What it
//! changed is nobody else's business until it commits, beyond what the isolation level lets others
//! see.

mod canon;
mod script;

use std::collections::{BTreeMap, VecDeque};

pub use script::Action;

use super::locks::{LocalTxnId, Target};
use super::transactions::{
    DbError, Dialect, Ended, Isolation, Outcome, TimeLimit, TransactionStore,
};
use crate::event::{Refusal, RowChange};
use crate::ids::{NodeIx, StepRef, TxnId};
use crate::value::{Key, Row};
use script::Script;

/// How a database runs its sessions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionRules {
    /// Lock queues, victims and what an error ends.
    pub dialect: Dialect,
    /// The level of every session.
    pub isolation: Isolation,
    /// How many sessions can be open at once; others wait for a connection, first come first served.
    pub connections: u16,
    /// Whether a step that adds to a number reads it first and writes the sum later, as an
    /// application does that keeps rows in objects. Otherwise it does both at once under a lock.
    pub reads_then_writes: bool,
}

/// How far a session came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// It did all that it was told.
    Done,
    /// It waits for a lock or a connection.
    Blocked,
    /// It has read and will write next: others may come between.
    Paused,
    /// It was rolled back.
    Refused(Refusal),
}

/// What a session leaves when it ends well.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Finished {
    /// The rows, with what was committed before.
    pub changes: Vec<RowChange>,
    /// The steps that it ran.
    pub effects: Vec<StepRef>,
}

/// One open local transaction.
#[derive(Clone, Debug)]
struct Session {
    /// Whose connection it is: it is rolled back when that node goes down, unless it is prepared.
    owner: NodeIx,
    /// `None` while it waits for a connection.
    local: Option<LocalTxnId>,
    /// The steps that it has run or is running.
    effects: Vec<StepRef>,
    script: Script,
    is_prepared: bool,
    /// Which life of its coordinator it is prepared for.
    round: u32,
}

/// The sessions of a database.
#[derive(Clone, Debug)]
pub struct Sessions {
    rules: SessionRules,
    store: TransactionStore,
    open: BTreeMap<TxnId, Session>,
    /// The business transaction of each local one, for the lock table's names.
    names: BTreeMap<LocalTxnId, TxnId>,
    /// Who waits for a connection.
    queue: VecDeque<TxnId>,
    /// What came of the statements of those who waited and may go on.
    answers: BTreeMap<TxnId, Outcome>,
    /// Who may go on and has not been told.
    granted: Vec<TxnId>,
}

impl Sessions {
    /// A database with these rows and nobody at work.
    #[must_use]
    pub fn new(rules: SessionRules, rows: impl IntoIterator<Item = (Key, Row)>) -> Self {
        Self {
            store: TransactionStore::new(rules.dialect.clone(), rows),
            rules,
            open: BTreeMap::new(),
            names: BTreeMap::new(),
            queue: VecDeque::new(),
            answers: BTreeMap::new(),
            granted: Vec::new(),
        }
    }

    /// Whether a transaction has a session here.
    #[must_use]
    pub fn is_open(&self, txn: TxnId) -> bool {
        self.open.contains_key(&txn)
    }

    /// Whether a transaction has promised to commit here and does not know whether it shall.
    #[must_use]
    pub fn is_prepared(&self, txn: TxnId) -> bool {
        self.open.get(&txn).is_some_and(|session| session.is_prepared)
    }

    /// Which life of its coordinator a transaction is prepared for, where it is.
    #[must_use]
    pub fn prepared_for(&self, txn: TxnId) -> Option<u32> {
        self.open.get(&txn).filter(|session| session.is_prepared).map(|session| session.round)
    }

    /// The transactions in doubt.
    pub fn in_doubt(&self) -> impl Iterator<Item = TxnId> {
        self.open.iter().filter(|(_, session)| session.is_prepared).map(|(txn, _)| *txn)
    }

    /// The transactions of a node whose sessions are open and not prepared.
    pub fn owned_by(&self, node: NodeIx) -> impl Iterator<Item = TxnId> {
        let is_lost = move |session: &Session| session.owner == node && !session.is_prepared;
        self.open.iter().filter(move |(_, session)| is_lost(session)).map(|(txn, _)| *txn)
    }

    /// Whether a session is open that a crash of the database would end.
    #[must_use]
    pub fn has_unprepared(&self) -> bool {
        self.open.values().any(|session| !session.is_prepared)
    }

    /// Runs a step in the session of its transaction, which begins with its first step.
    pub fn run(&mut self, owner: NodeIx, of: StepRef, actions: Vec<Action>) -> Progress {
        let session = self.open.entry(of.txn).or_insert_with(|| Session {
            owner,
            local: None,
            effects: Vec::new(),
            script: Script::default(),
            is_prepared: false,
            round: 0,
        });
        session.effects.push(of);
        session.script = Script::new(actions);
        if session.local.is_none() && !self.connect(of.txn) {
            self.queue.push_back(of.txn);
            return Progress::Blocked;
        }
        self.go_on(of.txn, None)
    }

    /// Gives a transaction a connection, if one is free.
    fn connect(&mut self, txn: TxnId) -> bool {
        // A prepared transaction belongs to no connection any more.
        let is_busy = |session: &&Session| session.local.is_some() && !session.is_prepared;
        let busy = self.open.values().filter(is_busy).count();
        if busy >= usize::from(self.rules.connections) {
            return false;
        }
        let Some(session) = self.open.get_mut(&txn) else { return false };
        let local = self.store.begin(self.rules.isolation);
        session.local = Some(local);
        self.names.insert(local, txn);
        true
    }

    /// Goes on where a session waited and was let through, or paused.
    pub fn proceed(&mut self, txn: TxnId) -> Progress {
        let answer = self.answers.remove(&txn);
        self.go_on(txn, answer)
    }

    fn go_on(&mut self, txn: TxnId, mut answer: Option<Outcome>) -> Progress {
        loop {
            let Some(session) = self.open.get_mut(&txn) else {
                // It was ended while it waited: a deadlock's victim, or its time was up.
                let why = match answer {
                    Some(Outcome::Failed(error)) => refusal_of(&error),
                    _ => Refusal::Unavailable,
                };
                return Progress::Refused(why);
            };
            if let Some(Outcome::Failed(error)) = &answer {
                let why = refusal_of(error);
                self.roll_back(txn);
                return Progress::Refused(why);
            }
            let Some(local) = session.local else { return Progress::Blocked };
            let found = match answer.take() {
                Some(Outcome::Done(found)) => Some(found),
                _ => None,
            };
            match session.script.next(found, self.rules.reads_then_writes) {
                script::Next::Ask(statement) => {
                    let outcome = self.store.statement(local, &statement);
                    self.collect();
                    if outcome == Outcome::Blocked {
                        return Progress::Blocked;
                    }
                    answer = Some(outcome);
                }
                script::Next::Pause => return Progress::Paused,
                script::Next::Done => return Progress::Done,
                script::Next::Refuse(why) => {
                    self.roll_back(txn);
                    return Progress::Refused(why);
                }
            }
        }
    }

    /// Takes up what came of others' statements since a lock was let go.
    fn collect(&mut self) {
        for (local, outcome) in self.store.resumed() {
            let Some(txn) = self.names.get(&local).copied() else { continue };
            if matches!(outcome, Outcome::Failed(_)) {
                self.forget(txn);
            }
            self.answers.insert(txn, outcome);
            self.granted.push(txn);
        }
    }

    /// Ends a session's life here; who waits for a connection gets it.
    fn forget(&mut self, txn: TxnId) -> Option<Session> {
        let session = self.open.remove(&txn)?;
        self.queue.retain(|waiting| *waiting != txn);
        if let Some(local) = session.local {
            // A failed statement leaves a transaction that only its rollback ends.
            let _ = self.store.rollback(local);
        }
        self.hand_on();
        Some(session)
    }

    /// Gives free connections to those who wait for one.
    fn hand_on(&mut self) {
        while let Some(next) = self.queue.front().copied() {
            if !self.connect(next) {
                break;
            }
            self.queue.pop_front();
            self.granted.push(next);
        }
    }

    /// Rolls a session back that is not prepared. Tells whether there was one.
    pub fn roll_back(&mut self, txn: TxnId) -> bool {
        if self.is_prepared(txn) {
            return false;
        }
        let was_open = self.forget(txn).is_some();
        self.collect();
        was_open
    }

    /// What a session has changed so far.
    #[must_use]
    pub fn changes(&self, txn: TxnId) -> Vec<RowChange> {
        let local = self.open.get(&txn).and_then(|session| session.local);
        local.map_or_else(Vec::new, |local| self.store.changes(local))
    }

    /// The rows that a session has read since this was asked last.
    pub fn take_reads(&mut self, txn: TxnId) -> Vec<(Key, Option<Row>)> {
        self.open.get_mut(&txn).map_or_else(Vec::new, |session| session.script.take_reads())
    }

    /// Commits a session that waits for nothing, prepared or not.
    ///
    /// # Errors
    /// Where it could not be serialized with those beside it, or there is none: it is rolled back.
    pub fn commit(&mut self, txn: TxnId) -> Result<Finished, Refusal> {
        let changes = self.changes(txn);
        let session = self.open.get(&txn).ok_or(Refusal::Unavailable)?;
        let local = session.local.ok_or(Refusal::Unavailable)?;
        let ended = if session.is_prepared {
            self.store.commit_prepared(&gid(txn)).map(|()| Ended::Committed)
        } else {
            self.store.commit(local)
        };
        let effects = self.forget(txn).map_or_else(Vec::new, |session| session.effects);
        self.collect();
        match ended {
            Ok(Ended::Committed) => Ok(Finished { changes, effects }),
            Ok(Ended::RolledBack) => Err(Refusal::Unavailable),
            Err(error) => Err(refusal_of(&error)),
        }
    }

    /// Promises a life of its coordinator that a session will be able to commit.
    ///
    /// # Errors
    /// As [`Sessions::commit`].
    pub fn prepare(&mut self, txn: TxnId, round: u32) -> Result<Finished, Refusal> {
        let changes = self.changes(txn);
        let session = self.open.get_mut(&txn).ok_or(Refusal::Unavailable)?;
        let local = session.local.ok_or(Refusal::Unavailable)?;
        match self.store.prepare(local, &gid(txn)) {
            Ok(Ended::Committed) => {
                session.is_prepared = true;
                session.round = round;
                let effects = session.effects.clone();
                self.hand_on();
                Ok(Finished { changes, effects })
            }
            Ok(Ended::RolledBack) => {
                self.forget(txn);
                self.collect();
                Err(Refusal::Unavailable)
            }
            Err(error) => {
                self.forget(txn);
                self.collect();
                Err(refusal_of(&error))
            }
        }
    }

    /// Lets go of the locks of a session that goes on, as strict two-phase locking never does: for the
    /// deliberate fault of that name.
    pub fn let_go(&mut self, txn: TxnId) {
        if let Some(local) = self.open.get(&txn).and_then(|session| session.local) {
            self.store.let_go(local);
        }
        self.collect();
    }

    /// Rolls a prepared session back: the decision was to abort. Tells whether there was one.
    pub fn roll_back_prepared(&mut self, txn: TxnId) -> bool {
        if !self.is_prepared(txn) {
            return false;
        }
        let done = self.store.rollback_prepared(&gid(txn)).is_ok();
        self.forget(txn);
        self.collect();
        done
    }

    /// A waiting session has waited for too long and is rolled back. Tells whether it waited.
    pub fn time_out(&mut self, txn: TxnId) -> bool {
        let Some(session) = self.open.get(&txn) else { return false };
        let waited = match session.local {
            None => true,
            Some(local) => self.store.time_out(local, TimeLimit::Lock).is_some(),
        };
        if waited {
            self.forget(txn);
            self.collect();
        }
        waited
    }

    /// Who may go on since this was asked last, in the order in which they were let through.
    pub fn take_granted(&mut self) -> Vec<TxnId> {
        std::mem::take(&mut self.granted)
    }

    /// The deadlocks since this was asked last: the cycle, and who died for it.
    pub fn take_deadlocks(&mut self) -> Vec<(Vec<TxnId>, TxnId)> {
        let name = |local: LocalTxnId| self.names.get(&local).copied().unwrap_or_default();
        let found = self.store.deadlocks();
        found
            .into_iter()
            .map(|deadlock| {
                let cycle = deadlock.cycle.iter().map(|wait| name(wait.waiter)).collect();
                (cycle, name(deadlock.victim))
            })
            .collect()
    }

    /// What a waiting session waits for, and whom; nobody where it waits for a connection.
    #[must_use]
    pub fn waits_for(&self, txn: TxnId) -> (Option<Key>, Vec<TxnId>) {
        let Some(local) = self.open.get(&txn).and_then(|session| session.local) else {
            return (None, Vec::new());
        };
        let waits = self.store.waits();
        let own = waits.iter().filter(|wait| wait.waiter == local);
        let key = own.clone().find_map(|wait| match wait.target {
            Target::Row(key) => Some(key),
            Target::Table(_) | Target::Span(_) => None,
        });
        let mut holders: Vec<TxnId> =
            own.filter_map(|wait| self.names.get(&wait.blocker).copied()).collect();
        holders.sort_unstable();
        holders.dedup();
        (key, holders)
    }

    /// The database goes down and comes back: only prepared sessions are left, with their locks.
    /// Returns the others.
    pub fn crash(&mut self) -> Vec<TxnId> {
        self.store.crash();
        let is_lost = |session: &Session| !session.is_prepared;
        let lost: Vec<TxnId> =
            self.open.iter().filter(|(_, session)| is_lost(session)).map(|(txn, _)| *txn).collect();
        for txn in &lost {
            self.open.remove(txn);
        }
        self.queue.clear();
        self.answers.clear();
        self.granted.clear();
        lost
    }
}

/// The identifier under which a transaction is prepared.
fn gid(txn: TxnId) -> String {
    crate::ids::txn_name(txn)
}

/// The word of the trace for an error.
fn refusal_of(error: &DbError) -> Refusal {
    match error {
        DbError::Deadlock => Refusal::Deadlock,
        DbError::ConcurrentUpdate | DbError::ConcurrentDelete | DbError::Dependencies => {
            Refusal::Serialization
        }
        DbError::LockTimeout | DbError::StatementTimeout | DbError::LockNotAvailable => {
            Refusal::LockTimeout
        }
        DbError::DuplicateKey => Refusal::Exists,
        _ => Refusal::Unavailable,
    }
}
