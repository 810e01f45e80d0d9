//! Scenarios for the comparison, and its figures once more: folded from the traces of sessions by
//! other means than the comparison's own.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses its own part")]

use std::collections::BTreeMap;

use interleave_engine::event::{EventKind, Outcome};
use interleave_engine::ids::{DbIx, EventIx, TxnId};
use interleave_engine::scenario::document::Coupling;
use interleave_engine::scenario::{Scenario, by_name, parse};
use interleave_engine::session::{RunInput, RunState, Session, open, with_coupling};
use interleave_engine::value::{Key, Row};
use interleave_engine::views::metrics::{Durations, metrics};
use serde_json::{Value, json};

pub const THREE: [&str; 3] = ["saga-choreography", "saga-orchestration", "database-per-service"];

pub fn named(names: &[&str]) -> Vec<Coupling> {
    names.iter().map(|name| Coupling::Named((*name).to_owned())).collect()
}

pub fn checkout() -> Scenario {
    by_name("checkout").unwrap().scenario()
}

/// The checkout with a query beside it, and payments down for a while.
pub fn with_queries_and_a_crash() -> Scenario {
    let mut document = serde_json::to_value(checkout()).unwrap();
    document["queries"] = json!([{
        "name": "overview",
        "inputs": ["customer"],
        "reads": [
            { "service": "payments", "key": "account:$customer" },
            { "service": "stock", "key": "item:widget" },
            { "service": "orders", "key": "order:1" }
        ]
    }]);
    let mix = document["workload"]["mix"].as_array_mut().unwrap();
    mix.push(json!({ "query": "overview", "inputs": { "customer": "alice" } }));
    document["workload"]["arrivals"] = json!({ "per-second": 60 });
    document["faults"] =
        json!([{ "fault": { "crash": "payments" }, "at_us": 100_000, "for_us": 200_000 }]);
    read(&document)
}

pub fn read(document: &Value) -> Scenario {
    parse(&document.to_string()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The run of a scenario under a coupling with a seed, to its end.
pub fn session(scenario: &Scenario, coupling: &Coupling, seed: u64) -> Box<dyn Session> {
    let scenario = Scenario { seed, ..with_coupling(scenario, coupling.clone()) };
    let mut session = open(&RunInput::of(scenario)).unwrap();
    while session.run_slice(10_000) == RunState::Running {}
    session
}

/// Figures of a run by their names in the comparison; those that it does not have are left out.
pub type Figures = BTreeMap<&'static str, f64>;

fn exact_mean(durations: &Durations) -> Option<f64> {
    (durations.count() > 0).then(|| durations.sum_us as f64 / durations.count() as f64)
}

/// The figures of a run that the session's counts and the views know.
pub fn figures(session: &dyn Session) -> Figures {
    let stats = session.stats();
    let trace = session.trace();
    let last = EventIx(trace.len() as u32 - 1);
    let views = metrics(session.cast(), trace, last, 1);
    let mut figures = Figures::new();
    let mut put = |name, value: Option<f64>| {
        figures.extend(value.map(|value| (name, value)));
    };
    put("outcomes.started", Some(stats.started as f64));
    put("outcomes.committed", Some(stats.committed as f64));
    put("outcomes.aborted", Some(stats.aborted as f64));
    put("outcomes.compensated", Some(stats.compensated as f64));
    put("outcomes.unfinished", Some(stats.unfinished as f64));
    put("answer_us.mean", exact_mean(&views.answer));
    put("answer_us.p50", views.answer.percentile_us(500).map(|us| us as f64));
    put("answer_us.p90", views.answer.percentile_us(900).map(|us| us as f64));
    put("answer_us.p99", views.answer.percentile_us(990).map(|us| us as f64));
    put("answer_us.max", views.answer.max_us().map(|us| us as f64));
    put("end_us.mean", exact_mean(&views.latency));
    put("end_us.p99", views.latency.percentile_us(990).map(|us| us as f64));
    put("cost.messages", Some(stats.messages as f64 / stats.started as f64));
    put("cost.forced_writes", Some(stats.forced_writes as f64 / stats.started as f64));
    let windows: Vec<f64> = views.windows.iter().map(|window| window.us as f64).collect();
    if !windows.is_empty() {
        put("window_us.mean", Some(windows.iter().sum::<f64>() / windows.len() as f64));
        put("window_us.max", views.longest_window().map(|window| window.us as f64));
    }
    let unknown = trace
        .events()
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Ended { outcome: Outcome::Unknown, .. }));
    put("outcomes.unknown", Some(unknown.count() as f64));
    put("throughput.committed", throughput(session, stats.committed));
    put("availability.answered", answered_while_down(session));
    let ages = ages(session);
    if !ages.is_empty() {
        put("staleness_us.mean", Some(ages.iter().sum::<f64>() / ages.len() as f64));
        let stale = ages.iter().filter(|age| **age > 0.0).count();
        put("staleness.share", Some(stale as f64 / ages.len() as f64));
    }
    figures
}

fn throughput(session: &dyn Session, committed: u64) -> Option<f64> {
    let counts = |kind: &EventKind| match kind {
        EventKind::Committed { effects, .. } => !effects.is_empty(),
        kind => ["started", "acknowledged", "ended", "query-started", "query-answered"]
            .contains(&kind.name()),
    };
    let events = session.trace().events();
    let mut times = events.iter().filter(|event| counts(&event.kind)).map(|event| event.at);
    let first = times.next()?;
    let last = times.next_back()?;
    (last > first).then(|| committed as f64 / ((last - first) as f64 / 1e6))
}

/// The share of those that arrived between a crash and the restart after it and were answered well
/// and in time.
fn answered_while_down(session: &dyn Session) -> Option<f64> {
    let events = session.trace().events();
    let timeout = session.input().scenario.retries.timeout_us;
    let (mut all, mut well) = (0.0, 0.0);
    for (at, event) in events.iter().enumerate() {
        let EventKind::Started { .. } = event.kind else { continue };
        let before = |name: &str| events[..at].iter().filter(|it| it.kind.name() == name).count();
        if before("crashed") == before("restarted") {
            continue;
        }
        all += 1.0;
        let answer = events[at..].iter().find(|later| {
            later.txn == event.txn && ["acknowledged", "ended"].contains(&later.kind.name())
        });
        let good = answer.is_some_and(|answer| {
            let failed = match &answer.kind {
                EventKind::Ended { outcome: Outcome::Aborted, reason } => reason.is_none(),
                EventKind::Ended { outcome, .. } => *outcome == Outcome::Unknown,
                _ => false,
            };
            !failed && answer.at - event.at <= timeout
        });
        well += f64::from(u8::from(good));
    }
    (all > 0.0).then(|| well / all)
}

/// The value of a row right after an event, from the start of the run.
fn value_after(session: &dyn Session, db: DbIx, key: Key, end: usize) -> Option<Row> {
    let initial = session.cast().dbs[db.ix()].rows.iter().find(|(known, _)| *known == key);
    let mut value = initial.map(|(_, row)| row.clone());
    for event in &session.trace().events()[..end] {
        if let EventKind::Committed { db: of, changes, .. } = &event.kind
            && *of == db
        {
            for change in changes.iter().filter(|change| change.key == key) {
                value.clone_from(&change.after);
            }
        }
    }
    value
}

/// For each row that a query was answered with, how long ago it had been overwritten: found by
/// going back from the answer to the last moment at which the row had this value.
fn ages(session: &dyn Session) -> Vec<f64> {
    let events = session.trace().events();
    let mut ages = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let EventKind::QueryAnswered { rows, .. } = &event.kind else { continue };
        for (db, key, row) in rows {
            if value_after(session, *db, *key, at) == *row {
                ages.push(0.0);
                continue;
            }
            let found = (0..at).rev().find(|end| value_after(session, *db, *key, *end) == *row);
            ages.extend(found.map(|end| (event.at - events[end].at) as f64));
        }
    }
    ages
}

/// What arrived when with which inputs.
pub fn arrivals(session: &dyn Session) -> Vec<(u64, Option<TxnId>, String)> {
    let cast = session.cast();
    let events = session.trace().events().iter();
    events
        .filter_map(|event| match &event.kind {
            EventKind::Started { flow, inputs } => {
                let inputs: Vec<String> =
                    inputs.iter().map(|value| cast.value(DbIx(0), value)).collect();
                Some((event.at, event.txn, format!("{flow} {inputs:?}")))
            }
            EventKind::QueryStarted { query } => Some((event.at, event.txn, format!("? {query}"))),
            _ => None,
        })
        .collect()
}
