//! What the shipped scenarios show by the clock: those that break as they are break when they are
//! played, and those about waiting and outages are held by what happened to whom.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod breaks_support;

use std::collections::{BTreeMap, BTreeSet};

use breaks_support::as_shipped::{self, named, under};
use breaks_support::{broken, check, faults, run, said};
use interleave_engine::compare::{Comparison, Report, Request, Way, seeds_from};
use interleave_engine::event::{Event, EventKind, Refusal};
use interleave_engine::ids::{FlowIx, Micros, TxnId};
use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{Budget, Coupling, FaultKind};
use interleave_engine::session::{Session, patterns, with_coupling};

/// When the first event of a kind happened.
fn first(session: &dyn Session, kind: &str) -> Micros {
    let (ix, _) = session.trace().of_kind(kind).next().unwrap();
    session.trace().get(ix).unwrap().at
}

/// When each transaction of a flow started, and when its client was first told something.
fn answers(session: &dyn Session, flow: &str) -> BTreeMap<TxnId, (Micros, Option<Micros>)> {
    let flow = session.cast().flows.iter().position(|of| of.name == flow).unwrap();
    let mut answers = BTreeMap::new();
    for event in session.trace().events() {
        let Some(txn) = event.txn else { continue };
        match &event.kind {
            EventKind::Started { flow: of, .. } if *of == FlowIx(flow as u8) => {
                answers.insert(txn, (event.at, None));
            }
            EventKind::Acknowledged { .. } | EventKind::Ended { .. } => {
                if let Some((_, told)) = answers.get_mut(&txn) {
                    told.get_or_insert(event.at);
                }
            }
            _ => {}
        }
    }
    answers
}

/// The median of how long the clients of a flow waited.
fn median_wait(session: &dyn Session, flow: &str) -> Micros {
    let mut waits: Vec<Micros> =
        answers(session, flow).values().map(|(from, told)| told.unwrap() - from).collect();
    waits.sort_unstable();
    waits[waits.len() / 2]
}

/// The transactions that a node has committed something of, and when it was first.
fn commits(session: &dyn Session, node: &str) -> BTreeMap<TxnId, Micros> {
    let node = session.cast().node_named(node).unwrap();
    let mut commits = BTreeMap::new();
    for event in session.trace().events().iter().filter(|event| event.node == node) {
        if let (EventKind::Committed { .. }, Some(txn)) = (&event.kind, event.txn) {
            commits.entry(txn).or_insert(event.at);
        }
    }
    commits
}

fn compared(scenario: Scenario, names: &[&str], seeds: u32) -> Report {
    let couplings = names.iter().map(|name| Coupling::Named((*name).to_owned())).collect();
    let request = Request { scenario, couplings, seeds: seeds_from(1, seeds) };
    let mut comparison = Comparison::new(request).unwrap();
    while !comparison.step(100_000) {}
    comparison.report()
}

/// The means of a figure, coupling by coupling.
fn figure(report: &Report, id: &str) -> Vec<Option<f64>> {
    let row = report.rows.iter().find(|row| row.metric.id == id).unwrap();
    row.cells.iter().map(|cell| cell.value.map(|value| value.mean)).collect()
}

#[test]
fn what_ships_broken_breaks_when_it_is_played() {
    for case in as_shipped::cases() {
        let session = run(case.scenario);
        let report = said(session.as_ref(), case.property);
        assert!(!report.holds(), "{}: {} holds by the clock", case.name, case.property);
    }
}

/// Two connections, both held by reports of a tenth of a second: the purchases wait for one. Without
/// the reports, with more connections or with a database for each service they do not.
#[test]
fn a_slow_tenant_starves_those_who_share_its_database() {
    let waits = |session: &dyn Session| {
        let unheld = |kind: &EventKind| matches!(kind, EventKind::LockWaited { key: None, .. });
        session.trace().of_kind("lock-waited").filter(|(_, kind)| unheld(kind)).count()
    };
    for seed in 0..5 {
        let seeded = |scenario: Scenario| run(Scenario { seed, ..scenario });
        let shared = seeded(named("slow-tenant"));
        let own = seeded(under("slow-tenant", "database-per-service"));
        let mut more = named("slow-tenant");
        more.options.connections = 16;
        let more = seeded(more);
        let mut alone = named("slow-tenant");
        alone.workload.mix.retain(|entry| entry.transaction.as_deref() == Some("purchase"));
        let alone = seeded(alone);
        let [starved, free, roomy, quiet] =
            [&shared, &own, &more, &alone].map(|session| median_wait(session.as_ref(), "purchase"));
        assert!(starved > 4 * free, "{seed}: {starved} µs beside {free} µs");
        assert!(starved > 4 * roomy, "{seed}: {starved} µs with 2 connections, {roomy} with 16");
        assert!(starved > 4 * quiet, "{seed}: {starved} µs with reports, {quiet} without");
        assert!(waits(shared.as_ref()) > 30, "{seed}: they wait for a connection");
        assert_eq!([waits(own.as_ref()), waits(more.as_ref())], [0, 0], "{seed}");
        assert_eq!(shared.stats().committed, 60, "{seed}: late, and not lost");
    }
    let report = compared(named("slow-tenant"), &["shared-database", "database-per-service"], 5);
    let row = report.rows.iter().find(|row| row.metric.id == "answer_us.p50").unwrap();
    assert_eq!(row.cells[1].way(), Some(Way::Less), "the comparison says so too");
}

/// While the broker is out, what waits in the outbox arrives late, and what was published from memory
/// is lost: exactly the orders of those two seconds, and their clients were told that all is well.
#[test]
fn two_seconds_without_a_broker_delay_or_lose_what_is_published() {
    for outbox in [true, false] {
        let mut scenario = named("broker-down");
        scenario.options.outbox = outbox;
        let session = run(scenario);
        let (from, to) =
            (first(session.as_ref(), "fault-began"), first(session.as_ref(), "fault-ended"));
        assert_eq!(to - from, 2_000_000);
        let out = |at: Micros| from <= at && at < to;
        let at = |ix| session.trace().get(ix).unwrap().at;
        assert!(session.trace().of_kind("published").all(|(ix, _)| !out(at(ix))));
        let ordered = commits(session.as_ref(), "orders");
        let during: BTreeSet<TxnId> =
            ordered.iter().filter(|(_, at)| out(**at)).map(|(txn, _)| *txn).collect();
        assert_eq!((ordered.len(), during.len()), (30, 10), "orders are taken all the time");
        let paid = commits(session.as_ref(), "payments");
        let unpaid: BTreeSet<TxnId> =
            ordered.keys().filter(|txn| !paid.contains_key(txn)).copied().collect();
        if outbox {
            assert_eq!(unpaid, BTreeSet::new());
            let late = paid.iter().filter(|(txn, at)| **at - ordered[txn] > 50_000);
            let late: BTreeMap<TxnId, Micros> = late.map(|(txn, at)| (*txn, *at)).collect();
            assert_eq!(late.keys().copied().collect::<BTreeSet<_>>(), during, "those are late");
            assert!(late.values().all(|at| *at >= to), "and come once the broker is back");
            assert!(session.properties().iter().all(|property| property.holds()));
        } else {
            assert_eq!(unpaid, during, "those are lost");
            assert_eq!(session.stats().unfinished, 10);
            let told = answers(session.as_ref(), "purchase");
            assert!(during.iter().all(|txn| told[txn].1.is_some()), "and were acknowledged");
        }
    }
}

/// Written to all, nothing is written while one replica is down; in the other modes everything is.
#[test]
fn one_replica_that_is_down_stops_the_writes_that_wait_for_all() {
    let modes = ["cqrs-write-all", "cqrs-copy-at-each-write", "cqrs"];
    let report = compared(named("replica-down"), &modes, 2);
    assert_eq!(figure(&report, "outcomes.committed"), [Some(22.0), Some(30.0), Some(30.0)]);
    assert_eq!(figure(&report, "availability.answered"), [Some(0.0), Some(1.0), Some(1.0)]);
    let session = run(named("replica-down"));
    let (from, to) = (first(session.as_ref(), "crashed"), first(session.as_ref(), "restarted"));
    let written = commits(session.as_ref(), "accounts");
    assert!(written.values().all(|at| *at <= from || to <= *at), "{from} to {to}: {written:?}");
    let mut whole = named("replica-down");
    whole.faults.clear();
    assert_eq!(run(whole).stats().committed, 30, "nothing else stops them");
}

/// The one database is down, and neither flow is served; with databases of their own, the loss of the
/// shop's leaves the members' at work.
#[test]
fn a_shared_database_that_is_down_is_down_for_all() {
    let committed = |session: &dyn Session, flow: &str| -> (usize, usize) {
        let (from, to) = (first(session, "crashed"), first(session, "restarted"));
        let patience = session.input().scenario.retries.timeout_us * 3;
        let flow = answers(session, flow);
        // Those that have no attempt left when the database is back.
        let during = flow.iter().filter(|(_, (at, _))| from <= *at && at + patience < to);
        let of = |txn: &TxnId| {
            let is = |event: &&Event| {
                event.txn == Some(*txn) && matches!(event.kind, EventKind::Committed { .. })
            };
            session.trace().events().iter().any(|event| is(&event))
        };
        let during: Vec<bool> = during.map(|(txn, _)| of(txn)).collect();
        (during.iter().filter(|done| **done).count(), during.len())
    };
    let shared = run(named("shared-outage"));
    for flow in ["purchase", "registration"] {
        let (done, all) = committed(shared.as_ref(), flow);
        assert!(all >= 5 && done == 0, "{flow}: {done} of {all}");
    }
    let mut own = under("shared-outage", "database-per-service");
    own.faults[0].fault = FaultKind::Crash("shop".into());
    let own = run(own);
    let [(sold, sales), (registered, members)] =
        ["purchase", "registration"].map(|flow| committed(own.as_ref(), flow));
    assert!(sales >= 5 && sold == 0, "{sold} of {sales}");
    assert!(members >= 5 && registered == members, "{registered} of {members}");
}

/// The owner's own code is deployed with the new name, the code of the others is not: they are refused
/// as long as the fault lasts, in the shared database only.
#[test]
fn a_renamed_column_of_a_shared_database_stops_those_who_still_use_its_old_name() {
    let refused = |session: &dyn Session| -> BTreeSet<(String, String)> {
        let (cast, trace) = (session.cast(), session.trace());
        let words = trace.of_kind("refused").map(|(ix, kind)| {
            let EventKind::Refused { why: Refusal::Missing(word), .. } = kind else {
                panic!("{kind:?}")
            };
            let node = trace.get(ix).unwrap().node;
            (cast.nodes[node.ix()].name.clone(), cast.sym(*word).to_owned())
        });
        words.collect()
    };
    let shared = run(named("renamed-column"));
    let who = BTreeSet::from([("shop".to_owned(), "NO_COLUMN stock.item.count".to_owned())]);
    assert_eq!(refused(shared.as_ref()), who);
    let stats = shared.stats();
    assert!(stats.aborted >= 8, "{} of the purchases of a fifth of a second", stats.aborted);
    assert_eq!(stats.aborted + stats.committed, 40);
    let fault = |event: &&Event| matches!(event.kind, EventKind::Refused { .. });
    let (begins, ends) =
        (first(shared.as_ref(), "fault-began"), first(shared.as_ref(), "fault-ended"));
    for event in shared.trace().events().iter().filter(fault) {
        assert!((begins..=ends).contains(&event.at), "{} is outside of the fault", event.at);
    }
    for pattern in ["database-per-service", "saga-orchestration", "two-phase-commit"] {
        let own = run(under("renamed-column", pattern));
        assert_eq!(refused(own.as_ref()), BTreeSet::new(), "{pattern}");
        assert_eq!(own.stats().committed, 40, "{pattern}");
    }
    // A column that nobody asks for is missed by nobody.
    let mut other = named("renamed-column");
    let FaultKind::RenameColumn { column, .. } = &mut other.faults[0].fault else {
        panic!("it renames a column")
    };
    *column = "colour".to_owned();
    assert_eq!(run(other).stats().committed, 40);
}

/// The service is away for as long as it folds: each event since the first, or since a snapshot.
#[test]
fn a_long_history_makes_a_long_outage() {
    let away = |every: u32| {
        let mut scenario = named("slow-replay");
        scenario.options.snapshot_every = every;
        let session = run(scenario.clone());
        let (_, kind) = session.trace().of_kind("restarted").next().unwrap();
        let EventKind::Restarted { redone } = kind else { panic!("{kind:?}") };
        let down = first(session.as_ref(), "restarted") - first(session.as_ref(), "crashed");
        assert_eq!(down, 1_000 + u64::from(*redone) * scenario.options.fold_us);
        assert_eq!(session.stats().committed, 50);
        (*redone, down)
    };
    let (whole, long) = away(named("slow-replay").options.snapshot_every);
    let (rest, short) = away(10);
    assert!(whole > 40 && rest <= 10, "{whole} and {rest} events");
    assert!(long > 4 * short, "{long} and {short} µs");
}

/// The page waits for the slowest of four. With a deadline exactly those answers that would have
/// taken longer come without its row, and none without another's.
#[test]
fn a_page_is_as_slow_as_the_slowest_of_its_answers() {
    let pages = |deadline: Option<u64>| {
        let mut scenario = named("slow-answer");
        scenario.options.compose_timeout_us = deadline;
        let session = run(scenario);
        let reviews = session.cast().node_named("reviews").unwrap();
        let mut asked = BTreeMap::new();
        let mut pages = BTreeMap::new();
        for event in session.trace().events() {
            match &event.kind {
                EventKind::QueryStarted { .. } => {
                    asked.insert(event.txn.unwrap(), event.at);
                }
                EventKind::QueryAnswered { missing, .. } => {
                    assert!(missing.iter().all(|node| *node == reviews), "{missing:?}");
                    let txn = event.txn.unwrap();
                    pages.insert(txn, (event.at - asked[&txn], !missing.is_empty()));
                }
                _ => {}
            }
        }
        assert_eq!(pages.len(), 60);
        pages
    };
    let deadline = named("slow-answer").options.compose_timeout_us.unwrap();
    let (whole, cut) = (pages(None), pages(Some(deadline)));
    assert!(whole.values().all(|(_, partial)| !partial), "all wait, and none lacks a row");
    let slow: BTreeSet<TxnId> =
        cut.iter().filter(|(_, page)| page.1).map(|(txn, _)| *txn).collect();
    assert!((3..30).contains(&slow.len()), "{} of 60 are partial", slow.len());
    let longest = |pages: &BTreeMap<TxnId, (Micros, bool)>| pages.values().map(|of| of.0).max();
    // To the composer and back takes at most 1.5 ms each way.
    assert!(longest(&cut).unwrap() <= deadline + 3_000, "{:?}", longest(&cut));
    assert!(longest(&whole).unwrap() > 2 * deadline, "{:?}", longest(&whole));
    for (txn, (took, _)) in &whole {
        // The same draws: what is cut is what would have come later.
        assert_eq!(slow.contains(txn), *took > cut[txn].0, "{txn:?} takes {took} µs");
    }
}

/// A deadline may pass at any point and costs nothing; a retry that comes too early costs its budget.
#[test]
fn a_deadline_is_explored_as_what_may_pass_at_any_point() {
    let scenario = named("slow-answer");
    let free = check(&scenario, faults(0, 0, 0), false);
    assert_eq!((broken(&free), free.complete), (vec![], true));
    let mut patient = scenario.clone();
    patient.options.compose_timeout_us = None;
    let whole = check(&patient, faults(0, 0, 0), false);
    assert!(whole.complete && whole.states < free.states, "{} of {}", whole.states, free.states);
    let early = check(&scenario, Budget { early_timer: 1, ..faults(0, 0, 0) }, false);
    assert!(early.complete && free.states < early.states, "{} of {}", free.states, early.states);
}

/// Orders consumes what credit publishes, and credit what orders does, in turn; an orchestrator has no
/// such circle.
#[test]
fn events_of_two_services_go_round_in_a_circle() {
    let hops = |pattern: &str| -> Vec<String> {
        let session = run(under("event-circle", pattern));
        let consumed = session.trace().events().iter().filter(|event| {
            event.txn == Some(TxnId(0)) && matches!(event.kind, EventKind::Consumed { .. })
        });
        consumed.map(|event| session.cast().node(event.node).to_owned()).collect()
    };
    assert_eq!(hops("saga-choreography"), ["credit", "orders", "credit", "orders"]);
    assert_eq!(hops("saga-orchestration"), [""; 0]);
    let session = run(named("event-circle"));
    let cast = session.cast();
    let feeds = |from: &str, to: &str| {
        let (from, to) = (cast.node_named(from).unwrap(), cast.node_named(to).unwrap());
        cast.topics.iter().any(|topic| topic.publisher == from && topic.consumers.contains(&to))
    };
    assert!(feeds("orders", "credit") && feeds("credit", "orders"));
}

/// The same purchase under every named pattern serves by the clock as it is compared: both outcomes
/// occur. The table of breaks has its whole spaces (`breaks.rs`).
#[test]
fn the_same_flow_has_both_outcomes_under_every_pattern() {
    for pattern in patterns() {
        let coupling = Coupling::Named(pattern.name.to_owned());
        let scenario = with_coupling(&named("same-flow"), coupling);
        let name = pattern.name;
        let stats = run(scenario).stats();
        assert!(stats.committed > 0, "{name}");
        assert!(stats.committed < stats.started, "{name}: bob has no more money");
    }
}
