//! The table of levels and anomalies, as text.

use interleave_engine::isolation_lab::{
    self, Kind, Phenomenon, Results, Row, Setting, Trial, Verdict as Cell,
};
use interleave_engine::session::ENGINE;
use interleave_engine::views::format::counted;
use serde::Serialize;

use super::extent;
use crate::args::IsolationArgs;
use crate::output::Output;

/// What all experiments together say of a setting.
#[derive(Serialize)]
struct Together {
    setting: &'static str,
    database: &'static str,
    level: &'static str,
    cells: Vec<Summed>,
}

#[derive(Serialize)]
struct Summed {
    name: &'static str,
    /// `possible`, `prevented`, `absent` or `unknown`.
    is: &'static str,
    /// The experiments that show it.
    experiments: Vec<&'static str>,
}

#[derive(Serialize)]
struct All {
    engine: &'static str,
    complete: bool,
    settings: Vec<Together>,
}

/// Prints the table of one experiment.
pub fn print(table: &Results, out: &mut Output) {
    let columns = table.columns();
    out.line(format!(
        "{} of the steps if nothing waits or fails",
        counted(table.orders, "order", "orders")
    ));
    out.line("");
    heads(&columns, out);
    for (at, row) in table.rows.iter().enumerate() {
        if at == 0 || table.rows[at - 1].database != row.database {
            out.line(&row.database);
        }
        let mut line = format!("  {:27}", row.level);
        for one in &columns {
            line.push_str(&format!("{:15}", word(row, *one)));
        }
        out.line(format!("{line}{}", extent(row)));
    }
}

fn heads(columns: &[Phenomenon], out: &mut Output) {
    let mut line = format!("{:29}", "");
    for one in columns {
        line.push_str(&format!("{:15}", one.name()));
    }
    out.line(line);
}

/// What a cell says.
fn word(row: &Row, one: Phenomenon) -> String {
    match row.verdict(one) {
        Some(Cell::Possible { interleavings, .. }) if one.kind() == Kind::Cost => {
            format!("in {interleavings}")
        }
        Some(Cell::Possible { .. }) => "POSSIBLE".to_owned(),
        Some(Cell::Prevented { how, .. }) => how.join("+"),
        Some(Cell::Absent) | None => "-".to_owned(),
        Some(Cell::Unknown) => "?".to_owned(),
    }
}

/// Tries every experiment and prints what they show together.
pub fn together(settings: &[Setting], args: &IsolationArgs, out: &mut Output) {
    let anomalies: Vec<Phenomenon> =
        Phenomenon::ALL.into_iter().filter(|one| one.kind() != Kind::Cost).collect();
    let mut tables = Vec::new();
    for shipped in isolation_lab::shipped() {
        let settings = settings.iter().copied();
        tables.push((
            shipped.name,
            Trial::new(shipped.experiment(), settings, args.max_states).run(),
        ));
    }
    let complete =
        tables.iter().all(|(_, table)| table.rows.iter().all(|row| row.extent == "complete"));
    let mut all = Vec::new();
    for row in tables.first().map_or(&[][..], |(_, table)| &table.rows) {
        let Some(setting) = Setting::named(&row.setting) else { continue };
        let cells = anomalies.iter().map(|one| summed(&tables, setting, *one));
        all.push(Together {
            setting: setting.name(),
            database: setting.style.title(),
            level: setting.level_title(),
            cells: cells.collect(),
        });
    }
    if args.json {
        out.json(&All { engine: ENGINE, complete, settings: all });
        return;
    }
    heads(&anomalies, out);
    for (at, one) in all.iter().enumerate() {
        if at == 0 || all[at - 1].database != one.database {
            out.line(one.database);
        }
        let mut line = format!("  {:27}", one.level);
        for cell in &one.cells {
            let word = match cell.is {
                "possible" => "POSSIBLE",
                "prevented" => "prevented",
                "absent" => "-",
                _ => "?",
            };
            line.push_str(&format!("{word:15}"));
        }
        out.line(line);
    }
}

fn summed(tables: &[(&'static str, Results)], setting: Setting, one: Phenomenon) -> Summed {
    let mut summed = Summed { name: one.name(), is: "absent", experiments: Vec::new() };
    for (name, table) in tables {
        match table.row(setting.name()).and_then(|row| row.verdict(one)) {
            Some(Cell::Possible { .. }) => summed.experiments.push(name),
            Some(Cell::Unknown) => summed.is = "unknown",
            Some(Cell::Prevented { .. }) if summed.is == "absent" => summed.is = "prevented",
            _ => {}
        }
    }
    if !summed.experiments.is_empty() {
        summed.is = "possible";
    }
    summed
}
