//! Bad input, and where input comes from.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};
use support::{Done, command, document, ends, folder, with_stdin};

/// Runs a document that must be refused with all of these words, on every command that reads one.
#[track_caller]
fn refused(text: &[u8], words: &[&str]) {
    for sub in ["run", "check", "link", "open"] {
        let done = with_stdin(&[sub, "-"], text);
        assert_eq!(done.code, 2, "{sub}: {}", done.stderr);
        assert_eq!(done.stdout, "", "{sub}");
        assert!(done.stderr.lines().all(|line| line.starts_with("error: standard input: ")));
        for word in words {
            assert!(done.stderr.contains(word), "{sub}: {word:?} is not in {}", done.stderr);
        }
    }
}

/// The same with a document that was changed in one place.
#[track_caller]
fn refused_after(change: impl FnOnce(&mut Value), words: &[&str]) {
    let mut scenario = document("checkout");
    change(&mut scenario);
    refused(scenario.to_string().as_bytes(), words);
}

#[test]
fn a_mistake_in_a_document_is_named_with_path_finding_and_remedy() {
    refused(b"{\"interleave\": 1,", &["line 1, column", "close every brace"]);
    refused(b"", &["the document is empty"]);
    refused(b"[]", &["an empty list", "a scenario is a JSON object"]);
    refused(b"\xff\xfe{}", &["byte 1 is not UTF-8", "save the document as UTF-8"]);
    refused_after(|of| of["colour"] = 1.into(), &["colour"]);
    refused_after(
        |of| of["interleave"] = 9.into(),
        &["interleave: made for version 9", "version 1"],
    );
    refused_after(
        |of| of["transactions"][0]["steps"][2]["service"] = "stocks".into(),
        &["transactions.checkout.steps[2].service", "stocks", "did you mean `stock`"],
    );
    refused_after(|of| of["services"][0]["workers"] = json!(-1), &["services", "workers", "-1"]);
    refused_after(|of| of["workload"]["count"] = json!(1e300), &["workload.count"]);
    refused_after(|of| of["services"][1]["name"] = "orders".into(), &["services", "orders"]);
    refused_after(
        |of| {
            let services = (0..10_000).map(|n| json!({ "name": format!("s{n}") }));
            of["services"] = services.collect();
        },
        &["services", "10000"],
    );
    refused_after(
        |of| of["coupling"] = "telepathy".into(),
        &["coupling", "telepathy", "saga-choreography"],
    );
}

#[test]
fn each_of_several_mistakes_has_its_line() {
    let mut scenario = document("checkout");
    scenario["services"][0]["workers"] = json!(0);
    scenario["services"][1]["workers"] = json!("two");
    let done = with_stdin(&["run", "-"], scenario.to_string().as_bytes());
    assert_eq!(done.code, 2);
    let lines: Vec<&str> = done.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", done.stderr);
    assert!(lines[0].contains("services.orders.workers"), "{lines:?}");
    assert!(lines[1].contains("services.payments.workers"), "{lines:?}");
}

#[test]
fn with_json_the_mistakes_are_the_one_object() {
    let done = with_stdin(&["run", "-", "--json"], b"{\"interleave\": 1, \"colour\": 2}");
    assert_eq!(done.code, 2);
    let object = done.json();
    assert_eq!(object["input"], "standard input");
    let problems = object["problems"].as_array().unwrap();
    assert_eq!(problems.len(), done.stderr.lines().count());
    assert!(problems.iter().any(|problem| problem["path"] == "colour"), "{object}");
    for problem in problems {
        for part in ["found", "remedy"] {
            assert!(!problem[part].as_str().unwrap().is_empty(), "{problem}");
        }
    }
    let done = ends(2, &["run", "checkout", "--json", "--seed", "many"]);
    assert!(done.json()["problems"][0]["found"].as_str().unwrap().contains("many"));
}

#[test]
fn an_input_without_end_is_not_read_to_its_end() {
    refused(&vec![b' '; 300 * 1024], &["more than 262144 bytes"]);
    // What never ends can only be refused by not reading on.
    let endless = std::path::Path::new("/dev/zero");
    if endless.exists() {
        let done = ends(2, &["run", "/dev/zero"]);
        assert!(done.stderr.contains("more than 262144 bytes"), "{}", done.stderr);
    }
}

#[test]
fn a_name_that_leads_nowhere_is_answered_with_what_there_is() {
    let done = ends(2, &["run", "chekout"]);
    for word in ["\"chekout\"", "checkout, customers-and-orders, trip", "a link", "SCENARIO"] {
        assert!(done.stderr.contains(word), "{}", done.stderr);
    }
    let folder = folder("a_folder_is_no_file");
    assert!(ends(2, &["run", folder.to_str().unwrap()]).stderr.contains("there is no file"));
}

#[test]
fn damaged_links_are_named() {
    let good = ends(0, &["link", "trip"]).line().to_owned();
    let packed = good.split('&').next().unwrap();
    for (link, words) in [
        ("#9.abc".to_owned(), "version 9"),
        ("#1.".to_owned(), "no scenario in it"),
        ("#1.ab!c".to_owned(), "character 3 of the packed part"),
        (packed[..packed.len() - 40].to_owned(), "end is missing"),
        (format!("{packed}&t=soon"), "link.t"),
    ] {
        for sub in ["run", "check", "link", "open"] {
            let done = ends(2, &[sub, &link]);
            assert!(done.stderr.contains(words), "{link}: {}", done.stderr);
            assert!(done.stderr.starts_with("error: link"), "{}", done.stderr);
        }
    }
}

#[test]
fn wrong_arguments_exit_with_2_and_say_what_is_allowed() {
    for (args, words) in [
        (&["run"][..], "SCENARIO"),
        (&["fly", "checkout"], "fly"),
        (&["run", "checkout", "--pattern", "sagas"], "use one of shared-database"),
        (&["run", "checkout", "--pattern", "write=sagas"], "--pattern.write"),
        (&["run", "checkout", "--events", "0"], "1..=5000000"),
        (&["run", "checkout", "--seed", "-1"], "-1"),
        (&["check", "checkout", "--faults", "crush=1"], "--faults: there is no fault \"crush\""),
        (&["check", "checkout", "--faults", "crash=9"], "0 to 8"),
        (&["check", "checkout", "--property", "beauty"], "--property: there is no property"),
        (&["check", "checkout", "--transactions", "17"], "16"),
        (&["check", "checkout", "--max-states", "0"], "--max-states"),
    ] {
        let done = ends(2, args);
        assert_eq!(done.stdout, "", "{args:?}");
        assert!(done.stderr.contains(words), "{args:?}: {}", done.stderr);
    }
}

#[test]
fn a_file_comes_before_the_shipped_scenario_of_its_name() {
    let folder = folder("a_file_comes_first");
    let mut scenario = document("checkout");
    scenario["title"] = "My own".into();
    std::fs::write(folder.join("checkout"), scenario.to_string()).unwrap();
    let title = |args: &[&str]| {
        let done = Done::of(command(args).current_dir(&folder).output().unwrap());
        done.json()["scenario"].as_str().unwrap().to_owned()
    };
    assert_eq!(title(&["run", "checkout", "--json"]), "My own");
    assert_eq!(title(&["run", "trip", "--json"]), "Trip");
    // A folder in the way of a shipped scenario is none.
    std::fs::create_dir(folder.join("trip")).unwrap();
    assert_eq!(title(&["run", "trip", "--json"]), "Trip");
}

#[test]
fn a_document_does_not_steer_the_terminal() {
    let mut scenario = document("trip");
    scenario["title"] = "\u{1b}]0;owned\u{7}<script>alert(1)</script>\u{9b}2J".into();
    let done = with_stdin(&["run", "-", "--trace"], scenario.to_string().as_bytes());
    let shown = done.stdout + &done.stderr;
    assert!(shown.contains("<script>"), "text stays text");
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = command(&["run", "checkout", "--trace"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = [0; 10];
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let done = Done::of(child.wait_with_output().unwrap());
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
}
