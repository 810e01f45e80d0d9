//! `cargo xtask swarm --seeds N`: random scenarios with random faults under every pattern, natively and
//! optimised; each runs twice with equal digests, is replayed, and is held to what its pattern promises.
//!
//! The test stage runs 400 of them; this runs as many as one has patience for. A failure prints its seed and
//! the scenario as a document that the command line reads.

use crate::failure::{Failure, Result};
use crate::progress::{self, Job, say};
use crate::tools::cargo;
use std::time::Instant;

/// How many are run when no number is given.
const SEEDS: u64 = 2_000;

/// Builds and runs the swarm.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (seeds, from) = parse(arguments)?;
    let test = [
        "test",
        "--locked",
        "--profile",
        "optimised",
        "-p",
        "interleave-engine",
        "--test",
        "swarm",
    ];
    let mut build = test.to_vec();
    build.push("--no-run");
    progress::run(Job {
        name: "the swarm".into(),
        doing: "building the swarm, optimised".into(),
        takes: "2 minutes the first time, seconds later".into(),
        command: cargo(&build),
    })?;
    say(&format!("{seeds} random scenarios from seed {from} on …"));
    let began = Instant::now();
    let mut command = cargo(&test);
    command
        .args(["--", "--nocapture"])
        .env("INTERLEAVE_SWARM_SEEDS", seeds.to_string())
        .env("INTERLEAVE_SWARM_FROM", from.to_string());
    let status = command.status().map_err(|error| progress::cannot_start(&command, &error))?;
    say(&format!("{} for {seeds} scenarios", progress::clock(began.elapsed())));
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new("a scenario of the swarm broke what its pattern promises (see above)"))
    }
}

fn parse(arguments: &[String]) -> Result<(u64, u64)> {
    let (mut seeds, mut from) = (SEEDS, 0);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let place = match argument.as_str() {
            "--seeds" => &mut seeds,
            "--from" => &mut from,
            other => {
                return Err(Failure::new(format!("`swarm` does not take `{other}`"))
                    .remedy("it takes --seeds N and --from M"));
            }
        };
        *place = rest.next().and_then(|text| text.parse().ok()).ok_or_else(|| {
            Failure::new(format!("{argument} needs a number")).remedy("for example --seeds 2000")
        })?;
    }
    if seeds == 0 {
        return Err(Failure::new("--seeds 0 runs nothing").remedy("give a number from 1 on"));
    }
    Ok((seeds, from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn numbers_are_taken_and_nonsense_is_named() {
        assert_eq!(parse(&words("--seeds 7 --from 9")).unwrap(), (7, 9));
        assert_eq!(parse(&[]).unwrap(), (SEEDS, 0));
        for (given, said) in [
            ("--seeds", "needs a number"),
            ("--seeds 0", "runs nothing"),
            ("7", "does not take `7`"),
        ] {
            let failure = parse(&words(given)).unwrap_err().to_string();
            assert!(failure.contains(said), "{failure}");
        }
    }
}
