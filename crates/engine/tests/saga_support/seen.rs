//! What a run of a vector showed, taken from its trace alone.

use std::collections::BTreeMap;

use interleave_engine::event::{EventKind, Outcome, Refusal, Shape};
use interleave_engine::ids::{Direction, NodeIx};
use interleave_engine::scenario::Scenario;
use interleave_engine::session::{RunInput, RunState, Session, open};

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Commands and compensations sent, the client's request left out.
    pub(crate) commands: Vec<String>,
    /// The compensations among them.
    pub(crate) compensations: Vec<String>,
    /// Events published.
    pub(crate) events: Vec<String>,
    /// Steps whose compensation took effect.
    pub(crate) undone: Vec<String>,
    /// How it ended, and with which word.
    pub(crate) ended: Option<(Outcome, Option<String>)>,
    /// What the orchestrator's row says of the saga.
    pub(crate) state: Option<String>,
    /// The fields of the order.
    pub(crate) order: BTreeMap<String, String>,
    /// Why a step was refused.
    pub(crate) refusal: Option<Refusal>,
    /// Properties that do not hold, with the reason.
    pub(crate) violations: Vec<String>,
}

/// Runs a scenario to its end.
pub(crate) fn run(scenario: Scenario) -> Result<Box<dyn Session>, String> {
    let mut session = open(&RunInput::of(scenario)).map_err(|problems| format!("{problems:?}"))?;
    while *session.state() == RunState::Running {
        session.run_slice(10_000);
    }
    match session.state() {
        RunState::AtRest => Ok(session),
        other => Err(format!("the run ended with {other:?}")),
    }
}

/// Looks at a run.
pub(crate) fn look(session: &dyn Session) -> Seen {
    let cast = session.cast();
    let mut seen = Seen::default();
    for event in session.trace().events() {
        match &event.kind {
            EventKind::Sent { shape, label, .. } if event.node != NodeIx(0) => {
                let name = cast.sym(*label).to_owned();
                if *shape == Shape::Compensation {
                    seen.compensations.push(name.clone());
                }
                if matches!(shape, Shape::Command | Shape::Compensation) {
                    seen.commands.push(name);
                }
            }
            EventKind::Published { label, .. } => seen.events.push(cast.sym(*label).to_owned()),
            EventKind::Ended { outcome, reason } => {
                seen.ended = Some((*outcome, reason.map(|word| cast.sym(word).to_owned())));
            }
            EventKind::Refused { why, .. } => seen.refusal = Some(*why),
            EventKind::Committed { db, changes, effects, .. } => {
                for of in effects.iter().filter(|of| of.dir == Direction::Undo) {
                    let step = &cast.flows[0].steps[of.step.ix()];
                    seen.undone.push(cast.sym(step.name).to_owned());
                }
                for change in changes {
                    let Some(row) = &change.after else { continue };
                    let fields = row
                        .fields()
                        .map(|(name, value)| (cast.sym(name).to_owned(), cast.value(*db, value)));
                    match cast.key(change.key).as_str() {
                        "order:1" => seen.order = fields.collect(),
                        "saga:1" => {
                            let fields: BTreeMap<String, String> = fields.collect();
                            seen.state = fields.get("state").cloned();
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    let broken = session.properties().into_iter().filter(|property| !property.holds());
    seen.violations = broken
        .map(|property| {
            let why = property.violations.first().map_or("", |violation| violation.why.as_str());
            format!("{}: {why}", property.title)
        })
        .collect();
    seen
}
