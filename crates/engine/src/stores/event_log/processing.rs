//! What a consumer does with records, and when it commits their offset, as data.
//!
//! A crash between an effect and the commit of its offset decides how often the effect happens:
//! at most once where the commit comes first, at least once where the effect does, exactly once
//! where both are one local transaction.

use rpds::Vector;

/// When the offset is committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommitWhen {
    /// Before the effects of a batch: a crash loses those that were not done.
    Before,
    /// After the effects of a batch: a crash repeats those since the last commit.
    After,
    /// In the transaction of each effect.
    WithEffect,
}

/// What a consumer does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// It takes the records from `position` up to here.
    Fetch {
        /// The offset behind the last one taken.
        until: u64,
    },
    /// It does what the record at this offset asks for.
    Effect(u64),
    /// It commits this offset as the next to be read.
    Commit(u64),
    /// It does both in one transaction.
    EffectAndCommit(u64),
}

/// A consumer of a partition. Effects and the committed offset outlive it, the rest does not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Processing {
    when: CommitWhen,
    batch_max: u64,
    /// The next record whose effect is to be done, and the end of the batch that was taken.
    position: u64,
    taken: u64,
    committed: u64,
    effects: Vector<u64>,
}

impl Processing {
    /// A consumer at the beginning of a partition, which takes at most so many records at a time.
    #[must_use]
    pub fn new(when: CommitWhen, batch_max: u64) -> Self {
        let batch_max = batch_max.max(1);
        Self { when, batch_max, position: 0, taken: 0, committed: 0, effects: Vector::new() }
    }

    /// The next step, where the partition ends at `end`; `None` where all is done.
    #[must_use]
    pub fn next(&self, end: u64) -> Option<Step> {
        if self.when == CommitWhen::Before && self.committed < self.taken {
            return Some(Step::Commit(self.taken));
        }
        if self.position < self.taken {
            return Some(match self.when {
                CommitWhen::WithEffect => Step::EffectAndCommit(self.position),
                CommitWhen::Before | CommitWhen::After => Step::Effect(self.position),
            });
        }
        if self.committed < self.taken {
            return Some(Step::Commit(self.taken));
        }
        let until = end.min(self.taken.saturating_add(self.batch_max));
        (until > self.taken).then_some(Step::Fetch { until })
    }

    /// Takes a step.
    pub fn take(&mut self, step: Step) {
        match step {
            Step::Fetch { until } => self.taken = until,
            Step::Effect(offset) => {
                self.effects.push_back_mut(offset);
                self.position = offset + 1;
            }
            Step::Commit(offset) => self.committed = offset,
            Step::EffectAndCommit(offset) => {
                self.effects.push_back_mut(offset);
                self.position = offset + 1;
                self.committed = offset + 1;
            }
        }
    }

    /// It crashes, and begins again where it last committed.
    pub fn crash(&mut self) {
        self.position = self.committed;
        self.taken = self.committed;
    }

    /// The offset that it would begin again from.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// How many effects a crash now would repeat.
    #[must_use]
    pub fn uncommitted(&self) -> u64 {
        self.position.saturating_sub(self.committed)
    }

    /// The offsets whose effects were done, in that order.
    #[must_use]
    pub fn effects(&self) -> &Vector<u64> {
        &self.effects
    }
}
