//! Locks at a moment: who holds what, who waits for whom, the cycle among them and its victim.
//!
//! A trace names a lock where it shows: a row that an open local transaction has written or promised
//! to write is locked by it, and a wait names the transactions that stand in its way. A lock that
//! was only read under, and that nobody waits for, leaves no event and is not here.

use std::collections::BTreeMap;

use super::frame::{Frame, SessionFrame};
use super::index::Index;
use super::rows::short_key;
use crate::cast::Cast;
use crate::event::EventKind;
use crate::ids::{DbIx, EventIx, Micros, NodeIx, TxnId};
use crate::trace::Trace;
use crate::value::Key;

/// One that holds a lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// The transaction.
    pub txn: TxnId,
    /// Whether it wrote the row; else it only stands in the way of one that waits.
    pub wrote: bool,
    /// Whether it has promised to commit and is in doubt: it gives the lock up when it hears the
    /// decision, not before.
    pub in_doubt: bool,
    /// The value that it has written and not committed.
    pub value: Option<String>,
    /// Its first event in the database.
    pub since: Option<EventIx>,
}

/// One that waits for a lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiter {
    /// The transaction.
    pub txn: TxnId,
    /// The node that works in it.
    pub node: NodeIx,
    /// Those it waits for.
    pub holders: Vec<TxnId>,
    /// The event since which it waits.
    pub since: EventIx,
    /// How long it has waited at the moment.
    pub us: Micros,
}

/// A lock that somebody holds or waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LockLine {
    /// The row; `None` for a table, a span of keys or a connection.
    pub key: Option<Key>,
    /// The row's name in short.
    pub name: String,
    /// Those that hold it, in the order of their transactions.
    pub holders: Vec<Holder>,
    /// Those that wait for it, the first first.
    pub waiters: Vec<Waiter>,
}

/// An edge of the wait-for graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WaitsFor {
    /// Who waits.
    pub waiter: TxnId,
    /// For whom.
    pub holder: TxnId,
}

/// A deadlock that was found and broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deadlock {
    /// The event that found it.
    pub event: EventIx,
    /// The database that found it.
    pub db: DbIx,
    /// The cycle: each waits for the next, the last for the first.
    pub cycle: Vec<TxnId>,
    /// The one that was rolled back.
    pub victim: TxnId,
}

/// The locks of one database.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DbLocks {
    /// The database.
    pub db: DbIx,
    /// Its name.
    pub name: String,
    /// Its locks, in the order of their rows; what has no row comes last.
    pub locks: Vec<LockLine>,
}

/// The locks of a run at a moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Locks {
    /// The databases in which somebody holds or waits for something.
    pub dbs: Vec<DbLocks>,
    /// The wait-for graph over all of them.
    pub waits: Vec<WaitsFor>,
    /// A cycle in it, where there is one: each waits for the next, the last for the first. The
    /// shortest that the least transaction is part of.
    pub cycle: Vec<TxnId>,
    /// The last deadlock that was found up to the moment.
    pub last: Option<Deadlock>,
    /// How many were found up to the moment.
    pub deadlocks: usize,
}

/// The locks at the moment of a frame.
#[must_use]
pub fn locks(cast: &Cast, trace: &Trace, index: &Index, frame: &Frame) -> Locks {
    let mut dbs: BTreeMap<DbIx, BTreeMap<(bool, Option<Key>), LockLine>> = BTreeMap::new();
    let mut waits: Vec<WaitsFor> = Vec::new();
    let sessions = &frame.sessions;
    for ((db, txn), session) in sessions {
        let lines = dbs.entry(*db).or_default();
        for change in &session.wrote {
            let value = change.after.as_ref().map(|row| cast.row(*db, row));
            let value = value.unwrap_or_else(|| "deleted".to_owned());
            line(cast, lines, Some(change.key)).holders.push(holder(*txn, session, Some(value)));
        }
        let Some(wait) = &session.waits else { continue };
        let since = trace.get(wait.since).map_or(frame.at, |event| event.at);
        line(cast, lines, wait.key).waiters.push(Waiter {
            txn: *txn,
            node: session.node,
            holders: wait.holders.clone(),
            since: wait.since,
            us: frame.at.saturating_sub(since),
        });
        waits.extend(wait.holders.iter().map(|holder| WaitsFor { waiter: *txn, holder: *holder }));
    }
    for (db, lines) in &mut dbs {
        for line in lines.values_mut() {
            line.waiters.sort_by_key(|waiter| waiter.since);
            let queued: Vec<TxnId> = line.waiters.iter().map(|waiter| waiter.txn).collect();
            let named = line.waiters.iter().flat_map(|waiter| waiter.holders.clone());
            // One that waits itself has only asked before.
            let named: Vec<TxnId> = named.filter(|txn| !queued.contains(txn)).collect();
            for txn in named {
                if line.holders.iter().any(|holder| holder.txn == txn) {
                    continue;
                }
                line.holders.push(match sessions.get(&(*db, txn)) {
                    Some(session) => Holder { wrote: false, ..holder(txn, session, None) },
                    None => Holder { txn, wrote: false, in_doubt: false, value: None, since: None },
                });
            }
            line.holders.sort_by_key(|holder| holder.txn);
        }
    }
    // Whoever closes a cycle is told so and not made to wait: that edge is in the event alone.
    if let Some(EventKind::Deadlocked { cycle, .. }) =
        frame.cursor.and_then(|at| trace.get(at)).map(|event| &event.kind)
    {
        let pairs = cycle.iter().zip(cycle.iter().cycle().skip(1));
        waits.extend(pairs.map(|(waiter, holder)| WaitsFor { waiter: *waiter, holder: *holder }));
    }
    waits.sort_unstable();
    waits.dedup();
    let found = index.deadlocks.partition_point(|event| Some(*event) <= frame.cursor);
    Locks {
        cycle: cycle(&waits),
        waits,
        last: found.checked_sub(1).and_then(|at| deadlock(trace, index.deadlocks[at])),
        deadlocks: found,
        dbs: dbs
            .into_iter()
            .map(|(db, lines)| DbLocks {
                db,
                name: cast.dbs.get(db.ix()).map_or_else(String::new, |info| info.name.clone()),
                locks: lines.into_values().collect(),
            })
            .filter(|db| !db.locks.is_empty())
            .collect(),
    }
}

fn line<'a>(
    cast: &Cast,
    lines: &'a mut BTreeMap<(bool, Option<Key>), LockLine>,
    key: Option<Key>,
) -> &'a mut LockLine {
    lines.entry((key.is_none(), key)).or_insert_with(|| LockLine {
        key,
        name: key.map_or_else(
            || "a table, a span of keys or a connection".to_owned(),
            |key| short_key(cast, key),
        ),
        holders: Vec::new(),
        waiters: Vec::new(),
    })
}

fn holder(txn: TxnId, session: &SessionFrame, value: Option<String>) -> Holder {
    let in_doubt = session.prepared.is_some();
    Holder { txn, wrote: true, in_doubt, value, since: Some(session.since) }
}

fn deadlock(trace: &Trace, event: EventIx) -> Option<Deadlock> {
    match &trace.get(event)?.kind {
        EventKind::Deadlocked { db, cycle, victim } => {
            Some(Deadlock { event, db: *db, cycle: cycle.clone(), victim: *victim })
        }
        _ => None,
    }
}

/// The shortest cycle through the least transaction that is part of any.
fn cycle(waits: &[WaitsFor]) -> Vec<TxnId> {
    let from = |txn: TxnId| waits.iter().filter(move |edge| edge.waiter == txn);
    let mut starts: Vec<TxnId> = waits.iter().map(|edge| edge.waiter).collect();
    starts.dedup();
    for start in starts {
        // Breadth first: who was reached from whom.
        let mut reached: BTreeMap<TxnId, TxnId> = BTreeMap::new();
        let mut next = vec![start];
        while !next.is_empty() {
            let mut after = Vec::new();
            for txn in next {
                for edge in from(txn) {
                    if edge.holder == start {
                        let mut path = vec![txn];
                        while let Some(before) = path.last().and_then(|txn| reached.get(txn)) {
                            path.push(*before);
                        }
                        path.reverse();
                        return path;
                    }
                    if let std::collections::btree_map::Entry::Vacant(place) =
                        reached.entry(edge.holder)
                    {
                        place.insert(txn);
                        after.push(edge.holder);
                    }
                }
            }
            next = after;
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(u32, u32)]) -> Vec<WaitsFor> {
        let edge = |(waiter, holder): &(u32, u32)| WaitsFor {
            waiter: TxnId(*waiter),
            holder: TxnId(*holder),
        };
        edges.iter().map(edge).collect()
    }

    #[test]
    fn a_chain_is_no_cycle() {
        assert_eq!(cycle(&graph(&[(1, 2), (2, 3), (1, 3)])), vec![]);
        assert_eq!(cycle(&[]), vec![]);
    }

    #[test]
    fn the_shortest_way_round_is_found() {
        let txns = |all: &[u32]| all.iter().copied().map(TxnId).collect::<Vec<_>>();
        assert_eq!(cycle(&graph(&[(1, 2), (2, 1)])), txns(&[1, 2]));
        assert_eq!(cycle(&graph(&[(1, 2), (2, 3), (3, 4), (3, 1), (4, 1)])), txns(&[1, 2, 3]));
        // One that waits for a cycle is not part of it.
        assert_eq!(cycle(&graph(&[(0, 1), (1, 2), (2, 1)])), txns(&[1, 2]));
    }
}
