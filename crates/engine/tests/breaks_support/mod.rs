//! Shipped scenarios with one switch changed, checked, and their counterexamples replayed.

#![allow(dead_code, reason = "each test uses its part of this")]
#![allow(clippy::unwrap_used)]

pub(crate) mod as_shipped;
pub(crate) mod cases;
pub(crate) mod levels;
pub(crate) mod pairs;
pub(crate) mod replicas;
pub(crate) mod sagas;
pub(crate) mod stream_cases;
pub(crate) mod two_phase;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use interleave_engine::ids::EventIx;
use interleave_engine::link::{self, Link};
use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::Budget;
use interleave_engine::session::{
    CheckReport, CheckRequest, CheckedProperty, ENGINE, RunInput, RunState, Session, open,
};
use interleave_engine::verdict::PropertyReport;
use serde_json::json;

/// A budget of so many crashes, losses and duplicates.
pub(crate) fn faults(crash: u8, drop: u8, duplicate: u8) -> Budget {
    Budget { crash, drop, duplicate, ..Budget::default() }
}

/// Checks as many transactions as the scenario explores within a budget, to the end of the space or
/// to the first violation. The same is not explored twice in a run of the tests, whoever asks.
pub(crate) fn check(scenario: &Scenario, faults: Budget, first_only: bool) -> CheckReport {
    type Kept = BTreeMap<String, Arc<OnceLock<CheckReport>>>;
    static KEPT: Mutex<Kept> = Mutex::new(BTreeMap::new());
    let asked = json!([scenario, faults, first_only]).to_string();
    let kept = Arc::clone(KEPT.lock().unwrap().entry(asked).or_default());
    kept.get_or_init(|| explore(scenario, faults, first_only)).clone()
}

fn explore(scenario: &Scenario, faults: Budget, first_only: bool) -> CheckReport {
    let session = open(&RunInput::of(scenario.clone())).unwrap();
    let request = CheckRequest {
        // As many as the scenario says.
        transactions: None,
        faults: Some(faults),
        max_states: Some(1_000_000),
        properties: None,
        first_only,
        ..CheckRequest::default()
    };
    let mut check = session.check(&request).unwrap();
    while !check.run_slice(10_000) {}
    check.report()
}

/// What a check says of one property.
pub(crate) fn property<'a>(report: &'a CheckReport, title: &str) -> &'a CheckedProperty {
    report.properties.iter().find(|property| property.title == title).unwrap()
}

/// The titles of the properties that are broken.
pub(crate) fn broken(report: &CheckReport) -> Vec<&str> {
    let broken = report.properties.iter().filter(|property| !property.holds);
    broken.map(|property| property.title.as_str()).collect()
}

/// Runs a session to its end.
pub(crate) fn finish(mut session: Box<dyn Session>) -> Box<dyn Session> {
    while *session.state() == RunState::Running {
        session.run_slice(1_000);
    }
    session
}

/// Simulates a scenario until it is at rest.
pub(crate) fn run(scenario: Scenario) -> Box<dyn Session> {
    let session = finish(open(&RunInput::of(scenario)).unwrap());
    assert_eq!(*session.state(), RunState::AtRest);
    session
}

/// Plays a schedule to its end.
pub(crate) fn replay(scenario: &Scenario, schedule: &[String]) -> Box<dyn Session> {
    let input = RunInput { schedule: Some(schedule.to_vec()), ..RunInput::of(scenario.clone()) };
    let session = finish(open(&input).unwrap());
    assert!(
        matches!(session.state(), RunState::AtRest | RunState::ScheduleEnd),
        "{:?}",
        session.state()
    );
    session
}

/// What a run says of one property.
pub(crate) fn said(session: &dyn Session, title: &str) -> PropertyReport {
    session.properties().into_iter().find(|property| property.title == title).unwrap()
}

/// The event of the first violation of a property with these words.
pub(crate) fn violation(session: &dyn Session, title: &str, why: &str) -> EventIx {
    let report = said(session, title);
    let found = report.violations.iter().find(|violation| violation.why == why);
    found.unwrap_or_else(|| panic!("{title}: {why:?} is not among {:?}", report.violations)).event
}

/// The link to a counterexample, which opens on the violating event.
pub(crate) fn link_to(session: &dyn Session, title: &str, why: &str) -> String {
    let link = Link {
        schedule: session.input().schedule.clone(),
        cursor: Some(violation(session, title, why).0),
        digest: Some(session.digest()),
        engine: Some(ENGINE.to_owned()),
        ..Link::of(session.input().scenario.clone())
    };
    link::encode(&link)
}

/// Opens a link as the page does, and asserts that it stops on an event that breaks the property.
pub(crate) fn assert_opens_on(fragment: &str, title: &str, why: &str) {
    let link = link::decode(fragment).unwrap();
    let cursor = EventIx(link.cursor.unwrap());
    let session = replay(&link.scenario, link.schedule.as_deref().unwrap());
    assert!(session.trace().get(cursor).is_some(), "{title}: the cursor is behind the end");
    assert_eq!(violation(session.as_ref(), title, why), cursor, "{title}");
    assert_eq!(Some(session.digest()), link.digest, "{title}: another run than the link's");
}

/// Whether files that tests compare with are to be written anew.
#[expect(
    clippy::disallowed_methods,
    reason = "whether a test writes its files is no part of a run"
)]
pub(crate) fn updates() -> bool {
    std::env::var("INTERLEAVE_UPDATE").is_ok_and(|value| value == "1")
}

/// A file of the project, from the engine's folder.
pub(crate) fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares a text with a file, or writes it where that is asked for.
pub(crate) fn assert_file(path: &str, text: &str) {
    if updates() {
        let path = file(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(file(path)).unwrap_or_default();
    if kept != text {
        let at = kept.lines().zip(text.lines()).position(|(kept, now)| kept != now);
        let at = at.unwrap_or(kept.lines().count().min(text.lines().count()));
        panic!(
            "{path} differs at line {}:\n  kept {:?}\n  now  {:?}\nIf the change is meant, run with \
             INTERLEAVE_UPDATE=1 and read the difference.",
            at + 1,
            kept.lines().nth(at),
            text.lines().nth(at)
        );
    }
}
