//! What a comparison says.

use std::rc::Rc;

use super::measured::Measured;
use super::metrics::{self, Metric};
use super::request::Request;
use super::statistics::{Estimate, Quantiles};
use crate::cast::Cast;
use crate::patterns;
use crate::properties;

/// What a comparison says, at its end or on the way there.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// The scenario's title.
    pub scenario: String,
    /// The couplings in their order; the first is the one that the others are compared with.
    pub columns: Vec<Column>,
    /// The figures.
    pub rows: Vec<Row>,
}

/// One coupling of a comparison.
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    /// Its name: a pattern's, or `write+read+store`.
    pub name: String,
    /// Its parts: write, read, store.
    pub parts: [&'static str; 3],
    /// Runs that are done, one for each seed.
    pub runs: u32,
    /// Runs that were cut at a limit of the scenario, so that nothing at rest was judged in them.
    pub cut: u32,
    /// Faults of the document that did not occur here, in words, each with the number of runs
    /// without it.
    pub faults_absent: Vec<(String, u32)>,
    /// Runs in which not the same arrived at the same time as under the first coupling: clients
    /// that wait for their answers, or a run that was cut.
    pub other_arrivals: u32,
    /// Whether each run met what the first coupling's run of the same seed met: the same arrivals
    /// with the same inputs and the same faults, each of which occurred in some run.
    pub paired: bool,
    /// The properties that were broken.
    pub broken: Vec<Broken>,
}

impl Column {
    /// Why its runs cannot be held against the first coupling's one by one, in words; empty where
    /// they can.
    #[must_use]
    pub fn unpaired_because(&self) -> Vec<String> {
        if self.paired {
            return Vec::new();
        }
        let runs = self.runs;
        let mut why: Vec<String> = self
            .faults_absent
            .iter()
            .map(|(fault, absent)| {
                format!("\u{201c}{fault}\u{201d} did not occur here in {absent} of {runs} runs")
            })
            .collect();
        if self.other_arrivals > 0 {
            why.push(format!(
                "in {} of {runs} runs not the same arrived at the same time",
                self.other_arrivals
            ));
        }
        if why.is_empty() {
            why.push("the first coupling lacks a fault that occurs here".to_owned());
        }
        why
    }
}

/// A property that was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// Its id.
    pub id: &'static str,
    /// In how many runs.
    pub runs: u32,
    /// The first seed with which it was broken.
    pub seed: u64,
}

/// One figure under each coupling.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// Which.
    pub metric: Metric,
    /// A cell for each column.
    pub cells: Vec<Cell>,
}

impl Row {
    /// Whether some coupling has such a thing at all.
    #[must_use]
    pub fn has_values(&self) -> bool {
        self.cells.iter().any(|cell| cell.value.is_some())
    }
}

/// Which way a figure differs from that of the first coupling on the same seeds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// It is more.
    More,
    /// It is less.
    Less,
}

/// A figure under one coupling.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cell {
    /// The mean over the seeds; `None` where the coupling or the scenario has no such thing.
    pub value: Option<Estimate>,
    /// The mean over the seeds of what it has more than the first coupling on the same seed.
    pub difference: Option<Estimate>,
}

impl Cell {
    /// Whether it is more or less than under the first coupling beyond what the seeds leave open:
    /// where the 95 % interval of the differences leaves out 0.
    #[must_use]
    pub fn way(&self) -> Option<Way> {
        let difference = self.difference.filter(Estimate::excludes_zero)?;
        Some(if difference.mean > 0.0 { Way::More } else { Way::Less })
    }
}

impl Report {
    /// Whether no run broke a property.
    #[must_use]
    pub fn all_hold(&self) -> bool {
        self.columns.iter().all(|column| column.broken.is_empty())
    }
}

pub(super) fn make(request: &Request, casts: &[Rc<Cast>], samples: &[Vec<Measured>]) -> Report {
    let first = samples.first().map_or(&[][..], Vec::as_slice);
    let columns = casts.iter().zip(samples).enumerate();
    let columns = columns.map(|(at, (cast, runs))| {
        let parts = patterns::resolve(&request.couplings[at]).map(|(parts, _)| parts.names());
        column(request, cast, parts.unwrap_or([""; 3]), first, runs)
    });
    let figures: Vec<Vec<Vec<Option<f64>>>> =
        samples.iter().map(|runs| runs.iter().map(metrics::of_run).collect()).collect();
    let mut quantiles = Quantiles::default();
    let rows = metrics::all().into_iter().enumerate();
    let rows = rows.map(|(at, metric)| Row { metric, cells: cells(&figures, at, &mut quantiles) });
    Report {
        scenario: request.scenario.title.clone(),
        columns: columns.collect(),
        rows: rows.collect(),
    }
}

/// A figure under each coupling.
fn cells(figures: &[Vec<Vec<Option<f64>>>], at: usize, quantiles: &mut Quantiles) -> Vec<Cell> {
    let of = |runs: &[Vec<Option<f64>>]| -> Vec<Option<f64>> {
        runs.iter().map(|run| run.get(at).copied().flatten()).collect()
    };
    let first = figures.first().map(|runs| of(runs)).unwrap_or_default();
    let cell = |(column, runs): (usize, &Vec<Vec<Option<f64>>>)| {
        let own = of(runs);
        let values: Vec<f64> = own.iter().flatten().copied().collect();
        let pairs = own.iter().zip(&first);
        let differences: Vec<f64> =
            pairs.filter_map(|(own, first)| Some((*own)? - (*first)?)).collect();
        Cell {
            value: quantiles.estimate(&values),
            difference: if column > 0 { quantiles.estimate(&differences) } else { None },
        }
    };
    figures.iter().enumerate().map(cell).collect()
}

fn column(
    request: &Request,
    cast: &Cast,
    parts: [&'static str; 3],
    first: &[Measured],
    runs: &[Measured],
) -> Column {
    let count = |of: &dyn Fn(&Measured) -> bool| runs.iter().filter(|run| of(run)).count() as u32;
    let faults = cast.faults.iter().enumerate();
    let faults_absent: Vec<(String, u32)> = faults
        .map(|(at, fault)| (fault.clone(), count(&|run| !run.faults[at])))
        .filter(|(_, absent)| *absent > 0)
        .collect();
    let pairs = || first.iter().zip(runs);
    let other_arrivals = pairs().filter(|(one, other)| one.arrivals != other.arrivals).count();
    let same_faults = pairs().all(|(one, other)| one.faults == other.faults);
    let never = faults_absent.iter().any(|(_, absent)| *absent as usize == runs.len());
    Column {
        name: cast.coupling.clone(),
        parts,
        runs: runs.len() as u32,
        cut: count(&|run| !run.at_rest),
        paired: other_arrivals == 0 && same_faults && !never,
        other_arrivals: other_arrivals as u32,
        faults_absent,
        broken: broken(&request.seeds, runs),
    }
}

fn broken(seeds: &[u64], runs: &[Measured]) -> Vec<Broken> {
    let entries = properties::TABLE.iter().enumerate();
    let broken = entries.filter_map(|(at, entry)| {
        let is_broken = |run: &Measured| run.violations[at].is_some_and(|count| count > 0);
        let first = runs.iter().position(is_broken)?;
        let count = runs.iter().filter(|run| is_broken(run)).count();
        Some(Broken { id: entry.id, runs: count as u32, seed: seeds[first] })
    });
    broken.collect()
}
