//! What the transactions of a run did, version by version: the history that is judged.
//!
//! A condition that names keys (`id = 1`, `id in (1, 2)`) makes a statement read those rows; any
//! other makes it read by predicate. What a condition or a new value is worked out from counts as
//! read; `update … set balance = 5 where id = 1` reads nothing.

use std::collections::BTreeMap;

use super::experiment::Experiment;
use crate::fingerprint::{Canon, Fingerprint};
use crate::history::versions::{Installed, Operation, Predicate, Version};
use crate::history::{Fate, Item, Transaction};
use crate::ids::TxnId;
use crate::lab::{self, Expr, KeySpan, Observation, Origin, Statement};
use crate::value::{Key, Row};

/// What every run of an experiment shares: its rows, and the statements that have a condition.
#[derive(Debug)]
pub(super) struct Layout {
    /// The rows that there are or may be.
    pub(super) items: Vec<Key>,
    /// For each transaction and each of its statements the place of its condition.
    predicates: Vec<Vec<Option<Predicate>>>,
    /// The conditions, as they are told apart: by table and condition.
    conditions: Vec<(crate::ids::Sym, lab::Predicate)>,
    initial: BTreeMap<Item, Row>,
}

/// How a statement names its rows.
fn condition(statement: &Statement) -> Option<(crate::ids::Sym, &lab::Predicate)> {
    match statement {
        Statement::Select { table, filter, .. }
        | Statement::Update { table, filter, .. }
        | Statement::Delete { table, filter } => Some((*table, filter)),
        Statement::Insert { .. } | Statement::Replace { .. } | Statement::LockTable { .. } => None,
    }
}

fn expr_reads(expr: &Expr) -> bool {
    match expr {
        Expr::Is(_) | Expr::Id => false,
        Expr::Field(_) => true,
        Expr::Of(a, _, b) => expr_reads(a) || expr_reads(b),
    }
}

fn condition_reads(filter: &lab::Predicate) -> bool {
    use lab::Predicate::{All, Any, Cmp, Not, True};
    match filter {
        True => false,
        Cmp(a, _, b) => expr_reads(a) || expr_reads(b),
        All(parts) | Any(parts) => parts.iter().any(condition_reads),
        Not(part) => condition_reads(part),
    }
}

/// Whether a statement must know a row that it changes.
fn change_reads(statement: &Statement) -> bool {
    match statement {
        Statement::Select { .. } => true,
        Statement::Update { filter, set, .. } => {
            condition_reads(filter) || set.iter().any(|(_, value)| expr_reads(value))
        }
        Statement::Delete { filter, .. } => condition_reads(filter),
        _ => false,
    }
}

impl Layout {
    pub(super) fn new(experiment: &Experiment) -> Self {
        let mut items: Vec<Key> = experiment.rows.iter().map(|(key, _)| *key).collect();
        let mut conditions: Vec<(crate::ids::Sym, lab::Predicate)> = Vec::new();
        let mut predicates = Vec::new();
        for script in &experiment.transactions {
            let mut own = Vec::new();
            for line in &script.lines {
                if let Statement::Insert { key, .. } = &line.statement {
                    items.push(*key);
                }
                let by_predicate = condition(&line.statement).filter(|(_, filter)| {
                    let spans = filter.spans();
                    let points: Vec<_> = spans.iter().filter_map(KeySpan::as_point).collect();
                    if points.len() == spans.len() {
                        let table = condition(&line.statement).map(|(table, _)| table);
                        items.extend(
                            points.into_iter().filter_map(|id| Some(Key { table: table?, id })),
                        );
                        return false;
                    }
                    true
                });
                own.push(by_predicate.map(|(table, filter)| {
                    let same =
                        |(a, b): &(crate::ids::Sym, lab::Predicate)| *a == table && b == filter;
                    let at = conditions.iter().position(same).unwrap_or_else(|| {
                        conditions.push((table, filter.clone()));
                        conditions.len() - 1
                    });
                    Predicate(at as u32)
                }));
            }
            predicates.push(own);
        }
        items.sort_unstable();
        items.dedup();
        let place = |key: &Key| items.binary_search(key).ok().map(|at| Item(at as u32));
        let initial = experiment
            .rows
            .iter()
            .filter_map(|(key, row)| Some((place(key)?, row.clone())))
            .collect();
        Self { items, predicates, conditions, initial }
    }

    fn item(&self, key: &Key) -> Item {
        Item(self.items.binary_search(key).unwrap_or_default() as u32)
    }

    fn matches(&self, predicate: Predicate, item: Item, row: Option<&Row>) -> bool {
        let (table, filter) = &self.conditions[predicate.0 as usize];
        let key = self.items[item.0 as usize];
        key.table == *table && row.is_some_and(|row| filter.holds(key.id, row))
    }
}

/// What a statement did, as far as it got.
#[derive(Clone, Debug, Default)]
struct Pending {
    looked: BTreeMap<Item, Version>,
    wrote: Vec<Item>,
}

/// What a transaction did.
#[derive(Clone, Debug, Default)]
struct Deeds {
    /// Its operations, by statement.
    statements: Vec<Vec<Operation>>,
    pending: Pending,
    /// What it wrote, in order.
    written: Vec<(Item, Option<Row>)>,
    /// Whether it read what was not committed then.
    read_dirt: bool,
}

/// The journal of a run.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    deeds: Vec<Deeds>,
    /// Who committed, the first first.
    pub(super) commits: Vec<usize>,
}

/// A run as a history.
#[derive(Clone, Debug)]
pub struct History {
    /// The transactions.
    pub transactions: Vec<Transaction<Operation>>,
    /// The same operations, by statement.
    pub statements: Vec<Vec<Vec<Operation>>>,
    /// What is known of the versions.
    pub installed: Installed,
    /// Which transactions read what was not committed then.
    pub read_dirt: Vec<bool>,
}

impl Journal {
    pub(super) fn new(transactions: usize) -> Self {
        Self { deeds: vec![Deeds::default(); transactions], commits: Vec::new() }
    }

    fn version(&self, origin: Option<Origin>, item: Item) -> Version {
        let Some(origin) = origin else { return Version::Initial };
        let written = &self.deeds[origin.txn.0 as usize].written;
        let before = written.iter().take(origin.nth as usize).filter(|(other, _)| *other == item);
        Version::Of { writer: TxnId(origin.txn.0), nth: before.count() as u32 }
    }

    /// Takes up what was observed.
    pub(super) fn take(&mut self, layout: &Layout, observations: Vec<Observation>) {
        for observation in observations {
            match observation {
                Observation::Looked { txn, key, origin } => {
                    let item = layout.item(&key);
                    let version = self.version(origin, item);
                    let is_dirty = matches!(version, Version::Of { writer, .. }
                        if writer.0 != txn.0 && !self.commits.contains(&writer.ix()));
                    let deeds = &mut self.deeds[txn.0 as usize];
                    deeds.pending.looked.entry(item).or_insert(version);
                    deeds.read_dirt |= is_dirty;
                }
                Observation::Wrote { origin, key, after } => {
                    let item = layout.item(&key);
                    let deeds = &mut self.deeds[origin.txn.0 as usize];
                    deeds.written.push((item, after));
                    deeds.pending.wrote.push(item);
                }
            }
        }
    }

    /// A statement is done.
    pub(super) fn done(
        &mut self,
        layout: &Layout,
        (who, nth): (usize, usize),
        statement: &Statement,
        found: &[(Key, Row)],
    ) {
        let Pending { looked, wrote } = std::mem::take(&mut self.deeds[who].pending);
        let seen = |item: Item| looked.get(&item).copied().unwrap_or_default();
        let mut operations = Vec::new();
        if let Some((table, filter)) = condition(statement) {
            let spans = filter.spans();
            let reads = change_reads(statement);
            if let Some(predicate) = layout.predicates[who][nth] {
                let is_seen = |item: &Item| {
                    let key = layout.items[item.0 as usize];
                    key.table == table && spans.iter().any(|span| span.contains(&key.id))
                };
                let versions: Vec<_> = looked
                    .iter()
                    .filter(|(item, _)| is_seen(item))
                    .map(|(item, version)| (*item, *version))
                    .collect();
                operations.push(Operation::Select { predicate, versions });
                let items = found.iter().map(|(key, _)| layout.item(key));
                let changed = wrote.iter().copied().filter(|_| {
                    matches!(statement, Statement::Update { set, .. } if set.iter().any(|(_, value)| expr_reads(value)))
                });
                operations.extend(
                    items.chain(changed).map(|item| Operation::Read { item, version: seen(item) }),
                );
            } else {
                for span in &spans {
                    let Some(id) = span.as_point() else { continue };
                    let item = layout.item(&Key { table, id });
                    if reads || !wrote.contains(&item) {
                        operations.push(Operation::Read { item, version: seen(item) });
                    }
                }
            }
        }
        operations.extend(wrote.into_iter().map(Operation::Write));
        self.deeds[who].statements.push(operations);
    }

    /// The history, where `order` gives for each row who wrote its versions, the oldest first.
    pub(super) fn history(&self, layout: &Layout, order: impl Fn(Item) -> Vec<usize>) -> History {
        let transactions = self.deeds.iter().enumerate().map(|(who, deeds)| Transaction {
            fate: if self.commits.contains(&who) { Fate::Committed } else { Fate::Aborted },
            session: None,
            span: None,
            operations: deeds.statements.iter().flatten().cloned().collect(),
        });
        let mut installed = Installed::default();
        for item in (0..layout.items.len()).map(|at| Item(at as u32)) {
            let mut writers: Vec<TxnId> = Vec::new();
            for who in order(item).into_iter().filter(|who| self.commits.contains(who)) {
                // Only its last version of a row is installed.
                let who = TxnId(who as u32);
                writers.retain(|other| *other != who);
                writers.push(who);
            }
            for predicate in (0..layout.conditions.len()).map(|at| Predicate(at as u32)) {
                if layout.matches(predicate, item, layout.initial.get(&item)) {
                    installed.matching.insert((predicate, item, None));
                }
                for writer in &writers {
                    let last =
                        self.deeds[writer.ix()].written.iter().rfind(|(other, _)| *other == item);
                    if layout.matches(predicate, item, last.and_then(|(_, row)| row.as_ref())) {
                        installed.matching.insert((predicate, item, Some(*writer)));
                    }
                }
            }
            if !writers.is_empty() {
                installed.order.insert(item, writers);
            }
        }
        History {
            transactions: transactions.collect(),
            statements: self.deeds.iter().map(|deeds| deeds.statements.clone()).collect(),
            installed,
            read_dirt: self.deeds.iter().map(|deeds| deeds.read_dirt).collect(),
        }
    }

    /// The versions of others that the last statement of a transaction read, row by row.
    pub(super) fn last_reads(&self, who: usize) -> impl Iterator<Item = (Item, usize)> + '_ {
        let last = self.deeds[who].statements.last();
        last.into_iter().flatten().filter_map(move |operation| match operation {
            Operation::Read { item, version: Version::Of { writer, .. } } if writer.ix() != who => {
                Some((*item, writer.ix()))
            }
            _ => None,
        })
    }

    /// Who wrote a row, by when they committed: the order of the versions where writers hold locks.
    pub(super) fn writers(&self, item: Item) -> Vec<usize> {
        let wrote = |who: &usize| self.deeds[*who].written.iter().any(|(other, _)| *other == item);
        self.commits.iter().copied().filter(wrote).collect()
    }
}

fn canon_version(version: Version, h: &mut Fingerprint) {
    match version {
        Version::Initial => h.write_u8(0),
        Version::Of { writer, nth } => {
            h.write_u8(1);
            (writer.0, nth).canon(h);
        }
    }
}

impl Canon for Journal {
    fn canon(&self, h: &mut Fingerprint) {
        for deeds in &self.deeds {
            deeds.read_dirt.canon(h);
            h.write_len(deeds.statements.len());
            for operations in &deeds.statements {
                h.write_len(operations.len());
                for operation in operations {
                    match operation {
                        Operation::Write(item) => {
                            h.write_u8(0);
                            h.write_u32(item.0);
                        }
                        Operation::Read { item, version } => {
                            h.write_u8(1);
                            h.write_u32(item.0);
                            canon_version(*version, h);
                        }
                        Operation::Select { predicate, versions } => {
                            h.write_u8(2);
                            h.write_u32(predicate.0);
                            h.write_len(versions.len());
                            for (item, version) in versions {
                                h.write_u32(item.0);
                                canon_version(*version, h);
                            }
                        }
                    }
                }
            }
            h.write_len(deeds.pending.looked.len());
            for (item, version) in &deeds.pending.looked {
                h.write_u32(item.0);
                canon_version(*version, h);
            }
            h.write_len(deeds.written.len());
            for (item, row) in &deeds.written {
                h.write_u32(item.0);
                row.canon(h);
            }
        }
        h.write_len(self.commits.len());
        for who in &self.commits {
            h.write_u8(*who as u8);
        }
    }
}
