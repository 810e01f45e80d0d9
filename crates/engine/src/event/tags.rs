//! What events say in one word: the shapes of messages, outcomes, promises, reasons.

use crate::ids::NodeIx;

/// The kind of a message: its shape on screen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Shape {
    /// A request to do something.
    Command,
    /// A fact that others may react to.
    Event,
    /// The answer to a command or query.
    Reply,
    /// A participant's vote.
    Vote,
    /// A request to undo something, or the fact that it was undone.
    Compensation,
    /// A request to read.
    Query,
}

/// How a transaction ended for its client.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// Every step is done.
    Committed,
    /// It was refused or failed, and nothing was kept, or what was done is undone or being undone.
    Aborted,
    /// The client never learned the outcome.
    Unknown,
}

/// What an acknowledgement promises, by the write protocol.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Acknowledged {
    /// The first step is durable and the rest is under way.
    Accepted,
    /// Every step is durable.
    Completed,
}

/// Why a message did not arrive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DropReason {
    /// The network lost it.
    Lost,
    /// Its target was down.
    NodeDown,
    /// A partition separates sender and target.
    Partitioned,
}

/// What changed the members of a consumer group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Membership {
    /// A process joined: it came back.
    Joined(NodeIx),
    /// A member was given up: nothing was heard of it for too long.
    Expelled(NodeIx),
}
