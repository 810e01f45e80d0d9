//! What sagas do to each other without isolation, and what the countermeasures of their steps do
//! against it: each anomaly is found by exploring without its countermeasure, and is gone with it in
//! every schedule, in both styles of saga.

#![allow(clippy::unwrap_used)]

mod breaks_support;

use breaks_support::sagas::{bank, card, impatient, last_one, put_back, savings, take_away, under};
use breaks_support::{broken, faults, property, replay};
use interleave_engine::event::{EventKind, Outcome, Refusal};
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
        ..CheckRequest::default()
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

/// Checks what the scenario explores within a budget.
fn check_one(scenario: &Scenario, faults: Budget) -> CheckReport {
    breaks_support::check(scenario, faults, false)
}

/// Two transfers of seats between two boxes, in opposite order: each marks one and wants the other.
fn crossing() -> Value {
    let flow = |name: &str, first: &str, second: &str| {
        let take = |key: &str, service: &str| {
            json!({
                "name": format!("{name}-{service}"),
                "service": service,
                "do": [{ "op": "add", "key": key, "by": 1 }],
                "undo": [{ "op": "add", "key": key, "by": -1 }],
                "countermeasures": ["semantic-lock-wait"],
            })
        };
        let book = |service: &str| {
            json!({
                "name": format!("{name}-{service}-booked"),
                "service": service,
                "kind": "retriable",
                "do": [{ "op": "add", "key": "booked:all", "by": 1 }],
            })
        };
        let key = |service: &str| format!("{service}:seats");
        json!({
            "name": name,
            "steps": [
                take(&key(first), first),
                take(&key(second), second),
                book(first),
                book(second),
            ],
        })
    };
    let service = |name: &str| json!({ "name": name, "rows": { (format!("{name}:seats")): 0, "booked:all": 0 } });
    json!({
        "interleave": 1,
        "title": "Two sagas, each with what the other wants",
        "coupling": "saga-orchestration",
        "services": [service("left"), service("right")],
        "transactions": [flow("right-hand", "left", "right"), flow("left-hand", "right", "left")],
        "workload": {
            "arrivals": { "at-us": [0, 1] },
            "mix": [
                { "transaction": "right-hand", "weight": 0 },
                { "transaction": "left-hand", "weight": 0 },
            ],
        },
        "explore": { "transactions": 2 },
    })
}

/// A dirty read between sagas: money is paid out that was never there. With the lock the withdrawal
/// is refused while the deposit is pending, and nobody is.
#[test]
fn a_semantic_lock_keeps_a_saga_from_anothers_unfinished_work() {
    for (style, length) in STYLES.into_iter().zip([8, 10]) {
        let open = check(&parse(&bank(&[], &[])), style, faults(0, 0, 0));
        assert_eq!(broken(&open), ["No account below zero"], "{style}");
        let found = property(&open, "No account below zero").counterexample.clone().unwrap();
        assert_eq!(found.len(), length, "{style}: {found:#?}");

        let locked = parse(&bank(&["semantic-lock"], &["semantic-lock"]));
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

/// The same lock, where an earlier saga waits and a later one is refused: nobody waits for ever,
/// since only an earlier one ever waits for a later one.
#[test]
fn a_semantic_lock_that_waits_ends_in_every_schedule() {
    for style in STYLES {
        let waits = under(style, &bank(&["semantic-lock-wait"], &["semantic-lock-wait"]));
        for budget in [faults(0, 0, 0), faults(1, 0, 0), faults(0, 0, 1)] {
            let report = check(&waits, style, budget);
            assert_eq!(broken(&report), [""; 0], "{style}");
            assert!(report.at_rest > 0 && report.states < 500_000, "{style}: {}", report.states);
        }
    }
}

/// Two sagas each mark a row and then want the other's: the one that came first waits, the other is
/// refused and gives its mark back. Were both to wait, neither would end.
#[test]
fn sagas_that_want_each_others_rows_do_not_wait_in_a_circle() {
    for style in STYLES {
        let scenario = under(style, &crossing());
        let report = check(&scenario, style, faults(0, 0, 0));
        assert_eq!(broken(&report), [""; 0], "{style}");
        let progress = property(&report, "Progress");
        assert!(progress.holds && progress.exercised > 0, "{style}");
        assert!(report.states < 500_000, "{style}: {}", report.states);
    }
    // Under an orchestrator a schedule exists in which the first waits in the middle of its flow.
    let session = open(&RunInput::of(under("saga-orchestration", &crossing()))).unwrap();
    let session = breaks_support::finish(session);
    let whys: Vec<Refusal> = session
        .trace()
        .of_kind("refused")
        .filter_map(|(_, kind)| match kind {
            EventKind::Refused { why, .. } => Some(*why),
            _ => None,
        })
        .collect();
    assert!(whys.contains(&Refusal::Pending), "{whys:?}");
    assert!(whys.iter().any(|why| matches!(why, Refusal::Bound(_))), "{whys:?}");
    let ends: Vec<Outcome> = session
        .trace()
        .of_kind("ended")
        .filter_map(|(_, kind)| match kind {
            EventKind::Ended { outcome, .. } => Some(*outcome),
            _ => None,
        })
        .collect();
    assert_eq!(ends.len(), 2);
    assert!(ends.contains(&Outcome::Committed) && ends.contains(&Outcome::Aborted), "{ends:?}");
}

/// What raises the balance runs after the pivot, so that nobody pays out what is taken back.
#[test]
fn a_pessimistic_view_shows_nobody_what_may_be_taken_back() {
    for style in STYLES {
        let put_off = under(style, &bank(&["pessimistic-view"], &[]));
        for budget in [faults(0, 0, 0), faults(1, 0, 0), faults(0, 0, 1)] {
            let report = check(&put_off, style, budget);
            assert_eq!(broken(&report), [""; 0], "{style}");
            assert!(report.states < 500_000, "{style}: {}", report.states);
        }
        let session = open(&RunInput::of(put_off)).unwrap();
        let steps = &session.cast().flows[0].steps;
        let names: Vec<&str> = steps.iter().map(|step| session.cast().sym(step.name)).collect();
        assert_eq!(names, ["screen", "deposit", "settle"], "{style}");
        assert_eq!(steps[1].kind, "retriable", "{style}");
    }
    // What is no saga shows nothing before its end, and runs in the document's order.
    let session = open(&RunInput::of(under("two-phase-commit", &bank(&["pessimistic-view"], &[]))));
    let session = session.unwrap();
    let first = &session.cast().flows[0].steps[0];
    assert_eq!(session.cast().sym(first.name), "deposit");
}

/// A compensation that overtakes its step is noted, and the step does nothing when it comes.
#[test]
fn a_version_file_puts_what_arrives_into_its_order() {
    for budget in [faults(0, 0, 0), impatient(), faults(1, 0, 0), faults(0, 1, 0), faults(0, 0, 1)]
    {
        for style in STYLES {
            let scenario = under(style, &card(&["version-file"]));
            let report = check_one(&scenario, budget);
            assert_eq!(broken(&report), [""; 0], "{style} {budget:?}");
            assert!(report.complete && report.states < 500_000, "{style}: {}", report.states);
        }
    }
    // The very schedule of the break: what comes late is known, and nothing is held at the end.
    let open = under("saga-orchestration", &card(&[]));
    let report = check_one(&open, impatient());
    let found = property(&report, "Exactly once").counterexample.clone().unwrap();
    let mut late = found;
    late.push("deliver orchestrator card authorise T1 0.do 0".into());
    let session = replay(&under("saga-orchestration", &card(&["version-file"])), &late);
    assert_eq!(session.trace().of_kind("inbox-hit").count(), 1);
    let effects = session.trace().of_kind("committed").filter(|(_, event)| match event {
        EventKind::Committed { effects, .. } => !effects.is_empty(),
        _ => false,
    });
    assert_eq!(effects.count(), 0, "neither took effect");
}

/// A compensation that sets the balance which its step found takes away what another has added; one
/// that subtracts does not.
#[test]
fn a_commutative_update_keeps_what_others_have_added() {
    for style in STYLES {
        let set = under(style, &savings(put_back(), &[]));
        let report = check(&set, style, faults(0, 0, 0));
        assert_eq!(broken(&report), ["Balance is what was settled"], "{style}");
        let added = under(style, &savings(take_away(), &["commutative-update"]));
        for budget in [faults(0, 0, 0), faults(1, 0, 0), faults(0, 0, 1)] {
            let report = check(&added, style, budget);
            assert_eq!(broken(&report), [""; 0], "{style}");
            assert!(report.states < 500_000, "{style}: {}", report.states);
        }
    }
    // The word would not have let the first through.
    let refused = savings(put_back(), &["commutative-update"]);
    let problems = scenario::parse(&refused.to_string()).unwrap_err();
    assert!(problems[0].to_string().contains("order matters"), "{problems:?}");
}

/// What could not work is refused, with what to do about it.
#[test]
fn countermeasures_that_could_not_work_are_refused() {
    let problems = |flow: usize, step: usize, words: &[&str], change: fn(&mut Value)| {
        let mut document = bank(&[], &[]);
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
    let file = problems(0, 1, &["version-file"], |_| {});
    assert!(file.contains("steps[1].countermeasures") && file.contains("overtake"), "{file}");
    // Both forms of the lock are held to the same.
    assert!(problems(0, 2, &["semantic-lock-wait"], |_| {}).contains("retriable"));
    let pivot = problems(0, 1, &["pessimistic-view"], |_| {});
    assert!(pivot.contains("steps[1].countermeasures") && pivot.contains("before the pivot"));
    let lowers = problems(1, 0, &["pessimistic-view"], |_| {});
    assert!(lowers.contains("lowers what others may use"), "{lowers}");
    let beside = problems(0, 0, &["pessimistic-view", "version-file"], |_| {});
    assert!(beside.contains("take one of the two away"), "{beside}");
    let mut without_pivot = bank(&["pessimistic-view"], &[]);
    without_pivot["transactions"][0]["steps"][1]["kind"] = json!("compensatable");
    let behind = scenario::parse(&without_pivot.to_string()).unwrap_err();
    assert!(behind[0].to_string().contains("no pivot after the step"), "{behind:?}");
    assert!(behind[0].to_string().contains("be the `pivot`"), "{behind:?}");
    // A word that is none is refused by its form.
    assert!(problems(0, 0, &["pessimism"], |_| {}).contains("countermeasures"));
    let pack = &parse(&last_one(&[])).transactions[0].steps[1];
    assert_eq!(pack.countermeasures, [Countermeasure::CommutativeUpdate]);
}
