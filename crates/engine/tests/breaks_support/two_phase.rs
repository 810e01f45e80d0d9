//! What breaks two-phase commit, and what only blocks it.

use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{Budget, Input, Scalar};

use super::cases::{Case, shipped, without_inbox};
use super::faults;

/// Transfers between two banks, without the scenario's own crash.
pub(crate) fn undisturbed() -> Scenario {
    let mut scenario = shipped("coordinator-dies", "two-phase-commit");
    scenario.faults.clear();
    scenario
}

/// Two transfers that need the same two rows, at two banks.
pub(crate) fn distributed_deadlock() -> Scenario {
    let mut scenario = undisturbed();
    let ann = Input::Fixed(Scalar::Text("ann".into()));
    scenario.workload.mix[0].inputs.insert("from".into(), ann);
    scenario.explore.transactions = 2;
    scenario
}

/// Participants that remember nothing of a transaction that is over.
pub(crate) fn promised_again() -> Scenario {
    without_inbox(undisturbed())
}

/// The breaks, in the order of the page.
pub(crate) fn cases() -> Vec<Case> {
    let case = |name, scenario, faults, property, length, states| Case {
        name,
        scenario,
        faults,
        property,
        length,
        states,
    };
    let gives_up = Budget { give_up: 1, ..faults(1, 0, 0) };
    let (none, duplicate) = (faults(0, 0, 0), faults(0, 0, 1));
    let doubt = "Nobody left in doubt";
    vec![
        case("left-in-doubt", undisturbed(), gives_up, doubt, 7, 2_611),
        case("distributed-deadlock", distributed_deadlock(), none, doubt, 10, 2_573),
        case("promised-again", promised_again(), duplicate, "Exactly once", 13, 738),
    ]
}
