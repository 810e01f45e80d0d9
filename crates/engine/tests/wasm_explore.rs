//! In WASM the explorer finds as many states as it does natively.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

mod models;

use interleave_engine::drivers::explore::{Explorer, Limits, StopAt};
use wasm_bindgen_test::wasm_bindgen_test;

use models::oracles::{assert_figures, number, read, rows};
use models::two_phase::TwoPhase;

#[wasm_bindgen_test]
fn two_phase_has_the_counts_of_tlc() {
    for row in rows(&read("two_phase_commit.json"), "/state_counts/rows") {
        let limits = Limits { stop: StopAt::Exhausted, count_edges: true, ..Limits::default() };
        let report = Explorer::new(TwoPhase::new(number(&row, "n") as u32), limits).run();
        assert_figures(
            &row,
            &[
                ("/distinct", report.distinct),
                ("/generated", report.generated),
                ("/depth", u64::from(report.depth)),
                ("/quiescent_states", report.at_rest),
                ("/distinct_nonself_edges", report.edges.unwrap()),
            ],
        );
    }
}

#[wasm_bindgen_test]
fn fingerprints_are_those_of_every_other_machine() {
    models::assert_fingerprints_are_pinned();
}
