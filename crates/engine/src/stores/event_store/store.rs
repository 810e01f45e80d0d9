//! Streams of events, and the one order in which all of them were written.

use std::fmt;

use rpds::{RedBlackTreeMap, Vector};

use super::append::{AppendRefused, Appended, Decision, Expected, Known, decide};
use crate::ids::Micros;

/// An event as it was written. It never changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded<I, B> {
    /// Its id, by which a repeated append is known.
    pub id: I,
    /// Its place in its stream, from 0.
    pub version: u64,
    /// Its place among all events, from 0.
    pub position: u64,
    /// When it was written.
    pub at: Micros,
    /// What it says.
    pub body: B,
}

/// Whether a stream was deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Life {
    #[default]
    Live,
    /// Its events are hidden, and writing begins it anew behind them.
    SoftDeleted,
    /// It is gone for ever.
    HardDeleted,
}

/// A stream. Clones share their events.
#[derive(Clone, Debug)]
pub struct Stream<I: Ord, B> {
    events: Vector<Recorded<I, B>>,
    ids: RedBlackTreeMap<I, u64>,
    /// Events before this version are not shown.
    truncate_before: u64,
    /// Only so many of the last events are shown.
    count_max: Option<u64>,
    has_metadata: bool,
    life: Life,
}

impl<I: Ord, B> Default for Stream<I, B> {
    fn default() -> Self {
        Self {
            events: Vector::new(),
            ids: RedBlackTreeMap::new(),
            truncate_before: 0,
            count_max: None,
            has_metadata: false,
            life: Life::Live,
        }
    }
}

impl<I: Ord + Clone, B> Stream<I, B> {
    /// The version of the last event.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        (self.events.len() as u64).checked_sub(1)
    }

    /// How many events were written.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.events.len() as u64
    }

    /// Whether no event was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The event of a version, shown or not.
    #[must_use]
    pub fn event(&self, version: u64) -> Option<&Recorded<I, B>> {
        self.events.get(usize::try_from(version).ok()?)
    }

    /// Every event that was written, shown or not.
    pub fn written(&self) -> impl Iterator<Item = &Recorded<I, B>> {
        self.events.iter()
    }

    /// The events that a reader is shown: not those that were truncated, and at most the last few
    /// where a maximum was set.
    pub fn shown(&self) -> impl Iterator<Item = &Recorded<I, B>> {
        let few = self.count_max.map_or(0, |max| self.len().saturating_sub(max));
        let first = match self.life {
            Life::Live => few.max(self.truncate_before),
            Life::SoftDeleted | Life::HardDeleted => self.len(),
        };
        (first..self.len()).filter_map(|version| self.event(version))
    }

    /// The last version that had been written at a moment, that moment included.
    #[must_use]
    pub fn version_at(&self, moment: Micros) -> Option<u64> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.event(middle) {
                Some(event) if event.at <= moment => low = middle + 1,
                _ => high = middle,
            }
        }
        low.checked_sub(1)
    }
}

/// The stream was deleted for ever before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deleted;

impl fmt::Display for Deleted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stream was deleted for ever")
    }
}

/// An event store. Streams are named by `S`, events by `I`, and say `B`.
#[derive(Clone, Debug)]
pub struct EventStore<S: Ord, I: Ord, B> {
    streams: RedBlackTreeMap<S, Stream<I, B>>,
    /// Every event by its stream and version, in the order of writing.
    all: Vector<(S, u64)>,
    /// The time of the last event: no later one gets an earlier time.
    now: Micros,
}

impl<S: Ord, I: Ord, B> Default for EventStore<S, I, B> {
    fn default() -> Self {
        Self { streams: RedBlackTreeMap::new(), all: Vector::new(), now: 0 }
    }
}

impl<S: Ord + Clone, I: Ord + Clone, B: Clone> EventStore<S, I, B> {
    /// A stream, where anything was ever written to it or said about it.
    #[must_use]
    pub fn stream(&self, name: &S) -> Option<&Stream<I, B>> {
        self.streams.get(name)
    }

    /// How many events there are in all streams.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.all.len() as u64
    }

    /// The event at a position of the one order, and its stream.
    #[must_use]
    pub fn at(&self, position: u64) -> Option<(&S, &Recorded<I, B>)> {
        let (stream, version) = self.all.get(usize::try_from(position).ok()?)?;
        Some((stream, self.streams.get(stream)?.event(*version)?))
    }

    /// Appends events, all or none.
    ///
    /// # Errors
    /// Where the stream is not as expected and the events are not those that made it so, or where
    /// it was deleted for ever.
    pub fn append(
        &mut self,
        name: &S,
        expected: Expected,
        events: Vec<(I, B)>,
        at: Micros,
    ) -> Result<Appended, AppendRefused> {
        let mut stream = self.streams.get(name).cloned().unwrap_or_default();
        if stream.life == Life::HardDeleted && !events.is_empty() {
            return Err(AppendRefused::StreamDeleted);
        }
        let ids: Vec<I> = events.iter().map(|(id, _)| id.clone()).collect();
        let known = Known {
            last: stream.version(),
            is_soft_deleted: stream.life == Life::SoftDeleted,
            exists: !stream.is_empty() || stream.has_metadata,
            version_of: &|id| stream.ids.get(id).copied(),
            id_at: &|version| stream.event(version).map(|event| event.id.clone()),
        };
        if let Decision::AlreadyThere(version) = decide(&known, expected, &ids)? {
            return Ok(Appended { is_idempotent: true, version });
        }
        if events.is_empty() {
            return Ok(Appended { is_idempotent: false, version: stream.version() });
        }
        if stream.life == Life::SoftDeleted {
            stream.truncate_before = stream.len();
            stream.life = Life::Live;
        }
        self.now = self.now.max(at);
        for (id, body) in events {
            let (version, position) = (stream.len(), self.all.len() as u64);
            stream.ids.insert_mut(id.clone(), version);
            let recorded = Recorded { id, version, position, at: self.now, body };
            stream.events.push_back_mut(recorded);
            self.all.push_back_mut((name.clone(), version));
        }
        let version = stream.version();
        self.streams.insert_mut(name.clone(), stream);
        Ok(Appended { is_idempotent: false, version })
    }

    fn change(&mut self, name: &S, change: impl FnOnce(&mut Stream<I, B>)) -> Result<(), Deleted> {
        let mut stream = self.streams.get(name).cloned().unwrap_or_default();
        if stream.life == Life::HardDeleted {
            return Err(Deleted);
        }
        change(&mut stream);
        self.streams.insert_mut(name.clone(), stream);
        Ok(())
    }

    /// Hides the events before a version.
    ///
    /// # Errors
    /// Where the stream was deleted for ever.
    pub fn truncate_before(&mut self, name: &S, version: u64) -> Result<(), Deleted> {
        self.change(name, |stream| {
            stream.truncate_before = version;
            stream.has_metadata = true;
        })
    }

    /// Shows at most the last so many events.
    ///
    /// # Errors
    /// Where the stream was deleted for ever.
    pub fn keep_last(&mut self, name: &S, count_max: u64) -> Result<(), Deleted> {
        self.change(name, |stream| {
            stream.count_max = Some(count_max);
            stream.has_metadata = true;
        })
    }

    /// Deletes a stream so that writing begins it anew, its versions going on.
    ///
    /// # Errors
    /// Where the stream was deleted for ever.
    pub fn delete_softly(&mut self, name: &S) -> Result<(), Deleted> {
        self.change(name, |stream| {
            stream.life = Life::SoftDeleted;
            stream.has_metadata = true;
        })
    }

    /// Deletes a stream for ever, be there one or not.
    ///
    /// # Errors
    /// Where that was done before.
    pub fn delete_for_ever(&mut self, name: &S) -> Result<(), Deleted> {
        self.change(name, |stream| stream.life = Life::HardDeleted)
    }
}
