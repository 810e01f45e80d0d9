//! A database that keeps streams of events in place of rows: one stream for each row.
//!
//! An append is the forced write, and the events are the log that everything is recovered from. The
//! rows that the rest of the engine sees are folds of the streams, kept in memory: a crash loses
//! them, and recovery folds them again, each stream from its newest snapshot on. Snapshots are kept
//! beside the streams and only save folds.

use rpds::RedBlackTreeMap;

use super::event_store::append::Expected;
use super::event_store::fold::{Fold, Snapshots, state_at};
use super::event_store::store::EventStore;
use crate::event::Fact;
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{Micros, TxnId};
use crate::value::{Key, Row};

/// How a database keeps its streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamRules {
    /// A snapshot of a stream is stored after so many of its events; never where it is 0.
    pub snapshot_every: u64,
    /// How long recovery takes for each event that it folds.
    pub fold_us: Micros,
    /// Whether anybody compares versions with what was seen before. Where nobody does, two streams
    /// of different lengths that fold to the same row have the same futures.
    pub are_versions_compared: bool,
}

/// What a stream adds up to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Folding(Option<Row>);

impl Fold for Folding {
    type Event = Fact;

    fn apply(&mut self, event: &Fact) {
        event.apply(&mut self.0);
    }
}

/// Streams that somebody has folded, each with the version of its last event; `None` where there
/// was no stream.
pub type Versions = Vec<(Key, Option<u32>)>;

/// What an append wrote.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Written {
    /// The events with their streams and versions, in the order of writing.
    pub events: Vec<(Key, u32, Fact)>,
    /// The snapshots that were due after them, with the version that each stands for.
    pub snapshots: Vec<(Key, u32)>,
}

/// The streams of a database.
#[derive(Clone, Debug)]
pub struct Streams {
    rules: StreamRules,
    /// What open sessions have folded: the streams that they will append to, each with the version
    /// that it had. Lost in a crash, which also ends the sessions.
    seen: RedBlackTreeMap<TxnId, Versions>,
    /// Events have fresh ids, the number of their writing: it is the inbox that knows a repeated
    /// message, not the store.
    store: EventStore<Key, u64, Fact>,
    names: RedBlackTreeMap<Key, Snapshots<Folding>>,
}

impl Streams {
    /// Streams that begin with these rows.
    #[must_use]
    pub fn new<'a>(rules: StreamRules, rows: impl IntoIterator<Item = (&'a Key, &'a Row)>) -> Self {
        let mut streams = Self {
            rules,
            seen: RedBlackTreeMap::new(),
            store: EventStore::default(),
            names: RedBlackTreeMap::new(),
        };
        let created = rows.into_iter().map(|(key, row)| (*key, Fact::Created(row.clone())));
        streams.append(created.collect(), 0);
        streams
    }

    /// The version of a stream's last event; `None` where there is no stream.
    #[must_use]
    pub fn version(&self, key: &Key) -> Option<u32> {
        self.store.stream(key).and_then(|stream| stream.version()).map(|version| version as u32)
    }

    /// Whether all streams are still as they were seen.
    #[must_use]
    pub fn are_as_seen(&self, seen: &[(Key, Option<u32>)]) -> bool {
        seen.iter().all(|(key, version)| self.version(key) == *version)
    }

    /// A session has folded these streams; those that it had folded before stay as it saw them.
    pub fn note_seen(&mut self, txn: TxnId, keys: impl IntoIterator<Item = Key>) {
        let mut seen = self.seen.get(&txn).cloned().unwrap_or_default();
        for key in keys {
            if !seen.iter().any(|(known, _)| *known == key) {
                seen.push((key, self.version(&key)));
            }
        }
        self.seen.insert_mut(txn, seen);
    }

    /// Whether a session may append: nobody has appended to its streams since it folded them.
    #[must_use]
    pub fn may_append(&self, txn: TxnId) -> bool {
        self.seen.get(&txn).is_none_or(|seen| self.are_as_seen(seen))
    }

    /// A session is over.
    pub fn forget_seen(&mut self, txn: TxnId) {
        self.seen.remove_mut(&txn);
    }

    /// All sessions are over.
    pub fn crash(&mut self) {
        self.seen = RedBlackTreeMap::new();
    }

    /// Appends events, each stream expected at the version that its writer has folded.
    pub fn append(&mut self, facts: Vec<(Key, Fact)>, at: Micros) -> Written {
        let mut written = Written::default();
        for (key, fact) in facts {
            let version = self.store.stream(&key).and_then(|stream| stream.version());
            let expected = version.map_or(Expected::NoStream, Expected::Exact);
            let id = self.store.end();
            let appended = self.store.append(&key, expected, vec![(id, fact.clone())], at);
            let appended =
                appended.expect("the version was read just now, and no stream is deleted");
            let version = appended.version.expect("an event was appended") as u32;
            written.events.push((key, version, fact));
            let mut taken = self.names.get(&key).cloned();
            let snapshots =
                taken.get_or_insert_with(|| Snapshots::every(self.rules.snapshot_every));
            let before = snapshots.count();
            if let Some(stream) = self.store.stream(&key) {
                snapshots.take(stream, &Folding::default());
            }
            if snapshots.count() > before {
                written.snapshots.push((key, version));
            }
            if let Some(snapshots) = taken {
                self.names.insert_mut(key, snapshots);
            }
        }
        written
    }

    /// The rows that the streams add up to, and how many events were folded for them.
    #[must_use]
    pub fn fold(&self) -> (Vec<(Key, Row)>, u64) {
        let mut rows = Vec::new();
        let mut folds = 0;
        for (key, snapshots) in &self.names {
            let Some(stream) = self.store.stream(key) else { continue };
            let folded = state_at(stream, &Folding::default(), Some(snapshots), stream.version());
            folds += folded.folds;
            rows.extend(folded.state.0.map(|row| (*key, row)));
        }
        (rows, folds)
    }

    /// How long recovery would take now: events to fold, times the time for one.
    #[must_use]
    pub fn recovery_us(&self) -> Micros {
        let all = self.names.iter().map(|(key, snapshots)| {
            let end = self.store.stream(key).map_or(0, |stream| stream.len());
            let from = snapshots.newest_until(end).map_or(0, |(version, _)| version + 1);
            end - from
        });
        all.sum::<u64>().saturating_mul(self.rules.fold_us)
    }
}

impl Canon for Streams {
    /// Versions, where somebody compares them; what the events add up to is written as rows.
    fn canon(&self, h: &mut Fingerprint) {
        if !self.rules.are_versions_compared {
            return;
        }
        h.write_len(self.names.size());
        for key in self.names.keys() {
            key.canon(h);
            h.write_u32(self.version(key).unwrap_or_default());
        }
        h.write_len(self.seen.size());
        for (txn, seen) in &self.seen {
            h.write_u32(txn.0);
            h.write_len(seen.len());
            for (key, version) in seen {
                key.canon(h);
                h.write_u32(version.map_or(0, |version| version + 1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Sym;
    use crate::value::{KeyPart, Value};

    fn key(n: i64) -> Key {
        Key { table: Sym(1), id: KeyPart::Int(n) }
    }

    fn rules(snapshot_every: u64) -> StreamRules {
        StreamRules { snapshot_every, fold_us: 10, are_versions_compared: false }
    }

    /// Whatever the snapshots, the rows are the same; they only save folds, and the time of a
    /// recovery is that of the folds that it takes.
    #[test]
    fn snapshots_save_folds_and_nothing_else() {
        let start = Row::new(vec![(Sym(0), Value::Int(0))]);
        for (every, folds, snapshots) in [(0, 1_001, 0), (1, 0, 1_001), (10, 1, 100), (64, 41, 15)]
        {
            let mut streams = Streams::new(rules(every), [(&key(1), &start)]);
            let mut taken = usize::from(every == 1);
            for n in 1..=1_000 {
                let written =
                    streams.append(vec![(key(1), Fact::Added { field: Sym(0), by: n })], 0);
                taken += written.snapshots.len();
            }
            let (rows, folded) = streams.fold();
            let end = Row::new(vec![(Sym(0), Value::Int(500_500))]);
            assert_eq!(rows, [(key(1), end)]);
            assert_eq!((folded, taken), (folds, snapshots), "every {every}");
            assert_eq!(streams.recovery_us(), folds * 10);
            assert_eq!(streams.version(&key(1)), Some(1_000));
        }
    }

    /// A row that was deleted has a stream still, and its versions go on.
    #[test]
    fn a_deleted_row_keeps_its_stream() {
        let row = Row::new(vec![(Sym(0), Value::Int(1))]);
        let mut streams = Streams::new(rules(2), [(&key(1), &row)]);
        streams.append(vec![(key(1), Fact::Deleted)], 5);
        assert_eq!((streams.fold(), streams.version(&key(1))), ((vec![], 0), Some(1)));
        let again = streams.append(vec![(key(1), Fact::Created(row.clone()))], 6);
        assert_eq!(again.events, [(key(1), 2, Fact::Created(row.clone()))]);
        assert_eq!(streams.fold(), (vec![(key(1), row)], 1));
    }
}
