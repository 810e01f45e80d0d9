//! Comparisons that ship with the engine: a question, and what to run for its answer.

use super::sweep::Parameter;

/// A question that people decide, with all that a comparison of it needs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Decision {
    /// Its name on the command line and in links.
    pub name: &'static str,
    /// The question.
    pub title: &'static str,
    /// The shipped scenario.
    pub scenario: &'static str,
    /// The couplings by name.
    pub couplings: &'static [&'static str],
    /// On how many seeds.
    pub seeds: u32,
    /// What is swept.
    pub parameter: Parameter,
    /// From, to, and the number of values.
    pub range: (f64, f64, u32),
    /// The figure that is looked at.
    pub metric: &'static str,
}

/// All of them.
#[must_use]
pub fn decisions() -> &'static [Decision] {
    &[
        Decision {
            name: "saga-or-two-phase-commit",
            title: "Saga or two-phase commit",
            scenario: "same-flow",
            couplings: &["two-phase-commit", "saga-orchestration"],
            seeds: 20,
            parameter: Parameter::RoundTrip,
            range: (10.0, 70.0, 7),
            metric: "end_us.p50",
        },
        Decision {
            name: "which-cqrs-mode",
            title: "Which mode of CQRS",
            scenario: "stale-balance",
            couplings: &["cqrs-write-all", "cqrs-copy-at-each-write", "cqrs"],
            seeds: 20,
            parameter: Parameter::RoundTrip,
            range: (1.0, 13.0, 5),
            metric: "answer_us.p50",
        },
    ]
}
