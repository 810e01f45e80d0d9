//! `interleave check`: a search for the shortest schedule that breaks a property.

mod why;

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use interleave_engine::ids::EventIx;
use interleave_engine::scenario::Problem;
use interleave_engine::session::{
    self, Check, CheckReport, CheckRequest, Coverage, ENGINE, Round, RunInput, Search,
};
use interleave_engine::views::format;
use serde::Serialize;

use crate::args::{CheckArgs, SearchOrder};
use crate::coupling;
use crate::failure::{BadInput, Verdict};
use crate::input::Input;
use crate::measures::ByName;
use crate::output::Output;
use crate::replay;
use crate::words;

/// States between two lines of progress.
const SLICE: u32 = 5_000;

/// The object that `check --json` prints.
#[derive(Serialize)]
struct Report {
    engine: &'static str,
    scenario: String,
    pattern: String,
    complete: bool,
    coverage: Coverage,
    search: Search,
    states: u64,
    transitions: u64,
    depth: u32,
    at_rest: u64,
    waiting: u64,
    seconds: f64,
    memory_bytes: u64,
    rounds: Vec<Round>,
    reductions: Vec<String>,
    collision_probability: f64,
    bounds: String,
    left_out: Vec<String>,
    properties: ByName<Property>,
    #[serde(flatten)]
    more: why::More,
}

/// A property by its id; where several invariants of the document share one, all of them.
#[derive(Serialize)]
struct Property {
    holds: bool,
    exercised: u64,
    counterexample: Option<Counterexample>,
}

/// The shortest way to break a property.
#[derive(Serialize)]
struct Counterexample {
    title: String,
    why: String,
    length: usize,
    shortest: bool,
    event: Option<u32>,
    link: String,
    schedule: Vec<String>,
}

impl CheckArgs {
    fn order(&self) -> Search {
        match self.search {
            SearchOrder::BreadthFirst => Search::BreadthFirst,
            SearchOrder::DepthFirst => Search::DepthFirst,
            SearchOrder::RandomWalks => Search::RandomWalks { seed: self.walk_seed },
        }
    }
}

/// Checks a scenario within bounds and reports.
///
/// # Errors
/// Everything that is wrong with the scenario or the arguments.
pub fn check(args: &CheckArgs, out: &mut Output) -> Result<Verdict, BadInput> {
    let faults = args.faults.as_deref().map(coupling::parse_faults).transpose()?;
    let request = CheckRequest {
        transactions: args.transactions,
        faults,
        max_states: args.max_states,
        max_steps: args.max_steps,
        max_bytes: args.max_memory.map(|mebibytes| mebibytes << 20),
        search: args.order(),
        deepen: args.deepen,
        reduce: args.reduce,
        properties: (!args.property.is_empty()).then(|| args.property.clone()),
        first_only: args.first,
    };
    let input = Input::of_args(&args.scenario)?;
    let from = RunInput::of(input.link.scenario.clone());
    let session = session::open(&from).map_err(|problems| BadInput::of(&input.from, problems))?;
    let mut check = session.check(&request).map_err(|problem| Problem {
        path: problem.path.replacen("properties", "--property", 1),
        ..problem
    })?;
    let began = Instant::now();
    finish(check.as_mut(), began);
    let seconds = began.elapsed().as_secs_f64();

    let found = check.report();
    let more = why::More::of(&input, args, &request, &found)?;
    let report = Report::of(&input, args, &session.cast().coupling, (found, more), seconds)?;
    if args.json {
        out.json(&report);
    } else {
        print(&report, out);
        report.more.print(out);
    }
    let holds = report.properties.0.iter().all(|(_, property)| property.holds);
    Ok(Verdict::of(holds && (report.complete || !args.complete)))
}

/// Works until the check has ended; on a terminal it says how far it has come.
fn finish(check: &mut dyn Check, began: Instant) {
    let mut terminal = Some(io::stderr()).filter(IsTerminal::is_terminal);
    while !check.run_slice(SLICE) {
        if let Some(terminal) = &mut terminal {
            let report = check.report();
            // Progress that nobody can read is no reason to stop.
            let _ = write!(
                terminal,
                "\r\x1b[K{}{} states ({} a second), {} waiting, depth {}, {} MiB, {} broken",
                report.rounds.last().map_or_else(String::new, |round| {
                    format!("{}: ", format::counted(round.faults.into(), "fault", "faults"))
                }),
                format::count(report.states),
                format::count((report.states as f64 / began.elapsed().as_secs_f64()) as u64),
                format::count(report.waiting),
                report.depth,
                report.memory_bytes >> 20,
                report.properties.iter().filter(|property| !property.holds).count()
            );
        }
    }
    if let Some(terminal) = &mut terminal {
        let _ = write!(terminal, "\r\x1b[K");
    }
}

impl Report {
    fn of(
        input: &Input,
        args: &CheckArgs,
        pattern: &str,
        (report, more): (CheckReport, why::More),
        seconds: f64,
    ) -> Result<Self, BadInput> {
        let mut left_out = report.left_out.clone();
        let link = &input.link;
        if !link.interventions.is_empty() {
            left_out
                .push("the interventions of the link: checking begins with the scenario".into());
        }
        if link.schedule.is_some() {
            left_out.push("the schedule of the link: checking begins with the scenario".into());
        }
        Ok(Self {
            engine: ENGINE,
            scenario: link.scenario.title.clone(),
            pattern: pattern.to_owned(),
            complete: report.complete,
            coverage: report.coverage,
            search: args.order(),
            states: report.states,
            transitions: report.transitions,
            depth: report.depth,
            at_rest: report.at_rest,
            waiting: report.waiting,
            seconds,
            memory_bytes: report.memory_bytes,
            rounds: report.rounds.clone(),
            reductions: report.reductions.clone(),
            collision_probability: report.collision_probability,
            properties: by_id(input, args, &report)?,
            bounds: report.bounds,
            left_out,
            more,
        })
    }
}

/// The properties by id, each with the shortest of its counterexamples.
fn by_id(
    input: &Input,
    args: &CheckArgs,
    report: &CheckReport,
) -> Result<ByName<Property>, BadInput> {
    let mut by_id: Vec<(String, Property)> = Vec::new();
    for found in &report.properties {
        let place = match by_id.iter().position(|(id, _)| *id == found.id) {
            Some(place) => place,
            None => {
                let property = Property { holds: true, exercised: 0, counterexample: None };
                by_id.push((found.id.to_owned(), property));
                by_id.len() - 1
            }
        };
        let property = &mut by_id[place].1;
        property.holds &= found.holds;
        property.exercised = property.exercised.max(found.exercised);
        if let Some(schedule) = &found.counterexample {
            let shortest = property.counterexample.as_ref().map(|known| known.length);
            if shortest.is_none_or(|length| schedule.len() < length) {
                property.counterexample = Some(counterexample(input, args, found, schedule)?);
            }
        }
    }
    Ok(ByName(by_id))
}

/// Replays a schedule, to know its digest and the event that breaks the property.
fn counterexample(
    input: &Input,
    args: &CheckArgs,
    found: &session::CheckedProperty,
    schedule: &[String],
) -> Result<Counterexample, BadInput> {
    let scenario = input.link.scenario.clone();
    let from = RunInput { schedule: Some(schedule.to_vec()), ..RunInput::of(scenario) };
    let session = replay::play(&input.from, &from)?;
    let properties = session.properties();
    let same = |report: &&interleave_engine::verdict::PropertyReport| {
        report.id == found.id && report.title == found.title
    };
    let violation = properties.iter().find(same).and_then(|report| report.violations.first());
    let last = session.trace().len().checked_sub(1).map(|last| EventIx(last as u32));
    let cursor = violation.map(|violation| violation.event).or(last);
    let why = found.why.clone().or_else(|| violation.map(|violation| violation.why.clone()));
    Ok(Counterexample {
        title: found.title.clone(),
        why: why.unwrap_or_default(),
        length: schedule.len(),
        shortest: found.shortest,
        event: cursor.map(|event| event.0),
        link: replay::link_text(args.base.as_deref(), &replay::link_to(session.as_ref(), cursor)),
        schedule: schedule.to_vec(),
    })
}

fn print(report: &Report, out: &mut Output) {
    out.line(format!("{} · {}", report.scenario, report.pattern));
    out.line(format!("Checked: {}", report.bounds));
    out.line(format!(
        "{}, {}, depth {}, {:.1} s: {}",
        format::counted(report.states, "state", "states"),
        format::counted(report.transitions, "transition", "transitions"),
        report.depth,
        report.seconds,
        report.coverage.words()
    ));
    for round in &report.rounds {
        out.line(format!(
            "  at most {}: {}, {}",
            format::counted(round.faults.into(), "fault", "faults"),
            format::counted(round.states, "state", "states"),
            round.coverage.words()
        ));
    }
    for reduction in &report.reductions {
        out.line(format!("Left out: {reduction}"));
    }
    out.line(format!(
        "The probability that two states shared a fingerprint and one was not visited is below {:.0e}",
        report.collision_probability.max(1e-300)
    ));
    for left_out in &report.left_out {
        out.line(format!("Left out: {left_out}"));
    }
    out.line("");
    let properties = &report.properties.0;
    let width = properties.iter().map(|(id, _)| id.chars().count()).max().unwrap_or(0);
    for (id, property) in properties {
        let about = match &property.counterexample {
            Some(found) => format!("{}: {}", found.title, found.why),
            None if property.exercised == 0 => "never put to the test".to_owned(),
            None => String::new(),
        };
        // Only a search that visited everything proves what it did not see broken.
        let verdict = match (property.holds, report.complete) {
            (true, false) => "so far",
            (holds, _) => words::holds(holds),
        };
        out.line(format!("{verdict:<6}  {id:<width$}  {about}"));
    }
    let broken = properties
        .iter()
        .filter_map(|(id, property)| property.counterexample.as_ref().map(|found| (id, found)));
    for (id, found) in broken {
        out.line("");
        let choices = format::counted(found.length as u64, "choice", "choices");
        let sign = if found.shortest { "" } else { " (there may be a shorter way)" };
        out.line(format!("How {id} breaks, in {choices}{sign}:"));
        for (number, choice) in (1..).zip(&found.schedule) {
            out.line(format!("{number:>4}  {choice}"));
        }
        if found.link.starts_with('#') {
            out.line("Put this after the address of the page to see it:");
        }
        out.line(&found.link);
    }
}
