//! Serializable snapshot isolation: read-write dependencies between concurrent transactions.
//!
//! R depends on W when W wrote a newer version of something that R read (R must come before W). In
//! a cycle under snapshot isolation there are always two such edges in a row, T1 to T2 to T3, where
//! T3 committed first of all in the cycle (Fekete et al. 2005); if T1 only read, T3 committed before T1's
//! snapshot (Ports and Grittner 2012, theorem 3). A transaction is ended where that structure is
//! about to be complete: T2, the pivot, if it can still be ended. Some of these structures are part
//! of no cycle, so some are ended in vain.
//!
//! What a predicate reads is remembered as spans of keys, as a scan by the key would lock them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::locks::{KeySpan, LocalTxnId};
use super::error::DbError;
use crate::ids::Sym;
use crate::value::Key;

/// A serializable transaction, as long as one that is concurrent may still depend on it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Watched {
    /// The last commit that it sees; `None` before its first statement.
    pub(super) snapshot: Option<u32>,
    pub(super) reads: BTreeSet<(Sym, KeySpan)>,
    pub(super) writes: BTreeSet<Key>,
    /// Who depends on it.
    pub(super) from: BTreeSet<LocalTxnId>,
    /// On whom it depends.
    pub(super) on: BTreeSet<LocalTxnId>,
    /// Whether it must end at its next statement or commit.
    pub(super) doomed: bool,
    /// When it was prepared; a commit prepares too.
    pub(super) prepared: Option<u32>,
    pub(super) committed: Option<u32>,
}

impl Watched {
    /// Whether it ended without having written.
    fn only_read(&self) -> bool {
        self.committed.is_some() && self.writes.is_empty()
    }

    /// Whether it committed before the other's snapshot.
    fn is_before(&self, other: &Self) -> bool {
        matches!((self.committed, other.snapshot), (Some(end), Some(start)) if end <= start)
    }

    /// Whether something at `moment` came no later than its commit.
    fn has_not_committed_before(&self, moment: u32) -> bool {
        self.committed.is_none_or(|end| moment <= end)
    }

    /// Whether something at `moment` is in its snapshot, as it must be where it only read.
    fn bears(&self, moment: u32) -> bool {
        !self.only_read() || self.snapshot.is_some_and(|start| moment <= start)
    }
}

/// The serializable transactions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Dependencies {
    pub(super) watched: BTreeMap<LocalTxnId, Watched>,
}

impl Dependencies {
    pub(super) fn begin(&mut self, txn: LocalTxnId) {
        self.watched.insert(txn, Watched::default());
    }

    pub(super) fn take_snapshot(&mut self, txn: LocalTxnId, at: u32) {
        if let Some(own) = self.watched.get_mut(&txn) {
            own.snapshot.get_or_insert(at);
        }
    }

    /// Fails where somebody has decided that the transaction must end.
    fn survive(&self, txn: LocalTxnId) -> Result<(), DbError> {
        let is_doomed = self.watched.get(&txn).is_some_and(|own| own.doomed);
        if is_doomed { Err(DbError::Dependencies) } else { Ok(()) }
    }

    /// A transaction reads these spans.
    pub(super) fn read(
        &mut self,
        txn: LocalTxnId,
        table: Sym,
        spans: &[KeySpan],
    ) -> Result<(), DbError> {
        self.survive(txn)?;
        let Some(own) = self.watched.get_mut(&txn) else { return Ok(()) };
        own.reads.extend(spans.iter().map(|span| (table, *span)));
        let is_read =
            |key: &Key| key.table == table && spans.iter().any(|span| span.contains(&key.id));
        let writers = self.concurrent(txn, |other| other.writes.iter().any(is_read));
        writers.into_iter().try_for_each(|writer| self.depend(txn, writer, txn))
    }

    /// A transaction writes a key.
    pub(super) fn write(&mut self, txn: LocalTxnId, key: Key) -> Result<(), DbError> {
        self.survive(txn)?;
        let Some(own) = self.watched.get_mut(&txn) else { return Ok(()) };
        own.writes.insert(key);
        let reads = |other: &Watched| {
            other.reads.iter().any(|(table, span)| *table == key.table && span.contains(&key.id))
        };
        let readers = self.concurrent(txn, reads);
        readers.into_iter().try_for_each(|reader| self.depend(reader, txn, txn))
    }

    /// The other transactions of this kind that are concurrent with this one.
    fn concurrent(&self, txn: LocalTxnId, is_it: impl Fn(&Watched) -> bool) -> Vec<LocalTxnId> {
        let own = &self.watched[&txn];
        let others = self.watched.iter().filter(|(other, _)| **other != txn);
        let concurrent = others.filter(|(_, other)| !other.is_before(own) && !own.is_before(other));
        concurrent.filter(|(_, other)| is_it(other)).map(|(other, _)| *other).collect()
    }

    /// Notes that the reader depends on the writer; `acting`, one of them, is at it now.
    fn depend(
        &mut self,
        reader: LocalTxnId,
        writer: LocalTxnId,
        acting: LocalTxnId,
    ) -> Result<(), DbError> {
        let is_new = self.watched.get_mut(&reader).is_some_and(|own| own.on.insert(writer));
        if let Some(own) = self.watched.get_mut(&writer) {
            own.from.insert(reader);
        }
        if !is_new
            || !(self.writer_is_pivot(reader, writer) || self.reader_is_pivot(reader, writer))
        {
            return Ok(());
        }
        if acting == writer || self.watched[&writer].prepared.is_some() {
            return Err(DbError::Dependencies);
        }
        // The writer may not run now, and learns of it when it does.
        if let Some(own) = self.watched.get_mut(&writer) {
            own.doomed = true;
        }
        Ok(())
    }

    /// Reader to writer to somebody who committed, or prepared, first.
    fn writer_is_pivot(&self, reader: LocalTxnId, writer: LocalTxnId) -> bool {
        let (reader, writer) = (&self.watched[&reader], &self.watched[&writer]);
        let mut last = writer.on.iter().filter_map(|txn| self.watched.get(txn)?.prepared);
        last.any(|moment| {
            reader.has_not_committed_before(moment)
                && writer.has_not_committed_before(moment)
                && reader.bears(moment)
        })
    }

    /// Somebody to reader to writer, where the writer committed, or prepared, first.
    fn reader_is_pivot(&self, reader: LocalTxnId, writer: LocalTxnId) -> bool {
        let (reader, writer) = (&self.watched[&reader], &self.watched[&writer]);
        let Some(moment) = writer.prepared else { return false };
        let mut first = reader.from.iter().filter_map(|txn| self.watched.get(txn));
        !reader.only_read()
            && first.any(|other| {
                !other.doomed && other.has_not_committed_before(moment) && other.bears(moment)
            })
    }

    /// A transaction is about to commit, or to be prepared, at `moment`. Whoever would be a pivot
    /// with it as the first to commit must end; where that one is prepared, this one must.
    pub(super) fn prepare(&mut self, txn: LocalTxnId, moment: u32) -> Result<(), DbError> {
        self.survive(txn)?;
        let Some(own) = self.watched.get(&txn) else { return Ok(()) };
        let mut pivots = Vec::new();
        for near in &own.from {
            let Some(pivot) = self.watched.get(near) else { continue };
            if pivot.committed.is_some() || pivot.doomed {
                continue;
            }
            let is_dangerous = pivot.from.iter().any(|far| {
                *far == txn
                    || self
                        .watched
                        .get(far)
                        .is_some_and(|first| first.committed.is_none() && !first.doomed)
            });
            if is_dangerous && pivot.prepared.is_some() {
                return Err(DbError::Dependencies);
            }
            if is_dangerous {
                pivots.push(*near);
            }
        }
        for pivot in pivots {
            if let Some(pivot) = self.watched.get_mut(&pivot) {
                pivot.doomed = true;
            }
        }
        if let Some(own) = self.watched.get_mut(&txn) {
            own.prepared = Some(moment);
        }
        Ok(())
    }

    /// A transaction that was prepared commits.
    pub(super) fn commit(&mut self, txn: LocalTxnId, moment: u32) {
        if let Some(own) = self.watched.get_mut(&txn) {
            own.committed = Some(moment);
        }
        self.prune();
    }

    /// A transaction ends without a trace.
    pub(super) fn abort(&mut self, txn: LocalTxnId) {
        self.forget(txn);
        self.prune();
    }

    fn forget(&mut self, txn: LocalTxnId) {
        self.watched.remove(&txn);
        for other in self.watched.values_mut() {
            other.from.remove(&txn);
            other.on.remove(&txn);
        }
    }

    /// Forgets who committed before everybody who is at it began, but for those with an edge to
    /// one that is kept: a pivot that has committed is dangerous as long as somebody can depend on
    /// it, and its edge says so.
    fn prune(&mut self) {
        let active = || self.watched.values().filter(|own| own.committed.is_none());
        let oldest = active().filter_map(|own| own.snapshot).min();
        let is_kept = |own: &Watched| match (own.committed, oldest) {
            (Some(end), Some(start)) => end > start,
            (Some(_), None) => false,
            (None, _) => true,
        };
        let mut kept = BTreeSet::new();
        for (txn, own) in self.watched.iter().filter(|(_, own)| is_kept(own)) {
            kept.insert(*txn);
            kept.extend(own.from.iter().chain(&own.on));
        }
        let over: Vec<_> = self.watched.keys().filter(|txn| !kept.contains(txn)).copied().collect();
        for txn in over {
            self.forget(txn);
        }
    }
}
