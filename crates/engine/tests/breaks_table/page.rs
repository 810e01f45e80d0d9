//! `docs/breaks.md`.

use std::collections::BTreeMap;

use interleave_engine::link::{self, Link};
use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::Budget;
use interleave_engine::scenario::shipped::shipped;
use interleave_engine::session::patterns;

use super::changes::{changes, coupling};
use super::measured::measured;
use crate::breaks_support::pairs::{Pair, pairs, proofs};
use crate::breaks_support::{broken, check, file, link_to, property, replay};

/// The page, from the engine's folder.
pub(super) const PATH: &str = "../../docs/breaks.md";

/// The seconds of a line: natively, and in Chromium.
pub(super) type Seconds = BTreeMap<String, (String, String)>;

const HEAD: &str = "\
# Every pattern's breaks and proofs

For each pattern what must be seen to break: the explorer finds it from a shipped scenario with plain switches, and where
it is mended it proves, within the same bounds, that the property holds. Every space here was visited whole. The links of
what breaks open on the event that breaks it, those of what is mended on the document, whose *Check* proves it again.

The page is written by `INTERLEAVE_UPDATE=1 cargo test -p interleave-engine --test breaks`, and the same test holds
everything in it but the seconds. `cargo xtask table` measures these: natively, and in headless Chromium, optimised, on
one machine; they bind nobody, and five is the aim.

What breaks no property is at the end, with the command that shows it.
";

const LINE: &str = "| name | what must be seen | scenario, and what is changed | property | bounds | verdict | states | native, s | Chromium, s | |\n| --- | --- | --- | --- | --- | --- | ---: | ---: | ---: | --- |\n";

/// The page as it is kept.
pub(super) fn kept() -> String {
    std::fs::read_to_string(file(PATH)).unwrap_or_default()
}

/// The seconds in a page: the lines of its tables with ten cells, by the name in the first.
pub(super) fn seconds(page: &str) -> Seconds {
    let mut seconds = Seconds::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        if let [name, _, _, _, _, _, _, native, chromium, _] = cells[..] {
            let name = name.trim_matches('`').to_owned();
            seconds.insert(name, (native.to_owned(), chromium.to_owned()));
        }
    }
    seconds
}

/// The links of a page by their names.
pub(super) fn links(page: &str) -> BTreeMap<String, String> {
    let lines = page.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: ./#"));
    lines.map(|(name, link)| (name.to_owned(), link.to_owned())).collect()
}

/// A shipped scenario's name and document, by its title, which no switch changes.
fn origin(scenario: &Scenario) -> (&'static str, Scenario) {
    let found = shipped().iter().find(|one| one.scenario().title == scenario.title);
    found.map(|one| (one.name, one.scenario())).unwrap()
}

/// A scenario as what was changed in the shipped one; a coupling is always said.
fn words(scenario: &Scenario) -> String {
    let (name, plain) = origin(scenario);
    let plain = Scenario { coupling: scenario.coupling.clone(), ..plain };
    let mut words = vec![format!("`{name}` as {}", coupling(scenario))];
    words.extend(changes(&plain, scenario));
    words.join("; ")
}

/// The link to a document that is checked within these bounds.
fn document(scenario: &Scenario, faults: Budget) -> String {
    let mut scenario = scenario.clone();
    scenario.explore.faults = faults;
    link::encode(&Link::of(scenario))
}

/// A line of a table: its name, its cells up to the number of states, and its link's words.
struct Line {
    name: String,
    cells: [String; 5],
    states: u64,
    opens: &'static str,
    link: String,
}

impl Line {
    fn write(&self, seconds: &Seconds, table: &mut String, links: &mut String) {
        let (native, chromium) = seconds.get(&self.name).cloned().unwrap_or_default();
        let (name, states, opens) = (&self.name, self.states, self.opens);
        let cells = self.cells.join(" | ");
        *table += &format!(
            "| `{name}` | {cells} | {states} | {native} | {chromium} | [{opens}][{name}] |\n"
        );
        *links += &format!("[{name}]: ./#{}\n", self.link);
    }
}

/// The two lines of a break and of what mends it.
fn lines(pair: &Pair) -> [Line; 2] {
    let case = &pair.case;
    let found = check(&case.scenario, case.faults, false);
    let said = property(&found, case.property);
    let schedule = said.counterexample.as_deref().unwrap();
    let session = replay(&case.scenario, schedule);
    let proved = check(&pair.mended, pair.faults, false);
    let mut mend = changes(&case.scenario, &pair.mended);
    if pair.faults != case.faults {
        mend.push("nobody gives up".to_owned());
    }
    assert!(property(&proved, case.property).holds, "{}", case.name);
    let cells = |entry: &str, scenario: String, bounds: &str, verdict: String| {
        [entry.to_owned(), scenario, case.property.to_owned(), bounds.to_owned(), verdict]
    };
    [
        Line {
            name: case.name.to_owned(),
            cells: cells(
                pair.entry,
                words(&case.scenario),
                &found.bounds,
                format!("**broken** in {} choices", schedule.len()),
            ),
            states: found.states,
            opens: "on the violation",
            link: link_to(session.as_ref(), case.property, said.why.as_deref().unwrap()),
        },
        Line {
            name: format!("{}-mended", case.name),
            cells: cells("mended", mend.join("; "), &proved.bounds, "holds".to_owned()),
            states: proved.states,
            opens: "the document",
            link: document(&pair.mended, pair.faults),
        },
    ]
}

/// The page with these seconds in it.
pub(super) fn page(seconds: &Seconds) -> String {
    let (mut page, mut links) = (HEAD.to_owned(), String::new());
    let pairs = pairs();
    for pattern in patterns() {
        let own: Vec<&Pair> = pairs.iter().filter(|pair| pair.pattern == pattern.name).collect();
        if own.is_empty() {
            continue;
        }
        page += &format!("\n## `{}`\n\n{LINE}", pattern.name);
        for line in own.into_iter().flat_map(lines) {
            line.write(seconds, &mut page, &mut links);
        }
    }
    page += "\n## With a crash, a loss and a duplicate\n\n";
    page += "One purchase over two services under every pattern, and the checkout over four under both sagas. Where nobody\n";
    page += "is responsible for the whole a crash leaves half of it; all others hold.\n\n";
    page += LINE;
    for proof in proofs() {
        let report = check(&proof.scenario, proof.faults(), false);
        let titles = broken(&report);
        let (verdict, property) = if titles.is_empty() {
            ("holds".to_owned(), format!("all {}", report.properties.len()))
        } else {
            (format!("**broken**: {}", titles.join(", ")), "all".to_owned())
        };
        let line = Line {
            name: format!("{}-by-{}", proof.name, proof.pattern),
            cells: [
                "the whole space".to_owned(),
                words(&proof.scenario),
                property,
                report.bounds.clone(),
                verdict,
            ],
            states: report.states,
            opens: "the document",
            link: document(&proof.scenario, proof.faults()),
        };
        line.write(seconds, &mut page, &mut links);
    }
    page += "\n## Measured, not explored\n\n";
    page += "What is slow, dear or unavailable breaks no property. A command shows each by the clock; `scenario_figures.rs` and\n";
    page += "the tests of the patterns hold what is said of them.\n\n";
    page +=
        "| pattern | what must be seen | command | what it shows |\n| --- | --- | --- | --- |\n";
    for one in measured() {
        let (pattern, entry) = (one.pattern, one.entry);
        page += &format!("| `{pattern}` | {entry} | `{}` | {} |\n", one.command, one.shows);
    }
    page + "\n" + &links
}
