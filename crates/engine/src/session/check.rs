//! Looking for the schedule that breaks a property, in slices.

use std::rc::Rc;

use super::{Check, CheckReport, CheckRequest, CheckedProperty};
use crate::choice_text;
use crate::drivers::explore::{Coverage, Explorer, Limits, Progress, StopAt, Verdict};
use crate::drivers::scenario_model::ScenarioModel;
use crate::patterns::Parts;
use crate::plan::{MixKind, Plan};
use crate::properties::{self, TABLE};
use crate::scenario::Problem;
use crate::scenario::document::{Budget, FaultKind};

/// A check at work.
struct Running {
    explorer: Explorer<ScenarioModel>,
    plan: Rc<Plan>,
    bounds: String,
    left_out: Vec<String>,
}

/// Starts a check.
pub(super) fn start(
    plan: &Rc<Plan>,
    parts: Parts,
    request: &CheckRequest,
) -> Result<Box<dyn Check>, Problem> {
    if let Some(ids) = &request.properties {
        for id in ids {
            if !TABLE.iter().any(|entry| entry.id == id) {
                let known: Vec<&str> = TABLE.iter().map(|entry| entry.id).collect();
                return Err(Problem::new(
                    "properties",
                    format!("there is no property {id:?}"),
                    format!("use {}", known.join(", ")),
                ));
            }
        }
    }
    let bounds = &plan.scenario.explore;
    let arrivals = request.transactions.unwrap_or(bounds.transactions).min(plan.arrivals());
    let budget = request.faults.unwrap_or(bounds.faults);
    let states =
        request.max_states.unwrap_or(bounds.max_states).min(u64::from(u32::MAX - 1)) as u32;
    let model =
        ScenarioModel::new(Rc::clone(plan), parts, arrivals, budget, request.properties.clone());
    let stop = if request.first_only { StopAt::FirstViolation } else { StopAt::AllViolated };
    let limits = Limits { states, stop, ..Limits::default() };
    Ok(Box::new(Running {
        explorer: Explorer::new(model, limits),
        plan: Rc::clone(plan),
        bounds: bounds_words(plan, arrivals, budget),
        left_out: left_out(plan),
    }))
}

fn counted(count: u32, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// The bounds in words: "1 transaction, 1 crash, 1 duplicate, any timing".
fn bounds_words(plan: &Plan, arrivals: u32, budget: Budget) -> String {
    let queries = (0..arrivals)
        .filter(|n| matches!(plan.arrival_mix(*n).what, MixKind::Query(_)))
        .count() as u32;
    let mut parts = Vec::new();
    if arrivals > queries {
        parts.push(counted(arrivals - queries, "transaction", "transactions"));
    }
    if queries > 0 {
        parts.push(counted(queries, "query", "queries"));
    }
    let faults = [
        (budget.crash, "crash", "crashes"),
        (budget.drop, "loss", "losses"),
        (budget.duplicate, "duplicate", "duplicates"),
        (budget.early_timer, "early timer", "early timers"),
        (budget.give_up, "giving up", "times giving up"),
        (budget.pause, "pause", "pauses"),
    ];
    let before = parts.len();
    for (count, one, many) in faults {
        if count > 0 {
            parts.push(counted(u32::from(count), one, many));
        }
    }
    if parts.len() == before {
        parts.push("no faults".into());
    }
    parts.push("any timing".into());
    parts.join(", ")
}

/// The events that a schedule without a clock does not have.
const TIMED: [&str; 4] = ["arrived", "fetched", "service-started", "revoked"];

/// What the scenario has and exploring leaves out.
fn left_out(plan: &Plan) -> Vec<String> {
    let mut out = Vec::new();
    for (fault, words) in plan.scenario.faults.iter().zip(&plan.cast.faults) {
        if fault.at_us.is_some() {
            out.push(format!("{words} at a time: exploring has no clock"));
        } else if fault.on.as_ref().is_some_and(|on| TIMED.contains(&on.event.as_str())) {
            out.push(format!("{words} on an event that only a clock brings about"));
        } else if !matches!(fault.fault, FaultKind::Crash(_)) {
            out.push(format!("{words}: it lasts for a time, and exploring has no clock"));
        }
    }
    if plan.mix.len() > 1 && plan.mix.iter().any(|mix| mix.weight > 0) {
        out.push("which kind of arrival comes: it is drawn by the seed, as in the run".into());
    }
    let network = &plan.scenario.network;
    let links = network.links.iter();
    if network.loss > 0.0 || links.clone().any(|link| link.loss.is_some_and(|loss| loss > 0.0)) {
        out.push("the probability of loss: the budget says how many messages may be lost".into());
    }
    if network.duplicate > 0.0 || links.clone().any(|link| link.duplicate.is_some_and(|p| p > 0.0))
    {
        out.push("the probability of duplicates: the budget says how many there may be".into());
    }
    if network.fifo {
        out.push("the order of messages between two nodes: any order is tried".into());
    }
    out
}

impl Running {
    /// The schedule that leads to a state, as text, and what its monitor says at the end.
    fn schedule(
        &self,
        violation: &crate::drivers::explore::Violation,
        line: usize,
    ) -> (Vec<String>, Option<String>) {
        let Ok(path) = self.explorer.path(violation.state) else { return (Vec::new(), None) };
        let lines = path
            .steps
            .iter()
            .map(|(choice, _)| choice_text::print(&self.plan.cast, choice))
            .collect();
        let why = crate::drivers::scenario_model::explain(&path, line, violation.at_rest);
        (lines, why)
    }
}

impl Check for Running {
    fn run_slice(&mut self, states_max: u32) -> bool {
        self.explorer.run_slice(states_max) == Progress::Done
    }

    fn report(&self) -> CheckReport {
        let report = self.explorer.report();
        let model = self.explorer.model();
        let exercised = model.exercised();
        let monitor = model.monitor();
        let properties = report
            .properties
            .iter()
            .zip(monitor.lines())
            .enumerate()
            .map(|(line, (found, about))| {
                let (counterexample, why) = match &found.verdict {
                    Verdict::Violated(violation) => {
                        let (schedule, why) = self.schedule(violation, line);
                        (Some(schedule), why)
                    }
                    _ => (None, None),
                };
                CheckedProperty {
                    id: about.id,
                    title: about.title.clone(),
                    holds: counterexample.is_none(),
                    exercised: exercised.of(&properties::TABLE[about.entry]),
                    counterexample,
                    why,
                }
            })
            .collect();
        CheckReport {
            done: report.coverage != Coverage::Running,
            complete: report.coverage == Coverage::Complete,
            states: report.distinct,
            transitions: report.generated,
            depth: report.depth,
            at_rest: report.at_rest,
            properties,
            bounds: self.bounds.clone(),
            left_out: self.left_out.clone(),
            collision_probability: report.collision_probability,
        }
    }
}
