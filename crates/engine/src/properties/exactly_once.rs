//! Exactly-once effects: however often a message is delivered, its effect is there once.
//!
//! Judged at once on the ledger: a step that is done must be undone before it is done again, and
//! only what is done can be undone. A step that changes no rows may be repeated, but its
//! compensation may not.

use std::rc::Rc;

use super::ledger::Needs;
use super::{Entry, Exercise, Found, Made, Property, RunView, Scene, TxnRecord};
use crate::ids::{Direction, StepRef, txn_name};
use crate::verdict::Status;

pub(super) const ENTRY: Entry = Entry {
    id: "exactly-once",
    title: "Exactly once",
    meaning: "No step takes effect twice, and nothing is undone twice or without having been done.",
    exercised_by: &[Exercise::Redelivery, Exercise::Recovery],
    make: |_| Made::plain(ExactlyOnce),
};

#[derive(Clone)]
struct ExactlyOnce;

impl Property for ExactlyOnce {
    fn needs(&self) -> Needs {
        // The net alone would not tell the undo of a step without rows from a second one.
        Needs::COUNTS
    }

    fn effect(&self, scene: &Scene<'_>, record: &TxnRecord, of: StepRef, found: &mut Found<'_>) {
        let Some(step) = scene.rules.step(record.flow, of.step) else { return };
        let tally = record.tally(of.step);
        let name = txn_name(of.txn);
        match of.dir {
            Direction::Do if step.writes && tally.done() => {
                let brief = format!("{name} {} twice", step.name);
                found.at_step(
                    of,
                    brief,
                    format!("{} of {name} took effect again, though it was done.", step.name),
                );
            }
            Direction::Undo if tally.undos > 0 && !tally.done() => {
                let undo = &step.undo_name;
                let why =
                    format!("{undo} of {name} took effect again, though {} was undone.", step.name);
                found.at_step(of, format!("{name} {undo} twice"), why);
            }
            Direction::Undo if step.writes && !tally.done() => {
                let undo = &step.undo_name;
                let why =
                    format!("{undo} of {name} took effect, though {} was never done.", step.name);
                found.at_step(of, format!("{name} {undo} for nothing"), why);
            }
            Direction::Do | Direction::Undo => {}
        }
    }

    fn at_rest(&self, _scene: &Scene<'_>, _found: &mut Found<'_>) {}

    fn copy(&self) -> Rc<dyn Property> {
        Rc::new(self.clone())
    }

    fn status(&self, run: &RunView<'_>) -> (Status, String) {
        run.lasting(|| "no effect twice".to_owned())
    }
}
