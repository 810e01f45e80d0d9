//! What was checked and what was not, in words.

use crate::plan::{MixKind, Plan};
use crate::scenario::document::{Budget, FaultKind};

fn counted(count: u32, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// The bounds in words: "1 transaction, 1 crash, 1 duplicate, any timing".
pub(super) fn bounds(plan: &Plan, arrivals: u32, budget: Budget) -> String {
    let queries = (0..arrivals)
        .filter(|n| matches!(plan.arrival_mix(*n).what, MixKind::Query(_)))
        .count() as u32;
    let mut parts = Vec::new();
    if arrivals > queries {
        parts.push(counted(arrivals - queries, "transaction", "transactions"));
    }
    if queries > 0 {
        parts.push(counted(queries, "query", "queries"));
    }
    let faults = [
        (budget.crash, "crash", "crashes"),
        (budget.drop, "loss", "losses"),
        (budget.duplicate, "duplicate", "duplicates"),
        (budget.early_timer, "early timer", "early timers"),
        (budget.give_up, "giving up", "times giving up"),
        (budget.pause, "pause", "pauses"),
    ];
    let before = parts.len();
    for (count, one, many) in faults {
        if count > 0 {
            parts.push(counted(u32::from(count), one, many));
        }
    }
    if parts.len() == before {
        parts.push("no faults".into());
    }
    parts.push("any timing".into());
    parts.join(", ")
}

/// The events that a schedule without a clock does not have.
const TIMED: [&str; 4] = ["arrived", "fetched", "service-started", "revoked"];

/// What the scenario has and exploring leaves out.
pub(super) fn left_out(plan: &Plan) -> Vec<String> {
    let mut out = Vec::new();
    for (fault, words) in plan.scenario.faults.iter().zip(&plan.cast.faults) {
        if fault.at_us.is_some() {
            out.push(format!("{words} at a time: exploring has no clock"));
        } else if fault.on.as_ref().is_some_and(|on| TIMED.contains(&on.event.as_str())) {
            out.push(format!("{words} on an event that only a clock brings about"));
        } else if !matches!(fault.fault, FaultKind::Crash(_)) {
            out.push(format!("{words}: it lasts for a time, and exploring has no clock"));
        }
    }
    if plan.mix.len() > 1 && plan.mix.iter().any(|mix| mix.weight > 0) {
        out.push("which kind of arrival comes: it is drawn by the seed, as in the run".into());
    }
    let network = &plan.scenario.network;
    let links = network.links.iter();
    if network.loss > 0.0 || links.clone().any(|link| link.loss.is_some_and(|loss| loss > 0.0)) {
        out.push("the probability of loss: the budget says how many messages may be lost".into());
    }
    if network.duplicate > 0.0 || links.clone().any(|link| link.duplicate.is_some_and(|p| p > 0.0))
    {
        out.push("the probability of duplicates: the budget says how many there may be".into());
    }
    if network.fifo {
        out.push("the order of messages between two nodes: any order is tried".into());
    }
    out
}
