//! `interleave link` and `interleave open`.

#![allow(clippy::unwrap_used)]

mod support;

use interleave_engine::link::{self, Link};
use interleave_engine::scenario::{self, by_name};
use serde_json::Value;
use support::{document, ends, folder, interleave, with_stdin};

fn counterexample() -> String {
    let args = ["check", "checkout", "--pattern", "database-per-service", "--faults", "crash=1"];
    let report = ends(1, &[&args[..], &["--json"]].concat()).json();
    report["properties"]["atomicity"]["counterexample"]["link"].as_str().unwrap().to_owned()
}

#[test]
fn a_link_carries_the_whole_run() {
    for shipped in scenario::shipped() {
        let link = ends(0, &["link", shipped.name]).line().to_owned();
        assert!(link.starts_with("#1."), "{link}");
        let run = interleave(&["run", shipped.name, "--json"]).json();
        let again = interleave(&["run", &link, "--json"]);
        assert_eq!(again.stderr, "");
        assert_eq!(again.json()["digest"], run["digest"], "{}", shipped.name);
        let opened = ends(0, &["open", &link, "--json"]).json();
        assert_eq!(opened["digest"], run["digest"]);
        assert_eq!(opened["engine"], run["engine"]);
        assert_eq!(opened["digest_here"], run["digest"]);
        assert_eq!(opened["interventions"], Value::Array(Vec::new()));
        assert_eq!(opened["schedule"], Value::Null);
    }
}

#[test]
fn the_arguments_change_what_the_link_carries() {
    let args = ["--pattern", "saga-orchestration", "--seed", "99", "--at", "12"];
    let link = ends(
        0,
        &[&["link", "checkout", "--base", "https://page.example/#old"], &args[..]].concat(),
    );
    let link = link.line();
    assert!(link.starts_with("https://page.example/#1."), "{link}");
    let opened = ends(0, &["open", link, "--json"]).json();
    assert_eq!(opened["scenario"]["coupling"], "saga-orchestration");
    assert_eq!(opened["scenario"]["seed"], 99);
    assert_eq!(opened["cursor"], 12);
    let run =
        ends(0, &["run", "checkout", "--pattern", "saga-orchestration", "--seed", "99", "--json"]);
    assert_eq!(run.json()["digest"], opened["digest"]);
}

#[test]
fn opening_prints_a_scenario_that_gives_the_same_run() {
    let link = ends(0, &["link", "checkout", "--seed", "3"]);
    let scenario = ends(0, &["open", link.line()]).stdout;
    let run = with_stdin(&["run", "-", "--json"], scenario.as_bytes());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let expected = ends(0, &["run", "checkout", "--seed", "3", "--json"]).json();
    assert_eq!(run.json(), expected);
}

#[test]
fn a_link_may_stand_in_a_file_or_on_standard_input() {
    let link = counterexample();
    let direct = ends(1, &["run", &link, "--json"]).json();
    let piped = with_stdin(&["run", "-", "--json"], format!("{link}\n").as_bytes());
    assert_eq!(piped.json(), direct);
    let file = folder("link_in_a_file").join("found.txt");
    std::fs::write(&file, format!("https://page.example/{link}\n")).unwrap();
    assert_eq!(ends(1, &["run", file.to_str().unwrap(), "--json"]).json(), direct);
    let bare = link.strip_prefix('#').unwrap();
    assert_eq!(ends(1, &["run", bare, "--json"]).json(), direct);
}

#[test]
fn what_a_link_shows_stays_in_a_link_made_of_it() {
    let shown = Link {
        cursor: Some(5),
        view: Some("state".into()),
        selection: Some("T1".into()),
        ..Link::of(by_name("trip").unwrap().scenario())
    };
    let given = format!("#{}", link::encode(&shown));
    let made = ends(0, &["link", &given]);
    let decoded = link::decode(made.line()).unwrap();
    assert_eq!(
        (decoded.cursor, decoded.view, decoded.selection),
        (shown.cursor, shown.view, shown.selection)
    );
    assert!(decoded.digest.is_some());
}

#[test]
fn another_digest_is_said() {
    let link = ends(0, &["link", "trip"]);
    let digest = link::decode(link.line()).unwrap().digest.unwrap();
    let wrong = link.line().replace(&digest, "0123456789abcdef").replace("&e=", "&e=9.");
    for command in ["open", "run"] {
        let done = ends(0, &[command, &wrong, "--json"]);
        for part in ["0123456789abcdef", &digest, "engine 9."] {
            assert!(done.stderr.contains(part), "{command}: {}", done.stderr);
        }
    }
    let opened = ends(0, &["open", &wrong, "--json"]).json();
    assert_eq!(opened["digest"], "0123456789abcdef");
    assert_eq!(opened["digest_here"], digest.as_str());
    // Another seed is another run; that is no news.
    assert_eq!(ends(0, &["run", &wrong, "--seed", "5", "--json"]).stderr, "");
    assert_eq!(ends(0, &["open", link.line(), "--json"]).stderr, "");
}

#[test]
fn a_schedule_that_does_not_apply_names_its_step() {
    let mut broken = link::decode(&counterexample()).unwrap();
    broken.schedule.as_mut().unwrap().remove(1);
    let link = format!("#{}", link::encode(&broken));
    for command in ["run", "open", "link"] {
        let done = ends(2, &[command, &link]);
        assert_eq!(done.stdout, "");
        assert!(done.stderr.contains("schedule[1]: step 2 does not apply"), "{}", done.stderr);
    }
    broken.schedule = Some(vec!["jump over".into()]);
    let done = ends(2, &["run", &format!("#{}", link::encode(&broken))]);
    assert!(done.stderr.contains("jump over"), "{}", done.stderr);
}

#[test]
fn a_schedule_belongs_to_its_pattern() {
    let link = counterexample();
    let done = ends(2, &["run", &link, "--pattern", "saga-choreography"]);
    assert!(done.stderr.contains("--pattern: the link replays a schedule"), "{}", done.stderr);
    // Its own pattern, by name or by parts, is no change.
    ends(1, &["run", &link, "--pattern", "database-per-service"]);
    ends(1, &["run", &link, "--pattern", "write=uncoordinated"]);
}

#[test]
fn a_cursor_behind_the_run_is_refused() {
    let done = ends(2, &["link", "trip", "--at", "100000"]);
    assert!(done.stderr.contains("--at: the run has"), "{}", done.stderr);
}

#[test]
fn a_long_link_is_printed_with_a_word_of_warning() {
    let mut scenario = document("trip");
    // Text that deflate cannot make small.
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'a' + (state >> 33) as u8 % 26)
    });
    let noise: Vec<char> = noise.take(24_000).collect();
    let service = &scenario["services"][0].clone();
    let services = scenario["services"].as_array_mut().unwrap();
    for (number, name) in noise.chunks(600).enumerate() {
        let mut service = service.clone();
        service["name"] = format!("s{number}").into();
        let rows = name.chunks(60).map(|name| (format!("t:{}", String::from_iter(name)), 1.into()));
        service["rows"] = Value::Object(rows.collect());
        services.push(service);
    }
    let done = with_stdin(&["link", "-"], scenario.to_string().as_bytes());
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.line().len() > link::LONG);
    assert!(done.stderr.contains("a file is safer"), "{}", done.stderr);
}
