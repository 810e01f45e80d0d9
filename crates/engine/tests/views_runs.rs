//! The views over real runs: each shipped scenario under each pattern, in peace and with a crash at
//! every kind of place, with and without outbox and inbox.

mod views_support;

use std::collections::BTreeSet;

use interleave_engine::choice::{ChoiceKind, Intervention};
use interleave_engine::event::EventKind;
use interleave_engine::ids::{Direction, EventIx, NodeIx};
use interleave_engine::scenario::document::{Budget, Coupling, Distribution};
use interleave_engine::scenario::shipped::shipped;
use interleave_engine::session::{
    CheckRequest, RunInput, RunState, Session, open, patterns, with_coupling,
};
use interleave_engine::views::Views;
use interleave_engine::views::frame::{Frame, TxnState};
use interleave_engine::views::lanes::Axis;
use interleave_engine::views::marks::marks;
use interleave_engine::views::metrics::metrics;
use interleave_engine::views::missing::missing;
use interleave_engine::views::spans::{SpanKind, spans};
use interleave_engine::views::story::{causal_slice, sentence, why, why_violated};
use interleave_engine::views::topics::topics;
use interleave_engine::views::transactions::transactions;
use views_support::Numbers;

struct Run {
    name: String,
    session: Box<dyn Session>,
}

fn finish(name: String, mut session: Box<dyn Session>) -> Run {
    while *session.state() == RunState::Running {
        session.run_slice(10_000);
    }
    assert_eq!(*session.state(), RunState::AtRest, "{name}");
    Run { name, session }
}

/// Every shipped scenario under every named pattern, run to its end.
fn peaceful(outbox_and_inbox: bool) -> Vec<Run> {
    let mut runs = Vec::new();
    for scenario in shipped() {
        for pattern in patterns() {
            let mut document = scenario.scenario();
            document.faults.clear();
            document.options.outbox = outbox_and_inbox;
            document.options.inbox = outbox_and_inbox;
            let document = with_coupling(&document, Coupling::Named(pattern.name.to_owned()));
            let name = format!(
                "{} as {}, outbox and inbox {outbox_and_inbox}",
                scenario.name, pattern.name
            );
            let session = open(&RunInput::of(document)).expect("shipped scenarios are valid");
            runs.push(finish(name, session));
        }
    }
    runs
}

/// The same runs with a node crashing right after some of its own events.
fn crashed() -> Vec<Run> {
    let mut runs = Vec::new();
    for (seed, run) in peaceful(true).into_iter().chain(peaceful(false)).enumerate() {
        let trace = run.session.trace();
        let mut draw = Numbers(seed as u64);
        for kind in ["committed", "published", "handled", "sent", "service-started"] {
            let places: Vec<(EventIx, NodeIx)> = trace
                .of_kind(kind)
                .map(|(ix, _)| (ix, trace.events()[ix.ix()].node))
                .filter(|(_, node)| node.0 > 0)
                .collect();
            if places.is_empty() {
                continue;
            }
            let (after, node) = places[draw.below(places.len() as u64) as usize];
            let crash = ChoiceKind::Crash { node, lose: u8::MAX };
            let intervention = Intervention { after, kind: crash, for_us: Some(40_000) };
            let name = format!("{}, {} crashes after its {kind} at {after}", run.name, node);
            let forked = run.session.fork(intervention).expect("a crash is always possible");
            runs.push(finish(name, forked));
        }
    }
    runs
}

/// Runs over a network that loses, copies and reorders.
fn noisy() -> Vec<Run> {
    let mut runs = Vec::new();
    for scenario in shipped() {
        for pattern in patterns() {
            let mut document = scenario.scenario();
            document.faults.clear();
            document.network.duplicate = 0.3;
            document.network.loss = 0.1;
            document.network.delay_us = Distribution::Uniform { min: 100.0, max: 9_000.0 };
            let document = with_coupling(&document, Coupling::Named(pattern.name.to_owned()));
            let session = open(&RunInput::of(document)).expect("valid");
            runs.push(finish(format!("{} as {}, noisy", scenario.name, pattern.name), session));
        }
    }
    runs
}

fn views(run: &Run) -> Views {
    let mut views = Views::new(run.session.cast());
    views.extend(run.session.cast(), run.session.trace());
    views
}

#[test]
fn rows_of_frames_are_what_commits_say_they_were() {
    for run in peaceful(true).iter().chain(&crashed()) {
        let (cast, trace) = (run.session.cast(), run.session.trace());
        let mut frame = Frame::start(cast);
        for (at, event) in trace.events().iter().enumerate() {
            if let EventKind::Committed { db, changes, .. } = &event.kind {
                for change in changes {
                    let row = frame.dbs[db.ix()].rows.get(&change.key);
                    let known = row.and_then(|row| row.row.as_ref());
                    assert_eq!(known, change.before.as_ref(), "{}: at {at}", run.name);
                }
            }
            frame.advance(cast, trace, EventIx(at as u32));
        }
        let whole = views(run).frame(cast, trace, EventIx(trace.len() as u32));
        frame.look_ahead(&views(run).index);
        assert_eq!(whole, frame, "{}", run.name);
    }
}

#[test]
fn nothing_is_on_its_way_in_a_queue_or_served_when_a_run_is_at_rest() {
    for run in peaceful(true).iter().chain(&crashed()).chain(&noisy()) {
        let (cast, trace) = (run.session.cast(), run.session.trace());
        let end = views(run).frame(cast, trace, EventIx(trace.len() as u32 - 1));
        assert!(end.flights.is_empty(), "{}: {:?}", run.name, end.flights);
        assert!(end.timers.is_empty(), "{}: {:?}", run.name, end.timers);
        for (at, node) in end.nodes.iter().enumerate() {
            assert!(node.up(), "{}: {at} is down", run.name);
            assert!(node.queue.is_empty(), "{}: {at} has a queue: {:?}", run.name, node.queue);
            assert!(node.work.is_empty(), "{}: {at} works: {:?}", run.name, node.work);
        }
        assert!(end.dbs.iter().all(|db| db.outbox.is_empty()), "{}", run.name);
        let stats = run.session.stats();
        assert_eq!(end.counters.started, stats.started, "{}", run.name);
        assert_eq!(end.counters.forced, stats.forced_writes, "{}", run.name);
        assert_eq!(end.counters.sent + end.counters.published, stats.messages, "{}", run.name);
        let counted = metrics(cast, trace, EventIx(trace.len() as u32), 50);
        assert_eq!(counted.messages, stats.messages, "{}", run.name);
        assert_eq!(counted.forced, stats.forced_writes, "{}", run.name);
    }
}

#[test]
fn every_event_of_a_run_has_a_sentence_and_a_story() {
    let mut draw = Numbers(5);
    for run in peaceful(true).iter().chain(&crashed()) {
        let (cast, trace) = (run.session.cast(), run.session.trace());
        for at in 0..trace.len() {
            let text = sentence(cast, trace, EventIx(at as u32));
            assert!(text.len() > 8, "{}: {at} says {text:?}", run.name);
            assert!(!text.contains('?') && !text.contains("  "), "{}: {at} says {text}", run.name);
        }
        for _ in 0..40 {
            let event = EventIx(draw.below(trace.len() as u64) as u32);
            let story = why(cast, trace, event);
            assert!(!story.is_empty(), "{}: {event} has no story", run.name);
            let known = story.iter().all(|line| line.event <= event || line.never);
            assert!(known, "{}: the story of {event} tells the future: {story:?}", run.name);
            let ordered = story.iter().filter(|line| !line.never).map(|line| line.event);
            assert!(ordered.is_sorted(), "{}: the story of {event} jumps: {story:?}", run.name);
            assert!(story.iter().all(|line| !line.title.contains('?')), "{}: {story:?}", run.name);
            let slice = causal_slice(trace, event);
            assert_eq!(slice.last(), Some(&event), "{}", run.name);
        }
    }
}

#[test]
fn a_peaceful_run_misses_nothing_and_each_step_done_is_a_span() {
    for run in peaceful(true).iter().chain(&peaceful(false)) {
        let (cast, trace) = (run.session.cast(), run.session.trace());
        let views = views(run);
        assert!(missing(cast, trace, &views.index).is_empty(), "{}", run.name);
        let end = views.frame(cast, trace, EventIx(trace.len() as u32 - 1));
        for line in transactions(cast, &views.index, &end, true) {
            let spans = spans(cast, trace, &views.index, line.txn, true).expect("it started");
            let count = |kind| spans.spans.iter().filter(|s| s.kind == kind && !s.failed).count();
            // Steps that one handler makes durable are one span.
            let commits = trace.events().iter().filter(|event| match &event.kind {
                EventKind::Committed { effects, .. } => effects.iter().any(|of| {
                    of.txn == line.txn && of.dir == interleave_engine::ids::Direction::Do
                }),
                _ => false,
            });
            let handlers: BTreeSet<u32> = commits.map(|event| event.step_no).collect();
            assert_eq!(
                count(SpanKind::Step),
                handlers.len(),
                "{}: {}: {}",
                run.name,
                line.name,
                line.summary
            );
            assert_eq!(
                count(SpanKind::Compensation),
                line.undone.len(),
                "{}: {}",
                run.name,
                line.name
            );
            // One that the data holds up on its way back waits for a person, and stays open.
            let stuck = trace.events().iter().any(|event| {
                event.txn == Some(line.txn) && matches!(event.kind, EventKind::Stuck { .. })
            });
            assert!(stuck || !spans.open(), "{}: {}", run.name, line.name);
            for (at, span) in spans.spans.iter().enumerate() {
                assert!(span.parent.is_none_or(|parent| parent != at), "{}", run.name);
                assert!(span.to.is_none_or(|to| to >= span.from), "{}: {span:?}", run.name);
            }
            let over = match line.state {
                // The client may have been told before that it came to nothing.
                TxnState::Ended(_) => true,
                state => stuck && state == TxnState::Stuck,
            };
            assert!(over, "{}: {} is {:?}", run.name, line.name, line.state);
        }
        // Everything that was published is in the topics.
        let shown = topics(cast, &views.index, &end, &[], 1_000_000);
        let records: usize =
            shown.iter().flat_map(|topic| &topic.partitions).map(|p| p.records.len()).sum();
        assert_eq!(records as u64, end.counters.published, "{}", run.name);
    }
}

#[test]
fn an_atomicity_violation_has_a_story_that_names_what_failed() {
    let mut told = 0;
    for run in crashed() {
        let (cast, trace) = (run.session.cast(), run.session.trace());
        for report in run.session.properties().iter().filter(|report| report.id == "atomicity") {
            for violation in &report.violations {
                let story = why_violated(cast, trace, violation);
                assert!(!story.is_empty(), "{}: {}", run.name, violation.why);
                let culprit = violation.culprit.and_then(|ix| trace.get(ix));
                if culprit.is_some_and(|event| matches!(event.kind, EventKind::Crashed { .. })) {
                    assert!(story.iter().any(|line| line.failed), "{}: {story:?}", run.name);
                    told += 1;
                }
            }
        }
    }
    assert!(told > 0, "no run was broken by its crash");
}

/// An answer goes back along the edge of its command.
#[test]
fn every_message_of_a_run_has_an_edge() {
    for run in peaceful(true) {
        let (cast, trace) = (run.session.cast(), run.session.trace());
        for (ix, kind) in trace.of_kind("sent") {
            let EventKind::Sent { to, .. } = kind else { continue };
            let from = trace.events()[ix.ix()].node;
            let drawn = cast.edges.contains(&(from, *to)) || cast.edges.contains(&(*to, from));
            assert!(drawn, "{}: {from} to {to}", run.name);
        }
    }
}

#[test]
fn steps_undone_are_undone_in_frames() {
    for run in peaceful(true) {
        let (cast, trace) = (run.session.cast(), run.session.trace());
        let end = views(&run).frame(cast, trace, EventIx(trace.len() as u32 - 1));
        let undone: usize = trace
            .events()
            .iter()
            .map(|event| match &event.kind {
                EventKind::Committed { effects, .. } => {
                    effects.iter().filter(|of| of.dir == Direction::Undo).count()
                }
                _ => 0,
            })
            .sum();
        let shown: usize = end
            .txns
            .values()
            .flat_map(|txn| &txn.steps)
            .map(|step| usize::from(step.undone_times))
            .sum();
        assert_eq!(shown, undone, "{}", run.name);
    }
}
#[test]
fn a_counterexample_without_a_clock_has_its_views_too() {
    let document = shipped()[0].scenario();
    let coupling = Coupling::Named("database-per-service".to_owned());
    let document = with_coupling(&document, coupling);
    let session = open(&RunInput::of(document.clone())).expect("valid");
    let request = CheckRequest {
        transactions: Some(1),
        faults: Some(Budget { crash: 1, ..Budget::default() }),
        properties: Some(vec!["atomicity".to_owned()]),
        first_only: true,
        ..CheckRequest::default()
    };
    let mut check = session.check(&request).expect("the property is known");
    while !check.run_slice(10_000) {}
    let found = check.report().properties.into_iter().find_map(|p| p.counterexample);
    let schedule = Some(found.expect("one crash leaves half a transaction"));
    let replayed = RunInput { scenario: document, interventions: vec![], schedule };
    let mut session = open(&replayed).expect("valid");
    while *session.state() == RunState::Running {
        session.run_slice(1_000);
    }
    let run = Run { name: "the counterexample".into(), session };
    let (cast, trace) = (run.session.cast(), run.session.trace());
    assert_eq!(Axis::of(trace), Axis::Steps);
    let views = views(&run);
    let end = views.frame(cast, trace, EventIx(trace.len() as u32 - 1));
    let line = transactions(cast, &views.index, &end, true).remove(0);
    assert!(line.failed, "{}", line.summary);
    let reports = run.session.properties();
    let marks = marks(cast, trace, &views.index, &reports, Axis::Steps, 20);
    assert_eq!(marks.end, u64::from(end.step_no));
    assert!(!marks.violations.is_empty());
    let violation = reports.iter().flat_map(|report| &report.violations).next();
    let story = why_violated(cast, trace, violation.expect("atomicity is broken"));
    assert!(story.iter().any(|line| line.failed), "{story:?}");
    let spans = spans(cast, trace, &views.index, line.txn, true).expect("it started");
    assert!(spans.spans.iter().all(|span| span.from == 0));
    assert!(spans.spans.iter().any(|span| span.kind == SpanKind::Step && span.from_step > 0));
}
