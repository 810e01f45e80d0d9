//! What the scrubber shows of a whole run: where much happens, which faults struck and for how
//! long, where a property broke.

use crate::cast::Cast;
use crate::event::EventKind;
use crate::ids::{EventIx, NodeIx, TxnId};
use crate::trace::Trace;
use crate::verdict::PropertyReport;

use super::index::Index;
use super::lanes::Axis;

/// A fault on the scrubber.
#[derive(Clone, PartialEq, Debug)]
pub struct FaultMark {
    /// Its first event.
    pub event: EventIx,
    /// Where it stands on the axis.
    pub from: u64,
    /// Where it ends; `None` where it lasts to the end, or is a moment without a duration.
    pub until: Option<u64>,
    /// Whether it has a duration at all: a lost message has none.
    pub lasts: bool,
    /// The node that it strikes.
    pub node: NodeIx,
    /// `payments down`, `message lost`.
    pub text: String,
}

/// A violation on the scrubber.
#[derive(Clone, PartialEq, Debug)]
pub struct ViolationMark {
    /// The event that broke the property.
    pub event: EventIx,
    /// Where it stands on the axis.
    pub at: u64,
    /// The property's id.
    pub property: &'static str,
    /// What is wrong.
    pub text: String,
    /// The transaction.
    pub txn: Option<TxnId>,
}

/// The marks of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct Marks {
    /// What the axis measures.
    pub axis: Axis,
    /// The end of the axis; it begins at 0.
    pub end: u64,
    /// How many events fall into each column.
    pub density: Vec<u32>,
    /// The most in one column.
    pub density_max: u32,
    /// The faults in order.
    pub faults: Vec<FaultMark>,
    /// The violations in the order of their events.
    pub violations: Vec<ViolationMark>,
}

/// The marks of a run for a scrubber of so many columns.
#[must_use]
pub fn marks(
    cast: &Cast,
    trace: &Trace,
    index: &Index,
    reports: &[PropertyReport],
    axis: Axis,
    columns: usize,
) -> Marks {
    let end = trace.events().last().map_or(0, |event| axis.position(event));
    let mut density = vec![0_u32; columns];
    for event in trace.events() {
        if let Some(column) = column(axis.position(event), end, columns) {
            density[column] += 1;
        }
    }
    let mut violations: Vec<ViolationMark> = reports
        .iter()
        .flat_map(|report| report.violations.iter().map(move |violation| (report.id, violation)))
        .filter_map(|(property, violation)| {
            let event = trace.get(violation.event)?;
            Some(ViolationMark {
                event: violation.event,
                at: axis.position(event),
                property,
                text: violation.why.clone(),
                txn: violation.txn,
            })
        })
        .collect();
    violations.sort_by_key(|mark| mark.event);
    let density_max = density.iter().copied().max().unwrap_or(0);
    Marks { axis, end, density, density_max, faults: faults(cast, trace, index, axis), violations }
}

/// The column of a position; the last one takes the end of the axis too.
#[must_use]
pub fn column(position: u64, end: u64, columns: usize) -> Option<usize> {
    let last = columns.checked_sub(1)?;
    if end == 0 {
        return Some(0);
    }
    let at = u128::from(position) * columns as u128 / u128::from(end);
    Some(usize::try_from(at).unwrap_or(last).min(last))
}

fn faults(cast: &Cast, trace: &Trace, index: &Index, axis: Axis) -> Vec<FaultMark> {
    let position = |ix: EventIx| trace.get(ix).map_or(0, |event| axis.position(event));
    let mut marks = Vec::new();
    for (at, downs) in index.downs.iter().enumerate() {
        let node = NodeIx(at as u8);
        marks.extend(downs.iter().map(|down| FaultMark {
            event: down.crashed,
            from: position(down.crashed),
            until: down.restarted.map(position),
            lasts: true,
            node,
            text: format!("{} down", cast.node(node)),
        }));
    }
    marks.extend(index.faults.iter().map(|span| FaultMark {
        event: span.began,
        from: position(span.began),
        until: span.ended.map(position),
        lasts: true,
        node: span.node,
        text: cast.faults.get(span.fault.ix()).cloned().unwrap_or_else(|| "a fault".to_owned()),
    }));
    for (at, event) in trace.events().iter().enumerate() {
        let text = match event.kind {
            EventKind::Dropped { why: crate::event::DropReason::Lost, .. } => "message lost",
            EventKind::Duplicated { .. } => "message copied",
            EventKind::ReplyLost => "reply lost",
            EventKind::DeadLettered { .. } => "dead letter",
            _ => continue,
        };
        let event_ix = EventIx(at as u32);
        marks.push(FaultMark {
            event: event_ix,
            from: axis.position(event),
            until: None,
            lasts: false,
            node: event.node,
            text: text.to_owned(),
        });
    }
    marks.sort_by_key(|mark| mark.event);
    marks
}
