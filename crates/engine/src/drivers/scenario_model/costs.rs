//! Where the time of exploring a scenario goes, by a clock of whoever asks: the engine has none.

use std::hint::black_box;
use std::rc::Rc;

use super::{ScenarioModel, State, choices};
use crate::choice::Choice;
use crate::drivers::explore::{Explorer, Limits, Progress, StopAt};
use crate::drivers::model::Model;
use crate::event::Event;
use crate::ids::EventIx;
use crate::scenario::Problem;
use crate::scenario::Scenario;
use crate::world::Sink;

/// States of which the parts are timed: enough that a clock of a microsecond serves.
const SAMPLE: usize = 512;

/// What exploring a scenario took, and its parts over a sample of the steps.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Costs {
    /// Distinct states.
    pub states: u64,
    /// Transitions taken.
    pub transitions: u64,
    /// Whether that is the whole space.
    pub complete: bool,
    /// Microseconds of the whole exploration.
    pub whole_us: f64,
    /// Microseconds of copying states, in the sample.
    pub clone_us: f64,
    /// Microseconds of making choices, in the sample.
    pub apply_us: f64,
    /// Microseconds of the properties, in the sample.
    pub properties_us: f64,
    /// Microseconds of fingerprints, in the sample.
    pub hash_us: f64,
}

/// Forgets the events.
struct Deaf(EventIx);

impl Sink for Deaf {
    fn event(&mut self, _: Event) -> EventIx {
        let at = self.0;
        self.0 = EventIx(at.0 + 1);
        at
    }
}

/// Explores a scenario within its own bounds, up to so many states, and times it by a clock in microseconds.
///
/// # Errors
/// Everything that is wrong with the scenario or its coupling.
pub fn costs(
    scenario: &Scenario,
    max_states: u32,
    now_us: fn() -> f64,
) -> Result<Costs, Vec<Problem>> {
    let problems = crate::scenario::validate(scenario);
    if !problems.is_empty() {
        return Err(problems);
    }
    let (plan, parts) = crate::patterns::plan(scenario).map_err(|problem| vec![problem])?;
    let bounds = &plan.scenario.explore;
    let budget = bounds.faults;
    let arrivals = bounds.transactions.min(plan.arrivals());
    let faults = super::total(&budget);
    let plan = Rc::new(plan);
    let model = || ScenarioModel::new(Rc::clone(&plan), parts, arrivals, budget, faults, None);
    let limits = Limits { states: max_states, stop: StopAt::Exhausted, ..Limits::default() };
    let mut explorer = Explorer::new(model(), limits);
    let began = now_us();
    while explorer.run_slice(u32::MAX) == Progress::Running {}
    let whole_us = now_us() - began;
    let report = explorer.report();

    let model = model();
    let sample = sample(&model, SAMPLE);
    let mut costs = Costs {
        states: report.distinct,
        transitions: report.generated,
        complete: report.coverage == crate::drivers::explore::Coverage::Complete,
        whole_us,
        ..Costs::default()
    };
    let clone_us = |state: &State, count: usize| {
        let began = now_us();
        for _ in 0..count {
            black_box(state.clone());
        }
        now_us() - began
    };
    for state in &sample {
        let (kinds, _) = choices(state, arrivals);
        let began = now_us();
        for kind in &kinds {
            let mut next = state.clone();
            next.world.spend(kind);
            let mut deaf = Deaf(next.world.next_event);
            let _ = black_box(next.world.apply(&Choice::plain(*kind), &mut deaf));
        }
        let deaf_us = now_us() - began;
        let began = now_us();
        for kind in &kinds {
            black_box(model.take(state, Choice::plain(*kind)));
        }
        let taken_us = now_us() - began;
        let copies_us = clone_us(state, kinds.len());
        costs.clone_us += copies_us;
        costs.apply_us += (deaf_us - copies_us).max(0.0);
        costs.properties_us += (taken_us - deaf_us).max(0.0);
        let began = now_us();
        for _ in &kinds {
            black_box(model.fingerprint(state));
        }
        costs.hash_us += now_us() - began;
        let began = now_us();
        model.check(state, model.at_rest(state), &mut |property| {
            black_box(property);
        });
        costs.properties_us += now_us() - began;
    }
    Ok(costs)
}

/// States on walks at random, each as likely as the walks make it.
fn sample(model: &ScenarioModel, count: usize) -> Vec<State> {
    let mut states = Vec::new();
    let mut draw = 0;
    while states.len() < count {
        let mut now = None;
        model.initial(&mut |state| now = Some(state));
        while let Some(state) = now.take() {
            draw += 1;
            now = model.random_step(&state, crate::fingerprint::mix(draw)).map(|(_, _, next)| next);
            states.push(state);
        }
    }
    states.truncate(count);
    states
}
