//! Shared database: all services work in one database, and the first service runs every step of a
//! transaction in one local transaction there.
//!
//! It is the anti-pattern of the family, and the only member that is atomic without a protocol: the
//! database does it. What it costs is seen elsewhere: steps hold locks while those after them are
//! worked out, transactions wait for each other and may deadlock, a slow service keeps connections
//! that others need, and an outage is everybody's (Richardson, Microservices Patterns 2018, ch. 1
//! and 2; Newman, Building Microservices 2015, ch. 4).
//!
//! A transaction that is rolled back for a reason that says nothing about its data (a deadlock's
//! victim, one that could not be serialized, a wait that took too long) is run again from its first
//! step.

use std::collections::BTreeMap;

use super::{WriteCont, reason_of};
use crate::event::Refusal;
use crate::family::Cx;
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{Direction, NodeIx, StepIx, StepRef, TxnId};
use crate::out::{Alarm, Ask, Clock, Effect, Exchange, Told};
use crate::patterns::{Out, Response, client};
use crate::plan::Plan;

/// Where the handler of a transaction goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cont {
    /// A step's turn has come.
    Turn(TxnId, StepIx),
    /// A step was run.
    Ran(TxnId, StepIx),
    /// The local transaction was told to commit.
    Committed(TxnId),
}

/// The memory of a service: the transactions that it runs, and which attempt this is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    running: BTreeMap<TxnId, u16>,
}

impl State {
    /// Whether a crash would lose nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.running.is_empty()
    }
}

/// A client's request.
pub fn on_request(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    if state.running.contains_key(&txn) {
        return;
    }
    let Some(first) = cx.next_step(txn, 0) else {
        client::respond(cx, txn, Response::Completed, out);
        return;
    };
    state.running.insert(txn, 0);
    out.push(Effect::Hold(client::request_exchange(cx, txn)));
    run(cx, txn, first, out);
}

/// The transaction is over here: its client is told, where it is known how it ended.
fn end(cx: &Cx<'_>, state: &mut State, txn: TxnId, response: Option<Response>, out: &mut Out) {
    state.running.remove(&txn);
    out.push(Effect::Release(client::request_exchange(cx, txn)));
    if let Some(response) = response {
        client::respond(cx, txn, response, out);
    }
}

fn run(cx: &Cx<'_>, txn: TxnId, step: StepIx, out: &mut Out) {
    let then = WriteCont::SharedDatabase(Cont::Ran(txn, step));
    out.session(cx.own_db(), txn, Ask::Run(StepRef::forward(txn, step)), then);
}

/// A step was run, its turn has come, or the local transaction has ended.
pub fn on_told(cx: &Cx<'_>, state: &mut State, then: Cont, told: Told, out: &mut Out) {
    match (then, told) {
        (Cont::Turn(txn, step), Told::Over) => run(cx, txn, step, out),
        (Cont::Ran(txn, step), Told::Ran { .. }) => match cx.next_step(txn, step.ix() + 1) {
            Some(next) => {
                let then = WriteCont::SharedDatabase(Cont::Turn(txn, next));
                out.pause(txn, next, cx.step(txn, next).node, then);
            }
            None => {
                let then = WriteCont::SharedDatabase(Cont::Committed(txn));
                out.session(cx.own_db(), txn, Ask::Commit { fact: None }, then);
            }
        },
        (Cont::Committed(txn), Told::Done) => {
            end(cx, state, txn, Some(Response::Completed), out);
        }
        (Cont::Turn(txn, _) | Cont::Ran(txn, _) | Cont::Committed(txn), Told::Refused(why)) => {
            refused(cx, state, txn, why, out)
        }
        // The reply to the commit was lost: it may have happened. Nobody here will ever know, and
        // the client is told nothing.
        (Cont::Turn(txn, _) | Cont::Ran(txn, _) | Cont::Committed(txn), _) => {
            end(cx, state, txn, None, out);
        }
    }
}

/// The local transaction was rolled back: it is run again, or the client is told.
fn refused(cx: &Cx<'_>, state: &mut State, txn: TxnId, why: Refusal, out: &mut Out) {
    let Some(attempt) = state.running.get(&txn).copied() else { return };
    if !why.is_transient() {
        end(cx, state, txn, Some(Response::Aborted(reason_of(cx, why))), out);
        return;
    }
    let about = Some((StepIx(0), Direction::Do));
    out.arm(Alarm {
        clock: Clock::Retry,
        label: cx.plan.words.retry,
        txn,
        step: about,
        exchange: Exchange { caller: cx.node, target: cx.node, txn, step: about },
        attempt,
        waits: 1,
        attempts_max: Some(cx.plan.scenario.retries.attempts),
    });
}

/// The pause after a rollback is over: run it again, or tell the client that it failed.
pub fn on_timer(cx: &Cx<'_>, state: &mut State, txn: TxnId, again: Option<u16>, out: &mut Out) {
    if !state.running.contains_key(&txn) {
        return;
    }
    match (again, cx.next_step(txn, 0)) {
        (Some(attempt), Some(first)) => {
            state.running.insert(txn, attempt);
            run(cx, txn, first, out);
        }
        _ => {
            let reason = Some(cx.plan.words.unavailable);
            end(cx, state, txn, Some(Response::Aborted(reason)), out);
        }
    }
}

/// From the clients to the first services, and from these to the database.
#[must_use]
pub fn edges(plan: &Plan) -> Vec<(NodeIx, NodeIx)> {
    let database = plan.shared.map(|db| plan.cast.dbs[db.ix()].node);
    let firsts = plan.flows.iter().filter_map(|flow| flow.steps.first());
    firsts
        .flat_map(|first| {
            let calls = database.map(|database| (first.node, database));
            std::iter::once((plan.clients(), first.node)).chain(calls)
        })
        .collect()
}

impl Canon for State {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.running.len());
        for txn in self.running.keys() {
            h.write_u32(txn.0);
        }
    }
}
