//! Queries answered by replicas: what holds in each mode under complete exploration, what breaks, and
//! what mends it. The breaks themselves are among those of `breaks.rs`.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod breaks_support;

use breaks_support::replicas::{balance, with_mix};
use breaks_support::{broken, faults, property};
use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{Budget, Coupling, Parts, ReadFrom, SessionRule};
use interleave_engine::session::{CheckReport, CheckRequest, RunInput, RunState, Session, open};

const WRITE_ALL: &str = "cqrs-write-all";
const COPY: &str = "cqrs-copy-at-each-write";
const EVENTS: &str = "cqrs";

fn check(scenario: &Scenario, arrivals: u32, faults: Budget) -> CheckReport {
    let session = open(&RunInput::of(scenario.clone())).unwrap();
    let request = CheckRequest {
        transactions: Some(arrivals),
        faults: Some(faults),
        max_states: Some(1_000_000),
        properties: None,
        ..CheckRequest::default()
    };
    let mut check = session.check(&request).unwrap();
    while !check.run_slice(10_000) {}
    let report = check.report();
    assert!(report.complete && report.at_rest > 0);
    report
}

fn run(scenario: &Scenario) -> Box<dyn Session> {
    let mut session = open(&RunInput::of(scenario.clone())).unwrap();
    while *session.state() == RunState::Running {
        session.run_slice(1_000);
    }
    assert_eq!(*session.state(), RunState::AtRest);
    session
}

/// A payment and a question, with a crash, a loss and a duplicate anywhere: every replica ends with
/// the rows of its primary, nothing is lost or applied twice, and only the modes in which a replica can
/// be behind answer a client without its own write.
#[test]
fn replicas_agree_at_rest_whatever_goes_wrong() {
    for (mode, stale) in [(WRITE_ALL, false), (COPY, true), (EVENTS, true)] {
        let report = check(&balance(mode, 1), 2, faults(1, 1, 1));
        let expected: &[&str] = if stale { &["Read your writes"] } else { &[] };
        assert_eq!(broken(&report), expected, "{mode}");
        let agreement = property(&report, "Projection agreement");
        assert!(agreement.exercised > 100, "{mode}: {}", agreement.exercised);
        assert!(property(&report, "Read your writes").exercised > 100, "{mode}");
        println!("{mode}: {} states", report.states);
    }
}

/// Writing to all copies is the one mode in which no schedule shows an old row, with two replicas too.
#[test]
fn with_write_all_no_read_is_ever_stale() {
    let mut scenario = balance(WRITE_ALL, 2);
    scenario.options.staleness_max = Some(0);
    let report = check(&scenario, 3, faults(1, 0, 0));
    assert_eq!(broken(&report), [""; 0]);
    for mode in [COPY, EVENTS] {
        let mut scenario = balance(mode, 2);
        scenario.options.staleness_max = Some(0);
        assert!(!property(&check(&scenario, 2, faults(0, 0, 0)), "Staleness").holds, "{mode}");
        scenario.options.staleness_max = Some(1);
        // One write: nobody can be two behind.
        assert!(property(&check(&scenario, 2, faults(0, 0, 0)), "Staleness").holds, "{mode}");
    }
}

/// A client that says how far its own writes have come sees them, in every mode, with a replica that
/// crashes too. One that keeps to one replica does not, but never goes back in time.
#[test]
fn sessions_mend_what_they_are_for() {
    for mode in [COPY, EVENTS] {
        let mut scenario = balance(mode, 2);
        scenario.options.sessions = SessionRule::ReadYourWrites;
        let report = check(&scenario, 2, faults(1, 0, 0));
        assert!(property(&report, "Read your writes").holds, "{mode}");
        scenario.options.sessions = SessionRule::None;
        let twice = with_mix(scenario, &["pay-in", "balance", "balance"]);
        let report = check(&twice, 3, faults(0, 0, 0));
        assert_eq!(broken(&report), ["Read your writes", "Monotonic reads"], "{mode}");
        let mut sticky = twice.clone();
        sticky.options.sessions = SessionRule::Sticky;
        let report = check(&sticky, 3, faults(0, 0, 0));
        assert_eq!(broken(&report), ["Read your writes"], "{mode}");
        let mut primary = twice;
        primary.options.read_from = ReadFrom::Primary;
        assert_eq!(broken(&check(&primary, 3, faults(0, 0, 0))), [""; 0], "{mode}");
    }
}

/// With two partitions the changes of two payments are read in either order. The guard by version
/// keeps the newer; without it the replica ends with the older.
#[test]
fn the_guard_keeps_the_newer_row() {
    let mut scenario = with_mix(balance(EVENTS, 1), &["pay-in"]);
    scenario.broker.partitions = 2;
    assert_eq!(broken(&check(&scenario, 2, faults(0, 0, 1))), [""; 0]);
    scenario.options.projection_guard = false;
    assert_eq!(broken(&check(&scenario, 2, faults(0, 0, 0))), ["Projection agreement"]);
    // In one partition the order is that of the commits, and the guard has nothing to do.
    scenario.broker.partitions = 1;
    assert_eq!(broken(&check(&scenario, 2, faults(1, 0, 1))), [""; 0]);
}

/// Every write member has replicas in every mode: its transactions end, and the replicas agree.
#[test]
fn every_write_member_feeds_the_replicas() {
    for write in interleave_engine::session::families()[0].iter().map(|(name, _)| *name) {
        for read in ["cqrs-write-all", "cqrs-copy-at-each-write", "cqrs-event-driven"] {
            let mut scenario = balance(EVENTS, 2);
            let store = "rows".to_owned();
            let (write, read) = (write.to_owned(), read.to_owned());
            scenario.coupling =
                Coupling::Parts(Parts { write: write.clone(), read: read.clone(), store });
            let session = run(&scenario);
            assert_eq!(session.stats().committed, 3, "{write} {read}");
            assert_eq!(session.trace().of_kind("query-answered").count(), 3, "{write} {read}");
            for property in session.properties() {
                let stale = ["Read your writes", "Monotonic reads"];
                let allowed = read != "cqrs-write-all" && stale.contains(&property.title.as_str());
                assert!(property.holds() || allowed, "{write} {read}: {:?}", property.violations);
            }
        }
    }
}

/// More replicas than a run has room for are refused with the path of the option.
#[test]
fn too_many_replicas_are_refused() {
    let mut scenario = balance(EVENTS, 8);
    for number in 0..15 {
        let mut service = scenario.services[0].clone();
        service.name = format!("s{number}");
        scenario.services.push(service);
    }
    let Err(problem) = open(&RunInput::of(scenario.clone())) else { panic!("it was opened") };
    let text = format!("{problem:?}");
    assert!(text.contains("options.replicas"), "{text}");
    scenario.options.replicas = 7;
    assert!(open(&RunInput::of(scenario)).is_ok());
}
