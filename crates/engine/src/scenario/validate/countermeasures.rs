//! Countermeasures of steps that could not work.

use super::super::at::At;
use super::super::document::{Countermeasure, Operation, Scalar, Step, StepKind};
use super::Check;

impl Check<'_> {
    /// A countermeasure that could not work: a lock that nothing takes off, an update whose order
    /// matters, a value that was never read, a file for what cannot be overtaken, a step that cannot
    /// be put off.
    pub(super) fn countermeasures(&mut self, at: &At<'_>, steps: &[Step]) {
        for (index, step) in steps.iter().enumerate() {
            let at = at.index(index);
            let at = at.name("countermeasures");
            let (before, after) = (&steps[..index], &steps[index + 1..]);
            let reads =
                |step: &Step| step.forward.iter().any(|op| matches!(op, Operation::Read { .. }));
            let writes = step.forward.iter().any(|op| !matches!(op, Operation::Read { .. }));
            for one in &step.countermeasures {
                let (wrong, remedy) = match one {
                    one if is_lock(*one) && step.kind == StepKind::Retriable => (
                        "a semantic lock on a retriable step, which must not be refused",
                        "mark the rows in a compensatable step or the pivot",
                    ),
                    one if is_lock(*one)
                        && writes
                        && !after.iter().any(|later| {
                            later.service == step.service
                                && !later.forward.is_empty()
                                && later.condition.is_none()
                        }) =>
                    {
                        (
                            "a semantic lock that no later step takes off",
                            "add a last step of the same service, with a `do` and without an `if`",
                        )
                    }
                    one if is_lock(*one)
                        && writes
                        && step.kind == StepKind::Compensatable
                        && step.undo.is_empty() =>
                    {
                        (
                            "a semantic lock that stays where the saga turns round",
                            "give the step an `undo`, which takes the lock off",
                        )
                    }
                    Countermeasure::CommutativeUpdate
                        if !step.forward.iter().chain(&step.undo).all(commutes) =>
                    {
                        (
                            "a commutative update with an operation whose order matters",
                            "use `add` without bounds, `append` and `read` only",
                        )
                    }
                    Countermeasure::RereadValue
                        if !before
                            .iter()
                            .any(|other| other.service == step.service && reads(other)) =>
                    {
                        (
                            "a value that is read again, and was never read before",
                            "let an earlier step of the same service `read` it",
                        )
                    }
                    Countermeasure::VersionFile
                        if step.forward.is_empty() || step.undo.is_empty() =>
                    {
                        (
                            "a version file for a step that no compensation can overtake",
                            "give the step a `do` and an `undo`; against what only comes again, \
                             the option `inbox` is enough",
                        )
                    }
                    Countermeasure::PessimisticView => match put_off(step, after) {
                        Some(wrong) => wrong,
                        None => continue,
                    },
                    _ => continue,
                };
                self.problems.add(&at, || wrong.into(), || remedy.into());
            }
        }
    }
}

/// Whether it marks rows.
fn is_lock(one: Countermeasure) -> bool {
    matches!(one, Countermeasure::SemanticLock | Countermeasure::SemanticLockWait)
}

/// Why a step cannot be put off until after the pivot, and what to do about it.
fn put_off(step: &Step, after: &[Step]) -> Option<(&'static str, &'static str)> {
    let needs_before = |one: &Countermeasure| {
        is_lock(*one) || matches!(one, Countermeasure::VersionFile | Countermeasure::RereadValue)
    };
    if step.kind != StepKind::Compensatable {
        Some((
            "a pessimistic view on a step that is not taken back as it is",
            "name it on a compensatable step before the pivot",
        ))
    } else if !after.iter().any(|later| later.kind == StepKind::Pivot) {
        Some((
            "a pessimistic view with no pivot after the step, behind which it could run",
            "let the step that decides whether the saga goes on be the `pivot`",
        ))
    } else if !raises(step) {
        Some((
            "a pessimistic view on a step that could be refused, or that lowers what others may use",
            "use `add` without bounds of what is not below zero, `append` and `read` only; what \
             lowers stays before the pivot",
        ))
    } else if step.countermeasures.iter().any(needs_before) {
        Some((
            "a pessimistic view beside a countermeasure for what may still be taken back or refused",
            "take one of the two away",
        ))
    } else {
        None
    }
}

/// Whether a step only adds to what others may use, and cannot be refused.
fn raises(step: &Step) -> bool {
    let lowers = |by: &Scalar| match by {
        Scalar::Int(by) => *by < 0,
        Scalar::Text(by) => by.starts_with('-'),
        Scalar::List(_) => true,
    };
    let allowed = |operation: &Operation| match operation {
        Operation::Add { by, min: None, max: None, .. } => !lowers(by),
        Operation::Append { .. } | Operation::Read { .. } => true,
        _ => false,
    };
    let writes = |operation: &Operation| !matches!(operation, Operation::Read { .. });
    step.forward.iter().all(allowed) && step.forward.iter().any(writes)
}

/// Whether two of these give the same rows in either order.
fn commutes(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::Add { min: None, max: None, .. }
            | Operation::Append { .. }
            | Operation::Read { .. }
    )
}
