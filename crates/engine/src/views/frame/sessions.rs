//! Open local transactions in a frame: what they wrote, what they wait for, who is in doubt.

use crate::event::{Event, EventKind};
use crate::ids::{DbIx, EventIx};

use super::{Frame, LockWait, SessionFrame};

impl Frame {
    /// Follows the open local transactions of a database.
    pub(super) fn take_session(&mut self, db: DbIx, ix: EventIx, event: &Event) {
        let Some(txn) = event.txn else { return };
        let spot = (db, txn);
        let mut session = self.sessions.get(&spot).cloned().unwrap_or_else(|| SessionFrame {
            node: event.node,
            since: ix,
            wrote: Vec::new(),
            waits: None,
            prepared: None,
        });
        match &event.kind {
            EventKind::Wrote { changes, .. } => session.wrote.clone_from(changes),
            EventKind::LockWaited { key, holders, .. } => {
                self.counters.lock_waits += 1;
                session.waits = Some(LockWait { key: *key, holders: holders.clone(), since: ix });
            }
            EventKind::LockGranted { .. } => session.waits = None,
            EventKind::Prepared { changes, log_records, forced, .. } => {
                session.wrote.clone_from(changes);
                session.prepared = Some(ix);
                self.count_log(db, *log_records, *forced);
            }
            EventKind::Deadlocked { .. } => {
                self.counters.deadlocks += 1;
                return;
            }
            EventKind::RolledBack { log_records, forced, .. } => {
                self.count_log(db, *log_records, *forced);
                self.sessions.remove_mut(&spot);
                return;
            }
            // A protocol's own rows are no part of a session.
            EventKind::Committed { effects, .. } if effects.is_empty() => return,
            // A commit ends the session that made it.
            _ => {
                self.sessions.remove_mut(&spot);
                return;
            }
        }
        self.sessions.insert_mut(spot, session);
    }

    pub(super) fn count_log(&mut self, db: DbIx, log_records: u16, forced: u16) {
        self.counters.log_records += u64::from(log_records);
        self.counters.forced += u64::from(forced);
        if let Some(frame) = self.dbs.get_mut(db.ix()) {
            frame.log_records += u64::from(log_records);
            frame.forced += u64::from(forced);
            if forced > 0 {
                frame.marked.clear();
            }
        }
    }

    /// A decision about a transaction ends the waiting for what would have led to it.
    pub(super) fn decided(&mut self, event: &Event) {
        let met: Vec<_> = self
            .timers
            .keys()
            .filter(|spot| spot.0 == event.node && spot.2 == event.txn)
            .copied()
            .collect();
        self.disarm(&met);
    }
}
