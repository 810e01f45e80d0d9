//! Saga, orchestrated: an orchestrator sends commands, persists how far it is, and compensates.
//!
//! Before each command the orchestrator commits a row that says which step is next, so that after
//! a crash it sends that command again. Participants answer; with the inbox a repeated command gets
//! the first answer again and is applied once. A refused compensatable or pivot step turns the saga
//! round; a retriable step or a compensation that the data refuses leaves it visibly stuck
//! (Garcia-Molina and Salem 1987; Richardson, Microservices Patterns, ch. 4).

mod canon;

use std::collections::BTreeMap;

use super::{WriteCont, WriteMsg, reason_of};
use crate::event::{EventKind, Outcome, Refusal, Shape};
use crate::family::{About, Cx};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{Direction, NodeIx, StepIx, StepRef, Sym, TxnId};
use crate::mutation::Mutation;
use crate::out::{
    Alarm, Answer, Clock, Effect, Exchange, InboxKey, Letter, LocalResult, LocalTxn, RowWrite,
    StepWork,
};
use crate::patterns::{Body, Out, Response, client};
use crate::plan::Plan;
use crate::scenario::document::{Compensate, CompensationOrder, StepKind};
use crate::value::{Key, KeyPart, Row, Value};

/// What orchestrator and participants say to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Msg {
    /// Do or undo the step; a compensation carries the word of the failure.
    Command(Direction, Option<Sym>),
    /// It is done or undone.
    Done(Direction),
    /// The data refused it.
    Refused(Direction, Refusal),
}

/// Who waits for a local transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cont {
    /// The orchestrator: its row is written, the client can be told, and the first step is next.
    Begun(TxnId),
    /// The orchestrator: its row is written, and the saga goes on from it.
    Moved(TxnId),
    /// The orchestrator's own step, where it runs in a service.
    Own(TxnId, StepIx, Direction),
    /// A participant.
    Served {
        /// Who asked.
        by: NodeIx,
        /// The transaction.
        txn: TxnId,
        /// The step.
        step: StepIx,
        /// Do or undo.
        dir: Direction,
    },
    /// A participant: its inbox remembers that it refused the step, so that a command that comes
    /// again is refused again, even where the data would allow it by then.
    Declined {
        /// Who asked.
        by: NodeIx,
        /// The transaction.
        txn: TxnId,
        /// The step.
        step: StepIx,
        /// Why.
        why: Refusal,
    },
}

/// Where a saga stands: what its row says, and what the orchestrator remembers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// This step is being done.
    Forward(StepIx),
    /// This step is being undone.
    Back(StepIx, Option<Sym>),
    /// These steps (a bit each) are being undone, all at once.
    BackAll(u64, Option<Sym>),
}

/// The memory of an orchestrator: the sagas at work.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    active: BTreeMap<TxnId, Phase>,
}

impl State {
    /// Whether no saga is at work.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.active.is_empty()
    }
}

fn row_key(cx: &Cx<'_>, txn: TxnId) -> Key {
    Key { table: cx.plan.words.saga, id: KeyPart::Int(i64::from(txn.0) + 1) }
}

/// The row that says where a saga stands; steps count from 1 in it.
fn row(cx: &Cx<'_>, txn: TxnId, state: Sym, step: Option<StepIx>, reason: Option<Sym>) -> RowWrite {
    let words = &cx.plan.words;
    let mut fields = vec![(words.state, Value::Text(state))];
    if let Some(step) = step {
        fields.push((words.step, Value::Int(i64::from(step.0) + 1)));
    }
    if let Some(reason) = reason {
        fields.push((words.reason, Value::Text(reason)));
    }
    RowWrite { key: row_key(cx, txn), row: Some(Row::new(fields)) }
}

fn persist(cx: &Cx<'_>, txn: TxnId, write: RowWrite, out: &mut Out) {
    let fact = end(cx, &write).map(|end| (txn, end));
    let transaction = LocalTxn { writes: vec![write], fact, ..LocalTxn::default() };
    out.local(cx.own_db(), transaction, WriteCont::SagaOrchestration(Cont::Moved(txn)));
}

/// The end of the transaction, where this row says that its saga is over.
fn end(cx: &Cx<'_>, write: &RowWrite) -> Option<EventKind> {
    let words = &cx.plan.words;
    let row = write.row.as_ref()?;
    let reason = match row.get(words.reason) {
        Some(Value::Text(sym)) => Some(*sym),
        _ => None,
    };
    let outcome = match row.get(words.state) {
        Some(Value::Text(state)) if *state == words.completed => Outcome::Committed,
        Some(Value::Text(state)) if *state == words.rolled_back => Outcome::Aborted,
        _ => return None,
    };
    Some(EventKind::Ended { outcome, reason })
}

/// What a saga's row says, where it is still at work.
fn read_phase(cx: &Cx<'_>, txn: TxnId) -> Option<Phase> {
    let words = &cx.plan.words;
    let row = cx.own().row(&row_key(cx, txn))?;
    let step = row.get(words.step).and_then(Value::as_int).map(|n| StepIx((n - 1) as u8));
    let reason = match row.get(words.reason) {
        Some(Value::Text(sym)) => Some(*sym),
        _ => None,
    };
    match row.get(words.state) {
        Some(Value::Text(state)) if *state == words.running => Some(Phase::Forward(step?)),
        Some(Value::Text(state)) if *state == words.compensating => {
            Some(if cx.plan.scenario.options.compensation_order == CompensationOrder::Parallel {
                Phase::BackAll(all_undos(cx, txn, step?.ix() + 1), reason)
            } else {
                Phase::Back(step?, reason)
            })
        }
        _ => None,
    }
}

/// The steps before `before` that have something to undo, a bit each.
fn all_undos(cx: &Cx<'_>, txn: TxnId, mut before: usize) -> u64 {
    let mut steps = 0;
    while let Some(step) = cx.previous_undo(txn, before) {
        steps |= 1 << step.0;
        before = step.ix();
    }
    steps
}

fn lowest(steps: u64) -> impl Iterator<Item = StepIx> {
    (0..64).rev().filter(move |bit| steps & (1 << bit) != 0).map(StepIx)
}

/// Does what a saga's phase asks for: commands, or a step of the orchestrator's own service.
fn go(cx: &Cx<'_>, state: &mut State, txn: TxnId, phase: Phase, out: &mut Out) {
    state.active.insert(txn, phase);
    match phase {
        Phase::Forward(step) => act(cx, txn, step, Direction::Do, None, out),
        Phase::Back(step, reason) => act(cx, txn, step, Direction::Undo, reason, out),
        Phase::BackAll(steps, reason) => {
            for step in lowest(steps) {
                act(cx, txn, step, Direction::Undo, reason, out);
            }
        }
    }
}

fn act(cx: &Cx<'_>, txn: TxnId, step: StepIx, dir: Direction, reason: Option<Sym>, out: &mut Out) {
    if cx.step(txn, step).node == cx.node {
        let transaction = work(cx, txn, step, dir, reason);
        out.local(
            cx.own_db(),
            transaction,
            WriteCont::SagaOrchestration(Cont::Own(txn, step, dir)),
        );
    } else {
        command(cx, txn, step, dir, reason, 0, out);
    }
}

fn work(cx: &Cx<'_>, txn: TxnId, step: StepIx, dir: Direction, reason: Option<Sym>) -> LocalTxn {
    let of = cx.step(txn, step);
    let inbox = |label| cx.plan.scenario.options.inbox.then_some(InboxKey { txn, label });
    let (label, only_if_done) = match dir {
        Direction::Do => (of.command, None),
        // A step without a `do` leaves nothing in the inbox, and its compensation always runs.
        Direction::Undo => {
            (of.undo_command, if of.forward.is_empty() { None } else { inbox(of.command) })
        }
    };
    let of = StepRef { txn, step, dir };
    LocalTxn {
        inbox: inbox(label),
        work: Some(StepWork { of, reason, only_if_done }),
        ..LocalTxn::default()
    }
}

fn command(
    cx: &Cx<'_>,
    txn: TxnId,
    step: StepIx,
    dir: Direction,
    reason: Option<Sym>,
    attempt: u16,
    out: &mut Out,
) {
    let of = cx.step(txn, step);
    let about = Some((step, dir));
    let exchange = Exchange { caller: cx.node, target: of.node, txn, step: about };
    let (shape, label) = match dir {
        Direction::Do => (Shape::Command, of.command),
        Direction::Undo => (Shape::Compensation, of.undo_command),
    };
    out.send(Letter {
        to: of.node,
        shape,
        label,
        txn,
        step: about,
        attempt,
        exchange: Some(exchange),
        body: Body::Write(WriteMsg::SagaOrchestration(Msg::Command(dir, reason))),
    });
    // What must succeed in the end is tried ten times as often before a person is needed.
    let must_succeed = dir == Direction::Undo || of.kind == StepKind::Retriable;
    let attempts = cx.plan.scenario.retries.attempts;
    let attempts_max = Some(if must_succeed { attempts.saturating_mul(10) } else { attempts });
    let label = cx.plan.words.retry;
    out.arm(Alarm {
        clock: Clock::Retry,
        label,
        txn,
        step: about,
        exchange,
        attempt,
        waits: 1,
        attempts_max,
    });
}

/// Tries a step again after a while, and as often as it takes: its outcome is not in doubt, only the
/// orchestrator's own database takes no writes.
fn try_later(cx: &Cx<'_>, txn: TxnId, step: StepIx, dir: Direction, out: &mut Out) {
    let about = Some((step, dir));
    let target = cx.step(txn, step).node;
    let exchange = Exchange { caller: cx.node, target, txn, step: about };
    let label = cx.plan.words.retry;
    let alarm = Alarm {
        clock: Clock::Retry,
        label,
        txn,
        step: about,
        exchange,
        attempt: 0,
        waits: 1,
        attempts_max: None,
    };
    out.arm(alarm);
}

/// A client's request: the saga's row is the first thing to be durable.
pub fn on_request(cx: &Cx<'_>, txn: TxnId, out: &mut Out) {
    let words = &cx.plan.words;
    let write = match cx.next_step(txn, 0) {
        Some(first) => row(cx, txn, words.running, Some(first), None),
        None => row(cx, txn, words.completed, None, None),
    };
    let transaction = LocalTxn {
        inbox: cx.plan.scenario.options.inbox.then_some(InboxKey { txn, label: words.request }),
        answer: Some(Answer::Done),
        fact: end(cx, &write).map(|end| (txn, end)),
        writes: vec![write],
        lazy: cx.plan.has(Mutation::SagaRowNotForced),
        ..LocalTxn::default()
    };
    out.local(cx.own_db(), transaction, WriteCont::SagaOrchestration(Cont::Begun(txn)));
}

/// A command at a participant, or an answer at the orchestrator.
pub fn on_message(
    cx: &Cx<'_>,
    state: &mut State,
    About { from, txn, step }: About,
    message: Msg,
    out: &mut Out,
) {
    match message {
        Msg::Command(dir, reason) => {
            let transaction = work(cx, txn, step, dir, reason);
            let then = Cont::Served { by: from, txn, step, dir };
            out.local(cx.own_db(), transaction, WriteCont::SagaOrchestration(then));
        }
        Msg::Done(dir) if waits_for(state, txn, step, dir) => {
            out.cancel(cx.plan.words.retry, txn, Some((step, dir)));
            advance(cx, state, txn, step, dir, out);
        }
        Msg::Refused(dir, why) if waits_for(state, txn, step, dir) => {
            out.cancel(cx.plan.words.retry, txn, Some((step, dir)));
            refused(cx, state, txn, step, dir, reason_of(cx, why), out);
        }
        // A repeated or late answer: the saga has moved on.
        Msg::Done(_) | Msg::Refused(..) => {}
    }
}

fn waits_for(state: &State, txn: TxnId, step: StepIx, dir: Direction) -> bool {
    match state.active.get(&txn) {
        Some(Phase::Forward(at)) => dir == Direction::Do && *at == step,
        Some(Phase::Back(at, _)) => dir == Direction::Undo && *at == step,
        Some(Phase::BackAll(steps, _)) => dir == Direction::Undo && steps & (1 << step.0) != 0,
        None => false,
    }
}

/// A step is done or undone: the row moves on, and then the saga.
fn advance(
    cx: &Cx<'_>,
    state: &mut State,
    txn: TxnId,
    step: StepIx,
    dir: Direction,
    out: &mut Out,
) {
    let words = &cx.plan.words;
    match (dir, state.active.get(&txn).copied()) {
        (Direction::Do, _) => {
            if cx.step(txn, step).kind == StepKind::Pivot {
                out.note(txn, Some((step, dir)), EventKind::Decided { forward: true });
            }
            let write = match cx.next_step(txn, step.ix() + 1) {
                Some(next) => row(cx, txn, words.running, Some(next), None),
                None => row(cx, txn, words.completed, None, None),
            };
            persist(cx, txn, write, out);
        }
        (Direction::Undo, Some(Phase::BackAll(steps, reason))) => {
            let left = steps & !(1 << step.0);
            state.active.insert(txn, Phase::BackAll(left, reason));
            if left == 0 {
                persist(cx, txn, row(cx, txn, words.rolled_back, None, reason), out);
            }
        }
        (Direction::Undo, phase) => {
            let reason = match phase {
                Some(Phase::Back(_, reason)) => reason,
                _ => None,
            };
            persist(cx, txn, back_row(cx, txn, step.ix(), reason), out);
        }
    }
}

/// The row of a saga that undoes the steps before `before`, or has nothing left to undo.
fn back_row(cx: &Cx<'_>, txn: TxnId, before: usize, reason: Option<Sym>) -> RowWrite {
    let words = &cx.plan.words;
    match cx.previous_undo(txn, before) {
        Some(next) => row(cx, txn, words.compensating, Some(next), reason),
        None => row(cx, txn, words.rolled_back, None, reason),
    }
}

/// A step or a compensation cannot be done.
fn refused(
    cx: &Cx<'_>,
    state: &mut State,
    txn: TxnId,
    step: StepIx,
    dir: Direction,
    reason: Option<Sym>,
    out: &mut Out,
) {
    if dir == Direction::Undo || cx.step(txn, step).kind == StepKind::Retriable {
        state.active.remove(&txn);
        out.note(txn, Some((step, dir)), EventKind::Stuck { reason });
        persist(cx, txn, row(cx, txn, cx.plan.words.stuck, Some(step), reason), out);
        return;
    }
    out.note(txn, Some((step, dir)), EventKind::Decided { forward: false });
    let before = match cx.plan.scenario.options.compensate {
        Compensate::Completed => step.ix(),
        Compensate::FailedToo => step.ix() + 1,
    };
    let is_forgotten = cx.plan.has(Mutation::ForgottenCompensation);
    let before = if is_forgotten { before.saturating_sub(1) } else { before };
    persist(cx, txn, back_row(cx, txn, before, reason), out);
}

/// A local transaction has ended.
pub fn on_done(cx: &Cx<'_>, state: &mut State, then: Cont, result: LocalResult, out: &mut Out) {
    match then {
        Cont::Begun(txn) => match result {
            LocalResult::Committed { .. } => {
                client::respond(cx, txn, Response::Accepted, out);
                resume(cx, state, txn, out);
            }
            LocalResult::Known(_) => client::respond(cx, txn, Response::Accepted, out),
            LocalResult::Refused(why) => {
                client::respond(cx, txn, Response::Aborted(reason_of(cx, why)), out);
            }
            // The client asks again. The row decides whether there is a saga to go on with.
            LocalResult::Lost => resume(cx, state, txn, out),
        },
        Cont::Moved(txn) => match result {
            LocalResult::Refused(_) => resume_later(cx, state, txn, out),
            _ => resume(cx, state, txn, out),
        },
        Cont::Own(txn, step, dir) => match result {
            LocalResult::Committed { .. } | LocalResult::Known(Answer::Done | Answer::Nothing) => {
                advance(cx, state, txn, step, dir, out);
            }
            LocalResult::Refused(why) if why.is_transient() => try_later(cx, txn, step, dir, out),
            LocalResult::Refused(why) | LocalResult::Known(Answer::Refused(why)) => {
                refused(cx, state, txn, step, dir, reason_of(cx, why), out);
            }
            LocalResult::Lost => resume(cx, state, txn, out),
        },
        Cont::Served { by, txn, step, dir: Direction::Do }
            if cx.plan.scenario.options.inbox
                && let LocalResult::Refused(why) = result
                && !matches!(why, Refusal::ReadOnly | Refusal::Pending) =>
        {
            let label = cx.step(txn, step).command;
            let transaction = LocalTxn {
                inbox: Some(InboxKey { txn, label }),
                answer: Some(Answer::Refused(why)),
                ..LocalTxn::default()
            };
            let then = Cont::Declined { by, txn, step, why };
            out.local(cx.own_db(), transaction, WriteCont::SagaOrchestration(then));
        }
        Cont::Served { by, txn, step, dir } => answer(cx, by, txn, step, dir, result, out),
        Cont::Declined { by, txn, step, why } => {
            let result = match result {
                LocalResult::Committed { .. } => LocalResult::Refused(why),
                other => other,
            };
            answer(cx, by, txn, step, Direction::Do, result, out);
        }
    }
}

/// Goes on from what the saga's row says; a saga that is over is forgotten.
fn resume(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    if let Some(phase) = read_phase(cx, txn) {
        go(cx, state, txn, phase, out);
    } else {
        state.active.remove(&txn);
    }
}

/// The orchestrator's own database takes no writes, so that the saga cannot move on: what its row
/// says is tried again when the timer fires. To try at once could go on for ever within one handler.
fn resume_later(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    let Some(phase) = read_phase(cx, txn) else { return };
    state.active.insert(txn, phase);
    match phase {
        Phase::Forward(step) => try_later(cx, txn, step, Direction::Do, out),
        Phase::Back(step, _) => try_later(cx, txn, step, Direction::Undo, out),
        Phase::BackAll(steps, _) => {
            for step in lowest(steps) {
                try_later(cx, txn, step, Direction::Undo, out);
            }
        }
    }
}

fn answer(
    cx: &Cx<'_>,
    by: NodeIx,
    txn: TxnId,
    step: StepIx,
    dir: Direction,
    result: LocalResult,
    out: &mut Out,
) {
    let of = cx.step(txn, step);
    let (label, message) = match result {
        LocalResult::Committed { .. } | LocalResult::Known(Answer::Done) => {
            (if dir == Direction::Do { of.done } else { of.undone_reply }, Msg::Done(dir))
        }
        // The step was voided by its own compensation, which came first.
        LocalResult::Known(Answer::Nothing) if dir == Direction::Undo => {
            (of.undone_reply, Msg::Done(dir))
        }
        LocalResult::Known(Answer::Nothing) => (of.refused, Msg::Refused(dir, Refusal::Exists)),
        // The database is in trouble, not the data: no answer goes back, and the command comes again.
        // So it does where the step waits for another saga's mark to be taken off.
        LocalResult::Refused(Refusal::ReadOnly | Refusal::Pending) | LocalResult::Lost => {
            out.push(Effect::Fail);
            return;
        }
        LocalResult::Refused(why) | LocalResult::Known(Answer::Refused(why)) => {
            (of.refused, Msg::Refused(dir, why))
        }
    };
    let about = Some((step, dir));
    out.send(Letter {
        to: by,
        shape: Shape::Reply,
        label,
        txn,
        step: about,
        attempt: 0,
        exchange: Some(Exchange { caller: by, target: cx.node, txn, step: about }),
        body: Body::Write(WriteMsg::SagaOrchestration(message)),
    });
}

/// No answer came in time: ask again. One that gives up on a step forward does not know its outcome
/// and turns the saga round; one that gives up on what must succeed leaves it stuck.
pub fn on_timer(
    cx: &Cx<'_>,
    state: &mut State,
    txn: TxnId,
    (step, dir): (StepIx, Direction),
    again: Option<u16>,
    out: &mut Out,
) {
    if !waits_for(state, txn, step, dir) {
        return;
    }
    let reason = match state.active.get(&txn) {
        Some(Phase::Back(_, reason) | Phase::BackAll(_, reason)) => *reason,
        _ => None,
    };
    match again {
        // Its own database took no writes when it last tried.
        Some(_) if cx.step(txn, step).node == cx.node => act(cx, txn, step, dir, reason, out),
        Some(attempt) => command(cx, txn, step, dir, reason, attempt, out),
        None => refused(cx, state, txn, step, dir, Some(cx.plan.words.no_answer), out),
    }
}

/// The orchestrator is back: every saga that its rows show at work goes on.
pub fn on_restart(cx: &Cx<'_>, state: &mut State, out: &mut Out) {
    if cx.plan.orchestrator != Some(cx.node) {
        return;
    }
    let sagas: Vec<TxnId> = cx
        .own()
        .rows()
        .filter(|(key, _)| key.table == cx.plan.words.saga)
        .filter_map(|(key, _)| match key.id {
            KeyPart::Int(n) => u32::try_from(n - 1).ok().map(TxnId),
            KeyPart::Text(_) => None,
        })
        .collect();
    for txn in sagas {
        if let Some(phase) = read_phase(cx, txn) {
            go(cx, state, txn, phase, out);
        }
    }
}

/// From the clients to the orchestrator, and from it to each service with a step, and back.
#[must_use]
pub fn edges(plan: &Plan) -> Vec<(NodeIx, NodeIx)> {
    let Some(orchestrator) = plan.orchestrator else { return Vec::new() };
    let mut edges = vec![(plan.clients(), orchestrator)];
    for step in plan.flows.iter().flat_map(|flow| &flow.steps) {
        if step.node != orchestrator {
            edges.push((orchestrator, step.node));
        }
    }
    edges
}
