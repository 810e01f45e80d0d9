//! How long locks are waited for and held, and how long participants are in doubt.

use std::collections::BTreeMap;

use super::measured::{Measured, Times};
use crate::event::{Event, EventKind, LostRecord};
use crate::ids::{DbIx, Micros, TxnId};

/// A transaction in a database: what waits, holds and promises.
type Session = (DbIx, Option<TxnId>);

/// Stop watches, one for each session.
#[derive(Clone, Debug, Default)]
struct Watches {
    begun: BTreeMap<Session, Micros>,
    done: Vec<Micros>,
}

impl Watches {
    fn begin(&mut self, of: Session, at: Micros) {
        self.begun.entry(of).or_insert(at);
    }

    fn end(&mut self, of: Session, at: Micros) {
        self.done.extend(self.begun.remove(&of).map(|begun| at - begun));
    }

    fn finish(&mut self, at: Micros) -> Times {
        let open = std::mem::take(&mut self.begun);
        self.done.extend(open.values().map(|begun| at - begun));
        Times::of(std::mem::take(&mut self.done))
    }
}

/// What a run shows of locks.
#[derive(Clone, Debug, Default)]
pub(super) struct Locks {
    waits: Watches,
    holds: Watches,
    doubts: Watches,
    deadlocks: u64,
    /// Whether a local transaction outlasted its handler.
    held: bool,
    /// Whether one promised to commit.
    promised: bool,
}

impl Locks {
    pub(super) fn observe(&mut self, event: &Event) {
        let of = |db: &DbIx| (*db, event.txn);
        let at = event.at;
        match &event.kind {
            EventKind::Wrote { db, .. } => {
                self.held = true;
                self.holds.begin(of(db), at);
            }
            EventKind::LockWaited { db, .. } => {
                self.held = true;
                self.waits.begin(of(db), at);
            }
            EventKind::LockGranted { db } => {
                self.waits.end(of(db), at);
                self.holds.begin(of(db), at);
            }
            EventKind::Prepared { db, .. } => {
                (self.held, self.promised) = (true, true);
                self.holds.begin(of(db), at);
                self.doubts.begin(of(db), at);
            }
            EventKind::Committed { db, .. } | EventKind::RolledBack { db, .. } => {
                self.waits.end(of(db), at);
                self.holds.end(of(db), at);
                self.doubts.end(of(db), at);
            }
            EventKind::Deadlocked { .. } => {
                self.held = true;
                self.deadlocks += 1;
            }
            _ => {}
        }
    }

    /// A crash ends what only memory held: waits, and the locks of those that had promised nothing.
    /// A roll-back that was lost with the end of the log leaves its transaction in doubt again.
    pub(super) fn crash(&mut self, db: DbIx, lost: &[LostRecord], at: Micros) {
        let here = |begun: &BTreeMap<Session, Micros>| -> Vec<Session> {
            begun.keys().filter(|(of, _)| *of == db).copied().collect()
        };
        for of in here(&self.waits.begun) {
            self.waits.end(of, at);
        }
        for of in here(&self.holds.begun) {
            if !self.doubts.begun.contains_key(&of) {
                self.holds.end(of, at);
            }
        }
        for record in lost {
            if let LostRecord::Abort(txn) = record {
                self.holds.begin((db, Some(*txn)), at);
                self.doubts.begin((db, Some(*txn)), at);
            }
        }
    }

    /// Writes down what was seen; what is still open counts to the end of the run.
    pub(super) fn finish(&mut self, end: Micros, measured: &mut Measured) {
        if self.held {
            measured.lock_waits = Some(self.waits.finish(end));
            measured.lock_holds = Some(self.holds.finish(end));
            measured.deadlocks = Some(self.deadlocks);
        }
        if self.promised {
            measured.in_doubt = Some(self.doubts.finish(end));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeIx;

    const DB: DbIx = DbIx(0);

    fn event(at: Micros, txn: u32, kind: EventKind) -> Event {
        let (node, txn) = (NodeIx(1), Some(TxnId(txn)));
        Event { at, step_no: 0, node, txn, step: None, cause: None, kind }
    }

    fn waited() -> EventKind {
        EventKind::LockWaited { db: DB, key: None, holders: vec![] }
    }

    fn wrote() -> EventKind {
        EventKind::Wrote { db: DB, changes: vec![] }
    }

    fn prepared() -> EventKind {
        EventKind::Prepared { db: DB, changes: vec![], log_records: 1, forced: 1 }
    }

    fn rolled_back() -> EventKind {
        EventKind::RolledBack { db: DB, why: None, log_records: 0, forced: 0 }
    }

    fn committed() -> EventKind {
        let (changes, effects, outbox) = (vec![], vec![], vec![]);
        let (inbox, log_records, forced) = (false, 1, 1);
        EventKind::Committed { db: DB, changes, effects, outbox, inbox, log_records, forced }
    }

    fn measured(events: &[(Micros, u32, EventKind)], end: Micros) -> Measured {
        let mut locks = Locks::default();
        for (at, txn, kind) in events {
            locks.observe(&event(*at, *txn, kind.clone()));
        }
        let mut measured = Measured::default();
        locks.finish(end, &mut measured);
        measured
    }

    #[test]
    fn what_no_handler_leaves_open_is_none() {
        let found = measured(&[(5, 1, committed())], 9);
        assert_eq!((found.lock_waits, found.lock_holds, found.in_doubt), (None, None, None));
        assert_eq!(found.deadlocks, None);
    }

    #[test]
    fn a_wait_ends_with_the_grant_and_a_hold_with_the_commit() {
        let events = [
            (10, 1, wrote()),
            (12, 2, waited()),
            (30, 1, committed()),
            (31, 2, EventKind::LockGranted { db: DB }),
            (40, 2, waited()),
            (47, 2, rolled_back()),
            (50, 3, waited()),
        ];
        let found = measured(&events, 60);
        assert_eq!(found.lock_waits, Some(Times::of(vec![7, 10, 19])), "the last still waits");
        assert_eq!(found.lock_holds, Some(Times::of(vec![16, 20])));
        assert_eq!((found.in_doubt, found.deadlocks), (None, Some(0)));
    }

    #[test]
    fn doubt_lasts_from_the_promise_to_the_decision_and_through_a_crash() {
        let mut locks = Locks::default();
        for (at, txn, kind) in
            [(1, 1, wrote()), (3, 1, prepared()), (4, 2, wrote()), (5, 3, waited())]
        {
            locks.observe(&event(at, txn, kind));
        }
        locks.crash(DB, &[], 6);
        locks.observe(&event(20, 1, committed()));
        locks.observe(&event(22, 4, prepared()));
        locks.observe(&event(25, 4, rolled_back()));
        locks.crash(DB, &[LostRecord::Abort(TxnId(4))], 30);
        let mut found = Measured::default();
        locks.finish(50, &mut found);
        assert_eq!(found.in_doubt, Some(Times::of(vec![3, 17, 20])));
        assert_eq!(found.lock_holds, Some(Times::of(vec![2, 3, 19, 20])));
        assert_eq!(found.lock_waits, Some(Times::of(vec![1])));
    }
}
