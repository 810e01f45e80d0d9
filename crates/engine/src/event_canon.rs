//! The canonical binary encoding of events, over which a run's digest is taken.
//!
//! Every field of every event goes in, in the order of its declaration; sentences, verdicts and
//! checkpoints do not. A change here is a change of the semantics version.

use crate::event::{Event, EventKind, LostRecord, Membership, Outcome, Refusal, RowChange};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{Direction, StepIx, StepRef, Sym, TxnId};
use crate::value::Row;

fn word(sym: Option<Sym>, h: &mut Fingerprint) {
    h.write_u32(sym.map_or(0, |sym| sym.0 + 1));
}

fn step(of: Option<(StepIx, Direction)>, h: &mut Fingerprint) {
    match of {
        None => h.write_u8(0),
        Some((step, dir)) => {
            h.write_u8(1 + dir as u8);
            h.write_u8(step.0);
        }
    }
}

fn row(row: Option<&Row>, h: &mut Fingerprint) {
    h.write_u8(u8::from(row.is_some()));
    if let Some(row) = row {
        row.canon(h);
    }
}

fn changes(all: &[RowChange], h: &mut Fingerprint) {
    h.write_len(all.len());
    for change in all {
        change.key.canon(h);
        row(change.before.as_ref(), h);
        row(change.after.as_ref(), h);
    }
}

fn effects(all: &[StepRef], h: &mut Fingerprint) {
    h.write_len(all.len());
    for of in all {
        h.write_u32(of.txn.0);
        step(Some((of.step, of.dir)), h);
    }
}

fn txns(all: &[TxnId], h: &mut Fingerprint) {
    h.write_len(all.len());
    all.iter().for_each(|txn| h.write_u32(txn.0));
}

fn refusal(why: Refusal, h: &mut Fingerprint) {
    let (tag, sym) = match why {
        Refusal::Bound(sym) => (0, Some(sym)),
        Refusal::Missing(sym) => (1, Some(sym)),
        Refusal::Exists => (2, None),
        Refusal::ReadOnly => (3, None),
        Refusal::Poison => (4, None),
        Refusal::Deadlock => (5, None),
        Refusal::Serialization => (6, None),
        Refusal::LockTimeout => (7, None),
        Refusal::Unavailable => (8, None),
        Refusal::Version => (9, None),
        Refusal::Expired => (10, None),
        Refusal::Fenced => (11, None),
        Refusal::Pending => (12, None),
    };
    h.write_u8(tag);
    word(sym, h);
}

impl Canon for Event {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_u64(self.at);
        h.write_u32(self.step_no);
        h.write_u8(self.node.0);
        h.write_u32(self.txn.map_or(0, |txn| txn.0 + 1));
        step(self.step, h);
        h.write_u32(self.cause.map_or(0, |cause| cause.0 + 1));
        self.kind.canon(h);
    }
}

impl Canon for EventKind {
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of event, and nothing else")]
    fn canon(&self, h: &mut Fingerprint) {
        self.name().canon(h);
        match self {
            Self::Started { flow, inputs } => {
                h.write_u8(flow.0);
                h.write_len(inputs.len());
                inputs.iter().for_each(|input| input.canon(h));
            }
            Self::Acknowledged { promise } => h.write_u8(*promise as u8),
            Self::Ended { outcome, reason } => {
                h.write_u8(match outcome {
                    Outcome::Committed => 0,
                    Outcome::Aborted => 1,
                    Outcome::Unknown => 2,
                });
                word(*reason, h);
            }
            Self::QueryStarted { query } => h.write_u8(query.0),
            Self::QueryAnswered { query, rows, missing } => {
                h.write_u8(query.0);
                h.write_len(rows.len());
                for (db, key, found) in rows {
                    h.write_u8(db.0);
                    key.canon(h);
                    row(found.as_ref(), h);
                }
                h.write_len(missing.len());
                missing.iter().for_each(|node| h.write_u8(node.0));
            }
            Self::Sent { msg, to, shape, label, attempt, due } => {
                h.write_u32(msg.0);
                h.write_u8(to.0);
                h.write_u8(*shape as u8);
                h.write_u32(label.0);
                h.write_u32(u32::from(*attempt));
                h.write_u64(*due);
            }
            Self::Duplicated { msg, copy, due } => {
                h.write_u32(msg.0);
                h.write_u32(copy.0);
                h.write_u64(*due);
            }
            Self::Dropped { msg, why } => {
                h.write_u32(msg.0);
                h.write_u8(*why as u8);
            }
            Self::Arrived { msg } | Self::Handled { msg } => h.write_u32(msg.0),
            Self::Fetched { topic, partition, offset }
            | Self::DeadLettered { topic, partition, offset }
            | Self::Revoked { topic, partition, offset } => {
                h.write_u8(topic.0);
                h.write_u8(partition.0);
                h.write_u32(*offset);
            }
            Self::ServiceStarted { until } => h.write_u64(*until),
            Self::Consumed { topic, partition, offset, again } => {
                h.write_u8(topic.0);
                h.write_u8(partition.0);
                h.write_u32(*offset);
                h.write_u8(u8::from(*again));
            }
            Self::OffsetCommitted { topic, partition, next } => {
                h.write_u8(topic.0);
                h.write_u8(partition.0);
                h.write_u32(*next);
            }
            Self::Published { topic, partition, offset, shape, label, relayed } => {
                h.write_u8(topic.0);
                h.write_u8(partition.0);
                h.write_u32(*offset);
                h.write_u8(*shape as u8);
                h.write_u32(label.0);
                h.write_u8(u8::from(*relayed));
            }
            Self::Committed {
                db,
                changes: rows,
                effects: of,
                outbox,
                inbox,
                log_records,
                forced,
            } => {
                h.write_u8(db.0);
                changes(rows, h);
                effects(of, h);
                h.write_len(outbox.len());
                for entry in outbox {
                    h.write_u8(entry.topic.0);
                    h.write_u32(entry.label.0);
                }
                h.write_u8(u8::from(*inbox));
                h.write_u32(u32::from(*log_records));
                h.write_u32(u32::from(*forced));
            }
            Self::Refused { db, why } => {
                h.write_u8(db.0);
                refusal(*why, h);
            }
            Self::InboxHit { db } | Self::OutboxMarked { db } => h.write_u8(db.0),
            Self::Read { db, key, row: found } => {
                h.write_u8(db.0);
                key.canon(h);
                row(found.as_ref(), h);
            }
            Self::TimerArmed { label, due } => {
                h.write_u32(label.0);
                h.write_u64(*due);
            }
            Self::TimerFired { label } | Self::TimerCancelled { label } => h.write_u32(label.0),
            Self::ReplyLost | Self::Ignored => {}
            Self::Crashed { lost, fault } => {
                h.write_len(lost.len());
                for record in lost {
                    match record {
                        LostRecord::OutboxMark => h.write_u8(0),
                        LostRecord::Commit { changes: rows, effects: of, in_doubt } => {
                            h.write_u8(if *in_doubt { 4 } else { 1 });
                            changes(rows, h);
                            effects(of, h);
                        }
                        LostRecord::Promise(txn) => {
                            h.write_u8(2);
                            h.write_u32(txn.0);
                        }
                        LostRecord::Abort(txn) => {
                            h.write_u8(3);
                            h.write_u32(txn.0);
                        }
                    }
                }
                h.write_u32(fault.map_or(0, |fault| u32::from(fault.0) + 1));
            }
            Self::Restarted { redone } => h.write_u32(*redone),
            Self::FaultBegan { fault } | Self::FaultEnded { fault } => h.write_u8(fault.0),
            Self::Wrote { db, changes: rows } => {
                h.write_u8(db.0);
                changes(rows, h);
            }
            Self::LockWaited { db, key, holders } => {
                h.write_u8(db.0);
                h.write_u8(u8::from(key.is_some()));
                key.iter().for_each(|key| key.canon(h));
                txns(holders, h);
            }
            Self::LockGranted { db } => h.write_u8(db.0),
            Self::Deadlocked { db, cycle, victim } => {
                h.write_u8(db.0);
                txns(cycle, h);
                h.write_u32(victim.0);
            }
            Self::RolledBack { db, why, log_records, forced } => {
                h.write_u8(db.0);
                h.write_u8(u8::from(why.is_some()));
                why.iter().for_each(|why| refusal(*why, h));
                h.write_u32(u32::from(*log_records));
                h.write_u32(u32::from(*forced));
            }
            Self::Prepared { db, changes: rows, log_records, forced } => {
                h.write_u8(db.0);
                changes(rows, h);
                h.write_u32(u32::from(*log_records));
                h.write_u32(u32::from(*forced));
            }
            Self::Appended { db, stream, version, fact } => {
                h.write_u8(db.0);
                stream.canon(h);
                h.write_u32(*version);
                fact.canon(h);
            }
            Self::Snapshotted { db, stream, version } => {
                h.write_u8(db.0);
                stream.canon(h);
                h.write_u32(*version);
            }
            Self::Stuck { reason } => word(*reason, h),
            Self::Decided { forward } => h.write_u8(u8::from(*forward)),
            Self::Rebalanced { service, generation, why, owners, fenced } => {
                h.write_u8(service.0);
                h.write_u32(*generation);
                let (kind, who) = match why {
                    Membership::Joined(who) => (0, who),
                    Membership::Expelled(who) => (1, who),
                };
                h.write_u8(kind);
                h.write_u8(who.0);
                h.write_len(owners.len());
                for (topic, partition, owner) in owners {
                    h.write_u8(topic.0);
                    h.write_u8(partition.0);
                    h.write_u8(owner.0);
                }
                h.write_u8(u8::from(*fenced));
            }
            Self::CommitRefused { topic, partition, next, generation, now } => {
                h.write_u8(topic.0);
                h.write_u8(partition.0);
                h.write_u32(*next);
                h.write_u32(*generation);
                h.write_u32(*now);
            }
        }
    }
}
