//! Try, confirm, cancel: each participant reserves, and a coordinator confirms all or cancels all.
//!
//! The coordinator writes down that it begins, and asks one participant (a service with steps to do)
//! after the other, in the order of the flow, to *try*. A try runs the operations of all of the
//! participant's steps, in one local transaction with a row that says so: the reservation. Where all
//! have reserved the coordinator writes down that it confirms, and asks them all at once; where one
//! refuses or does not answer, that it cancels. It asks again until each has answered, also after a
//! crash, since it finds what it decided in its rows. The business effect is that of the
//! confirmation: a transaction whose reservations are all cancelled has done nothing.
//!
//! A participant does not wait for a coordinator for ever: a reservation *expires*. That is what
//! two-phase commit's participants may not do, and what breaks the pattern: a confirmation that comes
//! to one participant in time and to another too late leaves half a transaction, which no protocol
//! can mend and the coordinator can only report.
//!
//! Sources: G. Pardon and C. Pautasso, "Towards Distributed Atomic Transactions over RESTful
//! Services", in *REST: From Research to Practice*, Springer 2011 (try, confirm, cancel; time-outs;
//! the mixed outcome as an exception for people); P. Helland, "Life beyond Distributed Transactions:
//! an Apostate's Opinion", CIDR 2007 (tentative operations, confirmed or cancelled).

mod canon;
mod participant;
mod ways;

use std::collections::BTreeMap;

use super::{WriteCont, WriteMsg};
use crate::event::{EventKind, Shape};
use crate::family::{About, Cx, TimerOf};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{Direction, NodeIx, StepIx, Sym, TxnId};
use crate::out::{Alarm, Clock, Effect, Exchange, Letter, LocalResult, LocalTxn, RowWrite};
use crate::patterns::{Body, Out, Response, client};
use crate::plan::Plan;
use crate::value::{Key, KeyPart, Row, Value};
pub use ways::edges;
use ways::transactions;

/// What a coordinator asks of a participant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask {
    /// Reserve.
    Try,
    /// Make the reservation final.
    Confirm,
    /// Take it back, for this reason.
    Cancel(Option<Sym>),
}

/// What a participant answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reply {
    /// It is reserved.
    Tried,
    /// It is not, and will not be.
    Refused(Option<Sym>),
    /// It is final.
    Confirmed,
    /// It was taken back before the confirmation came.
    Expired,
    /// It is taken back, or never was there and never will be.
    Cancelled,
    /// It cannot be taken back: the data refuse it.
    Kept(Option<Sym>),
}

/// What coordinator and participants say to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Msg {
    /// A question.
    Ask(Ask),
    /// Its answer.
    Reply(Reply),
}

/// Who waits for a local transaction. A participant is named by the first of its steps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cont {
    /// The coordinator: its row is written, and the first participant is next.
    Begun(TxnId),
    /// The coordinator: its row is written, and the transaction goes on from it.
    Moved(TxnId),
    /// A participant that was asked.
    Asked {
        /// Who asked.
        by: NodeIx,
        /// The transaction.
        txn: TxnId,
        /// The participant.
        at: StepIx,
        /// What for.
        ask: Ask,
    },
    /// A participant whose data refused a try: it remembers that, so that a try which comes again is
    /// refused again.
    Declined {
        /// Who asked.
        by: NodeIx,
        /// The transaction.
        txn: TxnId,
        /// The participant.
        at: StepIx,
        /// Why.
        reason: Option<Sym>,
    },
    /// A participant whose reservation expires.
    Expired(TxnId, StepIx),
}

/// Where a transaction stands at its coordinator. A set of participants has a bit for the first step
/// of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// This participant is asked to reserve.
    Trying {
        at: StepIx,
        /// Whether a crash came in between, so that participants after this one may have reserved.
        again: bool,
    },
    /// These have not answered yet; whether some have confirmed, and whether some had expired.
    Confirming { open: u64, confirmed: bool, expired: bool },
    /// These have not answered yet; why, and the word of one that could not take it back.
    Cancelling { open: u64, reason: Option<Sym>, kept: Option<Option<Sym>> },
}

/// What a coordinator's row says.
enum Standing {
    At(Phase),
    Over(Response),
}

/// The memory of a coordinator: the transactions at work.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    active: BTreeMap<TxnId, Phase>,
}

impl State {
    /// Whether no transaction is at work.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.active.is_empty()
    }
}

/// The participants of a transaction, in the order of the flow, each by its first step.
fn participants(cx: &Cx<'_>, txn: TxnId) -> Vec<StepIx> {
    let mut firsts: Vec<StepIx> = Vec::new();
    let mut from = 0;
    while let Some(step) = cx.next_step(txn, from) {
        let node = cx.step(txn, step).node;
        if !firsts.iter().any(|first| cx.step(txn, *first).node == node) {
            firsts.push(step);
        }
        from = step.ix() + 1;
    }
    firsts
}

fn bit(at: StepIx) -> u64 {
    1 << at.0
}

fn members(set: u64) -> impl Iterator<Item = StepIx> {
    (0..64).filter(move |at| set & (1 << at) != 0).map(StepIx)
}

fn everyone(cx: &Cx<'_>, txn: TxnId) -> u64 {
    participants(cx, txn).into_iter().fold(0, |set, at| set | bit(at))
}

fn row_key(cx: &Cx<'_>, txn: TxnId) -> Key {
    Key { table: cx.plan.words.coordination, id: KeyPart::Int(i64::from(txn.0) + 1) }
}

fn text(row: &Row, field: Sym) -> Option<Sym> {
    match row.get(field) {
        Some(Value::Text(sym)) => Some(*sym),
        _ => None,
    }
}

/// What the row of a transaction says; `None` where there is none.
fn standing(cx: &Cx<'_>, txn: TxnId) -> Option<Standing> {
    let (words, own) = (&cx.plan.words, &cx.plan.words.reserving);
    let row = cx.own().row(&row_key(cx, txn))?;
    let (state, reason) = (text(row, words.state)?, text(row, words.reason));
    let open = everyone(cx, txn);
    Some(if state == own.trying {
        Standing::At(Phase::Trying { at: *participants(cx, txn).first()?, again: true })
    } else if state == own.confirming {
        Standing::At(Phase::Confirming { open, confirmed: false, expired: false })
    } else if state == own.cancelling {
        Standing::At(Phase::Cancelling { open, reason, kept: None })
    } else if state == words.completed {
        Standing::Over(Response::Completed)
    } else {
        Standing::Over(Response::Aborted(reason))
    })
}

fn row(cx: &Cx<'_>, txn: TxnId, state: Sym, reason: Option<Sym>) -> RowWrite {
    let words = &cx.plan.words;
    let mut fields = vec![(words.state, Value::Text(state))];
    fields.extend(reason.map(|reason| (words.reason, Value::Text(reason))));
    RowWrite { key: row_key(cx, txn), row: Some(Row::new(fields)) }
}

fn persist(
    cx: &Cx<'_>,
    txn: TxnId,
    (state, reason): (Sym, Option<Sym>),
    fact: Option<EventKind>,
    out: &mut Out,
) {
    let transaction = LocalTxn {
        writes: vec![row(cx, txn, state, reason)],
        fact: fact.map(|fact| (txn, fact)),
        ..LocalTxn::default()
    };
    out.local(cx.own_db(), transaction, WriteCont::TryConfirmCancel(Cont::Moved(txn)));
}

fn direction(ask: Ask) -> Direction {
    match ask {
        Ask::Try | Ask::Confirm => Direction::Do,
        Ask::Cancel(_) => Direction::Undo,
    }
}

fn exchange(cx: &Cx<'_>, txn: TxnId, at: StepIx, dir: Direction) -> Exchange {
    Exchange { caller: cx.node, target: cx.step(txn, at).node, txn, step: Some((at, dir)) }
}

/// Arms the timer of a question. A participant that only has to be told what was decided is asked
/// until it answers.
fn await_answer(
    cx: &Cx<'_>,
    (txn, at, dir): (TxnId, StepIx, Direction),
    attempt: u16,
    attempts_max: Option<u16>,
    out: &mut Out,
) {
    out.arm(Alarm {
        clock: Clock::Retry,
        label: cx.plan.words.retry,
        txn,
        step: Some((at, dir)),
        exchange: exchange(cx, txn, at, dir),
        attempt,
        waits: 1,
        attempts_max,
    });
}

/// Asks a participant: by a message, or at once where the coordinator runs in its service.
fn ask(
    cx: &Cx<'_>,
    state: &mut State,
    (txn, at): (TxnId, StepIx),
    ask: Ask,
    attempt: u16,
    out: &mut Out,
) {
    let to = cx.step(txn, at).node;
    if to == cx.node {
        let next = participant::asked(cx, to, (txn, at), ask);
        serve(cx, state, (to, txn, at), direction(ask), next, out);
        return;
    }
    let (words, own) = (&cx.plan.words, &cx.plan.words.reserving);
    let (shape, label) = match ask {
        Ask::Try => (Shape::Command, own.try_),
        Ask::Confirm => (Shape::Command, words.confirm),
        Ask::Cancel(_) => (Shape::Compensation, words.cancel),
    };
    let dir = direction(ask);
    out.send(Letter {
        to,
        shape,
        label,
        txn,
        step: Some((at, dir)),
        attempt,
        exchange: Some(exchange(cx, txn, at, dir)),
        body: Body::Write(WriteMsg::TryConfirmCancel(Msg::Ask(ask))),
    });
    let attempts_max = (ask == Ask::Try).then_some(cx.plan.scenario.retries.attempts);
    await_answer(cx, (txn, at, dir), attempt, attempts_max, out);
}

/// Does what a phase asks for.
fn go(cx: &Cx<'_>, state: &mut State, txn: TxnId, phase: Phase, out: &mut Out) {
    state.active.insert(txn, phase);
    match phase {
        Phase::Trying { at, .. } => ask(cx, state, (txn, at), Ask::Try, 0, out),
        Phase::Confirming { open, .. } => {
            members(open).for_each(|at| ask(cx, state, (txn, at), Ask::Confirm, 0, out));
        }
        Phase::Cancelling { open, reason, .. } => {
            let question = Ask::Cancel(reason);
            members(open).for_each(|at| ask(cx, state, (txn, at), question, 0, out));
        }
    }
}

/// A client's request. One that comes again is answered from the row, once there is an answer.
pub fn on_request(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    if state.active.contains_key(&txn) {
        return;
    }
    out.push(Effect::Hold(client::request_exchange(cx, txn)));
    if standing(cx, txn).is_some() {
        resume(cx, state, txn, out);
        return;
    }
    let words = &cx.plan.words;
    let none = participants(cx, txn).is_empty();
    let first = if none { words.completed } else { words.reserving.trying };
    let transaction = LocalTxn { writes: vec![row(cx, txn, first, None)], ..LocalTxn::default() };
    out.local(cx.own_db(), transaction, WriteCont::TryConfirmCancel(Cont::Begun(txn)));
}

/// Goes on from what the row of a transaction says.
fn resume(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    match standing(cx, txn) {
        Some(Standing::At(phase)) => go(cx, state, txn, phase, out),
        Some(Standing::Over(response)) => over(cx, state, txn, response, out),
        None => {
            state.active.remove(&txn);
        }
    }
}

fn over(cx: &Cx<'_>, state: &mut State, txn: TxnId, response: Response, out: &mut Out) {
    state.active.remove(&txn);
    out.push(Effect::Release(client::request_exchange(cx, txn)));
    client::respond(cx, txn, response, out);
}

/// A question at a participant, or an answer at the coordinator.
pub fn on_message(
    cx: &Cx<'_>,
    state: &mut State,
    About { from, txn, step }: About,
    message: Msg,
    out: &mut Out,
) {
    match message {
        Msg::Ask(ask) => {
            let next = participant::asked(cx, from, (txn, step), ask);
            serve(cx, state, (from, txn, step), direction(ask), next, out);
        }
        Msg::Reply(reply) => on_reply(cx, state, (txn, step), reply, out),
    }
}

/// An answer; a repeated or late one finds nobody waiting for it.
fn on_reply(
    cx: &Cx<'_>,
    state: &mut State,
    (txn, at): (TxnId, StepIx),
    reply: Reply,
    out: &mut Out,
) {
    let Some(phase) = state.active.get_mut(&txn) else { return };
    let dir = match (&mut *phase, reply) {
        (Phase::Trying { at: asked, .. }, Reply::Tried | Reply::Refused(_)) if *asked == at => {
            Direction::Do
        }
        (Phase::Confirming { open, confirmed, expired }, Reply::Confirmed | Reply::Expired)
            if *open & bit(at) != 0 =>
        {
            *open &= !bit(at);
            *confirmed |= reply == Reply::Confirmed;
            *expired |= reply == Reply::Expired;
            Direction::Do
        }
        (Phase::Cancelling { open, kept, .. }, Reply::Cancelled | Reply::Kept(_))
            if *open & bit(at) != 0 =>
        {
            *open &= !bit(at);
            if let Reply::Kept(reason) = reply {
                *kept = Some(reason);
            }
            Direction::Undo
        }
        _ => return,
    };
    let phase = *phase;
    out.cancel(cx.plan.words.retry, txn, Some((at, dir)));
    match (phase, reply) {
        (Phase::Trying { again, .. }, Reply::Tried) => {
            let later = participants(cx, txn).into_iter().find(|other| *other > at);
            match later {
                Some(at) => go(cx, state, txn, Phase::Trying { at, again }, out),
                None => {
                    let fact = EventKind::Decided { forward: true };
                    let next = (cx.plan.words.reserving.confirming, None);
                    persist(cx, txn, next, Some(fact), out);
                }
            }
        }
        (Phase::Trying { again, .. }, Reply::Refused(reason)) => {
            let others = others(cx, txn, at, again);
            turn_back(cx, state, txn, (others, reason), out);
        }
        _ => settle(cx, txn, phase, out),
    }
}

/// Those who may have reserved besides this participant, which is being tried.
fn others(cx: &Cx<'_>, txn: TxnId, at: StepIx, again: bool) -> u64 {
    let asked = members(everyone(cx, txn)).filter(|one| *one < at || (again && *one != at));
    asked.fold(0, |set, one| set | bit(one))
}

/// Decides to cancel. The set is only remembered: after a crash everyone is asked to cancel.
fn turn_back(
    cx: &Cx<'_>,
    state: &mut State,
    txn: TxnId,
    (open, reason): (u64, Option<Sym>),
    out: &mut Out,
) {
    let words = &cx.plan.words;
    let fact = Some(EventKind::Decided { forward: false });
    let next = if open == 0 { words.rolled_back } else { words.reserving.cancelling };
    state.active.insert(txn, Phase::Cancelling { open, reason, kept: None });
    persist(cx, txn, (next, reason), fact, out);
}

/// Writes down how a transaction ended, once nobody has an answer left to give.
fn settle(cx: &Cx<'_>, txn: TxnId, phase: Phase, out: &mut Out) {
    let words = &cx.plan.words;
    let stuck = |reason| Some(EventKind::Stuck { reason });
    let (row, fact) = match phase {
        Phase::Confirming { open: 0, expired: false, .. } => ((words.completed, None), None),
        // Every reservation had expired: nothing was done.
        Phase::Confirming { open: 0, confirmed: false, .. } => {
            ((words.rolled_back, Some(words.expired)), None)
        }
        Phase::Confirming { open: 0, .. } => {
            ((words.stuck, Some(words.expired)), stuck(Some(words.expired)))
        }
        Phase::Cancelling { open: 0, reason, kept: None } => ((words.rolled_back, reason), None),
        Phase::Cancelling { open: 0, kept: Some(why), .. } => ((words.stuck, why), stuck(why)),
        _ => return,
    };
    persist(cx, txn, row, fact, out);
}

/// A local transaction has ended.
pub fn on_done(cx: &Cx<'_>, state: &mut State, then: Cont, result: LocalResult, out: &mut Out) {
    match then {
        Cont::Begun(txn) => match result {
            LocalResult::Refused(why) => {
                over(cx, state, txn, Response::Aborted(super::reason_of(cx, why)), out);
            }
            _ => begin(cx, state, txn, out),
        },
        Cont::Moved(txn) => match result {
            LocalResult::Refused(_) => resume_later(cx, state, txn, out),
            _ => go_on(cx, state, txn, out),
        },
        Cont::Asked { by, txn, at, ask } => {
            let next = participant::served(cx, by, (txn, at), ask, result, out);
            serve(cx, state, (by, txn, at), direction(ask), next, out);
        }
        Cont::Declined { by, txn, at, reason } => {
            let known = matches!(result, LocalResult::Committed { .. });
            let next = participant::Next::Answer(known.then_some(Reply::Refused(reason)));
            serve(cx, state, (by, txn, at), Direction::Do, next, out);
        }
        Cont::Expired(txn, at) => participant::expired(cx, (txn, at), result, out),
    }
}

/// The first participant, with nobody asked before.
fn begin(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    match standing(cx, txn) {
        Some(Standing::At(Phase::Trying { at, .. })) => {
            go(cx, state, txn, Phase::Trying { at, again: false }, out);
        }
        _ => resume(cx, state, txn, out),
    }
}

/// Goes on from a row that was just written. A cancellation goes only to those who may have reserved,
/// which memory knows and the row does not.
fn go_on(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    match (standing(cx, txn), state.active.get(&txn).copied()) {
        (Some(Standing::At(Phase::Cancelling { .. })), Some(known @ Phase::Cancelling { .. })) => {
            go(cx, state, txn, known, out);
        }
        _ => resume(cx, state, txn, out),
    }
}

/// Does what a participant wants done. A coordinator in the participant's own service is told
/// without a message; where there is no answer it asks again, and another's handler fails.
fn serve(
    cx: &Cx<'_>,
    state: &mut State,
    (by, txn, at): (NodeIx, TxnId, StepIx),
    dir: Direction,
    next: participant::Next,
    out: &mut Out,
) {
    match next {
        participant::Next::Run(transaction, then) => {
            out.local(cx.own_db(), *transaction, WriteCont::TryConfirmCancel(then));
        }
        participant::Next::Answer(Some(reply)) if by == cx.node => {
            on_reply(cx, state, (txn, at), reply, out);
        }
        participant::Next::Answer(None) if by == cx.node => {
            await_answer(cx, (txn, at, dir), 0, None, out);
        }
        participant::Next::Answer(Some(reply)) => {
            participant::answer(cx, by, (txn, at), reply, out);
        }
        participant::Next::Answer(None) => out.push(Effect::Fail),
    }
}

/// The coordinator's own database takes no writes: what was to be written is tried again when a
/// timer fires. To try at once could go on for ever within one handler.
fn resume_later(cx: &Cx<'_>, state: &mut State, txn: TxnId, out: &mut Out) {
    let first = participants(cx, txn).first().copied();
    let wait = match state.active.get(&txn) {
        Some(Phase::Trying { at, .. }) => Some((*at, Direction::Do)),
        Some(Phase::Confirming { .. }) => first.map(|at| (at, Direction::Do)),
        Some(Phase::Cancelling { .. }) => first.map(|at| (at, Direction::Undo)),
        None => None,
    };
    if let Some((at, dir)) = wait {
        await_answer(cx, (txn, at, dir), 0, None, out);
    }
}

/// A timer has fired: a reservation expires, or no answer came in time.
pub fn on_timer(cx: &Cx<'_>, state: &mut State, of: TimerOf, again: Option<u16>, out: &mut Out) {
    let (txn, (at, dir)) = (of.txn, of.step);
    if of.label == cx.plan.words.expiry {
        participant::expire(cx, (txn, at), out);
        return;
    }
    let Some(phase) = state.active.get(&txn).copied() else { return };
    let (question, waits) = match phase {
        Phase::Trying { at: asked, .. } => (Ask::Try, asked == at),
        Phase::Confirming { open, .. } => (Ask::Confirm, open & bit(at) != 0),
        Phase::Cancelling { open, reason, .. } => (Ask::Cancel(reason), open & bit(at) != 0),
    };
    if direction(question) != dir {
        return;
    }
    match (phase, again) {
        // The row that ends it could not be written.
        (Phase::Confirming { open: 0, .. }, _) => settle(cx, txn, phase, out),
        // The row that decides could not be written.
        (Phase::Cancelling { open, reason, .. }, _)
            if matches!(standing(cx, txn), Some(Standing::At(Phase::Trying { .. }))) =>
        {
            turn_back(cx, state, txn, (open, reason), out);
        }
        (Phase::Cancelling { open: 0, .. }, _) => settle(cx, txn, phase, out),
        _ if !waits => {}
        (_, Some(attempt)) => ask(cx, state, (txn, at), question, attempt, out),
        // Its outcome is not known: it is asked to cancel too, and remembers that should the try come.
        (Phase::Trying { again, .. }, None) => {
            let open = others(cx, txn, at, again) | bit(at);
            turn_back(cx, state, txn, (open, Some(cx.plan.words.no_answer)), out);
        }
        (_, None) => {
            let reason = Some(cx.plan.words.no_answer);
            let fact = Some(EventKind::Stuck { reason });
            persist(cx, txn, (cx.plan.words.stuck, reason), fact, out);
        }
    }
}

/// The node is back: a coordinator goes on with what its rows say, and a participant's reservations
/// expire after the whole time again, since nobody has counted it.
pub fn on_restart(cx: &Cx<'_>, state: &mut State, out: &mut Out) {
    if cx.plan.cast.nodes[cx.node.ix()].db.is_none() {
        return;
    }
    participant::on_restart(cx, out);
    if cx.plan.coordinator != Some(cx.node) {
        return;
    }
    for txn in transactions(cx, cx.plan.words.coordination) {
        if let Some(Standing::At(phase)) = standing(cx, txn) {
            out.push(Effect::Hold(client::request_exchange(cx, txn)));
            go(cx, state, txn, phase, out);
        }
    }
}
