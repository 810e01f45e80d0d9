//! What a handler wants done.
//!
//! A handler never touches the world. It runs to completion on read-only data and its own volatile
//! state, and leaves an ordered list of effects; only `World::apply` carries them out. Local
//! transactions and publishing are synchronous: their result comes back to the same handler through
//! a continuation before anything else happens anywhere.
//!
//! The types are generic in the messages `B` and the continuations `K` of the pattern families, so
//! that the stores and the network below them need not know any pattern.

use std::rc::Rc;

use crate::event::{EventKind, OutboxEntry, Refusal, Shape};
use crate::ids::{DbIx, Direction, Micros, NodeIx, StepIx, StepRef, Sym, TopicIx, TxnId};
use crate::value::{Key, Row};

/// A question and its answer between a caller and a target. A retry timer of an exchange fires, while
/// exploring, only when no message of it is in flight and the target neither works on it nor is down.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Exchange {
    /// Who asks.
    pub caller: NodeIx,
    /// Who answers.
    pub target: NodeIx,
    /// About which transaction.
    pub txn: TxnId,
    /// About which step, where it is about one.
    pub step: Option<(StepIx, Direction)>,
}

/// What an inbox remembers a message by: its name, its transaction and its step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InboxKey {
    /// The transaction.
    pub txn: TxnId,
    /// The message's name.
    pub label: Sym,
}

/// What came of a message that an inbox remembers, so that a repetition gets the same answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Answer {
    /// It was done.
    Done,
    /// It was refused.
    Refused(Refusal),
    /// There was nothing to do: a compensation of a step that never ran.
    Nothing,
}

/// A broker record before it is published.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RecordBody {
    /// Its topic.
    pub topic: TopicIx,
    /// Its name.
    pub label: Sym,
    /// Its shape.
    pub shape: Shape,
    /// The transaction, which is also its key.
    pub txn: TxnId,
    /// The step that it is about.
    pub step: StepIx,
    /// What it says about the step.
    pub says: Says,
}

/// What a broker record says about a step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Says {
    /// The step is done.
    Done,
    /// The step was refused, with the document's word for it.
    Failed(Option<Sym>),
    /// The step is undone; the word is that of the failure which led to it.
    Undone(Option<Sym>),
    /// Rows were changed by the publisher's commit of this number, for its replicas: the record
    /// carries them as they were then.
    Changed(u32),
}

impl RecordBody {
    /// The record as an outbox shows it.
    #[must_use]
    pub fn entry(&self) -> OutboxEntry {
        OutboxEntry { topic: self.topic, label: self.label }
    }
}

/// What is written besides the operations of a step: a protocol's own rows.
#[derive(Clone, PartialEq, Debug)]
pub struct RowWrite {
    /// The row.
    pub key: Key,
    /// Its new value; `None` deletes it.
    pub row: Option<Row>,
}

/// The operations of one step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StepWork {
    /// Which step, and whether it is done or undone.
    pub of: StepRef,
    /// The word of the failure that a compensation answers to, for `$reason`.
    pub reason: Option<Sym>,
    /// For a compensation: run only where the inbox remembers that this message was done. Otherwise
    /// commit without an effect, and remember the message as void, should it still come.
    pub only_if_done: Option<InboxKey>,
}

/// A local transaction: everything in it commits together or not at all.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LocalTxn {
    /// The message that must not have been handled before, and is remembered.
    pub inbox: Option<InboxKey>,
    /// What the inbox remembers where this transaction holds no step.
    pub answer: Option<Answer>,
    /// The step's operations.
    pub work: Option<StepWork>,
    /// Rows of the protocol.
    pub writes: Vec<RowWrite>,
    /// Messages for the outbox.
    pub outbox: Vec<RecordBody>,
    /// A fact about a transaction that is true by this commit, as that it has ended: no crash can
    /// fall between the two.
    pub fact: Option<(TxnId, EventKind)>,
    /// Whether its commit record is not forced: a crash may take it back.
    pub lazy: bool,
    /// Further steps of the same service, whose operations run after those of `work`, as one.
    pub also: Vec<StepRef>,
    /// Whether the steps are only reserved, or their reservation taken back: neither is an effect
    /// of the business.
    pub reserves: bool,
    /// Effects of the business that are final by this commit, though it runs no operations.
    pub settles: Vec<StepRef>,
}

/// What a handler asks of the session of a transaction: a local transaction that stays open from one
/// handler to the next.
#[derive(Clone, PartialEq, Debug)]
pub enum Ask {
    /// Run a step. The session begins with its first. It may have to wait: the handler is then
    /// parked, and goes on when it can.
    Run(StepRef),
    /// Commit what was run, and note a fact that is true by this commit.
    Commit {
        /// The fact about the transaction.
        fact: Option<EventKind>,
    },
    /// Promise to be able to commit: a forced log record.
    Prepare {
        /// Which life of its coordinator the promise is made to, counted from 0.
        round: u32,
    },
    /// Commit what was promised.
    CommitPrepared {
        /// Whether the commit record is forced.
        force: bool,
    },
    /// Roll back, promised or not.
    RollBack {
        /// Whether the abort record of a promise is forced.
        force: bool,
    },
}

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// The step was run; whether the session has changed anything so far.
    Ran {
        /// False where it has only read.
        wrote: bool,
    },
    /// It was done.
    Done,
    /// There was no such session, or it was rolled back, for this reason.
    Refused(Refusal),
    /// The reply was lost (a fault): it took effect, but the caller cannot know.
    Lost,
    /// A pause is over.
    Over,
}

/// What came of a local transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LocalResult {
    /// It committed; whether its step had any effect.
    Committed {
        /// False where a compensation found nothing to undo.
        effect: bool,
    },
    /// The inbox knew the message, and this is what came of it the first time.
    Known(Answer),
    /// The data refused it; nothing was written.
    Refused(Refusal),
    /// Its reply was lost (a fault): it took effect, but the caller cannot know.
    Lost,
}

/// A message before it is sent.
#[derive(Clone, PartialEq, Debug)]
pub struct Letter<B> {
    /// The target.
    pub to: NodeIx,
    /// Its shape.
    pub shape: Shape,
    /// Its name.
    pub label: Sym,
    /// The transaction.
    pub txn: TxnId,
    /// The step that it is about.
    pub step: Option<(StepIx, Direction)>,
    /// Which attempt of the exchange.
    pub attempt: u16,
    /// The exchange that it belongs to.
    pub exchange: Option<Exchange>,
    /// What it says.
    pub body: B,
}

/// What a timer is for, which decides how long it runs and when it may fire while exploring.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Clock {
    /// A caller asks again: after the scenario's time-out, which grows with each attempt. While
    /// exploring it fires only where no answer can come any more, unless the budget has early timers.
    #[default]
    Retry,
    /// As for asking again, but after this many microseconds: a caller whose answer may take longer
    /// than others' gives up so much later.
    Patience(Micros),
    /// Something expires: after this many microseconds. While exploring it may fire at any point.
    Business(Micros),
}

impl Clock {
    /// Whether the timer waits for an answer. Otherwise something expires, which may happen at any point.
    #[must_use]
    pub fn awaits(self) -> bool {
        !matches!(self, Self::Business(_))
    }
}

/// A timer to be armed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Alarm {
    /// What it is for.
    pub clock: Clock,
    /// Its name.
    pub label: Sym,
    /// The transaction.
    pub txn: TxnId,
    /// The step that it is about.
    pub step: Option<(StepIx, Direction)>,
    /// The exchange whose answer it waits for.
    pub exchange: Exchange,
    /// Which attempt it guards: the wait grows with it.
    pub attempt: u16,
    /// How many waits it lasts: one that does not ask again waits as long as others would ask.
    pub waits: u16,
    /// How many attempts there are in all; `None` where it never ends by itself.
    pub attempts_max: Option<u16>,
}

/// One effect.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect<B, K> {
    /// A local transaction, and who is told the result.
    Local {
        /// The database.
        db: DbIx,
        /// The transaction.
        txn: Rc<LocalTxn>,
        /// Continues the handler.
        then: Option<K>,
    },
    /// Works in the session of a transaction, and who is told the result.
    Session {
        /// The database.
        db: DbIx,
        /// The transaction.
        txn: TxnId,
        /// What it is asked.
        ask: Ask,
        /// Continues the handler.
        then: Option<K>,
    },
    /// Pauses the handling of a transaction for the service time of a step, as a worker does that
    /// computes while a session is open. While exploring, others may come between.
    Pause {
        /// The transaction.
        txn: TxnId,
        /// The step.
        step: StepIx,
        /// Whose service time it takes.
        of: NodeIx,
        /// Continues the handler.
        then: K,
    },
    /// Publishes a record from memory.
    Publish(RecordBody),
    /// Publishes the oldest unsent record of an outbox.
    PublishOldest {
        /// The database with the outbox.
        db: DbIx,
    },
    /// Marks the oldest unsent record of an outbox as sent, by an unforced log write.
    MarkSent {
        /// The database with the outbox.
        db: DbIx,
    },
    /// Sends a message.
    Send(Letter<B>),
    /// Arms a timer, in place of one of the same key.
    Arm(Alarm),
    /// Cancels a timer, if it is armed.
    Cancel {
        /// Its name.
        label: Sym,
        /// The transaction.
        txn: TxnId,
        /// The step that it is about.
        step: Option<(StepIx, Direction)>,
    },
    /// Cancels a timer, if it is armed, and has the trace say so.
    Overtake {
        /// Its name.
        label: Sym,
        /// The transaction.
        txn: TxnId,
        /// The step that it is about.
        step: Option<(StepIx, Direction)>,
    },
    /// Says that this node is working on an exchange and will answer it.
    Hold(Exchange),
    /// Says that it no longer does.
    Release(Exchange),
    /// Records a fact of the protocol itself.
    Note {
        /// The transaction.
        txn: TxnId,
        /// The step.
        step: Option<(StepIx, Direction)>,
        /// The fact: `Started`, `Acknowledged`, `Ended`, `Decided`, `Stuck`, `Read`, …
        kind: EventKind,
    },
    /// Gives up the record at hand: it becomes a dead letter and the consumer goes on.
    DeadLetter,
    /// The handler failed: the record at hand is not acknowledged and will come again.
    Fail,
}

/// The ordered effects of a handler.
#[derive(Clone, PartialEq, Debug)]
pub struct Out<B, K> {
    effects: Vec<Effect<B, K>>,
}

impl<B, K> Default for Out<B, K> {
    fn default() -> Self {
        Self { effects: Vec::new() }
    }
}

impl<B, K> Out<B, K> {
    /// Adds an effect after those before it.
    pub fn push(&mut self, effect: Effect<B, K>) {
        self.effects.push(effect);
    }

    /// Runs a local transaction and tells the result to a continuation.
    pub fn local(&mut self, db: DbIx, txn: LocalTxn, then: impl Into<K>) {
        self.push(Effect::Local { db, txn: Rc::new(txn), then: Some(then.into()) });
    }

    /// Works in the session of a transaction and tells the result to a continuation.
    pub fn session(&mut self, db: DbIx, txn: TxnId, ask: Ask, then: impl Into<K>) {
        self.push(Effect::Session { db, txn, ask, then: Some(then.into()) });
    }

    /// Pauses for the service time of a step.
    pub fn pause(&mut self, txn: TxnId, step: StepIx, of: NodeIx, then: impl Into<K>) {
        self.push(Effect::Pause { txn, step, of, then: then.into() });
    }

    /// Sends a message.
    pub fn send(&mut self, letter: Letter<B>) {
        self.push(Effect::Send(letter));
    }

    /// Arms a timer.
    pub fn arm(&mut self, alarm: Alarm) {
        self.push(Effect::Arm(alarm));
    }

    /// Cancels a timer.
    pub fn cancel(&mut self, label: Sym, txn: TxnId, step: Option<(StepIx, Direction)>) {
        self.push(Effect::Cancel { label, txn, step });
    }

    /// Cancels a timer whose end nothing else tells: what it waited for is overtaken. The trace
    /// says so, where the timer was armed.
    pub fn overtake(&mut self, label: Sym, txn: TxnId, step: Option<(StepIx, Direction)>) {
        self.push(Effect::Overtake { label, txn, step });
    }

    /// Records a fact of the protocol.
    pub fn note(&mut self, txn: TxnId, step: Option<(StepIx, Direction)>, kind: EventKind) {
        self.push(Effect::Note { txn, step, kind });
    }

    /// The effects in order.
    #[must_use]
    pub fn into_effects(self) -> Vec<Effect<B, K>> {
        self.effects
    }
}
