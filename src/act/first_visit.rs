//! The first visit: one checkout, paused just before the payment commits.

use interleave_engine::choice::{ChoiceKind, Intervention};
use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{Arrivals, Distribution, Input, RowValue, Scalar};
use interleave_engine::scenario::shipped;
use interleave_engine::session::RunInput;
use leptos::prelude::*;

use crate::act;
use crate::state::App;

/// Where the crash of the first visit falls.
const PAYMENTS: &str = "payments";
/// How long payments is down, in microseconds: long enough to be seen on the axis.
const DOWN_US: u64 = 20_000;
/// What every step takes on the first visit, in microseconds: even, so that nothing distracts.
const STEP_US: f64 = 2_000.0;

/// The shipped checkout with a single order, even times, and nothing that saves it.
#[must_use]
pub fn scenario() -> Option<Scenario> {
    let mut scenario = shipped::shipped().first()?.scenario();
    scenario.workload.arrivals = Arrivals::AtUs(vec![0]);
    scenario.workload.count = None;
    scenario.workload.mix.truncate(1);
    let order = scenario.workload.mix.first_mut()?;
    for (name, value) in [("customer", "alice"), ("item", "widget")] {
        order.inputs.insert(name.into(), Input::Fixed(Scalar::Text(value.into())));
    }
    order.inputs.insert("amount".into(), Input::Fixed(Scalar::Int(30)));
    for service in &mut scenario.services {
        service.service_time_us = Distribution::Constant(STEP_US);
    }
    // Only what this order touches, so that every number on screen is part of the story.
    for (service, rows) in [
        ("payments", [("account:alice", 100), ("account:shop", 0)].as_slice()),
        ("stock", &[("item:widget", 10)]),
    ] {
        let of_story = scenario.services.iter_mut().find(|it| it.name == service)?;
        let row = |(key, n): &(&str, i64)| ((*key).to_owned(), RowValue::One(Scalar::Int(*n)));
        of_story.rows = rows.iter().map(row).collect();
    }
    scenario.network.delay_us = Distribution::Constant(1_000.0);
    scenario.faults.clear();
    scenario.options.outbox = false;
    Some(scenario)
}

/// Opens it; returns whether it could be opened.
pub fn open(app: App) -> bool {
    let Some(scenario) = scenario() else { return false };
    if let Err(problems) = act::runs::open_alone(app, RunInput::of(scenario), "one order") {
        act::runs::complain(app, "The first run could not be made", &problems);
        return false;
    }
    let commit = app.run_now(|run| run.first_commit_at(PAYMENTS)).flatten();
    if let Some(commit) = commit {
        act::time::put(app, commit.0.saturating_sub(1));
        app.first.set(true);
    }
    let txn = app.run_now(|run| run.trace().events().iter().find_map(|event| event.txn));
    act::select::txn(app, txn.flatten().map(|txn| txn.0));
    true
}

/// Payments crashes right after it has charged, before it can say so.
pub fn crash(app: App) {
    app.first.set(false);
    let found = app.run_now(|run| {
        let after = run.first_commit_at(PAYMENTS)?;
        let node = run.cast().node_named(PAYMENTS)?;
        let kind = ChoiceKind::Crash { node, lose: 0 };
        Some(Intervention { after, kind, for_us: Some(DOWN_US) })
    });
    let Some(Some(intervention)) = found else { return };
    let after = intervention.after;
    act::runs::intervene(app, intervention, "+ payments crashes after it charges");
    let txn = app.run_now(|run| run.txn_of(after)).flatten();
    act::select::txn(app, txn.map(|txn| txn.0));
    app.right.set(true);
    // The story is told from its end: what was left behind, and what led there.
    let broken = app.run_now(|run| run.reports.iter().position(|report| !report.holds()));
    if let Some(property) = broken.flatten() {
        act::select::violation(app, property, 0);
    }
}

/// The same order, with nothing in its way.
pub fn succeed(app: App) {
    app.first.set(false);
    app.playing.set(true);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_visit_is_one_order_of_alice() {
        let scenario = scenario().unwrap();
        assert_eq!(scenario.workload.arrivals, Arrivals::AtUs(vec![0]));
        let amount = &scenario.workload.mix[0].inputs["amount"];
        assert_eq!(*amount, Input::Fixed(Scalar::Int(30)));
        assert!(!scenario.options.outbox);
        assert!(scenario.services.iter().any(|service| service.name == PAYMENTS));
    }
}
