//! The reference page says what the commands do.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{ends, interleave};

const PAGE: &str = include_str!("../../../docs/command-line.md");

/// The examples: what follows `interleave`, and the exit code that the page promises.
fn examples() -> Vec<(Vec<String>, i32)> {
    PAGE.lines()
        .filter_map(|line| line.strip_prefix("$ interleave "))
        .map(|line| {
            let (args, code) = line.split_once("# exits with ").expect("each says how it exits");
            let args = args.split_whitespace().map(|arg| arg.trim_matches('\'').to_owned());
            (args.collect(), code.trim().parse().unwrap())
        })
        .collect()
}

#[test]
fn every_example_exits_as_the_page_says() {
    let examples = examples();
    assert!(examples.len() > 12, "only {}", examples.len());
    for (args, code) in examples {
        ends(code, &args.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

/// The names in the first column of the tables of a section.
fn fields(section: &str) -> BTreeSet<&'static str> {
    let start = PAGE.find(&format!("\n## {section}\n")).expect("the section is there") + 4;
    let section = &PAGE[start..];
    let section = &section[..section.find("\n## ").unwrap_or(section.len())];
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" |").next())
        .flat_map(|cell| cell.split("`, `"))
        .map(|name| name.trim_end_matches('`'))
        .filter(|name| !name.starts_with('-'))
        .collect()
}

#[track_caller]
fn documented(section: &str, object: &Value) {
    let printed: BTreeSet<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(printed, fields(section), "{section}");
}

#[test]
fn the_page_lists_every_field_and_no_other() {
    documented("run", &interleave(&["run", "trip", "--trace", "--json"]).json());
    documented("check", &interleave(&["check", "trip", "--faults", "none", "--json"]).json());
    let compare = ["compare", "trip", "--seeds", "1", "--json"];
    documented("compare", &interleave(&compare).json());
    documented("isolation", &interleave(&["isolation", "lost-update", "--json"]).json());
    documented("link and open", &interleave(&["open", "trip", "--json"]).json());
    documented("`--json`", &interleave(&["open", "nowhere", "--json"]).json());
}

#[test]
fn the_page_names_every_argument() {
    for command in
        ["run", "check", "compare", "isolation", "link", "open", "patterns", "scenarios", "stories"]
    {
        let help = ends(0, &["help", command]).stdout;
        let names = help.split_whitespace().filter(|word| word.starts_with("--"));
        for name in names.map(|name| name.trim_end_matches([',', ']', '.'])) {
            assert!(
                name == "--help"
                    || PAGE.contains(&format!("{name} "))
                    || PAGE.contains(&format!("{name}]")),
                "{command} {name}"
            );
        }
    }
}
