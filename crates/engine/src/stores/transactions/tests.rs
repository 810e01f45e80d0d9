//! Transactions: laws over random programs and schedules, and what the oracles say nothing about.

use std::collections::BTreeMap;

use super::*;
use crate::fingerprint::{Fingerprint, mix};
use crate::ids::Sym;
use crate::value::Value;

const TABLE: Sym = Sym(1);
const VALUE: Sym = Sym(0);

fn key(id: i64) -> Key {
    Key { table: TABLE, id: KeyPart::Int(id) }
}

fn row(value: i64) -> Row {
    Row::new(vec![(VALUE, Value::Int(value))])
}

fn cmp(left: Expr, compare: Compare, n: i64) -> Predicate {
    Predicate::Cmp(left, compare, Expr::Is(KeyPart::Int(n)))
}

fn id(n: i64) -> Predicate {
    cmp(Expr::Id, Compare::Eq, n)
}

fn add(filter: Predicate, n: i64) -> Statement {
    let sum = Expr::Of(Box::new(Expr::Field(VALUE)), Arithmetic::Plus, Box::new(is(n)));
    Statement::Update { table: TABLE, filter, set: vec![(VALUE, sum)] }
}

fn is(n: i64) -> Expr {
    Expr::Is(KeyPart::Int(n))
}

fn store(dialect: Dialect) -> TransactionStore {
    TransactionStore::new(dialect, [(key(1), row(10)), (key(2), row(20)), (key(3), row(30))])
}

fn values(store: &TransactionStore) -> Vec<i64> {
    store.rows().filter_map(|(_, row)| row.get(VALUE)?.as_int()).collect()
}

fn versions(level: Level) -> Isolation {
    Isolation::new(level, Method::Versions)
}

fn locking(level: Level) -> Isolation {
    Isolation::new(level, Method::Locking)
}

struct Draw(u64);

impl Draw {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = mix(self.0.wrapping_add(0x9e37_79b9_7f4a_7c15));
        self.0 % below
    }
}

/// A random statement on few keys, so that they meet.
fn statement(draw: &mut Draw) -> Statement {
    let n = 1 + draw.below(4) as i64;
    let filter = match draw.below(4) {
        0 => cmp(Expr::Id, Compare::Ge, n),
        1 => cmp(Expr::Field(VALUE), Compare::Ge, 10 * n),
        _ => id(n),
    };
    match draw.below(6) {
        0 => Statement::Insert { key: key(n), row: row(10 * n) },
        1 => Statement::Delete { table: TABLE, filter },
        2 | 3 => add(filter, 10),
        _ => Statement::select(TABLE, filter),
    }
}

type Seen = Vec<Outcome>;

/// The outcomes of a transaction's statements, and whether it committed.
#[derive(Default, Clone)]
struct Ran {
    seen: Seen,
    committed: bool,
}

/// Runs the programs in an order that the draw decides. Who waits is passed over.
fn interleave(
    dialect: Dialect,
    isolation: Isolation,
    programs: &[Vec<Statement>],
    draw: &mut Draw,
) -> (TransactionStore, Vec<Ran>) {
    let mut store = store(dialect);
    let txns: Vec<_> = programs.iter().map(|_| store.begin(isolation)).collect();
    let mut ran = vec![Ran::default(); programs.len()];
    let mut at = vec![0; programs.len()];
    loop {
        let can = |n: &usize| store.is_open(txns[*n]) && !store.is_blocked(txns[*n]);
        let able: Vec<usize> = (0..programs.len()).filter(can).collect();
        if able.is_empty() {
            let waiting = txns.iter().filter(|txn| store.is_open(**txn)).count();
            assert_eq!(waiting, 0, "somebody waits for ever");
            return (store, ran);
        }
        let n = able[draw.below(able.len() as u64) as usize];
        match programs[n].get(at[n]) {
            Some(statement) => {
                let outcome = store.statement(txns[n], statement);
                if outcome != Outcome::Blocked {
                    ran[n].seen.push(outcome);
                }
            }
            None => ran[n].committed = store.commit(txns[n]) == Ok(Ended::Committed),
        }
        at[n] += 1;
        for (txn, outcome) in store.resumed() {
            let n = txns.iter().position(|other| *other == txn).expect("it is one of these");
            ran[n].seen.push(outcome);
        }
        assert!(store.locks().cycles().is_empty(), "a deadlock was left");
    }
}

/// Whether some order of the committed transactions, one after the other, has them see the same and
/// leaves the same rows.
fn is_serializable(programs: &[Vec<Statement>], rows: &[(Key, Row)], ran: &[Ran]) -> bool {
    let committed: Vec<usize> = (0..ran.len()).filter(|n| ran[*n].committed).collect();
    permutations(&committed).iter().any(|order| {
        let mut store = store(Dialect::sql_server());
        let same = order.iter().all(|n| {
            let txn = store.begin(versions(Level::RepeatableRead));
            let seen: Seen =
                programs[*n].iter().map(|statement| store.statement(txn, statement)).collect();
            store.commit(txn).is_ok() && seen == ran[*n].seen
        });
        same && store.rows().map(|(key, row)| (*key, row.clone())).eq(rows.iter().cloned())
    })
}

fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, first) in items.iter().enumerate() {
        let mut rest = items.to_vec();
        rest.remove(at);
        for mut tail in permutations(&rest) {
            tail.insert(0, *first);
            all.push(tail);
        }
    }
    all
}

/// How many of so many random runs are not serializable, and how many transactions were ended.
fn count(dialect: &Dialect, isolation: Isolation, runs: u64) -> (usize, usize) {
    let (mut wrong, mut ended) = (0, 0);
    for run in 0..runs {
        let mut draw = Draw(run);
        let programs: Vec<Vec<Statement>> = (0..3)
            .map(|_| (0..1 + draw.below(3)).map(|_| statement(&mut draw)).collect())
            .collect();
        let (store, ran) = interleave(dialect.clone(), isolation, &programs, &mut draw);
        let rows: Vec<_> = store.rows().map(|(key, row)| (*key, row.clone())).collect();
        wrong += usize::from(!is_serializable(&programs, &rows, &ran));
        ended += ran.iter().filter(|ran| !ran.committed).count();
        assert_eq!(store.locks().waits(), [], "nothing is held at the end");
        assert_eq!(store.locks(), self::store(dialect.clone()).locks());
    }
    (wrong, ended)
}

/// Strict two-phase locking with spans, in both dialects that have it, and serializable snapshot
/// isolation admit no schedule that is not serializable; every weaker level admits some.
#[test]
fn serializable_is_serializable_and_nothing_else_is() {
    let serializable = [
        (Dialect::sql_server(), locking(Level::Serializable)),
        (Dialect::inno_db(), Isolation::new(Level::Serializable, Method::Mixed)),
        (Dialect::postgres(), versions(Level::Serializable)),
        (Dialect::sql_server(), versions(Level::Serializable)),
    ];
    for (dialect, isolation) in serializable {
        let (wrong, ended) = count(&dialect, isolation, 1_500);
        assert_eq!(wrong, 0, "{isolation:?}");
        assert!(ended > 100, "{isolation:?}: {ended} ended");
    }
    for method in [Method::Locking, Method::Mixed, Method::Versions] {
        for level in [Level::ReadUncommitted, Level::ReadCommitted, Level::RepeatableRead] {
            let (wrong, _) = count(&Dialect::sql_server(), Isolation::new(level, method), 300);
            assert!(wrong > 0, "{level:?} by {method:?}");
        }
    }
}

/// Whoever sees a database by the names of its sessions cannot tell in which order they began.
#[test]
fn the_order_of_beginning_is_no_part_of_the_fingerprint() {
    let run = |order: [&'static str; 2]| {
        let mut store = store(Dialect::postgres());
        let mut txns = BTreeMap::new();
        for name in order {
            txns.insert(name, store.begin(versions(Level::Serializable)));
        }
        store.statement(txns["a"], &add(id(1), 1));
        store.statement(txns["b"], &add(id(2), 1));
        store.statement(txns["b"], &Statement::select(TABLE, Predicate::True));
        assert_eq!(store.statement(txns["a"], &add(id(2), 1)), Outcome::Blocked);
        let names: BTreeMap<LocalTxnId, u32> = txns.values().copied().zip(0..).collect();
        let mut h = Fingerprint::new();
        store.canon_by(&mut h, &|txn| names[&txn]);
        (h.finish(), Fingerprint::of(&store))
    };
    let (one, other) = (run(["a", "b"]), run(["b", "a"]));
    assert_eq!(one.0, other.0);
    assert_ne!(one.1, other.1, "without names the order is all there is to tell them apart");
}

#[test]
fn a_database_at_rest_forgets_how_it_got_there() {
    let mut store = store(Dialect::postgres());
    let before = Fingerprint::of(&store);
    for _ in 0..3 {
        for change in [1, -1] {
            let txn = store.begin(versions(Level::Serializable));
            store.statement(txn, &Statement::select(TABLE, Predicate::True));
            store.statement(txn, &add(Predicate::True, change));
            assert_eq!(store.commit(txn), Ok(Ended::Committed));
        }
    }
    assert_eq!(Fingerprint::of(&store), before);
}

#[test]
fn nowait_fails_and_skip_locked_passes_over() {
    let select = |on_locked| Statement::Select {
        table: TABLE,
        filter: Predicate::True,
        lock: Some(Strength::Update),
        on_locked,
    };
    for isolation in [versions(Level::ReadCommitted), locking(Level::ReadCommitted)] {
        let mut store = store(Dialect::sql_server());
        let (one, two) = (store.begin(isolation), store.begin(isolation));
        store.statement(one, &add(id(2), 1));
        let Outcome::Done(found) = store.statement(two, &select(OnLocked::Skip)) else {
            panic!("it does not wait");
        };
        assert_eq!(
            found.rows.iter().map(|(key, _)| key.id).collect::<Vec<_>>(),
            [KeyPart::Int(1), KeyPart::Int(3)]
        );
        let refused = store.statement(two, &select(OnLocked::Fail));
        assert_eq!(refused, Outcome::Failed(DbError::LockNotAvailable));
        assert_eq!(store.statement(two, &select(OnLocked::Wait)), Outcome::Blocked);
        assert_eq!(store.commit(one), Ok(Ended::Committed));
        let resumed = store.resumed();
        let [(txn, Outcome::Done(found))] = resumed.as_slice() else { panic!("{resumed:?}") };
        assert_eq!((*txn, found.rows.len()), (two, 3));
    }
}

/// The statement whose time is up is undone alone or with its transaction, as the dialect has it.
#[test]
fn a_time_out_undoes_the_statement_or_the_transaction() {
    for (dialect, ends) in [(Dialect::postgres(), true), (Dialect::inno_db(), false)] {
        let mut store = store(dialect);
        let isolation = locking(Level::ReadCommitted);
        let (one, two) = (store.begin(isolation), store.begin(isolation));
        store.statement(one, &add(id(2), 1));
        store.statement(two, &add(id(3), 1));
        // It changes the first row and then waits for the second.
        assert_eq!(store.statement(two, &add(Predicate::True, 100)), Outcome::Blocked);
        let timed_out = store.time_out(two, TimeLimit::Lock);
        assert_eq!(timed_out, Some(Outcome::Failed(DbError::LockTimeout)));
        assert_eq!(store.time_out(two, TimeLimit::Lock), None, "it waits no more");
        assert_eq!(store.commit(one), Ok(Ended::Committed));
        let ended = if ends { Ended::RolledBack } else { Ended::Committed };
        assert_eq!(store.commit(two), Ok(ended));
        assert_eq!(values(&store), if ends { [10, 21, 30] } else { [10, 21, 31] });
    }
}

#[test]
fn a_renamed_column_locks_everybody_out() {
    let mut store = store(Dialect::postgres());
    let level = versions(Level::ReadCommitted);
    let (reader, owner, other) = (store.begin(level), store.begin(level), store.begin(level));
    let read = Statement::select(TABLE, id(1));
    store.statement(reader, &read);
    let lock = Statement::LockTable {
        table: TABLE,
        mode: modes::ACCESS_EXCLUSIVE,
        on_locked: OnLocked::Wait,
    };
    assert_eq!(store.statement(owner, &lock), Outcome::Blocked, "a reader is in the way");
    assert_eq!(store.statement(other, &read), Outcome::Blocked, "and nobody overtakes the owner");
    assert_eq!(store.commit(reader), Ok(Ended::Committed));
    assert_eq!(store.resumed().len(), 1);
    assert_eq!(store.commit(owner), Ok(Ended::Committed));
    assert_eq!(store.resumed().len(), 1);
}

/// Two opposite transfers deadlock at every level; the victim's locks go to the other, and its
/// retry succeeds.
#[test]
fn two_transfers_deadlock_and_the_victim_succeeds_when_it_tries_again() {
    for isolation in [versions(Level::ReadCommitted), locking(Level::Serializable)] {
        let mut store = store(Dialect::postgres());
        let (one, two) = (store.begin(isolation), store.begin(isolation));
        store.statement(one, &add(id(1), -5));
        store.statement(two, &add(id(2), -5));
        assert_eq!(store.statement(one, &add(id(2), 5)), Outcome::Blocked);
        let failed = store.statement(two, &add(id(1), 5));
        assert_eq!(failed, Outcome::Failed(DbError::Deadlock));
        assert!(DbError::Deadlock.is_retryable());
        let deadlocks = store.deadlocks();
        assert_eq!((deadlocks.len(), deadlocks[0].victim, deadlocks[0].cycle.len()), (1, two, 2));
        let [(txn, Outcome::Done(_))] = store.resumed()[..] else { panic!("one goes on") };
        assert_eq!((txn, store.commit(one)), (one, Ok(Ended::Committed)));
        assert_eq!(store.commit(two), Ok(Ended::RolledBack));
        let again = store.begin(isolation);
        store.statement(again, &add(id(2), -5));
        store.statement(again, &add(id(1), 5));
        assert_eq!(store.commit(again), Ok(Ended::Committed));
        assert_eq!(values(&store), [10, 20, 30]);
    }
}

#[test]
fn a_prepared_transaction_outlives_a_crash_and_anybody_ends_it() {
    for commits in [true, false] {
        let mut store = store(Dialect::postgres());
        let level = versions(Level::Serializable);
        let (one, lost) = (store.begin(level), store.begin(level));
        store.statement(one, &add(id(1), 1));
        store.statement(lost, &add(id(2), 1));
        assert_eq!(store.prepare(one, "g"), Ok(Ended::Committed));
        assert_eq!(store.commit(one), Err(DbError::NoTransaction), "it is nobody's");
        assert_eq!(store.rollback(one), Err(DbError::NoTransaction));
        store.crash();
        assert!(!store.is_open(lost));
        assert_eq!(store.in_doubt().collect::<Vec<_>>(), [("g", one)]);
        assert_eq!(values(&store), [10, 20, 30]);
        let waiter = store.begin(versions(Level::ReadCommitted));
        assert!(matches!(store.statement(waiter, &add(id(2), 1)), Outcome::Done(_)));
        assert_eq!(store.statement(waiter, &add(id(1), 1)), Outcome::Blocked);
        assert_eq!(store.deadlocks(), []);
        let ended = if commits { store.commit_prepared("g") } else { store.rollback_prepared("g") };
        assert_eq!(ended, Ok(()));
        assert_eq!(store.commit_prepared("g"), Err(DbError::NoSuchPrepared("g".to_owned())));
        assert_eq!(store.resumed().len(), 1);
        assert_eq!(store.commit(waiter), Ok(Ended::Committed));
        assert_eq!(values(&store), [11 + i64::from(commits), 21, 30]);
    }
}

fn done(store: &mut TransactionStore, txn: LocalTxnId, statement: &Statement) {
    let outcome = store.statement(txn, statement);
    assert!(matches!(outcome, Outcome::Done(_)), "{statement:?}: {outcome:?}");
}

/// The report sees the deposit and not the withdrawal, which did not see the deposit. All that is
/// left to say so when the report reads on is the edge between two that have committed.
#[test]
fn a_pivot_that_has_committed_is_still_one() {
    let mut store = store(Dialect::postgres());
    let level = versions(Level::Serializable);
    let (withdrawal, deposit, report) =
        (store.begin(level), store.begin(level), store.begin(level));
    let read = |n| Statement::select(TABLE, id(n));
    done(&mut store, withdrawal, &read(2));
    done(&mut store, deposit, &add(id(2), 20));
    assert_eq!(store.commit(deposit), Ok(Ended::Committed));
    done(&mut store, report, &read(2));
    done(&mut store, withdrawal, &add(id(1), -11));
    assert_eq!(store.commit(withdrawal), Ok(Ended::Committed));
    assert_eq!(store.statement(report, &read(1)), Outcome::Failed(DbError::Dependencies));
}

/// Who only read, and did not see what was committed first, comes before them all.
#[test]
fn a_reader_from_before_the_first_commit_is_no_danger() {
    let mut store = store(Dialect::postgres());
    let level = versions(Level::Serializable);
    let (reader, pivot, first) = (store.begin(level), store.begin(level), store.begin(level));
    done(&mut store, reader, &Statement::select(TABLE, id(1)));
    done(&mut store, pivot, &Statement::select(TABLE, id(2)));
    done(&mut store, first, &add(id(2), 1));
    assert_eq!(store.commit(first), Ok(Ended::Committed));
    assert_eq!(store.commit(reader), Ok(Ended::Committed));
    done(&mut store, pivot, &add(id(1), 1));
    assert_eq!(store.commit(pivot), Ok(Ended::Committed));
}

/// While a statement waits for one row, another of its rows goes and one with the same key comes:
/// that is another row, which the statement did not find.
#[test]
fn a_row_that_came_back_is_another_row() {
    let mut store = store(Dialect::postgres());
    let level = versions(Level::ReadCommitted);
    let (holder, waiter, other) = (store.begin(level), store.begin(level), store.begin(level));
    done(&mut store, holder, &add(id(1), 1));
    assert_eq!(store.statement(waiter, &add(Predicate::True, 100)), Outcome::Blocked);
    done(&mut store, other, &Statement::Delete { table: TABLE, filter: id(2) });
    assert_eq!(store.commit(other), Ok(Ended::Committed));
    let again = store.begin(level);
    done(&mut store, again, &Statement::Insert { key: key(2), row: row(20) });
    assert_eq!(store.commit(again), Ok(Ended::Committed));
    assert_eq!(store.commit(holder), Ok(Ended::Committed));
    assert_eq!(store.commit(waiter), Ok(Ended::Committed));
    assert_eq!(values(&store), [111, 20, 130]);
}

/// An insertion is let through by the death of a victim, and before its turn comes the one who goes
/// on scans the place: no row may appear there.
#[test]
fn an_insertion_that_was_let_through_asks_again() {
    let mut store = store(Dialect::inno_db());
    let level = Isolation::new(Level::Serializable, Method::Mixed);
    let (victim, inserter, scanner) = (store.begin(level), store.begin(level), store.begin(level));
    let all = Statement::select(TABLE, Predicate::True);
    done(&mut store, victim, &Statement::select(TABLE, cmp(Expr::Id, Compare::Ge, 4)));
    done(&mut store, victim, &add(id(2), 1));
    let insert = Statement::Insert { key: key(5), row: row(50) };
    assert_eq!(store.statement(inserter, &insert), Outcome::Blocked);
    done(&mut store, scanner, &add(id(1), 1));
    done(&mut store, scanner, &add(id(3), 1));
    assert_eq!(store.statement(victim, &add(id(1), 1)), Outcome::Blocked);
    let read = store.statement(scanner, &all);
    assert_eq!(store.deadlocks().first().map(|deadlock| deadlock.victim), Some(victim));
    assert!(store.is_blocked(inserter));
    assert_eq!(store.statement(scanner, &all), read, "what was read is read again");
    assert_eq!(store.commit(scanner), Ok(Ended::Committed));
    assert_eq!(store.commit(inserter), Ok(Ended::Committed));
    assert_eq!(values(&store), [11, 20, 31, 50]);
}
