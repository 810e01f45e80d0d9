//! A partition: records at offsets that never change, in segments, of which the oldest are dropped
//! and of which all but the newest may be compacted.
//!
//! The rules are those of the design pages of Apache Kafka, sections 4.5 to 4.9.

use std::collections::BTreeMap;

use rpds::{RedBlackTreeMap, Vector};

use crate::ids::Micros;

/// Which producer sent a record, and as its which: a repeated one is known and not stored again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// The producer.
    pub producer: u32,
    /// Its epoch: a producer that was replaced has an old one.
    pub epoch: u16,
    /// The number of the record at this partition, from 0 in each epoch.
    pub sequence: u32,
}

/// What stands at an offset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content<K, V> {
    /// A record; one without a value says that its key is gone.
    Record {
        /// The key.
        key: K,
        /// The value.
        value: Option<V>,
        /// The producer whose transaction it belongs to.
        transaction: Option<u32>,
    },
    /// A producer's transaction ended here. Consumers never see it.
    Marker {
        /// The producer.
        producer: u32,
        /// Whether it committed.
        is_commit: bool,
    },
}

/// A record at its offset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored<K, V> {
    /// The offset.
    pub offset: u64,
    /// When it was stored.
    pub at: Micros,
    /// What it is.
    pub content: Content<K, V>,
}

/// What a consumer wants to see of transactions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Sees {
    /// Everything, also what is not committed or was aborted.
    #[default]
    Uncommitted,
    /// Only what is committed, and nothing behind the first open transaction.
    Committed,
}

/// Why a record was not stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProduceRefused {
    /// A newer epoch of the producer is known.
    Fenced,
    /// A record before it is missing.
    OutOfOrder {
        /// The sequence that should come next.
        expected: u32,
    },
}

/// The wanted offset is not in the log: it was dropped, or is not written yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OffsetOutOfRange {
    /// The first offset that can be asked for.
    pub start: u64,
    /// The offset behind the last one.
    pub end: u64,
}

/// What a fetch gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetched<'a, K, V> {
    /// The records, in order.
    pub records: Vec<&'a Stored<K, V>>,
    /// The offset to go on from.
    pub next: u64,
}

/// How much of the oldest is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Retention {
    /// Segments are dropped while more offsets than this are kept.
    pub offsets_max: Option<u64>,
    /// Segments are dropped whose last record is older than this.
    pub age_max: Option<Micros>,
}

/// A partition. Clones share their records.
#[derive(Clone, Debug)]
pub struct Partition<K, V> {
    records: RedBlackTreeMap<u64, Stored<K, V>>,
    /// The first offset of each segment, the last one being active.
    segments: Vector<u64>,
    segment_offsets: u64,
    start: u64,
    end: u64,
    producers: RedBlackTreeMap<u32, (u16, u32)>,
    /// The first offset of each open transaction.
    open: RedBlackTreeMap<u32, u64>,
}

impl<K: Ord + Clone, V: Clone> Partition<K, V> {
    /// An empty partition whose segments have so many offsets, at least one.
    #[must_use]
    pub fn new(segment_offsets: u64) -> Self {
        Self {
            records: RedBlackTreeMap::new(),
            segments: Vector::new().push_back(0),
            segment_offsets: segment_offsets.max(1),
            start: 0,
            end: 0,
            producers: RedBlackTreeMap::new(),
            open: RedBlackTreeMap::new(),
        }
    }

    /// The first offset that can be read.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The offset that the next record gets.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The first offset of the active segment.
    fn active(&self) -> u64 {
        self.segments.last().copied().unwrap_or_default()
    }

    /// The records that are kept, in order.
    pub fn records(&self) -> impl Iterator<Item = &Stored<K, V>> {
        self.records.values()
    }

    fn store(&mut self, at: Micros, content: Content<K, V>) -> u64 {
        let offset = self.end;
        if offset - self.active() >= self.segment_offsets {
            self.segments.push_back_mut(offset);
        }
        self.records.insert_mut(offset, Stored { offset, at, content });
        self.end += 1;
        offset
    }

    /// Stores a record; returns its offset.
    pub fn append(&mut self, at: Micros, key: K, value: Option<V>) -> u64 {
        self.store(at, Content::Record { key, value, transaction: None })
    }

    /// Stores a stamped record; returns its offset, or `None` where it was stored before.
    ///
    /// # Errors
    /// Where the producer was replaced, or a record before it is missing.
    pub fn append_once(
        &mut self,
        at: Micros,
        stamp: Stamp,
        key: K,
        value: Option<V>,
        is_in_transaction: bool,
    ) -> Result<Option<u64>, ProduceRefused> {
        let expected = match self.producers.get(&stamp.producer) {
            Some((epoch, _)) if stamp.epoch < *epoch => return Err(ProduceRefused::Fenced),
            Some((epoch, next)) if stamp.epoch == *epoch => *next,
            _ => 0,
        };
        if stamp.sequence < expected {
            return Ok(None);
        }
        if stamp.sequence > expected {
            return Err(ProduceRefused::OutOfOrder { expected });
        }
        let transaction = is_in_transaction.then_some(stamp.producer);
        let offset = self.store(at, Content::Record { key, value, transaction });
        self.producers.insert_mut(stamp.producer, (stamp.epoch, expected + 1));
        if is_in_transaction && !self.open.contains_key(&stamp.producer) {
            self.open.insert_mut(stamp.producer, offset);
        }
        Ok(Some(offset))
    }

    /// Ends a producer's open transaction; returns the offset of the marker, or `None` where it had
    /// none.
    pub fn end_transaction(&mut self, at: Micros, producer: u32, is_commit: bool) -> Option<u64> {
        self.open.get(&producer)?;
        self.open.remove_mut(&producer);
        Some(self.store(at, Content::Marker { producer, is_commit }))
    }

    /// The first offset that may still be rolled back: consumers that see only what is committed
    /// read up to here.
    #[must_use]
    pub fn last_stable(&self) -> u64 {
        self.open.values().min().copied().unwrap_or(self.end)
    }

    /// At most so many records from an offset on. An offset whose
    /// record was compacted away stands for the next one that is there.
    ///
    /// # Errors
    /// Where the offset was dropped or is not written yet.
    pub fn fetch(
        &self,
        from: u64,
        max: usize,
        sees: Sees,
    ) -> Result<Fetched<'_, K, V>, OffsetOutOfRange> {
        if from < self.start || from > self.end {
            return Err(OffsetOutOfRange { start: self.start, end: self.end });
        }
        let until = match sees {
            Sees::Uncommitted => self.end,
            Sees::Committed => self.last_stable(),
        };
        let mut records = Vec::new();
        let mut next = from;
        for (offset, stored) in self.records.range(from..until.max(from)) {
            if records.len() == max {
                return Ok(Fetched { records, next });
            }
            let is_seen = match &stored.content {
                Content::Marker { .. } => false,
                Content::Record { transaction: Some(producer), .. } => {
                    sees == Sees::Uncommitted || self.was_committed(*offset, *producer)
                }
                Content::Record { .. } => true,
            };
            if is_seen {
                records.push(stored);
            }
            next = offset + 1;
        }
        Ok(Fetched { records, next: until.max(from) })
    }

    /// Whether the transaction that a record belongs to committed: its producer's next marker says.
    fn was_committed(&self, offset: u64, producer: u32) -> bool {
        let ends = |stored: &Stored<K, V>| match &stored.content {
            Content::Marker { producer: of, is_commit } if *of == producer => Some(*is_commit),
            _ => None,
        };
        self.records.range(offset..).find_map(|(_, stored)| ends(stored)) == Some(true)
    }

    /// Drops the oldest segments that the retention does not keep. The active one always stays.
    pub fn retain(&mut self, now: Micros, retention: Retention) {
        while let Some(behind) = self.segments.get(1).copied() {
            let too_many = retention.offsets_max.is_some_and(|max| self.end - self.start > max);
            let last = self.records.range(..behind).next_back().map(|(_, stored)| stored.at);
            let too_old = retention
                .age_max
                .is_some_and(|max| last.is_none_or(|last| last.saturating_add(max) < now));
            if !too_many && !too_old {
                return;
            }
            let dropped: Vec<u64> = self.records.range(..behind).map(|(at, _)| *at).collect();
            for offset in dropped {
                self.records.remove_mut(&offset);
            }
            self.start = behind;
            self.segments = self.segments.iter().skip(1).copied().collect();
        }
    }

    /// Keeps, of the records before the active segment, the last of each key; a record without a
    /// value goes too once it is older than `tombstones_kept`. Offsets and order never change.
    pub fn compact(&mut self, now: Micros, tombstones_kept: Micros) {
        let active = self.active().min(self.last_stable());
        let mut last: BTreeMap<&K, u64> = BTreeMap::new();
        for (offset, stored) in self.records.range(..active) {
            if let Content::Record { key, transaction, .. } = &stored.content
                && transaction.is_none_or(|producer| self.was_committed(*offset, producer))
            {
                last.insert(key, *offset);
            }
        }
        let dropped: Vec<u64> = self
            .records
            .range(..active)
            .filter(|(offset, stored)| match &stored.content {
                Content::Marker { .. } => false,
                Content::Record { key, value, .. } => {
                    let is_old = stored.at.saturating_add(tombstones_kept) < now;
                    last.get(key) != Some(*offset) || (value.is_none() && is_old)
                }
            })
            .map(|(offset, _)| *offset)
            .collect();
        for offset in dropped {
            self.records.remove_mut(&offset);
        }
    }
}
