//! How sessions end: commit, promise, rollback, a wait that takes too long; and who goes on then.

use super::*;

impl Handler<'_> {
    pub(super) fn commit(&mut self, db: DbIx, txn: TxnId, force: bool) -> (Told, Option<Copying>) {
        if self.is_too_late(db, txn) {
            return (Told::Refused(Refusal::Version), None);
        }
        let mut copying = None;
        let force = force || self.world.dbs[db.ix()].forces_commits();
        let database = Rc::make_mut(&mut self.world.dbs[db.ix()]);
        let before = database.sessions_now();
        let was_prepared = database.sessions().is_some_and(|sessions| sessions.is_prepared(txn));
        let is_streamed = database.streams().is_some();
        let ended = database.sessions_mut().map(|sessions| sessions.commit(txn));
        let told = match ended {
            Some(Ok(done)) => {
                let (changes, effects) = (done.changes, done.effects);
                let inbox =
                    if was_prepared { self.remembered(txn, Answer::Done) } else { Vec::new() };
                let remembers = !inbox.is_empty();
                let mut outbox = Vec::new();
                let mut change = self.change_record(db, (Some(txn), self.about.1), &changes);
                if self.world.plan.scenario.options.outbox {
                    outbox.extend(change.take());
                }
                let facts = if is_streamed {
                    let actions: Vec<Action> =
                        effects.iter().flat_map(|of| self.actions(*of)).collect();
                    let before = |key: &Key| {
                        let change = changes.iter().find(|change| change.key == *key);
                        change.and_then(|change| change.before.clone())
                    };
                    event_sourced::facts(&actions, before)
                } else {
                    Vec::new()
                };
                self.forget_seen(db, txn);
                self.append(db, self.about, facts);
                let record = LogRecord::Commit {
                    changes: changes.clone(),
                    effects: effects.clone(),
                    inbox,
                    outbox: outbox.clone(),
                };
                // A transaction that has only read has nothing to be durable.
                let is_logged = was_prepared || !changes.is_empty();
                let log_records = if is_logged { record.count() } else { 0 };
                if is_logged {
                    let database = Rc::make_mut(&mut self.world.dbs[db.ix()]);
                    database.write_after(record, force, before);
                }
                let ix = self.emit(EventKind::Committed {
                    db,
                    changes: changes.clone(),
                    effects,
                    outbox: outbox.iter().map(RecordBody::entry).collect(),
                    inbox: remembers,
                    log_records,
                    forced: u16::from(force && is_logged),
                });
                self.stored(db, &outbox, ix);
                copying = self.copy_at_once(db, Some(txn), &changes, change);
                Told::Done
            }
            Some(Err(why)) => self.refused_at_its_end(db, why),
            None => Told::Refused(Refusal::Unavailable),
        };
        self.settle(db);
        (told, copying)
    }

    /// What a database remembers of a transaction that was prepared in it, so that a copy of the
    /// question that comes late is not taken for a new one. With presumed commit that is part of the
    /// protocol: a forgotten abort would be presumed to be a commit.
    pub(super) fn remembered(&self, txn: TxnId, answer: Answer) -> Vec<InboxEntry> {
        let plan = &self.world.plan;
        let options = &plan.scenario.options;
        let label = plan.words.prepare;
        let entry = InboxEntry { key: InboxKey { txn, label }, answer };
        let remembers = options.inbox || options.presume == Presume::Commit;
        remembers.then_some(entry).into_iter().collect()
    }

    /// The database refused to end a local transaction, and with that rolled it back.
    fn refused_at_its_end(&mut self, db: DbIx, why: Refusal) -> Told {
        self.emit(EventKind::Refused { db, why });
        self.emit(EventKind::RolledBack { db, why: Some(why), log_records: 0, forced: 0 });
        Told::Refused(why)
    }

    pub(super) fn prepare(&mut self, db: DbIx, txn: TxnId, round: u32) -> Told {
        if self.is_too_late(db, txn) {
            return Told::Refused(Refusal::Version);
        }
        let database = Rc::make_mut(&mut self.world.dbs[db.ix()]);
        let before = database.sessions_now();
        let ended = database.sessions_mut().map(|sessions| sessions.prepare(txn, round));
        let told = match ended {
            Some(Ok(done)) => {
                let changes = done.changes;
                let record = LogRecord::Prepare { txn, changes: changes.clone() };
                let log_records = record.count();
                let force = !self.world.plan.has(Mutation::PromiseNotForced);
                database.write_after(record, force, before);
                let forced = u16::from(force);
                self.emit(EventKind::Prepared { db, changes, log_records, forced });
                Told::Done
            }
            Some(Err(why)) => self.refused_at_its_end(db, why),
            None => Told::Refused(Refusal::Unavailable),
        };
        self.settle(db);
        told
    }

    pub(super) fn roll_back(
        &mut self,
        db: DbIx,
        txn: TxnId,
        why: Option<Refusal>,
        force: bool,
    ) -> Told {
        if let Some(parked) = self.world.parked.remove(&(self.node, txn)) {
            let step = Some((parked.step.step, parked.step.dir));
            let label = self.world.plan.words.lock_wait;
            self.world.timers.remove(&TimerKey { node: self.node, label, txn, step });
        }
        let database = Rc::make_mut(&mut self.world.dbs[db.ix()]);
        let before = database.sessions_now();
        let (was_prepared, was_open) = match database.sessions_mut() {
            Some(sessions) if sessions.is_prepared(txn) => (sessions.roll_back_prepared(txn), true),
            Some(sessions) => (false, sessions.roll_back(txn)),
            None => (false, false),
        };
        let mut log_records = 0;
        if was_prepared {
            let inbox = self.remembered(txn, Answer::Nothing);
            let record = LogRecord::Abort { txn, inbox };
            log_records = record.count();
            let database = Rc::make_mut(&mut self.world.dbs[db.ix()]);
            database.write_after(record, force, before);
        }
        if was_open {
            let forced = u16::from(was_prepared && force);
            self.emit(EventKind::RolledBack { db, why, log_records, forced });
        }
        self.settle(db);
        if was_open { Told::Done } else { Told::Refused(Refusal::Unavailable) }
    }

    /// A handler that waits for a lock is woken: it has waited for too long.
    pub(super) fn time_out(&mut self, db: DbIx, txn: TxnId, then: Option<Cont>) -> Out {
        let waits = self
            .world
            .parked
            .get(&(self.node, txn))
            .is_some_and(|parked| parked.db == db && parked.wait == Wait::Lock);
        let sessions = Rc::make_mut(&mut self.world.dbs[db.ix()]).sessions_mut();
        if !waits || !sessions.is_some_and(|sessions| sessions.time_out(txn)) {
            return Out::default();
        }
        self.world.parked.remove(&(self.node, txn));
        let why = Refusal::LockTimeout;
        self.emit(EventKind::Refused { db, why });
        self.emit(EventKind::RolledBack { db, why: Some(why), log_records: 0, forced: 0 });
        self.settle(db);
        self.told_maybe(then, Told::Refused(why))
    }

    /// Lets go of a session's locks before its end, which only a deliberate fault does.
    pub(super) fn let_go(&mut self, db: DbIx, txn: TxnId) {
        if let Some(sessions) = Rc::make_mut(&mut self.world.dbs[db.ix()]).sessions_mut() {
            sessions.let_go(txn);
        }
        self.settle(db);
    }

    /// Tells of deadlocks, and lets everybody go on who was let through.
    pub(super) fn settle(&mut self, db: DbIx) {
        let Some(sessions) = Rc::make_mut(&mut self.world.dbs[db.ix()]).sessions_mut() else {
            return;
        };
        let deadlocks = sessions.take_deadlocks();
        let granted = sessions.take_granted();
        for (cycle, victim) in deadlocks {
            self.emit(EventKind::Deadlocked { db, cycle, victim });
        }
        for txn in granted {
            let found = self.world.parked.iter_mut().find(|((_, of), parked)| {
                *of == txn && parked.db == db && parked.wait == Wait::Lock
            });
            let Some(((node, _), parked)) = found else { continue };
            let node = *node;
            parked.wait = Wait::Granted;
            let label = self.world.plan.words.lock_wait;
            let step = Some((parked.step.step, parked.step.dir));
            self.world.timers.remove(&TimerKey { node, label, txn, step });
            let about = (Some(txn), Some((parked.step.step, parked.step.dir)));
            let is_alive =
                self.world.dbs[db.ix()].sessions().is_some_and(|sessions| sessions.is_open(txn));
            if is_alive {
                let ix = self.emit_at(node, about, EventKind::LockGranted { db });
                if let Some(parked) = self.world.parked.get_mut(&(node, txn)) {
                    parked.cause = ix;
                }
            }
            let now = self.world.now;
            self.world.proceed_at(now, node, txn);
        }
    }

    /// The sessions that this node had open elsewhere end with it.
    pub(in crate::world) fn abandon_sessions(&mut self) {
        for ix in 0..self.world.dbs.len() {
            let db = DbIx(ix as u8);
            let host = self.world.plan.cast.dbs[ix].node;
            let owned: Vec<TxnId> = self.world.dbs[ix]
                .sessions()
                .map_or_else(Vec::new, |sessions| sessions.owned_by(self.node).collect());
            if host == self.node || owned.is_empty() {
                continue;
            }
            for txn in owned {
                if let Some(sessions) = Rc::make_mut(&mut self.world.dbs[ix]).sessions_mut() {
                    sessions.roll_back(txn);
                }
                let why = Some(Refusal::Unavailable);
                let kind = EventKind::RolledBack { db, why, log_records: 0, forced: 0 };
                self.emit_at(host, (Some(txn), None), kind);
            }
            self.settle(db);
        }
    }
}
