//! What a violation can be seen by: its transaction, a row, and the message, or that none was sent.

use super::index::Index;
use super::missing::Missing;
use super::rows::short_key;
use crate::cast::{Cast, VERSION_OF};
use crate::event::{Event, EventKind, LostRecord};
use crate::ids::{DbIx, EventIx, MsgId, PartitionIx, Sym, TopicIx, TxnId};
use crate::trace::Trace;
use crate::value::Key;
use crate::verdict::Violation;

/// How many events are looked back over where the violation is of no one transaction.
const REACH: usize = 4_096;

/// A row that shows a violation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowEvidence {
    /// Its database.
    pub db: DbIx,
    /// Its key.
    pub key: Key,
    /// `alice at payments`.
    pub name: String,
    /// The event at which it shows: its change, or the reading of it.
    pub event: EventIx,
}

/// What became of the message that a violation is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MessageEvidence {
    /// It was sent on the network.
    Message {
        /// Which.
        msg: MsgId,
        /// Its name.
        label: Sym,
        /// The event that sent it.
        event: EventIx,
    },
    /// It was published.
    Record {
        /// The topic.
        topic: TopicIx,
        /// The partition.
        partition: PartitionIx,
        /// Where it stands.
        offset: u32,
        /// Its name.
        label: Sym,
        /// The event that published it.
        event: EventIx,
    },
    /// It should have been sent and never was.
    NeverSent {
        /// Its name, where it has one.
        label: Option<Sym>,
        /// The event that cut it off.
        event: EventIx,
    },
    /// The violation is about no message.
    None,
}

/// What a violation can be seen by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Evidence {
    /// Its transaction: the one that it is about, or that of the event that broke the property.
    pub txn: Option<TxnId>,
    /// A row.
    pub row: Option<RowEvidence>,
    /// A message.
    pub message: MessageEvidence,
}

/// What a violation can be seen by. `missing` is what the run never sent.
#[must_use]
pub fn evidence(
    cast: &Cast,
    trace: &Trace,
    index: &Index,
    missing: &[Missing],
    violation: &Violation,
) -> Evidence {
    let of = |event: EventIx| trace.get(event).and_then(|event| event.txn);
    let txn = violation.txn.or_else(|| of(violation.event)).or_else(|| {
        violation.culprit.and_then(of).or_else(|| {
            let before = trace.events()[..=violation.event.ix().min(trace.len() - 1)].iter().rev();
            before.take(REACH).find_map(|event| event.txn)
        })
    });
    // What stands nearest to the violation comes first.
    let mut events: Vec<EventIx> = vec![violation.event];
    events.extend(violation.culprit);
    let own = txn.and_then(|txn| index.txns.get(&txn)).map_or(&[][..], |of| of.events.as_slice());
    let seen = own.partition_point(|event| *event <= violation.event);
    events.extend(own[..seen].iter().rev());
    if own.is_empty() {
        let last = violation.event.0;
        events.extend((last.saturating_sub(REACH as u32)..last).rev().map(EventIx));
    }
    let row = events.iter().find_map(|at| row_of(cast, trace, *at)).or_else(|| {
        // A transaction that never came to a row of its own: the last that was changed before.
        let first = violation.event.0.saturating_sub(REACH as u32);
        (first..=violation.event.0).rev().find_map(|at| row_of(cast, trace, EventIx(at)))
    });
    let absent = missing.iter().find(|it| Some(it.txn) == txn && it.culprit <= violation.event);
    let message = match absent {
        Some(absent) => MessageEvidence::NeverSent {
            label: absent.slot.map(|slot| slot.label),
            event: absent.culprit,
        },
        None => {
            let found = events.iter().find_map(|at| message_of(trace, index, *at));
            found.unwrap_or(MessageEvidence::None)
        }
    };
    Evidence { txn, row, message }
}

fn row_of(cast: &Cast, trace: &Trace, at: EventIx) -> Option<RowEvidence> {
    let event = trace.get(at)?;
    let (db, key) = touched(cast, event)?;
    let owner = cast.dbs.get(db.ix()).map_or("", |info| info.name.as_str());
    let name = format!("{} at {owner}", short_key(cast, key));
    Some(RowEvidence { db, key, name, event: at })
}

/// A row that an event changes or reads.
fn touched(cast: &Cast, event: &Event) -> Option<(DbIx, Key)> {
    let shown = |key: &Key| !cast.sym(key.table).starts_with(VERSION_OF);
    match &event.kind {
        EventKind::Committed { db, changes, .. }
        | EventKind::Wrote { db, changes }
        | EventKind::Prepared { db, changes, .. } => {
            let change = changes.iter().find(|change| shown(&change.key))?;
            Some((*db, change.key))
        }
        EventKind::Crashed { lost, .. } => {
            let db = cast.nodes.get(event.node.ix())?.db?;
            lost.iter().find_map(|record| match record {
                LostRecord::Commit { changes, .. } => {
                    let change = changes.iter().find(|change| shown(&change.key))?;
                    Some((db, change.key))
                }
                _ => None,
            })
        }
        EventKind::Read { db, key, .. } => Some((*db, *key)),
        EventKind::QueryAnswered { rows, .. } => rows.first().map(|(db, key, _)| (*db, *key)),
        EventKind::LockWaited { db, key: Some(key), .. } => Some((*db, *key)),
        EventKind::Appended { db, stream, .. } => Some((*db, *stream)),
        _ => None,
    }
}

fn message_of(trace: &Trace, index: &Index, at: EventIx) -> Option<MessageEvidence> {
    let sent = |msg: MsgId| {
        let event = index.msgs.get(&msg)?.sent;
        match &trace.get(event)?.kind {
            EventKind::Sent { label, .. } => {
                Some(MessageEvidence::Message { msg, label: *label, event })
            }
            _ => None,
        }
    };
    let record = |topic: TopicIx, partition: PartitionIx, offset: u32| {
        let record = index.record(topic, partition, offset)?;
        let (label, event) = (record.label, record.published);
        Some(MessageEvidence::Record { topic, partition, offset, label, event })
    };
    match &trace.get(at)?.kind {
        EventKind::Sent { msg, .. }
        | EventKind::Duplicated { msg, .. }
        | EventKind::Dropped { msg, .. }
        | EventKind::Arrived { msg }
        | EventKind::Handled { msg } => sent(*msg),
        EventKind::Published { topic, partition, offset, .. }
        | EventKind::Fetched { topic, partition, offset }
        | EventKind::Consumed { topic, partition, offset, .. }
        | EventKind::DeadLettered { topic, partition, offset }
        | EventKind::Revoked { topic, partition, offset } => record(*topic, *partition, *offset),
        _ => None,
    }
}
