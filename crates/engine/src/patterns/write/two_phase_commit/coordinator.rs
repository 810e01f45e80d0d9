//! The coordinator: it collects the votes, decides, writes down what it must, and tells everybody.

use std::collections::BTreeSet;

use super::super::reason_of;
use super::{
    Cont, Msg, Note, Phase, State, Vote, acknowledged, asks, cont, inquires, many_attempts,
    participant, participants, send, wait_for,
};
use crate::event::{EventKind, Refusal, Shape};
use crate::family::{Cx, TimerOf};
use crate::ids::{Direction, NodeIx, Sym, TxnId};
use crate::mutation::Mutation;
use crate::out::{Answer, Effect, InboxKey, LocalResult, LocalTxn, RowWrite};
use crate::patterns::{Out, Response, client};
use crate::scenario::document::Presume;
use crate::value::{Key, KeyPart, Row, Value};

/// What a coordinator's row says of a transaction.
struct Logged {
    /// `None` where it only says who takes part.
    commit: Option<bool>,
    reason: Option<Sym>,
    /// Who must hear the decision.
    participants: BTreeSet<NodeIx>,
}

fn presume(cx: &Cx<'_>) -> Presume {
    cx.plan.scenario.options.presume
}

fn row_key(cx: &Cx<'_>, txn: TxnId) -> Key {
    Key { table: cx.plan.words.coordination, id: KeyPart::Int(i64::from(txn.0) + 1) }
}

/// The row that says where a transaction stands, and whom it is about.
fn row(
    cx: &Cx<'_>,
    txn: TxnId,
    state: Sym,
    nodes: &BTreeSet<NodeIx>,
    reason: Option<Sym>,
) -> RowWrite {
    let words = &cx.plan.words;
    let nodes = nodes.iter().map(|node| i64::from(node.0)).collect();
    let mut fields = vec![
        (words.state, Value::Text(state)),
        (words.participants, Value::List(std::rc::Rc::new(nodes))),
    ];
    fields.extend(reason.map(|reason| (words.reason, Value::Text(reason))));
    RowWrite { key: row_key(cx, txn), row: Some(Row::new(fields)) }
}

fn read_row(cx: &Cx<'_>, txn: TxnId) -> Option<Logged> {
    let words = &cx.plan.words;
    let row = cx.own().row(&row_key(cx, txn))?;
    let commit = match row.get(words.state) {
        Some(Value::Text(state)) if *state == words.commit => Some(true),
        Some(Value::Text(state)) if *state == words.abort => Some(false),
        _ => None,
    };
    let reason = match row.get(words.reason) {
        Some(Value::Text(sym)) => Some(*sym),
        _ => None,
    };
    let participants = match row.get(words.participants) {
        Some(Value::List(nodes)) => {
            nodes.iter().filter_map(|node| u8::try_from(*node).ok()).map(NodeIx).collect()
        }
        _ => BTreeSet::new(),
    };
    Some(Logged { commit, reason, participants })
}

fn request_key(cx: &Cx<'_>, txn: TxnId) -> InboxKey {
    InboxKey { txn, label: cx.plan.words.request }
}

/// The inbox entry of a request, which stays when the transaction's row is gone.
fn remembered(cx: &Cx<'_>, txn: TxnId) -> Option<InboxKey> {
    cx.plan.scenario.options.inbox.then(|| request_key(cx, txn))
}

/// A client's request. A copy of one that is known is not answered: its client has the answer of
/// the first, or will ask no more.
pub fn on_request(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    let is_known = state.active.contains_key(&txn)
        || state.over.contains(&txn)
        || cx.own().handled(&request_key(cx, txn)).is_some()
        || cx.own().row(&row_key(cx, txn)).is_some();
    if is_known {
        return;
    }
    let nodes: BTreeSet<NodeIx> = participants(cx, txn).into_iter().map(|(node, _)| node).collect();
    if nodes.is_empty() {
        state.over.insert(txn);
        client::respond(cx, txn, Response::Completed, out);
        return;
    }
    out.push(Effect::Hold(client::request_exchange(cx, txn)));
    if presume(cx) == Presume::Commit {
        let transaction = LocalTxn {
            inbox: remembered(cx, txn),
            answer: Some(Answer::Nothing),
            writes: vec![row(cx, txn, cx.plan.words.prepare, &nodes, None)],
            ..LocalTxn::default()
        };
        out.local(cx.own_db(), transaction, cont(Cont::Begun(txn)));
    } else {
        ask_all(cx, state, txn, out);
    }
}

/// The participants are written down, or could not be.
pub(super) fn on_begun(
    cx: &Cx<'_>,
    state: &mut State,
    txn: TxnId,
    result: LocalResult,
    out: &mut Out,
) {
    match result {
        LocalResult::Refused(why) => {
            state.over.insert(txn);
            finish(cx, txn, Response::Aborted(reason_of(cx, why)), out);
        }
        _ => ask_all(cx, state, txn, out),
    }
}

/// Asks every participant for its promise.
fn ask_all(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    let nodes: Vec<NodeIx> = participants(cx, txn).into_iter().map(|(node, _)| node).collect();
    let waiting = nodes.iter().copied().collect();
    state.active.insert(txn, Phase::Voting { waiting, yes: BTreeSet::new() });
    for node in nodes.iter().filter(|node| **node != cx.node) {
        out.push(Effect::Hold(inquires(cx, txn, *node)));
        prepare(cx, state, txn, *node, 0, out);
    }
    // Its own part comes last: a refusal there ends the transaction while the others are asked.
    if nodes.contains(&cx.node) {
        participant::begin(cx, state, txn, state.round, out);
    }
}

fn prepare(cx: &Cx<'_>, state: &State, txn: TxnId, node: NodeIx, attempt: u16, out: &mut Out) {
    let exchange = asks(cx, txn, node);
    let label = cx.plan.words.prepare;
    let note = Note {
        shape: Shape::Command,
        label,
        step: exchange.step,
        attempt,
        exchange,
        message: Msg::Prepare { round: state.round },
    };
    send(node, note, out);
    wait_for(exchange, label, attempt, Some(cx.plan.scenario.retries.attempts), out);
}

/// A vote has come in. Those of an earlier life, or that come too late, say nothing any more.
pub(super) fn on_vote(
    cx: &Cx<'_>,
    state: &mut State,
    txn: TxnId,
    from: NodeIx,
    (round, vote): (u32, Vote),
    out: &mut Out,
) {
    if round != state.round {
        return;
    }
    let Some(Phase::Voting { waiting, yes }) = state.active.get_mut(&txn) else { return };
    if !waiting.remove(&from) {
        return;
    }
    if from != cx.node {
        out.cancel(cx.plan.words.prepare, txn, asks(cx, txn, from).step);
    }
    match vote {
        Vote::No(why) => return abort(cx, state, txn, reason_of(cx, why), out),
        Vote::Yes => {
            yes.insert(from);
        }
        Vote::ReadOnly => {}
    }
    if waiting.is_empty() || cx.plan.has(Mutation::CommittedOnMissingVote) {
        let yes = std::mem::take(yes);
        commit(cx, state, txn, yes, out);
    }
}

/// Everybody has promised, or has only read.
fn commit(cx: &Cx<'_>, state: &mut State, txn: TxnId, yes: BTreeSet<NodeIx>, out: &mut Out) {
    let words = &cx.plan.words;
    let round = state.round;
    let has_begun = presume(cx) == Presume::Commit;
    // Where all have only read nobody waits for the decision, and nothing of it need be durable.
    let write = (!yes.is_empty()).then(|| {
        if has_begun {
            RowWrite { key: row_key(cx, txn), row: None }
        } else {
            row(cx, txn, words.commit, &yes, None)
        }
    });
    state.active.insert(txn, Phase::Decided { commit: true, reason: None, round, waiting: yes });
    let decided = EventKind::Decided { forward: true };
    match write {
        Some(write) => {
            let transaction = LocalTxn {
                inbox: remembered(cx, txn).filter(|_| !has_begun),
                answer: Some(Answer::Done),
                writes: vec![write],
                fact: Some((txn, decided)),
                lazy: cx.plan.has(Mutation::DecisionNotForced),
                ..LocalTxn::default()
            };
            out.local(cx.own_db(), transaction, cont(Cont::Decided(txn)));
        }
        None => {
            out.note(txn, None, decided);
            tell(cx, state, txn, out);
        }
    }
}

/// Somebody refused, or did not answer: everybody else who may have promised is to roll back.
fn abort(cx: &Cx<'_>, state: &mut State, txn: TxnId, reason: Option<Sym>, out: &mut Out) {
    let Some(Phase::Voting { waiting, yes }) = state.active.remove(&txn) else { return };
    let waiting: BTreeSet<NodeIx> = waiting.union(&yes).copied().collect();
    let decided = EventKind::Decided { forward: false };
    let is_forced = presume(cx) == Presume::Nothing && !waiting.is_empty();
    let write = is_forced.then(|| row(cx, txn, cx.plan.words.abort, &waiting, reason));
    let round = state.round;
    state.active.insert(txn, Phase::Decided { commit: false, reason, round, waiting });
    match write {
        Some(write) => {
            let why = reason.map_or(Refusal::Unavailable, Refusal::Bound);
            let transaction = LocalTxn {
                inbox: remembered(cx, txn),
                answer: Some(Answer::Refused(why)),
                writes: vec![write],
                fact: Some((txn, decided)),
                ..LocalTxn::default()
            };
            out.local(cx.own_db(), transaction, cont(Cont::Decided(txn)));
        }
        None => {
            out.note(txn, None, decided);
            tell(cx, state, txn, out);
        }
    }
}

/// The decision is written down. A commit that cannot be is none: the transaction aborts. An abort
/// that cannot be is one all the same, since a transaction without a record is taken for aborted.
pub(super) fn on_decided(
    cx: &Cx<'_>,
    state: &mut State,
    txn: TxnId,
    result: LocalResult,
    out: &mut Out,
) {
    if let LocalResult::Refused(why) = result
        && let Some(Phase::Decided { commit, reason, .. }) = state.active.get_mut(&txn)
    {
        if *commit {
            *commit = false;
            *reason = reason_of(cx, why);
        }
        out.note(txn, None, EventKind::Decided { forward: false });
    }
    tell(cx, state, txn, out);
}

/// Tells a decision to all whom it concerns, and to the client.
fn tell(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    let Some(Phase::Decided { commit, reason, round, waiting }) = state.active.get(&txn).cloned()
    else {
        return;
    };
    let is_acknowledged = acknowledged(cx, commit);
    for (node, step) in participants(cx, txn).into_iter().filter(|(node, _)| *node != cx.node) {
        out.cancel(cx.plan.words.prepare, txn, Some((step, Direction::Do)));
        if waiting.contains(&node) {
            decision(cx, txn, node, (commit, round), 0, out);
        }
        // Who will acknowledge is told again and need not ask; the others must be able to.
        if !(waiting.contains(&node) && is_acknowledged) {
            out.push(Effect::Release(inquires(cx, txn, node)));
        }
    }
    let response = if commit { Response::Completed } else { Response::Aborted(reason) };
    finish(cx, txn, response, out);
    if !is_acknowledged || waiting.is_empty() {
        forget(cx, state, txn, out);
    }
    if waiting.contains(&cx.node) {
        participant::carry_out(cx, state, txn, (commit, round), out);
    }
}

/// Sends a decision to one participant. Where it is acknowledged it is sent until it is.
fn decision(
    cx: &Cx<'_>,
    txn: TxnId,
    node: NodeIx,
    (commit, round): (bool, u32),
    attempt: u16,
    out: &mut Out,
) {
    let label = if commit { cx.plan.words.commit } else { cx.plan.words.abort };
    let is_acknowledged = acknowledged(cx, commit);
    let exchange = if is_acknowledged { asks(cx, txn, node) } else { inquires(cx, txn, node) };
    let note = Note {
        shape: Shape::Command,
        label,
        step: None,
        attempt,
        exchange,
        message: Msg::Decision { commit, round },
    };
    send(node, note, out);
    if is_acknowledged {
        wait_for(exchange, label, attempt, many_attempts(cx), out);
    }
}

fn finish(cx: &Cx<'_>, txn: TxnId, response: Response, out: &mut Out) {
    out.push(Effect::Release(client::request_exchange(cx, txn)));
    client::respond(cx, txn, response, out);
}

/// A participant has carried out the decision and will not ask for it.
pub(super) fn on_acknowledged(
    cx: &Cx<'_>,
    state: &mut State,
    txn: TxnId,
    from: NodeIx,
    out: &mut Out,
) {
    let Some(Phase::Decided { commit, waiting, .. }) = state.active.get_mut(&txn) else { return };
    if !waiting.remove(&from) {
        return;
    }
    let is_over = waiting.is_empty();
    if from != cx.node {
        let label = if *commit { cx.plan.words.commit } else { cx.plan.words.abort };
        out.cancel(label, txn, asks(cx, txn, from).step);
        out.push(Effect::Release(inquires(cx, txn, from)));
    }
    if is_over {
        forget(cx, state, txn, out);
    }
}

/// Nobody will ask any more, or the presumption says the same: the transaction is forgotten. That is
/// not forced; a coordinator that remembers it after a crash tells everybody once more.
fn forget(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    state.active.remove(&txn);
    if cx.own().handled(&request_key(cx, txn)).is_none() {
        state.over.insert(txn);
    }
    if cx.own().row(&row_key(cx, txn)).is_some() {
        let write = RowWrite { key: row_key(cx, txn), row: None };
        let transaction = LocalTxn { writes: vec![write], lazy: true, ..LocalTxn::default() };
        out.local(cx.own_db(), transaction, cont(Cont::Forgotten));
    }
}

/// What is known or presumed of a transaction whose promise was made to a round; `None` where the
/// votes are still coming in.
fn outcome(cx: &Cx<'_>, state: &State, txn: TxnId, round: u32) -> Option<bool> {
    match state.active.get(&txn) {
        Some(Phase::Voting { .. }) => (round != state.round).then_some(false),
        Some(Phase::Decided { commit, .. }) => Some(*commit),
        None => Some(match read_row(cx, txn) {
            Some(logged) => logged.commit == Some(true),
            None => presume(cx) == Presume::Commit,
        }),
    }
}

/// A participant asks for the decision.
pub(super) fn on_inquiry(
    cx: &Cx<'_>,
    state: &State,
    txn: TxnId,
    (from, round): (NodeIx, u32),
    out: &mut Out,
) {
    let Some(commit) = outcome(cx, state, txn, round) else { return };
    let note = Note {
        shape: Shape::Reply,
        label: if commit { cx.plan.words.commit } else { cx.plan.words.abort },
        step: None,
        attempt: 0,
        exchange: inquires(cx, txn, from),
        message: Msg::Decision { commit, round },
    };
    send(from, note, out);
}

/// The coordinator's own service is in doubt after a restart.
pub(super) fn answer_itself(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    let is_told = matches!(
        state.active.get(&txn),
        Some(Phase::Decided { waiting, .. }) if waiting.contains(&cx.node)
    );
    if !is_told && let Some(commit) = outcome(cx, state, txn, u32::MAX) {
        participant::carry_out(cx, state, txn, (commit, u32::MAX), out);
    }
}

/// No vote or no acknowledgement came in time.
pub(super) fn on_timer(
    cx: &Cx<'_>,
    state: &mut State,
    of: TimerOf,
    again: Option<u16>,
    out: &mut Out,
) {
    let TimerOf { label, txn, target, .. } = of;
    match state.active.get(&txn) {
        Some(Phase::Voting { waiting, .. })
            if label == cx.plan.words.prepare && waiting.contains(&target) =>
        {
            match again {
                Some(attempt) => prepare(cx, state, txn, target, attempt, out),
                None => abort(cx, state, txn, Some(cx.plan.words.no_answer), out),
            }
        }
        Some(Phase::Decided { commit, round, waiting, .. }) if waiting.contains(&target) => {
            match again {
                Some(attempt) => decision(cx, txn, target, (*commit, *round), attempt, out),
                // It may still ask.
                None => out.push(Effect::Release(inquires(cx, txn, target))),
            }
        }
        _ => {}
    }
}

/// The coordinator is back: what its rows say is told again, and what was not decided is aborted.
pub(super) fn recover(cx: &Cx<'_>, state: &mut State, out: &mut Out) {
    state.round = cx.own().recoveries();
    let txns: Vec<TxnId> = cx
        .own()
        .rows()
        .filter(|(key, _)| key.table == cx.plan.words.coordination)
        .filter_map(|(key, _)| match key.id {
            KeyPart::Int(n) => u32::try_from(n - 1).ok().map(TxnId),
            KeyPart::Text(_) => None,
        })
        .collect();
    for txn in txns {
        let Some(Logged { commit, reason, participants: waiting }) = read_row(cx, txn) else {
            continue;
        };
        for node in waiting.iter().filter(|node| **node != cx.node) {
            out.push(Effect::Hold(inquires(cx, txn, *node)));
        }
        if commit.is_none() {
            out.note(txn, None, EventKind::Decided { forward: false });
        }
        // A transaction with a row is never begun again: its abort is that of every round.
        let (commit, round) = (commit == Some(true), u32::MAX);
        state.active.insert(txn, Phase::Decided { commit, reason, round, waiting });
        tell(cx, state, txn, out);
    }
}
