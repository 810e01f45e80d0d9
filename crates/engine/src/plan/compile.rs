//! Compiles a validated scenario for a coupling.

mod interner;
mod nodes;
mod workload;

use std::collections::BTreeMap;
use std::rc::Rc;

use super::guard::guard;
use super::order::as_run;
use super::reserve::reservation;
use super::{
    Expr, Flow, Guard, GuardWords, IdTemplate, InputSource, KeyTemplate, Mix, MixKind, Op, Plan,
    Query, Rename, ReservationWords, Step, Trigger, Words,
};
use crate::cast::{Cast, DbInfo, FlowInfo, NodeInfo, NodeKind, StepInfo, TopicInfo, VERSION_OF};
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
use interner::{Interner, Templates};
use nodes::{databases, nodes, prefix, service_node, session_rules, stream_rules};
use workload::{fault_nodes, fault_words, mix, renames, triggers};

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
fn guards(
    scenario: &Scenario,
    saga: bool,
    flows: &mut [Flow],
    interner: &mut Interner,
    words: &mut Words,
) {
    let steps = scenario.transactions.iter().flat_map(|flow| &flow.steps);
    if steps.clone().all(|step| step.countermeasures.is_empty()) {
        return;
    }
    words.guard = GuardWords::new(|text| interner.sym(text));
    for (flow, compiled) in scenario.transactions.iter().zip(&mut *flows) {
        guard(flow, saga, &mut compiled.steps, |prefix, of| {
            let of = interner.symbols[of.0 as usize].clone();
            interner.sym(&format!("{prefix} {of}"))
        });
    }
    let mut steps = flows.iter().flat_map(|flow| &flow.steps);
    if steps.any(|step| step.guard.file.is_some()) {
        words.guard.done = interner.sym("done");
        words.guard.undone = interner.sym("undone");
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
        let name = format!("{VERSION_OF}{}", interner.symbols[table.ix()]);
        (table, interner.sym(&name))
    };
    tables.into_iter().map(name).collect()
}

/// Compiles a scenario that has been validated. `coupling` is its coupling's name on screen;
/// `edges` says where messages travel under it.
#[must_use]
pub fn compile(scenario: &Scenario, coupling: &str, needs: Needs) -> Plan {
    let scenario = &*as_run(scenario, needs.saga);
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
    guards(scenario, needs.saga, &mut flows, &mut interner, &mut words);
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
    let renames = renames(scenario, needs.shared_database, &fault_nodes, &mut interner);
    let none = doc::Distribution::Constant(0.0);
    let times = nodes.infos.iter().map(|info| match info.kind {
        NodeKind::Service(ix) | NodeKind::Member(ix) => {
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
        groups: Vec::new(),
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
        renames,
        #[cfg(feature = "mutations")]
        mutation: None,
    }
}
