//! How old the answers of queries are: the versions that each row has had.

use std::collections::BTreeMap;

use crate::cast::Cast;
use crate::event::{EventKind, LostRecord};
use crate::ids::{DbIx, Micros};
use crate::value::{Key, Row};

/// The age of a value that a query was answered with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Age {
    /// So long ago it was overwritten; 0 for the current value.
    Known(Micros),
    /// The row never had this value: its owner did not answer.
    Unanswered,
}

/// A value that a row has had, and since when; no row where it did not exist.
type Version = (Micros, Option<Row>);

/// The versions of every row.
#[derive(Clone, Debug, Default)]
pub(super) struct Ages {
    versions: BTreeMap<(DbIx, Key), Vec<Version>>,
}

impl Ages {
    /// The rows at the start of a run.
    pub(super) fn new(cast: &Cast) -> Self {
        let mut versions = BTreeMap::new();
        for (db, info) in cast.dbs.iter().enumerate() {
            for (key, row) in &info.rows {
                versions.insert((DbIx(db as u8), *key), vec![(0, Some(row.clone()))]);
            }
        }
        Self { versions }
    }

    /// Takes up what a commit changed, and what a crash took back.
    pub(super) fn observe(&mut self, at: Micros, db: Option<DbIx>, kind: &EventKind) {
        match kind {
            EventKind::Committed { db, changes, .. } => {
                for change in changes {
                    self.put(at, *db, change.key, change.after.clone());
                }
            }
            EventKind::Crashed { lost, .. } => {
                for record in lost {
                    let (LostRecord::Commit { changes, .. }, Some(db)) = (record, db) else {
                        continue;
                    };
                    for change in changes.iter().rev() {
                        self.put(at, db, change.key, change.before.clone());
                    }
                }
            }
            _ => {}
        }
    }

    fn put(&mut self, at: Micros, db: DbIx, key: Key, row: Option<Row>) {
        // A row that nobody has written did not exist at the start.
        self.versions.entry((db, key)).or_insert_with(|| vec![(0, None)]).push((at, row));
    }

    /// The age of a value at a moment: since when the latest version with this value has been
    /// overwritten.
    pub(super) fn age(&self, now: Micros, db: DbIx, key: Key, row: Option<&Row>) -> Age {
        let Some(versions) = self.versions.get(&(db, key)) else {
            return if row.is_none() { Age::Known(0) } else { Age::Unanswered };
        };
        match versions.iter().rposition(|(_, value)| value.as_ref() == row) {
            None => Age::Unanswered,
            Some(at) => Age::Known(versions.get(at + 1).map_or(0, |(since, _)| now - since)),
        }
    }
}
