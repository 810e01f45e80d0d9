//! A comparison as a Markdown document.

use super::Done;
use super::text::{cell, notes, title};
use crate::output::Output;

/// Prints the document.
pub fn print(done: &Done<'_>, out: &mut Output) {
    let report = &done.report;
    out.line(format!("# {}", plain(&title(done))));
    for left_out in &done.left_out {
        out.line("");
        out.line(format!("Left out: {}", plain(left_out)));
    }
    out.line("");
    let names = report.columns.iter().map(|column| plain(&column.name));
    out.line(row(std::iter::once(String::new()).chain(names)));
    out.line(row(std::iter::once("---")
        .chain(report.columns.iter().map(|_| "---:"))
        .map(str::to_owned)));
    for line in report.rows.iter().filter(|line| line.has_values()) {
        let cells = line.cells.iter().zip(&report.columns);
        let cells = cells.map(|(it, column)| cell(line.metric.unit, column, it).trim().to_owned());
        out.line(row(std::iter::once(line.metric.title.clone()).chain(cells)));
    }
    out.line("");
    for note in notes(done) {
        out.line(format!("* {}", plain(&note)));
    }
    out.line("");
    out.line("What the figures count:");
    out.line("");
    let mut meaning = "";
    for line in report.rows.iter().filter(|line| line.has_values()) {
        let metric = &line.metric;
        // The figures of a group mostly share what they count.
        if metric.meaning != meaning {
            meaning = &metric.meaning;
            let title = metric.title.split(',').next().unwrap_or_default();
            out.line(format!("* {}: {}", plain(title), plain(meaning)));
        }
    }
}

fn row(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

/// A text of a document as text, not as Markdown or HTML.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if "\\`*_[]<>|#&".contains(letter) {
            plain.push('\\');
        }
        plain.push(letter);
    }
    plain
}
