//! What an exploration has found so far, and how a generated state enters it.

use std::collections::VecDeque;
use std::mem;

use super::super::model::{Model, PropertyIx, RestRule};
use super::seen::{self, Seen};
use super::{Coverage, Limits, StateIx, StopAt};

/// How a state was first reached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// The number of the state before, or [`NO_PARENT`].
    pub(super) parent: u32,
    /// The position of the step among the parent's steps, or of the state among the initial ones.
    pub(super) ordinal: u32,
}

/// The parent of an initial state. No state has this number, since [`Ledger::new`] caps the limit below it.
pub(super) const NO_PARENT: u32 = u32::MAX;

/// Where a batch of generated states comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// The number of the expanded state, or [`NO_PARENT`].
    pub(super) parent: u32,
    /// The fingerprint of the expanded state, if there is one.
    pub(super) own: Option<u64>,
    /// Whether the batch lies within the limit on depth.
    pub(super) has_room: bool,
}

/// Everything that grows while an exploration runs.
pub(super) struct Ledger<S> {
    pub(super) limits: Limits,
    pub(super) rest_rule: RestRule,
    pub(super) seen: Seen,
    pub(super) links: Vec<Link>,
    /// Fingerprints and states that wait to be expanded, in the order of their numbers.
    pub(super) frontier: VecDeque<(u64, S)>,
    pub(super) generated: u64,
    pub(super) checked: u64,
    pub(super) at_rest: u64,
    pub(super) edges: u64,
    pub(super) coverage: Coverage,
    /// For each property the first state that breaks it, and whether that state is at rest.
    pub(super) violations: Vec<Option<(StateIx, bool)>>,
    violated: usize,
    /// Whether a new state was left out because it lay too deep.
    too_deep: bool,
    /// States that one expansion has generated, in the order of their emission.
    batch: Vec<S>,
    /// The fingerprint of each state of the batch, and what the set of visited states held at its place.
    prints: Vec<(u64, u64)>,
}

impl<S> Ledger<S> {
    pub(super) fn new(limits: Limits, rest_rule: RestRule, properties: usize) -> Self {
        Self {
            limits: Limits {
                states: limits.states.clamp(1, NO_PARENT - 1),
                depth: limits.depth.max(1),
                ..limits
            },
            rest_rule,
            seen: Seen::new(),
            links: Vec::new(),
            frontier: VecDeque::new(),
            generated: 0,
            checked: 0,
            at_rest: 0,
            edges: 0,
            coverage: Coverage::Running,
            violations: vec![None; properties],
            violated: 0,
            too_deep: false,
            batch: Vec::new(),
            prints: Vec::new(),
        }
    }

    /// Distinct states. It fits, since the limit on states is a `u32`.
    pub(super) fn count(&self) -> u32 {
        self.links.len() as u32
    }

    /// Puts a generated state into the batch.
    #[inline]
    pub(super) fn collect(&mut self, state: S) {
        self.batch.push(state);
    }

    /// Takes in the new ones among the states of the batch; true if any differs from the expanded one.
    pub(super) fn admit<M: Model<State = S>>(&mut self, model: &M, origin: Origin) -> bool {
        let mut batch = mem::take(&mut self.batch);
        let mut prints = mem::take(&mut self.prints);
        // Most time goes into waiting for memory. The reads of one loop do not depend on each other, so
        // the processor waits for all of them at once, and not for one after the other.
        prints.extend(batch.iter().map(|state| (model.fingerprint(state), 0)));
        for (fingerprint, home) in &mut prints {
            *home = self.seen.home(*fingerprint);
        }
        self.generated += batch.len() as u64;
        if self.limits.count_edges {
            self.edges += count_others(&prints, origin.own);
        }
        let mut has_way_out = false;
        for ((ordinal, state), (fingerprint, home)) in
            (0..).zip(batch.drain(..)).zip(prints.drain(..))
        {
            if Some(fingerprint) == origin.own {
                continue;
            }
            has_way_out = true;
            if home != seen::key(fingerprint) {
                self.offer(model, fingerprint, state, origin, ordinal);
            }
        }
        self.batch = batch;
        self.prints = prints;
        has_way_out
    }

    /// Takes a state in, unless it is known or there is no room.
    fn offer<M: Model<State = S>>(
        &mut self,
        model: &M,
        fingerprint: u64,
        state: S,
        Origin { parent, has_room, .. }: Origin,
        ordinal: u32,
    ) {
        if !has_room || self.count() >= self.limits.states {
            self.refuse(fingerprint, has_room);
            return;
        }
        if !self.seen.insert(fingerprint) {
            return;
        }
        let at = StateIx(self.count());
        self.links.push(Link { parent, ordinal });
        if self.rest_rule == RestRule::Told {
            self.check(model, &state, at, model.at_rest(&state));
        }
        self.frontier.push_back((fingerprint, state));
    }

    /// Notes that a state was left out, if it is a new one: only then is the exploration not complete.
    #[cold]
    fn refuse(&mut self, fingerprint: u64, has_room: bool) {
        if self.seen.contains(fingerprint) {
            return;
        }
        if has_room {
            self.coverage = Coverage::CutAtStates { states: self.limits.states };
        } else {
            self.too_deep = true;
        }
    }

    /// Checks the properties in a state.
    pub(super) fn check<M: Model<State = S>>(
        &mut self,
        model: &M,
        state: &S,
        at: StateIx,
        at_rest: bool,
    ) {
        self.checked += 1;
        self.at_rest += u64::from(at_rest);
        let Self { violations, violated, .. } = self;
        model.check(state, at_rest, &mut |PropertyIx(property)| {
            // States are checked in breadth-first order, so the first violation has the shortest path.
            if let Some(slot @ None) = violations.get_mut(usize::from(property)) {
                *slot = Some((at, at_rest));
                *violated += 1;
            }
        });
    }

    /// Notices when nothing is left to do.
    pub(super) fn settle(&mut self) {
        if self.coverage != Coverage::Running {
            return;
        }
        let enough = match self.limits.stop {
            StopAt::FirstViolation => self.violated > 0,
            StopAt::AllViolated => self.violated > 0 && self.violated == self.violations.len(),
            StopAt::Exhausted => false,
        };
        if self.frontier.is_empty() {
            self.coverage = if self.too_deep {
                Coverage::CutAtDepth { depth: self.limits.depth }
            } else {
                Coverage::Complete
            };
        } else if enough {
            self.coverage = Coverage::StoppedAtViolation;
        }
    }
}

/// The number of different fingerprints other than `own`; 0 if there is no such thing.
fn count_others(prints: &[(u64, u64)], own: Option<u64>) -> u64 {
    let Some(own) = own else { return 0 };
    let prints = prints.iter().map(|(fingerprint, _)| *fingerprint);
    let mut others: Vec<u64> = prints.filter(|other| *other != own).collect();
    others.sort_unstable();
    others.dedup();
    others.len() as u64
}
