//! `interleave check`: a search for the shortest schedule that breaks a property.

use std::io::{self, IsTerminal, Write};

use interleave_engine::ids::EventIx;
use interleave_engine::scenario::Problem;
use interleave_engine::session::{self, Check, CheckReport, CheckRequest, ENGINE, RunInput};
use interleave_engine::views::format;
use serde::Serialize;

use crate::args::CheckArgs;
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
    states: u64,
    transitions: u64,
    depth: u32,
    at_rest: u64,
    collision_probability: f64,
    bounds: String,
    left_out: Vec<String>,
    properties: ByName<Property>,
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
    event: Option<u32>,
    link: String,
    schedule: Vec<String>,
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
    finish(check.as_mut());

    let report = Report::of(&input, args, &session.cast().coupling, check.report())?;
    if args.json {
        out.json(&report);
    } else {
        print(&report, out);
    }
    Ok(Verdict::of(report.properties.0.iter().all(|(_, property)| property.holds)))
}

/// Works until the check has ended; on a terminal it says how far it has come.
fn finish(check: &mut dyn Check) {
    let mut terminal = Some(io::stderr()).filter(IsTerminal::is_terminal);
    while !check.run_slice(SLICE) {
        if let Some(terminal) = &mut terminal {
            let report = check.report();
            // Progress that nobody can read is no reason to stop.
            let _ = write!(
                terminal,
                "\r\x1b[K{} states, {} transitions, depth {}, {} broken",
                format::count(report.states),
                format::count(report.transitions),
                report.depth,
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
        report: CheckReport,
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
            states: report.states,
            transitions: report.transitions,
            depth: report.depth,
            at_rest: report.at_rest,
            collision_probability: report.collision_probability,
            properties: by_id(input, args, &report)?,
            bounds: report.bounds,
            left_out,
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
        let place = match by_id.iter().position(|(id, _)| id == found.id) {
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
        event: cursor.map(|event| event.0),
        link: replay::link_text(args.base.as_deref(), &replay::link_to(session.as_ref(), cursor)),
        schedule: schedule.to_vec(),
    })
}

fn print(report: &Report, out: &mut Output) {
    out.line(format!("{} · {}", report.scenario, report.pattern));
    out.line(format!("Checked: {}", report.bounds));
    out.line(format!(
        "{}, {}, depth {}: {}",
        format::counted(report.states, "state", "states"),
        format::counted(report.transitions, "transition", "transitions"),
        report.depth,
        if report.complete {
            "complete within these bounds"
        } else {
            "not complete; what holds does so as far as it was searched"
        }
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
        out.line(format!("{:<6}  {id:<width$}  {about}", words::holds(property.holds)));
    }
    let broken = properties
        .iter()
        .filter_map(|(id, property)| property.counterexample.as_ref().map(|found| (id, found)));
    for (id, found) in broken {
        out.line("");
        let choices = format::counted(found.length as u64, "choice", "choices");
        out.line(format!("How {id} breaks, in {choices}:"));
        for (number, choice) in (1..).zip(&found.schedule) {
            out.line(format!("{number:>4}  {choice}"));
        }
        if found.link.starts_with('#') {
            out.line("Put this after the address of the page to see it:");
        }
        out.line(&found.link);
    }
}
