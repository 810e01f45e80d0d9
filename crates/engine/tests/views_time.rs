//! Spans, lanes, the scrubber's marks and the metrics.

mod views_support;

use interleave_engine::event::{DropReason, EventKind};
use interleave_engine::ids::{EventIx, MsgId, TxnId};
use interleave_engine::verdict::{PropertyReport, Violation};
use interleave_engine::views::Views;
use interleave_engine::views::lanes::{Axis, PointKind, lanes};
use interleave_engine::views::marks::{column, marks};
use interleave_engine::views::metrics::{Durations, metrics};
use interleave_engine::views::spans::{SpanKind, TxnSpans, spans};
use views_support::{CLIENTS, Script, checkout_cast, lost_event, service};

fn views(script: &Script) -> Views {
    let mut views = Views::new(&script.cast);
    views.extend(&script.cast, &script.trace);
    views
}

fn spans_of(script: &Script, txn: u32, over: bool) -> TxnSpans {
    let views = views(script);
    spans(&script.cast, &script.trace, &views.index, TxnId(txn), over).expect("it has started")
}

fn of_kind(spans: &TxnSpans, kind: SpanKind) -> Vec<&interleave_engine::views::spans::Span> {
    spans.spans.iter().filter(|span| span.kind == kind).collect()
}

#[test]
fn a_saga_is_a_chain_of_steps_with_links_between_them() {
    let (script, ..) = lost_event();
    let spans = spans_of(&script, 0, true);
    assert!(!spans.open());
    assert_eq!(spans.spans[0].name, "T1 checkout");
    assert_eq!(spans.spans[0].to, Some(spans.spans[0].from + 13_000));
    let steps = of_kind(&spans, SpanKind::Step);
    let names: Vec<&str> = steps.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["create", "charge", "reserve", "book"]);
    for (at, span) in steps.iter().enumerate() {
        assert_eq!(span.node, service(at));
        assert_eq!(span.to.map(|to| to - span.from), Some(2_000), "from service to commit");
        assert!(!span.failed);
    }
    // Each step was led to by the one before it.
    let place = |name: &str| spans.spans.iter().position(|span| span.name == name);
    assert_eq!(steps[0].parent, Some(0));
    assert_eq!(steps[1].parent, place("create"));
    assert_eq!(steps[3].parent, place("reserve"));
    let linked: Vec<_> = spans.links.iter().filter(|link| link.to.is_some()).collect();
    assert_eq!(linked.len(), 4, "one command and three events led somewhere");
    assert_eq!(linked[1].from, place("create").expect("it ran"));
    assert_eq!(linked[1].to, place("charge"));
    assert!(of_kind(&spans, SpanKind::Never).is_empty());
}

#[test]
fn steps_that_never_ran_are_ghosts_once_the_run_is_over() {
    let (script, committed, crashed) = lost_event();
    let spans = spans_of(&script, 2, true);
    assert!(spans.open());
    let charge = spans.spans.iter().find(|span| span.name == "charge").expect("it ran");
    assert!(charge.failed, "it was cut short");
    assert_eq!(charge.end, Some(crashed));
    let ghosts = of_kind(&spans, SpanKind::Never);
    let names: Vec<&str> = ghosts.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["reserve", "book"]);
    assert!(ghosts.iter().all(|span| span.start == crashed && span.end.is_none()));
    assert_eq!(charge.from_step, script.trace.get(committed).expect("it is there").step_no - 1);
    assert!(of_kind(&spans_of(&script, 2, false), SpanKind::Never).is_empty());
}

#[test]
fn work_waits_for_a_node_that_is_down_and_service_can_be_cut_short() {
    let mut script = Script::new(checkout_cast());
    script.saga_until(TxnId(0), 10, false, 1);
    let published = script.trace.of_kind("published").next().expect("published").0;
    let at = script.at;
    script.choice(500);
    let crash = EventKind::Crashed { lost: vec![], fault: None };
    script.on((service(1), None, None), None, crash.clone());
    // Up to here nobody knows when it comes back.
    let waiting = spans_of(&script, 0, true);
    let downs = of_kind(&waiting, SpanKind::Down);
    assert_eq!((downs.len(), downs[0].from, downs[0].to), (1, at + 500, None));
    script.restart(1, 10_000);
    // It fetches the record, begins, and crashes again in the middle of it.
    let about =
        (service(1), Some(TxnId(0)), Some((interleave_engine::ids::StepIx(1), Default::default())));
    let (topic, partition) = Default::default();
    script.choice(100);
    script.on(about, Some(published), EventKind::Fetched { topic, partition, offset: 0 });
    let until = script.at + 2_000;
    let began = script.then(about, EventKind::ServiceStarted { until });
    script.choice(700);
    let second = script.on((service(1), None, None), None, crash);
    script.restart(1, 1_000);
    script.consume_begin(1, TxnId(0), published);
    script.commit(1, TxnId(0), 10, false);
    let spans = spans_of(&script, 0, true);
    let cut = spans.spans.iter().find(|span| span.start == began).expect("it began");
    assert_eq!((cut.kind, cut.failed, cut.end), (SpanKind::Step, true, Some(second)));
    let downs = of_kind(&spans, SpanKind::Down);
    assert_eq!(downs.len(), 2);
    assert_eq!(downs[0].to.map(|to| to - downs[0].from), Some(10_000));
    assert!(downs.iter().all(|span| span.node == service(1) && span.name == "waits for payments"));
}

#[test]
fn lanes_have_a_point_for_each_event_and_an_arrow_for_each_message() {
    let (mut script, committed, crashed) = lost_event();
    let lost = {
        script.choice(10);
        script.start(TxnId(9), 1);
        script.choice(10);
        let msg = MsgId(4);
        let about = (service(0), Some(TxnId(9)), None);
        script.then(about, EventKind::Dropped { msg, why: DropReason::Lost })
    };
    let views = views(&script);
    let all = lanes(&script.trace, &views.index, 0..script.trace.len() as u32, None);
    assert_eq!(all.points.len(), script.trace.len());
    let records = all.arrows.iter().filter(|arrow| arrow.record);
    // T1, T2 and T4 published four each, T3 one; the last ones reach nobody here.
    assert_eq!(records.count(), 13);
    assert_eq!(all.arrows.iter().filter(|arrow| !arrow.record).count(), 5);
    let gone: Vec<_> = all.arrows.iter().filter(|arrow| arrow.lost).collect();
    assert_eq!((gone.len(), gone[0].to), (1, Some(lost)));
    let crash = all.points.iter().find(|point| point.event == crashed).expect("a point");
    assert_eq!(crash.kind, PointKind::Fault);
    // A window in which an arrow ends that began before it.
    let handled = (0..committed.0).rev().map(EventIx).find(|ix| {
        matches!(script.trace.get(*ix).map(|e| &e.kind), Some(EventKind::Consumed { .. }))
    });
    let handled = handled.expect("payments handled it");
    let part = lanes(&script.trace, &views.index, handled.0..crashed.0 + 1, Some(TxnId(2)));
    assert_eq!(part.arrows.len(), 1);
    assert_eq!((part.arrows[0].to, part.arrows[0].from_node), (Some(handled), service(0)));
    assert!(part.arrows[0].from < handled);
    assert!(part.points.iter().any(|point| point.event == crashed), "crashes are everybody's");
}

#[test]
fn marks_place_density_faults_and_violations() {
    let (script, _, crashed) = lost_event();
    let views = views(&script);
    let end = script.last();
    let report = PropertyReport {
        id: "atomicity",
        title: "Atomicity".into(),
        meaning: "all or nothing",
        tested_by: String::new(),
        changes: vec![],
        violations: vec![Violation {
            event: end,
            culprit: Some(crashed),
            txn: Some(TxnId(2)),
            why: "T3 is half done".into(),
        }],
        violation_count: 1,
        measure: None,
        exercised: 1,
    };
    for axis in [Axis::Time, Axis::Steps] {
        let reports = std::slice::from_ref(&report);
        let marks = marks(&script.cast, &script.trace, &views.index, reports, axis, 60);
        assert_eq!(marks.density.iter().sum::<u32>() as usize, script.trace.len());
        assert_eq!(marks.density_max, *marks.density.iter().max().expect("60 columns"));
        assert_eq!(marks.faults.len(), 1);
        let down = &marks.faults[0];
        assert_eq!((down.event, down.text.as_str()), (crashed, "payments down"));
        assert_eq!(axis.event_at(&script.trace, down.from), {
            // The crash is the last event of its moment.
            Some(crashed)
        });
        if axis == Axis::Time {
            assert_eq!(down.until.map(|until| until - down.from), Some(1_400_000));
        }
        assert_eq!((marks.violations[0].at, marks.violations[0].event), (marks.end, end));
    }
    assert_eq!(Axis::of(&script.trace), Axis::Time);
    assert_eq!(column(0, 100, 10), Some(0));
    assert_eq!(column(99, 100, 10), Some(9));
    assert_eq!(column(100, 100, 10), Some(9));
    assert_eq!(column(5, 0, 10), Some(0));
    assert_eq!(column(5, 10, 0), None);
}

#[test]
fn metrics_are_exact() {
    let (script, _, crashed) = lost_event();
    let all = metrics(&script.cast, &script.trace, script.last(), 20);
    assert_eq!(all.latency.sorted_us, [13_000, 13_000, 13_000]);
    assert_eq!(all.latency.mean_us(), Some(13_000));
    // The client is told when the first step is durable.
    assert_eq!(all.answer.sorted_us, [3_000, 3_000, 3_000, 3_000]);
    let payments = &all.nodes[service(1).ix()];
    assert_eq!(payments.busy_us, 8_000, "four charges of 2 ms");
    assert_eq!(payments.busy.iter().sum::<u64>(), 8_000);
    assert_eq!(payments.in_system.sorted_us, [2_000; 4]);
    assert_eq!(payments.queue_max, 1);
    assert_eq!(payments.available_us, script.trace.end());
    assert_eq!(all.nodes[service(2).ix()].busy_us, 6_000);
    assert_eq!(all.nodes[CLIENTS.ix()].busy_us, 0);
    assert_eq!(all.series.started.iter().sum::<u64>(), 4);
    assert_eq!(all.series.messages.iter().sum::<u64>(), all.messages);
    assert_eq!(all.messages, 4 + 13);
    assert_eq!(all.forced, 14);
    // From the first effect to the last one; T3's never closes.
    let windows: Vec<(u32, u64, bool)> =
        all.windows.iter().map(|w| (w.txn.0, w.us, w.closed.is_some())).collect();
    let open = script.trace.end() - script.trace.get(all.windows[2].opened).expect("there").at;
    assert_eq!(windows, [(0, 9_000, true), (1, 9_000, true), (2, open, false), (3, 9_000, true)]);
    assert_eq!(all.longest_window().map(|window| window.txn), Some(TxnId(2)));
    // At the crash the service of T3's charge is over and nothing else was served.
    let part = metrics(&script.cast, &script.trace, crashed, 20);
    assert_eq!(part.nodes[service(1).ix()].busy_us, 6_000);
    assert_eq!(part.latency.count(), 2);
}

#[test]
fn percentiles_are_nearest_ranks() {
    let durations = Durations { sorted_us: (1..=100).collect(), sum_us: 5_050 };
    assert_eq!(durations.percentile_us(500), Some(50));
    assert_eq!(durations.percentile_us(900), Some(90));
    assert_eq!(durations.percentile_us(990), Some(99));
    assert_eq!(durations.percentile_us(1_000), Some(100));
    assert_eq!(durations.percentile_us(0), Some(1));
    assert_eq!(durations.mean_us(), Some(50));
    let bins = durations.histogram();
    assert_eq!(bins.iter().map(|bin| bin.count).sum::<u64>(), 100);
    assert!(bins.windows(2).all(|pair| pair[0].to == pair[1].from));
    assert_eq!(bins.first().map(|bin| bin.from), Some(1));
    assert_eq!(Durations::default().percentile_us(500), None);
    assert!(Durations::default().histogram().is_empty());
}
