//! A decision record in Markdown: what was asked, what was measured and proved, what is left open,
//! and the command lines that give each figure again.

use std::fmt::Write as _;

use super::report::{Column, Report, Way};
use super::sweep::SweepReport;
use super::words::{counted, list};
use crate::scenario::Scenario;
use crate::session::{CheckReport, ENGINE, PatternInfo};

/// What the engine leaves out, as `docs/fidelity.md` has it; a test holds the two together.
pub const NOT_MODELLED: &[&str] = &[
    "The size of messages and rows, bandwidth, batching, memory and disk throughput. A forced write is counted and takes no time of its own.",
    "The inside of a broker: its replication, leaders, rebalancing of consumer groups. It does not crash; it can be unreachable.",
    "Locks and concurrent transactions inside one database under the patterns that keep no local transaction open: there it is one indivisible step. Decisions by hand about a transaction in doubt, and coordinators that agree by consensus.",
    "Clocks of their own for each node, and messages that arrive changed.",
    "Load balancing and several instances of one service: a service is one node with workers.",
    "Human work: a stuck saga stays stuck.",
];

/// What a record is made of.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// The question; the scenario's title where there is none.
    pub question: Option<&'a str>,
    /// How the command line names the scenario: a shipped name, a file, a link.
    pub source: &'a str,
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The figures.
    pub report: &'a Report,
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds.
    pub seeds: u32,
    /// The sweep, where one was made.
    pub sweep: Option<&'a SweepReport>,
    /// The checks that were made, by coupling.
    pub checks: &'a [(String, CheckReport)],
    /// Links into the page: what each shows, and its address or fragment.
    pub links: &'a [(String, String)],
    /// The named patterns, for their titles and what they are.
    pub patterns: &'a [PatternInfo],
}

/// The record as Markdown.
#[must_use]
pub fn markdown(record: &Record<'_>) -> String {
    let mut out = String::new();
    let question = record.question.unwrap_or(&record.scenario.title);
    line(&mut out, &format!("# Decision record: {}", plain(question)));
    line(&mut out, "");
    line(
        &mut out,
        &format!(
            "Status: proposed. Engine {ENGINE}; all figures are of simulated runs. Shapes, not your milliseconds."
        ),
    );
    context(&mut out, record);
    options(&mut out, record);
    measured(&mut out, record);
    if let Some(sweep) = record.sweep {
        crossover(&mut out, record, sweep);
    }
    proved(&mut out, record);
    heading(&mut out, "What is not modelled");
    NOT_MODELLED.iter().for_each(|text| line(&mut out, &format!("* {text}")));
    heading(&mut out, "Decision");
    line(
        &mut out,
        "To be written by those who decide: which option, for which of the reasons above, and which of the drawbacks are accepted.",
    );
    heading(&mut out, "Links");
    for (what, link) in record.links {
        line(&mut out, &format!("* {}: `{}`", plain(what), link.replace('`', "")));
    }
    line(&mut out, "* What is modelled, and where each millisecond comes from: `docs/fidelity.md`");
    line(
        &mut out,
        "* What each figure counts: `docs/compare.md`, and `metrics` of the command's `--json`",
    );
    out
}

impl Record<'_> {
    fn title(&self, name: &str) -> String {
        let known = self.patterns.iter().find(|pattern| pattern.name == name);
        known.map_or_else(|| name.to_owned(), |pattern| pattern.title.to_owned())
    }

    /// The command line that gives the table again.
    #[must_use]
    pub fn compare_command(&self) -> String {
        let names: Vec<&str> = self.report.columns.iter().map(|it| it.name.as_str()).collect();
        format!(
            "interleave compare {} --patterns {} --seeds {} --seed {}",
            quoted(self.source),
            names.join(","),
            self.seeds,
            self.first_seed
        )
    }

    /// The command line that gives a sweep again.
    #[must_use]
    pub fn sweep_command(&self, sweep: &SweepReport) -> String {
        let values: Vec<String> = sweep.points.iter().map(|it| it.value.to_string()).collect();
        format!(
            "{} --sweep {}={} --metric {}",
            self.compare_command(),
            sweep.parameter.id(),
            values.join(","),
            sweep.metric
        )
    }

    /// The command line that checks a coupling within the scenario's bounds.
    #[must_use]
    pub fn check_command(&self, column: &Column) -> String {
        let [write, read, store] = column.parts;
        let pattern = if column.name.contains('+') {
            format!("write={write},read={read},store={store}")
        } else {
            column.name.clone()
        };
        format!("interleave check {} --pattern {pattern}", quoted(self.source))
    }
}

fn context(out: &mut String, record: &Record<'_>) {
    let scenario = record.scenario;
    heading(out, "Context");
    line(out, &format!("{}. {}", plain(&scenario.title), plain(&scenario.about)));
    line(out, "");
    let faults = match scenario.faults.len() as u64 {
        0 => "no fault".to_owned(),
        count => counted(count, "fault", "faults"),
    };
    line(
        out,
        &format!(
            "{} in the document, {}, on {} from {}: every coupling meets the same arrivals, inputs, delays and faults of each seed.",
            counted(scenario.services.len() as u64, "service", "services"),
            faults,
            counted(u64::from(record.seeds), "seed", "seeds"),
            record.first_seed
        ),
    );
}

fn options(out: &mut String, record: &Record<'_>) {
    heading(out, "Options");
    for column in &record.report.columns {
        let [write, read, store] = column.parts;
        let known = record.patterns.iter().find(|pattern| pattern.name == column.name);
        let about = known.map_or("", |pattern| pattern.about);
        let title = plain(&record.title(&column.name));
        line(out, &format!("* **{title}** ({write} · {read} · {store}). {}", plain(about)));
    }
}

fn measured(out: &mut String, record: &Record<'_>) {
    let report = record.report;
    heading(out, "Measured trade-offs");
    line(
        out,
        "Means over the seeds with half a 95 % interval (Student's t). ▲ more, ▼ less than the first option, where the interval of the differences seed by seed leaves out 0. None: no such thing there.",
    );
    line(out, "");
    let names = report.columns.iter().map(|column| plain(&record.title(&column.name)));
    row(out, std::iter::once("Figure".to_owned()).chain(names));
    row(out, std::iter::once("---".to_owned()).chain(report.columns.iter().map(|_| "---:".into())));
    for each in report.rows.iter().filter(|each| each.has_values()) {
        let cells = each.cells.iter().zip(&report.columns).map(|(cell, column)| {
            let Some(value) = &cell.value else { return "none".to_owned() };
            let text = each.metric.unit.estimate_text(value);
            match cell.way().filter(|_| column.paired) {
                Some(Way::More) => format!("{text} ▲"),
                Some(Way::Less) => format!("{text} ▼"),
                None => text,
            }
        });
        row(out, std::iter::once(each.metric.title.clone()).chain(cells));
    }
    line(out, "");
    for column in &report.columns {
        let title = plain(&record.title(&column.name));
        for why in column.unpaired_because() {
            line(out, &format!("* {title} is not paired: {}.", plain(&why)));
        }
        if column.cut > 0 {
            line(
                out,
                &format!("* {title}: {} of {} runs were cut at a limit.", column.cut, column.runs),
            );
        }
        for broken in &column.broken {
            line(
                out,
                &format!(
                    "* {title} breaks {} in {} of {} runs, first with seed {}.",
                    broken.id, broken.runs, column.runs, broken.seed
                ),
            );
        }
        if column.broken.is_empty() {
            line(out, &format!("* {title}: no property was broken in {} runs.", column.runs));
        }
    }
    command(out, &record.compare_command());
}

fn crossover(out: &mut String, record: &Record<'_>, sweep: &SweepReport) {
    heading(out, "Crossover");
    for crossing in &sweep.crossings {
        let sentence = sweep.sentence(crossing, |name| record.title(name));
        line(out, &format!("**{}**", plain(&sentence)));
        line(out, "");
    }
    line(
        out,
        &format!(
            "What is varied: {}. Each point is one comparison at 95 %; a crossing is said to lie between two decided points and is not guessed more closely.",
            plain(sweep.parameter.meaning())
        ),
    );
    line(out, "");
    let names = sweep.couplings.iter().map(|name| plain(&record.title(name)));
    let figure = format!("{} by {}", sweep.title, sweep.parameter.title());
    row(out, std::iter::once(plain(&figure)).chain(names).chain(["Decided".to_owned()]));
    row(
        out,
        std::iter::once("---:".to_owned())
            .chain((0..=sweep.couplings.len()).map(|_| "---:".into())),
    );
    for (at, point) in sweep.points.iter().enumerate() {
        let cells = point.cells.iter().map(|cell| {
            cell.value.map_or_else(|| "none".to_owned(), |value| sweep.unit.estimate_text(&value))
        });
        let decided: Vec<String> = sweep
            .crossings
            .iter()
            .map(|crossing| {
                let paired = point.cells[crossing.other].paired;
                let sign = match crossing.signs[at] {
                    0 => "no",
                    1 => "▲",
                    _ => "▼",
                };
                if paired { sign.to_owned() } else { format!("{sign} (not paired)") }
            })
            .collect();
        let cells = std::iter::once(point.value.to_string()).chain(cells);
        row(out, cells.chain([decided.join(", ")]));
    }
    command(out, &record.sweep_command(sweep));
}

fn proved(out: &mut String, record: &Record<'_>) {
    heading(out, "Proved bounds");
    for column in &record.report.columns {
        let title = plain(&record.title(&column.name));
        let check = record.checks.iter().find(|(name, _)| *name == column.name);
        match check {
            None => line(out, &format!("* {title}: not checked.")),
            Some((_, report)) => {
                let broken: Vec<String> = report
                    .properties
                    .iter()
                    .filter(|property| !property.holds)
                    .map(|property| plain(&property.title))
                    .collect();
                let extent =
                    if report.complete { "complete" } else { "not complete: more states are left" };
                let verdict = match broken.as_slice() {
                    [] if report.complete => "every property holds".to_owned(),
                    [] => "nothing found that breaks a property".to_owned(),
                    some => format!("broken: {}", list(some)),
                };
                line(
                    out,
                    &format!(
                        "* {title}: {}: {verdict} ({} states, {extent}).",
                        plain(&report.bounds),
                        report.states
                    ),
                );
            }
        }
    }
    line(out, "");
    line(
        out,
        "A verdict speaks of every schedule within its bounds, never of the load above. Each is given again by:",
    );
    line(out, "");
    line(out, "```console");
    record
        .report
        .columns
        .iter()
        .for_each(|it| line(out, &format!("$ {}", record.check_command(it))));
    line(out, "```");
}

fn command(out: &mut String, command: &str) {
    line(out, "");
    line(out, "These figures are given again by:");
    line(out, "");
    line(out, "```console");
    line(out, &format!("$ {command}"));
    line(out, "```");
}

fn heading(out: &mut String, text: &str) {
    let _ = write!(out, "\n## {text}\n\n");
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn row(out: &mut String, cells: impl Iterator<Item = String>) {
    line(out, &format!("| {} |", cells.collect::<Vec<_>>().join(" | ")));
}

/// A text of a document as text, not as Markdown or HTML.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if "\\`*_[]<>|#&".contains(letter) {
            plain.push('\\');
        }
        plain.push(letter);
    }
    plain
}

/// An argument as a shell takes it.
fn quoted(argument: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:@%+".contains(c);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}
