//! Choices: everything that can happen next.
//!
//! A choice is recorded by what it is (kind, node, cause), never by its place in a list, so that a
//! schedule stays readable and survives changes elsewhere. Its text form, one line per choice, is
//! what links and files carry; [`crate::session`] parses and prints it with the names of the cast.

use crate::ids::{Direction, FaultIx, NodeIx, PartitionIx, StepIx, Sym, TopicIx, TxnId};

/// What identifies a message on the network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MsgKey {
    /// The sender.
    pub from: NodeIx,
    /// The target.
    pub to: NodeIx,
    /// The name.
    pub label: Sym,
    /// The transaction.
    pub txn: TxnId,
    /// The step and its direction, where it is about one.
    pub step: Option<(StepIx, Direction)>,
    /// Which attempt of the same exchange, from 0.
    pub attempt: u16,
    /// Which of the messages in flight that are equal in all of the above, from 0 in order of
    /// sending: a copy, or an answer that was given twice. A message itself always has 0.
    pub nth: u8,
}

/// What identifies a timer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TimerKey {
    /// Where it is armed.
    pub node: NodeIx,
    /// Its name.
    pub label: Sym,
    /// The transaction.
    pub txn: TxnId,
    /// The step and its direction, where it is about one.
    pub step: Option<(StepIx, Direction)>,
}

/// What happens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ChoiceKind {
    /// The next arrival of the workload, with this combination of its drawn inputs
    /// (0 where nothing is drawn).
    Arrive {
        /// The arrival, from 0.
        number: u32,
        /// Which combination of drawn inputs.
        inputs: u32,
    },
    /// A message is handled by its target.
    Deliver(MsgKey),
    /// A message is lost.
    Drop(MsgKey),
    /// A message is copied.
    Duplicate(MsgKey),
    /// A consumer handles the next record of a partition.
    Consume {
        /// The consumer's node.
        node: NodeIx,
        /// The topic.
        topic: TopicIx,
        /// The partition.
        partition: PartitionIx,
    },
    /// A consumer goes back to the record that it handled last and will handle it again.
    Redeliver {
        /// The consumer's node.
        node: NodeIx,
        /// The topic.
        topic: TopicIx,
        /// The partition.
        partition: PartitionIx,
    },
    /// The relay of a node's outbox publishes the oldest unsent message.
    Relay {
        /// The node.
        node: NodeIx,
    },
    /// A timer fires.
    Fire(TimerKey),
    /// A handler that waited for a lock, or for time to pass, goes on.
    Proceed {
        /// The node.
        node: NodeIx,
        /// The transaction.
        txn: TxnId,
    },
    /// A caller stops trying: its timer fires for the last time.
    GiveUp(TimerKey),
    /// A node crashes between two handlers, losing this many of its unforced log records
    /// (all of them where it is more than there are).
    Crash {
        /// The node.
        node: NodeIx,
        /// Unforced log records lost, from the end.
        lose: u8,
    },
    /// A node restarts and recovers.
    Restart {
        /// The node.
        node: NodeIx,
    },
    /// A fault of the document begins, at its time or because its trigger struck. Crashes that a
    /// trigger sets off within a handler are part of that handler's choice instead.
    Begin(FaultIx),
    /// A fault of the document other than a crash ends.
    End(FaultIx),
    /// The coordinator of a consumer group gives up on a member of which it hears nothing, and gives
    /// its partitions to others.
    Expel {
        /// The member.
        node: NodeIx,
        /// Where it stands still and will come back: whose next record it has in hand. `None` where it
        /// has none, as one that is down.
        held: Option<(TopicIx, PartitionIx)>,
    },
}

impl ChoiceKind {
    /// Whether it is a fault: something that costs budget while exploring, or that a person does.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        match self {
            Self::Drop(_)
            | Self::Duplicate(_)
            | Self::Redeliver { .. }
            | Self::GiveUp(_)
            | Self::Crash { .. }
            | Self::Expel { held: Some(_), .. }
            | Self::Begin(_)
            | Self::End(_) => true,
            Self::Arrive { .. }
            | Self::Deliver(_)
            | Self::Consume { .. }
            | Self::Relay { .. }
            | Self::Fire(_)
            | Self::Proceed { .. }
            | Self::Restart { .. }
            | Self::Expel { held: None, .. } => false,
        }
    }
}

/// A fault inside a handler.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cut {
    /// The node crashes after some of the handler's effects.
    CrashAfter {
        /// After how many (0: before the first).
        effects: u8,
        /// Unforced log records lost, from the end (all of them where it is more than there are).
        lose: u8,
    },
    /// The reply of the handler's effect of this number (from 0) is lost; the handler ends there.
    LoseReplyOf(u8),
}

/// A choice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Choice {
    /// What happens.
    pub kind: ChoiceKind,
    /// What goes wrong in the middle of it.
    pub cut: Option<Cut>,
}

impl Choice {
    /// A choice in which nothing goes wrong.
    #[must_use]
    pub fn plain(kind: ChoiceKind) -> Self {
        Self { kind, cut: None }
    }
}

/// A choice that a person made: it happens right after an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Intervention {
    /// The event after which it happens. A crash of the very node that the event is at falls
    /// between that effect and the next of the same handler.
    pub after: crate::ids::EventIx,
    /// What happens: a crash, a drop, a duplicate, a redelivery, a restart.
    pub kind: ChoiceKind,
    /// For a crash, after how many microseconds the node restarts.
    pub for_us: Option<crate::ids::Micros>,
}
