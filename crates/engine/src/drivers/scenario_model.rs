//! A scenario as a model for the explorer: worlds, choices, and the properties that watch them.

pub mod costs;
mod reduce;

use std::cell::Cell;
use std::rc::Rc;

use super::model::{Model, PropertyIx, RestRule};
use crate::choice::{Choice, ChoiceKind, Cut};
use crate::event::Event;
use crate::fingerprint::{Canon, Fingerprint, mix};
use crate::ids::EventIx;
use crate::patterns::Parts;
use crate::plan::Plan;
use crate::properties::{Exercised, Finding, Monitor, Rules};
use crate::scenario::document::Budget;
use crate::world::{Point, Sink, World};

/// A state: the world, and what the properties must remember of how it came about.
#[derive(Clone)]
pub struct State {
    /// The world.
    pub world: World,
    /// The properties.
    pub monitor: Monitor,
}

/// About how many bytes a world holds that waits, beside what it shares with others: measured over the shipped
/// scenarios as 1.5 to 4 KiB.
const STATE_BYTES: u64 = 3 << 10;

/// A scenario within bounds.
pub struct ScenarioModel {
    plan: Rc<Plan>,
    parts: Parts,
    rules: Rc<Rules>,
    selected: Option<Vec<String>>,
    arrivals: u32,
    budget: Budget,
    /// Faults in all, where that is fewer than the budget has.
    faults: u32,
    names: Vec<String>,
    exercised: Cell<Exercised>,
    /// What is left out, where that is asked for.
    reduction: Option<reduce::Reduction>,
}

/// A choice with the number by which it is found again.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// The choice.
    pub choice: Choice,
    /// Its place among what can be chosen, and which of its variants it is: 0 for the choice itself.
    code: u32,
    /// Whether it needs no fault.
    is_fair: bool,
}

/// Variants that a code can tell apart.
const VARIANTS: u32 = 1 << 12;

/// How many faults a budget allows in all.
#[must_use]
pub fn total(budget: &Budget) -> u32 {
    let Budget { crash, drop, duplicate, early_timer, give_up, pause } = *budget;
    [crash, drop, duplicate, early_timer, give_up, pause].map(u32::from).iter().sum()
}

impl ScenarioModel {
    /// A scenario with this many arrivals, this fault budget, of which so many faults may happen in all,
    /// watched by the selected properties (all where none is named).
    #[must_use]
    pub fn new(
        plan: Rc<Plan>,
        parts: Parts,
        arrivals: u32,
        budget: Budget,
        faults: u32,
        selected: Option<Vec<String>>,
    ) -> Self {
        let rules = Rc::new(Rules::compile(&plan.scenario, &plan.cast));
        let mut model = Self {
            plan,
            parts,
            rules,
            selected,
            arrivals,
            budget,
            faults,
            names: Vec::new(),
            exercised: Cell::new(Exercised::default()),
            reduction: None,
        };
        model.names = model.monitor().lines().iter().map(|line| line.title.clone()).collect();
        model
    }

    /// The same model without the choices that others stand for.
    #[must_use]
    pub fn reduced(mut self) -> Self {
        self.reduction = Some(reduce::Reduction::of(&self.plan, self.parts));
        self
    }

    /// The properties before anything has happened.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        let selected: Option<Vec<&str>> =
            self.selected.as_ref().map(|ids| ids.iter().map(String::as_str).collect());
        Monitor::new(Rc::clone(&self.rules), selected.as_deref())
    }

    /// How many compensations, recoveries, refusals and redeliveries were seen on the way.
    #[must_use]
    pub fn exercised(&self) -> Exercised {
        self.exercised.get()
    }

    /// Where no further fault may happen, what is left of the budget decides nothing any more.
    fn cap(&self, world: &mut World) {
        if self.faults < total(&self.budget)
            && total(&self.budget) - total(&world.budget) >= self.faults
        {
            world.budget = Budget::default();
        }
    }

    fn take(&self, state: &State, choice: Choice) -> Option<State> {
        let mut next = state.clone();
        next.world.spend(&choice.kind);
        match choice.cut {
            Some(Cut::CrashAfter { .. }) => next.world.budget.crash -= 1,
            Some(Cut::LoseReplyOf(_)) => next.world.budget.drop -= 1,
            None => {}
        }
        // Only a retry can come too early: a business timer fires at any point, for nothing.
        if let ChoiceKind::Fire(key) | ChoiceKind::GiveUp(key) = choice.kind
            && state.world.timers.get(&key).is_some_and(|timer| timer.alarm.clock.awaits())
            && !state.world.answer_is_lost(&key)
        {
            next.world.budget.early_timer -= 1;
        }
        self.cap(&mut next.world);
        let mut watch = Watch {
            monitor: &mut next.monitor,
            found: Vec::new(),
            exercised: self.exercised.get(),
            next: next.world.next_event,
        };
        next.world.apply(&choice, &mut watch).ok()?;
        self.exercised.set(watch.exercised);
        Some(next)
    }
}

/// Tells the properties what happens.
struct Watch<'a> {
    monitor: &'a mut Monitor,
    found: Vec<Finding>,
    exercised: Exercised,
    next: EventIx,
}

impl Sink for Watch<'_> {
    fn event(&mut self, event: Event) -> EventIx {
        let ix = self.next;
        self.next = EventIx(ix.0 + 1);
        self.exercised.see(&event);
        self.monitor.observe(ix, &event, &mut self.found);
        ix
    }
}

impl Model for ScenarioModel {
    type State = State;
    type Action = Taken;

    fn initial(&self, emit: &mut dyn FnMut(State)) {
        let mut world = World::new(Rc::clone(&self.plan), self.parts, false);
        world.budget = self.budget;
        self.cap(&mut world);
        emit(State { world, monitor: self.monitor() });
    }

    /// In the order of [`World::ordinary`] and [`World::faulty`]. After each choice come its
    /// variants: crashes after its effects, then lost replies of its calls.
    fn successors(&self, state: &State, emit: &mut dyn FnMut(Taken, State)) {
        let (kinds, ordinary) = choices(state, self.arrivals);
        let alone = self.ample(state, &kinds[..ordinary]);
        let mut cuts = Vec::new();
        for (ix, kind) in kinds.iter().enumerate() {
            if alone.is_some_and(|alone| alone != ix) || self.is_mirrored(&state.world, kind) {
                continue;
            }
            let plain = Choice::plain(*kind);
            let Some(next) = self.take(state, plain) else { continue };
            cuts.clear();
            if ix < ordinary {
                cut_variants(&state.world, *kind, &next.world.points, &mut cuts);
            }
            let code = ix as u32 * VARIANTS;
            emit(Taken { choice: plain, code, is_fair: ix < ordinary }, next);
            for (code, cut) in (code + 1..).zip(cuts.iter().take(VARIANTS as usize - 1)) {
                let choice = Choice { kind: *kind, cut: Some(*cut) };
                if let Some(next) = self.take(state, choice) {
                    emit(Taken { choice, code, is_fair: false }, next);
                }
            }
        }
    }

    fn code(&self, _: u32, action: &Taken) -> u32 {
        action.code
    }

    fn step(&self, state: &State, code: u32) -> Option<(Taken, State)> {
        let (kinds, ordinary) = choices(state, self.arrivals);
        let ix = (code / VARIANTS) as usize;
        let plain = Choice::plain(*kinds.get(ix)?);
        let next = self.take(state, plain)?;
        if code.is_multiple_of(VARIANTS) {
            return Some((Taken { choice: plain, code, is_fair: ix < ordinary }, next));
        }
        let mut cuts = Vec::new();
        cut_variants(&state.world, plain.kind, &next.world.points, &mut cuts);
        let cut = cuts.get((code % VARIANTS) as usize - 1)?;
        let choice = Choice { kind: plain.kind, cut: Some(*cut) };
        Some((Taken { choice, code, is_fair: false }, self.take(state, choice)?))
    }

    /// A fault is drawn one time in eight, and so is a cut in the middle of a choice: where all choices were
    /// equally likely a walk would spend its faults at its very beginning. A walk ends at rest.
    fn random_step(&self, state: &State, draw: u64) -> Option<(u32, Taken, State)> {
        let (kinds, ordinary) = choices(state, self.arrivals);
        let faults = kinds.len() - ordinary;
        let is_fault = faults > 0 && draw.is_multiple_of(8);
        let (from, count) = if is_fault { (ordinary, faults) } else { (0, ordinary) };
        let ix = from + (draw / 8).checked_rem(count as u64)? as usize;
        let draw = mix(draw);
        let code = ix as u32 * VARIANTS;
        let (taken, next) = self.step(state, code)?;
        if !is_fault && draw.is_multiple_of(8) {
            let mut cuts = Vec::new();
            cut_variants(&state.world, kinds[ix], &next.world.points, &mut cuts);
            let variant = (draw / 8).checked_rem(cuts.len().min(VARIANTS as usize - 1) as u64);
            if let Some((taken, next)) =
                variant.and_then(|variant| self.step(state, code + 1 + variant as u32))
            {
                return Some((taken.code, taken, next));
            }
        }
        Some((code, taken, next))
    }

    fn is_fair(&self, action: &Taken) -> bool {
        action.is_fair
    }

    fn state_bytes(&self) -> u64 {
        STATE_BYTES
    }

    fn fingerprint(&self, state: &State) -> u64 {
        let mut h = Fingerprint::new();
        state.world.canon(&mut h);
        state.monitor.canon(&mut h);
        h.finish()
    }

    fn properties(&self) -> Vec<String> {
        self.names.clone()
    }

    fn check(&self, state: &State, at_rest: bool, violated: &mut dyn FnMut(PropertyIx)) {
        for line in state.monitor.broken() {
            violated(PropertyIx(line as u16));
        }
        if at_rest {
            let mut found = Vec::new();
            state.monitor.at_rest(EventIx(0), &mut found);
            for finding in found {
                violated(PropertyIx(finding.line as u16));
            }
        }
    }

    fn rest_rule(&self) -> RestRule {
        RestRule::Told
    }

    fn at_rest(&self, state: &State) -> bool {
        state.world.is_at_rest(self.arrivals)
    }
}

/// What can be chosen in a state: ordinary choices and how many they are, then faults.
fn choices(state: &State, arrivals: u32) -> (Vec<ChoiceKind>, usize) {
    let mut kinds = Vec::new();
    state.world.ordinary(arrivals, &mut kinds);
    let ordinary = kinds.len();
    state.world.faulty(&mut kinds);
    (kinds, ordinary)
}

/// What a property says at the end of a path, in a sentence.
#[must_use]
pub fn explain(
    path: &super::explore::Path<State, Taken>,
    line: usize,
    at_rest: bool,
) -> Option<String> {
    let mut found = Vec::new();
    let before = path.steps.len().checked_sub(2).map_or(&path.initial, |ix| &path.steps[ix].1);
    let (Taken { choice, .. }, last) = path.steps.last()?;
    let mut state = before.clone();
    let mut watch = Watch {
        monitor: &mut state.monitor,
        found: Vec::new(),
        exercised: Exercised::default(),
        next: state.world.next_event,
    };
    state.world.apply(choice, &mut watch).ok()?;
    found.append(&mut watch.found);
    if at_rest {
        last.monitor.at_rest(last.world.next_event, &mut found);
    }
    found.into_iter().find(|finding| finding.line == line).map(|finding| finding.why)
}

/// The faults that can fall into the middle of a choice: a crash before its first effect and after
/// each, and the loss of the reply of each call. Clients neither crash nor call synchronously.
fn cut_variants(world: &World, kind: ChoiceKind, points: &[Point], cuts: &mut Vec<Cut>) {
    let at_client = matches!(kind, ChoiceKind::Arrive { .. })
        || matches!(kind, ChoiceKind::Deliver(key) if key.to == world.plan.clients())
        || matches!(kind, ChoiceKind::Fire(key) if key.node == world.plan.clients());
    if at_client {
        return;
    }
    if world.budget.crash > 0 {
        cuts.push(Cut::CrashAfter { effects: 0, lose: 0 });
        for (ix, point) in points.iter().enumerate() {
            for lose in 0..=point.unforced {
                cuts.push(Cut::CrashAfter { effects: ix as u8 + 1, lose });
            }
        }
    }
    if world.budget.drop > 0 {
        let calls = points.iter().enumerate().filter(|(_, point)| point.call);
        cuts.extend(calls.map(|(ix, _)| Cut::LoseReplyOf(ix as u8)));
    }
}
