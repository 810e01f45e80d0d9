//! The table of every pattern's breaks and proofs: `docs/breaks.md` is what is found here.
//!
//! `INTERLEAVE_UPDATE=1 cargo test -p interleave-engine --test breaks` writes it, `cargo xtask table`
//! measures its seconds, which no test compares.

mod changes;
mod measured;
mod page;

use std::collections::BTreeSet;

use interleave_engine::scenario::document::Budget;
use interleave_engine::scenario::shipped::shipped;
use interleave_engine::session::patterns;

use crate::breaks_support::pairs::{checks, pairs, proofs};
use crate::breaks_support::{assert_file, assert_opens_on, broken, check, property};

/// No check of the table may need more.
const STATES_MAX: u64 = 500_000;

/// What is broken is found, and what is mended is proved within the same bounds.
#[test]
fn each_break_is_found_and_what_mends_it_is_proved() {
    let mut sizes = Vec::new();
    let mut expected = Vec::new();
    for pair in pairs() {
        let name = pair.case.name;
        let found = check(&pair.case.scenario, pair.case.faults, false);
        let length = property(&found, pair.case.property).counterexample.as_ref().map(Vec::len);
        assert!(found.complete && found.states < STATES_MAX, "{name}: {}", found.states);
        let proved = check(&pair.mended, pair.faults, false);
        let holds = property(&proved, pair.case.property).holds;
        assert!(holds && proved.complete && proved.at_rest > 0, "{name}: {:?}", broken(&proved));
        assert!(proved.states < STATES_MAX, "{name}: {}", proved.states);
        // Either the document was changed or nobody gives up; never both, and nothing else.
        let patient = Budget { give_up: 0, ..pair.case.faults };
        let is_changed = pair.case.scenario != pair.mended;
        let bounds = if is_changed { pair.case.faults } else { patient };
        assert_eq!(pair.faults, bounds, "{name}: the same bounds");
        assert!(is_changed || patient != pair.case.faults, "{name}: nothing was changed");
        sizes.push((name, length, found.states, proved.states));
        expected.push((name, Some(pair.case.length), pair.case.states, pair.states));
    }
    assert_eq!(sizes, expected);
}

/// The same purchase with a crash, a loss and a duplicate, under every pattern; the whole space.
#[test]
fn every_pattern_is_explored_whole_with_a_crash_a_loss_and_a_duplicate() {
    let mut sizes = Vec::new();
    let mut expected = Vec::new();
    for proof in proofs() {
        let (name, budget) = (format!("{} as {}", proof.name, proof.pattern), proof.faults());
        assert_eq!((budget.crash, budget.drop, budget.duplicate), (1, 1, 1), "{name}");
        let report = check(&proof.scenario, budget, false);
        assert!(report.complete && report.states < STATES_MAX, "{name}: {}", report.states);
        assert_eq!(broken(&report), proof.broken, "{name}");
        sizes.push((name.clone(), report.states));
        expected.push((name, proof.states));
    }
    assert_eq!(sizes, expected);
}

/// Every pattern has a break and a proof, each from a shipped scenario, and no line's name is there twice.
#[test]
fn the_table_has_every_pattern() {
    let pairs = pairs();
    let titles: BTreeSet<String> = shipped().iter().map(|one| one.scenario().title).collect();
    let mut broken: BTreeSet<&str> = pairs.iter().map(|pair| pair.pattern).collect();
    // What breaks them stands under `cqrs`, by mode, and with what is measured.
    broken.extend(["cqrs-write-all", "cqrs-copy-at-each-write"]);
    for pattern in patterns() {
        assert!(broken.contains(pattern.name), "{} has no break", pattern.name);
        assert!(proofs().iter().any(|proof| proof.pattern == pattern.name), "{}", pattern.name);
    }
    for pair in &pairs {
        assert!(titles.contains(&pair.case.scenario.title), "{} is not shipped", pair.case.name);
        assert_eq!(pair.mended.title, pair.case.scenario.title, "{}", pair.case.name);
    }
    let names: Vec<String> = checks().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
}

/// The page is what is found, but for the seconds that it took somewhere.
#[test]
fn the_page_of_breaks_is_what_is_found() {
    let kept = page::kept();
    assert_file(page::PATH, &page::page(&page::seconds(&kept)));
}

/// Each link of a break opens on the event that breaks its property.
#[test]
fn every_link_of_the_page_opens_on_the_violating_event() {
    let links = page::links(&page::kept());
    for pair in pairs() {
        let report = check(&pair.case.scenario, pair.case.faults, false);
        let why = property(&report, pair.case.property).why.clone().unwrap();
        assert_opens_on(&links[pair.case.name], pair.case.property, &why);
    }
}
