//! A run: a driver, the trace that it writes, and checkpoints to go back to.

use std::rc::Rc;

use super::stats::Counter;
use super::{Check, CheckRequest, ChoiceView, RunInput, RunState, RunStats, Session, check};
use crate::cast::{Cast, NodeKind};
use crate::choice::{Choice, ChoiceKind, Intervention};
use crate::choice_text;
use crate::drivers::replay::Replay;
use crate::drivers::simulate::{SimEnd, Simulator};
use crate::event::{Event, EventKind};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{EventIx, NodeIx, txn_name};
use crate::patterns::{self, Parts};
use crate::plan::Plan;
use crate::properties::{Monitor, Rules, Watcher};
use crate::scenario::{Problem, Scenario};
use crate::trace::Trace;
use crate::verdict::PropertyReport;
use crate::world::{Sink, World};

/// Events between two checkpoints at first; it doubles when there are too many.
const CHECKPOINT_EVENTS: usize = 2_048;
/// The most checkpoints that are kept.
const CHECKPOINTS_MAX: usize = 64;

/// Who picks the choices.
#[derive(Clone, Debug)]
enum Driver {
    Simulate(Box<Simulator>),
    Replay(Box<Replay>),
}

impl Driver {
    fn world(&self) -> &World {
        match self {
            Self::Simulate(simulator) => &simulator.world,
            Self::Replay(replay) => &replay.world,
        }
    }

    fn world_mut(&mut self) -> &mut World {
        match self {
            Self::Simulate(simulator) => &mut simulator.world,
            Self::Replay(replay) => &mut replay.world,
        }
    }

    /// Makes the next choices; `Some` where the run is over.
    fn step(
        &mut self,
        cast: &Cast,
        sink: &mut dyn Sink,
        made: &mut Vec<Choice>,
    ) -> Option<RunState> {
        match self {
            Self::Simulate(simulator) => simulator.step(sink, made).map(|end| match end {
                SimEnd::AtRest => RunState::AtRest,
                SimEnd::TimeLimit => RunState::TimeLimit,
            }),
            Self::Replay(replay) => match replay.step(sink, made) {
                Ok(true) => None,
                Ok(false) if replay.world.is_at_rest(replay.world.arrived) => {
                    Some(RunState::AtRest)
                }
                Ok(false) => Some(RunState::ScheduleEnd),
                Err(diverged) => {
                    let text =
                        replay.choice(diverged.step).map(|choice| choice_text::print(cast, choice));
                    let why = format!("{}: {}", text.unwrap_or_default(), diverged.why);
                    Some(RunState::ScheduleBroken { step: diverged.step, why })
                }
            },
        }
    }
}

/// Everything that is written down about a run.
#[derive(Clone)]
struct Record {
    trace: Trace,
    digest: Fingerprint,
    watcher: Watcher,
    counter: Counter,
}

impl Record {
    fn new(cast: &Cast, rules: Rc<Rules>) -> Self {
        Self {
            trace: Trace::default(),
            digest: Fingerprint::new(),
            watcher: Watcher::new(rules),
            counter: Counter::new(cast),
        }
    }
}

impl Sink for Record {
    fn event(&mut self, event: Event) -> EventIx {
        let ix = EventIx(self.trace.len() as u32);
        event.canon(&mut self.digest);
        self.watcher.observe(ix, &event);
        self.counter.observe(ix, &event);
        self.trace.push(event)
    }
}

/// Counts without a trace. Its monitor checks nothing and only keeps the ledger.
struct CountOnly {
    next: EventIx,
    counter: Counter,
    monitor: Monitor,
}

impl Sink for CountOnly {
    fn event(&mut self, event: Event) -> EventIx {
        let ix = self.next;
        self.next = EventIx(ix.0 + 1);
        self.monitor.observe(ix, &event, &mut Vec::new());
        self.counter.observe(ix, &event);
        ix
    }
}

/// Runs a scenario to its end and keeps only counts.
pub(super) fn measure(scenario: &Scenario) -> Result<RunStats, Problem> {
    let (plan, parts) = patterns::plan(scenario)?;
    let plan = Rc::new(plan);
    let rules = Rc::new(Rules::compile(scenario, &plan.cast));
    let mut sink = CountOnly {
        next: EventIx(0),
        counter: Counter::new(&plan.cast),
        monitor: Monitor::new(Rc::clone(&rules), Some(&[])),
    };
    let mut simulator = Simulator::new(World::new(Rc::clone(&plan), parts, true));
    let mut made = Vec::new();
    while sink.next.0 < scenario.limits.events && simulator.step(&mut sink, &mut made).is_none() {
        made.clear();
    }
    Ok(sink.counter.stats(&plan.cast, sink.monitor.ledger(), &rules))
}

/// Shows events and keeps none.
struct Show<'a> {
    next: EventIx,
    each: &'a mut dyn FnMut(&Event),
}

impl Sink for Show<'_> {
    fn event(&mut self, event: Event) -> EventIx {
        let ix = self.next;
        self.next = EventIx(ix.0 + 1);
        (self.each)(&event);
        ix
    }
}

/// Runs a scenario to its end and shows each event.
pub(super) fn watch(
    scenario: &Scenario,
    each: &mut dyn FnMut(&Event),
) -> Result<RunState, Problem> {
    let (plan, parts) = patterns::plan(scenario)?;
    let mut sink = Show { next: EventIx(0), each };
    let mut simulator = Simulator::new(World::new(Rc::new(plan), parts, true));
    let mut made = Vec::new();
    while sink.next.0 < scenario.limits.events {
        if let Some(end) = simulator.step(&mut sink, &mut made) {
            return Ok(match end {
                SimEnd::AtRest => RunState::AtRest,
                SimEnd::TimeLimit => RunState::TimeLimit,
            });
        }
        made.clear();
    }
    Ok(RunState::EventLimit)
}

/// A moment to go back to.
#[derive(Clone)]
struct Checkpoint {
    events: usize,
    made: usize,
    driver: Driver,
}

/// A run.
pub(super) struct Run {
    input: RunInput,
    plan: Rc<Plan>,
    parts: Parts,
    rules: Rc<Rules>,
    driver: Driver,
    record: Record,
    made: Vec<Choice>,
    state: RunState,
    checkpoints: Vec<Checkpoint>,
    spacing: usize,
}

impl Run {
    pub(super) fn new(input: &RunInput) -> Result<Self, Problem> {
        let (plan, parts) = patterns::plan(&input.scenario)?;
        Self::of(input, plan, parts)
    }

    /// A run whose patterns have a deliberate fault.
    #[cfg(feature = "mutations")]
    pub(super) fn with(
        input: &RunInput,
        fault: crate::mutation::Mutation,
    ) -> Result<Self, Problem> {
        let (mut plan, parts) = patterns::plan(&input.scenario)?;
        plan.mutation = Some(fault);
        Self::of(input, plan, parts)
    }

    fn of(input: &RunInput, plan: Plan, parts: Parts) -> Result<Self, Problem> {
        let plan = Rc::new(plan);
        let rules = Rc::new(Rules::compile(&input.scenario, &plan.cast));
        let mut world = World::new(Rc::clone(&plan), parts, input.schedule.is_none());
        world.interventions = Rc::new(input.interventions.clone());
        let driver = match &input.schedule {
            None => Driver::Simulate(Box::new(Simulator::new(world))),
            Some(lines) => {
                let schedule: Result<Vec<Choice>, Problem> =
                    lines.iter().map(|line| choice_text::parse(&plan.cast, line)).collect();
                Driver::Replay(Box::new(Replay::new(world, schedule?)))
            }
        };
        let record = Record::new(&plan.cast, Rc::clone(&rules));
        let checkpoints = vec![Checkpoint { events: 0, made: 0, driver: driver.clone() }];
        Ok(Self {
            input: input.clone(),
            plan,
            parts,
            rules,
            driver,
            record,
            made: Vec::new(),
            state: RunState::Running,
            checkpoints,
            spacing: CHECKPOINT_EVENTS,
        })
    }

    fn step(&mut self) {
        if self.record.trace.len() >= self.input.scenario.limits.events as usize {
            self.state = RunState::EventLimit;
            return;
        }
        let end = self.driver.step(&self.plan.cast, &mut self.record, &mut self.made);
        if let Some(end) = end {
            self.state = end;
            return;
        }
        let events = self.record.trace.len();
        let last = self.checkpoints.last().map_or(0, |checkpoint| checkpoint.events);
        if events >= last + self.spacing {
            let driver = self.driver.clone();
            self.checkpoints.push(Checkpoint { events, made: self.made.len(), driver });
            if self.checkpoints.len() > CHECKPOINTS_MAX {
                let mut ix = 0;
                self.checkpoints.retain(|_| {
                    ix += 1;
                    ix % 2 == 1
                });
                self.spacing *= 2;
            }
        }
    }

    /// The last checkpoint at or before this many events.
    fn checkpoint(&self, events: usize) -> &Checkpoint {
        let behind = self.checkpoints.partition_point(|checkpoint| checkpoint.events <= events);
        &self.checkpoints[behind.saturating_sub(1)]
    }

    /// The world right after the choice that an event belongs to.
    fn world_after(&self, event: EventIx) -> World {
        let from = self.checkpoint(event.ix());
        let mut driver = from.driver.clone();
        let mut sink = Discard { next: EventIx(from.events as u32) };
        let mut made = Vec::new();
        while sink.next <= event && driver.step(&self.plan.cast, &mut sink, &mut made).is_none() {
            made.clear();
        }
        driver.world().clone()
    }
}

/// Numbers events and forgets them.
struct Discard {
    next: EventIx,
}

impl Sink for Discard {
    fn event(&mut self, _event: Event) -> EventIx {
        let ix = self.next;
        self.next = EventIx(ix.0 + 1);
        ix
    }
}

impl Session for Run {
    fn input(&self) -> &RunInput {
        &self.input
    }

    fn cast(&self) -> &Rc<Cast> {
        &self.plan.cast
    }

    fn trace(&self) -> &Trace {
        &self.record.trace
    }

    fn run_slice(&mut self, choices_max: u32) -> RunState {
        for _ in 0..choices_max {
            if self.state != RunState::Running {
                break;
            }
            self.step();
        }
        self.state.clone()
    }

    fn run_to(&mut self, event: EventIx) -> RunState {
        while self.state == RunState::Running && self.record.trace.len() <= event.ix() {
            self.step();
        }
        self.state.clone()
    }

    fn state(&self) -> &RunState {
        &self.state
    }

    fn digest(&self) -> String {
        format!("{:016x}", self.record.digest.finish())
    }

    fn properties(&self) -> Vec<PropertyReport> {
        self.record.watcher.reports(self.state == RunState::AtRest)
    }

    fn stats(&self) -> RunStats {
        let ledger = self.record.watcher.monitor().ledger();
        self.record.counter.stats(&self.plan.cast, ledger, &self.rules)
    }

    fn faults_not_occurred(&self) -> Vec<usize> {
        let occurred: std::collections::BTreeSet<usize> =
            self.record
                .trace
                .events()
                .iter()
                .filter_map(|event| match &event.kind {
                    EventKind::Crashed { fault: Some(fault), .. }
                    | EventKind::FaultBegan { fault } => Some(fault.ix()),
                    _ => None,
                })
                .collect();
        let faults = &self.plan.scenario.faults;
        (0..faults.len()).filter(|ix| !occurred.contains(ix)).collect()
    }

    fn interventions_refused(&self) -> Vec<usize> {
        let world = self.driver.world();
        let mut refused = world.refused_interventions.clone();
        if self.state != RunState::Running {
            // The run ended before their events.
            refused.extend(world.intervened..self.input.interventions.len());
        }
        refused
    }

    fn choices_after(&self, event: EventIx) -> Vec<ChoiceView> {
        let world = self.world_after(event);
        by_hand(&world)
            .into_iter()
            .map(|kind| ChoiceView {
                choice: Choice::plain(kind),
                text: words(&self.plan.cast, &kind),
                fault: kind.is_fault(),
                node: node_of(&kind, self.plan.clients()),
            })
            .collect()
    }

    fn choice_text(&self, choice: &Choice) -> String {
        choice_text::print(&self.plan.cast, choice)
    }

    fn schedule(&self) -> Vec<String> {
        self.made.iter().map(|choice| choice_text::print(&self.plan.cast, choice)).collect()
    }

    fn fork(&self, intervention: Intervention) -> Result<Box<dyn Session>, Problem> {
        let after = intervention.after.ix();
        if after >= self.record.trace.len() {
            return Err(Problem::new(
                format!("after={after}"),
                format!("the run has {} events", self.record.trace.len()),
                "choose an event of the run",
            ));
        }
        let mut interventions = self.input.interventions.clone();
        interventions.retain(|earlier| earlier.after <= intervention.after);
        interventions.push(intervention);
        let number = interventions.len() - 1;
        let from = self.checkpoint(after);
        let mut driver = from.driver.clone();
        driver.world_mut().interventions = Rc::new(interventions.clone());
        let mut record = Record::new(&self.plan.cast, Rc::clone(&self.rules));
        for event in &self.record.trace.events()[..from.events] {
            record.event(event.clone());
        }
        let input = RunInput { interventions, ..self.input.clone() };
        let behind = self.checkpoints.partition_point(|checkpoint| checkpoint.events <= after);
        let mut run = Run {
            input,
            plan: Rc::clone(&self.plan),
            parts: self.parts,
            rules: Rc::clone(&self.rules),
            driver,
            record,
            made: self.made[..from.made].to_vec(),
            state: RunState::Running,
            checkpoints: self.checkpoints[..behind.max(1)].to_vec(),
            spacing: self.spacing,
        };
        for checkpoint in &mut run.checkpoints {
            checkpoint.driver.world_mut().interventions = Rc::new(run.input.interventions.clone());
        }
        while run.state == RunState::Running && run.driver.world().intervened <= number {
            run.step();
        }
        if run.driver.world().refused_interventions.contains(&number) {
            let text = super::intervention_text(&self.plan.cast, &run.input.interventions[number]);
            return Err(Problem::new(
                text,
                "that cannot happen at this event",
                "choose another moment or another fault",
            ));
        }
        Ok(Box::new(run))
    }

    fn check(&self, request: &CheckRequest) -> Result<Box<dyn Check>, Problem> {
        check::start(&self.plan, self.parts, request)
    }
}

/// What a person can do at a moment: faults without a budget, and restarts.
fn by_hand(world: &World) -> Vec<ChoiceKind> {
    let mut kinds = Vec::new();
    for (ix, info) in world.plan.cast.nodes.iter().enumerate() {
        let node = NodeIx(ix as u8);
        if info.db.is_some() || matches!(info.kind, NodeKind::Member(_)) {
            kinds.push(if world.is_up(node) {
                ChoiceKind::Crash { node, lose: u8::MAX }
            } else {
                ChoiceKind::Restart { node }
            });
        }
    }
    for key in world.network.keys() {
        kinds.push(ChoiceKind::Drop(key));
        kinds.push(ChoiceKind::Duplicate(key));
    }
    for (topic, partition, content) in world.broker.partitions() {
        for service in &world.plan.cast.topics[topic.ix()].consumers {
            let Some(node) = world.broker.reader(*service, topic, partition) else { continue };
            let position = content.group(*service).position;
            if world.is_up(node) && world.last_handled(node, topic, partition, position).is_some() {
                kinds.push(ChoiceKind::Redeliver { node, topic, partition });
            }
        }
    }
    kinds
}

fn node_of(kind: &ChoiceKind, clients: NodeIx) -> NodeIx {
    match kind {
        ChoiceKind::Deliver(key) | ChoiceKind::Drop(key) | ChoiceKind::Duplicate(key) => key.to,
        ChoiceKind::Consume { node, .. }
        | ChoiceKind::Redeliver { node, .. }
        | ChoiceKind::Relay { node }
        | ChoiceKind::Crash { node, .. }
        | ChoiceKind::Proceed { node, .. }
        | ChoiceKind::Expel { node, .. }
        | ChoiceKind::Restart { node } => *node,
        ChoiceKind::Fire(key) | ChoiceKind::GiveUp(key) => key.node,
        ChoiceKind::Arrive { .. } | ChoiceKind::Begin(_) | ChoiceKind::End(_) => clients,
    }
}

/// A choice in plain words.
pub(crate) fn words(cast: &Cast, kind: &ChoiceKind) -> String {
    let topic = |ix: usize| cast.topics.get(ix).map_or("?", |info| info.name.as_str());
    match kind {
        ChoiceKind::Arrive { number, .. } => format!("arrival {} comes", number + 1),
        ChoiceKind::Deliver(key) => {
            format!(
                "{} handles {} of {}",
                cast.node(key.to),
                cast.sym(key.label),
                txn_name(key.txn)
            )
        }
        ChoiceKind::Proceed { node, txn } => {
            format!("{} goes on with {}", cast.node(*node), txn_name(*txn))
        }
        ChoiceKind::Drop(key) => {
            format!(
                "{} of {} to {} is lost",
                cast.sym(key.label),
                txn_name(key.txn),
                cast.node(key.to)
            )
        }
        ChoiceKind::Duplicate(key) => {
            format!(
                "{} of {} to {} arrives twice",
                cast.sym(key.label),
                txn_name(key.txn),
                cast.node(key.to)
            )
        }
        ChoiceKind::Consume { node, topic: of, .. } => {
            format!("{} handles the next record of {}", cast.node(*node), topic(of.ix()))
        }
        ChoiceKind::Redeliver { node, topic: of, .. } => {
            format!("{} gets its last record of {} again", cast.node(*node), topic(of.ix()))
        }
        ChoiceKind::Relay { node } => format!("the relay of {} publishes", cast.node(*node)),
        ChoiceKind::Fire(key) => {
            format!("{} waits no longer for {}", cast.node(key.node), txn_name(key.txn))
        }
        ChoiceKind::GiveUp(key) => {
            format!("{} gives up on {}", cast.node(key.node), txn_name(key.txn))
        }
        ChoiceKind::Crash { node, .. } => format!("{} crashes", cast.node(*node)),
        ChoiceKind::Restart { node } => format!("{} restarts", cast.node(*node)),
        ChoiceKind::Begin(fault) => cast.faults[fault.ix()].clone(),
        ChoiceKind::End(fault) => format!("{} ends", cast.faults[fault.ix()]),
        ChoiceKind::Expel { node, held: None } => {
            format!("the consumer group gives up on {}", cast.node(*node))
        }
        ChoiceKind::Expel { node, held: Some((of, _)) } => format!(
            "{} stands still with a record of {}, and its consumer group gives it up",
            cast.node(*node),
            topic(of.ix())
        ),
    }
}
