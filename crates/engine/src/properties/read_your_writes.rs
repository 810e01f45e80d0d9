//! Read your writes: a session's query shows the writes that the session was told of before.
//!
//! Terry et al., *Session Guarantees for Weakly Consistent Replicated Data*, PDIS 1994. A session is
//! that of one client (see `docs/fidelity.md`). It is owed what its transaction had committed when it
//! was acknowledged, not what the rest of an accepted saga commits later.

use std::rc::Rc;

use rpds::RedBlackTreeMap;

use super::copies::{Cell, Sessions};
use super::ledger::Needs;
use super::{Entry, Exercise, Found, Made, Property, RunView, Scene};
use crate::event::{Event, EventKind, Outcome};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{TxnId, txn_name};
use crate::verdict::Status;

pub(super) const ENTRY: Entry = Entry {
    id: "read-your-writes",
    title: "Read your writes",
    meaning: "A client's query shows the writes that were acknowledged to it before.",
    exercised_by: &[Exercise::Query],
    make: |rules| {
        if rules.copied() { Made::plain(ReadYourWrites::default()) } else { Vec::new() }
    },
};

#[derive(Clone, Default)]
struct ReadYourWrites {
    sessions: Sessions,
    /// What transactions have committed that have not ended for their client.
    written: RedBlackTreeMap<TxnId, Vec<(Cell, u32)>>,
}

impl Property for ReadYourWrites {
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn concerned(&self, _scene: &Scene<'_>, event: &Event) -> bool {
        matches!(
            event.kind,
            EventKind::Committed { .. }
                | EventKind::Acknowledged { .. }
                | EventKind::Ended { .. }
                | EventKind::QueryStarted { .. }
                | EventKind::Read { .. }
                | EventKind::QueryAnswered { .. }
        )
    }

    fn observe(&mut self, scene: &Scene<'_>, event: &Event, found: &mut Found<'_>) {
        let written = &mut self.written;
        self.sessions.versions.see(scene.rules, event, |cell, version| {
            let Some(txn) = event.txn else { return };
            let mut all = written.get(&txn).cloned().unwrap_or_default();
            all.push((cell, version));
            written.insert_mut(txn, all);
        });
        if let Some(txn) = event.txn
            && matches!(
                event.kind,
                EventKind::Acknowledged { .. }
                    | EventKind::Ended { outcome: Outcome::Committed, .. }
            )
            && event.node == scene.rules.clients()
        {
            let session = scene.rules.session_of(txn);
            for (cell, version) in self.written.get(&txn).into_iter().flatten() {
                self.sessions.owe(session, *cell, *version);
            }
        }
        for seen in self.sessions.see(scene.rules, event) {
            if seen.version < seen.owed
                && let Some(txn) = event.txn
            {
                let (name, key) = (txn_name(txn), scene.rules.key(seen.cell.1));
                let place = scene.rules.database(seen.db);
                let behind = seen.owed - seen.version;
                let why = format!(
                    "{name} read {key} at {place} without a write that its own client had been told of: {behind} {} behind.",
                    if behind == 1 { "version" } else { "versions" }
                );
                found.push(Some(txn), None, format!("{name} missed its client's own write"), why);
            }
        }
    }

    fn at_rest(&self, _scene: &Scene<'_>, _found: &mut Found<'_>) {}

    fn canon(&self, h: &mut Fingerprint) {
        self.sessions.canon(h);
        h.write_len(self.written.size());
        for (txn, all) in &self.written {
            h.write_u32(txn.0);
            for ((db, key), version) in all {
                h.write_u8(db.0);
                key.canon(h);
                h.write_u32(*version);
            }
        }
    }

    fn copy(&self) -> Rc<dyn Property> {
        Rc::new(self.clone())
    }

    fn status(&self, run: &RunView<'_>) -> (Status, String) {
        run.lasting(|| "every client saw its own writes".to_owned())
    }
}
