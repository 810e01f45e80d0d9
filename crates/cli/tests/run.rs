//! `interleave run`.

#![allow(clippy::unwrap_used)]

mod support;

use interleave_engine::link::{self, Link};
use interleave_engine::scenario;
use serde_json::{Value, json};
use support::{document, ends, interleave, with_stdin};

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count"))
}

#[test]
fn the_report_has_what_is_promised() {
    let report = ends(0, &["run", "checkout", "--json"]).json();
    assert_eq!(report["engine"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["pattern"], "saga-choreography");
    assert_eq!(report["seed"], 7);
    assert_eq!(report["ended"], "at-rest");
    let digest = report["digest"].as_str().unwrap();
    assert!(digest.len() == 16 && digest.bytes().all(|b| b.is_ascii_hexdigit()), "{digest}");
    assert!(count(&report["events"]) > 400);

    let transactions = &report["transactions"];
    let ends = ["committed", "aborted", "compensated", "unfinished"];
    assert_eq!(count(&transactions["started"]), 40);
    assert_eq!(ends.iter().map(|end| count(&transactions[end])).sum::<u64>(), 40);
    assert!(count(&transactions["compensated"]) > 0, "carol cannot pay");

    let services = report["services"].as_object().unwrap();
    let names = ["orders", "payments", "shipping", "stock"];
    assert_eq!(services.keys().collect::<Vec<_>>(), names);
    for latency in services.values().map(|of| &of["latency_us"]).chain([&report["latency_us"]]) {
        let figures = ["p50", "p90", "p99", "max"].map(|name| count(&latency[name]));
        assert!(figures.is_sorted() && figures[0] > 0, "{latency}");
        assert!(count(&latency["mean"]) < figures[3], "{latency}");
    }
    for service in services.values() {
        let utilization = service["utilization"].as_f64().unwrap();
        assert!(utilization > 0.0 && utilization < 1.0, "{service}");
    }
    assert!(count(&report["messages"]) > 100);
    assert!(count(&report["forced_writes"]) > 100);
    assert_eq!(report["deadlocks"], 0);
    for (name, property) in report["properties"].as_object().unwrap() {
        assert_eq!(property["holds"], true, "{name}");
        assert_eq!(property["violations"], 0, "{name}");
        assert_eq!(property["first"], Value::Null, "{name}");
    }
    assert!(report["properties"].as_object().unwrap().len() >= 6);
}

/// Two opposite transfers wait for each other, and the report says what the trace has.
#[test]
fn deadlocks_are_counted() {
    let args = ["run", "opposite-transfers", "--pattern", "shared-database", "--json", "--trace"];
    let report = interleave(&args).json();
    let lines = report["trace"].as_array().unwrap();
    let found = lines.iter().filter(|line| line.to_string().contains("deadlock")).count();
    assert!(found > 0 && count(&report["deadlocks"]) == 1, "{found} {}", report["deadlocks"]);
}

#[test]
fn a_seed_decides_a_run() {
    let digest = |args: &[&str]| {
        let report = interleave(&[&["run", "checkout", "--json"], args].concat()).json();
        report["digest"].as_str().unwrap().to_owned()
    };
    assert_eq!(digest(&[]), digest(&["--seed", "7"]));
    assert_eq!(digest(&["--seed", "8"]), digest(&["--seed", "8"]));
    assert_ne!(digest(&[]), digest(&["--seed", "8"]));
}

#[test]
fn a_violation_is_named_and_exits_with_1() {
    let args = ["run", "checkout", "--pattern", "database-per-service"];
    let report = ends(1, &[&args[..], &["--json"]].concat()).json();
    assert_eq!(report["pattern"], "database-per-service");
    let atomicity = &report["properties"]["atomicity"];
    assert_eq!(atomicity["holds"], false);
    assert!(count(&atomicity["violations"]) >= 1);
    let why = atomicity["first"]["why"].as_str().unwrap();
    assert!(why.contains("half done"), "{why}");

    let text = ends(1, &args).stdout;
    assert!(text.contains("BROKEN  Atomicity"), "{text}");
    assert!(text.contains(why), "{text}");

    // The link of the report opens on the first violation.
    let link = report["link"].as_str().unwrap();
    let decoded = link::decode(link).unwrap();
    assert_eq!(decoded.cursor.map(u64::from), atomicity["first"]["event"].as_u64());
    let again = ends(1, &["run", link, "--json"]).json();
    assert_eq!(again["digest"], report["digest"]);
    assert_eq!(again["properties"], report["properties"]);
}

#[test]
fn invariants_of_one_kind_are_one_property_and_the_first_violation_is_the_earliest() {
    let mut scenario = document("checkout");
    scenario["invariants"] = json!([
        { "name": "Late", "bound": { "service": "payments", "key": "account:shop", "max": 60 }, "when": "always" },
        { "name": "Early", "bound": { "service": "payments", "key": "account:shop", "max": 0 }, "when": "always" },
        { "name": "Never", "bound": { "service": "payments", "key": "account:shop", "min": 0 }, "when": "always" },
    ]);
    let done = with_stdin(&["run", "-", "--json"], scenario.to_string().as_bytes());
    assert_eq!(done.code, 1, "{}", done.stderr);
    let bounds = &done.json()["properties"]["bounds"];
    assert_eq!(bounds["holds"], false);
    assert_eq!(bounds["first"]["title"], "Early");
    assert!(count(&bounds["violations"]) >= 2, "{bounds}");
}

#[test]
fn parts_and_the_name_of_a_pattern_are_the_same() {
    let run = |pattern: &str| ends(0, &["run", "trip", "--pattern", pattern, "--json"]).json();
    let by_parts = run("write=saga-orchestration,read=direct,store=rows");
    let by_name = run("saga-orchestration");
    assert_eq!(by_parts["digest"], by_name["digest"]);
    assert_eq!(
        by_parts["parts"],
        json!({"write": "saga-orchestration", "read": "direct", "store": "rows"})
    );
}

#[test]
fn a_limit_of_events_cuts_the_run_and_says_so() {
    let report = ends(0, &["run", "checkout", "--events", "100", "--json"]).json();
    assert_eq!(report["ended"], "event-limit");
    // A handler that has begun comes to its end.
    let events = count(&report["events"]);
    assert!((100..150).contains(&events), "{events}");
    let text = ends(0, &["run", "checkout", "--events", "100"]).stdout;
    assert!(text.contains("cut at the limit of events"), "{text}");
}

#[test]
fn a_trace_has_a_line_for_each_event() {
    let report = ends(0, &["run", "trip", "--trace", "--json"]).json();
    let trace = report["trace"].as_array().unwrap();
    assert_eq!(trace.len() as u64, count(&report["events"]));
    let mut now = 0;
    for (ix, line) in trace.iter().enumerate() {
        assert_eq!(line["event"], ix);
        assert!(count(&line["at_us"]) >= now, "{line}");
        now = count(&line["at_us"]);
        assert!(line["cause"].as_u64().is_none_or(|cause| cause < ix as u64), "{line}");
        assert!(!line["text"].as_str().unwrap().is_empty(), "{line}");
    }
    assert_eq!(trace[0]["kind"], "started");
    assert_eq!(trace[0]["transaction"], "T1");

    let text = ends(0, &["run", "trip", "--trace"]).stdout;
    let lines: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), trace.len());
    for (line, event) in lines.iter().zip(trace) {
        for part in ["node", "text"] {
            assert!(line.contains(event[part].as_str().unwrap()), "{line}");
        }
    }
    let without = ends(0, &["run", "trip", "--json"]).json();
    assert_eq!(without.get("trace"), None);
}

#[test]
fn an_intervention_of_a_link_happens_and_one_that_cannot_is_named() {
    let scenario = scenario::by_name("checkout").unwrap().scenario();
    let plain = ends(0, &["run", "checkout", "--json"]).json();
    let crash = "after=12;crash payments 255;for=1000000".to_owned();
    let never = "after=4000000;crash payments 255".to_owned();
    let interventions = vec![crash, never.clone()];
    let link = format!("#{}", link::encode(&Link { interventions, ..Link::of(scenario) }));

    let done = interleave(&["run", &link, "--trace", "--json"]);
    let report = done.json();
    assert_ne!(report["digest"], plain["digest"]);
    assert_eq!(report["interventions"], 2);
    assert_eq!(report["interventions_refused"], json!([never]));
    let trace = report["trace"].as_array().unwrap();
    let crashed = trace.iter().find(|line| line["kind"] == "crashed").expect("a crash");
    assert_eq!(crashed["node"], "payments");
    assert_eq!(crashed["event"], 13);
    assert!(
        interleave(&["run", &link])
            .stdout
            .contains(&format!("cannot happen at its event: {never}"))
    );
}

#[test]
fn with_the_address_of_the_page_the_report_ends_with_a_link_that_opens() {
    let text = ends(0, &["run", "trip", "--base", "https://page.example/"]).stdout;
    let link = text.lines().last().unwrap();
    assert!(link.starts_with("https://page.example/#1."), "{link}");
    let report = ends(0, &["run", link, "--json"]).json();
    assert_eq!(report["digest"], ends(0, &["run", "trip", "--json"]).json()["digest"]);
    assert!(!ends(0, &["run", "trip"]).stdout.contains("#1."));
}

#[test]
fn faults_of_the_document_that_do_not_occur_are_named() {
    let mut scenario = document("trip");
    scenario["faults"] = json!([
        { "fault": { "crash": "hotel" }, "on": { "event": "committed", "node": "hotel", "nth": 99 } }
    ]);
    let done = with_stdin(&["run", "-", "--json"], scenario.to_string().as_bytes());
    let named = done.json()["faults_not_occurred"].clone();
    assert_eq!(named.as_array().map(Vec::len), Some(1), "{named}");
    assert!(named[0].as_str().unwrap().contains("hotel"), "{named}");
}
