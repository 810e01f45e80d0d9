//! Whether what a transaction sees stays put from one statement to the next.
//!
//! *Observed transaction vanishes* and *predicate-many-preceders* follow P. Bailis et al., *Highly
//! Available Transactions: Virtues and Limitations*, VLDB 2014; *fuzzy read* and *phantom* are A2 and
//! A3 of H. Berenson et al., *A Critique of ANSI SQL Isolation Levels*, SIGMOD 1995. A history is
//! given by statement, since what one statement reads counts as read at once.

use std::collections::{BTreeMap, BTreeSet};

use super::Item;
use super::versions::{Installed, Operation, Predicate, Version};
use crate::ids::TxnId;

/// How many of a row's installed versions lie up to one: the place of the next.
fn behind(installed: &Installed, item: Item, version: Version) -> usize {
    let Version::Of { writer, .. } = version else { return 0 };
    let order = installed.order.get(&item).map_or(&[][..], Vec::as_slice);
    order.iter().position(|txn| *txn == writer).map_or(0, |at| at + 1)
}

/// The versions that a statement saw, by row.
fn seen(statement: &[Operation]) -> Vec<(Item, Version)> {
    let versions = |operation: &Operation| match operation {
        Operation::Write(_) => Vec::new(),
        Operation::Read { item, version } => vec![(*item, *version)],
        Operation::Select { versions, .. } => versions.clone(),
    };
    statement.iter().flat_map(versions).collect()
}

/// Whether a transaction saw something of another, and in a later statement a version that the
/// other had replaced.
#[must_use]
pub fn vanishes(reader: TxnId, statements: &[Vec<Operation>], installed: &Installed) -> bool {
    let mut observed: BTreeSet<TxnId> = BTreeSet::new();
    for statement in statements {
        let versions = seen(statement);
        for (item, version) in &versions {
            // What it wrote itself hides the others' versions from it.
            if matches!(version, Version::Of { writer, .. } if *writer == reader) {
                continue;
            }
            let at = behind(installed, *item, *version);
            let order = installed.order.get(item).map_or(&[][..], Vec::as_slice);
            if order[at..].iter().any(|later| observed.contains(later)) {
                return true;
            }
        }
        observed.extend(versions.iter().filter_map(|(_, version)| match version {
            Version::Of { writer, .. } if *writer != reader => Some(*writer),
            _ => None,
        }));
    }
    false
}

/// The reads by predicate of a transaction, with the versions that each saw.
fn selects(
    statements: &[Vec<Operation>],
) -> impl Iterator<Item = (Predicate, BTreeMap<Item, Version>)> + Clone + '_ {
    statements.iter().flatten().filter_map(|operation| match operation {
        Operation::Select { predicate, versions } => {
            Some((*predicate, versions.iter().copied().collect()))
        }
        _ => None,
    })
}

/// The installed changes up to what a read by predicate saw that changed what both conditions
/// match, but for the reader's own.
fn preceders(
    reader: TxnId,
    installed: &Installed,
    both: (Predicate, Predicate),
    versions: &BTreeMap<Item, Version>,
) -> BTreeSet<(Item, TxnId)> {
    let mut found = BTreeSet::new();
    for (item, order) in &installed.order {
        let matches = |writer: Option<TxnId>| {
            [both.0, both.1].iter().all(|one| installed.matching.contains(&(*one, *item, writer)))
        };
        let upto = behind(installed, *item, versions.get(item).copied().unwrap_or_default());
        for at in 0..upto {
            let before = at.checked_sub(1).map(|before| order[before]);
            if order[at] != reader && matches(Some(order[at])) != matches(before) {
                found.insert((*item, order[at]));
            }
        }
    }
    found
}

/// Whether two reads by overlapping predicates, in one transaction, saw different changes to what
/// both match. Bailis et al. compare the transactions that changed it; a transaction that was seen
/// in part by the one and wholly by the other counts here too, so each change is compared.
#[must_use]
pub fn many_preceders(reader: TxnId, statements: &[Vec<Operation>], installed: &Installed) -> bool {
    let mut reads = selects(statements);
    while let Some((predicate, versions)) = reads.next() {
        for (other, others) in reads.clone() {
            let both = (predicate, other);
            if preceders(reader, installed, both, &versions)
                != preceders(reader, installed, both, &others)
            {
                return true;
            }
        }
    }
    false
}

/// Whether a transaction put one condition twice and other rows matched it the second time, by no
/// doing of its own.
#[must_use]
pub fn phantom(reader: TxnId, statements: &[Vec<Operation>], installed: &Installed) -> bool {
    let matched = |predicate: Predicate, versions: &BTreeMap<Item, Version>| -> BTreeSet<Item> {
        let items = installed.matching.iter().filter(|(other, ..)| *other == predicate);
        let is_seen = |item: Item, writer: Option<TxnId>| match versions
            .get(&item)
            .copied()
            .unwrap_or_default()
        {
            Version::Initial => writer.is_none(),
            Version::Of { writer: by, .. } => writer == Some(by),
        };
        items.filter(|(_, item, by)| is_seen(*item, *by)).map(|(_, item, _)| *item).collect()
    };
    let is_own = |item: &Item, versions: &BTreeMap<Item, Version>| matches!(versions.get(item), Some(Version::Of { writer, .. }) if *writer == reader);
    let mut reads = selects(statements);
    while let Some((predicate, versions)) = reads.next() {
        for (_, others) in reads.clone().filter(|(other, _)| *other == predicate) {
            let (first, second) = (matched(predicate, &versions), matched(predicate, &others));
            if first.symmetric_difference(&second).any(|item| !is_own(item, &others)) {
                return true;
            }
        }
    }
    false
}
