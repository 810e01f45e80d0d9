//! What an exploration has found so far, and how a generated state enters it.

use std::mem;

use super::super::model::{Model, PropertyIx, RestRule};
use super::links::{Link, Links, NO_PARENT};
use super::seen::{self, Inserted, Seen};
use super::waiting::{Entry, Waiting};
use super::ways::Ways;
use super::{Coverage, Limits, StateIx, StopAt};

/// Where a batch of generated states comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// The number of the expanded state, or [`NO_PARENT`].
    pub(super) parent: u32,
    /// The fingerprint of the expanded state, if there is one.
    pub(super) own: Option<u64>,
    /// How many steps lead to a state of the batch.
    pub(super) steps: u32,
}

/// A generated state, before it is known whether it is a new one.
struct Generated<S> {
    state: S,
    code: u32,
    is_fair: bool,
}

/// Everything that grows while an exploration runs.
pub(super) struct Ledger<S> {
    pub(super) limits: Limits,
    pub(super) rest_rule: RestRule,
    pub(super) seen: Seen,
    pub(super) links: Links,
    pub(super) waiting: Waiting<S>,
    pub(super) ways: Option<Ways>,
    pub(super) generated: u64,
    pub(super) checked: u64,
    pub(super) at_rest: u64,
    pub(super) edges: u64,
    /// The longest path to a visited state, in steps.
    pub(super) longest: u32,
    pub(super) coverage: Coverage,
    /// For each property the first state that breaks it, and whether that state is at rest.
    pub(super) violations: Vec<Option<(StateIx, bool)>>,
    violated: usize,
    /// Whether a new state was left out because it lay too deep.
    too_deep: bool,
    /// States that one expansion has generated, in the order of their emission.
    batch: Vec<Generated<S>>,
    /// The fingerprint of each state of the batch, and what the set of visited states held at its place.
    prints: Vec<(u64, u64)>,
    /// Where the fair steps of the expanded state lead.
    targets: Vec<u32>,
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
            seen: Seen::new(limits.ways_to_rest),
            links: Links::default(),
            waiting: Waiting::new(limits.order, limits.kept),
            ways: limits.ways_to_rest.then(Ways::default),
            generated: 0,
            checked: 0,
            at_rest: 0,
            edges: 0,
            longest: 0,
            coverage: Coverage::Running,
            violations: vec![None; properties],
            violated: 0,
            too_deep: false,
            batch: Vec::new(),
            prints: Vec::new(),
            targets: Vec::new(),
        }
    }

    /// Distinct states.
    pub(super) fn count(&self) -> u32 {
        self.links.count()
    }

    /// Bytes held for visited states, and for those that wait where each holds so many.
    pub(super) fn memory_bytes(&self) -> u64 {
        let ways = self.ways.as_ref().map_or(0, Ways::memory_bytes);
        self.seen.memory_bytes() + self.links.memory_bytes() + ways
    }

    /// Puts a generated state into the batch.
    #[inline]
    pub(super) fn collect(&mut self, state: S, code: u32, is_fair: bool) {
        self.batch.push(Generated { state, code, is_fair });
    }

    /// Takes in the new ones among the states of the batch; true if any differs from the expanded one.
    pub(super) fn admit<M: Model<State = S>>(&mut self, model: &M, origin: Origin) -> bool {
        let mut batch = mem::take(&mut self.batch);
        let mut prints = mem::take(&mut self.prints);
        // Most time goes into waiting for memory. The reads of one loop do not depend on each other, so
        // the processor waits for all of them at once, and not for one after the other.
        prints.extend(batch.iter().map(|generated| (model.fingerprint(&generated.state), 0)));
        for (fingerprint, home) in &mut prints {
            *home = self.seen.home(*fingerprint);
        }
        self.generated += batch.len() as u64;
        if self.limits.count_edges {
            self.edges += count_others(&prints, origin.own);
        }
        let first_new = self.count();
        let mut has_way_out = false;
        for (generated, (fingerprint, home)) in batch.drain(..).zip(prints.drain(..)) {
            if Some(fingerprint) == origin.own {
                continue;
            }
            has_way_out = true;
            let is_fair = generated.is_fair && self.ways.is_some();
            if home != seen::key(fingerprint) {
                self.offer(model, fingerprint, generated, origin);
            }
            if is_fair {
                // Where a successor was left out, nobody knows what lies behind it.
                self.targets.push(self.seen.number(fingerprint).unwrap_or(NO_PARENT));
            }
        }
        self.waiting.turn(first_new);
        self.batch = batch;
        self.prints = prints;
        self.note_ways(origin.parent);
        has_way_out
    }

    /// Notes the ways on from the expanded state.
    fn note_ways(&mut self, state: u32) {
        let Some(ways) = &mut self.ways else { return };
        if state != NO_PARENT {
            if self.targets.contains(&NO_PARENT) {
                ways.mark(state);
            } else {
                ways.add(state, &self.targets);
            }
        }
        self.targets.clear();
    }

    /// Takes a state in, unless it is known or there is no room.
    fn offer<M: Model<State = S>>(
        &mut self,
        model: &M,
        fingerprint: u64,
        Generated { state, code, .. }: Generated<S>,
        Origin { parent, steps, .. }: Origin,
    ) {
        let has_room = steps < self.limits.depth;
        if !has_room || self.count() >= self.limits.states {
            self.refuse(fingerprint, has_room);
            return;
        }
        let at = self.count();
        match self.seen.insert(fingerprint, at) {
            Inserted::Known => return,
            Inserted::NoMemory => {
                self.coverage = Coverage::CutAtMemory;
                return;
            }
            Inserted::New => {}
        }
        self.longest = self.longest.max(steps);
        if !self.links.push(Link { parent, code }) {
            self.coverage = Coverage::CutAtMemory;
            return;
        }
        if self.rest_rule == RestRule::Told {
            self.check(model, &state, StateIx(at), model.at_rest(&state));
        }
        if !self.waiting.push(Entry { at, steps, fingerprint }, state) {
            self.coverage = Coverage::CutAtMemory;
        }
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
        if at_rest && let Some(ways) = &mut self.ways {
            ways.mark(at.0);
        }
        let Self { violations, violated, .. } = self;
        model.check(state, at_rest, &mut |PropertyIx(property)| {
            // Breadth first, states are checked in the order of their depth: the first violation has a shortest path.
            if let Some(slot @ None) = violations.get_mut(usize::from(property)) {
                *slot = Some((at, at_rest));
                *violated += 1;
            }
        });
    }

    /// Notices when nothing is left to do, where so many bytes are held.
    pub(super) fn settle(&mut self, memory_bytes: impl FnOnce(&Self) -> u64) {
        if self.coverage != Coverage::Running {
            return;
        }
        let enough = match self.limits.stop {
            StopAt::FirstViolation => self.violated > 0,
            StopAt::AllViolated => self.violated > 0 && self.violated == self.violations.len(),
            StopAt::Exhausted => false,
        };
        if self.waiting.is_empty() {
            self.coverage = if self.too_deep {
                Coverage::CutAtDepth { depth: self.limits.depth }
            } else {
                Coverage::Complete
            };
        } else if enough {
            self.coverage = Coverage::StoppedAtViolation;
        } else if self.limits.bytes < u64::MAX && memory_bytes(self) > self.limits.bytes {
            self.coverage = Coverage::CutAtMemory;
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
