//! What sagas do to each other without isolation, and what the countermeasures of their steps do
//! against it: each anomaly is found by exploring without its countermeasure, and is gone with it in
//! every schedule, in both styles of saga.

#![allow(clippy::unwrap_used)]

mod breaks_support;

use breaks_support::{broken, faults, property, replay};
use interleave_engine::scenario::document::{Budget, Countermeasure, Coupling};
use interleave_engine::scenario::{self, Scenario};
use interleave_engine::session::{CheckReport, CheckRequest, RunInput, open};
use serde_json::{Value, json};

const STYLES: [&str; 2] = ["saga-choreography", "saga-orchestration"];

/// Checks both transactions within a budget, to the end of the space.
fn check(scenario: &Scenario, style: &str, faults: Budget) -> CheckReport {
    let coupling = Coupling::Named(style.to_owned());
    let scenario = Scenario { coupling, ..scenario.clone() };
    let request = CheckRequest {
        transactions: Some(2),
        faults: Some(faults),
        max_states: Some(1_000_000),
        properties: None,
        first_only: false,
    };
    let mut check = open(&RunInput::of(scenario)).unwrap().check(&request).unwrap();
    while !check.run_slice(10_000) {}
    let report = check.report();
    assert!(report.complete, "{style}: {} states", report.states);
    report
}

fn parse(document: &Value) -> Scenario {
    scenario::parse(&document.to_string()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// A deposit that a screening refuses, and a withdrawal that may live on it in between.
fn bank(countermeasures: &[&str]) -> Value {
    json!({
        "interleave": 1,
        "title": "A deposit that is screened",
        "coupling": "saga-orchestration",
        "services": [
            {
                "name": "bank",
                "rows": { "account:ann": 0, "settled:deposits": 0, "settled:withdrawals": 0 },
            },
            { "name": "screening", "rows": { "left:today": 0 } },
            { "name": "teller", "rows": { "paid:out": 0 } },
        ],
        "transactions": [
            {
                "name": "deposit",
                "steps": [
                    {
                        "name": "deposit",
                        "service": "bank",
                        "do": [{ "op": "add", "key": "account:ann", "by": 50 }],
                        "undo": [{ "op": "add", "key": "account:ann", "by": -50 }],
                        "countermeasures": countermeasures,
                    },
                    {
                        "name": "screen",
                        "service": "screening",
                        "kind": "pivot",
                        "do": [
                            { "op": "add", "key": "left:today", "by": -1, "min": 0, "else": "SUSPICIOUS" },
                        ],
                    },
                    {
                        "name": "settle",
                        "service": "bank",
                        "kind": "retriable",
                        "do": [{ "op": "add", "key": "settled:deposits", "by": 1 }],
                    },
                ],
            },
            {
                "name": "withdraw",
                "steps": [
                    {
                        "name": "withdraw",
                        "service": "bank",
                        "do": [
                            { "op": "add", "key": "account:ann", "by": -50, "min": 0, "else": "BROKE" },
                        ],
                        "undo": [{ "op": "add", "key": "account:ann", "by": 50 }],
                        "countermeasures": countermeasures,
                    },
                    {
                        "name": "pay",
                        "service": "teller",
                        "kind": "pivot",
                        "do": [{ "op": "add", "key": "paid:out", "by": 50 }],
                    },
                    {
                        "name": "book",
                        "service": "bank",
                        "kind": "retriable",
                        "do": [{ "op": "add", "key": "settled:withdrawals", "by": 1 }],
                    },
                ],
            },
        ],
        "workload": {
            "arrivals": { "at-us": [0, 1000] },
            "mix": [
                { "transaction": "deposit", "weight": 0 },
                { "transaction": "withdraw", "weight": 0 },
            ],
        },
        "invariants": [{
            "name": "No account below zero",
            "bound": { "service": "bank", "key": "account:*", "min": 0 },
            "when": "always",
        }],
    })
}

/// A dirty read between sagas: money is paid out that was never there. With the lock the withdrawal
/// is refused while the deposit is pending, and nobody is.
#[test]
fn a_semantic_lock_keeps_a_saga_from_anothers_unfinished_work() {
    for (style, length) in STYLES.into_iter().zip([8, 10]) {
        let open = check(&parse(&bank(&[])), style, faults(0, 0, 0));
        assert_eq!(broken(&open), ["No account below zero"], "{style}");
        let found = property(&open, "No account below zero").counterexample.clone().unwrap();
        assert_eq!(found.len(), length, "{style}: {found:#?}");

        let locked = parse(&bank(&["semantic-lock"]));
        for budget in [faults(0, 0, 0), faults(1, 0, 0), faults(0, 0, 1)] {
            let report = check(&locked, style, budget);
            assert_eq!(broken(&report), [""; 0], "{style}");
        }
        // The very schedule of the dirty read ends otherwise: the withdrawal meets the mark.
        let coupling = Coupling::Named(style.to_owned());
        let session = replay(&Scenario { coupling, ..locked }, &found[..found.len() - 1]);
        let refused = session.trace().of_kind("refused").map(|(_, kind)| format!("{kind:?}"));
        let pending = session.cast().symbols.iter().position(|word| word == "PENDING").unwrap();
        let mark = format!("Bound(Sym({pending}))");
        assert!(refused.into_iter().any(|kind| kind.contains(&mark)), "{style}");
    }
}

/// Two sagas take the last one: each reads that it is there, and writes that it is gone.
fn last_one(countermeasures: &[&str]) -> Value {
    let here = json!({
        "op": "add", "key": "item:last", "by": 0, "min": 1, "else": "SOLD_OUT",
    });
    json!({
        "interleave": 1,
        "title": "The last one, sold twice",
        "coupling": "saga-orchestration",
        "services": [
            { "name": "stock", "rows": { "item:last": 1, "taken:count": 0 } },
            { "name": "packing", "rows": { "boxes:packed": 0 } },
        ],
        "transactions": [{
            "name": "sell",
            "steps": [
                {
                    "name": "look",
                    "service": "stock",
                    "do": [{ "op": "read", "key": "item:last" }, here],
                    "undo": [{ "op": "add", "key": "item:last", "by": 0 }],
                },
                {
                    "name": "pack",
                    "service": "packing",
                    "do": [{ "op": "add", "key": "boxes:packed", "by": 1 }],
                    "undo": [{ "op": "add", "key": "boxes:packed", "by": -1 }],
                    "countermeasures": ["commutative-update"],
                },
                {
                    "name": "take",
                    "service": "stock",
                    "kind": "pivot",
                    "do": [
                        { "op": "set", "key": "item:last", "to": 0 },
                        { "op": "add", "key": "taken:count", "by": 1 },
                    ],
                    "countermeasures": countermeasures,
                },
            ],
        }],
        "workload": { "arrivals": { "at-us": [0, 1000] }, "mix": [{ "transaction": "sell" }] },
        "invariants": [
            {
                "name": "Sold once",
                "sum": {
                    "terms": [
                        { "service": "stock", "key": "item:last" },
                        { "service": "stock", "key": "taken:count" },
                    ],
                },
                "when": "always",
            },
            {
                "name": "Packed what is taken",
                "sum": {
                    "terms": [
                        { "service": "stock", "key": "taken:count" },
                        { "service": "packing", "key": "boxes:packed", "times": -1 },
                    ],
                },
                "when": "at-rest",
            },
        ],
    })
}

/// A lost update between sagas, and the same with the value read again.
#[test]
fn a_reread_value_keeps_a_saga_from_overwriting_what_it_has_not_seen() {
    for (style, length) in STYLES.into_iter().zip([12, 14]) {
        let open = check(&parse(&last_one(&[])), style, faults(0, 0, 0));
        assert_eq!(broken(&open), ["Sold once"], "{style}");
        let found = property(&open, "Sold once").counterexample.clone().unwrap();
        assert_eq!(found.len(), length, "{style}: {found:#?}");

        let reread = parse(&last_one(&["reread-value"]));
        for budget in [faults(0, 0, 0), faults(1, 0, 0), faults(0, 0, 1)] {
            let report = check(&reread, style, budget);
            assert_eq!(broken(&report), [""; 0], "{style}");
        }
    }
}

/// What could not work is refused, with what to do about it.
#[test]
fn countermeasures_that_could_not_work_are_refused() {
    let problems = |flow: usize, step: usize, words: &[&str], change: fn(&mut Value)| {
        let mut document = bank(&[]);
        let changed = &mut document["transactions"][flow]["steps"][step];
        changed["countermeasures"] = json!(words);
        change(changed);
        let problems = scenario::parse(&document.to_string()).unwrap_err();
        problems.into_iter().map(|problem| problem.to_string()).collect::<Vec<_>>().join("\n")
    };
    let lasts = problems(0, 1, &["semantic-lock"], |_| {});
    assert!(
        lasts.contains("steps[1].countermeasures") && lasts.contains("no later step takes off")
    );
    let late = problems(0, 2, &["semantic-lock"], |_| {});
    assert!(late.contains("retriable"), "{late}");
    let stays = problems(0, 0, &["semantic-lock"], |step| {
        step.as_object_mut().unwrap().remove("undo");
    });
    assert!(stays.contains("turns round"), "{stays}");
    let order = problems(1, 0, &["commutative-update"], |_| {});
    assert!(order.contains("order matters"), "{order}");
    let never = problems(0, 2, &["reread-value"], |_| {});
    assert!(never.contains("never read"), "{never}");
    // A word that is none is refused by its form.
    assert!(problems(0, 0, &["pessimism"], |_| {}).contains("countermeasures"));
    let pack = &parse(&last_one(&[])).transactions[0].steps[1];
    assert_eq!(pack.countermeasures, [Countermeasure::CommutativeUpdate]);
}
