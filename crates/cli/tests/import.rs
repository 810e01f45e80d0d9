//! `interleave import`.

#![allow(clippy::unwrap_used)]

mod support;

use support::ends;

/// Two services that write one database, as OTLP JSON.
const TRACE: &str = include_str!("traces/shared-database.json");

/// A file of this test's own.
fn file(name: &str, text: &str) -> String {
    let path =
        std::env::temp_dir().join(format!("interleave-import-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_trace_is_read_and_what_it_shows_is_said() {
    let trace = file("shared.json", TRACE);
    let report = ends(0, &["import", &trace, "--json"]).json();
    assert_eq!(report["format"], "OTLP JSON");
    assert_eq!(report["spans"], 5);
    assert_eq!(report["findings"][0]["id"], "shared-database");
    assert_eq!(report["findings"][0]["certainty"], "certain");
    assert_eq!(report["findings"][0]["spans"].as_array().unwrap().len(), 2);
    let text = ends(0, &["import", &trace]).stdout;
    assert!(text.contains("orders and stock write one database"), "{text}");
    assert!(text.contains("What these spans cannot tell"), "{text}");
}

#[test]
fn the_scenario_of_a_trace_runs() {
    let trace = file("made.json", TRACE);
    let made = file("scenario.json", "");
    ends(0, &["import", &trace, "--scenario", &made]);
    let run = ends(0, &["run", &made, "--json"]).json();
    assert_eq!(run["pattern"], "shared-database");
    assert_eq!(run["transactions"]["unfinished"], 0);
    let text = ends(2, &["import", &trace, "--scenario", "-", "--finding", "7"]).stderr;
    assert!(text.contains("there is no finding 7"), "{text}");
}

#[test]
fn bad_input_ends_with_2_and_names_the_place() {
    for (name, text, said) in [
        ("empty.json", "", "JSON"),
        ("cut.json", &TRACE[..200], "line 1"),
        ("half-a-scenario.json", "{\"interleave\":1}", "title"),
        ("packed.json", "PK\u{3}\u{4}", "unpack"),
    ] {
        let failed = ends(2, &["import", &file(name, text)]).stderr;
        assert!(failed.contains(said), "{name}: {failed}");
    }
    let failed = ends(2, &["import", "no-such-file.json"]).stderr;
    assert!(failed.contains("no-such-file.json"), "{failed}");
}
