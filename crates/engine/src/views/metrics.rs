//! Counts and times of a run up to a cursor, in whole numbers.
//!
//! Latencies, utilization and queues need virtual time; of a schedule, which has none, only the
//! counts say something.

use std::collections::BTreeMap;

use crate::cast::Cast;
use crate::event::{Event, EventKind, Outcome};
use crate::ids::{Direction, EventIx, Micros, StepRef, TxnId};
use crate::trace::Trace;

/// A bin of a histogram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bin {
    /// From this many microseconds on.
    pub from: Micros,
    /// To before this many.
    pub to: Micros,
    /// How many fall into it.
    pub count: u64,
}

/// Durations, summed up.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Durations {
    /// All of them in microseconds, sorted.
    pub sorted_us: Vec<Micros>,
    /// Their sum.
    pub sum_us: u128,
}

impl Durations {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.sorted_us.len() as u64
    }

    /// Their mean, rounded down.
    #[must_use]
    pub fn mean_us(&self) -> Option<Micros> {
        let count = self.sorted_us.len() as u128;
        (count > 0).then(|| u64::try_from(self.sum_us / count).unwrap_or(u64::MAX))
    }

    /// The least duration that so many per mille are not above (the nearest rank): 500 is the median.
    #[must_use]
    pub fn percentile_us(&self, per_mille: u32) -> Option<Micros> {
        let count = self.sorted_us.len() as u64;
        let rank = (u64::from(per_mille.min(1_000)) * count).div_ceil(1_000).max(1);
        self.sorted_us.get(usize::try_from(rank - 1).ok()?).copied()
    }

    /// The longest.
    #[must_use]
    pub fn max_us(&self) -> Option<Micros> {
        self.sorted_us.last().copied()
    }

    /// A histogram with the bounds 1, 2 and 5 times powers of ten, from the shortest to the longest.
    #[must_use]
    pub fn histogram(&self) -> Vec<Bin> {
        let (Some(least), Some(most)) = (self.sorted_us.first(), self.sorted_us.last()) else {
            return Vec::new();
        };
        let mut bounds: Vec<Micros> = vec![0];
        let mut unit: Micros = 1;
        while bounds.last().is_some_and(|last| last <= most) && unit < Micros::MAX / 10 {
            bounds.extend([unit, 2 * unit, 5 * unit]);
            unit *= 10;
        }
        let before = |bound: Micros| self.sorted_us.partition_point(|us| *us < bound) as u64;
        let pairs = bounds.windows(2).map(|pair| Bin {
            from: pair[0],
            to: pair[1],
            count: before(pair[1]) - before(pair[0]),
        });
        pairs.filter(|bin| bin.to > *least && bin.from <= *most).collect()
    }

    fn of(mut all: Vec<Micros>) -> Self {
        all.sort_unstable();
        let sum_us = all.iter().map(|us| u128::from(*us)).sum();
        Self { sorted_us: all, sum_us }
    }
}

/// A node's work.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NodeMetrics {
    /// Worker time spent serving, in microseconds.
    pub busy_us: u64,
    /// Worker time there was.
    pub available_us: u64,
    /// The longest queue.
    pub queue_max: u32,
    /// The longest queue in each bucket of the series.
    pub queue: Vec<u32>,
    /// Worker time spent serving in each bucket.
    pub busy: Vec<u64>,
    /// How long each piece of work took from its arrival to its end.
    pub in_system: Durations,
}

/// How long a transaction was neither done nor undone as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// The transaction.
    pub txn: TxnId,
    /// Its first effect.
    pub opened: EventIx,
    /// The effect that completed it or took its last trace away; `None` where it stays open.
    pub closed: Option<EventIx>,
    /// How long; up to the cursor where it stays open.
    pub us: Micros,
}

/// Counts in buckets of equal length.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Series {
    /// The length of a bucket in microseconds; at least 1.
    pub bucket_us: Micros,
    /// Transactions started.
    pub started: Vec<u64>,
    /// Transactions ended, whatever their outcome.
    pub ended: Vec<u64>,
    /// Messages sent and records published.
    pub messages: Vec<u64>,
    /// Local transactions committed.
    pub commits: Vec<u64>,
    /// Forced log writes.
    pub forced: Vec<u64>,
    /// Losses, copies, crashes and lost replies.
    pub faults: Vec<u64>,
}

/// The metrics of a run up to a cursor.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Metrics {
    /// The time of the cursor.
    pub end: Micros,
    /// From start to end of the transactions that ended with an outcome.
    pub latency: Durations,
    /// From start to the first answer to the client: an acknowledgement, or the end.
    pub answer: Durations,
    /// The nodes, as in the cast.
    pub nodes: Vec<NodeMetrics>,
    /// Counts over time.
    pub series: Series,
    /// The inconsistency windows, by their beginnings.
    pub windows: Vec<Window>,
    /// Messages sent and records published.
    pub messages: u64,
    /// Forced log writes.
    pub forced: u64,
    /// Log records written.
    pub log_records: u64,
}

impl Metrics {
    /// The longest inconsistency window.
    #[must_use]
    pub fn longest_window(&self) -> Option<&Window> {
        self.windows.iter().max_by_key(|window| window.us)
    }
}

/// Counts a run up to and including an event, with series of so many buckets. One pass.
#[must_use]
pub fn metrics(cast: &Cast, trace: &Trace, cursor: EventIx, buckets: usize) -> Metrics {
    let len = trace.len().min(cursor.ix() + 1);
    let events = &trace.events()[..len];
    let end = events.last().map_or(0, |event| event.at);
    let buckets = buckets.max(1);
    let zeros = vec![0_u64; buckets];
    let node =
        NodeMetrics { queue: vec![0; buckets], busy: zeros.clone(), ..NodeMetrics::default() };
    let mut count = Counting {
        bucket_us: end / buckets as u64 + 1,
        last: buckets - 1,
        nodes: vec![Lane::default(); cast.nodes.len()],
        txns: BTreeMap::new(),
        windows: Vec::new(),
        latency: Vec::new(),
        answer: Vec::new(),
        out: Metrics {
            end,
            nodes: vec![node; cast.nodes.len()],
            series: Series {
                bucket_us: end / buckets as u64 + 1,
                started: zeros.clone(),
                ended: zeros.clone(),
                messages: zeros.clone(),
                commits: zeros.clone(),
                forced: zeros.clone(),
                faults: zeros,
            },
            ..Metrics::default()
        },
    };
    for (at, event) in events.iter().enumerate() {
        count.take(cast, EventIx(at as u32), event);
    }
    count.finish(cast, trace)
}

/// What a transaction has done so far.
#[derive(Clone, Default)]
struct Ledger {
    started: Micros,
    answered: bool,
    /// How often each step was done, less how often it was undone.
    standing: Vec<i32>,
    /// The window that is open, by its place.
    window: Option<usize>,
    last_effect: Option<EventIx>,
}

/// What a node is at.
#[derive(Clone, Default)]
struct Lane {
    /// Arrivals in the queue, the oldest first.
    queue: std::collections::VecDeque<Micros>,
    /// Work being served: its arrival, from when to when.
    serving: Vec<(Micros, Micros, Micros)>,
    in_system: Vec<Micros>,
}

struct Counting {
    bucket_us: Micros,
    last: usize,
    nodes: Vec<Lane>,
    txns: BTreeMap<TxnId, Ledger>,
    windows: Vec<Window>,
    latency: Vec<Micros>,
    answer: Vec<Micros>,
    out: Metrics,
}

impl Counting {
    fn bucket(&self, at: Micros) -> usize {
        usize::try_from(at / self.bucket_us).unwrap_or(self.last).min(self.last)
    }

    fn take(&mut self, cast: &Cast, ix: EventIx, event: &Event) {
        let bucket = self.bucket(event.at);
        match &event.kind {
            EventKind::Started { flow, .. } => {
                self.out.series.started[bucket] += 1;
                let steps = cast.flows.get(flow.ix()).map_or(0, |info| info.steps.len());
                if let Some(txn) = event.txn {
                    let ledger =
                        Ledger { started: event.at, standing: vec![0; steps], ..Ledger::default() };
                    self.txns.insert(txn, ledger);
                }
            }
            EventKind::Acknowledged { .. } => self.answered(event),
            EventKind::Ended { outcome, .. } => {
                self.out.series.ended[bucket] += 1;
                self.answered(event);
                self.ended(event, *outcome);
            }
            EventKind::Sent { .. } | EventKind::Published { .. } => {
                self.out.series.messages[bucket] += 1;
                self.out.messages += 1;
            }
            EventKind::Committed { effects, log_records, forced, .. } => {
                self.out.series.commits[bucket] += 1;
                self.out.series.forced[bucket] += u64::from(*forced);
                self.out.forced += u64::from(*forced);
                self.out.log_records += u64::from(*log_records);
                for of in effects {
                    self.effect(ix, event.at, *of);
                }
            }
            EventKind::Prepared { log_records, forced, .. }
            | EventKind::RolledBack { log_records, forced, .. } => {
                self.out.series.forced[bucket] += u64::from(*forced);
                self.out.forced += u64::from(*forced);
                self.out.log_records += u64::from(*log_records);
            }
            EventKind::OutboxMarked { .. } => self.out.log_records += 1,
            EventKind::Duplicated { .. } | EventKind::Dropped { .. } | EventKind::ReplyLost => {
                self.out.series.faults[bucket] += 1;
            }
            EventKind::Crashed { .. } => {
                self.out.series.faults[bucket] += 1;
                self.crash(event);
            }
            EventKind::Arrived { .. }
            | EventKind::Fetched { .. }
            | EventKind::ServiceStarted { .. }
            | EventKind::Handled { .. }
            | EventKind::Consumed { .. }
            | EventKind::Revoked { .. } => self.queue(event, bucket),
            _ => {}
        }
    }

    fn answered(&mut self, event: &Event) {
        let Some(ledger) = event.txn.and_then(|txn| self.txns.get_mut(&txn)) else { return };
        if !std::mem::replace(&mut ledger.answered, true) {
            self.answer.push(event.at - ledger.started);
        }
    }

    fn ended(&mut self, event: &Event, outcome: Outcome) {
        let Some(ledger) = event.txn.and_then(|txn| self.txns.get_mut(&txn)) else { return };
        if outcome != Outcome::Unknown {
            self.latency.push(event.at - ledger.started);
        }
        // A step that did not apply leaves no effect: the end says that nothing is missing.
        if outcome == Outcome::Committed
            && let Some(open) = ledger.window.take()
        {
            self.windows[open].closed = ledger.last_effect;
        }
    }

    fn effect(&mut self, ix: EventIx, at: Micros, of: StepRef) {
        let Some(ledger) = self.txns.get_mut(&of.txn) else { return };
        ledger.last_effect = Some(ix);
        if let Some(standing) = ledger.standing.get_mut(of.step.ix()) {
            *standing += if of.dir == Direction::Do { 1 } else { -1 };
        }
        let whole =
            ledger.standing.iter().all(|n| *n > 0) || ledger.standing.iter().all(|n| *n == 0);
        match (ledger.window, whole) {
            (None, false) => {
                ledger.window = Some(self.windows.len());
                // The time of its opening, until its end is known.
                self.windows.push(Window { txn: of.txn, opened: ix, closed: None, us: at });
            }
            (Some(open), true) => {
                self.windows[open].closed = Some(ix);
                ledger.window = None;
            }
            _ => {}
        }
    }

    fn queue(&mut self, event: &Event, bucket: usize) {
        let Some(lane) = self.nodes.get_mut(event.node.ix()) else { return };
        match &event.kind {
            EventKind::Arrived { .. } | EventKind::Fetched { .. } => {
                lane.queue.push_back(event.at);
                let length = lane.queue.len() as u32;
                let node = &mut self.out.nodes[event.node.ix()];
                node.queue_max = node.queue_max.max(length);
                node.queue[bucket] = node.queue[bucket].max(length);
            }
            EventKind::ServiceStarted { until } => {
                let arrived = lane.queue.pop_front().unwrap_or(event.at);
                lane.serving.push((arrived, event.at, *until));
            }
            _ => {
                // The work that is due now; work without a service of its own leaves the queue.
                let due = lane.serving.iter().position(|(_, _, until)| *until <= event.at);
                let arrived = match due {
                    Some(at) => {
                        let (arrived, from, until) = lane.serving.remove(at);
                        self.busy(event.node.ix(), from, until);
                        Some(arrived)
                    }
                    None => lane.queue.pop_front(),
                };
                if let Some(arrived) = arrived {
                    self.nodes[event.node.ix()].in_system.push(event.at - arrived);
                }
            }
        }
    }

    fn crash(&mut self, event: &Event) {
        let Some(lane) = self.nodes.get_mut(event.node.ix()) else { return };
        lane.queue.clear();
        for (_, from, until) in std::mem::take(&mut lane.serving) {
            self.busy(event.node.ix(), from, until.min(event.at));
        }
    }

    /// Adds worker time to the buckets that it falls into.
    fn busy(&mut self, node: usize, from: Micros, until: Micros) {
        let node_out = &mut self.out.nodes[node];
        node_out.busy_us += until - from;
        let mut at = from;
        while at < until {
            let bucket = usize::try_from(at / self.bucket_us).unwrap_or(self.last).min(self.last);
            let edge = if bucket == self.last {
                until
            } else {
                ((at / self.bucket_us + 1) * self.bucket_us).min(until)
            };
            node_out.busy[bucket] += edge - at;
            at = edge;
        }
    }

    fn finish(mut self, cast: &Cast, trace: &Trace) -> Metrics {
        let end = self.out.end;
        for at in 0..self.nodes.len() {
            for (_, from, until) in std::mem::take(&mut self.nodes[at].serving) {
                self.busy(at, from, until.min(end).max(from));
            }
            let lane = std::mem::take(&mut self.nodes[at]);
            let node = &mut self.out.nodes[at];
            node.in_system = Durations::of(lane.in_system);
            node.available_us = end.saturating_mul(u64::from(cast.nodes[at].workers));
        }
        for window in &mut self.windows {
            let closed = window.closed.and_then(|ix| trace.get(ix)).map_or(end, |event| event.at);
            window.us = closed - window.us;
        }
        self.out.windows = self.windows;
        self.out.latency = Durations::of(self.latency);
        self.out.answer = Durations::of(self.answer);
        self.out
    }
}
