//! `interleave check --why` and `--samples`.

#![allow(clippy::unwrap_used)]

mod support;

use support::ends;

/// The one property that is broken is explained, and what is said can be opened and checked again.
#[test]
fn what_breaks_is_explained_and_what_mends_it_holds() {
    let args = ["check", "lost-event", "--property", "progress", "--why", "--json"];
    let report = ends(1, &args).json();
    let [why] = report["why"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!((&why["property"], &why["title"]), (&"progress".into(), &"Progress".into()));
    let events = why["slice"]["events"].as_array().unwrap();
    assert!(events.len() as u64 <= why["slice"]["trace"].as_u64().unwrap() / 2, "{why}");
    assert!(events.iter().any(|event| event["fault"] == 0), "the crash is marked");
    assert_eq!(why["faults"][0]["without"]["verdict"], "holds");
    assert_eq!(why["minimal"]["faults"], serde_json::json!([0]));

    // The run that passes does, and its link stops where the two part.
    let passing = ends(0, &["run", why["passing_link"].as_str().unwrap(), "--json"]).json();
    assert_eq!(passing["properties"]["progress"]["holds"], true);
    // What is said to hold with the outbox does hold.
    let remedies = why["remedies"].as_array().unwrap();
    let outbox = remedies.iter().find(|of| of["path"] == "options.outbox").unwrap();
    assert_eq!(outbox["verdict"]["verdict"], "holds");
    let link = outbox["link"].as_str().unwrap();
    let again = ends(0, &["check", link, "--property", "progress", "--json"]).json();
    assert_eq!(
        (&again["complete"], &again["states"]),
        (&true.into(), &outbox["verdict"]["states"])
    );
    assert_eq!(again["why"], serde_json::Value::Null, "it was not asked for");

    let text = ends(1, &args[..5]).stdout;
    for part in [
        "Why Progress is broken: T1 never ended",
        "   1  T1 started",
        "It takes the one fault, orders crashed before it could publish order.created",
        "passes: orders published order.created",
        "breaks: orders crashed",
        "Outbox on                            holds, complete",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

/// Properties that break by the same events share one story.
#[test]
fn the_same_story_is_told_once() {
    let text = ends(1, &["check", "lost-event", "--why"]).stdout;
    assert_eq!(text.matches("T1 started").count(), 1, "{text}");
    assert_eq!(text.matches("by the same events as Atomicity").count(), 4, "{text}");
    assert_eq!(text.matches("What to switch").count(), 5, "{text}");
}

#[test]
fn what_holds_shows_runs_that_come_close() {
    let args = ["check", "trip", "--faults", "crash=1,drop=1", "--samples", "--walks", "60"];
    let report = ends(0, &[&args[..], &["--json"]].concat()).json();
    let samples = &report["samples"];
    assert_eq!(samples["walks"], 60);
    let runs = samples["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 5);
    assert_eq!((&runs[0]["measure"], &runs[0]["value"]), (&"faults".into(), &2.into()));
    for run in runs {
        assert_eq!(run["broken"], serde_json::json!([]));
        let replayed = ends(0, &["run", run["link"].as_str().unwrap(), "--json"]).json();
        assert_eq!(replayed["ended"], "at-rest");
    }
    let text = ends(0, &args).stdout;
    assert!(
        text.contains("Runs that come closest to breaking what holds (60 runs drawn"),
        "{text}"
    );
    assert!(text.contains("2 faults: "), "{text}");
}

#[test]
fn bounds_of_an_explanation_are_checked() {
    for args in [
        ["check", "trip", "--why-states", "0"],
        ["check", "trip", "--walks", "0"],
        ["check", "trip", "--walks", "1000000"],
    ] {
        assert!(!ends(2, &args).stderr.is_empty());
    }
}
