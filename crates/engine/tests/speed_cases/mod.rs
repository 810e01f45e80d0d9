//! What is measured natively and in WASM, by the same code: `cargo xtask bench` puts both side by side.
//!
//! To measure something more, add a case. A case does a fixed piece of work and says how much it was;
//! it is timed from outside, since the engine knows no clock.

use interleave_engine::drivers::explore::{Explorer, Limits, StopAt};
use interleave_engine::scenario::shipped;
use interleave_engine::session::{self, CheckRequest, RunInput, RunState};

use crate::models::two_phase::TwoPhase;

/// A piece of work.
pub(crate) struct Case {
    /// Without spaces, as it stands in the table.
    pub(crate) name: &'static str,
    /// What is counted, in the plural.
    pub(crate) unit: &'static str,
    /// Does the work and counts it.
    pub(crate) work: fn() -> u64,
}

/// All of them.
pub(crate) const CASES: &[Case] = &[
    Case { name: "simulate-checkout", unit: "events", work: simulate_checkout },
    Case { name: "explore-two-phase-8", unit: "states", work: explore_two_phase },
    Case { name: "explore-checkout", unit: "states", work: explore_checkout },
];

/// How often each case is done; the fastest round counts, since all that disturbs a round makes it slower.
pub(crate) const ROUNDS: u32 = 5;

/// The scenario of a first visit under many seeds, as the page runs it: with its trace and its properties.
fn simulate_checkout() -> u64 {
    let mut events = 0;
    for seed in 0..50 {
        let mut scenario = shipped::shipped()[0].scenario();
        scenario.seed = seed;
        let mut run = session::open(&RunInput::of(scenario)).expect("a shipped scenario is valid");
        while run.run_slice(10_000) == RunState::Running {}
        events += run.trace().len() as u64;
    }
    events
}

fn explore_two_phase() -> u64 {
    let limits = Limits { states: u32::MAX, stop: StopAt::Exhausted, ..Limits::default() };
    Explorer::new(TwoPhase::new(8), limits).run().distinct
}

/// A scenario within its own bounds, as the page checks it.
fn explore_checkout() -> u64 {
    let scenario = shipped::shipped()[0].scenario();
    let session = session::open(&RunInput::of(scenario)).expect("a shipped scenario is valid");
    let mut check = session.check(&CheckRequest::default()).expect("it names no property");
    while !check.run_slice(10_000) {}
    check.report().states
}

/// Does every case and gives a line for each: `speed: NAME COUNT UNIT MICROSECONDS`, which xtask reads.
pub(crate) fn lines(now_us: fn() -> f64) -> Vec<String> {
    let mut lines = Vec::new();
    for case in CASES {
        let mut best_us = f64::INFINITY;
        let mut count = 0;
        for _ in 0..ROUNDS {
            let start_us = now_us();
            count = (case.work)();
            best_us = best_us.min(now_us() - start_us);
        }
        lines.push(format!("speed: {} {count} {} {best_us:.0}", case.name, case.unit));
    }
    lines
}
