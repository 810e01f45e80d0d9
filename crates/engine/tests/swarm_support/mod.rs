//! Random valid scenarios: flows, data, workloads, networks, options and faults of every kind.

use std::collections::BTreeMap;

use interleave_engine::event::EVENT_NAMES;
use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::StepKind;
use interleave_engine::session::patterns;
use serde_json::{Value, json};

use crate::guarantees::Random;

/// Who has accounts at every service.
const HOLDERS: [&str; 3] = ["ann", "ben", "cho"];

/// The rules by which partitions go to members.
const ASSIGNORS: [&str; 4] = ["range", "round-robin", "sticky", "cooperative-sticky"];

/// A generated scenario, and what its promises depend on.
pub(crate) struct Swarm {
    pub(crate) document: Scenario,
    pub(crate) pattern: &'static str,
    /// Whether every compensatable step can be undone.
    pub(crate) undoable: bool,
}

/// The scenario of this number: always the same.
pub(crate) fn scenario(number: u64) -> Swarm {
    let mut r = Random::new(number.wrapping_mul(0x1000_0000_01b3));
    let services = 1 + r.below(4);
    let names: Vec<String> = (0..services).map(|ix| format!("s{ix}")).collect();
    let pattern = r.pick(&patterns()).name;
    let mut undoable = true;
    let mut tallies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut flows = Vec::new();
    let mut invariants = Vec::new();
    for flow in 0..1 + r.below(2) {
        let (steps, pairs) = steps(&mut r, flow, &names, &mut tallies, &mut undoable);
        flows.push(json!({
            "name": format!("f{flow}"), "inputs": ["who", "amount", "mood"], "steps": steps,
        }));
        invariants.extend(pairs);
    }
    let mut services: Vec<Value> =
        names.iter().map(|name| service(&mut r, name, tallies.get(name))).collect();
    for name in &names {
        invariants.push(json!({
            "name": format!("Money of {name}"),
            "sum": { "terms": [{ "service": name, "key": "account:*" }] },
            "when": "always"
        }));
        invariants.push(json!({
            "name": format!("No debt at {name}"),
            "bound": { "service": name, "key": "account:*", "min": 0 },
            "when": "always"
        }));
    }
    let mut faults: Vec<Value> = (0..r.below(5)).map(|_| fault(&mut r, &names)).collect();
    let reads: Vec<Value> =
        names.iter().map(|name| json!({ "service": name, "key": "account:$who" })).collect();
    let mut mix: Vec<Value> = flows.iter().map(|flow| entry(&mut r, flow)).collect();
    if r.one_in(3) {
        mix.push(json!({
            "query": "all", "weight": r.between(1, 2), "inputs": { "who": { "pick": HOLDERS } },
        }));
    }
    // Every other scenario has services of several processes, one of which stands still for a while.
    if number % 2 == 1 {
        for (at, service) in services.iter_mut().enumerate() {
            service["consumers"] = json!(2 + (number / 2 + at as u64) % 2);
        }
        let last = names.last().expect("there is a service");
        let (at, fault) = (number * 1_009 % 40_000, json!({ "pause": format!("{last}-2") }));
        faults.push(json!({ "fault": fault, "at_us": at, "for_us": 40_000 }));
    }
    let document = json!({
        "interleave": 1,
        "title": format!("Swarm {number}"),
        "coupling": pattern,
        "services": services,
        "transactions": flows,
        "queries": [{ "name": "all", "inputs": ["who"], "reads": reads }],
        "workload": { "arrivals": arrivals(&mut r), "count": r.between(1, 12), "mix": mix },
        "network": network(&mut r, &names),
        "broker": {
            "partitions": r.between(1, 3),
            "max_deliveries": r.between(1, 5),
            "relay_us": duration(&mut r, 1_000),
        },
        "retries": {
            "timeout_us": r.between(2_000, 60_000),
            "attempts": r.between(1, 6),
            "backoff": *r.pick(&[1.0, 1.5, 2.0]),
        },
        "options": {
            "outbox": !r.one_in(4),
            "inbox": !r.one_in(4),
            "compensate": *r.pick(&["completed", "failed-too"]),
            "compensation_order": *r.pick(&["sequential", "parallel"]),
            "orchestrator": *r.pick(&["separate", "first-service"]),
            "snapshot_every": number % 4,
            "expected": if number.is_multiple_of(3) { "exact" } else { "any" },
            "coordinator": (["separate", "first-service"][(number % 2) as usize]),
            "reservation_us": ([5_000_000, 0, 30_000][(number % 3) as usize]),
            "composition": (["parallel", "sequential"][(number / 2 % 2) as usize]),
            "compose_timeout_us": 500 + number * 7_919 % 40_000,
            "partial": (["answer", "fail"][(number / 4 % 2) as usize]),
            "snapshot": (["none", "one"][(number / 8 % 2) as usize]),
            "assignor": ASSIGNORS[(number / 2 % 4) as usize],
            "session_timeout_us": 1_000 + number * 6_007 % 30_000,
            "fencing": number.is_multiple_of(5),
        },
        "faults": faults,
        "invariants": invariants,
        "limits": { "events": 30_000, "time_us": 600_000_000 },
        "seed": number,
    });
    let document = interleave_engine::scenario::parse(&document.to_string())
        .unwrap_or_else(|problems| panic!("scenario {number} is valid: {problems:?}"));
    Swarm { document, pattern, undoable }
}

/// The steps of a flow. Each counts itself in a row of its own, so that rows can be held against the
/// ledger: steps that always run must have run equally often at rest.
fn steps(
    r: &mut Random,
    flow: usize,
    names: &[String],
    tallies: &mut BTreeMap<String, Vec<String>>,
    undoable: &mut bool,
) -> (Vec<Value>, Vec<Value>) {
    let count = 1 + r.below(5);
    let pivot = r.below(count + 2);
    let mut all = Vec::new();
    let mut always: Vec<(String, String)> = Vec::new();
    for step in 0..count {
        let kind = match step {
            _ if step < pivot => StepKind::Compensatable,
            _ if step == pivot && r.one_in(2) => StepKind::Pivot,
            _ => StepKind::Retriable,
        };
        let service = r.pick(names).clone();
        let tally = format!("tally:f{flow}s{step}");
        tallies.entry(service.clone()).or_default().push(tally.clone());
        let mut forward = vec![json!({ "op": "add", "key": tally, "by": 1 })];
        let mut undo = vec![json!({ "op": "add", "key": tally, "by": -1 })];
        for _ in 0..r.below(3) {
            let (do_it, take_back) = operation(r, flow, step);
            forward.extend(do_it);
            undo.splice(0..0, take_back);
        }
        let compensatable = kind == StepKind::Compensatable;
        // Some compensatable steps cannot be undone, and some others can without need.
        if compensatable == r.one_in(10) {
            undo.clear();
        }
        *undoable &= !compensatable || !undo.is_empty();
        let mut document = json!({
            "name": format!("f{flow}s{step}"),
            "service": service,
            "kind": kind,
            "do": forward,
            "undo": undo,
        });
        if r.one_in(6) {
            document["if"] = json!({ "input": "mood", "is": "good" });
        } else {
            always.push((service, tally));
        }
        all.push(document);
    }
    let pairs = always.windows(2).map(|pair| {
        let term = |(service, key): &(String, String), times: i64| {
            json!({ "service": service, "key": key, "times": times })
        };
        json!({
            "name": format!("{} as often as {}", pair[0].1, pair[1].1),
            "sum": { "terms": [term(&pair[0], 1), term(&pair[1], -1)], "equals": 0 },
            "when": "at-rest"
        })
    });
    let pairs = pairs.collect();
    (all, pairs)
}

/// What a step does, and what takes it back: money never leaves the service.
fn operation(r: &mut Random, flow: usize, step: usize) -> (Vec<Value>, Vec<Value>) {
    let row = format!("row{flow}{step}:$txn");
    match r.below(5) {
        0 | 1 => (
            vec![
                json!({ "op": "add", "key": "account:$who", "by": "-$amount", "min": 0,
                        "else": "POOR", "missing": "STRANGER" }),
                json!({ "op": "add", "key": "account:pool", "by": "$amount" }),
            ],
            vec![
                json!({ "op": "add", "key": "account:pool", "by": "-$amount" }),
                json!({ "op": "add", "key": "account:$who", "by": "$amount" }),
            ],
        ),
        2 => {
            let fields = json!({ "who": "$who", "state": "NEW" });
            let undo = if r.one_in(2) {
                json!({ "op": "delete", "key": row })
            } else {
                json!({ "op": "set", "key": row, "field": "state", "to": "$reason" })
            };
            // A step may do this twice; the second insert must not refuse the first.
            (
                vec![
                    json!({ "op": "delete", "key": row }),
                    json!({ "op": "insert", "key": row, "fields": fields }),
                ],
                vec![undo],
            )
        }
        3 => (
            vec![json!({ "op": "append", "key": "log:all", "item": "$amount" })],
            vec![json!({ "op": "append", "key": "log:all", "item": "-$amount" })],
        ),
        _ => (vec![json!({ "op": "read", "key": "account:$who" })], vec![]),
    }
}

fn service(r: &mut Random, name: &str, tallies: Option<&Vec<String>>) -> Value {
    let mut rows = serde_json::Map::new();
    rows.insert("account:pool".into(), json!(0));
    for holder in HOLDERS {
        rows.insert(format!("account:{holder}"), json!(r.between(0, 60)));
    }
    for tally in tallies.into_iter().flatten() {
        rows.insert(tally.clone(), json!(0));
    }
    json!({
        "name": name,
        "workers": r.between(1, 3),
        "service_time_us": duration(r, 3_000),
        "rows": rows,
    })
}

fn entry(r: &mut Random, flow: &Value) -> Value {
    let drawn = ["pick", "popular", "cycle"];
    let draw = |r: &mut Random, values: Value| json!({ *r.pick(&drawn): values });
    json!({
        "transaction": flow["name"],
        "weight": r.between(1, 3),
        "inputs": {
            "who": draw(r, json!(["ann", "ben", "cho", "nobody"])),
            "amount": draw(r, json!([1, 5, 20])),
            "mood": draw(r, json!(["good", "bad"])),
        },
    })
}

fn arrivals(r: &mut Random) -> Value {
    match r.below(4) {
        0 => json!({ "at-us": (0..12).map(|n| n * 3_000).collect::<Vec<u64>>() }),
        1 => json!({ "every-us": r.between(0, 20_000) }),
        2 => json!({ "per-second": r.between(20, 2_000) }),
        _ => json!({ "clients": { "clients": r.between(1, 4), "think_us": duration(r, 5_000) } }),
    }
}

fn duration(r: &mut Random, around: i64) -> Value {
    let about = r.between(around / 4, around * 2);
    match r.below(6) {
        0 => json!({ "constant": about }),
        1 => json!({ "constant": 0 }),
        2 => json!({ "uniform": { "min": about / 2, "max": about * 2 } }),
        3 => json!({ "exponential": { "mean": about } }),
        4 => json!({ "log-normal": { "median": about, "sigma": 0.6 } }),
        _ => json!({ "pareto": { "scale": about, "shape": 2.5 } }),
    }
}

fn network(r: &mut Random, names: &[String]) -> Value {
    let probability = |r: &mut Random| *r.pick(&[0.0, 0.0, 0.02, 0.1]);
    let mut network = json!({
        "delay_us": duration(r, 1_000),
        "loss": probability(r),
        "duplicate": probability(r),
        "fifo": r.one_in(3),
    });
    if r.one_in(3) {
        network["links"] = json!([{
            "from": "clients", "to": r.pick(names), "delay_us": duration(r, 4_000), "loss": 0.3,
        }]);
    }
    network
}

/// A fault of any kind, by time or by trigger; some strike what a coupling does not have.
fn fault(r: &mut Random, names: &[String]) -> Value {
    let service = r.pick(names).clone();
    let other = match r.below(4) {
        0 => "orchestrator".to_owned(),
        1 => "broker".to_owned(),
        _ => r.pick(names).clone(),
    };
    let runs = if other == "broker" { service.clone() } else { other.clone() };
    let fault = match r.below(10) {
        0..=2 => json!({ "crash": runs }),
        3 => json!({ "slow": { "node": runs, "times": r.between(2, 20) } }),
        4 => json!({ "pause": runs }),
        5 if other == service => json!({ "partition": [service] }),
        5 => json!({ "partition": [service, other] }),
        6 => json!({ "link": {
            "from": "clients", "to": service, "loss": 0.5, "duplicate": 0.5, "delay_us": 2_000,
        } }),
        7 => json!("broker-outage"),
        8 => json!({ "refuse-writes": runs }),
        _ => json!({ "poison": service }),
    };
    let mut document = json!({ "fault": fault, "for_us": r.between(1, 80_000) });
    if r.one_in(2) {
        document["at_us"] = json!(r.between(0, 60_000));
    } else {
        let node = if r.one_in(5) { other } else { service };
        document["on"] =
            json!({ "event": r.pick(EVENT_NAMES), "node": node, "nth": r.between(1, 6) });
    }
    document
}
