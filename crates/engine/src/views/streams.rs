//! The streams of event-sourced databases: their events and snapshots, and the row that a stream
//! adds up to as of any past version, event or moment.
//!
//! A stream answers two questions about time. *What did the record say then?* folds what had been
//! written by that moment. *What was true then, as we know it now?* folds what has been written by
//! now in the order in which it took effect: a correction that is written today for last year comes
//! before what happened since. An event takes effect when it is written, unless its commit gives the
//! row's field `effective` a moment of its own, in virtual microseconds
//! (Snodgrass, Developing Time-Oriented Database Applications, 2000; Fowler, Bitemporal History, 2021).

use std::collections::BTreeMap;

use crate::cast::Cast;
use crate::event::{EventKind, Fact};
use crate::ids::{DbIx, EventIx, Micros, Sym, TxnId};
use crate::trace::Trace;
use crate::value::{Key, Row, Value};

/// The field that says since when a change is true.
pub const EFFECTIVE: &str = "effective";

/// An event of a stream.
#[derive(Clone, PartialEq, Debug)]
pub struct StreamEvent {
    /// Its place in the stream, from 0.
    pub version: u32,
    /// The event of the trace; `None` where the stream had it before the run.
    pub event: Option<EventIx>,
    /// The transaction that wrote it.
    pub txn: Option<TxnId>,
    /// When it was written.
    pub recorded: Micros,
    /// Since when what it says is true.
    pub effective: Micros,
    /// What it says.
    pub fact: Fact,
}

/// A stored snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// The version of the last event that it stands for.
    pub version: u32,
    /// The event of its storing.
    pub event: EventIx,
}

/// A stream as of a moment.
#[derive(Clone, PartialEq, Debug)]
pub struct Stream {
    /// Its database.
    pub db: DbIx,
    /// The row that it adds up to.
    pub key: Key,
    /// Its events, the oldest first.
    pub events: Vec<StreamEvent>,
    /// Its snapshots, the oldest first.
    pub snapshots: Vec<Snapshot>,
}

impl Stream {
    /// The row after the event of a version, the last where there is none of it.
    #[must_use]
    pub fn at_version(&self, version: u32) -> Option<Row> {
        fold(self.events.iter().filter(|event| event.version <= version))
    }

    /// The row as it is after all events.
    #[must_use]
    pub fn now(&self) -> Option<Row> {
        fold(self.events.iter())
    }

    /// The row as it was after an event of the trace.
    #[must_use]
    pub fn as_of_event(&self, at: EventIx) -> Option<Row> {
        fold(self.events.iter().filter(|event| event.event.is_none_or(|event| event <= at)))
    }

    /// What the record said at a moment, that moment included.
    #[must_use]
    pub fn as_of(&self, moment: Micros) -> Option<Row> {
        fold(self.events.iter().filter(|event| event.recorded <= moment))
    }

    /// What was true at a moment, by what had been written at another.
    #[must_use]
    pub fn true_at(&self, moment: Micros, known_at: Micros) -> Option<Row> {
        let is_counted =
            |event: &&StreamEvent| event.effective <= moment && event.recorded <= known_at;
        let mut counted: Vec<&StreamEvent> = self.events.iter().filter(is_counted).collect();
        counted.sort_by_key(|event| (event.effective, event.version));
        fold(counted.into_iter())
    }

    /// How many events a recovery folds that finds the stream like this.
    #[must_use]
    pub fn to_fold(&self) -> usize {
        let from = self.snapshots.last().map_or(0, |snapshot| snapshot.version as usize + 1);
        self.events.len() - from.min(self.events.len())
    }
}

fn fold<'a>(events: impl Iterator<Item = &'a StreamEvent>) -> Option<Row> {
    let mut row = None;
    events.for_each(|event| event.fact.apply(&mut row));
    row
}

/// The moment that a fact gives its row's field `effective`.
fn effective(fact: &Fact, field: Option<Sym>) -> Option<Micros> {
    let field = field?;
    let value = match fact {
        Fact::Set { field: of, to } if *of == field => Some(to),
        Fact::Created(row) => row.get(field),
        _ => None,
    };
    value.and_then(Value::as_int).and_then(|at| u64::try_from(at).ok())
}

/// The streams of all event-sourced databases right after an event, by database and key.
#[must_use]
pub fn streams(cast: &Cast, trace: &Trace, until: EventIx) -> Vec<Stream> {
    let field = cast.symbols.iter().position(|name| name == EFFECTIVE).map(|ix| Sym(ix as u32));
    let mut all: BTreeMap<(DbIx, Key), Stream> = BTreeMap::new();
    for (ix, info) in cast.dbs.iter().enumerate().filter(|(_, info)| info.streams) {
        let db = DbIx(ix as u8);
        for (key, row) in &info.rows {
            let fact = Fact::Created(row.clone());
            let effective = effective(&fact, field).unwrap_or(0);
            let event =
                StreamEvent { version: 0, event: None, txn: None, recorded: 0, effective, fact };
            let stream = Stream { db, key: *key, events: vec![event], snapshots: Vec::new() };
            all.insert((db, *key), stream);
        }
    }
    // The events of a commit share a moment, which any of them may name.
    let mut commit: Vec<(DbIx, Key)> = Vec::new();
    let events = trace.events().iter().enumerate().take(until.ix() + 1);
    for (ix, event) in events {
        let at = EventIx(ix as u32);
        match &event.kind {
            EventKind::Appended { db, stream, version, fact } => {
                let new = || Stream { db: *db, key: *stream, events: vec![], snapshots: vec![] };
                all.entry((*db, *stream)).or_insert_with(new).events.push(StreamEvent {
                    version: *version,
                    event: Some(at),
                    txn: event.txn,
                    recorded: event.at,
                    effective: event.at,
                    fact: fact.clone(),
                });
                commit.push((*db, *stream));
            }
            EventKind::Snapshotted { db, stream, version } => {
                if let Some(stream) = all.get_mut(&(*db, *stream)) {
                    stream.snapshots.push(Snapshot { version: *version, event: at });
                }
            }
            EventKind::Committed { .. } => date(&mut all, &std::mem::take(&mut commit), field),
            _ => {}
        }
    }
    date(&mut all, &commit, field);
    all.into_values().collect()
}

/// Gives the events of one commit the moment that one of them names.
fn date(all: &mut BTreeMap<(DbIx, Key), Stream>, commit: &[(DbIx, Key)], field: Option<Sym>) {
    let mut names = commit.to_vec();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let count = commit.iter().filter(|of| **of == name).count();
        let Some(stream) = all.get_mut(&name) else { continue };
        let first = stream.events.len() - count;
        let events = &mut stream.events[first..];
        let named = events.iter().rev().find_map(|event| effective(&event.fact, field));
        if let Some(moment) = named {
            events.iter_mut().for_each(|event| event.effective = moment);
        }
    }
}

/// One stream right after an event.
#[must_use]
pub fn stream(cast: &Cast, trace: &Trace, until: EventIx, db: DbIx, key: Key) -> Option<Stream> {
    streams(cast, trace, until).into_iter().find(|stream| stream.db == db && stream.key == key)
}
