//! `cargo xtask test`: everything that must hold, in stages.
//!
//! The cheap stages come first, and the end-to-end stage last: its runner's own report ends the output.

use crate::failure::{Failure, Result};
use crate::pins::WASM_TARGET;
use crate::progress::{self, Job, clock, say};
use crate::tools::{self, Tools, cargo};
use crate::{page, paths};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A stage's name, what it does, and its work.
struct Stage {
    name: &'static str,
    what: &'static str,
    work: fn(&Tools) -> Result<()>,
}

/// The native tests and lints know the deliberate faults, so that the engine is built once for the
/// test that `check` finds each and for all others; what is built to be released does not know them.
const FAULTS: [&str; 2] = ["--features", "interleave-engine/mutations"];

/// All stages, in order.
const STAGES: &[Stage] = &[
    Stage { name: "format", what: "rustfmt", work: format },
    Stage {
        name: "tidy",
        what: "import edges, file lengths, words, and xtask's own tests",
        work: tidy,
    },
    Stage { name: "clippy", what: "lints, native and for the browser", work: clippy },
    Stage {
        name: "native",
        what: "tests of the engine, the command line and the page's pure parts",
        work: native,
    },
    Stage { name: "docs", what: "the documentation builds without a warning", work: docs },
    Stage {
        name: "wasm",
        what: "tests of the engine and the page in headless Chromium",
        work: wasm,
    },
    Stage {
        name: "page",
        what: "the page as released, within its size budget",
        work: released_page,
    },
    Stage {
        name: "e2e",
        what: "the page as released, in Chromium, with a mouse and a keyboard",
        work: e2e,
    },
];

/// Runs all stages, or one.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let chosen = choose(arguments)?;
    let began = Instant::now();
    let tools = tools::ready()?;
    say(&format!("Set-up: {}", clock(began.elapsed())));
    let mut times: Vec<(&str, Duration)> = vec![("set-up", began.elapsed())];
    for (index, stage) in chosen.iter().enumerate() {
        if index + 1 == chosen.len() && index > 0 {
            say(&table(&times));
        }
        say(&format!("\n== {}: {} ==", stage.name, stage.what));
        let started = Instant::now();
        (stage.work)(&tools)?;
        times.push((stage.name, started.elapsed()));
    }
    Ok(())
}

fn choose(arguments: &[String]) -> Result<Vec<&'static Stage>> {
    let names = || STAGES.iter().map(|stage| stage.name).collect::<Vec<_>>().join(", ");
    match arguments {
        [] => Ok(STAGES.iter().collect()),
        [flag, name] if flag == "--only" => {
            let found: Vec<&Stage> = STAGES.iter().filter(|stage| stage.name == name).collect();
            if found.is_empty() {
                return Err(Failure::new(format!("there is no stage `{name}`"))
                    .remedy(format!("the stages are {}", names())));
            }
            Ok(found)
        }
        _ => Err(Failure::new("`test` takes nothing, or --only STAGE")
            .remedy(format!("the stages are {}", names()))),
    }
}

fn table(times: &[(&str, Duration)]) -> String {
    let mut text = String::from("\nStage      Seconds\n");
    for (name, time) in times {
        text.push_str(&format!("{name:<10} {:>7.1}\n", time.as_secs_f64()));
    }
    let total: f64 = times.iter().map(|(_, time)| time.as_secs_f64()).sum();
    text.push_str(&format!("so far     {total:>7.1}"));
    text
}

/// Runs a command whose own output is what the reader wants to see.
fn show(mut command: Command, what: &str) -> Result<()> {
    let status = command.status().map_err(|error| progress::cannot_start(&command, &error))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{what} failed (see above)"))) }
}

/// Compiles as a job with progress, so that a long silent build is not taken for a hang.
fn build_first(name: &str, command: Command, takes: &str) -> Result<()> {
    progress::run(Job {
        name: name.into(),
        doing: format!("building: {name}"),
        takes: takes.into(),
        command,
    })
}

fn format(_: &Tools) -> Result<()> {
    show(cargo(&["fmt", "--all", "--check"]), "the format check")
        .map_err(|failure| failure.remedy("run `cargo fmt --all`"))
}

fn tidy(_: &Tools) -> Result<()> {
    show(cargo(&["test", "--quiet", "--locked", "-p", "xtask"]), "tidy")
}

fn clippy(_: &Tools) -> Result<()> {
    let mut native = cargo(&["clippy", "--locked", "--workspace", "--all-targets"]);
    native.args(FAULTS).args(["--", "-D", "warnings"]);
    build_first("clippy, native", native, "3 minutes the first time, seconds later")?;
    let browser = [
        "clippy",
        "--locked",
        "-p",
        "interleave",
        "--all-targets",
        "--target",
        WASM_TARGET,
        "--",
        "-D",
        "warnings",
    ];
    build_first("clippy, browser", cargo(&browser), "2 minutes the first time, seconds later")
}

fn native(_: &Tools) -> Result<()> {
    let workspace = |how: &[&str]| {
        let mut command = cargo(&["test", "--locked", "--workspace", "--exclude", "xtask"]);
        command.args(FAULTS).args(how);
        command
    };
    build_first(
        "native tests",
        workspace(&["--no-run"]),
        "5 minutes the first time, seconds later",
    )?;
    show(workspace(&["--quiet"]), "a native test")?;
    let digests = [
        "test",
        "--locked",
        "--profile",
        "optimised",
        "-p",
        "interleave-engine",
        "--test",
        "determinism",
    ];
    let mut build = digests.to_vec();
    build.push("--no-run");
    build_first("optimised tests", cargo(&build), "2 minutes the first time, seconds later")?;
    show(cargo(&digests), "a comparison of digests in an optimised build")
}

fn docs(_: &Tools) -> Result<()> {
    let mut command =
        cargo(&["doc", "--locked", "--workspace", "--no-deps", "--document-private-items"]);
    command.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links");
    build_first("documentation", command, "2 minutes the first time, seconds later")
}

fn wasm(tools: &Tools) -> Result<()> {
    let root = paths::root();
    let engine = browser_tests(&root.join("crates/engine/tests"), |name| name.starts_with("wasm"))?;
    let page = browser_tests(&root.join("tests"), |_| true)?;
    for (package, names) in [("interleave-engine", engine), ("interleave", page)] {
        if names.is_empty() {
            return Err(Failure::new(format!("{package} has no browser tests")));
        }
        let mut command = cargo(&["test", "--locked", "--target", WASM_TARGET, "-p", package]);
        for name in &names {
            command.args(["--test", name]);
        }
        tools.steer_browser(&mut command);
        show(command, &format!("a browser test of {package}"))?;
    }
    Ok(())
}

/// The names of test binaries in a folder, sorted.
fn browser_tests(folder: &Path, wanted: fn(&str) -> bool) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(crate::failure::at(folder))? {
        let path = entry.map_err(crate::failure::at(folder))?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if path.extension().is_some_and(|end| end == "rs") && wanted(stem) {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn released_page(tools: &Tools) -> Result<()> {
    let folder = page::built();
    page::build(&tools.path, &folder)?;
    page::check_weight(&folder)
}

fn e2e(tools: &Tools) -> Result<()> {
    let folder = page::built();
    if !folder.join("index.html").exists() {
        page::build(&tools.path, &folder)?;
    }
    let tests = paths::root().join("tests/e2e");
    let mut command = Command::new("node");
    command
        .current_dir(paths::root())
        .args(["--test", "--test-reporter=spec", "--test-concurrency=1"])
        .env("INTERLEAVE_PAGE", &folder)
        .env("INTERLEAVE_CHROMIUM", &tools.browser.chromium);
    for name in scripts(&tests)? {
        command.arg(tests.join(name));
    }
    show(command, "an end-to-end test")
}

/// The test scripts of a folder, sorted; older versions of Node know no patterns.
fn scripts(folder: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).map_err(crate::failure::at(folder))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(".test.mjs"))
        .collect();
    names.sort();
    if names.is_empty() {
        return Err(Failure::new(format!("{} has no *.test.mjs", folder.display())));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stage_can_be_chosen() {
        let chosen = choose(&["--only".into(), "docs".into()]).unwrap();
        assert_eq!(chosen.iter().map(|stage| stage.name).collect::<Vec<_>>(), ["docs"]);
        assert_eq!(choose(&[]).unwrap().len(), STAGES.len());
    }

    #[test]
    fn an_unknown_stage_lists_the_known() {
        let failure = choose(&["--only".into(), "lint".into()]).err().unwrap().to_string();
        assert!(failure.contains("format, tidy, clippy"), "{failure}");
    }
}
