//! Counts and times of a run, taken from its events as they come. No trace is needed.

use std::collections::BTreeMap;

use super::{RunStats, ServiceStats};
use crate::cast::{Cast, NodeKind};
use crate::event::{Event, EventKind};
use crate::ids::{EventIx, Micros, MsgId, PartitionIx, TopicIx, TxnId};
use crate::properties::{Ledger, Rules, Standing};

/// Takes counts from events.
#[derive(Clone, Debug, Default)]
pub(super) struct Counter {
    started: BTreeMap<TxnId, Micros>,
    latencies_us: Vec<u64>,
    messages: u64,
    forced_writes: u64,
    deadlocks: u64,
    arrived: BTreeMap<(u8, MsgId), Micros>,
    fetched: BTreeMap<(u8, TopicIx, PartitionIx, u32), Micros>,
    services: Vec<Station>,
    end: Micros,
}

#[derive(Clone, Debug, Default)]
struct Station {
    latencies_us: Vec<u64>,
    busy_us: u64,
}

impl Counter {
    pub(super) fn new(cast: &Cast) -> Self {
        Self { services: vec![Station::default(); cast.nodes.len()], ..Self::default() }
    }

    pub(super) fn observe(&mut self, _at: EventIx, event: &Event) {
        let node = event.node.0;
        self.end = self.end.max(event.at);
        match &event.kind {
            EventKind::Started { .. } => {
                self.started.extend(event.txn.map(|txn| (txn, event.at)));
            }
            EventKind::Acknowledged { .. } | EventKind::Ended { .. } => {
                if let Some(at) = event.txn.and_then(|txn| self.started.remove(&txn)) {
                    self.latencies_us.push(event.at - at);
                }
            }
            EventKind::Sent { .. } | EventKind::Published { .. } => self.messages += 1,
            EventKind::Committed { forced, .. }
            | EventKind::Prepared { forced, .. }
            | EventKind::RolledBack { forced, .. } => self.forced_writes += u64::from(*forced),
            EventKind::Deadlocked { .. } => self.deadlocks += 1,
            EventKind::Arrived { msg } => {
                self.arrived.insert((node, *msg), event.at);
            }
            EventKind::Fetched { topic, partition, offset } => {
                self.fetched.insert((node, *topic, *partition, *offset), event.at);
            }
            EventKind::Handled { msg } => {
                if let Some(at) = self.arrived.remove(&(node, *msg)) {
                    self.services[usize::from(node)].latencies_us.push(event.at - at);
                }
            }
            EventKind::Consumed { topic, partition, offset, .. } => {
                if let Some(at) = self.fetched.remove(&(node, *topic, *partition, *offset)) {
                    self.services[usize::from(node)].latencies_us.push(event.at - at);
                }
            }
            EventKind::ServiceStarted { until } => {
                self.services[usize::from(node)].busy_us += until - event.at;
            }
            _ => {}
        }
    }

    /// The counts so far; how transactions stand comes from the ledger.
    pub(super) fn stats(&self, cast: &Cast, ledger: &Ledger, rules: &Rules) -> RunStats {
        let sorted = |times: &[u64]| {
            let mut times = times.to_vec();
            times.sort_unstable();
            times
        };
        let mut stats = RunStats {
            latencies_us: sorted(&self.latencies_us),
            messages: self.messages,
            forced_writes: self.forced_writes,
            deadlocks: self.deadlocks,
            ..RunStats::default()
        };
        for (_, record) in ledger.records() {
            stats.started += 1;
            let over = record.ended.is_some() && !record.stuck;
            match record.standing(rules) {
                Standing::Done => stats.committed += 1,
                Standing::Undone if over => stats.compensated += 1,
                Standing::Untouched if over => stats.aborted += 1,
                _ => stats.unfinished += 1,
            }
        }
        for (info, station) in cast.nodes.iter().zip(&self.services) {
            if let NodeKind::Service(_) = info.kind {
                let capacity = self.end as f64 * f64::from(info.workers);
                stats.services.push(ServiceStats {
                    name: info.name.clone(),
                    latencies_us: sorted(&station.latencies_us),
                    utilization: if capacity > 0.0 {
                        (station.busy_us as f64 / capacity).min(1.0)
                    } else {
                        0.0
                    },
                });
            }
        }
        stats
    }
}
