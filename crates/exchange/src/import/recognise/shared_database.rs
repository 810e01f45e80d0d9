//! Several services write one database.

use std::collections::{BTreeMap, BTreeSet};

use super::{Certainty, Finding, Scene, list};
use crate::import::meaning::{Access, Store};

#[derive(Default)]
struct Users {
    writers: BTreeMap<u32, Vec<u32>>,
    unclear: BTreeMap<u32, Vec<u32>>,
    /// By table, who writes it.
    tables: BTreeMap<String, BTreeSet<u32>>,
}

/// One database is one with the same product, name and address. Without a name it is one only where the
/// product has no names of databases; without an address it is likely the same.
pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let mut stores: BTreeMap<Store, Users> = BTreeMap::new();
    for (ix, db) in scene.databases() {
        let service = scene.span(ix).service;
        if scene.span(ix).failed || db.store.is_cache() {
            continue;
        }
        let users = stores.entry(db.store.clone()).or_default();
        match db.access {
            Access::Write => {
                users.writers.entry(service).or_default().push(ix);
                if let Some(table) = &db.collection {
                    users.tables.entry(table.clone()).or_default().insert(service);
                }
            }
            Access::Unknown => users.unclear.entry(service).or_default().push(ix),
            _ => {}
        }
    }
    stores.iter().filter_map(|(store, users)| finding(scene, store, users)).collect()
}

fn finding(scene: &Scene<'_>, store: &Store, users: &Users) -> Option<Finding> {
    let all: BTreeSet<u32> = users.writers.keys().chain(users.unclear.keys()).copied().collect();
    if all.len() < 2 || store.namespace.is_none() && store.address.is_none() {
        return None;
    }
    let name = |service: &u32| scene.spans.services[*service as usize].clone();
    let tables: Vec<String> = users
        .tables
        .iter()
        .filter(|(_, writers)| writers.len() > 1)
        .map(|(table, _)| format!("`{table}`"))
        .collect();
    if users.writers.len() < 2 {
        // A statement that nobody can see could be a read.
        store.namespace.as_ref().and(store.address.as_ref())?;
        let names: Vec<String> = all.iter().map(name).collect();
        let sentence =
            format!("{} use {}; which of them write it is not said.", list(&names), store.words());
        let why = "the spans have neither db.operation.name nor db.query.text where it matters";
        let spans = all.iter().flat_map(|service| {
            let lists = [users.writers.get(service), users.unclear.get(service)];
            lists.into_iter().flatten().flatten().copied().take(8).collect::<Vec<_>>()
        });
        return Some(Finding::new(
            "shared-database",
            Certainty::CannotTell,
            sentence,
            why,
            spans.collect(),
        ));
    }
    let names: Vec<String> = users.writers.keys().map(name).collect();
    let same = match tables.as_slice() {
        [] => String::new(),
        tables => format!(
            " {} of them write {}.",
            if users.writers.len() == 2 { "Both" } else { "Several" },
            list(tables)
        ),
    };
    let sentence = format!("{} write one database, {}.{same}", list(&names), store.words());
    let (certainty, why) = match (&store.namespace, &store.address) {
        (Some(_), Some(_)) => (
            Certainty::Certain,
            "product, name (db.namespace) and address (server.address) are the same",
        ),
        (Some(_), None) => (
            Certainty::Likely,
            "product and name (db.namespace) are the same; the address (server.address) is missing, or is each service's own host",
        ),
        // Tables of one name on one server: without a name of the database it may still be two.
        (None, _) if !tables.is_empty() => (
            Certainty::Likely,
            "product and address are the same and so is a table; the database's name (db.namespace) is missing",
        ),
        (None, _) => (
            Certainty::CannotTell,
            "product and address are the same; the database's name (db.namespace) is missing, and one server holds many databases",
        ),
    };
    // Spans of each writer, so that the first ones named show all of them.
    let mut spans = Vec::new();
    let longest = users.writers.values().map(Vec::len).max().unwrap_or(0);
    for nth in 0..longest {
        spans.extend(users.writers.values().filter_map(|list| list.get(nth)));
    }
    Some(Finding::new("shared-database", certainty, sentence, why, spans))
}
