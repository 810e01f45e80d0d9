//! Queries answered by replicas that are behind, or that end with other rows than their primary.

use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::MixEntry;

use super::cases::{Case, shipped};
use super::faults;

/// The shipped balance under a mode, with so many replicas, and nobody who writes notices.
pub(crate) fn balance(pattern: &str, replicas: u8) -> Scenario {
    let mut scenario = shipped("stale-balance", pattern);
    scenario.options.replicas = replicas;
    scenario.services.truncate(1);
    scenario.transactions[0].steps.truncate(1);
    scenario
}

/// The same with these arrivals in turn.
pub(crate) fn with_mix(mut scenario: Scenario, names: &[&str]) -> Scenario {
    let named = |name: &&str| {
        let is = |of: &Option<String>| of.as_deref() == Some(*name);
        let entries = scenario.workload.mix.iter();
        let mut found = entries.filter(|entry| is(&entry.transaction) || is(&entry.query));
        found.next().unwrap().clone()
    };
    let mix: Vec<MixEntry> = names.iter().map(named).collect();
    scenario.workload.mix = mix;
    scenario.explore.transactions = names.len() as u32;
    scenario
}

/// Two payments, whose changes are records of two partitions, and nobody who guards their order.
fn out_of_order() -> Scenario {
    let mut scenario = with_mix(balance("cqrs", 1), &["pay-in", "pay-in"]);
    scenario.broker.partitions = 2;
    scenario.options.projection_guard = false;
    scenario
}

/// No row of an answer may be older than the current one.
pub(crate) fn no_older(pattern: &str) -> Scenario {
    let mut scenario = balance(pattern, 1);
    scenario.options.staleness_max = Some(0);
    scenario
}

fn published_from_memory() -> Scenario {
    let mut scenario = with_mix(balance("cqrs", 1), &["pay-in"]);
    scenario.options.outbox = false;
    scenario
}

/// The breaks, in the order of the page.
pub(crate) fn cases() -> Vec<Case> {
    let (none, crash) = (faults(0, 0, 0), faults(1, 0, 0));
    let case = |name, scenario, faults, property, length, states| Case {
        name,
        scenario,
        faults,
        property,
        length,
        states,
    };
    let (events, copies) = ("cqrs", "cqrs-copy-at-each-write");
    let twice = |pattern| with_mix(balance(pattern, 2), &["pay-in", "balance", "balance"]);
    vec![
        case("stale-after-a-write", balance(events, 1), none, "Read your writes", 6, 62),
        case("stale-before-the-copy", balance(copies, 1), none, "Read your writes", 6, 103),
        case("older-by-events", no_older(events), none, "Staleness", 5, 70),
        case("older-by-copies", no_older(copies), none, "Staleness", 5, 115),
        case("back-in-time", twice(events), none, "Monotonic reads", 11, 530),
        case("back-before-the-copy", twice(copies), none, "Monotonic reads", 9, 1_996),
        case("projection-out-of-order", out_of_order(), none, "Projection agreement", 12, 267),
        case("change-lost", published_from_memory(), crash, "Projection agreement", 6, 48),
    ]
}
