//! Small runs of a store without any isolation, and searches for what explains them.
#![allow(unreachable_pub, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use interleave_engine::history::anomaly::Anomaly;
use interleave_engine::history::graph::Why;
use interleave_engine::history::lists::Operation;
use interleave_engine::history::{Item, Judgement, Shown, Transaction};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

type Lists = BTreeMap<Item, Vec<i64>>;

pub fn appends(item: Item, value: i64) -> Operation {
    Operation::Append { item, value }
}

pub fn reads(item: Item, values: &[i64]) -> Operation {
    Operation::Read { item, values: values.to_vec() }
}

/// What some transactions want, and in which order their operations come. A transaction may read
/// from a copy that was made when it started.
#[derive(Clone, Debug)]
pub struct Script {
    wants: Vec<(bool, Vec<(bool, u32)>)>,
    turns: Vec<usize>,
}

impl Script {
    pub fn one_by_one(&self) -> Self {
        let turns = self.wants.iter().enumerate().flat_map(|(at, (_, ops))| vec![at; ops.len()]);
        Self { wants: self.wants.clone(), turns: turns.collect() }
    }
}

pub fn script() -> impl Strategy<Value = Script> {
    let operation = (any::<bool>(), 0_u32..3);
    let transaction = (any::<bool>(), prop::collection::vec(operation, 1..4));
    prop::collection::vec(transaction, 2..5).prop_flat_map(|wants| {
        let turns: Vec<usize> =
            wants.iter().enumerate().flat_map(|(at, (_, ops))| vec![at; ops.len()]).collect();
        (Just(wants), Just(turns).prop_shuffle()).prop_map(|(wants, turns)| Script { wants, turns })
    })
}

/// Runs a script. At the end one more transaction reads everything, so that the order of all appends
/// is known.
pub fn run(script: &Script) -> Vec<Transaction<Operation>> {
    let mut lists = Lists::new();
    let mut copies: Vec<Option<Lists>> = vec![None; script.wants.len()];
    let mut done: Vec<Vec<Operation>> = vec![Vec::new(); script.wants.len()];
    for (clock, turn) in script.turns.iter().enumerate() {
        let (from_copy, wants) = &script.wants[*turn];
        let (is_read, item) = wants[done[*turn].len()];
        let item = Item(item);
        let copy = copies[*turn].get_or_insert_with(|| lists.clone());
        done[*turn].push(if is_read {
            let from = if *from_copy { &*copy } else { &lists };
            reads(item, from.get(&item).map_or(&[][..], Vec::as_slice))
        } else {
            let value = clock as i64;
            copy.entry(item).or_default().push(value);
            lists.entry(item).or_default().push(value);
            appends(item, value)
        });
    }
    done.push(
        (0..3)
            .map(Item)
            .map(|item| reads(item, lists.get(&item).map_or(&[][..], Vec::as_slice)))
            .collect(),
    );
    done.into_iter().map(Transaction::committed).collect()
}

/// Does a transaction's operations upon a state; `None` where a read saw something else.
fn does(state: &Lists, operations: &[Operation]) -> Option<Lists> {
    let mut state = state.clone();
    for operation in operations {
        match operation {
            Operation::Append { item, value } => state.entry(*item).or_default().push(*value),
            Operation::Read { item, values } => {
                if state.get(item).map_or(&[][..], Vec::as_slice) != values.as_slice() {
                    return None;
                }
            }
        }
    }
    Some(state)
}

fn writes(txn: &Transaction<Operation>) -> BTreeSet<Item> {
    txn.operations
        .iter()
        .filter_map(|one| match one {
            Operation::Append { item, .. } => Some(*item),
            Operation::Read { .. } => None,
        })
        .collect()
}

/// Whether some serial order of the transactions explains every read.
pub fn explained_serially(history: &[Transaction<Operation>]) -> bool {
    fn extend(history: &[Transaction<Operation>], left: &BTreeSet<usize>, state: &Lists) -> bool {
        left.is_empty()
            || left.iter().any(|next| {
                does(state, &history[*next].operations).is_some_and(|state| {
                    let mut left = left.clone();
                    left.remove(next);
                    extend(history, &left, &state)
                })
            })
    }
    extend(history, &(0..history.len()).collect(), &Lists::new())
}

/// Whether some order of commits explains every read from some earlier state of the order, where no
/// two that write one item overlap.
pub fn explained_by_snapshots(history: &[Transaction<Operation>]) -> bool {
    fn extend(
        history: &[Transaction<Operation>],
        left: &BTreeSet<usize>,
        states: &[Lists],
        wrote: &[BTreeSet<Item>],
    ) -> bool {
        left.is_empty()
            || left.iter().any(|next| {
                let own = writes(&history[*next]);
                (0..states.len()).any(|snapshot| {
                    let is_first = wrote[snapshot..].iter().all(|other| other.is_disjoint(&own));
                    if !is_first || does(&states[snapshot], &history[*next].operations).is_none() {
                        return false;
                    }
                    let mut state = states[states.len() - 1].clone();
                    for operation in &history[*next].operations {
                        if let Operation::Append { item, value } = operation {
                            state.entry(*item).or_default().push(*value);
                        }
                    }
                    let mut left = left.clone();
                    left.remove(next);
                    extend(
                        history,
                        &left,
                        &[states, &[state]].concat(),
                        &[wrote, std::slice::from_ref(&own)].concat(),
                    )
                })
            })
    }
    extend(history, &(0..history.len()).collect(), &[Lists::new()], &[])
}

/// Each shown cycle is closed, its edges are in the graph, and their kinds are those of its name.
pub fn hold_cycles(judgement: &Judgement) -> Result<(), TestCaseError> {
    for one in &judgement.found {
        let Shown::Cycle(cycle) = &one.shown else { continue };
        for (at, edge) in cycle.0.iter().enumerate() {
            prop_assert!(judgement.graph.out(edge.from).contains(edge));
            prop_assert_eq!(edge.to, cycle.0[(at + 1) % cycle.0.len()].from);
        }
        let count = |is: fn(Why) -> bool| cycle.0.iter().filter(|edge| is(edge.why)).count();
        let (all, anti) = (cycle.0.len(), count(Why::is_anti));
        let adjacent = (0..all)
            .filter(|at| cycle.0[*at].why.is_anti() && cycle.0[(at + 1) % all].why.is_anti())
            .count();
        let is_so = match one.anomaly {
            Anomaly::G0(_) => count(|why| matches!(why, Why::Ww(_))) == all,
            Anomaly::G1c(_) => anti == 0 && count(|why| matches!(why, Why::Wr(_))) > 0,
            Anomaly::GSingle(..) => anti == 1,
            Anomaly::GNonadjacent(..) => anti >= 2 && adjacent == 0,
            Anomaly::G2(..) => anti >= 2 && adjacent > 0,
            _ => false,
        };
        prop_assert!(is_so, "{:?}", one);
    }
    Ok(())
}
