//! Several stations: one after the other, side by side, and closed.
//!
//! A queue with a bounded room is the second station of a closed network of two: with K customers in
//! all, of whom the first station lets one go at the rate of arrivals while it has any, the number at
//! the second changes exactly as in M/M/c/K (Gordon and Newell 1967), and an arrival that would be
//! turned away is the first station standing idle.

use interleave_engine::ids::Micros;
use serde_json::{Value, json};

use super::estimate::{Found, equal, number, whole};
use super::queueing::{Queue, Time, all, field_unknown, identities};
use super::record::{Not, same};
use super::stations::{Network, Run, Visit, Window};

/// The unit of a closed network whose mean times are these.
fn unit_of(means: &[f64]) -> f64 {
    100_000.0 * means.len() as f64 / means.iter().sum::<f64>()
}

/// M/M/c/K with service rate 1, as the second station of a closed network of two.
pub(crate) fn bounded(row: &Value, lam: f64, workers: u64, room: u64) -> Result<String, Not> {
    if !(lam > 0.0 && lam < 1e4) {
        return Err(Not::Supported(format!("the load {lam} is not run")));
    }
    let unit = unit_of(&[1.0 / lam, 1.0]);
    let network = Network {
        stations: vec![
            (1, Time::Exponential.document(unit / lam)),
            (workers, Time::Exponential.document(unit)),
        ],
        arrivals: json!({ "clients": { "clients": room, "think_us": { "constant": 0 } } }),
        count: 1_500 + 20 * room,
        before: 0,
    };
    let runs = network.runs()?;
    let skip = 20 * room as usize;
    let desk = |of: &dyn Fn(&Window<'_>) -> f64| -> Vec<f64> {
        runs.iter().map(|run| of(&run.stations[1].settled(skip))).collect()
    };
    let share_of_time = |expected: f64, number: u64| {
        let shares = desk(&|window| {
            window.over_time(|inside| f64::from(u8::from(u64::from(inside) == number)))
        });
        Found::share_of(&shares, 1_500.0 * runs.len() as f64, expected)
    };
    let mut held = identities(row, &[("L", &["lam_eff", "W"], 1.0)])?;
    if let (Ok(blocked), Ok(rate)) = (number(row, "P_block"), number(row, "lam_eff")) {
        held.push(equal("lam_eff", lam * (1.0 - blocked), rate)?);
    }
    for (field, _) in row.as_object().into_iter().flatten() {
        if ["id", "rho", "K", "a", "c", "lam", "mu", "source"].contains(&field.as_str()) {
            continue;
        }
        let expected = number(row, field)?;
        held.push(match field.as_str() {
            "P_block" | "B" => share_of_time(expected, room).hold(field, expected)?,
            "P0" => share_of_time(expected, 0).hold(field, expected)?,
            "L" => Found::mean_of(&desk(&|window| window.over_time(f64::from)))
                .hold_mean(field, expected)?,
            "lam_eff" => {
                let found = Found::mean_of(&desk(&|window| window.rate() * unit));
                found.hold_mean(field, expected)?
            }
            "W" => Found::mean_of(&desk(&|window| window.mean(Visit::sojourn) / unit))
                .hold_mean(field, expected)?,
            other => return Err(field_unknown(other)),
        });
    }
    all(held)
}

/// Stations one after the other.
pub(crate) fn tandem(row: &Value) -> Result<String, Not> {
    let lam = number(row, "lam")?;
    let rates: Option<Vec<f64>> =
        row["mus"].as_array().into_iter().flatten().map(Value::as_f64).collect();
    let rates = rates.filter(|rates| !rates.is_empty() && rates.len() <= 16);
    let rates = rates.ok_or_else(|| Not::Supported("it has no list `mus`".to_owned()))?;
    let slowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let one = Queue::new(lam, 1.0 / slowest, 1, Time::Exponential)?;
    let network = Network {
        stations: rates
            .iter()
            .map(|rate| (1, Time::Exponential.document(one.unit / rate)))
            .collect(),
        ..one.network
    };
    let runs = network.runs()?;
    let mut held = Vec::new();
    for (field, _) in row.as_object().into_iter().flatten() {
        if ["id", "lam", "mus", "source"].contains(&field.as_str()) {
            continue;
        }
        let expected = number(row, field)?;
        let figures: Vec<f64> = match field.as_str() {
            "W" => runs.iter().map(|run| client_mean(run, one.skip) / one.unit).collect(),
            "L" => {
                let inside = |run: &Run| {
                    run.stations.iter().map(|s| s.settled(one.skip).over_time(f64::from)).sum()
                };
                runs.iter().map(inside).collect()
            }
            other => return Err(field_unknown(other)),
        };
        held.push(Found::mean_of(&figures).hold_mean(field, expected)?);
    }
    all(held)
}

/// The mean of what the clients waited, without the first of them, in microseconds.
fn client_mean(run: &Run, skip: usize) -> f64 {
    let clients = &run.clients[skip.min(run.clients.len())..];
    let sum: f64 = clients.iter().map(|(start, end)| (end - start) as f64).sum();
    sum / clients.len().max(1) as f64
}

/// Two stations, each of which every customer asks for a part at once; the customer leaves with the
/// second part. The two are run one by one with the same arrivals and other service times: draws have
/// keys, and that of an arrival does not depend on the stations.
pub(crate) fn fork_join(row: &Value) -> Result<String, Not> {
    let one = Queue::new(number(row, "lam")?, 1.0 / number(row, "mu")?, 1, Time::Exponential)?;
    let other = Network { before: 1, ..one.network.clone() };
    let (left, right) = (one.network.runs()?, other.runs()?);
    let mut means = Vec::new();
    for (left, right) in left.iter().zip(right.iter()) {
        let starts = |run: &Run| -> Vec<Micros> { run.clients.iter().map(|c| c.0).collect() };
        same("the arrivals of both stations", &starts(left), &starts(right))?;
        // One station serves in the order of arrival, so that both lists have the same order.
        let parts = left.stations[0].visits.iter().zip(&right.stations[0].visits);
        let whole: Vec<f64> = parts
            .skip(one.skip)
            .filter(|(left, right)| left.txn == right.txn)
            .map(|(left, right)| left.sojourn().max(right.sojourn()) as f64)
            .collect();
        same("the customers", &whole.len(), &(one.network.count as usize - one.skip))?;
        means.push(whole.iter().sum::<f64>() / whole.len() as f64 / one.unit);
    }
    let mut controls = one.controls_in(&left);
    // The gaps between arrivals are the same for both; the service times of the other are its own.
    controls.extend(one.controls_in(&right).drain(1..3));
    Found::controlled(&means, &controls).hold_mean("R", number(row, "R")?)
}

/// A closed network with thinking clients; the figures are those of mean value analysis.
pub(crate) fn mean_value(part: &Value, row: &Value) -> Result<String, Not> {
    let demands: Option<Vec<f64>> =
        part["D"].as_array().into_iter().flatten().map(Value::as_f64).collect();
    let demands = demands.filter(|d| !d.is_empty() && d.len() <= 16 && d.iter().all(|d| *d > 0.0));
    let demands = demands.ok_or_else(|| Not::Supported("it has no list `D`".to_owned()))?;
    let (think, clients) = (number(part, "Z")?, whole(row, "N", 1..=500)?);
    let unit = unit_of(&demands);
    let network = Network {
        stations: demands.iter().map(|d| (1, Time::Exponential.document(d * unit))).collect(),
        arrivals: json!({ "clients": {
            "clients": clients, "think_us": Time::Exponential.document(think * unit)
        } }),
        count: 800 + 20 * clients,
        before: 0,
    };
    let (runs, skip) = (network.runs()?, 20 * clients as usize);
    let mean =
        |of: &dyn Fn(&Run) -> f64| Found::mean_of(&runs.iter().map(of).collect::<Vec<f64>>());
    let mut held = Vec::new();
    if let (Ok(rate), Ok(response)) = (number(row, "X"), number(row, "R")) {
        held.push(equal("N", rate * (response + think), clients as f64)?);
    }
    for (field, value) in row.as_object().into_iter().flatten() {
        let last = demands.len() - 1;
        held.push(match field.as_str() {
            "N" | "id" => continue,
            "X" => mean(&|run| run.stations[last].settled(skip).rate() * unit)
                .hold_mean(field, number(row, field)?)?,
            "R" => {
                // The last customers find an emptying network.
                mean(&|run| {
                    let kept = run.clients.len() - clients as usize;
                    let run = Run { clients: run.clients[..kept].to_vec(), ..Run::default() };
                    client_mean(&run, skip) / unit
                })
                .hold_mean(field, number(row, field)?)?
            }
            "Q" => {
                let expected: Vec<f64> =
                    value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
                same("the number of queues", &expected.len(), &demands.len())?;
                let queue = |(ix, expected): (usize, &f64)| {
                    mean(&|run| run.stations[ix].settled(skip).over_time(f64::from))
                        .hold_mean(&format!("Q{ix}"), *expected)
                };
                expected.iter().enumerate().map(queue).collect::<Result<Vec<_>, _>>()?.join("; ")
            }
            other => return Err(field_unknown(other)),
        });
    }
    all(held)
}
