//! What couples the services of a trace is recognised in three formats, and nothing is that is not there.
#![allow(clippy::unwrap_used)]

mod corpus;

use corpus::System;
use interleave_engine::session::{CheckRequest, RunInput, RunState, open};
use interleave_exchange::import::model::Spans;
use interleave_exchange::import::recognise::{Certainty, recognise};
use interleave_exchange::import::scenario::make;
use interleave_exchange::import::{Import, Imported};

fn read(text: String) -> Spans {
    match Import::new(text.into_bytes()).unwrap().finish().unwrap() {
        Imported::Traces(_, spans) => *spans,
        Imported::Scenario(_) => panic!("no scenario was given"),
    }
}

/// The findings of a system, the same in every format.
fn findings(system: &System) -> Vec<(&'static str, Certainty)> {
    let of = |text: String| {
        let spans = read(text);
        let found = recognise(&spans).findings;
        for finding in &found {
            assert!(!finding.sentence.is_empty() && !finding.why.is_empty());
            assert!(!finding.spans.is_empty(), "{} names no span", finding.id);
            assert!(finding.spans.iter().all(|span| spans.get(*span).is_some()));
        }
        found.into_iter().map(|finding| (finding.id, finding.certainty)).collect::<Vec<_>>()
    };
    let otlp = of(system.otlp());
    assert_eq!(otlp, of(system.jaeger()), "Jaeger's form says something else");
    assert_eq!(otlp, of(system.zipkin()), "Zipkin's form says something else");
    otlp
}

#[test]
fn what_couples_services_is_recognised() {
    assert_eq!(findings(&corpus::shared_database()), [("shared-database", Certainty::Certain)]);
    assert_eq!(findings(&corpus::n_plus_one())[0].0, "n-plus-one");
    assert_eq!(findings(&corpus::two_phase_commit()), [("two-phase-commit", Certainty::Certain)]);
    let dual = findings(&corpus::dual_write());
    assert_eq!(dual.iter().map(|found| found.0).collect::<Vec<_>>(), ["dual-write"]);
    // No convention marks a compensation: a name decides, and that is never certain.
    assert_eq!(findings(&corpus::saga()), [("saga", Certainty::Likely)]);
}

#[test]
fn nothing_is_found_where_nothing_is() {
    for (name, system) in [
        ("own databases", corpus::own_databases()),
        ("one service with a cache", corpus::one_service()),
        ("an outbox with its relay", corpus::outbox()),
    ] {
        assert_eq!(findings(&system), [], "{name}");
    }
}

#[test]
fn what_spans_cannot_tell_is_said() {
    let unknown = recognise(&read(corpus::shared_database().otlp())).unknown;
    assert!(unknown.iter().any(|text| text.starts_with("Isolation levels")), "{unknown:?}");
    assert!(unknown.iter().any(|text| text.contains("BEGIN or COMMIT")), "{unknown:?}");
}

#[test]
fn a_scenario_is_made_of_each_that_runs_and_can_be_checked() {
    for system in [
        corpus::shared_database(),
        corpus::dual_write(),
        corpus::saga(),
        corpus::two_phase_commit(),
        corpus::n_plus_one(),
        corpus::own_databases(),
    ] {
        let spans = read(system.otlp());
        let found = recognise(&spans);
        let made = make(&spans, found.findings.first()).unwrap();
        let mut session = open(&RunInput::of(made.scenario.clone())).unwrap();
        while session.run_slice(10_000) == RunState::Running {}
        assert!(session.trace().len() > 5, "{}", made.scenario.title);
        assert_eq!(*session.state(), RunState::AtRest, "{}", made.scenario.title);
        let mut check = session.check(&CheckRequest::default()).unwrap();
        check.run_slice(2_000);
        assert!(check.report().states > 1);
        // The services are those of the trace.
        for service in &made.scenario.services {
            assert!(spans.services.contains(&service.name), "{}", service.name);
        }
    }
}

#[test]
fn the_three_formats_say_the_same() {
    let system = corpus::saga();
    let of = |text: String| {
        let spans = read(text);
        let mut all: Vec<(String, String, Option<String>, u64)> = spans
            .spans
            .iter()
            .map(|span| {
                let parent = span.parent.map(|parent| spans.spans[parent as usize].id.clone());
                let service = spans.services[span.service as usize].clone();
                (span.id.clone(), service, parent, span.end_ns - span.start_ns)
            })
            .collect();
        all.sort();
        all
    };
    let otlp = of(system.otlp());
    assert_eq!(otlp.len(), system.spans.len());
    assert_eq!(otlp, of(system.jaeger()));
    assert_eq!(otlp, of(system.zipkin()));
}

#[test]
fn a_thousand_spans_are_read_in_slices_as_at_once() {
    let mut system = System::default();
    while system.spans.len() < 1_200 {
        let more = corpus::saga();
        let (base, trace) = (system.spans.len(), system.spans.len() as u32 + 1);
        system.spans.extend(more.spans.into_iter().map(|mut span| {
            span.trace = trace;
            span.parent = span.parent.map(|parent| parent + base);
            span
        }));
    }
    let text = system.otlp();
    let whole = read(text.clone());
    let mut import = Import::new(text.into_bytes()).unwrap();
    let mut steps = 0;
    let sliced = loop {
        steps += 1;
        match import.step(4_096).unwrap() {
            interleave_exchange::import::Progress::Reading(share) => {
                assert!((0.0..=1.0).contains(&share));
            }
            interleave_exchange::import::Progress::Done(imported) => break imported,
        }
    };
    assert!(steps > 100, "{steps} slices");
    let Imported::Traces(_, sliced) = *sliced else { panic!("traces were given") };
    assert_eq!(*sliced, whole);
    assert_eq!(recognise(&whole).findings.len(), 1);
}
