//! The clients: they start transactions, wait for the answer, ask again, and give up.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::store::event_sourced::{self, Seen};
use super::{Body, Out, Response};
use crate::event::{Acknowledged, EventKind, Outcome, Shape};
use crate::family::Cx;
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{NodeIx, TxnId};
use crate::out::{Alarm, Clock, Exchange, Letter};
use crate::plan::MixKind;

/// What a client waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Waits {
    /// The answer to its request, which was decided on by what it saw, where it looked.
    ForAnswer(Option<Rc<Seen>>),
    /// The versions of the streams that it wants to change. It saw others than these before, where
    /// its command came too late.
    ToSee(Option<Rc<Seen>>),
}

/// Which transactions still wait for something.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    waiting: BTreeMap<TxnId, Waits>,
    /// How often commands came too late.
    late: BTreeMap<TxnId, u16>,
}

fn exchange(cx: &Cx<'_>, entry: NodeIx, txn: TxnId) -> Exchange {
    Exchange { caller: cx.plan.clients(), target: entry, txn, step: None }
}

fn ask(
    cx: &Cx<'_>,
    state: &State,
    (entry, txn): (NodeIx, TxnId),
    attempt: u16,
    retries: bool,
    out: &mut Out,
) {
    let exchange = exchange(cx, entry, txn);
    let words = &cx.plan.words;
    let (shape, label, body) = match state.waiting.get(&txn) {
        Some(Waits::ToSee(_)) => (Shape::Query, words.look, Body::Look),
        Some(Waits::ForAnswer(Some(seen))) => {
            (Shape::Command, words.request, Body::RequestAt(Rc::clone(seen)))
        }
        Some(Waits::ForAnswer(None)) | None => (Shape::Command, words.request, Body::Request),
    };
    out.send(Letter {
        to: entry,
        shape,
        label,
        txn,
        step: None,
        attempt,
        exchange: Some(exchange),
        body,
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
    let waits = if cx.plan.clients_look { Waits::ToSee(None) } else { Waits::ForAnswer(None) };
    state.waiting.insert(txn, waits);
    ask(cx, state, (entry, txn), 0, retries, out);
}

/// A service is asked for the versions of the first step's streams.
pub fn on_look(cx: &Cx<'_>, txn: TxnId, out: &mut Out) {
    let db = cx.own_db();
    let seen = event_sourced::look(cx, txn);
    for (key, _) in &seen.versions {
        let row = cx.own().row(key).cloned();
        out.note(txn, None, EventKind::Read { db, key: *key, row });
    }
    out.send(Letter {
        to: cx.plan.clients(),
        shape: Shape::Reply,
        label: cx.plan.words.seen,
        txn,
        step: None,
        attempt: 0,
        exchange: Some(exchange(cx, cx.node, txn)),
        body: Body::Seen(Rc::new(seen)),
    });
}

/// The versions arrive: the client decides, and its command says what it saw. A late answer, or one
/// that shows what was too old before, changes nothing.
pub fn on_seen(
    cx: &Cx<'_>,
    state: &mut State,
    (entry, txn): (NodeIx, TxnId),
    seen: Rc<Seen>,
    retries: bool,
    out: &mut Out,
) {
    match state.waiting.get(&txn) {
        Some(Waits::ToSee(old)) if old.as_ref() != Some(&seen) => {}
        _ => return,
    }
    out.cancel(cx.plan.words.retry, txn, None);
    state.waiting.insert(txn, Waits::ForAnswer(Some(seen)));
    ask(cx, state, (entry, txn), 0, retries, out);
}

/// An answer arrives. A late one finds nobody waiting.
pub fn on_response(
    cx: &Cx<'_>,
    state: &mut State,
    (from, txn): (NodeIx, TxnId),
    response: Response,
    retries: bool,
    out: &mut Out,
) {
    let Some(Waits::ForAnswer(seen)) = state.waiting.remove(&txn) else { return };
    out.cancel(cx.plan.words.retry, txn, None);
    if seen.is_some() && response == Response::Aborted(Some(cx.plan.words.version)) {
        let late = state.late.entry(txn).or_default();
        *late += 1;
        if *late < cx.plan.scenario.retries.attempts {
            // Others were first. What they made of it decides whether the command still makes sense.
            state.waiting.insert(txn, Waits::ToSee(seen));
            ask(cx, state, (from, txn), 0, retries, out);
            return;
        }
    }
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
        Some(attempt) => ask(cx, state, (entry, txn), attempt, true, out),
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
        for (txn, waits) in &self.waiting {
            h.write_u32(txn.0);
            match waits {
                Waits::ForAnswer(None) => {}
                Waits::ForAnswer(Some(seen)) => Body::RequestAt(Rc::clone(seen)).canon(h),
                Waits::ToSee(seen) => {
                    Body::Look.canon(h);
                    seen.iter().for_each(|seen| Body::Seen(Rc::clone(seen)).canon(h));
                }
            }
        }
    }
}
