//! What one run came to.

use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::Micros;

/// Durations of a run, sorted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Times(Vec<Micros>);

impl Times {
    pub(super) fn of(mut all: Vec<Micros>) -> Self {
        all.sort_unstable();
        Self(all)
    }

    pub(super) fn sum(&self) -> f64 {
        self.0.iter().map(|us| u128::from(*us)).sum::<u128>() as f64
    }

    pub(super) fn mean(&self) -> Option<f64> {
        ratio(self.sum(), self.0.len() as f64)
    }

    /// The least that so many per mille are not above: the nearest rank.
    pub(super) fn percentile(&self, per_mille: usize) -> Option<f64> {
        let rank = (per_mille * self.0.len()).div_ceil(1_000).max(1);
        self.0.get(rank - 1).map(|us| *us as f64)
    }

    pub(super) fn max(&self) -> Option<f64> {
        self.0.last().map(|us| *us as f64)
    }
}

/// A share of a whole; `None` of nothing.
pub(super) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// How many of how many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Share {
    pub(super) part: u64,
    pub(super) whole: u64,
}

impl Share {
    pub(super) fn count(&mut self, holds: bool) {
        self.whole += 1;
        self.part += u64::from(holds);
    }

    pub(super) fn value(self) -> Option<f64> {
        ratio(self.part as f64, self.whole as f64)
    }
}

/// What one run came to.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Measured {
    pub(super) started: u64,
    pub(super) committed: u64,
    pub(super) aborted: u64,
    pub(super) compensated: u64,
    pub(super) unfinished: u64,
    pub(super) unknown: u64,
    /// From the start of a transaction to the first answer to its client.
    pub(super) answer: Times,
    /// From the start of a transaction to its end, where the client learned the outcome.
    pub(super) end: Times,
    /// From a query to its answer.
    pub(super) query: Times,
    /// From the first arrival to the last thing that a transaction or query did.
    pub(super) span: Micros,
    pub(super) messages: u64,
    pub(super) forced_writes: u64,
    /// Waits for a lock; `None` where nothing holds a lock beyond one handler.
    pub(super) lock_waits: Option<Times>,
    /// How long the locks of one transaction in one database were held; `None` likewise.
    pub(super) lock_holds: Option<Times>,
    pub(super) deadlocks: Option<u64>,
    /// From a promise to commit to the commit or the roll-back; `None` where nothing is promised.
    pub(super) in_doubt: Option<Times>,
    /// How long transactions were half done.
    pub(super) windows: Times,
    /// How long ago what a query was answered with had been overwritten.
    pub(super) ages: Times,
    /// Rows answered that had been overwritten.
    pub(super) stale: Share,
    /// Of the transactions that arrived while a node was down: answered in time.
    pub(super) answered_down: Share,
    /// Of the same: ended well.
    pub(super) ended_down: Share,
    /// Of the queries asked while a node was down: answered in full and in time.
    pub(super) queries_down: Share,
    /// Violations of each kind of property, in the order of their table; `None` where the scenario
    /// has no property of the kind.
    pub(super) violations: Vec<Option<u64>>,
    /// Whether the run came to rest, so that what holds at rest was judged.
    pub(super) at_rest: bool,
    /// The faults of the document that occurred.
    pub(super) faults: Vec<bool>,
    /// A hash over what arrived when, with its inputs.
    pub(super) arrivals: u64,
}

/// Hashes arrivals as texts, since the numbers of interned texts may differ between couplings.
pub(super) fn hash_text(h: &mut Fingerprint, text: &str) {
    h.write_len(text.len());
    h.write_bytes(text.as_bytes());
}

/// Hashes a whole number or a list as it stands.
pub(super) fn hash_plain(h: &mut Fingerprint, value: &impl Canon) {
    value.canon(h);
}
