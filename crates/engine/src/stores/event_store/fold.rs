//! The state that events add up to, as of any version or moment, with and without snapshots.

use rpds::RedBlackTreeMap;

use super::store::{Recorded, Stream};
use crate::ids::Micros;

/// A state that events change.
pub trait Fold: Clone {
    /// What the events say.
    type Event: Clone + std::fmt::Debug;

    /// Applies an event.
    fn apply(&mut self, event: &Self::Event);
}

/// A state, and what it cost to reach it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Folded<T> {
    /// The state.
    pub state: T,
    /// How many events were applied for it.
    pub folds: u64,
}

/// Snapshots of a stream's state: each stands for all events up to a version. They only save folds;
/// without any the same state comes from all events.
#[derive(Clone, Debug)]
pub struct Snapshots<T> {
    every: u64,
    taken: RedBlackTreeMap<u64, T>,
}

impl<T: Fold> Snapshots<T> {
    /// No snapshot yet; one is due after so many events, never where that is 0.
    #[must_use]
    pub fn every(events: u64) -> Self {
        Self { every: events, taken: RedBlackTreeMap::new() }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.taken.size()
    }

    /// The newest one up to a version, with the version that it stands for.
    #[must_use]
    pub fn newest_until(&self, version: u64) -> Option<(u64, &T)> {
        self.taken.range(..=version).next_back().map(|(at, state)| (*at, state))
    }

    /// Takes those that are due in a stream; returns how many events were applied for them.
    pub fn take<I: Ord + Clone>(&mut self, stream: &Stream<I, T::Event>, initial: &T) -> u64 {
        let mut folds = 0;
        let mut next = self.taken.keys().next_back().map_or(0, |at| at + 1);
        while self.every > 0 && next + self.every <= stream.len() {
            let version = next + self.every - 1;
            let Folded { state, folds: more } =
                state_at(stream, initial, Some(self), Some(version));
            folds += more;
            self.taken.insert_mut(version, state);
            next = version + 1;
        }
        folds
    }

    /// Forgets all: the way events are folded has changed, and snapshots of the old way are wrong.
    pub fn forget(&mut self) {
        self.taken = RedBlackTreeMap::new();
    }
}

/// The state after the event of a version; before all events where there is no version.
#[must_use]
pub fn state_at<I: Ord + Clone, T: Fold>(
    stream: &Stream<I, T::Event>,
    initial: &T,
    snapshots: Option<&Snapshots<T>>,
    version: Option<u64>,
) -> Folded<T> {
    let Some(version) = version else { return Folded { state: initial.clone(), folds: 0 } };
    let snapshot = snapshots.and_then(|taken| taken.newest_until(version));
    let (mut state, first) = match snapshot {
        Some((at, state)) => (state.clone(), at + 1),
        None => (initial.clone(), 0),
    };
    let mut folds = 0;
    let events = (first..=version).map_while(|at| stream.event(at));
    for Recorded { body, .. } in events {
        state.apply(body);
        folds += 1;
    }
    Folded { state, folds }
}

/// The state as it was at a moment, from what had been written by then. A record that was corrected
/// later still has its old value.
#[must_use]
pub fn state_as_of<I: Ord + Clone, T: Fold>(
    stream: &Stream<I, T::Event>,
    initial: &T,
    snapshots: Option<&Snapshots<T>>,
    moment: Micros,
) -> Folded<T> {
    state_at(stream, initial, snapshots, stream.version_at(moment))
}
