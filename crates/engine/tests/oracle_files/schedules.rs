//! Counts over all schedules: the explorer visits every state of a model that is made of the real
//! lock table or the real database, and the paths through the same model are counted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use interleave_engine::drivers::explore::{Coverage, Explorer, Limits, StopAt};
use interleave_engine::drivers::model::Model;
use interleave_engine::fingerprint::{Canon, Fingerprint};
use interleave_engine::ids::Sym;
use interleave_engine::lab::{
    Asked, Dialect, Expr, Isolation, Lab, Level, LocalTxnId, LockRules, LockTable, Method, Outcome,
    Patience, Predicate, Statement, Target, Victim, modes,
};
use interleave_engine::value::{Key, KeyPart, Row, Value as Cell};
use serde_json::Value;

use super::record::{Not, same};
use super::sql::VALUE;

/// How many states are visited before a record counts as too large to run here.
const MOST_STATES: u32 = 3_000_000;

/// The distinct states, by the explorer.
fn states<M: Model>(model: M) -> Result<u64, Not> {
    let limits = Limits {
        states: MOST_STATES,
        depth: u32::MAX,
        stop: StopAt::Exhausted,
        count_edges: false,
        ..Limits::default()
    };
    let report = Explorer::new(model, limits).run();
    if report.coverage == Coverage::Complete {
        Ok(report.distinct)
    } else {
        Err(Not::Supported("it has too many states".to_owned()))
    }
}

/// How many schedules end in each kind of end, by the paths from a state. Equal states have equal
/// futures, so each is counted once.
fn endings<M: Model, E: Ord + Clone>(
    model: &M,
    state: &M::State,
    end: &dyn Fn(&M::State) -> E,
    known: &mut BTreeMap<u64, BTreeMap<E, u128>>,
) -> BTreeMap<E, u128> {
    let fingerprint = model.fingerprint(state);
    if let Some(found) = known.get(&fingerprint) {
        return found.clone();
    }
    let mut next = Vec::new();
    model.successors(state, &mut |_, after| next.push(after));
    let mut found = BTreeMap::new();
    for after in &next {
        for (kind, count) in endings(model, after, end, known) {
            *found.entry(kind).or_default() += count;
        }
    }
    if next.is_empty() {
        found.insert(end(state), 1);
    }
    known.insert(fingerprint, found.clone());
    found
}

fn first<M: Model>(model: &M) -> M::State {
    let found = RefCell::new(None);
    model.initial(&mut |state| {
        found.replace(Some(state));
    });
    found.into_inner().expect("a model has an initial state")
}

/// Transactions that take exclusive locks one after the other and let go of them at their commit.
#[derive(Clone)]
struct TwoPhase {
    txns: Rc<Vec<Vec<i64>>>,
}

#[derive(Clone)]
struct Progress {
    locks: LockTable,
    /// How many locks each has taken; one more when it has committed.
    taken: Vec<usize>,
}

impl TwoPhase {
    fn target(key: i64) -> Target {
        Target::Row(Key { table: Sym(0), id: KeyPart::Int(key) })
    }

    /// Whether everybody committed. Otherwise, once all have asked for what they need next, the
    /// lock table must find the cycle.
    fn is_deadlocked(&self, state: &Progress) -> bool {
        let mut locks = state.locks.clone();
        for (txn, taken) in state.taken.iter().enumerate() {
            if let Some(key) = self.txns[txn].get(*taken) {
                let target = Self::target(*key);
                locks.ask(LocalTxnId(txn as u32), target, modes::EXCLUSIVE, Patience::Wait);
            }
        }
        !locks.cycles().is_empty()
    }
}

impl Model for TwoPhase {
    type State = Progress;
    type Action = usize;

    fn initial(&self, emit: &mut dyn FnMut(Progress)) {
        let rules = LockRules {
            matrix: Dialect::postgres().locks.matrix,
            conversions_first: true,
            reorders: false,
            victim: Victim::Requester,
        };
        emit(Progress { locks: LockTable::new(rules), taken: vec![0; self.txns.len()] });
    }

    fn successors(&self, state: &Progress, emit: &mut dyn FnMut(usize, Progress)) {
        for (txn, keys) in self.txns.iter().enumerate() {
            let id = LocalTxnId(txn as u32);
            let mut next = state.clone();
            next.taken[txn] += 1;
            match keys.get(state.taken[txn]) {
                Some(key) => {
                    let target = Self::target(*key);
                    let asked = next.locks.ask(id, target, modes::EXCLUSIVE, Patience::Leave);
                    if asked == Asked::Refused {
                        continue;
                    }
                }
                None if state.taken[txn] == keys.len() => {
                    next.locks.release(id);
                }
                None => continue,
            }
            emit(txn, next);
        }
    }

    fn fingerprint(&self, state: &Progress) -> u64 {
        let mut h = Fingerprint::new();
        state.locks.canon(&mut h);
        for taken in &state.taken {
            h.write_u32(*taken as u32);
        }
        h.finish()
    }
}

fn numbers(value: &Value) -> Vec<i64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_i64).collect()
}

fn model(txns: Vec<Vec<i64>>) -> TwoPhase {
    TwoPhase { txns: Rc::new(txns) }
}

/// Compares a figure where the record has it.
fn figure(row: &Value, field: &str, found: u128) -> Result<(), Not> {
    match row[field].as_u64() {
        Some(expected) => same(field, &found, &u128::from(expected)),
        None => Ok(()),
    }
}

/// A record of `strict_2pl_bruteforce`.
pub(crate) fn check_two_phase(row: &Value) -> Result<(), Not> {
    let txns: Vec<Vec<i64>> = row["txns"].as_array().into_iter().flatten().map(numbers).collect();
    if txns.is_empty() {
        return Err(Not::Supported("it has no transactions".to_owned()));
    }
    let model = model(txns);
    let stuck = RefCell::new(std::collections::BTreeSet::new());
    let end = |state: &Progress| {
        let is_deadlocked = model.is_deadlocked(state);
        let is_done = state.taken.iter().zip(model.txns.iter()).all(|(at, keys)| *at > keys.len());
        assert_eq!(is_deadlocked, !is_done, "who is stuck is in a cycle");
        if is_deadlocked {
            stuck.borrow_mut().insert(model.fingerprint(state));
        }
        is_deadlocked
    };
    let mut known = BTreeMap::new();
    let found = endings(&model, &first(&model), &end, &mut known);
    let states = states(model.clone())?;
    same("states by the explorer and on the paths", &states, &(known.len() as u64))?;
    figure(row, "reachable_states", states.into())?;
    figure(row, "maximal_schedules", found.values().sum())?;
    figure(row, "deadlocked_schedules", found.get(&true).copied().unwrap_or(0))?;
    figure(row, "deadlock_states", stuck.into_inner().len() as u128)
}

/// A record of `interleavings`: sessions that have nothing to do with each other, each with so many
/// steps, of which the last is its commit.
pub(crate) fn check_interleavings(row: &Value) -> Result<(), Not> {
    let mut next = 0;
    let txns = numbers(&row["lengths"]).into_iter().map(|length| {
        let keys = next..next + length - 1;
        next = keys.end;
        keys.collect()
    });
    let model = model(txns.collect());
    let found = endings(&model, &first(&model), &|_| (), &mut BTreeMap::new());
    figure(row, "count", found.values().sum())
}

/// Processes that read a row and write it back with one more, at read committed.
#[derive(Clone)]
struct Increments {
    processes: usize,
    /// Whether processes are told apart.
    symmetric: bool,
}

#[derive(Clone)]
struct Counting {
    lab: Lab,
    /// What each has done, and what it read.
    each: Vec<(u8, i64)>,
}

const COUNTER: Key = Key { table: Sym(1), id: KeyPart::Int(1) };

impl Counting {
    fn value(&self) -> i64 {
        let rows = self.lab.store().rows();
        rows.into_iter().find_map(|(_, row)| row.get(VALUE)?.as_int()).unwrap_or_default()
    }
}

impl Model for Increments {
    type State = Counting;
    type Action = usize;

    fn initial(&self, emit: &mut dyn FnMut(Counting)) {
        let isolation = Isolation::new(Level::ReadCommitted, Method::Versions);
        let row = Row::new(vec![(VALUE, Cell::Int(0))]);
        let lab = Lab::new(Dialect::postgres(), isolation, [(COUNTER, row)]);
        emit(Counting { lab, each: vec![(0, 0); self.processes] });
    }

    fn successors(&self, state: &Counting, emit: &mut dyn FnMut(usize, Counting)) {
        for process in 0..self.processes {
            let mut next = state.clone();
            let session = format!("P{process}");
            let (done, read) = next.each[process];
            let filter = Predicate::id(COUNTER.id);
            let statement = match done {
                0 => Statement::select(COUNTER.table, filter),
                1 => {
                    let set = vec![(VALUE, Expr::Is(KeyPart::Int(read + 1)))];
                    Statement::Update { table: COUNTER.table, filter, set }
                }
                _ => continue,
            };
            let Outcome::Done(found) = next.lab.statement(&session, &statement) else {
                panic!("nobody holds a lock between statements");
            };
            let seen = found.rows.first().and_then(|(_, row)| row.get(VALUE)?.as_int());
            next.each[process] = (done + 1, seen.unwrap_or(read));
            emit(process, next);
        }
    }

    fn fingerprint(&self, state: &Counting) -> u64 {
        let mut h = Fingerprint::new();
        state.lab.store().canon(&mut h);
        let mut each = state.each.clone();
        if self.symmetric {
            each.sort_unstable();
        }
        each.canon(&mut h);
        h.finish()
    }
}

/// A record of `lost_update_increments`.
pub(crate) fn check_lost_updates(row: &Value) -> Result<(), Not> {
    let processes = row["N"].as_u64().ok_or_else(|| Not::Supported("it has no N".to_owned()))?;
    let model = Increments { processes: processes as usize, symmetric: false };
    let found = endings(&model, &first(&model), &Counting::value, &mut BTreeMap::new());
    figure(row, "interleavings", found.values().sum())?;
    let said = row["final_value_distribution"].as_object().into_iter().flatten();
    let said: BTreeMap<i64, u128> =
        said.filter_map(|(value, n)| Some((value.parse().ok()?, n.as_u64()?.into()))).collect();
    if !said.is_empty() {
        same("final values", &found, &said)?;
    }
    figure(row, "distinct_states_keep_local", states(model.clone())?.into())?;
    figure(row, "orbits", states(Increments { symmetric: true, ..model })?.into())
}
