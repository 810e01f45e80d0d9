//! Handlers at work in open local transactions: asking, waiting, going on, and ending.
//!
//! A handler whose session must wait for a lock is parked with its continuation. When the lock is
//! let go it may go on, which is a choice of its own ([`ChoiceKind::Proceed`]). A handler can also
//! be parked for the time that a step takes while its session is open, so that others come between.
//!
//! [`ChoiceKind::Proceed`]: crate::choice::ChoiceKind::Proceed

mod ending;

use std::rc::Rc;

use super::apply::Impossible;
use super::effects::{Copying, Handler};
use super::{Due, Sink, World};
use crate::choice::{Cut, TimerKey};
use crate::event::{EventKind, Refusal};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{DbIx, Direction, EventIx, Micros, NodeIx, StepIx, StepRef, TxnId};
use crate::mutation::Mutation;
use crate::out::{Alarm, Answer, Ask, Clock, Exchange, InboxKey, RecordBody, Told};
use crate::patterns::store::{event_sourced, rows};
use crate::patterns::{Cont, Out};
use crate::plan::Env;
use crate::rng::{DrawKey, Purpose};
use crate::scenario::document::{Distribution, FaultKind, Presume};
use crate::stores::{Action, InboxEntry, LogRecord, Progress};
use crate::value::Key;

/// What a parked handler waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// A lock or a connection.
    Lock,
    /// Nothing more: it may go on in its session.
    Granted,
    /// Time: it goes on with its continuation.
    Time,
    /// Nothing more: its session is gone.
    Gone(Refusal),
    /// The replicas that must write what it commits, and whether the commit is forced.
    Copies(bool),
}

/// A handler that waits.
#[derive(Clone, Debug)]
pub struct Parked {
    /// The database that its session is in.
    pub db: DbIx,
    /// The step at hand.
    pub step: StepRef,
    /// For what it waits.
    pub wait: Wait,
    /// Whether a worker of the database's owner computes meanwhile: whose service time it takes.
    pub then: Cont,
    /// The event that it waits since.
    pub cause: EventIx,
}

impl Canon for Parked {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_u8(self.db.0);
        h.write_u8(self.step.step.0);
        h.write_u8(match self.wait {
            Wait::Lock => 0,
            Wait::Granted => 1,
            Wait::Time => 2,
            Wait::Gone(_) => 3,
            Wait::Copies(_) => 4,
        });
        // Continuations are a few small values, and their text says all of them.
        h.write_bytes(format!("{:?} {:?}", self.then, self.wait).as_bytes());
    }
}

impl World {
    /// Lets a parked handler go on.
    pub(super) fn proceed(
        &mut self,
        node: NodeIx,
        txn: TxnId,
        cut: Option<Cut>,
        sink: &mut dyn Sink,
    ) -> Result<(), Impossible> {
        if !self.is_up(node) {
            return Err(Impossible::Down);
        }
        let parked = self.parked.get(&(node, txn)).ok_or(Impossible::NotParked)?.clone();
        if !self.can_proceed(node, &parked) {
            return Err(Impossible::NotParked);
        }
        self.parked.remove(&(node, txn));
        let mut handler = Handler::new(self, sink, node, Some(parked.cause), cut);
        handler.about = (Some(txn), Some((parked.step.step, parked.step.dir)));
        handler.begin();
        if handler.world.is_up(node) {
            let out = match parked.wait {
                Wait::Lock | Wait::Granted => handler.go_on(parked.db, parked.step, parked.then),
                Wait::Time => handler.told(parked.then, Told::Over),
                Wait::Gone(why) => handler.told(parked.then, Told::Refused(why)),
                Wait::Copies(force) => {
                    let ask = Ask::CommitPrepared { force };
                    handler.session(parked.db, txn, ask, Some(parked.then))
                }
            };
            handler.run(out);
        }
        handler.finish();
        Ok(())
    }

    /// Whether what a parked handler waits for has come.
    pub(super) fn can_proceed(&self, node: NodeIx, parked: &Parked) -> bool {
        match parked.wait {
            Wait::Lock => false,
            Wait::Copies(_) => !self.copies_missing(node, parked.db),
            Wait::Granted | Wait::Time | Wait::Gone(_) => true,
        }
    }

    /// Replicas may be there again: handlers that wait for them look.
    pub(super) fn wake_parked(&mut self) {
        let waiting: Vec<(NodeIx, TxnId)> = self
            .parked
            .iter()
            .filter(|(_, parked)| matches!(parked.wait, Wait::Copies(_)))
            .map(|(key, _)| *key)
            .collect();
        for (node, txn) in waiting {
            self.proceed_at(self.now, node, txn);
        }
    }

    /// Whether a node can reach the node that holds a database, and that one runs.
    fn reaches_db(&self, node: NodeIx, db: DbIx) -> bool {
        let host = self.plan.cast.dbs[db.ix()].node;
        host == node || (self.is_up(host) && self.reaches(node, host))
    }

    /// How long a step takes at a node, slow faults and replicas that write with it included.
    #[must_use]
    pub fn service_time(&self, node: NodeIx, key: DrawKey) -> Micros {
        let work = self.work_time(&self.plan.service_time[node.ix()], node, key);
        work + self.copying_time(node, key)
    }

    /// How long the answer to a question for rows takes at a node, slow faults included.
    #[must_use]
    pub fn read_time(&self, node: NodeIx, key: DrawKey) -> Micros {
        self.work_time(&self.plan.read_time[node.ix()], node, key)
    }

    fn work_time(&self, of: &Distribution, node: NodeIx, key: DrawKey) -> Micros {
        let plan = &self.plan;
        let time = plan.draws.duration(of, Purpose::Service, key);
        let slow = self.faults.iter().fold(1.0_f64, |slow, ix| {
            match &plan.scenario.faults[ix.ix()].fault {
                FaultKind::Slow { times, .. } if plan.fault_nodes[ix.ix()].contains(&node) => {
                    slow * times
                }
                _ => slow,
            }
        });
        libm::round((time as f64 * slow).min(3.6e9)) as Micros
    }

    /// The sessions of a database are gone: who waits in one, or has one open at another node,
    /// learns it. Handlers at the node that went down are gone with it.
    pub(super) fn lose_sessions(&mut self, db: DbIx) {
        let mut woken = Vec::new();
        for (key, parked) in &mut self.parked {
            if parked.db == db {
                parked.wait = Wait::Gone(Refusal::Unavailable);
                woken.push(*key);
            }
        }
        for (node, txn) in woken {
            self.proceed_at(self.now, node, txn);
        }
    }

    fn proceed_at(&mut self, at: Micros, node: NodeIx, txn: TxnId) {
        if self.timed {
            self.due.push((at, Due::Proceed(node, txn)));
        }
    }
}

impl Handler<'_> {
    /// Works in the session of a transaction.
    pub(super) fn session(&mut self, db: DbIx, txn: TxnId, ask: Ask, then: Option<Cont>) -> Out {
        // A handler that is about no transaction, as a restart is, may end several.
        let about = self.about;
        if about.0 != Some(txn) {
            self.about = (Some(txn), None);
        }
        let out = self.in_session(db, txn, ask, then);
        self.about = about;
        out
    }

    /// The database turns a local transaction away: it is rolled back, and who waits is told.
    fn turned_away(&mut self, db: DbIx, txn: TxnId, why: Refusal, then: Option<Cont>) -> Out {
        self.emit(EventKind::Refused { db, why });
        self.roll_back(db, txn, Some(why), false);
        self.told_maybe(then, Told::Refused(why))
    }

    fn in_session(&mut self, db: DbIx, txn: TxnId, ask: Ask, then: Option<Cont>) -> Out {
        if !self.world.reaches_db(self.node, db) {
            self.emit(EventKind::Refused { db, why: Refusal::Unavailable });
            return self.told_maybe(then, Told::Refused(Refusal::Unavailable));
        }
        let refuses = self.world.dbs[db.ix()].refuses_writes;
        match ask {
            Ask::Run(of) => {
                let Some(then) = then else { return Out::default() };
                if refuses {
                    return self.turned_away(db, txn, Refusal::ReadOnly, Some(then));
                }
                if let Some(word) = self.world.renamed(self.node, of) {
                    return self.turned_away(db, txn, Refusal::Missing(word), Some(then));
                }
                let progress = self.start_step(db, of);
                self.came(db, of, progress, then)
            }
            Ask::Commit { .. } | Ask::Prepare { .. } if refuses => {
                self.turned_away(db, txn, Refusal::ReadOnly, then)
            }
            Ask::Commit { .. } | Ask::Prepare { .. } if self.lacks_copies(db, txn) => {
                self.turned_away(db, txn, Refusal::Unavailable, then)
            }
            Ask::Commit { fact } => {
                let (told, copying) = self.commit(db, txn, true);
                if told == Told::Done
                    && let Some(fact) = fact
                {
                    self.note_fact(txn, fact);
                }
                self.after_commit(db, then, told, copying)
            }
            Ask::CommitPrepared { force } => {
                if !self.is_prepared(db, txn) {
                    return self.told_maybe(then, Told::Refused(Refusal::Unavailable));
                }
                if let Some(then) = then
                    && self.lacks_copies(db, txn)
                {
                    let step = self.about.1.unwrap_or_default();
                    let step = StepRef { txn, step: step.0, dir: step.1 };
                    self.park(db, step, Wait::Copies(force), then);
                    return Out::default();
                }
                let (told, copying) = self.commit(db, txn, force);
                self.after_commit(db, then, told, copying)
            }
            Ask::Prepare { round } => {
                let told = self.prepare(db, txn, round);
                self.after_call(then, told)
            }
            Ask::RollBack { force } => {
                let told = self.roll_back(db, txn, None, force);
                self.after_call(then, told)
            }
        }
    }

    /// Whether the changes of a session must reach replicas of which one is out of reach.
    fn lacks_copies(&self, db: DbIx, txn: TxnId) -> bool {
        self.world.copies_missing(self.node, db)
            && self.world.dbs[db.ix()]
                .sessions()
                .is_some_and(|sessions| !sessions.changes(txn).is_empty())
    }

    /// A session has committed: what it changed goes on to the replicas.
    fn after_commit(
        &mut self,
        db: DbIx,
        then: Option<Cont>,
        told: Told,
        copying: Option<Copying>,
    ) -> Out {
        self.point(true);
        self.pass_on(db, copying);
        if self.is_crashed() {
            return Out::default();
        }
        let told = if self.is_failed() { Told::Lost } else { told };
        self.told_maybe(then, told)
    }

    /// A call of the database is over: the handler can be cut here, or the reply be lost.
    fn after_call(&mut self, then: Option<Cont>, told: Told) -> Out {
        self.point(true);
        if self.is_crashed() {
            return Out::default();
        }
        let told = if self.is_failed() { Told::Lost } else { told };
        self.told_maybe(then, told)
    }

    fn told_maybe(&mut self, then: Option<Cont>, told: Told) -> Out {
        then.map_or_else(Out::default, |then| self.told(then, told))
    }

    fn is_prepared(&self, db: DbIx, txn: TxnId) -> bool {
        self.world.dbs[db.ix()].sessions().is_some_and(|sessions| sessions.is_prepared(txn))
    }

    /// What a step does, with its inputs filled in.
    fn actions(&self, of: StepRef) -> Vec<Action> {
        let data = self.world.txns.get(&of.txn);
        let data = data.expect("a step is only ever of a transaction that has arrived");
        let env = Env { inputs: &data.inputs, txn: of.txn, reason: None };
        let step = self.world.cx(self.node).step(of.txn, of.step);
        let ops = match of.dir {
            Direction::Do => &step.forward,
            Direction::Undo => &step.undo,
        };
        rows::actions(&self.world.plan, ops, &env)
    }

    /// A session has read for a step: in an event-sourced database it has folded the step's streams.
    fn note_seen(&mut self, db: DbIx, of: StepRef) {
        if self.world.dbs[db.ix()].streams().is_none() {
            return;
        }
        let keys = event_sourced::appended_to(&self.actions(of));
        if let Some(streams) = Rc::make_mut(&mut self.world.dbs[db.ix()]).streams_mut() {
            streams.note_seen(of.txn, keys);
        }
    }

    /// Rolls a session back whose streams have gone on since it folded them. Tells whether they had.
    fn is_too_late(&mut self, db: DbIx, txn: TxnId) -> bool {
        let may_append =
            self.world.dbs[db.ix()].streams().is_none_or(|streams| streams.may_append(txn));
        if may_append || self.is_prepared(db, txn) {
            return false;
        }
        self.emit(EventKind::Refused { db, why: Refusal::Version });
        self.roll_back(db, txn, Some(Refusal::Version), false);
        true
    }

    fn forget_seen(&mut self, db: DbIx, txn: TxnId) {
        if self.world.dbs[db.ix()].streams().is_some()
            && let Some(streams) = Rc::make_mut(&mut self.world.dbs[db.ix()]).streams_mut()
        {
            streams.forget_seen(txn);
        }
    }

    fn start_step(&mut self, db: DbIx, of: StepRef) -> Progress {
        let actions = self.actions(of);
        let node = self.node;
        if self.world.dbs[db.ix()].sessions().is_some_and(|sessions| !sessions.is_open(of.txn)) {
            // A new session: what one before it had folded is no longer of any account.
            self.forget_seen(db, of.txn);
        }
        let sessions = Rc::make_mut(&mut self.world.dbs[db.ix()]).sessions_mut();
        sessions.map_or(Progress::Refused(Refusal::Unavailable), |sessions| {
            sessions.run(node, of, actions)
        })
    }

    /// Goes on where a session waited.
    fn go_on(&mut self, db: DbIx, of: StepRef, then: Cont) -> Out {
        let sessions = Rc::make_mut(&mut self.world.dbs[db.ix()]).sessions_mut();
        let progress = sessions
            .map_or(Progress::Refused(Refusal::Unavailable), |sessions| sessions.proceed(of.txn));
        self.came(db, of, progress, then)
    }

    /// A session has come this far with a step.
    fn came(&mut self, db: DbIx, of: StepRef, progress: Progress, then: Cont) -> Out {
        let about = self.about;
        self.about = (Some(of.txn), Some((of.step, of.dir)));
        self.settle(db);
        let (reads, changes) = match Rc::make_mut(&mut self.world.dbs[db.ix()]).sessions_mut() {
            Some(sessions) => (sessions.take_reads(of.txn), sessions.changes(of.txn)),
            None => (Vec::new(), Vec::new()),
        };
        for (key, row) in reads {
            self.emit(EventKind::Read { db, key, row });
        }
        if matches!(progress, Progress::Done | Progress::Paused) {
            self.note_seen(db, of);
        }
        let wrote = !changes.is_empty();
        if progress == Progress::Done && self.world.plan.has(Mutation::LocksReleasedEarly) {
            self.let_go(db, of.txn);
        }
        let out = match progress {
            Progress::Done => {
                if wrote {
                    self.emit(EventKind::Wrote { db, changes });
                }
                self.told(then, Told::Ran { wrote })
            }
            Progress::Blocked => {
                let waits = self.world.dbs[db.ix()].sessions().map(|all| all.waits_for(of.txn));
                let (key, holders) = waits.unwrap_or_default();
                self.emit(EventKind::LockWaited { db, key, holders });
                self.park(db, of, Wait::Lock, then);
                self.limit_wait(of);
                Out::default()
            }
            Progress::Paused => {
                self.park(db, of, Wait::Granted, then);
                let at = self.pause_until(of, self.node);
                self.world.proceed_at(at, self.node, of.txn);
                Out::default()
            }
            Progress::Refused(why) => {
                self.emit(EventKind::Refused { db, why });
                let kind = EventKind::RolledBack { db, why: Some(why), log_records: 0, forced: 0 };
                self.emit(kind);
                self.told(then, Told::Refused(why))
            }
        };
        self.about = about;
        out
    }

    /// Pauses a handler for the service time of a step.
    pub(super) fn pause(&mut self, txn: TxnId, step: StepIx, of: NodeIx, then: Cont) {
        let at = self.pause_until(StepRef::forward(txn, step), of);
        let db = self.world.cx(self.node).step_db(txn, step);
        self.park(db, StepRef::forward(txn, step), Wait::Time, then);
        self.world.proceed_at(at, self.node, txn);
    }

    fn pause_until(&self, of: StepRef, node: NodeIx) -> Micros {
        let (step, dir, attempt) = (of.step, of.dir, self.attempt);
        let key = DrawKey { txn: of.txn, step, dir, attempt, node, salt: 0 };
        self.world.now + self.world.service_time(node, key)
    }

    fn park(&mut self, db: DbIx, step: StepRef, wait: Wait, then: Cont) {
        let cause = self.cause.unwrap_or_default();
        let parked = Parked { db, step, wait, then, cause };
        self.world.parked.insert((self.node, step.txn), parked);
    }

    /// Sets the timer after which a wait for a lock is given up, where the scenario has one.
    fn limit_wait(&mut self, of: StepRef) {
        let Some(limit) = self.world.plan.scenario.options.lock_timeout_us else { return };
        let about = Some((of.step, of.dir));
        let node = self.node;
        self.arm(Alarm {
            clock: Clock::Business(limit),
            label: self.world.plan.words.lock_wait,
            txn: of.txn,
            step: about,
            exchange: Exchange { caller: node, target: node, txn: of.txn, step: about },
            attempt: 0,
            waits: 1,
            attempts_max: None,
        });
    }

    /// A wait for a lock has lasted too long.
    pub(super) fn lock_timer(&mut self, txn: TxnId) -> Out {
        let Some(parked) = self.world.parked.get(&(self.node, txn)).cloned() else {
            return Out::default();
        };
        self.time_out(parked.db, txn, Some(parked.then))
    }
}
