//! The four session guarantees, by what a client saw.
//!
//! D. Terry et al., *Session Guarantees for Weakly Consistent Replicated Data*, PDIS 1994. Here a
//! client knows the version of each item that it read or wrote, counted in the order in which the
//! primary took the writes; [`super::replicas`] judges by what the replicas held.

use std::collections::BTreeMap;
use std::fmt;

use super::Item;
use super::models::Model;

/// A guarantee to a session.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Guarantee {
    /// A read is not older than the session's own writes.
    ReadYourWrites,
    /// A read is not older than the session's earlier reads.
    MonotonicReads,
    /// The session's writes take effect in their order.
    MonotonicWrites,
    /// A write takes effect after what the session had read before it.
    WritesFollowReads,
}

impl Guarantee {
    /// All four.
    pub const ALL: [Self; 4] = [
        Self::ReadYourWrites,
        Self::MonotonicReads,
        Self::MonotonicWrites,
        Self::WritesFollowReads,
    ];

    /// The model of the same name.
    #[must_use]
    pub fn model(self) -> Model {
        match self {
            Self::ReadYourWrites => Model::ReadYourWrites,
            Self::MonotonicReads => Model::MonotonicReads,
            Self::MonotonicWrites => Model::MonotonicWrites,
            Self::WritesFollowReads => Model::WritesFollowReads,
        }
    }

    /// The guarantee of a name or of its initials.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let model = Model::named(name)?;
        Self::ALL.into_iter().find(|guarantee| guarantee.model() == model)
    }
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.model().name())
    }
}

/// What a session did. Version 0 is the state before all writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Did {
    /// It wrote, and the write became this version of the item.
    Wrote {
        /// The item.
        item: Item,
        /// Its version.
        version: u64,
    },
    /// It read this version of the item.
    Read {
        /// The item.
        item: Item,
        /// Its version.
        version: u64,
    },
}

/// A guarantee that was broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Broken {
    /// Which.
    pub guarantee: Guarantee,
    /// The item.
    pub item: Item,
    /// The least version that would have kept it.
    pub needed: u64,
    /// The version that there was.
    pub got: u64,
}

/// What must be remembered of a session. It is an observer: operations come one by one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Session {
    read: BTreeMap<Item, u64>,
    wrote: BTreeMap<Item, u64>,
}

impl Session {
    /// The next operation of the session; returns what it broke.
    pub fn observe(&mut self, did: Did) -> Vec<Broken> {
        let mut broken = Vec::new();
        let mut hold = |guarantee, item, needed: Option<u64>, got: u64| {
            if let Some(needed) = needed.filter(|needed| got < *needed) {
                broken.push(Broken { guarantee, item, needed, got });
            }
        };
        match did {
            Did::Read { item, version } => {
                hold(Guarantee::ReadYourWrites, item, self.wrote.get(&item).copied(), version);
                hold(Guarantee::MonotonicReads, item, self.read.get(&item).copied(), version);
                let newest = self.read.entry(item).or_default();
                *newest = version.max(*newest);
            }
            Did::Wrote { item, version } => {
                let next = |after: Option<&u64>| after.map(|after| after + 1);
                hold(Guarantee::MonotonicWrites, item, next(self.wrote.get(&item)), version);
                hold(Guarantee::WritesFollowReads, item, next(self.read.get(&item)), version);
                let newest = self.wrote.entry(item).or_default();
                *newest = version.max(*newest);
            }
        }
        broken
    }
}

/// Every guarantee that a session's operations broke.
#[must_use]
pub fn broken(operations: &[Did]) -> Vec<Broken> {
    let mut session = Session::default();
    operations.iter().flat_map(|did| session.observe(*did)).collect()
}
