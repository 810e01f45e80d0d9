//! Replicas beside their primary: what each has of a row, and how far it is behind.

use std::collections::BTreeSet;

use super::frame::Frame;
use super::index::Index;
use crate::cast::{Cast, VERSION_OF};
use crate::event::EventKind;
use crate::ids::{DbIx, EventIx, Micros};
use crate::trace::Trace;
use crate::value::Key;

/// How many commits of the primary are looked back at for what a replica lacks.
const REACH: usize = 512;

/// A replica at a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReplicaView {
    /// The replica.
    pub db: DbIx,
    /// Its name.
    pub name: String,
    /// The rows in which it differs from its primary, among those that the last commits there
    /// changed.
    pub behind: Vec<Key>,
    /// The oldest commit of the primary that the replica does not show.
    pub lacks: Option<EventIx>,
    /// How long ago that was.
    pub us: Micros,
}

/// The replicas of a database at the moment of a frame.
#[must_use]
pub fn replicas(
    cast: &Cast,
    trace: &Trace,
    index: &Index,
    frame: &Frame,
    primary: DbIx,
) -> Vec<ReplicaView> {
    let copies = cast.dbs.iter().enumerate().filter(|(_, info)| info.replica_of == Some(primary));
    let copies: Vec<(DbIx, &str)> =
        copies.map(|(at, info)| (DbIx(at as u8), info.name.as_str())).collect();
    if copies.is_empty() {
        return Vec::new();
    }
    let keys = changed_last(cast, trace, index, frame, primary);
    let of = |db: DbIx, key: Key| frame.dbs.get(db.ix()).and_then(|db| db.rows.get(&key));
    let view = |(db, name): (DbIx, &str)| {
        let differs = |key: &&Key| {
            let (here, there) = (of(primary, **key), of(db, **key));
            here.and_then(|row| row.row.as_ref()) != there.and_then(|row| row.row.as_ref())
        };
        let behind: Vec<Key> = keys.iter().filter(differs).copied().collect();
        let lacks = behind.iter().filter_map(|key| of(primary, *key)?.changed).min();
        let since = lacks.and_then(|event| trace.get(event)).map_or(frame.at, |event| event.at);
        ReplicaView { db, name: name.to_owned(), behind, lacks, us: frame.at.saturating_sub(since) }
    };
    copies.into_iter().map(view).collect()
}

/// The rows that the last commits of a database changed, up to the moment of a frame.
fn changed_last(
    cast: &Cast,
    trace: &Trace,
    index: &Index,
    frame: &Frame,
    db: DbIx,
) -> BTreeSet<Key> {
    let commits = index.commits.get(db.ix()).map_or(&[][..], Vec::as_slice);
    let seen = commits.partition_point(|commit| Some(*commit) <= frame.cursor);
    let recent = commits[..seen].iter().rev().take(REACH);
    let changes = recent.filter_map(|commit| match &trace.get(*commit)?.kind {
        EventKind::Committed { changes, .. } => Some(changes.as_slice()),
        _ => None,
    });
    let keys = changes.flatten().map(|change| change.key);
    keys.filter(|key| !cast.sym(key.table).starts_with(VERSION_OF)).collect()
}
