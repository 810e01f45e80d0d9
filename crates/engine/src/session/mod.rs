//! The session: all that the page and the command line see of the engine.
//!
//! Open one with [`open`]; it runs in slices so that a page never freezes. A session is a run that
//! is being made or is done; [`Session::fork`] makes another from a moment of it, and
//! [`Session::check`] looks for the schedule that breaks a property.

mod check;
mod run;
mod stats;

pub(crate) use run::words as choice_words;

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::cast::Cast;
use crate::choice::{Choice, Intervention};
use crate::event::Event;
use crate::ids::{EventIx, NodeIx};
use crate::scenario::Scenario;
use crate::scenario::document::{Budget, Coupling};
use crate::scenario::problem::Problem;
use crate::trace::Trace;
use crate::verdict::PropertyReport;

/// The version of the semantics: a digest is promised equal within one.
pub const ENGINE: &str = env!("CARGO_PKG_VERSION");

/// What a run is made from: with the semantics version, all that decides it.
#[derive(Clone, PartialEq, Debug)]
pub struct RunInput {
    /// The scenario; its seed and coupling included.
    pub scenario: Scenario,
    /// What a person changed, in the order of their events.
    pub interventions: Vec<Intervention>,
    /// A schedule to replay instead of simulating: no clock, steps only. One choice in its text
    /// form each, as [`Session::choice_text`] prints it.
    pub schedule: Option<Vec<String>>,
}

impl RunInput {
    /// The plain run of a scenario.
    #[must_use]
    pub fn of(scenario: Scenario) -> Self {
        Self { scenario, interventions: Vec::new(), schedule: None }
    }
}

/// Why a run is where it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RunState {
    /// There is more to do.
    Running,
    /// Nothing is left to happen: every transaction is at rest.
    AtRest,
    /// The event limit of the scenario was hit; the trace so far is kept.
    EventLimit,
    /// The time limit of the scenario was hit.
    TimeLimit,
    /// The schedule is played to its end.
    ScheduleEnd,
    /// The schedule ceased to apply.
    ScheduleBroken {
        /// The step, from 1.
        step: usize,
        /// The choice that could not be made, and why.
        why: String,
    },
}

/// Counts and times of a run so far.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RunStats {
    /// Transactions started.
    pub started: u64,
    /// Transactions of which every step is done.
    pub committed: u64,
    /// Transactions that were refused or failed and of which nothing had to be undone.
    pub aborted: u64,
    /// Transactions of which everything that was done is undone.
    pub compensated: u64,
    /// The others.
    pub unfinished: u64,
    /// Latencies of answered transactions in microseconds, sorted.
    pub latencies_us: Vec<u64>,
    /// Messages sent on the network and records published.
    pub messages: u64,
    /// Forced log writes.
    pub forced_writes: u64,
    /// Cycles found in a wait-for graph.
    pub deadlocks: u64,
    /// Per service node: time in system of each step served in microseconds (sorted), and the busy
    /// share of its workers.
    pub services: Vec<ServiceStats>,
}

/// Counts and times of one service.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ServiceStats {
    /// Its name.
    pub name: String,
    /// Time in system of each piece of work, in microseconds, sorted.
    pub latencies_us: Vec<u64>,
    /// Busy worker time over worker time.
    pub utilization: f64,
}

/// What may happen at a moment, for faults by hand and schedules by hand.
#[derive(Clone, PartialEq, Debug)]
pub struct ChoiceView {
    /// The choice.
    pub choice: Choice,
    /// In plain words: "payments handles charge of T1".
    pub text: String,
    /// Whether it is a fault.
    pub fault: bool,
    /// The node that it happens at.
    pub node: NodeIx,
}

/// In which order a check visits states.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Search {
    /// Level by level: the first schedule that breaks a property is a shortest one.
    #[default]
    BreadthFirst,
    /// Along one schedule to its end, then the next: little memory waits, and schedules are long.
    DepthFirst,
    /// Schedules drawn at random from this seed, for spaces that do not fit: finds, and proves nothing.
    RandomWalks {
        /// What the draws begin with.
        seed: u64,
    },
}

/// What to look for.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckRequest {
    /// Transactions that take part; the scenario's bound by default.
    pub transactions: Option<u32>,
    /// The fault budget; the scenario's by default.
    pub faults: Option<Budget>,
    /// Where to stop, in distinct states; the scenario's by default.
    pub max_states: Option<u64>,
    /// The longest schedule to try, in choices; any length by default.
    pub max_steps: Option<u32>,
    /// Where to stop, in bytes held for visited and waiting states; no bound by default.
    pub max_bytes: Option<u64>,
    /// The properties to check by id; all by default.
    pub properties: Option<Vec<String>>,
    /// Stop at the first violation found.
    pub first_only: bool,
    /// The order of visiting.
    pub search: Search,
    /// First without faults, then with one in all, then two, up to the budget, so that each property
    /// is broken by as few faults as possible.
    pub deepen: bool,
    /// Leave out choices that others stand for: interchangeable transactions, and steps that commute with
    /// everything. Verdicts stay; schedules may be longer.
    pub reduce: bool,
}

/// Why a check is where it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// There is more to do.
    #[default]
    Running,
    /// Every state within the bounds was visited.
    Complete,
    /// Cut at the number of states allowed.
    CutAtStates,
    /// Cut at the length of schedules allowed.
    CutAtSteps,
    /// Cut at the memory allowed.
    CutAtMemory,
    /// Schedules drawn at random: a sample.
    Sampled,
    /// Left at the violation asked for.
    StoppedAtViolation,
}

impl Coverage {
    /// It in words, behind a colon.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Running => "still searching",
            Self::Complete => "complete within these bounds",
            Self::CutAtStates => {
                "cut at the number of states allowed; what holds does so as far as it was searched"
            }
            Self::CutAtSteps => {
                "cut at the length of schedules allowed; what holds does so for schedules up to that length"
            }
            Self::CutAtMemory => {
                "cut for want of memory; what holds does so as far as it was searched"
            }
            Self::Sampled => "drawn at random; what holds is not proved",
            Self::StoppedAtViolation => "left when what was looked for was found",
        }
    }
}

/// One round of a check that begins without faults and allows one more at a time.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Round {
    /// Faults allowed in all.
    pub faults: u32,
    /// Distinct states.
    pub states: u64,
    /// Whether every state with so many faults was visited.
    pub coverage: Coverage,
    /// The properties first broken in this round, by their position in the report.
    pub broken: Vec<usize>,
}

/// How far a check has come, or what it found.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct CheckReport {
    /// Whether it has ended.
    pub done: bool,
    /// Whether every state within the bounds was visited.
    pub complete: bool,
    /// Why it is where it is.
    pub coverage: Coverage,
    /// Distinct states.
    pub states: u64,
    /// Transitions taken.
    pub transitions: u64,
    /// Levels of the search, the initial state counting 1; the longest schedule so far, where the
    /// search is not breadth first.
    pub depth: u32,
    /// States at rest.
    pub at_rest: u64,
    /// States found whose futures have not been tried.
    pub waiting: u64,
    /// Bytes held for visited and waiting states.
    pub memory_bytes: u64,
    /// The rounds, where faults were allowed one at a time; the last may be running.
    pub rounds: Vec<Round>,
    /// Per property, what is known.
    pub properties: Vec<CheckedProperty>,
    /// What was checked, in words: "1 order, 1 crash, 1 duplicate, any timing".
    pub bounds: String,
    /// What the scenario has and exploring leaves out, in words: faults by time, dice.
    pub left_out: Vec<String>,
    /// What was left out because something else stood for it, in words with its figure.
    pub reductions: Vec<String>,
    /// The probability that two states shared a fingerprint and one was not visited.
    pub collision_probability: f64,
}

/// What a check knows of one property.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct CheckedProperty {
    /// Its id.
    pub id: String,
    /// Its name on screen.
    pub title: String,
    /// Whether it held in all states visited so far.
    pub holds: bool,
    /// How often on the way compensation, recovery, refusal or redelivery put it to the test.
    pub exercised: u64,
    /// The schedule that breaks it, one choice in text form each.
    pub counterexample: Option<Vec<String>>,
    /// Whether no shorter schedule breaks it with as few faults: the search was breadth first.
    pub shortest: bool,
    /// What is wrong at its end, in plain words.
    pub why: Option<String>,
}

/// A check that runs in slices.
pub trait Check {
    /// Expands at most so many states; returns whether the check has ended.
    fn run_slice(&mut self, states_max: u32) -> bool;
    /// How far it has come.
    fn report(&self) -> CheckReport;
}

/// A run.
pub trait Session {
    /// What it is made from.
    fn input(&self) -> &RunInput;
    /// Who is who.
    fn cast(&self) -> &Rc<Cast>;
    /// What happened so far. The trace grows while the run is made.
    fn trace(&self) -> &Trace;
    /// Makes at most so many choices more.
    fn run_slice(&mut self, choices_max: u32) -> RunState;
    /// Runs until this event exists, or the end.
    fn run_to(&mut self, event: EventIx) -> RunState;
    /// Where the run is.
    fn state(&self) -> &RunState;
    /// A hash over the canonical encoding of the events so far, 16 hexadecimal digits.
    fn digest(&self) -> String;
    /// What the properties say of the run so far; judged at rest only where it is at rest.
    fn properties(&self) -> Vec<PropertyReport>;
    /// Counts and times so far.
    fn stats(&self) -> RunStats;
    /// Document faults that did not occur under this coupling, or not yet.
    fn faults_not_occurred(&self) -> Vec<usize>;
    /// Interventions of the input that could not happen at their event, by their position.
    fn interventions_refused(&self) -> Vec<usize>;
    /// What may happen right after an event, faults included. Rebuilt from the nearest checkpoint.
    fn choices_after(&self, event: EventIx) -> Vec<ChoiceView>;
    /// The text form of a choice, as links carry it.
    fn choice_text(&self, choice: &Choice) -> String;
    /// The schedule of the run so far.
    fn schedule(&self) -> Vec<String>;
    /// The same run with one intervention more: taken up from the nearest checkpoint before it.
    ///
    /// # Errors
    /// Where the intervention cannot happen at that event, the reason.
    fn fork(&self, intervention: Intervention) -> Result<Box<dyn Session>, Problem>;
    /// Looks for the schedules that break properties, from the scenario's start.
    ///
    /// # Errors
    /// Where the request names an unknown property.
    fn check(&self, request: &CheckRequest) -> Result<Box<dyn Check>, Problem>;
}

/// Opens a run. Nothing has happened in it yet.
///
/// # Errors
/// Everything that is wrong with the scenario, its coupling, or a choice of the schedule.
pub fn open(input: &RunInput) -> Result<Box<dyn Session>, Vec<Problem>> {
    let problems = crate::scenario::validate(&input.scenario);
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Box::new(run::Run::new(input).map_err(|problem| vec![problem])?))
}

/// Opens a run with a deliberate fault in its patterns: for the test that `check` finds it.
///
/// # Errors
/// As [`open`].
#[cfg(feature = "mutations")]
pub fn open_with(
    input: &RunInput,
    fault: crate::mutation::Mutation,
) -> Result<Box<dyn Session>, Vec<Problem>> {
    let problems = crate::scenario::validate(&input.scenario);
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Box::new(run::Run::with(input, fault).map_err(|problem| vec![problem])?))
}

/// Counts of a run without its trace: for measuring, where millions of events would not be kept.
///
/// # Errors
/// Everything that is wrong with the scenario or its coupling.
pub fn measure(scenario: &Scenario) -> Result<RunStats, Vec<Problem>> {
    let problems = crate::scenario::validate(scenario);
    if !problems.is_empty() {
        return Err(problems);
    }
    run::measure(scenario).map_err(|problem| vec![problem])
}

/// Runs a scenario to its end and shows each event once, in order, without keeping a trace: for
/// figures of whoever asks, over more events than would be kept. Returns how the run ended.
///
/// # Errors
/// Everything that is wrong with the scenario or its coupling.
pub fn watch(scenario: &Scenario, each: &mut dyn FnMut(&Event)) -> Result<RunState, Vec<Problem>> {
    let problems = crate::scenario::validate(scenario);
    if !problems.is_empty() {
        return Err(problems);
    }
    run::watch(scenario, each).map_err(|problem| vec![problem])
}

/// Reads an intervention as a link carries it: `after=<event>;<choice>;for=<microseconds>`, the last
/// part only where it is said.
///
/// # Errors
/// What cannot be read, and what is allowed.
pub fn parse_intervention(cast: &Cast, text: &str) -> Result<Intervention, Problem> {
    let problem = |found: &str| {
        Problem::new(
            format!("intervention {text:?}"),
            found,
            "write after=<event>;<choice>;for=<microseconds>, as after=12;crash payments 255;for=1000000",
        )
    };
    let mut parts = text.split(';');
    let after = parts
        .next()
        .and_then(|part| part.strip_prefix("after="))
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| problem("it does not say after which event"))?;
    let choice = parts.next().ok_or_else(|| problem("it names no choice"))?;
    let choice = crate::choice_text::parse(cast, choice)?;
    let for_us = match parts.next() {
        None => None,
        Some(part) => Some(
            part.strip_prefix("for=")
                .and_then(|number| number.parse().ok())
                .filter(|time| *time <= 3_600_000_000_u64)
                .ok_or_else(|| {
                    problem("its duration is not a number of microseconds up to an hour")
                })?,
        ),
    };
    if choice.cut.is_some() || parts.next().is_some() {
        return Err(problem("something is left over"));
    }
    Ok(Intervention { after: EventIx(after), kind: choice.kind, for_us })
}

/// The text of an intervention, as a link carries it.
#[must_use]
pub fn intervention_text(cast: &Cast, intervention: &Intervention) -> String {
    let choice = crate::choice_text::print(cast, &Choice::plain(intervention.kind));
    let after = intervention.after;
    match intervention.for_us {
        None => format!("after={after};{choice}"),
        Some(time) => format!("after={after};{choice};for={time}"),
    }
}

/// The cast of a scenario under its coupling, to read the interventions of a link with.
///
/// # Errors
/// Everything that is wrong with the scenario or its coupling.
pub fn cast_of(scenario: &Scenario) -> Result<Rc<Cast>, Vec<Problem>> {
    let problems = crate::scenario::validate(scenario);
    if !problems.is_empty() {
        return Err(problems);
    }
    let (plan, _) = crate::patterns::plan(scenario).map_err(|problem| vec![problem])?;
    Ok(plan.cast)
}

/// A named pattern, as a menu or the command line shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PatternInfo {
    /// Its name in documents and links.
    pub name: &'static str,
    /// Its name on screen.
    pub title: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// Its parts: write, read, store.
    pub parts: [&'static str; 3],
}

/// The named patterns in the order in which they are offered.
#[must_use]
pub fn patterns() -> Vec<PatternInfo> {
    crate::patterns::PATTERNS
        .iter()
        .map(|pattern| PatternInfo {
            name: pattern.name,
            title: pattern.title,
            about: pattern.about,
            parts: pattern.parts.names(),
        })
        .collect()
}

/// The members of the three families with what they are: write, read, store.
#[must_use]
pub fn families() -> [Vec<(&'static str, &'static str)>; 3] {
    use crate::patterns::{read, store, write};
    [
        write::TABLE.iter().map(|member| (member.name, member.about)).collect(),
        read::TABLE.iter().map(|member| (member.name, member.about)).collect(),
        store::TABLE.iter().map(|member| (member.name, member.about)).collect(),
    ]
}

/// The parts of a coupling: write, read, store.
///
/// # Errors
/// Where a name is not known, what is allowed.
pub fn parts_of(coupling: &Coupling) -> Result<[&'static str; 3], Problem> {
    crate::patterns::resolve(coupling).map(|(parts, _)| parts.names())
}

/// Switches a scenario to another coupling and changes nothing else.
#[must_use]
pub fn with_coupling(scenario: &Scenario, coupling: Coupling) -> Scenario {
    Scenario { coupling, ..scenario.clone() }
}
