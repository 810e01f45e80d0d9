//! `api_composition.json`: how long and how surely a query over several services is answered.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use interleave_engine::ids::Micros;
use interleave_engine::rng::Draws;
use interleave_engine::scenario::document::Distribution;
use serde_json::{Value, json};

use super::estimate::{Found, equal, number, whole};
use super::fan_out::{Answer, FanOut, Leg, MOST_LEGS, draw, in_sequence};
use super::networks::fork_join;
use super::queueing::{all, field_unknown, percent};
use super::record::{Not, Record, id, judged, rows};

/// A leg's mean, in microseconds.
const UNIT_US: f64 = 100_000.0;

/// Runs the records.
pub(crate) fn run(oracle: &Value) -> Vec<Record> {
    let mut records = Vec::new();
    for (group, part) in oracle["values"].as_object().into_iter().flatten() {
        match part {
            Value::Array(rows) => {
                records.extend(rows.iter().map(|row| judged(&id(row), record(group, row))));
            }
            _ => {
                let why = "it is recalled figures of a system whose distributions are not given";
                let name = group.split(' ').next().unwrap_or_default();
                records.push(judged(&format!("api.{name}"), Err(Not::Supported(why.to_owned()))));
            }
        }
    }
    let joins = rows(oracle, "/fork_join_2_MM1").iter();
    records.extend(joins.map(|row| judged(&id(row), fork_join(row))));
    records.extend(rows(oracle, "/rules").iter().map(|row| {
        judged(
            &id(row),
            Err(Not::Supported("it is a sentence; its figures are the rows".to_owned())),
        )
    }));
    records
}

fn record(group: &str, row: &Value) -> Result<String, Not> {
    match group.split(['=', ' ']).next().unwrap_or_default() {
        "P_any_slow" => any_slow(row),
        "required_leaf_percentile_for_fanout" => required(row),
        "E_max_exp_mean1" => slowest(row, &exponential(), Some(exponential_below)),
        "E_max_U01" => slowest(row, &uniform(), None),
        "availability_serial" => available(row, whole(row, "n", 1..=10_000)?),
        "availability_parallel" => available(row, 1),
        "k_of_n" => available(row, whole(row, "k", 1..=10_000)?),
        "retry_success" => retried(row),
        "retry_amplification" => amplified(row),
        "N_plus_1" => one_by_one(row),
        "sequential_vs_parallel" => both_ways(row),
        _ => Err(Not::Supported(format!("no group `{group}` is known"))),
    }
}

fn exponential() -> Distribution {
    Distribution::Exponential { mean: UNIT_US }
}

fn uniform() -> Distribution {
    Distribution::Uniform { min: 0.0, max: UNIT_US }
}

/// The share of an exponential with mean 1 at or below a limit.
fn exponential_below(limit: f64) -> f64 {
    1.0 - libm::exp(-limit)
}

/// The latencies of queries over `n` equal legs, each independent of the others, and a word on how
/// they were made: by the scenario where it can have so many services, else by the engine's draws
/// for each leg, the largest of which is when the last has answered.
fn latencies(n: u64, of: &Distribution) -> Result<(Rc<Vec<Micros>>, &'static str), Not> {
    thread_local! {
        static MADE: RefCell<BTreeMap<String, Rc<Vec<Micros>>>> = const { RefCell::new(BTreeMap::new()) };
    }
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    if n > 10_000 {
        return Err(Not::Supported(format!("{n} legs are too many")));
    }
    let is_run = n <= MOST_LEGS;
    let how = if is_run { "in a scenario" } else { "by the engine's draws" };
    let key = format!("{n} {of:?}");
    if let Some(made) = MADE.with_borrow(|made| made.get(&key).cloned()) {
        return Ok((made, how));
    }
    let made: Vec<Micros> = if is_run {
        let delay_us = serde_json::to_value(of)
            .map_err(|error| Not::Supported(format!("no such distribution: {error}")))?;
        let queries = (40_000 / n as u64).clamp(800, 4_000);
        let legs = vec![Leg { delay_us, loss: 0.0 }; n];
        let answers = FanOut { legs, attempts: 1, queries }.run()?;
        answers.iter().map(|answer| answer.latency).collect()
    } else {
        let draws = Draws::new(12);
        let trials = (1_000_000 / n as u32).clamp(600, 4_000);
        let worst = |trial| (0..n as u32).map(|leg| draw(&draws, of, trial, leg)).max();
        (0..trials).filter_map(worst).collect()
    };
    let made = Rc::new(made);
    MADE.with_borrow_mut(|all| all.insert(key, Rc::clone(&made)));
    Ok((made, how))
}

/// The share of latencies at or below a limit, in units.
fn share(latencies: &[Micros], limit: f64, expected: f64) -> Found {
    let limit = limit * UNIT_US;
    let count = latencies.iter().filter(|latency| **latency as f64 <= limit).count();
    let samples = latencies.len() as f64;
    Found::share_of(&[count as f64 / samples], samples, expected)
}

/// The probability that at least `k` of `n` independent legs have what each has with probability `a`:
/// one leg after the other, so that no closed form is repeated.
fn at_least(k: u64, n: u64, a: f64) -> f64 {
    let (k, n) = (k as usize, n as usize);
    let mut so_many = vec![0.0; n + 2];
    so_many[0] = 1.0;
    for leg in 1..=n {
        for count in (0..=leg).rev() {
            let one_less = if count == 0 { 0.0 } else { so_many[count - 1] };
            so_many[count] = so_many[count] * (1.0 - a) + one_less * a;
        }
    }
    so_many[k.min(n + 1)..].iter().sum()
}

fn probability(row: &Value, field: &str) -> Result<f64, Not> {
    let p = number(row, field)?;
    if (0.0..=1.0).contains(&p) {
        Ok(p)
    } else {
        Err(Not::Supported(format!("its `{field}` is no probability")))
    }
}

/// A leg is slow with probability p: beyond that quantile of an exponential.
fn any_slow(row: &Value) -> Result<String, Not> {
    let (p, n) = (probability(row, "p")?, whole(row, "n", 1..=10_000)?);
    let expected = probability(row, "P")?;
    let exact = equal("P", 1.0 - at_least(n, n, 1.0 - p), expected)?;
    let (latencies, how) = latencies(n, &exponential())?;
    let fast = share(&latencies, -libm::log(p), 1.0 - expected);
    Ok(format!("{exact}; {how}: {}", fast.hold("all fast", 1.0 - expected)?))
}

fn required(row: &Value) -> Result<String, Not> {
    let n = whole(row, "n", 1..=10_000)?;
    let (target, leaf) = (probability(row, "target")?, probability(row, "leaf")?);
    let exact = equal("target", at_least(n, n, leaf), target)?;
    let (latencies, how) = latencies(n, &exponential())?;
    let found = share(&latencies, -libm::log(1.0 - leaf), target);
    Ok(format!("{exact}; {how}: {}", found.hold("all within the leaf's percentile", target)?))
}

/// The mean and percentiles of the slowest of n legs.
fn slowest(row: &Value, of: &Distribution, below: Option<fn(f64) -> f64>) -> Result<String, Not> {
    let n = whole(row, "n", 1..=10_000)?;
    let (latencies, how) = latencies(n, of)?;
    let samples = latencies.len() as f64;
    let mut held = vec![how.to_owned()];
    for (field, _) in row.as_object().into_iter().flatten() {
        if ["id", "n"].contains(&field.as_str()) {
            continue;
        }
        let expected = number(row, field)?;
        if field == "E" {
            let units: Vec<f64> = latencies.iter().map(|one| *one as f64 / UNIT_US).collect();
            let (mean, error) = super::estimate::mean_and_error(&units);
            let deviation = error * samples.sqrt();
            held.push(Found::of_samples(mean, deviation, samples).hold(field, expected)?);
            if let Some(below) = below {
                held.push(equal("E", area_above(n, below), expected)?);
            }
        } else {
            let p = percent(field.strip_prefix('p').ok_or_else(|| field_unknown(field))?)?;
            held.push(share(&latencies, expected, p).hold(field, p)?);
            if let Some(below) = below {
                held.push(equal(field, at_least(n, n, below(expected)), p)?);
            }
        }
    }
    all(held)
}

/// The mean of the largest of n: the area above its distribution (Simpson's rule).
fn area_above(n: u64, below: fn(f64) -> f64) -> f64 {
    let (steps, width) = (8_000_u32, 0.01);
    let above = |at: f64| {
        let mut all = 1.0;
        (0..n).for_each(|_| all *= below(at));
        1.0 - all
    };
    let weight = |ix: u32| match ix {
        0 => 1.0,
        ix if ix == steps => 1.0,
        ix if ix % 2 == 1 => 4.0,
        _ => 2.0,
    };
    (0..=steps).map(|ix| weight(ix) * above(f64::from(ix) * width)).sum::<f64>() * width / 3.0
}

/// At least k of n legs answer, each with probability a.
fn available(row: &Value, k: u64) -> Result<String, Not> {
    let (a, n) = (probability(row, "a")?, whole(row, "n", 1..=MOST_LEGS as u64)?);
    let expected = probability(row, "A")?;
    let mut held = vec![equal("A", at_least(k, n, a), expected)?];
    for (field, _) in row.as_object().into_iter().flatten() {
        match field.as_str() {
            "id" | "a" | "n" | "k" | "A" => {}
            "down_min_30d" => {
                held.push(equal(
                    field,
                    (1.0 - expected) * 30.0 * 24.0 * 60.0,
                    number(row, field)?,
                )?);
            }
            other => return Err(field_unknown(other)),
        }
    }
    let leg = Leg { delay_us: json!({ "constant": 10 }), loss: 1.0 - a };
    let queries = (60_000 / n).clamp(1_500, 4_000);
    let answers = FanOut { legs: vec![leg; n as usize], attempts: 1, queries }.run()?;
    let enough = answers.iter().filter(|answer| answer.legs as u64 >= k).count();
    let share = enough as f64 / queries as f64;
    held.push(Found::share_of(&[share], queries as f64, expected).hold("answered", expected)?);
    all(held)
}

fn one_leg(loss: f64, attempts: u64, queries: u64) -> Result<Vec<Answer>, Not> {
    let leg = Leg { delay_us: json!({ "constant": 10 }), loss };
    FanOut { legs: vec![leg], attempts, queries }.run()
}

/// One leg that fails with probability q and is asked again.
fn retried(row: &Value) -> Result<String, Not> {
    let (q, retries) = (probability(row, "q")?, whole(row, "retries", 0..=50)?);
    let answers = one_leg(q, retries + 1, 4_000)?;
    let samples = answers.len() as f64;
    let answered = answers.iter().filter(|answer| answer.legs == 1).count() as f64 / samples;
    let mut held = Vec::new();
    for (field, _) in row.as_object().into_iter().flatten() {
        if ["id", "q", "retries"].contains(&field.as_str()) {
            continue;
        }
        let expected = number(row, field)?;
        held.push(match field.as_str() {
            "P" => {
                equal(field, at_least(1, retries + 1, 1.0 - q), expected)?;
                Found::share_of(&[answered], samples, expected).hold(field, expected)?
            }
            "E_attempts" => {
                let reached = (0..=retries).map(|before| 1.0 - at_least(1, before, 1.0 - q));
                equal(field, reached.sum(), expected)?;
                let counts: Vec<f64> = answers.iter().map(|a| a.requests as f64).collect();
                let (mean, error) = super::estimate::mean_and_error(&counts);
                let deviation = error * samples.sqrt();
                Found::of_samples(mean, deviation, samples)
                    .or_rounded(10.0 / samples)
                    .hold(field, expected)?
            }
            other => return Err(field_unknown(other)),
        });
    }
    all(held)
}

/// All attempts of all layers fail.
fn amplified(row: &Value) -> Result<String, Not> {
    let (retries, depth) = (whole(row, "r", 0..=50)?, whole(row, "depth", 1..=20)?);
    if depth > 1 {
        let why =
            "services do not ask services that ask services here: there is one layer of retries";
        return Err(Not::Supported(why.to_owned()));
    }
    let answers = one_leg(1.0, retries + 1, 3)?;
    let each =
        answers.iter().map(|answer| equal("calls", answer.requests as f64, number(row, "calls")?));
    all(each.collect::<Result<_, _>>()?)
}

/// A list, and then a question for each of its entries, against one question for all of them. What a
/// question takes follows from the two of the batch.
fn one_by_one(row: &Value) -> Result<String, Not> {
    let parents = whole(row, "parents", 0..=1_000)? as usize;
    let batch_ms = number(row, "latency_batched_ms")?;
    let each_us = libm::round(batch_ms * 1_000.0 / number(row, "queries_batched")?) as u64;
    let (naive, naive_questions) = in_sequence(&vec![each_us; 1 + parents])?;
    let (batched, batched_questions) = in_sequence(&[each_us; 2])?;
    let figures = [
        ("queries_naive", naive_questions as f64),
        ("queries_batched", batched_questions as f64),
        ("latency_seq_ms", naive as f64 / 1_000.0),
        ("latency_batched_ms", batched as f64 / 1_000.0),
    ];
    let held = figures.iter().map(|(field, found)| equal(field, *found, number(row, field)?));
    all(held.collect::<Result<_, _>>()?)
}

fn both_ways(row: &Value) -> Result<String, Not> {
    let times: Option<Vec<u64>> = row["legs_ms"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|time| {
            time.as_f64().filter(|t| *t >= 0.0 && *t < 1e6).map(|t| libm::round(t * 1_000.0) as u64)
        })
        .collect();
    let times = times.filter(|times| !times.is_empty());
    let times = times.ok_or_else(|| Not::Supported("it has no list `legs_ms`".to_owned()))?;
    let legs = times.iter().map(|time| Leg { delay_us: json!({ "constant": time }), loss: 0.0 });
    let at_once = FanOut { legs: legs.collect(), attempts: 1, queries: 2 }.run()?;
    let at_once = at_once.first().map_or(0, |answer| answer.latency);
    let (in_turn, _) = in_sequence(&times)?;
    Ok([
        equal("sequential", in_turn as f64 / 1_000.0, number(row, "sequential")?)?,
        equal("parallel", at_once as f64 / 1_000.0, number(row, "parallel")?)?,
    ]
    .join("; "))
}
