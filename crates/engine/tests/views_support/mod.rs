//! Traces written by hand for the tests of the views: a checkout over four services, as a
//! choreographed saga, with the events in the order in which a run has them.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses its own part")]

use interleave_engine::cast::{Cast, DbInfo, FlowInfo, NodeInfo, NodeKind, StepInfo, TopicInfo};
use interleave_engine::event::{
    Acknowledged, Event, EventKind, OutboxEntry, Outcome, RowChange, Shape,
};
use interleave_engine::ids::{
    DbIx, Direction, EventIx, FlowIx, Micros, MsgId, NodeIx, PartitionIx, ServiceIx, StepIx,
    StepRef, Sym, TopicIx, TxnId,
};
use interleave_engine::trace::Trace;
use interleave_engine::value::{Key, KeyPart, Row, Value};

pub const CLIENTS: NodeIx = NodeIx(0);
pub const SERVICES: [&str; 4] = ["orders", "payments", "stock", "shipping"];
const STEPS: [(&str, &str, &str); 4] = [
    ("create", "order.created", "cancel"),
    ("charge", "payment.charged", "refund"),
    ("reserve", "stock.reserved", "release"),
    ("book", "shipping.booked", "unbook"),
];

/// Interns a text in a cast.
pub fn sym(cast: &mut Cast, text: &str) -> Sym {
    if let Some(at) = cast.symbols.iter().position(|known| known == text) {
        return Sym(at as u32);
    }
    cast.symbols.push(text.to_owned());
    Sym(cast.symbols.len() as u32 - 1)
}

/// A service's node: they follow the clients.
pub fn service(at: usize) -> NodeIx {
    NodeIx(at as u8 + 1)
}

/// A checkout over orders, payments, stock and shipping, choreographed.
pub fn checkout_cast() -> Cast {
    cast_of(&SERVICES, true, false)
}

/// A cast with these services, one step each, with a broker or an orchestrator or neither.
pub fn cast_of(services: &[&str], broker: bool, orchestrator: bool) -> Cast {
    let mut cast = Cast {
        title: "Checkout".into(),
        coupling: if broker { "saga-choreography" } else { "database-per-service" }.into(),
        nodes: vec![node("clients", NodeKind::Clients, None)],
        dbs: vec![],
        topics: vec![],
        groups: vec![],
        flows: vec![],
        queries: vec![],
        symbols: vec!["value".into()],
        faults: vec!["payments crashes".into(), "the broker is out".into()],
        edges: vec![],
    };
    let mut steps = Vec::new();
    for (at, name) in services.iter().enumerate() {
        let kind = NodeKind::Service(ServiceIx(at as u8));
        cast.nodes.push(node(name, kind, Some(DbIx(at as u8))));
        let rows = match *name {
            "payments" => vec![("alice", 100), ("shop", 0)],
            "stock" => vec![("widget", 10)],
            _ => vec![],
        };
        let rows = rows.into_iter().map(|(id, n)| (text_key(&mut cast, "row", id), one(n)));
        let rows: Vec<(Key, Row)> = rows.collect();
        cast.dbs.push(DbInfo {
            name: (*name).into(),
            node: service(at),
            decimals: 0,
            shared: false,
            replica_of: None,
            streams: false,
            rows,
        });
        let (step, event, undo) = STEPS.get(at).copied().unwrap_or(("work", "done", "undo"));
        let (name_sym, undo_name) = (sym(&mut cast, step), sym(&mut cast, undo));
        let emitted = sym(&mut cast, event);
        let emits = broker.then_some((TopicIx(at as u8), emitted));
        steps.push(StepInfo {
            name: name_sym,
            undo_name,
            node: service(at),
            kind: if at == 2 { "pivot" } else { "compensatable" },
            say: if at == 1 { "charge $customer $amount".into() } else { String::new() },
            undoable: at < 2,
            emits,
        });
        if broker {
            let consumers = if at + 1 < services.len() { at + 1 } else { 0 };
            cast.topics.push(TopicInfo {
                name: (*name).into(),
                publisher: service(at),
                consumers: vec![service(consumers)],
                partitions: 1,
                events: vec![(emitted, Shape::Event)],
            });
        }
    }
    cast.flows.push(FlowInfo {
        name: "checkout".into(),
        inputs: vec!["customer".into(), "amount".into()],
        steps,
    });
    cast.edges.push((CLIENTS, service(0)));
    let hub = NodeIx(cast.nodes.len() as u8);
    if broker {
        cast.nodes.push(node("broker", NodeKind::Broker, None));
        for at in 0..services.len() {
            cast.edges.push((service(at), hub));
            cast.edges.push((hub, service(at)));
        }
    } else if orchestrator {
        let db = DbIx(cast.dbs.len() as u8);
        cast.nodes.push(node("orchestrator", NodeKind::Orchestrator, Some(db)));
        let name = "orchestrator".into();
        cast.dbs.push(DbInfo {
            name,
            node: hub,
            decimals: 0,
            shared: false,
            replica_of: None,
            streams: false,
            rows: vec![],
        });
        cast.edges[0] = (CLIENTS, hub);
        for at in 0..services.len() {
            cast.edges.push((hub, service(at)));
            cast.edges.push((service(at), hub));
        }
    } else {
        for at in 1..services.len() {
            cast.edges.push((service(0), service(at)));
            cast.edges.push((service(at), service(0)));
        }
    }
    cast
}

fn node(name: &str, kind: NodeKind, db: Option<DbIx>) -> NodeInfo {
    NodeInfo { name: name.into(), kind, db, outbox: false, workers: 1 }
}

/// A key with a text.
pub fn text_key(cast: &mut Cast, table: &str, id: &str) -> Key {
    let (table, id) = (sym(cast, table), sym(cast, id));
    Key { table, id: KeyPart::Text(id) }
}

/// A row of one number.
pub fn one(n: i64) -> Row {
    Row::new(vec![(Sym(0), Value::Int(n))])
}

/// A trace being written, with the state that its author must keep: time, choices, offsets, rows.
pub struct Script {
    pub cast: Cast,
    pub trace: Trace,
    pub at: Micros,
    pub step_no: u32,
    msgs: u32,
    offsets: Vec<u32>,
    rows: std::collections::BTreeMap<(DbIx, Key), Row>,
}

/// What an event is about.
pub type About = (NodeIx, Option<TxnId>, Option<(StepIx, Direction)>);

impl Script {
    pub fn new(cast: Cast) -> Self {
        let rows = cast
            .dbs
            .iter()
            .enumerate()
            .flat_map(|(db, info)| {
                info.rows.iter().map(move |(key, row)| ((DbIx(db as u8), *key), row.clone()))
            })
            .collect();
        let offsets = vec![0; cast.topics.len()];
        Self { cast, trace: Trace::default(), at: 0, step_no: 0, msgs: 0, offsets, rows }
    }

    /// The next choice, some time later.
    pub fn choice(&mut self, later: Micros) {
        self.at += later;
        self.step_no += 1;
    }

    pub fn last(&self) -> EventIx {
        EventIx(self.trace.len() as u32 - 1)
    }

    /// An event caused by another.
    pub fn on(&mut self, about: About, cause: Option<EventIx>, kind: EventKind) -> EventIx {
        let (node, txn, step) = about;
        let (at, step_no) = (self.at, self.step_no);
        self.trace.push(Event { at, step_no, node, txn, step, cause, kind })
    }

    /// An event that follows the one before it in the same handler.
    pub fn then(&mut self, about: About, kind: EventKind) -> EventIx {
        let before = self.last();
        self.on(about, Some(before), kind)
    }

    pub fn next_msg(&mut self) -> MsgId {
        self.msgs += 1;
        MsgId(self.msgs - 1)
    }

    /// A client starts a transaction and sends the command for its first step.
    pub fn start(&mut self, txn: TxnId, amount: i64) -> (EventIx, MsgId) {
        let alice = sym(&mut self.cast, "alice");
        let inputs = vec![Value::Text(alice), Value::Int(amount)];
        let about = (CLIENTS, Some(txn), None);
        self.on(about, None, EventKind::Started { flow: FlowIx(0), inputs });
        let label = self.cast.flows[0].steps[0].name;
        let msg = self.next_msg();
        let about = (CLIENTS, Some(txn), Some((StepIx(0), Direction::Do)));
        let due = self.at + 1_000;
        let sent =
            EventKind::Sent { msg, to: service(0), shape: Shape::Command, label, attempt: 0, due };
        (self.then(about, sent), msg)
    }

    /// A step's rows before and after, kept for the next.
    fn changes(&mut self, at: usize, txn: TxnId, amount: i64) -> Vec<RowChange> {
        let db = DbIx(at as u8);
        let targets: Vec<(Key, i64)> = match at {
            0 | 3 => {
                let table = sym(&mut self.cast, if at == 0 { "order" } else { "parcel" });
                vec![(Key { table, id: KeyPart::Int(i64::from(txn.0) + 1) }, amount)]
            }
            1 => vec![
                (text_key(&mut self.cast, "row", "alice"), -amount),
                (text_key(&mut self.cast, "row", "shop"), amount),
            ],
            _ => vec![(text_key(&mut self.cast, "row", "widget"), -1)],
        };
        let mut changes = Vec::new();
        for (key, by) in targets {
            let before = self.rows.get(&(db, key)).cloned();
            let old = before.as_ref().and_then(|row| row.get(Sym(0))).and_then(Value::as_int);
            let after = one(old.unwrap_or(0) + by);
            self.rows.insert((db, key), after.clone());
            changes.push(RowChange { key, before, after: Some(after) });
        }
        changes
    }

    /// The commit of a step at its service.
    pub fn commit(&mut self, at: usize, txn: TxnId, amount: i64, outbox: bool) -> EventIx {
        let changes = self.changes(at, txn, amount);
        let step = StepIx(at as u8);
        let entry = self.cast.flows[0].steps[at].emits.filter(|_| outbox);
        let kind = EventKind::Committed {
            db: DbIx(at as u8),
            changes,
            effects: vec![StepRef::forward(txn, step)],
            outbox: entry.map(|(topic, label)| OutboxEntry { topic, label }).into_iter().collect(),
            inbox: false,
            log_records: 3,
            forced: 1,
        };
        self.then((service(at), Some(txn), Some((step, Direction::Do))), kind)
    }

    /// The publication of a step's event.
    pub fn publish(&mut self, at: usize, txn: TxnId, relayed: bool) -> EventIx {
        let (topic, label) = self.cast.flows[0].steps[at].emits.expect("a broker's cast");
        let offset = self.offsets[topic.ix()];
        self.offsets[topic.ix()] += 1;
        let kind = EventKind::Published {
            topic,
            partition: PartitionIx(0),
            offset,
            shape: Shape::Event,
            label,
            relayed,
        };
        self.then((service(at), Some(txn), Some((StepIx(at as u8), Direction::Do))), kind)
    }

    /// Work reaches a node, is served and its handler begins.
    fn serve(&mut self, about: About, cause: EventIx, arrival: EventKind, kind: EventKind) {
        self.choice(1_000);
        self.on(about, Some(cause), arrival);
        let until = self.at + 2_000;
        self.then(about, EventKind::ServiceStarted { until });
        self.choice(2_000);
        self.on(about, Some(cause), kind);
    }

    /// One choreographed transaction from start to end, all alone.
    pub fn saga(&mut self, txn: TxnId, amount: i64, outbox: bool) {
        self.saga_until(txn, amount, outbox, 4);
        let about = (CLIENTS, Some(txn), None);
        self.choice(1_000);
        self.then(about, EventKind::Ended { outcome: Outcome::Committed, reason: None });
    }

    /// The first steps of a choreographed transaction; each publishes its event.
    pub fn saga_until(&mut self, txn: TxnId, amount: i64, outbox: bool, steps: usize) {
        self.choice(1_000);
        let (mut cause, msg) = self.start(txn, amount);
        for at in 0..steps {
            let about = (service(at), Some(txn), Some((StepIx(at as u8), Direction::Do)));
            if at == 0 {
                let (arrived, handled) = (EventKind::Arrived { msg }, EventKind::Handled { msg });
                self.serve(about, cause, arrived, handled);
            } else {
                self.consume_begin(at, txn, cause);
            }
            self.commit(at, txn, amount, outbox);
            let committed = self.last();
            if outbox {
                self.choice(500);
                cause = self.publish(at, txn, true);
                self.then(about, EventKind::OutboxMarked { db: DbIx(at as u8) });
            } else {
                cause = self.publish(at, txn, false);
            }
            if at == 0 {
                let about = (CLIENTS, Some(txn), None);
                let promise = Acknowledged::Accepted;
                self.on(about, Some(committed), EventKind::Acknowledged { promise });
            } else {
                let topic = TopicIx(at as u8 - 1);
                let next = self.offsets[topic.ix()];
                let kind = EventKind::OffsetCommitted { topic, partition: PartitionIx(0), next };
                self.on(about, Some(cause), kind);
            }
        }
    }

    /// A service fetches and begins to handle the newest record of the service before it.
    pub fn consume_begin(&mut self, at: usize, txn: TxnId, published: EventIx) {
        let about = (service(at), Some(txn), Some((StepIx(at as u8), Direction::Do)));
        let topic = TopicIx(at as u8 - 1);
        let (partition, offset) = (PartitionIx(0), self.offsets[topic.ix()] - 1);
        let fetched = EventKind::Fetched { topic, partition, offset };
        let consumed = EventKind::Consumed { topic, partition, offset, again: false };
        self.serve(about, published, fetched, consumed);
    }

    /// A crash of a service right after its last event, in the same choice.
    pub fn crash(&mut self, at: usize) -> EventIx {
        let kind = EventKind::Crashed { lost: vec![], fault: None };
        self.then((service(at), None, None), kind)
    }

    pub fn restart(&mut self, at: usize, later: Micros) -> EventIx {
        self.choice(later);
        self.on((service(at), None, None), None, EventKind::Restarted { redone: 3 })
    }
}

/// The lost event: T1 and T2 run through; payments crashes after it charged T3 and before it
/// published, and comes back 1.4 s later; T4 runs through after that.
pub fn lost_event() -> (Script, EventIx, EventIx) {
    let mut script = Script::new(checkout_cast());
    script.saga(TxnId(0), 10, false);
    script.saga(TxnId(1), 10, false);
    script.saga_until(TxnId(2), 30, false, 1);
    let published = script
        .trace
        .of_kind("published")
        .last()
        .map(|(ix, _)| ix)
        .expect("the first step published");
    script.consume_begin(1, TxnId(2), published);
    let committed = script.commit(1, TxnId(2), 30, false);
    let crashed = script.crash(1);
    script.restart(1, 1_400_000);
    script.saga(TxnId(3), 10, false);
    (script, committed, crashed)
}

/// A small stream of numbers that is the same on every machine.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}
