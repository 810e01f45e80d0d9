//! A participant: its reservation is a row, and everything it answers is read from that row.
//!
//! A try that comes again finds the reservation, and one that comes after its own cancellation finds
//! that, since a cancellation leaves a row even where there was nothing to cancel.

use super::{Ask, Cont, Msg, Reply, exchange, participants, text, transactions};
use crate::event::Shape;
use crate::family::Cx;
use crate::ids::{Direction, NodeIx, StepIx, StepRef, Sym, TxnId};
use crate::mutation::Mutation;
use crate::out::{Alarm, Clock, Exchange, Letter, LocalResult, LocalTxn, RowWrite, StepWork};
use crate::patterns::write::{WriteCont, WriteMsg, reason_of};
use crate::patterns::{Body, Out};
use crate::plan::{Env, Op};
use crate::value::{Key, KeyPart, Row, Value};

fn row_key(cx: &Cx<'_>, txn: TxnId) -> Key {
    Key { table: cx.plan.words.reservation, id: KeyPart::Int(i64::from(txn.0) + 1) }
}

/// The state of a reservation, and the word of the refusal.
fn reservation(cx: &Cx<'_>, txn: TxnId) -> Option<(Sym, Option<Sym>)> {
    let words = &cx.plan.words;
    let row = cx.own().row(&row_key(cx, txn))?;
    Some((text(row, words.state)?, text(row, words.reason)))
}

/// The steps that a participant reserves, in the order of the flow.
fn covered(cx: &Cx<'_>, txn: TxnId, at: StepIx) -> Vec<StepIx> {
    let node = cx.step(txn, at).node;
    let mut steps = Vec::new();
    let mut from = at.ix();
    while let Some(step) = cx.next_step(txn, from) {
        if cx.step(txn, step).node == node {
            steps.push(step);
        }
        from = step.ix() + 1;
    }
    steps
}

/// The row of a reservation. One that was refused or cancelled before it was there covers nothing.
fn row(cx: &Cx<'_>, txn: TxnId, at: StepIx, state: Sym, reason: Option<Sym>) -> RowWrite {
    let (words, own) = (&cx.plan.words, &cx.plan.words.reserving);
    let mut fields = vec![(words.state, Value::Text(state))];
    if state == own.is_tried || reservation(cx, txn).is_some() {
        let steps = covered(cx, txn, at).into_iter().map(|step| i64::from(step.0) + 1).collect();
        fields.push((own.steps, Value::List(std::rc::Rc::new(steps))));
    }
    fields.extend(reason.map(|reason| (words.reason, Value::Text(reason))));
    RowWrite { key: row_key(cx, txn), row: Some(Row::new(fields)) }
}

/// A local transaction that does or takes back what a reservation covers, with the row that says so.
fn reserving(
    cx: &Cx<'_>,
    (txn, at): (TxnId, StepIx),
    dir: Direction,
    (state, reason): (Sym, Option<Sym>),
) -> LocalTxn {
    let mut steps = covered(cx, txn, at);
    if dir == Direction::Undo {
        steps.reverse();
    }
    let mut steps = steps.into_iter().map(|step| StepRef { txn, step, dir });
    LocalTxn {
        work: steps.next().map(|of| StepWork { of, reason, only_if_done: None }),
        also: steps.collect(),
        reserves: true,
        writes: vec![row(cx, txn, at, state, reason)],
        ..LocalTxn::default()
    }
}

/// Makes a reservation final: what was kept to take it back is no longer needed.
fn confirming(cx: &Cx<'_>, txn: TxnId, at: StepIx) -> LocalTxn {
    let steps = covered(cx, txn, at);
    let env = Env { inputs: &cx.txn(txn).inputs, txn, reason: None };
    let kept = steps.iter().flat_map(|step| &cx.step(txn, *step).reserve);
    let kept = kept.filter_map(|op| match op {
        Op::Keep { at, .. } => Some(at.fill(&env)),
        _ => None,
    });
    let gone =
        kept.filter(|key| cx.own().row(key).is_some()).map(|key| RowWrite { key, row: None });
    let state = cx.plan.words.reserving.is_confirmed;
    LocalTxn {
        settles: steps.iter().map(|step| StepRef::forward(txn, *step)).collect(),
        writes: std::iter::once(row(cx, txn, at, state, None)).chain(gone).collect(),
        ..LocalTxn::default()
    }
}

/// What a participant does about a question or a result.
pub(super) enum Next {
    /// A local transaction, and who is told its result.
    Run(Box<LocalTxn>, Cont),
    /// An answer; `None` where there is none yet and the question has to come again.
    Answer(Option<Reply>),
}

/// A question. What was answered before is answered again from the row.
pub(super) fn asked(cx: &Cx<'_>, by: NodeIx, (txn, at): (TxnId, StepIx), ask: Ask) -> Next {
    let own = &cx.plan.words.reserving;
    let now = reservation(cx, txn);
    let state = now.map(|(state, _)| state);
    let (tried, confirmed) = (state == Some(own.is_tried), state == Some(own.is_confirmed));
    let transaction = match ask {
        Ask::Try if now.is_none() => reserving(cx, (txn, at), Direction::Do, (own.is_tried, None)),
        Ask::Confirm if tried => confirming(cx, txn, at),
        Ask::Cancel(reason) if tried => {
            reserving(cx, (txn, at), Direction::Undo, (own.is_cancelled, reason))
        }
        // It overtook the try, or the try was lost: the row keeps one that still comes from reserving
        // what nobody would ever cancel.
        Ask::Cancel(reason)
            if now.is_none() && !cx.plan.has(Mutation::CancellationNotRemembered) =>
        {
            turned_down(cx, (txn, at), reason)
        }
        Ask::Try if tried || confirmed => return Next::Answer(Some(Reply::Tried)),
        Ask::Try => {
            return Next::Answer(Some(Reply::Refused(now.and_then(|(_, reason)| reason))));
        }
        Ask::Confirm if confirmed => return Next::Answer(Some(Reply::Confirmed)),
        Ask::Confirm if cx.plan.has(Mutation::ConfirmedAfterExpiry) => {
            return Next::Answer(Some(Reply::Confirmed));
        }
        Ask::Confirm => return Next::Answer(Some(Reply::Expired)),
        Ask::Cancel(_) => return Next::Answer(Some(Reply::Cancelled)),
    };
    Next::Run(Box::new(transaction), Cont::Asked { by, txn, at, ask })
}

/// The row of a reservation that there will never be.
fn turned_down(cx: &Cx<'_>, (txn, at): (TxnId, StepIx), reason: Option<Sym>) -> LocalTxn {
    let state = cx.plan.words.reserving.is_cancelled;
    LocalTxn { writes: vec![row(cx, txn, at, state, reason)], ..LocalTxn::default() }
}

/// The local transaction of a question has ended. Where only its reply was lost it took effect, and
/// the question comes again.
pub(super) fn served(
    cx: &Cx<'_>,
    by: NodeIx,
    (txn, at): (TxnId, StepIx),
    ask: Ask,
    result: LocalResult,
    out: &mut Out,
) -> Next {
    let refusal = match result {
        LocalResult::Refused(why) => Some(why),
        _ => None,
    };
    match (ask, refusal) {
        // The database is in trouble, not the data.
        (_, Some(why)) if why.is_transient() => return Next::Answer(None),
        (Ask::Try, None) => expire_later(cx, txn, at, out),
        (Ask::Try, Some(why)) => {
            let reason = reason_of(cx, why);
            let then = Cont::Declined { by, txn, at, reason };
            return Next::Run(Box::new(turned_down(cx, (txn, at), reason)), then);
        }
        (Ask::Confirm | Ask::Cancel(_), None) => {
            out.overtake(cx.plan.words.expiry, txn, Some((at, Direction::Do)));
        }
        (Ask::Confirm | Ask::Cancel(_), Some(why)) => {
            return Next::Answer(Some(Reply::Kept(reason_of(cx, why))));
        }
    }
    let reply = match ask {
        Ask::Try => Reply::Tried,
        Ask::Confirm => Reply::Confirmed,
        Ask::Cancel(_) => Reply::Cancelled,
    };
    Next::Answer((result != LocalResult::Lost).then_some(reply))
}

/// Answers a coordinator elsewhere.
pub(super) fn answer(
    cx: &Cx<'_>,
    by: NodeIx,
    (txn, at): (TxnId, StepIx),
    reply: Reply,
    out: &mut Out,
) {
    let own = &cx.plan.words.reserving;
    let (label, dir) = match reply {
        Reply::Tried => (own.tried, Direction::Do),
        Reply::Refused(_) => (own.refused, Direction::Do),
        Reply::Confirmed => (own.confirmed, Direction::Do),
        Reply::Expired => (own.expired, Direction::Do),
        Reply::Cancelled => (own.cancelled, Direction::Undo),
        Reply::Kept(_) => (own.kept, Direction::Undo),
    };
    out.send(Letter {
        to: by,
        shape: Shape::Reply,
        label,
        txn,
        step: Some((at, dir)),
        attempt: 0,
        exchange: Some(Exchange { caller: by, target: cx.node, txn, step: Some((at, dir)) }),
        body: Body::Write(WriteMsg::TryConfirmCancel(Msg::Reply(reply))),
    });
}

/// Arms the timer of a reservation, where reservations expire.
fn expire_later(cx: &Cx<'_>, txn: TxnId, at: StepIx, out: &mut Out) {
    let after = cx.plan.scenario.options.reservation_us;
    if after == 0 {
        return;
    }
    out.arm(Alarm {
        clock: Clock::Business(after),
        label: cx.plan.words.expiry,
        txn,
        step: Some((at, Direction::Do)),
        exchange: exchange(cx, txn, at, Direction::Do),
        attempt: 0,
        waits: 1,
        attempts_max: None,
    });
}

/// The time of a reservation is over.
pub(super) fn expire(cx: &Cx<'_>, (txn, at): (TxnId, StepIx), out: &mut Out) {
    let words = &cx.plan.words;
    let state = reservation(cx, txn).map(|(state, _)| state);
    if state == Some(words.reserving.is_tried) {
        let row = (words.expired, Some(words.expired));
        let transaction = reserving(cx, (txn, at), Direction::Undo, row);
        let then = WriteCont::TryConfirmCancel(Cont::Expired(txn, at));
        out.local(cx.own_db(), transaction, then);
    }
}

/// A reservation has expired, or could not. One whose data refuse to take it back stays, and waits
/// for the coordinator.
pub(super) fn expired(cx: &Cx<'_>, (txn, at): (TxnId, StepIx), result: LocalResult, out: &mut Out) {
    if matches!(result, LocalResult::Refused(why) if why.is_transient()) {
        expire_later(cx, txn, at, out);
    }
}

/// A restarted participant: its reservations expire after the whole time again.
pub(super) fn on_restart(cx: &Cx<'_>, out: &mut Out) {
    let words = &cx.plan.words;
    for txn in transactions(cx, words.reservation) {
        let tried = reservation(cx, txn).map(|(state, _)| state) == Some(words.reserving.is_tried);
        let own = participants(cx, txn).into_iter().find(|at| cx.step(txn, *at).node == cx.node);
        if let (true, Some(at)) = (tried, own) {
            expire_later(cx, txn, at, out);
        }
    }
}
