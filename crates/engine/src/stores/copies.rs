//! What a primary knows for its replicas: how often each row was changed, and by which commits.

use std::rc::Rc;

use rpds::RedBlackTreeMap;

use crate::event::RowChange;
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::TxnId;
use crate::value::{Key, Row};

/// A row as the primary had it after a commit.
#[derive(Clone, PartialEq, Debug)]
pub struct RowVersion {
    /// The row.
    pub key: Key,
    /// Its value; `None` where it is deleted.
    pub row: Option<Row>,
    /// How often the primary's commits have changed it.
    pub version: u32,
}

impl Canon for RowVersion {
    fn canon(&self, h: &mut Fingerprint) {
        self.key.canon(h);
        h.write_u8(u8::from(self.row.is_some()));
        if let Some(row) = &self.row {
            row.canon(h);
        }
        h.write_u32(self.version);
    }
}

/// The rows of a database after one of its commits. It shares them with the database, so that it
/// costs nothing to take.
#[derive(Clone, PartialEq, Debug)]
pub struct Snapshot {
    /// How many commits had changed rows.
    pub number: u32,
    /// The rows.
    pub rows: RedBlackTreeMap<Key, Row>,
    /// The version of each row that a commit has changed or deleted.
    pub versions: RedBlackTreeMap<Key, u32>,
}

impl Snapshot {
    /// The rows that a commit has changed or deleted, each as it was then.
    pub fn changed(&self) -> impl Iterator<Item = RowVersion> + '_ {
        self.versions.iter().map(|(key, version)| RowVersion {
            key: *key,
            row: self.rows.get(key).cloned(),
            version: *version,
        })
    }
}

impl Canon for Snapshot {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_u32(self.number);
        h.write_len(self.versions.size());
        self.changed().for_each(|row| row.canon(h));
    }
}

/// The count of a primary's commits. Every commit of a primary is forced, so that a crash takes none
/// of this back.
#[derive(Clone, Debug, Default)]
pub(super) struct Copies {
    /// The version of each row that a commit has changed.
    versions: RedBlackTreeMap<Key, u32>,
    /// How many commits had changed rows.
    number: u32,
    /// Who made the last of them.
    last: Option<TxnId>,
    /// What each commit changed: the payloads of its records. `None` where nobody consumes them.
    payloads: Option<RedBlackTreeMap<u32, Rc<Vec<RowVersion>>>>,
}

impl Copies {
    /// Before the first commit; whether it keeps the payloads of records.
    pub(super) fn new(payloads: bool) -> Self {
        Self { payloads: payloads.then(RedBlackTreeMap::new), ..Self::default() }
    }

    /// Counts a commit; returns the rows that it changed with their versions.
    pub(super) fn count(&mut self, txn: TxnId, changes: &[RowChange]) -> Rc<Vec<RowVersion>> {
        let mut rows: Vec<RowVersion> = Vec::new();
        for RowChange { key, after, .. } in changes {
            if let Some(same) = rows.iter_mut().find(|row| row.key == *key) {
                same.row.clone_from(after);
                continue;
            }
            let version = self.version(key) + 1;
            self.versions.insert_mut(*key, version);
            rows.push(RowVersion { key: *key, row: after.clone(), version });
        }
        self.number += 1;
        self.last = Some(txn);
        let rows = Rc::new(rows);
        if let Some(payloads) = &mut self.payloads {
            payloads.insert_mut(self.number, Rc::clone(&rows));
        }
        rows
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn version(&self, key: &Key) -> u32 {
        self.versions.get(key).copied().unwrap_or(0)
    }

    pub(super) fn payload(&self, number: u32) -> Option<Rc<Vec<RowVersion>>> {
        self.payloads.as_ref()?.get(&number).cloned()
    }

    pub(super) fn snapshot(&self, rows: &RedBlackTreeMap<Key, Row>) -> Option<(TxnId, Snapshot)> {
        let (rows, versions) = (rows.clone(), self.versions.clone());
        Some((self.last?, Snapshot { number: self.number, rows, versions }))
    }
}

impl Canon for Copies {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_u32(self.number);
        h.write_u32(self.last.map_or(0, |txn| txn.0 + 1));
        h.write_len(self.versions.size());
        for (key, version) in &self.versions {
            key.canon(h);
            h.write_u32(*version);
        }
        for rows in self.payloads.iter().flat_map(RedBlackTreeMap::values) {
            h.write_len(rows.len());
            rows.iter().for_each(|row| row.canon(h));
        }
    }
}
