//! Crashing each node at each event of a run and letting it restart ends as the pattern promises.
//!
//! Every event index of every run is swept, none is sampled. A crash after an event of the very node
//! falls between two effects of the same handler; one of another node falls right after the handler. Every crash loses all unforced log records.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod guarantees;

use std::collections::BTreeMap;

use guarantees::{Case, finish, run, shipped_cases};
use interleave_engine::choice::{ChoiceKind, Intervention};
use interleave_engine::event::EventKind;
use interleave_engine::ids::{EventIx, NodeIx};
use interleave_engine::scenario::document::{
    Arrivals, Compensate, CompensationOrder, Orchestrator, Presume,
};
use interleave_engine::session::{RunState, Session};

/// How long a crashed node is down: longer than a time-out, shorter than all attempts together.
const DOWN_US: u64 = 60_000;

/// Three transactions that overlap.
fn three(pattern: &str) -> Vec<Case> {
    let mut cases: Vec<Case> =
        shipped_cases().into_iter().filter(|case| case.pattern == pattern).collect();
    // The others show what breaks, or bring faults of their own.
    cases.retain(|case| ["checkout", "customers-and-orders", "trip"].contains(&case.scenario));
    for case in &mut cases {
        case.document.workload.arrivals = Arrivals::AtUs(vec![0, 4_000, 8_000]);
        case.document.workload.count = Some(3);
    }
    cases
}

/// What a sweep met: how many crashes, and how often each property was broken.
#[derive(Default, Debug)]
struct Swept {
    crashes: usize,
    broken: BTreeMap<String, usize>,
    first: BTreeMap<String, String>,
}

/// Nodes with something to lose: services and the orchestrator.
fn nodes(session: &dyn Session) -> Vec<NodeIx> {
    let infos = session.cast().nodes.iter().enumerate();
    infos.filter(|(_, info)| info.db.is_some()).map(|(ix, _)| NodeIx(ix as u8)).collect()
}

fn sweep(case: &Case, swept: &mut Swept) {
    let name = case.name();
    let base = run(&case.document);
    assert_eq!(*base.state(), RunState::AtRest, "{name}");
    for node in nodes(&*base) {
        for after in 0..base.trace().len() as u32 {
            let after = EventIx(after);
            let kind = ChoiceKind::Crash { node, lose: u8::MAX };
            let crash = Intervention { after, kind, for_us: Some(DOWN_US) };
            let what = format!("{name}: {} crashes after event {after}", base.cast().node(node));
            let crashed = finish(base.fork(crash).unwrap_or_else(|no| panic!("{what}: {no:?}")));
            swept.crashes += 1;
            assert_eq!(*crashed.state(), RunState::AtRest, "{what}");
            let events = crashed.trace().events();
            let at =
                events.iter().position(|event| matches!(event.kind, EventKind::Crashed { .. }));
            let at = at.unwrap_or_else(|| panic!("{what}: it did not crash"));
            assert!(at > after.ix() && events[at].node == node, "{what}");
            // Before anything else happens: at the next effect, or right after the handler.
            let step_no = events[after.ix()].step_no;
            let between = &events[after.ix()..at];
            assert!(between.iter().all(|event| event.step_no == step_no), "{what}: late");
            let up = |event: &&interleave_engine::event::Event| {
                matches!(event.kind, EventKind::Restarted { .. })
            };
            assert_eq!(events.iter().filter(up).count(), 1, "{what}: it restarts once");
            for property in crashed.properties().iter().filter(|property| !property.holds()) {
                *swept.broken.entry(property.id.to_owned()).or_default() += 1;
                let why = &property.violations[0].why;
                swept.first.entry(property.id.to_owned()).or_insert(format!("{what}: {why}"));
            }
        }
    }
}

/// Sweeps and asserts that exactly these properties broke somewhere.
fn assert_sweep(cases: &[Case], broken: &[&str]) {
    let mut swept = Swept::default();
    for case in cases {
        sweep(case, &mut swept);
    }
    let found: Vec<&str> = swept.broken.keys().map(String::as_str).collect();
    assert_eq!(found, broken, "{swept:#?}");
    assert!(swept.crashes > 300, "{} crashes", swept.crashes);
}

#[test]
fn a_choreographed_saga_keeps_every_promise() {
    assert_sweep(&three("saga-choreography"), &[]);
}

/// With streams in place of rows, snapshots among them, and a read database for each service.
#[test]
fn event_sourced_services_keep_every_promise() {
    let mut cases = three("event-sourcing");
    cases.retain(|case| case.scenario != "checkout");
    for case in &mut cases {
        case.document.options.replicas = 1;
        case.document.options.snapshot_every = 2;
    }
    assert_sweep(&cases, &[]);
}

#[test]
fn an_orchestrated_saga_keeps_every_promise() {
    assert_sweep(&three("saga-orchestration"), &[]);
}

/// No reservation expires while a node is down here: see `try_confirm_cancel.rs` for one that does.
#[test]
fn try_confirm_cancel_keeps_every_promise() {
    let mut cases = three("try-confirm-cancel");
    cases.retain(|case| ["checkout", "trip"].contains(&case.scenario));
    assert_sweep(&cases, &[]);
    for case in &mut cases {
        case.document.options.coordinator = Orchestrator::FirstService;
        case.variant = "coordinator in the first service";
    }
    assert_sweep(&cases, &[]);
}

/// Whatever the coordinator presumes and wherever it runs.
#[test]
fn two_phase_commit_keeps_every_promise() {
    for presume in [Presume::Nothing, Presume::Abort, Presume::Commit] {
        for place in [Orchestrator::Separate, Orchestrator::FirstService] {
            let mut cases = three("two-phase-commit");
            cases.retain(|case| ["checkout", "trip"].contains(&case.scenario));
            for case in &mut cases {
                case.document.options.presume = presume;
                case.document.options.coordinator = place;
                case.variant = "of its presumption and place";
            }
            assert_sweep(&cases, &[]);
        }
    }
}

/// The other conventions promise the same.
#[test]
fn sagas_that_compensate_in_other_ways_keep_every_promise() {
    for pattern in ["saga-choreography", "saga-orchestration"] {
        let mut cases = three(pattern);
        // The trip is the one that compensates two services.
        cases.retain(|case| case.scenario == "trip");
        for case in &mut cases {
            let options = &mut case.document.options;
            options.compensate = Compensate::FailedToo;
            options.compensation_order = CompensationOrder::Parallel;
            options.orchestrator = Orchestrator::FirstService;
            case.variant = "failed-too, parallel";
        }
        assert_sweep(&cases, &[]);
    }
}

/// Without coordination a crash between two steps leaves half a transaction, and nothing worse:
/// within a service every local transaction is whole, and nothing takes effect twice.
#[test]
fn uncoordinated_services_keep_what_is_local() {
    let mut cases = three("database-per-service");
    // A trip is half done without any crash, since its flight is full.
    cases.retain(|case| case.scenario != "trip");
    for case in &mut cases {
        // Sums over services are atomicity by another name.
        case.document.invariants.retain(|one| one.name != "Stock conserved");
    }
    assert_sweep(&cases, &["atomicity"]);
}

/// The sweep would see it: without the outbox a crash between commit and publication loses the saga.
#[test]
fn without_the_outbox_a_crash_loses_the_saga() {
    let mut cases = three("saga-choreography");
    cases.retain(|case| case.scenario == "checkout");
    for case in &mut cases {
        case.document.options.outbox = false;
    }
    let broken = ["atomicity", "conservation", "durability", "progress", "saga-history"];
    assert_sweep(&cases, &broken);
}

/// The sweep would see it: without the inbox what was handled before a crash is handled again.
#[test]
fn without_the_inbox_a_crash_repeats_a_step() {
    let mut cases = three("saga-choreography");
    cases.retain(|case| case.scenario == "checkout");
    for case in &mut cases {
        case.document.options.inbox = false;
    }
    let mut swept = Swept::default();
    sweep(&cases[0], &mut swept);
    assert!(swept.broken.contains_key("exactly-once"), "{swept:#?}");
}
