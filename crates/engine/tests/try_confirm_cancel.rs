//! Try, confirm, cancel: what holds under complete exploration, what an expiry breaks, and what a
//! reservation leaves when it is taken back. The breaks with their links are in `breaks.rs`.

#![allow(clippy::unwrap_used)]

mod breaks_support;

use std::collections::BTreeMap;

use breaks_support::cases::{all, checkout, shipped};
use breaks_support::{broken, check, faults, property, replay, run};
use interleave_engine::event::{EventKind, Outcome};
use interleave_engine::ids::TxnId;
use interleave_engine::scenario::document::{Budget, Orchestrator};
use interleave_engine::scenario::{self, Scenario};
use interleave_engine::session::{RunInput, RunState, Session, open};
use serde_json::{Value, json};

const PATTERN: &str = "try-confirm-cancel";

/// The same without an expiry.
fn lasting(mut scenario: Scenario) -> Scenario {
    scenario.options.reservation_us = 0;
    scenario
}

/// The rows at the end, by database and key.
fn rows(session: &dyn Session) -> BTreeMap<(String, String), String> {
    let cast = session.cast();
    let mut rows = BTreeMap::new();
    let mut put = |db: usize, key: String, row: Option<String>| {
        let at = (cast.dbs[db].name.clone(), key);
        match row {
            Some(row) => rows.insert(at, row),
            None => rows.remove(&at),
        }
    };
    for (ix, db) in cast.dbs.iter().enumerate() {
        for (key, row) in &db.rows {
            put(ix, cast.key(*key), Some(cast.row(interleave_engine::ids::DbIx(ix as u8), row)));
        }
    }
    for event in session.trace().events() {
        if let EventKind::Committed { db, changes, .. } = &event.kind {
            for change in changes {
                let row = change.after.as_ref().map(|row| cast.row(*db, row));
                put(db.ix(), cast.key(change.key), row);
            }
        }
    }
    rows
}

/// The proof: without an expiry everything holds, the space was visited whole, and it was put to the
/// test. With one it cannot, since the time of an expiry is anybody's guess.
#[test]
fn without_an_expiry_it_holds_with_one_crash_one_loss_and_one_duplicate() {
    for (name, states) in [("customers-and-orders", 5_251), ("trip", 16_353)] {
        let report = check(&lasting(shipped(name, PATTERN)), faults(1, 1, 1), false);
        assert_eq!(broken(&report), [""; 0], "{name}");
        assert_eq!((report.complete, report.states), (true, states), "{name}");
        for property in &report.properties {
            assert!(property.exercised > 100, "{name}: {} was not tested", property.title);
        }
    }
    // Four services: one fault of each kind, each for itself.
    for (faults, states) in
        [(faults(1, 0, 0), 13_453), (faults(0, 1, 0), 1_073), (faults(0, 0, 1), 3_093)]
    {
        let report = check(&lasting(checkout(PATTERN)), faults, false);
        assert_eq!(broken(&report), [""; 0], "{faults:?}");
        assert_eq!((report.complete, report.states), (true, states), "{faults:?}");
    }
}

/// A coordinator that runs in the first service is its own participant: no message, the same promise.
#[test]
fn a_coordinator_in_the_first_service_holds_as_well() {
    for name in ["customers-and-orders", "trip"] {
        let mut scenario = lasting(shipped(name, PATTERN));
        scenario.options.coordinator = Orchestrator::FirstService;
        let report = check(&scenario, faults(1, 1, 1), false);
        assert_eq!(broken(&report), [""; 0], "{name}");
        assert!(report.complete, "{name}");
    }
}

/// A coordinator that gives up on a try while it is on its way cancels what it does not know of. The
/// cancellation may overtake the try, which then finds its own end.
#[test]
fn a_cancellation_that_overtakes_its_try_leaves_nothing_reserved() {
    let budget = Budget { give_up: 1, early_timer: 1, duplicate: 1, ..Budget::default() };
    let scenario = lasting(shipped("customers-and-orders", PATTERN));
    let report = check(&scenario, budget, false);
    assert!(report.complete);
    assert!(property(&report, "Exactly once").holds);

    let schedule: Vec<String> = [
        "arrive 1 0",
        "deliver clients coordinator request T1 - 0",
        "give-up coordinator retry T1 0.do",
        "deliver coordinator orders cancel T1 0.undo 0",
        "deliver coordinator orders try T1 0.do 0",
        "deliver orders coordinator cancelled T1 0.undo 0",
        "deliver orders coordinator refused T1 0.do 0",
        "deliver coordinator clients response T1 - 0",
    ]
    .map(str::to_owned)
    .to_vec();
    let session = replay(&scenario, &schedule);
    assert_eq!(*session.state(), RunState::AtRest);
    let rows = rows(session.as_ref());
    let row = |db: &str, key: &str| rows.get(&(db.to_owned(), key.to_owned())).cloned();
    assert_eq!(row("orders", "order:1"), None, "the late try reserved nothing");
    assert_eq!(row("orders", "reservation:1").unwrap(), "state CANCELLED, reason NO_ANSWER");
    for property in session.properties() {
        assert!(property.holds(), "{:?}", property.violations);
    }
}

/// What a late confirmation breaks is atomicity and progress, and nothing else: nothing takes effect
/// twice, no bound is broken, no money is lost within a service, no promise to a client is broken.
#[test]
fn a_late_confirmation_breaks_atomicity_and_says_so() {
    let case = all().into_iter().find(|case| case.name == "late-confirm").unwrap();
    let report = check(&case.scenario, faults(1, 1, 1), false);
    assert_eq!((report.complete, report.states), (true, 23_105));
    assert_eq!(broken(&report), ["Atomicity", "Progress"]);

    let schedule = property(&report, "Atomicity").counterexample.clone().unwrap();
    assert_eq!(
        schedule[6..],
        [
            "deliver coordinator orders confirm T1 0.do 0",
            "deliver orders coordinator confirmed T1 0.do 0",
            "fire customers expiry T1 1.do",
            "deliver coordinator customers confirm T1 1.do 0",
            "deliver customers coordinator expired T1 1.do 0",
            "deliver coordinator clients response T1 - 0",
        ]
    );
    let session = replay(&case.scenario, &schedule);
    let rows = rows(session.as_ref());
    let state = |db: &str, key: &str| rows[&(db.to_owned(), key.to_owned())].clone();
    assert_eq!(state("coordinator", "coordination:1"), "state STUCK, reason EXPIRED");
    assert!(state("orders", "reservation:1").contains("CONFIRMED"));
    assert!(state("customers", "reservation:1").contains("EXPIRED"));
}

/// Where every reservation has expired before its confirmation, nothing was done, and nobody is stuck.
#[test]
fn reservations_that_all_expire_leave_nothing() {
    let mut scenario = shipped("late-confirm", PATTERN);
    scenario.faults = serde_json::from_value(json!([{
        "fault": { "crash": "coordinator" },
        "on": { "event": "decided", "node": "coordinator", "nth": 1 },
        "for_us": 500_000,
    }]))
    .unwrap();
    scenario.workload.count = Some(1);
    let session = run(scenario);
    let ended = session.trace().events().iter().find_map(|event| match &event.kind {
        EventKind::Ended { outcome, reason } => Some((*outcome, *reason)),
        _ => None,
    });
    let (outcome, reason) = ended.unwrap();
    assert_eq!(outcome, Outcome::Aborted);
    assert_eq!(session.cast().sym(reason.unwrap()), "EXPIRED");
    for property in session.properties() {
        assert!(property.holds(), "{}: {:?}", property.title, property.violations);
    }
}

/// The shipped scenario by the clock: the second booking is struck, the others are not.
#[test]
fn the_shipped_scenario_shows_it() {
    let session = run(scenario::by_name("late-confirm").unwrap().scenario());
    let broken: Vec<(String, Vec<Option<TxnId>>)> = session
        .properties()
        .into_iter()
        .filter(|property| !property.holds())
        .map(|property| {
            (property.title, property.violations.iter().map(|violation| violation.txn).collect())
        })
        .collect();
    assert_eq!(
        broken,
        [
            ("Atomicity".to_owned(), vec![Some(TxnId(1))]),
            ("Every seat sold is paid for".to_owned(), vec![None]),
            ("Progress".to_owned(), vec![Some(TxnId(1))]),
        ]
    );
    let stats = session.stats();
    assert_eq!((stats.committed, stats.aborted), (1, 1), "alice has a seat, carol cannot pay");
}

/// A reservation of every operation, without an `undo`, that is taken back for a refusal elsewhere.
fn taken_back(store: &str) -> Scenario {
    let document: Value = json!({
        "interleave": 1,
        "title": "Everything taken back",
        "coupling": { "write": PATTERN, "store": store },
        "services": [
            {
                "name": "ledger",
                "rows": {
                    "account:a": 10,
                    "note:old": { "text": "keep", "by": "ann" },
                    "line:a": { "items": [1, 2] },
                    "line:gone": { "items": [7] },
                },
            },
            { "name": "stock", "rows": { "item:tea": 0 } },
        ],
        "transactions": [{
            "name": "work",
            "inputs": ["amount"],
            "steps": [
                {
                    "name": "work",
                    "service": "ledger",
                    "do": [
                        { "op": "insert", "key": "entry:$txn", "fields": { "amount": "$amount" } },
                        { "op": "add", "key": "account:a", "by": "-$amount", "min": 0 },
                        { "op": "add", "key": "account:a", "by": "$txn" },
                        { "op": "set", "key": "note:old", "field": "text", "to": "new" },
                        { "op": "set", "key": "note:old", "field": "seen", "to": 1 },
                        { "op": "append", "key": "line:a", "field": "items", "item": "$amount" },
                        { "op": "append", "key": "line:new", "field": "items", "item": "$amount" },
                        { "op": "delete", "key": "line:gone" },
                        { "op": "read", "key": "account:a" },
                    ],
                },
                {
                    "name": "more",
                    "service": "ledger",
                    "do": [{ "op": "set", "key": "entry:$txn", "field": "amount", "to": 5 }],
                },
                {
                    "name": "take",
                    "service": "stock",
                    "do": [{ "op": "add", "key": "item:tea", "by": -1, "min": 0, "else": "NO_TEA" }],
                },
            ],
        }],
        "workload": {
            "arrivals": { "at-us": [0] },
            "mix": [{ "transaction": "work", "inputs": { "amount": 4 } }],
        },
    });
    scenario::parse(&document.to_string()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn what_has_no_compensation_is_taken_back_exactly() {
    for store in ["rows", "event-sourced"] {
        let scenario = taken_back(store);
        let before: BTreeMap<_, _> = {
            let session = open(&RunInput::of(scenario.clone())).unwrap();
            rows(session.as_ref())
        };
        let session = run(scenario);
        assert_eq!(session.stats().aborted, 1, "{store}");
        let mut after = rows(session.as_ref());
        after.retain(|(_, key), _| !key.starts_with("reservation:") && !key.starts_with("coord"));
        assert_eq!(after, before, "{store}");
    }
}
