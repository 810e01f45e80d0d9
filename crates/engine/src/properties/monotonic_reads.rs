//! Monotonic reads: a session never sees an older version of a row than it saw before.
//!
//! Terry et al., *Session Guarantees for Weakly Consistent Replicated Data*, PDIS 1994. A query is
//! owed what the session's queries were answered with before it was asked.

use std::rc::Rc;

use super::copies::Sessions;
use super::ledger::Needs;
use super::{Entry, Exercise, Found, Made, Property, RunView, Scene};
use crate::event::{Event, EventKind};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::txn_name;
use crate::verdict::Status;

pub(super) const ENTRY: Entry = Entry {
    id: "monotonic-reads",
    title: "Monotonic reads",
    meaning: "A client never sees an older version of a row than it saw before.",
    exercised_by: &[Exercise::Query],
    make: |rules| {
        if rules.copied() { Made::plain(MonotonicReads::default()) } else { Vec::new() }
    },
};

#[derive(Clone, Default)]
struct MonotonicReads {
    sessions: Sessions,
}

impl Property for MonotonicReads {
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn concerned(&self, _scene: &Scene<'_>, event: &Event) -> bool {
        matches!(
            event.kind,
            EventKind::Committed { .. }
                | EventKind::QueryStarted { .. }
                | EventKind::Read { .. }
                | EventKind::QueryAnswered { .. }
        )
    }

    fn observe(&mut self, scene: &Scene<'_>, event: &Event, found: &mut Found<'_>) {
        self.sessions.versions.see(scene.rules, event, |_, _| {});
        for seen in self.sessions.see(scene.rules, event) {
            self.sessions.owe(seen.session, seen.cell, seen.version);
            if seen.version < seen.owed
                && let Some(txn) = event.txn
            {
                let (name, key) = (txn_name(txn), scene.rules.key(seen.cell.1));
                let place = scene.rules.database(seen.db);
                let why = format!(
                    "{name} read {key} at {place} as it was before its client had last seen it: version {} after version {}.",
                    seen.version, seen.owed
                );
                found.push(Some(txn), None, format!("{name} went back in time"), why);
            }
        }
    }

    fn at_rest(&self, _scene: &Scene<'_>, _found: &mut Found<'_>) {}

    fn canon(&self, h: &mut Fingerprint) {
        self.sessions.canon(h);
    }

    fn copy(&self) -> Rc<dyn Property> {
        Rc::new(self.clone())
    }

    fn status(&self, run: &RunView<'_>) -> (Status, String) {
        run.lasting(|| "no client went back in time".to_owned())
    }
}
