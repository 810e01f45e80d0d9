//! What statements looked at and wrote, version by version, for those who judge histories.
//!
//! A row does not say who wrote it, and an absent one not who removed it. An observed database keeps
//! that beside its rows, so that which version a statement saw need not be guessed from values.

use std::collections::BTreeMap;

use rpds::RedBlackTreeMap;

use super::super::locks::LocalTxnId;
use super::TransactionStore;
use super::run::Work;
use super::versions::keys_after;
use crate::ids::Sym;
use crate::value::{Key, KeyPart, Row};

/// Which write made a version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Origin {
    /// Who wrote.
    pub txn: LocalTxnId,
    /// Which of its writes, over all rows, counted from 0.
    pub nth: u32,
}

/// Something that a statement did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Observation {
    /// It put its condition to a version. Of what it looks at twice, the first is what it went by.
    Looked {
        /// Whose statement.
        txn: LocalTxnId,
        /// Which row.
        key: Key,
        /// Who made the version; `None` for the one before all transactions.
        origin: Option<Origin>,
    },
    /// It made a version.
    Wrote {
        /// Who made it.
        origin: Origin,
        /// Of which row.
        key: Key,
        /// The row, and `None` where it was removed.
        after: Option<Row>,
    },
}

/// Who made which version, by key.
pub(super) type Origins = RedBlackTreeMap<Key, Origin>;

/// What is kept beside the rows of an observed database.
#[derive(Clone, Debug, Default)]
pub(super) struct Observer {
    /// Of the rows that are not committed; each has one writer.
    written: BTreeMap<Key, Origin>,
    writes: BTreeMap<LocalTxnId, u32>,
    log: Vec<Observation>,
}

impl TransactionStore {
    /// Observes the statements from now on.
    pub fn observe(&mut self) {
        self.observer = Some(Box::default());
    }

    /// What was observed since this was asked last.
    pub fn observations(&mut self) -> Vec<Observation> {
        self.observer.as_mut().map(|observer| std::mem::take(&mut observer.log)).unwrap_or_default()
    }

    /// A transaction has written a row.
    pub(super) fn note_write(&mut self, txn: LocalTxnId, key: Key, after: Option<&Row>) {
        let Some(observer) = &mut self.observer else { return };
        let count = observer.writes.entry(txn).or_default();
        let origin = Origin { txn, nth: *count };
        *count += 1;
        observer.written.insert(key, origin);
        observer.log.push(Observation::Wrote { origin, key, after: after.cloned() });
    }

    /// What a transaction wrote is committed, or gone.
    pub(super) fn note_end(&mut self, txn: LocalTxnId, is_committed: bool) {
        let Some(observer) = &mut self.observer else { return };
        let origins = &mut self.versions.origins;
        observer.written.retain(|key, origin| {
            let is_over = origin.txn == txn;
            if is_over && is_committed {
                origins.insert_mut(*key, *origin);
            }
            !is_over
        });
    }

    /// A statement looked at the newest version of a row that it may see under a lock, and passed
    /// over the keys between the row before it and this one, where there is none any more.
    pub(super) fn note_newest(&mut self, txn: LocalTxnId, table: Sym, passed: Passed) {
        let Some(observer) = &mut self.observer else { return };
        let log = &mut observer.log;
        let own = |key: &Key| observer.written.get(key).filter(|origin| origin.txn == txn).copied();
        let is_before = |key: &Key| passed.to.is_none_or(|to| key.id < to);
        for key in keys_after(&self.versions.origins, table, passed.after).take_while(is_before) {
            if !self.versions.rows.contains_key(&key) {
                let origin = own(&key).or_else(|| self.versions.origins.get(&key).copied());
                log.push(Observation::Looked { txn, key, origin });
            }
        }
        if let Some(id) = passed.to {
            self.note_row(txn, Key { table, id });
        }
    }

    /// A statement looked at the newest version of a row, which it has locked.
    pub(super) fn note_row(&mut self, txn: LocalTxnId, key: Key) {
        let Some(observer) = &mut self.observer else { return };
        let own = observer.written.get(&key).filter(|origin| origin.txn == txn);
        let origin = own.or_else(|| self.versions.origins.get(&key)).copied();
        observer.log.push(Observation::Looked { txn, key, origin });
    }

    /// A statement went through its snapshot and its transaction's own changes.
    pub(super) fn note_view(&mut self, txn: LocalTxnId, table: Sym, work: &Work) {
        let (Some(observer), Some(view)) = (&mut self.observer, &work.view) else { return };
        let mut seen: BTreeMap<Key, Origin> = keys_after(&view.origins, table, None)
            .filter_map(|key| Some((key, *view.origins.get(&key)?)))
            .collect();
        let own = observer.written.iter().filter(|(key, origin)| {
            origin.txn == txn && key.table == table && work.before.contains_key(key)
        });
        seen.extend(own.map(|(key, origin)| (*key, *origin)));
        let looked = |(key, origin)| Observation::Looked { txn, key, origin: Some(origin) };
        observer.log.extend(seen.into_iter().map(looked));
    }

    /// A statement read what is there, committed or not.
    pub(super) fn note_dirty(&mut self, txn: LocalTxnId, table: Sym) {
        let Some(observer) = &mut self.observer else { return };
        let mut seen: BTreeMap<Key, Origin> = keys_after(&self.versions.origins, table, None)
            .filter_map(|key| Some((key, *self.versions.origins.get(&key)?)))
            .collect();
        let written = observer.written.iter().filter(|(key, _)| key.table == table);
        seen.extend(written.map(|(key, origin)| (*key, *origin)));
        let looked = |(key, origin)| Observation::Looked { txn, key, origin: Some(origin) };
        observer.log.extend(seen.into_iter().map(looked));
    }
}

/// What a scan has passed: the keys behind the one and before the other, and the other.
#[derive(Clone, Copy)]
pub(super) struct Passed {
    pub(super) after: Option<KeyPart>,
    pub(super) to: Option<KeyPart>,
}
