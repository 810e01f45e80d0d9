//! Queries answered by replicas: what holds in each mode under complete exploration, and what breaks.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod breaks_support;

use breaks_support::{broken, faults, property};
use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{Budget, Coupling, SessionRule};
use interleave_engine::session::{CheckReport, CheckRequest, RunInput, open};
use serde_json::{Value, json};

const MODES: [&str; 3] = ["cqrs-write-all", "cqrs-copy-at-each-write", "cqrs"];

fn scenario(coupling: &str, replicas: u8) -> Scenario {
    let shipped = interleave_engine::scenario::by_name("stale-balance").unwrap().json;
    let mut document: Value = serde_json::from_str(shipped).unwrap();
    document["coupling"] = json!(coupling);
    document["options"] = json!({ "replicas": replicas });
    interleave_engine::scenario::parse(&document.to_string()).unwrap()
}

fn check(scenario: &Scenario, arrivals: u32, faults: Budget) -> CheckReport {
    let session = open(&RunInput::of(scenario.clone())).unwrap();
    let request = CheckRequest {
        transactions: Some(arrivals),
        faults: Some(faults),
        max_states: Some(1_000_000),
        properties: None,
        first_only: false,
    };
    let mut check = session.check(&request).unwrap();
    while !check.run_slice(10_000) {}
    let report = check.report();
    assert!(report.complete);
    report
}

fn say(report: &CheckReport) {
    println!("{} states", report.states);
    for property in &report.properties {
        let found = property.counterexample.as_ref();
        println!("  {} {:?} {:?}", property.title, property.holds, property.why);
        if let Some(found) = found {
            println!("    {} {found:#?}", found.len());
        }
    }
}

#[test]
fn try_all() {
    for mode in MODES {
        for replicas in [1, 2] {
            println!("== {mode} {replicas}, no faults, 2 arrivals");
            say(&check(&scenario(mode, replicas), 2, faults(0, 0, 0)));
        }
        println!("== {mode} 1, 2 arrivals, 1 crash 1 drop 1 duplicate");
        say(&check(&scenario(mode, 1), 2, faults(1, 1, 1)));
        let mut ryw = scenario(mode, 2);
        ryw.options.sessions = SessionRule::ReadYourWrites;
        println!("== {mode} 2, ryw, 3 arrivals");
        say(&check(&ryw, 3, faults(0, 0, 0)));
    }
    let _ = (broken, property, Coupling::Named(String::new()));
}
