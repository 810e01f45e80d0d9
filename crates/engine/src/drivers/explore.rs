//! The explorer: every reachable state of a [`Model`], breadth first or depth first; and walks at random
//! ([`Walker`]) for spaces that do not fit.
//!
//! A visited state is remembered by its fingerprint and by the step that first led to it (the number of the
//! parent and the code of the step): 8 bytes, and 13 to 26 in the set. Whole states exist only among those that
//! wait to be expanded, and of those only so many as are allowed; the others are made again. A path is rebuilt by
//! taking its steps again from the initial state.
//!
//! Breadth first means that the first state found to break a property is one that no shorter path reaches.
//! States are numbered in the order in which they are found; breadth first they are expanded in that order.

mod ledger;
mod links;
mod path;
mod report;
mod seen;
mod waiting;
mod walk;
mod ways;

pub use path::{Path, PathError};
pub use report::{Coverage, PropertyReport, Report, Verdict, Violation};
pub use walk::Walker;

use super::model::{Model, RestRule, pick};
use ledger::{Ledger, Origin};
use links::NO_PARENT;
use waiting::Retrace;

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

/// Which of the states that wait is expanded next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The one found first: no path to a state is shorter than the one that is kept.
    #[default]
    Breadth,
    /// The one found last, and of the successors of one state the first: few states wait.
    Depth,
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
    /// The most bytes to hold for visited and waiting states.
    pub bytes: u64,
    /// The most whole states to keep while they wait; the others are made again when their turn comes.
    pub kept: u32,
    /// Which state is expanded next.
    pub order: Order,
    /// Whether to find out from which states rest cannot be reached: 7 to 13 bytes a state more in the set, and
    /// about 2 a step.
    pub ways_to_rest: bool,
}

impl Default for Limits {
    /// A million states at any depth, breadth first, until every property is decided.
    fn default() -> Self {
        Self {
            states: 1_000_000,
            depth: u32::MAX,
            stop: StopAt::AllViolated,
            count_edges: false,
            bytes: u64::MAX,
            kept: u32::MAX,
            order: Order::Breadth,
            ways_to_rest: false,
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

/// Twice the number of fingerprints: n of them, drawn at random, collide with probability n^2 / 2^65 at most.
const TWO_TO_65: f64 = (1_u128 << 65) as f64;

/// Blocks of steps that one expansion stands for while the ways to rest are closed: about as much work.
const STATES_A_BLOCK: u32 = 1_000;

/// An exploration that is run in slices.
pub struct Explorer<M: Model> {
    model: M,
    /// The names of the model's properties.
    names: Vec<String>,
    ledger: Ledger<M::State>,
    retrace: Retrace<M::State>,
    /// States expanded so far.
    expanded: u32,
    /// Whether the ways to rest are being found out.
    closing: bool,
    /// Whether the ways to rest are known, or nobody asked for them.
    closed: bool,
    /// The first state from which rest cannot be reached, and how many there are.
    no_rest: Option<(u32, u32)>,
}

impl<M: Model> Explorer<M> {
    /// An exploration that has visited the initial states and nothing else.
    pub fn new(model: M, limits: Limits) -> Self {
        let names = model.properties();
        let mut ledger = Ledger::new(limits, model.rest_rule(), names.len());
        let mut position = 0;
        model.initial(&mut |state| {
            ledger.collect(state, position, true);
            position += 1;
        });
        ledger.admit(&model, Origin { parent: NO_PARENT, own: None, steps: 0 });
        let mut explorer = Self {
            model,
            names,
            ledger,
            retrace: Retrace::new(),
            expanded: 0,
            closing: false,
            closed: !limits.ways_to_rest,
            no_rest: None,
        };
        explorer.settle();
        explorer
    }

    /// Expands up to `max_states_expanded` states.
    pub fn run_slice(&mut self, max_states_expanded: u32) -> Progress {
        let mut left = max_states_expanded;
        while left > 0 && self.progress() == Progress::Running {
            if self.ledger.coverage == Coverage::Running {
                self.expand();
                self.settle();
                left -= 1;
            } else {
                self.close();
                left = left.saturating_sub(STATES_A_BLOCK);
            }
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
        let is_running = self.ledger.coverage == Coverage::Running || !self.closed;
        if is_running { Progress::Running } else { Progress::Done }
    }

    /// Distinct states visited so far.
    pub fn distinct(&self) -> u32 {
        self.ledger.count()
    }

    /// States that wait to be expanded.
    pub fn waiting(&self) -> u32 {
        self.ledger.waiting.count()
    }

    /// Levels reached so far.
    pub fn depth(&self) -> u32 {
        if self.distinct() == 0 { 0 } else { self.ledger.longest + 1 }
    }

    /// The model that is explored.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The figures and verdicts as they stand.
    pub fn report(&self) -> Report {
        let ledger = &self.ledger;
        let distinct = f64::from(ledger.count());
        let violation = |state: StateIx, at_rest| Violation {
            state,
            steps: self.ledger.links.steps(state.0),
            at_rest,
        };
        let properties =
            self.names.iter().zip(&ledger.violations).map(|(name, found)| PropertyReport {
                name: name.clone(),
                verdict: match found {
                    Some((state, at_rest)) => Verdict::Violated(violation(*state, *at_rest)),
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
            coverage: if self.closed { ledger.coverage } else { Coverage::Running },
            properties: properties.collect(),
            collision_probability: (distinct * distinct / TWO_TO_65).min(1.0),
            memory_bytes: ledger.memory_bytes(),
            waiting_bytes: ledger.waiting.memory_bytes(self.model.state_bytes()),
            no_rest: self.no_rest.map(|(first, count)| (violation(StateIx(first), false), count)),
        }
    }

    /// The path by which a visited state was first reached, with every state on the way; breadth first no path
    /// is shorter.
    ///
    /// # Errors
    /// If no such state was visited, or if the model does not emit the same steps again.
    pub fn path(&self, state: StateIx) -> Result<Path<M::State, M::Action>, PathError> {
        let mut codes = Vec::new();
        let mut at = state.0;
        while at != NO_PARENT {
            let link = self.ledger.links.get(at).ok_or(PathError::NoSuchState(state))?;
            codes.push(link.code);
            at = link.parent;
        }
        let mut codes = codes.into_iter().rev();
        let first = codes.next().ok_or(PathError::NoSuchState(state))?;
        let initial = pick(first, |emit| self.model.initial(emit));
        let mut path =
            Path { initial: initial.ok_or(PathError::Diverged { step: 0 })?, steps: Vec::new() };
        for (step, code) in (1..).zip(codes) {
            let taken = self.model.step(path.last(), code);
            let taken =
                taken.filter(|(_, state)| self.ledger.seen.contains(self.model.fingerprint(state)));
            path.steps.push(taken.ok_or(PathError::Diverged { step })?);
        }
        Ok(path)
    }

    /// Expands the next of the states that wait.
    fn expand(&mut self) {
        let Self { model, ledger, retrace, expanded, .. } = self;
        let Some((entry, kept)) = ledger.waiting.pop() else {
            return;
        };
        *expanded += 1;
        let made_again;
        let state = match &kept {
            Some(state) => state,
            None => {
                made_again = retrace.state(model, &ledger.links, entry.at);
                let Some(state) = made_again else {
                    // A model that does not emit the same steps again: what lies behind is not known.
                    ledger.coverage = Coverage::CutAtMemory;
                    return;
                };
                state
            }
        };
        let mut position = 0;
        model.successors(state, &mut |action, successor| {
            ledger.collect(successor, model.code(position, &action), model.is_fair(&action));
            position += 1;
        });
        let (parent, steps) = (entry.at, entry.steps + 1);
        let has_way_out =
            ledger.admit(model, Origin { parent, own: Some(entry.fingerprint), steps });
        if ledger.rest_rule == RestRule::NoWayOut {
            ledger.check(model, state, StateIx(parent), !has_way_out);
        }
    }

    /// Notices when nothing is left to do.
    fn settle(&mut self) {
        let state_bytes = self.model.state_bytes();
        self.ledger
            .settle(|ledger| ledger.memory_bytes() + ledger.waiting.memory_bytes(state_bytes));
        if self.ledger.coverage == Coverage::StoppedAtViolation {
            self.closed = true;
        }
    }

    /// Goes on with finding out from which states rest can be reached.
    fn close(&mut self) {
        let Ledger { ways: Some(ways), waiting, links, .. } = &mut self.ledger else {
            self.closed = true;
            return;
        };
        if !std::mem::replace(&mut self.closing, true) {
            // Nobody knows what lies behind a state that was not expanded.
            waiting.each(&mut |at| ways.mark(at));
        }
        if ways.close() {
            self.no_rest = ways.stuck(links.count());
            self.closed = true;
        }
    }
}
