//! Projection agreement: at rest every replica has the rows of its primary.

use std::rc::Rc;

use rpds::RedBlackTreeMap;

use super::copies::Cell;
use super::ledger::Needs;
use super::{Entry, Exercise, Found, Made, Property, RunView, Scene};
use crate::event::Event;
use crate::value::Row;
use crate::verdict::Status;

pub(super) const ENTRY: Entry = Entry {
    id: "projection-agreement",
    title: "Projection agreement",
    meaning: "At rest every replica has the rows of its primary.",
    exercised_by: &[Exercise::Recovery, Exercise::Redelivery],
    make: |rules| {
        if rules.copied() { Made::plain(ProjectionAgreement::default()) } else { Vec::new() }
    },
};

/// The rows that have changed since the start. They are part of the world, so that they need not be
/// part of the residual state.
#[derive(Clone, Default)]
struct ProjectionAgreement {
    rows: RedBlackTreeMap<Cell, Option<Row>>,
}

impl ProjectionAgreement {
    fn row<'a>(&'a self, scene: &'a Scene<'_>, cell: Cell) -> Option<&'a Row> {
        match self.rows.get(&cell) {
            Some(row) => row.as_ref(),
            None => scene.rules.row_at_start(cell.0, cell.1),
        }
    }
}

impl Property for ProjectionAgreement {
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn concerned(&self, _scene: &Scene<'_>, event: &Event) -> bool {
        use crate::event::EventKind;
        matches!(event.kind, EventKind::Committed { .. } | EventKind::Crashed { .. })
    }

    fn observe(&mut self, scene: &Scene<'_>, event: &Event, _found: &mut Found<'_>) {
        scene.rules.changes(event, |change| {
            let cell = (change.db, *change.key);
            self.rows.insert_mut(cell, change.after.cloned());
        });
    }

    fn at_rest(&self, scene: &Scene<'_>, found: &mut Found<'_>) {
        for (primary, replica) in scene.rules.pairs() {
            let of_either = self.rows.keys().filter(|(db, _)| *db == primary || *db == replica);
            let mut keys: Vec<_> = of_either.map(|(_, key)| *key).collect();
            keys.retain(|key| scene.rules.versioned(key.table).is_none());
            keys.sort_unstable();
            keys.dedup();
            let differ: Vec<String> = keys
                .into_iter()
                .filter(|key| self.row(scene, (primary, *key)) != self.row(scene, (replica, *key)))
                .map(|key| scene.rules.key(key))
                .collect();
            if let Some(first) = differ.first() {
                let (copy, original) =
                    (scene.rules.database(replica), scene.rules.database(primary));
                let more = match differ.len() - 1 {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let why = format!(
                    "{copy} has another {first}{more} than {original}, and nothing will mend it."
                );
                found.push(None, None, format!("{copy} disagrees"), why);
            }
        }
    }

    fn copy(&self) -> Rc<dyn Property> {
        Rc::new(self.clone())
    }

    fn status(&self, run: &RunView<'_>) -> (Status, String) {
        run.lasting(|| "replicas follow their primaries".to_owned())
    }
}
