//! The shared database at work: one local transaction over all services, locks, deadlocks, levels.
#![allow(clippy::unwrap_used)]

mod guarantees;

use std::collections::{BTreeMap, BTreeSet};

use guarantees::run;
use interleave_engine::event::{EventKind, Refusal};
use interleave_engine::ids::TxnId;
use interleave_engine::scenario::document::{
    Budget, Concurrency, Draw, Input, IsolationLevel, Operation, Scalar, Updates, Victim,
};
use interleave_engine::scenario::{Scenario, by_name};
use interleave_engine::session::{CheckReport, CheckRequest, RunInput, RunState, open};

fn transfers() -> Scenario {
    by_name("opposite-transfers").unwrap().scenario()
}

fn check(scenario: &Scenario, faults: Budget) -> CheckReport {
    let session = open(&RunInput::of(scenario.clone())).unwrap();
    let request = CheckRequest {
        transactions: Some(2),
        faults: Some(faults),
        max_states: Some(500_000),
        ..CheckRequest::default()
    };
    let mut check = session.check(&request).unwrap();
    while !check.run_slice(10_000) {}
    let report = check.report();
    assert!(report.complete);
    report
}

fn crashes(crash: u8) -> Budget {
    Budget { crash, ..Budget::default() }
}

fn broken(report: &CheckReport) -> Vec<(&str, usize)> {
    let broken = report.properties.iter().filter(|property| !property.holds);
    let length = |schedule: &Option<Vec<String>>| schedule.as_ref().map_or(0, Vec::len);
    broken.map(|of| (of.title.as_str(), length(&of.counterexample))).collect()
}

/// The values of an input, each explored.
fn inputs(scenario: &mut Scenario, name: &str, values: &[&str]) {
    let values = values.iter().map(|value| Scalar::Text((*value).to_owned())).collect();
    scenario.workload.mix[0].inputs.insert(name.to_owned(), Input::Drawn(Draw::Cycle(values)));
}

#[test]
fn two_opposite_transfers_deadlock_and_the_victim_succeeds_later() {
    let session = run(&transfers());
    assert_eq!(*session.state(), RunState::AtRest);
    let found: Vec<&EventKind> =
        session.trace().of_kind("deadlocked").map(|(_, kind)| kind).collect();
    let [EventKind::Deadlocked { cycle, victim, .. }] = found[..] else { panic!("{found:?}") };
    // The wait-for graph is in the trace: each waits for the next.
    assert_eq!((cycle.as_slice(), *victim), (&[TxnId(1), TxnId(0)][..], TxnId(1)));
    let waits: Vec<&EventKind> =
        session.trace().of_kind("lock-waited").map(|(_, kind)| kind).collect();
    let [EventKind::LockWaited { holders, .. }] = waits[..] else { panic!("{waits:?}") };
    assert_eq!(holders, &[TxnId(1)], "the wait that closed the cycle ended at once");
    assert!(session.trace().of_kind("rolled-back").any(|(_, kind)| matches!(
        kind,
        EventKind::RolledBack { why: Some(Refusal::Deadlock), .. }
    )));
    assert_eq!(session.stats().committed, 2, "the victim was run again");
    assert!(session.properties().iter().all(|property| property.holds()));
}

#[test]
fn the_victim_is_the_one_that_the_policy_names() {
    for (victim, dies) in [
        (Victim::Requester, TxnId(1)),
        (Victim::Youngest, TxnId(1)),
        (Victim::Oldest, TxnId(0)),
        (Victim::FewestLocks, TxnId(1)),
    ] {
        let mut scenario = transfers();
        scenario.options.victim = victim;
        let session = run(&scenario);
        let died = session.trace().of_kind("deadlocked").find_map(|(_, kind)| match kind {
            EventKind::Deadlocked { victim, .. } => Some(*victim),
            _ => None,
        });
        assert_eq!(died, Some(dies), "{victim:?}");
        assert_eq!(session.stats().committed, 2, "{victim:?}");
    }
}

/// Whatever the level, the way it is reached and one crash of the service or of the database: nothing
/// is left half done, nothing that was acknowledged is lost, and everything ends.
#[test]
fn one_local_transaction_is_atomic_at_every_level() {
    for concurrency in [Concurrency::Versions, Concurrency::Locking, Concurrency::Mixed] {
        for isolation in LEVELS {
            let mut scenario = transfers();
            scenario.options.concurrency = concurrency;
            scenario.options.isolation = isolation;
            let report = check(&scenario, crashes(1));
            assert_eq!(broken(&report), [], "{concurrency:?} {isolation:?}");
        }
    }
    let mut scenario = transfers();
    scenario.options.lock_timeout_us = Some(1_000);
    assert_eq!(broken(&check(&scenario, crashes(0))), [], "a wait may be given up at any point");
}

const LEVELS: [IsolationLevel; 4] = [
    IsolationLevel::ReadUncommitted,
    IsolationLevel::ReadCommitted,
    IsolationLevel::RepeatableRead,
    IsolationLevel::Serializable,
];

/// Where every transaction asks for the accounts in the same order, none ever waits in a circle:
/// nothing is ever refused. With opposite orders it is.
#[test]
fn a_consistent_order_never_deadlocks() {
    let mut ordered = transfers();
    inputs(&mut ordered, "from", &["ann"]);
    inputs(&mut ordered, "to", &["ben"]);
    let (ordered, opposite) = (check(&ordered, crashes(0)), check(&transfers(), crashes(0)));
    let refusals = |report: &CheckReport| {
        let found = report.properties.iter().find(|property| property.title == "Progress");
        found.unwrap().exercised
    };
    assert_eq!(refusals(&ordered), 0);
    assert!(refusals(&opposite) > 0);
    assert_eq!((broken(&ordered), broken(&opposite)), (vec![], vec![]));
}

const WAYS: [Concurrency; 3] = [Concurrency::Versions, Concurrency::Locking, Concurrency::Mixed];

/// The levels, of each way to reach them, at which this scenario is seen to break isolation.
fn broken_at(scenario: &Scenario) -> Vec<(Concurrency, IsolationLevel, usize)> {
    let mut found = Vec::new();
    for concurrency in WAYS {
        for isolation in LEVELS {
            let mut scenario = scenario.clone();
            scenario.options.concurrency = concurrency;
            scenario.options.isolation = isolation;
            let report = check(&scenario, crashes(0));
            let isolated = broken(&report).into_iter().find(|(title, _)| *title == "Isolation");
            found.extend(isolated.map(|(_, length)| (concurrency, isolation, length)));
        }
    }
    found
}

/// An application that reads a balance and writes the sum later loses updates where the level lets
/// it: below repeatable read everywhere, and at InnoDB's repeatable read, whose writers look at the
/// newest row and not at what was read.
#[test]
fn updates_are_lost_by_level() {
    use Concurrency::{Locking, Mixed, Versions};
    use IsolationLevel::{ReadCommitted, ReadUncommitted, RepeatableRead};
    let mut scenario = transfers();
    inputs(&mut scenario, "from", &["ann"]);
    inputs(&mut scenario, "to", &["ben"]);
    assert_eq!(broken_at(&scenario), [], "an addition in one statement loses nothing");
    scenario.options.updates = Updates::ReadThenWrite;
    let levels: Vec<_> = broken_at(&scenario).into_iter().map(|(way, at, _)| (way, at)).collect();
    let expected = [
        (Versions, ReadUncommitted),
        (Versions, ReadCommitted),
        (Locking, ReadUncommitted),
        (Locking, ReadCommitted),
        (Mixed, ReadUncommitted),
        (Mixed, ReadCommitted),
        (Mixed, RepeatableRead),
    ];
    assert_eq!(levels, expected);
}

/// Two doctors may go off call as long as the other is on: each reads the other's row and writes
/// their own. Snapshots let both go; only a serializable level, or read locks that are kept, does not.
#[test]
fn write_skew_by_level() {
    use Concurrency::{Locking, Mixed, Versions};
    use IsolationLevel::{ReadCommitted, ReadUncommitted, RepeatableRead};
    let mut scenario = transfers();
    let step = &mut scenario.transactions[0].steps;
    step[0].forward = vec![Operation::Read { key: "account:$to".into() }];
    step[0].undo.clear();
    let mine = Operation::Set {
        key: "account:$from".into(),
        field: "value".into(),
        to: Scalar::Int(0),
        missing: None,
    };
    step[1].forward = vec![mine];
    scenario.invariants.clear();
    let levels: Vec<_> = broken_at(&scenario).into_iter().map(|(way, at, _)| (way, at)).collect();
    let expected = [
        (Versions, ReadUncommitted),
        (Versions, ReadCommitted),
        (Versions, RepeatableRead),
        (Locking, ReadUncommitted),
        (Locking, ReadCommitted),
        (Mixed, ReadUncommitted),
        (Mixed, ReadCommitted),
        (Mixed, RepeatableRead),
    ];
    assert_eq!(levels, expected);
}

/// What a transaction wrote that is then refused is read by another at read uncommitted, and nowhere
/// else: a reader of versions never sees it.
#[test]
fn dirty_reads_by_level() {
    use Concurrency::{Locking, Mixed};
    use IsolationLevel::ReadUncommitted;
    let mut scenario = transfers();
    let transfer = scenario.transactions[0].clone();
    let mut look = transfer.clone();
    look.name = "look".into();
    look.steps.truncate(1);
    look.steps[0].name = "look".into();
    look.steps[0].forward = vec![
        Operation::Read { key: "account:ann".into() },
        Operation::Insert { key: "note:$txn".into(), fields: BTreeMap::new() },
    ];
    look.steps[0].undo.clear();
    scenario.transactions.push(look);
    // The one transfers more than there is room for and is refused in its second step.
    let Operation::Add { max, refusal, .. } = &mut scenario.transactions[0].steps[1].forward[0]
    else {
        panic!("it adds")
    };
    (*max, *refusal) = (Some(10_000), Some("FULL".into()));
    let mut looks = scenario.workload.mix[0].clone();
    looks.transaction = Some("look".into());
    scenario.workload.mix.push(looks);
    // The kinds of the two arrivals are drawn by the seed: one of each.
    let both = (0..64).find(|seed| {
        let one = Scenario { seed: *seed, ..scenario.clone() };
        let kinds: BTreeSet<String> = run(&one)
            .trace()
            .of_kind("started")
            .map(|(_, kind)| format!("{kind:?}").split(',').next().unwrap().to_owned())
            .collect();
        kinds.len() == 2
    });
    scenario.seed = both.unwrap();
    let levels: Vec<_> = broken_at(&scenario).into_iter().map(|(way, at, _)| (way, at)).collect();
    assert_eq!(levels, [(Locking, ReadUncommitted), (Mixed, ReadUncommitted)]);
}

/// One slow transaction at a time keeps the only connection, and the others wait in turn.
#[test]
fn connections_run_out() {
    let mut scenario = transfers();
    scenario.options.connections = 1;
    let session = run(&scenario);
    let waits = session.trace().of_kind("lock-waited").filter(|(_, kind)| {
        matches!(kind, EventKind::LockWaited { key: None, holders, .. } if holders.is_empty())
    });
    assert_eq!(waits.count(), 1);
    assert_eq!(session.trace().of_kind("deadlocked").count(), 0, "one at a time cannot deadlock");
    assert_eq!(session.stats().committed, 2);
    assert_eq!(broken(&check(&scenario, crashes(1))), []);
}
