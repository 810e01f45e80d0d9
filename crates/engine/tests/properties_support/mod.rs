//! A small world for the properties: a scenario with one flow, its cast, and traces made by hand.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::rc::Rc;

use interleave_engine::cast::{Cast, DbInfo, FlowInfo, NodeInfo, NodeKind, StepInfo};
use interleave_engine::event::{
    Acknowledged, Event, EventKind, LostRecord, Outcome, Refusal, RowChange,
};
use interleave_engine::fingerprint::Fingerprint;
use interleave_engine::ids::{
    DbIx, Direction, EventIx, FlowIx, MsgId, NodeIx, ServiceIx, StepIx, StepRef, Sym, TxnId,
};
use interleave_engine::properties::{Finding, Monitor, Rules, Watcher};
use interleave_engine::scenario::Scenario;
use interleave_engine::value::{Key, KeyPart, Row, Value};
use interleave_engine::verdict::PropertyReport;
use serde_json::json;

/// The symbols of every cast here.
pub const SYMBOLS: [&str; 9] =
    ["value", "account", "item", "alice", "till", "blue", "pending", "gift", "note"];
/// The services; service `i` is node `i + 1` and owns database `i`.
pub const SERVICES: [&str; 4] = ["orders", "payments", "stock", "shipping"];

/// A scenario with its cast.
#[derive(Clone)]
pub struct Lab {
    pub scenario: Scenario,
    pub cast: Cast,
}

/// A step of the document that adds to a row.
pub fn step(name: &str, service: &str, kind: &str) -> serde_json::Value {
    let add = json!({"op": "add", "key": "item:blue", "by": -1});
    let back = json!({"op": "add", "key": "item:blue", "by": 1});
    json!({"name": name, "service": service, "kind": kind, "do": [add], "undo": [back]})
}

/// A lab with these steps and invariants, as a saga.
pub fn lab(steps: serde_json::Value, invariants: serde_json::Value) -> Lab {
    let services: Vec<serde_json::Value> =
        SERVICES.iter().map(|name| json!({"name": name})).collect();
    let scenario: Scenario = serde_json::from_value(json!({
        "interleave": 1,
        "title": "A lab",
        "coupling": "saga-orchestration",
        "services": services,
        "transactions": [{"name": "checkout", "inputs": ["amount", "wrap"], "steps": steps}],
        "workload": {"arrivals": {"every-us": 1000}, "count": 1, "mix": [{"transaction": "checkout"}]},
        "invariants": invariants,
    }))
    .unwrap();
    let cast = cast(&scenario);
    Lab { scenario, cast }
}

/// Checkout: order and charge can be undone, reserve is the pivot, ship is retried.
pub fn checkout() -> Lab {
    checkout_with(json!([]))
}

pub fn checkout_with(invariants: serde_json::Value) -> Lab {
    let steps = json!([
        step("order", "orders", "compensatable"),
        step("charge", "payments", "compensatable"),
        step("reserve", "stock", "pivot"),
        step("ship", "shipping", "retriable"),
    ]);
    lab(steps, invariants)
}

fn cast(scenario: &Scenario) -> Cast {
    let mut symbols: Vec<String> = SYMBOLS.map(str::to_owned).to_vec();
    let mut intern = |text: String| {
        symbols.push(text);
        Sym(symbols.len() as u32 - 1)
    };
    let steps = scenario.transactions[0].steps.iter().map(|step| StepInfo {
        name: intern(step.name.clone()),
        undo_name: intern(step.undo_name.clone().unwrap_or(format!("undo-{}", step.name))),
        node: NodeIx(1),
        kind: "compensatable",
        say: String::new(),
        undoable: !step.undo.is_empty(),
        emits: None,
    });
    let steps = steps.collect();
    let node = |name: &str, kind, db| NodeInfo {
        name: name.to_owned(),
        kind,
        db,
        outbox: true,
        workers: 1,
    };
    let services = SERVICES
        .iter()
        .enumerate()
        .map(|(at, name)| node(name, NodeKind::Service(ServiceIx(at as u8)), Some(DbIx(at as u8))));
    let rows = [
        vec![],
        vec![(account("alice"), value(10_000)), (account("till"), value(0))],
        vec![(key("item", "blue"), value(3))],
        vec![],
    ];
    let dbs = SERVICES.iter().zip(rows).enumerate().map(|(at, (name, rows))| DbInfo {
        shared: false,
        replica_of: None,
        streams: false,
        name: (*name).to_owned(),
        node: NodeIx(at as u8 + 1),
        decimals: if *name == "payments" { 2 } else { 0 },
        rows,
    });
    Cast {
        title: scenario.title.clone(),
        coupling: "saga-orchestration".to_owned(),
        nodes: std::iter::once(node("clients", NodeKind::Clients, None)).chain(services).collect(),
        dbs: dbs.collect(),
        topics: vec![],
        groups: vec![],
        flows: vec![FlowInfo {
            name: "checkout".to_owned(),
            inputs: vec!["amount".to_owned(), "wrap".to_owned()],
            steps,
        }],
        queries: vec![],
        symbols,
        faults: vec![],
        edges: vec![],
    }
}

pub fn sym(text: &str) -> Sym {
    Sym(SYMBOLS.iter().position(|known| *known == text).unwrap() as u32)
}

pub fn key(table: &str, id: &str) -> Key {
    Key { table: sym(table), id: KeyPart::Text(sym(id)) }
}

pub fn account(id: &str) -> Key {
    key("account", id)
}

pub fn value(n: i64) -> Row {
    Row::new(vec![(sym("value"), Value::Int(n))])
}

/// A change of the number in a row; `None` for a row that is not there.
pub fn change(key: Key, before: Option<i64>, after: Option<i64>) -> RowChange {
    RowChange { key, before: before.map(value), after: after.map(value) }
}

impl Lab {
    pub fn rules(&self) -> Rc<Rules> {
        Rc::new(Rules::compile(&self.scenario, &self.cast))
    }

    pub fn monitor(&self) -> Monitor {
        Monitor::new(self.rules(), None)
    }

    pub fn run(&self) -> Run {
        Run { lab: self.clone(), events: Vec::new(), now: 0, tick: 1_000 }
    }

    fn step_named(&self, name: &str) -> (StepIx, Direction) {
        let steps = &self.scenario.transactions[0].steps;
        let (name, dir) = match name.strip_prefix("undo-") {
            Some(name) => (name, Direction::Undo),
            None => (name, Direction::Do),
        };
        (StepIx(steps.iter().position(|step| step.name == name).unwrap() as u8), dir)
    }

    /// `T1 charge` or `T1 undo-charge`, as number 1 and the step's name.
    pub fn effect(&self, txn: u32, name: &str) -> StepRef {
        let (step, dir) = self.step_named(name);
        StepRef { txn: TxnId(txn - 1), step, dir }
    }

    fn service_of(&self, step: StepIx) -> u8 {
        let service = &self.scenario.transactions[0].steps[step.ix()].service;
        SERVICES.iter().position(|name| name == service).unwrap() as u8
    }
}

/// A trace made by hand. Transactions are numbered from 1, as on screen.
#[derive(Clone)]
pub struct Run {
    pub lab: Lab,
    pub events: Vec<Event>,
    now: u64,
    tick: u64,
}

impl Run {
    /// From here on every event has the same time, as in an explored schedule.
    pub fn without_clock(mut self) -> Self {
        self.tick = 0;
        self
    }

    pub fn wait_us(mut self, us: u64) -> Self {
        self.now += us;
        self
    }

    pub fn push(mut self, node: u8, txn: Option<u32>, kind: EventKind) -> Self {
        self.now += self.tick;
        self.events.push(Event {
            at: self.now,
            step_no: self.events.len() as u32 + 1,
            node: NodeIx(node),
            txn: txn.map(|txn| TxnId(txn - 1)),
            step: None,
            cause: None,
            kind,
        });
        self
    }

    pub fn start(self, txn: u32) -> Self {
        self.start_with(txn, "note")
    }

    /// Starts with this value of the input `wrap`.
    pub fn start_with(self, txn: u32, wrap: &str) -> Self {
        let inputs = vec![Value::Int(30), Value::Text(sym(wrap))];
        self.push(0, Some(txn), EventKind::Started { flow: FlowIx(0), inputs })
    }

    /// Effects of one transaction in their order, each a commit of its own at its service.
    pub fn does(mut self, txn: u32, names: &[&str]) -> Self {
        for name in names {
            let effect = self.lab.effect(txn, name);
            let service = self.lab.service_of(effect.step);
            self = self.push(service + 1, Some(txn), committed(service, vec![], vec![effect]));
        }
        self
    }

    /// A commit of rows of a service, without effects.
    pub fn rows(self, service: &str, changes: Vec<RowChange>) -> Self {
        let at = SERVICES.iter().position(|name| *name == service).unwrap() as u8;
        self.push(at + 1, Some(1), committed(at, changes, vec![]))
    }

    pub fn acknowledged(self, txn: u32, promise: Acknowledged) -> Self {
        self.push(0, Some(txn), EventKind::Acknowledged { promise })
    }

    pub fn ended(self, txn: u32, outcome: Outcome) -> Self {
        self.push(0, Some(txn), EventKind::Ended { outcome, reason: None })
    }

    pub fn refused(self, txn: u32, service: &str) -> Self {
        let at = SERVICES.iter().position(|name| *name == service).unwrap() as u8;
        let why = Refusal::Bound(sym("note"));
        self.push(at + 1, Some(txn), EventKind::Refused { db: DbIx(at), why })
    }

    pub fn crash(self, service: &str, lost: Vec<LostRecord>) -> Self {
        let at = SERVICES.iter().position(|name| *name == service).unwrap() as u8;
        self.push(at + 1, None, EventKind::Crashed { lost, fault: None })
    }

    pub fn restart(self, service: &str) -> Self {
        let at = SERVICES.iter().position(|name| *name == service).unwrap() as u8;
        self.push(at + 1, None, EventKind::Restarted { redone: 0 })
    }

    pub fn stuck(self, txn: u32) -> Self {
        self.push(1, Some(txn), EventKind::Stuck { reason: None })
    }

    /// The whole run of a transaction that commits.
    pub fn commits(self, txn: u32) -> Self {
        self.start(txn)
            .does(txn, &["order", "charge", "reserve", "ship"])
            .ended(txn, Outcome::Committed)
    }

    pub fn last(&self) -> EventIx {
        EventIx(self.events.len() as u32 - 1)
    }

    pub fn watcher(&self) -> Watcher {
        let mut watcher = Watcher::new(self.lab.rules());
        for (at, event) in self.events.iter().enumerate() {
            watcher.observe(EventIx(at as u32), event);
        }
        watcher
    }

    /// What all properties say, at rest after the last event.
    pub fn reports(&self) -> Vec<PropertyReport> {
        self.watcher().reports(true)
    }

    /// What the only property of this id says at rest.
    pub fn report(&self, id: &str) -> PropertyReport {
        let mut reports: Vec<PropertyReport> =
            self.reports().into_iter().filter(|report| report.id == id).collect();
        assert_eq!(reports.len(), 1, "{id}");
        reports.remove(0)
    }

    /// The monitor after the last event, and what it found on the way.
    pub fn monitored(&self) -> (Monitor, Vec<Finding>) {
        let (mut monitor, mut found) = (self.lab.monitor(), Vec::new());
        for (at, event) in self.events.iter().enumerate() {
            monitor.observe(EventIx(at as u32), event, &mut found);
        }
        (monitor, found)
    }

    /// The fingerprint of the residual state after the last event.
    pub fn canon(&self) -> u64 {
        Fingerprint::of(&self.monitored().0)
    }

    /// The ids of the properties that do not hold, at rest.
    pub fn broken(&self) -> Vec<&'static str> {
        self.reports().iter().filter(|report| !report.holds()).map(|report| report.id).collect()
    }
}

pub fn committed(db: u8, changes: Vec<RowChange>, effects: Vec<StepRef>) -> EventKind {
    let (log_records, forced) = (changes.len() as u16 + 1, 1);
    EventKind::Committed {
        db: DbIx(db),
        changes,
        effects,
        outbox: vec![],
        inbox: false,
        log_records,
        forced,
    }
}

pub fn dropped(msg: u32) -> EventKind {
    EventKind::Dropped { msg: MsgId(msg), why: interleave_engine::event::DropReason::Lost }
}

/// Statuses with their notes, as text: `Moving: T1 is moving`.
pub fn changes(report: &PropertyReport) -> Vec<String> {
    report.changes.iter().map(|change| format!("{:?}: {}", change.status, change.note)).collect()
}
