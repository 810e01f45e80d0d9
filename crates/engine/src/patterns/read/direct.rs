//! Direct: each row is read from the primary of the service that owns it.
//!
//! The client asks every owner at once and is done when the last has answered. The answers are
//! taken at different moments, so that together they may show a state that never was.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Asked, Fired, ReadMsg};
use crate::event::{EventKind, RowChange, Shape};
use crate::family::Cx;
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::Direction;
use crate::ids::{DbIx, NodeIx, QueryIx, StepIx, TxnId};
use crate::out::{Alarm, Clock, Exchange, Letter};
use crate::patterns::{Body, Out};
use crate::plan::{Env, MixKind, Plan};
use crate::value::{Key, Row};

/// What readers and owners say to each other.
#[derive(Clone, PartialEq, Debug)]
pub enum Msg {
    /// Send the rows that the query reads of you.
    Ask,
    /// These are they, each in `after`.
    Rows(Rc<Vec<RowChange>>),
}

/// One row that was asked for: database, key and value.
pub(super) type Answered = (DbIx, Key, Option<Row>);

/// A query under way.
#[derive(Clone, PartialEq, Debug)]
struct Pending {
    /// Who has still to answer.
    missing: Vec<NodeIx>,
    rows: Vec<Answered>,
    /// Who was given up.
    given_up: Vec<NodeIx>,
}

/// The memory of the clients: the queries under way.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct State {
    pending: BTreeMap<TxnId, Pending>,
}

/// The query that is asked.
pub(super) fn query_of(cx: &Cx<'_>, txn: TxnId) -> Option<QueryIx> {
    match cx.txn(txn).what {
        MixKind::Query(query) => Some(query),
        MixKind::Flow(_) => None,
    }
}

/// The rows that it reads: owner, database and key.
pub(super) fn reads(cx: &Cx<'_>, txn: TxnId) -> Vec<(NodeIx, DbIx, Key)> {
    let Some(query) = query_of(cx, txn) else { return Vec::new() };
    let data = cx.txn(txn);
    let env = Env { inputs: &data.inputs, txn, reason: None };
    let reads = &cx.plan.queries[query.ix()].reads;
    reads.iter().map(|(node, db, key)| (*node, *db, key.fill(&env))).collect()
}

/// The exchange with one owner; the owner's node stands in for a step, so that each has its own timer.
fn about(owner: NodeIx) -> Option<(StepIx, Direction)> {
    Some((StepIx(owner.0), Direction::Do))
}

fn ask(cx: &Cx<'_>, txn: TxnId, owner: NodeIx, attempt: u16, out: &mut Out) {
    let exchange = Exchange { caller: cx.node, target: owner, txn, step: about(owner) };
    out.send(Letter {
        to: owner,
        shape: Shape::Query,
        label: cx.plan.words.ask,
        txn,
        step: about(owner),
        attempt,
        exchange: Some(exchange),
        body: Body::Read(ReadMsg::Direct(Msg::Ask)),
    });
    let attempts_max = Some(cx.plan.scenario.retries.attempts);
    let label = cx.plan.words.ask;
    out.arm(Alarm {
        clock: Clock::Retry,
        label,
        txn,
        step: about(owner),
        exchange,
        attempt,
        waits: 1,
        attempts_max,
    });
}

/// A query arrives.
pub fn on_arrive(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    let Some(query) = query_of(cx, txn) else { return };
    out.note(txn, None, EventKind::QueryStarted { query });
    let mut missing: Vec<NodeIx> = reads(cx, txn).into_iter().map(|(node, _, _)| node).collect();
    missing.sort_unstable();
    missing.dedup();
    for owner in &missing {
        ask(cx, txn, *owner, 0, out);
    }
    state.pending.insert(txn, Pending { missing, rows: Vec::new(), given_up: Vec::new() });
}

/// From the clients to the owners of the rows, and back.
#[must_use]
pub fn edges(plan: &Plan) -> Vec<(NodeIx, NodeIx)> {
    let reads = plan.queries.iter().flat_map(|query| &query.reads);
    reads.map(|(owner, _, _)| (plan.clients(), *owner)).collect()
}

/// An owner is asked, or answers.
pub fn on_message(cx: &Cx<'_>, state: &mut State, asked: Asked, message: &Msg, out: &mut Out) {
    match message {
        Msg::Ask => on_ask(cx, asked.from, asked.txn, out),
        Msg::Rows(rows) => settle(cx, state, asked.from, asked.txn, Some(rows), out),
    }
}

/// An owner is asked.
fn on_ask(cx: &Cx<'_>, from: NodeIx, txn: TxnId, out: &mut Out) {
    let own: Vec<(DbIx, Key)> = reads(cx, txn)
        .into_iter()
        .filter(|(node, _, _)| *node == cx.node)
        .map(|(_, db, key)| (db, key))
        .collect();
    let mut rows = Vec::new();
    for (db, key) in own {
        let row = cx.dbs[db.ix()].row(&key).cloned();
        out.note(txn, None, EventKind::Read { db, key, row: row.clone() });
        rows.push(RowChange { key, before: None, after: row });
    }
    out.send(Letter {
        to: from,
        shape: Shape::Reply,
        label: cx.plan.words.rows,
        txn,
        step: about(cx.node),
        attempt: 0,
        exchange: Some(Exchange { caller: from, target: cx.node, txn, step: about(cx.node) }),
        body: Body::Read(ReadMsg::Direct(Msg::Rows(Rc::new(rows)))),
    });
}

/// No answer came in time: ask again, or do without.
pub fn on_timer(cx: &Cx<'_>, state: &mut State, fired: Fired, out: &mut Out) {
    let Fired { txn, target: owner, again, .. } = fired;
    if !state.pending.get(&txn).is_some_and(|pending| pending.missing.contains(&owner)) {
        return;
    }
    match again {
        Some(attempt) => ask(cx, txn, owner, attempt, out),
        None => settle(cx, state, owner, txn, None, out),
    }
}

fn settle(
    cx: &Cx<'_>,
    state: &mut State,
    owner: NodeIx,
    txn: TxnId,
    rows: Option<&[RowChange]>,
    out: &mut Out,
) {
    let Some(pending) = state.pending.get_mut(&txn) else { return };
    let Some(at) = pending.missing.iter().position(|node| *node == owner) else { return };
    pending.missing.remove(at);
    if rows.is_none() {
        pending.given_up.push(owner);
    }
    let rows = rows.unwrap_or_default();
    out.cancel(cx.plan.words.ask, txn, about(owner));
    for (node, db, key) in reads(cx, txn) {
        if node == owner {
            let row = rows.iter().find(|row| row.key == key).and_then(|row| row.after.clone());
            pending.rows.push((db, key, row));
        }
    }
    if pending.missing.is_empty()
        && let Some(query) = query_of(cx, txn)
    {
        let mut rows = std::mem::take(&mut pending.rows);
        rows.sort_by_key(|(db, key, _)| (*db, *key));
        let mut missing = std::mem::take(&mut pending.given_up);
        missing.sort_unstable();
        out.note(txn, None, EventKind::QueryAnswered { query, rows, missing });
        state.pending.remove(&txn);
    }
}

impl State {
    /// Whether no query is under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty()
    }
}

/// Writes rows that were answered.
pub(super) fn canon_rows(rows: &[Answered], h: &mut Fingerprint) {
    h.write_len(rows.len());
    for (db, key, row) in rows {
        h.write_u8(db.0);
        key.canon(h);
        h.write_u8(u8::from(row.is_some()));
        if let Some(row) = row {
            row.canon(h);
        }
    }
}

impl Canon for State {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.pending.len());
        for (txn, pending) in &self.pending {
            h.write_u32(txn.0);
            for node in &pending.missing {
                h.write_u8(node.0);
            }
            h.write_u8(u8::MAX);
            for node in &pending.given_up {
                h.write_u8(node.0);
            }
            h.write_u8(u8::MAX);
            canon_rows(&pending.rows, h);
        }
    }
}
