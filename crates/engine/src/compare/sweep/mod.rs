//! One parameter of the scenario in several values: where does one coupling overtake another?
//!
//! Every coupling runs on every seed at every value. A point is decided where the 95 % interval of
//! the differences, seed by seed, leaves out 0; where the runs are not paired, where the intervals
//! of the two do not meet. A crossing lies between two decided points of unlike sign. Where a
//! point between is not decided, it is not guessed.

mod crossing;
mod parameter;

use serde::{Deserialize, Serialize};

use super::measured::Measured;
use super::metrics;
use super::request::{self, Request};
use super::statistics::{Estimate, Quantiles};
use super::{Progress, Run, Unit};
use crate::scenario::document::Coupling;
use crate::scenario::{Problem, Scenario};

pub use crossing::{Crossing, Verdict};
pub use parameter::{CRASH_FOR_US, Parameter};

/// The most values of a sweep.
pub const MAX_VALUES: usize = 40;

/// What is to be swept.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SweepRequest {
    /// The scenario. Its own coupling and seed play no part.
    pub scenario: Scenario,
    /// The couplings; the others are compared with the first.
    pub couplings: Vec<Coupling>,
    /// The seeds that each coupling runs on at each value.
    pub seeds: Vec<u64>,
    /// What is varied.
    pub parameter: Parameter,
    /// Its values, rising; at most [`MAX_VALUES`].
    pub values: Vec<f64>,
    /// The id of the figure that is looked at.
    pub metric: String,
}

/// Values in equal steps from one to another.
#[must_use]
pub fn values_between(from: f64, to: f64, count: u32) -> Vec<f64> {
    let last = f64::from(count.max(2) - 1);
    // Rounded to a thousandth, so that a value is written as it is meant.
    let at = |step: u32| libm::round((from + (to - from) * f64::from(step) / last) * 1e3) / 1e3;
    let mut values: Vec<f64> = (0..count.max(1)).map(at).collect();
    values.dedup();
    values
}

/// Reads `parameter=from..to:count`, or `parameter=value,value,…`.
///
/// # Errors
/// What is not understood, and what is.
pub fn parse_sweep(text: &str) -> Result<(Parameter, Vec<f64>), Problem> {
    let names = Parameter::ALL.map(Parameter::id).join(", ");
    let form = "write parameter=from..to:count or parameter=value,value,…, as round-trip=2..26:7";
    let (name, range) =
        text.split_once('=').ok_or_else(|| Problem::new("sweep", format!("{text:?}"), form))?;
    let parameter = Parameter::of(name.trim()).ok_or_else(|| {
        Problem::new("sweep", format!("{name:?} is no parameter"), format!("one of {names}"))
    })?;
    let wrong = || Problem::new(format!("sweep.{}", parameter.id()), format!("{range:?}"), form);
    let number = |text: &str| {
        text.trim().parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(wrong)
    };
    if let Some((from, rest)) = range.split_once("..") {
        let (to, count) = rest.split_once(':').ok_or_else(wrong)?;
        let count: u32 = count.trim().parse().map_err(|_| wrong())?;
        if count < 2 || count as usize > MAX_VALUES {
            return Err(wrong());
        }
        let mut values = values_between(number(from)?, number(to)?, count);
        if parameter.is_whole() {
            values.iter_mut().for_each(|value| *value = libm::round(*value));
            values.dedup();
        }
        return Ok((parameter, values));
    }
    let values: Result<Vec<f64>, Problem> = range.split(',').map(number).collect();
    Ok((parameter, values?))
}

/// What a sweep says, at its end or on the way there.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SweepReport {
    /// What is varied.
    pub parameter: Parameter,
    /// The figure's id.
    pub metric: String,
    /// The figure's name.
    pub title: String,
    /// What the figure counts in.
    pub unit: Unit,
    /// The couplings by name.
    pub couplings: Vec<String>,
    /// A point for each value.
    pub points: Vec<Point>,
    /// For each coupling but the first, where it and the first change places.
    pub crossings: Vec<Crossing>,
    /// Runs that are done, and runs in all.
    pub runs: [u64; 2],
}

/// A value of the parameter.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Point {
    /// The value.
    pub value: f64,
    /// A cell for each coupling.
    pub cells: Vec<PointCell>,
}

/// A figure at one value under one coupling.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct PointCell {
    /// The mean over the seeds; `None` where there is no such thing.
    pub value: Option<Estimate>,
    /// The mean over the seeds of what it has more than the first coupling.
    pub difference: Option<Estimate>,
    /// Whether each run met what the first coupling's run of the same seed met.
    pub paired: bool,
    /// Runs in which not the same arrived at the same time as under the first.
    pub other_arrivals: u32,
    /// Runs in which a fault did not occur.
    pub fault_absent: u32,
    /// Runs that were cut at a limit.
    pub cut: u32,
}

/// What is kept of a run.
struct Sample {
    value: Option<f64>,
    arrivals: u64,
    faults: Vec<bool>,
    at_rest: bool,
}

/// A sweep that runs in slices.
pub struct Sweep {
    request: SweepRequest,
    names: Vec<String>,
    metric: usize,
    /// By value, then coupling: its seeds in order.
    samples: Vec<Vec<Vec<Sample>>>,
    run: Option<(usize, Run)>,
    next: usize,
}

impl Sweep {
    /// Begins a sweep. Nothing has run yet.
    ///
    /// # Errors
    /// Everything that is wrong with the scenario, the couplings, the seeds or the values.
    pub fn new(request: SweepRequest) -> Result<Self, Vec<Problem>> {
        let one = |problem| vec![problem];
        let metric = metrics::all().iter().position(|metric| metric.id == request.metric);
        let metric = metric.ok_or_else(|| {
            one(Problem::new(
                "metric",
                format!("{:?} is no figure", request.metric),
                "one of those of a comparison, as end_us.p50",
            ))
        })?;
        let count = request.values.len();
        if count == 0 || count > MAX_VALUES {
            let remedy = format!("give 1 to {MAX_VALUES}");
            return Err(one(Problem::new("sweep", format!("there are {count} values"), remedy)));
        }
        if request.values.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(one(Problem::new("sweep", "the values do not rise", "order them")));
        }
        let mut names = Vec::new();
        for value in &request.values {
            for seed in request.seeds.iter().rev() {
                let scenario =
                    request.parameter.apply(&request.scenario, *value, *seed).map_err(one)?;
                // Only what is drawn differs between seeds; the last one looked at is compiled.
                if Some(seed) == request.seeds.first() {
                    let casts = request::validate(&Request {
                        scenario,
                        couplings: request.couplings.clone(),
                        seeds: request.seeds.clone(),
                    })?;
                    names = casts.iter().map(|cast| cast.coupling.clone()).collect();
                }
            }
        }
        let samples = request.values.iter().map(|_| names.iter().map(|_| Vec::new()).collect());
        Ok(Self { samples: samples.collect(), names, metric, request, run: None, next: 0 })
    }

    /// Works off at most so many entries of the runs' agendas; returns whether all runs are done.
    /// The result does not depend on how the work is sliced.
    pub fn step(&mut self, budget: u32) -> bool {
        for _ in 0..budget {
            let Some((point, run)) = &mut self.run else {
                if self.next == self.runs_max() {
                    return true;
                }
                self.begin();
                continue;
            };
            if let Some(measured) = run.step() {
                let (point, column) = (*point, run.column);
                self.samples[point][column].push(sample(&measured, self.metric));
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

    fn runs_max(&self) -> usize {
        self.request.values.len() * self.names.len() * self.request.seeds.len()
    }

    /// Begins the next run: all values and couplings on one seed before the next seed, so that all
    /// points are known about equally well at any time.
    fn begin(&mut self) {
        let (columns, points) = (self.names.len(), self.request.values.len());
        let (column, rest) = (self.next % columns, self.next / columns);
        let (point, seed) = (rest % points, self.request.seeds[rest / points]);
        self.next += 1;
        let request = &self.request;
        let scenario = request.parameter.apply(&request.scenario, request.values[point], seed);
        let coupling = request.couplings[column].clone();
        // Each was applied and compiled when the request was validated.
        let run = scenario.map(|scenario| Scenario { coupling, seed, ..scenario });
        self.run = run.and_then(|run| Run::new(&run, column)).ok().map(|run| (point, run));
    }

    /// What is known so far.
    #[must_use]
    pub fn report(&self) -> SweepReport {
        let mut quantiles = Quantiles::default();
        let points: Vec<Point> = self
            .samples
            .iter()
            .zip(&self.request.values)
            .map(|(columns, value)| Point { value: *value, cells: cells(columns, &mut quantiles) })
            .collect();
        let metric = metrics::all().swap_remove(self.metric);
        let progress = self.progress();
        SweepReport {
            parameter: self.request.parameter,
            metric: metric.id,
            title: metric.title,
            unit: metric.unit,
            couplings: self.names.clone(),
            crossings: (1..self.names.len()).map(|at| crossing::find(&points, at)).collect(),
            points,
            runs: [progress.runs, progress.runs_max],
        }
    }
}

fn sample(measured: &Measured, metric: usize) -> Sample {
    Sample {
        value: metrics::of_run(measured).get(metric).copied().flatten(),
        arrivals: measured.arrivals,
        faults: measured.faults.clone(),
        at_rest: measured.at_rest,
    }
}

fn cells(columns: &[Vec<Sample>], quantiles: &mut Quantiles) -> Vec<PointCell> {
    let first = columns.first().map(Vec::as_slice).unwrap_or_default();
    let cell = |(at, runs): (usize, &Vec<Sample>)| {
        let values: Vec<f64> = runs.iter().filter_map(|run| run.value).collect();
        let pairs = || first.iter().zip(runs);
        let differences: Vec<f64> =
            pairs().filter_map(|(first, run)| Some(run.value? - first.value?)).collect();
        let other_arrivals = pairs().filter(|(one, other)| one.arrivals != other.arrivals).count();
        let count = |of: &dyn Fn(&Sample) -> bool| runs.iter().filter(|run| of(run)).count() as u32;
        PointCell {
            value: quantiles.estimate(&values),
            difference: if at > 0 { quantiles.estimate(&differences) } else { None },
            paired: other_arrivals == 0
                && pairs().all(|(one, other)| one.faults == other.faults)
                && count(&|run| run.faults.iter().any(|occurred| !occurred)) == 0,
            other_arrivals: other_arrivals as u32,
            fault_absent: count(&|run| run.faults.iter().any(|occurred| !occurred)),
            cut: count(&|run| !run.at_rest),
        }
    };
    columns.iter().enumerate().map(cell).collect()
}
