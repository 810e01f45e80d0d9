//! What must be seen to break, with the exact length of the shortest counterexample and the exact
//! size of the space; and what must be seen to hold within the same bounds.
//!
//! Every break is a shipped scenario with one switch changed. Its counterexample is replayed, said in
//! the same words, and kept as a link in `fixtures/breaks.json`.

#![allow(clippy::unwrap_used)]

mod breaks_support;
mod breaks_table;

use breaks_support::as_shipped;
use breaks_support::cases::{self, Case, all, checkout};
use breaks_support::{
    assert_file, assert_opens_on, broken, check, faults, file, finish, link_to, property, replay,
    said, violation,
};
use interleave_engine::choice::{ChoiceKind, Intervention};
use interleave_engine::event::{EventKind, Outcome};
use interleave_engine::ids::{Direction, EventIx, TxnId};
use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{
    Budget, Compensate, ExpectedVersion, IsolationLevel, Options, SessionRule, Updates,
};
use interleave_engine::session::{CheckReport, RunInput, RunState, Session, open};
use serde_json::{Value, json};

const FIXTURE: &str = "tests/fixtures/breaks.json";

fn case(name: &str) -> Case {
    all().into_iter().find(|case| case.name == name).unwrap()
}

/// Checks a case whole, and holds every counterexample that it finds against its replay.
#[track_caller]
fn assert_breaks(name: &str) -> CheckReport {
    let case = case(name);
    let report = check(&case.scenario, case.faults, false);
    let found = property(&report, case.property);
    let schedule = found.counterexample.as_deref().unwrap_or_else(|| panic!("{name} holds"));
    assert_eq!((schedule.len(), report.states), (case.length, case.states), "{name}");
    assert!(report.complete, "{name}: the whole space was visited");
    for property in report.properties.iter().filter(|property| !property.holds) {
        assert_replays(
            &case.scenario,
            property.counterexample.as_deref(),
            &property.title,
            property.why.as_deref(),
        );
    }
    // Looking for the first violation alone finds one that is no longer than any other.
    let first = check(&case.scenario, case.faults, true);
    let lengths = |report: &CheckReport| -> Vec<usize> {
        report.properties.iter().filter_map(|of| Some(of.counterexample.as_ref()?.len())).collect()
    };
    assert_eq!(lengths(&first).iter().min(), lengths(&report).iter().min(), "{name}");
    report
}

/// A counterexample ends in the violation that it was found for, said in the same words, and not
/// before its last choice.
#[track_caller]
fn assert_replays(
    scenario: &Scenario,
    schedule: Option<&[String]>,
    title: &str,
    why: Option<&str>,
) {
    let (schedule, why) = (schedule.unwrap(), why.unwrap());
    let session = replay(scenario, schedule);
    assert_eq!(session.schedule(), schedule);
    let event = violation(session.as_ref(), title, why);
    let step = session.trace().get(event).unwrap().step_no;
    assert_eq!(step as usize, schedule.len(), "{title} breaks in the last choice");
    let shorter = replay(scenario, &schedule[..schedule.len() - 1]);
    assert!(said(shorter.as_ref(), title).holds(), "{title} is broken before the last choice");
}

#[test]
fn an_application_that_reads_then_writes_loses_updates() {
    let report = assert_breaks("lost-update");
    assert_eq!(broken(&report), ["Money conserved", "Isolation"]);
    let why = property(&report, "Isolation").why.as_deref().unwrap();
    assert!(why.starts_with("lost update"), "{why}");
    for level in [IsolationLevel::RepeatableRead, IsolationLevel::Serializable] {
        let report = check(&cases::read_then_write(level), faults(0, 0, 0), false);
        assert_eq!((broken(&report), report.complete), (vec![], true), "{level:?}");
    }
}

/// What transactions of one database do to each other, by level, and what a deadlock's victim loses
/// that is not run again.
#[test]
fn transactions_of_one_database_disturb_each_other() {
    for (name, also) in [
        ("victim-gives-up", "Both transfers are made"),
        ("write-skew", "Isolation"),
        ("dirty-read", "Isolation"),
    ] {
        assert_eq!(broken(&assert_breaks(name)), [also], "{name}");
    }
}

/// What blocks two-phase commit, and what makes it do a thing twice; see also `two_phase_commit.rs`.
#[test]
fn two_phase_commit_waits_where_nobody_decides() {
    for (name, also) in [
        ("left-in-doubt", &["Nobody left in doubt"][..]),
        ("distributed-deadlock", &["Nobody left in doubt", "Progress"]),
        ("promised-again", &["Money conserved", "Exactly once"]),
    ] {
        assert_eq!(broken(&assert_breaks(name)), also, "{name}");
    }
}

#[test]
fn an_uncoordinated_checkout_leaves_half_a_transaction() {
    let report = assert_breaks("half-a-transaction");
    assert_eq!(broken(&report), ["Atomicity", "Stock conserved"]);
    let found = property(&report, "Atomicity");
    let schedule = found.counterexample.as_ref().unwrap();
    assert_eq!(
        schedule,
        &[
            "arrive 1 0",
            "deliver clients orders request T1 - 0 !crash-after=1,0",
            "restart orders",
            "fire clients retry T1 -",
        ],
        "the order is written, and its service crashes before it calls the next"
    );
    assert_eq!(
        found.why.as_deref(),
        Some(
            "T1 is half done: create-order is done, charge, reserve, book and confirm are not done."
        )
    );
    assert_breaks("stock-is-lost");
    assert_breaks("refused-half-way");
}

/// A consumer that stood still comes back after its partition was given away, and does what another
/// has done in its place. The inbox knows the message; the fence keeps its late write out, and does
/// nothing against the crash that makes a record come again.
#[test]
fn a_paused_consumer_comes_back_and_does_it_again() {
    let report = assert_breaks("zombie-consumer");
    assert_eq!(broken(&report), ["Exactly once", "Saga history"]);
    let found = property(&report, "Exactly once");
    assert_eq!(
        found.counterexample.as_deref().unwrap(),
        [
            "arrive 1 0",
            "deliver clients orders request T1 - 0",
            "relay orders",
            "expel payments orders 0",
            "consume payments-2 orders 0",
            "consume payments orders 0",
        ]
    );
    assert_eq!(found.why.as_deref(), Some("charge of T1 took effect again, though it was done."));
    let pause = Budget { pause: 1, ..Budget::default() };
    let one_of_each = Budget { pause: 1, ..faults(1, 1, 1) };
    let and_a_crash = Budget { crash: 1, ..pause };
    let mended = |inbox: bool, fencing: bool, faults: Budget| {
        let mut scenario = case("zombie-consumer").scenario;
        (scenario.options.inbox, scenario.options.fencing) = (inbox, fencing);
        check(&scenario, faults, false)
    };
    for (inbox, fencing, faults, states) in
        [(true, false, pause, 40), (true, false, one_of_each, 27_394), (false, true, pause, 34)]
    {
        let report = mended(inbox, fencing, faults);
        assert_eq!(broken(&report), Vec::<&str>::new(), "inbox {inbox}, fencing {fencing}");
        assert_eq!((report.complete, report.states), (true, states));
    }
    let report = mended(false, true, and_a_crash);
    assert_eq!(broken(&report), ["Exactly once", "Saga history"], "a fence is no inbox");
}

/// A composer that asks one service after the other, or all at different moments, may answer with
/// what never was; one through which writes pass makes nothing atomic.
#[test]
fn a_composer_makes_nothing_consistent() {
    let report = assert_breaks("read-skew");
    assert_eq!(broken(&report), ["No read skew"]);
    let report = assert_breaks("half-written");
    let why = property(&report, "Atomicity").why.as_deref().unwrap();
    assert!(why.ends_with("charge is not done."), "{why}");
    let report = assert_breaks("composer-forgets");
    let schedule = property(&report, "Atomicity").counterexample.as_ref().unwrap();
    assert!(schedule.iter().any(|choice| choice == "restart composer"), "{schedule:?}");
}

/// The proof of both sagas was put to the test; the table has its figures.
#[test]
fn the_sagas_hold_with_one_crash_one_loss_and_one_duplicate() {
    for pattern in ["saga-choreography", "saga-orchestration"] {
        let report = check(&checkout(pattern), faults(1, 1, 1), false);
        assert_eq!(broken(&report), [""; 0], "{pattern}");
        assert!(report.complete && report.states < 200_000, "{pattern}");
        assert!(report.at_rest > 0, "{pattern}: there are states at rest to judge");
        for property in &report.properties {
            assert!(property.exercised > 1_000, "{pattern}: {} was not tested", property.title);
        }
        assert!(report.collision_probability < 1e-9, "{}", report.collision_probability);
    }
}

/// The other two shipped scenarios hold as well.
#[test]
fn the_other_shipped_scenarios_hold_as_sagas() {
    for name in ["customers-and-orders", "trip"] {
        for pattern in ["saga-choreography", "saga-orchestration"] {
            let report = check(&cases::shipped(name, pattern), faults(1, 1, 1), false);
            assert_eq!(broken(&report), [""; 0], "{name} {pattern}");
            assert!(report.complete && report.states < 200_000, "{name} {pattern}");
        }
    }
}

#[test]
fn without_the_inbox_a_duplicate_applies_an_effect_twice() {
    let report = assert_breaks("applied-twice");
    assert!(property(&report, "Atomicity").holds);
    let why = property(&report, "Exactly once").why.as_deref();
    assert_eq!(why, Some("charge of T1 took effect again, though it was done."));
    let report = assert_breaks("command-applied-twice");
    let why = property(&report, "Exactly once").why.as_deref();
    assert_eq!(why, Some("charge of T1 took effect again, though it was done."));
    // Nothing but the switch was changed.
    for pattern in ["saga-choreography", "saga-orchestration"] {
        assert_eq!(broken(&check(&checkout(pattern), faults(0, 0, 1), false)), [""; 0]);
    }
}

#[test]
fn without_the_outbox_a_crash_loses_the_saga() {
    let report = assert_breaks("lost-event");
    assert_breaks("lost-event-half-done");
    assert!(property(&report, "Exactly once").holds);
    let schedule = property(&report, "Atomicity").counterexample.as_ref().unwrap();
    let crash = schedule.iter().find(|choice| choice.contains("!crash-after=1,")).unwrap();
    assert!(crash.starts_with("consume payments orders"), "between the commit and what follows it");
    let holds = check(&checkout("saga-choreography"), faults(1, 0, 0), false);
    assert_eq!(broken(&holds), [""; 0], "with the outbox");
}

/// A crash alone is enough: the effect is committed, the offset is not, and the record comes again.
#[test]
fn without_the_inbox_a_crash_applies_an_effect_again() {
    let report = assert_breaks("applied-again");
    assert_eq!(
        property(&report, "Exactly once").counterexample.as_ref().unwrap()[2..],
        [
            "relay orders",
            "consume payments orders 0 !crash-after=1,0",
            "restart payments",
            "consume payments orders 0",
        ]
    );
    let holds = check(&checkout("saga-choreography"), faults(1, 0, 0), false);
    assert_eq!(broken(&holds), [""; 0], "with the inbox");
}

/// A step is given up while its answer is on the way. Whether what it did is taken back depends on
/// the convention: only the one that undoes the failed step too knows to do it.
#[test]
fn a_step_given_up_too_early_is_left_done() {
    let report = assert_breaks("gave-up-too-early");
    let schedule = property(&report, "Atomicity").counterexample.as_ref().unwrap();
    let given_up = schedule.iter().position(|choice| choice.starts_with("give-up")).unwrap();
    let case = case("gave-up-too-early");
    assert_eq!(schedule[given_up], "give-up orchestrator retry T1 0.do");
    let mut mended = case.scenario.clone();
    mended.options.compensate = Compensate::FailedToo;
    let mut lines: Vec<String> = schedule[..=given_up].to_vec();
    lines.push("deliver car orchestrator BookCar%20done T1 0.do 0".into());
    lines.push("deliver orchestrator car CancelCar T1 0.undo 0".into());
    lines.push("deliver car orchestrator CancelCar%20done T1 0.undo 0".into());
    let session = replay(&mended, &lines);
    assert_eq!(*session.state(), RunState::AtRest);
    for property in session.properties() {
        assert!(property.holds(), "{:?}", property.violations);
    }
}

/// The transaction that is stuck, and the row that the orchestrator keeps of it.
fn stuck(case: &Case) -> (Vec<(TxnId, Direction, String)>, Vec<String>) {
    let report = check(&case.scenario, case.faults, false);
    let schedule = property(&report, case.property).counterexample.clone().unwrap();
    let session = replay(&case.scenario, &schedule);
    let cast = session.cast();
    let mut stuck = Vec::new();
    let mut rows = Vec::new();
    for event in session.trace().events() {
        match &event.kind {
            EventKind::Stuck { reason } => {
                let reason = reason.map(|word| cast.sym(word).to_owned()).unwrap_or_default();
                stuck.push((event.txn.unwrap(), event.step.unwrap().1, reason));
            }
            EventKind::DeadLettered { .. } => rows.push("dead letter".to_owned()),
            EventKind::Committed { db, changes, .. } => {
                let saga = changes.iter().find(|change| cast.key(change.key) == "saga:1");
                if let Some(row) = saga.and_then(|change| change.after.as_ref()) {
                    rows.push(cast.row(*db, row));
                }
            }
            _ => {}
        }
    }
    (stuck, rows)
}

/// What sagas do to each other without isolation, and what a compensation does that overtakes its
/// step; `countermeasures.rs` has what mends each.
#[test]
fn sagas_see_each_others_unfinished_work() {
    for (name, also) in [
        ("deposit-taken-back", &["No account below zero"][..]),
        ("paid-out-by-command", &["No account below zero"]),
        ("last-one-sold-twice", &["Sold once"]),
        ("balance-put-back", &["Balance is what was settled"]),
        ("cancel-overtakes", &["Exactly once", "Saga history"]),
    ] {
        assert_eq!(broken(&assert_breaks(name)), also, "{name}");
    }
}

/// A client that asks a replica too early, and replicas that end with other rows than their primary.
#[test]
fn replicas_that_are_behind_show_old_rows() {
    for mode in ["older-by-events", "older-by-copies"] {
        assert_eq!(broken(&assert_breaks(mode)), ["Read your writes", "Staleness"], "{mode}");
    }
    for mode in ["stale-after-a-write", "stale-before-the-copy"] {
        let report = assert_breaks(mode);
        assert_eq!(broken(&report), ["Read your writes"], "{mode}");
    }
    for mode in ["back-in-time", "back-before-the-copy"] {
        assert_eq!(broken(&assert_breaks(mode)), ["Read your writes", "Monotonic reads"], "{mode}");
    }
    for name in ["projection-out-of-order", "change-lost"] {
        assert_eq!(broken(&assert_breaks(name)), ["Projection agreement"], "{name}");
    }
    let report = assert_breaks("change-lost");
    let schedule = property(&report, "Projection agreement").counterexample.as_ref().unwrap();
    assert!(schedule.iter().any(|choice| choice.contains("!crash-after=1,")), "{schedule:?}");
}

#[test]
fn a_failing_compensation_ends_visibly_stuck() {
    for name in ["refund-refused", "refund-command-refused"] {
        let report = assert_breaks(name);
        assert!(!property(&report, "Atomicity").holds, "{name}: the order stays half undone");
        let (stuck, rows) = stuck(&case(name));
        assert_eq!(stuck, [(TxnId(0), Direction::Undo, "SHOP_IS_BROKE".to_owned())], "{name}");
        let last = rows.last().unwrap();
        assert!(last == "dead letter" || last.contains("STUCK"), "{name}: {last}");
    }
}

#[test]
fn a_refused_retriable_step_ends_visibly_stuck() {
    for name in ["booking-refused", "booking-command-refused"] {
        let report = assert_breaks(name);
        assert!(!property(&report, "Stock conserved").holds, "{name}: an item is gone");
        let (stuck, rows) = stuck(&case(name));
        assert_eq!(stuck, [(TxnId(0), Direction::Do, "NO_TRUCK".to_owned())], "{name}");
        let last = rows.last().unwrap();
        assert!(last == "dead letter" || last.contains("STUCK"), "{name}: {last}");
    }
}

/// One checkout under an orchestrator, by the clock.
fn orchestrated(widgets: i64) -> Box<dyn Session> {
    let scenario = cases::one_checkout("saga-orchestration", widgets);
    finish(open(&RunInput::of(scenario)).unwrap())
}

/// The orchestrator may crash after any of its effects: the explorer tries them all, and a run by
/// the clock is struck at each of its events.
#[test]
fn an_orchestrator_that_crashes_at_any_effect_resumes() {
    let report = check(&checkout("saga-orchestration"), faults(1, 0, 0), false);
    assert_eq!((broken(&report), report.complete, report.states), (vec![], true, 876));
    assert!(property(&report, "Durability").exercised > 100, "recoveries were seen");

    for (widgets, outcome) in [(54, Outcome::Committed), (0, Outcome::Aborted)] {
        let base = orchestrated(widgets);
        let orchestrator = base.cast().node_named("orchestrator").unwrap();
        let here: Vec<u32> = (0..base.trace().len() as u32)
            .filter(|at| base.trace().get(EventIx(*at)).unwrap().node == orchestrator)
            .collect();
        assert!(here.len() > 20, "{here:?}");
        for at in here {
            let kind = ChoiceKind::Crash { node: orchestrator, lose: u8::MAX };
            let crash = Intervention { after: EventIx(at), kind, for_us: Some(20_000) };
            let run = finish(base.fork(crash).unwrap());
            assert_eq!(*run.state(), RunState::AtRest, "after event {at}");
            for property in run.properties() {
                assert!(property.holds(), "after event {at}: {:?}", property.violations);
            }
            assert_eq!(run.trace().of_kind("crashed").count(), 1, "after event {at}");
            assert_eq!(run.trace().of_kind("restarted").count(), 1, "after event {at}");
            let ends: Vec<&Outcome> = run
                .trace()
                .of_kind("ended")
                .filter_map(|(_, kind)| match kind {
                    EventKind::Ended { outcome, .. } => Some(outcome),
                    _ => None,
                })
                .collect();
            assert_eq!(ends, [&outcome], "after event {at}");
        }
    }
}

/// A reservation expires, and its confirmation comes too late: the others are confirmed already.
#[test]
fn a_late_confirmation_leaves_half_a_transaction() {
    for name in ["late-confirm", "late-confirm-half-done", "late-confirm-of-a-parcel"] {
        let report = assert_breaks(name);
        assert!(property(&report, "Exactly once").holds);
        assert!(property(&report, "Durability").holds);
    }
}

/// A command that says what the row is to be, and not which version it was made of, overwrites what
/// came between.
#[test]
fn without_an_expected_version_an_editor_overwrites_another() {
    let report = assert_breaks("overwritten-by-a-second-editor");
    assert_eq!(broken(&report), ["Money conserved"]);
    let mut mended = case("overwritten-by-a-second-editor").scenario;
    mended.options.expected = ExpectedVersion::Exact;
    let report = check(&mended, faults(0, 0, 0), false);
    assert_eq!((broken(&report), report.complete), (vec![], true));
}

/// A read database that takes a stream's changes in as they come ends with the older one.
#[test]
fn a_projection_without_versions_ends_with_the_older_change() {
    let report = assert_breaks("event-projected-out-of-order");
    assert_eq!(broken(&report), ["Projection agreement"]);
    let mut mended = case("event-projected-out-of-order").scenario;
    mended.options.projection_guard = true;
    // With a crash besides: see `event_sourced.rs`.
    let report = check(&mended, faults(0, 0, 0), false);
    assert_eq!((broken(&report), report.complete), (vec![], true));
}

/// Shipped scenarios that break as they are, and what mends each: one option, a word of its steps, or
/// another coupling. What is mended holds by complete exploration, with a crash more.
#[test]
fn what_ships_broken_is_found_and_mended() {
    let found: Vec<(&str, Vec<String>)> = as_shipped::cases()
        .iter()
        .map(|case| {
            let report = assert_breaks(case.name);
            (case.name, broken(&report).into_iter().map(String::from).collect())
        })
        .collect();
    let saga = ["Atomicity", "Saga history", "Durability", "Progress"];
    let expected = [
        ("last-seat-sold-twice", vec!["One ticket for each seat", "Isolation"]),
        ("order-without-parcel", vec!["Atomicity", "A parcel for each order"]),
        ("payment-delivered-again", vec!["Paid what was ordered", "Exactly once", "Saga history"]),
        (
            "event-never-published",
            vec!["Atomicity", "Paid what was ordered", "Saga history", "Durability", "Progress"],
        ),
        ("paid-out-too-early", vec!["No account below zero"]),
        ("points-are-spent", saga.to_vec()),
        ("second-answer-older", vec!["Read your writes", "Monotonic reads"]),
        ("older-change-last", vec!["Projection agreement"]),
    ];
    let expected = expected.map(|(name, titles)| {
        (name, titles.into_iter().map(String::from).collect::<Vec<String>>())
    });
    assert_eq!(found, expected);
}

/// The same documents with what their descriptions say: every state within the bounds holds.
#[test]
fn what_mends_a_shipped_scenario_holds_completely() {
    let (crash, all) = (faults(1, 0, 0), faults(1, 1, 1));
    let with = |name, change: fn(&mut Options)| {
        let mut scenario = as_shipped::named(name);
        change(&mut scenario.options);
        scenario
    };
    let mended = [
        (with("last-seat", |of| of.isolation = IsolationLevel::RepeatableRead), crash),
        (with("last-seat", |of| of.updates = Updates::InPlace), crash),
        (with("redelivered-payment", |of| of.inbox = true), all),
        (with("lost-event", |of| of.outbox = true), all),
        (with("out-of-order-projection", |of| of.projection_guard = true), crash),
        (as_shipped::under("dual-write", "saga-choreography"), all),
        (as_shipped::under("dual-write", "two-phase-commit"), crash),
        (as_shipped::locked("paid-out-too-early", "account:ann"), crash),
        (as_shipped::locked("failed-compensation", "points:ann"), crash),
    ];
    for (scenario, budget) in mended {
        let report = check(&scenario, budget, false);
        assert_eq!(broken(&report), [""; 0], "{}", scenario.title);
        assert!(
            report.complete && report.states < 500_000,
            "{}: {}",
            scenario.title,
            report.states
        );
        assert!(report.at_rest > 0, "{}", scenario.title);
    }
    // One replica's answers never go back, but may still miss the client's own write.
    let sticky = with("back-in-time", |of| of.sessions = SessionRule::Sticky);
    let report = check(&sticky, faults(0, 0, 0), false);
    assert_eq!((broken(&report), report.complete), (vec!["Read your writes"], true));
    // What a client knows of its own writes says nothing of the writes of others that it has seen.
    let own = with("back-in-time", |of| of.sessions = SessionRule::ReadYourWrites);
    let report = check(&own, faults(0, 0, 0), false);
    assert_eq!((broken(&report), report.complete), (vec!["Monotonic reads"], true));
}

/// What is kept of every case: with its link.
fn fixture() -> String {
    let entries: Vec<Value> = all()
        .iter()
        .map(|case| {
            let report = check(&case.scenario, case.faults, false);
            let found = property(&report, case.property);
            let schedule = found.counterexample.as_ref().unwrap();
            let why = found.why.as_ref().unwrap();
            let session = replay(&case.scenario, schedule);
            json!({
                "name": case.name,
                "bounds": report.bounds,
                "states": report.states,
                "length": schedule.len(),
                "property": case.property,
                "why": why,
                "link": link_to(session.as_ref(), case.property, why),
            })
        })
        .collect();
    serde_json::to_string_pretty(&entries).unwrap() + "\n"
}

#[test]
fn the_kept_breaks_are_those_that_are_found() {
    assert_file(FIXTURE, &fixture());
}

#[test]
fn every_kept_link_opens_on_the_violating_event() {
    let kept: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(file(FIXTURE)).unwrap()).unwrap();
    assert_eq!(kept.len(), all().len());
    for entry in kept {
        let text = |field: &str| entry[field].as_str().unwrap();
        assert_opens_on(text("link"), text("property"), text("why"));
        assert_opens_on(
            &format!("https://example.org/lab/#{}", text("link")),
            text("property"),
            text("why"),
        );
    }
}
