//! Networks of stations as scenarios: each service is a station with its workers and service times,
//! a flow visits them one after the other, and the network takes no time.
//!
//! What a visit is comes from the events of the run: arrived, began to be served, handled.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use interleave_engine::event::EventKind;
use interleave_engine::ids::{Micros, TxnId};
use interleave_engine::scenario;
use interleave_engine::session::{RunState, watch};
use serde_json::{Value, json};

use super::estimate::RUNS;
use super::record::Not;

/// The times of one visit at one station.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    pub(crate) txn: TxnId,
    pub(crate) arrived: Micros,
    pub(crate) started: Micros,
    pub(crate) ended: Micros,
}

/// What one run showed of one station.
#[derive(Clone, Debug, Default)]
pub(crate) struct Station {
    /// The visits in the order of their ends.
    pub(crate) visits: Vec<Visit>,
    /// The number in the station from each moment on.
    pub(crate) inside: Vec<(Micros, u32)>,
}

/// One run: its stations in the order of the flow, and what clients saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub(crate) stations: Vec<Station>,
    /// Of each transaction when it started and ended.
    pub(crate) clients: Vec<(Micros, Micros)>,
}

/// A network of stations. Times are in the units of the row; `unit_us` is one of them.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Network {
    /// Workers and service time, in microseconds, of each.
    pub(crate) stations: Vec<(u64, Value)>,
    /// Arrivals as a document has them.
    pub(crate) arrivals: Value,
    /// How many arrive.
    pub(crate) count: u64,
    /// Services that nobody visits, before the others: they give these nodes other numbers, and so
    /// other draws, under the same arrivals.
    pub(crate) before: usize,
}

impl Network {
    fn document(&self, seed: u64) -> Value {
        let idle = (0..self.before).map(|ix| json!({ "name": format!("idle{ix}") }));
        let services: Vec<Value> = idle
            .chain(self.stations.iter().enumerate().map(|(ix, (workers, service))| {
                let name = format!("station{ix}");
                json!({ "name": name, "workers": workers, "service_time_us": service })
            }))
            .collect();
        let step = |ix| {
            json!({
                "name": format!("visit{ix}"), "service": format!("station{ix}"),
                "do": [{ "op": "read", "key": "a:b" }],
            })
        };
        let steps: Vec<Value> = (0..self.stations.len()).map(step).collect();
        json!({
            "interleave": 1, "title": "Stations", "coupling": "database-per-service",
            "services": services,
            "transactions": [{ "name": "tour", "steps": steps }],
            "workload": {
                "arrivals": self.arrivals, "count": self.count, "mix": [{ "transaction": "tour" }]
            },
            "network": { "delay_us": { "constant": 0 } },
            "retries": { "timeout_us": 3_600_000_000_u64, "attempts": 1 },
            "options": { "inbox": false },
            "limits": { "events": 5_000_000, "time_us": 86_400_000_000_u64 },
            "seed": seed
        })
    }

    /// One run to its end.
    pub(crate) fn run(&self, seed: u64) -> Result<Run, Not> {
        let document = self.document(seed).to_string();
        let scenario = scenario::parse(&document).map_err(|problems| {
            Not::Supported(format!("the engine has no such scenario: {problems:?}"))
        })?;
        let first = self.before + 1;
        let mut run =
            Run { stations: vec![Station::default(); self.stations.len()], ..Run::default() };
        let mut inside = vec![0_u32; self.stations.len()];
        let mut open: Vec<BTreeMap<TxnId, (Micros, Micros)>> = vec![BTreeMap::new(); inside.len()];
        let end = watch(&scenario, &mut |event| {
            let Some(txn) = event.txn else { return };
            match event.kind {
                EventKind::Started { .. } => run.clients.push((event.at, event.at)),
                EventKind::Ended { .. } => {
                    if let Some(client) = run.clients.get_mut(txn.0 as usize) {
                        client.1 = event.at;
                    }
                }
                _ => {}
            }
            let Some(ix) = usize::from(event.node.0).checked_sub(first) else { return };
            let Some(station) = run.stations.get_mut(ix) else { return };
            match event.kind {
                EventKind::Arrived { .. } => {
                    open[ix].insert(txn, (event.at, event.at));
                    inside[ix] += 1;
                    station.inside.push((event.at, inside[ix]));
                }
                EventKind::ServiceStarted { .. } => {
                    open[ix].entry(txn).and_modify(|times| times.1 = event.at);
                }
                EventKind::Handled { .. } => {
                    if let Some((arrived, started)) = open[ix].remove(&txn) {
                        station.visits.push(Visit { txn, arrived, started, ended: event.at });
                        inside[ix] -= 1;
                        station.inside.push((event.at, inside[ix]));
                    }
                }
                _ => {}
            }
        });
        match end {
            Ok(RunState::AtRest) => Ok(run),
            Ok(other) => Err(Not::Supported(format!("the run ends with {other:?}"))),
            Err(problems) => Err(Not::Supported(format!("it cannot be run: {problems:?}"))),
        }
    }

    /// The runs of all seeds, made once for each network.
    pub(crate) fn runs(&self) -> Result<Rc<Vec<Run>>, Not> {
        thread_local! {
            static MADE: RefCell<BTreeMap<String, Rc<Vec<Run>>>> = const { RefCell::new(BTreeMap::new()) };
        }
        let key = format!("{self:?}");
        if let Some(made) = MADE.with_borrow(|made| made.get(&key).cloned()) {
            return Ok(made);
        }
        let runs: Vec<Run> = (1..=RUNS).map(|seed| self.run(seed)).collect::<Result<_, _>>()?;
        let runs = Rc::new(runs);
        MADE.with_borrow_mut(|made| made.insert(key, Rc::clone(&runs)));
        Ok(runs)
    }
}

/// The part of a run in which it is settled: without the customers first to end, and up to the last
/// arrival.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    pub(crate) station: &'a Station,
    pub(crate) visits: &'a [Visit],
    from: Micros,
    to: Micros,
}

impl Station {
    /// What is left after the first customers.
    pub(crate) fn settled(&self, skip: usize) -> Window<'_> {
        let visits = &self.visits[skip.min(self.visits.len())..];
        let from = visits.first().map_or(0, |visit| visit.ended);
        let to = self.visits.iter().map(|visit| visit.arrived).max().unwrap_or(0).max(from);
        Window { station: self, visits, from, to }
    }
}

impl Window<'_> {
    /// The mean of a time over the visits, in microseconds.
    pub(crate) fn mean(&self, time: impl Fn(&Visit) -> Micros) -> f64 {
        let sum: f64 = self.visits.iter().map(|visit| time(visit) as f64).sum();
        sum / self.visits.len().max(1) as f64
    }

    /// The share of visits that have a property.
    pub(crate) fn share(&self, has: impl Fn(&Visit) -> bool) -> f64 {
        let count = self.visits.iter().filter(|visit| has(visit)).count();
        count as f64 / self.visits.len().max(1) as f64
    }

    /// The average over time of a function of the number inside.
    pub(crate) fn over_time(&self, of: impl Fn(u32) -> f64) -> f64 {
        let changes = &self.station.inside;
        let mut area = 0.0;
        for (at, (since, inside)) in changes.iter().enumerate() {
            let until = changes.get(at + 1).map_or(self.to, |(next, _)| *next).min(self.to);
            area += of(*inside) * until.saturating_sub((*since).max(self.from)) as f64;
        }
        area / self.time()
    }

    /// How long it is, in microseconds.
    pub(crate) fn time(&self) -> f64 {
        (self.to - self.from).max(1) as f64
    }

    /// Ends in it each microsecond.
    pub(crate) fn rate(&self) -> f64 {
        let ends = self.visits.iter().filter(|v| self.from < v.ended && v.ended <= self.to);
        ends.count() as f64 / self.time()
    }
}

impl Visit {
    pub(crate) fn wait(&self) -> Micros {
        self.started - self.arrived
    }

    pub(crate) fn sojourn(&self) -> Micros {
        self.ended - self.arrived
    }
}
