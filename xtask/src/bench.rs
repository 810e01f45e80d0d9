//! `cargo xtask bench`: tables of speed and weight. Nothing here passes or fails by a figure.
//!
//! Where to add something:
//! - a comparison with another library: a mode of `crates/bench`, and a line in `run` below;
//! - the same work natively and in WASM: a case in `crates/engine/tests/speed_cases/mod.rs`, and nothing here.

use crate::failure::{Failure, Result};
use crate::pins::WASM_TARGET;
use crate::progress::{self, Job, say};
use crate::tools::{self, Tools, cargo};
use crate::{page, paths};
use std::fmt::Write as _;
use std::process::Command;

/// The profile that builds for speed alone.
pub(crate) const PROFILE: [&str; 2] = ["--profile", "measure"];

/// Builds, measures and prints; the order is that of patience.
pub(crate) fn run() -> Result<()> {
    let tools = tools::ready()?;
    let folder = page::built();
    page::build(&tools.path, &folder)?;
    say(&format!("\nPage weight\n\n{}\n", page::table(&page::weigh(&folder)?)));

    build("the native measurements", native(&[], "build"))?;
    build("the measurements in WASM", browser(&tools, &["--no-run"]))?;

    say("\nExploring, beside other explorers\n");
    let peers = output("the native measurements", native(&["explore"], "run"))?;
    say(peers.split("speed: ").next().unwrap_or(&peers));

    say("The shipped scenarios\n");
    say(&output("the native measurements", native(&["scenarios"], "run"))?);

    say("The same work natively and in WASM, by turns\n");
    // Native, WASM, native: a machine that slows down meanwhile shows as two different native columns.
    let first = lines_of(&output("the native measurements", native(&["speed"], "run"))?)?;
    let wasm =
        lines_of(&output("the measurements in WASM", browser(&tools, &["--", "--nocapture"]))?)?;
    let again = lines_of(&output("the native measurements", native(&["speed"], "run"))?)?;
    say(&compare(&first, &wasm, &again)?);
    say(&beside(&lines_of(&peers)?, &wasm)?);
    Ok(())
}

/// Our explorer in the browser beside native peers on the same model, from the lines of both.
fn beside(peers: &[Line], wasm: &[Line]) -> Result<String> {
    let same = |line: &&Line| line.name.starts_with("explore-two-phase");
    let ours = wasm
        .iter()
        .find(same)
        .filter(|line| peers.iter().all(|peer| peer.count == line.count))
        .ok_or_else(|| Failure::new("the browser and the peers did not explore the same model"))?;
    let mut text =
        format!("Two-phase commit in Chromium: {:.0} states/s, which is\n", ours.per_second());
    for peer in peers {
        let ratio = ours.per_second() / peer.per_second();
        let _ =
            writeln!(text, "{ratio:>8.2} times {}, native ({:.0}/s)", peer.name, peer.per_second());
    }
    Ok(text)
}

fn native(arguments: &[&str], verb: &str) -> Command {
    let mut command = cargo(&[verb, "--quiet", "--locked", "-p", "interleave-bench"]);
    command.args(PROFILE);
    if verb == "run" {
        command.arg("--").args(arguments);
    }
    command
}

fn browser(tools: &Tools, arguments: &[&str]) -> Command {
    let mut command = cargo(&[
        "test",
        "--locked",
        "--target",
        WASM_TARGET,
        "-p",
        "interleave-engine",
        "--test",
        "speed",
    ]);
    command.args(PROFILE).args(arguments);
    tools.steer_browser(&mut command);
    command
}

/// Builds as a job with progress.
pub(crate) fn build(name: &str, command: Command) -> Result<()> {
    progress::run(Job {
        name: name.into(),
        doing: format!("building {name}"),
        takes: "about a minute the first time, seconds later".into(),
        command,
    })
}

/// What a program prints; its errors go to the terminal.
pub(crate) fn output(name: &str, mut command: Command) -> Result<String> {
    let output = command
        .current_dir(paths::root())
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| progress::cannot_start(&command, &error))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        say(&text);
        Err(Failure::new(format!("{name} failed (see above)")))
    }
}

/// One measured case.
#[derive(Debug, PartialEq)]
struct Line {
    name: String,
    count: f64,
    unit: String,
    time_us: f64,
}

impl Line {
    fn per_second(&self) -> f64 {
        self.count / self.time_us * 1e6
    }
}

/// The cases in some output, in their order: lines `speed: NAME COUNT UNIT MICROSECONDS`, wherever they start.
fn lines_of(text: &str) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let Some((_, rest)) = line.split_once("speed: ") else { continue };
        let words: Vec<&str> = rest.split_whitespace().collect();
        let parsed = match words[..] {
            [name, count, unit, time_us] => {
                count.parse().ok().zip(time_us.parse().ok()).map(|(count, time_us)| Line {
                    name: name.into(),
                    count,
                    unit: unit.into(),
                    time_us,
                })
            }
            _ => None,
        };
        lines.push(parsed.ok_or_else(|| {
            Failure::new(format!("`{line}` is not `speed: NAME COUNT UNIT MICROSECONDS`"))
        })?);
    }
    if lines.is_empty() {
        return Err(Failure::new("the measurements printed no line `speed: …`"));
    }
    Ok(lines)
}

/// The table of cases; the work must have been the same everywhere.
fn compare(first: &[Line], wasm: &[Line], again: &[Line]) -> Result<String> {
    let mut text = format!(
        "{:<28} {:>9} {:>14} {:>14} {:>14} {:>12}\n",
        "Case", "unit", "native/s", "native/s again", "WASM/s", "WASM/native"
    );
    for ((native, wasm), again) in first.iter().zip(wasm).zip(again) {
        if native.name != wasm.name || native.count != wasm.count || native.count != again.count {
            return Err(Failure::new(format!(
                "{} counts {} natively and {} counts {} in WASM: the work was not the same",
                native.name, native.count, wasm.name, wasm.count
            )));
        }
        let best = native.per_second().max(again.per_second());
        let ratio = wasm.per_second() / best;
        let _ = writeln!(
            text,
            "{:<28} {:>9} {:>14.0} {:>14.0} {:>14.0} {ratio:>12.2}",
            native.name,
            native.unit,
            native.per_second(),
            again.per_second(),
            wasm.per_second(),
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_among_others() {
        let lines = lines_of("running 1 test\n    speed: a 100 states 50\ntest ok").unwrap();
        assert_eq!(lines[0].name, "a");
        assert_eq!(lines[0].per_second(), 2e6);
    }

    #[test]
    fn a_line_that_does_not_read_is_an_error_and_so_is_none() {
        assert!(lines_of("speed: a many states 50").is_err());
        assert!(lines_of("nothing").is_err());
    }

    #[test]
    fn unequal_work_is_not_compared() {
        let line = |count| lines_of(&format!("speed: a {count} states 50")).unwrap();
        assert!(compare(&line(1), &line(2), &line(1)).is_err());
        assert!(compare(&line(1), &line(1), &line(1)).unwrap().contains("1.00"));
    }
}
