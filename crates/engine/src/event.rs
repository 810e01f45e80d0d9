//! What happened: the events of a trace.
//!
//! Events are plain data and carry enough to rebuild every moment: rows with their values before
//! and after, messages with their due times, offsets. Sentences, verdicts and pictures are derived
//! from them and are never part of them.

mod fact;
mod tags;

pub use fact::Fact;
pub use tags::{Acknowledged, DropReason, Membership, Outcome, Shape};

use crate::ids::{
    DbIx, Direction, EventIx, FaultIx, FlowIx, Micros, MsgId, NodeIx, PartitionIx, QueryIx, StepIx,
    StepRef, Sym, TopicIx, TxnId,
};
use crate::value::{Key, Row, Value};

/// One event.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// Virtual time. Explored and replayed schedules stay at 0 and count steps instead.
    pub at: Micros,
    /// The choice that it belongs to, counted from 1; 0 before the first.
    pub step_no: u32,
    /// Where it happened.
    pub node: NodeIx,
    /// The transaction that it belongs to.
    pub txn: Option<TxnId>,
    /// The step of that transaction, and its direction.
    pub step: Option<(StepIx, Direction)>,
    /// The event that led to it.
    pub cause: Option<EventIx>,
    /// What happened.
    pub kind: EventKind,
}

/// Why a local transaction did nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refusal {
    /// A bound of an operation would be broken; the document's own word for it.
    Bound(Sym),
    /// A row that must exist does not; the document's own word for it.
    Missing(Sym),
    /// A row that is to be inserted exists.
    Exists,
    /// The database refuses writes (a fault).
    ReadOnly,
    /// The record cannot be read (a poison message).
    Poison,
    /// It was chosen to end a deadlock.
    Deadlock,
    /// It could not have run one after the other with those beside it, or another was first to
    /// update a row.
    Serialization,
    /// It waited for a lock for too long.
    LockTimeout,
    /// A database that it needs cannot be reached, or lost the session.
    Unavailable,
    /// The stream is at another version than was expected.
    Version,
    /// What was reserved had expired.
    Expired,
    /// It came from a process that speaks for an older generation of its consumer group: the
    /// database has heard of a newer one.
    Fenced,
    /// It met another saga's mark and waits until that is taken off.
    Pending,
}

impl Refusal {
    /// Whether it says nothing about the data: the same, tried again, may well succeed.
    #[must_use]
    pub fn is_transient(self) -> bool {
        match self {
            Self::ReadOnly
            | Self::Poison
            | Self::Deadlock
            | Self::Serialization
            | Self::LockTimeout
            | Self::Unavailable
            | Self::Version
            | Self::Fenced
            | Self::Pending => true,
            Self::Bound(_) | Self::Missing(_) | Self::Exists | Self::Expired => false,
        }
    }
}

/// A change of one row by a committed local transaction.
#[derive(Clone, PartialEq, Debug)]
pub struct RowChange {
    /// The row.
    pub key: Key,
    /// Its value before, `None` where it did not exist.
    pub before: Option<Row>,
    /// Its value after, `None` where it was deleted.
    pub after: Option<Row>,
}

/// A message stored in an outbox, waiting for the relay.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct OutboxEntry {
    /// The topic it will be published to.
    pub topic: TopicIx,
    /// The name of the event.
    pub label: Sym,
}

/// An unforced log record that a crash lost.
#[derive(Clone, PartialEq, Debug)]
pub enum LostRecord {
    /// The mark that the oldest message of the outbox had been sent: the relay will send it again.
    OutboxMark,
    /// A local transaction whose commit was not forced: its rows go back from `after` to `before`.
    Commit {
        /// The rows.
        changes: Vec<RowChange>,
        /// The business effects that are gone.
        effects: Vec<StepRef>,
        /// Whether a promise to commit them stands: their transaction is in doubt here again.
        in_doubt: bool,
    },
    /// The promise of a transaction to commit. Promises are forced, so that none is lost; it stands
    /// here since a log may hold one.
    Promise(TxnId),
    /// The end of a promise by rollback: the transaction is in doubt again.
    Abort(TxnId),
}

/// What happened. Fields that repeat the event's own node, transaction and step are left out.
#[derive(Clone, PartialEq, Debug)]
pub enum EventKind {
    /// A client started a transaction with these inputs. At the clients' node.
    Started {
        /// Which flow.
        flow: FlowIx,
        /// The flow's inputs in its order.
        inputs: Vec<Value>,
    },
    /// The write protocol acknowledged the transaction to its client. At the clients' node.
    Acknowledged {
        /// What it promised.
        promise: Acknowledged,
    },
    /// The transaction ended for its client. At the clients' node.
    Ended {
        /// How.
        outcome: Outcome,
        /// The document's word for the refusal.
        reason: Option<Sym>,
    },
    /// A client asked a query. At the clients' node; `txn` is the number of the query's session entry.
    QueryStarted {
        /// Which.
        query: QueryIx,
    },
    /// A query was answered. At the clients' node.
    QueryAnswered {
        /// Which.
        query: QueryIx,
        /// Every row asked for, `None` where it does not exist or is missing.
        rows: Vec<(DbIx, Key, Option<Row>)>,
        /// The owners whose rows are missing: they did not answer in time, or the answer as a whole was
        /// refused because another did not.
        missing: Vec<NodeIx>,
    },
    /// A message left this node.
    Sent {
        /// The message.
        msg: MsgId,
        /// Its target.
        to: NodeIx,
        /// Its shape.
        shape: Shape,
        /// Its name.
        label: Sym,
        /// Which attempt of the same exchange it is, from 0.
        attempt: u16,
        /// When it is due at the target.
        due: Micros,
    },
    /// A message was copied in flight (a fault).
    Duplicated {
        /// The message.
        msg: MsgId,
        /// The copy.
        copy: MsgId,
        /// When the copy is due.
        due: Micros,
    },
    /// A message was lost. At its target's node.
    Dropped {
        /// The message.
        msg: MsgId,
        /// Why.
        why: DropReason,
    },
    /// A message reached the queue of this node (simulation only).
    Arrived {
        /// The message.
        msg: MsgId,
    },
    /// A record reached the queue of this node (simulation only).
    Fetched {
        /// The topic.
        topic: TopicIx,
        /// The partition.
        partition: PartitionIx,
        /// The record.
        offset: u32,
    },
    /// A worker of this node began to serve the work at hand (simulation only).
    ServiceStarted {
        /// When it will be done.
        until: Micros,
    },
    /// This node handled a message; the events after it, up to the next choice, are its doing.
    Handled {
        /// The message.
        msg: MsgId,
    },
    /// This node handled a broker record.
    Consumed {
        /// The topic.
        topic: TopicIx,
        /// The partition.
        partition: PartitionIx,
        /// The record.
        offset: u32,
        /// Whether this consumer group had handled it before.
        again: bool,
    },
    /// This node's consumer group committed its offset: the next record to read after a restart.
    OffsetCommitted {
        /// The topic.
        topic: TopicIx,
        /// The partition.
        partition: PartitionIx,
        /// The next offset to read.
        next: u32,
    },
    /// A record was given up after too many deliveries and set aside. At the consumer's node.
    DeadLettered {
        /// The topic.
        topic: TopicIx,
        /// The partition.
        partition: PartitionIx,
        /// The record.
        offset: u32,
    },
    /// This node published a record and the broker stored it.
    Published {
        /// The topic.
        topic: TopicIx,
        /// The partition, by the transaction's key.
        partition: PartitionIx,
        /// Where it stands in the partition.
        offset: u32,
        /// Its shape.
        shape: Shape,
        /// Its name.
        label: Sym,
        /// Whether an outbox's relay published it.
        relayed: bool,
    },
    /// A local transaction committed in a database of this node.
    Committed {
        /// The database.
        db: DbIx,
        /// The rows it changed.
        changes: Vec<RowChange>,
        /// The business effects it holds: what atomicity and exactly-once are judged on.
        effects: Vec<StepRef>,
        /// The messages it left in the outbox.
        outbox: Vec<OutboxEntry>,
        /// Whether it recorded the message in the inbox.
        inbox: bool,
        /// Log records written, the commit record included.
        log_records: u16,
        /// Forced log writes among them.
        forced: u16,
    },
    /// A local transaction was refused and left nothing.
    Refused {
        /// The database.
        db: DbIx,
        /// Why.
        why: Refusal,
    },
    /// The inbox, or the version file of the step, knew the message; nothing was applied.
    InboxHit {
        /// The database.
        db: DbIx,
    },
    /// The relay marked the oldest unsent message of the outbox as sent (an unforced log write).
    OutboxMarked {
        /// The database.
        db: DbIx,
    },
    /// A row was read for a query. At the owner's node.
    Read {
        /// The database.
        db: DbIx,
        /// The row.
        key: Key,
        /// Its value.
        row: Option<Row>,
    },
    /// The answer at hand is ignored: nobody waits for it any more, since it is a copy or came too late.
    Ignored,
    /// A timer was set.
    TimerArmed {
        /// Its name.
        label: Sym,
        /// When it is due.
        due: Micros,
    },
    /// A timer fired.
    TimerFired {
        /// Its name.
        label: Sym,
    },
    /// A timer was taken away since what it waited for is overtaken. A timer whose answer came is
    /// taken away without a word: the answer says it.
    TimerCancelled {
        /// Its name.
        label: Sym,
    },
    /// The call that this node had just made took effect, but its reply was lost (a fault): the
    /// handler ended there.
    ReplyLost,
    /// The node crashed: volatile state is gone, and with it the unforced end of the log.
    Crashed {
        /// Unforced log records lost with it, the last first. Their effects are taken back here.
        lost: Vec<LostRecord>,
        /// The fault of the document that did it; `None` where it was a choice.
        fault: Option<FaultIx>,
    },
    /// The node is up again and has recovered its databases from their logs.
    Restarted {
        /// Log records read on recovery; in an event-sourced database, events folded.
        redone: u32,
    },
    /// A fault of the document other than a crash began. At the node that it strikes.
    FaultBegan {
        /// Which.
        fault: FaultIx,
    },
    /// A fault of the document other than a crash ended.
    FaultEnded {
        /// Which.
        fault: FaultIx,
    },
    /// A local transaction that is still open wrote rows: its own reads see them, and others' by
    /// their isolation level. In a database of this node.
    Wrote {
        /// The database.
        db: DbIx,
        /// The rows, each with the value that is committed in `before`.
        changes: Vec<RowChange>,
    },
    /// A local transaction waits for a lock.
    LockWaited {
        /// The database.
        db: DbIx,
        /// The row; `None` for a table, a span of keys or a connection.
        key: Option<Key>,
        /// The transactions that it waits for, by the wait-for graph.
        holders: Vec<TxnId>,
    },
    /// A local transaction has the lock that it waited for.
    LockGranted {
        /// The database.
        db: DbIx,
    },
    /// A cycle was found in the wait-for graph.
    Deadlocked {
        /// The database.
        db: DbIx,
        /// The transactions of the cycle: each waits for the next, the last for the first.
        cycle: Vec<TxnId>,
        /// The one that is rolled back.
        victim: TxnId,
    },
    /// A local transaction was rolled back and left nothing.
    RolledBack {
        /// The database.
        db: DbIx,
        /// Why; `None` where its own session asked for it.
        why: Option<Refusal>,
        /// Log records written.
        log_records: u16,
        /// Forced log writes among them.
        forced: u16,
    },
    /// A local transaction promised to commit: it keeps its locks, survives a crash, and is in doubt
    /// until it hears the decision.
    Prepared {
        /// The database.
        db: DbIx,
        /// The rows that it will change.
        changes: Vec<RowChange>,
        /// Log records written.
        log_records: u16,
        /// Forced log writes among them.
        forced: u16,
    },
    /// An event was appended to a stream of an event-sourced database, with the commit that follows.
    Appended {
        /// The database.
        db: DbIx,
        /// The stream: that of the row which it adds up to.
        stream: Key,
        /// Its place in the stream, from 0.
        version: u32,
        /// What it says.
        fact: Fact,
    },
    /// A snapshot of a stream was stored: recovery folds only the events after it.
    Snapshotted {
        /// The database.
        db: DbIx,
        /// The stream.
        stream: Key,
        /// The version of the last event that it stands for.
        version: u32,
    },
    /// The protocol can neither finish nor undo this transaction; it waits for a person.
    Stuck {
        /// The document's word for what stands in the way.
        reason: Option<Sym>,
    },
    /// The protocol's own decision about a transaction: from here it goes forward only, or back.
    Decided {
        /// Whether it goes forward.
        forward: bool,
    },
    /// The coordinator of a consumer group gave out its partitions anew. At the broker's node.
    Rebalanced {
        /// The service whose group it is.
        service: NodeIx,
        /// How often they were given out, this time included.
        generation: u32,
        /// Why.
        why: Membership,
        /// Who reads which partition from here.
        owners: Vec<(TopicIx, PartitionIx, NodeIx)>,
        /// Whether the service's database was told the generation, and refuses writes of an older.
        fenced: bool,
    },
    /// The commit of an offset was refused: this node speaks for an older generation of its group.
    CommitRefused {
        /// The topic.
        topic: TopicIx,
        /// The partition.
        partition: PartitionIx,
        /// The offset that it wanted to commit.
        next: u32,
        /// The generation that it speaks for.
        generation: u32,
        /// The generation now.
        now: u32,
    },
    /// This node drops a record that it had fetched: its partition was given to another (simulation
    /// only).
    Revoked {
        /// The topic.
        topic: TopicIx,
        /// The partition.
        partition: PartitionIx,
        /// The record.
        offset: u32,
    },
}

/// The names of all kinds of events, as [`EventKind::name`] gives them.
pub const EVENT_NAMES: &[&str] = &[
    "started",
    "acknowledged",
    "ended",
    "query-started",
    "query-answered",
    "sent",
    "duplicated",
    "dropped",
    "arrived",
    "fetched",
    "service-started",
    "handled",
    "consumed",
    "offset-committed",
    "dead-lettered",
    "published",
    "committed",
    "refused",
    "inbox-hit",
    "outbox-marked",
    "read",
    "ignored",
    "timer-armed",
    "timer-fired",
    "timer-cancelled",
    "reply-lost",
    "crashed",
    "restarted",
    "fault-began",
    "fault-ended",
    "wrote",
    "lock-waited",
    "lock-granted",
    "deadlocked",
    "rolled-back",
    "prepared",
    "appended",
    "snapshotted",
    "stuck",
    "decided",
    "rebalanced",
    "commit-refused",
    "revoked",
];

impl EventKind {
    /// Whether a message or a record is on its way by it, arrives, is handled or is lost.
    #[must_use]
    pub fn is_about_a_message(&self) -> bool {
        matches!(
            self,
            Self::Sent { .. }
                | Self::Duplicated { .. }
                | Self::Dropped { .. }
                | Self::Handled { .. }
                | Self::Published { .. }
                | Self::Consumed { .. }
                | Self::DeadLettered { .. }
        )
    }

    /// A short name that scenarios use in fault triggers and that golden traces print.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Acknowledged { .. } => "acknowledged",
            Self::Ended { .. } => "ended",
            Self::QueryStarted { .. } => "query-started",
            Self::QueryAnswered { .. } => "query-answered",
            Self::Sent { .. } => "sent",
            Self::Duplicated { .. } => "duplicated",
            Self::Dropped { .. } => "dropped",
            Self::Arrived { .. } => "arrived",
            Self::Fetched { .. } => "fetched",
            Self::ServiceStarted { .. } => "service-started",
            Self::Handled { .. } => "handled",
            Self::Consumed { .. } => "consumed",
            Self::OffsetCommitted { .. } => "offset-committed",
            Self::DeadLettered { .. } => "dead-lettered",
            Self::Published { .. } => "published",
            Self::Committed { .. } => "committed",
            Self::Refused { .. } => "refused",
            Self::InboxHit { .. } => "inbox-hit",
            Self::OutboxMarked { .. } => "outbox-marked",
            Self::Read { .. } => "read",
            Self::Ignored => "ignored",
            Self::TimerArmed { .. } => "timer-armed",
            Self::TimerFired { .. } => "timer-fired",
            Self::TimerCancelled { .. } => "timer-cancelled",
            Self::ReplyLost => "reply-lost",
            Self::Crashed { .. } => "crashed",
            Self::Restarted { .. } => "restarted",
            Self::FaultBegan { .. } => "fault-began",
            Self::FaultEnded { .. } => "fault-ended",
            Self::Wrote { .. } => "wrote",
            Self::LockWaited { .. } => "lock-waited",
            Self::LockGranted { .. } => "lock-granted",
            Self::Deadlocked { .. } => "deadlocked",
            Self::RolledBack { .. } => "rolled-back",
            Self::Prepared { .. } => "prepared",
            Self::Appended { .. } => "appended",
            Self::Snapshotted { .. } => "snapshotted",
            Self::Stuck { .. } => "stuck",
            Self::Decided { .. } => "decided",
            Self::Rebalanced { .. } => "rebalanced",
            Self::CommitRefused { .. } => "commit-refused",
            Self::Revoked { .. } => "revoked",
        }
    }
}
