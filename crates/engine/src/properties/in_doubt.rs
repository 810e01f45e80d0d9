//! In doubt: nobody who has promised to commit is left without the decision, and nobody waits for a
//! lock for ever.
//!
//! Between its promise and the decision a participant of two-phase commit may neither commit nor roll
//! back, whatever happens to its coordinator, and keeps its locks (Bernstein, Hadzilacos and Goodman
//! 1987, section 7.4). That it is in doubt for a while is the protocol; at rest it is a violation, and
//! so is a wait for a lock that nobody will let go. A run says for how long participants were in doubt.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::ledger::Needs;
use super::{Entry, Exercise, Found, Made, Property, Rules, RunView, Scene, words};
use crate::event::{Event, EventKind, LostRecord};
use crate::fingerprint::Fingerprint;
use crate::ids::{DbIx, Micros, NodeIx, TxnId, txn_name};
use crate::verdict::Status;

pub(super) const ENTRY: Entry = Entry {
    id: "in-doubt",
    title: "Nobody left in doubt",
    meaning: "At rest no participant is in doubt, and nothing waits for a lock.",
    exercised_by: &[Exercise::Recovery, Exercise::Concurrency],
    make: |rules| if rules.sessions { Made::plain(InDoubt::default()) } else { Vec::new() },
};

/// Who is in doubt and who waits. Times are for the measure alone.
#[derive(Clone, Default)]
struct InDoubt {
    doubts: BTreeMap<(NodeIx, TxnId), Micros>,
    waits: BTreeMap<(NodeIx, TxnId), DbIx>,
    /// The longest that somebody was in doubt, and about which transaction.
    longest: Option<(Micros, TxnId)>,
}

impl InDoubt {
    fn settle(&mut self, node: NodeIx, txn: TxnId, now: Micros) {
        let Some(since) = self.doubts.remove(&(node, txn)) else { return };
        let lasted = now.saturating_sub(since);
        if self.longest.is_none_or(|(longest, _)| longest < lasted) {
            self.longest = Some((lasted, txn));
        }
    }

    /// A node went down: who waits there, or for a lock of a database there, waits no more. Promises
    /// stand, and those whose end was lost stand again.
    fn crash(&mut self, rules: &Rules, event: &Event, lost: &[LostRecord]) {
        let db = rules.node_db(event.node);
        self.waits.retain(|(node, _), of| *node != event.node && Some(*of) != db);
        for record in lost {
            let txn = match record {
                LostRecord::Commit { effects, in_doubt: true, .. } => {
                    effects.first().map(|of| of.txn)
                }
                LostRecord::Abort(txn) => Some(*txn),
                _ => None,
            };
            if let Some(txn) = txn {
                self.doubts.insert((event.node, txn), event.at);
            }
        }
    }
}

impl Property for InDoubt {
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn concerned(&self, _scene: &Scene<'_>, event: &Event) -> bool {
        matches!(
            event.kind,
            EventKind::Prepared { .. }
                | EventKind::Committed { .. }
                | EventKind::RolledBack { .. }
                | EventKind::LockWaited { .. }
                | EventKind::LockGranted { .. }
                | EventKind::Crashed { .. }
        )
    }

    fn observe(&mut self, scene: &Scene<'_>, event: &Event, _found: &mut Found<'_>) {
        if let EventKind::Crashed { lost, .. } = &event.kind {
            return self.crash(scene.rules, event, lost);
        }
        let Some(txn) = event.txn else { return };
        let spot = (event.node, txn);
        match &event.kind {
            EventKind::Prepared { .. } => {
                self.doubts.insert(spot, event.at);
            }
            EventKind::LockWaited { db, .. } => {
                self.waits.insert(spot, *db);
            }
            EventKind::LockGranted { .. } => {
                self.waits.remove(&spot);
            }
            // A coordinator's rows are no business effects, and end nobody's promise.
            EventKind::Committed { effects, .. } if effects.is_empty() => {}
            EventKind::Committed { .. } => self.settle(event.node, txn, event.at),
            EventKind::RolledBack { .. } => {
                self.waits.remove(&spot);
                self.settle(event.node, txn, event.at);
            }
            _ => {}
        }
    }

    fn at_rest(&self, scene: &Scene<'_>, found: &mut Found<'_>) {
        for (node, txn) in self.doubts.keys() {
            let (name, node) = (txn_name(*txn), scene.rules.node_name(*node));
            let why = format!(
                "{node} promised to commit {name} and never heard the decision; its locks are held."
            );
            found.push(Some(*txn), None, format!("{name} in doubt"), why);
        }
        for (node, txn) in self.waits.keys() {
            let (name, node) = (txn_name(*txn), scene.rules.node_name(*node));
            let why = format!("{name} waits at {node} for a lock that nobody will let go.");
            found.push(Some(*txn), None, format!("{name} waits for ever"), why);
        }
    }

    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.doubts.len());
        for (node, txn) in self.doubts.keys() {
            h.write_u8(node.0);
            h.write_u32(txn.0);
        }
        h.write_len(self.waits.len());
        for ((node, txn), db) in &self.waits {
            h.write_u8(node.0);
            h.write_u32(txn.0);
            h.write_u8(db.0);
        }
    }

    fn copy(&self) -> Rc<dyn Property> {
        Rc::new(self.clone())
    }

    fn status(&self, run: &RunView<'_>) -> (Status, String) {
        let mut txns: Vec<TxnId> = self.doubts.keys().map(|(_, txn)| *txn).collect();
        txns.sort_unstable();
        txns.dedup();
        match (run.broken, txns.as_slice()) {
            (Some(_), _) | (None, []) => run.lasting(|| "nobody is in doubt".to_owned()),
            (None, [one]) => (Status::Moving, format!("{} in doubt", txn_name(*one))),
            (None, many) => (Status::Moving, format!("{} in doubt", many.len())),
        }
    }

    fn measure(&self, _run: &RunView<'_>) -> Option<String> {
        let (longest, txn) = self.longest?;
        (longest > 0)
            .then(|| format!("longest in doubt {} ({})", words::duration(longest), txn_name(txn)))
    }
}
