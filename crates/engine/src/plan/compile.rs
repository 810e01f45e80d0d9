//! Compiles a validated scenario for a coupling.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{
    Expr, Flow, IdTemplate, InputSource, KeyTemplate, Mix, MixKind, Op, Plan, Query, Step, Trigger,
    Words,
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
        }
    }

    fn key_part(&mut self, text: &str) -> KeyPart {
        text.parse::<i64>().map_or_else(|_| KeyPart::Text(self.sym(text)), KeyPart::Int)
    }

    fn key(&mut self, text: &str) -> Key {
        let (table, id) = text.split_once(':').unwrap_or((text, ""));
        Key { table: self.sym(table), id: self.key_part(id) }
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
        KeyTemplate { table: self.interner.sym(table), id }
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
}

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
        infos.push(NodeInfo {
            outbox: needs.broker && scenario.options.outbox,
            ..node(&service.name, kind, Some(DbIx(ix as u8)), service.workers)
        });
    }
    let broker = needs.broker.then(|| {
        infos.push(node("broker", NodeKind::Broker, None, u32::MAX));
        NodeIx(infos.len() as u8 - 1)
    });
    let orchestrator = needs.orchestrator.then(|| match scenario.options.orchestrator {
        Orchestrator::Separate => {
            let db = DbIx(scenario.services.len() as u8);
            infos.push(node("orchestrator", NodeKind::Orchestrator, Some(db), u32::MAX));
            NodeIx(infos.len() as u8 - 1)
        }
        Orchestrator::FirstService => {
            let first = scenario.transactions.first().and_then(|flow| flow.steps.first());
            first.map_or(NodeIx(1), |step| service_node(scenario, &step.service))
        }
    });
    Nodes { infos, broker, orchestrator }
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
    (name == "orchestrator")
        .then_some(nodes.orchestrator)
        .flatten()
        .filter(|_| !scenario.services.is_empty())
}

fn databases(
    scenario: &Scenario,
    nodes: &Nodes,
    interner: &mut Interner,
    words: &Words,
) -> Vec<DbInfo> {
    let mut dbs: Vec<DbInfo> = scenario
        .services
        .iter()
        .enumerate()
        .map(|(ix, service)| {
            let mut rows: Vec<(Key, Row)> = service
                .rows
                .iter()
                .map(|(key, value)| (interner.key(key), interner.row(value, words)))
                .collect();
            rows.sort_by_key(|(key, _)| *key);
            DbInfo {
                name: service.name.clone(),
                node: NodeIx(ix as u8 + 1),
                decimals: service.decimals,
                rows,
            }
        })
        .collect();
    for (ix, info) in nodes.infos.iter().enumerate() {
        if info.kind == NodeKind::Orchestrator {
            dbs.push(DbInfo {
                name: info.name.clone(),
                node: NodeIx(ix as u8),
                decimals: 0,
                rows: Vec::new(),
            });
        }
    }
    dbs
}

fn steps(
    flow: &doc::Flow,
    scenario: &Scenario,
    broker: bool,
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
            let mut templates = Templates { interner, inputs: &flow.inputs, words };
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
    let words = interner.words();
    let nodes = nodes(scenario, needs);
    let dbs = databases(scenario, &nodes, &mut interner, &words);
    let flows: Vec<Flow> = scenario
        .transactions
        .iter()
        .map(|flow| Flow { steps: steps(flow, scenario, needs.broker, &mut interner, &words) })
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
                    let mut templates =
                        Templates { interner: &mut interner, inputs: &query.inputs, words: &words };
                    (node, DbIx(node.0 - 1), templates.key(&read.key))
                })
                .collect(),
        })
        .collect();
    let mix = mix(scenario, &mut interner);
    let fault_nodes = fault_nodes(scenario, &nodes);
    let triggers = triggers(scenario, &nodes, &fault_nodes);
    let service_time = nodes
        .infos
        .iter()
        .map(|info| match info.kind {
            NodeKind::Service(ix) => scenario.services[ix.ix()].service_time_us.clone(),
            _ => doc::Distribution::Constant(0.0),
        })
        .collect();
    let cast = Cast {
        title: scenario.title.clone(),
        coupling: coupling.to_owned(),
        flows: flow_infos(scenario, &flows),
        topics: if needs.broker { topics(scenario, &flows) } else { Vec::new() },
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
        service_time,
        triggers,
        fault_nodes,
    }
}
