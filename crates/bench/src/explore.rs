//! Explored states per second on two-phase commit.

use std::time::Instant;

use interleave_engine::drivers::explore::{Explorer, Limits, StopAt};
use stateright::{Checker as _, Model as _};

use crate::models::two_phase::TwoPhase;
use crate::peer::{Idiomatic, Packed};
use crate::table::Table;

/// A contestant: explores the whole space and says how many distinct states it has.
type Contestant = (&'static str, fn(u32) -> u64);

/// Ours first; ratios are to it. The first peer has the same packed state and the same steps as ours, so
/// that only the explorers differ; the second is written as its library's documentation would have it.
const CONTESTANTS: [Contestant; 3] = [
    ("interleave", |participants| {
        let limits = Limits { states: u32::MAX, stop: StopAt::Exhausted, ..Limits::default() };
        Explorer::new(TwoPhase::new(participants), limits).run().distinct
    }),
    ("stateright, same state", |participants| {
        let checker = Packed(TwoPhase::new(participants)).checker().threads(1).spawn_bfs().join();
        checker.unique_state_count() as u64
    }),
    ("stateright, sets and vectors", |participants| {
        let checker = Idiomatic { participants }.checker().threads(1).spawn_bfs().join();
        checker.unique_state_count() as u64
    }),
];

/// Runs every contestant once in each round and compares medians.
///
/// # Errors
/// When the contestants do not agree on the number of states: then the figures would mean nothing.
pub(crate) fn run(participants: u32, rounds: u32) -> Result<Table, String> {
    let mut seconds = vec![Vec::new(); CONTESTANTS.len()];
    let mut distinct = None;
    for _ in 0..rounds {
        for ((name, explore), seconds) in CONTESTANTS.iter().zip(&mut seconds) {
            let start = Instant::now();
            let found = explore(participants);
            seconds.push(start.elapsed().as_secs_f64());
            let expected = *distinct.get_or_insert(found);
            if found != expected {
                return Err(format!("{name} finds {found} states, the first one {expected}"));
            }
        }
    }
    let states = distinct.unwrap_or_default();
    let title = format!(
        "Two-phase commit, {participants} participants, {states} distinct states, breadth first, one thread, \
         medians of {rounds} rounds by turns, opt-level {}",
        env!("BENCH_OPT_LEVEL"),
    );
    let medians: Vec<f64> = seconds.into_iter().map(median).collect();
    let mut table = Table::new(title, ["explorer", "ms", "states/s", "time, ours = 1"]);
    for ((name, _), median) in CONTESTANTS.iter().zip(&medians) {
        table.row([
            (*name).to_owned(),
            format!("{:.1}", median * 1e3),
            format!("{:.0}", states as f64 / median),
            format!("{:.2}", median / medians[0]),
        ]);
    }
    Ok(table)
}

/// The middle value; of an even number of them, the upper one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
