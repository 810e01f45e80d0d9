//! Messages in a frame: in flight, arrived, handled or lost.

use crate::event::{Event, EventKind};
use crate::ids::{EventIx, MsgId};
use crate::views::index::WorkItem;

use super::{Flight, Frame, Queued};

impl Frame {
    pub(super) fn take_message(&mut self, ix: EventIx, event: &Event) {
        match &event.kind {
            EventKind::Sent { msg, to, shape, label, attempt, due } => {
                self.counters.sent += 1;
                let flight = Flight {
                    from: event.node,
                    to: *to,
                    shape: *shape,
                    label: *label,
                    txn: event.txn,
                    step: event.step,
                    attempt: *attempt,
                    sent: ix,
                    sent_at: event.at,
                    due: *due,
                    arrived: None,
                    copy_of: None,
                };
                self.flights.insert_mut(*msg, flight);
            }
            EventKind::Duplicated { msg, copy, due } => {
                self.counters.duplicated += 1;
                if let Some(original) = self.flights.get(msg).copied() {
                    let twin = Flight {
                        due: *due,
                        sent: ix,
                        sent_at: event.at,
                        arrived: None,
                        copy_of: Some(*msg),
                        ..original
                    };
                    self.flights.insert_mut(*copy, twin);
                }
            }
            EventKind::Dropped { msg, .. } => {
                self.counters.dropped += 1;
                self.end_flight(event, *msg);
            }
            EventKind::Arrived { msg } => {
                if let Some(flight) = self.flights.get_mut(msg) {
                    flight.arrived = Some(ix);
                }
                self.enqueue(ix, event, WorkItem::Message(*msg));
            }
            EventKind::Handled { msg } => {
                self.counters.handled += 1;
                self.end_flight(event, *msg);
                self.answered(event);
            }
            _ => {}
        }
    }

    /// A message was handled or lost.
    fn end_flight(&mut self, event: &Event, msg: MsgId) {
        let ended = self.flights.get(&msg).copied();
        self.flights.remove_mut(&msg);
        let mut gone = msg;
        // Copies are interchangeable for handlers: where a twin is the one that was served, or the only one that
        // has arrived, what is left is this message under the twin's number.
        let handled = matches!(event.kind, EventKind::Handled { .. });
        if handled
            && self.counters.duplicated > 0
            && let Some(flight) = ended
            && let Some(twin) = self.twin_at_hand(event, msg, &flight)
        {
            gone = twin;
            if let Some(of) = self.flights.get_mut(&twin) {
                *of = Flight { copy_of: of.copy_of, ..flight };
            }
        }
        let Some(node) = self.nodes.get_mut(event.node.ix()) else { return };
        node.done_with(WorkItem::Message(gone));
        if gone == msg {
            return;
        }
        for work in node.work.iter_mut().filter(|work| work.item == Some(WorkItem::Message(msg))) {
            work.item = Some(WorkItem::Message(gone));
        }
        let waiting = node.queue.iter().find(|(_, of)| of.item == WorkItem::Message(msg));
        if let Some((at, queued)) = waiting.map(|(at, queued)| (*at, *queued)) {
            node.queue.insert_mut(at, Queued { item: WorkItem::Message(gone), ..queued });
        }
    }

    /// The twin that a node was at, in place of the message that its handler names.
    fn twin_at_hand(&self, event: &Event, msg: MsgId, flight: &Flight) -> Option<MsgId> {
        let node = self.nodes.get(event.node.ix())?;
        let served = |msg: MsgId| {
            let item = Some(WorkItem::Message(msg));
            node.work.iter().any(|work| work.item == item && work.until <= event.at)
        };
        if served(msg) {
            return None;
        }
        let twins = self.flights.iter().filter(|(_, other)| {
            (other.from, other.to, other.label) == (flight.from, flight.to, flight.label)
                && (other.txn, other.step) == (flight.txn, flight.step)
                && other.attempt == flight.attempt
        });
        let mut arrived = None;
        for (twin, other) in twins {
            if served(*twin) {
                return Some(*twin);
            }
            if other.arrived.is_some() && arrived.is_none() {
                arrived = Some(*twin);
            }
        }
        arrived.filter(|_| flight.arrived.is_none())
    }
}
