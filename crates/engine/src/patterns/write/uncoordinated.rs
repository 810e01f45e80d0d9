//! Uncoordinated: the first service calls the others one by one, and each commits on its own.
//!
//! How far it is, is known only to the memory of the service that calls. A refusal or a crash
//! between two steps leaves half a transaction: nothing is undone, since nobody is responsible for
//! the whole. This is what a database for each service gives before any pattern is added to it.
//!
//! Where transactions enter through a composer, it calls all services, and has nothing of its own.

use std::collections::BTreeMap;

use super::{WriteCont, WriteMsg, reason_of};
use crate::event::{Refusal, Shape};
use crate::family::{About, Cx};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{Direction, NodeIx, StepIx, StepRef, TxnId};
use crate::out::{
    Alarm, Answer, Clock, Effect, Exchange, InboxKey, Letter, LocalResult, LocalTxn, StepWork,
};
use crate::patterns::{Body, Out, Response, client};
use crate::plan::Plan;

/// What the services say to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Msg {
    /// Do the step.
    Do,
    /// It is done.
    Done,
    /// The data refused it.
    Refused(Refusal),
}

/// Who waits for a local transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cont {
    /// The caller's own step.
    Own(TxnId, StepIx),
    /// A step that another service asked for.
    Asked {
        /// Who asked.
        by: NodeIx,
        /// The transaction.
        txn: TxnId,
        /// The step.
        step: StepIx,
    },
}

/// The memory of a calling service: the step of each transaction that it waits for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    waiting: BTreeMap<TxnId, StepIx>,
}

impl State {
    /// Whether it waits for nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }
}

fn local(cx: &Cx<'_>, txn: TxnId, step: StepIx, then: Cont, out: &mut Out) {
    let label = cx.step(txn, step).command;
    let transaction = LocalTxn {
        inbox: cx.plan.scenario.options.inbox.then_some(InboxKey { txn, label }),
        work: Some(StepWork { of: StepRef::forward(txn, step), reason: None, only_if_done: None }),
        ..LocalTxn::default()
    };
    out.local(cx.own_db(), transaction, WriteCont::Uncoordinated(then));
}

fn command(cx: &Cx<'_>, txn: TxnId, step: StepIx, attempt: u16, out: &mut Out) {
    let of = cx.step(txn, step);
    let about = Some((step, Direction::Do));
    let exchange = Exchange { caller: cx.node, target: of.node, txn, step: about };
    out.send(Letter {
        to: of.node,
        shape: Shape::Command,
        label: of.command,
        txn,
        step: about,
        attempt,
        exchange: Some(exchange),
        body: Body::Write(WriteMsg::Uncoordinated(Msg::Do)),
    });
    let attempts_max = Some(cx.plan.scenario.retries.attempts);
    out.arm(Alarm {
        clock: Clock::Retry,
        label: cx.plan.words.retry,
        txn,
        step: about,
        exchange,
        attempt,
        waits: 1,
        attempts_max,
    });
}

/// Goes on with the first step at or after `from`, or answers the client.
fn go_on(cx: &Cx<'_>, state: &mut State, txn: TxnId, from: usize, out: &mut Out) {
    match cx.next_step(txn, from) {
        None => finish(cx, state, txn, Response::Completed, out),
        Some(step) => {
            state.waiting.insert(txn, step);
            if cx.step(txn, step).node == cx.node {
                local(cx, txn, step, Cont::Own(txn, step), out);
            } else {
                command(cx, txn, step, 0, out);
            }
        }
    }
}

fn finish(cx: &Cx<'_>, state: &mut State, txn: TxnId, response: Response, out: &mut Out) {
    state.waiting.remove(&txn);
    out.push(Effect::Release(client::request_exchange(cx, txn)));
    client::respond(cx, txn, response, out);
}

/// A client's request: the service begins with the first step.
pub fn on_request(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    if state.waiting.contains_key(&txn) {
        return;
    }
    out.push(Effect::Hold(client::request_exchange(cx, txn)));
    go_on(cx, state, txn, 0, out);
}

/// A command, or the answer to one.
pub fn on_message(
    cx: &Cx<'_>,
    state: &mut State,
    About { from, txn, step }: About,
    message: Msg,
    out: &mut Out,
) {
    match message {
        Msg::Do => local(cx, txn, step, Cont::Asked { by: from, txn, step }, out),
        Msg::Done | Msg::Refused(_) if state.waiting.get(&txn) != Some(&step) => {}
        Msg::Done => {
            out.cancel(cx.plan.words.retry, txn, Some((step, Direction::Do)));
            go_on(cx, state, txn, step.ix() + 1, out);
        }
        Msg::Refused(why) => {
            out.cancel(cx.plan.words.retry, txn, Some((step, Direction::Do)));
            finish(cx, state, txn, Response::Aborted(reason_of(cx, why)), out);
        }
    }
}

/// A local transaction has ended.
pub fn on_done(cx: &Cx<'_>, state: &mut State, then: Cont, result: LocalResult, out: &mut Out) {
    match then {
        Cont::Own(txn, step) => match result {
            LocalResult::Committed { .. } | LocalResult::Known(Answer::Done) => {
                go_on(cx, state, txn, step.ix() + 1, out);
            }
            LocalResult::Refused(why) | LocalResult::Known(Answer::Refused(why)) => {
                finish(cx, state, txn, Response::Aborted(reason_of(cx, why)), out);
            }
            LocalResult::Lost | LocalResult::Known(Answer::Nothing) => {
                finish(cx, state, txn, Response::Aborted(Some(cx.plan.words.no_answer)), out);
            }
        },
        Cont::Asked { by, txn, step } => {
            let of = cx.step(txn, step);
            let (label, message) = match result {
                LocalResult::Committed { .. }
                | LocalResult::Known(Answer::Done | Answer::Nothing) => (of.done, Msg::Done),
                LocalResult::Refused(why) | LocalResult::Known(Answer::Refused(why)) => {
                    (of.refused, Msg::Refused(why))
                }
                // The call broke off: no answer goes back, and the caller asks again.
                LocalResult::Lost => return,
            };
            let about = Some((step, Direction::Do));
            out.send(Letter {
                to: by,
                shape: Shape::Reply,
                label,
                txn,
                step: about,
                attempt: 0,
                exchange: Some(Exchange { caller: by, target: cx.node, txn, step: about }),
                body: Body::Write(WriteMsg::Uncoordinated(message)),
            });
        }
    }
}

/// No answer came in time: ask again, or tell the client that it failed.
pub fn on_timer(
    cx: &Cx<'_>,
    state: &mut State,
    txn: TxnId,
    step: StepIx,
    again: Option<u16>,
    out: &mut Out,
) {
    if state.waiting.get(&txn) != Some(&step) {
        return;
    }
    match again {
        Some(attempt) => command(cx, txn, step, attempt, out),
        None => finish(cx, state, txn, Response::Aborted(Some(cx.plan.words.no_answer)), out),
    }
}

/// From the clients to the first service or the composer, and from it to those of the other steps,
/// and back.
#[must_use]
pub fn edges(plan: &Plan) -> Vec<(NodeIx, NodeIx)> {
    let mut edges = Vec::new();
    for flow in &plan.flows {
        let Some(first) = flow.steps.first() else { continue };
        let entry = plan.entry.unwrap_or(first.node);
        edges.push((plan.clients(), entry));
        for step in flow.steps.iter().filter(|step| step.node != entry) {
            edges.push((entry, step.node));
        }
    }
    edges
}

impl Canon for Msg {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Do => h.write_u8(0),
            Self::Done => h.write_u8(1),
            Self::Refused(why) => {
                h.write_u8(2);
                Answer::Refused(*why).canon(h);
            }
        }
    }
}

impl Canon for State {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.waiting.len());
        for (txn, step) in &self.waiting {
            h.write_u32(txn.0);
            h.write_u8(step.0);
        }
    }
}
