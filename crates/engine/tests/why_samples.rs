//! Runs that come close to breaking what holds.

#![allow(clippy::unwrap_used)]

mod breaks_support;

use std::collections::BTreeSet;

use breaks_support::cases::{all, checkout};
use breaks_support::{faults, replay, said};
use interleave_engine::ids::EventIx;
use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{Budget, SessionRule};
use interleave_engine::session::{CheckRequest, RunState};
use interleave_engine::why::{Measure, Sample, Samples, SamplesReport, SamplesRequest};

fn asked(scenario: Scenario, budget: Budget, property: (&str, &str)) -> SamplesRequest {
    SamplesRequest {
        scenario,
        check: CheckRequest { faults: Some(budget), ..CheckRequest::default() },
        property: Some((property.0.to_owned(), property.1.to_owned())),
        walks: 120,
        seed: 7,
    }
}

fn draw(request: &SamplesRequest) -> SamplesReport {
    let mut samples = Samples::new(request).unwrap();
    while !samples.run_slice(1_000) {}
    samples.report()
}

#[track_caller]
fn of(report: &SamplesReport, measure: Measure) -> &Sample {
    report.samples.iter().find(|sample| sample.measure == measure).unwrap()
}

/// Five different runs under all faults that are allowed, each to its end with everything holding.
#[test]
fn five_runs_of_a_saga_come_close_and_hold() {
    let budget = faults(1, 1, 1);
    let request = asked(checkout("saga-choreography"), budget, ("atomicity", "Atomicity"));
    let report = draw(&request);
    assert_eq!((report.walks, report.samples.len(), &report.broke), (120, 5, &None));
    assert!(report.at_rest > 100, "{}", report.at_rest);
    let schedules: BTreeSet<&Vec<String>> = report.samples.iter().map(|of| &of.schedule).collect();
    assert_eq!(schedules.len(), 5);
    for sample in &report.samples {
        let session = replay(&request.scenario, &sample.schedule);
        assert_eq!(*session.state(), RunState::AtRest, "{}", sample.words);
        assert!(session.trace().get(EventIx(sample.event)).is_some(), "{}", sample.words);
        for property in session.properties() {
            assert!(property.holds(), "{}: {:?}", sample.words, property.violations);
        }
    }
    // The whole budget was spent, and the longest schedule among the shown is as long as it says.
    assert_eq!(of(&report, Measure::Faults).value, 3);
    let half = of(&report, Measure::HalfDone);
    assert!(half.value > 10 && half.words.starts_with("half done for"), "{}", half.words);
    // The same question gets the same answer, in whatever slices; another seed another one.
    let mut slowly = Samples::new(&request).unwrap();
    while !slowly.run_slice(13) {}
    assert_eq!(slowly.report(), report);
    assert_ne!(draw(&SamplesRequest { seed: 8, ..request }).samples, report.samples);
}

#[test]
fn two_phase_commit_is_sampled_where_somebody_is_longest_in_doubt() {
    let scenario = breaks_support::two_phase::undisturbed();
    let report = draw(&asked(scenario.clone(), faults(1, 0, 0), ("atomicity", "Atomicity")));
    let doubt = of(&report, Measure::InDoubt);
    let session = replay(&scenario, &doubt.schedule);
    let began = session.trace().get(EventIx(doubt.event)).unwrap();
    assert_eq!(began.kind.name(), "prepared", "{}", doubt.words);
    // From the promise until its participant knows: nothing of that transaction settles there before.
    let until = doubt.event + doubt.value as u32;
    for at in doubt.event + 1..until {
        let event = session.trace().get(EventIx(at)).unwrap();
        let settles = matches!(event.kind.name(), "committed" | "rolled-back");
        assert!(!(settles && event.node == began.node && event.txn == began.txn), "event {at}");
    }
}

#[test]
fn replicas_are_sampled_where_a_row_is_most_behind() {
    let case = all().into_iter().find(|case| case.name == "back-in-time").unwrap();
    let mut scenario = case.scenario;
    scenario.options.sessions = SessionRule::Sticky;
    let report =
        draw(&asked(scenario.clone(), case.faults, ("monotonic-reads", "Monotonic reads")));
    assert_eq!(report.broke, None);
    let stale = of(&report, Measure::Staleness);
    assert!(stale.value >= 1 && stale.words.contains("behind"), "{}", stale.words);
    let session = replay(&scenario, &stale.schedule);
    assert_eq!(session.trace().get(EventIx(stale.event)).unwrap().kind.name(), "read");
}

/// What does not hold is not passed off as a sample: the schedule that breaks it is handed over.
#[test]
fn a_run_that_breaks_the_property_is_said_to() {
    let case = all().into_iter().find(|case| case.name == "lost-event").unwrap();
    let report = draw(&asked(case.scenario.clone(), case.faults, ("progress", "Progress")));
    let broke = report.broke.unwrap();
    assert!(!said(replay(&case.scenario, &broke).as_ref(), "Progress").holds());
    for sample in &report.samples {
        assert!(said(replay(&case.scenario, &sample.schedule).as_ref(), "Progress").holds());
    }
}

#[test]
fn a_property_that_is_not_there_is_refused() {
    let scenario = checkout("saga-choreography");
    for property in [("peace", "Peace"), ("monotonic-reads", "Monotonic reads")] {
        let request = asked(scenario.clone(), faults(0, 0, 0), property);
        let problems = Samples::new(&request).err().unwrap();
        assert_eq!(problems[0].path, "property");
        assert!(!problems[0].remedy.is_empty());
    }
}
