//! Where what stands in a trace: built once, grown with the trace, asked by the other views.

use std::collections::{BTreeMap, VecDeque};

use crate::cast::Cast;
use crate::event::{Event, EventKind, Shape};
use crate::ids::{
    DbIx, Direction, EventIx, FaultIx, FlowIx, Micros, MsgId, NodeIx, PartitionIx, StepIx, Sym,
    TopicIx, TxnId,
};
use crate::trace::Trace;
use crate::value::Key;

/// What a trace holds of one transaction.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TxnTrack {
    /// Its flow.
    pub flow: FlowIx,
    /// Its [`EventKind::Started`].
    pub started: Option<EventIx>,
    /// All its events in order.
    pub events: Vec<EventIx>,
}

/// What became of one message.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MsgTrack {
    /// The event that put it on the network: [`EventKind::Sent`], or [`EventKind::Duplicated`] for a copy.
    pub left: EventIx,
    /// The [`EventKind::Sent`] that it or its original left with.
    pub sent: EventIx,
    /// When it reached its target's queue.
    pub arrived: Option<EventIx>,
    /// When a worker began with it.
    pub started: Option<EventIx>,
    /// When it was handled.
    pub handled: Option<EventIx>,
    /// When it was lost.
    pub dropped: Option<EventIx>,
}

/// One delivery of a record to one consumer; a record can be delivered again.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Delivery {
    /// The consumer.
    pub node: NodeIx,
    /// When the record reached its queue.
    pub fetched: Option<EventIx>,
    /// When a worker began with it.
    pub started: Option<EventIx>,
    /// When it was handled.
    pub handled: Option<EventIx>,
    /// Whether this consumer group had handled it before.
    pub again: bool,
    /// When the consumer committed an offset behind it.
    pub committed: Option<EventIx>,
    /// When it was set aside as a dead letter.
    pub dead: Option<EventIx>,
}

/// What became of one record.
#[derive(Clone, PartialEq, Debug)]
pub struct RecordTrack {
    /// The event that published it.
    pub published: EventIx,
    /// Who published it.
    pub publisher: NodeIx,
    /// When.
    pub at: Micros,
    /// Its name.
    pub label: Sym,
    /// Its shape.
    pub shape: Shape,
    /// Its transaction.
    pub txn: Option<TxnId>,
    /// Whether an outbox's relay published it.
    pub relayed: bool,
    /// Its deliveries in the order of their first events.
    pub deliveries: Vec<Delivery>,
}

/// A time in which a node was down.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Down {
    /// The crash.
    pub crashed: EventIx,
    /// Its time.
    pub from: Micros,
    /// The restart, where the trace has it.
    pub restarted: Option<EventIx>,
    /// Its time.
    pub until: Option<Micros>,
    /// The fault of the document that did it.
    pub fault: Option<FaultIx>,
}

/// A time in which a fault other than a crash was active.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FaultSpan {
    /// Which.
    pub fault: FaultIx,
    /// The node that it strikes.
    pub node: NodeIx,
    /// Its beginning.
    pub began: EventIx,
    /// The time of that.
    pub from: Micros,
    /// Its end, where the trace has it.
    pub ended: Option<EventIx>,
    /// The time of that.
    pub until: Option<Micros>,
}

/// A piece of work at a node: a message or a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum WorkItem {
    /// A message.
    Message(MsgId),
    /// A record.
    Record(TopicIx, PartitionIx, u32),
}

/// Where what stands in a trace.
#[derive(Clone, PartialEq, Debug)]
pub struct Index {
    len: usize,
    /// The transactions and queries.
    pub txns: BTreeMap<TxnId, TxnTrack>,
    /// The messages, by their numbers.
    pub msgs: BTreeMap<MsgId, MsgTrack>,
    /// The records of each partition, by their offsets.
    pub records: BTreeMap<(TopicIx, PartitionIx), Vec<RecordTrack>>,
    /// When each node was down.
    pub downs: Vec<Vec<Down>>,
    /// When which other fault was active.
    pub faults: Vec<FaultSpan>,
    /// Which events changed a row, in order.
    pub writes: BTreeMap<(DbIx, Key), Vec<EventIx>>,
    /// The commits of each database, in order.
    pub commits: Vec<Vec<EventIx>>,
    /// For each [`EventKind::ServiceStarted`] the work that it began.
    pub served: BTreeMap<EventIx, Served>,
    /// The deadlocks that were found, in order.
    pub deadlocks: Vec<EventIx>,
    /// The waits for locks, in order.
    pub lock_waits: Vec<EventIx>,
    /// Whether any local transaction outlasted its handler: only then are there locks to be seen.
    pub locks_seen: bool,
    /// What waits at each node.
    queues: Vec<VecDeque<Waiting>>,
    /// The messages that left with one [`EventKind::Sent`], where there is more than one.
    copies: BTreeMap<EventIx, Vec<MsgId>>,
}

/// The work that a worker began with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Served {
    /// The event with which it reached the node.
    pub arrived: EventIx,
    /// What it is.
    pub item: WorkItem,
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Waiting {
    arrived: EventIx,
    item: WorkItem,
    txn: Option<TxnId>,
    step: Option<(StepIx, Direction)>,
}

impl Index {
    /// The index of an empty trace.
    #[must_use]
    pub fn new(cast: &Cast) -> Self {
        Self {
            len: 0,
            txns: BTreeMap::new(),
            msgs: BTreeMap::new(),
            records: BTreeMap::new(),
            downs: vec![Vec::new(); cast.nodes.len()],
            faults: Vec::new(),
            writes: BTreeMap::new(),
            commits: vec![Vec::new(); cast.dbs.len()],
            served: BTreeMap::new(),
            deadlocks: Vec::new(),
            lock_waits: Vec::new(),
            locks_seen: false,
            queues: vec![VecDeque::new(); cast.nodes.len()],
            copies: BTreeMap::new(),
        }
    }

    /// How many events were taken in.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no event was taken in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes in the events that the trace has gained since the last call.
    pub fn extend(&mut self, trace: &Trace) {
        while self.len < trace.len() {
            let ix = EventIx(self.len as u32);
            self.take(ix, &trace.events()[self.len]);
            self.len += 1;
        }
    }

    /// The flow of a transaction.
    #[must_use]
    pub fn flow(&self, txn: TxnId) -> FlowIx {
        self.txns.get(&txn).map_or(FlowIx(0), |track| track.flow)
    }

    /// The record at an offset.
    #[must_use]
    pub fn record(
        &self,
        topic: TopicIx,
        partition: PartitionIx,
        offset: u32,
    ) -> Option<&RecordTrack> {
        self.records.get(&(topic, partition))?.get(offset as usize)
    }

    /// The time in which a node was down at an event, the crash included and the restart not.
    #[must_use]
    pub fn down_at(&self, node: NodeIx, event: EventIx) -> Option<&Down> {
        let downs = self.downs.get(node.ix())?;
        let after = downs.partition_point(|down| down.crashed <= event);
        let last = &downs[after.checked_sub(1)?];
        last.restarted.is_none_or(|up| up > event).then_some(last)
    }

    /// The event of a transaction that follows the cursor.
    #[must_use]
    pub fn next_of(&self, txn: TxnId, cursor: EventIx) -> Option<EventIx> {
        let events = &self.txns.get(&txn)?.events;
        events.get(events.partition_point(|event| *event <= cursor)).copied()
    }

    /// The event of a transaction that precedes the cursor.
    #[must_use]
    pub fn previous_of(&self, txn: TxnId, cursor: EventIx) -> Option<EventIx> {
        let events = &self.txns.get(&txn)?.events;
        events[..events.partition_point(|event| *event < cursor)].last().copied()
    }

    fn take(&mut self, ix: EventIx, event: &Event) {
        if let Some(txn) = event.txn {
            self.txns.entry(txn).or_default().events.push(ix);
        }
        match &event.kind {
            EventKind::Started { flow, .. } => {
                if let Some(txn) = event.txn {
                    let track = self.txns.entry(txn).or_default();
                    track.flow = *flow;
                    track.started = Some(ix);
                }
            }
            EventKind::Sent { msg, .. } => {
                self.msgs.insert(*msg, MsgTrack::leaving(ix, ix));
            }
            EventKind::Duplicated { msg, copy, .. } => {
                let sent = self.msgs.get(msg).map_or(ix, |track| track.sent);
                self.msgs.insert(*copy, MsgTrack::leaving(ix, sent));
                self.copies.entry(sent).or_insert_with(|| vec![*msg]).push(*copy);
            }
            EventKind::Dropped { msg, .. } => self.msg(*msg, |track| track.dropped = Some(ix)),
            EventKind::Arrived { msg } => {
                self.msg(*msg, |track| track.arrived = Some(ix));
                self.enqueue(ix, event, WorkItem::Message(*msg));
            }
            EventKind::Handled { msg } => {
                self.settle_twins(event.node, *msg);
                self.msg(*msg, |track| track.handled = Some(ix));
                self.dequeue(event.node, WorkItem::Message(*msg));
            }
            EventKind::ServiceStarted { .. } => self.begin(ix, event),
            EventKind::Crashed { fault, .. } => {
                let down = Down {
                    crashed: ix,
                    from: event.at,
                    restarted: None,
                    until: None,
                    fault: *fault,
                };
                if let Some(downs) = self.downs.get_mut(event.node.ix()) {
                    downs.push(down);
                    self.queues[event.node.ix()].clear();
                }
            }
            EventKind::Restarted { .. } => {
                if let Some(down) =
                    self.downs.get_mut(event.node.ix()).and_then(|downs| downs.last_mut())
                {
                    down.restarted = Some(ix);
                    down.until = Some(event.at);
                }
            }
            EventKind::FaultBegan { fault } => self.faults.push(FaultSpan {
                fault: *fault,
                node: event.node,
                began: ix,
                from: event.at,
                ended: None,
                until: None,
            }),
            EventKind::FaultEnded { fault } => {
                let open = self.faults.iter_mut().rev().find(|span| span.fault == *fault);
                if let Some(span) = open {
                    span.ended = Some(ix);
                    span.until = Some(event.at);
                }
            }
            EventKind::Committed { db, changes, .. } => {
                if let Some(commits) = self.commits.get_mut(db.ix()) {
                    commits.push(ix);
                }
                for change in changes {
                    self.writes.entry((*db, change.key)).or_default().push(ix);
                }
            }
            EventKind::Deadlocked { .. } => self.deadlocks.push(ix),
            EventKind::LockWaited { .. } => {
                self.lock_waits.push(ix);
                self.locks_seen = true;
            }
            EventKind::Wrote { .. } | EventKind::Prepared { .. } => self.locks_seen = true,
            _ => self.take_record(ix, event),
        }
    }

    fn take_record(&mut self, ix: EventIx, event: &Event) {
        match &event.kind {
            EventKind::Published { topic, partition, shape, label, relayed, .. } => {
                self.records.entry((*topic, *partition)).or_default().push(RecordTrack {
                    published: ix,
                    publisher: event.node,
                    at: event.at,
                    label: *label,
                    shape: *shape,
                    txn: event.txn,
                    relayed: *relayed,
                    deliveries: Vec::new(),
                });
            }
            EventKind::Fetched { topic, partition, offset } => {
                self.enqueue(ix, event, WorkItem::Record(*topic, *partition, *offset));
                if let Some(record) = self.record_mut(*topic, *partition, *offset) {
                    record
                        .deliveries
                        .push(Delivery { fetched: Some(ix), ..Delivery::to(event.node) });
                }
            }
            EventKind::Consumed { topic, partition, offset, again } => {
                self.dequeue(event.node, WorkItem::Record(*topic, *partition, *offset));
                let open = self.delivery(*topic, *partition, *offset, event.node);
                if let Some(delivery) = open.filter(|delivery| delivery.handled.is_none()) {
                    delivery.handled = Some(ix);
                    delivery.again = *again;
                } else if let Some(record) = self.record_mut(*topic, *partition, *offset) {
                    let handled = Some(ix);
                    record.deliveries.push(Delivery {
                        handled,
                        again: *again,
                        ..Delivery::to(event.node)
                    });
                }
            }
            EventKind::Revoked { topic, partition, offset } => {
                self.dequeue(event.node, WorkItem::Record(*topic, *partition, *offset));
            }
            EventKind::DeadLettered { topic, partition, offset } => {
                if let Some(delivery) = self.delivery(*topic, *partition, *offset, event.node) {
                    delivery.dead = Some(ix);
                }
            }
            EventKind::OffsetCommitted { topic, partition, next } => {
                let Some(records) = self.records.get_mut(&(*topic, *partition)) else { return };
                let end = records.len().min(*next as usize);
                // Offsets are committed in order, so the ones behind the first committed are too.
                for record in records[..end].iter_mut().rev() {
                    let mut latest = record.deliveries.iter_mut().rev();
                    match latest.find(|delivery| delivery.node == event.node) {
                        Some(delivery) if delivery.committed.is_some() => break,
                        Some(delivery) => delivery.committed = Some(ix),
                        None => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn enqueue(&mut self, ix: EventIx, event: &Event, item: WorkItem) {
        if let Some(queue) = self.queues.get_mut(event.node.ix()) {
            queue.push_back(Waiting { arrived: ix, item, txn: event.txn, step: event.step });
        }
    }

    /// Copies are interchangeable: a handler may name one while its node was at another. The one
    /// that was served first, or has arrived, then becomes the one that is named.
    fn settle_twins(&mut self, node: NodeIx, msg: MsgId) {
        let Some(named) = self.msgs.get(&msg).copied() else { return };
        let Some(copies) = self.copies.get(&named.sent) else { return };
        let left = copies.iter().filter_map(|id| Some((*id, *self.msgs.get(id)?)));
        let left = left.filter(|(_, of)| of.handled.is_none() && of.dropped.is_none());
        // `None` comes first in the order, so what has not begun or arrived is put last.
        let first = left.min_by_key(|(id, of)| {
            let begun = of.started.or(of.arrived);
            (of.started.is_none(), begun.is_none(), begun, *id != msg)
        });
        let Some((at_hand, of)) = first.filter(|(id, _)| *id != msg) else { return };
        let (arrived, started) = (named.arrived, named.started);
        self.msg(msg, |track| (track.arrived, track.started) = (of.arrived, of.started));
        self.msg(at_hand, |track| (track.arrived, track.started) = (arrived, started));
        let Some(queue) = self.queues.get_mut(node.ix()) else { return };
        for waiting in queue.iter_mut() {
            if waiting.item == WorkItem::Message(msg) {
                waiting.item = WorkItem::Message(at_hand);
            } else if waiting.item == WorkItem::Message(at_hand) {
                waiting.item = WorkItem::Message(msg);
            }
        }
        for served in of.started.iter().chain(&started) {
            if let Some(served) = self.served.get_mut(served) {
                let other = if served.item == WorkItem::Message(msg) { at_hand } else { msg };
                served.item = WorkItem::Message(other);
            }
        }
    }

    /// Takes work that was handled without a service of its own out of its queue.
    fn dequeue(&mut self, node: NodeIx, item: WorkItem) {
        if let Some(queue) = self.queues.get_mut(node.ix())
            && let Some(at) = queue.iter().position(|waiting| waiting.item == item)
        {
            queue.remove(at);
        }
    }

    /// A worker begins with the oldest piece of work of the event's transaction and step.
    fn begin(&mut self, ix: EventIx, event: &Event) {
        let Some(queue) = self.queues.get_mut(event.node.ix()) else { return };
        let same = |of: &Waiting| of.txn == event.txn && of.step == event.step;
        let Some(at) = queue.iter().position(same) else { return };
        let Some(Waiting { arrived, item, .. }) = queue.remove(at) else { return };
        self.served.insert(ix, Served { arrived, item });
        match item {
            WorkItem::Message(msg) => self.msg(msg, |track| track.started = Some(ix)),
            WorkItem::Record(topic, partition, offset) => {
                if let Some(delivery) = self.delivery(topic, partition, offset, event.node) {
                    delivery.started = Some(ix);
                }
            }
        }
    }

    fn msg(&mut self, msg: MsgId, change: impl FnOnce(&mut MsgTrack)) {
        if let Some(track) = self.msgs.get_mut(&msg) {
            change(track);
        }
    }

    fn record_mut(
        &mut self,
        topic: TopicIx,
        partition: PartitionIx,
        offset: u32,
    ) -> Option<&mut RecordTrack> {
        self.records.get_mut(&(topic, partition))?.get_mut(offset as usize)
    }

    /// The last delivery of a record to a node.
    fn delivery(
        &mut self,
        topic: TopicIx,
        partition: PartitionIx,
        offset: u32,
        node: NodeIx,
    ) -> Option<&mut Delivery> {
        let record = self.record_mut(topic, partition, offset)?;
        record.deliveries.iter_mut().rev().find(|delivery| delivery.node == node)
    }
}

impl MsgTrack {
    fn leaving(left: EventIx, sent: EventIx) -> Self {
        Self { left, sent, arrived: None, started: None, handled: None, dropped: None }
    }
}

impl Delivery {
    fn to(node: NodeIx) -> Self {
        Self {
            node,
            fetched: None,
            started: None,
            handled: None,
            again: false,
            committed: None,
            dead: None,
        }
    }
}

/// The last event at or before a time; `None` before the first. Times of a trace never fall.
#[must_use]
pub fn event_at(trace: &Trace, at: Micros) -> Option<EventIx> {
    let after = trace.events().partition_point(|event| event.at <= at);
    after.checked_sub(1).map(|ix| EventIx(ix as u32))
}
