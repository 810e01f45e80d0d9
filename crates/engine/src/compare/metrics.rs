//! The figures of a comparison: one line of [`FIXED`] each, and one for each kind of property.

use serde::{Deserialize, Serialize};

use super::measured::{Measured, Times, ratio};
use crate::properties;

/// What a figure counts in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Unit {
    /// Things, on average over the seeds.
    Count,
    /// Microseconds of virtual time.
    Micros,
    /// Things a second of virtual time.
    PerSecond,
    /// A share from 0 to 1.
    Share,
}

impl Unit {
    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Micros => "us",
            Self::PerSecond => "per-second",
            Self::Share => "share",
        }
    }
}

/// A figure that is compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Metric {
    /// Its name in JSON: a group, and a figure of it after a dot.
    pub id: String,
    /// Its name on screen.
    pub title: String,
    /// What it counts in.
    pub unit: Unit,
    /// What exactly is counted, in a sentence.
    pub meaning: String,
}

/// How a figure is taken from a run. `None` where the run has no such thing.
type Read = fn(&Measured) -> Option<f64>;

fn each(part: f64, measured: &Measured) -> Option<f64> {
    ratio(part, measured.started as f64)
}

fn of(times: Option<&Times>, read: fn(&Times) -> Option<f64>) -> Option<f64> {
    times.and_then(read)
}

const ANSWER: &str =
    "from the start of a transaction to the first answer to its client: accepted, done or refused";
const END: &str =
    "from the start of a transaction to its end, for those whose client learned the outcome";
const QUERY: &str = "from a query to its answer";
const WINDOW: &str = "how long a transaction was half done, some of its steps done and some not; one that stays so counts to the end of the run; none where no transaction ever was";
const AGE: &str = "of each row that a query was answered with: how long ago its owner had overwritten it, 0 for the current value";
const IN_DOUBT: &str = "of each promise to commit: how long until that database committed or rolled back; one still open counts to the end of the run; none where nothing is promised";

/// The figures that every scenario has.
#[rustfmt::skip]
const FIXED: &[(&str, &str, Unit, &str, Read)] = &[
    ("outcomes.started", "Transactions started", Unit::Count, "transactions that arrived", |m| Some(m.started as f64)),
    ("outcomes.committed", "Committed", Unit::Count, "transactions of which every step is done when the run ends", |m| Some(m.committed as f64)),
    ("outcomes.aborted", "Aborted", Unit::Count, "transactions that ended with nothing to undo", |m| Some(m.aborted as f64)),
    ("outcomes.compensated", "Compensated", Unit::Count, "transactions that ended with all that was done undone", |m| Some(m.compensated as f64)),
    ("outcomes.unfinished", "Unfinished", Unit::Count, "the other transactions: half done, stuck or still moving when the run ends", |m| Some(m.unfinished as f64)),
    ("outcomes.unknown", "Outcome unknown", Unit::Count, "transactions whose client never learned the outcome; each is counted above too, by what became of it", |m| Some(m.unknown as f64)),
    ("answer_us.mean", "Answer, mean", Unit::Micros, ANSWER, |m| m.answer.mean()),
    ("answer_us.p50", "Answer, p50", Unit::Micros, ANSWER, |m| m.answer.percentile(500)),
    ("answer_us.p90", "Answer, p90", Unit::Micros, ANSWER, |m| m.answer.percentile(900)),
    ("answer_us.p99", "Answer, p99", Unit::Micros, ANSWER, |m| m.answer.percentile(990)),
    ("answer_us.max", "Answer, longest", Unit::Micros, ANSWER, |m| m.answer.max()),
    ("end_us.mean", "End, mean", Unit::Micros, END, |m| m.end.mean()),
    ("end_us.p50", "End, p50", Unit::Micros, END, |m| m.end.percentile(500)),
    ("end_us.p90", "End, p90", Unit::Micros, END, |m| m.end.percentile(900)),
    ("end_us.p99", "End, p99", Unit::Micros, END, |m| m.end.percentile(990)),
    ("end_us.max", "End, longest", Unit::Micros, END, |m| m.end.max()),
    ("query_us.mean", "Query, mean", Unit::Micros, QUERY, |m| m.query.mean()),
    ("query_us.p50", "Query, p50", Unit::Micros, QUERY, |m| m.query.percentile(500)),
    ("query_us.p99", "Query, p99", Unit::Micros, QUERY, |m| m.query.percentile(990)),
    ("throughput.committed", "Throughput", Unit::PerSecond, "committed transactions a second, from the first arrival to the last commit, answer or end", |m| ratio(m.committed as f64 * 1e6, m.span as f64)),
    ("cost.messages", "Messages each", Unit::Count, "messages sent on the network and records published, for each transaction that started; those of queries among them", |m| each(m.messages as f64, m)),
    ("cost.forced_writes", "Forced writes each", Unit::Count, "log writes forced to disk, for each transaction that started", |m| each(m.forced_writes as f64, m)),
    ("locks.wait_us", "Lock wait each", Unit::Micros, "time spent waiting for locks, for each transaction that started; none where no lock outlasts a handler", |m| m.lock_waits.as_ref().and_then(|times| each(times.sum(), m))),
    ("locks.wait_max_us", "Lock wait, longest", Unit::Micros, "the longest wait for a lock", |m| of(m.lock_waits.as_ref(), Times::max)),
    ("locks.hold_us", "Locks held, mean", Unit::Micros, "from a transaction's first write, grant or promise in a database to its commit or roll-back there", |m| of(m.lock_holds.as_ref(), Times::mean)),
    ("locks.deadlocks", "Deadlocks", Unit::Count, "cycles found in a wait-for graph; none where no lock outlasts a handler", |m| m.deadlocks.map(|count| count as f64)),
    ("in_doubt_us.mean", "In doubt, mean", Unit::Micros, IN_DOUBT, |m| of(m.in_doubt.as_ref(), Times::mean)),
    ("in_doubt_us.max", "In doubt, longest", Unit::Micros, IN_DOUBT, |m| of(m.in_doubt.as_ref(), Times::max)),
    ("window_us.mean", "Half done, mean", Unit::Micros, WINDOW, |m| m.windows.mean()),
    ("window_us.max", "Half done, longest", Unit::Micros, WINDOW, |m| m.windows.max()),
    ("staleness_us.mean", "Staleness, mean", Unit::Micros, AGE, |m| m.ages.mean()),
    ("staleness_us.p99", "Staleness, p99", Unit::Micros, AGE, |m| m.ages.percentile(990)),
    ("staleness_us.max", "Staleness, longest", Unit::Micros, AGE, |m| m.ages.max()),
    ("staleness.share", "Stale rows", Unit::Share, "rows answered that their owner had overwritten by then, of all rows answered", |m| m.stale.value()),
    ("availability.answered", "Answered while down", Unit::Share, "of the transactions that arrived while a node was crashed or paused or the broker was out: those whose first answer came within the scenario's retries.timeout_us and was no failure, that is accepted, done, or refused in the document's own words", |m| m.answered_down.value()),
    ("availability.ended", "Ended well while down", Unit::Share, "of the same transactions: those that by the end of the run are done, or were refused in the document's own words with nothing left behind", |m| m.ended_down.value()),
    ("availability.queries", "Queries while down", Unit::Share, "of the queries asked while a node was crashed or paused or the broker was out: those answered within retries.timeout_us with every row", |m| m.queries_down.value()),
];

/// The figures in the order of a report.
pub(super) fn all() -> Vec<Metric> {
    let fixed = FIXED.iter().map(|(id, title, unit, meaning, _)| Metric {
        id: (*id).to_owned(),
        title: (*title).to_owned(),
        unit: *unit,
        meaning: (*meaning).to_owned(),
    });
    let violations = properties::TABLE.iter().map(|entry| Metric {
        id: format!("violations.{}", entry.id),
        title: format!("Broken: {}", entry.title.to_lowercase()),
        unit: Unit::Count,
        meaning: format!("violations in a run of: {}", entry.meaning),
    });
    fixed.chain(violations).collect()
}

/// The figures of a run, in the order of [`all`].
pub(super) fn of_run(measured: &Measured) -> Vec<Option<f64>> {
    let fixed = FIXED.iter().map(|(.., read)| read(measured));
    let violations = measured.violations.iter().map(|count| count.map(|count| count as f64));
    fixed.chain(violations).collect()
}
