//! What the explanations stand on: a scenario with one property, its worlds, and schedules played.

use std::fmt;
use std::rc::Rc;

use crate::choice::Choice;
use crate::choice_text;
use crate::event::Event;
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::EventIx;
use crate::patterns::{self, Parts};
use crate::plan::Plan;
use crate::properties::{Finding, Monitor, Rules, TABLE, Watcher};
use crate::scenario::document::Budget;
use crate::scenario::{self, Problem, Scenario};
use crate::session::CheckRequest;
use crate::trace::Trace;
use crate::verdict::{StatusChange, Violation};
use crate::world::{Sink, World};

/// A world, and what the property remembers of how it came about.
#[derive(Clone)]
pub(super) struct State {
    pub(super) world: World,
    pub(super) monitor: Monitor,
}

/// What the property says of a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Judged {
    /// It is broken, for good.
    Broken,
    /// The world is at rest and it holds.
    Holds,
    /// More can happen.
    Open,
}

/// A scenario within bounds, with one property.
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) scenario: Scenario,
    pub(super) plan: Rc<Plan>,
    pub(super) parts: Parts,
    pub(super) rules: Rc<Rules>,
    /// How many arrivals take part.
    pub(super) arrivals: u32,
    /// What may go wrong.
    pub(super) budget: Budget,
    id: &'static str,
    title: String,
    /// The property's place among those of its id; `None` where this coupling has none such.
    line: Option<usize>,
}

impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ground of {} for {}", self.scenario.title, self.title)
    }
}

impl Ground {
    /// # Errors
    /// Everything that is wrong with the scenario, and an id that no property has.
    pub(super) fn new(
        scenario: &Scenario,
        check: &CheckRequest,
        (id, title): (&str, &str),
    ) -> Result<Self, Vec<Problem>> {
        let problems = scenario::validate(scenario);
        if !problems.is_empty() {
            return Err(problems);
        }
        let Some(entry) = TABLE.iter().find(|entry| entry.id == id) else {
            let known: Vec<&str> = TABLE.iter().map(|entry| entry.id).collect();
            return Err(vec![Problem::new(
                "property",
                format!("there is no property {id:?}"),
                format!("use {}", known.join(", ")),
            )]);
        };
        let (plan, parts) = patterns::plan(scenario).map_err(|problem| vec![problem])?;
        let plan = Rc::new(plan);
        let rules = Rc::new(Rules::compile(scenario, &plan.cast));
        let bounds = &scenario.explore;
        let arrivals = check.transactions.unwrap_or(bounds.transactions).min(plan.arrivals());
        let mut ground = Self {
            scenario: scenario.clone(),
            plan,
            parts,
            rules,
            arrivals,
            budget: check.faults.unwrap_or(bounds.faults),
            id: entry.id,
            title: title.to_owned(),
            line: None,
        };
        let monitor = ground.start().monitor;
        ground.line = monitor.lines().iter().position(|line| line.title == title);
        Ok(ground)
    }

    /// The same with only these of the document's faults; `None` where the document is then wrong.
    pub(super) fn keeping_faults(&self, keep: impl Fn(usize) -> bool) -> Option<Self> {
        let scenario = super::faults::keeping(&self.scenario, keep);
        let check = CheckRequest {
            transactions: Some(self.arrivals),
            faults: Some(self.budget),
            ..CheckRequest::default()
        };
        Self::new(&scenario, &check, (self.id, &self.title)).ok()
    }

    /// Whether the property has anything to say under this coupling.
    pub(super) fn has_property(&self) -> bool {
        self.line.is_some()
    }

    /// The state before anything has happened.
    pub(super) fn start(&self) -> State {
        let world = World::new(Rc::clone(&self.plan), self.parts, false);
        State { world, monitor: Monitor::new(Rc::clone(&self.rules), Some(&[self.id])) }
    }

    /// The state after a choice; `None` where it cannot be made.
    pub(super) fn after(&self, state: &State, choice: &Choice) -> Option<State> {
        let mut next = state.clone();
        let mut sink = Watch { next: next.world.next_event, monitor: &mut next.monitor };
        next.world.apply(choice, &mut sink).ok()?;
        Some(next)
    }

    /// What the property says of a state.
    pub(super) fn judge(&self, state: &State) -> Judged {
        let Some(line) = self.line else { return Judged::Holds };
        if state.monitor.is_broken(line) {
            return Judged::Broken;
        }
        if !state.world.is_at_rest(self.arrivals) {
            return Judged::Open;
        }
        let mut found = Vec::new();
        state.monitor.at_rest(EventIx(0), &mut found);
        let broken = found.iter().any(|finding: &Finding| finding.line == line);
        if broken { Judged::Broken } else { Judged::Holds }
    }

    /// What a state is known by.
    pub(super) fn print(&self, state: &State) -> u64 {
        let mut h = Fingerprint::new();
        state.world.canon(&mut h);
        state.monitor.canon(&mut h);
        h.finish()
    }

    /// The choices of a schedule.
    ///
    /// # Errors
    /// The first line that names nothing of this coupling.
    pub(super) fn parse(&self, schedule: &[String]) -> Result<Vec<Choice>, Problem> {
        schedule.iter().map(|line| choice_text::parse(&self.plan.cast, line)).collect()
    }

    /// The text of a schedule.
    pub(super) fn print_all(&self, choices: &[Choice]) -> Vec<String> {
        choices.iter().map(|choice| choice_text::print(&self.plan.cast, choice)).collect()
    }

    /// Plays choices from the start.
    ///
    /// # Errors
    /// The choice that cannot be made.
    pub(super) fn play(&self, choices: &[Choice]) -> Result<Played, Problem> {
        let mut played = Played {
            choices: choices.to_vec(),
            states: vec![self.start()],
            trace: Trace::default(),
            violation: None,
            at_rest: false,
            atomicity: Vec::new(),
            rests: false,
        };
        let mut watcher = Watcher::new(Rc::clone(&self.rules));
        for (step, choice) in (1_usize..).zip(choices) {
            let mut next = played.end().clone();
            let mut sink = Record {
                trace: &mut played.trace,
                watcher: &mut watcher,
                monitor: &mut next.monitor,
            };
            next.world.apply(choice, &mut sink).map_err(|why| {
                let text = choice_text::print(&self.plan.cast, choice);
                Problem::new(
                    format!("schedule[{}]", step - 1),
                    format!("step {step} does not apply: {text}: {why}"),
                    "give the schedule with the scenario, the coupling and the engine that it was found with",
                )
            })?;
            played.states.push(next);
        }
        let mine = |at_rest: bool| {
            let mut reports = watcher.reports(at_rest).into_iter();
            let report = reports.find(|of| of.id == self.id && of.title == self.title);
            report.and_then(|report| report.violations.into_iter().next())
        };
        played.violation = mine(false);
        played.rests = played.end().world.is_at_rest(self.arrivals);
        if played.violation.is_none() && played.rests {
            played.violation = mine(true);
            played.at_rest = played.violation.is_some();
        }
        let half = watcher.reports(false).into_iter().find(|of| of.id == "atomicity");
        played.atomicity = half.map(|of| of.changes).unwrap_or_default();
        Ok(played)
    }

    /// Makes the first ordinary choice until none is left, or so many are made; the choices made.
    pub(super) fn to_rest(&self, state: &mut State, most: usize) -> Vec<Choice> {
        let mut made = Vec::new();
        let mut kinds = Vec::new();
        while made.len() < most {
            kinds.clear();
            state.world.ordinary(self.arrivals, &mut kinds);
            let next = kinds.iter().find_map(|kind| {
                let choice = Choice::plain(*kind);
                self.after(state, &choice).map(|next| (choice, next))
            });
            let Some((choice, next)) = next else { break };
            made.push(choice);
            *state = next;
        }
        made
    }
}

/// A schedule played.
pub(super) struct Played {
    pub(super) choices: Vec<Choice>,
    /// The state before each choice, and the last.
    pub(super) states: Vec<State>,
    pub(super) trace: Trace,
    /// The property's first violation.
    pub(super) violation: Option<Violation>,
    /// Whether it was found only by judging the end, which is at rest.
    pub(super) at_rest: bool,
    /// How the property atomicity changed: whether some transaction is half done.
    pub(super) atomicity: Vec<StatusChange>,
    rests: bool,
}

impl Played {
    /// Whether its end is at rest.
    pub(super) fn is_at_rest(&self) -> bool {
        self.rests
    }

    pub(super) fn end(&self) -> &State {
        // There is always the state before the first choice.
        &self.states[self.states.len() - 1]
    }
}

/// Tells one property what happens.
struct Watch<'a> {
    next: EventIx,
    monitor: &'a mut Monitor,
}

impl Sink for Watch<'_> {
    fn event(&mut self, event: Event) -> EventIx {
        let ix = self.next;
        self.next = EventIx(ix.0 + 1);
        self.monitor.observe(ix, &event, &mut Vec::new());
        ix
    }
}

/// Writes a trace, and tells all properties and the one.
struct Record<'a> {
    trace: &'a mut Trace,
    watcher: &'a mut Watcher,
    monitor: &'a mut Monitor,
}

impl Sink for Record<'_> {
    fn event(&mut self, event: Event) -> EventIx {
        let ix = EventIx(self.trace.len() as u32);
        self.watcher.observe(ix, &event);
        self.monitor.observe(ix, &event, &mut Vec::new());
        self.trace.push(event)
    }
}
