//! `interleave check`.

#![allow(clippy::unwrap_used)]

mod support;

use interleave_engine::link;
use serde_json::{Value, json};
use support::{Done, ends, interleave};

fn uncoordinated(args: &[&str]) -> Done {
    let fixed = ["check", "checkout", "--pattern", "database-per-service"];
    interleave(&[&fixed[..], args].concat())
}

#[test]
fn one_crash_leaves_half_a_transaction_and_the_link_replays_it() {
    let done = uncoordinated(&["--faults", "crash=1", "--json"]);
    assert_eq!(done.code, 1, "{}", done.stderr);
    let report = done.json();
    assert_eq!(report["pattern"], "database-per-service");
    assert_eq!(report["complete"], true);
    assert!(report["bounds"].as_str().unwrap().contains("1 crash"), "{report}");
    let atomicity = &report["properties"]["atomicity"];
    assert_eq!(atomicity["holds"], false);
    let found = &atomicity["counterexample"];
    let schedule = found["schedule"].as_array().unwrap();
    assert_eq!(found["length"], schedule.len());
    assert!(found["why"].as_str().unwrap().contains("half done"), "{found}");

    // The link holds the schedule under the pattern that was checked, and stops where it breaks.
    let address = found["link"].as_str().unwrap();
    let opened = ends(0, &["open", address, "--json"]);
    assert_eq!(opened.stderr, "");
    let opened = opened.json();
    assert_eq!(opened["schedule"], found["schedule"]);
    assert_eq!(opened["scenario"]["coupling"], "database-per-service");
    assert_eq!(opened["cursor"], found["event"]);
    assert_eq!(opened["digest"], opened["digest_here"]);

    let replayed = ends(1, &["run", address, "--json"]).json();
    assert_eq!(replayed["replayed"], true);
    assert_eq!(replayed["digest"], opened["digest"]);
    let first = &replayed["properties"]["atomicity"]["first"];
    assert_eq!(first["event"], found["event"]);
    assert_eq!(first["why"], found["why"]);
}

#[test]
fn every_counterexample_breaks_its_own_property_when_it_is_replayed() {
    let report = uncoordinated(&["--json"]).json();
    let broken: Vec<(&String, &Value)> = report["properties"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, property)| property["holds"] == false)
        .collect();
    assert!(broken.len() >= 2, "{report}");
    for (id, property) in broken {
        let found = &property["counterexample"];
        let replayed = ends(1, &["run", found["link"].as_str().unwrap(), "--json"]).json();
        assert_eq!(replayed["properties"][id]["holds"], false, "{id}");
        assert_eq!(replayed["properties"][id]["first"]["event"], found["event"], "{id}");
    }
}

#[test]
fn a_saga_with_outbox_and_inbox_holds_and_exits_with_0() {
    let report = ends(0, &["check", "checkout", "--faults", "crash=1", "--json"]).json();
    assert_eq!(report["complete"], true);
    for figure in ["states", "transitions", "depth", "at_rest"] {
        assert!(report[figure].as_u64().unwrap() > 0, "{figure}");
    }
    for (id, property) in report["properties"].as_object().unwrap() {
        assert_eq!(property["holds"], true, "{id}");
        assert_eq!(property["counterexample"], Value::Null, "{id}");
    }
}

#[test]
fn the_bounds_are_those_asked_for() {
    let states = |args: &[&str]| uncoordinated(&[args, &["--json"]].concat()).json();
    let none = states(&["--faults", "none"]);
    let crash = states(&["--faults", "crash=1"]);
    let more = states(&["--faults", "crash=1,drop=1,duplicate=1"]);
    let two = states(&["--faults", "crash=1", "--transactions", "2"]);
    let count = |report: &Value| report["states"].as_u64().unwrap();
    assert!(count(&none) < count(&crash), "{none} {crash}");
    assert!(count(&crash) < count(&more));
    assert!(count(&crash) < count(&two));
    let schedule = |report: &Value| {
        report["properties"]["atomicity"]["counterexample"]["schedule"].to_string()
    };
    // Without faults it takes a customer who cannot pay; with one crash there is a shorter way.
    assert!(!schedule(&none).contains("crash"), "{none}");
    assert!(schedule(&crash).contains("crash"), "{crash}");
    // The document's own budget is the same as the third, and is taken where none is given.
    let untimed = |mut report: Value| {
        report["seconds"] = Value::Null;
        report
    };
    assert_eq!(untimed(states(&[])), untimed(more));
}

#[test]
fn a_search_that_was_cut_says_so() {
    let args = ["check", "checkout", "--max-states", "500"];
    let report = ends(0, &[&args[..], &["--json"]].concat()).json();
    assert_eq!(report["complete"], false);
    assert!(report["states"].as_u64().unwrap() < 2_000, "{report}");
    let text = ends(0, &args).stdout;
    assert!(text.contains("cut at the number of states allowed"), "{text}");
    assert!(text.contains("so far  atomicity") && !text.contains("holds   "), "{text}");
}

#[test]
fn only_the_properties_asked_for_are_checked() {
    let args = ["--property", "exactly-once", "--property", "durability", "--json"];
    let done = uncoordinated(&args);
    let report = done.json();
    let names: Vec<&String> = report["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["durability", "exactly-once"]);
    assert_eq!(done.code, 0, "atomicity, which breaks, was not asked for");
}

#[test]
fn a_search_may_end_with_the_first_violation() {
    let all = uncoordinated(&["--json"]).json();
    let done = uncoordinated(&["--first", "--json"]);
    assert_eq!(done.code, 1);
    let first = done.json();
    assert!(first["states"].as_u64() < all["states"].as_u64());
    let broken = |report: &Value| {
        let properties = report["properties"].as_object().unwrap();
        properties.values().filter(|property| property["holds"] == false).count()
    };
    assert_eq!(broken(&first), 1);
}

#[test]
fn the_report_for_people_tells_the_schedule_and_is_silent_beside_it() {
    let done = uncoordinated(&["--faults", "crash=1", "--base", "https://page.example/?present=1"]);
    assert_eq!(done.code, 1);
    assert!(done.stdout.contains("BROKEN  atomicity"), "{}", done.stdout);
    assert!(done.stdout.contains("   1  arrive 1 0"), "{}", done.stdout);
    let start = "https://page.example/?present=1#1.";
    let link = done.stdout.lines().find(|line| line.starts_with(start)).expect("a link");
    assert!(link::decode(link).unwrap().schedule.is_some());
    assert_eq!(done.stderr, "", "progress is for terminals");
}

#[test]
fn what_a_link_has_and_checking_leaves_out_is_named() {
    let found = uncoordinated(&["--faults", "crash=1", "--json"]).json();
    let link = found["properties"]["atomicity"]["counterexample"]["link"].as_str().unwrap();
    let report = interleave(&["check", link, "--faults", "crash=1", "--json"]).json();
    assert_eq!(report["states"], found["states"]);
    assert_eq!(found["left_out"], json!([]));
    assert!(report["left_out"][0].as_str().unwrap().contains("schedule of the link"), "{report}");
}

/// What a team keeps in its own CI: 1 where a property is violated, 0 where it holds, 2 where the input
/// is bad, and the same fields in each report. What is mended is a link of `docs/breaks.md`.
#[test]
fn three_scenarios_break_and_hold_when_they_are_mended() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/breaks.md");
    let page = std::fs::read_to_string(page).unwrap();
    let link = |name: &str| {
        let start = format!("[{name}]: ./");
        let line = page.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("{name} is not on the page")).to_owned()
    };
    for (name, line, id) in [
        ("last-seat", "last-seat-sold-twice", "isolation"),
        ("redelivered-payment", "payment-delivered-again", "exactly-once"),
        ("lost-event", "event-never-published", "progress"),
    ] {
        let bounds = ["--faults", "none", "--json"];
        let broken = ends(1, &[&["check", name][..], &bounds].concat()).json();
        let found = &broken["properties"][id];
        assert_eq!(found["holds"], false, "{name}: {broken}");
        assert!(found["counterexample"]["length"].as_u64().unwrap() > 0, "{name}");
        let address = found["counterexample"]["link"].as_str().unwrap();
        assert!(link::decode(address).unwrap().schedule.is_some(), "{name}");

        let mended = link(&format!("{line}-mended"));
        let holds = ends(0, &["check", &mended, "--json"]).json();
        assert_eq!(holds["properties"][id]["holds"], true, "{name}: {holds}");
        assert_eq!(holds["properties"][id]["counterexample"], Value::Null, "{name}");
        for report in [&broken, &holds] {
            assert_eq!(report["complete"], true, "{name}");
            for figure in ["states", "transitions", "depth"] {
                assert!(report[figure].as_u64().unwrap() > 0, "{name}: {figure}");
            }
        }

        let bad = ends(2, &["check", name, "--faults", "crash=many", "--json"]);
        assert!(!bad.stdout.is_empty() || !bad.stderr.is_empty(), "{name}: it says what is bad");
        ends(2, &["check", &format!("{name}x"), "--json"]);
    }
}
