//! A database: rows, an inbox, an outbox, and the write-ahead log that they are recovered from.
//!
//! Every change is a log record, and the same function applies a record when it is written and when
//! it is redone on recovery. A commit is forced: it and everything before it survive a crash. A
//! mark in the outbox is not: it may be lost, and the message is then sent again.

use rpds::{Queue, RedBlackTreeMap};

use crate::event::{LostRecord, RowChange};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::StepRef;
use crate::out::{Answer, InboxKey, RecordBody};
use crate::value::{Key, Row};

/// After how many forced records the image on disk is brought up to date.
const CHECKPOINT_RECORDS: usize = 64;

/// What an inbox holds of one message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InboxEntry {
    /// The message.
    pub key: InboxKey,
    /// What came of it.
    pub answer: Answer,
}

/// A record of the write-ahead log.
#[derive(Clone, PartialEq, Debug)]
pub enum LogRecord {
    /// A local transaction's changes and its commit.
    Commit {
        /// The rows.
        changes: Vec<RowChange>,
        /// The business effects.
        effects: Vec<StepRef>,
        /// The messages that it handled.
        inbox: Vec<InboxEntry>,
        /// The messages that it leaves for the relay.
        outbox: Vec<RecordBody>,
    },
    /// The oldest message of the outbox was sent.
    OutboxMark,
}

impl LogRecord {
    /// How many physical records it stands for: one for each row, inbox entry and outbox message,
    /// and the commit.
    #[must_use]
    pub fn count(&self) -> u16 {
        match self {
            Self::Commit { changes, inbox, outbox, .. } => {
                (changes.len() + inbox.len() + outbox.len() + 1) as u16
            }
            Self::OutboxMark => 1,
        }
    }
}

/// What the log records add up to.
#[derive(Clone, Debug, Default)]
struct Image {
    rows: RedBlackTreeMap<Key, Row>,
    inbox: RedBlackTreeMap<InboxKey, Answer>,
    outbox: Queue<RecordBody>,
}

impl Image {
    fn apply(&mut self, record: &LogRecord) {
        match record {
            LogRecord::Commit { changes, inbox, outbox, .. } => {
                for change in changes {
                    match &change.after {
                        Some(row) => self.rows.insert_mut(change.key, row.clone()),
                        None => {
                            self.rows.remove_mut(&change.key);
                        }
                    }
                }
                for entry in inbox {
                    self.inbox.insert_mut(entry.key, entry.answer);
                }
                for body in outbox {
                    self.outbox.enqueue_mut(*body);
                }
            }
            LogRecord::OutboxMark => {
                self.outbox.dequeue_mut();
            }
        }
    }
}

/// A database.
#[derive(Clone, Debug, Default)]
pub struct Database {
    /// What its users see.
    now: Image,
    /// What stands on disk without the log.
    disk: Image,
    /// The log since the image on disk, the oldest first.
    log: rpds::Vector<LogRecord>,
    /// How many of its records are forced.
    forced: usize,
    /// Whether a fault keeps it from writing.
    pub refuses_writes: bool,
}

impl Database {
    /// A database with these rows.
    #[must_use]
    pub fn new(rows: &[(Key, Row)]) -> Self {
        let mut image = Image::default();
        for (key, row) in rows {
            image.rows.insert_mut(*key, row.clone());
        }
        Self { now: image.clone(), disk: image, ..Self::default() }
    }

    /// A row.
    #[must_use]
    pub fn row(&self, key: &Key) -> Option<&Row> {
        self.now.rows.get(key)
    }

    /// The rows in the order of their keys.
    pub fn rows(&self) -> impl Iterator<Item = (&Key, &Row)> {
        self.now.rows.iter()
    }

    /// What came of a message, where it was handled before.
    #[must_use]
    pub fn handled(&self, key: &InboxKey) -> Option<Answer> {
        self.now.inbox.get(key).copied()
    }

    /// The oldest message that waits in the outbox.
    #[must_use]
    pub fn oldest_unsent(&self) -> Option<&RecordBody> {
        self.now.outbox.peek()
    }

    /// How many messages wait in the outbox.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.now.outbox.len()
    }

    /// How many log records a crash could lose.
    #[must_use]
    pub fn unforced(&self) -> usize {
        self.log.len() - self.forced
    }

    /// Writes a record; where it is forced, everything before it is forced with it.
    pub fn write(&mut self, record: LogRecord, force: bool) {
        self.now.apply(&record);
        self.log.push_back_mut(record);
        if force {
            self.forced = self.log.len();
            if self.forced >= CHECKPOINT_RECORDS {
                self.disk = self.now.clone();
                self.log = rpds::Vector::new();
                self.forced = 0;
            }
        }
    }

    /// Loses volatile state and the last `lose` of the unforced log records, and tells what was
    /// lost, the last first. Nothing can be read until [`Database::recover`].
    pub fn crash(&mut self, lose: usize) -> Vec<LostRecord> {
        let lost: Vec<LostRecord> = (0..lose.min(self.unforced()))
            .map(|back| match &self.log[self.log.len() - 1 - back] {
                LogRecord::OutboxMark => LostRecord::OutboxMark,
                LogRecord::Commit { changes, effects, .. } => {
                    LostRecord::Commit { changes: changes.clone(), effects: effects.clone() }
                }
            })
            .collect();
        for _ in &lost {
            self.log.drop_last_mut();
        }
        // What reached the disk before the crash is durable from now on.
        self.forced = self.log.len();
        self.now = Image::default();
        lost
    }

    /// Brings everything back from the image on disk and the log; returns the records redone.
    pub fn recover(&mut self) -> u32 {
        self.now = self.disk.clone();
        for record in &self.log {
            self.now.apply(record);
        }
        self.log.len() as u32
    }
}

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
        };
        h.write_u8(tag);
        h.write_u32(word);
    }
}

impl Canon for Database {
    /// What can be observed of it: rows, inbox, outbox, and how much a crash could lose. The image
    /// on disk and the log are two ways to the same rows and are left out.
    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.now.rows.size());
        for (key, row) in &self.now.rows {
            key.canon(h);
            row.canon(h);
        }
        h.write_len(self.now.inbox.size());
        for (key, answer) in &self.now.inbox {
            h.write_u32(key.txn.0);
            h.write_u32(key.label.0);
            answer.canon(h);
        }
        h.write_len(self.now.outbox.len());
        for body in &self.now.outbox {
            body.canon(h);
        }
        h.write_len(self.unforced());
        h.write_u8(u8::from(self.refuses_writes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Sym;
    use crate::value::{KeyPart, Value};

    fn key(n: i64) -> Key {
        Key { table: Sym(1), id: KeyPart::Int(n) }
    }

    fn put(n: i64, value: i64) -> LogRecord {
        let after = Some(Row::new(vec![(Sym(0), Value::Int(value))]));
        LogRecord::Commit {
            changes: vec![RowChange { key: key(n), before: None, after }],
            effects: vec![],
            inbox: vec![],
            outbox: vec![],
        }
    }

    /// Recovery brings back exactly the durable records, whatever the checkpoints did in between.
    #[test]
    fn recovery_equals_the_forced_records() {
        for forced in [0, 1, 63, 64, 65, 200] {
            for unforced in [0, 1, 5] {
                for lose in 0..=unforced {
                    let mut db = Database::new(&[]);
                    for n in 0..forced {
                        db.write(put(n, n), true);
                    }
                    for n in 0..unforced {
                        db.write(put(1_000 + n, n), false);
                    }
                    let before: Vec<_> = db.rows().map(|(k, r)| (*k, r.clone())).collect();
                    let lost = db.crash(lose as usize);
                    assert_eq!(lost.len(), lose as usize);
                    assert_eq!(db.rows().count(), 0, "nothing is readable before recovery");
                    db.recover();
                    let after: Vec<_> = db.rows().map(|(k, r)| (*k, r.clone())).collect();
                    assert_eq!(after, before[..before.len() - lose as usize]);
                }
            }
        }
    }
}
