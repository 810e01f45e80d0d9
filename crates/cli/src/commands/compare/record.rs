//! The decision record: a file in Markdown.

use interleave_engine::compare::coupling_named;
use interleave_engine::compare::record::{Record, markdown};
use interleave_engine::link::{self, Link};
use interleave_engine::scenario::{Problem, Scenario};
use interleave_engine::session::{self, CheckReport, CheckRequest, RunInput, with_coupling};

use super::Done;
use crate::args::CompareArgs;
use crate::failure::BadInput;
use crate::output::Output;

/// States that a check looks at between two others.
const STATES_AT_ONCE: u32 = 20_000;

/// Writes the record.
///
/// # Errors
/// What kept it from being written.
pub fn write(
    args: &CompareArgs,
    done: &Done<'_>,
    question: Option<&str>,
    scenario: &Scenario,
    file: &str,
    out: &mut Output,
) -> Result<(), BadInput> {
    let mut checks = Vec::new();
    let mut links = Vec::new();
    for column in &done.report.columns {
        let under = with_coupling(scenario, coupling_named(&column.name)?);
        let under = Scenario { seed: done.seed, ..under };
        let link = Link::of(under.clone());
        let what = format!("{}, the run of seed {}, in the page", column.name, done.seed);
        links.push((what, format!("#{}", link::encode(&link))));
        if args.check {
            checks.push((column.name.clone(), checked(under)?));
        }
    }
    let text = markdown(&Record {
        question,
        source: &args.scenario,
        scenario,
        report: &done.report,
        first_seed: done.seed,
        seeds: done.seeds,
        sweep: done.sweep.as_ref(),
        checks: &checks,
        links: &links,
        patterns: &session::patterns(),
    });
    if file == "-" {
        text.lines().for_each(|line| out.line(line));
        return Ok(());
    }
    std::fs::write(file, text).map_err(|error| {
        Problem::new("--record", format!("{file:?}: {error}"), "name a file that can be written")
            .into()
    })
}

/// The check of a scenario within its own bounds.
fn checked(scenario: Scenario) -> Result<CheckReport, BadInput> {
    let problems = |problems| BadInput { from: None, problems };
    let session = session::open(&RunInput::of(scenario)).map_err(problems)?;
    let mut check = session.check(&CheckRequest::default())?;
    while !check.run_slice(STATES_AT_ONCE) {}
    Ok(check.report())
}
