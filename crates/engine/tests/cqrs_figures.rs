//! What the three modes of CQRS cost, each against its closed form, in one table.
//!
//! The closed forms are those of `oracles/cqrs_replication.json`: the slowest acknowledgement and the
//! product of availabilities (`cqrs.r1`), a constant lag (`async_deterministic_lag`), one applier in
//! order (`async_apply_MM1`), copies at each write (`full_copy_each_write`). Tolerances are about four
//! standard errors of the number of samples.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod breaks_support;

use breaks_support::run;

use std::collections::BTreeMap;

use interleave_engine::event::EventKind;
use interleave_engine::ids::TxnId;
use interleave_engine::scenario::{self, Scenario};
use interleave_engine::session::Session;
use serde_json::{Value, json};

const MODES: [(&str, &str); 3] = [
    ("cqrs-write-all", "write-all"),
    ("cqrs-copy-at-each-write", "copy at each write"),
    ("cqrs-event-driven", "event-driven"),
];

/// One service with two replicas, payments and questions; `change` is laid over it.
fn document(read: &str, change: &Value) -> Scenario {
    let mut document = json!({
        "interleave": 1,
        "title": "Figures",
        "coupling": { "write": "uncoordinated", "read": read, "store": "rows" },
        "services": [{
            "name": "accounts",
            "workers": 1000,
            "service_time_us": { "constant": 1000 },
            "rows": { "account:a": 0 },
        }],
        "transactions": [{
            "name": "pay",
            "steps": [{
                "name": "deposit",
                "service": "accounts",
                "do": [{ "op": "add", "key": "account:a", "by": 1 }],
            }],
        }],
        "queries": [{ "name": "balance", "reads": [{ "service": "accounts", "key": "account:a" }] }],
        "workload": {
            "arrivals": { "every-us": 10_000 },
            "count": 4_000,
            "mix": [{ "transaction": "pay" }],
        },
        "broker": { "relay_us": { "constant": 0 } },
        "network": { "delay_us": { "constant": 0 } },
        "options": { "replicas": 2, "inbox": false },
        "limits": { "events": 2_000_000 },
    });
    for (field, value) in change.as_object().unwrap() {
        document[field] = value.clone();
    }
    scenario::parse(&document.to_string()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// How long each payment took to be answered, in milliseconds; none where it was never done.
fn latencies(session: &dyn Session) -> Vec<Option<f64>> {
    let mut started: BTreeMap<TxnId, u64> = BTreeMap::new();
    let mut took: BTreeMap<TxnId, f64> = BTreeMap::new();
    for event in session.trace().events() {
        let Some(txn) = event.txn else { continue };
        match event.kind {
            EventKind::Started { .. } => {
                started.insert(txn, event.at);
            }
            EventKind::Acknowledged { .. } => {
                took.entry(txn).or_insert((event.at - started[&txn]) as f64 / 1e3);
            }
            _ => {}
        }
    }
    started.keys().map(|txn| took.get(txn).copied()).collect()
}

fn mean(of: &[f64]) -> f64 {
    of.iter().sum::<f64>() / of.len() as f64
}

/// Links between the primary and its replicas with an exponential delay of this mean, in both
/// directions.
fn exponential_links(mean_us: f64, replicas: usize) -> Value {
    let link = |from: &str, to: &str| json!({ "from": from, "to": to, "delay_us": { "exponential": { "mean": mean_us } } });
    let links: Vec<Value> = (1..=replicas)
        .map(|n| format!("accounts-replica-{n}"))
        .flat_map(|name| [link("accounts", &name), link(&name, "accounts")])
        .collect();
    json!({ "delay_us": { "constant": 0 }, "links": links })
}

/// The mean of the slowest of so many round trips, each of two exponential delays of mean 1: the
/// integral of 1 - F(t)^n, with F(t) = 1 - (1 + t) e^-t.
fn slowest_round_trip(replicas: i32) -> f64 {
    let step = 1e-3;
    let above = |t: f64| 1.0 - libm::pow(1.0 - (1.0 + t) * libm::exp(-t), f64::from(replicas));
    (0..40_000).map(|n| above((f64::from(n) + 0.5) * step) * step).sum()
}

/// How long payments take: one service time in all modes, and with write-all the slowest round trip.
fn write_latency(read: &str) -> (f64, f64) {
    let network = exponential_links(2_000.0, 2);
    let session = run(document(read, &json!({ "network": network })));
    let all: Vec<f64> = latencies(&*session).into_iter().map(Option::unwrap).collect();
    let expected = 1.0 + if read == "cqrs-write-all" { 2.0 * slowest_round_trip(2) } else { 0.0 };
    (mean(&all), expected)
}

/// Two replicas that are down for a fifth and a tenth of the time, as often together as chance would
/// have it: the share of payments that are done at the first attempt.
fn availability(read: &str) -> (f64, f64) {
    let crash = |node: &str, at: u64, for_us: u64| json!({ "fault": { "crash": node }, "at_us": at, "for_us": for_us });
    let change = json!({
        "workload": {
            "arrivals": { "every-us": 1_000 },
            "count": 1_000,
            "mix": [{ "transaction": "pay" }],
        },
        "faults": [
            crash("accounts-replica-1", 100_500, 200_000),
            crash("accounts-replica-2", 280_500, 100_000),
        ],
    });
    let session = run(document(read, &change));
    let all = latencies(&*session);
    let done = all.iter().filter(|took| took.is_some_and(|took| took < 10.0)).count();
    let expected = if read == "cqrs-write-all" { 0.8 * 0.9 } else { 1.0 };
    (done as f64 / all.len() as f64, expected)
}

/// The share of stale rows among those read, as the run itself measures it.
fn stale(session: &dyn Session) -> f64 {
    let properties = session.properties();
    let staleness = properties.iter().find(|property| property.id == "staleness").unwrap();
    let words = staleness.measure.clone().unwrap();
    let numbers: Vec<f64> = words.split(' ').filter_map(|word| word.parse().ok()).collect();
    numbers[0] / numbers[1]
}

/// Payments as a Poisson process of rate 10 a second, beside as many questions, and a constant lag of
/// 50 ms between a commit and its replicas: a random question is answered with an old row with
/// probability 1 - exp(-lag · rate).
fn constant_lag(read: &str) -> (f64, f64) {
    let lag = json!({ "constant": 50_000 });
    let mut links: Vec<Value> = (1..=2)
        .map(|n| json!({ "from": "accounts", "to": format!("accounts-replica-{n}"), "delay_us": lag }))
        .collect();
    // A record is seen by all its consumers at once, this long after it is stored.
    links.push(json!({ "from": "broker", "to": "accounts", "delay_us": lag }));
    let change = json!({
        "workload": {
            "arrivals": { "per-second": 20 },
            "count": 8_000,
            "mix": [{ "transaction": "pay" }, { "query": "balance" }],
        },
        "network": { "delay_us": { "constant": 0 }, "links": links },
        "retries": { "timeout_us": 10_000_000 },
    });
    let expected = if read == "cqrs-write-all" { 0.0 } else { 1.0 - libm::exp(-0.5) };
    (stale(&*run(document(read, &change))), expected)
}

/// After how many milliseconds each version of the row was at the first replica.
fn lags(session: &dyn Session) -> Vec<f64> {
    let cast = session.cast();
    let at = |name: &str| cast.dbs.iter().position(|db| db.name == name).unwrap();
    let (primary, replica) = (at("accounts"), at("accounts-replica-1"));
    let (mut committed, mut lags) = (Vec::new(), Vec::new());
    for event in session.trace().events() {
        let EventKind::Committed { db, changes, .. } = &event.kind else { continue };
        if db.ix() == primary {
            committed.push(event.at);
        }
        for change in changes.iter().filter(|_| db.ix() == replica) {
            if cast.sym(change.key.table) == "version of account" {
                let row = change.after.as_ref().unwrap();
                let version = row.fields().next().unwrap().1.as_int().unwrap() as usize;
                lags.push((event.at - committed[version - 1]) as f64 / 1e3);
            }
        }
    }
    lags
}

/// One applier that takes records in one after the other: M/M/1 with 50 changes and 100 places a
/// second. A change is visible within t with probability 1 - exp(-(mu - lambda) t).
#[test]
fn event_driven_staleness_is_that_of_one_applier_in_order() {
    let change = json!({
        "workload": {
            "arrivals": { "per-second": 50 },
            "count": 20_000,
            "mix": [{ "transaction": "pay" }],
        },
        "options": {
            "replicas": 1,
            "inbox": false,
            "apply_time_us": { "exponential": { "mean": 10_000 } },
        },
    });
    let session = run(document("cqrs-event-driven", &change));
    let lags = lags(&*session);
    assert_eq!(lags.len(), 20_000);
    println!("mean {:.2} ms (20)", mean(&lags));
    assert!((mean(&lags) - 20.0).abs() < 1.6, "{}", mean(&lags));
    for (t, hidden) in [(10.0, 0.606_530_659_7), (50.0, 0.082_084_998_62), (100.0, 0.006_737_947)] {
        let share = lags.iter().filter(|lag| **lag > t).count() as f64 / lags.len() as f64;
        println!("not visible after {t} ms: {share:.4} ({hidden:.4})");
        assert!((share - hidden).abs() < 0.025, "{t}: {share}");
    }
}

/// Copies of 10 ms each: where writes come each 20 ms every copy is done in time; each 8 ms the k-th
/// is behind by C + (k-1)(C-d).
#[test]
fn copies_keep_up_or_fall_ever_further_behind() {
    for (every, lag_of) in [(20_000_u64, 0.0), (8_000, 2.0)] {
        let change = json!({
            "services": [{
                "name": "accounts",
                "service_time_us": { "constant": 0 },
                "rows": { "account:a": 0 },
            }],
            "workload": {
                "arrivals": { "every-us": every },
                "count": 10,
                "mix": [{ "transaction": "pay" }],
            },
            "retries": { "timeout_us": 10_000_000 },
            "options": {
                "replicas": 1,
                "inbox": false,
                "apply_time_us": { "constant": 10_000 },
            },
        });
        let lags = lags(&*run(document("cqrs-copy-at-each-write", &change)));
        let expected: Vec<f64> = (0..10).map(|k| 10.0 + f64::from(k) * lag_of).collect();
        assert_eq!(lags, expected, "a write each {every} µs");
    }
}

/// 64 clients that only ask: questions answered a second, and how busy the primary is.
fn throughput(read: &str, replicas: u8) -> (f64, f64) {
    let change = json!({
        "services": [{
            "name": "accounts",
            "workers": 1,
            "service_time_us": { "constant": 1000 },
            "read_time_us": { "constant": 10_000 },
            "rows": { "account:a": 0 },
        }],
        "workload": {
            "arrivals": { "clients": { "clients": 64, "think_us": { "constant": 0 } } },
            "count": 3_000,
            "mix": [{ "transaction": "pay", "weight": 1 }, { "query": "balance", "weight": 19 }],
        },
        "retries": { "timeout_us": 10_000_000 },
        "options": { "replicas": replicas, "inbox": false },
    });
    let session = run(document(read, &change));
    let answers = session.trace().of_kind("query-answered");
    let times: Vec<u64> = answers.map(|(ix, _)| session.trace().get(ix).unwrap().at).collect();
    let rate = times.len() as f64 / (*times.last().unwrap() as f64 / 1e6);
    (rate, session.stats().services[0].utilization)
}

#[test]
fn the_modes_side_by_side() {
    println!(
        "{:<20} {:>24} {:>24} {:>24}",
        "mode", "write latency, ms", "writes at first try", "stale with 50 ms lag"
    );
    for (read, name) in MODES {
        let (took, slowest) = write_latency(read);
        let (done, up) = availability(read);
        let (stale, lagging) = constant_lag(read);
        println!(
            "{name:<20} {took:>14.3} ({slowest:>6.3}) {done:>15.3} ({up:>5.3}) {stale:>15.4} ({lagging:>6.4})"
        );
        assert!((took - slowest).abs() < 0.2, "{name}: {took} is not {slowest}");
        assert!((done - up).abs() < 0.01, "{name}: {done} is not {up}");
        assert!((stale - lagging).abs() < 0.04, "{name}: {stale} is not {lagging}");
    }
}

/// Reads scale with the replicas, while the primary is left to its writes.
#[test]
fn reads_scale_with_the_replicas() {
    let (alone, busy) = throughput("direct", 1);
    println!("{:<10} {:>16} {:>14}", "replicas", "answers/s", "primary busy");
    println!("{:<10} {alone:>16.1} {busy:>13.1}%", "none", busy = busy * 100.0);
    assert!((alone - 100.0).abs() < 5.0, "one worker answers 100 a second: {alone}");
    let mut before = 0.0;
    for replicas in [1, 2, 4, 8] {
        let (rate, busy) = throughput("cqrs-event-driven", replicas);
        println!("{replicas:<10} {rate:>16.1} {busy:>13.1}%", busy = busy * 100.0);
        let most = 100.0 * f64::from(replicas);
        assert!(rate > 0.85 * most && rate <= 1.01 * most, "{replicas}: {rate}");
        assert!(busy < 0.06 * f64::from(replicas), "{replicas}: the primary is busy {busy}");
        assert!(rate > before);
        before = rate;
    }
}
