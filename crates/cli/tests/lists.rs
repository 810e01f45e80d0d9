//! `interleave schema`, `patterns`, `scenarios`, and the help.

#![allow(clippy::unwrap_used)]

mod support;

use interleave_engine::scenario;
use serde_json::Value;
use support::{document, ends, interleave};

#[test]
fn the_schema_is_the_one_that_is_kept_in_the_docs() {
    let printed = ends(0, &["schema"]).json();
    let kept: Value =
        serde_json::from_str(include_str!("../../../docs/scenario.schema.json")).unwrap();
    assert_eq!(printed, kept);
}

#[test]
fn every_pattern_that_is_listed_runs_every_scenario_that_is_listed() {
    let patterns = ends(0, &["patterns", "--json"]).json();
    let scenarios = ends(0, &["scenarios", "--json"]).json();
    let names = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap();
        list.iter().map(|of| of["name"].as_str().unwrap().to_owned()).collect()
    };
    let (patterns, scenarios) = (names(&patterns["patterns"]), names(&scenarios["scenarios"]));
    assert!(patterns.len() >= 3 && scenarios.len() >= 3);
    for scenario in &scenarios {
        for pattern in &patterns {
            let done = interleave(&["run", scenario, "--pattern", pattern, "--json"]);
            assert!(done.code < 2, "{scenario} {pattern}: {}", done.stderr);
            assert_eq!(done.json()["pattern"], pattern.as_str());
        }
    }
}

#[test]
fn the_parts_that_are_listed_make_the_patterns() {
    let list = ends(0, &["patterns", "--json"]).json();
    for family in ["write", "read", "store"] {
        let members = list["families"][family].as_array().unwrap();
        assert!(members.iter().all(|member| !member["about"].as_str().unwrap().is_empty()));
        for pattern in list["patterns"].as_array().unwrap() {
            let known = members.iter().any(|member| member["name"] == pattern[family]);
            assert!(known, "{pattern}");
        }
    }
}

#[test]
fn the_shipped_scenarios_are_listed_as_they_are() {
    let list = ends(0, &["scenarios", "--json"]).json();
    let text = ends(0, &["scenarios"]).stdout;
    for (shipped, listed) in scenario::shipped().iter().zip(list["scenarios"].as_array().unwrap()) {
        assert_eq!(listed["name"], shipped.name);
        assert_eq!(listed["title"], document(shipped.name)["title"]);
        assert_eq!(listed["pattern"], document(shipped.name)["coupling"]);
        assert!(text.contains(&format!("{}: ", shipped.name)), "{text}");
    }
}

#[test]
fn help_and_version_are_no_mistakes() {
    assert!(ends(0, &["--help"]).stdout.contains("Exit codes: 0 fine, 1 a property is violated"));
    assert!(ends(0, &["--version"]).stdout.contains(env!("CARGO_PKG_VERSION")));
    for command in ["run", "check", "link", "open", "schema", "patterns", "scenarios"] {
        assert!(ends(0, &["help", command]).stdout.contains("Usage"));
    }
    assert!(ends(2, &[]).stderr.contains("Usage"));
}

#[test]
fn every_stage_of_a_story_has_one_right_answer_and_a_link_that_opens_it() {
    let list = ends(0, &["stories", "--json"]).json();
    let stories = list["stories"].as_array().unwrap();
    assert!(stories.len() >= 6);
    for stage in stories.iter().flat_map(|story| story["stages"].as_array().unwrap()) {
        let answers = stage["answers"].as_array().unwrap();
        let right = answers.iter().filter(|answer| answer["right"] == true).count();
        assert_eq!(right, 1, "{}", stage["stage"]);
        let opened = ends(0, &["open", stage["link"].as_str().unwrap(), "--json"]).json();
        assert_eq!(opened["story"], stage["stage"]);
    }
}
