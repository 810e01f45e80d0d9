//! The breaks of event-sourced services and of the read databases that follow them.

use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::ExpectedVersion;

use super::cases::{Case, shipped};
use super::faults;

/// A shipped scenario as event sourcing, with one read database for each service.
fn event_sourcing(name: &str) -> Scenario {
    let mut scenario = shipped(name, "event-sourcing");
    scenario.options.replicas = 1;
    scenario
}

/// Both editors send what they made of the record, and no command says which version that was.
fn no_expected_version() -> Scenario {
    let mut scenario = event_sourcing("two-editors");
    scenario.options.expected = ExpectedVersion::Any;
    scenario
}

/// Two partitions carry the changes of one stream, and the read database looks at no version.
fn no_guard() -> Scenario {
    let mut scenario = event_sourcing("stale-balance");
    scenario.workload.mix.truncate(1);
    scenario.broker.partitions = 2;
    scenario.options.projection_guard = false;
    scenario
}

/// All of them, in the order of the page.
pub(crate) fn all() -> Vec<Case> {
    let none = faults(0, 0, 0);
    vec![
        Case {
            name: "overwritten-by-a-second-editor",
            scenario: no_expected_version(),
            faults: none,
            property: "Money conserved",
            length: 16,
            states: 485,
        },
        Case {
            name: "event-projected-out-of-order",
            scenario: no_guard(),
            faults: none,
            property: "Projection agreement",
            length: 20,
            states: 23_187,
        },
    ]
}
