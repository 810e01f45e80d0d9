//! The causal slice: only the events that led to one.

use std::collections::BTreeSet;

use crate::event::{DropReason, EventKind};
use crate::ids::{DbIx, EventIx, NodeIx, PartitionIx, TopicIx, TxnId};
use crate::trace::Trace;
use crate::value::Key;

use super::words::consumed_since;

/// The events that happened before an event and led to it, itself included, in order.
///
/// Besides the edges of cause it follows what a value or a failure came from: the last change of a
/// row that a local transaction changed or read, who holds the lock that is waited for, the crash or
/// the handing over of a partition before a repeated delivery, the fault behind a loss. One pass from the event backwards: an edge never points forwards.
#[must_use]
pub fn causal_slice(trace: &Trace, event: EventIx) -> Vec<EventIx> {
    let mut wanted = Wanted::default();
    let mut slice = Vec::new();
    if event.ix() >= trace.len() {
        return slice;
    }
    wanted.events.insert(event);
    for ix in (0..=event.0).rev().map(EventIx) {
        if wanted.events.remove(&ix) || wanted.answers(trace, ix) {
            slice.push(ix);
            wanted.add_reasons_of(trace, ix);
        }
        if wanted.is_empty() {
            break;
        }
    }
    slice.reverse();
    slice
}

/// What is still being looked for on the way back.
#[derive(Default)]
struct Wanted {
    events: BTreeSet<EventIx>,
    rows: BTreeSet<(DbIx, Key)>,
    crashes: BTreeSet<NodeIx>,
    /// What a transaction that holds a lock did last in a database.
    holders: BTreeSet<(DbIx, TxnId)>,
    /// Who was given a partition last.
    handed: BTreeSet<(TopicIx, PartitionIx)>,
    /// The start of a partition or of an outage of writes at this node.
    faults: BTreeSet<NodeIx>,
}

impl Wanted {
    fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.rows.is_empty()
            && self.crashes.is_empty()
            && self.holders.is_empty()
            && self.handed.is_empty()
            && self.faults.is_empty()
    }

    /// Whether an event is one that is looked for by what it is, which then is found.
    fn answers(&mut self, trace: &Trace, ix: EventIx) -> bool {
        let Some(event) = trace.get(ix) else { return false };
        let held = |wanted: &mut Self, db: &DbIx| {
            event.txn.is_some_and(|txn| wanted.holders.remove(&(*db, txn)))
        };
        match &event.kind {
            EventKind::Wrote { db, .. } | EventKind::Prepared { db, .. } => held(self, db),
            EventKind::Rebalanced { owners, .. } => {
                let mut found = false;
                for (topic, partition, _) in owners {
                    found |= self.handed.remove(&(*topic, *partition));
                }
                found
            }
            EventKind::Committed { db, changes, .. } => {
                let mut found = false;
                for change in changes {
                    found |= self.rows.remove(&(*db, change.key));
                }
                found
            }
            EventKind::Crashed { .. } => self.crashes.remove(&event.node),
            EventKind::FaultBegan { .. } => self.faults.remove(&event.node),
            _ => false,
        }
    }

    fn add_reasons_of(&mut self, trace: &Trace, ix: EventIx) {
        let Some(event) = trace.get(ix) else { return };
        if let Some(cause) = event.cause.filter(|cause| *cause < ix) {
            self.events.insert(cause);
        }
        match &event.kind {
            EventKind::Committed { db, changes, .. }
            | EventKind::Wrote { db, changes }
            | EventKind::Prepared { db, changes, .. } => {
                // A row that was there before has its value from somebody.
                let known = changes.iter().filter(|change| change.before.is_some());
                self.rows.extend(known.map(|change| (*db, change.key)));
            }
            EventKind::Read { db, key, .. } => {
                self.rows.insert((*db, *key));
            }
            EventKind::QueryAnswered { rows, .. } => {
                self.rows.extend(rows.iter().map(|(db, key, _)| (*db, *key)));
            }
            EventKind::Restarted { .. } => {
                self.crashes.insert(event.node);
            }
            EventKind::LockWaited { db, holders, .. } => {
                self.holders.extend(holders.iter().map(|txn| (*db, *txn)));
            }
            EventKind::Consumed { again, topic, partition, .. }
                if *again || event.cause.is_some_and(|from| consumed_since(trace, from, ix)) =>
            {
                self.crashes.insert(event.node);
                self.handed.insert((*topic, *partition));
            }
            EventKind::Dropped { why: DropReason::NodeDown, .. } => {
                self.crashes.insert(event.node);
            }
            EventKind::Dropped { why: DropReason::Partitioned, .. }
            | EventKind::Refused {
                why: crate::event::Refusal::ReadOnly | crate::event::Refusal::Poison,
                ..
            } => {
                self.faults.insert(event.node);
            }
            EventKind::Crashed { .. } | EventKind::ReplyLost => {
                // What it cut in two.
                let before = ix.0.checked_sub(1).map(EventIx);
                let cut = before.filter(|at| {
                    trace
                        .get(*at)
                        .is_some_and(|b| b.node == event.node && b.step_no == event.step_no)
                });
                self.events.extend(cut);
            }
            _ => {}
        }
    }
}
