//! What can be observed of a database, now and after a crash.

use super::{Answer, Canon, Database, Fingerprint, Image, LogRecord, Queue, RecordBody};

impl Canon for RecordBody {
    fn canon(&self, h: &mut Fingerprint) {
        use crate::out::Says;
        h.write_u8(self.topic.0);
        h.write_u32(self.label.0);
        h.write_u32(self.txn.0);
        h.write_u8(self.step.0);
        let (tag, reason) = match self.says {
            Says::Done => (0, None),
            Says::Failed(reason) => (1, reason),
            Says::Undone(reason) => (2, reason),
            Says::Changed(number) => {
                h.write_u8(3);
                h.write_u32(number);
                return;
            }
        };
        h.write_u8(tag);
        h.write_u32(reason.map_or(0, |sym| sym.0 + 1));
    }
}

impl Canon for Answer {
    fn canon(&self, h: &mut Fingerprint) {
        use crate::event::Refusal;
        let (tag, word) = match self {
            Self::Done => (0, 0),
            Self::Nothing => (1, 0),
            Self::Refused(Refusal::Bound(sym)) => (2, sym.0),
            Self::Refused(Refusal::Missing(sym)) => (3, sym.0),
            Self::Refused(Refusal::Exists) => (4, 0),
            Self::Refused(Refusal::ReadOnly) => (5, 0),
            Self::Refused(Refusal::Poison) => (6, 0),
            Self::Refused(Refusal::Deadlock) => (7, 0),
            Self::Refused(Refusal::Serialization) => (8, 0),
            Self::Refused(Refusal::LockTimeout) => (9, 0),
            Self::Refused(Refusal::Unavailable) => (10, 0),
            Self::Refused(Refusal::Version) => (11, 0),
            Self::Refused(Refusal::Expired) => (12, 0),
            Self::Refused(Refusal::Fenced) => (13, 0),
            Self::Refused(Refusal::Pending) => (14, 0),
        };
        h.write_u8(tag);
        h.write_u32(word);
    }
}

impl Canon for Image {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.rows.size());
        for (key, row) in &self.rows {
            key.canon(h);
            row.canon(h);
        }
        h.write_len(self.inbox.size());
        for (key, answer) in &self.inbox {
            h.write_u32(key.txn.0);
            h.write_u32(key.label.0);
            answer.canon(h);
        }
        canon_outbox(&self.outbox, h);
    }
}

fn canon_outbox(outbox: &Queue<RecordBody>, h: &mut Fingerprint) {
    h.write_len(outbox.len());
    for body in outbox {
        body.canon(h);
    }
}

impl Database {
    /// What a crash would leave that takes back some of the unforced records, and not all.
    fn canon_unforced(&self, h: &mut Fingerprint) {
        for record in self.log.iter().skip(self.forced) {
            match record {
                LogRecord::Commit { changes, inbox, outbox, .. } => {
                    h.write_u8(0);
                    h.write_len(changes.len());
                    for change in changes {
                        change.key.canon(h);
                        change.after.as_ref().canon(h);
                    }
                    h.write_len(inbox.len() + outbox.len());
                }
                LogRecord::OutboxMark => h.write_u8(1),
                LogRecord::Prepare { txn, .. } => {
                    h.write_u8(2);
                    h.write_u32(txn.0);
                }
                LogRecord::Abort { txn, .. } => {
                    h.write_u8(3);
                    h.write_u32(txn.0);
                }
            }
        }
        for before in self.sessions_before.iter().flatten() {
            before.canon(h);
        }
    }
}

impl Canon for Database {
    /// What can be observed of it, now and after a crash. How it is kept on disk, as an image and a
    /// log, is left out: two ways to the same rows are one.
    fn canon(&self, h: &mut Fingerprint) {
        h.write_u8(u8::from(self.refuses_writes));
        h.write_u8(u8::from(self.down));
        if let Some(sessions) = &self.sessions {
            sessions.canon(h);
        }
        if let Some(copies) = &self.copies {
            copies.canon(h);
        }
        if let Some(streams) = &self.streams {
            streams.canon(h);
        }
        if self.down {
            self.durable.canon(h);
            return;
        }
        self.now.canon(h);
        let mut unforced = self.log.iter().skip(self.forced);
        h.write_len(self.unforced());
        // Records that a crash may take back: what they leave, if it does, is seen later.
        if unforced.any(|record| !matches!(record, LogRecord::OutboxMark)) {
            self.durable.canon(h);
            self.canon_unforced(h);
        } else if self.unforced() > 0 {
            canon_outbox(&self.durable.outbox, h);
        }
    }
}
