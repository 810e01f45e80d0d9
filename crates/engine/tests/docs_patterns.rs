//! The pages of the patterns: their figures are measured, and their links are the kept breaks.
//!
//! `INTERLEAVE_UPDATE=1` writes the figures and the links into the pages.

#![allow(clippy::unwrap_used)]

mod breaks_support;

use std::collections::{BTreeMap, BTreeSet};

use breaks_support::cases::one_checkout;
use breaks_support::{assert_file, file, run};
use interleave_engine::event::EventKind;
use interleave_engine::scenario::{self, Scenario};
use interleave_engine::session::{Session, families, patterns};
use serde_json::{Value, json};

const PAGES: &str = "../../docs/patterns";

/// What every page says, in this order.
const HEADINGS: [&str; 6] = [
    "## What it is",
    "## When to use it",
    "## What it costs",
    "## What breaks it",
    "## What mends it",
    "## Sources",
];

/// How many events of a kind a run has.
fn count(session: &dyn Session, kind: &str) -> usize {
    session.trace().of_kind(kind).count()
}

fn cost_of_writing(pattern: &str) -> String {
    let mut table = "| one checkout | messages | records | forced writes |\n".to_owned();
    table += "| --- | ---: | ---: | ---: |\n";
    for (title, items) in [("every step is done", 1), ("the third step is refused", 0)] {
        let session = run(one_checkout(pattern, items));
        let (sent, published) =
            (count(session.as_ref(), "sent"), count(session.as_ref(), "published"));
        let stats = session.stats();
        assert_eq!(stats.messages as usize, sent + published);
        table += &format!("| {title} | {sent} | {published} | {} |\n", stats.forced_writes);
    }
    table
}

fn services(number: usize) -> Vec<Value> {
    (1..=number).map(|n| json!({ "name": format!("s{n}"), "rows": { "item:1": n } })).collect()
}

fn parse(document: &Value) -> Scenario {
    scenario::parse(&document.to_string()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn cost_of_reading(coupling: &str) -> String {
    let mut table = "| services asked | messages | forced writes |\n".to_owned();
    table += "| ---: | ---: | ---: |\n";
    for number in 1..=3 {
        let reads: Vec<Value> =
            (1..=number).map(|n| json!({ "service": format!("s{n}"), "key": "item:1" })).collect();
        let session = run(parse(&json!({
            "interleave": 1, "title": "A query", "coupling": coupling,
            "services": services(number), "transactions": [],
            "queries": [{ "name": "all", "reads": reads }],
            "workload": { "arrivals": { "at-us": [0] }, "mix": [{ "query": "all" }] },
        })));
        assert_eq!(count(session.as_ref(), "query-answered"), 1);
        let stats = session.stats();
        table += &format!("| {number} | {} | {} |\n", stats.messages, stats.forced_writes);
    }
    table
}

fn cost_of_rows() -> String {
    let mut table = "| rows changed | log records | forced writes |\n".to_owned();
    table += "| ---: | ---: | ---: |\n";
    for number in 1..=3 {
        let operations: Vec<Value> = (1..=number)
            .map(|n| json!({ "op": "insert", "key": format!("entry:{n}"), "fields": { "value": n } }))
            .collect();
        let session = run(parse(&json!({
            "interleave": 1, "title": "Rows", "coupling": "database-per-service",
            "services": services(1),
            "transactions": [{
                "name": "work",
                "steps": [{ "name": "work", "service": "s1", "do": operations }],
            }],
            "workload": { "arrivals": { "at-us": [0] }, "mix": [{ "transaction": "work" }] },
            "options": { "inbox": false },
        })));
        let commits: Vec<&EventKind> =
            session.trace().of_kind("committed").map(|(_, kind)| kind).collect();
        let [EventKind::Committed { log_records, forced, .. }] = commits[..] else {
            panic!("{commits:?}")
        };
        table += &format!("| {number} | {log_records} | {forced} |\n");
    }
    table
}

fn cost_of_streams() -> String {
    let mut table = "| a snapshot after | snapshots | events folded | folding takes |\n".to_owned();
    table += "| --- | ---: | ---: | ---: |\n";
    for every in [0, 300, 30] {
        let session = run(parse(&json!({
            "interleave": 1, "title": "Recovery",
            "coupling": { "write": "uncoordinated", "read": "direct", "store": "event-sourced" },
            "services": [{ "name": "bank", "rows": { "account:a": 0 } }],
            "transactions": [{
                "name": "book",
                "steps": [{
                    "name": "book", "service": "bank",
                    "do": [{ "op": "add", "key": "account:a", "by": 1 }],
                }],
            }],
            "workload": {
                "arrivals": { "every-us": 2_000 }, "count": 1_000, "mix": [{ "transaction": "book" }],
            },
            "options": { "snapshot_every": every },
            "faults": [{ "fault": { "crash": "bank" }, "at_us": 3_000_000, "for_us": 1_000 }],
        })));
        let at = |kind: &str| {
            let (ix, _) = session.trace().of_kind(kind).next().unwrap();
            session.trace().get(ix).unwrap().at
        };
        let restarted = session.trace().of_kind("restarted").next();
        let Some((_, EventKind::Restarted { redone })) = restarted else { panic!("no restart") };
        let after = if every == 0 { "none".to_owned() } else { format!("{every} events") };
        let folding = at("restarted") - at("crashed") - 1_000;
        let snapshots = count(session.as_ref(), "snapshotted");
        table += &format!("| {after} | {snapshots} | {redone} | {folding} µs |\n");
    }
    table
}

/// The table that a page asks for by name.
fn measured(name: &str) -> String {
    match name {
        "direct" => cost_of_reading("saga-choreography"),
        "api-composition-reads" => cost_of_reading("api-composition"),
        "rows" => cost_of_rows(),
        "event-sourced" => cost_of_streams(),
        pattern => cost_of_writing(pattern),
    }
}

/// A page with its figures measured and its links looked up.
fn renewed(text: &str, links: &BTreeMap<String, String>) -> String {
    let mut page = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let reference = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ./#"));
        if let Some((name, _)) = reference {
            let link = links.get(name).unwrap_or_else(|| panic!("no break is called {name}"));
            page += &format!("[{name}]: ./#{link}\n");
            continue;
        }
        page += line;
        page.push('\n');
        let name = line.strip_prefix("<!-- measured ").and_then(|rest| rest.strip_suffix(" -->"));
        if let Some(name) = name {
            page += &format!("\n{}\n", measured(name));
            let end =
                lines.find(|line| *line == "<!-- end -->").expect("an end of what is measured");
            page += &format!("{end}\n");
        }
    }
    page
}

/// The pages, by their file's name.
fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    for entry in std::fs::read_dir(file(PAGES)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        pages.insert(name, std::fs::read_to_string(&path).unwrap());
    }
    pages
}

fn links() -> BTreeMap<String, String> {
    let kept = std::fs::read_to_string(file("tests/fixtures/breaks.json")).unwrap();
    let kept: Vec<Value> = serde_json::from_str(&kept).unwrap();
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
    kept.iter().map(|entry| (text(entry, "name"), text(entry, "link"))).collect()
}

#[test]
fn figures_and_links_are_those_of_this_engine() {
    let links = links();
    for (name, text) in pages() {
        assert_file(&format!("{PAGES}/{name}"), &renewed(&text, &links));
    }
}

#[test]
fn every_break_is_shown_on_a_page() {
    let pages = pages();
    let mut shown = BTreeSet::new();
    for (page, text) in &pages {
        for line in text.lines().filter(|line| line.starts_with('[') && line.contains("]: ./#")) {
            let name = line[1..].split(']').next().unwrap();
            assert!(text.contains(&format!("][{name}]")), "{page} keeps {name} and never shows it");
            shown.insert(name.to_owned());
        }
    }
    let kept: BTreeSet<String> = links().into_keys().collect();
    assert_eq!(shown, kept);
}

#[test]
fn every_pattern_and_member_has_its_page() {
    let pages = pages();
    let [write, read, store] = families();
    let members = write.into_iter().chain(read).chain(store).map(|(name, _)| name);
    for name in patterns().iter().map(|pattern| pattern.name).chain(members) {
        let has = pages.iter().any(|(page, text)| {
            *page == format!("{name}.md")
                || text.lines().any(|line| line.starts_with("# ") && line.contains(name))
        });
        assert!(has, "{name} has no page");
    }
    for (page, text) in pages {
        let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(headings, HEADINGS, "{page}");
    }
}
