//! The closed forms of staleness in `cqrs_replication.json`: quorums by drawing them, replication
//! pipelines and appliers as stations of the engine, copies to all as queries to all.

use interleave_engine::ids::Micros;
use interleave_engine::rng::{Draws, Purpose};
use serde_json::{Value, json};

use super::estimate::{Found, equal, mean_and_error, number, whole};
use super::fan_out::{FanOut, Leg, key};
use super::queueing::{Queue, Time, all, field_unknown, percent};
use super::record::{Not, Record, id, judged, rows, same};
use super::stations::{Network, Visit};

/// Runs the records.
pub(crate) fn run(oracle: &Value) -> Vec<Record> {
    let mut records = Vec::new();
    for row in rows(oracle, "/pbs_k_staleness/rows") {
        records.push(judged(&id(row), versions_behind(row)));
    }
    for (model, part) in oracle["staleness_models"].as_object().into_iter().flatten() {
        let check: fn(&Value) -> Result<String, Not> = match model.as_str() {
            "async_pipeline_MGinf" => pipeline,
            "async_apply_MM1" => applier,
            "async_deterministic_lag" => constant_lag,
            "full_copy_each_write" => full_copy,
            "sync_write_all" => write_all,
            "rule_of_W_plus_R" => {
                for (rule, lists) in part.as_object().into_iter().flatten() {
                    for list in lists.as_array().into_iter().flatten() {
                        let checked = strict_quorum(rule, list);
                        records.push(judged(&format!("staleness.quorum.{list}"), checked));
                    }
                }
                continue;
            }
            _ => |_| Err(Not::Supported("no such model of staleness is known".to_owned())),
        };
        for (ix, row) in rows(part, "/rows").iter().enumerate() {
            let name =
                row["id"].as_str().map_or_else(|| format!("staleness.{model}.{ix}"), str::to_owned);
            records.push(judged(&name, check(row)));
        }
    }
    records
}

/// A quorum of so many replicas, as the bits of a word: the smallest of the replicas' draws.
fn quorum(draws: &Draws, replicas: u32, size: u32, trial: u32, salt: u32) -> u32 {
    let draw = |replica: u32| draws.bits(Purpose::Input, key(trial, salt * 64 + replica));
    let mut order: Vec<(u64, u32)> =
        (0..replicas).map(|replica| (draw(replica), replica)).collect();
    order.sort_unstable();
    order[..size as usize].iter().fold(0, |bits, (_, replica)| bits | 1 << replica)
}

/// The share of read quorums that miss a write quorum, over all of them.
fn missed(replicas: u32, reads: u32, writes: u32) -> f64 {
    let written = (1_u32 << writes) - 1;
    let quorums = (0_u32..1 << replicas).filter(|bits| bits.count_ones() == reads);
    let (misses, all) = quorums
        .fold((0, 0), |(misses, all), bits| (misses + u32::from(bits & written == 0), all + 1));
    f64::from(misses) / f64::from(all)
}

/// How many versions behind a read is, where each write and each read takes any quorum.
fn versions_behind(row: &Value) -> Result<String, Not> {
    let replicas = whole(row, "N", 1..=16)? as u32;
    let reads = whole(row, "R", 1..=replicas.into())? as u32;
    let writes = whole(row, "W", 1..=replicas.into())? as u32;
    let misses = missed(replicas, reads, writes);
    let mut held = vec![equal("p_miss_latest", misses, number(row, "p_miss_latest")?)?];
    let bounds = row["P_within_k"].as_object().into_iter().flatten();
    let bounds: Vec<(u32, f64)> = bounds
        .map(|(k, p)| Some((k.parse().ok().filter(|k| (1..=64).contains(k))?, p.as_f64()?)))
        .collect::<Option<_>>()
        .ok_or_else(|| Not::Supported("its `P_within_k` cannot be read".to_owned()))?;
    let most = bounds.iter().map(|(k, _)| *k).max().unwrap_or(1);
    let (draws, trials) = (Draws::new(14), 6_000);
    // The newest version that the read's quorum has, counted from the newest of all.
    let behind = |trial: u32| {
        let read = quorum(&draws, replicas, reads, trial, 0);
        (1..=most).find(|k| quorum(&draws, replicas, writes, trial, *k) & read != 0)
    };
    let behind: Vec<Option<u32>> = (0..trials).map(behind).collect();
    for (k, expected) in bounds {
        let within = behind.iter().flatten().filter(|behind| **behind <= k).count();
        let share = within as f64 / f64::from(trials);
        let found = Found::share_of(&[share], trials.into(), expected);
        held.push(found.hold(&format!("within {k}"), expected)?);
        let all_missed = (0..k).fold(1.0, |all, _| all * misses);
        equal(&format!("within {k}"), 1.0 - all_missed, expected)?;
    }
    all(held)
}

/// `strict quorum iff R+W>N`: rows of N, the two sizes, and whether every two quorums meet.
fn strict_quorum(rule: &str, list: &Value) -> Result<String, Not> {
    let unread = || Not::Supported(format!("`{list}` cannot be read"));
    if !rule.starts_with("strict quorum") {
        return Err(unread());
    }
    let number = |ix: usize| list[ix].as_u64().and_then(|n| u32::try_from(n).ok());
    let (replicas, one, other) = (
        number(0).filter(|n| (1..=16).contains(n)).ok_or_else(unread)?,
        number(1).ok_or_else(unread)?,
        number(2).ok_or_else(unread)?,
    );
    if one > replicas || other > replicas {
        return Err(unread());
    }
    let meets = missed(replicas, one, other) == 0.0;
    same("whether all quorums meet", &Some(meets), &list[3].as_bool())?;
    Ok("all quorums were tried".to_owned())
}

/// Writes are copied one beside the other: a station where nobody waits.
fn lag(row: &Value, time: Time, names: [&str; 2]) -> Result<Queue, Not> {
    Queue::endless(number(row, names[0])?, number(row, names[1])? / 1_000.0, time)
}

fn figures(
    row: &Value,
    parameters: &[&str],
    hold: impl Fn(&str) -> Result<Option<String>, Not>,
) -> Result<String, Not> {
    let mut held = Vec::new();
    for (field, _) in row.as_object().into_iter().flatten() {
        if field != "id" && !parameters.contains(&field.as_str()) {
            held.push(hold(field)?.ok_or_else(|| field_unknown(field))?);
        }
    }
    all(held)
}

fn is(inside: bool) -> f64 {
    f64::from(u8::from(inside))
}

fn pipeline(row: &Value) -> Result<String, Not> {
    // Any distribution will do; two are tried.
    let names = ["lam_per_s", "D_ms"];
    let queues = [lag(row, Time::Exponential, names)?, lag(row, Time::Uniform, names)?];
    figures(row, &names, |field| {
        let expected = number(row, field)?;
        let held = queues.iter().map(|queue| match field {
            "P_caught_up" => queue.over_time(field, |n| is(n == 0), expected).map(Some),
            "mean_in_flight" => queue.mean_inside(field, expected).map(Some),
            _ => Ok(None),
        });
        held.collect::<Result<Option<Vec<_>>, _>>().map(|held| held.map(|held| held.join("; ")))
    })
}

fn constant_lag(row: &Value) -> Result<String, Not> {
    let names = if row["lam_per_s"].is_null() { ["lam", "D_ms"] } else { ["lam_per_s", "D_ms"] };
    let queue = lag(row, Time::Constant, names)?;
    figures(row, &names, |field| match field {
        // A read at a random time is stale while a write is under way.
        "P_stale" => queue.over_time(field, |n| is(n > 0), number(row, field)?).map(Some),
        _ => Ok(None),
    })
}

/// One applier, first come, first served.
fn applier(row: &Value) -> Result<String, Not> {
    let (lam, mu) = (number(row, "lam")?, number(row, "mu")?);
    let queue = Queue::new(lam, 1.0 / mu, 1, Time::Exponential)?;
    figures(row, &["lam", "mu"], |field| {
        Ok(Some(match field {
            "mean_lag_events" => {
                let lag = number(row, field)?;
                let stale = number(row, "mean_staleness_ms").unwrap_or(lag / lam * 1_000.0);
                equal(field, lam * stale / 1_000.0, lag)?;
                queue.mean_inside(field, lag)?
            }
            "mean_staleness_ms" => {
                queue.mean_time(field, Visit::sojourn, number(row, field)? / 1_000.0)?
            }
            "RYW_violation_at_ms" => {
                let mut held = Vec::new();
                for (think, broken) in row[field].as_object().into_iter().flatten() {
                    let unread = || Not::Supported(format!("`{think}` cannot be read"));
                    let limit: f64 = think.parse().map_err(|_| unread())?;
                    let broken = broken.as_f64().ok_or_else(unread)?;
                    // One's own write is seen if it was applied by then.
                    let seen =
                        queue.at_most(think, Visit::sojourn, limit / 1_000.0, 1.0 - broken)?;
                    held.push(seen);
                }
                held.join("; ")
            }
            other => match other.strip_prefix('p').and_then(|rest| rest.strip_suffix("_ms")) {
                Some(p) => {
                    let limit = number(row, field)? / 1_000.0;
                    queue.at_most(field, Visit::sojourn, limit, percent(p)?)?
                }
                None => return Ok(None),
            },
        }))
    })
}

/// Writes at equal distances, each of which copies everything: one copy after the other.
fn full_copy(row: &Value) -> Result<String, Not> {
    let (size, rate) = (number(row, "S_rows")?, number(row, "rate")?);
    let (copy_ms, every_ms) = (size / rate * 1_000.0, number(row, "d_ms")?);
    let micros = |ms: f64| libm::round(ms * 1_000.0) as Micros;
    let network = Network {
        stations: vec![(1, json!({ "constant": micros(copy_ms) }))],
        arrivals: json!({ "every-us": micros(every_ms) }),
        count: 40,
        before: 0,
    };
    let run = network.run(1)?;
    let visits = &run.stations[0].visits;
    let staleness = |nth: usize| {
        let visit = nth.checked_sub(1).and_then(|ix| visits.get(ix));
        visit
            .map(|visit| visit.sojourn() as f64 / 1_000.0)
            .ok_or_else(|| Not::Supported(format!("{nth} writes are not run")))
    };
    figures(row, &["S_rows", "rate", "d_ms"], |field| {
        Ok(Some(match field {
            "C_ms" => equal(field, copy_ms, number(row, field)?)?,
            "stable" => {
                let stays = staleness(40)? <= staleness(1)?;
                same(field, &Some(stays), &row[field].as_bool())?;
                format!("stable {stays}")
            }
            other => {
                let nth = other
                    .strip_prefix("staleness_")
                    .and_then(|rest| rest.split_once("th_write_fifo"));
                let Some(nth) = nth.and_then(|(nth, _)| nth.parse().ok()) else { return Ok(None) };
                equal(field, staleness(nth)?, number(row, field)?)?
            }
        }))
    })
}

/// A write that asks all copies and waits for all.
fn write_all(row: &Value) -> Result<String, Not> {
    let copies = whole(row, "N", 1..=50)? as usize;
    figures(row, &["N", "replica_ms"], |field| {
        let expected = number(row, field)?;
        if field == "write_latency" {
            let times: Vec<f64> = row["replica_ms"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_f64)
                .collect();
            same("the number of replicas", &times.len(), &copies)?;
            let legs = times.iter().map(|time| Leg {
                delay_us: json!({ "constant": libm::round(time * 1_000.0) }),
                loss: 0.0,
            });
            let answers = FanOut { legs: legs.collect(), attempts: 1, queries: 2 }.run()?;
            let latency = answers.first().map_or(0, |answer| answer.latency);
            return equal(field, latency as f64 / 1_000.0, expected).map(Some);
        }
        let all_copies = |delay_us: Value, loss: f64| {
            FanOut { legs: vec![Leg { delay_us, loss }; copies], attempts: 1, queries: 4_000 }.run()
        };
        if let Some(mean) =
            field.strip_prefix("E_write_exp_mean").and_then(|n| n.parse::<f64>().ok())
        {
            let answers = all_copies(json!({ "exponential": { "mean": mean * 1_000.0 } }), 0.0)?;
            let times: Vec<f64> = answers.iter().map(|a| a.latency as f64 / 1_000.0).collect();
            let (found, error) = mean_and_error(&times);
            let samples = times.len() as f64;
            let found = Found::of_samples(found, error * samples.sqrt(), samples);
            return found.hold(field, expected).map(Some);
        }
        let Some(digits) = field.strip_prefix("avail_a_") else { return Ok(None) };
        let one: f64 = format!("0.{digits}").parse().map_err(|_| field_unknown(field))?;
        equal(field, (0..copies).fold(1.0, |all, _| all * one), expected)?;
        let answers = all_copies(json!({ "constant": 10 }), 1.0 - one)?;
        let complete = answers.iter().filter(|answer| answer.legs == copies).count();
        let share = complete as f64 / answers.len() as f64;
        Found::share_of(&[share], answers.len() as f64, expected).hold(field, expected).map(Some)
    })
}
