//! One event more: how a frame follows from the frame before it.

use std::rc::Rc;

use crate::cast::Cast;
use crate::event::{Event, EventKind, LostRecord, Outcome, Shape};
use crate::ids::{DbIx, Direction, EventIx, NodeIx, StepRef, Sym, TopicIx, TxnId};
use crate::trace::Trace;
use crate::views::index::WorkItem;

use super::{
    DbFrame, FaultFrame, Frame, NodeFrame, OutboxFrame, Queued, SessionFrame, StepFrame,
    TimerFrame, TxnFrame, TxnState, Work,
};

impl Frame {
    /// Takes in one event. [`Frame::settle`] must follow before anybody looks.
    pub(super) fn take(&mut self, cast: &Cast, trace: &Trace, ix: EventIx) {
        let Some(event) = trace.get(ix) else { return };
        self.cursor = Some(ix);
        self.at = event.at;
        self.step_no = event.step_no;
        self.acting = in_handler(&event.kind).then_some(event.node);
        if let Some(node) = self.nodes.get_mut(event.node.ix()) {
            node.last = Some(ix);
        }
        self.take_txn(cast, ix, event);
        match &event.kind {
            EventKind::Sent { .. }
            | EventKind::Duplicated { .. }
            | EventKind::Dropped { .. }
            | EventKind::Arrived { .. }
            | EventKind::Handled { .. } => self.take_message(ix, event),
            EventKind::Fetched { .. }
            | EventKind::Consumed { .. }
            | EventKind::OffsetCommitted { .. }
            | EventKind::DeadLettered { .. }
            | EventKind::Revoked { .. }
            | EventKind::Published { .. } => self.take_record(cast, ix, event),
            EventKind::Rebalanced { .. } => self.rebalance(cast, event),
            EventKind::CommitRefused { .. } => {}
            EventKind::Committed { db, .. } => {
                self.take_db(ix, event);
                self.take_session(*db, ix, event);
            }
            EventKind::OutboxMarked { .. } => self.take_db(ix, event),
            EventKind::ServiceStarted { until } => self.begin_work(ix, event, *until),
            EventKind::TimerArmed { label, due } => {
                let spot = (event.node, *label, event.txn, event.step);
                let timer = TimerFrame { armed: ix, from: event.at, due: *due };
                if !self.timers.contains_key(&spot)
                    && let Some(node) = self.nodes.get_mut(event.node.ix())
                {
                    node.timers += 1;
                }
                self.timers.insert_mut(spot, timer);
            }
            EventKind::TimerFired { label } => {
                self.counters.timers_fired += 1;
                self.disarm(&[(event.node, *label, event.txn, event.step)]);
            }
            EventKind::TimerCancelled { label } => {
                self.disarm(&[(event.node, *label, event.txn, event.step)]);
            }
            EventKind::Crashed { lost, fault } => {
                self.crash(cast, ix, event, lost);
                self.faults.push(FaultFrame {
                    fault: *fault,
                    node: event.node,
                    crash: true,
                    began: ix,
                    from: event.at,
                    until: None,
                });
            }
            EventKind::Restarted { .. } => self.restart(event),
            EventKind::FaultBegan { fault } => self.faults.push(FaultFrame {
                fault: Some(*fault),
                node: event.node,
                crash: false,
                began: ix,
                from: event.at,
                until: None,
            }),
            EventKind::FaultEnded { fault } => {
                self.faults.retain(|active| active.crash || active.fault != Some(*fault));
            }
            EventKind::InboxHit { .. } => self.counters.inbox_hits += 1,
            EventKind::Wrote { db, .. }
            | EventKind::LockWaited { db, .. }
            | EventKind::LockGranted { db }
            | EventKind::Deadlocked { db, .. }
            | EventKind::RolledBack { db, .. }
            | EventKind::Prepared { db, .. } => self.take_session(*db, ix, event),
            EventKind::Started { .. }
            | EventKind::Acknowledged { .. }
            | EventKind::Ended { .. }
            | EventKind::QueryStarted { .. }
            | EventKind::QueryAnswered { .. }
            | EventKind::Refused { .. }
            | EventKind::Read { .. }
            | EventKind::Ignored
            | EventKind::Appended { .. }
            | EventKind::Snapshotted { .. }
            | EventKind::ReplyLost
            | EventKind::Stuck { .. } => {}
            EventKind::Decided { .. } => self.decided(event),
        }
    }

    fn take_txn(&mut self, cast: &Cast, ix: EventIx, event: &Event) {
        let Some(txn) = event.txn else { return };
        if let EventKind::Started { flow, .. } = &event.kind {
            let steps = cast.flows.get(flow.ix()).map_or(0, |info| info.steps.len());
            let started = TxnFrame {
                flow: *flow,
                state: TxnState::Running,
                started: ix,
                started_at: event.at,
                acknowledged: None,
                ended: None,
                ended_at: None,
                reason: None,
                stuck: None,
                decided: None,
                steps: vec![StepFrame::default(); steps],
                last: ix,
            };
            self.counters.started += 1;
            self.txns.insert_mut(txn, Rc::new(started));
            self.open.insert_mut(txn);
            return;
        }
        let Some(shared) = self.txns.get_mut(&txn) else { return };
        let frame = Rc::make_mut(shared);
        frame.last = ix;
        let moving = matches!(frame.state, TxnState::Running | TxnState::Acknowledged);
        match &event.kind {
            EventKind::Acknowledged { .. } => {
                frame.acknowledged = Some(ix);
                if frame.state == TxnState::Running {
                    frame.state = TxnState::Acknowledged;
                }
            }
            EventKind::Ended { outcome, reason } => {
                frame.ended = Some(ix);
                frame.ended_at = Some(event.at);
                frame.reason = reason.or(frame.reason);
                frame.state = TxnState::Ended(*outcome);
                match outcome {
                    Outcome::Committed => self.counters.committed += 1,
                    Outcome::Aborted => self.counters.aborted += 1,
                    Outcome::Unknown => self.counters.unknown += 1,
                }
                self.open.remove_mut(&txn);
                for node in self.nodes.iter_mut().filter(|node| !node.stuck.is_empty()) {
                    node.stuck.retain(|stuck| *stuck != txn);
                }
            }
            EventKind::Stuck { reason } => {
                frame.stuck = Some(ix);
                frame.reason = reason.or(frame.reason);
                frame.state = TxnState::Stuck;
                self.counters.stuck += 1;
                self.open.insert_mut(txn);
                if let Some(node) = self.nodes.get_mut(event.node.ix())
                    && !node.stuck.contains(&txn)
                {
                    node.stuck.push(txn);
                }
            }
            EventKind::Decided { forward } => {
                frame.decided = Some((ix, *forward));
                if !forward && moving {
                    frame.state = TxnState::Compensating;
                }
            }
            EventKind::Refused { .. } => {
                self.counters.refused += 1;
                if let Some((step, Direction::Do)) = event.step
                    && let Some(step) = frame.steps.get_mut(step.ix())
                {
                    step.refused = Some(ix);
                }
            }
            EventKind::Sent { shape: Shape::Compensation, .. }
            | EventKind::Published { shape: Shape::Compensation, .. }
                if moving =>
            {
                frame.state = TxnState::Compensating;
            }
            EventKind::Committed { effects, .. }
                if moving
                    && effects.iter().any(|of| of.txn == txn && of.dir == Direction::Undo) =>
            {
                frame.state = TxnState::Compensating;
            }
            _ => {}
        }
    }

    fn take_record(&mut self, cast: &Cast, ix: EventIx, event: &Event) {
        let (topic, partition) = match &event.kind {
            EventKind::Fetched { topic, partition, offset } => {
                self.enqueue(ix, event, WorkItem::Record(*topic, *partition, *offset));
                return;
            }
            EventKind::Revoked { topic, partition, offset } => {
                if let Some(node) = self.nodes.get_mut(event.node.ix()) {
                    node.done_with(WorkItem::Record(*topic, *partition, *offset));
                }
                return;
            }
            EventKind::Consumed { topic, partition, .. }
            | EventKind::OffsetCommitted { topic, partition, .. }
            | EventKind::DeadLettered { topic, partition, .. }
            | EventKind::Published { topic, partition, .. } => (*topic, *partition),
            _ => return,
        };
        let found = self
            .partitions
            .binary_search_by_key(&(topic, partition), |frame| (frame.topic, frame.partition));
        let Ok(at) = found else { return };
        let service = cast.service_of(event.node);
        let is_expelled = self.is_expelled(event.node);
        let frame = &mut self.partitions[at];
        // What one does that was given up says nothing about how far its group has come.
        let mut of_group = frame.consumers.iter_mut().filter(|_| !is_expelled);
        let consumer = of_group.find(|consumer| consumer.node == service);
        match &event.kind {
            EventKind::Published { offset, label, relayed, .. } => {
                self.counters.published += 1;
                frame.high_water = frame.high_water.max(offset + 1);
                frame.last = Some(ix);
                if *relayed
                    && let Some(db) = cast.nodes.get(service.ix()).and_then(|info| info.db)
                    && let Some(db) = self.dbs.get_mut(db.ix())
                    && let Some(spot) = db.oldest_unsent(topic, *label)
                    && let Some(entry) = db.outbox.get_mut(&spot)
                {
                    entry.published = Some(ix);
                }
            }
            EventKind::Consumed { offset, again, .. } => {
                self.counters.consumed += 1;
                self.counters.redelivered += u64::from(*again);
                if let Some(consumer) = consumer {
                    consumer.position = offset + 1;
                }
                if let Some(node) = self.nodes.get_mut(event.node.ix()) {
                    node.done_with(WorkItem::Record(topic, partition, *offset));
                }
                self.answered(event);
            }
            EventKind::OffsetCommitted { next, .. } => {
                if let Some(consumer) = consumer {
                    consumer.committed = *next;
                    consumer.position = consumer.position.max(*next);
                }
            }
            EventKind::DeadLettered { offset, .. } => {
                self.counters.dead_lettered += 1;
                if let Some(consumer) = consumer {
                    consumer.dead += 1;
                    consumer.position = consumer.position.max(offset + 1);
                }
                if let Some(node) = self.nodes.get_mut(event.node.ix()) {
                    node.done_with(WorkItem::Record(topic, partition, *offset));
                }
            }
            _ => {}
        }
    }

    fn take_db(&mut self, ix: EventIx, event: &Event) {
        match &event.kind {
            EventKind::Committed { db, changes, effects, outbox, inbox, log_records, forced } => {
                for of in effects {
                    self.count_effect(*of, Some(ix));
                }
                self.counters.local_commits += 1;
                self.counters.log_records += u64::from(*log_records);
                self.counters.forced += u64::from(*forced);
                let Some(db) = self.dbs.get_mut(db.ix()) else { return };
                for change in changes {
                    let row = super::RowFrame {
                        row: change.after.clone(),
                        before: change.before.clone(),
                        changed: Some(ix),
                    };
                    db.rows.insert_mut(change.key, row);
                }
                for (place, entry) in outbox.iter().enumerate() {
                    let stored = OutboxFrame {
                        txn: event.txn,
                        topic: entry.topic,
                        label: entry.label,
                        stored: ix,
                        published: None,
                    };
                    db.outbox.insert_mut((ix, place as u8), stored);
                }
                db.inbox += u64::from(*inbox);
                db.commits += 1;
                db.log_records += u64::from(*log_records);
                db.forced += u64::from(*forced);
                db.last = Some(ix);
                if *forced > 0 {
                    // Forcing a log forces all that stands before.
                    db.marked.clear();
                }
            }
            EventKind::OutboxMarked { db } => {
                let Some(db) = self.dbs.get_mut(db.ix()) else { return };
                let first = db.outbox.first().map(|(spot, entry)| (*spot, *entry));
                if let Some((spot, entry)) = first {
                    db.outbox.remove_mut(&spot);
                    db.marked.push((spot, entry));
                }
                db.log_records += 1;
                self.counters.log_records += 1;
            }
            _ => {}
        }
    }

    /// Adds an effect to its transaction's ledger, or takes the last of its kind away.
    fn count_effect(&mut self, of: StepRef, by: Option<EventIx>) {
        let Some(shared) = self.txns.get_mut(&of.txn) else { return };
        let Some(step) = Rc::make_mut(shared).steps.get_mut(of.step.ix()) else { return };
        let (last, times) = match of.dir {
            Direction::Do => (&mut step.done, &mut step.done_times),
            Direction::Undo => (&mut step.undone, &mut step.undone_times),
        };
        match by {
            Some(ix) => {
                *last = Some(ix);
                *times = times.saturating_add(1);
                self.counters.undone += u64::from(of.dir == Direction::Undo);
            }
            None => {
                *times = times.saturating_sub(1);
                if *times == 0 {
                    *last = None;
                }
            }
        }
    }

    /// A worker begins with the oldest piece of work of the event's transaction and step.
    fn begin_work(&mut self, ix: EventIx, event: &Event, until: u64) {
        let Some(node) = self.nodes.get_mut(event.node.ix()) else { return };
        let same = |queued: &Queued| queued.txn == event.txn && queued.step == event.step;
        let arrival = node.queue.iter().find(|(_, queued)| same(queued)).map(|(at, _)| *at);
        let item = arrival.and_then(|at| node.queue.get(&at)).map(|queued| queued.item);
        if let Some(at) = arrival {
            node.queue.remove_mut(&at);
        }
        node.work.push(Work {
            item,
            txn: event.txn,
            step: event.step,
            began: ix,
            from: event.at,
            until,
        });
    }

    pub(super) fn enqueue(&mut self, ix: EventIx, event: &Event, item: WorkItem) {
        if let Some(node) = self.nodes.get_mut(event.node.ix()) {
            let (txn, step, since) = (event.txn, event.step, event.at);
            node.queue.insert_mut(ix, Queued { item, txn, step, since });
        }
    }

    /// An answer about a step disarms the timers that waited for it.
    pub(super) fn answered(&mut self, event: &Event) {
        let none_armed = self.nodes.get(event.node.ix()).is_none_or(|node| node.timers == 0);
        if none_armed || event.txn.is_none() {
            return;
        }
        let (node, txn, step) = (event.node, event.txn, event.step);
        let met: Vec<_> = self
            .timers
            .keys()
            .filter(|spot| spot.0 == node && spot.2 == txn && (spot.3 == step || step.is_none()))
            .copied()
            .collect();
        self.disarm(&met);
    }

    pub(super) fn disarm(&mut self, spots: &[super::TimerSpot]) {
        for spot in spots {
            if self.timers.remove_mut(spot)
                && let Some(node) = self.nodes.get_mut(spot.0.ix())
            {
                node.timers = node.timers.saturating_sub(1);
            }
        }
    }

    fn crash(&mut self, cast: &Cast, ix: EventIx, event: &Event, lost: &[LostRecord]) {
        self.counters.crashes += 1;
        let here = event.node;
        if let Some(node) = self.nodes.get_mut(here.ix()) {
            node.down = Some(ix);
            node.since = event.at;
            node.work.clear();
            node.queue = rpds::RedBlackTreeMap::new();
        }
        let armed: Vec<_> = self.timers.keys().filter(|spot| spot.0 == here).copied().collect();
        self.disarm(&armed);
        for partition in &mut self.partitions {
            for consumer in
                partition.consumers.iter_mut().filter(|group| group.reader == Some(here))
            {
                consumer.position = consumer.committed;
            }
        }
        let hosted = cast.nodes.get(here.ix()).and_then(|info| info.db);
        // Promises survive; every other open local transaction of the node or its database is gone.
        let lost_sessions: Vec<_> = self
            .sessions
            .iter()
            .filter(|((db, _), session)| {
                session.prepared.is_none() && (session.node == here || Some(*db) == hosted)
            })
            .map(|(spot, _)| *spot)
            .collect();
        for spot in lost_sessions {
            self.sessions.remove_mut(&spot);
        }
        if let Some(db) = hosted {
            self.lose_log(db.ix(), here, ix, lost);
        }
    }

    /// Takes back what stood in the lost end of a log, the last record first.
    fn lose_log(&mut self, db: usize, node: NodeIx, crash: EventIx, lost: &[LostRecord]) {
        for record in lost {
            let Some(frame) = self.dbs.get_mut(db) else { return };
            match record {
                LostRecord::OutboxMark => {
                    if let Some((spot, entry)) = frame.marked.pop() {
                        frame.outbox.insert_mut(spot, entry);
                    }
                }
                LostRecord::Commit { changes, effects, in_doubt } => {
                    for change in changes {
                        let row = super::RowFrame {
                            row: change.before.clone(),
                            before: change.after.clone(),
                            changed: Some(crash),
                        };
                        frame.rows.insert_mut(change.key, row);
                    }
                    if let (true, Some(of)) = (*in_doubt, effects.first()) {
                        let session = SessionFrame {
                            node,
                            since: crash,
                            wrote: changes.clone(),
                            waits: None,
                            prepared: Some(crash),
                        };
                        self.sessions.insert_mut((DbIx(db as u8), of.txn), session);
                    }
                    for of in effects {
                        self.count_effect(*of, None);
                    }
                }
                // Promises are forced; one that was ended is open again, and shows when it is heard
                // of next.
                LostRecord::Promise(_) | LostRecord::Abort(_) => {}
            }
        }
        // What a crash did not take is durable from here on.
        if let Some(frame) = self.dbs.get_mut(db) {
            frame.marked.clear();
        }
    }

    fn restart(&mut self, event: &Event) {
        self.counters.restarts += 1;
        if let Some(node) = self.nodes.get_mut(event.node.ix()) {
            node.down = None;
            node.since = event.at;
        }
        self.faults.retain(|active| !active.crash || active.node != event.node);
    }

    /// The transactions that a person may want to follow at this moment, the open ones first.
    pub fn open_txns(&self) -> impl Iterator<Item = (TxnId, &TxnFrame)> {
        self.open.iter().filter_map(|txn| Some((*txn, self.txn(*txn)?)))
    }
}

impl DbFrame {
    fn oldest_unsent(&self, topic: TopicIx, label: Sym) -> Option<(EventIx, u8)> {
        let mut entries = self.outbox.iter();
        entries
            .find(|(_, entry)| entry.topic == topic && entry.label == label)
            .map(|(spot, _)| *spot)
    }
}

impl NodeFrame {
    pub(super) fn done_with(&mut self, item: WorkItem) {
        self.work.retain(|work| work.item != Some(item));
        let waiting = self.queue.iter().find(|(_, queued)| queued.item == item);
        if let Some(at) = waiting.map(|(at, _)| *at) {
            self.queue.remove_mut(&at);
        }
    }
}

/// Whether a node that shows this event is in the middle of a handler.
fn in_handler(kind: &EventKind) -> bool {
    match kind {
        EventKind::Handled { .. }
        | EventKind::Consumed { .. }
        | EventKind::OffsetCommitted { .. }
        | EventKind::CommitRefused { .. }
        | EventKind::Published { .. }
        | EventKind::Committed { .. }
        | EventKind::Refused { .. }
        | EventKind::InboxHit { .. }
        | EventKind::OutboxMarked { .. }
        | EventKind::Read { .. }
        | EventKind::Wrote { .. }
        | EventKind::LockWaited { .. }
        | EventKind::LockGranted { .. }
        | EventKind::Deadlocked { .. }
        | EventKind::RolledBack { .. }
        | EventKind::Prepared { .. }
        | EventKind::Appended { .. }
        | EventKind::Snapshotted { .. }
        | EventKind::Ignored
        | EventKind::TimerFired { .. }
        | EventKind::TimerCancelled { .. }
        | EventKind::Sent { .. }
        | EventKind::TimerArmed { .. }
        | EventKind::Decided { .. } => true,
        EventKind::Started { .. }
        | EventKind::Acknowledged { .. }
        | EventKind::Ended { .. }
        | EventKind::QueryStarted { .. }
        | EventKind::QueryAnswered { .. }
        | EventKind::Duplicated { .. }
        | EventKind::Dropped { .. }
        | EventKind::Arrived { .. }
        | EventKind::Fetched { .. }
        | EventKind::ServiceStarted { .. }
        | EventKind::DeadLettered { .. }
        | EventKind::ReplyLost
        | EventKind::Crashed { .. }
        | EventKind::Restarted { .. }
        | EventKind::FaultBegan { .. }
        | EventKind::FaultEnded { .. }
        | EventKind::Rebalanced { .. }
        | EventKind::Revoked { .. }
        | EventKind::Stuck { .. } => false,
    }
}
