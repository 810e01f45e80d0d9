//! Many events in few columns: what each node does in each, for diagrams with more events than
//! pixels. It costs one pass over the events of the part that is shown.

use super::index::Index;
use super::lanes::Axis;
use crate::event::EventKind;
use crate::ids::{EventIx, NodeIx, TxnId};
use crate::trace::Trace;

/// What happens at a node in a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cell {
    /// How many events.
    pub count: u32,
    /// Whether one of them is a failure: a crash, a loss, a refusal.
    pub failed: bool,
    /// The transaction of the last one that has any.
    pub txn: Option<TxnId>,
    /// The first event.
    pub first: EventIx,
}

/// The columns of a part of the axis, node by node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Gallop {
    /// The columns of each node, as in the cast.
    pub nodes: Vec<Vec<Cell>>,
    /// The most events in one cell.
    pub most: u32,
    /// All events of the part.
    pub events: u32,
}

/// The columns between two places of the axis.
#[must_use]
pub fn gallop(
    trace: &Trace,
    index: &Index,
    axis: Axis,
    (from, to): (u64, u64),
    columns: usize,
    txn: Option<TxnId>,
) -> Gallop {
    let columns = columns.max(1);
    let mut nodes = vec![vec![Cell::default(); columns]; index.downs.len()];
    let (mut most, mut events) = (0, 0);
    let length = u128::from(to.saturating_sub(from).max(1));
    let all = trace.events();
    let begin = all.partition_point(|event| axis.position(event) < from);
    for (at, event) in all.iter().enumerate().skip(begin) {
        let place = axis.position(event);
        if place > to {
            break;
        }
        if txn.is_some() && event.txn != txn {
            continue;
        }
        let column = u128::from(place - from) * columns as u128 / length;
        let column = usize::try_from(column).unwrap_or(columns).min(columns - 1);
        let Some(cell) = node(&mut nodes, event.node).and_then(|node| node.get_mut(column)) else {
            continue;
        };
        if cell.count == 0 {
            cell.first = EventIx(at as u32);
        }
        cell.count += 1;
        cell.failed |= is_failure(&event.kind);
        cell.txn = event.txn.or(cell.txn);
        most = most.max(cell.count);
        events += 1;
    }
    Gallop { nodes, most, events }
}

fn node(nodes: &mut [Vec<Cell>], at: NodeIx) -> Option<&mut Vec<Cell>> {
    nodes.get_mut(at.ix())
}

fn is_failure(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Crashed { .. }
            | EventKind::Dropped { .. }
            | EventKind::Refused { .. }
            | EventKind::ReplyLost
            | EventKind::DeadLettered { .. }
            | EventKind::CommitRefused { .. }
            | EventKind::Deadlocked { .. }
            | EventKind::Stuck { .. }
    )
}
