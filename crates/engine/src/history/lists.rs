//! Transactions that append to lists and read them whole.
//!
//! A list that was read tells the order of all appends in it, so that the order of versions need
//! not be known beforehand (Kingsbury and Alvaro 2020). Appends that nobody ever read come after
//! all that were; their order among each other stays open, and a reader of the longest list
//! anti-depends on each of them.

use std::collections::{BTreeMap, BTreeSet};

use super::anomaly::Anomaly;
use super::graph::{Graph, Why};
use super::judgement::{Found, Judgement, Shown};
use super::transaction::{Fate, Item, Transaction};
use crate::ids::TxnId;

/// What a transaction did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Operation {
    /// It appended a value, which nobody else appends to this list.
    Append {
        /// The list.
        item: Item,
        /// The value.
        value: i64,
    },
    /// It read a list whole.
    Read {
        /// The list.
        item: Item,
        /// What it saw. What a transaction of unknown fate read counts only where it is not empty.
        values: Vec<i64>,
    },
}

/// Judges a history.
#[must_use]
pub fn judge(history: &[Transaction<Operation>]) -> Judgement {
    let facts = Facts::of(history);
    let mut found = facts.reads();
    found.extend(facts.lost_updates());
    found.extend(facts.orders_against_each_other());
    found.extend(facts.dirty_updates());
    for (at, txn) in facts.committed() {
        found.extend(internal(at, &txn.operations));
        found.extend(future_read(at, &txn.operations));
    }
    Judgement::of(history, facts.graph(), found)
}

/// The history with what its reads tell.
struct Facts<'a> {
    history: &'a [Transaction<Operation>],
    /// Who appended a value.
    writers: BTreeMap<(Item, i64), TxnId>,
    /// The longest order of appends that was read, each value once.
    order: BTreeMap<Item, Vec<i64>>,
}

impl<'a> Facts<'a> {
    fn of(history: &'a [Transaction<Operation>]) -> Self {
        let mut writers = BTreeMap::new();
        let mut longest: BTreeMap<Item, &[i64]> = BTreeMap::new();
        for (at, txn) in history.iter().enumerate() {
            for operation in &txn.operations {
                match operation {
                    Operation::Append { item, value } => {
                        writers.insert((*item, *value), TxnId(at as u32));
                    }
                    Operation::Read { item, values } if txn.fate != Fate::Aborted => {
                        let known = longest.entry(*item).or_default();
                        if values.len() > known.len() {
                            *known = values;
                        }
                    }
                    Operation::Read { .. } => {}
                }
            }
        }
        let order = longest.into_iter().map(|(item, values)| (item, once(values))).collect();
        Self { history, writers, order }
    }

    fn fate(&self, txn: TxnId) -> Fate {
        self.history[txn.ix()].fate
    }

    fn committed(&self) -> impl Iterator<Item = (TxnId, &'a Transaction<Operation>)> {
        self.history
            .iter()
            .enumerate()
            .filter(|(_, txn)| txn.fate == Fate::Committed)
            .map(|(at, txn)| (TxnId(at as u32), txn))
    }

    /// The reads whose values are known.
    fn known_reads(&self) -> impl Iterator<Item = (TxnId, Item, &'a [i64])> {
        self.history.iter().enumerate().flat_map(|(at, txn)| {
            txn.operations.iter().filter_map(move |operation| match operation {
                Operation::Read { item, values } => {
                    let known = match txn.fate {
                        Fate::Committed => true,
                        Fate::Unknown => !values.is_empty(),
                        Fate::Aborted => false,
                    };
                    known.then_some((TxnId(at as u32), *item, values.as_slice()))
                }
                Operation::Append { .. } => None,
            })
        })
    }

    /// What single reads of committed transactions show: aborted and intermediate values, and
    /// values that are there twice.
    fn reads(&self) -> Vec<Found> {
        let mut found = Vec::new();
        for (reader, item, values) in self.known_reads() {
            if self.fate(reader) != Fate::Committed {
                continue;
            }
            let mut show = |anomaly, writer| {
                found.push(Found { anomaly, shown: Shown::Read { reader, item, writer } });
            };
            if once(values).len() < values.len() {
                show(Anomaly::DuplicateElements, None);
            }
            for value in values {
                let writer = self.writers.get(&(item, *value)).copied();
                if writer.is_some_and(|writer| self.fate(writer) == Fate::Aborted) {
                    show(Anomaly::G1a, writer);
                }
            }
            let last = once(values).last().and_then(|last| {
                let writer = *self.writers.get(&(item, *last))?;
                Some((writer, self.overwrites(writer, item, *last)))
            });
            if let Some((writer, true)) = last
                && writer != reader
            {
                show(Anomaly::G1b, Some(writer));
            }
        }
        found
    }

    /// Whether a transaction appended to the item again after a value.
    fn overwrites(&self, txn: TxnId, item: Item, value: i64) -> bool {
        let mut appended = self.history[txn.ix()].operations.iter().filter_map(|one| match one {
            Operation::Append { item: of, value } if *of == item => Some(*value),
            _ => None,
        });
        appended.next_back().is_some_and(|last| last != value)
    }

    /// Committed transactions that read one version of an item and then appended to it.
    fn lost_updates(&self) -> Vec<Found> {
        let mut by_version: BTreeMap<(Item, &[i64]), TxnId> = BTreeMap::new();
        let mut found = Vec::new();
        for (at, txn) in self.committed() {
            // The state of an item that the transaction first saw, before it wrote the item.
            let mut saw: BTreeMap<Item, Option<&[i64]>> = BTreeMap::new();
            for operation in &txn.operations {
                match operation {
                    Operation::Read { item, values } => {
                        saw.entry(*item).or_insert(Some(values.as_slice()));
                    }
                    Operation::Append { item, .. } => {
                        // Writing again upon its own write loses nobody's.
                        let Some(version) = saw.insert(*item, None).flatten() else { continue };
                        match by_version.get(&(*item, version)) {
                            Some(first) => found.push(Found {
                                anomaly: Anomaly::LostUpdate,
                                shown: Shown::Pair { item: *item, first: *first, second: at },
                            }),
                            None => {
                                by_version.insert((*item, version), at);
                            }
                        }
                    }
                }
            }
        }
        found
    }

    /// Reads of a list that no one order of appends explains.
    fn orders_against_each_other(&self) -> Vec<Found> {
        let mut longest: BTreeMap<Item, (TxnId, &[i64])> = BTreeMap::new();
        for (reader, item, values) in self.known_reads() {
            let known = longest.entry(item).or_insert((reader, values));
            if values.len() > known.1.len() {
                *known = (reader, values);
            }
        }
        self.known_reads()
            .filter_map(|(reader, item, values)| {
                let (other, longest) = longest.get(&item)?;
                (!longest.starts_with(values)).then_some(Found {
                    anomaly: Anomaly::IncompatibleOrder,
                    shown: Shown::Pair { item, first: reader, second: *other },
                })
            })
            .collect()
    }

    /// Committed appends after aborted ones.
    fn dirty_updates(&self) -> Vec<Found> {
        let mut found = Vec::new();
        for (item, order) in &self.order {
            let mut aborted = None;
            for value in order {
                let Some(writer) = self.writers.get(&(*item, *value)) else { continue };
                match (self.fate(*writer), aborted) {
                    (Fate::Aborted, None) => aborted = Some(*writer),
                    (Fate::Committed, Some(first)) => {
                        found.push(Found {
                            anomaly: Anomaly::DirtyUpdate,
                            shown: Shown::Pair { item: *item, first, second: *writer },
                        });
                        aborted = None;
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// The dependencies between transactions that did not abort.
    fn graph(&self) -> Graph {
        let mut graph = Graph::new(self.history.len());
        let live = |item: Item, value: i64| {
            let writer = *self.writers.get(&(item, value))?;
            (self.fate(writer) != Fate::Aborted).then_some(writer)
        };
        // The version before each append, `None` for the empty list; appends that were never read
        // follow the longest list.
        let mut before: BTreeMap<(Item, i64), Option<i64>> = BTreeMap::new();
        for (item, order) in &self.order {
            let mut last = None;
            for value in order.iter().filter(|value| live(*item, **value).is_some()) {
                before.insert((*item, *value), last);
                last = Some(*value);
            }
        }
        let last_read = |item: &Item| {
            let order = self.order.get(item)?;
            order.iter().rev().find(|value| live(*item, **value).is_some()).copied()
        };
        let mut readers: BTreeMap<(Item, Option<i64>), BTreeSet<TxnId>> = BTreeMap::new();
        for (reader, item, values) in self.known_reads() {
            let seen = once(values);
            let version = seen.iter().rev().find(|value| live(item, **value).is_some()).copied();
            readers.entry((item, version)).or_default().insert(reader);
            if let Some(writer) = version.and_then(|value| live(item, value)) {
                graph.add(writer, reader, Why::Wr(item));
            }
        }
        for (item, value) in self.writers.keys() {
            let Some(writer) = live(*item, *value) else { continue };
            let previous = before.get(&(*item, *value)).copied().unwrap_or_else(|| last_read(item));
            if let Some(first) = previous.and_then(|value| live(*item, value)) {
                graph.add(first, writer, Why::Ww(*item));
            }
            for reader in readers.get(&(*item, previous)).into_iter().flatten() {
                graph.add(*reader, writer, Why::Rw(*item));
            }
        }
        graph
    }
}

/// The values, each at its first place.
fn once(values: &[i64]) -> Vec<i64> {
    let mut seen = BTreeSet::new();
    values.iter().copied().filter(|value| seen.insert(*value)).collect()
}

/// A read that does not follow from what the transaction itself read or wrote just before: the
/// axiom INT of Cerone, Bernardi and Gotsman.
fn internal(reader: TxnId, operations: &[Operation]) -> Option<Found> {
    // What is known of an item: whether from its beginning, and the values.
    let mut expected: BTreeMap<Item, (bool, Vec<i64>)> = BTreeMap::new();
    for operation in operations {
        match operation {
            Operation::Append { item, value } => {
                expected.entry(*item).or_default().1.push(*value);
            }
            Operation::Read { item, values } => {
                let is_as_expected = match expected.get(item) {
                    None => true,
                    Some((true, whole)) => values == whole,
                    Some((false, end)) => values.ends_with(end),
                };
                if !is_as_expected {
                    let shown = Shown::Read { reader, item: *item, writer: None };
                    return Some(Found { anomaly: Anomaly::Internal, shown });
                }
                expected.insert(*item, (true, values.clone()));
            }
        }
    }
    None
}

/// A read of what the transaction appends only later.
fn future_read(reader: TxnId, operations: &[Operation]) -> Option<Found> {
    let mut read: BTreeSet<(Item, i64)> = BTreeSet::new();
    for operation in operations {
        match operation {
            Operation::Read { item, values } => {
                read.extend(values.iter().map(|value| (*item, *value)));
            }
            Operation::Append { item, value } if read.contains(&(*item, *value)) => {
                let shown = Shown::Read { reader, item: *item, writer: Some(reader) };
                return Some(Found { anomaly: Anomaly::FutureRead, shown });
            }
            Operation::Append { .. } => {}
        }
    }
    None
}
