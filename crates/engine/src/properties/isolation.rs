//! Isolation: what local transactions that run beside each other see and overwrite could have come
//! about one after the other.
//!
//! It is judged at each commit, over the local transactions that were open at the same time, by the
//! cycles of Adya's dependency graph (Adya 1999, ch. 3 and 4; [`crate::history`]); the first
//! anomaly that a commit completes is named. Where an isolation level allows an anomaly, this
//! property says that it happened: it asks for serializability, whatever the level.
//!
//! Events tell values and not versions. A value that was read is taken for the newest committed
//! version that shows it, then for an older one, then for one that was never committed: the reading
//! that speaks most for the database. An addition that the database did in one statement read what
//! it overwrote.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::ledger::Needs;
use super::{Entry, Exercise, Found, Made, Property, Rules, RunView, Scene};
use crate::event::{Event, EventKind, RowChange};
use crate::fingerprint::{Canon, Fingerprint};
use crate::history::anomaly::Anomaly;
use crate::history::versions::{Installed, Operation, Version, judge};
use crate::history::{Fate, Item, Transaction};
use crate::ids::{DbIx, TxnId, txn_name};
use crate::value::{Key, Row};
use crate::verdict::Status;

pub(super) const ENTRY: Entry = Entry {
    id: "isolation",
    title: "Isolation",
    meaning: "Local transactions that run beside each other are as if one came after the other.",
    exercised_by: &[Exercise::Concurrency],
    make: |rules: &Rc<Rules>| {
        if rules.sessions { Made::plain(Isolation::default()) } else { Vec::new() }
    },
};

/// A row of a database.
type Place = (DbIx, Key);

/// A local transaction that ended while another of those kept here was open, or is open itself.
#[derive(Clone)]
struct Local {
    txn: TxnId,
    db: DbIx,
    fate: Option<Fate>,
    operations: Vec<Operation>,
    /// What it has written so far, and how often.
    wrote: BTreeMap<Item, (Option<Row>, u32)>,
}

/// The committed versions of a row since the oldest transaction kept here began.
#[derive(Clone)]
struct Chain {
    first: Option<Row>,
    later: Vec<(usize, Option<Row>)>,
}

#[derive(Clone, Default)]
struct Isolation {
    locals: Vec<Local>,
    items: BTreeMap<Place, Item>,
    chains: BTreeMap<Item, Chain>,
    /// The anomalies that were named already.
    named: BTreeSet<Anomaly>,
}

impl Isolation {
    fn item(&mut self, place: Place) -> Item {
        let next = Item(self.items.len() as u32);
        *self.items.entry(place).or_insert(next)
    }

    /// The open local transaction of a business transaction.
    fn open(&self, db: DbIx, txn: TxnId) -> Option<usize> {
        self.locals
            .iter()
            .position(|local| (local.db, local.txn) == (db, txn) && local.fate.is_none())
    }

    fn open_or_begin(&mut self, db: DbIx, txn: TxnId) -> usize {
        self.open(db, txn).unwrap_or_else(|| {
            let (operations, wrote) = (Vec::new(), BTreeMap::new());
            self.locals.push(Local { txn, db, fate: None, operations, wrote });
            self.locals.len() - 1
        })
    }

    /// The version that shows this value.
    fn version(&self, item: Item, row: Option<&Row>) -> Version {
        let Some(chain) = self.chains.get(&item) else { return self.dirty(item, row) };
        let later = chain.later.iter().rev().find(|(_, value)| value.as_ref() == row);
        if let Some((writer, _)) = later {
            let nth = self.locals[*writer].wrote.get(&item).map_or(0, |(_, times)| times - 1);
            return Version::Of { writer: TxnId(*writer as u32), nth };
        }
        if chain.first.as_ref() == row { Version::Initial } else { self.dirty(item, row) }
    }

    /// A version that is not committed, where one shows this value.
    fn dirty(&self, item: Item, row: Option<&Row>) -> Version {
        let shows = |local: &Local| {
            let (value, times) = local.wrote.get(&item)?;
            (local.fate != Some(Fate::Committed) && value.as_ref() == row).then_some(times - 1)
        };
        let found =
            self.locals.iter().enumerate().find_map(|(at, local)| Some((at, shows(local)?)));
        found.map_or(Version::Initial, |(at, nth)| Version::Of { writer: TxnId(at as u32), nth })
    }

    fn read(&mut self, db: DbIx, txn: TxnId, key: Key, row: Option<&Row>) {
        let item = self.item((db, key));
        let at = self.open_or_begin(db, txn);
        if self.locals[at].wrote.contains_key(&item) {
            return;
        }
        // Before anybody here has written it there is one version, and this is it.
        let first = Chain { first: row.cloned(), later: Vec::new() };
        if !self.locals.iter().any(|local| local.wrote.contains_key(&item)) {
            self.chains.entry(item).or_insert(first);
        }
        let version = self.version(item, row);
        self.locals[at].operations.push(Operation::Read { item, version });
    }

    fn wrote(&mut self, db: DbIx, txn: TxnId, changes: &[RowChange]) {
        for change in changes {
            let item = self.item((db, change.key));
            let at = self.open_or_begin(db, txn);
            let first = Chain { first: change.before.clone(), later: Vec::new() };
            self.chains.entry(item).or_insert(first);
            let before = self.locals[at].wrote.get(&item).cloned();
            if before.as_ref().is_some_and(|(value, _)| *value == change.after) {
                continue;
            }
            let knows = |operation: &Operation| matches!(operation, Operation::Read { item: of, .. } if *of == item);
            if before.is_none() && !self.locals[at].operations.iter().any(knows) {
                let version = self.version(item, change.before.as_ref());
                self.locals[at].operations.push(Operation::Read { item, version });
            }
            let times = before.map_or(1, |(_, times)| times + 1);
            let local = &mut self.locals[at];
            local.wrote.insert(item, (change.after.clone(), times));
            local.operations.push(Operation::Write(item));
        }
    }

    fn committed(&mut self, db: DbIx, txn: TxnId, changes: &[RowChange], found: &mut Found<'_>) {
        if self.open(db, txn).is_none() {
            return;
        }
        self.wrote(db, txn, changes);
        let Some(at) = self.open(db, txn) else { return };
        self.locals[at].fate = Some(Fate::Committed);
        for change in changes {
            let item = self.item((db, change.key));
            if let Some(chain) = self.chains.get_mut(&item) {
                chain.later.push((at, change.after.clone()));
            }
        }
        self.judge(at, found);
        self.forget();
    }

    fn rolled_back(&mut self, db: DbIx, txn: TxnId, found: &mut Found<'_>) {
        let Some(at) = self.open(db, txn) else { return };
        self.locals[at].fate = Some(Fate::Aborted);
        self.judge(at, found);
        let saw = |operation: &Operation| {
            matches!(operation, Operation::Read { version: Version::Of { writer, .. }, .. }
                if writer.ix() == at)
        };
        // What was rolled back before anybody saw it never was.
        if !self.locals.iter().any(|local| local.operations.iter().any(saw)) {
            self.remove(at);
        }
        self.forget();
    }

    fn remove(&mut self, gone: usize) {
        self.locals.remove(gone);
        for local in &mut self.locals {
            for operation in &mut local.operations {
                if let Operation::Read { version: Version::Of { writer, .. }, .. } = operation
                    && writer.ix() > gone
                {
                    writer.0 -= 1;
                }
            }
        }
        for chain in self.chains.values_mut() {
            for (writer, _) in &mut chain.later {
                *writer -= usize::from(*writer > gone);
            }
        }
    }

    /// Names the anomaly that the end of a transaction completes.
    fn judge(&mut self, ended: usize, found: &mut Found<'_>) {
        let history: Vec<Transaction<Operation>> = self
            .locals
            .iter()
            .map(|local| Transaction {
                fate: local.fate.unwrap_or(Fate::Unknown),
                session: None,
                span: None,
                operations: if local.fate.is_some() {
                    local.operations.clone()
                } else {
                    Vec::new()
                },
            })
            .collect();
        let order = self.chains.iter().map(|(item, chain)| {
            (*item, chain.later.iter().map(|(writer, _)| TxnId(*writer as u32)).collect())
        });
        let installed = Installed { order: order.collect(), ..Installed::default() };
        let judgement = judge(&history, &installed);
        let all = judgement.anomalies();
        let anomalies: BTreeSet<Anomaly> = all.difference(&self.named).copied().collect();
        self.named = all;
        let lost = anomalies.contains(&Anomaly::LostUpdate).then_some(Anomaly::LostUpdate);
        let Some(anomaly) = lost.or_else(|| anomalies.first().copied()) else { return };
        let ended_name = txn_name(self.locals[ended].txn);
        let others: Vec<String> = self
            .locals
            .iter()
            .enumerate()
            .filter(|(at, local)| *at != ended && local.fate.is_some())
            .map(|(_, local)| txn_name(local.txn))
            .collect();
        let words = anomaly.words();
        let brief = words.split(':').next().unwrap_or(words);
        let why = format!("{words}; {ended_name} ended beside {}.", others.join(", "));
        found.push(Some(self.locals[ended].txn), None, brief, why);
    }

    /// Forgets what no later transaction can be in a cycle with: all, where none is open.
    fn forget(&mut self) {
        if self.locals.iter().all(|local| local.fate.is_some()) {
            *self = Self::default();
            return;
        }
        // What ended before the oldest open one began cannot meet one that begins later.
        let oldest = self.locals.iter().position(|local| local.fate.is_none()).unwrap_or(0);
        if oldest > 64 {
            *self = Self::default();
        }
    }
}

impl Property for Isolation {
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn concerned(&self, _scene: &Scene<'_>, event: &Event) -> bool {
        match &event.kind {
            EventKind::Read { .. } => event.step.is_some(),
            EventKind::Wrote { .. }
            | EventKind::RolledBack { .. }
            | EventKind::Committed { .. } => true,
            EventKind::Crashed { .. } => !self.locals.is_empty(),
            _ => false,
        }
    }

    fn observe(&mut self, _scene: &Scene<'_>, event: &Event, found: &mut Found<'_>) {
        if matches!(event.kind, EventKind::Crashed { .. }) {
            // Whatever was open in a database that went down never happened; a promise is read again
            // from its own commit.
            *self = Self::default();
            return;
        }
        let Some(txn) = event.txn else { return };
        match &event.kind {
            EventKind::Read { db, key, row } => self.read(*db, txn, *key, row.as_ref()),
            EventKind::Wrote { db, changes } => self.wrote(*db, txn, changes),
            // Rows of a protocol are no part of the local transaction that a promise is made for.
            EventKind::Committed { effects, .. } if effects.is_empty() => {}
            EventKind::Committed { db, changes, .. } => self.committed(*db, txn, changes, found),
            EventKind::RolledBack { db, .. } => self.rolled_back(*db, txn, found),
            _ => {}
        }
    }

    fn at_rest(&self, _scene: &Scene<'_>, _found: &mut Found<'_>) {}

    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.locals.len());
        for local in &self.locals {
            h.write_u32(local.txn.0);
            h.write_u8(local.db.0);
            // Operations and fates are a few small values, and their text says all of them.
            h.write_bytes(format!("{:?} {:?}", local.fate, local.operations).as_bytes());
            for (item, (row, times)) in &local.wrote {
                h.write_u32(item.0);
                h.write_u32(*times);
                row.canon(h);
            }
        }
        for ((db, key), item) in &self.items {
            h.write_u8(db.0);
            key.canon(h);
            h.write_u32(item.0);
        }
        h.write_bytes(format!("{:?}", self.named).as_bytes());
        for chain in self.chains.values() {
            chain.first.canon(h);
            for (writer, row) in &chain.later {
                h.write_u32(*writer as u32);
                row.canon(h);
            }
        }
    }

    fn copy(&self) -> Rc<dyn Property> {
        Rc::new(self.clone())
    }

    fn status(&self, run: &RunView<'_>) -> (Status, String) {
        run.lasting(String::new)
    }
}
