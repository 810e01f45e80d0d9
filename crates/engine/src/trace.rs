//! A trace: what happened in a run, in order.

use crate::event::{Event, EventKind};
use crate::ids::{EventIx, Micros};

/// The events of a run, only ever appended to.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    events: Vec<Event>,
}

impl Trace {
    /// Appends an event and returns its position.
    pub fn push(&mut self, event: Event) -> EventIx {
        let ix = EventIx(self.events.len() as u32);
        self.events.push(event);
        ix
    }

    /// The events in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// One event.
    #[must_use]
    pub fn get(&self, ix: EventIx) -> Option<&Event> {
        self.events.get(ix.ix())
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The time of the last event.
    #[must_use]
    pub fn end(&self) -> Micros {
        self.events.last().map_or(0, |event| event.at)
    }

    /// Keeps the first `len` events: where a run is taken up again from a checkpoint.
    pub fn truncate(&mut self, len: usize) {
        self.events.truncate(len);
    }

    /// The chain of causes of an event, the event itself first.
    pub fn causes(&self, of: EventIx) -> impl Iterator<Item = EventIx> + '_ {
        std::iter::successors(Some(of), |ix| self.get(*ix).and_then(|event| event.cause))
    }

    /// The events of a kind, by its name in [`EventKind::name`].
    pub fn of_kind<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (EventIx, &'a EventKind)> {
        self.events
            .iter()
            .enumerate()
            .filter(move |(_, event)| event.kind.name() == name)
            .map(|(at, event)| (EventIx(at as u32), &event.kind))
    }
}
