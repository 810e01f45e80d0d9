//! Atomicity: at rest every step of a transaction is done, or none is.
//!
//! Judged on the ledger of effects, since rows do not say whose they are. A step that changes no
//! rows for the transaction's inputs has no say. While a transaction moves it may be half done; how
//! long that lasts, from its first effect to its last settled state, is the inconsistency window.

use std::rc::Rc;

use super::ledger::{Needs, Standing};
use super::{Entry, Exercise, Found, Made, Property, RunView, Scene, words};
use crate::ids::txn_name;
use crate::verdict::Status;

pub(super) const ENTRY: Entry = Entry {
    id: "atomicity",
    title: "Atomicity",
    meaning: "At rest every step of a transaction is done, or none is.",
    exercised_by: &[Exercise::Compensation, Exercise::Recovery, Exercise::Refusal],
    make: |_| Made::plain(Atomicity),
};

#[derive(Clone)]
struct Atomicity;

impl Property for Atomicity {
    fn needs(&self) -> Needs {
        Needs::NET
    }

    fn at_rest(&self, scene: &Scene<'_>, found: &mut Found<'_>) {
        for (txn, record) in scene.ledger.records() {
            if record.standing(scene.rules) != Standing::Half {
                continue;
            }
            let name = txn_name(txn);
            let (mut done, mut undone, mut never) = (Vec::new(), Vec::new(), Vec::new());
            for (_, step, tally) in record.weighty(scene.rules) {
                match (tally.done(), tally.undos > 0) {
                    (true, _) => done.push(step),
                    (false, true) => undone.push(step),
                    (false, false) => never.push(step),
                }
            }
            let mut why =
                format!("{name} is half done: {} {} done", words::list(&done), words::be(&done));
            for (steps, what) in [(undone, "undone"), (never, "not done")] {
                if !steps.is_empty() {
                    why += &format!(", {} {} {what}", words::list(&steps), words::be(&steps));
                }
            }
            why.push('.');
            found.push(Some(txn), None, format!("{name} half done"), why);
        }
    }

    fn copy(&self) -> Rc<dyn Property> {
        Rc::new(self.clone())
    }

    fn status(&self, run: &RunView<'_>) -> (Status, String) {
        run.moving(run.half, "all or nothing")
    }

    fn measure(&self, run: &RunView<'_>) -> Option<String> {
        let (longest, txn) = run.places.longest()?;
        Some(format!(
            "longest inconsistency window {} ({})",
            words::duration(longest),
            txn_name(txn)
        ))
    }
}
