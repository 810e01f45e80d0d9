//! A sweep: one parameter of the scenario in several values.

use interleave_engine::compare::{SweepReport, Verdict};
use serde::Serialize;

use crate::output::Output;
use crate::words;

/// The object `sweep` of `compare --json`.
#[derive(Serialize)]
pub struct Object<'a> {
    parameter: &'static str,
    meaning: &'static str,
    metric: &'a str,
    unit: &'static str,
    points: Vec<Point>,
    crossings: Vec<Crossing<'a>>,
}

#[derive(Serialize)]
struct Point {
    value: f64,
    couplings: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    mean: Option<f64>,
    half_width: Option<f64>,
    difference: Option<f64>,
    difference_half_width: Option<f64>,
    paired: bool,
    other_arrivals: u32,
    fault_absent: u32,
    cut: u32,
}

#[derive(Serialize)]
struct Crossing<'a> {
    pattern: &'a str,
    signs: &'a [i8],
    verdict: &'static str,
    between: Vec<[f64; 2]>,
    sentence: String,
}

/// The sweep as JSON.
pub fn object(report: &SweepReport) -> Object<'_> {
    let points = report.points.iter().map(|point| Point {
        value: point.value,
        couplings: point
            .cells
            .iter()
            .map(|cell| Cell {
                mean: cell.value.map(|it| it.mean),
                half_width: cell.value.and_then(|it| it.half_width),
                difference: cell.difference.map(|it| it.mean),
                difference_half_width: cell.difference.and_then(|it| it.half_width),
                paired: cell.paired,
                other_arrivals: cell.other_arrivals,
                fault_absent: cell.fault_absent,
                cut: cell.cut,
            })
            .collect(),
    });
    let crossings = report.crossings.iter().map(|crossing| {
        let (verdict, between) = match &crossing.verdict {
            Verdict::Between(places) => {
                ("between", places.iter().map(|(from, to, _)| [*from, *to]).collect())
            }
            Verdict::NotInRange { .. } => ("not-in-range", Vec::new()),
            Verdict::NotDecided => ("not-decided", Vec::new()),
        };
        Crossing {
            pattern: &report.couplings[crossing.other],
            signs: &crossing.signs,
            verdict,
            between,
            sentence: report.sentence(crossing, str::to_owned),
        }
    });
    Object {
        parameter: report.parameter.id(),
        meaning: report.parameter.meaning(),
        metric: &report.metric,
        unit: report.unit.name(),
        points: points.collect(),
        crossings: crossings.collect(),
    }
}

/// Prints the sweep as a table with what follows from it.
pub fn print(report: &SweepReport, out: &mut Output) {
    out.line("");
    out.line(format!("{} by {}", report.title, report.parameter.title()));
    out.line("");
    let head = std::iter::once(String::new()).chain(report.couplings.iter().cloned());
    let mut table: Vec<Vec<String>> = vec![head.collect()];
    for (at, point) in report.points.iter().enumerate() {
        let cells = point.cells.iter().enumerate().map(|(column, cell)| {
            let text = cell
                .value
                .map_or_else(|| "none".to_owned(), |value| report.unit.estimate_text(&value));
            let crossing = report.crossings.iter().find(|crossing| crossing.other == column);
            let mark = match crossing.map_or(0, |crossing| crossing.signs[at]) {
                1 => '▲',
                -1 => '▼',
                _ => ' ',
            };
            format!("{text} {mark}{}", if cell.paired { "" } else { " not paired" })
        });
        table.push(std::iter::once(point.value.to_string()).chain(cells).collect());
    }
    words::table(&table).into_iter().for_each(|line| out.line(line));
    out.line("");
    for crossing in &report.crossings {
        out.line(report.sentence(crossing, str::to_owned));
    }
    out.line(format!("Varied: {}.", report.parameter.meaning()));
    out.line("Shapes, not your milliseconds.");
}
