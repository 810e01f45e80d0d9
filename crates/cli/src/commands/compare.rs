//! `interleave compare`: the same scenario under several couplings, over many seeds.

mod markdown;
mod record;
mod sweep;
mod text;

use std::io::{self, IsTerminal, Write};

use interleave_engine::compare::{
    self, Cell, Column, Comparison, Estimate, Report as Compared, Request, Sweep, SweepReport,
    SweepRequest,
};
use interleave_engine::scenario::Problem;
use interleave_engine::session::ENGINE;
use serde::Serialize;

use crate::args::CompareArgs;
use crate::failure::{BadInput, Verdict};
use crate::input::Input;
use crate::measures::ByName;
use crate::output::Output;

/// Entries of the runs' agendas between two lines of progress.
const SLICE: u32 = 20_000;

/// The object that `compare --json` prints.
#[derive(Serialize)]
struct Report<'a> {
    engine: &'static str,
    scenario: &'a str,
    seeds: Seeds,
    compared_with: &'a str,
    left_out: &'a [String],
    metrics: ByName<Metric<'a>>,
    couplings: Vec<Coupling<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sweep: Option<sweep::Object<'a>>,
}

#[derive(Serialize)]
struct Seeds {
    first: u64,
    count: u32,
}

#[derive(Serialize)]
struct Metric<'a> {
    title: &'a str,
    unit: &'static str,
    meaning: &'a str,
}

/// One coupling.
#[derive(Serialize)]
struct Coupling<'a> {
    pattern: &'a str,
    parts: ByName<&'static str>,
    runs: u32,
    cut: u32,
    paired: bool,
    other_arrivals: u32,
    faults_not_occurred: Vec<AbsentFault<'a>>,
    broken: ByName<Broken>,
    figures: ByName<Option<Figure>>,
}

#[derive(Serialize)]
struct AbsentFault<'a> {
    fault: &'a str,
    runs: u32,
}

#[derive(Serialize)]
struct Broken {
    runs: u32,
    seed: u64,
}

/// A figure under one coupling.
#[derive(Serialize)]
struct Figure {
    #[serde(flatten)]
    value: Mean,
    difference: Option<Mean>,
}

/// A mean over seeds.
#[derive(Serialize)]
struct Mean {
    mean: f64,
    half_width: Option<f64>,
    seeds: u32,
}

/// What was compared with what, and what came of it.
struct Done<'a> {
    /// How the scenario was given.
    from: &'a str,
    seed: u64,
    seeds: u32,
    left_out: Vec<String>,
    report: Compared,
    sweep: Option<SweepReport>,
}

/// Compares couplings and reports.
///
/// # Errors
/// Everything that is wrong with the scenario or the arguments.
pub fn compare(args: &CompareArgs, out: &mut Output) -> Result<Verdict, BadInput> {
    let decision = compare::decisions().iter().find(|it| it.name == args.scenario);
    if let Some(decision) = decision {
        return compare_as(&shipped(args, decision), Some(decision.title), out);
    }
    compare_as(args, None, out)
}

/// The arguments of a shipped comparison, where they do not say otherwise.
fn shipped(args: &CompareArgs, decision: &compare::Decision) -> CompareArgs {
    let (from, to, count) = decision.range;
    let sweep = || format!("{}={from}..{to}:{count}", decision.parameter.id());
    let metric = if args.sweep.is_some() { &args.metric } else { decision.metric };
    CompareArgs {
        scenario: decision.scenario.to_owned(),
        patterns: args.patterns.clone().or_else(|| Some(decision.couplings.join(","))),
        sweep: args.sweep.clone().or_else(|| Some(sweep())),
        metric: metric.to_owned(),
        record: args.record.clone(),
        ..*args
    }
}

fn compare_as(
    args: &CompareArgs,
    question: Option<&str>,
    out: &mut Output,
) -> Result<Verdict, BadInput> {
    let swept = args.sweep.as_deref().map(compare::parse_sweep).transpose().map_err(of_sweep)?;
    let couplings = args.patterns.as_deref().map(couplings).transpose()?;
    let input = Input::read(&args.scenario)?;
    let scenario = input.link.scenario.clone();
    let seed = args.seed.unwrap_or(scenario.seed);
    let couplings = match couplings {
        Some(couplings) => couplings,
        None => match compare::couplings_that_run(&scenario) {
            // Then its own coupling says what is wrong with it.
            none if none.is_empty() => vec![scenario.coupling.clone()],
            some => some,
        },
    };
    let seeds = compare::seeds_from(seed, args.seeds);
    let request = Request { scenario: scenario.clone(), couplings, seeds };
    let mut sweep = swept
        .map(|(parameter, values)| {
            Sweep::new(SweepRequest {
                scenario: scenario.clone(),
                couplings: request.couplings.clone(),
                seeds: request.seeds.clone(),
                parameter,
                values,
                metric: args.metric.clone(),
            })
        })
        .transpose()
        .map_err(|problems| refused(&input, problems))?;
    let mut comparison = Comparison::new(request).map_err(|problems| refused(&input, problems))?;
    finish(|| (comparison.step(SLICE), comparison.progress()));
    if let Some(sweep) = &mut sweep {
        finish(|| (sweep.step(SLICE), sweep.progress()));
    }

    let done = Done {
        from: &args.scenario,
        seed,
        seeds: args.seeds,
        left_out: left_out(&input),
        report: comparison.report(),
        sweep: sweep.as_ref().map(Sweep::report),
    };
    if let Some(file) = &args.record {
        record::write(args, &done, question, &scenario, file, out)?;
        if file == "-" {
            return Ok(Verdict::of(done.report.all_hold()));
        }
    }
    if args.json {
        out.json(&object(&done));
    } else if args.markdown {
        markdown::print(&done, out);
    } else {
        text::print(&done, out);
        if let Some(report) = &done.sweep {
            sweep::print(report, out);
        }
    }
    Ok(Verdict::of(done.report.all_hold()))
}

/// A problem of the sweep, at its argument.
fn of_sweep(problem: Problem) -> Problem {
    Problem { path: format!("--{}", problem.path), ..problem }
}

/// The couplings of the argument: names, or parts as `write+read+store`, with commas between.
fn couplings(text: &str) -> Result<Vec<interleave_engine::scenario::document::Coupling>, Problem> {
    let one = |name: &str| {
        compare::coupling_named(name.trim()).map_err(|problem| Problem {
            path: problem.path.replacen("coupling", "--patterns", 1),
            ..problem
        })
    };
    text.split(',').map(one).collect()
}

/// What is wrong, at the arguments where it is wrong with them.
fn refused(input: &Input, problems: Vec<Problem>) -> BadInput {
    let mut of_arguments = false;
    let argument = |problem: Problem| {
        for (field, argument) in [
            ("couplings", "--patterns"),
            ("seeds", "--seeds"),
            ("sweep", "--sweep"),
            ("metric", "--metric"),
        ] {
            if let Some(rest) = problem.path.strip_prefix(field) {
                of_arguments = true;
                return Problem { path: format!("{argument}{rest}"), ..problem };
            }
        }
        problem
    };
    let problems = problems.into_iter().map(argument).collect();
    BadInput { from: (!of_arguments).then(|| input.from.clone()), problems }
}

/// What a link has and a comparison has no use for.
fn left_out(input: &Input) -> Vec<String> {
    let link = &input.link;
    let has = [
        (!link.interventions.is_empty(), "the interventions of the link"),
        (link.schedule.is_some(), "the schedule of the link"),
    ];
    let named = has.into_iter().filter(|(has, _)| *has);
    named.map(|(_, what)| format!("{what}: every run is a plain one of the scenario")).collect()
}

/// Works until every run is done; on a terminal it says how far it has come.
fn finish(mut step: impl FnMut() -> (bool, compare::Progress)) {
    let mut terminal = Some(io::stderr()).filter(IsTerminal::is_terminal);
    loop {
        let (done, progress) = step();
        if done {
            break;
        }
        if let Some(terminal) = &mut terminal {
            // Progress that nobody can read is no reason to stop.
            let _ = write!(terminal, "\r\x1b[K{} of {} runs", progress.runs, progress.runs_max);
        }
    }
    if let Some(terminal) = &mut terminal {
        let _ = write!(terminal, "\r\x1b[K");
    }
}

fn object<'a>(done: &'a Done<'_>) -> Report<'a> {
    let report = &done.report;
    let metrics = report.rows.iter().map(|row| {
        let metric = &row.metric;
        let (title, meaning) = (metric.title.as_str(), metric.meaning.as_str());
        (metric.id.clone(), Metric { title, unit: metric.unit.name(), meaning })
    });
    let columns = report.columns.iter().enumerate();
    Report {
        engine: ENGINE,
        scenario: &report.scenario,
        seeds: Seeds { first: done.seed, count: done.seeds },
        compared_with: report.columns.first().map_or("", |column| column.name.as_str()),
        left_out: &done.left_out,
        metrics: ByName(metrics.collect()),
        couplings: columns.map(|(at, column)| coupling(report, at, column)).collect(),
        sweep: done.sweep.as_ref().map(sweep::object),
    }
}

fn coupling<'a>(report: &'a Compared, at: usize, column: &'a Column) -> Coupling<'a> {
    let parts = ["write", "read", "store"].map(str::to_owned).into_iter().zip(column.parts);
    let absent = column.faults_absent.iter();
    let broken = column
        .broken
        .iter()
        .map(|broken| (broken.id.to_owned(), Broken { runs: broken.runs, seed: broken.seed }));
    let figures = report.rows.iter().map(|row| (row.metric.id.clone(), figure(&row.cells[at])));
    Coupling {
        pattern: &column.name,
        parts: ByName(parts.collect()),
        runs: column.runs,
        cut: column.cut,
        paired: column.paired,
        other_arrivals: column.other_arrivals,
        faults_not_occurred: absent
            .map(|(fault, runs)| AbsentFault { fault, runs: *runs })
            .collect(),
        broken: ByName(broken.collect()),
        figures: ByName(figures.collect()),
    }
}

fn figure(cell: &Cell) -> Option<Figure> {
    let value = mean(&cell.value?);
    Some(Figure { value, difference: cell.difference.as_ref().map(mean) })
}

fn mean(of: &Estimate) -> Mean {
    Mean { mean: of.mean, half_width: of.half_width, seeds: of.seeds }
}
