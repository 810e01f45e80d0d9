//! What arrives, and what goes wrong.

use super::interner::Interner;
use super::nodes::{Nodes, named_node, prefix};
use super::{
    Draw, EVENT_NAMES, FaultIx, FaultKind, FlowIx, Input, InputSource, Mix, MixKind, NodeIx,
    QueryIx, Rename, Scalar, Scenario, Trigger, Value, doc,
};

pub(super) fn source(input: &Input, interner: &mut Interner) -> InputSource {
    let mut values =
        |scalars: &[Scalar]| scalars.iter().map(|scalar| interner.value(scalar)).collect();
    match input {
        Input::Fixed(scalar) => InputSource::Fixed(interner.value(scalar)),
        Input::Drawn(Draw::Pick(of)) => InputSource::Pick(values(of)),
        Input::Drawn(Draw::Popular(of)) => InputSource::Popular(values(of)),
        Input::Drawn(Draw::Cycle(of)) => InputSource::Cycle(values(of)),
    }
}

pub(super) fn mix(scenario: &Scenario, interner: &mut Interner) -> Vec<Mix> {
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
pub(super) fn fault_words(kind: &FaultKind) -> String {
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
        FaultKind::RenameColumn { service, table, column, to } => {
            format!("{service} renames the column {column} of {table} to {to}")
        }
    }
}

pub(super) fn fault_nodes(scenario: &Scenario, nodes: &Nodes) -> Vec<Vec<NodeIx>> {
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
            | FaultKind::RenameColumn { service: node, .. }
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

/// What each fault renames in a database that all services share.
pub(super) fn renames(
    scenario: &Scenario,
    shared: bool,
    fault_nodes: &[Vec<NodeIx>],
    interner: &mut Interner,
) -> Vec<Option<Rename>> {
    let mut rename = |(fault, nodes): (&doc::Fault, &Vec<NodeIx>)| {
        let FaultKind::RenameColumn { service, table, column, .. } = &fault.fault else {
            return None;
        };
        let owner = *nodes.first()?;
        let table = format!("{}{table}", prefix(shared, service));
        Some(Rename {
            owner,
            column: interner.sym(column),
            refusal: interner.sym(&format!("NO_COLUMN {table}.{column}")),
            table: interner.sym(&table),
        })
    };
    let all = scenario.faults.iter().zip(fault_nodes);
    if shared { all.map(&mut rename).collect() } else { vec![None; scenario.faults.len()] }
}

pub(super) fn triggers(
    scenario: &Scenario,
    nodes: &Nodes,
    fault_nodes: &[Vec<NodeIx>],
) -> Vec<Trigger> {
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
