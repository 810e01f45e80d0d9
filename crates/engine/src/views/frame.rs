//! The frame: the moment right after an event.
//!
//! A frame is folded from the events before it. [`Frames`] keeps one every [`EVERY`] events, so
//! that any moment of a long run is at most so many events away; what grows with the run (rows,
//! transactions) is kept in maps that share what did not change, so keeping a frame is cheap.
//! The contents of topics are not here, see [`super::topics`].

use std::rc::Rc;

use rpds::{RedBlackTreeMap, RedBlackTreeSet};

use crate::cast::{Cast, NodeKind};
use crate::ids::{
    DbIx, Direction, EventIx, Micros, MsgId, NodeIx, PartitionIx, StepIx, TopicIx, TxnId,
};
use crate::trace::Trace;

use super::index::Index;
use groups::reader;

mod fold;
mod groups;
mod messages;
mod parts;
mod sessions;

pub use parts::{
    ConsumerFrame, Counters, DbFrame, FaultFrame, Flight, GroupFrame, LockWait, NodeFrame,
    NodeState, OutboxFrame, PartitionFrame, Queued, RowFrame, SessionFrame, StepFrame, TimerFrame,
    TimerSpot, TxnFrame, TxnState, Work,
};

/// How many events lie between two kept frames.
pub const EVERY: usize = 512;

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
    /// The consumer groups with several members, in the order of the cast.
    pub groups: Vec<GroupFrame>,
    /// The transactions that have started.
    pub txns: RedBlackTreeMap<TxnId, Rc<TxnFrame>>,
    /// Those that have not ended, the stuck ones included.
    pub open: RedBlackTreeSet<TxnId>,
    /// The open local transactions of the databases.
    pub sessions: RedBlackTreeMap<(DbIx, TxnId), SessionFrame>,
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
                    .map(|node| ConsumerFrame {
                        node: *node,
                        reader: reader(cast, *node, TopicIx(topic as u8), PartitionIx(partition)),
                        position: 0,
                        committed: 0,
                        dead: 0,
                    })
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
            groups: cast.groups.iter().map(groups::first).collect(),
            txns: RedBlackTreeMap::new(),
            open: RedBlackTreeSet::new(),
            sessions: RedBlackTreeMap::new(),
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
        let sessions: Vec<(NodeIx, bool, bool)> = self
            .sessions
            .values()
            .map(|session| (session.node, session.waits.is_some(), session.prepared.is_some()))
            .collect();
        for (at, node) in self.nodes.iter_mut().enumerate() {
            let here = NodeIx(at as u8);
            let in_doubt = sessions.iter().any(|(of, _, prepared)| *of == here && *prepared);
            let blocked = sessions.iter().any(|(of, waits, _)| *of == here && *waits);
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
            } else if in_doubt {
                NodeState::InDoubt
            } else if blocked
                || !node.queue.is_empty()
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
