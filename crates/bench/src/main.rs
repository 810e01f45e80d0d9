//! Measurements that compare, in one run and by turns: absolute figures belong to a machine, ratios less so.
//!
//! `cargo run --profile measure -p interleave-bench -- explore [PARTICIPANTS] [ROUNDS]`

mod explore;
mod peer;
mod table;

#[path = "../../engine/tests/models/mod.rs"]
mod models;

use std::process::ExitCode;

/// What the program says to anything that it does not understand.
const USAGE: &str = "\
usage: interleave-bench explore [PARTICIPANTS] [ROUNDS]
  explored states per second on two-phase commit (default 7 participants, 7 rounds), here and in stateright";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number =
        |at: usize, default: u32| words.get(at).map_or(Some(default), |word| word.parse().ok());
    let outcome = match (words.first(), number(1, 7), number(2, 7)) {
        (Some(&"explore"), Some(participants @ 1..=16), Some(rounds @ 1..)) if words.len() <= 3 => {
            explore::run(participants, rounds)
        }
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(table) => {
            println!("{table}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
