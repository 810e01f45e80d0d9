//! The rules of `oracles/saga.json` about compensations, outbox and inbox, each shown by a schedule.
//! (r1 to r3 are in `saga_oracles.rs`, with the figures that go with them.)

#![allow(clippy::unwrap_used)]

mod breaks_support;

use std::collections::BTreeMap;

use breaks_support::cases::{checkout, shipped};
use breaks_support::{broken, check, faults, replay};
use interleave_engine::event::{EventKind, LostRecord};
use interleave_engine::ids::{PartitionIx, TopicIx, TxnId};
use interleave_engine::scenario::document::{Budget, Compensate, CompensationOrder};
use interleave_engine::session::{RunInput, RunState, Session, open};

/// Plays the checkout as a choreographed saga by this schedule.
fn play(lines: &[&str]) -> Box<dyn Session> {
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    replay(&checkout("saga-choreography"), &lines)
}

/// The names of the records published, with their offsets.
fn published(session: &dyn Session) -> Vec<(String, u32)> {
    let records = session.trace().of_kind("published").filter_map(|(_, kind)| match kind {
        EventKind::Published { label, offset, .. } => {
            Some((session.cast().sym(*label).to_owned(), *offset))
        }
        _ => None,
    });
    records.collect()
}

/// The names of the events of the last choice.
fn last_choice(session: &dyn Session) -> Vec<&'static str> {
    let events = session.trace().events();
    let last = events.last().unwrap().step_no;
    events.iter().filter(|event| event.step_no == last).map(|event| event.kind.name()).collect()
}

/// Up to the moment at which an order is written and its event waits in the outbox.
const WRITTEN: [&str; 2] = ["arrive 1 0", "deliver clients orders request T1 - 0"];

/// Rule r4: repeated compensations, and compensations of steps that never ran or come later than
/// their compensation, have no effect.
#[test]
fn r4_compensations_may_come_again_early_and_for_nothing() {
    for order in [CompensationOrder::Sequential, CompensationOrder::Parallel] {
        for compensate in [Compensate::Completed, Compensate::FailedToo] {
            for pattern in ["saga-choreography", "saga-orchestration"] {
                let mut trip = shipped("trip", pattern);
                trip.options.compensation_order = order;
                trip.options.compensate = compensate;
                let name = format!("{pattern} {order:?} {compensate:?}");
                for budget in [faults(1, 0, 1), faults(0, 1, 1), faults(1, 1, 0)] {
                    let report = check(&trip, budget, false);
                    assert_eq!(broken(&report), [""; 0], "{name} {budget:?}");
                    assert!(report.complete, "{name} {budget:?}: {} states", report.states);
                }
            }
        }
    }
}

/// Rule r4, register before call: a step is given up while its command is still on the way, its
/// compensation overtakes it, and the command finds itself void.
#[test]
fn r4_a_command_that_its_compensation_overtook_is_void() {
    let mut trip = shipped("trip", "saga-orchestration");
    trip.options.compensate = Compensate::FailedToo;
    let lines = [
        "arrive 1 0",
        "deliver clients orchestrator request T1 - 0",
        "give-up orchestrator retry T1 0.do",
        "deliver orchestrator car CancelCar T1 0.undo 0",
        "deliver orchestrator car BookCar T1 0.do 0",
    ];
    let lines: Vec<String> = lines.map(str::to_owned).to_vec();
    let session = replay(&trip, &lines);
    assert_eq!(last_choice(session.as_ref())[..2], ["handled", "inbox-hit"]);
    let effects = session.trace().of_kind("committed").filter(
        |(_, kind)| matches!(kind, EventKind::Committed { effects, .. } if !effects.is_empty()),
    );
    assert_eq!(effects.count(), 0, "neither the step nor its compensation took effect");
    for property in session.properties() {
        assert!(property.holds(), "{:?}", property.violations);
    }
}

/// Whatever is given up, early or late, nothing takes effect twice or for nothing.
#[test]
fn r4_giving_up_applies_nothing_twice() {
    for compensate in [Compensate::Completed, Compensate::FailedToo] {
        let mut trip = shipped("trip", "saga-orchestration");
        trip.options.compensate = compensate;
        let budget = Budget { early_timer: 1, give_up: 1, ..Budget::default() };
        let report = check(&trip, budget, false);
        assert!(report.complete);
        assert!(!broken(&report).contains(&"Exactly once"), "{compensate:?} {:?}", broken(&report));
    }
}

/// Rule r5: the state and the message commit together.
#[test]
fn r5_a_message_commits_with_its_state() {
    let session = play(&WRITTEN);
    let commits: Vec<&EventKind> =
        session.trace().of_kind("committed").map(|(_, kind)| kind).collect();
    let [EventKind::Committed { changes, effects, outbox, inbox, forced, .. }] = commits[..] else {
        panic!("{commits:?}")
    };
    assert_eq!((changes.len(), effects.len(), outbox.len()), (1, 1, 1));
    assert!(*inbox);
    assert_eq!(*forced, 1, "one forced write makes all of it durable");
    assert_eq!(published(session.as_ref()), []);
}

/// Rule r5: a crash between publishing and marking as sent publishes again.
#[test]
fn r5_a_crash_between_publish_and_mark_gives_a_duplicate() {
    let mut lines = WRITTEN.to_vec();
    lines.extend(["relay orders !crash-after=1,0", "restart orders", "relay orders"]);
    let session = play(&lines);
    let twice = [("order.created".to_owned(), 0), ("order.created".to_owned(), 1)];
    assert_eq!(published(session.as_ref()), twice);
    assert_eq!(session.trace().of_kind("outbox-marked").count(), 1);
}

/// Rule r5: the mark is an unforced write, and a crash that loses it publishes again too.
#[test]
fn r5_a_lost_mark_gives_a_duplicate() {
    for (lose, records) in [(0, 1), (1, 2)] {
        let mut lines = WRITTEN.to_vec();
        let crash = format!("relay orders !crash-after=2,{lose}");
        lines.extend([crash.as_str(), "restart orders"]);
        if records == 2 {
            lines.push("relay orders");
        }
        let session = play(&lines);
        assert_eq!(published(session.as_ref()).len(), records);
        let lost: Vec<&LostRecord> = session
            .trace()
            .of_kind("crashed")
            .flat_map(|(_, kind)| match kind {
                EventKind::Crashed { lost, .. } => lost.iter(),
                _ => [].iter(),
            })
            .collect();
        assert_eq!(lost, vec![&LostRecord::OutboxMark; records - 1]);
    }
}

/// Rule r5: the relay keeps the order of each transaction's messages, on any number of partitions.
#[test]
fn r5_the_order_of_a_transaction_is_kept() {
    let mut scenario = checkout("saga-choreography");
    scenario.broker.partitions = 4;
    let mut session = open(&RunInput::of(scenario)).unwrap();
    while *session.state() == RunState::Running {
        session.run_slice(10_000);
    }
    let mut last: BTreeMap<(TopicIx, TxnId), (PartitionIx, u32)> = BTreeMap::new();
    let mut partitions = BTreeMap::new();
    let mut stored: BTreeMap<TxnId, Vec<_>> = BTreeMap::new();
    let mut sent: BTreeMap<TxnId, Vec<_>> = BTreeMap::new();
    for event in session.trace().events() {
        let Some(txn) = event.txn else { continue };
        match &event.kind {
            EventKind::Committed { outbox, .. } => {
                let labels = outbox.iter().map(|entry| (entry.topic, entry.label));
                stored.entry(txn).or_default().extend(labels);
            }
            EventKind::Published { topic, partition, offset, label, .. } => {
                sent.entry(txn).or_default().push((*topic, *label));
                partitions.insert(*partition, ());
                if let Some((before, earlier)) = last.insert((*topic, txn), (*partition, *offset)) {
                    assert_eq!(before, *partition, "{txn:?} keeps its partition");
                    assert!(earlier < *offset);
                }
            }
            _ => {}
        }
    }
    assert_eq!(partitions.len(), 4, "all partitions were in use");
    assert_eq!(stored.len(), 40);
    assert_eq!(stored, sent);
}

/// Rule r6: a record that comes again, and a copy of it, find the inbox and have no effect.
#[test]
fn r6_the_inbox_makes_redelivery_void() {
    let mut lines = WRITTEN.to_vec();
    lines.extend(["relay orders !crash-after=1,0", "restart orders", "relay orders"]);
    lines.push("consume payments orders 0");
    let first = play(&lines);
    assert_eq!(last_choice(first.as_ref()), ["consumed", "committed", "offset-committed"]);
    for again in [
        // The copy that the relay made.
        &["consume payments orders 0"][..],
        // The same record once more.
        &["redeliver payments orders 0", "consume payments orders 0"],
    ] {
        let mut lines = lines.clone();
        lines.extend(again);
        let session = play(&lines);
        assert_eq!(last_choice(session.as_ref()), ["consumed", "inbox-hit", "offset-committed"]);
        let charges = session.trace().of_kind("committed").filter(|(_, kind)| {
            matches!(kind, EventKind::Committed { effects, .. }
                if effects.iter().any(|of| of.step.0 == 1))
        });
        assert_eq!(charges.count(), 1);
    }
}
