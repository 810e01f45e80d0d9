//! A database: rows, an inbox, an outbox, and the write-ahead log that they are recovered from.
//!
//! Every change is a log record, and the same function applies a record when it is written and when
//! it is redone on recovery. A commit is forced: it and everything before it survive a crash. A
//! mark in the outbox is not: it may be lost, and the message is then sent again.

mod canon;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use rpds::{Queue, RedBlackTreeMap};

use super::copies::{Copies, RowVersion, Snapshot};
use super::sessions::{SessionRules, Sessions};
use super::streams::{StreamRules, Streams, Written};

use crate::event::{Fact, LostRecord, RowChange};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{Micros, StepRef, TxnId};
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
    /// A session promised to commit these changes. They are no rows yet.
    Prepare {
        /// The business transaction.
        txn: TxnId,
        /// The rows.
        changes: Vec<RowChange>,
    },
    /// A prepared session was rolled back.
    Abort {
        /// The business transaction.
        txn: TxnId,
        /// What is remembered of it.
        inbox: Vec<InboxEntry>,
    },
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
            Self::Prepare { changes, .. } => changes.len() as u16 + 1,
            Self::Abort { inbox, .. } => inbox.len() as u16 + 1,
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
            LogRecord::Abort { inbox, .. } => {
                for entry in inbox {
                    self.inbox.insert_mut(entry.key, entry.answer);
                }
            }
            LogRecord::Prepare { .. } => {}
        }
    }
}

/// A database.
#[derive(Clone, Debug, Default)]
pub struct Database {
    /// What its users see.
    now: Image,
    /// What a crash now would leave: the image on disk with the forced records of the log.
    durable: Image,
    /// What stands on disk without the log.
    disk: Image,
    /// The log since the image on disk, the oldest first.
    log: rpds::Vector<LogRecord>,
    /// How many of its records are forced.
    forced: usize,
    /// Whether it has crashed and is not recovered.
    down: bool,
    /// Whether a fault keeps it from writing.
    pub refuses_writes: bool,
    /// The newest generation of its service's consumer group that it was told of: its fencing token.
    /// What speaks for an older one is refused. 0 where there is no fence.
    pub fence: u32,
    /// Open local transactions, where the coupling carries them from handler to handler.
    sessions: Option<Rc<Sessions>>,
    /// The sessions as they were before each unforced record, so that a crash which loses the record
    /// brings back the promises that it ended.
    sessions_before: rpds::Vector<Option<Rc<Sessions>>>,
    /// What it counts for its replicas, where it has some.
    copies: Option<Rc<Copies>>,
    /// The streams that the rows are folded from, where it is event-sourced. They are never lost,
    /// since an append is forced.
    streams: Option<Rc<Streams>>,
    /// How often it was brought back after a crash. It is written down on each recovery.
    recoveries: u32,
}

impl Database {
    /// A database with these rows.
    #[must_use]
    pub fn new(rows: &[(Key, Row)]) -> Self {
        let mut image = Image::default();
        for (key, row) in rows {
            image.rows.insert_mut(*key, row.clone());
        }
        Self { now: image.clone(), durable: image.clone(), disk: image, ..Self::default() }
    }

    /// The same database with sessions.
    #[must_use]
    pub fn with_sessions(mut self, rules: SessionRules) -> Self {
        let rows: Vec<(Key, Row)> = self.rows().map(|(key, row)| (*key, row.clone())).collect();
        self.sessions = Some(Rc::new(Sessions::new(rules, rows)));
        self
    }

    /// The same database as a primary that counts its commits for its replicas, and keeps what each
    /// changed where their changes are records.
    #[must_use]
    pub fn with_replicas(mut self, records: bool) -> Self {
        self.copies = Some(Rc::new(Copies::new(records)));
        self
    }

    /// Counts a commit for the replicas; returns the rows that it changed with their versions, where
    /// there are replicas.
    pub fn count_commit(
        &mut self,
        txn: TxnId,
        changes: &[RowChange],
    ) -> Option<Rc<Vec<RowVersion>>> {
        Some(Rc::make_mut(self.copies.as_mut()?).count(txn, changes))
    }

    /// How many commits have changed rows, where it counts them for replicas.
    #[must_use]
    pub fn commits(&self) -> Option<u32> {
        Some(self.copies.as_ref()?.number())
    }

    /// How often commits have changed a row; 0 where nobody counts.
    #[must_use]
    pub fn version(&self, key: &Key) -> u32 {
        self.copies.as_ref().map_or(0, |copies| copies.version(key))
    }

    /// The rows that a commit changed, as the record of it carries them.
    #[must_use]
    pub fn changed_by(&self, number: u32) -> Option<Rc<Vec<RowVersion>>> {
        self.copies.as_ref()?.payload(number)
    }

    /// A copy of the rows, and who changed them last; `None` where nothing was changed yet.
    #[must_use]
    pub fn snapshot(&self) -> Option<(TxnId, Snapshot)> {
        self.copies.as_ref()?.snapshot(&self.now.rows)
    }

    /// The same database, event-sourced: its rows are folds of streams.
    #[must_use]
    pub fn with_streams(mut self, rules: StreamRules) -> Self {
        self.streams = Some(Rc::new(Streams::new(rules, self.rows())));
        self
    }

    /// The streams, where it is event-sourced.
    #[must_use]
    pub fn streams(&self) -> Option<&Streams> {
        self.streams.as_deref()
    }

    /// The streams, to note what sessions have folded.
    pub fn streams_mut(&mut self) -> Option<&mut Streams> {
        self.streams.as_mut().map(Rc::make_mut)
    }

    /// Appends the events of a commit to their streams, where it is event-sourced. The record of
    /// that commit is to be written with it, and is then forced.
    pub fn append(&mut self, facts: Vec<(Key, Fact)>, at: Micros) -> Written {
        match &mut self.streams {
            Some(streams) => Rc::make_mut(streams).append(facts, at),
            None => Written::default(),
        }
    }

    /// Whether the record of a commit is forced although nobody asks for it: an append is, and so is
    /// what replicas may hear of.
    #[must_use]
    pub fn forces_commits(&self) -> bool {
        self.streams.is_some() || self.copies.is_some()
    }

    /// The open local transactions, where it has sessions.
    #[must_use]
    pub fn sessions(&self) -> Option<&Sessions> {
        self.sessions.as_deref()
    }

    /// The sessions as they are now, for [`Database::write_after`].
    #[must_use]
    pub fn sessions_now(&self) -> Option<Rc<Sessions>> {
        self.sessions.clone()
    }

    /// The open local transactions, to work in them.
    pub fn sessions_mut(&mut self) -> Option<&mut Sessions> {
        self.sessions.as_mut().map(Rc::make_mut)
    }

    /// A row.
    #[must_use]
    pub fn row(&self, key: &Key) -> Option<&Row> {
        self.now.rows.get(key)
    }

    /// A row as it is, or, after a crash, as recovery will bring it back.
    #[must_use]
    pub fn recoverable(&self, key: &Key) -> Option<&Row> {
        if self.down { self.durable.rows.get(key) } else { self.row(key) }
    }

    /// The rows in the order of their keys.
    pub fn rows(&self) -> impl Iterator<Item = (&Key, &Row)> {
        self.now.rows.iter()
    }

    /// How often it was recovered after a crash.
    #[must_use]
    pub fn recoveries(&self) -> u32 {
        self.recoveries
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
        let before = self.sessions.clone();
        self.write_after(record, force, before);
    }

    /// Writes the record of something that the sessions have done already; `before` is what they
    /// were before it.
    pub fn write_after(&mut self, record: LogRecord, force: bool, before: Option<Rc<Sessions>>) {
        let force = force || (self.forces_commits() && matches!(record, LogRecord::Commit { .. }));
        self.now.apply(&record);
        self.log.push_back_mut(record);
        if !force {
            self.sessions_before.push_back_mut(before);
        }
        if force {
            self.sessions_before = rpds::Vector::new();
            self.forced = self.log.len();
            self.durable = self.now.clone();
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
                    let before = self.sessions_before.get(self.sessions_before.len() - 1 - back);
                    let before = before.and_then(|sessions| sessions.as_deref());
                    let was_promised =
                        |of: &StepRef| before.is_some_and(|sessions| sessions.is_prepared(of.txn));
                    LostRecord::Commit {
                        changes: changes.clone(),
                        effects: effects.clone(),
                        in_doubt: effects.first().is_some_and(was_promised),
                    }
                }
                LogRecord::Prepare { txn, .. } => LostRecord::Promise(*txn),
                LogRecord::Abort { txn, .. } => LostRecord::Abort(*txn),
            })
            .collect();
        for _ in &lost {
            self.log.drop_last_mut();
            if let Some(before) = self.sessions_before.last().cloned() {
                self.sessions = before;
                self.sessions_before.drop_last_mut();
            }
        }
        self.sessions_before = rpds::Vector::new();
        if let Some(sessions) = self.sessions_mut() {
            sessions.crash();
        }
        if let Some(streams) = self.streams_mut() {
            streams.crash();
        }
        // What reached the disk before the crash is durable from now on.
        for record in self.log.iter().skip(self.forced) {
            self.durable.apply(record);
        }
        self.forced = self.log.len();
        self.now = Image::default();
        self.down = true;
        lost
    }

    /// Brings everything back from the image on disk and the log; returns the records redone. Where
    /// it is event-sourced the rows are folded from their streams, and it returns the events folded.
    pub fn recover(&mut self) -> u32 {
        self.now = self.disk.clone();
        for record in &self.log {
            self.now.apply(record);
        }
        self.down = false;
        self.recoveries += 1;
        let Some(streams) = &self.streams else { return self.log.len() as u32 };
        let (rows, folds) = streams.fold();
        let before = std::mem::take(&mut self.now.rows);
        for (key, row) in rows {
            self.now.rows.insert_mut(key, row);
        }
        debug_assert_eq!(before, self.now.rows, "the rows are what the streams add up to");
        folds as u32
    }
}
