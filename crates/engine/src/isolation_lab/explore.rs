//! Every interleaving of an experiment under one setting.
//!
//! States are visited level by level: a state fixes how many steps each transaction has made, so
//! that all ways to it are equally long, and all ways to a level are known before it is left. What
//! two orders of steps leave the same (the database, and what every transaction has seen and
//! written) is one state, and the number of orders that lead to it is kept. So each interleaving is
//! counted once, though few of them are run on their own.
//!
//! The same system is a [`Model`] for the explorer of scenarios; a test holds the two against each
//! other, and both against running the interleavings one by one.

use std::collections::BTreeMap;

use super::machine::{Bench, Machine};
use super::phenomena::{self, Phenomenon, Shown};
use crate::drivers::model::{Model, PropertyIx, RestRule};
use crate::fingerprint::Fingerprint;

/// The most states of one setting, unless another number is asked for.
pub const STATES_MAX: u32 = 200_000;
/// The most states that wait at the same time.
const WAITING_MAX: usize = 20_000;

/// How the best way to a state, of those whose last step is a given transaction's, came there.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// How often another transaction took over.
    turns: u16,
    /// The state before, and whose step led to that.
    from: Option<(u32, u8)>,
}

/// A state that waits to be expanded.
#[derive(Debug)]
struct Waiting {
    machine: Machine,
    /// Its number.
    state: u32,
    /// How many orders of steps lead to it.
    orders: u64,
}

/// What is known of a phenomenon.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// In how many interleavings it shows.
    pub interleavings: u64,
    /// The one that is shown: whose step is next, from the first to the last. Of those with the
    /// fewest steps one in which the transactions take turns least often.
    pub schedule: Vec<u8>,
}

/// How far an exploration came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// It is under way.
    Running,
    /// Every interleaving is counted.
    Complete,
    /// There are more states than are allowed.
    Cut,
}

/// An exploration that is run in slices.
#[derive(Debug)]
pub struct Exploration {
    bench: Bench,
    states_max: u32,
    level: std::vec::IntoIter<Waiting>,
    next: BTreeMap<u64, Waiting>,
    /// For each state and each transaction, the best way whose last step was its.
    ways: Vec<[Option<Way>; 4]>,
    /// For each phenomenon its tally, and the steps and turns of its schedule.
    tallies: BTreeMap<Phenomenon, (Tally, (usize, u16))>,
    /// The steps that lead to the level.
    depth: usize,
    extent: Extent,
    /// Interleavings that came to their end.
    pub interleavings: u64,
    /// Steps taken.
    pub transitions: u64,
    /// Runs that stand still although no transaction is over: there should be none.
    pub stuck: u64,
}

impl Exploration {
    /// An exploration that has visited the first state and nothing else.
    #[must_use]
    pub fn new(bench: Bench, states_max: u32) -> Self {
        let first = Waiting { machine: bench.start(), state: 0, orders: 1 };
        let mut way = [None; 4];
        way[0] = Some(Way { turns: 0, from: None });
        Self {
            bench,
            states_max,
            level: vec![first].into_iter(),
            next: BTreeMap::new(),
            ways: vec![way],
            tallies: BTreeMap::new(),
            depth: 0,
            extent: Extent::Running,
            interleavings: 0,
            transitions: 0,
            stuck: 0,
        }
    }

    /// How far it came.
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// Distinct states so far.
    #[must_use]
    pub fn states(&self) -> u32 {
        self.ways.len() as u32
    }

    /// What is known of a phenomenon; nothing where no interleaving shows it.
    #[must_use]
    pub fn tally(&self, of: Phenomenon) -> Option<&Tally> {
        self.tallies.get(&of).map(|(tally, _)| tally)
    }

    /// Expands up to so many states; tells whether nothing is left to do.
    pub fn run_slice(&mut self, states_max: u32) -> bool {
        for _ in 0..states_max {
            if self.extent != Extent::Running {
                break;
            }
            match self.level.next() {
                Some(waiting) => self.expand(&waiting),
                None if self.next.is_empty() => self.extent = Extent::Complete,
                None => {
                    let next = std::mem::take(&mut self.next);
                    self.level = next.into_values().collect::<Vec<_>>().into_iter();
                    self.depth += 1;
                }
            }
        }
        self.extent != Extent::Running
    }

    fn expand(&mut self, waiting: &Waiting) {
        let mut moved = false;
        for who in waiting.machine.ready() {
            moved = true;
            let mut machine = waiting.machine.clone();
            self.bench.step(&mut machine, who);
            self.transitions += 1;
            let fingerprint = Fingerprint::of(&machine);
            if !self.next.contains_key(&fingerprint) {
                if self.ways.len() as u32 >= self.states_max || self.next.len() >= WAITING_MAX {
                    self.extent = Extent::Cut;
                    return;
                }
                let state = self.ways.len() as u32;
                self.ways.push([None; 4]);
                self.next.insert(fingerprint, Waiting { machine, state, orders: 0 });
            }
            if let Some(next) = self.next.get_mut(&fingerprint) {
                next.orders = next.orders.saturating_add(waiting.orders);
                let way = self.best_way(waiting.state, who);
                let known = &mut self.ways[self.next[&fingerprint].state as usize][who];
                if known.is_none_or(|known| way.turns < known.turns) {
                    *known = Some(way);
                }
            }
        }
        if !moved {
            self.over(waiting);
        }
    }

    /// The way to a state and from there on by a transaction's step that has the fewest turns.
    fn best_way(&self, state: u32, who: usize) -> Way {
        let ways = self.ways[state as usize].iter().enumerate();
        let is_first = state == 0;
        let best = ways
            .filter_map(|(last, way)| {
                let turns = way.as_ref()?.turns + u16::from(!is_first && last != who);
                Some(Way { turns, from: Some((state, last as u8)) })
            })
            .min_by_key(|way| way.turns);
        best.unwrap_or(Way { turns: 0, from: None })
    }

    /// An interleaving has come to its end.
    fn over(&mut self, waiting: &Waiting) {
        use super::machine::Standing;
        self.interleavings = self.interleavings.saturating_add(waiting.orders);
        let is_stuck = waiting.machine.standing().contains(&Standing::Waiting);
        self.stuck = self.stuck.saturating_add(if is_stuck { waiting.orders } else { 0 });
        let shown = shown(&self.bench, &waiting.machine);
        let ways = self.ways[waiting.state as usize].iter().enumerate();
        let best = ways.filter_map(|(last, way)| Some((way.as_ref()?.turns, last as u8))).min();
        let Some((turns, last)) = best else { return };
        let cost = (self.depth, turns);
        for phenomenon in shown.iter() {
            let is_better = self.tallies.get(&phenomenon).is_none_or(|(_, known)| cost < *known);
            let schedule = is_better.then(|| self.schedule(waiting.state, last));
            let (tally, known) =
                self.tallies.entry(phenomenon).or_insert_with(|| (Tally::default(), cost));
            tally.interleavings = tally.interleavings.saturating_add(waiting.orders);
            if let Some(schedule) = schedule {
                tally.schedule = schedule;
                *known = cost;
            }
        }
    }

    /// Whose steps lead to a state, on the best way whose last step is a given transaction's.
    fn schedule(&self, state: u32, last: u8) -> Vec<u8> {
        let mut schedule = Vec::new();
        let mut at = Some((state, last));
        while let Some((state, last)) = at {
            at = self.ways[state as usize][usize::from(last)].and_then(|way| way.from);
            if at.is_some() {
                schedule.push(last);
            }
        }
        schedule.reverse();
        schedule
    }
}

/// What a run that is over shows.
#[must_use]
pub fn shown(bench: &Bench, machine: &Machine) -> Shown {
    phenomena::of_run(&bench.history(machine), machine)
}

/// An experiment under a setting as a model: each phenomenon is a property that says that it does
/// not show. Steps are emitted in the order of the transactions.
#[derive(Debug)]
pub struct LabModel(pub Bench);

impl Model for LabModel {
    type State = Machine;
    type Action = u8;

    fn initial(&self, emit: &mut dyn FnMut(Machine)) {
        emit(self.0.start());
    }

    fn successors(&self, state: &Machine, emit: &mut dyn FnMut(u8, Machine)) {
        for who in state.ready() {
            let mut machine = state.clone();
            self.0.step(&mut machine, who);
            emit(who as u8, machine);
        }
    }

    fn fingerprint(&self, state: &Machine) -> u64 {
        Fingerprint::of(state)
    }

    fn properties(&self) -> Vec<String> {
        Phenomenon::ALL.iter().map(|one| one.name().to_owned()).collect()
    }

    fn check(&self, state: &Machine, at_rest: bool, violated: &mut dyn FnMut(PropertyIx)) {
        if at_rest {
            for one in shown(&self.0, state).iter() {
                violated(PropertyIx(one as u16));
            }
        }
    }

    fn rest_rule(&self) -> RestRule {
        RestRule::Told
    }

    fn at_rest(&self, state: &Machine) -> bool {
        state.ready().next().is_none()
    }
}
