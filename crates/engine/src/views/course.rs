//! The course of a run over virtual time: how many transactions are neither done nor undone, and
//! how far replicas are behind their primaries.

use std::collections::BTreeMap;

use super::metrics::Window;
use crate::cast::{Cast, VERSION_OF};
use crate::event::{Event, EventKind, LostRecord, RowChange};
use crate::ids::{DbIx, EventIx, Micros};
use crate::trace::Trace;
use crate::value::{Key, Row};

/// The most in one bucket of time, and the event with which it was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Peak {
    /// How much.
    pub most: u64,
    /// The event; `None` where there was nothing.
    pub event: Option<EventIx>,
}

impl Peak {
    fn raise(&mut self, to: u64, event: EventIx) {
        if to > self.most {
            *self = Self { most: to, event: Some(event) };
        }
    }
}

/// How far a replica is behind, over time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Behind {
    /// The replica.
    pub db: DbIx,
    /// Its name.
    pub name: String,
    /// In each bucket, the age in microseconds of the oldest commit of the primary that it lacks.
    pub us: Vec<Peak>,
}

/// The course of a run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Course {
    /// The length of a bucket in microseconds; at least 1.
    pub bucket_us: Micros,
    /// In each bucket, the most transactions that were partly done at the same time.
    pub partly: Vec<Peak>,
    /// The replicas, in the order of the cast.
    pub behind: Vec<Behind>,
}

/// The course of a whole run in so many buckets. `windows` are those of its metrics.
#[must_use]
pub fn course(cast: &Cast, trace: &Trace, windows: &[Window], buckets: usize) -> Course {
    let buckets = buckets.max(1);
    let bucket_us = trace.end() / buckets as u64 + 1;
    let partly = partly(trace, windows, bucket_us, buckets);
    let behind = behind(cast, trace, bucket_us, buckets);
    Course { bucket_us, partly, behind }
}

fn place(at: Micros, bucket_us: Micros, buckets: usize) -> usize {
    usize::try_from(at / bucket_us).unwrap_or(buckets).min(buckets - 1)
}

fn partly(trace: &Trace, windows: &[Window], bucket_us: Micros, buckets: usize) -> Vec<Peak> {
    let mut turns: Vec<(EventIx, i64)> = Vec::new();
    for window in windows {
        turns.push((window.opened, 1));
        turns.extend(window.closed.map(|closed| (closed, -1)));
    }
    turns.sort_unstable();
    let mut peaks = vec![Peak::default(); buckets];
    let (mut open, mut bucket, mut last) = (0_i64, 0, None);
    for (event, by) in turns {
        let here = place(trace.get(event).map_or(0, |event| event.at), bucket_us, buckets);
        // What was open stays so through the buckets in between.
        while bucket < here {
            bucket += 1;
            if let Some(last) = last {
                peaks[bucket].raise(open.unsigned_abs(), last);
            }
        }
        open += by;
        last = Some(event);
        peaks[here].raise(open.unsigned_abs(), event);
    }
    if let Some(last) = last {
        for peak in &mut peaks[bucket + 1..] {
            peak.raise(open.unsigned_abs(), last);
        }
    }
    peaks
}

/// A replica while the run is read.
struct Lag {
    db: DbIx,
    primary: DbIx,
    /// The rows in which it differs, each since when and by which event.
    lacks: BTreeMap<Key, (Micros, EventIx)>,
    peaks: Vec<Peak>,
    bucket: usize,
}

fn behind(cast: &Cast, trace: &Trace, bucket_us: Micros, buckets: usize) -> Vec<Behind> {
    let replicas = cast.dbs.iter().enumerate().filter_map(|(at, info)| {
        let primary = info.replica_of?;
        let (db, lacks) = (DbIx(at as u8), BTreeMap::new());
        Some(Lag { db, primary, lacks, peaks: vec![Peak::default(); buckets], bucket: 0 })
    });
    let mut replicas: Vec<Lag> = replicas.collect();
    if replicas.is_empty() {
        return Vec::new();
    }
    let mut rows: Vec<BTreeMap<Key, Row>> =
        cast.dbs.iter().map(|info| info.rows.iter().cloned().collect()).collect();
    for (at, event) in trace.events().iter().enumerate() {
        let changed = apply(cast, event, &mut rows);
        let Some((db, keys)) = changed else { continue };
        for copy in replicas.iter_mut().filter(|copy| copy.db == db || copy.primary == db) {
            copy.age(event.at, bucket_us, buckets);
            for key in &keys {
                let same = rows[copy.db.ix()].get(key) == rows[copy.primary.ix()].get(key);
                if same {
                    copy.lacks.remove(key);
                } else if copy.primary == db {
                    copy.lacks.entry(*key).or_insert((event.at, EventIx(at as u32)));
                }
            }
        }
    }
    let end = trace.end();
    let done = replicas.into_iter().map(|mut copy| {
        copy.age(end, bucket_us, buckets);
        let name = cast.dbs.get(copy.db.ix()).map_or_else(String::new, |info| info.name.clone());
        Behind { db: copy.db, name, us: copy.peaks }
    });
    done.collect()
}

impl Lag {
    /// Lets time pass up to a moment: what is lacking has grown older in every bucket up to there.
    fn age(&mut self, now: Micros, bucket_us: Micros, buckets: usize) {
        let oldest = self.lacks.values().min().copied();
        let last = place(now, bucket_us, buckets);
        while let Some((since, event)) = oldest {
            let until = ((self.bucket as u64 + 1) * bucket_us - 1).min(now);
            self.peaks[self.bucket].raise(until.saturating_sub(since), event);
            if self.bucket >= last {
                break;
            }
            self.bucket += 1;
        }
        self.bucket = self.bucket.max(last);
    }
}

/// Carries a change of rows out; tells in which database, and which rows.
fn apply(cast: &Cast, event: &Event, rows: &mut [BTreeMap<Key, Row>]) -> Option<(DbIx, Vec<Key>)> {
    let shown = |change: &&RowChange| !cast.sym(change.key.table).starts_with(VERSION_OF);
    let mut put = |db: DbIx, key: Key, row: Option<&Row>| {
        let Some(rows) = rows.get_mut(db.ix()) else { return };
        match row {
            Some(row) => rows.insert(key, row.clone()),
            None => rows.remove(&key),
        };
    };
    match &event.kind {
        EventKind::Committed { db, changes, .. } => {
            let changes = changes.iter().filter(shown);
            let keys = changes.map(|change| {
                put(*db, change.key, change.after.as_ref());
                change.key
            });
            Some((*db, keys.collect()))
        }
        EventKind::Crashed { lost, .. } => {
            let db = cast.nodes.get(event.node.ix())?.db?;
            let mut keys = Vec::new();
            for record in lost {
                let LostRecord::Commit { changes, .. } = record else { continue };
                for change in changes.iter().filter(shown) {
                    put(db, change.key, change.before.as_ref());
                    keys.push(change.key);
                }
            }
            Some((db, keys))
        }
        _ => None,
    }
}
