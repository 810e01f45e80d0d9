//! The vectors and figures of `oracles/saga.json`, against sagas that the engine runs.
//!
//! Each vector's scenario is built from the vector's own wording, so another folder with other rows
//! (`INTERLEAVE_ORACLES`) is judged by the same rules.

#![allow(clippy::unwrap_used)]

#[path = "models/oracles.rs"]
#[expect(dead_code, reason = "figures and numbers are compared by the explorer's tests")]
mod oracles;
mod saga_support;

use interleave_engine::event::EventKind;
use interleave_engine::ids::{Direction, TxnId};
use interleave_engine::scenario;
use serde_json::{Value, json};

use oracles::{read, rows, text};
use saga_support::{Verdict, linear, seen};

/// Every vector with its definition, `same` resolved.
fn vectors() -> Vec<(String, Value, String)> {
    let mut definition = String::new();
    let mut vectors = Vec::new();
    for vector in rows(&read("saga.json"), "/vectors") {
        let own = text(&vector, "definition");
        if own != "same" {
            definition = own.to_owned();
        }
        vectors.push((text(&vector, "id").to_owned(), vector.clone(), definition.clone()));
    }
    vectors
}

/// Runs one vector by its id; a folder with other rows need not have it.
fn assert_vector(id: &str) {
    for (found, vector, definition) in vectors() {
        if found == id {
            assert_eq!(saga_support::run(&vector, &definition), Verdict::Passed, "{id}");
        }
    }
}

macro_rules! vectors {
    ($($name:ident = $id:literal,)*) => {
        $(#[test]
        fn $name() {
            assert_vector($id);
        })*

        /// The ids of the tests above.
        const NAMED: &[&str] = &[$($id),*];
    };
}

vectors! {
    saga_cao_approve = "saga.cao.approve",
    saga_cao_insufficient = "saga.cao.insufficient",
    saga_cao_unknown = "saga.cao.unknown",
    saga_cao_choreo_approve = "saga.cao.choreo.approve",
    saga_cao_choreo_reject = "saga.cao.choreo.reject",
    saga_ftgo_create_ok = "saga.ftgo.create.ok",
    saga_ftgo_create_consumer_fail = "saga.ftgo.create.consumer_fail",
    saga_ftgo_create_auth_fail = "saga.ftgo.create.auth_fail",
    saga_ftgo_cancel_ok = "saga.ftgo.cancel.ok",
    saga_ev_local_ok = "saga.ev.local.ok",
    saga_ev_local_fail2 = "saga.ev.local.fail2",
    saga_ev_cond_ok = "saga.ev.cond.ok",
    saga_ev_cond_rb = "saga.ev.cond.rb",
    saga_ev_cond_skip = "saga.ev.cond.skip",
    saga_temporal_trip = "saga.temporal.trip",
    saga_temporal_trip_sync = "saga.temporal.trip.sync",
    saga_aws_trip = "saga.aws.trip",
}

#[test]
fn every_vector_passes() {
    let mut counts = [0, 0, 0];
    let mut lines = Vec::new();
    for (id, vector, definition) in vectors() {
        let (place, word) = match saga_support::run(&vector, &definition) {
            Verdict::Passed => (0, "passed".to_owned()),
            Verdict::Failed(differences) => (1, format!("FAILED {}", differences.join("; "))),
            Verdict::Unsupported(why) => (2, format!("UNSUPPORTED {why}")),
        };
        counts[place] += 1;
        lines.push(format!("{id:34} {word}"));
    }
    let [passed, failed, unsupported] = counts;
    println!("saga.json vectors: {passed} passed, {failed} failed, {unsupported} unsupported");
    println!("{}", lines.join("\n"));
    assert_eq!((failed, unsupported), (0, 0), "\n{}", lines.join("\n"));
    assert!(passed > 0);
}

#[test]
fn every_vector_of_this_project_has_its_name() {
    let own: Value = serde_json::from_str(include_str!("oracles/saga.json")).unwrap();
    let ids: Vec<String> =
        rows(&own, "/vectors").iter().map(|row| text(row, "id").to_owned()).collect();
    assert_eq!(ids, NAMED);
}

/// A vector that expects something else than what happens does not pass: the comparison can fail.
#[test]
fn a_wrong_expectation_is_noticed() {
    let definition = "local create(comp reject); cmd ReserveCredit@customerService; local approve";
    let vector = |expected: Value| {
        json!({
            "inputs": { "creditLimit": "15.00", "orderTotal": "123.40" }, "expected": expected,
        })
    };
    let right = json!({
        "commands": ["ReserveCredit"], "reply": "CustomerCreditLimitExceeded",
        "saga": "rolled back", "order": "REJECTED", "rejectionReason": "INSUFFICIENT_CREDIT",
    });
    assert_eq!(saga_support::run(&vector(right.clone()), definition), Verdict::Passed);
    for (field, wrong) in [
        ("commands", json!(["ReserveCredit", "ReserveCredit"])),
        ("reply", json!("CustomerNotFound")),
        ("saga", json!("completed")),
        ("order", json!("APPROVED")),
        ("rejectionReason", json!(null)),
        ("events", json!(["OrderCreated"])),
        ("sequence", json!(["ReserveCredit", "SUCCEED"])),
        ("compensation_order", json!(["reject"])),
    ] {
        let mut expected = right.clone();
        expected[field] = wrong;
        let verdict = saga_support::run(&vector(expected), definition);
        assert!(matches!(verdict, Verdict::Failed(_)), "{field}: {verdict:?}");
    }
    let unclear = saga_support::run(&vector(json!({ "weather": "rain" })), definition);
    assert!(matches!(unclear, Verdict::Unsupported(_)), "{unclear:?}");
}

/// Rule r1, and the counts of linear sagas: each step may be the one that fails, or none.
#[test]
fn linear_sagas_have_n_plus_one_histories() {
    for row in rows(&read("saga.json"), "/combinatorics/linear") {
        assert_eq!(linear::count(&row), Verdict::Passed, "{row}");
    }
}

/// Rule r3: failures up to and including the pivot, and no compensation after it.
#[test]
fn sagas_with_a_pivot_have_the_histories_of_the_oracle() {
    for row in rows(&read("saga.json"), "/combinatorics/pivot") {
        assert_eq!(linear::histories(&row), Verdict::Passed, "{row}");
    }
}

/// Rule r2: no isolation. The result of the first step is seen by another saga before its own ends.
#[test]
fn sagas_see_each_others_unfinished_work() {
    for pattern in linear::SAGAS {
        let mut two = linear::scenario(
            pattern,
            &["compensatable", "compensatable", "compensatable"],
            Some(3),
        )
        .unwrap();
        // The gates have room for two, so that the second saga is not refused before the third step.
        for service in &mut two.services[..2] {
            let room = scenario::document::Scalar::Int(2);
            service.rows.insert("gate:all".into(), scenario::document::RowValue::One(room));
        }
        two.workload.arrivals = scenario::document::Arrivals::AtUs(vec![0, 100]);
        two.workload.count = Some(2);
        let session = seen::run(two).unwrap();
        let mut overlaps = false;
        let mut undone = false;
        for event in session.trace().events() {
            if let EventKind::Committed { effects, changes, .. } = &event.kind {
                for of in effects {
                    undone |= of.txn == TxnId(0) && of.dir == Direction::Undo;
                    let before = changes.first().and_then(|change| change.before.as_ref());
                    let left = before.and_then(|row| row.fields().next()?.1.as_int());
                    overlaps |= of.txn == TxnId(1) && of.step.0 == 0 && left == Some(1) && !undone;
                }
            }
        }
        assert!(undone, "{pattern}: the first saga is rolled back");
        assert!(overlaps, "{pattern}: the second saga saw what the first one took and gave back");
    }
}
