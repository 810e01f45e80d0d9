//! Who is who in a run: the names behind the ids that events carry.
//!
//! A cast is made from a scenario under one coupling and never changes during a run. With the
//! events it is all that a view needs.

use crate::event::{Fact, Shape};
use crate::ids::{
    DbIx, FlowIx, NodeIx, PartitionIx, ServiceIx, StepIx, StepRef, Sym, TopicIx, TxnId, txn_name,
};
use crate::value::{Key, KeyPart, Row, Value};

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NodeKind {
    /// The clients: where transactions and queries arrive and are answered.
    Clients,
    /// A service of the scenario.
    Service(ServiceIx),
    /// The broker.
    Broker,
    /// The orchestrator of sagas, where it is a node of its own.
    Orchestrator,
    /// The coordinator of distributed transactions, where it is a node of its own.
    Coordinator,
    /// The composer, through which queries and writes pass.
    Composer,
    /// The database that all services share.
    Database,
    /// A read replica of a service's database.
    Replica(ServiceIx),
    /// A further process of a service: a member of its consumer group, beside the service's own node,
    /// on the same database.
    Member(ServiceIx),
}

/// What the name of a table begins with in which a replica keeps the versions of its rows.
pub const VERSION_OF: &str = "version of ";

/// A node.
#[derive(Clone, PartialEq, Debug)]
pub struct NodeInfo {
    /// Its name on screen and in links.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// The database that belongs to it.
    pub db: Option<DbIx>,
    /// Whether its database has an outbox and a relay.
    pub outbox: bool,
    /// How many steps it serves at the same time.
    pub workers: u32,
}

/// A database.
#[derive(Clone, PartialEq, Debug)]
pub struct DbInfo {
    /// Its name: that of its owner.
    pub name: String,
    /// The node that it belongs to.
    pub node: NodeIx,
    /// Whether all services share it. Its tables then have their owner's name before their own:
    /// `stock.item`.
    pub shared: bool,
    /// The database that it copies, where it is a replica.
    pub replica_of: Option<DbIx>,
    /// Whether it keeps streams of events, and its rows are what they add up to.
    pub streams: bool,
    /// How many decimals its numbers are shown with.
    pub decimals: u8,
    /// Its initial rows in the order of their keys.
    pub rows: Vec<(Key, Row)>,
}

/// A topic.
#[derive(Clone, PartialEq, Debug)]
pub struct TopicInfo {
    /// Its name.
    pub name: String,
    /// Who publishes to it.
    pub publisher: NodeIx,
    /// Who handles at least one of its events.
    pub consumers: Vec<NodeIx>,
    /// Its partitions.
    pub partitions: u8,
    /// The names of the events that it can hold, with their shapes, in the order of the flow.
    pub events: Vec<(Sym, Shape)>,
}

/// The consumer group of a service that has several members.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupInfo {
    /// The service's node, whose name is the group's. It is the first member.
    pub service: NodeIx,
    /// The members.
    pub members: Vec<NodeIx>,
    /// Who reads which partition in the beginning: the first generation. Members that are missing
    /// here are idle.
    pub owners: Vec<(TopicIx, PartitionIx, NodeIx)>,
}

/// A step of a flow, as a view needs it.
#[derive(Clone, PartialEq, Debug)]
pub struct StepInfo {
    /// Its name.
    pub name: Sym,
    /// The name of its compensation.
    pub undo_name: Sym,
    /// The node of its service.
    pub node: NodeIx,
    /// Its kind in the words of the document: `compensatable`, `pivot` or `retriable`.
    pub kind: &'static str,
    /// What it does in plain words, with `$inputs` in place; empty where the document says nothing.
    pub say: String,
    /// Whether it has a compensation.
    pub undoable: bool,
    /// The event published when it is done, and its topic, where the coupling publishes.
    pub emits: Option<(TopicIx, Sym)>,
}

/// A flow.
#[derive(Clone, PartialEq, Debug)]
pub struct FlowInfo {
    /// Its name.
    pub name: String,
    /// The names of its inputs.
    pub inputs: Vec<String>,
    /// Its steps.
    pub steps: Vec<StepInfo>,
}

/// The cast of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct Cast {
    /// The scenario's title.
    pub title: String,
    /// The name of the coupling: a named pattern's, or `write+read+store`.
    pub coupling: String,
    /// The nodes; the clients come first, then the services in the order of the document.
    pub nodes: Vec<NodeInfo>,
    /// The databases.
    pub dbs: Vec<DbInfo>,
    /// The topics, in the order in which the first flow reaches them.
    pub topics: Vec<TopicInfo>,
    /// The consumer groups with several members, in the order of their services.
    pub groups: Vec<GroupInfo>,
    /// The flows.
    pub flows: Vec<FlowInfo>,
    /// The names of the queries.
    pub queries: Vec<String>,
    /// Interned strings, by [`Sym`].
    pub symbols: Vec<String>,
    /// The names of the document's faults in plain words, as "payments crashes".
    pub faults: Vec<String>,
    /// Directed edges along which messages travel under this coupling, for the drawing:
    /// from, to, and whether it is to or from the broker.
    pub edges: Vec<(NodeIx, NodeIx)>,
}

impl Cast {
    /// An interned string.
    #[must_use]
    pub fn sym(&self, sym: Sym) -> &str {
        self.symbols.get(sym.ix()).map_or("?", String::as_str)
    }

    /// A node's name.
    #[must_use]
    pub fn node(&self, node: NodeIx) -> &str {
        self.nodes.get(node.ix()).map_or("?", |info| info.name.as_str())
    }

    /// The node of this name.
    #[must_use]
    pub fn node_named(&self, name: &str) -> Option<NodeIx> {
        self.nodes.iter().position(|info| info.name == name).map(|at| NodeIx(at as u8))
    }

    /// The node in whose name a node works and consumes: that of its service for a further member of
    /// a consumer group, else itself.
    #[must_use]
    pub fn service_of(&self, node: NodeIx) -> NodeIx {
        match self.nodes.get(node.ix()).map(|info| info.kind) {
            Some(NodeKind::Member(service)) => NodeIx(service.0 + 1),
            _ => node,
        }
    }

    /// The consumer group of a node, where it has several members.
    #[must_use]
    pub fn group(&self, node: NodeIx) -> Option<&GroupInfo> {
        let service = self.service_of(node);
        self.groups.iter().find(|group| group.service == service)
    }

    /// The broker, where the coupling has one.
    #[must_use]
    pub fn broker(&self) -> Option<NodeIx> {
        self.nodes.iter().position(|info| info.kind == NodeKind::Broker).map(|at| NodeIx(at as u8))
    }

    /// A step of a flow.
    #[must_use]
    pub fn step(&self, flow: FlowIx, step: StepIx) -> Option<&StepInfo> {
        self.flows.get(flow.ix())?.steps.get(step.ix())
    }

    /// The database with the rows of a service, and what its tables' names begin with there.
    #[must_use]
    pub fn home(&self, service: &str) -> Option<(DbIx, String)> {
        let at = self.dbs.iter().position(|db| db.name == service);
        let own = at.map(|at| (DbIx(at as u8), String::new()));
        own.or_else(|| {
            let at = self.dbs.iter().position(|db| db.shared)?;
            self.node_named(service)?;
            Some((DbIx(at as u8), format!("{service}.")))
        })
    }

    /// The text of a key: `account:alice`.
    #[must_use]
    pub fn key(&self, key: Key) -> String {
        match key.id {
            KeyPart::Int(n) => format!("{}:{n}", self.sym(key.table)),
            KeyPart::Text(sym) => format!("{}:{}", self.sym(key.table), self.sym(sym)),
        }
    }

    /// The text of a value, numbers with the decimals of their database.
    #[must_use]
    pub fn value(&self, db: DbIx, value: &Value) -> String {
        match value {
            Value::Int(n) => self.number(db, *n),
            Value::Text(sym) => self.sym(*sym).to_owned(),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(i64::to_string).collect();
                format!("[{}]", items.join(" "))
            }
        }
    }

    /// A number with the decimals of its database: 1234 as 12.34.
    #[must_use]
    pub fn number(&self, db: DbIx, n: i64) -> String {
        let decimals = self.dbs.get(db.ix()).map_or(0, |info| info.decimals);
        if decimals == 0 {
            return n.to_string();
        }
        let unit = 10_u64.pow(u32::from(decimals.min(9)));
        let size = n.unsigned_abs();
        let sign = if n < 0 { "-" } else { "" };
        format!("{sign}{}.{:0width$}", size / unit, size % unit, width = usize::from(decimals))
    }

    /// The text of a row: one value alone, or fields as `status PENDING, total 12.34`.
    #[must_use]
    pub fn row(&self, db: DbIx, row: &Row) -> String {
        let fields: Vec<(&str, String)> =
            row.fields().map(|(name, value)| (self.sym(name), self.value(db, value))).collect();
        match fields.as_slice() {
            [("value", only)] => only.clone(),
            several => {
                let parts: Vec<String> =
                    several.iter().map(|(name, value)| format!("{name} {value}")).collect();
                parts.join(", ")
            }
        }
    }

    /// An event of a stream as text: `created with 100`, `added -30 to value`.
    #[must_use]
    pub fn fact(&self, db: DbIx, fact: &Fact) -> String {
        match fact {
            Fact::Created(row) => format!("created with {}", self.row(db, row)),
            Fact::Set { field, to } => {
                format!("set {} to {}", self.sym(*field), self.value(db, to))
            }
            Fact::Added { field, by } => {
                format!("added {} to {}", self.number(db, *by), self.sym(*field))
            }
            Fact::Appended { field, item } => format!("appended {item} to {}", self.sym(*field)),
            Fact::Deleted => "deleted".to_owned(),
        }
    }

    /// A step of a transaction as text: `T1 charge`, `T1 undo of charge`.
    #[must_use]
    pub fn step_ref(&self, flow: FlowIx, of: StepRef) -> String {
        let name = self.step(flow, of.step).map_or("?", |step| match of.dir {
            crate::ids::Direction::Do => self.sym(step.name),
            crate::ids::Direction::Undo => self.sym(step.undo_name),
        });
        format!("{} {name}", txn_name(of.txn))
    }

    /// A transaction's name.
    #[must_use]
    pub fn txn(&self, txn: TxnId) -> String {
        txn_name(txn)
    }
}
