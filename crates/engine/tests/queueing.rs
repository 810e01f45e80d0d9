//! The simulator's queues against queueing theory.
//!
//! The scenario is one service with one step: Poisson arrivals, a network without delay, no retries.
//! Time in system is from the arrival of the request at the service to the end of its handling. The
//! mean service time is 100,000 microseconds, so that rounding each draw to a whole one, which is
//! without bias to the first order, moves a mean by less than a millionth of it.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod guarantees;
mod models;

use guarantees::run;
use interleave_engine::event::EventKind;
use interleave_engine::ids::NodeIx;
use interleave_engine::scenario::Scenario;
use interleave_engine::session::{RunStats, measure};
use models::oracles::{read, rows, text};
use serde_json::{Value, json};

/// The mean service time in microseconds: the oracle's unit of time.
const UNIT_US: f64 = 100_000.0;

/// A station: arrivals each unit of time, workers, and the distribution of the service time.
fn station(rate: f64, workers: u64, service: Value, count: u64, seed: u64) -> Scenario {
    let document = json!({
        "interleave": 1,
        "title": "One station",
        "coupling": "database-per-service",
        "services": [{ "name": "desk", "workers": workers, "service_time_us": service }],
        "transactions": [{
            "name": "visit",
            "steps": [{ "name": "serve", "service": "desk", "do": [{ "op": "read", "key": "a:b" }] }]
        }],
        "workload": {
            "arrivals": { "per-second": rate * 1e6 / UNIT_US },
            "count": count,
            "mix": [{ "transaction": "visit" }]
        },
        "network": { "delay_us": { "constant": 0 } },
        "retries": { "timeout_us": 3_600_000_000_u64, "attempts": 1 },
        "options": { "inbox": false },
        "limits": { "events": 5_000_000, "time_us": 86_400_000_000_u64 },
        "seed": seed
    });
    interleave_engine::scenario::parse(&document.to_string()).unwrap()
}

fn exponential() -> Value {
    json!({ "exponential": { "mean": UNIT_US } })
}

fn mean(times: &[u64]) -> f64 {
    times.iter().map(|time| *time as f64).sum::<f64>() / times.len() as f64 / UNIT_US
}

/// Mean times in system of independent runs, each of `count` arrivals into an empty station.
fn means(runs: u64, count: u64, scenario: impl Fn(u64, u64) -> Scenario) -> Vec<f64> {
    let one = |seed| {
        let stats: RunStats = measure(&scenario(count, seed)).unwrap();
        let times = &stats.services[0].latencies_us;
        assert_eq!(times.len() as u64, count, "everyone is served");
        assert_eq!(stats.latencies_us, *times, "and gets the answer at once");
        mean(times)
    };
    (1..=runs).map(one).collect()
}

fn number(row: &Value, field: &str) -> f64 {
    row[field].as_f64().unwrap_or_else(|| panic!("no number {field} in {row}"))
}

fn rows_of(system: &str) -> Vec<Value> {
    rows(&read("queueing.json"), &format!("/values/{system}"))
}

/// M/M/1: the mean time in system lies within four standard errors of the oracle's, and the standard
/// error follows from the number of samples.
///
/// Times in system of successive customers are correlated. With service rate 1 and arrival rate r,
/// let T' = max(T - A, 0) + S be the next time in system. The function h(T) = rT²/(2(1-r)) + T solves
/// Poisson's equation h(T) - E[h(T')|T] = T - 1/(1-r), as one checks by inserting it. Hence
/// (a) n times the variance of the mean of n successive times tends to 2 E[(T - m) h(T)] - Var(T),
/// which for the exponential stationary T is ((1+r)/(1-r)²)²; and (b) a run that starts empty has a
/// sum of times that is short by E[h(T∞)] - E[h(S)] = r/(1-r)³ + 1/(1-r) - r/(1-r) - 1.
#[test]
fn mm1_has_the_mean_time_in_system_of_the_oracle() {
    let mut seen = Vec::new();
    for row in rows_of("MM1") {
        let (id, rho) = (text(&row, "id"), number(&row, "rho"));
        if !["q.MM1.1", "q.MM1.2", "q.MM1.4"].contains(&id) {
            continue;
        }
        seen.push(id.to_owned());
        assert_eq!((number(&row, "mu"), number(&row, "c")), (1.0, 1.0), "{id}");
        let (runs, count) = if id == "q.MM1.4" { (25, 40_000) } else { (5, 20_000) };
        let found = means(runs, count, |count, seed| {
            station(number(&row, "lam"), 1, exponential(), count, seed)
        });
        let found = found.iter().sum::<f64>() / runs as f64;
        let idle = 1.0 - rho;
        let short = rho / (idle * idle * idle) + 1.0 / idle - rho / idle - 1.0;
        let expected = number(&row, "W") - short / count as f64;
        let error = (1.0 + rho) / (idle * idle) / ((runs * count) as f64).sqrt();
        println!("{id}: {found:.4} against {expected:.4}, standard error {error:.4}");
        assert!(
            (found - expected).abs() < 4.0 * error,
            "{id}: {found} against {expected} ± {error}"
        );
    }
    assert_eq!(seen, ["q.MM1.1", "q.MM1.2", "q.MM1.4"]);
}

/// More workers, and constant service times. There is no short formula for the variance of a mean of
/// correlated times here, so it is taken from the spread of the runs' means, which are independent: with
/// k runs their mean differs from its expectation by Student's t with k - 1 degrees of freedom times the
/// standard error. For k = 16, |t| is below 4.07 but for one sample in a thousand. The empty start makes
/// each mean too short by less than a fifth of the error (by (b) above with the load 0.75: 48 / 5,000).
#[test]
fn mmc_and_md1_have_the_mean_time_in_system_of_the_oracle() {
    let runs = 16;
    let mut seen = 0;
    let constant = || json!({ "constant": UNIT_US });
    let systems = [("MMc", exponential as fn() -> Value), ("MD1", constant)];
    for (system, service) in systems {
        for row in rows_of(system) {
            let (id, rho) = (text(&row, "id"), number(&row, "rho"));
            let workers = row["c"].as_u64().unwrap_or(1);
            if !(0.3..0.76).contains(&rho) || !(1..=8).contains(&workers) {
                continue;
            }
            seen += 1;
            let found = means(runs, 5_000, |count, seed| {
                station(number(&row, "lam"), workers, service(), count, seed)
            });
            let mean = found.iter().sum::<f64>() / runs as f64;
            let square = |one: &f64| (one - mean) * (one - mean);
            let variance = found.iter().map(square).sum::<f64>() / (runs - 1) as f64;
            let error = (variance / runs as f64).sqrt();
            let expected = number(&row, "W");
            println!("{id}: {mean:.4} against {expected:.4}, standard error {error:.4}");
            assert!(
                (mean - expected).abs() < 4.07 * error,
                "{id}: {mean} and {expected} ± {error}"
            );
        }
    }
    assert!(seen >= 3, "only {seen} rows of the oracle");
}

/// Little's law over a window that begins and ends empty is an identity of whole numbers: the time
/// integral of the number in system is the sum of the times in system. The integral is taken over the
/// trace, the times in system come from the statistics.
#[test]
fn littles_law_holds_exactly_from_empty_to_empty() {
    for (rate, workers, seed) in [(0.8, 1, 1), (0.5, 1, 2), (1.5, 2, 3)] {
        let session = run(&station(rate, workers, exponential(), 4_000, seed));
        let desk = NodeIx(1);
        let (mut inside, mut largest, mut area, mut last) = (0_u64, 0, 0_u128, 0);
        let (mut clients, mut clients_area) = (0_u64, 0_u128);
        for event in session.trace().events() {
            assert!(event.at >= last, "time only moves on");
            area += u128::from(inside) * u128::from(event.at - last);
            clients_area += u128::from(clients) * u128::from(event.at - last);
            last = event.at;
            match event.kind {
                EventKind::Arrived { .. } if event.node == desk => inside += 1,
                EventKind::Handled { .. } if event.node == desk => inside -= 1,
                EventKind::Started { .. } => clients += 1,
                EventKind::Ended { .. } => clients -= 1,
                _ => {}
            }
            largest = largest.max(inside);
        }
        assert_eq!((inside, clients), (0, 0), "the window ends empty");
        assert!(largest > 5, "there was a queue: {largest}");
        let stats = session.stats();
        let sum = |times: &[u64]| times.iter().map(|time| u128::from(*time)).sum::<u128>();
        assert_eq!(area, sum(&stats.services[0].latencies_us), "of the service");
        assert_eq!(clients_area, sum(&stats.latencies_us), "of the clients");
    }
}

/// Counting without a trace counts the same.
#[test]
fn measuring_without_a_trace_gives_the_statistics_of_the_run() {
    for case in guarantees::shipped_cases().into_iter().chain(guarantees::hostile_cases()) {
        let name = case.name();
        assert_eq!(measure(&case.document).unwrap(), run(&case.document).stats(), "{name}");
    }
}
