//! The space-time diagram: a lane for each node, a point for each event, an arrow for each message.

use std::ops::Range;

use crate::event::{Event, EventKind, Shape};
use crate::ids::{EventIx, Micros, NodeIx, Sym, TxnId};
use crate::trace::Trace;

use super::index::{Index, MsgTrack};

/// What an axis measures: virtual time where a run has it, choices where it is a schedule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Axis {
    /// Virtual microseconds.
    Time,
    /// Choices, from 1.
    Steps,
}

impl Axis {
    /// The axis of a trace: its time, or its choices where no time passes in it.
    #[must_use]
    pub fn of(trace: &Trace) -> Self {
        if trace.end() == 0 { Self::Steps } else { Self::Time }
    }

    /// Where an event stands on it.
    #[must_use]
    pub fn position(self, event: &Event) -> u64 {
        match self {
            Self::Time => event.at,
            Self::Steps => u64::from(event.step_no),
        }
    }

    /// The last event at or before a position; `None` before the first. Positions never fall along
    /// a trace.
    #[must_use]
    pub fn event_at(self, trace: &Trace, position: u64) -> Option<EventIx> {
        let after = trace.events().partition_point(|event| self.position(event) <= position);
        after.checked_sub(1).map(|ix| EventIx(ix as u32))
    }
}

/// What a point stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PointKind {
    /// A transaction started, was acknowledged or ended.
    Client,
    /// Something left.
    Send,
    /// Something was handled.
    Receive,
    /// Something reached a queue, or service began.
    Queue,
    /// A local transaction committed.
    Commit,
    /// A local transaction was refused.
    Refuse,
    /// A timer was set or fired.
    Timer,
    /// A crash or another fault began.
    Fault,
    /// A restart, or another fault ended.
    Mend,
    /// A decision, or a transaction that is stuck.
    Decision,
    /// Bookkeeping: offsets, marks, reads.
    Note,
}

/// A point: an event on its node's lane.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LanePoint {
    /// The event.
    pub event: EventIx,
    /// Its lane.
    pub node: NodeIx,
    /// Its time.
    pub at: Micros,
    /// Its choice.
    pub step_no: u32,
    /// Its transaction.
    pub txn: Option<TxnId>,
    /// What it stands for.
    pub kind: PointKind,
}

/// An arrow: a message or a record from one node to another.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Arrow {
    /// The event that sent, copied or published it.
    pub from: EventIx,
    /// The sender's or publisher's lane.
    pub from_node: NodeIx,
    /// The event that handled or lost it; `None` while it is under way.
    pub to: Option<EventIx>,
    /// The target's lane; for a record nobody has handled, the publisher's own.
    pub to_node: NodeIx,
    /// Its shape.
    pub shape: Shape,
    /// Its name.
    pub label: Sym,
    /// Its transaction.
    pub txn: Option<TxnId>,
    /// Whether it is a record and goes by the broker.
    pub record: bool,
    /// Whether it was lost.
    pub lost: bool,
    /// Whether it is a copy, or a delivery after the first.
    pub again: bool,
}

/// A part of the diagram.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Lanes {
    /// The points in order.
    pub points: Vec<LanePoint>,
    /// The arrows that begin or end among them.
    pub arrows: Vec<Arrow>,
    /// The lanes that have a point or an arrow's end.
    pub nodes: Vec<NodeIx>,
}

/// The diagram of a range of events; of one transaction where `txn` says so, together with the
/// crashes and other faults, which belong to everybody. It costs as much as the range is long.
#[must_use]
pub fn lanes(trace: &Trace, index: &Index, range: Range<u32>, txn: Option<TxnId>) -> Lanes {
    let mut lanes = Lanes::default();
    let end = range.end.min(trace.len() as u32);
    for ix in (range.start.min(end)..end).map(EventIx) {
        let event = &trace.events()[ix.ix()];
        let kind = point_kind(&event.kind);
        let shared = matches!(kind, PointKind::Fault | PointKind::Mend) && event.txn.is_none();
        if txn.is_some() && event.txn != txn && !shared {
            continue;
        }
        lanes.points.push(LanePoint {
            event: ix,
            node: event.node,
            at: event.at,
            step_no: event.step_no,
            txn: event.txn,
            kind,
        });
        arrows_of(trace, index, ix, event, range.start, &mut lanes.arrows);
    }
    let points = lanes.points.iter().map(|point| point.node);
    let ends = lanes.arrows.iter().flat_map(|arrow| [arrow.from_node, arrow.to_node]);
    let mut nodes: Vec<NodeIx> = points.chain(ends).collect();
    nodes.sort_unstable();
    nodes.dedup();
    lanes.nodes = nodes;
    lanes
}

/// The arrows that begin at an event, or that end there and began before the range.
fn arrows_of(
    trace: &Trace,
    index: &Index,
    ix: EventIx,
    event: &Event,
    start: u32,
    arrows: &mut Vec<Arrow>,
) {
    match &event.kind {
        EventKind::Sent { msg, .. } => {
            let track = index.msgs.get(msg).filter(|track| track.left == ix);
            arrows.extend(track.and_then(|track| message(trace, track)));
        }
        EventKind::Duplicated { copy, .. } => {
            let track = index.msgs.get(copy).filter(|track| track.left == ix);
            arrows.extend(track.and_then(|track| message(trace, track)));
        }
        EventKind::Handled { msg } | EventKind::Dropped { msg, .. } => {
            let track = index.msgs.get(msg).filter(|track| track.left.0 < start);
            arrows.extend(track.and_then(|track| message(trace, track)));
        }
        EventKind::Published { topic, partition, offset, shape, label, .. } => {
            let arrow = Arrow {
                from: ix,
                from_node: event.node,
                to: None,
                to_node: event.node,
                shape: *shape,
                label: *label,
                txn: event.txn,
                record: true,
                lost: false,
                again: false,
            };
            let record = index.record(*topic, *partition, *offset);
            let deliveries = record.map_or(&[][..], |record| record.deliveries.as_slice());
            if deliveries.is_empty() {
                arrows.push(arrow);
            }
            arrows.extend(deliveries.iter().map(|of| Arrow {
                to: of.handled,
                to_node: of.node,
                again: of.again,
                ..arrow
            }));
        }
        EventKind::Consumed { topic, partition, offset, again } => {
            let record = index.record(*topic, *partition, *offset);
            arrows.extend(record.filter(|record| record.published.0 < start).map(|record| Arrow {
                from: record.published,
                from_node: record.publisher,
                to: Some(ix),
                to_node: event.node,
                shape: record.shape,
                label: record.label,
                txn: record.txn,
                record: true,
                lost: false,
                again: *again,
            }));
        }
        _ => {}
    }
}

fn message(trace: &Trace, track: &MsgTrack) -> Option<Arrow> {
    let sent = trace.get(track.sent)?;
    let EventKind::Sent { to, shape, label, .. } = &sent.kind else { return None };
    Some(Arrow {
        from: track.left,
        from_node: sent.node,
        to: track.handled.or(track.dropped),
        to_node: *to,
        shape: *shape,
        label: *label,
        txn: sent.txn,
        record: false,
        lost: track.dropped.is_some(),
        again: track.left != track.sent,
    })
}

fn point_kind(kind: &EventKind) -> PointKind {
    match kind {
        EventKind::Started { .. }
        | EventKind::Acknowledged { .. }
        | EventKind::Ended { .. }
        | EventKind::QueryStarted { .. }
        | EventKind::QueryAnswered { .. } => PointKind::Client,
        EventKind::Sent { .. } | EventKind::Published { .. } => PointKind::Send,
        EventKind::Handled { .. } | EventKind::Consumed { .. } => PointKind::Receive,
        EventKind::Arrived { .. }
        | EventKind::Fetched { .. }
        | EventKind::ServiceStarted { .. }
        | EventKind::Revoked { .. } => PointKind::Queue,
        EventKind::Committed { .. } | EventKind::Prepared { .. } => PointKind::Commit,
        EventKind::CommitRefused { .. }
        | EventKind::Refused { .. }
        | EventKind::RolledBack { .. } => PointKind::Refuse,
        EventKind::TimerArmed { .. }
        | EventKind::TimerFired { .. }
        | EventKind::TimerCancelled { .. } => PointKind::Timer,
        EventKind::Crashed { .. }
        | EventKind::Duplicated { .. }
        | EventKind::Dropped { .. }
        | EventKind::ReplyLost
        | EventKind::DeadLettered { .. }
        | EventKind::FaultBegan { .. } => PointKind::Fault,
        EventKind::Restarted { .. } | EventKind::FaultEnded { .. } => PointKind::Mend,
        EventKind::LockWaited { .. } => PointKind::Queue,
        EventKind::Stuck { .. }
        | EventKind::Decided { .. }
        | EventKind::Rebalanced { .. }
        | EventKind::Deadlocked { .. } => PointKind::Decision,
        EventKind::OffsetCommitted { .. }
        | EventKind::InboxHit { .. }
        | EventKind::OutboxMarked { .. }
        | EventKind::Wrote { .. }
        | EventKind::LockGranted { .. }
        | EventKind::Appended { .. }
        | EventKind::Snapshotted { .. }
        | EventKind::Ignored
        | EventKind::Read { .. } => PointKind::Note,
    }
}
