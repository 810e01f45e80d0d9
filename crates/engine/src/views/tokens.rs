//! What moves: messages and records on their way at a moment between two events.

use crate::event::Shape;
use crate::ids::{Direction, EventIx, Micros, MsgId, NodeIx, StepIx, Sym, TxnId};
use crate::trace::Trace;

use super::frame::Frame;
use super::index::Index;

/// How many records a consumer has in flight at most in the picture.
const RECORDS_MAX: usize = 64;

/// What a token stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TokenOf {
    /// A message.
    Message(MsgId),
    /// A record on its way from the broker to this consumer; it is named by its publication.
    Record(EventIx, NodeIx),
}

/// Something on its way.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Token {
    /// What it is: a stable key for drawing.
    pub of: TokenOf,
    /// Where it comes from.
    pub from: NodeIx,
    /// Where it goes.
    pub to: NodeIx,
    /// Its shape.
    pub shape: Shape,
    /// Its name.
    pub label: Sym,
    /// Its transaction.
    pub txn: Option<TxnId>,
    /// The step that it is about.
    pub step: Option<(StepIx, Direction)>,
    /// How far it has come, from 0 to 1. One half in a schedule, in which no time passes.
    pub progress: f64,
    /// Whether it is a copy that the network made.
    pub copy: bool,
    /// The event that put it on its way.
    pub since: EventIx,
}

/// What is on its way at a time at or after the frame's cursor and before the next event. `broker`
/// is that of the cast.
#[must_use]
pub fn tokens(
    trace: &Trace,
    index: &Index,
    frame: &Frame,
    broker: Option<NodeIx>,
    at: Micros,
) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (msg, flight) in &frame.flights {
        if flight.arrived.is_some() {
            continue;
        }
        tokens.push(Token {
            of: TokenOf::Message(*msg),
            from: flight.from,
            to: flight.to,
            shape: flight.shape,
            label: flight.label,
            txn: flight.txn,
            step: flight.step,
            progress: progress(flight.sent_at, flight.due, at),
            copy: flight.copy_of.is_some(),
            since: flight.sent,
        });
    }
    if let Some(broker) = broker {
        records(trace, index, frame, broker, at, &mut tokens);
    }
    tokens
}

/// Records between the broker and their consumers. A record is on its way from its publication to
/// its arrival, but not while it waits for a consumer that is down.
fn records(
    trace: &Trace,
    index: &Index,
    frame: &Frame,
    broker: NodeIx,
    at: Micros,
    tokens: &mut Vec<Token>,
) {
    for partition in &frame.partitions {
        let known = index.records.get(&(partition.topic, partition.partition));
        let Some(known) = known else { continue };
        for consumer in &partition.consumers {
            if frame.nodes.get(consumer.node.ix()).is_none_or(|node| !node.up()) {
                continue;
            }
            let from = (consumer.position as usize).min(known.len());
            let to = (partition.high_water as usize).clamp(from, known.len());
            for record in known[from..to].iter().take(RECORDS_MAX) {
                let mut deliveries = record.deliveries.iter();
                let next = deliveries.find(|of| {
                    of.node == consumer.node && of.fetched.is_some() && of.fetched > frame.cursor
                });
                let Some(arrives) = next.and_then(|of| of.fetched) else { continue };
                let up_since = frame.nodes[consumer.node.ix()].since;
                let begins = record.at.max(up_since);
                let Some(due) = trace.get(arrives).map(|event| event.at) else { continue };
                tokens.push(Token {
                    of: TokenOf::Record(record.published, consumer.node),
                    from: broker,
                    to: consumer.node,
                    shape: record.shape,
                    label: record.label,
                    txn: record.txn,
                    step: trace.get(record.published).and_then(|event| event.step),
                    progress: progress(begins, due, at),
                    copy: false,
                    since: record.published,
                });
            }
        }
    }
}

fn progress(from: Micros, due: Micros, at: Micros) -> f64 {
    if due <= from {
        return 0.5;
    }
    let gone = at.clamp(from, due) - from;
    gone as f64 / (due - from) as f64
}
