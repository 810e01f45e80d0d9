//! What was written is read again, from another server of the same database.

use std::collections::BTreeMap;

use super::{Certainty, Finding, Scene, times};
use crate::import::meaning::{Access, Db, words};

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let mut found: BTreeMap<(Certainty, String, String), Vec<(u32, u32)>> = BTreeMap::new();
    let mut stories: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (ix, _) in scene.databases() {
        stories.entry(scene.stories[scene.span(ix).trace as usize]).or_default().push(ix);
    }
    for spans in stories.values_mut() {
        spans.sort_by_key(|ix| (scene.span(*ix).start_ns, *ix));
        // The last write to a table, by product, name of the database and table.
        let mut written: BTreeMap<(&str, Option<&str>, Option<&str>), u32> = BTreeMap::new();
        for &ix in spans.iter() {
            let Some(db) = scene.database(ix) else { continue };
            let key = |db: &'_ Db| (db.store.namespace.is_some(), db.collection.is_some());
            if db.store.is_cache() || !key(db).0 {
                continue;
            }
            let of =
                (db.store.system.as_str(), db.store.namespace.as_deref(), db.collection.as_deref());
            match db.access {
                Access::Write if !scene.span(ix).failed => {
                    written.insert(of, ix);
                }
                Access::Read => {
                    let Some(&write) = written.get(&of) else { continue };
                    if let Some((certainty, write_at, read_at)) = elsewhere(scene, write, ix) {
                        let key = (certainty, write_at, read_at);
                        found.entry(key).or_default().push((write, ix));
                    }
                }
                _ => {}
            }
        }
    }
    found.into_iter().map(|(key, pairs)| finding(scene, key, &pairs)).collect()
}

/// Where the read goes, if that is not where the write went, and behind the end of the write.
fn elsewhere(scene: &Scene<'_>, write: u32, read: u32) -> Option<(Certainty, String, String)> {
    let (to, from) = (scene.database(write)?, scene.database(read)?);
    let (written, asked) = (to.store.address.clone()?, from.store.address.clone()?);
    if written == asked || scene.span(read).start_ns < scene.span(write).end_ns {
        return None;
    }
    let named = is_replica(&asked) && !is_replica(&written);
    let certainty =
        if named && from.collection.is_some() { Certainty::Likely } else { Certainty::CannotTell };
    Some((certainty, written, asked))
}

/// Whether an address is called a replica: no convention says so, names do.
fn is_replica(address: &str) -> bool {
    let names = [
        "replica",
        "replicas",
        "reader",
        "read",
        "ro",
        "readonly",
        "secondary",
        "standby",
        "follower",
        "slave",
    ];
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    words(host)
        .iter()
        .any(|word| names.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit())))
}

fn finding(
    scene: &Scene<'_>,
    (certainty, written, asked): (Certainty, String, String),
    pairs: &[(u32, u32)],
) -> Finding {
    let (write, read) = pairs[0];
    let gap = scene.span(read).start_ns.saturating_sub(scene.span(write).end_ns) / 1_000;
    let table = scene.database(read).and_then(|db| db.collection.clone());
    let what = table.map(|table| format!("`{table}`")).unwrap_or_else(|| "a database".to_owned());
    let sentence = format!(
        "{} writes {what} at {written}, and {gap} µs later {} reads it at {asked}{}: what was written may not be there yet.",
        scene.spans.service(write),
        scene.spans.service(read),
        times(pairs.len()),
    );
    let why = match certainty {
        Certainty::CannotTell => {
            "the same database and table at two addresses; whether one is a replica of the other is not said"
        }
        _ => {
            "the same database and table, first written, then read at an address that is called a replica; how far behind it was is not said"
        }
    };
    Finding::new(
        "replica-read",
        certainty,
        sentence,
        why,
        pairs.iter().flat_map(|(write, read)| [*write, *read]).collect(),
    )
}
