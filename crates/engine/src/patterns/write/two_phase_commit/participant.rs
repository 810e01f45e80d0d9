//! The participant: it works in one session, promises, and carries out what was decided.

use super::{
    Cont, Msg, Note, State, Vote, acknowledged, asks, cont, coordinator, coordinator_of,
    first_step, inquires, many_attempts, memory, send, wait_for,
};
use crate::event::{Refusal, Shape};
use crate::family::Cx;
use crate::ids::{Direction, StepIx, StepRef, TxnId};
use crate::mutation::Mutation;
use crate::out::{Answer, Ask, Effect, LocalTxn, Told};
use crate::patterns::Out;
use crate::scenario::document::Presume;

fn is_coordinator(cx: &Cx<'_>) -> bool {
    cx.node == coordinator_of(cx)
}

/// The round that a transaction is prepared for here.
fn prepared_for(cx: &Cx<'_>, txn: TxnId) -> Option<u32> {
    cx.own().sessions()?.prepared_for(txn)
}

/// The next step at or after `from` that this service has for the transaction.
fn own_step(cx: &Cx<'_>, txn: TxnId, mut from: usize) -> Option<StepIx> {
    loop {
        let step = cx.next_step(txn, from)?;
        if cx.step(txn, step).node == cx.node {
            return Some(step);
        }
        from = step.ix() + 1;
    }
}

/// The coordinator asks for a promise.
pub(super) fn on_prepare(cx: &Cx<'_>, state: &mut State, txn: TxnId, round: u32, out: &mut Out) {
    match cx.own().handled(&memory(cx, txn)) {
        // It committed: a copy of the question came late.
        Some(Answer::Done) => return,
        Some(Answer::Refused(why)) => return vote(cx, state, txn, (round, Vote::No(why)), out),
        Some(Answer::Nothing) => {
            return vote(cx, state, txn, (round, Vote::No(Refusal::Unavailable)), out);
        }
        None => {}
    }
    match prepared_for(cx, txn) {
        // Its vote was lost.
        Some(known) if known == round => vote(cx, state, txn, (round, Vote::Yes), out),
        // The coordinator has forgotten what this was promised to, so it did not commit.
        Some(known) if known < round => {
            out.cancel(cx.plan.words.inquire, txn, asks(cx, txn, cx.node).step);
            let then = cont(Cont::Outdated(txn, round));
            out.session(cx.own_db(), txn, Ask::RollBack { force: false }, then);
        }
        Some(_) => {}
        None if state.serving.contains_key(&txn) => {}
        None => begin(cx, state, txn, round, out),
    }
}

/// Takes up the work of a transaction.
pub(super) fn begin(cx: &Cx<'_>, state: &mut State, txn: TxnId, round: u32, out: &mut Out) {
    state.serving.insert(txn, round);
    if !is_coordinator(cx) {
        out.push(Effect::Hold(asks(cx, txn, cx.node)));
    }
    run(cx, txn, first_step(cx, txn, cx.node), out);
}

fn run(cx: &Cx<'_>, txn: TxnId, step: StepIx, out: &mut Out) {
    let then = cont(Cont::Ran(txn, step));
    out.session(cx.own_db(), txn, Ask::Run(StepRef::forward(txn, step)), then);
}

/// A session has done what it was asked, or a pause is over.
pub(super) fn on_told(cx: &Cx<'_>, state: &mut State, then: Cont, told: Told, out: &mut Out) {
    match (then, told) {
        (Cont::Ran(txn, step), Told::Ran { wrote }) => {
            let only_reads = !wrote && cx.plan.scenario.options.read_only_votes;
            if let Some(next) = own_step(cx, txn, step.ix() + 1) {
                out.pause(txn, next, cx.node, cont(Cont::Turn(txn, next)));
            } else if only_reads {
                let then = cont(Cont::OnlyRead(txn));
                out.session(cx.own_db(), txn, Ask::Commit { fact: None }, then);
            } else {
                let round = state.serving.get(&txn).copied().unwrap_or_default();
                let then = cont(Cont::Prepared(txn));
                out.session(cx.own_db(), txn, Ask::Prepare { round }, then);
            }
        }
        (Cont::Turn(txn, step), Told::Over) => run(cx, txn, step, out),
        (
            Cont::Ran(txn, _) | Cont::Turn(txn, _) | Cont::Prepared(txn) | Cont::OnlyRead(txn),
            Told::Refused(why),
        ) => decline(cx, state, txn, why, out),
        // Where the reply was lost the database shows that it took effect.
        (Cont::Prepared(txn), _) => {
            let round = served(cx, state, txn, out);
            vote(cx, state, txn, (round, Vote::Yes), out);
        }
        (Cont::OnlyRead(txn), _) => {
            let round = served(cx, state, txn, out);
            vote(cx, state, txn, (round, Vote::ReadOnly), out);
        }
        (Cont::Outdated(txn, round), _) => {
            vote(cx, state, txn, (round, Vote::No(Refusal::Unavailable)), out);
        }
        (Cont::Ended(txn, commit), _) => acknowledge(cx, state, txn, commit, out),
        (Cont::Dropped(txn), _) => void(cx, state, txn, out),
        _ => {}
    }
}

/// The work of a transaction is done, one way or the other; returns the round that asked for it.
fn served(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) -> u32 {
    if !is_coordinator(cx) {
        out.push(Effect::Release(asks(cx, txn, cx.node)));
    }
    state.serving.remove(&txn).unwrap_or_default()
}

/// The work was refused and rolled back. Where a forgotten transaction is presumed to have
/// committed, that is remembered first: a late copy of the question must not be promised any more.
fn decline(cx: &Cx<'_>, state: &mut State, txn: TxnId, why: Refusal, out: &mut Out) {
    let round = served(cx, state, txn, out);
    if cx.plan.scenario.options.presume == Presume::Commit {
        let transaction = LocalTxn {
            inbox: Some(memory(cx, txn)),
            answer: Some(Answer::Refused(why)),
            ..LocalTxn::default()
        };
        out.local(cx.own_db(), transaction, cont(Cont::Declined(txn, round, why)));
    } else {
        vote(cx, state, txn, (round, Vote::No(why)), out);
    }
}

/// Votes. Who promised to commit is in doubt from here on, and asks where it hears nothing.
pub(super) fn vote(
    cx: &Cx<'_>,
    state: &mut State,
    txn: TxnId,
    (round, vote): (u32, Vote),
    out: &mut Out,
) {
    if is_coordinator(cx) {
        return coordinator::on_vote(cx, state, txn, cx.node, (round, vote), out);
    }
    let words = &cx.plan.words;
    let label = match vote {
        Vote::Yes => words.vote_yes,
        Vote::No(_) => words.vote_no,
        Vote::ReadOnly => words.vote_read_only,
    };
    let exchange = asks(cx, txn, cx.node);
    let note = Note {
        shape: Shape::Vote,
        label,
        step: exchange.step,
        attempt: 0,
        exchange,
        message: Msg::Vote { round, vote },
    };
    send(coordinator_of(cx), note, out);
    if vote == Vote::Yes {
        let exchange = inquires(cx, txn, cx.node);
        wait_for(exchange, words.inquire, 0, many_attempts(cx), out);
    }
}

/// Carries out a decision, or finds that it is carried out.
pub(super) fn carry_out(
    cx: &Cx<'_>,
    state: &mut State,
    txn: TxnId,
    (commit, round): (bool, u32),
    out: &mut Out,
) {
    let force = acknowledged(cx, commit) && !cx.plan.has(Mutation::AcknowledgedBeforeForced);
    let promised = prepared_for(cx, txn);
    // An abort of an earlier life of the coordinator says nothing about a later one's transaction.
    let known = promised.or_else(|| state.serving.get(&txn).copied());
    if !commit && known.is_some_and(|known| known > round) {
        return;
    }
    if promised.is_some() {
        out.cancel(cx.plan.words.inquire, txn, Some((first_step(cx, txn, cx.node), Direction::Do)));
        let ask = if commit { Ask::CommitPrepared { force } } else { Ask::RollBack { force } };
        out.session(cx.own_db(), txn, ask, cont(Cont::Ended(txn, commit)));
    } else if commit {
        acknowledge(cx, state, txn, true, out);
    } else if state.serving.contains_key(&txn) {
        served(cx, state, txn, out);
        out.session(cx.own_db(), txn, Ask::RollBack { force: false }, cont(Cont::Dropped(txn)));
    } else {
        void(cx, state, txn, out);
    }
}

/// The coordinator aborts what was never promised here. Where a forgotten transaction is presumed to
/// have committed, that is remembered before the coordinator may forget it.
fn void(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    let key = memory(cx, txn);
    if cx.plan.scenario.options.presume == Presume::Commit && cx.own().handled(&key).is_none() {
        let transaction =
            LocalTxn { inbox: Some(key), answer: Some(Answer::Nothing), ..LocalTxn::default() };
        out.local(cx.own_db(), transaction, cont(Cont::Voided(txn)));
    } else {
        acknowledge(cx, state, txn, false, out);
    }
}

/// Tells the coordinator that a decision is carried out, where it has to know.
pub(super) fn acknowledge(cx: &Cx<'_>, state: &mut State, txn: TxnId, commit: bool, out: &mut Out) {
    if !acknowledged(cx, commit) {
        return;
    }
    if is_coordinator(cx) {
        return coordinator::on_acknowledged(cx, state, txn, cx.node, out);
    }
    let note = Note {
        shape: Shape::Reply,
        label: cx.plan.words.acknowledge,
        step: None,
        attempt: 0,
        exchange: asks(cx, txn, cx.node),
        message: Msg::Acknowledged,
    };
    send(coordinator_of(cx), note, out);
}

/// Asks for the decision.
pub(super) fn inquire(cx: &Cx<'_>, txn: TxnId, attempt: u16, out: &mut Out) {
    let Some(round) = prepared_for(cx, txn) else { return };
    let exchange = inquires(cx, txn, cx.node);
    let label = cx.plan.words.inquire;
    let note = Note {
        shape: Shape::Query,
        label,
        step: None,
        attempt,
        exchange,
        message: Msg::Inquiry { round },
    };
    send(coordinator_of(cx), note, out);
    wait_for(exchange, label, attempt, many_attempts(cx), out);
}

/// The service is back: whatever is in doubt here is asked for. A coordinator in the same service
/// has read its rows by now, and answers at once.
pub(super) fn recover(cx: &Cx<'_>, state: &mut State, out: &mut Out) {
    let in_doubt: Vec<TxnId> =
        cx.own().sessions().map_or_else(Vec::new, |sessions| sessions.in_doubt().collect());
    for txn in in_doubt {
        if is_coordinator(cx) {
            coordinator::answer_itself(cx, state, txn, out);
        } else {
            inquire(cx, txn, 0, out);
        }
    }
}
