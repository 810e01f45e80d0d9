//! Changes of a scenario that stories make, and that a reader can make too.

use crate::scenario::Scenario;
use crate::scenario::document::{Countermeasure, Coupling, IsolationLevel, Step, StepKind};
use crate::session;

/// A change of a scenario.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Nothing goes wrong by itself.
    Faultless,
    /// Another coupling, by name.
    Couple(&'static str),
    /// The outbox on or off.
    Outbox(bool),
    /// The inbox on or off.
    Inbox(bool),
    /// Clients and callers ask again after so many microseconds.
    AskAgainAfter(u64),
    /// Another isolation level.
    Isolation(IsolationLevel),
    /// A countermeasure at every step of a service that may be refused.
    Countermeasure(&'static str, Countermeasure),
    /// A snapshot of a stream after so many events; 0 for none.
    SnapshotEvery(u32),
    /// The random draws begin with another number.
    Seed(u64),
}

impl Change {
    /// Makes it.
    pub fn make(self, scenario: &mut Scenario) {
        match self {
            Self::Faultless => scenario.faults.clear(),
            Self::Couple(name) => scenario.coupling = Coupling::Named(name.to_owned()),
            Self::Outbox(on) => scenario.options.outbox = on,
            Self::Inbox(on) => scenario.options.inbox = on,
            Self::AskAgainAfter(us) => scenario.retries.timeout_us = us,
            Self::Isolation(level) => scenario.options.isolation = level,
            Self::Countermeasure(service, measure) => {
                let steps = scenario.transactions.iter_mut().flat_map(|flow| &mut flow.steps);
                // A retriable step must not be refused, which a mark could bring about.
                let refusable = |step: &&mut Step| step.kind != StepKind::Retriable;
                for step in steps.filter(|step| step.service == service).filter(refusable) {
                    if !step.countermeasures.contains(&measure) {
                        step.countermeasures.push(measure);
                    }
                }
            }
            Self::SnapshotEvery(events) => scenario.options.snapshot_every = events,
            Self::Seed(seed) => scenario.seed = seed,
        }
    }

    /// Whether a scenario is as if it had been made.
    #[must_use]
    pub fn is_made(self, scenario: &Scenario) -> bool {
        if let Self::Couple(name) = self {
            let wanted = session::parts_of(&Coupling::Named(name.to_owned()));
            return wanted.is_ok() && session::parts_of(&scenario.coupling) == wanted;
        }
        let mut made = scenario.clone();
        self.make(&mut made);
        made == *scenario
    }
}
