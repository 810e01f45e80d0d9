//! What should have been sent and never was.
//!
//! A step that committed has something to tell: it publishes its event, or sends a command or a
//! reply. Where the service crashed, or lost the reply of its call, before it could, and where the
//! message did not follow later either, a view draws an empty place for it. That is a statement
//! about the whole trace, so it may be withdrawn while the trace still grows.

use crate::cast::{Cast, NodeKind};
use crate::event::{EventKind, Outcome, Shape};
use crate::ids::{Direction, EventIx, FlowIx, NodeIx, PartitionIx, StepIx, Sym, TopicIx, TxnId};
use crate::trace::Trace;

use super::index::Index;

/// A message that was never sent.
#[derive(Clone, PartialEq, Debug)]
pub struct Missing {
    /// The transaction.
    pub txn: TxnId,
    /// The step that committed.
    pub step: StepIx,
    /// Where it committed.
    pub node: NodeIx,
    /// The commit.
    pub committed: EventIx,
    /// The crash or lost reply that fell between the commit and the message.
    pub culprit: EventIx,
    /// Where the record is missing; `None` for a message between two nodes.
    pub slot: Option<MissingSlot>,
    /// Who is therefore never told.
    pub untold: Vec<NodeIx>,
}

/// The place of a record that was never published.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MissingSlot {
    /// The topic.
    pub topic: TopicIx,
    /// The partition in which the transaction's records are.
    pub partition: PartitionIx,
    /// The name of the event.
    pub label: Sym,
}

/// Everything that was never sent in a run, by transaction.
#[must_use]
pub fn missing(cast: &Cast, trace: &Trace, index: &Index) -> Vec<Missing> {
    let mut all = Vec::new();
    for (txn, track) in &index.txns {
        all.extend(missing_of(cast, trace, track.flow, *txn, &track.events));
    }
    all
}

/// What was never sent about one transaction, given all its events.
#[must_use]
pub fn missing_of(
    cast: &Cast,
    trace: &Trace,
    flow: FlowIx,
    txn: TxnId,
    events: &[EventIx],
) -> Vec<Missing> {
    let mut found: Vec<Missing> = Vec::new();
    for (at, ix) in events.iter().enumerate() {
        let Some(event) = trace.get(*ix) else { continue };
        let EventKind::Committed { effects, outbox, .. } = &event.kind else { continue };
        let Some(of) = effects.iter().find(|of| of.txn == txn && of.dir == Direction::Do) else {
            continue;
        };
        if !outbox.is_empty() {
            // The message is as durable as the row; its relay will publish it.
            continue;
        }
        let Some(culprit) = cut_short(trace, *ix) else { continue };
        let rest = &events[at + 1..];
        let emits = cast.step(flow, of.step).and_then(|step| step.emits);
        let told = match emits {
            Some((topic, label)) => published(trace, events, topic, label),
            None => sent_from(trace, rest, event.node) || committed_whole(trace, rest),
        };
        if told {
            continue;
        }
        let slot = emits.map(|(topic, label)| MissingSlot {
            topic,
            partition: partition_of(cast, trace, events, topic),
            label,
        });
        let untold = match emits {
            Some((topic, _)) => untold_by_topic(cast, flow, topic, of.step),
            None => untold_by_message(cast, trace, flow, *ix, of.step).into_iter().collect(),
        };
        if untold.is_empty() {
            continue;
        }
        // A step that was done again and cut short again is one thing that was never said.
        found.retain(|earlier| earlier.step != of.step);
        found.push(Missing {
            txn,
            step: of.step,
            node: event.node,
            committed: *ix,
            culprit,
            slot,
            untold,
        });
    }
    found
}

/// The crash or lost reply that ended the handler of an event right after it.
#[must_use]
pub fn cut_short(trace: &Trace, event: EventIx) -> Option<EventIx> {
    let node = trace.get(event)?.node;
    let mut after = trace.events().iter().enumerate().skip(event.ix() + 1).take(8);
    // The first thing that the node does after it decides.
    let (at, next) = after.find(|(_, next)| next.node == node)?;
    let cut = matches!(next.kind, EventKind::Crashed { .. } | EventKind::ReplyLost);
    let same_handler = next.step_no == trace.get(event)?.step_no || next.cause == Some(event);
    (cut && same_handler).then_some(EventIx(at as u32))
}

fn published(trace: &Trace, events: &[EventIx], topic: TopicIx, label: Sym) -> bool {
    events.iter().filter_map(|ix| trace.get(*ix)).any(|event| {
        matches!(event.kind, EventKind::Published { topic: t, label: l, .. } if t == topic && l == label)
    })
}

fn sent_from(trace: &Trace, events: &[EventIx], node: NodeIx) -> bool {
    let mut events = events.iter().filter_map(|ix| trace.get(*ix));
    events.any(|event| event.node == node && matches!(event.kind, EventKind::Sent { .. }))
}

fn committed_whole(trace: &Trace, events: &[EventIx]) -> bool {
    let mut events = events.iter().filter_map(|ix| trace.get(*ix));
    events.any(|event| matches!(event.kind, EventKind::Ended { outcome: Outcome::Committed, .. }))
}

/// The records of a transaction share its key, so they share their partition.
fn partition_of(cast: &Cast, trace: &Trace, events: &[EventIx], topic: TopicIx) -> PartitionIx {
    let partitions = cast.topics.get(topic.ix()).map_or(1, |info| info.partitions);
    let mut events = events.iter().filter_map(|ix| trace.get(*ix));
    let known = events.find_map(|event| match event.kind {
        EventKind::Published { partition, .. } => Some(partition),
        _ => None,
    });
    known.filter(|partition| partition.0 < partitions).unwrap_or_default()
}

/// Whoever does the next step waits for the event; after the last step, all who handle the topic.
fn untold_by_topic(cast: &Cast, flow: FlowIx, topic: TopicIx, step: StepIx) -> Vec<NodeIx> {
    let Some(info) = cast.topics.get(topic.ix()) else { return Vec::new() };
    let next = cast.step(flow, StepIx(step.0 + 1)).map(|info| info.node);
    match next.filter(|node| info.consumers.contains(node)) {
        Some(node) => vec![node],
        None => info.consumers.clone(),
    }
}

/// Without topics a service answers whoever asked it for the step; the service that leads the flow,
/// which a client or an answer set to work, asks for the next step, and after the last answers the
/// client.
fn untold_by_message(
    cast: &Cast,
    trace: &Trace,
    flow: FlowIx,
    committed: EventIx,
    step: StepIx,
) -> Option<NodeIx> {
    let clients =
        |node: &NodeIx| cast.nodes.get(node.ix()).is_some_and(|n| n.kind == NodeKind::Clients);
    let (sender, shape) = trace.causes(committed).find_map(|ix| {
        let event = trace.get(ix)?;
        match event.kind {
            EventKind::Sent { shape, .. } => Some((event.node, shape)),
            _ => None,
        }
    })?;
    if shape != Shape::Reply && !clients(&sender) {
        return Some(sender);
    }
    let own = trace.get(committed)?.node;
    let next = cast.step(flow, StepIx(step.0 + 1)).map(|info| info.node);
    let client = (0..cast.nodes.len()).map(|at| NodeIx(at as u8)).find(clients);
    next.filter(|node| *node != own).or(client)
}
