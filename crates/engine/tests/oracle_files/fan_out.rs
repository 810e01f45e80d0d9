//! Queries that ask several services at once, and flows that ask one after the other, as scenarios.
//!
//! The first are queries of `database-per-service`, whose clients ask all owners at once and are done
//! when the last has answered. What a leg takes is the delay of the link to its service; everything
//! else takes no time.

use interleave_engine::event::{EventKind, Shape};
use interleave_engine::ids::Micros;
use interleave_engine::rng::{DrawKey, Draws, Purpose};
use interleave_engine::scenario::document::Distribution;
use interleave_engine::scenario::{self, bounds};
use interleave_engine::session::{RunState, watch};
use serde_json::{Value, json};

use super::record::Not;

/// What a leg is like.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Leg {
    /// A distribution as a document has it, in microseconds.
    pub(crate) delay_us: Value,
    /// The probability that it does not answer an attempt.
    pub(crate) loss: f64,
}

/// Queries over these legs.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct FanOut {
    pub(crate) legs: Vec<Leg>,
    pub(crate) attempts: u64,
    pub(crate) queries: u64,
}

/// One answered query.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Answer {
    pub(crate) latency: Micros,
    /// Legs that answered.
    pub(crate) legs: usize,
    /// Requests sent to services.
    pub(crate) requests: usize,
}

/// An attempt is given up after this time, in microseconds: beyond all delays but of one in 10^22.
const TIMEOUT_US: u64 = 5_000_000;

/// The most legs that a scenario has services for, with room for what patterns bring.
pub(crate) const MOST_LEGS: usize = 50;

impl FanOut {
    /// The answers in the order of the questions.
    pub(crate) fn run(&self) -> Result<Vec<Answer>, Not> {
        if self.legs.is_empty() || self.legs.len() > MOST_LEGS {
            return Err(Not::Supported(format!(
                "a query of {} services is not run",
                self.legs.len()
            )));
        }
        let name = |ix: usize| format!("leg{ix}");
        let caller = "clients";
        let services: Vec<Value> = (0..self.legs.len())
            .map(|ix| json!({ "name": name(ix), "rows": { "row:1": 1 }, "workers": bounds::MAX_WORKERS }))
            .collect();
        let links: Vec<Value> = self
            .legs
            .iter()
            .enumerate()
            .map(|(ix, leg)| {
                json!({ "from": caller, "to": name(ix), "delay_us": leg.delay_us, "loss": leg.loss })
            })
            .collect();
        let reads: Vec<Value> =
            (0..self.legs.len()).map(|ix| json!({ "service": name(ix), "key": "row:1" })).collect();
        let document = json!({
            "interleave": 1, "title": "Fan-out", "coupling": "database-per-service",
            "services": services, "transactions": [],
            "queries": [{ "name": "all", "reads": reads }],
            "workload": {
                "arrivals": { "every-us": 1_000 }, "count": self.queries,
                "mix": [{ "query": "all" }]
            },
            "network": { "delay_us": { "constant": 0 }, "links": links },
            "retries": { "timeout_us": TIMEOUT_US, "attempts": self.attempts, "backoff": 1.0 },
            "limits": { "events": 5_000_000, "time_us": 86_400_000_000_u64 },
            "seed": 11
        });
        let mut answers = vec![Answer::default(); self.queries as usize];
        go(&document, &mut |event| {
            let Some(answer) = event.txn.and_then(|txn| answers.get_mut(txn.0 as usize)) else {
                return;
            };
            match &event.kind {
                EventKind::QueryStarted { .. } => answer.latency = event.at,
                EventKind::QueryAnswered { rows, .. } => {
                    answer.latency = event.at - answer.latency;
                    answer.legs = rows.iter().filter(|(_, _, row)| row.is_some()).count();
                }
                EventKind::Sent { shape: Shape::Query, .. } => answer.requests += 1,
                _ => {}
            }
        })?;
        Ok(answers)
    }
}

/// Runs a document to its end.
pub(crate) fn go(
    document: &Value,
    each: &mut dyn FnMut(&interleave_engine::event::Event),
) -> Result<(), Not> {
    let scenario = scenario::parse(&document.to_string()).map_err(|problems| {
        Not::Supported(format!("the engine has no such scenario: {problems:?}"))
    })?;
    match watch(&scenario, each) {
        Ok(RunState::AtRest) => Ok(()),
        Ok(other) => Err(Not::Supported(format!("the run ends with {other:?}"))),
        Err(problems) => Err(Not::Supported(format!("it cannot be run: {problems:?}"))),
    }
}

/// A flow of steps that take these times at services of their own, one after the other: how long it
/// takes, and how many pieces of work the services did. A flow that is longer than a document may
/// have goes on in another one.
pub(crate) fn in_sequence(times_us: &[u64]) -> Result<(Micros, usize), Not> {
    let (mut latency, mut works) = (0, 0);
    for times in times_us.chunks(bounds::MAX_STEPS - 4) {
        let name = |ix: usize| format!("step{ix}");
        let services: Vec<Value> = times
            .iter()
            .enumerate()
            .map(|(ix, time)| json!({ "name": name(ix), "service_time_us": { "constant": time } }))
            .collect();
        let steps: Vec<Value> = (0..times.len())
            .map(|ix| {
                let read = json!([{ "op": "read", "key": "a:b" }]);
                json!({ "name": name(ix), "service": name(ix), "do": read })
            })
            .collect();
        let document = json!({
            "interleave": 1, "title": "In sequence", "coupling": "database-per-service",
            "services": services, "transactions": [{ "name": "flow", "steps": steps }],
            "workload": { "arrivals": { "at-us": [0] }, "mix": [{ "transaction": "flow" }] },
            "network": { "delay_us": { "constant": 0 } },
            "retries": { "timeout_us": 3_600_000_000_u64, "attempts": 1 },
            "limits": { "events": 5_000_000, "time_us": 86_400_000_000_u64 }, "seed": 1
        });
        go(&document, &mut |event| match event.kind {
            EventKind::Ended { .. } => latency += event.at,
            EventKind::ServiceStarted { .. } => works += 1,
            _ => {}
        })?;
    }
    Ok((latency, works))
}

/// The engine's own draws, for what has no scenario: `of` for the leg of a trial.
pub(crate) fn draw(draws: &Draws, of: &Distribution, trial: u32, leg: u32) -> Micros {
    draws.duration(of, Purpose::Delay, key(trial, leg))
}

/// The key of a draw.
pub(crate) fn key(trial: u32, leg: u32) -> DrawKey {
    DrawKey { txn: interleave_engine::ids::TxnId(trial), salt: leg, ..DrawKey::default() }
}
