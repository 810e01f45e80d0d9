//! `two_phase_commit.json`: the state spaces of the abstract protocol, and what PostgreSQL does
//! with prepared transactions.
//!
//! The costs are those of the running pattern: see [`two_phase_costs`](super::two_phase_costs).

use interleave_engine::drivers::explore::{Coverage, Explorer, Limits, Report, StopAt, Verdict};
use interleave_engine::drivers::model::{Model, PropertyIx};
use serde_json::Value;

use super::record::{Not, Record, id, judge, judged, rows, same, text};
use super::{prepared, two_phase_costs};
use crate::models::t_commit::{self, TCommit};
use crate::models::two_phase::{self, TwoPhase};

/// How many states are visited before a record counts as too large to run here.
const MOST_STATES: u32 = 3_000_000;

/// Runs the records.
pub(crate) fn run(oracle: &Value) -> Vec<Record> {
    let mut records = Vec::new();
    let mut each = |pointer: &str, check: fn(&Value) -> Result<(), Not>| {
        records.extend(rows(oracle, pointer).iter().map(|row| judge(&id(row), check(row))));
    };
    each("/state_counts/rows", two_phase_states);
    each("/tcommit_counts/rows", t_commit_states);
    each("/shortest_traces/rows", shortest);
    each("/postgres_prepared_transactions/rows", prepared::check);
    let costs = rows(oracle, "/costs/table").iter();
    records.extend(costs.map(|row| judged(&id(row), two_phase_costs::check(row))));
    records.extend(
        rows(oracle, "/rules")
            .iter()
            .map(|row| judge(&id(row), Err(Not::Supported("it is a sentence".to_owned())))),
    );
    records
}

fn whole_space<M: Model>(model: M) -> Result<Report, Not> {
    let limits = Limits {
        states: MOST_STATES,
        depth: u32::MAX,
        stop: StopAt::Exhausted,
        count_edges: true,
        ..Limits::default()
    };
    let report = Explorer::new(model, limits).run();
    match report.coverage {
        Coverage::Complete => Ok(report),
        _ => Err(Not::Supported("it has too many states".to_owned())),
    }
}

fn violations(report: &Report, property: PropertyIx) -> u64 {
    u64::from(report.properties[usize::from(property.0)].verdict != Verdict::Holds)
}

/// Compares what the row has of these figures; the first it must have.
fn figures(row: &Value, found: &[(&str, u64)]) -> Result<(), Not> {
    for (at, (pointer, found)) in found.iter().enumerate() {
        match row.pointer(pointer).and_then(Value::as_u64) {
            Some(expected) => same(pointer, found, &expected)?,
            None if at == 0 => return Err(Not::Supported(format!("it has no {pointer}"))),
            None => {}
        }
    }
    Ok(())
}

fn participants(row: &Value) -> Result<u32, Not> {
    let n = row["n"].as_u64().and_then(|n| u32::try_from(n).ok());
    n.filter(|n| *n <= 8).ok_or_else(|| Not::Supported("it has too many participants".to_owned()))
}

fn two_phase_states(row: &Value) -> Result<(), Not> {
    let n = participants(row)?;
    let report = whole_space(TwoPhase::new(n))?;
    let classes = whole_space(TwoPhase { symmetric: true, ..TwoPhase::new(n) })?;
    let mut found = vec![
        ("/distinct", report.distinct),
        ("/generated", report.generated),
        ("/depth", report.depth.into()),
        ("/stateright_unique", report.distinct),
        ("/quiescent_states", report.at_rest),
        ("/consistency_violations", violations(&report, two_phase::CONSISTENT)),
        ("/orbits_under_RM_permutation", classes.distinct),
        ("/tlc_symmetry/distinct", classes.distinct),
        ("/tlc_symmetry/generated", classes.generated),
    ];
    found.extend(report.edges.map(|edges| ("/distinct_nonself_edges", edges)));
    figures(row, &found)
}

fn t_commit_states(row: &Value) -> Result<(), Not> {
    let participants = participants(row)?;
    let report = whole_space(TCommit { participants, symmetric: false })?;
    let classes = whole_space(TCommit { participants, symmetric: true })?;
    same("violations", &violations(&report, t_commit::CONSISTENT), &0)?;
    figures(
        row,
        &[
            ("/distinct", report.distinct),
            ("/generated", report.generated),
            ("/depth", report.depth.into()),
            ("/terminal_states", report.at_rest),
            ("/distinct_orbits", classes.distinct),
        ],
    )
}

fn shortest(row: &Value) -> Result<(), Not> {
    let goal = match text(row, "id")?.rsplit('.').next() {
        Some("commit") => two_phase::NEVER_ALL_COMMITTED,
        Some("abort") => two_phase::NEVER_ALL_ABORTED,
        _ => return Err(Not::Supported("its goal is not known".to_owned())),
    };
    let report = Explorer::new(TwoPhase::new(participants(row)?), Limits::default()).run();
    let Verdict::Violated(reached) = report.properties[usize::from(goal.0)].verdict else {
        return Err(Not::Right("it is not reached".to_owned()));
    };
    figures(row, &[("/actions", reached.steps.into())])
}
