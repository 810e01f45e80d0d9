//! Measurements that compare, in one run and by turns: absolute figures belong to a machine, ratios less so.
//!
//! `cargo run --profile measure -p interleave-bench -- explore [PARTICIPANTS] [ROUNDS]`

mod explore;
mod peer;
mod scenarios;
mod table;

#[path = "../../engine/tests/models/mod.rs"]
mod models;

#[path = "../../engine/tests/speed_cases/mod.rs"]
mod speed_cases;

use std::process::ExitCode;

/// What the program says to anything that it does not understand.
const USAGE: &str = "\
usage: interleave-bench explore [PARTICIPANTS] [ROUNDS]
  explored states per second on two-phase commit (default 8 participants, 3 rounds), here and in stateright
usage: interleave-bench scenarios
  explored states per second of the shipped scenarios, and where the time goes
usage: interleave-bench speed
  a line for each case that is also measured in WASM, for `cargo xtask bench`";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number =
        |at: usize, default: u32| words.get(at).map_or(Some(default), |word| word.parse().ok());
    let outcome = match (words.first(), number(1, 8), number(2, 3)) {
        (Some(&"explore"), Some(participants @ 1..=16), Some(rounds @ 1..)) if words.len() <= 3 => {
            explore::run(participants, rounds)
        }
        // What `explore` calls for each contestant.
        (Some(&"memory"), _, Some(participants @ 1..=16)) if words.len() == 3 => {
            explore::memory(words[1], participants)
        }
        (Some(&"scenarios"), _, _) if words.len() == 1 => {
            scenarios::run().map(|table| table.to_string())
        }
        (Some(&"speed"), _, _) if words.len() == 1 => Ok(speed()),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Lines that xtask puts beside those of the browser.
fn speed() -> String {
    speed_cases::lines(scenarios::now_us).join("\n")
}
