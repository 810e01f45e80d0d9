//! Frames: any moment equals the fold from the start, and says what the events say.

mod views_support;

use interleave_engine::event::{EventKind, LostRecord, OutboxEntry, Outcome, RowChange, Shape};
use interleave_engine::ids::{
    DbIx, Direction, EventIx, MsgId, NodeIx, PartitionIx, StepIx, StepRef, TopicIx, TxnId,
};
use interleave_engine::views::Views;
use interleave_engine::views::frame::{Frame, NodeState, TxnState};
use views_support::{CLIENTS, Numbers, Script, checkout_cast, lost_event, one, service, text_key};

fn views(script: &Script) -> Views {
    let mut views = Views::new(&script.cast);
    views.extend(&script.cast, &script.trace);
    views
}

/// Events of many kinds with numbers drawn at random: nothing that a run would do, and for that
/// reason more than a run would try.
fn noise(seed: u64, events: usize) -> Script {
    let mut script = Script::new(checkout_cast());
    let mut draw = Numbers(seed);
    while script.trace.len() < events {
        if draw.below(3) == 0 {
            script.choice(draw.below(500));
        }
        let at = draw.below(4) as usize;
        let txn = TxnId(draw.below(60) as u32);
        let step = (StepIx(draw.below(4) as u8), Direction::Do);
        let about = (service(at), Some(txn), Some(step));
        let msg = MsgId(draw.below(200) as u32);
        let (topic, partition) = (TopicIx(draw.below(4) as u8), PartitionIx(0));
        let offset = draw.below(50) as u32;
        let label = script.cast.flows[0].steps[at].name;
        let cause = script.trace.len().checked_sub(1 + draw.below(5) as usize);
        let key =
            text_key(&mut script.cast, "row", ["alice", "shop", "widget"][draw.below(3) as usize]);
        let kind = match draw.below(22) {
            0 => {
                script.start(txn, 5);
                continue;
            }
            1 => EventKind::Sent {
                msg,
                to: service(draw.below(4) as usize),
                shape: Shape::Command,
                label,
                attempt: 0,
                due: script.at + 10,
            },
            2 => EventKind::Duplicated { msg, copy: MsgId(draw.below(200) as u32), due: script.at },
            3 => EventKind::Arrived { msg },
            4 => EventKind::Handled { msg },
            5 => EventKind::Fetched { topic, partition, offset },
            6 => EventKind::ServiceStarted { until: script.at + 100 },
            7 => EventKind::Consumed { topic, partition, offset, again: offset.is_multiple_of(2) },
            8 => EventKind::OffsetCommitted { topic, partition, next: offset },
            9 => EventKind::Published {
                topic,
                partition,
                offset,
                shape: Shape::Event,
                label,
                relayed: offset.is_multiple_of(2),
            },
            10..=12 => EventKind::Committed {
                db: DbIx(at as u8),
                changes: vec![RowChange { key, before: None, after: Some(one(offset.into())) }],
                effects: vec![StepRef::forward(txn, step.0)],
                outbox: vec![OutboxEntry { topic, label }],
                inbox: true,
                log_records: 2,
                forced: (!offset.is_multiple_of(3)).into(),
            },
            13 => EventKind::OutboxMarked { db: DbIx(at as u8) },
            14 => EventKind::Crashed { lost: vec![LostRecord::OutboxMark], fault: None },
            15 => EventKind::Restarted { redone: 1 },
            16 => EventKind::TimerArmed { label, due: script.at + 50 },
            17 => EventKind::TimerFired { label },
            18 => EventKind::Ended { outcome: Outcome::Committed, reason: None },
            19 => EventKind::Stuck { reason: None },
            20 => EventKind::Dropped { msg, why: interleave_engine::event::DropReason::Lost },
            _ => EventKind::Decided { forward: offset.is_multiple_of(2) },
        };
        script.on(about, cause.map(|ix| EventIx(ix as u32)), kind);
    }
    script
}

#[test]
fn any_moment_equals_the_fold_from_the_start() {
    for seed in 0..4 {
        let script = noise(seed, 5_000);
        let frames = views(&script).frames;
        let mut draw = Numbers(seed + 100);
        for near in [0, 1, 510, 511, 512, 513, 1_023, 1_024, 2_047, 2_048, 4_999] {
            check(&script, &frames, EventIx(near));
        }
        for _ in 0..12 {
            check(&script, &frames, EventIx(draw.below(5_000) as u32));
        }
    }
}

fn check(script: &Script, frames: &interleave_engine::views::frame::Frames, cursor: EventIx) {
    let mut folded = Frame::start(&script.cast);
    folded.advance(&script.cast, &script.trace, cursor);
    let at = frames.at(&script.cast, &script.trace, cursor);
    assert_eq!(at, folded, "at {cursor}");
    let before = frames.at(&script.cast, &script.trace, EventIx(cursor.0.saturating_sub(3)));
    let from = frames.at_from(&script.cast, &script.trace, before, cursor);
    assert_eq!(from, folded, "from three before {cursor}");
}

#[test]
fn a_trace_may_grow() {
    let script = noise(9, 3_000);
    let whole = views(&script);
    let mut grown = Views::new(&script.cast);
    let mut trace = interleave_engine::trace::Trace::default();
    for (at, event) in script.trace.events().iter().enumerate() {
        trace.push(event.clone());
        if at % 7 == 0 || at + 1 == script.trace.len() {
            grown.extend(&script.cast, &trace);
        }
    }
    assert_eq!(grown.index, whole.index);
    for cursor in [0, 1_023, 1_500, 2_999] {
        let cursor = EventIx(cursor);
        assert_eq!(
            grown.frame(&script.cast, &trace, cursor),
            whole.frame(&script.cast, &trace, cursor)
        );
    }
}

#[test]
fn a_crash_between_commit_and_publication_is_what_the_frame_shows() {
    let (script, committed, crashed) = lost_event();
    let views = views(&script);
    let payments = service(1);

    let before = views.frame(&script.cast, &script.trace, committed);
    assert_eq!(before.nodes[payments.ix()].state, NodeState::Working);
    assert_eq!(before.txn(TxnId(2)).map(|txn| txn.state), Some(TxnState::Acknowledged));
    let steps = &before.txn(TxnId(2)).expect("it started").steps;
    assert_eq!(steps.iter().filter(|step| step.stands()).count(), 2);
    assert_eq!(steps[1].done, Some(committed));

    let after = views.frame(&script.cast, &script.trace, crashed);
    let node = &after.nodes[payments.ix()];
    assert_eq!(node.state, NodeState::Crashed);
    assert_eq!(node.down, Some(crashed));
    assert_eq!(node.back_at, Some(after.at + 1_400_000), "the trace knows the restart");
    assert_eq!(after.faults.len(), 1);
    assert!(node.work.is_empty(), "what it was working on is gone");
    // The rows that payments committed are durable.
    let rows: Vec<String> = after.dbs[1]
        .live()
        .map(|(key, row, _)| format!("{} {}", script.cast.key(key), script.cast.row(DbIx(1), row)))
        .collect();
    assert_eq!(rows, ["row:alice 50", "row:shop 50"]);
    // It had not committed its offset: the record of T3 comes again.
    let orders = after.partition(TopicIx(0), PartitionIx(0)).expect("the topic of orders");
    assert_eq!(orders.high_water, 3);
    assert_eq!(orders.consumers[0].committed, 2);
    assert_eq!(orders.consumers[0].position, 2);

    let end = views.frame(&script.cast, &script.trace, script.last());
    assert_eq!(end.nodes[payments.ix()].state, NodeState::Idle);
    assert!(end.faults.is_empty());
    assert_eq!(end.open.iter().copied().collect::<Vec<_>>(), [TxnId(2)]);
    assert_eq!(end.counters.committed, 3);
    assert_eq!(end.nodes[CLIENTS.ix()].state, NodeState::Waiting, "T3 never ended");
}

#[test]
fn a_message_is_in_flight_then_queued_then_served() {
    let mut script = Script::new(checkout_cast());
    script.saga(TxnId(0), 10, true);
    let views = views(&script);
    let at = |name: &str| {
        let ix = script.trace.of_kind(name).next().expect("it happened").0;
        views.frame(&script.cast, &script.trace, ix)
    };
    let sent = at("sent");
    let flight = sent.flights.get(&MsgId(0)).expect("in flight");
    assert_eq!((flight.from, flight.to, flight.arrived), (CLIENTS, service(0), None));
    assert_eq!(flight.due - flight.sent_at, 1_000);
    let arrived = at("arrived");
    assert_eq!(arrived.nodes[service(0).ix()].queue.size(), 1);
    assert_eq!(arrived.nodes[service(0).ix()].state, NodeState::Waiting);
    let served = at("service-started");
    assert!(served.nodes[service(0).ix()].queue.is_empty());
    assert_eq!(served.nodes[service(0).ix()].work.len(), 1);
    assert_eq!(served.nodes[service(0).ix()].work[0].until - served.at, 2_000);
    let handled = at("handled");
    assert!(handled.flights.is_empty());
    assert!(handled.nodes[service(0).ix()].work.is_empty());
    // The outbox holds the message until it is marked.
    let committed = at("committed");
    assert_eq!(committed.dbs[0].outbox.size(), 1);
    assert!(committed.dbs[0].outbox.values().all(|entry| entry.published.is_none()));
    let published = at("published");
    assert!(published.dbs[0].outbox.values().all(|entry| entry.published.is_some()));
    assert_eq!(at("outbox-marked").dbs[0].outbox.size(), 0);
}

#[test]
fn a_lost_mark_puts_the_message_back_and_a_lost_commit_its_rows() {
    let mut script = Script::new(checkout_cast());
    script.saga_until(TxnId(0), 10, true, 2);
    let kept = views(&script).frame(&script.cast, &script.trace, script.last());
    let alice = text_key(&mut script.cast, "row", "alice");
    assert_eq!(kept.dbs[1].outbox.size(), 0);
    let change = RowChange { key: alice, before: Some(one(90)), after: Some(one(1)) };
    let effects = vec![StepRef::undo(TxnId(0), StepIx(1))];
    let about = (service(1), Some(TxnId(0)), None);
    script.choice(10);
    script.then(
        about,
        EventKind::Committed {
            db: DbIx(1),
            changes: vec![change.clone()],
            effects: effects.clone(),
            outbox: vec![],
            inbox: false,
            log_records: 2,
            forced: 0,
        },
    );
    let changes = vec![change];
    let lost =
        vec![LostRecord::Commit { changes, effects, in_doubt: false }, LostRecord::OutboxMark];
    script.choice(10);
    script.then((service(1), None, None), EventKind::Crashed { lost, fault: None });
    let frames = views(&script);
    let done = frames.frame(&script.cast, &script.trace, EventIx(script.last().0 - 1));
    assert_eq!(done.txn(TxnId(0)).expect("started").steps[1].undone_times, 1);
    let after = frames.frame(&script.cast, &script.trace, script.last());
    assert_eq!(after.txn(TxnId(0)).expect("started").steps[1].undone_times, 0);
    assert_eq!(after.dbs[1].rows.get(&alice).and_then(|row| row.row.clone()), Some(one(90)));
    assert_eq!(after.dbs[1].outbox.size(), 1);
}

#[test]
fn an_unknown_node_or_message_does_no_harm() {
    let mut script = Script::new(checkout_cast());
    script.choice(1);
    let about = (NodeIx(200), Some(TxnId(7)), Some((StepIx(9), Direction::Undo)));
    script.on(about, None, EventKind::Handled { msg: MsgId(99) });
    script.on(about, Some(EventIx(70)), EventKind::ServiceStarted { until: 3 });
    script.on(about, None, EventKind::Crashed { lost: vec![LostRecord::OutboxMark], fault: None });
    let frame = views(&script).frame(&script.cast, &script.trace, EventIx(5_000));
    assert_eq!(frame.cursor, Some(EventIx(2)), "a cursor behind the trace is its end");
}

#[test]
fn a_copy_that_overtakes_its_original_is_the_one_that_is_served() {
    let mut script = Script::new(checkout_cast());
    script.choice(100);
    let (sent, msg) = script.start(TxnId(0), 5);
    let copy = script.next_msg();
    let about = (service(0), Some(TxnId(0)), Some((StepIx(0), Direction::Do)));
    let due = script.at + 700;
    script.on(
        (CLIENTS, Some(TxnId(0)), None),
        Some(sent),
        EventKind::Duplicated { msg, copy, due },
    );
    script.choice(700);
    let arrived = script.on(about, Some(sent), EventKind::Arrived { msg: copy });
    let until = script.at + 100;
    let started = script.on(about, None, EventKind::ServiceStarted { until });
    script.choice(100);
    // Both say the same, so a run may name either of them.
    script.on(about, Some(sent), EventKind::Handled { msg });
    let views = views(&script);
    let end = views.frame(&script.cast, &script.trace, script.last());
    let node = &end.nodes[service(0).ix()];
    assert!(node.queue.is_empty() && node.work.is_empty(), "{node:?}");
    let left: Vec<_> = end.flights.iter().collect();
    assert_eq!(left.len(), 1);
    assert_eq!((*left[0].0, left[0].1.arrived), (copy, None));
    assert_eq!(left[0].1.due, 1_100, "it is due when the original was");
    let track = views.index.msgs.get(&msg).expect("it was sent");
    assert_eq!((track.arrived, track.started), (Some(arrived), Some(started)));
}
