//! The sentences of `queueing.json` that a run can be held against, known by their first words.

use interleave_engine::ids::Micros;
use serde_json::Value;

use super::estimate::Found;
use super::queueing::{Queue, Time};
use super::record::{Not, same, text};
use super::stations::{Station, Visit};

/// Holds a sentence.
pub(crate) fn rule(row: &Value) -> Result<String, Not> {
    let words = text(row, "rule")?;
    if words.starts_with("Little") {
        little()
    } else if words.starts_with("PASTA") {
        pasta()
    } else if words.starts_with("M/M/1 sojourn ~ Exp(mu-lam); departures Poisson") {
        burke()
    } else if words.starts_with("M/D/1 mean wait is half of M/M/1") {
        half()
    } else if words.starts_with("determinism: identical seed") {
        same_again()
    } else if words.starts_with("work conservation") {
        work()?;
        let why =
            "the busy time is the work, exactly, but stations serve only in the order of arrival";
        Err(Not::Supported(why.to_owned()))
    } else {
        Err(Not::Supported("it is a sentence".to_owned()))
    }
}

fn queues() -> Result<Vec<Queue>, Not> {
    Ok(vec![
        Queue::new(0.7, 1.0, 1, Time::Exponential)?,
        Queue::new(1.5, 1.0, 2, Time::Exponential)?,
        Queue::new(0.5, 1.0, 1, Time::Constant)?,
    ])
}

/// The integral over time of a function of the number inside, as a whole number.
fn area(station: &Station, of: impl Fn(u32) -> u32) -> u128 {
    let pairs = station.inside.windows(2);
    pairs.map(|pair| u128::from(of(pair[0].1)) * u128::from(pair[1].0 - pair[0].0)).sum()
}

fn sum(station: &Station, time: impl Fn(&Visit) -> Micros) -> u128 {
    station.visits.iter().map(|visit| u128::from(time(visit))).sum()
}

/// Over a window that begins and ends empty it is an identity of whole numbers.
fn little() -> Result<String, Not> {
    for queue in queues()? {
        for run in queue.network.runs()?.iter() {
            let station = &run.stations[0];
            same("the last number inside", &station.inside.last().map(|last| last.1), &Some(0))?;
            same("the time in system", &area(station, |n| n), &sum(station, Visit::sojourn))?;
        }
    }
    Ok("an identity of whole numbers in every run".to_owned())
}

fn work() -> Result<(), Not> {
    for (queue, workers) in queues()?.iter().zip([1, 2, 1]) {
        for run in queue.network.runs()?.iter() {
            let station = &run.stations[0];
            let busy = area(station, |n| n.min(workers));
            same("the busy time", &busy, &sum(station, |v| v.ended - v.started))?;
        }
    }
    Ok(())
}

/// What arrivals find inside, less the average over time, is 0 on average.
fn pasta() -> Result<String, Not> {
    let mut held = Vec::new();
    for queue in queues()? {
        let differences = queue.figures(|window| {
            let (mut found, mut arrivals, mut before) = (0.0, 0.0, 0);
            let from = window.visits.first().map_or(0, |visit| visit.ended);
            for (at, inside) in &window.station.inside {
                if *inside > before && *at >= from {
                    found += f64::from(before);
                    arrivals += 1.0;
                }
                before = *inside;
            }
            found / arrivals - window.over_time(f64::from)
        })?;
        held.push(Found::mean_of(&differences).hold("found less average", 0.0)?);
    }
    Ok(held.join("; "))
}

/// Sojourn times have the deciles of an exponential, and so have the gaps between departures; the
/// gaps are not correlated with the ones before them.
fn burke() -> Result<String, Not> {
    let mut held = Vec::new();
    for lam in [0.3, 0.7] {
        let queue = Queue::new(lam, 1.0, 1, Time::Exponential)?;
        let decile = |p: f64| -libm::log(1.0 - p);
        for p in [0.1, 0.5, 0.9] {
            let limit = decile(p) / (1.0 - lam);
            held.push(queue.at_most("sojourns", Visit::sojourn, limit, p)?);
            let shares = queue.figures(|window| {
                let gaps = window.visits.windows(2).map(|pair| pair[1].ended - pair[0].ended);
                let short = gaps.filter(|gap| *gap as f64 <= decile(p) / lam * queue.unit);
                short.count() as f64 / (window.visits.len() - 1) as f64
            })?;
            held.push(Found::share_of(&shares, 60_000.0, p).hold("gaps", p)?);
        }
        let products = queue.figures(|window| {
            let gap =
                |pair: &[Visit]| (pair[1].ended - pair[0].ended) as f64 / queue.unit * lam - 1.0;
            let triples = window.visits.windows(3);
            triples.map(|three| gap(&three[..2]) * gap(&three[1..])).sum::<f64>()
                / (window.visits.len() - 2) as f64
        })?;
        held.push(Found::mean_of(&products).hold("covariance of gaps", 0.0)?);
    }
    Ok(held.join("; "))
}

/// Half the one mean wait less the other is 0 on average.
fn half() -> Result<String, Not> {
    let mut held = Vec::new();
    for lam in [0.5, 0.8] {
        let wait = |time| -> Result<Vec<f64>, Not> {
            let queue = Queue::new(lam, 1.0, 1, time)?;
            queue.figures(|window| window.mean(Visit::wait) / queue.unit)
        };
        let (random, constant) = (wait(Time::Exponential)?, wait(Time::Constant)?);
        let both = random.iter().zip(&constant);
        let differences: Vec<f64> =
            both.map(|(random, constant)| random / 2.0 - constant).collect();
        held.push(Found::mean_of(&differences).hold("half the wait less the wait", 0.0)?);
    }
    Ok(held.join("; "))
}

/// The same seed gives the same run, and another service time the same arrivals.
fn same_again() -> Result<String, Not> {
    let of = |time| -> Result<Vec<(Micros, Micros, Micros)>, Not> {
        let run = Queue::new(0.6, 1.0, 1, time)?.network.run(7)?;
        let visits = run.stations[0].visits.iter();
        Ok(visits.map(|visit| (visit.arrived, visit.started, visit.ended)).collect())
    };
    let (once, again, other) =
        (of(Time::Exponential)?, of(Time::Exponential)?, of(Time::Constant)?);
    same("the visits", &once, &again)?;
    let arrivals = |visits: &[(Micros, Micros, Micros)]| -> Vec<Micros> {
        visits.iter().map(|visit| visit.0).collect()
    };
    same("the arrivals", &arrivals(&once), &arrivals(&other))?;
    same("whether the runs are the same", &(once == other), &false)?;
    Ok("the same visits, and the same arrivals under another service time".to_owned())
}
