//! API composition: a composer asks the owners of the rows, joins their answers, and answers the client.
//!
//! It asks all owners at once or one after the other, each again where no answer comes, and it may
//! answer at a deadline without those that are late, or not at all. What it has so far is in its
//! memory only: a crash loses it, and the client asks again. The rows are read at different moments,
//! so that together they may show a state that never was, unless every owner answers as of the one
//! moment at which the composer began.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::direct::{Answered, canon_rows, query_of, reads};
use super::{Asked, Fired, ReadMsg};
use crate::event::{EventKind, Shape};
use crate::family::Cx;
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{Direction, Micros, NodeIx, StepIx, TxnId};
use crate::out::{Alarm, Clock, Effect, Exchange, Letter};
use crate::patterns::{Body, Out};
use crate::plan::Plan;
use crate::scenario::document::{Composition, Partial, QuerySnapshot};

/// The rows of a query as they were at the moment at which its composer began. It stands for a
/// timestamp: who is asked as of it answers with the rows of then.
type Moment = Option<Rc<Vec<Answered>>>;

/// What clients, the composer and owners say to each other.
#[derive(Clone, PartialEq, Debug)]
pub enum Msg {
    /// A client asks the composer.
    Ask,
    /// The composer's answer, and the owners whose rows are missing from it.
    Answer(Rc<Vec<Answered>>, Rc<Vec<NodeIx>>),
    /// The composer asks an owner for its rows, as of a moment or as they are.
    Fetch(Moment),
    /// An owner's rows, and as of when it was asked for them.
    Rows(Rc<Vec<Answered>>, Moment),
}

/// A query that the composer works on.
#[derive(Clone, PartialEq, Debug)]
struct Pending {
    /// Who is asked after those at hand, in order.
    later: Vec<NodeIx>,
    /// Who is asked and has not answered.
    waiting: Vec<NodeIx>,
    /// Who was given up.
    missing: Vec<NodeIx>,
    /// What was answered.
    rows: Vec<Answered>,
    /// As of when everybody is asked.
    moment: Moment,
}

/// The memory of a node: the clients' open queries, or those that the composer works on.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct State {
    asked: BTreeSet<TxnId>,
    pending: BTreeMap<TxnId, Pending>,
}

/// The exchange of the client with the composer.
fn client_exchange(cx: &Cx<'_>, txn: TxnId) -> Exchange {
    let target = composer(cx);
    Exchange { caller: cx.plan.clients(), target, txn, step: None }
}

fn composer(cx: &Cx<'_>) -> NodeIx {
    cx.plan.composer.expect("the member needs a composer, so that its plan has one")
}

/// What stands in the place of a step in an exchange with an owner, so that each has its own timer.
fn about(owner: NodeIx) -> Option<(StepIx, Direction)> {
    Some((StepIx(owner.0), Direction::Do))
}

/// The owners of a query's rows, in its order.
fn owners(cx: &Cx<'_>, txn: TxnId) -> Vec<NodeIx> {
    let mut owners = Vec::new();
    for (owner, _, _) in reads(cx, txn) {
        if !owners.contains(&owner) {
            owners.push(owner);
        }
    }
    owners
}

/// How long the composer may take: what its client must wait at least before it gives up.
fn patience(cx: &Cx<'_>, txn: TxnId) -> Micros {
    let scenario = &cx.plan.scenario;
    let attempts = scenario.retries.attempts.min(64);
    let one = (0..attempts).map(|attempt| cx.plan.wait_us(attempt)).fold(0, Micros::saturating_add);
    let all = match scenario.options.composition {
        Composition::Parallel => one,
        Composition::Sequential => one.saturating_mul(owners(cx, txn).len() as u64),
    };
    let took = scenario.options.compose_timeout_us.map_or(all, |deadline| deadline.min(all));
    took.saturating_add(cx.plan.wait_us(0)).min(3_600_000_000)
}

/// A client asks the composer. Its last attempt lasts as long as the composer may need.
fn ask(cx: &Cx<'_>, txn: TxnId, attempt: u16, out: &mut Out) {
    let exchange = client_exchange(cx, txn);
    let label = cx.plan.words.ask;
    out.send(Letter {
        to: exchange.target,
        shape: Shape::Query,
        label,
        txn,
        step: None,
        attempt,
        exchange: Some(exchange),
        body: Body::Read(ReadMsg::ApiComposition(Msg::Ask)),
    });
    let attempts = cx.plan.scenario.retries.attempts;
    let clock = if attempt.saturating_add(1) < attempts {
        Clock::Retry
    } else {
        Clock::Patience(patience(cx, txn).max(cx.plan.wait_us(attempt)))
    };
    let attempts_max = Some(attempts);
    out.arm(Alarm { clock, label, txn, step: None, exchange, attempt, waits: 1, attempts_max });
}

/// The composer asks an owner.
fn fetch(cx: &Cx<'_>, (txn, owner): (TxnId, NodeIx), moment: &Moment, attempt: u16, out: &mut Out) {
    let step = about(owner);
    let exchange = Exchange { caller: cx.node, target: owner, txn, step };
    let label = cx.plan.words.ask;
    out.send(Letter {
        to: owner,
        shape: Shape::Query,
        label,
        txn,
        step,
        attempt,
        exchange: Some(exchange),
        body: Body::Read(ReadMsg::ApiComposition(Msg::Fetch(moment.clone()))),
    });
    let (clock, attempts_max) = (Clock::Retry, Some(cx.plan.scenario.retries.attempts));
    out.arm(Alarm { clock, label, txn, step, exchange, attempt, waits: 1, attempts_max });
}

/// A query arrives at the clients.
pub fn on_arrive(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    let Some(query) = query_of(cx, txn) else { return };
    out.note(txn, None, EventKind::QueryStarted { query });
    state.asked.insert(txn);
    ask(cx, txn, 0, out);
}

/// From the clients to the composer, from there to the owners of the rows, and back.
#[must_use]
pub fn edges(plan: &Plan) -> Vec<(NodeIx, NodeIx)> {
    let Some(composer) = plan.composer else { return Vec::new() };
    let reads = plan.queries.iter().flat_map(|query| &query.reads);
    let owners = reads.map(|(owner, _, _)| (composer, *owner));
    std::iter::once((plan.clients(), composer)).chain(owners).collect()
}

/// Somebody is asked, or answers.
pub fn on_message(cx: &Cx<'_>, state: &mut State, asked: Asked, message: &Msg, out: &mut Out) {
    let (from, txn) = (asked.from, asked.txn);
    match message {
        Msg::Ask => compose(cx, state, txn, out),
        Msg::Fetch(moment) => on_fetch(cx, from, txn, moment, out),
        Msg::Rows(rows, moment) => {
            let is_awaited = state.pending.get(&txn).is_some_and(|pending| {
                pending.waiting.contains(&from) && pending.moment == *moment
            });
            if is_awaited {
                settle(cx, state, (txn, from), Some(rows), out);
            } else {
                out.note(txn, None, EventKind::Ignored);
            }
        }
        Msg::Answer(rows, missing) => {
            if state.asked.remove(&txn) {
                out.cancel(cx.plan.words.ask, txn, None);
                answered(cx, txn, rows.to_vec(), missing.to_vec(), out);
            } else {
                out.note(txn, None, EventKind::Ignored);
            }
        }
    }
}

fn answered(cx: &Cx<'_>, txn: TxnId, rows: Vec<Answered>, missing: Vec<NodeIx>, out: &mut Out) {
    if let Some(query) = query_of(cx, txn) {
        out.note(txn, None, EventKind::QueryAnswered { query, rows, missing });
    }
}

/// The composer is asked. Asked again about what it works on, it has nothing to add.
fn compose(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    if state.pending.contains_key(&txn) {
        return;
    }
    let exchange = client_exchange(cx, txn);
    out.push(Effect::Hold(exchange));
    let options = &cx.plan.scenario.options;
    let now = |(_, db, key): (NodeIx, _, _)| {
        let db: crate::ids::DbIx = db;
        (db, key, cx.dbs[db.ix()].recoverable(&key).cloned())
    };
    let moment = (options.snapshot == QuerySnapshot::One)
        .then(|| Rc::new(reads(cx, txn).into_iter().map(now).collect()));
    let mut waiting = owners(cx, txn);
    let later = match options.composition {
        Composition::Parallel => Vec::new(),
        Composition::Sequential => waiting.split_off(waiting.len().min(1)),
    };
    if let Some(deadline) = options.compose_timeout_us {
        out.arm(Alarm {
            clock: Clock::Business(deadline),
            label: cx.plan.words.deadline,
            txn,
            step: None,
            exchange,
            attempt: 0,
            waits: 1,
            attempts_max: None,
        });
    }
    for owner in &waiting {
        fetch(cx, (txn, *owner), &moment, 0, out);
    }
    let pending = Pending { later, waiting, missing: Vec::new(), rows: Vec::new(), moment };
    state.pending.insert(txn, pending);
    finish_if_done(cx, state, txn, out);
}

/// An owner is asked.
fn on_fetch(cx: &Cx<'_>, from: NodeIx, txn: TxnId, moment: &Moment, out: &mut Out) {
    let mut rows = Vec::new();
    for (owner, db, key) in reads(cx, txn) {
        if owner != cx.node {
            continue;
        }
        let of_then = |(then_db, then_key, _): &&Answered| (*then_db, *then_key) == (db, key);
        let row = match moment {
            Some(then) => then.iter().find(of_then).and_then(|(_, _, row)| row.clone()),
            None => cx.dbs[db.ix()].row(&key).cloned(),
        };
        out.note(txn, None, EventKind::Read { db, key, row: row.clone() });
        rows.push((db, key, row));
    }
    let step = about(cx.node);
    let rows = Msg::Rows(Rc::new(rows), moment.clone());
    out.send(Letter {
        to: from,
        shape: Shape::Reply,
        label: cx.plan.words.rows,
        txn,
        step,
        attempt: 0,
        exchange: Some(Exchange { caller: from, target: cx.node, txn, step }),
        body: Body::Read(ReadMsg::ApiComposition(rows)),
    });
}

/// No answer came in time, or the time for the whole query is over.
pub fn on_timer(cx: &Cx<'_>, state: &mut State, fired: Fired, out: &mut Out) {
    let Fired { label, txn, target: owner, again, .. } = fired;
    if cx.node == cx.plan.clients() {
        match again {
            Some(attempt) if state.asked.contains(&txn) => ask(cx, txn, attempt, out),
            None if state.asked.remove(&txn) => {
                let (rows, missing) = nothing(cx, txn);
                answered(cx, txn, rows, missing, out);
            }
            _ => {}
        }
        return;
    }
    let Some(pending) = state.pending.get(&txn) else { return };
    if label == cx.plan.words.deadline {
        finish(cx, state, txn, out);
    } else if pending.waiting.contains(&owner) {
        match again {
            Some(attempt) => fetch(cx, (txn, owner), &pending.moment, attempt, out),
            None => settle(cx, state, (txn, owner), None, out),
        }
    }
}

/// An answer that says nothing: every row, and every owner as missing.
fn nothing(cx: &Cx<'_>, txn: TxnId) -> (Vec<Answered>, Vec<NodeIx>) {
    let mut rows: Vec<Answered> =
        reads(cx, txn).into_iter().map(|(_, db, key)| (db, key, None)).collect();
    rows.sort_by_key(|(db, key, _)| (*db, *key));
    let mut missing = owners(cx, txn);
    missing.sort_unstable();
    (rows, missing)
}

/// An owner has answered, or is given up.
fn settle(
    cx: &Cx<'_>,
    state: &mut State,
    (txn, owner): (TxnId, NodeIx),
    rows: Option<&[Answered]>,
    out: &mut Out,
) {
    let Some(pending) = state.pending.get_mut(&txn) else { return };
    pending.waiting.retain(|waiting| *waiting != owner);
    out.cancel(cx.plan.words.ask, txn, about(owner));
    match rows {
        Some(rows) => pending.rows.extend(rows.iter().cloned()),
        None => {
            pending.missing.push(owner);
            pending.missing.sort_unstable();
        }
    }
    pending.rows.sort_by_key(|(db, key, _)| (*db, *key));
    let gives_up = cx.plan.scenario.options.partial == Partial::Fail;
    if gives_up && !pending.missing.is_empty() {
        finish(cx, state, txn, out);
        return;
    }
    if pending.waiting.is_empty() && !pending.later.is_empty() {
        let next = pending.later.remove(0);
        pending.waiting.push(next);
        fetch(cx, (txn, next), &pending.moment, 0, out);
    }
    finish_if_done(cx, state, txn, out);
}

fn finish_if_done(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    let is_done = |pending: &Pending| pending.waiting.is_empty() && pending.later.is_empty();
    if state.pending.get(&txn).is_some_and(is_done) {
        finish(cx, state, txn, out);
    }
}

/// Answers the client with what there is, or with nothing where something is missing and that is
/// what the scenario says.
fn finish(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    let Some(pending) = state.pending.remove(&txn) else { return };
    out.overtake(cx.plan.words.deadline, txn, None);
    for owner in &pending.waiting {
        out.overtake(cx.plan.words.ask, txn, about(*owner));
    }
    let mut missing = pending.missing;
    missing.extend(pending.waiting);
    missing.extend(pending.later);
    let (mut rows, all) = nothing(cx, txn);
    if missing.is_empty() || cx.plan.scenario.options.partial == Partial::Answer {
        for (db, key, row) in &mut rows {
            let known = pending.rows.iter().find(|(of, other, _)| (of, other) == (&*db, &*key));
            *row = known.and_then(|(_, _, row)| row.clone());
        }
        missing.sort_unstable();
    } else {
        missing = all;
    }
    let exchange = client_exchange(cx, txn);
    out.push(Effect::Release(exchange));
    out.send(Letter {
        to: cx.plan.clients(),
        shape: Shape::Reply,
        label: cx.plan.words.rows,
        txn,
        step: None,
        attempt: 0,
        exchange: Some(exchange),
        body: Body::Read(ReadMsg::ApiComposition(Msg::Answer(Rc::new(rows), Rc::new(missing)))),
    });
}

impl State {
    /// Whether no query is under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.asked.is_empty() && self.pending.is_empty()
    }
}

fn canon_nodes(nodes: &[NodeIx], h: &mut Fingerprint) {
    h.write_len(nodes.len());
    nodes.iter().for_each(|node| h.write_u8(node.0));
}

fn canon_moment(moment: &Moment, h: &mut Fingerprint) {
    h.write_u8(u8::from(moment.is_some()));
    if let Some(rows) = moment {
        canon_rows(rows, h);
    }
}

impl Canon for Msg {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Ask => h.write_u8(2),
            Self::Answer(rows, missing) => {
                h.write_u8(3);
                canon_rows(rows, h);
                canon_nodes(missing, h);
            }
            Self::Fetch(moment) => {
                h.write_u8(4);
                canon_moment(moment, h);
            }
            Self::Rows(rows, moment) => {
                h.write_u8(5);
                canon_rows(rows, h);
                canon_moment(moment, h);
            }
        }
    }
}

impl Canon for State {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.asked.len());
        self.asked.iter().for_each(|txn| h.write_u32(txn.0));
        h.write_len(self.pending.len());
        for (txn, pending) in &self.pending {
            h.write_u32(txn.0);
            canon_nodes(&pending.later, h);
            canon_nodes(&pending.waiting, h);
            canon_nodes(&pending.missing, h);
            canon_rows(&pending.rows, h);
            canon_moment(&pending.moment, h);
        }
    }
}
