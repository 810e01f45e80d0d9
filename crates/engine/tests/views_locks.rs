//! Locks, uncommitted values, replicas and violations at a moment, over runs of shipped scenarios.

use interleave_engine::event::EventKind;
use interleave_engine::ids::{DbIx, EventIx};
use interleave_engine::scenario::shipped;
use interleave_engine::session::{self, RunInput, RunState, Session};
use interleave_engine::views::Views;
use interleave_engine::views::course::course;
use interleave_engine::views::critical::critical;
use interleave_engine::views::evidence::{MessageEvidence, evidence};
use interleave_engine::views::gallop::gallop;
use interleave_engine::views::lanes::Axis;
use interleave_engine::views::locks::locks;
use interleave_engine::views::metrics::metrics;
use interleave_engine::views::missing::missing;
use interleave_engine::views::pending::pending;
use interleave_engine::views::replicas::replicas;
use interleave_engine::views::spans::spans;

fn ran(name: &str) -> (Box<dyn Session>, Views) {
    let scenario = shipped::by_name(name).expect("it ships").scenario();
    let input = RunInput { scenario, interventions: vec![], schedule: None };
    let mut run = session::open(&input).expect("it is valid");
    while run.run_slice(10_000) == RunState::Running {}
    let mut views = Views::new(run.cast());
    views.extend(run.cast(), run.trace());
    (run, views)
}

#[test]
fn at_a_deadlock_the_cycle_of_the_wait_for_graph_is_the_one_that_the_event_names() {
    let (run, views) = ran("opposite-transfers");
    let (cast, trace) = (run.cast(), run.trace());
    assert!(!views.index.deadlocks.is_empty(), "the transfers meet");
    for at in &views.index.deadlocks {
        let frame = views.frame(cast, trace, *at);
        let found = locks(cast, trace, &views.index, &frame);
        let EventKind::Deadlocked { cycle, victim, .. } =
            &trace.get(*at).expect("it is there").kind
        else {
            panic!("the index points at another event");
        };
        let mut named = cycle.clone();
        let mut seen = found.cycle.clone();
        named.sort_unstable();
        seen.sort_unstable();
        assert_eq!(seen, named);
        assert_eq!(found.last.as_ref().map(|last| (last.event, last.victim)), Some((*at, *victim)));
        for (waiter, holder) in
            found.cycle.iter().zip(found.cycle.iter().cycle().skip(1)).take(found.cycle.len())
        {
            let edge = |of: &interleave_engine::views::locks::WaitsFor| {
                of.waiter == *waiter && of.holder == *holder
            };
            assert!(found.waits.iter().any(edge), "each waits for the next");
        }
    }
    // At rest nothing is locked, and the last deadlock is still told of.
    let end = views.frame(cast, trace, EventIx(u32::MAX - 1));
    let after = locks(cast, trace, &views.index, &end);
    assert!(after.dbs.is_empty() && after.cycle.is_empty());
    assert_eq!(after.deadlocks, views.index.deadlocks.len());
}

#[test]
fn every_waiter_stands_at_a_lock_that_another_holds() {
    let (run, views) = ran("opposite-transfers");
    let (cast, trace) = (run.cast(), run.trace());
    let mut waited = 0;
    for at in &views.index.lock_waits {
        let frame = views.frame(cast, trace, *at);
        let found = locks(cast, trace, &views.index, &frame);
        let txn = trace.get(*at).and_then(|event| event.txn).expect("a wait is somebody's");
        let lines = found.dbs.iter().flat_map(|db| &db.locks);
        let line = lines.into_iter().find(|line| line.waiters.iter().any(|it| it.txn == txn));
        let line = line.expect("the waiter is listed");
        assert!(!line.holders.is_empty(), "somebody holds {}", line.name);
        assert!(line.holders.iter().all(|holder| holder.txn != txn));
        waited += 1;
    }
    assert!(waited > 0);
}

#[test]
fn promised_values_are_pending_until_the_decision() {
    let (run, views) = ran("coordinator-dies");
    let (cast, trace) = (run.cast(), run.trace());
    let mut promised = 0;
    for (at, event) in trace.events().iter().enumerate() {
        let EventKind::Prepared { db, changes, .. } = &event.kind else { continue };
        let frame = views.frame(cast, trace, EventIx(at as u32));
        let open = pending(cast, &frame, *db);
        for change in changes {
            let values = open.get(&change.key).expect("the row is marked");
            assert!(values.iter().any(|it| it.prepared && Some(it.txn) == event.txn));
            promised += 1;
        }
    }
    assert!(promised > 0);
}

#[test]
fn a_replica_lacks_what_was_committed_until_it_is_told() {
    let (run, views) = ran("stale-balance");
    let (cast, trace) = (run.cast(), run.trace());
    let primary = DbIx(0);
    let mut behind = 0;
    for at in &views.index.commits[primary.ix()] {
        let frame = views.frame(cast, trace, *at);
        for of in replicas(cast, trace, &views.index, &frame, primary) {
            behind += of.behind.len();
            assert_eq!(of.lacks.is_some(), !of.behind.is_empty());
            assert!(of.lacks.is_none_or(|event| event <= *at));
        }
    }
    assert!(behind > 0, "an asynchronous copy is behind right after a commit");
    let measured = metrics(cast, trace, EventIx(u32::MAX - 1), 50);
    let found = course(cast, trace, &measured.windows, 50);
    assert!(found.behind.iter().any(|of| of.us.iter().any(|peak| peak.most > 0)));
}

#[test]
fn the_course_counts_what_is_partly_done() {
    let (run, _) = ran("lost-event");
    let measured = metrics(run.cast(), run.trace(), EventIx(u32::MAX - 1), 20);
    let found = course(run.cast(), run.trace(), &measured.windows, 20);
    let stays = measured.windows.iter().filter(|window| window.closed.is_none()).count() as u64;
    assert!(stays > 0, "the lost event leaves an order half done");
    // Another one may have been open and closed in the last stretch of time as well.
    assert!(found.partly.last().is_some_and(|peak| peak.most >= stays), "{:?}", found.partly);
}

#[test]
fn every_shipped_violation_shows_by_a_row_and_tells_of_its_message() {
    let mut seen = 0;
    for scenario in shipped::shipped() {
        let (run, views) = ran(scenario.name);
        let (cast, trace) = (run.cast(), run.trace());
        let absent = missing(cast, trace, &views.index);
        for report in run.properties() {
            for violation in &report.violations {
                let found = evidence(cast, trace, &views.index, &absent, violation);
                let row = found.row.as_ref();
                assert!(row.is_some(), "{} {} has no row", scenario.name, report.id);
                assert!(found.txn.is_some(), "{} {} is of nobody", scenario.name, report.id);
                if let MessageEvidence::NeverSent { event, .. } = found.message {
                    assert!(event <= violation.event);
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen} violations in all shipped scenarios");
}

#[test]
fn a_critical_path_leads_from_the_start_to_the_end() {
    let (run, views) = ran("checkout");
    let (cast, trace) = (run.cast(), run.trace());
    for txn in views.index.txns.keys() {
        let Some(found) = spans(cast, trace, &views.index, *txn, true) else { continue };
        let on = critical(trace, &found);
        assert_eq!(on.len(), found.spans.len());
        if !found.open() && found.spans.len() > 1 {
            assert!(on.iter().skip(1).any(|on| *on), "{txn} waited for something");
        }
    }
}

#[test]
fn a_gallop_counts_every_event_once() {
    let (run, views) = ran("checkout");
    let trace = run.trace();
    let end = trace.end();
    for columns in [1, 7, 400] {
        let found = gallop(trace, &views.index, Axis::Time, (0, end), columns, None);
        let all: u32 = found.nodes.iter().flatten().map(|cell| cell.count).sum();
        assert_eq!((all, found.events), (trace.len() as u32, trace.len() as u32));
        assert!(found.nodes.iter().all(|node| node.len() == columns));
    }
}
