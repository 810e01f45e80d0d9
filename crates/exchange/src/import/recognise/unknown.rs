//! What cannot be told from these spans, and why.

use std::collections::BTreeSet;

use super::{Scene, list};
use crate::import::meaning::{Access, Does};
use crate::import::model::Odd;

/// Sentences about what the spans do not say: what no span ever says, where it would matter here, and what
/// these spans leave out.
pub(super) fn of(scene: &Scene<'_>) -> Vec<String> {
    let mut unknown = Vec::new();
    let services = |wanted: &dyn Fn(u32) -> bool| -> Vec<String> {
        let found: BTreeSet<&str> = (0..scene.does.len() as u32)
            .filter(|ix| wanted(*ix))
            .map(|ix| scene.spans.service(ix))
            .collect();
        found.into_iter().map(str::to_owned).collect()
    };
    let is_db = |ix: u32| scene.database(ix).is_some();
    if (0..scene.does.len() as u32).any(is_db) {
        unknown.push("Isolation levels: no convention has them in spans.".to_owned());
        unknown.push("Which service owns a table: spans show who uses it.".to_owned());
        let borders =
            scene.databases().any(|(_, db)| matches!(db.access, Access::Begin | Access::Commit));
        if !borders {
            unknown.push(
                "Where local transactions begin and end: no span of BEGIN or COMMIT is here."
                    .to_owned(),
            );
        }
    } else if scene.spans.spans.len() > 1 {
        unknown.push(
            "What the services do with data: no span has db.system.name or db.system.".to_owned(),
        );
    }
    let unnamed = services(&|ix| {
        scene.database(ix).is_some_and(|db| db.store.namespace.is_none() && !db.store.is_cache())
    });
    if !unnamed.is_empty() {
        unknown.push(format!(
            "Which databases {} use: db.namespace (before: db.name) is missing.",
            list(&unnamed)
        ));
    }
    let placeless = services(&|ix| scene.database(ix).is_some_and(|db| db.store.address.is_none()));
    if !placeless.is_empty() {
        unknown.push(format!(
            "Where the databases of {} are: server.address is missing or is the own host.",
            list(&placeless)
        ));
    }
    let unclear = services(&|ix| scene.database(ix).is_some_and(|db| db.access == Access::Unknown));
    if !unclear.is_empty() {
        unknown.push(format!(
            "Whether some work of {} on databases reads or writes: db.operation.name and db.query.text are missing or say neither.",
            list(&unclear)
        ));
    }
    let topicless = services(
        &|ix| matches!(&scene.does[ix as usize], Does::Publish(message) | Does::Take(message) if message.destination.is_none()),
    );
    if !topicless.is_empty() {
        unknown.push(format!(
            "Which topics {} use: messaging.destination.name is missing.",
            list(&topicless)
        ));
    }
    for note in &scene.spans.notes {
        let what = match note.odd {
            Odd::ParentMissing => "What called",
            Odd::ClockSkew => "The true order of",
            _ => continue,
        };
        unknown.push(format!("{what} {} spans: they {}.", note.count, note.odd.sentence()));
    }
    unknown
}
