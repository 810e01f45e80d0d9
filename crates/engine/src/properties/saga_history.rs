//! Legal saga histories (Garcia-Molina and Salem 1987; Richardson, Microservices Patterns, ch. 4).
//!
//! The effects of a transaction are T1..Tn, or T1..Tj, Cj..C1 with j < n: steps in their order,
//! then, where one fails, the compensations of what was done, the last first and nothing forward
//! any more. Once the pivot or a retriable step is done nothing is undone, and neither once all is.
//! Two options widen it: with `compensation_order: parallel` compensations come in any order; with
//! `compensate: failed-too` the failed step may have taken effect, so the last may be undone as well.
//! Steps that change no rows leave no trace and are passed over.

use std::rc::Rc;

use super::ledger::{Needs, Standing};
use super::{Entry, Exercise, Found, Made, Property, Rules, RunView, Scene, TxnRecord, words};
use crate::ids::{Direction, StepIx, StepRef, txn_name};
use crate::scenario::document::{Compensate, CompensationOrder, StepKind};
use crate::verdict::Status;

pub(super) const ENTRY: Entry = Entry {
    id: "saga-history",
    title: "Saga history",
    meaning: "Steps come in order; compensations undo what was done, the last first, and nothing after the pivot.",
    exercised_by: &[Exercise::Compensation, Exercise::Refusal],
    make: |rules| if rules.saga { Made::plain(SagaHistory) } else { Vec::new() },
};

#[derive(Clone)]
struct SagaHistory;

impl Property for SagaHistory {
    fn needs(&self) -> Needs {
        Needs::COUNTS
    }

    fn effect(&self, scene: &Scene<'_>, record: &TxnRecord, of: StepRef, found: &mut Found<'_>) {
        let objection = match of.dir {
            Direction::Do => objection_to_do(scene.rules, record, of.step),
            Direction::Undo => objection_to_undo(scene.rules, record, of.step),
        };
        if let (Some(objection), Some(step)) = (objection, scene.rules.step(record.flow, of.step)) {
            let name = txn_name(of.txn);
            let what = if of.dir == Direction::Do { &step.name } else { &step.undo_name };
            found.at_step(
                of,
                format!("{name} {what} out of place"),
                format!("{what} of {name} {objection}."),
            );
        }
    }

    fn at_rest(&self, scene: &Scene<'_>, found: &mut Found<'_>) {
        for (txn, record) in scene.ledger.records() {
            if record.standing(scene.rules) == Standing::Half {
                let name = txn_name(txn);
                let done: Vec<&str> = record
                    .weighty(scene.rules)
                    .filter(|(_, _, tally)| tally.done())
                    .map(|(_, step, _)| step)
                    .collect();
                let way =
                    if compensating(record) { "on its way back" } else { "on its way forward" };
                let why = format!(
                    "The history of {name} ends {way}: {} {} done.",
                    words::list(&done),
                    words::be(&done)
                );
                found.push(Some(txn), None, format!("{name} ends in the middle"), why);
            }
        }
    }

    fn copy(&self) -> Rc<dyn Property> {
        Rc::new(self.clone())
    }

    fn status(&self, run: &RunView<'_>) -> (Status, String) {
        run.moving(run.half, "every history is legal")
    }
}

fn compensating(record: &TxnRecord) -> bool {
    record.steps.iter().any(|tally| tally.undos > 0)
}

/// Why a step may not be done now.
fn objection_to_do(rules: &Rules, record: &TxnRecord, step: StepIx) -> Option<String> {
    if !record.tally(step).runs {
        return Some("was done, though its condition is false".to_owned());
    }
    if !rules.step(record.flow, step)?.writes {
        return None;
    }
    if record.tally(step).done() {
        return Some("was done again".to_owned());
    }
    if compensating(record) {
        return Some("was done after the compensation had begun".to_owned());
    }
    let (_, missing, _) =
        record.weighty(rules).find(|(at, _, tally)| *at < step && !tally.done())?;
    Some(format!("was done before {missing}"))
}

/// Why a step may not be undone now.
fn objection_to_undo(rules: &Rules, record: &TxnRecord, step: StepIx) -> Option<String> {
    let tally = record.tally(step);
    if !tally.done() {
        if tally.undos > 0 {
            return Some("was done again".to_owned());
        }
        if rules.step(record.flow, step)?.writes {
            return Some("was done, though there was nothing to undo".to_owned());
        }
    }
    let done = |wanted: fn(StepKind) -> bool| {
        let flow = &rules.flows[record.flow.ix()].steps;
        flow.iter().zip(&record.steps).find(|(rule, tally)| wanted(rule.kind) && tally.done())
    };
    if let Some((past, _)) = done(|kind| kind != StepKind::Compensatable) {
        return Some(format!("was done after {}, the point of no return, was done", past.name));
    }
    // The last step that runs: with it done the saga was complete and had no failed step to undo for.
    let last = record.steps.iter().rfind(|tally| tally.runs);
    if rules.compensate == Compensate::Completed
        && !compensating(record)
        && last.is_some_and(|tally| tally.done())
    {
        return Some("was done, though every step had been done".to_owned());
    }
    if rules.compensation_order == CompensationOrder::Sequential {
        let later = record.weighty(rules).find(|(at, _, tally)| *at > step && tally.done());
        if let Some((_, later, _)) = later {
            return Some(format!("was done before {later} was undone"));
        }
        let earlier = record.steps[..step.ix().min(record.steps.len())]
            .iter()
            .position(|tally| tally.undos > 0);
        if let Some(earlier) = earlier.and_then(|at| rules.step(record.flow, StepIx(at as u8))) {
            return Some(format!("was done after {}", earlier.undo_name));
        }
    }
    None
}
