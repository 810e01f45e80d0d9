//! Saga, choreographed: services publish events to a broker and react to each other's.
//!
//! Each service waits for the event of the step before its own, does its step in one local
//! transaction, and publishes that it is done. A refusal stops the forward flow: the services whose
//! steps are done undo them, the last first, each reacting to the event that the one after it was
//! undone (Garcia-Molina and Salem, Sagas, SIGMOD 1987; Richardson, Microservices Patterns, ch. 4).
//!
//! With the outbox an event is stored with the rows and published by the relay; without it, it is
//! published from memory after the commit, and a crash between the two loses it. With the inbox a
//! repeated record is known and applied once; without it, it is applied again.

use super::{WriteCont, reason_of};
use crate::event::{EventKind, Outcome, Refusal, Shape};
use crate::family::Cx;
use crate::ids::{Direction, NodeIx, StepIx, StepRef, Sym, TopicIx, TxnId};
use crate::mutation::Mutation;
use crate::out::{Answer, Effect, InboxKey, LocalResult, LocalTxn, RecordBody, Says, StepWork};
use crate::patterns::{Out, Response, client};
use crate::plan::Plan;
use crate::scenario::document::{Compensate, CompensationOrder, StepKind};

/// Who waits for a local transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cont {
    /// A step forward.
    Forward {
        /// The transaction.
        txn: TxnId,
        /// The step.
        step: StepIx,
        /// Whether a client waits for the answer.
        client: bool,
    },
    /// The record that a step failed.
    Failure {
        /// The transaction.
        txn: TxnId,
        /// The step.
        step: StepIx,
        /// The word for it.
        reason: Option<Sym>,
        /// Whether a client waits for the answer.
        client: bool,
    },
    /// A compensation.
    Undo {
        /// The transaction.
        txn: TxnId,
        /// The step.
        step: StepIx,
        /// The word of the failure that it answers to.
        reason: Option<Sym>,
    },
}

fn done_record(cx: &Cx<'_>, txn: TxnId, step: StepIx, says: Says) -> RecordBody {
    let of = cx.step(txn, step);
    let (label, shape) = match says {
        Says::Done => (of.emits, Shape::Event),
        Says::Failed(_) => (of.fails, Shape::Event),
        Says::Undone(_) => (of.undone, Shape::Compensation),
        Says::Changed(_) => unreachable!("only the read member publishes changes of rows"),
    };
    let topic = of.topic.expect("a choreographed saga's plan has a topic for each step");
    RecordBody { topic, label, shape, txn, step, says }
}

fn inbox(cx: &Cx<'_>, txn: TxnId, label: Sym) -> Option<InboxKey> {
    let is_keyed_wrongly = cx.plan.has(Mutation::InboxKeyWithoutStep);
    let label = if is_keyed_wrongly { cx.plan.words.request } else { label };
    cx.plan.scenario.options.inbox.then_some(InboxKey { txn, label })
}

fn outbox(cx: &Cx<'_>, record: RecordBody) -> Vec<RecordBody> {
    if cx.plan.scenario.options.outbox { vec![record] } else { Vec::new() }
}

/// Without an outbox the service publishes from memory, once the commit is done.
fn publish(cx: &Cx<'_>, record: RecordBody, out: &mut Out) {
    if !cx.plan.scenario.options.outbox {
        out.push(Effect::Publish(record));
    }
}

fn parallel(cx: &Cx<'_>) -> bool {
    cx.plan.scenario.options.compensation_order == CompensationOrder::Parallel
}

/// The step that compensation begins with after a failure of `failed`.
fn first_undo(cx: &Cx<'_>, txn: TxnId, failed: StepIx) -> Option<StepIx> {
    let before = match cx.plan.scenario.options.compensate {
        Compensate::Completed => failed.ix(),
        Compensate::FailedToo => failed.ix() + 1,
    };
    cx.previous_undo(txn, before)
}

/// The last of this node's own steps before `before` that has something to undo.
fn own_undo(cx: &Cx<'_>, txn: TxnId, mut before: usize) -> Option<StepIx> {
    while let Some(step) = cx.previous_undo(txn, before) {
        if cx.step(txn, step).node == cx.node {
            return Some(step);
        }
        before = step.ix();
    }
    None
}

/// What this node does about a record, if anything.
#[must_use]
pub fn reaction(cx: &Cx<'_>, record: &RecordBody) -> Option<(StepIx, Direction)> {
    let txn = record.txn;
    let (step, direction) = match record.says {
        Says::Done => (cx.next_step(txn, record.step.ix() + 1)?, Direction::Do),
        Says::Failed(_) if parallel(cx) => {
            let first = first_undo(cx, txn, record.step)?;
            (own_undo(cx, txn, first.ix() + 1)?, Direction::Undo)
        }
        Says::Failed(_) => (first_undo(cx, txn, record.step)?, Direction::Undo),
        Says::Undone(_) if parallel(cx) => return None,
        Says::Undone(_) => (cx.previous_undo(txn, record.step.ix())?, Direction::Undo),
        Says::Changed(_) => return None,
    };
    (cx.step(txn, step).node == cx.node).then_some((step, direction))
}

/// Whether the commit of this step ends the transaction.
fn last_step(cx: &Cx<'_>, txn: TxnId, step: StepIx) -> bool {
    cx.next_step(txn, step.ix() + 1).is_none()
}

/// Whether the commit of this compensation does.
fn last_undo(cx: &Cx<'_>, txn: TxnId, step: StepIx) -> bool {
    cx.previous_undo(txn, step.ix()).is_none()
}

fn forward(cx: &Cx<'_>, txn: TxnId, step: StepIx, client: bool, out: &mut Out) {
    let transaction = LocalTxn {
        inbox: inbox(cx, txn, cx.step(txn, step).command),
        work: Some(StepWork { of: StepRef::forward(txn, step), reason: None, only_if_done: None }),
        outbox: outbox(cx, done_record(cx, txn, step, Says::Done)),
        fact: last_step(cx, txn, step).then(|| (txn, ended(Outcome::Committed, None))),
        ..LocalTxn::default()
    };
    let then = Cont::Forward { txn, step, client };
    out.local(cx.own_db(), transaction, WriteCont::SagaChoreography(then));
}

fn undo(cx: &Cx<'_>, txn: TxnId, step: StepIx, reason: Option<Sym>, out: &mut Out) {
    let of = cx.step(txn, step);
    let transaction = LocalTxn {
        inbox: inbox(cx, txn, of.undo_command),
        work: Some(StepWork {
            of: StepRef::undo(txn, step),
            reason,
            // A step without a `do` leaves nothing in the inbox, and its compensation always runs.
            only_if_done: if of.forward.is_empty() { None } else { inbox(cx, txn, of.command) },
        }),
        outbox: outbox(cx, done_record(cx, txn, step, Says::Undone(reason))),
        fact: last_undo(cx, txn, step).then(|| (txn, ended(Outcome::Aborted, reason))),
        ..LocalTxn::default()
    };
    let then = Cont::Undo { txn, step, reason };
    out.local(cx.own_db(), transaction, WriteCont::SagaChoreography(then));
}

/// A client's request: the first step.
pub fn on_request(cx: &Cx<'_>, txn: TxnId, out: &mut Out) {
    match cx.next_step(txn, 0) {
        Some(step) => forward(cx, txn, step, true, out),
        None => client::respond(cx, txn, Response::Completed, out),
    }
}

/// A record that this node reacts to.
pub fn on_record(cx: &Cx<'_>, record: &RecordBody, out: &mut Out) {
    let Some((step, direction)) = reaction(cx, record) else { return };
    match (direction, record.says) {
        (Direction::Do, _) => forward(cx, record.txn, step, false, out),
        (Direction::Undo, Says::Failed(reason) | Says::Undone(reason)) => {
            undo(cx, record.txn, step, reason, out);
        }
        (Direction::Undo, Says::Done | Says::Changed(_)) => {}
    }
}

fn ended(outcome: Outcome, reason: Option<Sym>) -> EventKind {
    EventKind::Ended { outcome, reason }
}

/// A local transaction has ended.
pub fn on_done(cx: &Cx<'_>, then: Cont, result: LocalResult, out: &mut Out) {
    match then {
        Cont::Forward { txn, step, client } => after_forward(cx, txn, step, client, result, out),
        Cont::Failure { txn, step, reason, client } => {
            if result == LocalResult::Lost {
                return;
            }
            publish(cx, done_record(cx, txn, step, Says::Failed(reason)), out);
            if client {
                client::respond(cx, txn, Response::Aborted(reason), out);
            }
        }
        Cont::Undo { txn, step, reason } => after_undo(cx, txn, step, reason, result, out),
    }
}

fn after_forward(
    cx: &Cx<'_>,
    txn: TxnId,
    step: StepIx,
    client: bool,
    result: LocalResult,
    out: &mut Out,
) {
    match result {
        LocalResult::Committed { .. } => {
            publish(cx, done_record(cx, txn, step, Says::Done), out);
            if client {
                client::respond(cx, txn, Response::Accepted, out);
            }
        }
        LocalResult::Known(answer) => {
            if client {
                let response = match answer {
                    Answer::Done | Answer::Nothing => Response::Accepted,
                    Answer::Refused(why) => Response::Aborted(reason_of(cx, why)),
                };
                client::respond(cx, txn, response, out);
            }
        }
        // The client decided by a version that is gone: it is told so, and decides anew.
        LocalResult::Refused(why @ Refusal::Version) if client => {
            client::respond(cx, txn, Response::Aborted(reason_of(cx, why)), out);
        }
        // A record that waited for another saga's mark would keep back those behind it, the one that
        // takes the mark off perhaps among them: only a client waits, and asks again.
        LocalResult::Refused(why @ Refusal::Pending) if !client => {
            refused(cx, txn, step, client, why, out);
        }
        LocalResult::Refused(why) if why.is_transient() => out.push(Effect::Fail),
        LocalResult::Refused(why) => refused(cx, txn, step, client, why, out),
        LocalResult::Lost => {}
    }
}

/// The data refused a step: the flow stops here and goes back, or is stuck where it may not.
fn refused(cx: &Cx<'_>, txn: TxnId, step: StepIx, client: bool, why: Refusal, out: &mut Out) {
    let reason = reason_of(cx, why);
    let of = cx.step(txn, step);
    if of.kind == StepKind::Retriable {
        out.note(txn, Some((step, Direction::Do)), EventKind::Stuck { reason });
        out.push(Effect::DeadLetter);
        return;
    }
    // A client's own answer ends the transaction for it.
    let over = !client && first_undo(cx, txn, step).is_none();
    let transaction = LocalTxn {
        inbox: inbox(cx, txn, of.command),
        answer: Some(Answer::Refused(why)),
        outbox: outbox(cx, done_record(cx, txn, step, Says::Failed(reason))),
        fact: over.then(|| (txn, ended(Outcome::Aborted, reason))),
        ..LocalTxn::default()
    };
    let then = Cont::Failure { txn, step, reason, client };
    if transaction.inbox.is_none() && transaction.outbox.is_empty() {
        if let Some((_, end)) = transaction.fact {
            out.note(txn, None, end);
        }
        on_done(cx, then, LocalResult::Committed { effect: false }, out);
    } else {
        out.local(cx.own_db(), transaction, WriteCont::SagaChoreography(then));
    }
}

fn after_undo(
    cx: &Cx<'_>,
    txn: TxnId,
    step: StepIx,
    reason: Option<Sym>,
    result: LocalResult,
    out: &mut Out,
) {
    match result {
        LocalResult::Committed { .. } => {
            publish(cx, done_record(cx, txn, step, Says::Undone(reason)), out);
        }
        LocalResult::Known(_) => {}
        LocalResult::Refused(why) if why.is_transient() => {
            out.push(Effect::Fail);
            return;
        }
        LocalResult::Refused(why) => {
            let reason = reason_of(cx, why);
            out.note(txn, Some((step, Direction::Undo)), EventKind::Stuck { reason });
            out.push(Effect::DeadLetter);
            return;
        }
        LocalResult::Lost => return,
    }
    // One record sets off every compensation of this service, where they run in parallel.
    if parallel(cx)
        && let Some(next) = own_undo(cx, txn, step.ix())
    {
        undo(cx, txn, next, reason, out);
    }
}

/// Who reacts to something on each topic: the service of the next step to what is done, the services
/// of earlier steps to what failed or was undone.
#[must_use]
pub fn consumers(plan: &Plan) -> Vec<(TopicIx, NodeIx)> {
    let mut consumers = Vec::new();
    for flow in &plan.flows {
        for (ix, step) in flow.steps.iter().enumerate() {
            let Some(topic) = step.topic else { continue };
            for next in &flow.steps[ix + 1..] {
                consumers.push((topic, next.node));
                if next.condition.is_none() && !next.forward.is_empty() {
                    break;
                }
            }
            for earlier in flow.steps[..=ix].iter().filter(|earlier| !earlier.undo.is_empty()) {
                consumers.push((topic, earlier.node));
            }
        }
    }
    consumers.sort_unstable();
    consumers.dedup();
    consumers
}

/// From the clients to the first service, from each service to the broker, and from the broker to
/// each service that reacts to something.
#[must_use]
pub fn edges(plan: &Plan) -> Vec<(NodeIx, NodeIx)> {
    let mut edges = Vec::new();
    let Some(broker) = plan.broker else { return edges };
    for flow in &plan.flows {
        if let Some(first) = flow.steps.first() {
            edges.push((plan.clients(), first.node));
        }
        for step in &flow.steps {
            edges.push((step.node, broker));
            edges.push((broker, step.node));
        }
    }
    edges
}
