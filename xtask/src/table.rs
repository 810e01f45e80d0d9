//! `cargo xtask table`: the seconds of `docs/breaks.md`, natively and in headless Chromium.
//!
//! Everything else in that page is written and held by the engine's test `breaks`; this fills in how long
//! each of its checks took here. Nothing passes or fails by a figure.

use crate::bench::{PROFILE, build, output};
use crate::failure::{Failure, Result, at};
use crate::paths;
use crate::pins::WASM_TARGET;
use crate::progress::say;
use crate::tools::{self, Tools, cargo};
use std::collections::BTreeMap;
use std::process::Command;

/// The page, from the root.
const PAGE: &str = "docs/breaks.md";
/// What writes the rest of it.
const WRITE: &str = "INTERLEAVE_UPDATE=1 cargo test -p interleave-engine --test breaks";
/// The cells of a line of its tables: the two with seconds are the last but one and the one before.
const CELLS: usize = 10;
/// How long a check may take, as an aim.
const AIM_SECONDS: f64 = 5.0;

/// States and microseconds of a check.
type Times = BTreeMap<String, (u64, f64)>;

/// Builds, measures and fills in the page.
pub(crate) fn run() -> Result<()> {
    let tools = tools::ready()?;
    build("the native checks", native(&["--no-run"]))?;
    build("the checks in WASM", browser(&tools, &["--no-run"]))?;
    let native = times(&output("the native checks", native(&["--", "--ignored", "--nocapture"]))?)?;
    let chromium = times(&output("the checks in WASM", browser(&tools, &["--", "--nocapture"]))?)?;
    let path = paths::root().join(PAGE);
    let page = std::fs::read_to_string(&path).map_err(at(&path))?;
    std::fs::write(&path, filled(&page, &native, &chromium)?).map_err(at(&path))?;
    say(&summary(&native, &chromium));
    Ok(())
}

fn native(arguments: &[&str]) -> Command {
    let mut command =
        cargo(&["test", "--locked", "-p", "interleave-engine", "--test", "breaks_speed"]);
    command.args(PROFILE).args(arguments);
    command
}

fn browser(tools: &Tools, arguments: &[&str]) -> Command {
    let mut command = native(&["--target", WASM_TARGET]);
    command.args(arguments);
    tools.steer_browser(&mut command);
    command
}

/// The checks in some output: lines `table: NAME STATES MICROSECONDS`, wherever they start.
fn times(text: &str) -> Result<Times> {
    let mut times = Times::new();
    for line in text.lines() {
        let Some((_, rest)) = line.split_once("table: ") else { continue };
        let words: Vec<&str> = rest.split_whitespace().collect();
        let parsed = match words[..] {
            [name, states, time_us] => states
                .parse()
                .ok()
                .zip(time_us.parse().ok())
                .map(|figures| (name.to_owned(), figures)),
            _ => None,
        };
        let (name, figures) = parsed.ok_or_else(|| {
            Failure::new(format!("`{line}` is not `table: NAME STATES MICROSECONDS`"))
        })?;
        times.insert(name, figures);
    }
    if times.is_empty() {
        return Err(Failure::new("the checks printed no line `table: …`"));
    }
    Ok(times)
}

/// The page with these seconds: every line of its tables is one of the checks, and the other way round.
fn filled(page: &str, native: &Times, chromium: &Times) -> Result<String> {
    let mut filled = String::new();
    let mut left: Vec<&String> = native.keys().collect();
    for line in page.lines() {
        let mut cells: Vec<String> = line.split(" | ").map(str::to_owned).collect();
        let name = cells[0].trim_matches(['|', ' ', '`']).to_owned();
        if cells.len() == CELLS
            && let (Some(here), Some(there)) = (native.get(&name), chromium.get(&name))
        {
            if here.0 != there.0 || cells[CELLS - 4] != here.0.to_string() {
                return Err(Failure::new(format!(
                    "{name} has {} states natively, {} in WASM and {} in {PAGE}",
                    here.0,
                    there.0,
                    cells[CELLS - 4]
                ))
                .remedy(format!("run `{WRITE}`")));
            }
            cells[CELLS - 3] = seconds(here.1);
            cells[CELLS - 2] = seconds(there.1);
            left.retain(|other| **other != name);
        }
        filled.push_str(&cells.join(" | "));
        filled.push('\n');
    }
    match left.first() {
        None => Ok(filled),
        Some(name) => {
            Err(Failure::new(format!("{PAGE} has no line for {name}"))
                .remedy(format!("run `{WRITE}`")))
        }
    }
}

fn seconds(time_us: f64) -> String {
    format!("{:.3}", time_us / 1e6)
}

fn summary(native: &Times, chromium: &Times) -> String {
    let sum = |times: &Times| times.values().map(|(_, us)| us).sum::<f64>() / 1e6;
    let slowest = chromium.iter().max_by(|one, other| one.1.1.total_cmp(&other.1.1));
    let slowest = slowest.map_or_else(String::new, |(name, (states, us))| {
        format!(
            "; the slowest there is {name}: {states} states in {:.1} s, the aim {AIM_SECONDS} s",
            us / 1e6
        )
    });
    format!(
        "{} checks: {:.1} s natively, {:.1} s in Chromium{slowest}.\nThe seconds are in {PAGE}.",
        native.len(),
        sum(native),
        sum(chromium)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Title\n\n| name | a | b | c | d | e | states | n | c | |\n| `one` | a | b | c | d | e | 7 | 0.1 |  | [x][one] |\n";

    #[test]
    fn seconds_are_filled_in_and_nothing_else() {
        let native = times("running\ntable: one 7 1500\n").unwrap();
        let chromium = times("    table: one 7 2500000\n").unwrap();
        let page = filled(PAGE, &native, &chromium).unwrap();
        assert_eq!(page, PAGE.replace("| 0.1 |  |", "| 0.002 | 2.500 |"));
    }

    #[test]
    fn another_number_of_states_or_no_line_is_an_error() {
        let (seven, eight) = (times("table: one 7 1").unwrap(), times("table: one 8 1").unwrap());
        assert!(filled(PAGE, &seven, &eight).is_err());
        assert!(filled(PAGE, &eight, &eight).is_err());
        let other = times("table: two 7 1").unwrap();
        assert!(filled(PAGE, &other, &other).is_err());
    }

    #[test]
    fn what_does_not_read_is_an_error_and_so_is_nothing() {
        assert!(times("table: one many 50").is_err());
        assert!(times("nothing").is_err());
    }
}
