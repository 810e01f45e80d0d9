//! Read models that follow the log.
//!
//! A projection keeps, in one transaction with what it shows, how far it has come in each stream:
//! an event that comes twice is known by its version, and one that comes early waits for those
//! before it. Wherever it crashes, delivering again from its checkpoint brings it to the same state.

use std::collections::BTreeMap;

use rpds::{RedBlackTreeMap, RedBlackTreeSet};

use super::fold::Fold;
use super::store::EventStore;

/// What became of a delivered event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// It was applied, and with it so many in all: those that had waited for it too.
    Applied(u64),
    /// It had been applied before.
    Repeated,
    /// It waits for an earlier event of its stream.
    Waits,
}

/// What is remembered beside the state.
#[derive(Clone, Debug)]
struct Durable<S: Ord, F> {
    state: F,
    /// The version that comes next in each stream.
    next: RedBlackTreeMap<S, u64>,
    /// Everything before this position was applied, and what else was.
    checkpoint: u64,
    ahead: RedBlackTreeSet<u64>,
}

/// A projection.
#[derive(Clone, Debug)]
pub struct Projection<S: Ord, F: Fold> {
    durable: Durable<S, F>,
    /// Events that came early: lost in a crash.
    waiting: BTreeMap<(S, u64), (u64, F::Event)>,
}

impl<S: Ord + Clone, F: Fold> Projection<S, F> {
    /// A projection that has seen nothing.
    #[must_use]
    pub fn new(state: F) -> Self {
        let durable = Durable {
            state,
            next: RedBlackTreeMap::new(),
            checkpoint: 0,
            ahead: RedBlackTreeSet::new(),
        };
        Self { durable, waiting: BTreeMap::new() }
    }

    /// What it shows.
    #[must_use]
    pub fn state(&self) -> &F {
        &self.durable.state
    }

    /// The position that it reads from after a crash.
    #[must_use]
    pub fn checkpoint(&self) -> u64 {
        self.durable.checkpoint
    }

    /// How many events wait for earlier ones.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes an event, in whatever order and however often it comes.
    pub fn deliver(
        &mut self,
        stream: &S,
        version: u64,
        position: u64,
        event: &F::Event,
    ) -> Delivery {
        let next = self.durable.next.get(stream).copied().unwrap_or_default();
        if version < next {
            return Delivery::Repeated;
        }
        self.waiting.insert((stream.clone(), version), (position, event.clone()));
        if version > next {
            return Delivery::Waits;
        }
        let mut applied = 0;
        while let Some((position, event)) = self.waiting.remove(&(stream.clone(), next + applied)) {
            // The state, the version and the checkpoint are one transaction.
            self.durable.state.apply(&event);
            applied += 1;
            self.durable.next.insert_mut(stream.clone(), next + applied);
            self.durable.ahead.insert_mut(position);
        }
        while self.durable.ahead.remove_mut(&self.durable.checkpoint) {
            self.durable.checkpoint += 1;
        }
        Delivery::Applied(applied)
    }

    /// Takes at most so many events from the log, from its checkpoint on; returns how many.
    pub fn follow<I: Ord + Clone>(&mut self, log: &EventStore<S, I, F::Event>, max: u64) -> u64 {
        let mut taken = 0;
        while taken < max
            && let Some((stream, event)) = log.at(self.durable.checkpoint)
        {
            let (stream, version, position) = (stream.clone(), event.version, event.position);
            self.deliver(&stream, version, position, &event.body);
            taken += 1;
        }
        taken
    }

    /// It crashes: what waited is lost, what was applied is not.
    pub fn crash(&mut self) {
        self.waiting.clear();
    }
}

/// A read model that can be built anew while the old one answers.
#[derive(Clone, Debug)]
pub struct Serving<S: Ord, F: Fold> {
    now: Projection<S, F>,
    anew: Option<Projection<S, F>>,
}

impl<S: Ord + Clone, F: Fold> Serving<S, F> {
    /// Serves a projection.
    #[must_use]
    pub fn new(now: Projection<S, F>) -> Self {
        Self { now, anew: None }
    }

    /// What answers queries.
    #[must_use]
    pub fn answers(&self) -> &Projection<S, F> {
        &self.now
    }

    /// Begins to build anew, from the first event and from this state. What was being built before
    /// is thrown away.
    pub fn rebuild(&mut self, empty: F) {
        self.anew = Some(Projection::new(empty));
    }

    /// The checkpoint of what is being built.
    #[must_use]
    pub fn rebuilt(&self) -> Option<u64> {
        self.anew.as_ref().map(Projection::checkpoint)
    }

    /// Lets the old one follow the log by `serving` events and the new one by `rebuilding`; once the
    /// new one has come as far as the old one it takes its place. Returns whether it just did.
    pub fn follow<I: Ord + Clone>(
        &mut self,
        log: &EventStore<S, I, F::Event>,
        serving: u64,
        rebuilding: u64,
    ) -> bool {
        self.now.follow(log, serving);
        let Some(mut anew) = self.anew.take() else { return false };
        anew.follow(log, rebuilding);
        if anew.checkpoint() < self.now.checkpoint() {
            self.anew = Some(anew);
            return false;
        }
        self.now = anew;
        true
    }

    /// Both crash.
    pub fn crash(&mut self) {
        self.now.crash();
        if let Some(anew) = &mut self.anew {
            anew.crash();
        }
    }
}
