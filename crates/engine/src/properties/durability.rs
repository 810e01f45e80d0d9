//! Durability of what was acknowledged.
//!
//! It differs from atomicity in whom it is about: only transactions whose client was told something.
//! *Accepted* promises that the first step is durable and that the rest is under way; *completed*
//! (or an end as committed) that every step is durable. A crash that takes back what was promised
//! breaks it at once, even where a later delivery would do it again. At rest an accepted transaction
//! may be done, or explicitly undone or refused, but neither vanished nor half; a completed one is done.

use std::rc::Rc;

use super::ledger::{Needs, Standing};
use super::{Entry, Exercise, Found, Made, Property, RunView, Scene, TxnRecord, words};
use crate::event::{Acknowledged, Outcome};
use crate::ids::{Direction, StepRef, txn_name};
use crate::verdict::Status;

pub(super) const ENTRY: Entry = Entry {
    id: "durability",
    title: "Durability",
    meaning: "What a client was told is accepted or completed is never lost.",
    exercised_by: &[Exercise::Recovery],
    make: |_| Made::plain(Durability),
};

#[derive(Clone)]
struct Durability;

fn word(promise: Acknowledged) -> &'static str {
    match promise {
        Acknowledged::Accepted => "accepted",
        Acknowledged::Completed => "completed",
    }
}

impl Property for Durability {
    fn needs(&self) -> Needs {
        Needs::COUNTS.and(Needs::PROMISE).and(Needs::END)
    }

    fn taken_back(
        &self,
        scene: &Scene<'_>,
        record: &TxnRecord,
        of: StepRef,
        found: &mut Found<'_>,
    ) {
        let Some(promise) = record.promise else { return };
        let mut promised = record.weighty(scene.rules);
        let lost = match promise {
            Acknowledged::Accepted => promised.next().filter(|(step, ..)| *step == of.step),
            Acknowledged::Completed => promised.find(|(step, ..)| *step == of.step),
        };
        if let (Direction::Do, Some((_, step, tally))) = (of.dir, lost) {
            // A second application may go without the first being lost.
            if !tally.done() {
                let (name, word) = (txn_name(of.txn), word(promise));
                let why = format!(
                    "The crash took back {step} of {name}, which had been acknowledged as {word}."
                );
                found.at_step(of, format!("{name} lost {step}"), why);
            }
        }
    }

    fn at_rest(&self, scene: &Scene<'_>, found: &mut Found<'_>) {
        for (txn, record) in scene.ledger.records() {
            let Some(promise) = record.promise else { continue };
            // A flow whose steps change no rows has nothing to lose.
            if record.weighty(scene.rules).next().is_none() {
                continue;
            }
            let kept = match (promise, record.standing(scene.rules)) {
                (_, Standing::Done) => continue,
                (Acknowledged::Accepted, Standing::Undone) => continue,
                // An orchestrator accepts before the first step, which may still be refused.
                (Acknowledged::Accepted, Standing::Untouched)
                    if record.ended == Some(Outcome::Aborted) =>
                {
                    continue;
                }
                (_, Standing::Untouched) => "nothing of it is left".to_owned(),
                (_, Standing::Undone) => "it was undone".to_owned(),
                (_, Standing::Half) => {
                    let done = record.weighty(scene.rules).filter(|(_, _, tally)| tally.done());
                    let done: Vec<&str> = done.map(|(_, step, _)| step).collect();
                    format!("only {} {} there", words::list(&done), words::be(&done))
                }
            };
            let (name, word) = (txn_name(txn), word(promise));
            let why = format!("{name} was acknowledged as {word}, but {kept}.");
            found.push(Some(txn), None, format!("{name} lost"), why);
        }
    }

    fn copy(&self) -> Rc<dyn Property> {
        Rc::new(self.clone())
    }

    fn status(&self, run: &RunView<'_>) -> (Status, String) {
        run.lasting(|| "nothing acknowledged is lost".to_owned())
    }
}
