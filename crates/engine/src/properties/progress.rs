//! Progress: every transaction ends.
//!
//! A transaction that the protocol reports as stuck breaks it at once: it waits for a person. One
//! that has neither ended nor got stuck breaks it at rest. An end whose outcome the client never
//! learned counts as an end for the client, and the measure says how many there were.

use std::rc::Rc;

use super::ledger::Needs;
use super::{Entry, Exercise, Found, Made, Property, RunView, Scene};
use crate::event::{Event, EventKind};
use crate::ids::txn_name;
use crate::verdict::Status;

pub(super) const ENTRY: Entry = Entry {
    id: "progress",
    title: "Progress",
    meaning: "Every transaction ends; none is unfinished or stuck at rest.",
    exercised_by: &[
        Exercise::Compensation,
        Exercise::Recovery,
        Exercise::Refusal,
        Exercise::Redelivery,
    ],
    make: |_| Made::plain(Progress),
};

#[derive(Clone)]
struct Progress;

impl Property for Progress {
    fn needs(&self) -> Needs {
        Needs::END
    }

    fn concerned(&self, _scene: &Scene<'_>, event: &Event) -> bool {
        matches!(event.kind, EventKind::Stuck { .. })
    }

    fn observe(&mut self, _scene: &Scene<'_>, event: &Event, found: &mut Found<'_>) {
        if let Some(txn) = event.txn {
            let name = txn_name(txn);
            let why = format!(
                "{name} is stuck: it can neither finish nor be undone, and waits for a person."
            );
            found.push(Some(txn), event.step, format!("{name} stuck"), why);
        }
    }

    fn at_rest(&self, scene: &Scene<'_>, found: &mut Found<'_>) {
        for (txn, record) in scene.ledger.records() {
            if record.ended.is_none() && !record.stuck {
                let name = txn_name(txn);
                let why = format!("{name} never ended, and nothing is left that could end it.");
                found.push(Some(txn), None, format!("{name} unfinished"), why);
            }
        }
    }

    fn copy(&self) -> Rc<dyn Property> {
        Rc::new(self.clone())
    }

    fn status(&self, run: &RunView<'_>) -> (Status, String) {
        run.moving(run.open, "all ended")
    }

    fn measure(&self, run: &RunView<'_>) -> Option<String> {
        match run.places.unknown? {
            (1, txn) => Some(format!("the client of {} never learned the outcome", txn_name(txn))),
            (count, _) => Some(format!("{count} clients never learned the outcome")),
        }
    }
}
