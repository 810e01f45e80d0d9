//! The explorer: every reachable state of a [`Model`], breadth first.
//!
//! A visited state is remembered by its fingerprint and by the step that first led to it (the number of the
//! parent and the position of the step among the parent's): 8 bytes, and 13 to 26 in the set. Whole states
//! exist only in the frontier. A path is rebuilt by taking its steps again from the initial state.
//!
//! Breadth first means that the first state found to break a property is one that no shorter path reaches.
//! States are numbered in the order in which they are found, and they are expanded in that order.

mod ledger;
mod path;
mod report;
mod seen;

pub use path::{Path, PathError};
pub use report::{Coverage, PropertyReport, Report, Verdict, Violation};

use super::model::{Model, RestRule};
use ledger::{Ledger, Link, NO_PARENT, Origin};
use path::pick;

/// The number of a visited state, in the order of discovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateIx(pub u32);

/// When to leave an exploration that has found violations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopAt {
    /// As soon as any property is violated.
    FirstViolation,
    /// As soon as every property is violated, so that each has its shortest counterexample.
    AllViolated,
    /// Never: the counts are those of the whole space.
    Exhausted,
}

/// The bounds of an exploration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most distinct states to visit.
    pub states: u32,
    /// The most levels to visit; initial states are level 1 and always visited.
    pub depth: u32,
    /// When to leave.
    pub stop: StopAt,
    /// Whether to count the pairs of states joined by a step, which sorts the successors of each state.
    pub count_edges: bool,
}

impl Default for Limits {
    /// A million states at any depth, until every property is decided.
    fn default() -> Self {
        Self { states: 1_000_000, depth: u32::MAX, stop: StopAt::AllViolated, count_edges: false }
    }
}

/// Whether a slice of work was the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Call again.
    Running,
    /// Nothing is left to do.
    Done,
}

/// Twice the number of fingerprints: n of them, drawn at random, collide with probability n^2 / 2^65 at most.
const TWO_TO_65: f64 = (1_u128 << 65) as f64;

/// A breadth-first exploration that is run in slices.
pub struct Explorer<M: Model> {
    model: M,
    /// The names of the model's properties.
    names: Vec<String>,
    ledger: Ledger<M::State>,
    /// States expanded so far, which is also the number of the state to expand next.
    expanded: u32,
    /// The level of the state to expand next; 0 before there is any.
    level: u32,
    /// The number behind the last state of that level.
    level_end: u32,
}

impl<M: Model> Explorer<M> {
    /// An exploration that has visited the initial states and nothing else.
    pub fn new(model: M, limits: Limits) -> Self {
        let names = model.properties();
        let mut ledger = Ledger::new(limits, model.rest_rule(), names.len());
        model.initial(&mut |state| ledger.collect(state));
        ledger.admit(&model, Origin { parent: NO_PARENT, own: None, has_room: true });
        ledger.settle();
        let level_end = ledger.count();
        Self { model, names, ledger, expanded: 0, level: level_end.min(1), level_end }
    }

    /// Expands up to `max_states_expanded` states.
    pub fn run_slice(&mut self, max_states_expanded: u32) -> Progress {
        for _ in 0..max_states_expanded {
            if self.progress() == Progress::Done {
                break;
            }
            self.expand();
            self.settle();
        }
        self.progress()
    }

    /// Runs to the end.
    pub fn run(&mut self) -> Report {
        while self.run_slice(u32::MAX) == Progress::Running {}
        self.report()
    }

    /// Whether there is more to do.
    pub fn progress(&self) -> Progress {
        if self.ledger.coverage == Coverage::Running { Progress::Running } else { Progress::Done }
    }

    /// Distinct states visited so far.
    pub fn distinct(&self) -> u32 {
        self.ledger.count()
    }

    /// States that wait to be expanded.
    pub fn waiting(&self) -> u32 {
        self.ledger.count() - self.expanded
    }

    /// Levels reached so far.
    pub fn depth(&self) -> u32 {
        self.level + u32::from(self.ledger.count() > self.level_end)
    }

    /// The model that is explored.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The figures and verdicts as they stand.
    pub fn report(&self) -> Report {
        let ledger = &self.ledger;
        let distinct = f64::from(ledger.count());
        let properties =
            self.names.iter().zip(&ledger.violations).map(|(name, violation)| PropertyReport {
                name: name.clone(),
                verdict: match violation {
                    Some((state, at_rest)) => Verdict::Violated(Violation {
                        state: *state,
                        steps: self.steps(*state),
                        at_rest: *at_rest,
                    }),
                    None if ledger.coverage == Coverage::Complete => Verdict::Holds,
                    None => Verdict::HoldsSoFar,
                },
            });
        Report {
            distinct: u64::from(ledger.count()),
            generated: ledger.generated,
            depth: self.depth(),
            expanded: u64::from(self.expanded),
            checked: ledger.checked,
            at_rest: ledger.at_rest,
            edges: ledger.limits.count_edges.then_some(ledger.edges),
            coverage: ledger.coverage,
            properties: properties.collect(),
            collision_probability: (distinct * distinct / TWO_TO_65).min(1.0),
            memory_bytes: ledger.seen.memory_bytes()
                + (ledger.links.capacity() * size_of::<Link>()) as u64,
        }
    }

    /// The shortest path to a visited state, with every state on the way.
    ///
    /// # Errors
    /// If no such state was visited, or if the model does not emit the same steps again.
    pub fn path(&self, state: StateIx) -> Result<Path<M::State, M::Action>, PathError> {
        let mut ordinals = Vec::new();
        let mut at = state.0;
        while at != NO_PARENT {
            let link = self.ledger.links.get(at as usize).ok_or(PathError::NoSuchState(state))?;
            ordinals.push(link.ordinal);
            at = link.parent;
        }
        let mut ordinals = ordinals.into_iter().rev();
        let first = ordinals.next().ok_or(PathError::NoSuchState(state))?;
        let initial = pick(first, |emit| self.model.initial(&mut |state| emit(((), state))));
        let ((), initial) = initial.ok_or(PathError::Diverged { step: 0 })?;
        let mut path = Path { initial, steps: Vec::new() };
        for (step, ordinal) in (1..).zip(ordinals) {
            let taken = pick(ordinal, |emit| {
                self.model.successors(path.last(), &mut |action, state| emit((action, state)));
            });
            let taken =
                taken.filter(|(_, state)| self.ledger.seen.contains(self.model.fingerprint(state)));
            path.steps.push(taken.ok_or(PathError::Diverged { step })?);
        }
        Ok(path)
    }

    /// Expands the state at the head of the frontier.
    fn expand(&mut self) {
        let Self { model, ledger, expanded, level, .. } = self;
        let Some((own, state)) = ledger.frontier.pop_front() else {
            return;
        };
        let parent = *expanded;
        model.successors(&state, &mut |_, successor| {
            ledger.collect(successor);
        });
        let has_room = *level < ledger.limits.depth;
        let has_way_out = ledger.admit(model, Origin { parent, own: Some(own), has_room });
        if ledger.rest_rule == RestRule::NoWayOut {
            ledger.check(model, &state, StateIx(parent), !has_way_out);
        }
        *expanded += 1;
    }

    /// Moves to the next level where one ends, and notices when nothing is left to do.
    fn settle(&mut self) {
        if self.expanded == self.level_end && self.ledger.count() > self.level_end {
            self.level += 1;
            self.level_end = self.ledger.count();
        }
        self.ledger.settle();
    }

    /// The number of steps from an initial state.
    fn steps(&self, state: StateIx) -> u32 {
        let mut steps = 0;
        let mut parent = self.ledger.links[state.0 as usize].parent;
        while parent != NO_PARENT {
            steps += 1;
            parent = self.ledger.links[parent as usize].parent;
        }
        steps
    }
}
