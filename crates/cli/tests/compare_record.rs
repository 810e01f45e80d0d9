//! `interleave compare` with a sweep and a decision record: the record's own command lines give
//! each of its figures again.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::{ends, interleave};

/// The commands of a record, and the rows of its tables.
fn parts(record: &str) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
    let commands = record.lines().filter_map(|line| line.strip_prefix("$ interleave "));
    let commands = commands.map(|line| line.split(' ').map(str::to_owned).collect()).collect();
    let rows = record.lines().filter(|line| line.starts_with("| "));
    let rows = rows
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect());
    (commands, rows.collect())
}

fn run(command: &[String], more: &[&str]) -> Value {
    let args: Vec<&str> = command.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let done = interleave(&args);
    assert!(done.code < 2, "{args:?}: {}", done.stderr);
    done.json()
}

/// Whether a text of a cell is this figure, to the digits that it has.
fn says(cell: &str, mean: f64, half: f64, unit: &str) -> bool {
    let words: Vec<&str> = cell.trim_end_matches(['▲', '▼', ' ']).split_whitespace().collect();
    let number =
        |text: &str| text.trim_start_matches('±').replace('−', "-").parse::<f64>().unwrap();
    let divisor = match (unit, words.get(1).copied()) {
        ("us", Some("ms")) => 1e3,
        ("us", Some("s")) => 1e6,
        ("share", _) => 0.01,
        _ => 1.0,
    };
    let first = words[0].trim_end_matches("/s");
    let decimals = first.split_once('.').map_or(0, |(_, after)| after.len());
    let near = |text: &str, value: f64| {
        (number(text) - value / divisor).abs() <= 0.5 / 10_f64.powi(decimals as i32) + 1e-9
    };
    near(first, mean) && near(words.last().unwrap(), half)
}

#[test]
fn every_figure_of_the_shipped_record_is_given_again_by_its_command_lines() {
    let args = [
        "compare",
        "saga-or-two-phase-commit",
        "--seeds",
        "4",
        "--sweep",
        "round-trip=2,26",
        "--record",
        "-",
    ];
    let record = interleave(&args).stdout;
    assert!(record.starts_with("# Decision record: Saga or two-phase commit\n"), "{record}");
    let (commands, rows) = parts(&record);
    assert_eq!(commands.len(), 4, "{commands:?}");
    let table = run(&commands[0], &["--json"]);
    let swept = run(&commands[1], &["--json"]);
    assert!(commands[2..].iter().all(|command| command[0] == "check"));
    let mut figures = 0;
    let mut metrics = std::collections::BTreeMap::new();
    for (id, metric) in table["metrics"].as_object().unwrap() {
        metrics.insert(metric["title"].as_str().unwrap(), (id, metric["unit"].as_str().unwrap()));
    }
    let mut holds = |cell: &str, found: &Value, unit: &str| {
        if cell == "none" {
            return assert!(found.is_null() || found["mean"].is_null(), "{found}");
        }
        let (mean, half) = (found["mean"].as_f64().unwrap(), found["half_width"].as_f64().unwrap());
        assert!(says(cell, mean, half, unit), "{cell:?} is not {mean} ±{half} {unit}");
        figures += 1;
    };
    let mut points = swept["sweep"]["points"].as_array().unwrap().iter();
    for row in &rows {
        if let Some((id, unit)) = metrics.get(row[0].as_str()) {
            for (at, cell) in row[1..].iter().enumerate() {
                holds(cell, &table["couplings"][at]["figures"][id.as_str()], unit);
            }
        } else if row[0].parse::<f64>().is_ok() {
            let point = points.next().unwrap();
            assert_eq!(point["value"].as_f64(), row[0].parse().ok());
            for (at, cell) in row[1..3].iter().enumerate() {
                holds(cell, &point["couplings"][at], "us");
            }
        }
    }
    assert!(points.next().is_none() && figures > 40, "only {figures} figures");
    let sentence = swept["sweep"]["crossings"][0]["verdict"].as_str().unwrap();
    let wanted = match sentence {
        "between" => "change places",
        "not-in-range" => "no crossing",
        _ => "not decided",
    };
    assert!(record.contains(wanted), "{sentence}");
}

#[test]
fn a_sweep_says_what_it_cannot_vary() {
    for (sweep, wanted) in [
        ("weather=1..2:3", "one of participants"),
        ("participants=1..3:3", "give 2 or more"),
        ("round-trip=5..1:3", "order them"),
        ("crash-rate=1..900:2", "from 0 to 50"),
    ] {
        let args = [
            "compare",
            "same-flow",
            "--patterns",
            "saga-choreography",
            "--seeds",
            "2",
            "--sweep",
            sweep,
        ];
        let said = ends(2, &args).stderr;
        assert!(said.contains(wanted) && said.contains("--sweep"), "{sweep}: {said}");
    }
}

#[test]
fn each_parameter_runs_and_more_services_take_longer() {
    for sweep in ["participants=2,4", "crash-rate=0,3", "conflict-rate=50,100", "round-trip=1,9"] {
        let args = [
            "compare",
            "same-flow",
            "--patterns",
            "two-phase-commit,saga-orchestration",
            "--seeds",
            "3",
            "--sweep",
            sweep,
            "--json",
        ];
        let done = interleave(&args);
        assert!(done.code < 2, "{sweep}: {}", done.stderr);
        let sweep_found = &done.json()["sweep"];
        let points = sweep_found["points"].as_array().unwrap();
        assert_eq!(points.len(), 2, "{sweep}");
        let saga = |at: usize| points[at]["couplings"][1]["mean"].as_f64().unwrap();
        if sweep.starts_with("participants") || sweep.starts_with("round-trip") {
            assert!(saga(0) < saga(1), "{sweep}: {points:?}");
        }
    }
}
