//! Two-phase commit: a coordinator asks every service to promise, and then tells all the same.
//!
//! A participant runs its steps in one open local transaction, forces a prepare record and votes.
//! From then on it is in doubt: it keeps its locks, survives a crash, and may neither commit nor
//! roll back until it hears the decision (Gray 1978; Bernstein, Hadzilacos and Goodman 1987, ch. 7).
//! What the coordinator writes down, and who acknowledges, follows from what it presumes about a
//! transaction that it does not remember (Mohan, Lindsay and Obermarck 1986; Lampson and Lomet 1993):
//!
//! | presumed | before the votes | commit | abort |
//! | --- | --- | --- | --- |
//! | nothing | – | forced, acknowledged | forced, acknowledged |
//! | abort | – | forced, acknowledged | not logged, not acknowledged |
//! | commit | participants, forced | forced at the coordinator, not acknowledged | acknowledged |
//!
//! A promise is made to one *round*: a life of the coordinator. A coordinator that crashed may have
//! forgotten a transaction, and begin it again where its request comes a second time; an abort from
//! the earlier life must not end a promise that was made to the later one.

mod coordinator;
mod participant;

use std::collections::{BTreeMap, BTreeSet};

use super::{WriteCont, WriteMsg};
use crate::event::{Refusal, Shape};
use crate::family::{About, Cx, TimerOf};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{Direction, NodeIx, StepIx, Sym, TxnId};
use crate::out::{Alarm, Answer, Clock, Exchange, InboxKey, Letter, LocalResult, Told};
use crate::patterns::{Body, Out};
use crate::plan::Plan;
use crate::scenario::document::Presume;

pub use coordinator::on_request;

/// A participant's vote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Vote {
    /// It promises to commit.
    Yes,
    /// It has rolled back.
    No(Refusal),
    /// It has only read, and is done.
    ReadOnly,
}

/// What coordinator and participants say to each other. `round` is the coordinator's life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Msg {
    /// Run your steps and promise to commit them.
    Prepare {
        /// The round.
        round: u32,
    },
    /// The answer to it.
    Vote {
        /// The round that it was asked in.
        round: u32,
        /// The vote.
        vote: Vote,
    },
    /// Commit or roll back.
    Decision {
        /// Which.
        commit: bool,
        /// An abort ends only promises to this round and those before it.
        round: u32,
    },
    /// The decision is carried out.
    Acknowledged,
    /// What was decided?
    Inquiry {
        /// The round that the promise was made to.
        round: u32,
    },
}

/// Who waits for a local transaction or a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cont {
    /// The coordinator: the participants are written down.
    Begun(TxnId),
    /// The coordinator: the decision is written down.
    Decided(TxnId),
    /// The coordinator: the transaction is forgotten.
    Forgotten,
    /// A participant: a step was run.
    Ran(TxnId, StepIx),
    /// A participant: the next step's turn has come.
    Turn(TxnId, StepIx),
    /// A participant: it promised.
    Prepared(TxnId),
    /// A participant: it has only read and committed.
    OnlyRead(TxnId),
    /// A participant: its refusal is remembered.
    Declined(TxnId, u32, Refusal),
    /// A participant: it rolled back what it promised to an earlier round.
    Outdated(TxnId, u32),
    /// A participant: it carried out the decision.
    Ended(TxnId, bool),
    /// A participant: it rolled back what it had not promised yet.
    Dropped(TxnId),
    /// A participant: it remembers the abort of what it has not begun.
    Voided(TxnId),
}

/// Where a transaction stands at its coordinator.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Phase {
    /// The votes are coming in.
    Voting {
        /// Who has not voted.
        waiting: BTreeSet<NodeIx>,
        /// Who promised to commit.
        yes: BTreeSet<NodeIx>,
    },
    /// It is decided.
    Decided {
        commit: bool,
        /// The word of the refusal.
        reason: Option<Sym>,
        /// The last round whose promises an abort ends.
        round: u32,
        /// Who must hear of it, or has not acknowledged it.
        waiting: BTreeSet<NodeIx>,
    },
}

/// The memory of a node: as coordinator and as participant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// Which life of the coordinator this is.
    round: u32,
    active: BTreeMap<TxnId, Phase>,
    /// Transactions that are over and of which nothing is written down, so that a copy of their
    /// request does not begin them again.
    over: BTreeSet<TxnId>,
    /// The transactions whose steps are being run here, and the round that asked for it.
    serving: BTreeMap<TxnId, u32>,
}

impl State {
    /// Whether a crash would lose nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.active.is_empty() && self.over.is_empty() && self.serving.is_empty()
    }
}

/// The coordinator's node.
fn coordinator_of(cx: &Cx<'_>) -> NodeIx {
    cx.plan.coordinator.expect("the member asks for a coordinator")
}

/// The services that take part in a transaction, each with its first step, in the order of the flow.
fn participants(cx: &Cx<'_>, txn: TxnId) -> Vec<(NodeIx, StepIx)> {
    let mut found: Vec<(NodeIx, StepIx)> = Vec::new();
    let mut from = 0;
    while let Some(step) = cx.next_step(txn, from) {
        let node = cx.step(txn, step).node;
        if !found.iter().any(|(known, _)| *known == node) {
            found.push((node, step));
        }
        from = step.ix() + 1;
    }
    found
}

/// The first step of a participant: what its messages and timers are about.
fn first_step(cx: &Cx<'_>, txn: TxnId, of: NodeIx) -> StepIx {
    let all = participants(cx, txn);
    all.iter().find(|(node, _)| *node == of).map_or(StepIx(0), |(_, step)| *step)
}

/// The coordinator asks a participant.
fn asks(cx: &Cx<'_>, txn: TxnId, participant: NodeIx) -> Exchange {
    let step = Some((first_step(cx, txn, participant), Direction::Do));
    Exchange { caller: coordinator_of(cx), target: participant, txn, step }
}

/// A participant asks the coordinator.
fn inquires(cx: &Cx<'_>, txn: TxnId, participant: NodeIx) -> Exchange {
    let step = Some((first_step(cx, txn, participant), Direction::Do));
    Exchange { caller: participant, target: coordinator_of(cx), txn, step }
}

/// Whether a decision is acknowledged; by the same rule its record at a participant is forced, since
/// an acknowledgement says that it will not be asked for again.
fn acknowledged(cx: &Cx<'_>, commit: bool) -> bool {
    match cx.plan.scenario.options.presume {
        Presume::Nothing => true,
        Presume::Abort => commit,
        Presume::Commit => !commit,
    }
}

/// What a participant remembers a transaction by once it is over.
fn memory(cx: &Cx<'_>, txn: TxnId) -> InboxKey {
    InboxKey { txn, label: cx.plan.words.prepare }
}

/// A message, before it is known to whom.
struct Note {
    shape: Shape,
    label: Sym,
    /// The step whose service time its handling takes.
    step: Option<(StepIx, Direction)>,
    attempt: u16,
    exchange: Exchange,
    message: Msg,
}

fn send(to: NodeIx, note: Note, out: &mut Out) {
    let Note { shape, label, step, attempt, exchange, message } = note;
    out.send(Letter {
        to,
        shape,
        label,
        txn: exchange.txn,
        step,
        attempt,
        exchange: Some(exchange),
        body: Body::Write(WriteMsg::TwoPhaseCommit(message)),
    });
}

/// Arms the timer after which the caller of an exchange asks again.
fn wait_for(
    exchange: Exchange,
    label: Sym,
    attempt: u16,
    attempts_max: Option<u16>,
    out: &mut Out,
) {
    out.arm(Alarm {
        clock: Clock::Retry,
        label,
        txn: exchange.txn,
        step: exchange.step,
        exchange,
        attempt,
        waits: 1,
        attempts_max,
    });
}

/// What must be known in the end is asked for ten times as often before a person is needed.
fn many_attempts(cx: &Cx<'_>) -> Option<u16> {
    Some(cx.plan.scenario.retries.attempts.saturating_mul(10))
}

/// A message of the protocol.
pub fn on_message(
    cx: &Cx<'_>,
    state: &mut State,
    About { from, txn, .. }: About,
    message: Msg,
    out: &mut Out,
) {
    match message {
        Msg::Prepare { round } => participant::on_prepare(cx, state, txn, round, out),
        Msg::Vote { round, vote } => {
            coordinator::on_vote(cx, state, txn, from, (round, vote), out);
        }
        Msg::Decision { commit, round } => {
            participant::carry_out(cx, state, txn, (commit, round), out);
        }
        Msg::Acknowledged => coordinator::on_acknowledged(cx, state, txn, from, out),
        Msg::Inquiry { round } => coordinator::on_inquiry(cx, state, txn, (from, round), out),
    }
}

/// A local transaction has ended.
pub fn on_done(cx: &Cx<'_>, state: &mut State, then: Cont, result: LocalResult, out: &mut Out) {
    match then {
        Cont::Begun(txn) => coordinator::on_begun(cx, state, txn, result, out),
        Cont::Decided(txn) => coordinator::on_decided(cx, state, txn, result, out),
        Cont::Declined(txn, round, why) => {
            participant::vote(cx, state, txn, (round, Vote::No(why)), out);
        }
        // A database that takes no writes remembers nothing: the coordinator will tell it again.
        Cont::Voided(txn) if !matches!(result, LocalResult::Refused(_)) => {
            participant::acknowledge(cx, state, txn, false, out);
        }
        _ => {}
    }
}

/// A session has done what it was asked, or a pause is over.
pub fn on_told(cx: &Cx<'_>, state: &mut State, then: Cont, told: Told, out: &mut Out) {
    participant::on_told(cx, state, then, told, out);
}

/// A timer has fired: `again` is the next attempt, or `None` where it gives up.
pub fn on_timer(cx: &Cx<'_>, state: &mut State, of: TimerOf, again: Option<u16>, out: &mut Out) {
    if of.label == cx.plan.words.inquire {
        if let Some(attempt) = again {
            participant::inquire(cx, of.txn, attempt, out);
        }
    } else {
        coordinator::on_timer(cx, state, of, again, out);
    }
}

/// The node is back: the coordinator reads its rows, and who is in doubt asks.
pub fn on_restart(cx: &Cx<'_>, state: &mut State, out: &mut Out) {
    if cx.plan.coordinator == Some(cx.node) {
        coordinator::recover(cx, state, out);
    }
    if cx.plan.cast.nodes[cx.node.ix()].db.is_some() {
        participant::recover(cx, state, out);
    }
}

/// From the clients to the coordinator, and from it to each service with a step.
#[must_use]
pub fn edges(plan: &Plan) -> Vec<(NodeIx, NodeIx)> {
    let Some(coordinator) = plan.coordinator else { return Vec::new() };
    let steps = plan.flows.iter().flat_map(|flow| &flow.steps);
    let services = steps.map(|step| step.node).filter(|node| *node != coordinator);
    std::iter::once((plan.clients(), coordinator))
        .chain(services.map(|node| (coordinator, node)))
        .collect()
}

impl Canon for Msg {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Prepare { round } => {
                h.write_u8(0);
                h.write_u32(*round);
            }
            Self::Vote { round, vote } => {
                h.write_u8(1);
                h.write_u32(*round);
                match vote {
                    Vote::Yes => h.write_u8(0),
                    Vote::ReadOnly => h.write_u8(1),
                    Vote::No(why) => {
                        h.write_u8(2);
                        Answer::Refused(*why).canon(h);
                    }
                }
            }
            Self::Decision { commit, round } => {
                h.write_u8(2 + u8::from(*commit));
                h.write_u32(*round);
            }
            Self::Acknowledged => h.write_u8(4),
            Self::Inquiry { round } => {
                h.write_u8(5);
                h.write_u32(*round);
            }
        }
    }
}

fn canon_nodes(nodes: &BTreeSet<NodeIx>, h: &mut Fingerprint) {
    h.write_len(nodes.len());
    for node in nodes {
        h.write_u8(node.0);
    }
}

impl Canon for State {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_u32(self.round);
        h.write_len(self.active.len());
        for (txn, phase) in &self.active {
            h.write_u32(txn.0);
            match phase {
                Phase::Voting { waiting, yes } => {
                    h.write_u8(0);
                    canon_nodes(waiting, h);
                    canon_nodes(yes, h);
                }
                Phase::Decided { commit, reason, round, waiting } => {
                    h.write_u8(1 + u8::from(*commit));
                    h.write_u32(reason.map_or(0, |sym| sym.0 + 1));
                    h.write_u32(*round);
                    canon_nodes(waiting, h);
                }
            }
        }
        h.write_len(self.over.len());
        for txn in &self.over {
            h.write_u32(txn.0);
        }
        h.write_len(self.serving.len());
        for (txn, round) in &self.serving {
            h.write_u32(txn.0);
            h.write_u32(*round);
        }
    }
}

/// The continuation of a handler of this member.
fn cont(then: Cont) -> WriteCont {
    WriteCont::TwoPhaseCommit(then)
}
