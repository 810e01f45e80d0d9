//! What a frame is made of: nodes, rows, messages, timers, partitions, transactions, faults, counts.

use rpds::RedBlackTreeMap;

use crate::event::{Outcome, RowChange, Shape};
use crate::ids::{
    Direction, EventIx, FaultIx, FlowIx, Micros, MsgId, NodeIx, PartitionIx, StepIx, Sym, TopicIx,
    TxnId,
};
use crate::value::{Key, Row};
use crate::views::index::WorkItem;

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
    /// The consumer: the node of the service, or the replica, whose group it is.
    pub node: NodeIx,
    /// Who reads the partition for it: itself, or the member that owns it where the group has
    /// several; nobody where no member is left.
    pub reader: Option<NodeIx>,
    /// The next offset that it will handle.
    pub position: u32,
    /// The next offset that it will handle after a restart.
    pub committed: u32,
    /// Records that it set aside as dead letters.
    pub dead: u32,
}

/// A consumer group with several members at a moment. Who reads what is with the partitions.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupFrame {
    /// The service whose group it is.
    pub service: NodeIx,
    /// How often its partitions were given out, the first time included.
    pub generation: u32,
    /// The members that read nothing.
    pub idle: Vec<NodeIx>,
    /// The processes that were given up and have not joined again.
    pub expelled: Vec<NodeIx>,
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

/// An open local transaction of a database.
#[derive(Clone, PartialEq, Debug)]
pub struct SessionFrame {
    /// The node that works in it.
    pub node: NodeIx,
    /// Its first event.
    pub since: EventIx,
    /// The rows that it changed and has not committed.
    pub wrote: Vec<RowChange>,
    /// What it waits for.
    pub waits: Option<LockWait>,
    /// The event of its promise to commit, since which it is in doubt.
    pub prepared: Option<EventIx>,
}

/// A wait for a lock or a connection.
#[derive(Clone, PartialEq, Debug)]
pub struct LockWait {
    /// The row; `None` for a table, a span of keys or a connection.
    pub key: Option<Key>,
    /// The transactions that hold it or asked before.
    pub holders: Vec<TxnId>,
    /// Since when.
    pub since: EventIx,
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
    /// Waits for a lock or a connection.
    pub lock_waits: u64,
    /// Deadlocks found.
    pub deadlocks: u64,
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
