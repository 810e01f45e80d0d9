//! Transactions, topics and rows at a moment.

mod views_support;

use interleave_engine::event::{EventKind, Outcome, Refusal};
use interleave_engine::ids::{DbIx, Direction, EventIx, PartitionIx, StepIx, TopicIx, TxnId};
use interleave_engine::views::Views;
use interleave_engine::views::missing::missing;
use interleave_engine::views::rows::{Focus, headlines, history, rows};
use interleave_engine::views::topics::{TopicView, topics};
use interleave_engine::views::transactions::{TxnLine, transaction, transactions};
use views_support::{CLIENTS, Script, checkout_cast, lost_event, service, sym, text_key};

fn views(script: &Script) -> Views {
    let mut views = Views::new(&script.cast);
    views.extend(&script.cast, &script.trace);
    views
}

fn line_at(script: &Script, txn: TxnId, cursor: EventIx, over: bool) -> TxnLine {
    let views = views(script);
    let frame = views.frame(&script.cast, &script.trace, cursor);
    transaction(&script.cast, &views.index, &frame, txn, over).expect("it has started")
}

#[test]
fn a_lost_event_leaves_a_transaction_half_done() {
    let (script, committed, _) = lost_event();
    let end = script.last();
    let line = line_at(&script, TxnId(2), end, true);
    assert_eq!((line.badge, line.failed), ("half done", true));
    assert_eq!(line.summary, "half done: orders and payments done, stock and shipping never ran");
    // While the run may still go on, nothing is called never.
    let moving = line_at(&script, TxnId(2), end, false);
    assert_eq!(moving.summary, "orders and payments done, next: stock");
    assert!(!moving.failed);
    let earlier = line_at(&script, TxnId(2), EventIx(committed.0 - 1), true);
    assert_eq!(earlier.summary, "orders done, next: payments");
    let good = line_at(&script, TxnId(0), end, true);
    assert_eq!(good.summary, "done: orders, payments, stock and shipping");
    assert_eq!(good.badge, "committed");
    let all = views(&script);
    let frame = all.frame(&script.cast, &script.trace, end);
    let lines = transactions(&script.cast, &all.index, &frame, true);
    let names: Vec<(String, u8)> = lines.into_iter().map(|line| (line.name, line.colour)).collect();
    assert_eq!(names, [("T1".into(), 0), ("T2".into(), 1), ("T3".into(), 2), ("T4".into(), 3)]);
}

#[test]
fn a_refusal_and_its_compensations_have_words_of_their_own() {
    let mut script = Script::new(checkout_cast());
    let stock_out = sym(&mut script.cast, "no stock");
    script.saga_until(TxnId(0), 30, false, 2);
    let published = script.trace.of_kind("published").last().expect("published").0;
    script.consume_begin(2, TxnId(0), published);
    let about = (service(2), Some(TxnId(0)), Some((StepIx(2), Direction::Do)));
    let why = Refusal::Bound(stock_out);
    script.then(about, EventKind::Refused { db: DbIx(2), why });
    let undo = |script: &mut Script, at: usize| {
        let step = StepIx(at as u8);
        let kind = EventKind::Committed {
            db: DbIx(at as u8),
            changes: vec![],
            effects: vec![interleave_engine::ids::StepRef::undo(TxnId(0), step)],
            outbox: vec![],
            inbox: false,
            log_records: 2,
            forced: 1,
        };
        script.choice(1_000);
        script.then((service(at), Some(TxnId(0)), Some((step, Direction::Undo))), kind)
    };
    let first = undo(&mut script, 1);
    let line = line_at(&script, TxnId(0), first, false);
    assert_eq!(line.badge, "compensating");
    assert_eq!(line.summary, "compensating: stock refused, payments undone, orders to undo");
    undo(&mut script, 0);
    script.choice(1_000);
    let reason = Some(stock_out);
    let ended = EventKind::Ended { outcome: Outcome::Aborted, reason };
    script.then((CLIENTS, Some(TxnId(0)), None), ended);
    let line = line_at(&script, TxnId(0), script.last(), true);
    assert_eq!((line.badge, line.failed), ("compensated", false));
    assert_eq!(line.summary, "undone: orders and payments; stock refused (no stock)");
}

#[test]
fn topics_show_what_was_published_who_handled_it_and_what_is_missing() {
    let (script, committed, crashed) = lost_event();
    let views = views(&script);
    let missing = missing(&script.cast, &script.trace, &views.index);
    assert_eq!(missing.len(), 1);
    assert_eq!((missing[0].committed, missing[0].culprit), (committed, crashed));
    assert_eq!(missing[0].untold, [service(2)]);
    let at = |cursor: EventIx, last: usize| -> Vec<TopicView> {
        let frame = views.frame(&script.cast, &script.trace, cursor);
        topics(&script.cast, &views.index, &frame, &missing, last)
    };
    let before = &at(committed, 10)[1];
    assert_eq!(before.partitions[0].high_water, 2);
    assert!(before.partitions[0].missing.is_empty(), "nothing is missing yet");
    let after = &at(crashed, 10)[1];
    let place = &after.partitions[0].missing[0];
    assert_eq!((place.before, place.text.as_str()), (2, "payment.charged: never sent"));
    assert_eq!(after.lines[0].missing.len(), 1);
    // At the end T4's record stands behind the empty place.
    let end = &at(script.last(), 10)[1].partitions[0];
    assert_eq!(end.high_water, 3);
    assert_eq!(end.missing[0].before, 2);
    let txns: Vec<u32> = end.records.iter().filter_map(|record| record.txn).map(|t| t.0).collect();
    assert_eq!(txns, [0, 1, 3]);
    assert!(end.records.iter().all(|record| !record.waits && record.handled[0].times == 1));
    assert!(end.records.iter().all(|record| record.handled[0].committed.is_some()));
    assert_eq!(end.lag(&end.consumers[0]), 0);
    // Only the last ones are shown where fewer are asked for.
    let short = &at(script.last(), 1)[1];
    assert_eq!(short.partitions[0].records[0].offset, 2);
    assert_eq!(short.lines[0].records.len(), 1);
    // T3's order was handled by payments before the crash, and its offset was not committed.
    let orders = &at(crashed, 10)[0].partitions[0];
    let of_t3 = &orders.records[2];
    assert_eq!(of_t3.handled[0].times, 1);
    assert_eq!(of_t3.handled[0].committed, None);
    assert_eq!(orders.lag(&orders.consumers[0]), 1);
    assert_eq!(
        views.index.record(TopicIx(0), PartitionIx(0), 2).map(|r| r.txn),
        Some(Some(TxnId(2)))
    );
}

#[test]
fn rows_show_before_after_and_sums_of_the_focus() {
    let (mut script, committed, crashed) = lost_event();
    let views = views(&script);
    let frame = views.frame(&script.cast, &script.trace, crashed);
    let table = |focus| rows(&script.cast, &script.trace, &views.index, &frame, DbIx(1), focus, 10);
    let view = table(Some(Focus::Event(committed)));
    let lines: Vec<String> = view
        .rows
        .iter()
        .map(|row| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            format!("{} {} {} {}", row.name, text(&row.before), text(&row.after), text(&row.change))
        })
        .collect();
    assert_eq!(lines, ["alice 80 50 −30", "shop 20 50 +30"]);
    assert_eq!(view.sums.len(), 1);
    let sum = &view.sums[0];
    assert_eq!((sum.before.as_str(), sum.after.as_str(), sum.same), ("100", "100", true));
    assert_eq!(table(Some(Focus::Txn(TxnId(2)))).rows, view.rows);
    let plain = table(None);
    assert!(plain.sums.is_empty() && plain.rows.iter().all(|row| row.before.is_none()));
    assert_eq!(plain.rows[0].value, "50");
    let focus = Some(Focus::Txn(TxnId(2)));
    let beside = |focus, limit| {
        headlines(&script.cast, &script.trace, &views.index, &frame, DbIx(1), focus, limit)
    };
    assert_eq!(beside(focus, 3), ["alice 80 → 50", "shop 20 → 50"]);
    assert_eq!(beside(None, 1), ["alice 50"]);
    let alice = text_key(&mut script.cast, "row", "alice");
    let versions =
        history(&script.cast, &script.trace, &views.index, DbIx(1), alice, script.last());
    let values: Vec<Option<&str>> = versions.iter().map(|v| v.after.as_deref()).collect();
    assert_eq!(values, [Some("90"), Some("80"), Some("50"), Some("40")]);
    let until = history(&script.cast, &script.trace, &views.index, DbIx(1), alice, committed);
    assert_eq!(until.len(), 3);
}

#[test]
fn a_table_shows_the_rows_changed_last_and_counts_the_others() {
    let mut script = Script::new(checkout_cast());
    for txn in 0..30 {
        script.saga(TxnId(txn), 1, false);
    }
    let views = views(&script);
    let frame = views.frame(&script.cast, &script.trace, script.last());
    let view = rows(&script.cast, &script.trace, &views.index, &frame, DbIx(0), None, 5);
    let names: Vec<&str> = view.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["order:26", "order:27", "order:28", "order:29", "order:30"]);
    assert_eq!(view.more, 25);
}
