//! Each property over traces that hold and traces that break it, with the event, the transaction
//! and the words of the violation.

#![allow(clippy::unwrap_used)]

mod properties_support;

use interleave_engine::event::{Acknowledged, EventKind, LostRecord, Outcome};
use interleave_engine::ids::{EventIx, TxnId};
use interleave_engine::scenario::document::{Compensate, CompensationOrder, Coupling, Parts};
use interleave_engine::verdict::Violation;
use serde_json::json;

use properties_support::{Run, changes, checkout, dropped, lab, step};

const T1: Option<TxnId> = Some(TxnId(0));

/// The only violation of a report.
fn only(run: &Run, id: &str) -> Violation {
    let report = run.report(id);
    assert_eq!(report.violation_count, 1, "{report:#?}");
    report.violations[0].clone()
}

#[test]
fn a_run_without_trouble_holds_everything_and_says_that_nothing_was_tried() {
    let reports = checkout().run().commits(1).commits(2).reports();
    let held: Vec<(&str, bool, u64)> =
        reports.iter().map(|report| (report.id, report.holds(), report.exercised)).collect();
    let ids = ["atomicity", "exactly-once", "saga-history", "durability", "progress"];
    assert_eq!(held, ids.map(|id| (id, true, 0)));
}

// Atomicity.

#[test]
fn half_a_transaction_breaks_atomicity_at_rest_and_names_the_crash() {
    let run = checkout().run().start(1).does(1, &["order", "charge"]).crash("payments", vec![]);
    let run = run.push(4, None, EventKind::Restarted { redone: 1 });
    let violation = only(&run, "atomicity");
    assert_eq!(violation.event, run.last());
    assert_eq!(violation.culprit, Some(EventIx(3)));
    assert_eq!(violation.txn, T1);
    assert_eq!(
        violation.why,
        "T1 is half done: order and charge are done, reserve and ship are not done."
    );
    assert_eq!(
        changes(&run.report("atomicity")),
        ["Holds: all or nothing", "Moving: T1 is moving", "Broken: T1 half done"]
    );
}

#[test]
fn a_crash_elsewhere_is_not_what_left_half_a_transaction() {
    let run = checkout().run().start(1).does(1, &["order"]).crash("shipping", vec![]);
    let run = run.restart("shipping").push(2, Some(1), dropped(7));
    assert_eq!(only(&run, "atomicity").culprit, Some(EventIx(4)));
}

#[test]
fn a_refused_step_without_compensation_leaves_half_a_transaction() {
    let run = checkout().run().start(1).does(1, &["order"]).refused(1, "payments");
    let run = run.ended(1, Outcome::Aborted);
    let violation = only(&run, "atomicity");
    assert_eq!(violation.culprit, Some(EventIx(2)));
    assert_eq!(
        violation.why,
        "T1 is half done: order is done, charge, reserve and ship are not done."
    );
    assert_eq!(run.report("atomicity").exercised, 1);
}

#[test]
fn a_retriable_step_that_never_ran_is_half_a_transaction() {
    let run = checkout().run().start(1).does(1, &["order", "charge", "reserve"]);
    assert!(only(&run, "atomicity").why.ends_with("reserve are done, ship is not done."));
}

#[test]
fn what_is_undone_in_part_is_half_done() {
    let run = checkout().run().start(1).does(1, &["order", "charge", "undo-charge"]);
    let why = "T1 is half done: order is done, charge is undone, reserve and ship are not done.";
    assert_eq!(only(&run, "atomicity").why, why);
}

#[test]
fn what_is_undone_in_full_is_atomic() {
    let run = checkout().run().start(1).does(1, &["order", "charge", "undo-charge", "undo-order"]);
    let report = run.ended(1, Outcome::Aborted).report("atomicity");
    assert!(report.holds());
    assert_eq!(report.exercised, 2);
    let measure = "longest inconsistency window 3 ms (T1)";
    assert_eq!(report.measure.as_deref(), Some(measure));
}

#[test]
fn the_window_is_the_longest_and_counts_what_lasts() {
    let run = checkout().run().start(1).start(2).does(1, &["order"]).wait_us(1_395_000);
    let run = run.does(1, &["charge", "reserve", "ship"]).does(2, &["order"]);
    let measure = |run: &Run| run.report("atomicity").measure;
    assert_eq!(measure(&run).as_deref(), Some("longest inconsistency window 1.4 s (T1)"));
    let run = run.wait_us(9_998_000).start(3);
    assert_eq!(measure(&run).as_deref(), Some("longest inconsistency window 10 s (T2)"));
    let run = checkout().run().without_clock().commits(1);
    assert_eq!(measure(&run), None, "an explored schedule has no durations");
}

#[test]
fn several_moving_transactions_are_counted() {
    let run = checkout().run().start(1).start(2).does(1, &["order"]).does(2, &["order"]);
    let run = run.does(1, &["charge", "reserve", "ship"]).does(2, &["charge", "reserve", "ship"]);
    assert_eq!(
        changes(&run.report("atomicity")),
        [
            "Holds: all or nothing",
            "Moving: T1 is moving",
            "Moving: 2 moving",
            "Moving: T2 is moving",
            "Holds: all or nothing"
        ]
    );
}

#[test]
fn a_step_whose_condition_is_false_or_that_changes_nothing_has_no_say() {
    let mut wrap = step("wrap", "stock", "compensatable");
    wrap["if"] = json!({"input": "wrap", "is": "gift"});
    let mut reject = step("reject", "orders", "compensatable");
    reject["do"] = json!([]);
    let mut look = step("look", "orders", "compensatable");
    look["do"] = json!([{"op": "read", "key": "item:blue"}]);
    let steps = json!([reject, look, step("charge", "payments", "compensatable"), wrap]);
    let lab = lab(steps, json!([]));
    let plain = lab.run().start_with(1, "note").does(1, &["charge"]).ended(1, Outcome::Committed);
    assert_eq!(plain.broken(), [""; 0]);
    let gift = lab.run().start_with(1, "gift").does(1, &["charge"]).ended(1, Outcome::Aborted);
    assert_eq!(gift.broken(), ["atomicity", "saga-history"]);
    let back = lab.run().start_with(1, "gift").does(1, &["charge", "undo-charge", "undo-reject"]);
    assert_eq!(back.ended(1, Outcome::Aborted).broken(), [""; 0]);
}

#[test]
fn a_crash_that_loses_an_effect_takes_it_out_of_the_ledger() {
    let lab = checkout();
    let lost = LostRecord::Commit {
        changes: vec![],
        effects: vec![lab.effect(1, "order")],
        in_doubt: false,
    };
    let run = lab.run().start(1).does(1, &["order"]).crash("orders", vec![lost]);
    assert!(run.report("atomicity").holds());
    let again = run.does(1, &["order"]);
    assert!(again.report("exactly-once").holds());
    assert!(again.report("saga-history").violations[0].why.contains("ends on its way forward"));
}

#[test]
fn what_was_got_over_is_not_what_left_half_a_transaction() {
    let run = checkout().run().start(1).does(1, &["order"]).refused(1, "payments");
    let run = run.does(1, &["charge"]).push(3, Some(1), dropped(1)).refused(1, "stock");
    assert_eq!(only(&run, "atomicity").culprit, Some(EventIx(4)));
}

// Exactly once.

#[test]
fn reading_again_is_no_second_effect() {
    let mut look = step("look", "orders", "compensatable");
    look["do"] = json!([{"op": "read", "key": "item:blue"}]);
    let lab = lab(json!([look, step("charge", "payments", "pivot")]), json!([]));
    let run = lab.run().start(1).does(1, &["look", "look", "charge"]);
    assert!(run.report("exactly-once").holds());
    assert!(run.report("saga-history").holds());
}

#[test]
fn a_second_application_breaks_exactly_once_where_it_happens() {
    let run = checkout().run().start(1).does(1, &["order", "charge", "order"]);
    let run = run.does(1, &["reserve", "ship"]).ended(1, Outcome::Committed);
    let violation = only(&run, "exactly-once");
    assert_eq!((violation.event, violation.culprit), (EventIx(3), Some(EventIx(1))));
    assert_eq!(violation.txn, T1);
    assert_eq!(violation.why, "order of T1 took effect again, though it was done.");
    let states = changes(&run.report("exactly-once"));
    assert_eq!(states, ["Holds: no effect twice", "Broken: T1 order twice"]);
    assert!(run.report("atomicity").holds());
}

#[test]
fn undoing_twice_or_for_nothing_breaks_exactly_once() {
    let twice = checkout().run().start(1).does(1, &["order", "undo-order", "undo-order"]);
    let violation = only(&twice, "exactly-once");
    assert_eq!((violation.event, violation.culprit), (EventIx(3), Some(EventIx(2))));
    assert_eq!(violation.why, "undo-order of T1 took effect again, though order was undone.");
    let nothing = checkout().run().start(1).does(1, &["undo-charge"]);
    let violation = only(&nothing, "exactly-once");
    assert_eq!((violation.event, violation.culprit), (EventIx(1), None));
    assert_eq!(violation.why, "undo-charge of T1 took effect, though charge was never done.");
}

#[test]
fn doing_again_after_an_undo_is_once() {
    let run = checkout().run().start(1).does(1, &["order", "undo-order", "order", "undo-order"]);
    assert!(run.report("exactly-once").holds());
    let other = checkout().run().commits(1).commits(2);
    assert!(other.report("exactly-once").holds());
}

#[test]
fn redeliveries_and_recoveries_put_exactly_once_to_the_test() {
    let run = checkout().run().commits(1).crash("orders", vec![]).restart("orders");
    let run = run.push(2, Some(1), EventKind::InboxHit { db: interleave_engine::ids::DbIx(1) });
    assert_eq!(run.report("exactly-once").exercised, 2);
}

// Saga histories.

/// The words of the first objection to a history of T1.
fn objection(run: Run) -> String {
    run.report("saga-history").violations[0].why.clone()
}

#[test]
fn each_illegal_history_is_named() {
    let histories: [(&[&str], &str); 8] = [
        (&["charge"], "charge of T1 was done before order."),
        (&["order", "order"], "order of T1 was done again."),
        (
            &["order", "undo-order", "order"],
            "order of T1 was done after the compensation had begun.",
        ),
        (&["order", "charge", "undo-order"], "undo-order of T1 was done before charge was undone."),
        (&["undo-order"], "undo-order of T1 was done, though there was nothing to undo."),
        (&["order", "undo-order", "undo-order"], "undo-order of T1 was done again."),
        (
            &["order", "charge", "reserve", "undo-charge"],
            "undo-charge of T1 was done after reserve, the point of no return, was done.",
        ),
        (
            &["order", "charge"],
            "The history of T1 ends on its way forward: order and charge are done.",
        ),
    ];
    for (history, why) in histories {
        let run = checkout().run().start(1).does(1, history);
        assert_eq!(objection(run.clone()), why);
        let at_end = run.report("saga-history").violations[0].clone();
        assert_eq!((at_end.event, at_end.txn), (run.last(), T1));
    }
}

fn two_compensatable() -> properties_support::Lab {
    let names = [("order", "orders"), ("charge", "payments")];
    lab(json!(names.map(|(name, service)| step(name, service, "compensatable"))), json!([]))
}

#[test]
fn a_complete_saga_is_undone_only_where_the_failed_step_is_compensated_too() {
    let mut lab = two_compensatable();
    let history = ["order", "charge", "undo-charge", "undo-order"];
    let run = |lab: &properties_support::Lab| lab.run().start(1).does(1, &history);
    let why = "undo-charge of T1 was done, though every step had been done.";
    assert_eq!(objection(run(&lab)), why);
    lab.scenario.options.compensate = Compensate::FailedToo;
    assert!(run(&lab).report("saga-history").holds());
}

#[test]
fn parallel_compensations_come_in_any_order() {
    let mut lab = checkout();
    let history = ["order", "charge", "undo-order", "undo-charge"];
    let run = |lab: &properties_support::Lab| lab.run().start(1).does(1, &history);
    assert!(!run(&lab).report("saga-history").holds());
    lab.scenario.options.compensation_order = CompensationOrder::Parallel;
    assert!(run(&lab).report("saga-history").holds());
}

#[test]
fn the_undo_of_a_step_without_rows_keeps_its_place() {
    let mut reject = step("reject", "orders", "compensatable");
    reject["do"] = json!([]);
    let steps =
        [reject, step("order", "orders", "compensatable"), step("charge", "payments", "pivot")];
    let lab = lab(json!(steps), json!([]));
    let good = lab.run().start(1).does(1, &["order", "undo-order", "undo-reject"]);
    assert!(good.report("saga-history").holds());
    let early = lab.run().start(1).does(1, &["order", "undo-reject", "undo-order"]);
    assert_eq!(objection(early), "undo-reject of T1 was done before order was undone.");
    let late = lab.run().start(1).does(1, &["order", "charge", "undo-reject"]);
    assert!(objection(late).contains("the point of no return"));
}

#[test]
fn steps_without_rows_are_undone_in_reverse_too() {
    let empty = |name: &str| {
        let mut step = step(name, "orders", "compensatable");
        step["do"] = json!([]);
        step
    };
    let steps = [empty("open"), empty("reject"), step("charge", "payments", "pivot")];
    let lab = lab(json!(steps), json!([]));
    assert!(
        lab.run().start(1).does(1, &["undo-reject", "undo-open"]).report("saga-history").holds()
    );
    let wrong = lab.run().start(1).does(1, &["undo-open", "undo-reject"]);
    assert_eq!(objection(wrong), "undo-reject of T1 was done after undo-open.");
}

#[test]
fn without_a_pivot_the_first_retriable_step_is_the_point_of_no_return() {
    let steps = [
        step("order", "orders", "compensatable"),
        step("ship", "shipping", "retriable"),
        step("mail", "orders", "retriable"),
    ];
    let run = lab(json!(steps), json!([])).run().start(1).does(1, &["order", "ship", "undo-ship"]);
    let why = "undo-ship of T1 was done after ship, the point of no return, was done.";
    assert_eq!(objection(run), why);
}

#[test]
fn only_sagas_have_saga_histories() {
    let mut lab = checkout();
    let ids = |lab: &properties_support::Lab| -> Vec<&str> {
        lab.monitor().lines().iter().map(|line| line.id).collect()
    };
    assert!(ids(&lab).contains(&"saga-history"));
    lab.scenario.coupling = Coupling::Named("database-per-service".into());
    assert!(!ids(&lab).contains(&"saga-history"));
    let parts = |write: &str| {
        Coupling::Parts(Parts { write: write.into(), read: "direct".into(), store: "rows".into() })
    };
    lab.scenario.coupling = parts("uncoordinated");
    assert!(!ids(&lab).contains(&"saga-history"));
    lab.scenario.coupling = parts("saga-choreography");
    assert!(ids(&lab).contains(&"saga-history"));
}

// Durability.

#[test]
fn a_crash_that_takes_back_what_was_accepted_breaks_durability_at_once() {
    let lab = checkout();
    let lost = LostRecord::Commit {
        changes: vec![],
        effects: vec![lab.effect(1, "order")],
        in_doubt: false,
    };
    let run = lab.run().start(1).does(1, &["order"]);
    let silent = run.clone().crash("orders", vec![lost.clone()]);
    assert!(silent.report("durability").holds(), "nothing was acknowledged");
    let run = run.acknowledged(1, Acknowledged::Accepted).crash("orders", vec![lost]);
    let report = run.clone().restart("orders").report("durability");
    let violation = &report.violations[0];
    assert_eq!((violation.event, violation.culprit), (EventIx(3), Some(EventIx(2))));
    assert_eq!(violation.txn, T1);
    let why = "The crash took back order of T1, which had been acknowledged as accepted.";
    assert_eq!(violation.why, why);
    assert_eq!(
        report.violations[1].why,
        "T1 was acknowledged as accepted, but nothing of it is left."
    );
    assert_eq!(report.exercised, 1);
    // Doing it again does not mend the promise.
    let mended = run.does(1, &["order", "charge", "reserve", "ship"]);
    assert_eq!(mended.report("durability").violation_count, 1);
    assert_eq!(changes(&mended.report("durability")).last().unwrap(), "Broken: T1 lost order");
}

#[test]
fn accepted_covers_the_first_step_and_completed_all() {
    let lab = checkout();
    let lost = |name: &str| LostRecord::Commit {
        changes: vec![],
        effects: vec![lab.effect(1, name)],
        in_doubt: false,
    };
    let run =
        lab.run().start(1).does(1, &["order", "charge"]).acknowledged(1, Acknowledged::Accepted);
    let run = run.crash("payments", vec![lost("charge")]).does(1, &["charge", "reserve", "ship"]);
    assert!(run.report("durability").holds());
    let run = run.acknowledged(1, Acknowledged::Completed).crash("payments", vec![lost("charge")]);
    let report = run.report("durability");
    assert!(
        report.violations[0].why.contains("charge of T1, which had been acknowledged as completed")
    );
    let why = "T1 was acknowledged as completed, but only order, reserve and ship are there.";
    assert_eq!(report.violations[1].why, why);
    assert_eq!(report.violations[1].event, run.last());
}

#[test]
fn an_accepted_transaction_is_neither_vanished_nor_half_at_rest() {
    let half =
        checkout().run().start(1).does(1, &["order"]).acknowledged(1, Acknowledged::Accepted);
    assert_eq!(
        only(&half, "durability").why,
        "T1 was acknowledged as accepted, but only order is there."
    );
    let undone = half.clone().does(1, &["undo-order"]);
    assert!(undone.report("durability").holds(), "an explicit undo is an answer");
    let nothing = checkout().run().start(1).acknowledged(1, Acknowledged::Accepted);
    assert!(!nothing.report("durability").holds());
    let unknown = nothing.clone().ended(1, Outcome::Unknown);
    assert!(!unknown.report("durability").holds(), "nobody was told that it was refused");
    let refused = nothing.refused(1, "orders").ended(1, Outcome::Aborted);
    assert!(refused.report("durability").holds(), "an orchestrator accepts before the first step");
    let alone = checkout().run().start(1).does(1, &["order"]);
    assert_eq!(
        alone.broken(),
        ["atomicity", "saga-history", "progress"],
        "nothing was acknowledged"
    );
}

#[test]
fn losing_the_second_of_two_applications_loses_nothing() {
    let lab = checkout();
    let lost = LostRecord::Commit {
        changes: vec![],
        effects: vec![lab.effect(1, "order")],
        in_doubt: false,
    };
    let run = lab.run().start(1).does(1, &["order"]).acknowledged(1, Acknowledged::Accepted);
    let run = run.does(1, &["order"]).crash("orders", vec![lost]);
    assert!(run.does(1, &["charge", "reserve", "ship"]).report("durability").holds());
}

#[test]
fn an_end_as_committed_promises_every_step() {
    let run = checkout().run().start(1).does(1, &["order", "charge"]).ended(1, Outcome::Committed);
    assert!(
        only(&run, "durability").why.contains("completed, but only order and charge are there")
    );
}

// Progress.

#[test]
fn an_unfinished_transaction_breaks_progress_at_rest() {
    let run =
        checkout().run().start(1).start(2).ended(2, Outcome::Aborted).push(0, Some(1), dropped(3));
    let violation = only(&run, "progress");
    assert_eq!(
        (violation.event, violation.culprit, violation.txn),
        (run.last(), Some(EventIx(3)), T1)
    );
    assert_eq!(violation.why, "T1 never ended, and nothing is left that could end it.");
    assert_eq!(
        changes(&run.report("progress")),
        [
            "Holds: all ended",
            "Moving: T1 is moving",
            "Moving: 2 moving",
            "Moving: T1 is moving",
            "Broken: T1 unfinished"
        ]
        .into_iter()
        .skip(1)
        .collect::<Vec<_>>(),
        "the state at event 0 is the state after it"
    );
}

#[test]
fn a_stuck_transaction_breaks_progress_where_it_gets_stuck() {
    let run = checkout().run().start(1).does(1, &["order", "charge", "reserve"]);
    let run = run.refused(1, "shipping").stuck(1).restart("orders");
    let violation = only(&run, "progress");
    assert_eq!(
        (violation.event, violation.culprit, violation.txn),
        (EventIx(5), Some(EventIx(4)), T1)
    );
    assert!(violation.why.starts_with("T1 is stuck"));
    assert_eq!(changes(&run.report("progress")).last().unwrap(), "Broken: T1 stuck");
}

#[test]
fn an_unknown_outcome_is_an_end_and_is_said() {
    let run = checkout().run().start(1).ended(1, Outcome::Unknown);
    let report = run.report("progress");
    assert!(report.holds());
    assert_eq!(report.measure.as_deref(), Some("the client of T1 never learned the outcome"));
    let report = run.start(2).ended(2, Outcome::Unknown).report("progress");
    assert_eq!(report.measure.as_deref(), Some("2 clients never learned the outcome"));
}

// A selection.

#[test]
fn a_selected_property_is_the_only_one_and_knows_the_same() {
    let run = checkout().run().start(1).does(1, &["order", "order"]);
    let mut monitor =
        interleave_engine::properties::Monitor::new(run.lab.rules(), Some(&["exactly-once"]));
    let mut found = Vec::new();
    for (at, event) in run.events.iter().enumerate() {
        monitor.observe(EventIx(at as u32), event, &mut found);
    }
    assert_eq!(monitor.lines().len(), 1);
    assert_eq!(found.len(), 1);
    assert_eq!(monitor.broken().collect::<Vec<_>>(), [0]);
    assert!(monitor.is_broken(0));
}
