//! Sentences for every kind of event, causal stories and causal slices.

mod views_support;

use std::collections::BTreeSet;

use interleave_engine::cast::GroupInfo;
use interleave_engine::event::{
    Acknowledged, DropReason, EVENT_NAMES, EventKind, Fact, LostRecord, Membership, Outcome,
    Refusal, RowChange, Shape,
};
use interleave_engine::ids::{
    DbIx, Direction, EventIx, FaultIx, FlowIx, MsgId, PartitionIx, QueryIx, StepIx, StepRef,
    TopicIx, TxnId,
};
use interleave_engine::value::{Row, Value};
use interleave_engine::verdict::Violation;
use interleave_engine::views::story::{causal_slice, sentence, why, why_violated};
use views_support::{CLIENTS, Script, checkout_cast, lost_event, one, service, sym, text_key};

fn titles(script: &Script, event: EventIx) -> Vec<String> {
    why(&script.cast, &script.trace, event)
        .into_iter()
        .map(|line| {
            let mark = if line.failed { "! " } else { "" };
            format!("{mark}{} | {}", line.title, line.detail)
        })
        .collect()
}

#[test]
fn the_story_of_a_lost_event_names_the_crash_and_who_is_never_told() {
    let (script, committed, crashed) = lost_event();
    assert_eq!(
        sentence(&script.cast, &script.trace, committed),
        "payments committed charge for T3: alice 80 → 50, shop 20 → 50"
    );
    assert_eq!(
        sentence(&script.cast, &script.trace, crashed),
        "payments crashed before it could publish payment.charged for T3; \
         the row and the message are two writes, only the first was made"
    );
    let story = titles(&script, crashed);
    assert_eq!(
        story,
        [
            "T3 started | checkout, customer alice, amount 30",
            "orders committed create | committed: new order:3 = 30, published order.created",
            "payments: charge alice 30 | committed: alice 80 → 50, shop 20 → 50",
            "! payments crashed before it could publish payment.charged for T3 | \
             the row and the message are two writes, only the first was made",
            "! stock is never told | T3 stays open, nobody undoes charge",
        ]
    );
    // The verdict is about the end of the run; its story is that of the crash.
    let violation = Violation {
        event: script.last(),
        culprit: Some(crashed),
        txn: Some(TxnId(2)),
        why: "half done".into(),
    };
    let violated = why_violated(&script.cast, &script.trace, &violation);
    assert_eq!(violated, why(&script.cast, &script.trace, crashed));
    // Without a culprit, the last thing that the transaction did.
    let unnamed = Violation { culprit: None, ..violation };
    let lines = why_violated(&script.cast, &script.trace, &unnamed);
    assert_eq!(lines.last().map(|line| line.event), Some(committed));
}

#[test]
fn an_event_sent_later_after_all_is_not_missing() {
    let (mut script, _, crashed) = lost_event();
    script.choice(10);
    script.publish(1, TxnId(2), false);
    let story = why(&script.cast, &script.trace, crashed);
    assert!(story.iter().all(|line| !line.never), "{story:?}");
}

#[test]
fn a_slice_has_the_causes_and_nothing_after_or_beside() {
    let (script, committed, crashed) = lost_event();
    let slice = causal_slice(&script.trace, crashed);
    assert_eq!(slice.last(), Some(&crashed));
    assert!(slice.contains(&committed));
    assert!(slice.is_sorted());
    // The balance of alice came from the charges of T1 and T2, which therefore belong to it; the
    // parcels of T1 and T2 do not.
    let about = |txn: u32, name: &str| {
        slice.iter().filter_map(|ix| script.trace.get(*ix)).any(|event| {
            event.txn == Some(TxnId(txn))
                && matches!(&event.kind, EventKind::Committed { effects, .. }
                    if script.cast.sym(script.cast.flows[0].steps[effects[0].step.ix()].name) == name)
        })
    };
    assert!(about(0, "charge") && about(1, "charge") && about(2, "charge"));
    assert!(!about(0, "book") && !about(1, "reserve") && !about(3, "create"));
    // Every cause of an event in the slice is in the slice.
    let members: BTreeSet<EventIx> = slice.iter().copied().collect();
    for ix in &slice {
        let cause = script.trace.get(*ix).and_then(|event| event.cause);
        assert!(cause.is_none_or(|cause| members.contains(&cause)), "{ix} misses its cause");
    }
    assert!(causal_slice(&script.trace, EventIx(1_000_000)).is_empty());
}

/// Every kind of event once, with the sentence that it must give.
#[test]
fn every_kind_of_event_has_its_sentence() {
    let mut script = Script::new(checkout_cast());
    script.cast.queries.push("order status".into());
    let (retry, alice) = (sym(&mut script.cast, "retry"), sym(&mut script.cast, "alice"));
    let (charge, funds) = (sym(&mut script.cast, "charge"), sym(&mut script.cast, "no funds"));
    let charged = sym(&mut script.cast, "payment.charged");
    let status = sym(&mut script.cast, "status");
    let (pending, paid) = (sym(&mut script.cast, "PENDING"), sym(&mut script.cast, "PAID"));
    let account = text_key(&mut script.cast, "row", "alice");
    let txn = Some(TxnId(0));
    let step = Some((StepIx(1), Direction::Do));
    let (clients, payments) = ((CLIENTS, txn, None), (service(1), txn, step));
    let (topic, partition) = (TopicIx(1), PartitionIx(0));
    let msg = MsgId(0);
    let committed = |before: Row, after: Row, effects: Vec<StepRef>| EventKind::Committed {
        db: DbIx(1),
        changes: vec![RowChange { key: account, before: Some(before), after: Some(after) }],
        effects,
        outbox: vec![],
        inbox: false,
        log_records: 2,
        forced: 1,
    };
    let fields = |word| Row::new(vec![(status, Value::Text(word))]);
    let sent = |shape, attempt| EventKind::Sent {
        msg,
        to: service(1),
        shape,
        label: charge,
        attempt,
        due: 2_000,
    };
    let inputs = vec![Value::Text(alice), Value::Int(30)];
    let cases: Vec<(views_support::About, EventKind, &str)> = vec![
        (
            clients,
            EventKind::Started { flow: FlowIx(0), inputs },
            "T1 started: checkout with customer alice, amount 30",
        ),
        (
            clients,
            EventKind::Acknowledged { promise: Acknowledged::Completed },
            "the client of T1 was told that it is completed: every step is durable",
        ),
        (clients, sent(Shape::Command, 1), "a client sent T1 to payments once more (attempt 2)"),
        (
            clients,
            EventKind::Duplicated { msg, copy: MsgId(1), due: 3_000 },
            "the network copied the charge of T1 from clients to payments: it will arrive twice",
        ),
        (
            payments,
            EventKind::Dropped { msg: MsgId(1), why: DropReason::Lost },
            "the network lost the charge of T1 from clients to payments",
        ),
        (
            payments,
            EventKind::Dropped { msg, why: DropReason::NodeDown },
            "the charge of T1 from clients to payments did not arrive: payments is down",
        ),
        (payments, EventKind::Arrived { msg }, "the charge of T1 from clients to payments arrived"),
        (
            payments,
            EventKind::ServiceStarted { until: 1_500 },
            "a worker of payments began with charge of T1, which takes 1.5 ms",
        ),
        (payments, EventKind::Handled { msg }, "payments handled the charge of T1 from clients"),
        (
            payments,
            committed(one(100), one(70), vec![StepRef::forward(TxnId(0), StepIx(1))]),
            "payments committed charge for T1: alice 100 → 70",
        ),
        (
            payments,
            committed(fields(pending), fields(paid), vec![]),
            "payments saved its state for T1: alice status PENDING → PAID",
        ),
        (
            payments,
            committed(one(70), one(100), vec![StepRef::undo(TxnId(0), StepIx(1))]),
            "payments committed refund for T1, which undoes charge: alice 70 → 100",
        ),
        (
            payments,
            EventKind::Refused { db: DbIx(1), why: Refusal::Bound(funds) },
            "payments refused charge for T1: no funds; nothing was written",
        ),
        (
            payments,
            EventKind::InboxHit { db: DbIx(1) },
            "payments found this message in its inbox: charge of T1 was not applied again",
        ),
        (
            payments,
            EventKind::Published {
                topic,
                partition,
                offset: 0,
                shape: Shape::Event,
                label: charged,
                relayed: true,
            },
            "payments published payment.charged of T1 from its outbox (payments, offset 0)",
        ),
        (
            payments,
            EventKind::OutboxMarked { db: DbIx(1) },
            "payments marked payment.charged of T1 in its outbox as sent",
        ),
        (
            payments,
            EventKind::ReplyLost,
            "the reply to a call of payments was lost; the handler ended there",
        ),
        (
            (service(2), txn, Some((StepIx(2), Direction::Do))),
            EventKind::Fetched { topic, partition, offset: 0 },
            "payment.charged of T1 reached stock (payments, offset 0)",
        ),
        (
            (service(2), txn, None),
            EventKind::Consumed { topic, partition, offset: 0, again: true },
            "stock handled payment.charged of T1 again (payments, offset 0): it was delivered once more",
        ),
        (
            (service(2), txn, None),
            EventKind::OffsetCommitted { topic, partition, next: 1 },
            "stock committed its offset in payments: after a restart it goes on with record 1",
        ),
        (
            (service(2), txn, None),
            EventKind::DeadLettered { topic, partition, offset: 0 },
            "stock set payment.charged of T1 aside as a dead letter (payments, offset 0): it was delivered too often in vain",
        ),
        (
            payments,
            EventKind::Read { db: DbIx(1), key: account, row: Some(one(70)) },
            "payments read alice: 70",
        ),
        (
            payments,
            EventKind::TimerArmed { label: retry, due: 50_000 },
            "payments set the timer retry for T1, due in 50 ms",
        ),
        (
            payments,
            EventKind::TimerFired { label: retry },
            "the timer retry of payments fired for T1: no answer had come",
        ),
        (
            payments,
            EventKind::TimerCancelled { label: retry },
            "payments took back the timer retry for T1: what it waited for is overtaken",
        ),
        (
            (service(1), None, None),
            EventKind::Crashed { lost: vec![LostRecord::OutboxMark], fault: None },
            "payments crashed; what it held in memory is gone; 1 unforced log record went with it",
        ),
        (
            (service(1), None, None),
            EventKind::Restarted { redone: 2 },
            "payments is up again; it recovered from 2 log records",
        ),
        (
            (service(1), None, None),
            EventKind::FaultBegan { fault: FaultIx(1) },
            "a fault began: the broker is out",
        ),
        (
            (service(1), None, None),
            EventKind::FaultEnded { fault: FaultIx(1) },
            "the fault is over: the broker is out",
        ),
        (
            payments,
            EventKind::Stuck { reason: Some(funds) },
            "T1 is stuck on no funds: it can neither go on nor be undone, and waits for a person",
        ),
        (clients, EventKind::Ignored, "clients ignored the answer: nobody waits for it any more"),
        (
            payments,
            EventKind::LockWaited { db: DbIx(1), key: Some(account), holders: vec![TxnId(2)] },
            "T1 waits for the lock on alice, behind T3",
        ),
        (payments, EventKind::LockGranted { db: DbIx(1) }, "T1 has the lock that it waited for"),
        (
            payments,
            EventKind::Wrote { db: DbIx(1), changes: Vec::new() },
            "T1 took back what it had written",
        ),
        (
            payments,
            EventKind::Deadlocked {
                db: DbIx(1),
                cycle: vec![TxnId(0), TxnId(2)],
                victim: TxnId(2),
            },
            "deadlock: T1 → T3 → T1 wait for each other, and T3 is rolled back for it",
        ),
        (
            payments,
            EventKind::RolledBack {
                db: DbIx(1),
                why: Some(Refusal::Deadlock),
                log_records: 0,
                forced: 0,
            },
            "T1 was rolled back at payments: it was chosen to end a deadlock",
        ),
        (
            payments,
            EventKind::Prepared { db: DbIx(1), changes: vec![], log_records: 1, forced: 1 },
            "payments prepared T1: it can commit whatever happens, keeps its locks, and is in doubt \
             until it hears the decision",
        ),
        (
            payments,
            EventKind::Appended { db: DbIx(1), stream: account, version: 3, fact: Fact::Deleted },
            "payments appended event 3 to the stream of alice: deleted",
        ),
        (
            payments,
            EventKind::Snapshotted { db: DbIx(1), stream: account, version: 3 },
            "payments stored a snapshot of alice as of event 3: recovery folds only what comes after it",
        ),
        (
            payments,
            EventKind::Decided { forward: false },
            "payments decided that T1 goes back: what was done is to be undone",
        ),
        (
            (service(2), txn, None),
            EventKind::CommitRefused { topic, partition, next: 1, generation: 1, now: 2 },
            "the broker refused the offset in payments that stock wanted to commit: it speaks for \
             generation 1 of its group, which is at generation 2, and its partition is another's",
        ),
        (
            (service(2), txn, None),
            EventKind::Revoked { topic, partition, offset: 0 },
            "stock dropped payment.charged of T1 (payments, offset 0): its partition was given to another",
        ),
        (
            (service(3), None, None),
            EventKind::Rebalanced {
                service: service(2),
                generation: 2,
                why: Membership::Expelled(service(2)),
                owners: vec![(topic, partition, service(1))],
                fenced: true,
            },
            "the consumer group of stock gave out its partitions anew, since nothing was heard of \
             stock, which was given up: in generation 2 payments reads payments; \
             stock reads nothing; the database of stock was told, and refuses writes that speak for an \
             older one",
        ),
        (
            clients,
            EventKind::Ended { outcome: Outcome::Aborted, reason: Some(funds) },
            "T1 ended aborted: no funds",
        ),
        (clients, EventKind::QueryStarted { query: QueryIx(0) }, "a client asked order status"),
        (
            clients,
            EventKind::QueryAnswered {
                query: QueryIx(0),
                rows: vec![(DbIx(1), account, None)],
                missing: vec![],
            },
            "order status was answered with 0 of 1 rows",
        ),
    ];
    script.cast.groups.push(GroupInfo {
        service: service(2),
        members: vec![service(1), service(2)],
        owners: vec![],
    });
    let mut kinds = BTreeSet::new();
    let mut expected = Vec::new();
    for (about, kind, text) in cases {
        kinds.insert(kind.name());
        // Each in a choice of its own, so that no crash falls into a handler here.
        if !matches!(kind, EventKind::OutboxMarked { .. }) {
            script.choice(0);
        }
        let cause = script.trace.len().checked_sub(1).map(|ix| EventIx(ix as u32));
        let cause = cause.filter(|_| matches!(kind, EventKind::OutboxMarked { .. }));
        expected.push((script.on(about, cause, kind), text));
    }
    for (ix, text) in expected {
        assert_eq!(sentence(&script.cast, &script.trace, ix), text);
    }
    let all: BTreeSet<&str> = EVENT_NAMES.iter().copied().collect();
    assert_eq!(kinds, all, "a kind of event without a sentence that was looked at");
    assert_eq!(sentence(&script.cast, &script.trace, EventIx(9_999)), "");
}

#[test]
fn crashes_say_what_they_cut_in_two() {
    type Act = fn(&mut Script);
    let cases: [(Act, &str); 4] = [
        (
            |script| {
                script.commit(1, TxnId(0), 30, true);
            },
            "payments crashed right after it committed charge for T1; \
             payment.charged is safe in its outbox, since both were one write",
        ),
        (
            |script| {
                script.commit(1, TxnId(0), 30, false);
                script.publish(1, TxnId(0), false);
            },
            "payments crashed after it published payment.charged for T1 and before it committed \
             its offset; the record that it was handling will come again",
        ),
        (
            |script| {
                script.commit(1, TxnId(0), 30, true);
                script.choice(10);
                script.publish(1, TxnId(0), true);
            },
            "payments crashed after it published payment.charged for T1 and before it marked it \
             as sent; it will be published again",
        ),
        (|_| {}, "payments crashed before it could do anything for T1; nothing was written"),
    ];
    for (act, text) in cases {
        let mut script = Script::new(checkout_cast());
        script.saga_until(TxnId(0), 30, false, 1);
        let published = script.trace.of_kind("published").next().expect("published").0;
        script.consume_begin(1, TxnId(0), published);
        act(&mut script);
        let crashed = script.crash(1);
        assert_eq!(sentence(&script.cast, &script.trace, crashed), text);
    }
}

#[test]
fn a_story_tells_of_the_crash_that_a_record_waited_out() {
    let mut script = Script::new(checkout_cast());
    script.saga_until(TxnId(0), 30, false, 1);
    let published = script.trace.of_kind("published").next().expect("published").0;
    script.choice(100);
    let about = (service(1), None, None);
    let crashed = script.on(about, None, EventKind::Crashed { lost: vec![], fault: None });
    script.restart(1, 500_000);
    script.consume_begin(1, TxnId(0), published);
    let committed = script.commit(1, TxnId(0), 30, false);
    let story = why(&script.cast, &script.trace, committed);
    let at = story.iter().position(|line| line.event == crashed).expect("the crash is told");
    assert!(story[at].failed);
    assert_eq!(story[at + 1].title, "payments is up again after 500 ms");
    assert_eq!(story.last().map(|line| line.event), Some(committed));
}
