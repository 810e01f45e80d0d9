//! The order in which a saga runs its steps: the document's, but for those that a pessimistic view
//! puts off.
//!
//! What raises what others may use is a risk while it can still be taken back: another saga uses it,
//! and it is gone. A step with a pessimistic view therefore runs right after the pivot, as a
//! retriable step without a compensation (Frank and Zahle 1998; Richardson, Microservices Patterns
//! 2018, section 4.3.2).

use std::borrow::Cow;

use crate::scenario::Scenario;
use crate::scenario::document::{Countermeasure, Step, StepKind};

/// Whether the step is put off until its saga can no longer turn round.
fn is_put_off(step: &Step) -> bool {
    step.kind == StepKind::Compensatable
        && step.countermeasures.contains(&Countermeasure::PessimisticView)
}

/// The scenario with the steps of its transactions as sagas run them; `saga` says whether they are
/// sagas. Others see nothing of a transaction before its end, so that its order is the document's.
#[must_use]
pub fn as_run(scenario: &Scenario, saga: bool) -> Cow<'_, Scenario> {
    let mut steps = scenario.transactions.iter().flat_map(|flow| &flow.steps);
    if !saga || !steps.any(is_put_off) {
        return Cow::Borrowed(scenario);
    }
    let mut scenario = scenario.clone();
    for flow in &mut scenario.transactions {
        let Some(pivot) = flow.steps.iter().find(|step| step.kind == StepKind::Pivot) else {
            continue;
        };
        let pivot = pivot.name.clone();
        let (put_off, mut steps): (Vec<Step>, Vec<Step>) =
            std::mem::take(&mut flow.steps).into_iter().partition(is_put_off);
        let after = steps.iter().position(|step| step.name == pivot).map_or(0, |at| at + 1);
        let retriable = |step| Step { kind: StepKind::Retriable, undo: Vec::new(), ..step };
        steps.splice(after..after, put_off.into_iter().map(retriable));
        flow.steps = steps;
    }
    Cow::Owned(scenario)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn checkout(put_off: &[usize]) -> Scenario {
        let mut scenario = crate::scenario::by_name("checkout").unwrap().scenario();
        for step in put_off {
            let step = &mut scenario.transactions[0].steps[*step];
            step.countermeasures.push(Countermeasure::PessimisticView);
        }
        scenario
    }

    fn order(scenario: &Scenario) -> Vec<(&str, StepKind)> {
        let steps = &scenario.transactions[0].steps;
        steps.iter().map(|step| (step.name.as_str(), step.kind)).collect()
    }

    #[test]
    fn a_step_that_is_put_off_runs_right_after_the_pivot() {
        let written = checkout(&[]);
        let names = order(&written);
        let pivot = names.iter().position(|(_, kind)| *kind == StepKind::Pivot).unwrap();
        assert!(pivot >= 2, "two steps come before it");
        let scenario = checkout(&[0]);
        let run = as_run(&scenario, true);
        let now = order(&run);
        assert_eq!(now[..pivot], names[1..=pivot], "the others keep their order");
        assert_eq!(now[pivot], (names[0].0, StepKind::Retriable));
        assert_eq!(now[pivot + 1..], names[pivot + 1..]);
        assert!(run.transactions[0].steps[pivot].undo.is_empty(), "nothing takes it back");
        // What is in that order already stays as it is.
        assert_eq!(as_run(&run, true).transactions, run.transactions);
    }

    #[test]
    fn two_that_are_put_off_keep_their_order() {
        let scenario = checkout(&[0, 1]);
        let run = as_run(&scenario, true);
        let at = |ix: usize| {
            let name = &scenario.transactions[0].steps[ix].name;
            run.transactions[0].steps.iter().position(|step| step.name == *name).unwrap()
        };
        assert_eq!(at(1), at(0) + 1);
    }

    #[test]
    fn nothing_moves_without_a_saga_or_without_the_word() {
        let named = checkout(&[0]);
        assert!(matches!(as_run(&named, false), Cow::Borrowed(_)));
        let plain = checkout(&[]);
        assert!(matches!(as_run(&plain, true), Cow::Borrowed(_)));
    }
}
