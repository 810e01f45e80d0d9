//! The clients: they start transactions, wait for the answer, ask again, and give up.

use std::collections::BTreeSet;

use super::{Body, Out, Response};
use crate::event::{Acknowledged, EventKind, Outcome, Shape};
use crate::family::Cx;
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{NodeIx, TxnId};
use crate::out::{Alarm, Clock, Exchange, Letter};
use crate::plan::MixKind;

/// Which transactions still wait for their answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    waiting: BTreeSet<TxnId>,
}

fn exchange(cx: &Cx<'_>, entry: NodeIx, txn: TxnId) -> Exchange {
    Exchange { caller: cx.plan.clients(), target: entry, txn, step: None }
}

fn ask(cx: &Cx<'_>, entry: NodeIx, txn: TxnId, attempt: u16, retries: bool, out: &mut Out) {
    let exchange = exchange(cx, entry, txn);
    out.send(Letter {
        to: entry,
        shape: Shape::Command,
        label: cx.plan.words.request,
        txn,
        step: None,
        attempt,
        exchange: Some(exchange),
        body: Body::Request,
    });
    let attempts = cx.plan.scenario.retries.attempts;
    let (waits, attempts_max) = if retries { (1, Some(attempts)) } else { (attempts, Some(1)) };
    out.arm(Alarm {
        clock: Clock::Retry,
        label: cx.plan.words.retry,
        txn,
        step: None,
        exchange,
        attempt,
        waits,
        attempts_max,
    });
}

/// A transaction arrives. `retries` says whether the client asks again where no answer comes.
pub fn on_arrive(
    cx: &Cx<'_>,
    state: &mut State,
    entry: NodeIx,
    txn: TxnId,
    retries: bool,
    out: &mut Out,
) {
    let data = cx.txn(txn);
    if let MixKind::Flow(flow) = data.what {
        out.note(txn, None, EventKind::Started { flow, inputs: data.inputs.to_vec() });
    }
    state.waiting.insert(txn);
    ask(cx, entry, txn, 0, retries, out);
}

/// An answer arrives. A late one finds nobody waiting.
pub fn on_response(cx: &Cx<'_>, state: &mut State, txn: TxnId, response: Response, out: &mut Out) {
    if !state.waiting.remove(&txn) {
        return;
    }
    out.cancel(cx.plan.words.retry, txn, None);
    let ended = |outcome, reason| EventKind::Ended { outcome, reason };
    match response {
        Response::Accepted => {
            out.note(txn, None, EventKind::Acknowledged { promise: Acknowledged::Accepted })
        }
        Response::Completed => {
            out.note(txn, None, EventKind::Acknowledged { promise: Acknowledged::Completed });
            out.note(txn, None, ended(Outcome::Committed, None));
        }
        Response::Aborted(reason) => out.note(txn, None, ended(Outcome::Aborted, reason)),
    }
}

/// No answer came in time: ask again, or give up.
pub fn on_timer(
    cx: &Cx<'_>,
    state: &mut State,
    entry: NodeIx,
    txn: TxnId,
    again: Option<u16>,
    out: &mut Out,
) {
    match again {
        Some(attempt) => ask(cx, entry, txn, attempt, true, out),
        None => {
            state.waiting.remove(&txn);
            let reason = Some(cx.plan.words.no_answer);
            out.note(txn, None, EventKind::Ended { outcome: Outcome::Unknown, reason });
        }
    }
}

/// Answers a client.
pub fn respond(cx: &Cx<'_>, txn: TxnId, response: Response, out: &mut Out) {
    out.send(Letter {
        to: cx.plan.clients(),
        shape: Shape::Reply,
        label: cx.plan.words.response,
        txn,
        step: None,
        attempt: 0,
        exchange: Some(exchange(cx, cx.node, txn)),
        body: Body::Response(response),
    });
}

/// The exchange of a client's request with this node.
#[must_use]
pub fn request_exchange(cx: &Cx<'_>, txn: TxnId) -> Exchange {
    exchange(cx, cx.node, txn)
}

impl Canon for State {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.waiting.len());
        for txn in &self.waiting {
            h.write_u32(txn.0);
        }
    }
}
