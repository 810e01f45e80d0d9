//! `interleave compare`.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{document, ends, interleave, with_stdin};

const SAGAS: &str = "saga-choreography,saga-orchestration";

fn figure<'a>(report: &'a Value, column: usize, id: &str) -> &'a Value {
    let figures = report["couplings"][column]["figures"].as_object().unwrap();
    figures.get(id).unwrap_or_else(|| panic!("no figure {id}"))
}

#[test]
fn the_figures_are_the_means_of_the_runs() {
    let args =
        ["compare", "checkout", "--patterns", SAGAS, "--seeds", "3", "--seed", "11", "--json"];
    let report = ends(0, &args).json();
    assert_eq!(report["seeds"], json!({ "first": 11, "count": 3 }));
    assert_eq!(report["compared_with"], "saga-choreography");
    for (column, pattern) in SAGAS.split(',').enumerate() {
        let runs: Vec<Value> = (11..14)
            .map(|seed: u64| {
                let seed = seed.to_string();
                ends(0, &["run", "checkout", "--pattern", pattern, "--seed", &seed, "--json"])
                    .json()
            })
            .collect();
        let mean = |of: &dyn Fn(&Value) -> f64| runs.iter().map(of).sum::<f64>() / 3.0;
        for (id, wanted) in [
            ("outcomes.committed", mean(&|run| run["transactions"]["committed"].as_f64().unwrap())),
            ("answer_us.p99", mean(&|run| run["latency_us"]["p99"].as_f64().unwrap())),
            ("answer_us.max", mean(&|run| run["latency_us"]["max"].as_f64().unwrap())),
            (
                "cost.messages",
                mean(&|run| {
                    let started = run["transactions"]["started"].as_f64().unwrap();
                    run["messages"].as_f64().unwrap() / started
                }),
            ),
        ] {
            let found = figure(&report, column, id);
            let mean = found["mean"].as_f64().unwrap();
            assert!((mean - wanted).abs() < 1e-6 * wanted.max(1.0), "{id}: {mean} {wanted}");
            assert_eq!(found["seeds"], 3);
            assert!(found["half_width"].as_f64().is_some());
            assert_eq!(found["difference"].is_null(), column == 0, "{id}");
        }
        assert_eq!(*figure(&report, column, "locks.wait_us"), Value::Null, "none, not 0");
        let coupling = &report["couplings"][column];
        assert_eq!((&coupling["pattern"], &coupling["paired"]), (&json!(pattern), &json!(true)));
        assert_eq!(coupling["runs"], 3);
    }
    let metrics = report["metrics"].as_object().unwrap();
    for coupling in report["couplings"].as_array().unwrap() {
        let ids: Vec<&String> = coupling["figures"].as_object().unwrap().keys().collect();
        assert_eq!(ids, metrics.keys().collect::<Vec<_>>(), "each figure is explained");
    }
}

#[test]
fn a_broken_property_is_named_with_its_seed_and_exits_with_1() {
    let report = ends(1, &["compare", "checkout", "--seeds", "2", "--json"]).json();
    let couplings = report["couplings"].as_array().unwrap();
    assert!(couplings.len() >= 3, "all named patterns that run it");
    let uncoordinated =
        couplings.iter().find(|it| it["pattern"] == "database-per-service").unwrap();
    let broken = &uncoordinated["broken"]["atomicity"];
    let seed = broken["seed"].to_string();
    let args = ["run", "checkout", "--pattern", "database-per-service", "--seed", &seed, "--json"];
    assert_eq!(ends(1, &args).json()["properties"]["atomicity"]["holds"], false);
    let text = ends(1, &["compare", "checkout", "--seeds", "2"]).stdout;
    assert!(text.contains("BROKEN  database-per-service: atomicity in"), "{text}");
    let shown = format!("interleave run checkout --pattern database-per-service --seed {seed}");
    assert!(text.contains(&shown), "{text}");
}

#[test]
fn the_table_fits_a_terminal_however_many_couplings_there_are() {
    let names = "saga-choreography,saga-orchestration,database-per-service";
    let done = interleave(&["compare", "checkout", "--patterns", names, "--seeds", "2"]);
    assert_eq!(done.code, 1);
    for line in done.stdout.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    for name in names.split(',') {
        assert!(done.stdout.contains(name), "{name}");
    }
    assert!(done.stdout.contains("▲ more, ▼ less than saga-choreography"), "{}", done.stdout);
    assert_eq!(done.stderr, "", "progress is for terminals");
}

#[test]
fn markdown_is_a_table_of_as_many_columns_as_couplings() {
    let args = ["compare", "checkout", "--patterns", SAGAS, "--seeds", "2", "--markdown"];
    let text = ends(0, &args).stdout;
    assert!(text.starts_with("# Checkout · 2 couplings · 2 seeds from 7\n"), "{text}");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 20, "{text}");
    assert!(rows.iter().all(|row| row.matches('|').count() == 4), "{rows:?}");
    ends(2, &[&args[..], &["--json"]].concat());
}

#[test]
fn a_title_cannot_break_the_document() {
    let mut scenario = document("trip");
    scenario["title"] = json!("A | B <script> # c");
    let args = ["compare", "-", "--patterns", SAGAS, "--seeds", "1", "--markdown"];
    let done = with_stdin(&args, scenario.to_string().as_bytes());
    assert!(done.stdout.starts_with("# A \\| B \\<script\\> \\# c ·"), "{}", done.stdout);
}

#[test]
fn a_fault_that_does_not_occur_is_named() {
    let mut scenario = document("checkout");
    scenario["faults"] = json!([{
        "fault": { "crash": "payments" },
        "on": { "event": "published", "node": "payments", "nth": 1 }
    }]);
    let text = scenario.to_string();
    let args = ["compare", "-", "--patterns", SAGAS, "--seeds", "2"];
    let report = with_stdin(&[&args[..], &["--json"]].concat(), text.as_bytes()).json();
    let orchestrated = &report["couplings"][1];
    assert_eq!(orchestrated["paired"], false);
    assert_eq!(
        orchestrated["faults_not_occurred"],
        json!([{ "fault": "payments crashes", "runs": 2 }])
    );
    assert_eq!(report["couplings"][0]["faults_not_occurred"], json!([]));
    let shown = with_stdin(&args, text.as_bytes()).stdout;
    assert!(shown.contains("saga-orchestration is not paired"), "{shown}");
    assert!(shown.contains("did not occur here in 2 of 2 runs"), "{shown}");
}

#[test]
fn bad_input_names_the_argument() {
    for (args, path) in [
        (&["--patterns", "saga-choreography,sagas"][..], "--patterns"),
        (&["--patterns", "saga-choreography,saga-choreography"], "--patterns[1]"),
        (&["--patterns", "saga-choreography+all"], "--patterns.read"),
        (&["--patterns", ""], "--patterns"),
        (&["--seeds", "0"], "arguments"),
        (&["--seeds", "1001"], "arguments"),
    ] {
        let done = ends(2, &[&["compare", "checkout", "--json"], args].concat());
        let problems = done.json()["problems"].clone();
        assert_eq!(problems[0]["path"], path, "{args:?}: {problems}");
        assert!(!problems[0]["remedy"].as_str().unwrap().is_empty());
    }
    assert_eq!(
        ends(2, &["compare", "nowhere", "--json"]).json()["problems"][0]["path"],
        "SCENARIO"
    );
}
