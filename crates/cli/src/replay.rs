//! Runs played to their end.

use interleave_engine::ids::{EventIx, txn_name};
use interleave_engine::link::{self, Link};
use interleave_engine::scenario::Problem;
use interleave_engine::session::{self, ENGINE, RunInput, RunState, Session};
use interleave_engine::trace::Trace;
use interleave_engine::verdict::Violation;
use interleave_engine::views::format;
use serde::Serialize;

use crate::failure::BadInput;
use crate::input::Input;

/// Choices between two looks at whether a run has ended.
const SLICE: u32 = 100_000;

/// Opens a run and plays it to its end.
///
/// # Errors
/// What is wrong with its input; a schedule that ceases to apply is wrong.
pub fn play(from: &str, input: &RunInput) -> Result<Box<dyn Session>, BadInput> {
    let mut session = session::open(input).map_err(|problems| BadInput::of(from, problems))?;
    loop {
        match session.run_slice(SLICE) {
            RunState::Running => {}
            RunState::ScheduleBroken { step, why } => {
                let problem = Problem::new(
                    format!("schedule[{}]", step.saturating_sub(1)),
                    format!("step {step} does not apply: {why}"),
                    "replay a schedule with the scenario, the pattern and the engine that it was made with",
                );
                return Err(BadInput::of(from, vec![problem]));
            }
            _ => return Ok(session),
        }
    }
}

/// The interventions of a run's input that could not happen at their events: it passed over them.
pub fn interventions_refused(session: &dyn Session) -> Vec<String> {
    let all = &session.input().interventions;
    let refused = session.interventions_refused();
    let text = |ix: usize| Some(session::intervention_text(session.cast(), all.get(ix)?));
    refused.into_iter().filter_map(text).collect()
}

/// Why a run ended, as JSON says it.
pub fn ended(state: &RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::AtRest => "at-rest",
        RunState::EventLimit => "event-limit",
        RunState::TimeLimit => "time-limit",
        RunState::ScheduleEnd => "schedule-end",
        RunState::ScheduleBroken { .. } => "schedule-broken",
    }
}

/// The link to a run as it was played, stopped at an event.
pub fn link_to(session: &dyn Session, cursor: Option<EventIx>) -> Link {
    let RunInput { scenario, interventions, schedule } = session.input();
    let text = |intervention| session::intervention_text(session.cast(), intervention);
    Link {
        interventions: interventions.iter().map(text).collect(),
        schedule: schedule.clone(),
        cursor: cursor.map(|event| event.0),
        digest: Some(session.digest()),
        engine: Some(ENGINE.to_owned()),
        ..Link::of(scenario.clone())
    }
}

/// A link as it is printed: its fragment, after the address of a page where one is given.
pub fn link_text(base: Option<&str>, link: &Link) -> String {
    let base = base.map_or("", |base| base.split('#').next().unwrap_or_default());
    format!("{base}#{}", link::encode(link))
}

/// Where a link says which digest its run has and this engine gives another: that, in words.
pub fn digest_note(input: &Input, here: &str) -> Option<String> {
    let said = input.digest().filter(|said| *said != here)?;
    let engine = input.link.engine.as_deref().unwrap_or("unknown");
    Some(format!(
        "the link's run has the digest {said} (engine {engine}); here it is {here} (engine {ENGINE}), \
         so this is another run than its sender saw"
    ))
}

/// A violation as JSON says it.
#[derive(Clone, Debug, Serialize)]
pub struct ShownViolation {
    /// The property's name on screen.
    title: String,
    /// The event that broke it, from 0.
    pub event: u32,
    /// When that was; 0 where a schedule is replayed.
    at_us: u64,
    /// The transaction that it is about.
    transaction: Option<String>,
    /// What is wrong, in plain words.
    pub why: String,
}

impl ShownViolation {
    /// A violation of the property with this title.
    pub fn of(trace: &Trace, title: &str, violation: &Violation) -> Self {
        Self {
            title: title.to_owned(),
            event: violation.event.0,
            at_us: trace.get(violation.event).map_or(0, |event| event.at),
            transaction: violation.txn.map(txn_name),
            why: violation.why.clone(),
        }
    }

    /// Which event broke it, and what is wrong.
    pub fn line(&self) -> String {
        let of = self.transaction.as_ref().map(|txn| format!(" of {txn}")).unwrap_or_default();
        format!("at event {}{of}: {}", format::count(self.event.into()), self.why)
    }
}
