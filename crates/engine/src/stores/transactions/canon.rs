//! The fingerprint of a database with transactions.
//!
//! Two states are the same where nothing that can be done to them tells them apart. So the numbers
//! of transactions, which are given out in the order in which they begin, and those of commits
//! count by their order alone; rows of a snapshot count where they differ from the committed ones.
//! What the caller has not yet fetched (`resumed`, `deadlocks`) is no part of it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::locks::LocalTxnId;
use super::versions::{Changes, Snapshot};
use super::{Standing, TransactionStore};
use crate::fingerprint::{Canon, Fingerprint};

impl Canon for TransactionStore {
    fn canon(&self, h: &mut Fingerprint) {
        let ids = self.txns.keys().chain(self.dependencies.watched.keys());
        let ids: BTreeSet<LocalTxnId> = ids.copied().collect();
        let ranks: BTreeMap<LocalTxnId, u32> = ids.into_iter().zip(0..).collect();
        self.canon_by(h, &|txn| ranks.get(&txn).copied().unwrap_or(u32::MAX));
    }
}

impl TransactionStore {
    /// Writes the database; `name` says how a transaction is known, for callers that know them by
    /// names of their own and have the order of their beginning play no part.
    pub fn canon_by(&self, h: &mut Fingerprint, name: &dyn Fn(LocalTxnId) -> u32) {
        h.write_len(self.versions.rows.size());
        for (key, row) in &self.versions.rows {
            key.canon(h);
            row.canon(h);
        }
        let moments = self.moments();
        h.write_len(self.txns.len());
        let mut txns: Vec<_> = self.txns.iter().map(|(txn, own)| (name(*txn), own)).collect();
        txns.sort_unstable_by_key(|(txn, _)| *txn);
        for (txn, own) in txns {
            h.write_u32(txn);
            let isolation = own.isolation;
            h.write_u8(isolation.reads as u8);
            h.write_u8(isolation.writes as u8);
            h.write_u8(isolation.keep as u8);
            isolation.certified.canon(h);
            match &own.standing {
                Standing::Active => h.write_u8(0),
                Standing::Failed => h.write_u8(1),
                Standing::Prepared(gid) => {
                    h.write_u8(2);
                    gid.canon(h);
                }
            }
            self.canon_snapshot(h, own.snapshot.as_ref(), name);
            canon_changes(h, &own.changes);
            own.work.is_some().canon(h);
            if let Some(work) = &own.work {
                h.write_bytes(format!("{:?}", work.statement).as_bytes());
                self.canon_snapshot(h, work.view.as_ref(), name);
                canon_changes(h, &work.before);
                work.cursor.canon(h);
                h.write_len(work.taken.len());
                for (target, lock) in &work.taken {
                    target.canon(h);
                    (lock.mode, lock.span).canon(h);
                }
                h.write_u32(work.found.affected);
                h.write_len(work.found.rows.len());
                for (key, row) in &work.found.rows {
                    key.canon(h);
                    row.canon(h);
                }
            }
        }
        self.locks.canon_by(h, name);
        let mut watched: Vec<_> =
            self.dependencies.watched.iter().map(|(txn, own)| (name(*txn), own)).collect();
        watched.sort_unstable_by_key(|(txn, _)| *txn);
        h.write_len(watched.len());
        let moment = |moment: Option<u32>| moment.and_then(|moment| moments.get(&moment).copied());
        for (txn, own) in watched {
            h.write_u32(txn);
            moment(own.snapshot).canon(h);
            moment(own.prepared).canon(h);
            moment(own.committed).canon(h);
            own.doomed.canon(h);
            h.write_len(own.reads.len());
            for (table, span) in &own.reads {
                h.write_u32(table.0);
                span.canon(h);
            }
            own.writes.canon(h);
            for edges in [&own.from, &own.on] {
                let edges: BTreeSet<u32> = edges.iter().map(|txn| name(*txn)).collect();
                edges.canon(h);
            }
        }
    }

    /// The moments that can still be compared, in order.
    fn moments(&self) -> BTreeMap<u32, u32> {
        let watched = self.dependencies.watched.values();
        let moments: BTreeSet<u32> =
            watched.flat_map(|own| [own.snapshot, own.prepared, own.committed]).flatten().collect();
        moments.into_iter().zip(0..).collect()
    }

    /// A snapshot as it differs from the committed rows: the keys that changed since, with what it
    /// shows of them, and whether the row that is there now is another one.
    fn canon_snapshot(
        &self,
        h: &mut Fingerprint,
        snapshot: Option<&Snapshot>,
        name: &dyn Fn(LocalTxnId) -> u32,
    ) {
        snapshot.is_some().canon(h);
        let Some(snapshot) = snapshot else { return };
        let changed: Vec<_> =
            self.versions.stamps.iter().filter(|(_, stamp)| stamp.changed > snapshot.at).collect();
        h.write_len(changed.len());
        for (key, stamp) in changed {
            key.canon(h);
            (stamp.added > snapshot.at).canon(h);
            snapshot.rows.get(key).canon(h);
        }
        // Who made its versions is known only where the database is observed.
        for (key, origin) in &snapshot.origins {
            key.canon(h);
            (name(origin.txn), origin.nth).canon(h);
        }
    }
}

fn canon_changes(h: &mut Fingerprint, changes: &Changes) {
    h.write_len(changes.size());
    for (key, after) in changes {
        key.canon(h);
        after.canon(h);
    }
}
