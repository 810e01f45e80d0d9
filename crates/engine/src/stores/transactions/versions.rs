//! The committed rows, and when each changed last.

use rpds::RedBlackTreeMap;

use super::observe::Origins;
use crate::ids::Sym;
use crate::value::{Key, KeyPart, Row};

/// A transaction's changes: the row after each, and `None` where it was removed.
pub(super) type Changes = RedBlackTreeMap<Key, Option<Row>>;

/// When a key changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    /// The commit that changed it last.
    pub(super) changed: u32,
    /// The commit that added the row that is there, or was there last.
    pub(super) added: u32,
}

/// The rows as of a commit. Cloning it copies nothing.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) rows: RedBlackTreeMap<Key, Row>,
    /// The last commit that it shows.
    pub(super) at: u32,
    /// Who made its versions, where the database is observed.
    pub(super) origins: Origins,
}

/// The committed rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Versions {
    pub(super) rows: RedBlackTreeMap<Key, Row>,
    /// The keys that changed since the oldest snapshot in use.
    pub(super) stamps: RedBlackTreeMap<Key, Stamp>,
    /// How many commits, and preparations, there were.
    pub(super) clock: u32,
    /// Who made them, where the database is observed.
    pub(super) origins: Origins,
}

impl Versions {
    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot { rows: self.rows.clone(), at: self.clock, origins: self.origins.clone() }
    }

    /// Whether a key changed after a snapshot.
    pub(super) fn changed_since(&self, key: &Key, at: u32) -> bool {
        self.stamps.get(key).is_some_and(|stamp| stamp.changed > at)
    }

    /// The row that the snapshot shows in its newest version, where it still is the same row.
    pub(super) fn newest_of(&self, key: &Key, at: u32) -> Option<&Row> {
        let is_new = self.stamps.get(key).is_some_and(|stamp| stamp.added > at);
        if is_new { None } else { self.rows.get(key) }
    }

    /// Commits changes.
    pub(super) fn commit(&mut self, changes: &Changes) {
        self.clock += 1;
        for (key, after) in changes {
            let before = self.stamps.get(key).map_or(0, |stamp| stamp.added);
            let is_added = after.is_some() && !self.rows.contains_key(key);
            let added = if is_added { self.clock } else { before };
            self.stamps.insert_mut(*key, Stamp { changed: self.clock, added });
            match after {
                Some(row) => self.rows.insert_mut(*key, row.clone()),
                None => {
                    self.rows.remove_mut(key);
                }
            }
        }
    }

    /// Forgets what no snapshot in use can ask for; `oldest` is the oldest of them.
    pub(super) fn prune(&mut self, oldest: Option<u32>) {
        let Some(oldest) = oldest else {
            self.stamps = RedBlackTreeMap::new();
            return;
        };
        let is_old = |stamp: &Stamp| stamp.changed <= oldest;
        let old: Vec<Key> =
            self.stamps.iter().filter(|(_, stamp)| is_old(stamp)).map(|(key, _)| *key).collect();
        for key in old {
            self.stamps.remove_mut(&key);
        }
    }
}

/// The keys of a table behind `after`, in order.
pub(super) fn keys_after<V>(
    map: &RedBlackTreeMap<Key, V>,
    table: Sym,
    after: Option<KeyPart>,
) -> impl Iterator<Item = Key> {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    // Numbers sort before texts, and no number before this one.
    let first = Key { table, id: KeyPart::Int(i64::MIN) };
    let from = after.map_or(Included(first), |id| Excluded(Key { table, id }));
    map.range((from, Unbounded)).map(|(key, _)| *key).take_while(move |key| key.table == table)
}
