//! Compiles a validated scenario for a coupling.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::guard::guard;
use super::reserve::reservation;
use super::{
    Expr, Flow, Guard, GuardWords, IdTemplate, InputSource, KeyTemplate, Mix, MixKind, Op, Plan,
    Query, ReservationWords, Step, Trigger, Words,
};
use crate::cast::{Cast, DbInfo, FlowInfo, NodeInfo, NodeKind, StepInfo, TopicInfo};
use crate::event::{EVENT_NAMES, Shape};
use crate::family::Needs;
use crate::ids::{DbIx, FaultIx, FlowIx, NodeIx, QueryIx, ServiceIx, Sym, TopicIx};
use crate::rng::Draws;
use crate::scenario::Scenario;
use crate::scenario::document::{
    self as doc, Draw, FaultKind, Input, Operation, Orchestrator, RowValue, Scalar, StepKind,
};
use crate::stores::locks::Victim;
use crate::stores::transactions::{Dialect, Isolation, Level, Method};
use crate::stores::{SessionRules, StreamRules};
use crate::value::{Key, KeyPart, Row, Value};

/// Strings and their symbols. Symbols are given in the order of the document, so that equal
/// documents have equal ones.
#[derive(Default)]
struct Interner {
    symbols: Vec<String>,
    known: BTreeMap<String, Sym>,
}

impl Interner {
    fn sym(&mut self, text: &str) -> Sym {
        if let Some(sym) = self.known.get(text) {
            return *sym;
        }
        let sym = Sym(self.symbols.len() as u32);
        self.symbols.push(text.to_owned());
        self.known.insert(text.to_owned(), sym);
        sym
    }

    fn words(&mut self) -> Words {
        Words {
            value: self.sym("value"),
            request: self.sym("request"),
            response: self.sym("response"),
            retry: self.sym("retry"),
            saga: self.sym("saga"),
            state: self.sym("state"),
            step: self.sym("step"),
            reason: self.sym("reason"),
            running: self.sym("RUNNING"),
            compensating: self.sym("COMPENSATING"),
            completed: self.sym("COMPLETED"),
            rolled_back: self.sym("ROLLED_BACK"),
            stuck: self.sym("STUCK"),
            ask: self.sym("ask"),
            rows: self.sym("rows"),
            exists: self.sym("ROW_EXISTS"),
            missing: self.sym("ROW_MISSING"),
            no_answer: self.sym("NO_ANSWER"),
            read_only: self.sym("READ_ONLY"),
            deadlock: Sym(0),
            serialization: Sym(0),
            lock_timeout: Sym(0),
            unavailable: Sym(0),
            version: Sym(0),
            look: Sym(0),
            seen: Sym(0),
            effective: Sym(0),
            expired: Sym(0),
            lock_wait: Sym(0),
            prepare: Sym(0),
            vote_yes: Sym(0),
            vote_no: Sym(0),
            vote_read_only: Sym(0),
            commit: Sym(0),
            abort: Sym(0),
            acknowledge: Sym(0),
            inquire: Sym(0),
            coordination: Sym(0),
            participants: Sym(0),
            expiry: Sym(0),
            reservation: Sym(0),
            confirm: Sym(0),
            cancel: Sym(0),
            copy: Sym(0),
            copied: Sym(0),
            behind: Sym(0),
            deadline: Sym(0),
            reserving: ReservationWords::default(),
            guard: GuardWords::default(),
        }
    }

    /// Words that were added later come last, so that the others keep their symbols and runs their
    /// digests.
    fn more_words(&mut self, words: &mut Words) {
        words.deadlock = self.sym("DEADLOCK");
        words.serialization = self.sym("NOT_SERIALIZABLE");
        words.lock_timeout = self.sym("LOCK_TIMEOUT");
        words.unavailable = self.sym("UNAVAILABLE");
        words.version = self.sym("VERSION_CONFLICT");
        words.expired = self.sym("EXPIRED");
        words.lock_wait = self.sym("lock-wait");
        words.prepare = self.sym("prepare");
        words.vote_yes = self.sym("yes");
        words.vote_no = self.sym("no");
        words.vote_read_only = self.sym("read-only");
        words.commit = self.sym("commit");
        words.abort = self.sym("abort");
        words.acknowledge = self.sym("acknowledge");
        words.inquire = self.sym("inquire");
        words.coordination = self.sym("coordination");
        words.expiry = self.sym("expiry");
        words.reservation = self.sym("reservation");
        words.confirm = self.sym("confirm");
        words.cancel = self.sym("cancel");
        words.reserving = ReservationWords::new(|text| self.sym(text));
        words.look = self.sym("look");
        words.seen = self.sym("seen");
        words.effective = self.sym("effective");
        words.participants = self.sym("participants");
        words.deadline = self.sym("deadline");
    }

    /// What primaries and replicas say to each other.
    fn replica_words(&mut self, words: &mut Words) {
        words.copy = self.sym("copy");
        words.copied = self.sym("copied");
        words.behind = self.sym("behind");
    }

    fn key_part(&mut self, text: &str) -> KeyPart {
        text.parse::<i64>().map_or_else(|_| KeyPart::Text(self.sym(text)), KeyPart::Int)
    }

    /// A key in a table whose name begins so.
    fn key(&mut self, prefix: &str, text: &str) -> Key {
        let (table, id) = text.split_once(':').unwrap_or((text, ""));
        Key { table: self.sym(&format!("{prefix}{table}")), id: self.key_part(id) }
    }

    fn value(&mut self, scalar: &Scalar) -> Value {
        match scalar {
            Scalar::Int(n) => Value::Int(*n),
            Scalar::Text(text) => Value::Text(self.sym(text)),
            Scalar::List(items) => Value::List(Rc::new(items.clone())),
        }
    }

    fn row(&mut self, value: &RowValue, words: &Words) -> Row {
        match value {
            RowValue::One(scalar) => Row::new(vec![(words.value, self.value(scalar))]),
            RowValue::Fields(fields) => Row::new(
                fields.iter().map(|(name, scalar)| (self.sym(name), self.value(scalar))).collect(),
            ),
        }
    }
}

/// Templates over the inputs of one flow or query.
struct Templates<'a> {
    interner: &'a mut Interner,
    inputs: &'a [String],
    words: &'a Words,
    /// What the tables' names begin with.
    prefix: &'a str,
}

impl Templates<'_> {
    fn input(&self, name: &str) -> usize {
        self.inputs.iter().position(|input| input == name).unwrap_or(usize::MAX)
    }

    fn key(&mut self, text: &str) -> KeyTemplate {
        let (table, id) = text.split_once(':').unwrap_or((text, ""));
        let id = match id.strip_prefix('$') {
            Some("txn") => IdTemplate::Txn,
            Some(name) => IdTemplate::Input(self.input(name)),
            None => IdTemplate::Fixed(self.interner.key_part(id)),
        };
        let table = format!("{}{table}", self.prefix);
        KeyTemplate { table: self.interner.sym(&table), id }
    }

    fn expr(&mut self, scalar: &Scalar) -> Expr {
        if let Scalar::Text(text) = scalar {
            match text.strip_prefix('$') {
                Some("txn") => return Expr::Txn,
                Some("reason") => return Expr::Reason,
                Some(name) => return Expr::Input(self.input(name)),
                None => {}
            }
            if let Some(name) = text.strip_prefix("-$") {
                if name == "txn" {
                    return Expr::NegativeTxn;
                }
                return Expr::Negative(self.input(name));
            }
        }
        Expr::Fixed(self.interner.value(scalar))
    }

    fn word(&mut self, word: Option<&String>, otherwise: Sym) -> Sym {
        word.map_or(otherwise, |word| self.interner.sym(word))
    }

    fn op(&mut self, operation: &Operation) -> Op {
        let words = *self.words;
        match operation {
            Operation::Insert { key, fields } => Op::Insert {
                key: self.key(key),
                fields: fields
                    .iter()
                    .map(|(name, scalar)| (self.interner.sym(name), self.expr(scalar)))
                    .collect(),
            },
            Operation::Set { key, field, to, missing } => Op::Set {
                key: self.key(key),
                field: self.interner.sym(field),
                to: self.expr(to),
                missing: self.word(missing.as_ref(), words.missing),
            },
            Operation::Add { key, field, by, min, max, refusal, missing } => Op::Add {
                key: self.key(key),
                field: self.interner.sym(field),
                by: self.expr(by),
                min: *min,
                max: *max,
                refusal: match refusal {
                    Some(word) => self.interner.sym(word),
                    None => self.interner.sym("OUT_OF_BOUNDS"),
                },
                missing: self.word(missing.as_ref(), words.missing),
            },
            Operation::Append { key, field, item } => Op::Append {
                key: self.key(key),
                field: self.interner.sym(field),
                item: self.expr(item),
            },
            Operation::Read { key } => Op::Read { key: self.key(key) },
            Operation::Delete { key } => Op::Delete { key: self.key(key) },
        }
    }
}

/// The nodes of a scenario under a coupling.
struct Nodes {
    infos: Vec<NodeInfo>,
    broker: Option<NodeIx>,
    orchestrator: Option<NodeIx>,
    coordinator: Option<NodeIx>,
    composer: Option<NodeIx>,
    shared: Option<DbIx>,
    replicas: Vec<Vec<NodeIx>>,
}

/// What the tables of a service begin with where all services share a database.
fn prefix(shared: bool, service: &str) -> String {
    if shared { format!("{service}.") } else { String::new() }
}

#[expect(clippy::too_many_lines, reason = "one paragraph for each kind of node")]
fn nodes(scenario: &Scenario, needs: Needs) -> Nodes {
    let node = |name: &str, kind, db, workers| NodeInfo {
        name: name.to_owned(),
        kind,
        db,
        outbox: false,
        workers,
    };
    let mut infos = vec![node("clients", NodeKind::Clients, None, u32::MAX)];
    for (ix, service) in scenario.services.iter().enumerate() {
        let kind = NodeKind::Service(ServiceIx(ix as u8));
        let db = (!needs.shared_database).then_some(DbIx(ix as u8));
        infos.push(NodeInfo {
            outbox: (needs.broker || needs.changes) && scenario.options.outbox,
            ..node(&service.name, kind, db, service.workers)
        });
    }
    let mut dbs = if needs.shared_database { 0 } else { scenario.services.len() as u8 };
    let mut next_db = || {
        dbs += 1;
        DbIx(dbs - 1)
    };
    let first_service = || {
        let first = scenario.transactions.first().and_then(|flow| flow.steps.first());
        first.map_or(NodeIx(1), |step| service_node(scenario, &step.service))
    };
    let shared = needs.shared_database.then(|| {
        let db = next_db();
        infos.push(NodeInfo {
            outbox: needs.changes && scenario.options.outbox,
            ..node("database", NodeKind::Database, Some(db), u32::MAX)
        });
        db
    });
    let broker = (needs.broker || needs.changes).then(|| {
        infos.push(node("broker", NodeKind::Broker, None, u32::MAX));
        NodeIx(infos.len() as u8 - 1)
    });
    let orchestrator = needs.orchestrator.then(|| match scenario.options.orchestrator {
        Orchestrator::Separate => {
            infos.push(node("orchestrator", NodeKind::Orchestrator, Some(next_db()), u32::MAX));
            NodeIx(infos.len() as u8 - 1)
        }
        Orchestrator::FirstService => first_service(),
    });
    let coordinator = needs.coordinator.then(|| match scenario.options.coordinator {
        Orchestrator::Separate => {
            infos.push(node("coordinator", NodeKind::Coordinator, Some(next_db()), u32::MAX));
            NodeIx(infos.len() as u8 - 1)
        }
        Orchestrator::FirstService => first_service(),
    });
    let composer = needs.composer.then(|| {
        infos.push(node("composer", NodeKind::Composer, None, u32::MAX));
        NodeIx(infos.len() as u8 - 1)
    });
    let mut replicas = vec![Vec::new(); infos.len()];
    if needs.replicas && !needs.shared_database {
        for (ix, service) in scenario.services.iter().enumerate() {
            for number in 1..=scenario.options.replicas {
                let name = format!("{}-replica-{number}", service.name);
                let kind = NodeKind::Replica(ServiceIx(ix as u8));
                replicas[ix + 1].push(NodeIx(infos.len() as u8));
                infos.push(node(&name, kind, Some(next_db()), service.workers));
            }
        }
    } else if needs.replicas
        && let Some(host) = infos.iter().position(|info| info.kind == NodeKind::Database)
    {
        // Replicas of the database of all have all its rows, whichever service stands in their kind.
        for number in 1..=scenario.options.replicas {
            let name = format!("database-replica-{number}");
            let kind = NodeKind::Replica(ServiceIx(0));
            replicas[host].push(NodeIx(infos.len() as u8));
            infos.push(node(&name, kind, Some(next_db()), u32::MAX));
        }
    }
    replicas.resize(infos.len(), Vec::new());
    Nodes { infos, broker, orchestrator, coordinator, composer, shared, replicas }
}

fn service_node(scenario: &Scenario, name: &str) -> NodeIx {
    let ix = scenario.services.iter().position(|service| service.name == name).unwrap_or(0);
    NodeIx(ix as u8 + 1)
}

fn named_node(scenario: &Scenario, nodes: &Nodes, name: &str) -> Option<NodeIx> {
    if let Some(ix) = nodes.infos.iter().position(|info| info.name == name) {
        return Some(NodeIx(ix as u8));
    }
    // An orchestrator that runs in a service goes by its own name too, so that a fault keeps its target.
    let hosted = match name {
        "orchestrator" => nodes.orchestrator,
        "coordinator" => nodes.coordinator,
        _ => None,
    };
    hosted.filter(|_| !scenario.services.is_empty())
}

/// The rows of a service, as they are in the beginning.
fn service_rows(
    service: &doc::Service,
    shared: bool,
    interner: &mut Interner,
    words: &Words,
) -> Vec<(Key, Row)> {
    let prefix = prefix(shared, &service.name);
    let rows = service.rows.iter();
    rows.map(|(key, value)| (interner.key(&prefix, key), interner.row(value, words))).collect()
}

fn databases(
    scenario: &Scenario,
    nodes: &Nodes,
    interner: &mut Interner,
    words: &Words,
) -> Vec<DbInfo> {
    let shared = nodes.shared.is_some();
    let owned: Vec<Vec<(Key, Row)>> = scenario
        .services
        .iter()
        .map(|service| service_rows(service, shared, interner, words))
        .collect();
    // Amounts are shown alike where every service that has some shows them so.
    let decimals: std::collections::BTreeSet<u8> =
        scenario.services.iter().map(|service| service.decimals).collect();
    let common = if decimals.len() == 1 { decimals.first().copied() } else { None };
    let mut dbs: Vec<DbInfo> = Vec::new();
    for (ix, info) in nodes.infos.iter().enumerate().filter(|(_, info)| info.db.is_some()) {
        let is_replica = matches!(info.kind, NodeKind::Replica(_));
        let of = match info.kind {
            NodeKind::Service(of) => Some(of),
            NodeKind::Replica(of) if !shared => Some(of),
            _ => None,
        };
        let is_shared = info.kind == NodeKind::Database || (is_replica && shared);
        let mut rows = match of {
            Some(of) => owned[of.ix()].clone(),
            None if is_shared => owned.concat(),
            None => Vec::new(),
        };
        rows.sort_by_key(|(key, _)| *key);
        dbs.push(DbInfo {
            name: info.name.clone(),
            node: NodeIx(ix as u8),
            shared: is_shared,
            replica_of: of.map(|of| DbIx(of.0)).or(nodes.shared).filter(|_| is_replica),
            streams: false,
            decimals: match of {
                Some(of) => scenario.services[of.ix()].decimals,
                None if is_shared => common.unwrap_or(0),
                None => 0,
            },
            rows,
        });
    }
    dbs
}

/// How the databases of the services run their sessions.
fn session_rules(scenario: &Scenario, needs: Needs, dbs: &[DbInfo]) -> Vec<Option<SessionRules>> {
    let options = &scenario.options;
    let rules = SessionRules {
        dialect: match options.concurrency {
            doc::Concurrency::Versions => Dialect::postgres(),
            doc::Concurrency::Locking => Dialect::sql_server(),
            doc::Concurrency::Mixed => Dialect::inno_db(),
        }
        .with_victim(match options.victim {
            doc::Victim::Requester => Victim::Requester,
            doc::Victim::Youngest => Victim::Youngest,
            doc::Victim::Oldest => Victim::Oldest,
            doc::Victim::FewestLocks => Victim::FewestLocks,
        }),
        isolation: Isolation::new(
            match options.isolation {
                doc::IsolationLevel::ReadUncommitted => Level::ReadUncommitted,
                doc::IsolationLevel::ReadCommitted => Level::ReadCommitted,
                doc::IsolationLevel::RepeatableRead => Level::RepeatableRead,
                doc::IsolationLevel::Serializable => Level::Serializable,
            },
            match options.concurrency {
                doc::Concurrency::Versions => Method::Versions,
                doc::Concurrency::Locking => Method::Locking,
                doc::Concurrency::Mixed => Method::Mixed,
            },
        ),
        connections: options.connections,
        reads_then_writes: options.updates == doc::Updates::ReadThenWrite,
    };
    let has = |db: &DbInfo| needs.sessions && db.replica_of.is_none();
    dbs.iter().map(|db| has(db).then(|| rules.clone())).collect()
}

/// How the databases of the services keep their streams. Those of a protocol, and replicas, have rows.
fn stream_rules(
    scenario: &Scenario,
    needs: Needs,
    dbs: &[DbInfo],
    nodes: &Nodes,
) -> Vec<Option<StreamRules>> {
    let options = &scenario.options;
    let rules = StreamRules {
        snapshot_every: u64::from(options.snapshot_every),
        fold_us: options.fold_us,
        are_versions_compared: needs.sessions || options.expected == doc::ExpectedVersion::Exact,
    };
    let is_of_service =
        |db: &DbInfo| matches!(nodes.infos[db.node.ix()].kind, NodeKind::Service(_));
    dbs.iter().map(|db| (needs.streams && is_of_service(db)).then_some(rules)).collect()
}

fn steps(
    flow: &doc::Flow,
    scenario: &Scenario,
    (broker, shared): (bool, bool),
    interner: &mut Interner,
    words: &Words,
) -> Vec<Step> {
    flow.steps
        .iter()
        .map(|step| {
            let undo_name = step.undo_name.clone().unwrap_or_else(|| format!("undo-{}", step.name));
            let event = |given: &Option<String>, suffix: &str| {
                given.clone().unwrap_or_else(|| format!("{}.{}{suffix}", step.service, step.name))
            };
            let node = service_node(scenario, &step.service);
            let prefix = prefix(shared, &step.service);
            let mut templates =
                Templates { interner, inputs: &flow.inputs, words, prefix: &prefix };
            let forward = step.forward.iter().map(|op| templates.op(op)).collect();
            let undo = step.undo.iter().map(|op| templates.op(op)).collect();
            let condition = step.condition.as_ref().map(|condition| {
                let input = templates.input(&condition.input);
                (input, templates.interner.value(&condition.is))
            });
            Step {
                node,
                kind: step.kind,
                forward,
                undo,
                reserve: Vec::new(),
                release: Vec::new(),
                guard: Guard::default(),
                condition,
                command: interner.sym(&step.name),
                done: interner.sym(&format!("{} done", step.name)),
                refused: interner.sym(&format!("{} refused", step.name)),
                undo_command: interner.sym(&undo_name),
                undone_reply: interner.sym(&format!("{undo_name} done")),
                emits: interner.sym(&event(&step.emits, "")),
                fails: interner.sym(&event(&step.fails, "-failed")),
                undone: interner.sym(&event(&step.undone, "-undone")),
                topic: broker.then_some(TopicIx(node.0 - 1)),
            }
        })
        .collect()
}

/// What reserves each step and what takes it back. The tables for what is kept get their symbols
/// last, so that the others keep theirs.
fn reservations(flows: &mut [Flow], interner: &mut Interner) {
    for step in flows.iter_mut().flat_map(|flow| &mut flow.steps) {
        let name = interner.symbols[step.command.0 as usize].clone();
        let kept = |number: usize| interner.sym(&format!("before {name} {}", number + 1));
        (step.reserve, step.release) = reservation(&step.forward, &step.undo, kept);
    }
}

/// The countermeasures of each step. Their symbols are made only where a document names some, so
/// that all others keep theirs.
fn guards(scenario: &Scenario, flows: &mut [Flow], interner: &mut Interner, words: &mut Words) {
    let steps = scenario.transactions.iter().flat_map(|flow| &flow.steps);
    if steps.clone().all(|step| step.countermeasures.is_empty()) {
        return;
    }
    words.guard = GuardWords::new(|text| interner.sym(text));
    for (flow, compiled) in scenario.transactions.iter().zip(flows) {
        guard(flow, &mut compiled.steps, |prefix, of| {
            let of = interner.symbols[of.0 as usize].clone();
            interner.sym(&format!("{prefix} {of}"))
        });
    }
}

fn kind_name(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Compensatable => "compensatable",
        StepKind::Pivot => "pivot",
        StepKind::Retriable => "retriable",
    }
}

fn flow_infos(scenario: &Scenario, flows: &[Flow]) -> Vec<FlowInfo> {
    scenario
        .transactions
        .iter()
        .zip(flows)
        .map(|(flow, compiled)| FlowInfo {
            name: flow.name.clone(),
            inputs: flow.inputs.clone(),
            steps: flow
                .steps
                .iter()
                .zip(&compiled.steps)
                .map(|(step, compiled)| StepInfo {
                    name: compiled.command,
                    undo_name: compiled.undo_command,
                    node: compiled.node,
                    kind: kind_name(step.kind),
                    say: step.say.clone().unwrap_or_default(),
                    undoable: !step.undo.is_empty(),
                    emits: compiled.topic.map(|topic| (topic, compiled.emits)),
                })
                .collect(),
        })
        .collect()
}

/// One topic for each service, with the events of its steps in the order of the flows. A service
/// without a step still has one, so that topics and services share their numbers.
fn topics(scenario: &Scenario, flows: &[Flow]) -> Vec<TopicInfo> {
    let mut infos: Vec<TopicInfo> = scenario
        .services
        .iter()
        .enumerate()
        .map(|(ix, service)| TopicInfo {
            name: service.name.clone(),
            publisher: NodeIx(ix as u8 + 1),
            consumers: Vec::new(),
            partitions: scenario.broker.partitions,
            events: Vec::new(),
        })
        .collect();
    for flow in flows {
        for step in &flow.steps {
            let info = &mut infos[step.node.ix() - 1];
            let mut add = |label: Sym, shape: Shape| {
                if !info.events.iter().any(|(known, _)| *known == label) {
                    info.events.push((label, shape));
                }
            };
            if !step.forward.is_empty() {
                add(step.emits, Shape::Event);
                if step.kind != StepKind::Retriable {
                    add(step.fails, Shape::Event);
                }
            }
            if !step.undo.is_empty() {
                add(step.undone, Shape::Compensation);
            }
        }
    }
    infos
}

/// A topic for the changes of each database that has replicas, after the topics of the services.
fn change_topics(
    scenario: &Scenario,
    replicas: &[Vec<NodeIx>],
    dbs: &[DbInfo],
    topics: &mut Vec<TopicInfo>,
    interner: &mut Interner,
) -> Vec<Option<TopicIx>> {
    let topic = |db: &DbInfo| {
        if replicas[db.node.ix()].is_empty() || db.replica_of.is_some() {
            return None;
        }
        let label = interner.sym(&format!("{} changed", db.name));
        topics.push(TopicInfo {
            name: format!("{}.changes", db.name),
            publisher: db.node,
            consumers: Vec::new(),
            partitions: scenario.broker.partitions,
            events: vec![(label, Shape::Event)],
        });
        Some(TopicIx(topics.len() as u8 - 1))
    };
    dbs.iter().map(topic).collect()
}

/// The tables in which replicas keep the versions of rows: one for each table that a row can be in.
fn version_tables(
    flows: &[Flow],
    dbs: &[DbInfo],
    words: &Words,
    interner: &mut Interner,
) -> BTreeMap<Sym, Sym> {
    let steps = flows.iter().flat_map(|flow| &flow.steps);
    let operations = steps.flat_map(|step| {
        step.forward.iter().chain(&step.undo).chain(&step.reserve).chain(&step.release)
    });
    let mut tables: Vec<Sym> = vec![words.saga, words.coordination, words.reservation];
    tables.extend(dbs.iter().flat_map(|db| &db.rows).map(|(key, _)| key.table));
    tables.extend(operations.flat_map(Op::tables));
    tables.sort_unstable();
    tables.dedup();
    let name = |table: Sym| {
        let name = format!("version of {}", interner.symbols[table.ix()]);
        (table, interner.sym(&name))
    };
    tables.into_iter().map(name).collect()
}

fn source(input: &Input, interner: &mut Interner) -> InputSource {
    let mut values =
        |scalars: &[Scalar]| scalars.iter().map(|scalar| interner.value(scalar)).collect();
    match input {
        Input::Fixed(scalar) => InputSource::Fixed(interner.value(scalar)),
        Input::Drawn(Draw::Pick(of)) => InputSource::Pick(values(of)),
        Input::Drawn(Draw::Popular(of)) => InputSource::Popular(values(of)),
        Input::Drawn(Draw::Cycle(of)) => InputSource::Cycle(values(of)),
    }
}

fn mix(scenario: &Scenario, interner: &mut Interner) -> Vec<Mix> {
    scenario
        .workload
        .mix
        .iter()
        .map(|entry| {
            let flow = entry
                .transaction
                .as_ref()
                .and_then(|name| scenario.transactions.iter().position(|flow| flow.name == *name));
            let query = entry
                .query
                .as_ref()
                .and_then(|name| scenario.queries.iter().position(|query| query.name == *name));
            let (what, names): (MixKind, &[String]) = match (flow, query) {
                (None, Some(ix)) => {
                    (MixKind::Query(QueryIx(ix as u8)), &scenario.queries[ix].inputs)
                }
                (flow, _) => {
                    let ix = flow.unwrap_or(0);
                    (MixKind::Flow(FlowIx(ix as u8)), &scenario.transactions[ix].inputs)
                }
            };
            let inputs = names
                .iter()
                .map(|name| {
                    entry
                        .inputs
                        .get(name)
                        .map_or(InputSource::Fixed(Value::Int(0)), |input| source(input, interner))
                })
                .collect();
            Mix { what, weight: entry.weight, inputs }
        })
        .collect()
}

/// A fault in plain words.
fn fault_words(kind: &FaultKind) -> String {
    match kind {
        FaultKind::Crash(node) => format!("{node} crashes"),
        FaultKind::Slow { node, times } => format!("{node} is {times} times as slow"),
        FaultKind::Pause(node) => format!("{node} stands still"),
        FaultKind::Partition(nodes) => format!("{} cut off", nodes.join(", ")),
        FaultKind::Link { from, to, .. } => format!("the link from {from} to {to} is bad"),
        FaultKind::BrokerOutage => "the broker is out".to_owned(),
        FaultKind::RefuseWrites(node) => format!("the database of {node} refuses writes"),
        FaultKind::Poison(node) => format!("a poison message reaches {node}"),
        FaultKind::Rebuild(node) => format!("{node} is rebuilt from the first change"),
    }
}

fn fault_nodes(scenario: &Scenario, nodes: &Nodes) -> Vec<Vec<NodeIx>> {
    let find = |name: &String| named_node(scenario, nodes, name);
    scenario
        .faults
        .iter()
        .map(|fault| match &fault.fault {
            FaultKind::Crash(node)
            | FaultKind::Pause(node)
            | FaultKind::RefuseWrites(node)
            | FaultKind::Poison(node)
            | FaultKind::Rebuild(node)
            | FaultKind::Slow { node, .. } => find(node).into_iter().collect(),
            FaultKind::Partition(names) => names.iter().filter_map(find).collect(),
            FaultKind::Link { from, to, .. } => match (find(from), find(to)) {
                (Some(from), Some(to)) => vec![from, to],
                _ => Vec::new(),
            },
            FaultKind::BrokerOutage => nodes.broker.into_iter().collect(),
        })
        .collect()
}

fn triggers(scenario: &Scenario, nodes: &Nodes, fault_nodes: &[Vec<NodeIx>]) -> Vec<Trigger> {
    scenario
        .faults
        .iter()
        .enumerate()
        .filter_map(|(ix, fault)| {
            let on = fault.on.as_ref()?;
            // A fault whose node does not exist under this coupling does not occur.
            let struck = *fault_nodes[ix].first()?;
            let crash = matches!(fault.fault, FaultKind::Crash(_)).then_some(struck);
            Some(Trigger {
                fault: FaultIx(ix as u8),
                event: EVENT_NAMES.iter().find(|name| **name == on.event)?,
                node: named_node(scenario, nodes, &on.node)?,
                nth: on.nth,
                crash,
            })
        })
        .collect()
}

/// Compiles a scenario that has been validated. `coupling` is its coupling's name on screen;
/// `edges` says where messages travel under it.
#[must_use]
pub fn compile(scenario: &Scenario, coupling: &str, needs: Needs) -> Plan {
    let mut interner = Interner::default();
    let mut words = interner.words();
    let nodes = nodes(scenario, needs);
    let mut dbs = databases(scenario, &nodes, &mut interner, &words);
    let mut flows: Vec<Flow> = scenario
        .transactions
        .iter()
        .map(|flow| Flow {
            steps: steps(
                flow,
                scenario,
                (needs.broker, needs.shared_database),
                &mut interner,
                &words,
            ),
        })
        .collect();
    let queries = scenario
        .queries
        .iter()
        .map(|query| Query {
            reads: query
                .reads
                .iter()
                .map(|read| {
                    let node = service_node(scenario, &read.service);
                    let prefix = prefix(nodes.shared.is_some(), &read.service);
                    let mut templates = Templates {
                        interner: &mut interner,
                        inputs: &query.inputs,
                        words: &words,
                        prefix: &prefix,
                    };
                    let db = nodes.shared.unwrap_or(DbIx(node.0 - 1));
                    (node, db, templates.key(&read.key))
                })
                .collect(),
        })
        .collect();
    let session_rules = session_rules(scenario, needs, &dbs);
    let stream_rules = stream_rules(scenario, needs, &dbs, &nodes);
    for (db, rules) in dbs.iter_mut().zip(&stream_rules) {
        db.streams = rules.is_some();
    }
    let mix = mix(scenario, &mut interner);
    interner.more_words(&mut words);
    reservations(&mut flows, &mut interner);
    guards(scenario, &mut flows, &mut interner, &mut words);
    let mut topics = if needs.broker { topics(scenario, &flows) } else { Vec::new() };
    let (mut changes, mut version_tables) = (vec![None; dbs.len()], BTreeMap::new());
    if needs.changes {
        changes = change_topics(scenario, &nodes.replicas, &dbs, &mut topics, &mut interner);
    }
    if needs.replicas {
        interner.replica_words(&mut words);
        version_tables = self::version_tables(&flows, &dbs, &words, &mut interner);
    }
    let fault_nodes = fault_nodes(scenario, &nodes);
    let triggers = triggers(scenario, &nodes, &fault_nodes);
    let none = doc::Distribution::Constant(0.0);
    let times = nodes.infos.iter().map(|info| match info.kind {
        NodeKind::Service(ix) => {
            let service = &scenario.services[ix.ix()];
            (service.service_time_us.clone(), service.read_time_us.clone())
        }
        // A replica answers as fast as its primary does.
        NodeKind::Replica(ix) => {
            let applies = scenario.options.apply_time_us.clone();
            (applies, scenario.services[ix.ix()].read_time_us.clone())
        }
        _ => (none.clone(), none.clone()),
    });
    let (service_time, read_time) = times.unzip();
    let cast = Cast {
        title: scenario.title.clone(),
        coupling: coupling.to_owned(),
        flows: flow_infos(scenario, &flows),
        topics,
        dbs,
        queries: scenario.queries.iter().map(|query| query.name.clone()).collect(),
        symbols: interner.symbols,
        faults: scenario.faults.iter().map(|fault| fault_words(&fault.fault)).collect(),
        edges: Vec::new(),
        nodes: nodes.infos,
    };
    Plan {
        scenario: Rc::new(scenario.clone()),
        cast: Rc::new(cast),
        draws: Draws::new(scenario.seed),
        flows,
        queries,
        mix,
        words,
        broker: nodes.broker,
        orchestrator: nodes.orchestrator,
        coordinator: nodes.coordinator,
        composer: nodes.composer,
        entry: None,
        shared: nodes.shared,
        replicas: nodes.replicas,
        changes,
        version_tables,
        session_rules,
        stream_rules,
        clients_look: false,
        service_time,
        read_time,
        triggers,
        fault_nodes,
    }
}
