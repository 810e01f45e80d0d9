//! The document: services, a flow or a query, delays.

use std::collections::{BTreeMap, BTreeSet};

use interleave_engine::scenario::bounds::{MAX_LINKS, MAX_NAME, NODES};
use interleave_engine::scenario::document::{
    Arrivals, Bounds, Broker, Budget, Coupling, Distribution, Flow, Limits, Link, MixEntry,
    Network, Operation, Options, Query, QueryRead, Retries, RowValue, Scalar, Scenario, Service,
    Step, StepKind, VERSION, Workload,
};

use super::measure::{Delays, delays};
use super::{Asked, Seen, composition};
use crate::import::recognise::{Finding, Scene};

/// The row of what can be had once, which the second transaction is refused.
const ONCE: &str = "left:all";

/// A scenario of steps.
pub(super) fn flow(
    scene: &Scene<'_>,
    story: u32,
    finding: Option<&Finding>,
    seen: &[Seen],
    notes: &mut Vec<String>,
) -> Scenario {
    let mut names = Names::default();
    let mut step_names = BTreeSet::new();
    let mut rows: BTreeMap<String, BTreeMap<String, RowValue>> = BTreeMap::new();
    let mut written: BTreeSet<(String, String)> = BTreeSet::new();
    let mut steps = Vec::new();
    for of in seen {
        let service = names.service(&of.service);
        let name = unique(plain(&of.name, "step"), &mut step_names);
        let mut forward = Vec::new();
        let mut undo = Vec::new();
        if of.failed {
            rows.entry(service.clone())
                .or_default()
                .insert(ONCE.to_owned(), RowValue::One(Scalar::Int(1)));
            forward.push(add(ONCE, -1, Some("REFUSED")));
            undo.push(add(ONCE, 1, None));
        }
        let stand_in = [name.clone()];
        let tables = if of.tables.is_empty() { &stand_in[..] } else { &of.tables };
        for table in tables {
            let key = format!("{}:$txn", table_name(table));
            if written.insert((service.clone(), key.clone())) {
                let fields = BTreeMap::from([("status".to_owned(), Scalar::Text("DONE".into()))]);
                forward.push(Operation::Insert { key: key.clone(), fields });
                undo.push(Operation::Delete { key });
            } else {
                // The row is there from an earlier step.
                let set = |to: &str| Operation::Set {
                    key: key.clone(),
                    field: "status".into(),
                    to: Scalar::Text(to.into()),
                    missing: None,
                };
                forward.push(set(&name));
                undo.push(set("DONE"));
            }
        }
        undo.reverse();
        let undo_name =
            of.undo_name.as_ref().map(|undo| unique(plain(undo, "undo"), &mut step_names));
        steps.push(step(name, service, forward, undo, undo_name));
    }
    notes.push(
        "rows are stand-ins, one for each table that a step writes: spans carry no data".to_owned(),
    );
    notes.push("every step can be taken back, by deleting what it wrote".to_owned());
    if seen.iter().any(|step| step.failed) {
        notes.push(
            "the step that failed is refused the second time that it is asked for".to_owned(),
        );
    }
    let delays = delays(scene, story);
    let flow = Flow { name: plain(&root_name(scene, story), "flow"), inputs: Vec::new(), steps };
    let entry = MixEntry {
        transaction: Some(flow.name.clone()),
        query: None,
        weight: 1,
        inputs: BTreeMap::new(),
    };
    let gap = length_us(scene, story) / 2;
    let mut scenario = document(scene, story, finding, names, rows, &delays, notes);
    scenario.transactions = vec![flow];
    scenario.workload =
        Workload { arrivals: Arrivals::AtUs(vec![0, gap]), count: None, mix: vec![entry] };
    if finding.is_some_and(|finding| finding.id == "dual-write") {
        scenario.options.outbox = false;
    }
    scenario
}

/// A scenario of a query over rows that a flow changes.
pub(super) fn query(
    scene: &Scene<'_>,
    story: u32,
    finding: Option<&Finding>,
    asked: &[Asked],
    notes: &mut Vec<String>,
) -> Scenario {
    let mut names = Names::default();
    let mut step_names = BTreeSet::new();
    let mut rows: BTreeMap<String, BTreeMap<String, RowValue>> = BTreeMap::new();
    let (mut steps, mut reads) = (Vec::new(), Vec::new());
    // Only N + 1 reads ask one service for many rows.
    let many = finding.is_some_and(|finding| finding.id == "n-plus-one");
    for of in asked {
        let service = names.service(&of.service);
        let table = table_name(of.tables.first().map_or("row", String::as_str));
        let mut forward = Vec::new();
        for nth in 1..=if many { of.rows.max(1) } else { 1 } {
            let key = format!("{table}:{nth}");
            rows.entry(service.clone())
                .or_default()
                .insert(key.clone(), RowValue::One(Scalar::Int(0)));
            reads.push(QueryRead { service: service.clone(), key: key.clone() });
            forward.push(add(&key, 1, None));
        }
        let undo = forward.iter().rev().map(|operation| add(operation.key(), -1, None)).collect();
        let name = unique(plain(&format!("change {}", of.service), "change"), &mut step_names);
        steps.push(step(name, service, forward, undo, None));
    }
    notes.push("rows are stand-ins, one for each answer: spans carry no data".to_owned());
    notes.push(
        "a flow that changes what is asked for was put in, so that an answer can be old or torn"
            .to_owned(),
    );
    let delays = delays(scene, story);
    let mut scenario = document(scene, story, finding, names, rows, &delays, notes);
    let flow = Flow { name: "change".into(), inputs: Vec::new(), steps };
    let query = Query { name: plain(&root_name(scene, story), "query"), inputs: Vec::new(), reads };
    let entry = |transaction: Option<&str>, query: Option<&str>| MixEntry {
        transaction: transaction.map(str::to_owned),
        query: query.map(str::to_owned),
        weight: 0,
        inputs: BTreeMap::new(),
    };
    let gap = length_us(scene, story) / 2;
    scenario.workload = Workload {
        arrivals: Arrivals::AtUs(vec![0, gap, gap.saturating_mul(2)]),
        count: None,
        // They take turns.
        mix: vec![entry(Some(&flow.name), None), entry(None, Some(&query.name))],
    };
    scenario.options.composition = composition(scene, finding);
    scenario.explore.transactions = 2;
    scenario.transactions = vec![flow];
    scenario.queries = vec![query];
    scenario
}

fn document(
    scene: &Scene<'_>,
    story: u32,
    finding: Option<&Finding>,
    names: Names,
    mut rows: BTreeMap<String, BTreeMap<String, RowValue>>,
    delays: &Delays,
    notes: &mut Vec<String>,
) -> Scenario {
    let constant = |time: u64| Distribution::Constant(time as f64);
    let services = names.given.iter().map(|(real, name)| Service {
        name: name.clone(),
        workers: 4,
        consumers: 1,
        service_time_us: constant(delays.service.get(real).copied().unwrap_or(1_000)),
        read_time_us: constant(0),
        rows: rows.remove(name).unwrap_or_default(),
        decimals: 0,
    });
    let known: BTreeMap<&String, &String> =
        names.given.iter().map(|(real, name)| (real, name)).collect();
    let mut links = Vec::new();
    for ((from, to), delay) in &delays.links {
        if let (Some(from), Some(to)) = (known.get(from), known.get(to)) {
            links.push(link(from, to, *delay));
            links.push(link(to, from, *delay));
        }
    }
    if let Some(message) = delays.message {
        for name in known.values() {
            links.push(link(name, "broker", message / 2));
            links.push(link("broker", name, message / 2));
        }
    }
    // A call in both directions was measured from both sides: the first counts.
    let mut seen = BTreeSet::new();
    links.retain(|link| link.from != link.to && seen.insert((link.from.clone(), link.to.clone())));
    links.truncate(MAX_LINKS);
    notes.push(match delays.network {
        Some(network) => format!("the network takes {network} µs each way, half of what calls take longer for who calls: the median"),
        None => "the network takes 1000 µs each way: no call has both its sides in the spans".to_owned(),
    });
    if delays.left_out > 0 {
        notes.push(format!("{} calls were not measured: their clocks disagree", delays.left_out));
    }
    let title = match finding {
        Some(finding) => format!("From a trace: {}", finding.title()),
        None => "From a trace".to_owned(),
    };
    let trace = scene.spans.traces.iter().zip(&scene.stories).find(|(_, of)| **of == story);
    let trace = trace.map(|(trace, _)| plain(&trace.id, "")).unwrap_or_default();
    Scenario {
        interleave: VERSION,
        title,
        about: format!(
            "Made from trace {trace}: its services, its flow and the medians of its delays. Spans carry no data: rows are stand-ins."
        ),
        coupling: Coupling::Named(
            finding.map_or("database-per-service", |finding| finding.coupling).to_owned(),
        ),
        services: services.collect(),
        transactions: Vec::new(),
        queries: Vec::new(),
        workload: Workload { arrivals: Arrivals::AtUs(vec![0]), count: None, mix: Vec::new() },
        explore: Bounds { faults: Budget { crash: 1, ..Budget::default() }, ..Bounds::default() },
        network: Network {
            delay_us: constant(delays.network.unwrap_or(1_000)),
            links,
            ..Network::default()
        },
        broker: Broker::default(),
        retries: retries(delays),
        options: Options::default(),
        faults: Vec::new(),
        invariants: Vec::new(),
        limits: Limits::default(),
        seed: 0,
    }
}

/// Nobody gives up on a call before the slowest service can have answered it.
fn retries(delays: &Delays) -> Retries {
    let slowest = delays.service.values().copied().max().unwrap_or(0);
    let way = delays.network.unwrap_or(1_000).max(delays.message.unwrap_or(0));
    let usual = Retries::default();
    let least = slowest.saturating_add(way).saturating_mul(4).min(60_000_000);
    Retries { timeout_us: usual.timeout_us.max(least), ..usual }
}

fn link(from: &str, to: &str, delay: u64) -> Link {
    let delay_us = Some(Distribution::Constant(delay as f64));
    Link { from: from.to_owned(), to: to.to_owned(), delay_us, loss: None, duplicate: None }
}

fn step(
    name: String,
    service: String,
    forward: Vec<Operation>,
    undo: Vec<Operation>,
    undo_name: Option<String>,
) -> Step {
    Step {
        name,
        service,
        kind: StepKind::Compensatable,
        forward,
        undo,
        undo_name,
        emits: None,
        fails: None,
        undone: None,
        condition: None,
        countermeasures: Vec::new(),
        say: None,
    }
}

fn add(key: &str, by: i64, refusal: Option<&str>) -> Operation {
    Operation::Add {
        key: key.to_owned(),
        field: "value".into(),
        by: Scalar::Int(by),
        min: refusal.map(|_| 0),
        max: None,
        refusal: refusal.map(str::to_owned),
        missing: None,
    }
}

/// What the story's first span is called.
fn root_name(scene: &Scene<'_>, story: u32) -> String {
    let traces = scene.spans.traces.iter().zip(&scene.stories).filter(|(_, of)| **of == story);
    let first = traces
        .filter_map(|(trace, _)| trace.spans.first())
        .min_by_key(|ix| scene.span(**ix).start_ns);
    first.map(|ix| scene.operation_name(scene.span(*ix).entry)).unwrap_or_default()
}

/// How long the story took, at least a millisecond and at most a minute.
fn length_us(scene: &Scene<'_>, story: u32) -> u64 {
    let traces = || {
        scene
            .spans
            .traces
            .iter()
            .zip(&scene.stories)
            .filter(|(_, of)| **of == story)
            .map(|(trace, _)| trace)
    };
    let start = traces().map(|trace| trace.start_ns).min().unwrap_or(0);
    let end = traces().map(|trace| trace.end_ns).max().unwrap_or(0);
    (end.saturating_sub(start) / 1_000).clamp(1_000, 60_000_000)
}

/// The services by their names in the scenario, in the order in which they were met.
#[derive(Default)]
struct Names {
    given: Vec<(String, String)>,
    taken: BTreeSet<String>,
}

impl Names {
    fn service(&mut self, real: &str) -> String {
        if let Some((_, name)) = self.given.iter().find(|(known, _)| known == real) {
            return name.clone();
        }
        let plain = plain(real, "service");
        let plain =
            if NODES.contains(&plain.as_str()) { format!("{plain}-service") } else { plain };
        let name = unique(plain, &mut self.taken);
        self.given.push((real.to_owned(), name.clone()));
        name
    }
}

/// A name that a scenario may have: not empty, not long, no control characters.
fn plain(name: &str, otherwise: &str) -> String {
    let clean: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME - 8).collect();
    let clean = clean.trim();
    if clean.is_empty() { otherwise.to_owned() } else { clean.to_owned() }
}

fn unique(name: String, taken: &mut BTreeSet<String>) -> String {
    let mut given = name.clone();
    let mut nth = 2;
    while !taken.insert(given.clone()) {
        given = format!("{name}-{nth}");
        nth += 1;
    }
    given
}

/// The name of a table: letters, digits, `_`, `-` and `.`.
fn table_name(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '-' })
        .take(MAX_NAME / 2)
        .collect();
    let clean = clean.trim_matches('-');
    if clean.is_empty() { "row".to_owned() } else { clean.to_owned() }
}
