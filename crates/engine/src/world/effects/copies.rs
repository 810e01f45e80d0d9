//! What a commit of a primary brings about at its replicas, by the mode of the coupling.

use std::rc::Rc;

use super::{Broken, Handler};
use crate::event::{EventKind, RowChange};
use crate::ids::{DbIx, Direction, EventIx, FaultIx, Micros, NodeIx, StepIx, TxnId};
use crate::out::RecordBody;
use crate::patterns::read::cqrs::{self, Mode};
use crate::patterns::read::{cqrs_event_driven, cqrs_write_all};
use crate::rng::{DrawKey, Purpose};
use crate::stores::{LogRecord, RowVersion};
use crate::value::Key;
use crate::world::{Impossible, Sink, World};

/// How a commit reaches the replicas of its database.
pub(in crate::world) struct Copying {
    mode: Mode,
    /// The rows that it changed, with their versions.
    rows: Rc<Vec<RowVersion>>,
    /// The record of the commit, where it is published from memory.
    record: Option<RecordBody>,
}

impl World {
    /// How changes of a database reach its replicas; `None` where it has none.
    #[must_use]
    pub fn copy_mode(&self, db: DbIx) -> Option<Mode> {
        self.dbs[db.ix()].commits()?;
        self.parts.read.copy_mode()
    }

    /// Whether a node cannot commit changes in a database, since they must reach all its replicas and
    /// one of these is down or cut off.
    #[must_use]
    pub fn copies_missing(&self, node: NodeIx, db: DbIx) -> bool {
        self.copy_mode(db) == Some(Mode::WriteAll)
            && cqrs::replicas_of(&self.plan, db)
                .iter()
                .any(|replica| !self.is_up(*replica) || !self.reaches(node, *replica))
    }

    /// How long a step at a primary waits for its replicas to write with it: the slowest round trip.
    #[must_use]
    pub fn copying_time(&self, node: NodeIx, key: DrawKey) -> Micros {
        let Some(db) = self.plan.cast.nodes[node.ix()].db else { return 0 };
        if self.copy_mode(db) != Some(Mode::WriteAll) || self.copies_missing(node, db) {
            return 0;
        }
        let trip = |replica: &NodeIx| {
            let salt = |label: crate::ids::Sym| label.0 ^ u32::from(replica.0) << 24;
            let there = DrawKey { node: *replica, salt: salt(self.plan.words.copy), ..key };
            let back = DrawKey { node, salt: salt(self.plan.words.copied), ..key };
            let work = DrawKey { node: *replica, ..key };
            self.delay(node, *replica, Purpose::Delay, there)
                + self.service_time(*replica, work)
                + self.delay(*replica, node, Purpose::Delay, back)
        };
        cqrs::replicas_of(&self.plan, db).iter().map(trip).max().unwrap_or(0)
    }
}

impl World {
    /// A replica goes back to its rows at the start, and takes in again what came since: every record
    /// from the first, or a new copy. Where it writes with its primary there is nothing to take in
    /// again, and nothing is dropped.
    pub(in crate::world) fn rebuild(
        &mut self,
        fault: FaultIx,
        node: NodeIx,
        cause: Option<EventIx>,
        sink: &mut dyn Sink,
    ) -> Result<(), Impossible> {
        let own = self.plan.cast.nodes[node.ix()].db;
        let (Some(db), true) = (own, self.is_up(node)) else { return Err(Impossible::Down) };
        let primary = self.plan.cast.dbs[db.ix()].replica_of;
        let mode = primary.and_then(|primary| self.copy_mode(primary));
        let mut handler = Handler::new(self, sink, node, cause, None);
        handler.emit(EventKind::FaultBegan { fault });
        handler.begin();
        if handler.world.is_up(node) && mode.is_some_and(|mode| mode != Mode::WriteAll) {
            handler.go_back_to_start(db);
        }
        handler.finish();
        match (mode, primary) {
            (Some(Mode::EventDriven), Some(primary)) => {
                let partitions: Vec<_> = self
                    .broker
                    .partitions()
                    .filter(|(topic, _, _)| self.plan.changes[primary.ix()] == Some(*topic))
                    .map(|(topic, partition, _)| (topic, partition))
                    .collect();
                for (topic, partition) in partitions {
                    let broker = Rc::make_mut(&mut self.broker);
                    let group = broker.partition_mut(topic, partition).group_mut(node);
                    group.go_back(0);
                    group.committed = 0;
                    self.retry_record_at(self.now, topic, partition);
                }
            }
            (Some(Mode::CopyAtEachWrite), Some(primary)) => {
                let host = self.plan.cast.dbs[primary.ix()].node;
                if self.is_up(host) {
                    let mut handler = Handler::new(self, sink, host, cause, None);
                    let read = handler.world.parts.read;
                    let out =
                        handler.call_read(|cx, state, out| read.on_commit(cx, state, primary, out));
                    handler.run(out);
                    handler.finish();
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Handler<'_> {
    fn go_back_to_start(&mut self, db: DbIx) {
        let plan = Rc::clone(&self.world.plan);
        let database = Rc::make_mut(&mut self.world.dbs[db.ix()]);
        let start = &plan.cast.dbs[db.ix()].rows;
        let at_start = |key: &Key| {
            let found = start.binary_search_by_key(key, |(key, _)| *key);
            found.ok().map(|at| start[at].1.clone())
        };
        let mut changes: Vec<RowChange> = database
            .rows()
            .map(|(key, row)| (*key, Some(row.clone()), at_start(key)))
            .filter(|(_, before, after)| before != after)
            .map(|(key, before, after)| RowChange { key, before, after })
            .collect();
        let gone = start.iter().filter(|(key, _)| database.row(key).is_none());
        changes.extend(gone.map(|(key, row)| RowChange {
            key: *key,
            before: None,
            after: Some(row.clone()),
        }));
        if !changes.is_empty() {
            let record = LogRecord::Commit {
                changes: changes.clone(),
                effects: Vec::new(),
                inbox: Vec::new(),
                outbox: Vec::new(),
            };
            let log_records = record.count();
            database.write(record, true);
            self.emit(EventKind::Committed {
                db,
                changes,
                effects: Vec::new(),
                outbox: Vec::new(),
                inbox: false,
                log_records,
                forced: 1,
            });
            self.point(false);
        }
    }

    /// The record of a commit that is about to change these rows, for the outbox.
    pub(in crate::world) fn change_record(
        &self,
        db: DbIx,
        (txn, step): (Option<TxnId>, Option<(StepIx, Direction)>),
        changes: &[RowChange],
    ) -> Option<RecordBody> {
        if changes.is_empty() || self.world.copy_mode(db) != Some(Mode::EventDriven) {
            return None;
        }
        let number = self.world.dbs[db.ix()].commits()? + 1;
        let (step, _) = step.unwrap_or_default();
        cqrs_event_driven::record(&self.world.plan, db, txn.unwrap_or_default(), step, number)
    }

    /// A commit of a primary was written and told: it is counted, and where the replicas are part of
    /// it, they write it too. Nothing can fall between the two.
    pub(in crate::world) fn copy_at_once(
        &mut self,
        db: DbIx,
        txn: Option<TxnId>,
        changes: &[RowChange],
        record: Option<RecordBody>,
    ) -> Option<Copying> {
        if changes.is_empty() {
            return None;
        }
        let mode = self.world.copy_mode(db)?;
        let database = Rc::make_mut(&mut self.world.dbs[db.ix()]);
        let rows = database.count_commit(txn.unwrap_or_default(), changes)?;
        if mode == Mode::WriteAll {
            let plan = Rc::clone(&self.world.plan);
            let writes = cqrs_write_all::writes(&plan, &rows);
            for replica in cqrs::replicas_of(&plan, db) {
                let Some(copy) = plan.cast.nodes[replica.ix()].db else { continue };
                let database = Rc::make_mut(&mut self.world.dbs[copy.ix()]);
                let changes: Vec<RowChange> = writes
                    .iter()
                    .map(|write| RowChange {
                        key: write.key,
                        before: database.row(&write.key).cloned(),
                        after: write.row.clone(),
                    })
                    .collect();
                let record = LogRecord::Commit {
                    changes: changes.clone(),
                    effects: Vec::new(),
                    inbox: Vec::new(),
                    outbox: Vec::new(),
                };
                let log_records = record.count();
                database.write(record, true);
                let kind = EventKind::Committed {
                    db: copy,
                    changes,
                    effects: Vec::new(),
                    outbox: Vec::new(),
                    inbox: false,
                    log_records,
                    forced: 1,
                };
                self.emit_at(*replica, self.about, kind);
            }
        }
        Some(Copying { mode, rows, record })
    }

    /// Passes a commit on to replicas that are not part of it. The database does it, whatever becomes
    /// of the reply to the handler.
    pub(in crate::world) fn pass_on(&mut self, db: DbIx, copying: Option<Copying>) {
        let Some(Copying { mode, rows, record }) = copying else { return };
        if self.is_crashed() || rows.is_empty() {
            return;
        }
        let before = self.broken.take();
        match mode {
            Mode::WriteAll => {}
            Mode::CopyAtEachWrite => {
                let read = self.world.parts.read;
                let out = self.call_read(|cx, state, out| read.on_commit(cx, state, db, out));
                self.run(out);
            }
            Mode::EventDriven => {
                // What cannot be published from memory is lost.
                if let Some(record) = record
                    && self.world.reaches_broker(self.node)
                {
                    self.publish(record, None);
                }
            }
        }
        if self.broken != Some(Broken::Crashed) {
            self.broken = self.broken.or(before);
        }
    }
}
