//! The nodes of a scenario under a coupling, and the databases at them.

use super::interner::Interner;
use super::{
    DbInfo, DbIx, Dialect, Isolation, Key, Level, Method, Needs, NodeInfo, NodeIx, NodeKind,
    Orchestrator, Row, Scenario, ServiceIx, SessionRules, StreamRules, Victim, Words, doc,
};

/// The nodes of a scenario under a coupling.
pub(super) struct Nodes {
    pub(super) infos: Vec<NodeInfo>,
    pub(super) broker: Option<NodeIx>,
    pub(super) orchestrator: Option<NodeIx>,
    pub(super) coordinator: Option<NodeIx>,
    pub(super) composer: Option<NodeIx>,
    pub(super) shared: Option<DbIx>,
    pub(super) replicas: Vec<Vec<NodeIx>>,
}

/// What the tables of a service begin with where all services share a database.
pub(super) fn prefix(shared: bool, service: &str) -> String {
    if shared { format!("{service}.") } else { String::new() }
}

pub(super) fn nodes(scenario: &Scenario, needs: Needs) -> Nodes {
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
    // A primary gives its rows to its replicas from one process.
    let several = needs.broker && (needs.changes || !needs.replicas);
    for (ix, service) in scenario.services.iter().enumerate().filter(|_| several) {
        for number in 2..=service.consumers {
            let name = format!("{}-{number}", service.name);
            infos.push(node(&name, NodeKind::Member(ServiceIx(ix as u8)), None, service.workers));
        }
    }
    replicas.resize(infos.len(), Vec::new());
    Nodes { infos, broker, orchestrator, coordinator, composer, shared, replicas }
}

pub(super) fn service_node(scenario: &Scenario, name: &str) -> NodeIx {
    let ix = scenario.services.iter().position(|service| service.name == name).unwrap_or(0);
    NodeIx(ix as u8 + 1)
}

pub(super) fn named_node(scenario: &Scenario, nodes: &Nodes, name: &str) -> Option<NodeIx> {
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
pub(super) fn service_rows(
    service: &doc::Service,
    shared: bool,
    interner: &mut Interner,
    words: &Words,
) -> Vec<(Key, Row)> {
    let prefix = prefix(shared, &service.name);
    let rows = service.rows.iter();
    rows.map(|(key, value)| (interner.key(&prefix, key), interner.row(value, words))).collect()
}

pub(super) fn databases(
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
pub(super) fn session_rules(
    scenario: &Scenario,
    needs: Needs,
    dbs: &[DbInfo],
) -> Vec<Option<SessionRules>> {
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
pub(super) fn stream_rules(
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
