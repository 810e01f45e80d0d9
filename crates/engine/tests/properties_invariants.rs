//! Declared sums and bounds over traces that keep them and traces that break them.

#![allow(clippy::unwrap_used)]

mod properties_support;

use interleave_engine::event::LostRecord;
use interleave_engine::ids::EventIx;
use interleave_engine::properties::{TABLE, aggregate};
use interleave_engine::verdict::{Status, Violation};
use serde_json::json;

use properties_support::{Run, account, change, changes, checkout_with, key};

/// The only violation of a report.
fn only(run: &Run, id: &str) -> Violation {
    let report = run.report(id);
    assert_eq!(report.violation_count, 1, "{report:#?}");
    report.violations[0].clone()
}

fn money(when: &str) -> serde_json::Value {
    let terms = json!([
        {"service": "payments", "key": "account:alice"},
        {"service": "payments", "key": "account:till"},
    ]);
    json!([{"name": "Money conserved", "sum": {"terms": terms}, "when": when}])
}

#[test]
fn a_sum_that_balances_holds_and_shows_its_terms() {
    let run = checkout_with(money("at-rest")).run().start(1);
    let run = run.rows("payments", vec![change(account("alice"), Some(10_000), Some(7_000))]);
    let moving = run.watcher().reports(false);
    let moving = moving.iter().find(|report| report.id == "conservation").unwrap();
    assert_eq!(moving.title, "Money conserved");
    assert_eq!(changes(moving), ["Holds: nothing moved", "Moving: -30.00"]);
    let run = run.rows("payments", vec![change(account("till"), Some(0), Some(3_000))]);
    let report = run.report("conservation");
    assert!(report.holds());
    assert_eq!(changes(&report).last().unwrap(), "Holds: -30.00 + 30.00 = 0.00");
    assert_eq!(report.changes.last().unwrap().at, EventIx(2));
}

#[test]
fn a_sum_that_is_off_at_rest_breaks_conservation_and_points_at_the_half_transaction() {
    let run = checkout_with(money("at-rest")).run().start(1).does(1, &["order"]);
    let run = run.rows("payments", vec![change(account("alice"), Some(10_000), Some(7_000))]);
    let run = run.crash("payments", vec![]).restart("payments");
    let violation = only(&run, "conservation");
    assert_eq!((violation.event, violation.culprit), (run.last(), Some(EventIx(3))));
    assert_eq!(violation.why, "Money conserved is 70.00 and must be 100.00: 30.00 missing.");
    assert_eq!(changes(&run.report("conservation")).last().unwrap(), "Broken: 30.00 missing");
}

#[test]
fn a_sum_that_must_always_hold_breaks_at_the_commit_and_is_reported_once() {
    let run = checkout_with(money("always")).run().start(1);
    let run = run.rows("payments", vec![change(account("alice"), Some(10_000), Some(13_000))]);
    let run = run.rows("stock", vec![change(key("item", "blue"), Some(3), Some(2))]);
    let violation = only(&run, "conservation");
    assert_eq!(violation.event, EventIx(1));
    assert_eq!(violation.why, "Money conserved is 130.00 and must be 100.00: 30.00 too many.");
    let run = run.rows(
        "payments",
        vec![
            change(account("alice"), Some(13_000), Some(12_000)),
            change(account("till"), Some(0), Some(1_000)),
        ],
    );
    assert_eq!(run.report("conservation").violation_count, 1, "it is as wrong as before");
    let back = run.rows("payments", vec![change(account("alice"), Some(12_000), Some(9_000))]);
    let report = back.report("conservation");
    assert_eq!(report.at(EventIx(3)).unwrap().status, Status::Broken);
    assert_eq!(report.at(EventIx(4)).unwrap().status, Status::Holds);
    assert_eq!(report.violation_count, 1, "what was broken stays a violation of the run");
}

#[test]
fn one_commit_that_moves_both_terms_never_breaks_the_sum() {
    let both = vec![
        change(account("alice"), Some(10_000), Some(7_000)),
        change(account("till"), Some(0), Some(3_000)),
    ];
    let run = checkout_with(money("always")).run().start(1).rows("payments", both.clone());
    assert!(run.report("conservation").holds());
    let run = run.crash(
        "payments",
        vec![LostRecord::Commit { changes: both, effects: vec![], in_doubt: false }],
    );
    assert!(run.report("conservation").holds());
    assert_eq!(changes(&run.report("conservation")).last().unwrap(), "Holds: nothing moved");
}

#[test]
fn sums_weigh_their_terms_and_see_rows_come_and_go() {
    let terms = json!([
        {"service": "stock", "key": "item:*"},
        {"service": "shipping", "key": "item:*", "times": -2},
    ]);
    let declared = json!([{"name": "Twice", "sum": {"terms": terms, "equals": 0}}]);
    let run = checkout_with(declared).run().start(1);
    assert_eq!(only(&run, "conservation").why, "Twice is 3 and must be 0: 3 too many.");
    let run = run.rows("stock", vec![change(key("item", "blue"), Some(3), Some(4))]);
    let run = run.rows("shipping", vec![change(key("item", "gift"), None, Some(2))]);
    assert!(run.report("conservation").holds());
    let run = run.rows("stock", vec![change(key("item", "blue"), Some(4), None)]);
    assert_eq!(only(&run, "conservation").why, "Twice is -4 and must be 0: 4 missing.");
}

fn floor(when: &str) -> serde_json::Value {
    let bound = json!({"service": "payments", "key": "account:*", "min": 0, "max": 20000});
    json!([{"name": "No overdraft", "bound": bound, "when": when}])
}

#[test]
fn a_bound_that_must_always_hold_breaks_at_the_commit() {
    let run = checkout_with(floor("always")).run().start(1);
    let fine = run.clone().rows("payments", vec![change(account("alice"), Some(10_000), Some(0))]);
    assert!(fine.report("bounds").holds());
    let run = run.rows("payments", vec![change(account("alice"), Some(10_000), Some(-500))]);
    let run = run.rows("stock", vec![change(key("item", "blue"), Some(3), Some(-1))]);
    let violation = only(&run, "bounds");
    assert_eq!(violation.event, EventIx(1));
    assert_eq!(violation.why, "account:alice is -5.00, below its bound of 0.00.");
    assert_eq!(
        changes(&run.report("bounds")),
        ["Holds: within bounds", "Broken: account:alice at -5.00"]
    );
    let run = run.rows("payments", vec![change(account("alice"), Some(-500), Some(20_001))]);
    let violations = run.report("bounds").violations;
    assert_eq!(violations[1].why, "account:alice is 200.01, above its bound of 200.00.");
}

#[test]
fn a_bound_at_rest_forgives_what_is_mended() {
    let run = checkout_with(floor("at-rest")).run().start(1);
    let run = run.rows("payments", vec![change(account("till"), Some(0), Some(-1))]);
    let violation = only(&run, "bounds");
    assert_eq!(violation.event, run.last());
    let mended = run.clone().rows("payments", vec![change(account("till"), Some(-1), Some(1))]);
    assert!(mended.report("bounds").holds());
    let change = change(account("till"), Some(0), Some(-1));
    let lost = LostRecord::Commit { changes: vec![change], effects: vec![], in_doubt: false };
    assert!(
        run.crash("payments", vec![lost]).report("bounds").holds(),
        "a lost commit broke nothing"
    );
}

#[test]
fn declared_invariants_are_lines_of_their_own_and_join_by_id() {
    let mut declared = money("always");
    declared.as_array_mut().unwrap().extend(money("at-rest").as_array().unwrap().clone());
    declared[1]["name"] = json!("Money at rest");
    declared.as_array_mut().unwrap().extend(floor("always").as_array().unwrap().clone());
    let run = checkout_with(declared).run().start(1);
    let run = run.rows("payments", vec![change(account("alice"), Some(10_000), Some(9_900))]);
    let reports = run.reports();
    let titles: Vec<&str> = reports.iter().map(|report| report.title.as_str()).collect();
    let expected = [
        "Atomicity",
        "Money conserved",
        "Money at rest",
        "No overdraft",
        "Exactly once",
        "Saga history",
        "Durability",
        "Progress",
    ];
    assert_eq!(titles, expected);
    let joined = aggregate(&reports);
    let ids: Vec<&str> = joined.iter().map(|one| one.id).collect();
    // Those that the coupling gives nothing to judge have no line.
    let judged =
        TABLE.iter().map(|entry| entry.id).filter(|id| reports.iter().any(|of| of.id == *id));
    assert_eq!(ids, judged.collect::<Vec<_>>());
    assert_eq!((joined[1].holds, joined[1].violations), (false, 2));
    assert_eq!(joined[1].first.as_ref().unwrap().event, EventIx(1));
    assert!(joined[2].holds);
}

#[test]
fn a_lost_commit_is_taken_back_from_its_end() {
    let steps =
        vec![change(account("till"), Some(0), Some(5)), change(account("till"), Some(5), Some(-2))];
    let run = checkout_with(floor("at-rest")).run().start(1).rows("payments", steps.clone());
    assert!(!run.report("bounds").holds());
    let lost = LostRecord::Commit { changes: steps, effects: vec![], in_doubt: false };
    let run = run.crash("payments", vec![lost]);
    assert_eq!(changes(&run.report("bounds")).last().unwrap(), "Holds: within bounds");
    let up = vec![
        change(account("till"), Some(-2), Some(-3)),
        change(account("till"), Some(-3), Some(4)),
    ];
    let run = checkout_with(floor("at-rest")).run().start(1);
    let run = run.rows("payments", vec![change(account("till"), Some(0), Some(-2))]);
    let run = run.rows("payments", up.clone());
    assert!(run.report("bounds").holds());
    let lost = LostRecord::Commit { changes: up, effects: vec![], in_doubt: false };
    let run = run.crash("payments", vec![lost]);
    assert_eq!(only(&run, "bounds").why, "account:till is -0.02, below its bound of 0.00.");
}
