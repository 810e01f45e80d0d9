//! How long locks are waited for and held, and how long participants are in doubt.

use std::collections::BTreeMap;

use super::measured::{Measured, Times};
use crate::event::{Event, EventKind};
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
    #[expect(dead_code, reason = "no pattern so far holds a lock beyond one handler")]
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
        if let EventKind::Committed { db, .. } = &event.kind {
            self.waits.end(of(db), at);
            self.holds.end(of(db), at);
            self.doubts.end(of(db), at);
        }
    }

    /// A crash ends what only memory held: waits, and the locks of those that had promised nothing.
    pub(super) fn crash(&mut self, db: DbIx, at: Micros) {
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
