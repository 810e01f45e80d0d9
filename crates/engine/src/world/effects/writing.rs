//! Local transactions that run in one handler: what they would write, and writing it.

use super::*;

impl Handler<'_> {
    pub(super) fn local(&mut self, db: DbIx, txn: &LocalTxn) -> LocalResult {
        if let Some(known) = txn.inbox.and_then(|key| self.world.dbs[db.ix()].handled(&key)) {
            self.emit(EventKind::InboxHit { db });
            return LocalResult::Known(known);
        }
        if let Some(known) = self.known_by_file(db, txn) {
            self.emit(EventKind::InboxHit { db });
            return LocalResult::Known(known);
        }
        let planned = match self.evaluate(db, txn) {
            Ok(planned) => planned,
            Err(why) => {
                let step = txn.work.map(|work| (work.of.step, work.of.dir));
                let about = txn.work.map(|work| work.of.txn).or(self.about.0);
                self.emit_about(about, step.or(self.about.1), EventKind::Refused { db, why });
                return LocalResult::Refused(why);
            }
        };
        let (done, changes, inbox, facts) = planned;
        let about = txn
            .work
            .map_or(self.about, |work| (Some(work.of.txn), Some((work.of.step, work.of.dir))));
        let effects = match txn.work {
            Some(work) if done && !txn.reserves => {
                std::iter::once(work.of).chain(txn.also.iter().copied()).collect()
            }
            _ => txn.settles.clone(),
        };
        let mut outbox = txn.outbox.clone();
        let mut change = self.change_record(db, about, &changes);
        if self.world.plan.scenario.options.outbox {
            outbox.extend(change.take());
        }
        let record = LogRecord::Commit { changes, effects, inbox, outbox };
        let log_records = record.count();
        let force = !txn.lazy || self.world.dbs[db.ix()].forces_commits();
        self.append(db, about, facts);
        let LogRecord::Commit { changes, effects, inbox, outbox } = &record else {
            unreachable!("it was made above")
        };
        let (changes, outbox) = (changes.clone(), outbox.clone());
        let kind = EventKind::Committed {
            db,
            changes: changes.clone(),
            effects: effects.clone(),
            outbox: outbox.iter().map(RecordBody::entry).collect(),
            inbox: !inbox.is_empty(),
            log_records,
            forced: u16::from(force),
        };
        Rc::make_mut(&mut self.world.dbs[db.ix()]).write(record, force);
        let ix = self.emit_about(about.0, about.1, kind);
        self.stored(db, &outbox, ix);
        let copying = self.copy_at_once(db, about.0, &changes, change);
        if let Some((about, fact)) = &txn.fact {
            self.note(*about, None, fact.clone());
        }
        self.point(true);
        self.pass_on(db, copying);
        if self.broken == Some(Broken::Failed) {
            return LocalResult::Lost;
        }
        LocalResult::Committed { effect: done }
    }

    /// What the version file of a local transaction's step knows of it.
    fn known_by_file(&self, db: DbIx, txn: &LocalTxn) -> Option<Answer> {
        let work = txn.work.filter(|_| !txn.reserves)?;
        let cx = self.world.cx(self.node);
        let guarded = (&cx.step(work.of.txn, work.of.step).guard, work.of.dir);
        guarded.0.file?;
        let data = cx.txn(work.of.txn);
        let env = Env { inputs: &data.inputs, txn: work.of.txn, reason: work.reason };
        guard::known(cx.plan, &self.world.dbs[db.ix()], guarded, &env)
    }

    /// Messages were left in the outbox of a database: its relay will look.
    pub(in crate::world) fn stored(&mut self, db: DbIx, outbox: &[RecordBody], ix: EventIx) {
        for body in outbox {
            self.world.stored.insert_mut((body.txn, body.label), ix);
        }
        if !outbox.is_empty() {
            let host = self.world.plan.cast.dbs[db.ix()].node;
            self.world.relay_later(host);
        }
    }

    /// Appends events to the streams of an event-sourced database, with the commit that follows.
    pub(in crate::world) fn append(
        &mut self,
        db: DbIx,
        (txn, step): (Option<TxnId>, Option<(StepIx, Direction)>),
        facts: Vec<(Key, Fact)>,
    ) {
        if facts.is_empty() {
            return;
        }
        let now = self.world.now;
        let written = Rc::make_mut(&mut self.world.dbs[db.ix()]).append(facts, now);
        for (stream, version, fact) in written.events {
            self.emit_about(txn, step, EventKind::Appended { db, stream, version, fact });
        }
        for (stream, version) in written.snapshots {
            self.emit_about(txn, step, EventKind::Snapshotted { db, stream, version });
        }
    }

    /// What a local transaction would write: whether its step takes effect, the rows, the inbox, and
    /// the events of its streams where the database is event-sourced.
    pub(super) fn evaluate(&mut self, db: DbIx, txn: &LocalTxn) -> Result<Planned, Refusal> {
        let seen = if txn.work.is_some() { self.seen.take() } else { None };
        let database = &self.world.dbs[db.ix()];
        if database.refuses_writes {
            return Err(Refusal::ReadOnly);
        }
        if self.generation.is_some_and(|generation| generation < database.fence) {
            return Err(Refusal::Fenced);
        }
        if seen
            .as_ref()
            .is_some_and(|seen| event_sourced::is_too_late(&self.world.plan, database, seen))
        {
            return Err(Refusal::Version);
        }
        let is_read_then_write = self.world.plan.scenario.options.updates == Updates::ReadThenWrite;
        let as_seen = seen.filter(|_| is_read_then_write);
        let is_event_sourced = database.streams().is_some();
        let mut facts = Vec::new();
        let mut inbox: Vec<InboxEntry> = Vec::new();
        let mut remember = |key: Option<InboxKey>, answer: Answer| {
            inbox.extend(key.map(|key| InboxEntry { key, answer }));
        };
        let mut changes = Vec::new();
        let mut reads = Vec::new();
        let mut guards = Vec::new();
        let mut done = false;
        match txn.work {
            None => remember(txn.inbox, txn.answer.unwrap_or(Answer::Done)),
            Some(work) => {
                let before = work.only_if_done.map(|key| (key, database.handled(&key)));
                match before {
                    Some((key, known)) if known != Some(Answer::Done) => {
                        remember(txn.inbox, Answer::Nothing);
                        remember(known.is_none().then_some(key), Answer::Nothing);
                    }
                    _ => {
                        let data = self.world.txns.get(&work.of.txn);
                        let data =
                            data.expect("a step is only ever of a transaction that has arrived");
                        let env =
                            Env { inputs: &data.inputs, txn: work.of.txn, reason: work.reason };
                        let cx = self.world.cx(self.node);
                        let guarded = (&cx.step(work.of.txn, work.of.step).guard, work.of.dir);
                        let is_early = !txn.reserves
                            && guard::is_early(&self.world.plan, database, guarded, &env);
                        let ops_of = |of: &StepRef| {
                            let step = cx.step(of.txn, of.step);
                            match (of.dir, txn.reserves) {
                                (Direction::Do, false) => &step.forward,
                                (Direction::Undo, false) => &step.undo,
                                (Direction::Do, true) => &step.reserve,
                                (Direction::Undo, true) => &step.release,
                            }
                        };
                        let mut ops = Cow::Borrowed(ops_of(&work.of).as_slice());
                        if is_early {
                            // It is noted, and its step will do nothing when it comes.
                            ops = Cow::Borrowed(&[]);
                        }
                        for of in &txn.also {
                            ops.to_mut().extend_from_slice(ops_of(of));
                        }
                        if let Some(seen) = &as_seen {
                            let plan = &self.world.plan;
                            let found =
                                event_sourced::evaluate_as_seen(plan, database, seen, &ops, &env)?;
                            changes = found.0.changes;
                            reads = found.0.reads;
                            facts = found.1;
                        } else {
                            let evaluated = rows::evaluate(&self.world.plan, database, &ops, &env)?;
                            changes = evaluated.changes;
                            reads = evaluated.reads;
                        }
                        if is_event_sourced && as_seen.is_none() {
                            facts = if ops.iter().all(rows::is_of_document) {
                                let actions = rows::actions(&self.world.plan, &ops, &env);
                                let before = |key: &Key| database.row(key).cloned();
                                event_sourced::facts(&actions, before)
                            } else {
                                event_sourced::facts_between(&changes)
                            };
                        }
                        if !txn.reserves {
                            let plan = &self.world.plan;
                            guards = guard::guard(plan, database, guarded, &changes, &env)?;
                        }
                        done = !is_early;
                        let nothing = if is_early { Answer::Nothing } else { Answer::Done };
                        remember(txn.inbox, nothing);
                    }
                }
            }
        }
        for write in guards.iter().chain(&txn.writes) {
            let before = database.row(&write.key).cloned();
            if is_event_sourced {
                let between = Fact::between(before.as_ref(), write.row.as_ref());
                facts.extend(between.into_iter().map(|fact| (write.key, fact)));
            }
            changes.push(RowChange { key: write.key, before, after: write.row.clone() });
        }
        if !changes.is_empty() && self.world.copies_missing(self.node, db) {
            return Err(Refusal::Unavailable);
        }
        for (key, row) in reads {
            self.emit(EventKind::Read { db, key, row });
        }
        Ok((done, changes, inbox, facts))
    }
}
