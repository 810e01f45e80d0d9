//! The fingerprint of sessions: by the names of their transactions, whatever the order in which they began.

use super::super::locks::LocalTxnId;
use super::Sessions;
use crate::fingerprint::{Canon, Fingerprint};

impl Canon for Sessions {
    fn canon(&self, h: &mut Fingerprint) {
        // A transaction that ended is named too where another still depends on it.
        let name = |local: LocalTxnId| self.names.get(&local).map_or(u32::MAX, |txn| txn.0);
        self.store.canon_by(h, &name);
        h.write_len(self.open.len());
        for (txn, session) in &self.open {
            h.write_u32(txn.0);
            h.write_u8(session.owner.0);
            h.write_u8(u8::from(session.local.is_some()));
            h.write_u8(u8::from(session.is_prepared));
            h.write_u32(session.round);
            h.write_len(session.effects.len());
            for of in &session.effects {
                h.write_u8(of.step.0);
                h.write_u8(of.dir as u8);
            }
            // A script is a few small values, and its text says all of them.
            h.write_bytes(format!("{:?}", session.script).as_bytes());
        }
        for txn in &self.queue {
            h.write_u32(txn.0);
        }
        h.write_len(self.answers.len());
        for (txn, answer) in &self.answers {
            h.write_u32(txn.0);
            h.write_bytes(format!("{answer:?}").as_bytes());
        }
    }
}
