//! API composition: what a fan-out costs against its closed form, answers without those who are
//! late, rows that were never true together, and which parts go together.
#![allow(clippy::unwrap_used)]

mod breaks_support;

use breaks_support::cases::shipped;
use breaks_support::{replay, run};
use interleave_engine::event::EventKind;
use interleave_engine::scenario::document::{
    Arrivals, Composition, Coupling, Partial, Parts, QuerySnapshot,
};
use interleave_engine::scenario::{self, Scenario};
use interleave_engine::session::{
    CheckReport, CheckRequest, CheckedProperty, RunInput, RunState, families, open,
};
use serde_json::{Value, json};

/// The mean of one owner's answer, in microseconds.
const MEAN_US: f64 = 20_000.0;
const QUERIES: u64 = 3_000;

fn parse(document: &Value) -> Scenario {
    scenario::parse(&document.to_string()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// Queries over so many owners, each of which takes an exponential time and never waits.
fn fan_out(owners: usize, options: &Value) -> Scenario {
    let name = |n: usize| format!("s{n}");
    let services: Vec<Value> = (0..owners)
        .map(|n| {
            json!({
                "name": name(n), "rows": { "row:1": n }, "workers": 1_024,
                "read_time_us": { "exponential": { "mean": MEAN_US } },
            })
        })
        .collect();
    let reads: Vec<Value> =
        (0..owners).map(|n| json!({ "service": name(n), "key": "row:1" })).collect();
    parse(&json!({
        "interleave": 1, "title": "Fan-out", "coupling": "api-composition",
        "services": services, "transactions": [],
        "queries": [{ "name": "all", "reads": reads }],
        "workload": {
            "arrivals": { "every-us": 1_000 }, "count": QUERIES, "mix": [{ "query": "all" }],
        },
        "network": { "delay_us": { "constant": 0 } },
        "retries": { "timeout_us": 3_000_000, "attempts": 1 },
        "limits": { "events": 1_000_000 },
        "options": options, "seed": 5,
    }))
}

/// Per query, how long it took, and how many owners are missing from its answer.
fn answers(scenario: Scenario) -> Vec<(f64, usize)> {
    let session = run(scenario);
    let mut started = vec![0; QUERIES as usize];
    let mut answers = Vec::new();
    for event in session.trace().events() {
        let txn = event.txn.map_or(0, |txn| txn.0 as usize);
        match &event.kind {
            EventKind::QueryStarted { .. } => started[txn] = event.at,
            EventKind::QueryAnswered { missing, rows, .. } => {
                assert_eq!(rows.iter().filter(|(_, _, row)| row.is_none()).count(), missing.len());
                answers.push(((event.at - started[txn]) as f64, missing.len()));
            }
            _ => {}
        }
    }
    assert_eq!(answers.len(), QUERIES as usize);
    answers
}

/// A mean of so many samples with this standard deviation lies within five standard errors of what is
/// expected: by chance it does not once in two million.
#[track_caller]
fn assert_mean(found: f64, expected: f64, deviation: f64) {
    let allowed = 5.0 * deviation / (QUERIES as f64).sqrt() + 1e-9;
    assert!((found - expected).abs() <= allowed, "{found} is not {expected} ± {allowed}");
}

fn mean(of: impl Iterator<Item = f64>) -> f64 {
    of.sum::<f64>() / QUERIES as f64
}

/// The largest of n exponential times has the mean m (1 + 1/2 + … + 1/n) and the variance
/// m² (1 + 1/4 + … + 1/n²); their sum has n m and n m².
#[test]
fn a_fan_out_waits_for_the_slowest_and_a_sequence_for_all() {
    for owners in [1, 2, 5, 12] {
        let harmonic: f64 = (1..=owners).map(|n| 1.0 / n as f64).sum();
        let squares: f64 = (1..=owners).map(|n| 1.0 / (n * n) as f64).sum();
        let all = answers(fan_out(owners, &json!({})));
        let took = mean(all.iter().map(|(took, _)| *took));
        assert_mean(took, MEAN_US * harmonic, MEAN_US * squares.sqrt());
        let all = answers(fan_out(owners, &json!({ "composition": "sequential" })));
        let took = mean(all.iter().map(|(took, _)| *took));
        assert_mean(took, MEAN_US * owners as f64, MEAN_US * (owners as f64).sqrt());
    }
}

/// With a deadline d each owner is missing with the probability exp(-d/m), independently.
#[test]
fn a_deadline_cuts_the_tail_and_costs_rows() {
    let (owners, deadline) = (5_usize, 30_000);
    let late = libm::exp(-f64::from(deadline) / MEAN_US);
    let whole = libm::pow(1.0 - late, owners as f64);
    let all = answers(fan_out(owners, &json!({ "compose_timeout_us": deadline })));
    assert!(all.iter().all(|(took, _)| *took <= f64::from(deadline)));
    let missing = mean(all.iter().map(|(_, missing)| *missing as f64));
    assert_mean(missing, owners as f64 * late, (owners as f64 * late * (1.0 - late)).sqrt());
    let found = mean(all.iter().map(|(_, missing)| f64::from(u8::from(*missing == 0))));
    assert_mean(found, whole, (whole * (1.0 - whole)).sqrt());
    // Those that are refused are those that would have been partial: the same draws, the same times.
    let refused =
        answers(fan_out(owners, &json!({ "compose_timeout_us": deadline, "partial": "fail" })));
    for ((_, partial), (_, refused)) in all.iter().zip(&refused) {
        assert_eq!(*refused, if *partial == 0 { 0 } else { owners });
    }
}

#[test]
fn a_late_answer_is_ignored_in_sight() {
    let session = run(fan_out(3, &json!({ "compose_timeout_us": 20_000 })));
    let missing: usize = session
        .trace()
        .of_kind("query-answered")
        .map(|(_, kind)| match kind {
            EventKind::QueryAnswered { missing, .. } => missing.len(),
            _ => 0,
        })
        .sum();
    assert!(missing > 100, "{missing}");
    assert_eq!(session.trace().of_kind("ignored").count(), missing, "each late one, once");
}

/// Checks a scenario within its own bounds.
fn check(scenario: &Scenario) -> CheckReport {
    let session = open(&RunInput::of(scenario.clone())).unwrap();
    let mut check = session.check(&CheckRequest::default()).unwrap();
    while !check.run_slice(10_000) {}
    let report = check.report();
    assert!(report.complete, "the whole space was visited");
    report
}

fn property<'a>(report: &'a CheckReport, title: &str) -> &'a CheckedProperty {
    report.properties.iter().find(|property| property.title == title).unwrap()
}

fn composed(read: &str, composition: Composition, snapshot: QuerySnapshot) -> Scenario {
    let mut scenario = shipped("composed-answer", "api-composition");
    scenario.coupling = Coupling::Parts(Parts {
        write: "uncoordinated".into(),
        read: read.into(),
        store: "rows".into(),
    });
    scenario.options.composition = composition;
    scenario.options.snapshot = snapshot;
    scenario
}

#[test]
fn rows_read_one_by_one_were_never_true_together() {
    let mut lengths = Vec::new();
    for (read, composition, length) in [
        ("api-composition", Composition::Parallel, 12),
        ("api-composition", Composition::Sequential, 12),
        ("direct", Composition::Parallel, 8),
    ] {
        let scenario = composed(read, composition, QuerySnapshot::None);
        let report = check(&scenario);
        let found = property(&report, "No read skew");
        let schedule = found.counterexample.as_ref().unwrap_or_else(|| panic!("{read} holds"));
        let why = found.why.as_deref().unwrap();
        assert!(why.contains("order:alice") && why.contains("account:alice"), "{why}");
        lengths.push((read, schedule.len(), length));
        let again = replay(&scenario, schedule);
        let said = again.properties().into_iter().find(|one| one.id == "read-skew").unwrap();
        assert_eq!(said.violation_count, 1);
    }
    for (read, found, expected) in &lengths {
        assert_eq!(found, expected, "{read} of {lengths:?}");
    }
}

#[test]
fn rows_of_one_moment_were_true_together() {
    for composition in [Composition::Parallel, Composition::Sequential] {
        let mut scenario = composed("api-composition", composition, QuerySnapshot::One);
        assert_eq!(property(&check(&scenario), "No read skew").counterexample, None);
        // Also where the composer crashes and begins anew, and an old answer reaches the new one.
        scenario.explore.faults.crash = 1;
        scenario.explore.faults.duplicate = 1;
        scenario.explore.max_states = 3_000_000;
        let report = check(&scenario);
        assert_eq!(property(&report, "No read skew").counterexample, None);
        assert!(property(&report, "No read skew").exercised > 1_000);
    }
}

/// The distributed-transaction problem: one database writes, another refuses. No fault is needed.
#[test]
fn one_service_writes_and_the_next_refuses() {
    let scenario = shipped("half-written", "api-composition");
    let report = check(&scenario);
    let found = property(&report, "Atomicity");
    let why = found.why.as_deref().unwrap();
    assert!(why.contains("is half done") || why.contains("half"), "{why}");
    assert_eq!(found.counterexample.as_ref().unwrap().len(), 18);
    let saga = check(&shipped("half-written", "saga-orchestration"));
    assert!(property(&saga, "Atomicity").holds, "a saga takes it back");
}

/// A composer answers nothing that it was not given, whatever is lost: without a row it says whose.
#[test]
fn an_answer_says_who_is_missing() {
    let mut scenario = shipped("composed-answer", "api-composition");
    scenario.workload.arrivals = Arrivals::AtUs(vec![0, 90_000]);
    scenario.options.partial = Partial::Answer;
    scenario.faults = serde_json::from_value(json!([
        { "fault": { "crash": "payments" }, "at_us": 80_000, "for_us": 60_000_000 }
    ]))
    .unwrap();
    let session = run(scenario);
    let payments = session.cast().node_named("payments").unwrap();
    let answered = session.trace().of_kind("query-answered").next().unwrap().1;
    let EventKind::QueryAnswered { rows, missing, .. } = answered else { panic!("{answered:?}") };
    assert_eq!(missing, &[payments]);
    assert!(rows[0].2.is_some() && rows[1].2.is_none(), "{rows:?}");
}

/// Every combination of the families' members runs the checkout, or says why not and what does.
#[test]
fn every_combination_runs_the_checkout_or_names_the_nearest_that_does() {
    let [write, read, store] = families();
    let mut refused = Vec::new();
    let mut ran = 0;
    for (write, _) in &write {
        for (read, _) in &read {
            for (store, _) in &store {
                let parts = [*write, *read, *store];
                match runs(parts) {
                    Ok(()) => ran += 1,
                    Err(nearest) => {
                        let nearest: Vec<&str> = nearest.split(" · ").collect();
                        let nearest: [&str; 3] = nearest.try_into().unwrap();
                        assert_eq!(runs(nearest), Ok(()), "{parts:?} names {nearest:?}");
                        refused.push(parts.join(" · "));
                    }
                }
            }
        }
    }
    let all = write.len() * read.len() * store.len();
    assert_eq!(ran + refused.len(), all);
    for of in &refused {
        let shared = of.starts_with("shared-database");
        let (composed, sourced) = (of.contains("api-composition"), of.ends_with("event-sourced"));
        let copied = of.contains("write-all") || of.contains("copy-at-each-write");
        assert!(shared && (composed || sourced) || copied && sourced, "{of}");
    }
    println!("{ran} combinations run, {} are refused: {refused:#?}", refused.len());
}

/// Runs the checkout with an overview of it under these parts; where they are refused, names the
/// nearest.
fn runs([write, read, store]: [&str; 3]) -> Result<(), String> {
    let shipped = scenario::by_name("checkout").unwrap().json;
    let mut document: Value = serde_json::from_str(shipped).unwrap();
    document["coupling"] = json!({ "write": write, "read": read, "store": store });
    document["queries"] = json!([{ "name": "overview", "reads": [
        { "service": "stock", "key": "item:widget" },
        { "service": "payments", "key": "account:alice" },
    ] }]);
    document["workload"]["mix"].as_array_mut().unwrap().push(json!({ "query": "overview" }));
    document["workload"]["count"] = json!(8);
    let mut session = match open(&RunInput::of(parse(&document))) {
        Ok(session) => session,
        Err(problems) => {
            let [problem] = &problems[..] else { panic!("{problems:?}") };
            assert_eq!(problem.path, "coupling");
            let nearest = problem.remedy.strip_prefix("the nearest that works is ");
            return Err(nearest.unwrap_or_else(|| panic!("{problem:?}")).to_owned());
        }
    };
    while *session.state() == RunState::Running {
        session.run_slice(10_000);
    }
    assert_eq!(*session.state(), RunState::AtRest, "{write} · {read} · {store}");
    let stats = session.stats();
    assert!(stats.started > 0, "{write} · {read} · {store}: {stats:?}");
    assert!(session.trace().of_kind("query-answered").count() > 0, "{write} · {read} · {store}");
    Ok(())
}
