//! The explorer: every reachable state of a [`Model`], breadth first.
//!
//! A visited state is remembered by its fingerprint and by the step that first led to it (the number of the
//! parent and the position of the step among the parent's): 8 bytes, and 13 to 26 in the set. Whole states
//! exist only in the frontier. A path is rebuilt by taking its steps again from the initial state.
//!
//! Breadth first means that the first state found to break a property is one that no shorter path reaches.
//! States are numbered in the order in which they are found, and they are expanded in that order.

mod report;
mod seen;

use std::collections::VecDeque;

pub use report::{Coverage, PropertyReport, Report, Verdict, Violation};

use super::model::{Model, PropertyIx, RestRule};
use seen::Seen;

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
        Self {
            states: 1_000_000,
            depth: u32::MAX,
            stop: StopAt::AllViolated,
            count_edges: false,
        }
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

/// A path from an initial state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path<S, A> {
    /// Where it begins.
    pub initial: S,
    /// Each step's action and the state after it.
    pub steps: Vec<(A, S)>,
}

impl<S, A> Path<S, A> {
    /// The actions alone.
    pub fn into_actions(self) -> Vec<A> {
        self.steps.into_iter().map(|(action, _)| action).collect()
    }

    /// The state in which the path ends.
    pub fn last(&self) -> &S {
        self.steps.last().map_or(&self.initial, |(_, state)| state)
    }
}

/// Why a path cannot be rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathError {
    /// No state of that number has been visited.
    NoSuchState(StateIx),
    /// The model did not emit again what it had emitted: it is not deterministic.
    Diverged {
        /// The step that could not be taken again; 0 stands for the initial state.
        step: u32,
    },
}

impl std::fmt::Display for PathError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSuchState(StateIx(state)) => {
                write!(
                    f,
                    "state {state} has not been visited; ask for one that a report names"
                )
            }
            Self::Diverged { step } => write!(
                f,
                "step {step} is not possible again; the model must emit the same steps in the same order each time"
            ),
        }
    }
}

impl std::error::Error for PathError {}

/// How a state was first reached.
#[derive(Clone, Copy, Debug)]
struct Link {
    /// The number of the state before, or [`NO_PARENT`].
    parent: u32,
    /// The position of the step among the parent's steps, or of the state among the initial ones.
    ordinal: u32,
}

/// The parent of an initial state. No state has this number, since [`Explorer::new`] caps the limit below it.
const NO_PARENT: u32 = u32::MAX;

/// A breadth-first exploration that is run in slices.
pub struct Explorer<M: Model> {
    model: M,
    ledger: Ledger<M::State>,
    /// States expanded so far, which is also the number of the state to expand next.
    expanded: u32,
    /// The level of the state to expand next; 0 before there is any.
    level: u32,
    /// The number behind the last state of that level.
    level_end: u32,
}

/// Everything that grows while successors are emitted; apart from the model so that both can be borrowed.
struct Ledger<S> {
    limits: Limits,
    rest_rule: RestRule,
    seen: Seen,
    links: Vec<Link>,
    /// The frontier: fingerprints and states that wait to be expanded, in the order of their numbers.
    frontier: VecDeque<(u64, S)>,
    generated: u64,
    checked: u64,
    at_rest: u64,
    edges: u64,
    /// The successors of the state under expansion, if edges are counted.
    successors: Vec<u64>,
    names: Vec<String>,
    violations: Vec<Option<(StateIx, bool)>>,
    violated: usize,
    coverage: Coverage,
    /// Whether a new state was left out because it lay too deep.
    too_deep: bool,
}

impl<M: Model> Explorer<M> {
    /// An exploration that has visited the initial states and nothing else.
    pub fn new(model: M, limits: Limits) -> Self {
        let limits = Limits {
            states: limits.states.clamp(1, NO_PARENT - 1),
            depth: limits.depth.max(1),
            ..limits
        };
        let names = model.properties();
        let mut ledger = Ledger {
            limits,
            rest_rule: model.rest_rule(),
            seen: Seen::new(),
            links: Vec::new(),
            frontier: VecDeque::new(),
            generated: 0,
            checked: 0,
            at_rest: 0,
            edges: 0,
            successors: Vec::new(),
            violations: vec![None; names.len()],
            names,
            violated: 0,
            coverage: Coverage::Running,
            too_deep: false,
        };
        let mut ordinal = 0;
        model.initial(&mut |state| {
            let fingerprint = model.fingerprint(&state);
            ledger.offer(
                &model,
                fingerprint,
                state,
                Link {
                    parent: NO_PARENT,
                    ordinal,
                },
                true,
            );
            ordinal += 1;
        });
        let level_end = ledger.count();
        let mut explorer = Self {
            model,
            ledger,
            expanded: 0,
            level: level_end.min(1),
            level_end,
        };
        explorer.settle();
        explorer
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
        if self.ledger.coverage == Coverage::Running {
            Progress::Running
        } else {
            Progress::Done
        }
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
        let properties = ledger
            .names
            .iter()
            .zip(&ledger.violations)
            .map(|(name, violation)| PropertyReport {
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
            collision_probability: (distinct * distinct / 2_f64.powi(65)).min(1.0),
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
            let link = self
                .ledger
                .links
                .get(at as usize)
                .ok_or(PathError::NoSuchState(state))?;
            ordinals.push(link.ordinal);
            at = link.parent;
        }
        let mut ordinals = ordinals.into_iter().rev();
        let first = ordinals.next().ok_or(PathError::NoSuchState(state))?;
        let initial = pick(first, |emit| {
            self.model.initial(&mut |state| emit(((), state)))
        });
        let ((), initial) = initial.ok_or(PathError::Diverged { step: 0 })?;
        let mut path = Path {
            initial,
            steps: Vec::new(),
        };
        for (step, ordinal) in (1..).zip(ordinals) {
            let taken = pick(ordinal, |emit| {
                self.model
                    .successors(path.last(), &mut |action, state| emit((action, state)));
            });
            let taken =
                taken.filter(|(_, state)| self.ledger.seen.contains(self.model.fingerprint(state)));
            path.steps.push(taken.ok_or(PathError::Diverged { step })?);
        }
        Ok(path)
    }

    /// Expands the state at the head of the frontier.
    fn expand(&mut self) {
        let Self {
            model,
            ledger,
            expanded,
            level,
            ..
        } = self;
        let Some((own, state)) = ledger.frontier.pop_front() else {
            return;
        };
        let parent = *expanded;
        let has_room = *level < ledger.limits.depth;
        let mut ordinal = 0;
        let mut has_way_out = false;
        model.successors(&state, &mut |_, successor| {
            let fingerprint = model.fingerprint(&successor);
            has_way_out |= fingerprint != own;
            if ledger.limits.count_edges && fingerprint != own {
                ledger.successors.push(fingerprint);
            }
            ledger.offer(
                model,
                fingerprint,
                successor,
                Link { parent, ordinal },
                has_room,
            );
            ordinal += 1;
        });
        if ledger.rest_rule == RestRule::NoWayOut {
            ledger.check(model, &state, StateIx(parent), !has_way_out);
        }
        ledger.successors.sort_unstable();
        ledger.successors.dedup();
        ledger.edges += ledger.successors.len() as u64;
        ledger.successors.clear();
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

impl<S> Ledger<S> {
    /// Distinct states. It fits, since the limit on states is a `u32`.
    fn count(&self) -> u32 {
        self.links.len() as u32
    }

    /// Takes a generated state in, unless it is known or there is no room.
    #[inline]
    fn offer<M: Model<State = S>>(
        &mut self,
        model: &M,
        fingerprint: u64,
        state: S,
        link: Link,
        has_room: bool,
    ) {
        self.generated += 1;
        if !has_room || self.count() >= self.limits.states {
            self.refuse(fingerprint, has_room);
            return;
        }
        if !self.seen.insert(fingerprint) {
            return;
        }
        let at = StateIx(self.count());
        self.links.push(link);
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
            self.coverage = Coverage::CutAtStates {
                states: self.limits.states,
            };
        } else {
            self.too_deep = true;
        }
    }

    fn check<M: Model<State = S>>(&mut self, model: &M, state: &S, at: StateIx, at_rest: bool) {
        self.checked += 1;
        self.at_rest += u64::from(at_rest);
        let Self {
            violations,
            violated,
            ..
        } = self;
        model.check(state, at_rest, &mut |PropertyIx(property)| {
            // States are checked in breadth-first order, so the first violation has the shortest path.
            if let Some(slot @ None) = violations.get_mut(usize::from(property)) {
                *slot = Some((at, at_rest));
                *violated += 1;
            }
        });
    }

    fn settle(&mut self) {
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
                Coverage::CutAtDepth {
                    depth: self.limits.depth,
                }
            } else {
                Coverage::Complete
            };
        } else if enough {
            self.coverage = Coverage::StoppedAtViolation;
        }
    }
}

/// The item at a position among those that `emit_all` emits.
fn pick<T>(position: u32, emit_all: impl FnOnce(&mut dyn FnMut(T))) -> Option<T> {
    let mut at = 0;
    let mut picked = None;
    emit_all(&mut |item| {
        if at == position {
            picked = Some(item);
        }
        at += 1;
    });
    picked
}
