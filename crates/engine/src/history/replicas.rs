//! The four session guarantees, by what the replicas held, in Terry's own definitions.
//!
//! D. Terry et al., *Session Guarantees for Weakly Consistent Replicated Data*, PDIS 1994. `DB(S,t)`
//! is the sequence of writes that server S has applied at time t. The relevant writes of a read are
//! here the one write that gave the value, the last one of the item at the server.

use std::collections::{BTreeMap, BTreeSet};

use super::Item;
use super::sessions::Guarantee;

/// A write, numbered in any way that tells writes apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WriteId(pub u32);

/// A server that holds a copy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Server(pub u32);

/// What happened, in the order of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happened {
    /// A session asked for a write of an item.
    Write {
        /// The session.
        session: u32,
        /// The write.
        write: WriteId,
        /// The item.
        item: Item,
    },
    /// A server applied a write.
    Applied {
        /// The server.
        server: Server,
        /// The write.
        write: WriteId,
    },
    /// A session read an item at a server.
    Read {
        /// The session.
        session: u32,
        /// The server.
        server: Server,
        /// The item.
        item: Item,
    },
}

/// A guarantee that was broken, and where.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Broken {
    /// Which.
    pub guarantee: Guarantee,
    /// The server where it showed.
    pub server: Server,
    /// The write that was missing there or came too late.
    pub missing: WriteId,
}

/// What a session did so far.
#[derive(Clone, Debug, Default)]
struct Session {
    wrote: Vec<WriteId>,
    /// The relevant writes of its reads.
    saw: BTreeSet<WriteId>,
}

/// The observer.
#[derive(Clone, Debug, Default)]
pub struct Replicas {
    items: BTreeMap<WriteId, Item>,
    sessions: BTreeMap<u32, Session>,
    /// What each server applied, in its order.
    applied: BTreeMap<Server, Vec<WriteId>>,
    /// What must come before a write wherever it is applied, and for the sake of which guarantee.
    before: BTreeMap<WriteId, Vec<(Guarantee, WriteId)>>,
}

impl Replicas {
    /// The next that happened; returns what it broke.
    pub fn observe(&mut self, happened: Happened) -> Vec<Broken> {
        match happened {
            Happened::Write { session, write, item } => {
                self.items.insert(write, item);
                let session = self.sessions.entry(session).or_default();
                let mut before: Vec<(Guarantee, WriteId)> =
                    session.wrote.iter().map(|w| (Guarantee::MonotonicWrites, *w)).collect();
                before.extend(session.saw.iter().map(|w| (Guarantee::WritesFollowReads, *w)));
                session.wrote.push(write);
                self.before.insert(write, before);
                Vec::new()
            }
            Happened::Applied { server, write } => {
                let applied = self.applied.entry(server).or_default();
                let needed = self.before.get(&write).map_or(&[][..], Vec::as_slice);
                let broken = missing(server, applied, needed.iter().copied());
                if !applied.contains(&write) {
                    applied.push(write);
                }
                broken
            }
            Happened::Read { session, server, item } => {
                let session = self.sessions.entry(session).or_default();
                let applied = self.applied.entry(server).or_default();
                let own = session.wrote.iter().map(|w| (Guarantee::ReadYourWrites, *w));
                let seen = session.saw.iter().map(|w| (Guarantee::MonotonicReads, *w));
                let broken = missing(server, applied, own.chain(seen));
                let gave = applied.iter().rev().find(|w| self.items.get(w) == Some(&item));
                session.saw.extend(gave);
                broken
            }
        }
    }
}

/// The writes that a server does not hold.
fn missing(
    server: Server,
    applied: &[WriteId],
    needed: impl Iterator<Item = (Guarantee, WriteId)>,
) -> Vec<Broken> {
    needed
        .filter(|(_, write)| !applied.contains(write))
        .map(|(guarantee, missing)| Broken { guarantee, server, missing })
        .collect()
}

/// Whether a copy holds a prefix of a log: no event is there while an earlier one is not, and none
/// is there twice or out of order.
#[must_use]
pub fn is_prefix<T: PartialEq>(log: &[T], held: &[T]) -> bool {
    log.starts_with(held)
}
