//! The plan: a scenario compiled for one coupling.
//!
//! Names are resolved to ids, operations to templates over a transaction's inputs, and the workload
//! to a function from the number of an arrival to its time, its flow and its inputs. A plan never
//! changes during a run.

mod compile;
mod groups;
mod guard;
mod order;
mod replicas;
mod reserve;
mod workload;

use std::collections::BTreeMap;
use std::rc::Rc;

pub use compile::compile;
pub use guard::{Guard, GuardWords};
pub use order::as_run;
pub use reserve::ReservationWords;

use crate::cast::Cast;
use crate::ids::{DbIx, FaultIx, Micros, NodeIx, Sym, TopicIx, TxnId};
use crate::mutation::Mutation;
use crate::rng::Draws;
use crate::scenario::Scenario;
use crate::scenario::document::{Distribution, StepKind};
use crate::stores::{SessionRules, StreamRules};
use crate::value::{Key, KeyPart, Value};

/// A compiled scenario.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The document.
    pub scenario: Rc<Scenario>,
    /// Who is who.
    pub cast: Rc<Cast>,
    /// The source of random draws.
    pub draws: Draws,
    /// The flows.
    pub flows: Vec<Flow>,
    /// The queries.
    pub queries: Vec<Query>,
    /// What arrives.
    pub mix: Vec<Mix>,
    /// Names that the engine itself uses.
    pub words: Words,
    /// The broker's node, where there is one.
    pub broker: Option<NodeIx>,
    /// The orchestrator's node: its own, or that of the first flow's first service.
    pub orchestrator: Option<NodeIx>,
    /// The coordinator's node: its own, or that of the first flow's first service.
    pub coordinator: Option<NodeIx>,
    /// The composer's node.
    pub composer: Option<NodeIx>,
    /// Where every transaction enters that nobody coordinates: the composer, or, where there is none,
    /// the service of its first step.
    pub entry: Option<NodeIx>,
    /// The database that all services share.
    pub shared: Option<DbIx>,
    /// Per node, the nodes of its replicas.
    pub replicas: Vec<Vec<NodeIx>>,
    /// Per database, the topic of its changes, where it has one.
    pub changes: Vec<Option<TopicIx>>,
    /// Per table, the one in which replicas keep the versions of its rows, where there are replicas.
    pub version_tables: BTreeMap<Sym, Sym>,
    /// Per database, how it runs its sessions, where it has some.
    pub session_rules: Vec<Option<SessionRules>>,
    /// Per database, how it keeps its streams, where it is event-sourced.
    pub stream_rules: Vec<Option<StreamRules>>,
    /// Whether clients look at the streams of the first step before they ask, and say what they saw.
    pub clients_look: bool,
    /// Per node, its service time.
    pub service_time: Vec<Distribution>,
    /// Per node, how long it takes to answer a question for its rows.
    pub read_time: Vec<Distribution>,
    /// Faults with a trigger.
    pub triggers: Vec<Trigger>,
    /// Which fault of the document is poison for which node.
    pub fault_nodes: Vec<Vec<NodeIx>>,
    /// What each fault of the document renames where all services share a database.
    pub renames: Vec<Option<Rename>>,
    /// The deliberate fault that is switched on.
    #[cfg(feature = "mutations")]
    pub mutation: Option<Mutation>,
}

/// Interned words of the engine.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// The field of rows with one value.
    pub value: Sym,
    /// The client's request.
    pub request: Sym,
    /// The answer to it.
    pub response: Sym,
    /// The timer of a caller that waits for an answer.
    pub retry: Sym,
    /// The table of an orchestrator's saga rows.
    pub saga: Sym,
    /// Its field for the saga's state.
    pub state: Sym,
    /// Its field for the step at hand, counted from 1.
    pub step: Sym,
    /// Its field for the word of the refusal.
    pub reason: Sym,
    /// State: going forward.
    pub running: Sym,
    /// State: compensating.
    pub compensating: Sym,
    /// State: every step done.
    pub completed: Sym,
    /// State: everything undone.
    pub rolled_back: Sym,
    /// State: stuck.
    pub stuck: Sym,
    /// A query's question.
    pub ask: Sym,
    /// A query's answer.
    pub rows: Sym,
    /// The refusal of a row that exists.
    pub exists: Sym,
    /// The refusal of a row that is missing.
    pub missing: Sym,
    /// The refusal of a caller that gave up waiting.
    pub no_answer: Sym,
    /// The refusal of a database that takes no writes.
    pub read_only: Sym,
    /// The refusal of a deadlock's victim.
    pub deadlock: Sym,
    /// The refusal of a transaction that could not be serialized.
    pub serialization: Sym,
    /// The refusal of one that waited for a lock for too long.
    pub lock_timeout: Sym,
    /// The refusal where a database cannot be reached.
    pub unavailable: Sym,
    /// The refusal of a stream at another version.
    pub version: Sym,
    /// A client's question for the versions of streams.
    pub look: Sym,
    /// The answer to it.
    pub seen: Sym,
    /// The field that says since when a row's change is true, where that is not when it was written.
    pub effective: Sym,
    /// The refusal of a reservation that has expired.
    pub expired: Sym,
    /// The timer of a session that waits for a lock.
    pub lock_wait: Sym,
    /// A coordinator's question, and its timer's name.
    pub prepare: Sym,
    /// A participant's vote to commit.
    pub vote_yes: Sym,
    /// A participant's vote to abort.
    pub vote_no: Sym,
    /// A participant's vote that it has only read.
    pub vote_read_only: Sym,
    /// A coordinator's decision to commit.
    pub commit: Sym,
    /// A coordinator's decision to abort.
    pub abort: Sym,
    /// A participant's answer to the decision.
    pub acknowledge: Sym,
    /// A participant's question for the decision, and its timer's name.
    pub inquire: Sym,
    /// The table of a coordinator's rows.
    pub coordination: Sym,
    /// Its field for the nodes that must hear the decision.
    pub participants: Sym,
    /// The timer after which a reservation expires.
    pub expiry: Sym,
    /// The table of reservations.
    pub reservation: Sym,
    /// The command that confirms a reservation.
    pub confirm: Sym,
    /// The command that cancels one.
    pub cancel: Sym,
    /// A primary's copy for a replica, and its timer's name.
    pub copy: Sym,
    /// A replica's answer to it.
    pub copied: Sym,
    /// The answer of a replica that is not as far as its reader.
    pub behind: Sym,
    /// The timer after which a composer answers with what it has.
    pub deadline: Sym,
    /// What coordinator and participants say about reservations.
    pub reserving: ReservationWords,
    /// Words of countermeasures.
    pub guard: GuardWords,
}

/// A compiled flow.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A compiled step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The node of its service.
    pub node: NodeIx,
    /// What a saga may do about it.
    pub kind: StepKind,
    /// Its operations.
    pub forward: Vec<Op>,
    /// Its compensation's.
    pub undo: Vec<Op>,
    /// What reserves it: its operations, and what they cannot compute back.
    pub reserve: Vec<Op>,
    /// What takes a reservation back.
    pub release: Vec<Op>,
    /// What it minds and leaves for its countermeasures.
    pub guard: Guard,
    /// It runs only where this input has this value.
    pub condition: Option<(usize, Value)>,
    /// The name of its command.
    pub command: Sym,
    /// The name of the answer that it is done.
    pub done: Sym,
    /// The name of the answer that it was refused.
    pub refused: Sym,
    /// The name of its compensation.
    pub undo_command: Sym,
    /// The name of the answer that it is undone.
    pub undone_reply: Sym,
    /// The event that it is done.
    pub emits: Sym,
    /// The event that it was refused.
    pub fails: Sym,
    /// The event that it is undone.
    pub undone: Sym,
    /// The topic of its events, where there is a broker.
    pub topic: Option<TopicIx>,
}

impl Step {
    /// Whether it takes part in a transaction with these inputs.
    #[must_use]
    pub fn applies(&self, inputs: &[Value]) -> bool {
        self.condition.as_ref().is_none_or(|(input, is)| inputs.get(*input) == Some(is))
    }
}

/// A compiled query.
#[derive(Clone, Debug)]
pub struct Query {
    /// The rows that it reads: owner, database and key.
    pub reads: Vec<(NodeIx, DbIx, KeyTemplate)>,
}

/// An operation over a transaction's inputs.
#[derive(Clone, PartialEq, Debug)]
pub enum Op {
    /// Inserts a row.
    Insert {
        /// The row.
        key: KeyTemplate,
        /// Its fields.
        fields: Vec<(Sym, Expr)>,
    },
    /// Sets a field.
    Set {
        /// The row.
        key: KeyTemplate,
        /// The field.
        field: Sym,
        /// Its value.
        to: Expr,
        /// The word where the row is missing.
        missing: Sym,
    },
    /// Adds to a field.
    Add {
        /// The row.
        key: KeyTemplate,
        /// The field.
        field: Sym,
        /// What.
        by: Expr,
        /// The least result allowed.
        min: Option<i64>,
        /// The greatest result allowed.
        max: Option<i64>,
        /// The word where a bound would be broken.
        refusal: Sym,
        /// The word where the row is missing.
        missing: Sym,
    },
    /// Appends to a list.
    Append {
        /// The row.
        key: KeyTemplate,
        /// The field.
        field: Sym,
        /// What.
        item: Expr,
    },
    /// Reads a row.
    Read {
        /// The row.
        key: KeyTemplate,
    },
    /// Deletes a row.
    Delete {
        /// The row.
        key: KeyTemplate,
    },
    /// For a reservation: keeps a row as it is, where there is one.
    Keep {
        /// The row.
        key: KeyTemplate,
        /// Where.
        at: KeyTemplate,
    },
    /// Brings back what was kept: a field that still has the value which the reservation gave it,
    /// or a whole row that is still missing.
    Restore {
        /// The row.
        key: KeyTemplate,
        /// The field and the value that the reservation gave it; `None` for the whole row.
        field: Option<(Sym, Expr)>,
        /// Where it was kept.
        at: KeyTemplate,
    },
    /// Takes the last of such items out of a list, and the row away where the list is empty and
    /// there was no row before.
    Withdraw {
        /// The row.
        key: KeyTemplate,
        /// The field.
        field: Sym,
        /// The item.
        item: Expr,
        /// Where the row was kept.
        at: KeyTemplate,
    },
}

impl Op {
    /// The tables of the rows that it may change.
    pub fn tables(&self) -> impl Iterator<Item = Sym> {
        let kept = match self {
            Self::Keep { at, .. } | Self::Restore { at, .. } | Self::Withdraw { at, .. } => {
                Some(at)
            }
            _ => None,
        };
        self.changes().into_iter().chain(kept).map(|key| key.table)
    }

    /// The row that it changes, where it changes one.
    #[must_use]
    pub fn changes(&self) -> Option<&KeyTemplate> {
        match self {
            Self::Insert { key, .. }
            | Self::Set { key, .. }
            | Self::Add { key, .. }
            | Self::Append { key, .. }
            | Self::Delete { key }
            | Self::Restore { key, .. }
            | Self::Withdraw { key, .. } => Some(key),
            Self::Keep { at, .. } => Some(at),
            Self::Read { .. } => None,
        }
    }
}

/// A key over a transaction's inputs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyTemplate {
    /// The table.
    pub table: Sym,
    /// Which row.
    pub id: IdTemplate,
}

/// A column that a service renames in the database that all share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rename {
    /// The service whose table it is, and whose own code knows the new name.
    pub owner: NodeIx,
    /// The table.
    pub table: Sym,
    /// The old name of the column.
    pub column: Sym,
    /// The word of who still uses it.
    pub refusal: Sym,
}

impl Rename {
    /// Whether an operation uses the column by its old name.
    #[must_use]
    pub fn strikes(&self, op: &Op) -> bool {
        let (key, named) = match op {
            Op::Insert { key, fields } => {
                (key, fields.iter().any(|(field, _)| *field == self.column))
            }
            Op::Set { key, field, .. }
            | Op::Add { key, field, .. }
            | Op::Append { key, field, .. } => (key, *field == self.column),
            Op::Read { key } => (key, true),
            Op::Delete { .. } | Op::Keep { .. } | Op::Restore { .. } | Op::Withdraw { .. } => {
                return false;
            }
        };
        named && key.table == self.table
    }
}

/// The second half of a key over a transaction's inputs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IdTemplate {
    /// Always this.
    Fixed(KeyPart),
    /// An input.
    Input(usize),
    /// The transaction's number, from 1.
    Txn,
}

/// A value over a transaction's inputs.
#[derive(Clone, PartialEq, Debug)]
pub enum Expr {
    /// Always this.
    Fixed(Value),
    /// An input.
    Input(usize),
    /// An input's negative.
    Negative(usize),
    /// The transaction's number, from 1.
    Txn,
    /// The negative of the transaction's number.
    NegativeTxn,
    /// The word of the refusal that led here.
    Reason,
}

/// What templates are filled in with.
#[derive(Clone, Copy, Debug)]
pub struct Env<'a> {
    /// The inputs.
    pub inputs: &'a [Value],
    /// The transaction.
    pub txn: TxnId,
    /// The word of the refusal.
    pub reason: Option<Sym>,
}

impl KeyTemplate {
    /// The key for a transaction.
    #[must_use]
    pub fn fill(&self, env: &Env<'_>) -> Key {
        let id = match self.id {
            IdTemplate::Fixed(part) => part,
            IdTemplate::Txn => KeyPart::Int(i64::from(env.txn.0) + 1),
            IdTemplate::Input(ix) => match env.inputs.get(ix) {
                Some(Value::Int(n)) => KeyPart::Int(*n),
                Some(Value::Text(sym)) => KeyPart::Text(*sym),
                Some(Value::List(_)) | None => KeyPart::Int(0),
            },
        };
        Key { table: self.table, id }
    }
}

impl Expr {
    /// The value for a transaction.
    #[must_use]
    pub fn fill(&self, env: &Env<'_>, none: Sym) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Txn => Value::Int(i64::from(env.txn.0) + 1),
            Self::NegativeTxn => Value::Int(-i64::from(env.txn.0) - 1),
            Self::Reason => Value::Text(env.reason.unwrap_or(none)),
            Self::Input(ix) => env.inputs.get(*ix).cloned().unwrap_or(Value::Int(0)),
            Self::Negative(ix) => match env.inputs.get(*ix) {
                Some(Value::Int(n)) => Value::Int(n.saturating_neg()),
                other => other.cloned().unwrap_or(Value::Int(0)),
            },
        }
    }
}

/// What an arrival does.
#[derive(Clone, Debug)]
pub struct Mix {
    /// What.
    pub what: MixKind,
    /// How often against the others.
    pub weight: u32,
    /// Its inputs in the order of the flow's or query's.
    pub inputs: Vec<InputSource>,
}

/// A transaction or a query.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MixKind {
    /// A flow.
    Flow(crate::ids::FlowIx),
    /// A query.
    Query(crate::ids::QueryIx),
}

/// Where an input comes from.
#[derive(Clone, Debug)]
pub enum InputSource {
    /// Always this.
    Fixed(Value),
    /// One of these, each as likely.
    Pick(Vec<Value>),
    /// One of these, the k-th as likely as 1/k.
    Popular(Vec<Value>),
    /// These in turn.
    Cycle(Vec<Value>),
}

/// A fault that an event sets off.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// The fault.
    pub fault: FaultIx,
    /// The kind of event.
    pub event: &'static str,
    /// At which node.
    pub node: NodeIx,
    /// Which of them, from 1.
    pub nth: u32,
    /// Whom a crash strikes; `None` for other kinds of fault.
    pub crash: Option<NodeIx>,
}

impl Plan {
    /// Whether a deliberate fault is switched on; never without the feature `mutations`.
    #[cfg(feature = "mutations")]
    #[must_use]
    pub fn has(&self, fault: Mutation) -> bool {
        self.mutation == Some(fault)
    }

    /// Whether a deliberate fault is switched on; never without the feature `mutations`.
    #[cfg(not(feature = "mutations"))]
    #[must_use]
    pub const fn has(&self, _: Mutation) -> bool {
        false
    }

    /// How long a caller waits for the answer to an attempt, counted from 0, before it asks again.
    #[must_use]
    pub fn wait_us(&self, attempt: u16) -> Micros {
        let retries = &self.scenario.retries;
        let factor = libm::pow(retries.backoff.max(1.0), f64::from(attempt.min(64)));
        libm::round((retries.timeout_us as f64 * factor).min(3.6e9)) as Micros
    }

    /// The node of the clients.
    #[must_use]
    pub fn clients(&self) -> NodeIx {
        NodeIx(0)
    }
}
