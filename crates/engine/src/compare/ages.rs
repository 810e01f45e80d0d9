//! How old the answers of queries are: the versions that each row has had.

use std::collections::BTreeMap;

use crate::cast::{Cast, DbInfo};
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
    /// Per database, the one that it copies, or itself.
    owners: Vec<DbIx>,
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
        let owner = |(db, info): (usize, &DbInfo)| info.replica_of.unwrap_or(DbIx(db as u8));
        let owners = cast.dbs.iter().enumerate().map(owner).collect();
        Self { versions, owners }
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
    /// overwritten at its owner. What a replica answered is as old as it is there, and not as it is
    /// in the replica, which has it as new.
    pub(super) fn age(&self, now: Micros, db: DbIx, key: Key, row: Option<&Row>) -> Age {
        let owner = self.owners.get(db.ix()).copied().unwrap_or(db);
        let Some(versions) = self.versions.get(&(owner, key)) else {
            return if row.is_none() { Age::Known(0) } else { Age::Unanswered };
        };
        match versions.iter().rposition(|(_, value)| value.as_ref() == row) {
            None => Age::Unanswered,
            Some(at) => Age::Known(versions.get(at + 1).map_or(0, |(since, _)| now - since)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Sym;
    use crate::value::{KeyPart, Value};

    #[test]
    fn what_a_replica_answers_is_as_old_as_its_owner_has_it() {
        let (owner, replica) = (DbIx(0), DbIx(1));
        let key = Key { table: Sym(0), id: KeyPart::Int(1) };
        let row = |n| Some(Row::new(vec![(Sym(1), Value::Int(n))]));
        let start = vec![(0, row(1))];
        let versions = BTreeMap::from([((owner, key), start.clone()), ((replica, key), start)]);
        let mut ages = Ages { versions, owners: vec![owner, owner] };
        ages.put(100, owner, key, row(2));
        // The replica has taken in nothing yet: its row was overwritten 30 microseconds ago.
        assert_eq!(ages.age(130, replica, key, row(1).as_ref()), Age::Known(30));
        assert_eq!(ages.age(130, owner, key, row(2).as_ref()), Age::Known(0));
        ages.put(140, replica, key, row(2));
        assert_eq!(ages.age(150, replica, key, row(2).as_ref()), Age::Known(0));
    }
}
