//! Sets up, runs, tests, measures and releases Interleave.

mod bench;
mod browser;
mod cards;
mod failure;
mod npm;
mod offline;
mod page;
mod paths;
mod pins;
mod progress;
mod release;
mod screenshots;
mod seal;
mod serve;
mod setup;
mod stages;
mod swarm;
mod table;
mod tidy;
mod tools;

use failure::{Failure, Result};
use std::process::ExitCode;

/// What `cargo xtask` says without arguments.
const USAGE: &str = "\
cargo xtask serve [--port N] [--release]   build the page and serve it at 127.0.0.1 (default port 8080)
cargo xtask test [--only STAGE]            everything that must hold: lints, tests, page weight, end to end
cargo xtask bench                          tables of speed and weight
cargo xtask table                          the seconds of docs/breaks.md, natively and in Chromium
cargo xtask swarm [--seeds N] [--from M]   random scenarios with random faults, held to what each pattern promises
cargo xtask screenshots [--docs]           every view in both themes at three widths, on one sheet
cargo xtask release                        the page for a static host, in release/
cargo xtask tidy                           import edges, file lengths, words: every finding

Each installs what it needs and is missing, and says so first.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            progress::say(&format!("error: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((task, rest)) = arguments.split_first() else {
        println!("{USAGE}");
        return Ok(());
    };
    match task.as_str() {
        "serve" => serve::run(rest),
        "test" => stages::run(rest),
        "bench" => bench::run(),
        "table" => table::run(),
        "release" => release::run(),
        "swarm" => swarm::run(rest),
        "screenshots" => screenshots::run(rest),
        "tidy" => tidy::run(),
        "seal" => seal::run(),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(Failure::new(format!("there is no task `{task}`"))
            .remedy("run `cargo xtask help` for the list")),
    }
}
