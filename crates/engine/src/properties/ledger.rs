//! The ledger: what each transaction has done and undone, what it was promised and how it ended.
//!
//! Atomicity, exactly-once effects, saga histories, durability and progress are judged on it and
//! not on rows. It forgets order, time and place, so that it is the canonical residual state of all
//! five: two histories that lead to equal ledgers cannot be told apart by them.

use rpds::Vector;

use super::rules::Rules;
use crate::event::{Acknowledged, Event, EventKind, Outcome};
use crate::fingerprint::Fingerprint;
use crate::ids::{Direction, FlowIx, StepIx, StepRef, TxnId};

/// Which parts of the ledger a property depends on; only these enter the fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Needs(u8);

impl Needs {
    pub(crate) const NOTHING: Self = Self(0);
    /// How often each step is done, less how often it is undone.
    pub(crate) const NET: Self = Self(1);
    /// How often each step is done and how often it is undone, each for itself.
    pub(crate) const COUNTS: Self = Self(2);
    /// What the client was promised.
    pub(crate) const PROMISE: Self = Self(4);
    /// Whether and how it ended.
    pub(crate) const END: Self = Self(8);

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// How often a step of a transaction took effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Whether the step runs for the inputs of its transaction.
    pub runs: bool,
    /// How often it was done.
    pub dos: u8,
    /// How often it was undone.
    pub undos: u8,
}

impl Tally {
    /// Whether it is done and not undone.
    #[must_use]
    pub fn done(self) -> bool {
        self.dos > self.undos
    }

    fn count(&mut self, dir: Direction) -> &mut u8 {
        match dir {
            Direction::Do => &mut self.dos,
            Direction::Undo => &mut self.undos,
        }
    }
}

/// Where a transaction stands, by those of its steps that change rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// No step was ever done.
    Untouched,
    /// Some steps are done and some are not.
    Half,
    /// Every step is done.
    Done,
    /// What was done is undone.
    Undone,
}

/// One transaction in the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TxnRecord {
    /// Its flow.
    pub flow: FlowIx,
    /// Its steps.
    pub steps: Vec<Tally>,
    /// The most that its client was promised.
    pub promise: Option<Acknowledged>,
    /// How it ended for its client.
    pub ended: Option<Outcome>,
    /// Whether it waits for a person.
    pub stuck: bool,
}

impl TxnRecord {
    /// A step's tally; that of a step which the flow does not have is empty.
    #[must_use]
    pub fn tally(&self, step: StepIx) -> Tally {
        self.steps.get(step.ix()).copied().unwrap_or_default()
    }

    /// The steps that change rows for this transaction's inputs, with their names.
    pub fn weighty<'a>(
        &'a self,
        rules: &'a Rules,
    ) -> impl Iterator<Item = (StepIx, &'a str, Tally)> + 'a {
        let flow = rules.flows.get(self.flow.ix()).map_or(&[][..], |flow| flow.steps.as_slice());
        let steps = flow.iter().zip(&self.steps).enumerate();
        steps
            .filter(|(_, (rule, tally))| rule.writes && tally.runs)
            .map(|(at, (rule, tally))| (StepIx(at as u8), rule.name.as_str(), *tally))
    }

    /// Where it stands.
    #[must_use]
    pub fn standing(&self, rules: &Rules) -> Standing {
        let (mut done, mut open, mut touched) = (false, false, false);
        for (_, _, tally) in self.weighty(rules) {
            done |= tally.done();
            open |= !tally.done();
            touched |= tally.dos > 0;
        }
        match (done, open) {
            (true, true) => Standing::Half,
            (true, false) => Standing::Done,
            (false, _) if touched => Standing::Undone,
            (false, _) => Standing::Untouched,
        }
    }

    fn canon(&self, needs: Needs, h: &mut Fingerprint) {
        h.write_u8(self.flow.0);
        for tally in &self.steps {
            h.write_u8(u8::from(tally.runs));
            if needs.has(Needs::COUNTS) {
                h.write_u8(tally.dos);
                h.write_u8(tally.undos);
            } else if needs.has(Needs::NET) {
                h.write_u16(u16::from(tally.dos).wrapping_sub(u16::from(tally.undos)));
            }
        }
        if needs.has(Needs::PROMISE) {
            h.write_u8(self.promise.map_or(0, |promise| 1 + promise as u8));
        }
        if needs.has(Needs::END) {
            h.write_u8(
                u8::from(self.stuck) << 7 | self.ended.map_or(0, |outcome| 1 + outcome as u8),
            );
        }
    }
}

/// The ledger of all transactions. A clone shares what it can.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    records: Vector<Option<TxnRecord>>,
}

impl Ledger {
    /// A transaction's record; `None` before it started.
    #[must_use]
    pub fn get(&self, txn: TxnId) -> Option<&TxnRecord> {
        self.records.get(txn.ix())?.as_ref()
    }

    /// The transactions that have started, in order.
    pub fn records(&self) -> impl Iterator<Item = (TxnId, &TxnRecord)> {
        let numbered = self.records.iter().enumerate();
        numbered.filter_map(|(at, record)| record.as_ref().map(|record| (TxnId(at as u32), record)))
    }

    /// Enters what an event says about its transaction as a whole: its start, a promise, its end.
    pub(crate) fn note(&mut self, rules: &Rules, event: &Event) {
        let Some(txn) = event.txn else { return };
        match &event.kind {
            EventKind::Started { flow, inputs } => {
                let Some(steps) = rules.flows.get(flow.ix()).map(|flow| &flow.steps) else {
                    return;
                };
                let tally = |runs| Tally { runs, dos: 0, undos: 0 };
                let steps = steps.iter().map(|step| tally(step.runs(inputs))).collect();
                self.open(
                    txn,
                    TxnRecord { flow: *flow, steps, promise: None, ended: None, stuck: false },
                );
            }
            EventKind::Acknowledged { promise } => self.promise(txn, *promise),
            EventKind::Ended { outcome, .. } => {
                self.change(txn, |record| record.ended = Some(*outcome));
                if *outcome == Outcome::Committed {
                    self.promise(txn, Acknowledged::Completed);
                }
            }
            EventKind::Stuck { .. } => self.change(txn, |record| record.stuck = true),
            _ => {}
        }
    }

    /// Enters an effect.
    pub(crate) fn enter(&mut self, of: StepRef) {
        self.count(of, |n| n.saturating_add(1));
    }

    /// Takes an effect back that a crash lost.
    pub(crate) fn take_back(&mut self, of: StepRef) {
        self.count(of, |n| n.saturating_sub(1));
    }

    pub(crate) fn canon(&self, needs: Needs, h: &mut Fingerprint) {
        if needs == Needs::NOTHING {
            return;
        }
        for record in &self.records {
            h.write_u8(u8::from(record.is_some()));
            if let Some(record) = record {
                record.canon(needs, h);
            }
        }
        h.write_len(self.records.len());
    }

    fn open(&mut self, txn: TxnId, record: TxnRecord) {
        // Queries take numbers of the same sequence, so there may be gaps.
        while self.records.len() <= txn.ix() {
            self.records.push_back_mut(None);
        }
        self.records.set_mut(txn.ix(), Some(record));
    }

    fn change(&mut self, txn: TxnId, with: impl FnOnce(&mut TxnRecord)) {
        if let Some(Some(record)) = self.records.get_mut(txn.ix()) {
            with(record);
        }
    }

    fn promise(&mut self, txn: TxnId, promise: Acknowledged) {
        self.change(txn, |record| record.promise = record.promise.max(Some(promise)));
    }

    fn count(&mut self, of: StepRef, to: impl FnOnce(u8) -> u8) {
        self.change(of.txn, |record| {
            if let Some(tally) = record.steps.get_mut(of.step.ix()) {
                let count = tally.count(of.dir);
                *count = to(*count);
            }
        });
    }
}
