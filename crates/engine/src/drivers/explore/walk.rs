//! Walks at random, for spaces that do not fit: each begins at an initial state, takes a drawn step from state to
//! state, and ends where the model ends it or at the limit on depth.
//!
//! What a walk finds is a real path; what it does not find proves nothing. Draws are keyed by (seed, walk, step),
//! so that a walk is the same whatever the walks before it were.

use super::super::model::{Model, PropertyIx, RestRule, pick};
use super::seen::{Inserted, Seen};
use super::{
    Coverage, Limits, Path, Progress, PropertyReport, Report, StateIx, StopAt, TWO_TO_65, Verdict,
    Violation,
};
use crate::fingerprint::mix;

/// Steps of one walk, where no depth is said: longer than any counterexample that a person would read.
const MOST_STEPS: u32 = 1_000;

/// The path to a violation: which initial state, the codes of the steps, and whether its end is at rest.
#[derive(Clone, Debug)]
struct Found {
    walk: Vec<u32>,
    at_rest: bool,
}

/// Walks at random that are run in slices. [`Limits::states`] bounds the steps of all walks together.
pub struct Walker<M: Model> {
    model: M,
    names: Vec<String>,
    limits: Limits,
    seed: u64,
    seen: Seen,
    distinct: u32,
    checked: u64,
    at_rest: u64,
    taken: u64,
    walks: u64,
    longest: u32,
    coverage: Coverage,
    found: Vec<Option<Found>>,
    /// The walk on the way: codes so far and the state reached. The first code is the initial state's position.
    walk: Vec<u32>,
    state: Option<M::State>,
}

impl<M: Model> Walker<M> {
    /// Walks that have not begun.
    pub fn new(model: M, limits: Limits, seed: u64) -> Self {
        let names = model.properties();
        Self {
            found: vec![None; names.len()],
            names,
            model,
            limits,
            seed,
            seen: Seen::new(false),
            distinct: 0,
            checked: 0,
            at_rest: 0,
            taken: 0,
            walks: 0,
            longest: 0,
            coverage: Coverage::Running,
            walk: Vec::new(),
            state: None,
        }
    }

    /// The model that is walked through.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// Takes up to so many steps.
    pub fn run_slice(&mut self, steps: u32) -> Progress {
        for _ in 0..steps {
            if self.coverage != Coverage::Running {
                break;
            }
            self.take();
        }
        if self.coverage == Coverage::Running { Progress::Running } else { Progress::Done }
    }

    fn draw(&self) -> u64 {
        mix(mix(mix(self.seed) ^ self.walks) ^ self.walk.len() as u64)
    }

    /// Takes the next step, or begins the next walk.
    fn take(&mut self) {
        self.taken += 1;
        let depth = self.limits.depth.min(MOST_STEPS);
        let next = match &self.state {
            Some(state) if self.walk.len() as u32 <= depth => {
                self.model.random_step(state, self.draw()).map(|(code, _, next)| (code, next))
            }
            _ => None,
        };
        match next {
            Some((code, next)) => {
                self.walk.push(code);
                self.enter(next);
            }
            None => self.begin(),
        }
        let enough = match self.limits.stop {
            StopAt::FirstViolation => self.found.iter().any(Option::is_some),
            StopAt::AllViolated => !self.found.is_empty() && self.found.iter().all(Option::is_some),
            StopAt::Exhausted => false,
        };
        if enough {
            self.coverage = Coverage::StoppedAtViolation;
        } else if self.taken >= u64::from(self.limits.states) {
            self.coverage = Coverage::Sampled;
        }
    }

    fn begin(&mut self) {
        self.walks += 1;
        self.walk.clear();
        let mut initials = Vec::new();
        self.model.initial(&mut |state| initials.push(state));
        let Some(position) = self.draw().checked_rem(initials.len() as u64) else {
            self.coverage = Coverage::Complete;
            return;
        };
        self.walk.push(position as u32);
        let state = initials.swap_remove(position as usize);
        self.enter(state);
    }

    /// Checks the state that was reached.
    fn enter(&mut self, state: M::State) {
        self.longest = self.longest.max(self.walk.len() as u32);
        // A set that can no longer grow only makes the count of distinct states too small.
        let is_new = self.seen.insert(self.model.fingerprint(&state), 0) == Inserted::New;
        self.distinct += u32::from(is_new);
        let at_rest = match self.model.rest_rule() {
            RestRule::Told => self.model.at_rest(&state),
            RestRule::NoWayOut => {
                let mut is_at_rest = true;
                let own = self.model.fingerprint(&state);
                self.model.successors(&state, &mut |_, next| {
                    is_at_rest &= self.model.fingerprint(&next) == own;
                });
                is_at_rest
            }
        };
        if is_new {
            self.checked += 1;
            self.at_rest += u64::from(at_rest);
        }
        let Self { found, walk, .. } = self;
        self.model.check(&state, at_rest, &mut |PropertyIx(property)| {
            if let Some(slot) = found.get_mut(usize::from(property))
                && slot.as_ref().is_none_or(|known| walk.len() < known.walk.len())
            {
                *slot = Some(Found { walk: walk.clone(), at_rest });
            }
        });
        // Without a way out a walk would stand still until its last step.
        let goes_on = !at_rest || self.model.rest_rule() == RestRule::Told;
        self.state = goes_on.then_some(state);
    }

    /// The figures and verdicts as they stand. The state of a violation is the position of its property, for
    /// [`path`](Self::path).
    pub fn report(&self) -> Report {
        let properties =
            self.names.iter().zip(&self.found).enumerate().map(|(at, (name, found))| {
                let verdict = match found {
                    Some(found) => Verdict::Violated(Violation {
                        state: StateIx(at as u32),
                        steps: found.walk.len() as u32 - 1,
                        at_rest: found.at_rest,
                    }),
                    None => Verdict::HoldsSoFar,
                };
                PropertyReport { name: name.clone(), verdict }
            });
        let distinct = f64::from(self.distinct);
        Report {
            distinct: u64::from(self.distinct),
            generated: self.taken,
            depth: self.longest,
            expanded: u64::from(self.distinct),
            checked: self.checked,
            at_rest: self.at_rest,
            edges: None,
            coverage: self.coverage,
            properties: properties.collect(),
            collision_probability: (distinct * distinct / TWO_TO_65).min(1.0),
            memory_bytes: self.seen.memory_bytes(),
            waiting_bytes: self.model.state_bytes(),
            no_rest: None,
        }
    }

    /// The shortest of the walks that broke a property, by its position.
    pub fn path(&self, property: StateIx) -> Option<Path<M::State, M::Action>> {
        let Found { walk, .. } = self.found.get(property.0 as usize)?.as_ref()?;
        let (first, codes) = walk.split_first()?;
        let initial = pick(*first, |emit| self.model.initial(emit))?;
        let mut path = Path { initial, steps: Vec::new() };
        for code in codes {
            let step = self.model.step(path.last(), *code)?;
            path.steps.push(step);
        }
        Some(path)
    }
}
