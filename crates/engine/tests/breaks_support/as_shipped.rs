//! Shipped scenarios that break as they are: nothing is switched, and what mends each is one option,
//! one word of its steps, or another coupling.

use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{Budget, Countermeasure, Coupling, Operation};
use interleave_engine::scenario::{by_name, document::Step};

use super::cases::Case;
use super::faults;

/// A shipped scenario as it is.
pub(crate) fn named(name: &str) -> Scenario {
    by_name(name).unwrap().scenario()
}

/// A shipped scenario under another coupling.
pub(crate) fn under(name: &str, pattern: &str) -> Scenario {
    Scenario { coupling: Coupling::Named(pattern.to_owned()), ..named(name) }
}

/// A shipped scenario with a semantic lock at each step that changes this row on its way forward.
pub(crate) fn locked(name: &str, row: &str) -> Scenario {
    let mut scenario = named(name);
    let changes = |step: &Step| {
        let of = |op: &Operation| matches!(op, Operation::Add { key, .. } if key == row);
        step.forward.iter().any(of)
    };
    for flow in &mut scenario.transactions {
        for step in flow.steps.iter_mut().filter(|step| changes(step)) {
            step.countermeasures = vec![Countermeasure::SemanticLock];
        }
    }
    assert_ne!(scenario, named(name), "no step changes {row}");
    scenario
}

/// The breaks, in the order of the shipped scenarios.
pub(crate) fn cases() -> Vec<Case> {
    let (none, crash): (Budget, Budget) = (faults(0, 0, 0), faults(1, 0, 0));
    [
        ("last-seat-sold-twice", "last-seat", none, "One ticket for each seat", 10, 61),
        ("order-without-parcel", "dual-write", crash, "Atomicity", 4, 35),
        ("payment-delivered-again", "redelivered-payment", none, "Exactly once", 6, 22),
        ("event-never-published", "lost-event", none, "Progress", 6, 7),
        ("paid-out-too-early", "paid-out-too-early", none, "No account below zero", 8, 311),
        ("points-are-spent", "failed-compensation", none, "Progress", 11, 265),
        ("second-answer-older", "back-in-time", none, "Monotonic reads", 11, 530),
        ("older-change-last", "out-of-order-projection", none, "Projection agreement", 12, 267),
    ]
    .into_iter()
    .map(|(name, scenario, faults, property, length, states)| Case {
        name,
        scenario: named(scenario),
        faults,
        property,
        length,
        states,
    })
    .collect()
}
