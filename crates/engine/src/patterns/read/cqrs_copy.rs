//! CQRS, copy at each write: after each local commit the primary sends a copy of its rows.
//!
//! A copy is the whole of the primary at one commit, with that commit's number, so that what a
//! replica holds is always a state that the primary once had. Copies can overtake each other: a
//! replica takes in only what is newer. The primary sends the newest copy again until it is
//! acknowledged, and after a restart, since it no longer knows what was. A copy that a newer one
//! follows is not sent again.

use super::cqrs::{Msg, State, replicas_of, take_in};
use super::{Asked, Fired, ReadMsg};
use crate::event::Shape;
use crate::family::Cx;
use crate::ids::{DbIx, Direction, NodeIx, StepIx};
use crate::mutation::Mutation;
use crate::out::{Alarm, Clock, Exchange, Letter};
use crate::patterns::{Body, Out};
use crate::stores::{RowVersion, Snapshot};

/// A copy to one replica has an exchange of its own: the replica's node stands in for a step.
fn about(replica: NodeIx) -> Option<(StepIx, Direction)> {
    Some((StepIx(replica.0), Direction::Do))
}

/// Sends the rows as they are to a replica, in the name of the transaction that changed them last.
fn send(cx: &Cx<'_>, state: &mut State, db: DbIx, to: NodeIx, attempt: u16, out: &mut Out) {
    let Some((txn, snapshot)) = cx.dbs[db.ix()].snapshot() else { return };
    let label = cx.plan.words.copy;
    if let Some((before, _)) = state.copies.insert(to, (txn, snapshot.number)) {
        out.overtake(label, before, about(to));
    }
    let exchange = Exchange { caller: cx.node, target: to, txn, step: about(to) };
    out.send(Letter {
        to,
        shape: Shape::Command,
        label,
        txn,
        step: about(to),
        attempt,
        exchange: Some(exchange),
        body: Body::Read(ReadMsg::Cqrs(Msg::Copy(snapshot))),
    });
    out.arm(Alarm {
        clock: Clock::Retry,
        label,
        txn,
        step: about(to),
        exchange,
        attempt,
        waits: 1,
        attempts_max: None,
    });
}

/// A local commit has changed rows of a primary.
pub fn on_commit(cx: &Cx<'_>, state: &mut State, db: DbIx, out: &mut Out) {
    for replica in replicas_of(cx.plan, db) {
        send(cx, state, db, *replica, 0, out);
    }
}

/// The node has restarted: which copies had been acknowledged is forgotten.
pub fn on_restart(cx: &Cx<'_>, state: &mut State, out: &mut Out) {
    let own = cx.plan.cast.nodes[cx.node.ix()].db.or(cx.plan.shared);
    if let Some(db) = own
        && cx.plan.cast.dbs[db.ix()].replica_of.is_none()
    {
        on_commit(cx, state, db, out);
    }
}

/// No acknowledgement came in time: the newest copy is sent again.
pub fn on_timer(cx: &Cx<'_>, state: &mut State, fired: Fired, out: &mut Out) {
    let replica = fired.target;
    let owner = cx.plan.cast.nodes[replica.ix()].db;
    let primary = owner.and_then(|db| cx.plan.cast.dbs[db.ix()].replica_of);
    if let (Some(db), Some(_)) = (primary, state.copies.get(&replica)) {
        send(cx, state, db, replica, fired.again.unwrap_or(0), out);
    }
}

/// A replica takes a copy in and says so.
pub fn on_copy(cx: &Cx<'_>, asked: Asked, snapshot: &Snapshot, out: &mut Out) {
    let rows: Vec<RowVersion> = snapshot.changed().collect();
    let is_guarded = !cx.plan.has(Mutation::OlderCopyTakenIn);
    take_in(cx, rows.iter(), is_guarded, out);
    let exchange =
        Exchange { caller: asked.from, target: cx.node, txn: asked.txn, step: asked.step };
    out.send(Letter {
        to: asked.from,
        shape: Shape::Reply,
        label: cx.plan.words.copied,
        txn: asked.txn,
        step: asked.step,
        attempt: 0,
        exchange: Some(exchange),
        body: Body::Read(ReadMsg::Cqrs(Msg::Copied(snapshot.number))),
    });
}

/// A replica has acknowledged a copy: the newest one need not be sent again.
pub fn on_copied(cx: &Cx<'_>, state: &mut State, from: NodeIx, number: u32, out: &mut Out) {
    if let Some((txn, newest)) = state.copies.get(&from).copied()
        && number >= newest
    {
        state.copies.remove(&from);
        out.cancel(cx.plan.words.copy, txn, about(from));
    }
}
