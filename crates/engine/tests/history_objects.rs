//! Histories in Adya's notation, of single objects, and of sessions that read replicas.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use interleave_engine::history::anomaly::{Anomaly, Order, Reach};
use interleave_engine::history::linear::{self, Call};
use interleave_engine::history::models::{Model, Standing};
use interleave_engine::history::objects::{
    Object, Register, RegisterAnswer, RegisterOperation, Several,
};
use interleave_engine::history::replicas::{Happened, Replicas, Server, WriteId};
use interleave_engine::history::sessions::{self, Did, Guarantee};
use interleave_engine::history::versions::{self, Installed, Operation, Predicate, Version};
use interleave_engine::history::{Fate, Item, Transaction};
use interleave_engine::ids::TxnId;
use proptest::prelude::*;

const X: Item = Item(0);
const Y: Item = Item(1);

fn by(writer: u32) -> Version {
    Version::Of { writer: TxnId(writer), nth: 0 }
}

fn read(item: Item, version: Version) -> Operation {
    Operation::Read { item, version }
}

fn committed(operations: Vec<Operation>) -> Transaction<Operation> {
    Transaction::committed(operations)
}

fn order(of: &[(Item, &[u32])]) -> BTreeMap<Item, Vec<TxnId>> {
    of.iter().map(|(item, by)| (*item, by.iter().map(|txn| TxnId(*txn)).collect())).collect()
}

/// T1 moves money from x to y; T2 sees the new x and the old y.
#[test]
fn a_sum_over_half_a_transfer() {
    let history = [
        committed(vec![
            read(X, Version::Initial),
            Operation::Write(X),
            read(Y, Version::Initial),
            Operation::Write(Y),
        ]),
        committed(vec![read(X, by(0)), read(Y, Version::Initial)]),
    ];
    let installed = Installed { order: order(&[(X, &[0]), (Y, &[0])]), ..Installed::default() };
    let judgement = versions::judge(&history, &installed);
    let skew = Anomaly::GSingle(Reach::Item, Order::Data);
    assert_eq!(judgement.anomalies(), BTreeSet::from([skew]));
    assert_eq!(judgement.standing(Model::ReadCommitted), Standing::Holds);
    assert_eq!(judgement.standing(Model::ConsistentView), Standing::Violated);
}

/// Two doctors go off call: each read both, each wrote one.
#[test]
fn write_skew_is_allowed_by_snapshots() {
    let looks = || [read(X, Version::Initial), read(Y, Version::Initial)];
    let history = [
        committed([&looks()[..], &[Operation::Write(X)]].concat()),
        committed([&looks()[..], &[Operation::Write(Y)]].concat()),
    ];
    let installed = Installed { order: order(&[(X, &[0]), (Y, &[1])]), ..Installed::default() };
    let judgement = versions::judge(&history, &installed);
    assert_eq!(judgement.anomalies(), BTreeSet::from([Anomaly::G2(Reach::Item, Order::Data)]));
    assert_eq!(judgement.standing(Model::SnapshotIsolation), Standing::Holds);
    assert_eq!(judgement.standing(Model::RepeatableRead), Standing::Violated);
}

/// Adya's H-phantom: T1 looks for the employees of a department and then at their number, between
/// which T2 adds one. Repeatable read allows it, as predicates are not its concern.
#[test]
fn a_phantom_is_no_item() {
    let sales = Predicate(0);
    let (employee, sum) = (X, Y);
    let history = [
        committed(vec![Operation::Select { predicate: sales, versions: vec![] }, read(sum, by(1))]),
        committed(vec![Operation::Write(employee), Operation::Write(sum)]),
    ];
    let mut installed =
        Installed { order: order(&[(employee, &[1]), (sum, &[1])]), ..Installed::default() };
    installed.matching.insert((sales, employee, Some(TxnId(1))));
    let judgement = versions::judge(&history, &installed);
    let phantom = Anomaly::GSingle(Reach::Any, Order::Data);
    assert_eq!(judgement.anomalies(), BTreeSet::from([phantom]));
    assert_eq!(judgement.standing(Model::RepeatableRead), Standing::Holds);
    assert_eq!(judgement.standing(Model::Serializable), Standing::Violated);
    // An employee of another department is no phantom.
    installed.matching.clear();
    assert_eq!(versions::judge(&history, &installed).anomalies(), BTreeSet::new());
}

#[test]
fn aborted_and_intermediate_versions() {
    let mut history = vec![
        committed(vec![Operation::Write(X), Operation::Write(X)]),
        committed(vec![read(X, by(0))]),
    ];
    let installed = Installed { order: order(&[(X, &[0])]), ..Installed::default() };
    assert!(versions::judge(&history, &installed).anomalies().contains(&Anomaly::G1b));
    history[0].fate = Fate::Aborted;
    let found = versions::judge(&history, &Installed::default());
    assert!(found.anomalies().contains(&Anomaly::G1a));
    assert_eq!(found.weakest_violated(), BTreeSet::from([Model::ReadCommitted]));
}

/// A blind write between a read and the write upon it is a lost update too (Adya's G-cursor), and
/// reading again what has changed is inconsistent within the transaction.
#[test]
fn lost_updates_over_blind_writes() {
    let history = [
        committed(vec![read(X, Version::Initial), Operation::Write(X)]),
        committed(vec![Operation::Write(X)]),
    ];
    let installed = Installed { order: order(&[(X, &[1, 0])]), ..Installed::default() };
    let judgement = versions::judge(&history, &installed);
    assert!(judgement.anomalies().contains(&Anomaly::GCursor));
    assert_eq!(judgement.standing(Model::CursorStability), Standing::Violated);
    let twice = [
        committed(vec![read(X, Version::Initial), read(X, by(1))]),
        committed(vec![Operation::Write(X)]),
    ];
    let installed = Installed { order: order(&[(X, &[1])]), ..Installed::default() };
    let judgement = versions::judge(&twice, &installed);
    assert!(judgement.anomalies().contains(&Anomaly::Internal));
    assert_eq!(judgement.standing(Model::CursorStability), Standing::Holds);
}

type Reg = Several<u32, Register<u32>>;
type RegCall = Call<(u32, RegisterOperation<u32>), RegisterAnswer<u32>>;

fn registers() -> Reg {
    Several { touched: BTreeMap::new(), initial: Register(0) }
}

/// Calls of three clients on two registers, with answers that may be wrong.
fn calls() -> impl Strategy<Value = Vec<RegCall>> {
    let call = (0_u32..3, 0_u32..2, prop::option::of(1_u32..3), 0_u32..3, 0_u64..3, 0_u64..4);
    prop::collection::vec((call, prop::bool::weighted(0.85)), 1..7).prop_map(|raw| {
        let mut free = [0_u64; 3];
        raw.into_iter()
            .filter_map(|((client, name, writes, saw, pause, takes), is_answered)| {
                // A client whose call was never answered asks for nothing more.
                let asked = Some(free[client as usize]).filter(|at| *at != u64::MAX)? + pause;
                let answered = asked + takes;
                free[client as usize] = if is_answered { answered + 1 } else { u64::MAX };
                let (operation, answer) = match writes {
                    Some(value) => (RegisterOperation::Write(value), RegisterAnswer::Done),
                    None => (RegisterOperation::Read, RegisterAnswer::Value(saw)),
                };
                Some(Call {
                    client,
                    operation: (name, operation),
                    asked,
                    answered: is_answered.then_some((answered, answer)),
                })
            })
            .collect()
    })
}

/// Tries every order of every choice of the calls that were answered, and some that were not.
fn by_permutation(calls: &[RegCall], may_follow: &dyn Fn(&RegCall, &RegCall) -> bool) -> bool {
    fn extend(
        calls: &[RegCall],
        left: &[usize],
        state: &Reg,
        may_follow: &dyn Fn(&RegCall, &RegCall) -> bool,
    ) -> bool {
        if left.iter().all(|at| calls[*at].answered.is_none()) {
            return true;
        }
        left.iter().any(|at| {
            let call = &calls[*at];
            let is_next = left.iter().all(|other| other == at || may_follow(call, &calls[*other]));
            let mut state = state.clone();
            let answer = state.apply(&call.operation);
            let is_told = call.answered.as_ref().is_none_or(|(_, told)| *told == answer);
            let rest: Vec<usize> = left.iter().copied().filter(|other| other != at).collect();
            is_next && is_told && extend(calls, &rest, &state, may_follow)
        })
    }
    let all: Vec<usize> = (0..calls.len()).collect();
    extend(calls, &all, &registers(), may_follow)
}

/// An explanation does answer what was answered, in an order that real time allows.
fn hold_order(calls: &[RegCall], order: &[usize]) {
    let mut state = registers();
    for at in order {
        let answer = state.apply(&calls[*at].operation);
        assert!(calls[*at].answered.as_ref().is_none_or(|(_, told)| *told == answer));
    }
    let answered = (0..calls.len()).filter(|at| calls[*at].answered.is_some());
    assert!(answered.into_iter().all(|at| order.contains(&at)));
}

fn did() -> impl Strategy<Value = (u32, bool, u32, u32)> {
    (0_u32..2, any::<bool>(), 0_u32..2, 0_u32..2)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_search_agrees_with_all_permutations(calls in calls()) {
        let order = linear::linearization(&registers(), &calls).unwrap();
        let ended = |call: &RegCall| call.answered.as_ref().map_or(u64::MAX, |(at, _)| *at);
        let in_time = by_permutation(&calls, &|call, other| ended(other) >= call.asked);
        prop_assert_eq!(order.is_some(), in_time);
        if let Some(order) = &order {
            hold_order(&calls, order);
        }
        let sequential = linear::sequential_order(&registers(), &calls).unwrap();
        let by_client = by_permutation(&calls, &|call, other| {
            call.client != other.client || other.asked > call.asked
        });
        prop_assert_eq!(sequential.is_some(), by_client);
        prop_assert!(order.is_none() || sequential.is_some());
        // Linearizability is local: each register alone.
        let alone = [0, 1].into_iter().all(|name| {
            let of: Vec<_> = calls.iter().filter(|c| c.operation.0 == name).cloned().collect();
            linear::linearization(&registers(), &of).unwrap().is_some()
        });
        prop_assert_eq!(order.is_some(), alone);
    }

    /// Where every server applies the one log in order, a session that stays with one server keeps
    /// monotonic reads and the order of writes, and only its own writes can be missing; what the
    /// client sees tells no more than what the replicas hold.
    #[test]
    fn what_is_seen_breaks_no_more_than_what_is_held(
        script in prop::collection::vec(did(), 1..20),
        applies in prop::collection::vec((0_usize..20, 0_u32..2), 0..20),
    ) {
        let mut replicas = Replicas::default();
        let mut log: Vec<(WriteId, Item)> = Vec::new();
        let mut held = [0_usize; 2];
        let (mut seen, mut kept) = (BTreeSet::new(), BTreeSet::new());
        let mut clients = [sessions::Session::default(), sessions::Session::default()];
        for (at, (session, is_write, item, server)) in script.into_iter().enumerate() {
            let item = Item(item);
            for (_, to) in applies.iter().filter(|(when, _)| *when == at) {
                let held = &mut held[*to as usize];
                if let Some((write, _)) = log.get(*held) {
                    let happened = Happened::Applied { server: Server(*to), write: *write };
                    let broken = replicas.observe(happened);
                    prop_assert!(broken.is_empty(), "one log keeps the order of writes");
                    *held += 1;
                }
            }
            let version = |upto: usize| log[..upto].iter().filter(|(_, of)| *of == item).count();
            let (did, happened) = if is_write {
                let write = WriteId(log.len() as u32);
                let version = version(log.len()) as u64 + 1;
                log.push((write, item));
                (Did::Wrote { item, version }, Happened::Write { session, write, item })
            } else {
                let version = version(held[server as usize]) as u64;
                let happened = Happened::Read { session, server: Server(server), item };
                (Did::Read { item, version }, happened)
            };
            kept.extend(replicas.observe(happened).iter().map(|b| b.guarantee));
            let told = clients[session as usize].observe(did);
            seen.extend(told.iter().map(|b| b.guarantee));
        }
        prop_assert!(seen.is_subset(&kept), "seen {seen:?}, held {kept:?}");
    }
}

/// Each guarantee has a shortest way to break, and breaking one breaks no other.
#[test]
fn each_guarantee_can_be_broken_alone() {
    let wrote = |version| Did::Wrote { item: X, version };
    let read = |version| Did::Read { item: X, version };
    let cases = [
        (vec![wrote(1), read(0)], Guarantee::ReadYourWrites),
        (vec![read(1), read(0)], Guarantee::MonotonicReads),
        (vec![wrote(2), wrote(1)], Guarantee::MonotonicWrites),
        (vec![read(3), wrote(2)], Guarantee::WritesFollowReads),
    ];
    for (operations, guarantee) in cases {
        let broken: Vec<_> = sessions::broken(&operations).iter().map(|b| b.guarantee).collect();
        assert_eq!(broken, [guarantee]);
        assert_eq!(Guarantee::named(&guarantee.to_string()), Some(guarantee));
    }
    assert_eq!(sessions::broken(&[wrote(1), read(1), read(2), wrote(3)]), []);
}

/// By what replicas hold: the second write arrives where the first has not.
#[test]
fn writes_that_arrive_out_of_order() {
    let (first, second) = (WriteId(1), WriteId(2));
    let (here, there) = (Server(0), Server(1));
    let write = |session, write, item| Happened::Write { session, write, item };
    let mut replicas = Replicas::default();
    for happened in [write(0, first, X), write(0, second, Y)] {
        assert_eq!(replicas.observe(happened), []);
    }
    let broken = replicas.observe(Happened::Applied { server: there, write: second });
    assert_eq!(
        broken.iter().map(|b| b.guarantee).collect::<Vec<_>>(),
        [Guarantee::MonotonicWrites]
    );

    let mut replicas = Replicas::default();
    for happened in [
        write(0, first, X),
        Happened::Applied { server: here, write: first },
        Happened::Read { session: 1, server: here, item: X },
        write(1, second, Y),
    ] {
        assert_eq!(replicas.observe(happened), []);
    }
    let broken = replicas.observe(Happened::Applied { server: there, write: second });
    let guarantees: Vec<_> = broken.iter().map(|b| b.guarantee).collect();
    assert_eq!(guarantees, [Guarantee::WritesFollowReads]);
    assert_eq!(broken[0].missing, first);
}
