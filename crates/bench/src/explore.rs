//! Explored states per second on two-phase commit.

use std::process::Command;
use std::time::Instant;

use interleave_engine::drivers::explore::{Explorer, Limits, Order, StopAt};
use stateright::{Checker as _, Model as _};

use crate::models::two_phase::TwoPhase;
use crate::peer::{Idiomatic, Packed};
use crate::table::Table;

/// A contestant: explores the whole space and says how many distinct states it has.
type Contestant = (&'static str, fn(u32) -> u64);

/// Ours first; ratios are to it. The peers named "same state" have the same packed state and the same steps as ours, so
/// that only the explorers differ; the last is written as its library's documentation would have it.
const CONTESTANTS: [Contestant; 5] = [
    ("interleave-breadth-first", |participants| ours(participants, Order::Breadth)),
    ("interleave-depth-first", |participants| ours(participants, Order::Depth)),
    ("stateright-breadth-first", |participants| {
        let checker = Packed(TwoPhase::new(participants)).checker().threads(1).spawn_bfs().join();
        checker.unique_state_count() as u64
    }),
    ("stateright-depth-first", |participants| {
        let checker = Packed(TwoPhase::new(participants)).checker().threads(1).spawn_dfs().join();
        checker.unique_state_count() as u64
    }),
    ("stateright-sets-and-vectors", |participants| {
        let checker = Idiomatic { participants }.checker().threads(1).spawn_bfs().join();
        checker.unique_state_count() as u64
    }),
];

fn ours(participants: u32, order: Order) -> u64 {
    let limits = Limits { states: u32::MAX, stop: StopAt::Exhausted, order, ..Limits::default() };
    Explorer::new(TwoPhase::new(participants), limits).run().distinct
}

/// The most memory that a contestant held, in bytes beyond what the program holds without it. It runs in a process of
/// its own, whose high-water mark the kernel tells; `None` where there is no such file.
fn peak_bytes(contestant: &str, participants: u32) -> Option<u64> {
    let run = |name: &str| {
        let program = std::env::current_exe().ok()?;
        let output = Command::new(program)
            .args(["memory", name, &participants.to_string()])
            .output()
            .ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse::<u64>().ok()
    };
    run(contestant)?.checked_sub(run("nothing")?)
}

/// Runs one contestant and says how much memory the process held at most, in bytes.
pub(crate) fn memory(name: &str, participants: u32) -> Result<String, String> {
    if let Some((_, explore)) = CONTESTANTS.iter().find(|(known, _)| *known == name) {
        std::hint::black_box(explore(participants));
    }
    let status = std::fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes =
        mark.and_then(|mark| mark.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    Ok((kibibytes.ok_or("the kernel tells no high-water mark")? * 1024).to_string())
}

/// Runs every contestant once in each round and compares medians.
///
/// # Errors
/// When the contestants do not agree on the number of states: then the figures would mean nothing.
pub(crate) fn run(participants: u32, rounds: u32) -> Result<String, String> {
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
        "Two-phase commit, {participants} participants, {states} distinct states, one thread, \
         medians of {rounds} rounds by turns, opt-level {}",
        env!("BENCH_OPT_LEVEL"),
    );
    let medians: Vec<f64> = seconds.into_iter().map(median).collect();
    let mut table =
        Table::new(title, ["explorer", "ms", "states/s", "time, ours = 1", "peak bytes a state"]);
    for ((name, _), median) in CONTESTANTS.iter().zip(&medians) {
        table.row([
            (*name).to_owned(),
            format!("{:.1}", median * 1e3),
            format!("{:.0}", states as f64 / median),
            format!("{:.2}", median / medians[0]),
            peak_bytes(name, participants)
                .map_or_else(|| "?".into(), |bytes| format!("{:.0}", bytes as f64 / states as f64)),
        ]);
    }
    let limits = Limits { states: u32::MAX, stop: StopAt::Exhausted, ..Limits::default() };
    let report = Explorer::new(TwoPhase::new(participants), limits).run();
    let held = report.memory_bytes as f64 / report.distinct as f64;
    // The lines are read by whoever puts other machines beside these.
    let lines: Vec<String> = CONTESTANTS
        .iter()
        .zip(&medians)
        .map(|((name, _), median)| format!("speed: {name} {states} states {:.0}", median * 1e6))
        .collect();
    Ok(format!(
        "{table}\nOurs holds {held:.1} bytes for a visited state, the path to it included; a peak holds the states that \
         wait as well.\n\n{}",
        lines.join("\n")
    ))
}

/// The middle value; of an even number of them, the upper one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
