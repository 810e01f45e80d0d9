//! The scenarios that ship, and the page that lists them.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeSet;

use interleave_engine::scenario::document::Coupling;
use interleave_engine::scenario::{self, Scenario};
use interleave_engine::session::patterns;

#[test]
fn every_shipped_scenario_is_valid_and_writes_back_the_same() {
    for shipped in scenario::shipped() {
        let scenario = shipped.scenario();
        assert_eq!(scenario::parse(shipped.json), Ok(scenario.clone()), "{}", shipped.name);
        let text = serde_json::to_string(&scenario).unwrap();
        let again: Scenario = serde_json::from_str(&text).unwrap();
        assert_eq!(scenario, again, "{}", shipped.name);
    }
}

#[test]
fn a_shipped_scenario_is_found_by_its_name() {
    assert_eq!(scenario::by_name("trip").unwrap().scenario().title, "Trip");
    assert_eq!(scenario::by_name("Trip"), None);
}

/// A page with its line breaks taken out, so that a title may be broken.
fn page(path: &str) -> String {
    let path = format!("{}/../../docs/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_docs_list_every_shipped_scenario_and_a_page_names_it() {
    let list = page("scenarios.md");
    let folder = format!("{}/../../docs/patterns", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).expect("the folder of the pages");
    let names = files.map(|entry| entry.expect("an entry").file_name());
    let pages: Vec<String> = names
        .map(|name| page(&format!("patterns/{}", name.to_str().expect("a plain name"))))
        .collect();
    for shipped in scenario::shipped() {
        let scenario = shipped.scenario();
        let (name, title) = (shipped.name, &scenario.title);
        let Coupling::Named(coupling) = &scenario.coupling else { panic!("{name} is at home") };
        let line = format!("| `{name}` | {title} | `{coupling}` |");
        assert!(list.contains(&line), "docs/scenarios.md has no line {line}");
        // Once as one of all, and once for what it shows.
        assert!(list.matches(&format!("`{name}`")).count() > 1, "{name} shows nothing");
        let named = |page: &&String| page.contains(&format!("*{title}*"));
        assert!(pages.iter().any(|page| named(&page)), "no page of a pattern names {title:?}");
    }
    // Nothing is listed that does not ship.
    let listed = list.split("## All of them").nth(1).expect("the list");
    assert_eq!(listed.matches("| `").count(), 2 * scenario::shipped().len());
}

/// Every named pattern has its line, so that a new one is not forgotten.
#[test]
fn the_docs_say_what_shows_each_pattern() {
    let list = page("scenarios.md");
    for pattern in patterns() {
        assert!(list.contains(&format!("| `{}` | `", pattern.name)), "{}", pattern.name);
    }
}

#[test]
fn every_shipped_scenario_says_what_it_is_about_in_plain_words() {
    let mut titles = BTreeSet::new();
    for shipped in scenario::shipped() {
        let scenario = shipped.scenario();
        assert!(scenario.about.len() > 60, "{}: {:?}", shipped.name, scenario.about);
        assert!(scenario.about.ends_with(['.', '?']), "{}: {:?}", shipped.name, scenario.about);
        assert!(titles.insert(scenario.title.clone()), "{} is the second one", scenario.title);
    }
}
