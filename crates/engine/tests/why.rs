//! Why a property is broken: every claim of an explanation is replayed or checked again.

#![allow(clippy::unwrap_used)]

mod breaks_support;

use std::collections::BTreeSet;

use breaks_support::cases::{Case, all};
use breaks_support::{check, faults, file, property, replay, said};
use interleave_engine::event::EventKind;
use interleave_engine::ids::EventIx;
use interleave_engine::link;
use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{Budget, Countermeasure, SessionRule};
use interleave_engine::session::{CheckRequest, RunState};
use interleave_engine::why::{Remedy, Verdict, Why, WhyReport, WhyRequest, Work};
use serde_json::Value;

/// States of each further check: enough for the smallest spaces, and quick where they are large.
const STATES: u64 = 3_000;

/// The kept counterexample of a case, as a question.
fn request(case: &Case) -> WhyRequest {
    let kept: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(file("tests/fixtures/breaks.json")).unwrap())
            .unwrap();
    let entry = kept.iter().find(|entry| entry["name"] == case.name).unwrap();
    let link = link::decode(entry["link"].as_str().unwrap()).unwrap();
    let schedule = link.schedule.unwrap();
    let id = said(replay(&case.scenario, &schedule).as_ref(), case.property).id;
    WhyRequest {
        scenario: case.scenario.clone(),
        check: CheckRequest { faults: Some(case.faults), ..CheckRequest::default() },
        property: id.to_owned(),
        title: case.property.to_owned(),
        schedule,
        states_each: STATES,
    }
}

fn named(name: &str) -> Case {
    all().into_iter().find(|case| case.name == name).unwrap()
}

fn finish(request: &WhyRequest) -> WhyReport {
    let mut why = Why::new(request).unwrap();
    while !why.run_slice(5_000) {}
    why.report()
}

/// An explanation of a case, with all that it claims held against replays.
#[track_caller]
fn explain(name: &str) -> WhyReport {
    let case = named(name);
    let request = request(&case);
    let report = finish(&request);
    assert!(report.done, "{name}");
    for part in [report.slice.work, report.faults_work, report.minimal.work, report.passing.work] {
        assert_ne!(part, Work::Pending, "{name}");
    }
    let breaks = |scenario: &Scenario, schedule: &[String], what: &str| {
        let session = replay(scenario, schedule);
        assert!(!said(session.as_ref(), case.property).holds(), "{name}: {what}");
    };
    let mut still = case.scenario.clone();
    still.faults.clear();
    for fault in &report.faults {
        if let Verdict::Broken { schedule, .. } = &fault.without {
            breaks(
                if fault.kind == "document" { &still } else { &case.scenario },
                schedule,
                &fault.words,
            );
        }
    }
    if !report.minimal.faults.iter().any(|ix| report.faults[*ix].kind == "document") {
        breaks(&still, &report.minimal.schedule, &report.minimal.words);
    }
    for remedy in &report.remedies {
        if let Verdict::Broken { schedule, .. } = &remedy.verdict {
            breaks(&remedy.scenario, schedule, &remedy.title);
        }
    }
    assert_passes(&case, &request, &report);
    report
}

/// The run that passes does, shares what it is said to share, and parts from the counterexample at the
/// event that is named.
#[track_caller]
fn assert_passes(case: &Case, request: &WhyRequest, report: &WhyReport) {
    let passing = &report.passing;
    let Some(schedule) = &passing.schedule else { return };
    let mut scenario = case.scenario.clone();
    if passing.without_document_faults {
        scenario.faults.clear();
    }
    let (good, bad) = (replay(&scenario, schedule), replay(&case.scenario, &request.schedule));
    assert_eq!(*good.state(), RunState::AtRest, "{}", case.name);
    assert!(said(good.as_ref(), case.property).holds(), "{}", case.name);
    let shared = passing.shared as usize;
    assert_eq!(schedule[..shared], request.schedule[..shared], "{}", case.name);
    // A fault of the document strikes within a choice, which then reads the same on both sides.
    let differs = schedule.get(shared) != request.schedule.get(shared);
    assert!(differs || passing.without_document_faults, "{}", case.name);
    let parts = passing.event.or(passing.event_broken).unwrap();
    for at in 0..parts {
        let at = EventIx(at);
        assert_eq!(good.trace().get(at), bad.trace().get(at), "{}", case.name);
    }
    let parts = EventIx(parts);
    assert_ne!(good.trace().get(parts), bad.trace().get(parts), "{}", case.name);
    assert_ne!(passing.here, passing.there, "{}", case.name);
}

#[track_caller]
fn remedy<'a>(report: &'a WhyReport, title: &str) -> &'a Remedy {
    let titles: Vec<&str> = report.remedies.iter().map(|of| of.title.as_str()).collect();
    let found = report.remedies.iter().find(|of| of.title == title);
    found.unwrap_or_else(|| panic!("{title:?} is not among {titles:?}"))
}

/// A remedy holds by a complete check, and a check of the whole of it says the same.
#[track_caller]
fn assert_mends(name: &str, report: &WhyReport, title: &str) {
    let case = named(name);
    let remedy = remedy(report, title);
    let Verdict::Holds { states } = remedy.verdict else {
        panic!("{name}: {title}: {:?}", remedy.verdict)
    };
    let whole = check(&remedy.scenario, case.faults, false);
    assert!(whole.complete && property(&whole, case.property).holds, "{name}: {title}");
    assert!(states <= whole.states, "{name}: one property needs no more states than all");
}

fn holds(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Holds { .. })
}

/// Without any further check: the slices of all cases are closed under cause, hold what broke the
/// property and every fault without which this very schedule passes, and leave most of a long run out.
#[test]
fn a_slice_is_closed_under_cause_and_holds_what_matters() {
    let (mut of_slices, mut of_traces) = (0, 0);
    for case in all() {
        let request = request(&case);
        let report = Why::new(&request).unwrap().report();
        let session = replay(&case.scenario, &request.schedule);
        let trace = session.trace();
        let slice = &report.slice;
        let events: BTreeSet<u32> = slice.events.iter().map(|of| of.event).collect();
        assert_eq!((slice.work, slice.trace as usize), (Work::Done, trace.len()), "{}", case.name);
        assert_eq!(events.len(), slice.events.len(), "{}: each once", case.name);
        for event in &slice.events {
            let at = trace.get(EventIx(event.event)).unwrap();
            assert!(at.cause.is_none_or(|cause| events.contains(&cause.0)), "{}", case.name);
            assert!(!event.sentence.is_empty(), "{}", case.name);
            assert_eq!(at.step_no, event.step, "{}", case.name);
        }
        assert!(slice.at_rest || events.contains(&slice.broke), "{}", case.name);
        assert!(slice.events.iter().any(|of| of.root), "{}", case.name);
        assert!(slice.story.len() >= 3, "{}: {:?}", case.name, slice.story);
        for line in &slice.story {
            assert!(events.contains(&line.event), "{}: {}", case.name, line.title);
        }
        for (ix, fault) in report.faults.iter().enumerate() {
            if fault.same_schedule_holds == Some(true) {
                assert!(fault.in_slice, "{}: {}", case.name, fault.words);
                let marked = slice.events.iter().find(|of| of.fault == Some(ix)).unwrap();
                assert_eq!(Some(marked.event), fault.event, "{}", case.name);
            }
        }
        of_slices += slice.events.len();
        of_traces += trace.len();
    }
    assert!(of_slices * 3 < of_traces * 2, "{of_slices} of {of_traces} events");
}

#[test]
fn a_lost_event_takes_the_one_crash_and_is_mended_by_the_outbox() {
    let report = explain("lost-event");
    let [crash] = report.faults.as_slice() else { panic!("{:?}", report.faults) };
    assert_eq!(crash.kind, "crash");
    assert_eq!(crash.words, "payments crashed before it could publish payment.charged for T1");
    assert!(holds(&crash.without), "{:?}", crash.without);
    assert_eq!(crash.same_schedule_holds, Some(true));
    assert_eq!((report.minimal.work, report.minimal.faults.as_slice()), (Work::Done, &[0][..]));
    let last = report.slice.story.last().unwrap();
    assert!(last.never && last.title == "stock is never told", "{last:?}");
    // They part where the message would have been published.
    assert_eq!(report.passing.work, Work::Done);
    assert!(report.passing.here.starts_with("payments published payment.charged"), "{report:?}");
    assert!(report.passing.there.starts_with("payments crashed"), "{report:?}");
    assert_eq!(report.passing.event, crash.event);
    assert_mends("lost-event", &report, "Outbox on");
    let inbox = report.remedies.iter().find(|of| of.path == "options.inbox");
    assert!(inbox.is_none(), "what is on is not offered");
    assert!(remedy(&report, "Isolation: serializable").without_effect);
}

#[test]
fn a_double_effect_is_mended_by_the_inbox() {
    for name in ["applied-twice", "command-applied-twice"] {
        let report = explain(name);
        assert_eq!(report.faults[0].kind, "duplicate", "{name}");
        assert!(holds(&report.faults[0].without), "{name}");
        assert_eq!(report.minimal.faults, [0], "{name}");
        assert_mends(name, &report, "Inbox on");
        // The story ends with the second time that the money goes.
        let last = report.slice.story.last().unwrap();
        assert_eq!((last.event, last.failed), (report.slice.broke, true), "{name}");
    }
}

/// Nobody is left in doubt unless the coordinator crashes and somebody gives up asking: both are
/// needed, and each alone is not enough.
#[test]
fn in_doubt_takes_both_faults() {
    let report = explain("left-in-doubt");
    let kinds: Vec<&str> = report.faults.iter().map(|fault| fault.kind.as_str()).collect();
    assert_eq!(kinds, ["crash", "give-up"]);
    for fault in &report.faults {
        assert!(holds(&fault.without) && fault.in_slice, "{fault:?}");
    }
    assert_eq!((report.minimal.work, report.minimal.faults), (Work::Done, vec![0, 1]));
}

/// The circle that no one database sees: the slice has both waits and who holds what is waited for.
#[test]
fn a_distributed_deadlock_is_told_from_both_ends() {
    let report = explain("distributed-deadlock");
    let session = replay(
        &named("distributed-deadlock").scenario,
        &request(&named("distributed-deadlock")).schedule,
    );
    let kind = |event: u32| session.trace().get(EventIx(event)).unwrap().kind.name();
    let kinds: Vec<&str> = report.slice.story.iter().map(|line| kind(line.event)).collect();
    for (what, count) in [("started", 2), ("prepared", 2), ("lock-waited", 2)] {
        assert_eq!(kinds.iter().filter(|kind| **kind == what).count(), count, "{what}: {kinds:?}");
    }
    assert!(report.faults.is_empty() && report.minimal.faults.is_empty());
    assert_eq!(report.minimal.work, Work::Done);
    let remedy = remedy(&report, "Lock time-out on");
    assert!(!remedy.without_effect && remedy.scenario.options.lock_timeout_us.is_some());
}

#[test]
fn lack_of_isolation_is_mended_by_a_semantic_lock() {
    let report = explain("deposit-taken-back");
    assert_eq!(report.minimal.words, "No fault is needed: the order of events alone breaks it");
    let title = "Semantic lock on account:ann: deposit and withdraw";
    assert_mends("deposit-taken-back", &report, title);
    let locked = remedy(&report, title).scenario.transactions.iter();
    let locks = locked
        .flat_map(|flow| &flow.steps)
        .filter(|step| step.countermeasures == [Countermeasure::SemanticLock]);
    assert_eq!(locks.count(), 2);
    assert_mends("deposit-taken-back", &report, "Pessimistic view: deposit");
    // Both sagas are in the story, since the row connects them.
    let started = |line: &&interleave_engine::why::Told| line.title.ends_with("started");
    assert_eq!(report.slice.story.iter().filter(started).count(), 2);
}

#[test]
fn staleness_is_mended_by_a_rule_for_reading() {
    let report = explain("stale-after-a-write");
    assert_mends("stale-after-a-write", &report, "Sessions: read your writes");
    assert_mends("stale-after-a-write", &report, "Read from the primary");
    assert_mends("stale-after-a-write", &report, "CQRS, write-all");
    let mended = &remedy(&report, "Sessions: read your writes").scenario;
    assert_eq!(mended.options.sessions, SessionRule::ReadYourWrites);
    assert!(remedy(&report, "Sessions: sticky").without_effect);
    // The write that was missed is part of the story, though nothing led from it to the answer.
    assert!(report.slice.story.iter().any(|line| line.detail.contains("100.00 → 105.00")));
}

#[test]
fn a_lost_update_is_mended_by_a_level_or_by_one_statement() {
    let report = explain("lost-update");
    for title in ["Isolation: repeatable read", "Isolation: serializable", "Add in one statement"] {
        assert_mends("lost-update", &report, title);
    }
    assert!(matches!(remedy(&report, "Two-phase commit").verdict, Verdict::Broken { .. }));
}

/// The crash is in the schedule and is not needed: a refusal leaves half a transaction as well.
#[test]
fn a_fault_that_is_not_needed_is_said_to_be_so() {
    let report = explain("half-a-transaction");
    assert!(matches!(report.faults[0].without, Verdict::Broken { .. }));
    assert_eq!(report.faults[0].same_schedule_holds, Some(true));
    assert_eq!((report.minimal.work, report.minimal.faults.len()), (Work::Done, 0));
}

/// Where the document itself names the fault, every run has it; the nearest that passes is without.
#[test]
fn a_fault_of_the_document_is_taken_away_like_any_other() {
    let report = explain("event-never-published");
    assert_eq!(report.faults[0].kind, "document");
    assert!(holds(&report.faults[0].without));
    assert!(report.passing.without_document_faults && report.passing.schedule.is_some());
    assert_eq!(report.passing.shared, 1);
    assert_mends("event-never-published", &report, "Outbox on");
}

#[test]
fn a_paused_consumer_is_part_of_the_slice() {
    let report = explain("zombie-consumer");
    assert_eq!((report.faults[0].kind.as_str(), report.faults[0].in_slice), ("pause", true));
    for title in ["Inbox on", "Fencing on", "One consumer a service"] {
        assert_mends("zombie-consumer", &report, title);
    }
}

/// In which slices the work is done changes nothing, and what stands in a report on the way stays.
#[test]
fn slices_of_work_change_nothing() {
    let request = request(&named("lost-event-half-done"));
    let request = WhyRequest { states_each: 400, ..request };
    let whole = finish(&request);
    let mut why = Why::new(&request).unwrap();
    let mut before = why.report();
    assert_eq!(before.slice, whole.slice);
    loop {
        let done = why.run_slice(37);
        let now = why.report();
        assert!(now.states >= before.states);
        for (before, now) in before.remedies.iter().zip(&now.remedies) {
            assert!(before.verdict == Verdict::Pending || before.verdict == now.verdict);
        }
        before = now;
        if done {
            break;
        }
    }
    let sizes = |report: &WhyReport| {
        let of = |remedy: &Remedy| std::mem::discriminant(&remedy.verdict);
        report.remedies.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(sizes(&before), sizes(&whole));
    assert_eq!((&before.minimal, &before.faults), (&whole.minimal, &whole.faults));
    assert_eq!(before.passing, whole.passing);
    let text = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<WhyReport>(&text).unwrap(), whole);
    let text = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<WhyRequest>(&text).unwrap(), request);
}

#[test]
fn a_question_that_makes_no_sense_is_refused_with_a_remedy() {
    let good = request(&named("lost-event"));
    let problem = |request: &WhyRequest| {
        let problems = Why::new(request).err().unwrap();
        assert!(!problems[0].remedy.is_empty());
        (problems[0].path.clone(), problems[0].found.clone())
    };
    let (path, found) = problem(&WhyRequest { property: "peace".into(), ..good.clone() });
    assert_eq!(path, "property");
    assert!(found.contains("peace"), "{found}");
    let (path, _) = problem(&WhyRequest { title: "Nothing".into(), ..good.clone() });
    assert_eq!(path, "schedule");
    let mut other = good.clone();
    other.schedule.truncate(2);
    assert_eq!(problem(&other).0, "schedule", "it goes on to rest");
    other.property = "atomicity".into();
    other.title = "Atomicity".into();
    assert_eq!(problem(&other).0, "schedule");
    other.schedule.push("deliver nobody".into());
    assert!(problem(&other).0.contains("deliver nobody"));
    other.schedule[2] = "restart orders".into();
    assert_eq!(problem(&other).0, "schedule[2]");
    // A bound of no states ends all the same.
    let none = finish(&WhyRequest { states_each: 0, ..good });
    assert_eq!((none.done, none.minimal.work), (true, Work::Cut));
    assert!(none.remedies.iter().all(|remedy| remedy.verdict != Verdict::Pending));
}

/// The bounds of the check stay those of the further checks: with two crashes allowed, the one crash
/// of the schedule is taken away, and a second is not put in its place.
#[test]
fn taking_a_fault_away_leaves_none_of_its_kind_to_replace_it() {
    let mut request = request(&named("lost-event"));
    request.check.faults = Some(Budget { crash: 2, ..faults(0, 0, 0) });
    let report = Why::new(&request).map(|mut why| {
        while report_of_faults(&why) == Work::Pending {
            why.run_slice(200);
        }
        why.report()
    });
    let report = report.unwrap();
    assert!(report.bounds.contains("2 crashes"), "{}", report.bounds);
    assert!(holds(&report.faults[0].without), "{:?}", report.faults[0].without);
}

fn report_of_faults(why: &Why) -> Work {
    why.report().faults_work
}

/// The events that a slice marks as faults are what the trace says they are.
#[test]
fn a_marked_fault_is_one() {
    for name in ["applied-again", "composer-forgets", "change-lost", "promised-again"] {
        let case = named(name);
        let request = request(&case);
        let report = Why::new(&request).unwrap().report();
        let session = replay(&case.scenario, &request.schedule);
        let mut marked = 0;
        for event in report.slice.events.iter().filter(|of| of.fault.is_some()) {
            let kind = &session.trace().get(EventIx(event.event)).unwrap().kind;
            assert!(
                matches!(
                    kind,
                    EventKind::Crashed { .. }
                        | EventKind::Duplicated { .. }
                        | EventKind::Consumed { again: true, .. }
                ),
                "{name}: {kind:?}"
            );
            marked += 1;
        }
        assert_eq!(marked, 1, "{name}");
    }
}
