//! `interleave isolation`.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
use support::{Done, command, ends};

fn verdict<'a>(object: &'a Value, setting: &str, name: &str) -> &'a Value {
    let rows = object["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["setting"] == setting).unwrap();
    let cells = row["cells"].as_array().unwrap();
    &cells.iter().find(|cell| cell["name"] == name).unwrap()["verdict"]
}

#[test]
fn experiments_are_listed_and_each_can_be_tried() {
    let list = ends(0, &["isolation", "--json"]).json();
    let experiments = list["experiments"].as_array().unwrap();
    assert!(experiments.len() >= 12);
    for one in experiments {
        let name = one["name"].as_str().unwrap();
        let tried = ends(0, &["isolation", name, "--level", "postgres", "--json"]).json();
        assert_eq!(tried["complete"], true, "{name}");
        assert_eq!(tried["rows"].as_array().unwrap().len(), 4, "{name}");
    }
    let text = ends(0, &["isolation"]).stdout;
    assert!(text.contains("lost-update: Lost update") && text.contains("postgres-serializable"));
}

#[test]
fn a_lost_update_is_possible_at_read_committed_and_refused_above() {
    let tried = ends(0, &["isolation", "lost-update", "--json"]).json();
    assert_eq!(verdict(&tried, "postgres-read-committed", "P4")["is"], "possible");
    let prevented = verdict(&tried, "postgres-repeatable-read", "P4");
    assert_eq!(prevented["is"], "prevented");
    assert_eq!(prevented["shown_at"], "postgres-read-committed");
    let how: Vec<&str> =
        prevented["how"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert!(how.contains(&"refused"), "{how:?}");
    // With a lock it does not come up at all.
    let mended = ends(0, &["isolation", "lost-update-mended", "--json"]).json();
    assert_ne!(verdict(&mended, "postgres-read-committed", "P4")["is"], "possible");
    assert_eq!(verdict(&mended, "none", "P4")["is"], "possible");

    let text = ends(0, &["isolation", "lost-update", "--level", "postgres"]).stdout;
    for part in
        ["PostgreSQL", "read committed", "POSSIBLE", "P4, lost update", "waits for T1", "commit"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn opposite_transfers_end_in_a_deadlock() {
    let tried = ends(0, &["isolation", "opposite-transfers", "--json"]).json();
    for setting in ["postgres-read-committed", "innodb-repeatable-read", "sqlserver-serializable"] {
        assert_eq!(verdict(&tried, setting, "deadlock")["is"], "possible", "{setting}");
    }
    let text = ends(0, &["isolation", "opposite-transfers", "--level", "postgres-read-committed"]);
    assert!(
        text.stdout.contains("a deadlock, and this transaction is its victim"),
        "{}",
        text.stdout
    );
}

#[test]
fn all_experiments_make_one_table() {
    let all = ends(0, &["isolation", "--all", "--level", "postgres", "--json"]).json();
    assert_eq!(all["complete"], true);
    let settings = all["settings"].as_array().unwrap();
    let cells = |name: &str| -> Vec<String> {
        let setting = settings.iter().find(|one| one["setting"] == name).unwrap();
        let cells = setting["cells"].as_array().unwrap().iter();
        cells.take(10).map(|cell| cell["is"].as_str().unwrap().to_owned()).collect()
    };
    assert!(cells("none").iter().all(|is| is == "possible"));
    assert!(cells("postgres-serializable").iter().all(|is| is == "prevented"));
    assert!(cells("postgres-read-committed")[..5].iter().all(|is| is == "prevented"));
    assert!(cells("postgres-read-committed")[5..].iter().all(|is| is == "possible"));
    assert!(ends(0, &["isolation", "--all", "--level", "postgres"]).stdout.contains("POSSIBLE"));
}

fn of_stdin(text: &str) -> Done {
    let mut child = command(&["isolation", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A reader that has seen enough closes its end.
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    Done::of(child.wait_with_output().unwrap())
}

#[test]
fn an_experiment_of_ones_own_is_read_and_its_mistakes_are_told() {
    let own =
        "table t (id, v)\n1, 0\ntransaction A\nupdate t set v = 1\ntransaction B\nselect * from t";
    let done = of_stdin(own);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_eq!(done.json()["transactions"], serde_json::json!(["A", "B"]));

    let done = of_stdin("table t (id, v)\n1, 0\ntransaction A\nupdate u set v = 1");
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("line 4, column 8"), "{}", done.stderr);
    assert_eq!(done.json()["problems"][0]["path"], "line 4, column 8");
    assert_eq!(of_stdin(&"x".repeat(100_000)).code, 2);

    assert!(ends(2, &["isolation", "no-such"]).stderr.contains("lost-update"));
    assert!(
        ends(2, &["isolation", "lost-update", "--level", "strong"]).stderr.contains("postgres")
    );
    let cut = ends(0, &["isolation", "read-skew", "--max-states", "10", "--json"]).json();
    assert_eq!(cut["complete"], false);
}
