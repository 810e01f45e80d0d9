//! CQRS, event-driven: the changes of each local commit are a record that the replicas consume.
//!
//! A primary has a topic of its own for its changes. With the outbox the record is stored in the
//! same local transaction as the rows and relayed; without it, it is published from memory after the
//! commit, and a crash between the two loses it for ever. A replica is a consumer with an offset of
//! its own: it takes whole rows in, together with their versions, and then commits the offset, so
//! that a record which comes again changes nothing.
//!
//! Records are keyed by their transaction, as all are here. With more than one partition two changes
//! of one row can so be read in the wrong order; the guard by version keeps the newer one. Without
//! it the replica ends with the older.

use super::cqrs::take_in;
use crate::event::Shape;
use crate::family::Cx;
use crate::ids::{DbIx, NodeIx, StepIx, TopicIx, TxnId};
use crate::out::{RecordBody, Says};
use crate::patterns::Out;
use crate::plan::Plan;

/// The record of a commit's changes, where the database has a topic for them.
#[must_use]
pub fn record(plan: &Plan, db: DbIx, txn: TxnId, step: StepIx, number: u32) -> Option<RecordBody> {
    let topic = *plan.changes.get(db.ix())?.as_ref()?;
    let (label, shape) = plan.cast.topics[topic.ix()]
        .events
        .first()
        .copied()
        .unwrap_or((plan.words.copy, Shape::Event));
    Some(RecordBody { topic, label, shape, txn, step, says: Says::Changed(number) })
}

/// Which replicas consume which topic.
#[must_use]
pub fn consumers(plan: &Plan) -> Vec<(TopicIx, NodeIx)> {
    let topics = plan.changes.iter().enumerate();
    topics
        .filter_map(|(db, topic)| Some((DbIx(db as u8), (*topic)?)))
        .flat_map(|(db, topic)| {
            super::cqrs::replicas_of(plan, db).iter().map(move |replica| (topic, *replica))
        })
        .collect()
}

/// Whether a node takes a record in.
#[must_use]
pub fn handles(cx: &Cx<'_>, record: &RecordBody) -> bool {
    matches!(record.says, Says::Changed(_))
        && primary(cx).is_some_and(|db| cx.plan.changes[db.ix()] == Some(record.topic))
}

/// The database that this node's copies.
fn primary(cx: &Cx<'_>) -> Option<DbIx> {
    let own = cx.plan.cast.nodes[cx.node.ix()].db?;
    cx.plan.cast.dbs[own.ix()].replica_of
}

/// A replica takes a record in.
pub fn on_record(cx: &Cx<'_>, record: &RecordBody, out: &mut Out) {
    if let (Says::Changed(number), Some(db)) = (record.says, primary(cx))
        && let Some(rows) = cx.dbs[db.ix()].changed_by(number)
    {
        take_in(cx, rows.iter(), cx.plan.scenario.options.projection_guard, out);
    }
}
