//! A comparison for people: a table that fits a terminal, and what to know about it.

use interleave_engine::compare::{Cell, Column, Row, Unit, Way};
use interleave_engine::views::format;

use super::Done;
use crate::output::Output;
use crate::words;

/// The widest line of the table.
const WIDTH: usize = 100;

/// Prints the table, in as many parts as the couplings need, and the notes.
pub fn print(done: &Done<'_>, out: &mut Output) {
    let report = &done.report;
    out.line(title(done));
    for left_out in &done.left_out {
        out.line(format!("Left out: {left_out}"));
    }
    let rows: Vec<&Row> = report.rows.iter().filter(|row| row.has_values()).collect();
    let mut from = 0;
    while from < report.columns.len() {
        // One column is printed however wide it is.
        let fits = |to: &usize| width(&table(&report.columns, &rows, from, *to)) <= WIDTH;
        let to = (from + 2..=report.columns.len()).take_while(fits).last().unwrap_or(from + 1);
        out.line("");
        for line in words::table(&table(&report.columns, &rows, from, to)) {
            out.line(line);
        }
        from = to;
    }
    out.line("");
    for note in notes(done) {
        for line in wrapped(&note) {
            out.line(line);
        }
    }
}

/// A note in lines that fit, all but the first set in.
fn wrapped(note: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in note.split(' ') {
        let fits = |line: &&mut String| {
            line.is_empty() || line.chars().count() + 1 + word.chars().count() <= WIDTH
        };
        match lines.last_mut().filter(fits) {
            Some(line) => {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
            None => lines.push(format!("    {word}")),
        }
    }
    lines
}

/// What was compared.
pub fn title(done: &Done<'_>) -> String {
    let seeds = format::counted(u64::from(done.seeds), "seed", "seeds");
    let couplings = format::counted(done.report.columns.len() as u64, "coupling", "couplings");
    format!("{} · {couplings} · {seeds} from {}", done.report.scenario, done.seed)
}

/// The table of some of the columns: their names, at each plus sign on a line of its own, and the
/// figures, with an empty line between the groups.
fn table(columns: &[Column], rows: &[&Row], from: usize, to: usize) -> Vec<Vec<String>> {
    let names: Vec<Vec<&str>> =
        columns[from..to].iter().map(|column| column.name.split('+').collect()).collect();
    let lines = names.iter().map(Vec::len).max().unwrap_or(0);
    let mut table: Vec<Vec<String>> = (0..lines)
        .map(|line| {
            let cells = names.iter().map(|name| name.get(line).copied().unwrap_or_default());
            std::iter::once("").chain(cells).map(str::to_owned).collect()
        })
        .collect();
    let mut group = "";
    for row in rows {
        let own = row.metric.id.split('.').next().unwrap_or_default();
        if own != group {
            table.push(Vec::new());
            group = own;
        }
        let cells = (from..to).map(|at| cell(row.metric.unit, &columns[at], &row.cells[at]));
        table.push(std::iter::once(row.metric.title.clone()).chain(cells).collect());
    }
    table
}

fn width(table: &[Vec<String>]) -> usize {
    words::table(table).iter().map(|line| line.chars().count()).max().unwrap_or(0)
}

/// A figure: its mean, its interval, and a mark where it is more or less than the first's.
pub fn cell(unit: Unit, column: &Column, cell: &Cell) -> String {
    let Some(value) = &cell.value else { return "none  ".to_owned() };
    let mark = match cell.way().filter(|_| column.paired) {
        Some(Way::More) => '▲',
        Some(Way::Less) => '▼',
        None => ' ',
    };
    format!("{} {mark}", unit.estimate_text(value))
}

/// What to know about the figures.
pub fn notes(done: &Done<'_>) -> Vec<String> {
    let report = &done.report;
    let mut notes = Vec::new();
    if done.seeds > 1 {
        notes.push(
            "Means over the seeds; ± is half a 95 % interval (Student's t). None: no such thing here."
                .to_owned(),
        );
    } else {
        notes.push(
            "One seed says nothing of how others would differ. None: no such thing here.".into(),
        );
    }
    if let [first, _, ..] = report.columns.as_slice() {
        notes.push(format!(
            "▲ more, ▼ less than {}, seed by seed: the 95 % interval of the differences leaves out 0.",
            first.name
        ));
    }
    let mut absent: Vec<&str> = report
        .rows
        .iter()
        .filter(|row| !row.has_values())
        .filter_map(|row| row.metric.title.split(',').next())
        .collect();
    absent.dedup();
    if !absent.is_empty() {
        notes.push(format!("No coupling here has: {}.", absent.join(", ").to_lowercase()));
    }
    for column in &report.columns {
        let name = &column.name;
        for why in column.unpaired_because() {
            notes.push(format!("{name} is not paired: {why}"));
        }
        if column.cut > 0 {
            notes.push(format!(
                "{name}: {} of {} runs were cut at a limit, so that nothing at rest was judged in them",
                column.cut, column.runs
            ));
        }
        for broken in &column.broken {
            notes.push(format!(
                "BROKEN  {name}: {} in {} of {} runs, first with seed {}",
                broken.id, broken.runs, column.runs, broken.seed
            ));
        }
    }
    if done.from != "-"
        && let Some((column, broken)) =
            report.columns.iter().find_map(|column| Some((column, column.broken.first()?)))
    {
        let [write, read, store] = column.parts;
        let pattern = if column.name.contains('+') {
            format!("write={write},read={read},store={store}")
        } else {
            column.name.clone()
        };
        notes.push(format!(
            "To see one: interleave run {} --pattern {pattern} --seed {}",
            words::quoted(done.from),
            broken.seed
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::{WIDTH, wrapped};

    #[test]
    fn notes_fit_the_table() {
        let lines = wrapped(&"word of a note ".repeat(20));
        assert!(lines.len() > 2 && lines.iter().all(|line| line.chars().count() <= WIDTH));
        assert!(lines[1..].iter().all(|line| line.starts_with("    ")));
        let long = "x".repeat(300);
        assert_eq!(wrapped(&long), [long.as_str()]);
    }
}
