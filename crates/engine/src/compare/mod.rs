//! Comparing couplings: the same scenario under each, over many seeds, and what each costs.
//!
//! Every coupling is run on every seed. Arrivals, inputs, delays and dice are keyed draws, so that
//! the runs of one seed differ by the coupling alone; differences are therefore taken seed by seed.
//! Where that is not so (a fault that does not occur under a coupling, clients that wait for their
//! answers) the column says that it is not paired.
//!
//! A [`Comparison`] works in slices and can be asked for its [`Report`] at any time.

mod ages;
mod downtime;
mod locks;
mod measured;
mod meter;
mod metrics;
pub mod record;
mod report;
mod request;
mod shipped;
mod statistics;
mod sweep;
mod words;

use std::rc::Rc;

use crate::cast::Cast;
use crate::choice::Choice;
use crate::drivers::simulate::{SimEnd, Simulator};
use crate::patterns;
use crate::scenario::{Problem, Scenario};
use crate::world::World;
use measured::Measured;
use meter::Meter;

pub use metrics::{Metric, Unit};
pub use report::{Broken, Cell, Column, Report, Row, Way};
pub use request::{
    MAX_COUPLINGS, MAX_SEEDS, Request, coupling_named, couplings_that_run, seeds_from,
};
pub use shipped::{Decision, decisions};
pub use statistics::{Estimate, estimate, t_quantile_975};
pub use sweep::{
    CRASH_FOR_US, Crossing, MAX_VALUES, Parameter, Point, PointCell, Sweep, SweepReport,
    SweepRequest, Verdict, parse_sweep, values_between,
};

/// How far a comparison has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Whether every run is done.
    pub done: bool,
    /// Runs that are done.
    pub runs: u64,
    /// Runs in all: couplings times seeds.
    pub runs_max: u64,
}

/// A comparison that runs in slices.
pub struct Comparison {
    request: Request,
    /// Who is who under each coupling.
    casts: Vec<Rc<Cast>>,
    /// What each run came to: for each coupling, its seeds in order.
    samples: Vec<Vec<Measured>>,
    /// The run at hand.
    run: Option<Run>,
    /// Runs begun or done.
    next: usize,
}

/// A run that is being measured.
struct Run {
    column: usize,
    events_max: u32,
    simulator: Simulator,
    meter: Meter,
    made: Vec<Choice>,
}

impl Run {
    /// Begins the run of a scenario, its seed and coupling included.
    fn new(scenario: &Scenario, column: usize) -> Result<Self, Problem> {
        let (plan, parts) = patterns::plan(scenario)?;
        let plan = Rc::new(plan);
        Ok(Self {
            column,
            events_max: scenario.limits.events,
            meter: Meter::new(scenario, &plan.cast),
            simulator: Simulator::new(World::new(plan, parts, true)),
            made: Vec::new(),
        })
    }

    /// Takes one entry of the agenda; what the run came to, where it is over.
    fn step(&mut self) -> Option<Measured> {
        let end = if self.meter.events() < self.events_max {
            self.made.clear();
            self.simulator.step(&mut self.meter, &mut self.made)?
        } else {
            // The limit of events cuts a run as the limit of time does.
            SimEnd::TimeLimit
        };
        Some(self.meter.finish(end == SimEnd::AtRest))
    }
}

impl Comparison {
    /// Begins a comparison. Nothing has run yet.
    ///
    /// # Errors
    /// Everything that is wrong with the scenario, the couplings or the seeds.
    pub fn new(request: Request) -> Result<Self, Vec<Problem>> {
        let casts = request::validate(&request)?;
        let samples = vec![Vec::new(); casts.len()];
        Ok(Self { request, casts, samples, run: None, next: 0 })
    }

    /// Works off at most so many entries of the runs' agendas; returns whether all runs are done.
    /// The result does not depend on how the work is sliced.
    pub fn step(&mut self, budget: u32) -> bool {
        for _ in 0..budget {
            let Some(run) = &mut self.run else {
                if self.next == self.runs_max() {
                    return true;
                }
                self.begin();
                continue;
            };
            if let Some(measured) = run.step() {
                self.samples[run.column].push(measured);
                self.run = None;
            }
        }
        self.run.is_none() && self.next == self.runs_max()
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let (runs, runs_max) = (self.next - usize::from(self.run.is_some()), self.runs_max());
        Progress { done: runs == runs_max, runs: runs as u64, runs_max: runs_max as u64 }
    }

    /// What is known so far: of each coupling the seeds that are done.
    #[must_use]
    pub fn report(&self) -> Report {
        report::make(&self.request, &self.casts, &self.samples)
    }

    fn runs_max(&self) -> usize {
        self.casts.len() * self.request.seeds.len()
    }

    /// Begins the next run: all couplings on one seed before the next seed, so that what is known
    /// at any time is nearly paired.
    fn begin(&mut self) {
        let (seed, column) = (self.next / self.casts.len(), self.next % self.casts.len());
        self.next += 1;
        let scenario = Scenario {
            coupling: self.request.couplings[column].clone(),
            seed: self.request.seeds[seed],
            ..self.request.scenario.clone()
        };
        // The request was compiled for each coupling when it was validated; a seed changes nothing in that.
        self.run = Run::new(&scenario, column).ok();
    }
}
