//! Checks of scenarios in every order of visiting: the same states, the same verdicts, and schedules that break what
//! they are said to break.

#![allow(clippy::unwrap_used)]

mod breaks_support;

use std::collections::BTreeSet;

use breaks_support::cases::{checkout, one_checkout, without_inbox};
use breaks_support::{replay, said};
use interleave_engine::scenario::{Scenario, shipped};
use interleave_engine::session::{CheckReport, CheckRequest, Coverage, RunInput, Search, open};

fn check(scenario: &Scenario, request: &CheckRequest) -> CheckReport {
    let session = open(&RunInput::of(scenario.clone())).unwrap();
    let mut check = session.check(request).unwrap();
    while !check.run_slice(1_000) {}
    check.report()
}

fn broken(report: &CheckReport) -> BTreeSet<&str> {
    let broken = report.properties.iter().filter(|property| !property.holds);
    broken.map(|property| property.title.as_str()).collect()
}

/// Every counterexample breaks its property when it is replayed. One that only shows that rest cannot be reached has
/// no event of its own.
fn assert_replays(scenario: &Scenario, report: &CheckReport) {
    for property in &report.properties {
        if let Some(schedule) = &property.counterexample {
            let run = replay(scenario, schedule);
            let holds = said(run.as_ref(), &property.title).holds();
            let no_rest = property.why.as_ref().unwrap().contains("never comes to rest");
            assert_eq!(holds, no_rest, "{}: {schedule:?}", property.title);
        }
    }
}

#[test]
fn depth_first_and_fault_by_fault_agree_with_breadth_first_on_every_shipped_scenario() {
    let mut compared = 0;
    for shipped in shipped::shipped() {
        let scenario = shipped.scenario();
        let name = shipped.name;
        let request = CheckRequest { max_states: Some(3_000), ..CheckRequest::default() };
        let usual = check(&scenario, &request);
        if !usual.complete {
            // What two orders see of a space that is cut is not the same.
            continue;
        }
        compared += 1;
        assert_replays(&scenario, &usual);
        let depth_first = CheckRequest { search: Search::DepthFirst, ..request.clone() };
        let depth_first = check(&scenario, &depth_first);
        assert_eq!(depth_first.states, usual.states, "{name}");
        assert_eq!(depth_first.at_rest, usual.at_rest, "{name}");
        assert_eq!(broken(&depth_first), broken(&usual), "{name}");
        assert_replays(&scenario, &depth_first);

        let deepening = check(&scenario, &CheckRequest { deepen: true, ..request.clone() });
        assert_eq!(deepening.states, usual.states, "{name}: the last round is the whole space");
        assert_eq!(broken(&deepening), broken(&usual), "{name}");
        assert_replays(&scenario, &deepening);
        let last = deepening.rounds.last().unwrap();
        assert_eq!((last.states, last.coverage), (usual.states, Coverage::Complete), "{name}");
        assert!(
            deepening.rounds.windows(2).all(|two| {
                two[0].faults + 1 == two[1].faults && two[0].states <= two[1].states
            })
        );
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn fault_by_fault_the_simplest_cause_comes_first() {
    let scenario = without_inbox(one_checkout("saga-choreography", 1));
    let faults = Some(breaks_support::faults(1, 1, 1));
    let request = CheckRequest { faults, deepen: true, ..CheckRequest::default() };
    let report = check(&scenario, &CheckRequest { first_only: true, ..request });
    let rounds: Vec<(u32, Coverage)> =
        report.rounds.iter().map(|round| (round.faults, round.coverage)).collect();
    assert_eq!(rounds, [(0, Coverage::Complete), (1, Coverage::StoppedAtViolation)]);
    assert_eq!(report.coverage, Coverage::StoppedAtViolation);
    assert!(!report.complete);
    assert!(!report.rounds[1].broken.is_empty());
    assert_replays(&scenario, &report);
}

#[test]
fn a_bound_that_cuts_is_told_and_proves_nothing() {
    let scenario = checkout("saga-choreography");
    let cut = |request: CheckRequest| {
        let report = check(&scenario, &request);
        assert!(report.done && !report.complete, "{request:?}");
        report.coverage
    };
    let usual = CheckRequest::default();
    assert_eq!(cut(CheckRequest { max_states: Some(500), ..usual.clone() }), Coverage::CutAtStates);
    assert_eq!(cut(CheckRequest { max_steps: Some(5), ..usual.clone() }), Coverage::CutAtSteps);
    assert_eq!(
        cut(CheckRequest { max_bytes: Some(1 << 20), ..usual.clone() }),
        Coverage::CutAtMemory
    );
    let deepen = CheckRequest { deepen: true, max_states: Some(500), ..usual.clone() };
    assert_eq!(cut(deepen), Coverage::CutAtStates);
    let walks = Search::RandomWalks { seed: 3 };
    let walks = CheckRequest { search: walks, max_states: Some(5_000), ..usual };
    assert_eq!(cut(walks.clone()), Coverage::Sampled);
    assert_eq!(check(&scenario, &walks), check(&scenario, &walks), "walks are repeatable");
}

#[test]
fn walks_find_a_break_and_their_schedule_replays() {
    let scenario = without_inbox(one_checkout("saga-choreography", 1));
    let request = CheckRequest {
        faults: Some(breaks_support::faults(0, 0, 1)),
        search: Search::RandomWalks { seed: 1 },
        max_states: Some(60_000),
        ..CheckRequest::default()
    };
    let report = check(&scenario, &request);
    assert!(!broken(&report).is_empty());
    assert!(report.properties.iter().all(|property| !property.shortest));
    assert_replays(&scenario, &report);
}

/// The reductions leave out states and no verdict, whatever may go wrong; symmetry alone leaves schedules as short as
/// they were.
#[test]
fn reduced_checks_agree_with_whole_ones_on_every_shipped_scenario() {
    let (mut compared, mut broken_somewhere, mut whole_states, mut reduced_states) = (0, 0, 0, 0);
    for shipped in shipped::shipped() {
        let mut scenario = shipped.scenario();
        // Faults of the document that strike by a trigger count events, and so tell orders apart.
        let without_faults = {
            let mut scenario = scenario.clone();
            scenario.faults.clear();
            scenario
        };
        scenario.explore.transactions = scenario.explore.transactions.max(2);
        for scenario in [scenario, without_faults] {
            for faults in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0)] {
                let request = CheckRequest {
                    faults: Some(breaks_support::faults(faults.0, faults.1, faults.2)),
                    max_states: Some(4_000),
                    ..CheckRequest::default()
                };
                let whole = check(&scenario, &request);
                if !whole.complete {
                    continue;
                }
                let reduced = check(&scenario, &CheckRequest { reduce: true, ..request });
                let name = format!("{} with {faults:?}", shipped.name);
                assert!(reduced.complete && reduced.states <= whole.states, "{name}");
                assert_eq!(broken(&reduced), broken(&whole), "{name}");
                assert_replays(&scenario, &reduced);
                compared += 1;
                broken_somewhere += usize::from(!broken(&whole).is_empty());
                whole_states += whole.states;
                reduced_states += reduced.states;
            }
        }
    }
    assert!(compared > 60 && broken_somewhere > 20, "{compared} {broken_somewhere}");
    assert!(reduced_states * 10 < whole_states * 9, "{reduced_states} of {whole_states}");
}
