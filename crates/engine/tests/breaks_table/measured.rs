//! What breaks no property and is seen in figures: how slow, how available, how dear.

use interleave_engine::compare::{Comparison, Request, Unit, coupling_named, seeds_from};
use interleave_engine::event::EventKind;
use interleave_engine::ids::TxnId;
use interleave_engine::scenario::Scenario;

use crate::breaks_support::as_shipped::named;
use crate::breaks_support::run;

/// The seeds of a comparison here.
const SEEDS: u32 = 5;

/// One thing that is measured.
pub(super) struct Measured {
    /// The pattern that it is about.
    pub(super) pattern: &'static str,
    /// What must be seen to break.
    pub(super) entry: &'static str,
    /// The command that shows it.
    pub(super) command: String,
    /// What it shows.
    pub(super) shows: String,
}

/// A figure under each of some patterns, on average over seeds.
fn compared(name: &str, patterns: &[&str], id: &str) -> (String, String) {
    let scenario = named(name);
    let couplings = patterns.iter().map(|pattern| coupling_named(pattern).unwrap()).collect();
    let seeds = seeds_from(scenario.seed, SEEDS);
    let mut comparison = Comparison::new(Request { scenario, couplings, seeds }).unwrap();
    while !comparison.step(100_000) {}
    let report = comparison.report();
    let row = report.rows.iter().find(|row| row.metric.id == id).unwrap();
    let shown = row.cells.iter().zip(patterns).map(|(cell, pattern)| {
        let Some(value) = cell.value else { return format!("none as `{pattern}`") };
        let mean = value.mean;
        let mean = match row.metric.unit {
            Unit::Micros => format!("{:.1} ms", mean / 1_000.0),
            Unit::Share => format!("{:.0} %", mean * 100.0),
            Unit::Count | Unit::PerSecond => format!("{mean:.1}"),
        };
        format!("{mean} as `{pattern}`")
    });
    let shown: Vec<String> = shown.collect();
    let command =
        format!("interleave compare {name} --patterns {} --seeds {SEEDS}", patterns.join(","));
    (command, format!("{}: {}", row.metric.title, shown.join(", ")))
}

/// How long the service of the long history is away.
fn away(snapshot_every: u32) -> String {
    let mut scenario = named("slow-replay");
    scenario.options.snapshot_every = snapshot_every;
    let session = run(scenario);
    let at = |kind: &str| {
        let (ix, _) = session.trace().of_kind(kind).next().unwrap();
        session.trace().get(ix).unwrap().at
    };
    let us = at("restarted") - at("crashed");
    format!("{:.1} ms with `snapshot_every` {snapshot_every}", us as f64 / 1_000.0)
}

/// How many answers of the slow page lack a row.
fn partial(deadline: Option<u64>) -> usize {
    let mut scenario: Scenario = named("slow-answer");
    scenario.options.compose_timeout_us = deadline;
    let session = run(scenario);
    let lacks = |kind: &EventKind| match kind {
        EventKind::QueryAnswered { missing, .. } => !missing.is_empty(),
        _ => false,
    };
    session.trace().of_kind("query-answered").filter(|(_, kind)| lacks(kind)).count()
}

/// Whose turn it is in one order of the circle.
fn turns() -> String {
    let session = run(named("event-circle"));
    let published = session.trace().events().iter().filter(|event| {
        event.txn == Some(TxnId(0)) && matches!(event.kind, EventKind::Published { .. })
    });
    let names: Vec<&str> = published.map(|event| session.cast().node(event.node)).collect();
    format!("who publishes for one order: {}", names.join(", "))
}

/// All of it, by pattern.
pub(super) fn measured() -> Vec<Measured> {
    let mut all = Vec::new();
    let mut add = |pattern, entry, (command, shows)| {
        all.push(Measured { pattern, entry, command, shows });
    };
    let (shared, own) = ("shared-database", "database-per-service");
    let deadlocks =
        compared("opposite-transfers", &[shared, "two-phase-commit"], "locks.deadlocks");
    add(shared, "deadlock with victim", deadlocks);
    let starved = compared("slow-tenant", &[shared, own], "answer_us.p50");
    add(shared, "one slow service starves the others", starved);
    let renamed = compared("renamed-column", &[shared, own], "outcomes.aborted");
    add(shared, "a schema shared by all", renamed);
    let outage = compared("shared-outage", &[shared], "availability.answered");
    add(shared, "an outage shared by all", outage);
    let composition = "api-composition";
    let tail = compared("slow-answer", &[composition], "query_us.p99");
    let median = compared("slow-answer", &[composition], "query_us.p50").1;
    add(composition, "tail latency", (tail.0, format!("{}; {median}", tail.1)));
    let deadline = named("slow-answer").options.compose_timeout_us;
    let lacking = format!(
        "{} of 60 answers lack a row; {} without `compose_timeout_us`",
        partial(deadline),
        partial(None)
    );
    add(composition, "partial answers", ("interleave run slow-answer".into(), lacking));
    let two = "two-phase-commit";
    let small = compared("same-flow", &[two], "cost.messages");
    let large = compared("checkout", &[two], "cost.messages");
    let growth = format!("with 2 participants {}; with 4 {}", small.1, large.1);
    add(two, "cost as participants grow", (format!("{}`, `{}", small.0, large.0), growth));
    let held = compared("coordinator-dies", &[two, "saga-orchestration"], "in_doubt_us.max");
    add(two, "in doubt, holding locks", held);
    add(
        "saga-choreography",
        "cyclic event chains",
        ("interleave run event-circle".into(), turns()),
    );
    let modes = ["cqrs-write-all", "cqrs-copy-at-each-write", "cqrs"];
    let product = compared("replica-down", &modes, "availability.answered");
    add("cqrs", "availability product", product);
    let replay = format!("away for {}, for {}", away(0), away(10));
    add(
        "event-sourcing",
        "slow replay without snapshots",
        ("interleave run slow-replay".into(), replay),
    );
    all
}
