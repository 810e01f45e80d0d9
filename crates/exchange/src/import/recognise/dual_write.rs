//! A write to a database and a message to a broker in one operation, which no transaction makes one.

use std::collections::BTreeMap;

use super::{Certainty, Finding, Scene, times};
use crate::import::meaning::{Access, Message, Store};

#[derive(Default)]
struct Seen {
    operations: Vec<String>,
    count: usize,
    spans: Vec<u32>,
    with_borders: bool,
    write_first: usize,
}

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let mut all: BTreeMap<(u32, Store, Message), Seen> = BTreeMap::new();
    for (entry, spans) in scene.entries() {
        let databases = || spans.iter().filter_map(|ix| Some((*ix, scene.database(*ix)?)));
        let keeps = databases().any(|(_, db)| {
            matches!(db.access, Access::Prepare | Access::CommitPrepared)
                || db.collection.as_deref().is_some_and(is_outbox)
        });
        // A prepared transaction may span both; an outbox is the remedy.
        if keeps {
            continue;
        }
        let write = databases().find(|(ix, db)| {
            db.access == Access::Write && !scene.span(*ix).failed && !db.store.is_cache()
        });
        let publish = spans
            .iter()
            .find_map(|ix| Some((*ix, scene.publishes(*ix).filter(|_| !scene.span(*ix).failed)?)));
        let (Some((write, db)), Some((publish, message))) = (write, publish) else { continue };
        let key = (scene.span(entry).service, db.store.clone(), message.clone());
        let seen = all.entry(key).or_default();
        let name = scene.operation_name(entry);
        if !seen.operations.contains(&name) && seen.operations.len() < 4 {
            seen.operations.push(name);
        }
        let commit = databases().find(|(_, db)| db.access == Access::Commit).map(|(ix, _)| ix);
        seen.count += 1;
        seen.with_borders |= commit.is_some();
        seen.write_first += usize::from(scene.span(write).start_ns <= scene.span(publish).start_ns);
        seen.spans.extend([write, publish].into_iter().chain(commit));
    }
    all.into_iter()
        .map(|((service, store, message), seen)| finding(scene, service, &store, &message, seen))
        .collect()
}

/// Whether a table is an outbox by its name.
fn is_outbox(table: &str) -> bool {
    table.contains("outbox")
        || table.contains("event_publication")
        || table.contains("transactional_message")
}

fn finding(
    scene: &Scene<'_>,
    service: u32,
    store: &Store,
    message: &Message,
    seen: Seen,
) -> Finding {
    let left = match seen.write_first {
        0 => {
            "the message goes out first: a crash or a rollback behind it leaves a message of what never was"
        }
        first if first == seen.count => {
            "the write comes first: a crash between them leaves a row of which nobody is told"
        }
        _ => {
            "now one comes first, now the other: a crash between them leaves one without the other"
        }
    };
    let sentence = format!(
        "{} writes {} and publishes to {} in one operation, {}{}; {left}.",
        scene.spans.services[service as usize],
        store.words(),
        message.words(),
        super::list(&seen.operations),
        times(seen.count),
    );
    let (certainty, why) = if seen.with_borders {
        (
            Certainty::Certain,
            "the write and the send are in one operation of one service, the database's own COMMIT is seen, nothing is prepared and no outbox is written",
        )
    } else {
        (
            Certainty::Likely,
            "the write and the send are in one operation of one service, nothing is prepared and no outbox is written; the borders of the transaction are not in the spans",
        )
    };
    Finding::new("dual-write", certainty, sentence, why, seen.spans)
}
