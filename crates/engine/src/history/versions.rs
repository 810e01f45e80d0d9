//! Transactions over versions whose order is known: histories in Adya's notation.
//!
//! A database that tells which version a read returned, as the engine's does, leaves nothing to
//! infer. Definitions 2 to 9 of Adya's thesis (chapter 3 and section 4.4) give the edges, reads by
//! predicate included.

use std::collections::{BTreeMap, BTreeSet};

use super::anomaly::Anomaly;
use super::graph::{Graph, Why};
use super::judgement::{Found, Judgement, Shown};
use super::transaction::{Fate, Item, Transaction};
use crate::ids::TxnId;

/// A version of an item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Version {
    /// The one before all transactions, be it a row or none.
    #[default]
    Initial,
    /// A transaction's write of the item, counted from 0.
    Of {
        /// Who wrote it.
        writer: TxnId,
        /// Which of its writes of the item.
        nth: u32,
    },
}

/// A condition over items, by its place in a table of the caller's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Predicate(pub u32);

/// What a transaction did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Operation {
    /// It wrote an item; inserting and deleting are writes.
    Write(Item),
    /// It read an item.
    Read {
        /// The item.
        item: Item,
        /// The version that it was given.
        version: Version,
    },
    /// It looked for the items that match a condition.
    Select {
        /// The condition.
        predicate: Predicate,
        /// The version of every item that the condition was put to, matching or not. Items that are
        /// not named are taken as [`Version::Initial`].
        versions: Vec<(Item, Version)>,
    },
}

/// What the database knows of the versions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Installed {
    /// For each item, who installed its committed versions, the oldest first.
    pub order: BTreeMap<Item, Vec<TxnId>>,
    /// The versions that a condition matches: the initial one, or the one that a transaction
    /// installed.
    pub matching: BTreeSet<(Predicate, Item, Option<TxnId>)>,
}

impl Installed {
    /// Whether the version at a place of an item's order changes what a condition matches: the
    /// version matches and the one before it does not, or the other way about.
    fn changes(&self, predicate: Predicate, item: Item, at: usize) -> bool {
        let order = self.order.get(&item).map_or(&[][..], Vec::as_slice);
        let matches = |writer: Option<TxnId>| self.matching.contains(&(predicate, item, writer));
        let before = at.checked_sub(1).and_then(|before| order.get(before)).copied();
        matches(order.get(at).copied()) != matches(before)
    }
}

/// Judges a history.
#[must_use]
pub fn judge(history: &[Transaction<Operation>], installed: &Installed) -> Judgement {
    let mut found = Vec::new();
    for (at, txn) in history.iter().enumerate() {
        if txn.fate == Fate::Committed {
            found.extend(reads(history, TxnId(at as u32), txn));
            found.extend(internal(TxnId(at as u32), &txn.operations));
        }
    }
    found.extend(lost_updates(history, installed));
    Judgement::of(history, graph(history, installed), found)
}

/// How often each transaction wrote an item.
fn writes(txn: &Transaction<Operation>, item: Item) -> u32 {
    txn.operations.iter().filter(|one| **one == Operation::Write(item)).count() as u32
}

/// The versions that a transaction saw, one by one.
fn seen(txn: &Transaction<Operation>) -> impl Iterator<Item = (Item, Version)> + '_ {
    txn.operations.iter().flat_map(|operation| match operation {
        Operation::Write(_) => Vec::new(),
        Operation::Read { item, version } => vec![(*item, *version)],
        Operation::Select { versions, .. } => versions.clone(),
    })
}

/// Reads of aborted and of intermediate versions.
fn reads(
    history: &[Transaction<Operation>],
    reader: TxnId,
    txn: &Transaction<Operation>,
) -> Vec<Found> {
    let mut found = Vec::new();
    for (item, version) in seen(txn) {
        let Version::Of { writer, nth } = version else { continue };
        let Some(source) = history.get(writer.ix()).filter(|_| writer != reader) else { continue };
        let shown = Shown::Read { reader, item, writer: Some(writer) };
        if source.fate == Fate::Aborted {
            found.push(Found { anomaly: Anomaly::G1a, shown: shown.clone() });
        }
        if nth + 1 < writes(source, item) {
            found.push(Found { anomaly: Anomaly::G1b, shown });
        }
    }
    found
}

/// A read that is not of the transaction's own last read or write of the item.
fn internal(reader: TxnId, operations: &[Operation]) -> Option<Found> {
    let mut last: BTreeMap<Item, Version> = BTreeMap::new();
    let mut own: BTreeMap<Item, u32> = BTreeMap::new();
    for operation in operations {
        match operation {
            Operation::Write(item) => {
                let nth = own.entry(*item).or_default();
                last.insert(*item, Version::Of { writer: reader, nth: *nth });
                *nth += 1;
            }
            Operation::Read { item, version } => {
                if *last.entry(*item).or_insert(*version) != *version {
                    let shown = Shown::Read { reader, item: *item, writer: None };
                    return Some(Found { anomaly: Anomaly::Internal, shown });
                }
            }
            Operation::Select { .. } => {}
        }
    }
    None
}

/// Who committed a write of an item upon a read that another's write had made old by then.
fn lost_updates(history: &[Transaction<Operation>], installed: &Installed) -> Vec<Found> {
    let mut found = Vec::new();
    let mut based: BTreeMap<(Item, Version), TxnId> = BTreeMap::new();
    for (at, txn) in history.iter().enumerate().filter(|(_, txn)| txn.fate == Fate::Committed) {
        let at = TxnId(at as u32);
        let mut first: BTreeMap<Item, Option<Version>> = BTreeMap::new();
        for operation in &txn.operations {
            match operation {
                Operation::Read { item, version } => {
                    first.entry(*item).or_insert(Some(*version));
                }
                Operation::Write(item) => {
                    let Some(base) = first.insert(*item, None).flatten() else { continue };
                    if let Some(other) = based.insert((*item, base), at) {
                        found.push(Found {
                            anomaly: Anomaly::LostUpdate,
                            shown: Shown::Pair { item: *item, first: other, second: at },
                        });
                    } else if let Some(between) = overwritten(installed, *item, base, at) {
                        found.push(Found {
                            anomaly: Anomaly::GCursor,
                            shown: Shown::Pair { item: *item, first: between, second: at },
                        });
                    }
                }
                Operation::Select { .. } => {}
            }
        }
    }
    found
}

/// Who installed a version after the one that was read and before the reader's own.
fn overwritten(installed: &Installed, item: Item, read: Version, by: TxnId) -> Option<TxnId> {
    let order = installed.order.get(&item)?;
    let own = order.iter().position(|txn| *txn == by)?;
    let next = match read {
        Version::Initial => 0,
        Version::Of { writer, .. } => order.iter().position(|txn| *txn == writer)? + 1,
    };
    order.get(next).copied().filter(|_| next < own)
}

/// The dependencies between transactions that did not abort.
fn graph(history: &[Transaction<Operation>], installed: &Installed) -> Graph {
    let mut graph = Graph::new(history.len());
    for (item, order) in &installed.order {
        for pair in order.windows(2) {
            graph.add(pair[0], pair[1], Why::Ww(*item));
        }
    }
    for (at, txn) in history.iter().enumerate().filter(|(_, txn)| txn.fate != Fate::Aborted) {
        let at = TxnId(at as u32);
        for operation in &txn.operations {
            match operation {
                Operation::Write(_) => {}
                Operation::Read { item, version } => {
                    read_edges(&mut graph, history, installed, at, *item, *version);
                }
                Operation::Select { predicate, versions } => {
                    select_edges(&mut graph, installed, at, *predicate, versions);
                }
            }
        }
    }
    graph
}

/// From the writer of what was read to the reader, and from the reader to who wrote next.
fn read_edges(
    graph: &mut Graph,
    history: &[Transaction<Operation>],
    installed: &Installed,
    reader: TxnId,
    item: Item,
    version: Version,
) {
    let order = installed.order.get(&item).map_or(&[][..], Vec::as_slice);
    let next = match version {
        Version::Initial => Some(0),
        Version::Of { writer, .. } => {
            let is_live = history.get(writer.ix()).is_some_and(|txn| txn.fate != Fate::Aborted);
            if is_live {
                graph.add(writer, reader, Why::Wr(item));
            }
            order.iter().position(|txn| *txn == writer).map(|at| at + 1)
        }
    };
    // A transaction's own write after its read is its next version: that is no anti-dependency.
    if let Some(txn) = next.and_then(|next| order.get(next)) {
        graph.add(reader, *txn, Why::Rw(item));
    }
}

/// The same for a read by predicate: only versions that change what it matches count.
fn select_edges(
    graph: &mut Graph,
    installed: &Installed,
    reader: TxnId,
    predicate: Predicate,
    versions: &[(Item, Version)],
) {
    let named: BTreeMap<Item, Version> = versions.iter().copied().collect();
    for (item, order) in &installed.order {
        let behind = match named.get(item).copied().unwrap_or_default() {
            Version::Initial => 0,
            Version::Of { writer, .. } => {
                order.iter().position(|txn| *txn == writer).map_or(0, |at| at + 1)
            }
        };
        let changes = |at: &usize| installed.changes(predicate, *item, *at);
        if let Some(at) = (0..behind).rev().find(changes) {
            graph.add(order[at], reader, Why::WrPredicate(*item));
        }
        for at in (behind..order.len()).filter(changes) {
            graph.add(reader, order[at], Why::RwPredicate(*item));
        }
    }
}
