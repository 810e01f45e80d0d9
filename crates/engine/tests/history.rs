//! Judging histories: by hand, and against searches that know no graphs.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod history_support;

use std::collections::BTreeSet;

use interleave_engine::history::anomaly::{Anomaly, Order, Reach};
use interleave_engine::history::lists::{self, Operation};
use interleave_engine::history::models::{Model, Standing};
use interleave_engine::history::{Fate, Item, Transaction};
use proptest::prelude::*;

use history_support::{appends, explained_by_snapshots, explained_serially, reads, run};

fn found(history: &[Transaction<Operation>]) -> BTreeSet<Anomaly> {
    lists::judge(history).anomalies()
}

fn committed(operations: Vec<Operation>) -> Transaction<Operation> {
    Transaction::committed(operations)
}

const X: Item = Item(0);
const Y: Item = Item(1);
const Z: Item = Item(2);
const T: Item = Item(22);

/// Two readers that see two writes in opposite orders: no snapshots of one order give that.
#[test]
fn a_long_fork_is_not_snapshot_isolation() {
    let judgement = lists::judge(&[
        committed(vec![appends(X, 1), appends(T, 1)]),
        committed(vec![reads(X, &[1]), reads(Y, &[])]),
        committed(vec![appends(Y, 1), appends(Z, 2)]),
        committed(vec![reads(Z, &[2]), reads(T, &[])]),
    ]);
    let fork = Anomaly::GNonadjacent(Reach::Item, Order::Data);
    assert_eq!(judgement.anomalies(), BTreeSet::from([fork]));
    let weakest = BTreeSet::from([Model::SnapshotIsolation, Model::RepeatableRead]);
    assert_eq!(judgement.weakest_violated(), weakest);
}

/// Three anti-dependencies, two of them in a row: snapshots give that.
#[test]
fn adjacent_anti_dependencies_are_snapshot_isolation() {
    let judgement = lists::judge(&[
        committed(vec![reads(X, &[5]), reads(Y, &[])]),
        committed(vec![appends(Y, 1), reads(Z, &[])]),
        committed(vec![appends(Z, 2), appends(T, 3)]),
        committed(vec![reads(T, &[3]), reads(Item(23), &[])]),
        committed(vec![appends(Item(23), 4), appends(X, 5)]),
    ]);
    assert_eq!(judgement.standing(Model::SnapshotIsolation), Standing::Holds);
    assert_eq!(judgement.standing(Model::Serializable), Standing::Violated);
    let cycle = judgement.found[0].shown.text(|txn| format!("T{}", txn.0 + 1));
    assert_eq!((cycle.matches("-rw").count(), cycle.matches("-wr").count()), (3, 2), "{cycle}");
}

/// What nobody ever read comes after what somebody did.
#[test]
fn appends_that_were_never_read_come_last() {
    let history = [
        committed(vec![appends(X, 1), appends(Y, 1)]),
        committed(vec![appends(X, 2), appends(Y, 2)]),
        committed(vec![appends(X, 3), appends(Y, 3)]),
        committed(vec![reads(X, &[1, 2])]),
        committed(vec![reads(Y, &[2])]),
    ];
    let expected =
        BTreeSet::from([Anomaly::G0(Order::Data), Anomaly::GSingle(Reach::Item, Order::Data)]);
    assert_eq!(found(&history), expected);
}

#[test]
fn reads_that_contradict_each_other() {
    let history = [
        committed(vec![appends(X, 1), reads(Y, &[1])]),
        committed(vec![appends(X, 2)]),
        committed(vec![appends(X, 3), appends(Y, 1)]),
        committed(vec![reads(X, &[1, 3])]),
        committed(vec![reads(X, &[1, 2, 3])]),
    ];
    let expected = BTreeSet::from([Anomaly::G1c(Order::Data), Anomaly::IncompatibleOrder]);
    assert_eq!(found(&history), expected);
}

/// An empty read by a transaction of unknown fate tells nothing.
#[test]
fn unknown_fates() {
    let unknown =
        Transaction { fate: Fate::Unknown, ..committed(vec![appends(X, 2), reads(Y, &[])]) };
    let history = [
        unknown,
        committed(vec![appends(X, 1), appends(Y, 1)]),
        committed(vec![reads(X, &[1, 2]), reads(Y, &[1])]),
    ];
    assert_eq!(found(&history), BTreeSet::new());
}

#[test]
fn a_dirty_update_through_an_unknown_one() {
    let history = [
        Transaction { fate: Fate::Aborted, ..committed(vec![appends(X, 1)]) },
        Transaction { fate: Fate::Unknown, ..committed(vec![appends(X, 2)]) },
        committed(vec![appends(X, 3)]),
        committed(vec![reads(X, &[1, 2, 3])]),
    ];
    assert!(found(&history).contains(&Anomaly::DirtyUpdate));
}

#[test]
fn reading_what_one_writes_later() {
    let history = [committed(vec![reads(X, &[1]), appends(X, 1)])];
    assert_eq!(found(&history), BTreeSet::from([Anomaly::FutureRead]));
}

/// Writing twice upon one read loses nothing.
#[test]
fn one_transaction_loses_no_update_to_itself() {
    let history = [
        committed(vec![reads(X, &[]), appends(X, 1), appends(X, 2)]),
        committed(vec![reads(X, &[1, 2])]),
    ];
    assert_eq!(found(&history), BTreeSet::new());
}

/// A cycle through a session is one only for the models that heed sessions.
#[test]
fn a_session_that_misses_its_own_write() {
    let of = |session, operations| Transaction { session: Some(session), ..committed(operations) };
    let judgement = lists::judge(&[
        of(0, vec![appends(X, 1)]),
        of(1, vec![appends(X, 2)]),
        of(1, vec![reads(X, &[1])]),
        of(2, vec![reads(X, &[1, 2])]),
    ]);
    let missed = Anomaly::GSingle(Reach::Item, Order::Session);
    assert_eq!(judgement.anomalies(), BTreeSet::from([missed]));
    assert_eq!(judgement.standing(Model::Serializable), Standing::Holds);
    assert_eq!(judgement.standing(Model::SessionSnapshotIsolation), Standing::Violated);
    // Nothing is said of real time, which nobody told.
    assert_eq!(judgement.standing(Model::StrongReadUncommitted), Standing::Open);
    let weakest = BTreeSet::from([Model::SessionSnapshotIsolation]);
    assert_eq!(judgement.weakest_violated(), weakest);
}

/// Every model's line to the weakest is free of circles, and stronger models rule out more.
#[test]
fn stronger_models_rule_out_more() {
    for model in Model::all() {
        for weaker in model.implied() {
            assert!(weaker == model || !weaker.implies(model), "{model:?} and {weaker:?}");
            for anomaly in Anomaly::all() {
                assert!(!weaker.prohibits(anomaly) || model.prohibits(anomaly), "{model:?}");
            }
        }
        assert_eq!(Model::named(model.name()), Some(model));
    }
    for anomaly in Anomaly::all() {
        assert_eq!(Anomaly::named(&anomaly.name()), Some(anomaly));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Serializable is what some serial order explains; snapshot isolation is what some order of
    /// commits and some snapshots explain. Both are searched for without any graph.
    #[test]
    fn the_graph_agrees_with_searching_all_orders(script in history_support::script()) {
        let history = run(&script);
        let judgement = lists::judge(&history);
        let is_serial = judgement.standing(Model::Serializable) == Standing::Holds;
        prop_assert_eq!(is_serial, explained_serially(&history), "{:?}", &judgement.found);
        let is_snapshot = judgement.standing(Model::SnapshotIsolation) == Standing::Holds;
        prop_assert_eq!(is_snapshot, explained_by_snapshots(&history), "{:?}", &judgement.found);
    }

    /// Transactions that run one after the other break nothing, whatever they do.
    #[test]
    fn a_serial_run_breaks_nothing(script in history_support::script()) {
        let history = run(&script.one_by_one());
        prop_assert_eq!(found(&history), BTreeSet::new());
    }

    /// Each cycle that is shown is one, of the kind that its name says.
    #[test]
    fn what_is_shown_is_so(script in history_support::script()) {
        let judgement = lists::judge(&run(&script));
        history_support::hold_cycles(&judgement)?;
    }
}
