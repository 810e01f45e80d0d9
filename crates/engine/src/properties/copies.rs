//! Versions of rows at primaries and replicas, for the properties of reads.
//!
//! A row's version is how often the primary's commits have changed it. A replica keeps the version of
//! each row in a table of its own, so that its commits say what they bring.

use rpds::RedBlackTreeMap;

use super::rules::Rules;
use crate::event::{Event, EventKind};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{DbIx, Micros, TxnId};
use crate::value::{Key, Row, Value};

/// A value that was read, and its version.
type Shown = (Option<Row>, u32);

/// A row of a database.
pub(super) type Cell = (DbIx, Key);

/// The versions that databases hold. They are part of the world, so that they need not be part of a
/// property's residual state.
#[derive(Clone, Debug, Default)]
pub(super) struct Versions {
    held: RedBlackTreeMap<Cell, u32>,
}

impl Versions {
    /// Sees a commit; calls `changed` for each row of a primary that it changes, with its version.
    pub(super) fn see(&mut self, rules: &Rules, event: &Event, mut changed: impl FnMut(Cell, u32)) {
        let EventKind::Committed { db, changes, .. } = &event.kind else { return };
        let mut counted: Vec<Key> = Vec::new();
        for change in changes {
            if rules.primary_of(*db) != *db {
                let version = change.after.as_ref().and_then(|row| row.fields().next());
                if let (Some(table), Some((_, Value::Int(version)))) =
                    (rules.versioned(change.key.table), version)
                {
                    let key = Key { table, ..change.key };
                    self.held.insert_mut((*db, key), *version as u32);
                } else if change.after.is_none() && rules.versioned(change.key.table).is_some() {
                    let table = rules.versioned(change.key.table).unwrap_or(change.key.table);
                    self.held.remove_mut(&(*db, Key { table, ..change.key }));
                }
            } else if rules.has_replicas(*db) && !counted.contains(&change.key) {
                // A commit that writes a row twice makes one version of it.
                counted.push(change.key);
                let cell = (*db, change.key);
                let version = self.of(cell) + 1;
                self.held.insert_mut(cell, version);
                changed(cell, version);
            }
        }
    }

    /// The version of a row in a database.
    pub(super) fn of(&self, cell: Cell) -> u32 {
        self.held.get(&cell).copied().unwrap_or(0)
    }
}

/// One row of an answer as its client saw it.
pub(super) struct Seen {
    /// The session of the client.
    pub(super) session: u32,
    /// The row, by its primary.
    pub(super) cell: Cell,
    /// The version that was read.
    pub(super) version: u32,
    /// The least version that the session was owed when it asked.
    pub(super) owed: u32,
    /// Where it was read.
    pub(super) db: DbIx,
}

/// What sessions are owed, and what they get: the definitions of [`crate::history::sessions`], for
/// clients whose operations may overlap. A query is owed what was known before it was asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    pub(super) versions: Versions,
    /// Per session and row, the least version that its next query is owed.
    owed: RedBlackTreeMap<(u32, DbIx, Key), u32>,
    /// The queries under way, with what they are owed.
    open: RedBlackTreeMap<TxnId, RedBlackTreeMap<(u32, DbIx, Key), u32>>,
    /// What was read for them: value and version.
    reads: RedBlackTreeMap<(TxnId, DbIx, Key), Vec<Shown>>,
}

impl Sessions {
    /// From now on a session is owed this version of a row.
    pub(super) fn owe(&mut self, session: u32, (db, key): Cell, version: u32) {
        let at = (session, db, key);
        if version > self.owed.get(&at).copied().unwrap_or(0) {
            self.owed.insert_mut(at, version);
        }
    }

    /// Sees what happens to queries; returns the rows of one that was answered.
    pub(super) fn see(&mut self, rules: &Rules, event: &Event) -> Vec<Seen> {
        let Some(txn) = event.txn else { return Vec::new() };
        match &event.kind {
            EventKind::QueryStarted { .. } => {
                self.open.insert_mut(txn, self.owed.clone());
                Vec::new()
            }
            EventKind::Read { db, key, row } if self.open.contains_key(&txn) => {
                let at = (txn, *db, *key);
                let mut all = self.reads.get(&at).cloned().unwrap_or_default();
                let read = (row.clone(), self.versions.of((*db, *key)));
                if !all.contains(&read) {
                    all.push(read);
                }
                self.reads.insert_mut(at, all);
                Vec::new()
            }
            EventKind::QueryAnswered { rows, .. } => {
                let session = rules.session_of(txn);
                let owed = self.open.get(&txn).cloned().unwrap_or_default();
                let mut seen = Vec::new();
                for (db, key, row) in rows {
                    // Where one was asked twice, the answer is the newest read of this value.
                    let reads = self.reads.get(&(txn, *db, *key)).into_iter().flatten();
                    let version = reads.filter(|(value, _)| value == row).map(|(_, of)| *of).max();
                    let Some(version) = version else { continue };
                    let cell = (rules.primary_of(*db), *key);
                    let owed = owed.get(&(session, cell.0, cell.1)).copied().unwrap_or(0);
                    seen.push(Seen { session, cell, version, owed, db: *db });
                }
                self.open.remove_mut(&txn);
                let of_query = self.reads.keys().filter(|(of, _, _)| *of == txn);
                let over: Vec<(TxnId, DbIx, Key)> = of_query.copied().collect();
                for at in over {
                    self.reads.remove_mut(&at);
                }
                seen
            }
            _ => Vec::new(),
        }
    }
}

fn owed(of: &RedBlackTreeMap<(u32, DbIx, Key), u32>, h: &mut Fingerprint) {
    h.write_len(of.size());
    for ((session, db, key), version) in of {
        h.write_u32(*session);
        h.write_u8(db.0);
        key.canon(h);
        h.write_u32(*version);
    }
}

impl Canon for Sessions {
    fn canon(&self, h: &mut Fingerprint) {
        owed(&self.owed, h);
        h.write_len(self.open.size());
        for (txn, of) in &self.open {
            h.write_u32(txn.0);
            owed(of, h);
        }
        h.write_len(self.reads.size());
        for ((txn, db, key), all) in &self.reads {
            h.write_u32(txn.0);
            h.write_u8(db.0);
            key.canon(h);
            h.write_len(all.len());
            all.iter().for_each(|(_, version)| h.write_u32(*version));
        }
    }
}

/// When each version of each row of a primary was committed.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    of: RedBlackTreeMap<Cell, rpds::Vector<Micros>>,
}

impl Times {
    /// A version was committed; versions are counted from 1.
    pub(super) fn committed(&mut self, cell: Cell, at: Micros) {
        let times = self.of.get(&cell).cloned().unwrap_or_default();
        self.of.insert_mut(cell, times.push_back(at));
    }

    /// When a version was overwritten.
    pub(super) fn overwritten(&self, cell: Cell, version: u32) -> Option<Micros> {
        self.of.get(&cell)?.get(version as usize).copied()
    }
}
