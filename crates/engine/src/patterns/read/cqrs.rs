//! CQRS: queries are answered by read replicas, commands by the primaries.
//!
//! What the three modes have in common is here: where a question goes, what a client remembers of
//! its own writes, how a replica answers, and how it takes in rows. A row's *version* is how often
//! the primary's commits have changed it. A replica keeps the version of each row that it has taken
//! in beside the row, in a table named `version of …`, in the same local transaction: what comes
//! again or too late is known by it.
//!
//! The modes differ in how a change reaches the replicas: [`super::cqrs_write_all`],
//! [`super::cqrs_copy`] and [`super::cqrs_event_driven`].
//!
//! Sources: Fowler, CQRS (2011); Young, CQRS Documents (2010); for the sessions, Terry et al.,
//! Session Guarantees for Weakly Consistent Replicated Data, PDIS 1994.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::cqrs_copy;
use super::{Asked, Fired, ReadMsg};
use crate::event::{EventKind, RowChange, Shape};
use crate::family::Cx;
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{DbIx, Direction, NodeIx, QueryIx, StepIx, TxnId};
use crate::out::{Alarm, Clock, Effect, Exchange, Letter, LocalTxn, RowWrite};
use crate::patterns::{Body, Out};
use crate::plan::{Env, MixKind, Op, Plan};
use crate::rng::{DrawKey, Purpose};
use crate::scenario::document::{ReadFrom, SessionRule};
use crate::stores::{RowVersion, Snapshot};
use crate::value::{Key, Row, Value};

/// How a change of the primary reaches its replicas.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mode {
    /// Each local commit is one of the primary and of all its replicas.
    WriteAll,
    /// The primary sends a copy of its rows after each local commit.
    CopyAtEachWrite,
    /// The changes of each local commit are records of a topic that the replicas consume.
    EventDriven,
}

/// What readers, replicas and primaries say to each other.
#[derive(Clone, PartialEq, Debug)]
pub enum Msg {
    /// Send the rows that the query reads of this service, none of them older than this.
    Ask(Rc<Vec<(Key, u32)>>),
    /// These are they, each in `after`, and the database that they were read in.
    Rows(DbIx, Rc<Vec<RowChange>>),
    /// The replica has not yet taken in what the reader has written.
    Behind,
    /// The primary's rows after a commit.
    Copy(Snapshot),
    /// The replica has taken in a copy at least as new as this one.
    Copied(u32),
}

impl Canon for Msg {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Ask(needs) => {
                h.write_u8(0);
                h.write_len(needs.len());
                for (key, version) in needs.iter() {
                    key.canon(h);
                    h.write_u32(*version);
                }
            }
            Self::Rows(db, rows) => {
                h.write_u8(1);
                h.write_u8(db.0);
                for RowChange { key, after, .. } in rows.iter() {
                    key.canon(h);
                    h.write_u8(u8::from(after.is_some()));
                    if let Some(row) = after {
                        row.canon(h);
                    }
                }
            }
            Self::Behind => h.write_u8(2),
            Self::Copy(snapshot) => {
                h.write_u8(3);
                snapshot.canon(h);
            }
            Self::Copied(number) => {
                h.write_u8(4);
                h.write_u32(*number);
            }
        }
    }
}

/// One row of an answer: database, key and value.
type Answered = (DbIx, Key, Option<Row>);

/// A service whose rows a query still misses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Missing {
    owner: NodeIx,
    /// Who is asked now.
    target: NodeIx,
    /// Where among the replicas the query began.
    base: u8,
    /// How many have been asked and did not give the rows.
    tried: u16,
}

/// A query under way.
#[derive(Clone, PartialEq, Debug)]
struct Pending {
    missing: Vec<Missing>,
    rows: Vec<Answered>,
    silent: Vec<NodeIx>,
}

/// The memory of a node: of the clients, the queries under way and what they must not miss; of a
/// primary, the copies that are not acknowledged.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct State {
    pending: BTreeMap<TxnId, Pending>,
    /// Whose turn it is, counted per query.
    turn: u8,
    /// Per session and row, the version that its own writes have brought about.
    written: BTreeMap<(u32, DbIx, Key), u32>,
    /// Per replica, the newest copy that was sent and not acknowledged.
    pub(super) copies: BTreeMap<NodeIx, (TxnId, u32)>,
}

impl State {
    /// Whether a crash would lose nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.copies.is_empty() && self.written.is_empty()
    }
}

impl Canon for State {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_u8(self.turn);
        h.write_len(self.pending.len());
        for (txn, pending) in &self.pending {
            h.write_u32(txn.0);
            h.write_len(pending.missing.len());
            for missing in &pending.missing {
                h.write_u8(missing.owner.0);
                h.write_u8(missing.target.0);
                h.write_u8(missing.base);
            }
            h.write_len(pending.rows.len());
            for (db, key, row) in &pending.rows {
                h.write_u8(db.0);
                key.canon(h);
                h.write_u8(u8::from(row.is_some()));
                if let Some(row) = row {
                    row.canon(h);
                }
            }
            h.write_len(pending.silent.len());
            pending.silent.iter().for_each(|node| h.write_u8(node.0));
        }
        h.write_len(self.written.len());
        for ((session, db, key), version) in &self.written {
            h.write_u32(*session);
            h.write_u8(db.0);
            key.canon(h);
            h.write_u32(*version);
        }
        h.write_len(self.copies.len());
        for (node, (txn, number)) in &self.copies {
            h.write_u8(node.0);
            h.write_u32(txn.0);
            h.write_u32(*number);
        }
    }
}

/// The replicas of the database that holds a service's rows.
#[must_use]
pub fn replicas_of(plan: &Plan, db: DbIx) -> &[NodeIx] {
    let node = plan.cast.dbs[db.ix()].node;
    plan.replicas.get(node.ix()).map_or(&[], Vec::as_slice)
}

fn query_of(cx: &Cx<'_>, txn: TxnId) -> Option<QueryIx> {
    match cx.txn(txn).what {
        MixKind::Query(query) => Some(query),
        MixKind::Flow(_) => None,
    }
}

/// The rows of a query: owner, the primary that has it, key.
fn reads(cx: &Cx<'_>, txn: TxnId) -> Vec<(NodeIx, DbIx, Key)> {
    let Some(query) = query_of(cx, txn) else { return Vec::new() };
    let data = cx.txn(txn);
    let env = Env { inputs: &data.inputs, txn, reason: None };
    let reads = &cx.plan.queries[query.ix()].reads;
    reads.iter().map(|(node, db, key)| (*node, *db, key.fill(&env))).collect()
}

/// Where the rows of a service are asked for, in order: its replicas, beginning with `base`, and
/// at last the primary.
fn targets(cx: &Cx<'_>, owner: NodeIx, db: DbIx, base: u8) -> Vec<NodeIx> {
    let replicas = replicas_of(cx.plan, db);
    let mut targets = Vec::new();
    if cx.plan.scenario.options.read_from != ReadFrom::Primary {
        let from = usize::from(base) % replicas.len().max(1);
        targets.extend(replicas.iter().skip(from).chain(replicas.iter().take(from)));
    }
    targets.push(owner);
    targets
}

/// Where among the replicas of a service a query begins.
fn base(cx: &Cx<'_>, state: &State, txn: TxnId, owner: NodeIx, db: DbIx) -> u8 {
    let replicas = replicas_of(cx.plan, db);
    let count = replicas.len().max(1) as u32;
    let options = &cx.plan.scenario.options;
    let drawn = |of: u32| {
        let key = DrawKey { txn: TxnId(of), node: owner, ..DrawKey::default() };
        cx.plan.draws.below(count, Purpose::Route, key) as u8
    };
    if options.sessions == SessionRule::Sticky {
        return drawn(cx.plan.session_of(txn));
    }
    match options.read_from {
        ReadFrom::RoundRobin => state.turn % count as u8,
        ReadFrom::Random => drawn(txn.0),
        ReadFrom::Primary => 0,
        ReadFrom::Nearest => {
            let far = |node: &NodeIx| cx.plan.mean_delay(cx.plan.clients(), *node);
            let nearest = (0..replicas.len()).min_by(|one, other| {
                far(&replicas[*one]).total_cmp(&far(&replicas[*other])).then(one.cmp(other))
            });
            nearest.unwrap_or(0) as u8
        }
    }
}

/// The exchange about one owner's rows; the owner's node stands in for a step, so that each has its
/// own timer.
fn about(owner: NodeIx) -> Option<(StepIx, Direction)> {
    Some((StepIx(owner.0), Direction::Do))
}

fn ask(cx: &Cx<'_>, state: &State, txn: TxnId, missing: Missing, out: &mut Out) {
    let session = cx.plan.session_of(txn);
    let needs = reads(cx, txn).into_iter().filter(|(owner, _, _)| *owner == missing.owner);
    let needs = needs
        .filter_map(|(_, db, key)| Some((key, *state.written.get(&(session, db, key))?)))
        .collect();
    let (to, step) = (missing.target, about(missing.owner));
    let exchange = Exchange { caller: cx.node, target: to, txn, step };
    let label = cx.plan.words.ask;
    out.send(Letter {
        to,
        shape: Shape::Query,
        label,
        txn,
        step,
        attempt: missing.tried,
        exchange: Some(exchange),
        body: Body::Read(ReadMsg::Cqrs(Msg::Ask(Rc::new(needs)))),
    });
    out.arm(Alarm {
        clock: Clock::Retry,
        label,
        txn,
        step,
        exchange,
        attempt: missing.tried,
        waits: 1,
        attempts_max: Some(cx.plan.scenario.retries.attempts),
    });
}

/// A query arrives.
pub fn on_arrive(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    let Some(query) = query_of(cx, txn) else { return };
    out.note(txn, None, EventKind::QueryStarted { query });
    let mut owners: Vec<(NodeIx, DbIx)> =
        reads(cx, txn).into_iter().map(|(node, db, _)| (node, db)).collect();
    owners.sort_unstable();
    owners.dedup();
    let mut missing = Vec::new();
    for (owner, db) in owners {
        let base = base(cx, state, txn, owner, db);
        let target = targets(cx, owner, db, base)[0];
        missing.push(Missing { owner, target, base, tried: 0 });
    }
    if cx.plan.scenario.options.read_from == ReadFrom::RoundRobin {
        let count = cx.plan.scenario.options.replicas.max(1);
        state.turn = (state.turn + 1) % count;
    }
    for one in &missing {
        ask(cx, state, txn, *one, out);
    }
    state.pending.insert(txn, Pending { missing, rows: Vec::new(), silent: Vec::new() });
}

/// A message between readers, replicas and primaries.
pub fn on_message(cx: &Cx<'_>, state: &mut State, asked: Asked, message: &Msg, out: &mut Out) {
    match message {
        Msg::Ask(needs) => on_ask(cx, asked, needs, out),
        Msg::Rows(db, rows) => on_rows(cx, state, asked, *db, rows, out),
        Msg::Behind => next(cx, state, asked.from, (asked.txn, asked.step), None, out),
        Msg::Copy(snapshot) => cqrs_copy::on_copy(cx, asked, snapshot, out),
        Msg::Copied(number) => cqrs_copy::on_copied(cx, state, asked.from, *number, out),
    }
}

/// The version of a row that a database holds: a replica's is in its own table, a primary counts.
fn held(cx: &Cx<'_>, db: DbIx, key: Key) -> u32 {
    let database = &cx.dbs[db.ix()];
    if cx.plan.cast.dbs[db.ix()].replica_of.is_none() {
        return database.version(&key);
    }
    let row = version_key(cx.plan, key).and_then(|at| database.row(&at));
    let version = row.and_then(|row| row.get(cx.plan.words.value)).and_then(Value::as_int);
    version.map_or(0, |version| version as u32)
}

/// Where a replica keeps the version of a row.
fn version_key(plan: &Plan, key: Key) -> Option<Key> {
    Some(Key { table: *plan.version_tables.get(&key.table)?, id: key.id })
}

/// A replica or an owner is asked.
fn on_ask(cx: &Cx<'_>, asked: Asked, needs: &[(Key, u32)], out: &mut Out) {
    let Some((owner, _)) = asked.step else { return };
    let own = reads(cx, asked.txn).into_iter().filter(|(node, _, _)| node.0 == owner.0);
    let own: Vec<(DbIx, Key)> = own.map(|(_, db, key)| (db, key)).collect();
    let Some((primary, _)) = own.first() else { return };
    let is_replica = cx.plan.cast.nodes[cx.node.ix()]
        .db
        .is_some_and(|db| cx.plan.cast.dbs[db.ix()].replica_of == Some(*primary));
    let db = if is_replica { cx.own_db() } else { *primary };
    let behind = is_replica && needs.iter().any(|(key, version)| held(cx, db, *key) < *version);
    let (label, message) = if behind {
        (cx.plan.words.behind, Msg::Behind)
    } else {
        let mut rows = Vec::new();
        for (_, key) in own {
            let row = cx.dbs[db.ix()].row(&key).cloned();
            out.note(asked.txn, None, EventKind::Read { db, key, row: row.clone() });
            rows.push(RowChange { key, before: None, after: row });
        }
        (cx.plan.words.rows, Msg::Rows(db, Rc::new(rows)))
    };
    let exchange =
        Exchange { caller: asked.from, target: cx.node, txn: asked.txn, step: asked.step };
    out.send(Letter {
        to: asked.from,
        shape: Shape::Reply,
        label,
        txn: asked.txn,
        step: asked.step,
        attempt: 0,
        exchange: Some(exchange),
        body: Body::Read(ReadMsg::Cqrs(message)),
    });
}

/// Whoever was asked is behind or silent: the next is asked, or the query does without.
fn next(
    cx: &Cx<'_>,
    state: &mut State,
    from: NodeIx,
    (txn, step): (TxnId, Option<(StepIx, Direction)>),
    timer: Option<Option<u16>>,
    out: &mut Out,
) {
    let Some((owner, _)) = step else { return };
    let dbs = reads(cx, txn);
    let Some(pending) = state.pending.get_mut(&txn) else { return };
    let found = pending.missing.iter_mut();
    let Some(missing) = found.into_iter().find(|one| one.owner.0 == owner.0) else { return };
    // An answer of somebody who is no longer asked says nothing new.
    if missing.target != from {
        return;
    }
    if timer == Some(None) {
        let silent = missing.owner;
        pending.missing.retain(|one| one.owner != silent);
        pending.silent.push(silent);
        for (node, db, key) in dbs {
            if node == silent {
                pending.rows.push((db, key, None));
            }
        }
        finish(cx, state, txn, out);
        return;
    }
    let db = dbs.iter().find(|(node, _, _)| *node == missing.owner).map(|(_, db, _)| *db);
    let Some(db) = db else { return };
    missing.tried = match timer {
        Some(Some(attempt)) => attempt,
        _ => missing.tried.saturating_add(1),
    };
    let targets = targets(cx, missing.owner, db, missing.base);
    let at = targets.iter().position(|node| *node == missing.target).unwrap_or(0);
    missing.target = targets[(at + 1) % targets.len()];
    let missing = *missing;
    out.cancel(cx.plan.words.ask, txn, step);
    ask(cx, state, txn, missing, out);
}

/// A timer has fired: of a reader, or of a primary whose copy was not acknowledged.
pub fn on_timer(cx: &Cx<'_>, state: &mut State, fired: Fired, out: &mut Out) {
    if fired.label == cx.plan.words.copy {
        cqrs_copy::on_timer(cx, state, fired, out);
    } else {
        next(cx, state, fired.target, (fired.txn, fired.step), Some(fired.again), out);
    }
}

fn on_rows(
    cx: &Cx<'_>,
    state: &mut State,
    asked: Asked,
    db: DbIx,
    rows: &[RowChange],
    out: &mut Out,
) {
    let Some((owner, _)) = asked.step else { return };
    let Some(pending) = state.pending.get_mut(&asked.txn) else { return };
    let before = pending.missing.len();
    pending.missing.retain(|one| one.owner.0 != owner.0);
    if pending.missing.len() == before {
        return;
    }
    out.cancel(cx.plan.words.ask, asked.txn, asked.step);
    pending.rows.extend(rows.iter().map(|row| (db, row.key, row.after.clone())));
    finish(cx, state, asked.txn, out);
}

/// Answers a query that misses nothing any more.
fn finish(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    let done = state.pending.get(&txn).is_some_and(|pending| pending.missing.is_empty());
    if done
        && let Some(query) = query_of(cx, txn)
        && let Some(mut pending) = state.pending.remove(&txn)
    {
        pending.rows.sort_by_key(|(db, key, _)| (*db, *key));
        out.note(
            txn,
            None,
            EventKind::QueryAnswered { query, rows: pending.rows, missing: pending.silent },
        );
    }
}

/// A client has its answer to a transaction: with it comes how far the rows that it writes have
/// come, and the session remembers it where its reads are to see its own writes.
pub fn on_acknowledged(cx: &Cx<'_>, state: &mut State, txn: TxnId) {
    if cx.plan.scenario.options.sessions != SessionRule::ReadYourWrites {
        return;
    }
    let MixKind::Flow(flow) = cx.txn(txn).what else { return };
    let session = cx.plan.session_of(txn);
    let data = cx.txn(txn);
    let env = Env { inputs: &data.inputs, txn, reason: None };
    for (ix, step) in cx.plan.flows[flow.ix()].steps.iter().enumerate() {
        let db = cx.step_db(txn, StepIx(ix as u8));
        for key in step.forward.iter().filter_map(Op::changes) {
            let key = key.fill(&env);
            let version = cx.dbs[db.ix()].version(&key);
            if version > 0 {
                let known = state.written.entry((session, db, key)).or_default();
                *known = version.max(*known);
            }
        }
    }
}

/// Takes rows in at a replica, in one local transaction with their versions. Those that are no newer
/// than what it has are passed over, unless nobody guards against that.
pub(super) fn take_in<'a>(
    cx: &Cx<'_>,
    rows: impl Iterator<Item = &'a RowVersion>,
    guarded: bool,
    out: &mut Out,
) {
    let db = cx.own_db();
    let mut writes = Vec::new();
    for RowVersion { key, row, version } in rows {
        if guarded && held(cx, db, *key) >= *version {
            continue;
        }
        writes.extend(copied(cx.plan, *key, row.clone(), *version));
    }
    if !writes.is_empty() {
        let txn = Rc::new(LocalTxn { writes, ..LocalTxn::default() });
        out.push(Effect::Local { db, txn, then: None });
    }
}

/// A row and its version, as a replica writes them.
pub fn copied(plan: &Plan, key: Key, row: Option<Row>, version: u32) -> Vec<RowWrite> {
    let mut writes = vec![RowWrite { key, row }];
    if let Some(at) = version_key(plan, key) {
        let row = Row::new(vec![(plan.words.value, Value::Int(i64::from(version)))]);
        writes.push(RowWrite { key: at, row: Some(row) });
    }
    writes
}

/// From the clients to the replicas and the owners, which follow them.
#[must_use]
pub fn edges(mode: Mode, plan: &Plan) -> Vec<(NodeIx, NodeIx)> {
    let mut edges = Vec::new();
    let reads = plan.queries.iter().flat_map(|query| &query.reads);
    for (owner, db, _) in reads {
        edges.push((plan.clients(), *owner));
        edges.extend(replicas_of(plan, *db).iter().map(|replica| (plan.clients(), *replica)));
    }
    for (ix, replicas) in plan.replicas.iter().enumerate() {
        let primary = NodeIx(ix as u8);
        for replica in replicas {
            match (mode, plan.broker) {
                (Mode::EventDriven, Some(broker)) => {
                    edges.push((primary, broker));
                    edges.push((broker, *replica));
                }
                _ => edges.push((primary, *replica)),
            }
        }
    }
    edges
}
