//! The frame: the moment right after an event.
//!
//! A frame is folded from the events before it. [`Frames`] keeps one every [`EVERY`] events, so
//! that any moment of a long run is at most so many events away; what grows with the run (rows,
//! transactions) is kept in maps that share what did not change, so keeping a frame is cheap.
//! The contents of topics are not here, see [`super::topics`].

use std::rc::Rc;

use rpds::{RedBlackTreeMap, RedBlackTreeSet};

use crate::cast::{Cast, NodeKind};
use crate::event::{Outcome, Shape};
use crate::ids::{
    Direction, EventIx, FaultIx, FlowIx, Micros, MsgId, NodeIx, PartitionIx, StepIx, Sym, TopicIx,
    TxnId,
};
use crate::trace::Trace;
use crate::value::{Key, Row};

use super::index::{Index, WorkItem};

mod fold;

/// How many events lie between two kept frames.
pub const EVERY: usize = 512;

/// What a node is doing, in one word on screen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum NodeState {
    /// Nothing.
    #[default]
    Idle,
    /// It serves a step or is in the middle of a handler.
    Working,
    /// Work is queued, or it waits for an answer.
    Waiting,
    /// It undoes a step.
    Compensating,
    /// A transaction is stuck here and waits for a person.
    Stuck,
    /// A participant that voted and does not know the decision.
    InDoubt,
    /// It is down.
    Crashed,
}

impl NodeState {
    /// The word on screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::Compensating => "compensating",
            Self::Stuck => "stuck",
            Self::InDoubt => "in doubt",
            Self::Crashed => "crashed",
        }
    }
}

/// What a worker of a node is serving.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Work {
    /// The message or record; `None` where the trace does not say.
    pub item: Option<WorkItem>,
    /// The transaction.
    pub txn: Option<TxnId>,
    /// Its step.
    pub step: Option<(StepIx, Direction)>,
    /// The event with which service began.
    pub began: EventIx,
    /// The time of that.
    pub from: Micros,
    /// When it will be done.
    pub until: Micros,
}

/// Work that waits in a node's queue.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Queued {
    /// The message or record.
    pub item: WorkItem,
    /// The transaction.
    pub txn: Option<TxnId>,
    /// Its step.
    pub step: Option<(StepIx, Direction)>,
    /// When it arrived.
    pub since: Micros,
}

/// A node at a moment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct NodeFrame {
    /// What it is doing.
    pub state: NodeState,
    /// The crash, where it is down.
    pub down: Option<EventIx>,
    /// Since when it is up or down.
    pub since: Micros,
    /// Where it is down: when it comes back, as far as the trace knows.
    pub back_at: Option<Micros>,
    /// What its workers are serving.
    pub work: Vec<Work>,
    /// What waits, by the event of its arrival.
    pub queue: RedBlackTreeMap<EventIx, Queued>,
    /// How many timers are armed here.
    pub timers: u32,
    /// The transactions that are stuck here.
    pub stuck: Vec<TxnId>,
    /// The last event here.
    pub last: Option<EventIx>,
}

impl NodeFrame {
    /// Whether it is up.
    #[must_use]
    pub fn up(&self) -> bool {
        self.down.is_none()
    }
}

/// A row at a moment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RowFrame {
    /// Its value, `None` where it was deleted.
    pub row: Option<Row>,
    /// Its value before its last change.
    pub before: Option<Row>,
    /// The event of its last change; `None` for an initial row.
    pub changed: Option<EventIx>,
}

/// A message in an outbox.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OutboxFrame {
    /// Its transaction.
    pub txn: Option<TxnId>,
    /// Its topic.
    pub topic: TopicIx,
    /// Its name.
    pub label: Sym,
    /// The commit that stored it.
    pub stored: EventIx,
    /// Where it is published and not yet marked as sent.
    pub published: Option<EventIx>,
}

/// A database at a moment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DbFrame {
    /// Its rows; deleted ones stay, without a value.
    pub rows: RedBlackTreeMap<Key, RowFrame>,
    /// Messages not marked as sent, by the commit that stored them and their place in it.
    pub outbox: RedBlackTreeMap<(EventIx, u8), OutboxFrame>,
    /// Messages that the inbox knows.
    pub inbox: u64,
    /// Local transactions committed.
    pub commits: u64,
    /// Log records written.
    pub log_records: u64,
    /// Forced log writes.
    pub forced: u64,
    /// The last commit.
    pub last: Option<EventIx>,
    /// Messages marked as sent since the log was last forced: a crash can take the marks back.
    pub marked: Vec<((EventIx, u8), OutboxFrame)>,
}

impl DbFrame {
    /// The rows that exist.
    pub fn live(&self) -> impl Iterator<Item = (Key, &Row, &RowFrame)> {
        self.rows.iter().filter_map(|(key, frame)| frame.row.as_ref().map(|row| (*key, row, frame)))
    }
}

/// A message in flight, or arrived and not yet handled.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Flight {
    /// Its sender.
    pub from: NodeIx,
    /// Its target.
    pub to: NodeIx,
    /// Its shape.
    pub shape: Shape,
    /// Its name.
    pub label: Sym,
    /// Its transaction.
    pub txn: Option<TxnId>,
    /// The step that it is about.
    pub step: Option<(StepIx, Direction)>,
    /// Which attempt of the same exchange, from 0.
    pub attempt: u16,
    /// The event that put it on the network.
    pub sent: EventIx,
    /// The time of that.
    pub sent_at: Micros,
    /// When it is due.
    pub due: Micros,
    /// When it reached its target's queue.
    pub arrived: Option<EventIx>,
    /// Of which message it is a copy.
    pub copy_of: Option<MsgId>,
}

/// What identifies an armed timer.
pub type TimerSpot = (NodeIx, Sym, Option<TxnId>, Option<(StepIx, Direction)>);

/// An armed timer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TimerFrame {
    /// The event that armed it.
    pub armed: EventIx,
    /// The time of that.
    pub from: Micros,
    /// When it is due.
    pub due: Micros,
}

/// How far a consumer of a partition has come.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ConsumerFrame {
    /// The consumer.
    pub node: NodeIx,
    /// The next offset that it will handle.
    pub position: u32,
    /// The next offset that it will handle after a restart.
    pub committed: u32,
    /// Records that it set aside as dead letters.
    pub dead: u32,
}

/// A partition of a topic at a moment.
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionFrame {
    /// The topic.
    pub topic: TopicIx,
    /// The partition.
    pub partition: PartitionIx,
    /// How many records it holds: the offset of the next.
    pub high_water: u32,
    /// The last record published.
    pub last: Option<EventIx>,
    /// Its consumers, in the order of the cast.
    pub consumers: Vec<ConsumerFrame>,
}

/// Where a transaction is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TxnState {
    /// It moves forward.
    Running,
    /// Its client has an acknowledgement and it moves on.
    Acknowledged,
    /// What was done is being undone.
    Compensating,
    /// It can neither finish nor be undone.
    Stuck,
    /// It ended.
    Ended(Outcome),
}

impl TxnState {
    /// The word on screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Acknowledged => "acknowledged",
            Self::Compensating => "compensating",
            Self::Stuck => "stuck",
            Self::Ended(Outcome::Committed) => "committed",
            Self::Ended(Outcome::Aborted) => "aborted",
            Self::Ended(Outcome::Unknown) => "outcome unknown",
        }
    }
}

/// A step of a transaction at a moment.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct StepFrame {
    /// The commit that did it last.
    pub done: Option<EventIx>,
    /// How often it was done.
    pub done_times: u16,
    /// The commit that undid it last.
    pub undone: Option<EventIx>,
    /// How often it was undone.
    pub undone_times: u16,
    /// The event that refused it last.
    pub refused: Option<EventIx>,
}

impl StepFrame {
    /// Whether its effect stands: done more often than undone.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.done_times > self.undone_times
    }
}

/// A transaction at a moment.
#[derive(Clone, PartialEq, Debug)]
pub struct TxnFrame {
    /// Its flow.
    pub flow: FlowIx,
    /// Where it is.
    pub state: TxnState,
    /// The event that started it.
    pub started: EventIx,
    /// The time of that.
    pub started_at: Micros,
    /// Its acknowledgement.
    pub acknowledged: Option<EventIx>,
    /// Its end for its client.
    pub ended: Option<EventIx>,
    /// The time of that.
    pub ended_at: Option<Micros>,
    /// The document's word for its refusal.
    pub reason: Option<Sym>,
    /// The event that declared it stuck.
    pub stuck: Option<EventIx>,
    /// The protocol's last decision: the event, and whether it goes forward.
    pub decided: Option<(EventIx, bool)>,
    /// Its steps in the order of the flow.
    pub steps: Vec<StepFrame>,
    /// Its last event.
    pub last: EventIx,
}

/// An active fault.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FaultFrame {
    /// The fault of the document; `None` for a crash by choice.
    pub fault: Option<FaultIx>,
    /// The node that it strikes.
    pub node: NodeIx,
    /// Whether it is a crash.
    pub crash: bool,
    /// Its beginning.
    pub began: EventIx,
    /// The time of that.
    pub from: Micros,
    /// When it ends, as far as the trace knows.
    pub until: Option<Micros>,
}

/// What was counted up to a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Transactions started.
    pub started: u64,
    /// Transactions that ended committed.
    pub committed: u64,
    /// Transactions that ended aborted.
    pub aborted: u64,
    /// Transactions of which the client never learned the outcome.
    pub unknown: u64,
    /// Transactions declared stuck.
    pub stuck: u64,
    /// Messages sent on the network.
    pub sent: u64,
    /// Records published.
    pub published: u64,
    /// Messages handled.
    pub handled: u64,
    /// Records handled.
    pub consumed: u64,
    /// Records handled again.
    pub redelivered: u64,
    /// Messages lost.
    pub dropped: u64,
    /// Messages copied.
    pub duplicated: u64,
    /// Messages that the inbox knew.
    pub inbox_hits: u64,
    /// Records set aside.
    pub dead_lettered: u64,
    /// Local transactions committed.
    pub local_commits: u64,
    /// Local transactions refused.
    pub refused: u64,
    /// Steps undone.
    pub undone: u64,
    /// Log records written.
    pub log_records: u64,
    /// Forced log writes.
    pub forced: u64,
    /// Crashes.
    pub crashes: u64,
    /// Restarts.
    pub restarts: u64,
    /// Timers that fired.
    pub timers_fired: u64,
}

/// The moment right after an event.
#[derive(Clone, PartialEq, Debug)]
pub struct Frame {
    /// The event; `None` before the first.
    pub cursor: Option<EventIx>,
    /// Its time.
    pub at: Micros,
    /// Its choice.
    pub step_no: u32,
    /// Where it happened, where that node is in the middle of a handler.
    pub acting: Option<NodeIx>,
    /// The nodes, as in the cast.
    pub nodes: Vec<NodeFrame>,
    /// The databases, as in the cast.
    pub dbs: Vec<DbFrame>,
    /// The messages in flight or waiting at their targets.
    pub flights: RedBlackTreeMap<MsgId, Flight>,
    /// The armed timers.
    pub timers: RedBlackTreeMap<TimerSpot, TimerFrame>,
    /// The partitions, by topic and number.
    pub partitions: Vec<PartitionFrame>,
    /// The transactions that have started.
    pub txns: RedBlackTreeMap<TxnId, Rc<TxnFrame>>,
    /// Those that have not ended, the stuck ones included.
    pub open: RedBlackTreeSet<TxnId>,
    /// The active faults.
    pub faults: Vec<FaultFrame>,
    /// What was counted.
    pub counters: Counters,
}

impl Frame {
    /// The moment before the first event.
    #[must_use]
    pub fn start(cast: &Cast) -> Self {
        let dbs = cast.dbs.iter().map(|db| {
            let rows = db.rows.iter().map(|(key, row)| {
                (*key, RowFrame { row: Some(row.clone()), before: None, changed: None })
            });
            DbFrame { rows: rows.collect(), ..DbFrame::default() }
        });
        let partitions = cast.topics.iter().enumerate().flat_map(|(topic, info)| {
            (0..info.partitions).map(move |partition| PartitionFrame {
                topic: TopicIx(topic as u8),
                partition: PartitionIx(partition),
                high_water: 0,
                last: None,
                consumers: info
                    .consumers
                    .iter()
                    .map(|node| ConsumerFrame { node: *node, position: 0, committed: 0, dead: 0 })
                    .collect(),
            })
        });
        Self {
            cursor: None,
            at: 0,
            step_no: 0,
            acting: None,
            nodes: vec![NodeFrame::default(); cast.nodes.len()],
            dbs: dbs.collect(),
            flights: RedBlackTreeMap::new(),
            timers: RedBlackTreeMap::new(),
            partitions: partitions.collect(),
            txns: RedBlackTreeMap::new(),
            open: RedBlackTreeSet::new(),
            faults: Vec::new(),
            counters: Counters::default(),
        }
    }

    /// Moves on over the events up to and including `to`; does nothing where it is there already.
    pub fn advance(&mut self, cast: &Cast, trace: &Trace, to: EventIx) {
        let from = self.cursor.map_or(0, |cursor| cursor.ix() + 1);
        let end = trace.len().min(to.ix() + 1);
        for ix in from..end {
            self.take(cast, trace, EventIx(ix as u32));
        }
        self.settle(cast);
    }

    /// Fills in what only later events tell: when a node comes back, when a fault ends.
    pub fn look_ahead(&mut self, index: &Index) {
        for (at, node) in self.nodes.iter_mut().enumerate() {
            node.back_at = node
                .down
                .and_then(|crash| index.down_at(NodeIx(at as u8), crash))
                .and_then(|down| down.until);
        }
        for active in &mut self.faults {
            active.until = if active.crash {
                index.down_at(active.node, active.began).and_then(|down| down.until)
            } else {
                let span = index.faults.iter().find(|span| span.began == active.began);
                span.and_then(|span| span.until)
            };
        }
    }

    /// A partition.
    #[must_use]
    pub fn partition(&self, topic: TopicIx, partition: PartitionIx) -> Option<&PartitionFrame> {
        let at = self
            .partitions
            .binary_search_by_key(&(topic, partition), |frame| (frame.topic, frame.partition));
        at.ok().map(|at| &self.partitions[at])
    }

    /// A transaction.
    #[must_use]
    pub fn txn(&self, txn: TxnId) -> Option<&TxnFrame> {
        self.txns.get(&txn).map(Rc::as_ref)
    }

    /// The one word for each node, from what is known of it.
    fn settle(&mut self, cast: &Cast) {
        for (at, node) in self.nodes.iter_mut().enumerate() {
            let undoing = |step: Option<(StepIx, Direction)>| {
                step.is_some_and(|(_, dir)| dir == Direction::Undo)
            };
            let clients = cast.nodes.get(at).is_some_and(|info| info.kind == NodeKind::Clients);
            node.state = if node.down.is_some() {
                NodeState::Crashed
            } else if node.work.iter().any(|work| undoing(work.step)) {
                NodeState::Compensating
            } else if !node.work.is_empty() || (self.acting == Some(NodeIx(at as u8)) && !clients) {
                NodeState::Working
            } else if !node.stuck.is_empty() {
                NodeState::Stuck
            } else if !node.queue.is_empty()
                || node.timers > 0
                || (clients && !self.open.is_empty())
            {
                NodeState::Waiting
            } else {
                NodeState::Idle
            };
        }
    }
}

/// The frames of a run: any moment, at most [`EVERY`] events away from a kept one.
#[derive(Clone, Debug)]
pub struct Frames {
    /// The moments before event 0, [`EVERY`], twice that, and so on.
    kept: Vec<Frame>,
    /// The last moment.
    last: Frame,
}

impl Frames {
    /// The frames of an empty trace.
    #[must_use]
    pub fn new(cast: &Cast) -> Self {
        let start = Frame::start(cast);
        Self { kept: vec![start.clone()], last: start }
    }

    /// How many events were taken in.
    #[must_use]
    pub fn len(&self) -> usize {
        self.last.cursor.map_or(0, |cursor| cursor.ix() + 1)
    }

    /// Whether no event was taken in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes in the events that the trace has gained since the last call.
    pub fn extend(&mut self, cast: &Cast, trace: &Trace) {
        for ix in self.len()..trace.len() {
            self.last.take(cast, trace, EventIx(ix as u32));
            if (ix + 1).is_multiple_of(EVERY) {
                self.last.settle(cast);
                self.kept.push(self.last.clone());
            }
        }
        self.last.settle(cast);
    }

    /// The moment right after an event; the last one where the cursor lies behind what was taken in.
    #[must_use]
    pub fn at(&self, cast: &Cast, trace: &Trace, cursor: EventIx) -> Frame {
        if cursor.ix() + 1 >= self.len() {
            return self.last.clone();
        }
        let mut frame = self.kept[(cursor.ix() + 1) / EVERY].clone();
        frame.advance(cast, trace, cursor);
        frame
    }

    /// The moment right after an event, taken up from a frame of this run where that is nearer: what
    /// playing forwards asks for.
    #[must_use]
    pub fn at_from(&self, cast: &Cast, trace: &Trace, from: Frame, cursor: EventIx) -> Frame {
        let before = from.cursor.map_or(0, |at| at.ix() + 1);
        let to = cursor.ix() + 1;
        if before > to || before < to / EVERY * EVERY {
            return self.at(cast, trace, cursor);
        }
        let mut frame = from;
        frame.advance(cast, trace, cursor);
        frame
    }

    /// The moment before the first event.
    #[must_use]
    pub fn start(&self) -> &Frame {
        &self.kept[0]
    }
}
