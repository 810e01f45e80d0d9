//! A run of an experiment under one setting: which transaction can go on, and what a step does.
//!
//! A step is one statement, or the end of a transaction. Whose statement waits goes on in the step
//! that lets it go on. A transaction whose statement fails is rolled back at once, in the same step,
//! as a session does that gets an error it did not expect.

use std::rc::Rc;

use super::experiment::{End, Experiment};
use super::journal::{History, Journal, Layout};
use super::setting::Setting;
use super::unguarded::Unguarded;
use crate::fingerprint::{Canon, Fingerprint};
use crate::history::Item;
use crate::lab::{DbError, Deadlock, Found, LocalTxnId, Outcome, TransactionStore, Wait};
use crate::value::{Key, Row};

/// What the transactions work on.
#[derive(Clone, Debug)]
enum Ground {
    Store(Box<TransactionStore>),
    Unguarded(Unguarded),
}

/// Where a transaction stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It can do its next step.
    Ready,
    /// Its statement waits.
    Waiting,
    /// It committed.
    Committed,
    /// It rolled back because it says so.
    RolledBack,
    /// It was rolled back because of an error.
    Refused(DbError),
}

/// What became of a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Did {
    /// It was carried out.
    Done(Found),
    /// It waits, for these.
    Waits(Vec<Wait>),
    /// It failed, and its transaction was rolled back.
    Failed(DbError),
    /// Its transaction committed.
    Committed,
    /// Its transaction rolled back.
    RolledBack,
}

/// A step and what it brought about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stepped {
    /// What the transaction's own statement did.
    pub did: Did,
    /// The statements of others that were carried out, or failed, because of it.
    pub others: Vec<(usize, Did)>,
    /// The deadlocks that it closed.
    pub deadlocks: Vec<Deadlock>,
}

/// A run under way.
#[derive(Clone, Debug)]
pub struct Machine {
    ground: Ground,
    /// How many of its statements each transaction has issued.
    at: Vec<usize>,
    standing: Vec<Standing>,
    journal: Journal,
    has_waited: bool,
}

/// What every run shares.
#[derive(Debug)]
pub struct Bench {
    /// The experiment.
    pub experiment: Rc<Experiment>,
    /// The setting.
    pub setting: Setting,
    layout: Layout,
}

impl Bench {
    /// A bench for an experiment under a setting.
    #[must_use]
    pub fn new(experiment: Rc<Experiment>, setting: Setting) -> Self {
        let layout = Layout::new(&experiment);
        Self { experiment, setting, layout }
    }

    /// A run that has not begun.
    #[must_use]
    pub fn start(&self) -> Machine {
        let count = self.experiment.transactions.len();
        let rows = self.experiment.rows.iter().cloned();
        let ground = match self.setting.rules() {
            Some((dialect, isolation)) => {
                let mut store = TransactionStore::new(dialect, rows);
                store.observe();
                // A store counts its transactions from 0, so that they have the places of the text.
                for _ in 0..count {
                    store.begin(isolation);
                }
                Ground::Store(Box::new(store))
            }
            None => Ground::Unguarded(Unguarded::new(rows)),
        };
        Machine {
            ground,
            at: vec![0; count],
            standing: vec![Standing::Ready; count],
            journal: Journal::new(count),
            has_waited: false,
        }
    }

    /// Lets a transaction do its next step, if it can.
    pub fn step(&self, machine: &mut Machine, who: usize) -> Option<Stepped> {
        if machine.standing.get(who) != Some(&Standing::Ready) {
            return None;
        }
        let script = &self.experiment.transactions[who];
        let txn = LocalTxnId(who as u32);
        let nth = machine.at[who];
        let mut others = Vec::new();
        let did = match script.lines.get(nth) {
            Some(line) => {
                machine.at[who] += 1;
                let outcome = match &mut machine.ground {
                    Ground::Store(store) => store.statement(txn, &line.statement),
                    Ground::Unguarded(rows) => rows.statement(txn, &line.statement),
                };
                self.heard(machine, who, outcome)
            }
            None => self.end(machine, who, script.end),
        };
        loop {
            let resumed = match &mut machine.ground {
                Ground::Store(store) => store.resumed(),
                Ground::Unguarded(_) => Vec::new(),
            };
            if resumed.is_empty() {
                break;
            }
            for (txn, outcome) in resumed {
                let who = txn.0 as usize;
                let did = self.heard(machine, who, outcome);
                others.push((who, did));
            }
        }
        let deadlocks = match &mut machine.ground {
            Ground::Store(store) => store.deadlocks(),
            Ground::Unguarded(_) => Vec::new(),
        };
        Some(Stepped { did, others, deadlocks })
    }

    /// Takes up what came of a statement.
    fn heard(&self, machine: &mut Machine, who: usize, outcome: Outcome) -> Did {
        machine.observe(&self.layout);
        match outcome {
            Outcome::Done(found) => {
                let nth = machine.at[who] - 1;
                let statement = &self.experiment.transactions[who].lines[nth].statement;
                machine.journal.done(&self.layout, (who, nth), statement, &found.rows);
                machine.standing[who] = Standing::Ready;
                Did::Done(found)
            }
            Outcome::Blocked => {
                machine.standing[who] = Standing::Waiting;
                machine.has_waited = true;
                Did::Waits(machine.waits_of(who))
            }
            Outcome::Failed(error) => {
                machine.standing[who] = Standing::Refused(error.clone());
                machine.roll_back(who);
                machine.observe(&self.layout);
                Did::Failed(error)
            }
        }
    }

    /// What the last statement of a transaction read row by row: whose version, where it is one of
    /// another transaction, and whether that is committed by now.
    pub(super) fn read_from(&self, machine: &Machine, who: usize) -> Vec<(Key, usize, bool)> {
        let read = machine.journal.last_reads(who);
        let key = |item: Item| self.layout.items[item.0 as usize];
        read.map(|(item, by)| (key(item), by, machine.journal.commits.contains(&by))).collect()
    }

    /// The row that a history knows by its place.
    #[must_use]
    pub fn key(&self, item: Item) -> Option<Key> {
        self.layout.items.get(item.0 as usize).copied()
    }

    fn end(&self, machine: &mut Machine, who: usize, end: End) -> Did {
        if end == End::Rollback {
            machine.standing[who] = Standing::RolledBack;
            machine.roll_back(who);
            machine.observe(&self.layout);
            return Did::RolledBack;
        }
        let ended = match &mut machine.ground {
            Ground::Store(store) => store.commit(LocalTxnId(who as u32)).map(|_| ()),
            Ground::Unguarded(_) => Ok(()),
        };
        let did = match ended {
            Ok(()) => {
                machine.standing[who] = Standing::Committed;
                machine.journal.commits.push(who);
                Did::Committed
            }
            Err(error) => {
                machine.standing[who] = Standing::Refused(error.clone());
                Did::Failed(error)
            }
        };
        machine.observe(&self.layout);
        did
    }

    /// What a run that is over, or as far as it is, looks like as a history.
    #[must_use]
    pub fn history(&self, machine: &Machine) -> History {
        machine.journal.history(&self.layout, |item| match &machine.ground {
            Ground::Store(_) => machine.journal.writers(item),
            Ground::Unguarded(rows) => {
                let writers = rows.writers(&self.layout.items[item.0 as usize]);
                writers.into_iter().map(|txn| txn.0 as usize).collect()
            }
        })
    }
}

impl Machine {
    /// Where the transactions stand.
    #[must_use]
    pub fn standing(&self) -> &[Standing] {
        &self.standing
    }

    /// How many statements a transaction has issued.
    #[must_use]
    pub fn issued(&self, who: usize) -> usize {
        self.at[who]
    }

    /// Whether any statement has waited so far.
    #[must_use]
    pub fn has_waited(&self) -> bool {
        self.has_waited
    }

    /// The transactions that can do a step.
    pub fn ready(&self) -> impl Iterator<Item = usize> + '_ {
        let is_ready = |who: &usize| self.standing[*who] == Standing::Ready;
        (0..self.standing.len()).filter(is_ready)
    }

    /// For whom a transaction waits.
    #[must_use]
    pub fn waits_of(&self, who: usize) -> Vec<Wait> {
        let Ground::Store(store) = &self.ground else { return Vec::new() };
        store.waits().into_iter().filter(|wait| wait.waiter.0 as usize == who).collect()
    }

    /// The committed rows.
    #[must_use]
    pub fn rows(&self) -> Vec<(Key, Row)> {
        match &self.ground {
            Ground::Store(store) => store.rows().map(|(key, row)| (*key, row.clone())).collect(),
            Ground::Unguarded(rows) => rows.rows(),
        }
    }

    fn observe(&mut self, layout: &Layout) {
        let observed = match &mut self.ground {
            Ground::Store(store) => store.observations(),
            Ground::Unguarded(rows) => rows.observations(),
        };
        self.journal.take(layout, observed);
    }

    fn roll_back(&mut self, who: usize) {
        let txn = LocalTxnId(who as u32);
        match &mut self.ground {
            // Where the database has ended the transaction itself there is nothing to roll back.
            Ground::Store(store) => {
                let _ = store.rollback(txn);
            }
            Ground::Unguarded(rows) => rows.rollback(txn),
        }
    }
}

impl Canon for Machine {
    fn canon(&self, h: &mut Fingerprint) {
        match &self.ground {
            Ground::Store(store) => store.canon_by(h, &|txn| txn.0),
            Ground::Unguarded(rows) => rows.canon(h),
        }
        for (at, standing) in self.at.iter().zip(&self.standing) {
            h.write_u8(*at as u8);
            match standing {
                Standing::Ready => h.write_u8(0),
                Standing::Waiting => h.write_u8(1),
                Standing::Committed => h.write_u8(2),
                Standing::RolledBack => h.write_u8(3),
                Standing::Refused(error) => {
                    h.write_u8(4);
                    h.write_bytes(error.code().as_bytes());
                }
            }
        }
        self.has_waited.canon(h);
        self.journal.canon(h);
    }
}
