//! Sweeps, crossings, and where two runs part.

#![allow(clippy::unwrap_used)]

use interleave_engine::compare::record::NOT_MODELLED;
use interleave_engine::compare::{
    Comparison, Crossing, Parameter, Request, Sweep, SweepReport, SweepRequest, Verdict,
    coupling_named, decisions, parse_sweep, seeds_from,
};
use interleave_engine::scenario::document::{Distribution, FaultKind};
use interleave_engine::scenario::{Scenario, by_name};
use interleave_engine::session::{RunInput, RunState, Session, open, with_coupling};
use interleave_engine::views::parting::parting;

fn flow() -> Scenario {
    by_name("same-flow").unwrap().scenario()
}

fn request(couplings: &[&str], parameter: Parameter, values: &[f64]) -> SweepRequest {
    SweepRequest {
        scenario: flow(),
        couplings: couplings.iter().map(|name| coupling_named(name).unwrap()).collect(),
        seeds: seeds_from(7, 4),
        parameter,
        values: values.to_vec(),
        metric: "end_us.p50".into(),
    }
}

fn swept(request: SweepRequest, slice: u32) -> SweepReport {
    let mut sweep = Sweep::new(request).unwrap();
    while !sweep.step(slice) {}
    sweep.report()
}

const TWO: [&str; 2] = ["two-phase-commit", "saga-orchestration"];

#[test]
fn slices_change_nothing_and_a_point_is_the_comparison_of_its_scenario() {
    let asked = request(&TWO, Parameter::RoundTrip, &[4.0, 20.0]);
    let report = swept(asked.clone(), 7);
    assert_eq!(report, swept(asked.clone(), 100_000));
    assert_eq!(report.runs, [16, 16]);
    for point in &report.points {
        let scenario = Parameter::RoundTrip.apply(&asked.scenario, point.value, 7).unwrap();
        let Distribution::Uniform { min, max } = scenario.network.delay_us else { panic!() };
        assert!((min + max - point.value * 1e3).abs() < 1e-6, "two mean delays are the round trip");
        let (couplings, seeds) = (asked.couplings.clone(), asked.seeds.clone());
        let mut comparison = Comparison::new(Request { scenario, couplings, seeds }).unwrap();
        while !comparison.step(100_000) {}
        let table = comparison.report();
        let row = table.rows.iter().find(|row| row.metric.id == "end_us.p50").unwrap();
        for (cell, other) in point.cells.iter().zip(&row.cells) {
            assert_eq!((cell.value, cell.difference), (other.value, other.difference));
        }
    }
}

#[test]
fn a_crossing_is_never_claimed_where_the_intervals_leave_it_open() {
    let report = swept(request(&TWO, Parameter::RoundTrip, &[2.0, 26.0]), 100_000);
    let Crossing { signs, verdict, .. } = &report.crossings[0];
    let decided = |at: usize| {
        let difference = report.points[at].cells[1].difference.unwrap();
        difference.excludes_zero().then_some(difference.mean > 0.0)
    };
    match (decided(0), decided(1)) {
        (Some(a), Some(b)) if a != b => {
            assert_eq!(*verdict, Verdict::Between(vec![(2.0, 26.0, b)]))
        }
        (Some(a), Some(_)) => assert_eq!(*verdict, Verdict::NotInRange { other_more: a }),
        _ => assert_eq!(*verdict, Verdict::NotDecided),
    }
    assert_eq!(signs.len(), 2);
    // One seed decides nothing.
    let one = SweepRequest { seeds: vec![7], ..request(&TWO, Parameter::RoundTrip, &[2.0, 26.0]) };
    assert_eq!(swept(one, 100_000).crossings[0].verdict, Verdict::NotDecided);
}

#[test]
fn each_parameter_changes_what_it_says() {
    let scenario = flow();
    let more = Parameter::Participants.apply(&scenario, 5.0, 7).unwrap();
    assert_eq!(more.services.len(), scenario.services.len() + 3);
    assert_eq!(more.transactions[0].steps.len(), scenario.transactions[0].steps.len() + 3);
    assert_eq!(Parameter::Participants.apply(&scenario, 2.0, 7).unwrap(), scenario);
    assert!(Parameter::Participants.apply(&scenario, 1.0, 7).is_err(), "fewer than there are");

    let crashes = |seed| Parameter::CrashRate.apply(&scenario, 3.0, seed).unwrap().faults;
    assert_eq!(crashes(7), crashes(7), "a function of the seed");
    assert_ne!(crashes(7), crashes(8));
    let drawn = crashes(7).split_off(scenario.faults.len());
    assert!(!drawn.is_empty());
    assert!(drawn.iter().all(|fault| matches!(fault.fault, FaultKind::Crash(_))));
    assert!(drawn.iter().all(|fault| fault.at_us.unwrap() < 29 * 20_000), "while requests arrive");
    assert_eq!(Parameter::CrashRate.apply(&scenario, 0.0, 7).unwrap(), scenario);

    let report = swept(request(&TWO, Parameter::CrashRate, &[0.0, 3.0]), 100_000);
    assert!(report.points.iter().flat_map(|point| &point.cells).all(|cell| cell.value.is_some()));
    assert!(parse_sweep("conflict-rate=0..100:6").is_ok_and(|it| it.1.len() == 6));
    assert!(Parameter::ConflictRate.apply(&scenario, 50.5, 7).is_err());
}

fn run(scenario: &Scenario, coupling: &str) -> Box<dyn Session> {
    let scenario = with_coupling(scenario, coupling_named(coupling).unwrap());
    let mut session = open(&RunInput::of(scenario)).unwrap();
    while session.run_slice(10_000) == RunState::Running {}
    session
}

#[test]
fn runs_part_at_the_first_event_that_they_do_not_share() {
    let (one, other) = (run(&flow(), TWO[0]), run(&flow(), TWO[1]));
    let found = parting((one.cast(), one.trace()), (other.cast(), other.trace())).unwrap();
    assert!(found.first.is_some() && found.second.is_some() && found.same >= 1);
    let again = run(&flow(), TWO[0]);
    assert_eq!(parting((one.cast(), one.trace()), (again.cast(), again.trace())), None);
}

#[test]
fn shipped_comparisons_run() {
    for decision in decisions() {
        let scenario = by_name(decision.scenario).unwrap().scenario();
        let (from, to, _) = decision.range;
        let asked = SweepRequest {
            scenario,
            seeds: seeds_from(7, 1),
            metric: decision.metric.into(),
            ..request(decision.couplings, decision.parameter, &[from, to])
        };
        assert!(Sweep::new(asked).is_ok(), "{}", decision.name);
    }
}

#[test]
fn the_record_says_what_the_page_on_fidelity_says() {
    let page = include_str!("../../../docs/fidelity.md");
    let page: String = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in NOT_MODELLED {
        assert!(page.contains(text), "{text}");
    }
}
