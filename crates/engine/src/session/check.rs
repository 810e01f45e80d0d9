//! Looking for the schedule that breaks a property, in slices.
//!
//! A check is one exploration, or a row of them: with [`CheckRequest::deepen`] the first allows no fault, the next one
//! in all, and so on up to the budget. A property keeps the counterexample of the round that broke it first, so that
//! the simplest cause comes first; breadth first no schedule with as few faults is shorter.

mod words;

use std::rc::Rc;

use super::{Check, CheckReport, CheckRequest, CheckedProperty, Coverage, Round, Search};
use crate::choice_text;
use crate::drivers::explore::{
    self, Explorer, Limits, Order, Path, Progress, Report, StopAt, Verdict, Walker,
};
use crate::drivers::scenario_model::{self, ScenarioModel, State, Taken};
use crate::patterns::Parts;
use crate::plan::Plan;
use crate::properties::{self, Line, TABLE};
use crate::scenario::Problem;
use crate::scenario::document::Budget;

/// Whole worlds kept while they wait, at about 3 KiB each; the others are made again.
const KEPT: u32 = 1 << 14;

/// The property that is broken as well where rest cannot be reached any more.
const PROGRESS: &str = "progress";

/// One exploration of the scenario.
enum Exploration {
    Whole(Box<Explorer<ScenarioModel>>),
    Walks(Box<Walker<ScenarioModel>>),
}

impl Exploration {
    fn run_slice(&mut self, work: u32) -> Progress {
        match self {
            Self::Whole(explorer) => explorer.run_slice(work),
            Self::Walks(walker) => walker.run_slice(work),
        }
    }

    fn report(&self) -> Report {
        match self {
            Self::Whole(explorer) => explorer.report(),
            Self::Walks(walker) => walker.report(),
        }
    }

    fn model(&self) -> &ScenarioModel {
        match self {
            Self::Whole(explorer) => explorer.model(),
            Self::Walks(walker) => walker.model(),
        }
    }

    fn path(&self, violation: &explore::Violation) -> Option<Path<State, Taken>> {
        match self {
            Self::Whole(explorer) => explorer.path(violation.state).ok(),
            Self::Walks(walker) => walker.path(violation.state),
        }
    }
}

/// A schedule that breaks a property.
#[derive(Clone)]
struct Counterexample {
    schedule: Vec<String>,
    why: Option<String>,
}

/// A check at work.
struct Running {
    plan: Rc<Plan>,
    parts: Parts,
    request: CheckRequest,
    arrivals: u32,
    budget: Budget,
    limits: Limits,
    exploration: Exploration,
    /// The properties that are checked.
    lines: Vec<Line>,
    /// Per property the counterexample found first.
    found: Vec<Option<Counterexample>>,
    /// The rounds behind, where faults are allowed one at a time.
    rounds: Vec<Round>,
    /// Faults allowed in all in this round.
    faults: u32,
    done: bool,
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
    let states =
        request.max_states.unwrap_or(bounds.max_states).min(u64::from(u32::MAX - 1)) as u32;
    let budget = request.faults.unwrap_or(bounds.faults);
    let watches_progress =
        request.properties.as_ref().is_none_or(|selected| selected.iter().any(|id| id == PROGRESS));
    let limits = Limits {
        states,
        depth: request.max_steps.map_or(u32::MAX, |steps| steps.saturating_add(1)),
        stop: if request.first_only { StopAt::FirstViolation } else { StopAt::AllViolated },
        bytes: request.max_bytes.unwrap_or(u64::MAX),
        kept: KEPT,
        order: match request.search {
            Search::DepthFirst => Order::Depth,
            Search::BreadthFirst | Search::RandomWalks { .. } => Order::Breadth,
        },
        ways_to_rest: watches_progress,
        ..Limits::default()
    };
    let arrivals = request.transactions.unwrap_or(bounds.transactions).min(plan.arrivals());
    let most = scenario_model::total(&budget);
    let faults = if request.deepen { 0 } else { most };
    let mut running = Running {
        exploration: explore(plan, parts, request, limits, (arrivals, budget, faults)),
        plan: Rc::clone(plan),
        parts,
        request: request.clone(),
        arrivals,
        budget,
        limits,
        lines: Vec::new(),
        found: Vec::new(),
        rounds: Vec::new(),
        faults,
        done: false,
    };
    running.lines = running.exploration.model().monitor().lines().to_vec();
    running.found = vec![None; running.lines.len()];
    running.note(&running.exploration.report());
    Ok(Box::new(running))
}

/// A round of a check, before its first step.
fn explore(
    plan: &Rc<Plan>,
    parts: Parts,
    request: &CheckRequest,
    limits: Limits,
    (arrivals, budget, faults): (u32, Budget, u32),
) -> Exploration {
    let selected = request.properties.clone();
    let model = ScenarioModel::new(Rc::clone(plan), parts, arrivals, budget, faults, selected);
    let model = if request.reduce { model.reduced() } else { model };
    match request.search {
        Search::RandomWalks { seed } => {
            Exploration::Walks(Box::new(Walker::new(model, limits, seed)))
        }
        Search::BreadthFirst | Search::DepthFirst => {
            Exploration::Whole(Box::new(Explorer::new(model, limits)))
        }
    }
}

fn covered(coverage: explore::Coverage) -> Coverage {
    match coverage {
        explore::Coverage::Running => Coverage::Running,
        explore::Coverage::Complete => Coverage::Complete,
        explore::Coverage::CutAtStates { .. } => Coverage::CutAtStates,
        explore::Coverage::CutAtDepth { .. } => Coverage::CutAtSteps,
        explore::Coverage::CutAtMemory => Coverage::CutAtMemory,
        explore::Coverage::Sampled => Coverage::Sampled,
        explore::Coverage::StoppedAtViolation => Coverage::StoppedAtViolation,
    }
}

impl Running {
    /// Keeps the counterexamples that are new in a report.
    fn note(&mut self, report: &Report) {
        for line in 0..self.lines.len() {
            let Verdict::Violated(violation) = report.properties[line].verdict else { continue };
            let known = self.found[line].as_ref().map(|known| known.schedule.len());
            // Only walks find shorter ones later.
            if known.is_none_or(|length| {
                self.rounds.iter().all(|round| !round.broken.contains(&line))
                    && length > violation.steps as usize
            }) {
                self.found[line] = self.counterexample(&violation, line);
            }
        }
        if let Some((violation, states)) = report.no_rest
            && let Some(line) = self.lines.iter().position(|line| line.id == PROGRESS)
            && self.found[line].is_none()
        {
            self.found[line] = self.counterexample(&violation, line).map(|found| Counterexample {
                why: Some(format!(
                    "From here on the run never comes to rest, unless a fault happens: it can go on in {states} \
                     states for ever."
                )),
                ..found
            });
        }
    }

    /// The schedule that leads to a violation, and what its property says at the end.
    fn counterexample(
        &self,
        violation: &explore::Violation,
        line: usize,
    ) -> Option<Counterexample> {
        let path = self.exploration.path(violation)?;
        let choices = path.steps.iter().map(|(taken, _)| &taken.choice);
        let schedule = choices.map(|choice| choice_text::print(&self.plan.cast, choice)).collect();
        let why = scenario_model::explain(&path, line, violation.at_rest);
        Some(Counterexample { schedule, why })
    }

    /// Ends a round, and begins the next one where there is reason to.
    fn next_round(&mut self, report: &Report) {
        let behind: Vec<usize> =
            self.rounds.iter().flat_map(|round| round.broken.clone()).collect();
        let broken = (0..self.lines.len())
            .filter(|line| self.found[*line].is_some() && !behind.contains(line))
            .collect();
        if self.request.deepen {
            self.rounds.push(self.round(report, broken));
        }
        let violated = self.found.iter().filter(|found| found.is_some()).count();
        let enough = violated > 0 && (self.request.first_only || violated == self.found.len());
        let can_go_on = matches!(
            report.coverage,
            // A round that found all that it can find has no need to be whole.
            explore::Coverage::Complete
                | explore::Coverage::Sampled
                | explore::Coverage::CutAtDepth { .. }
        );
        let is_last = self.faults >= scenario_model::total(&self.budget);
        if !self.request.deepen || is_last || enough || !can_go_on {
            self.done = true;
            return;
        }
        self.faults += 1;
        let bounds = (self.arrivals, self.budget, self.faults);
        self.exploration = explore(&self.plan, self.parts, &self.request, self.limits, bounds);
    }

    fn round(&self, report: &Report, broken: Vec<usize>) -> Round {
        let coverage = covered(report.coverage);
        Round { faults: self.faults, states: report.distinct, coverage, broken }
    }

    /// Why the whole check is where it is: a round that was left early leaves those behind it undone.
    fn coverage(&self, report: &Report) -> Coverage {
        let is_last = self.faults >= scenario_model::total(&self.budget);
        match covered(report.coverage) {
            _ if !self.done => Coverage::Running,
            Coverage::Complete if !is_last => Coverage::StoppedAtViolation,
            coverage => coverage,
        }
    }

    fn property(&self, line: usize) -> CheckedProperty {
        let about = &self.lines[line];
        let found = self.found[line].as_ref();
        let exercised = self.exploration.model().exercised();
        CheckedProperty {
            id: about.id.to_owned(),
            title: about.title.clone(),
            holds: found.is_none(),
            exercised: exercised.of(&properties::TABLE[about.entry]),
            counterexample: found.map(|found| found.schedule.clone()),
            shortest: found.is_some()
                && self.request.search == Search::BreadthFirst
                && !self.request.reduce,
            why: found.and_then(|found| found.why.clone()),
        }
    }
}

impl Check for Running {
    fn run_slice(&mut self, states_max: u32) -> bool {
        if !self.done {
            let progress = self.exploration.run_slice(states_max);
            let report = self.exploration.report();
            self.note(&report);
            if progress == Progress::Done {
                self.next_round(&report);
            }
        }
        self.done
    }

    fn report(&self) -> CheckReport {
        let report = self.exploration.report();
        let coverage = self.coverage(&report);
        let mut rounds = self.rounds.clone();
        if self.request.deepen && !self.done {
            rounds.push(self.round(&report, Vec::new()));
        }
        CheckReport {
            done: self.done,
            complete: coverage == Coverage::Complete,
            coverage,
            states: report.distinct,
            transitions: report.generated,
            depth: report.depth,
            at_rest: report.at_rest,
            waiting: report.distinct - report.expanded,
            memory_bytes: report.memory_bytes + report.waiting_bytes,
            rounds,
            properties: (0..self.lines.len()).map(|line| self.property(line)).collect(),
            bounds: words::bounds(&self.plan, self.arrivals, self.budget),
            left_out: words::left_out(&self.plan),
            reductions: self.exploration.model().reductions(),
            collision_probability: report.collision_probability,
        }
    }
}
