//! The scenario document, version 1, exactly as it stands in a file or a link.
//!
//! These types only hold the document; [`super::validate`] says what is wrong with one and
//! [`crate::plan::Plan`] is the compiled form that the engine runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of the format that this engine writes.
pub const VERSION: u32 = 1;

/// A scenario: the whole input of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The version of the format: 1.
    pub interleave: u32,
    /// What it shows, in a few words.
    pub title: String,
    /// What to look at, in a sentence or two.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// How the services share data: a pattern's name, or its three parts.
    pub coupling: Coupling,
    /// The services, each owning rows in a database.
    pub services: Vec<Service>,
    /// The business flows.
    pub transactions: Vec<Flow>,
    /// What readers want to see together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<Query>,
    /// Who arrives when, with which inputs.
    pub workload: Workload,
    /// The bounds for exploring.
    #[serde(default, skip_serializing_if = "is_default")]
    pub explore: Bounds,
    /// The network between the nodes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub network: Network,
    /// The broker.
    #[serde(default, skip_serializing_if = "is_default")]
    pub broker: Broker,
    /// Time-outs, attempts and back-off of every call.
    #[serde(default, skip_serializing_if = "is_default")]
    pub retries: Retries,
    /// Options of the patterns.
    #[serde(default, skip_serializing_if = "is_default")]
    pub options: Options,
    /// What goes wrong, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// Sums that must stay equal and bounds that must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invariants: Vec<Invariant>,
    /// Where a run ends at the latest.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// The seed of every random draw.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seed: u64,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A coupling: a named pattern, or its parts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Coupling {
    /// A pattern's name, as `interleave patterns` lists them.
    Named(String),
    /// The three parts.
    Parts(Parts),
}

/// The three parts of a coupling.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// How a transaction that spans services is carried out.
    pub write: String,
    /// How a query is answered.
    #[serde(default = "direct")]
    pub read: String,
    /// How a service keeps its state.
    #[serde(default = "rows")]
    pub store: String,
}

fn direct() -> String {
    "direct".into()
}

fn rows() -> String {
    "rows".into()
}

/// A service and its database.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name, unique among services.
    pub name: String,
    /// How many steps it serves at the same time.
    #[serde(default = "one_worker")]
    pub workers: u32,
    /// How long one step takes, database included, in microseconds.
    #[serde(default = "default_service_time")]
    pub service_time_us: Distribution,
    /// The initial rows: `table:id` to a value, or to an object of fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, RowValue>,
    /// How many decimals to show: 2 shows 1234 as 12.34. The engine counts whole numbers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub decimals: u8,
}

fn one_worker() -> u32 {
    1
}

fn default_service_time() -> Distribution {
    Distribution::Constant(1_000.0)
}

/// An initial row: one value (of the field `value`) or several fields.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum RowValue {
    /// The field `value`.
    One(Scalar),
    /// Fields by name.
    Fields(BTreeMap<String, Scalar>),
}

/// A number, a text or a list of numbers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Scalar {
    /// A whole number.
    Int(i64),
    /// A text. In an operation, `$name` stands for an input, `-$name` for its negative,
    /// `$txn` for the transaction's number (from 1) and `$reason` for the word of the refusal.
    Text(String),
    /// A list of whole numbers.
    List(Vec<i64>),
}

/// A business flow: ordered steps.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Its name, unique among transactions.
    pub name: String,
    /// The names of its inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
    /// Its steps in order.
    pub steps: Vec<Step>,
}

/// One step of a flow.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name: the name of the command that asks for it.
    pub name: String,
    /// The service whose rows it works on.
    pub service: String,
    /// Compensatable steps, then at most one pivot, then retriable steps.
    #[serde(default)]
    pub kind: StepKind,
    /// What it does. Nothing at all makes a step that only has a compensation.
    #[serde(default, rename = "do", skip_serializing_if = "Vec::is_empty")]
    pub forward: Vec<Operation>,
    /// What takes it back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<Operation>,
    /// The name of its compensation; `undo-<name>` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo_name: Option<String>,
    /// The event published when it is done; `<service>.<name>` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emits: Option<String>,
    /// The event published when it is refused; `<service>.<name>-failed` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fails: Option<String>,
    /// The event published when it is undone; `<service>.<name>-undone` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<String>,
    /// The step runs only where this input has this value.
    #[serde(default, rename = "if", skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// What it does in a few plain words for the page, as `charge $amount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
}

/// The condition of a step.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The input, without `$`.
    pub input: String,
    /// The value that it must have.
    pub is: Scalar,
}

/// What a saga may do about a step (Garcia-Molina and Salem 1987; Richardson, Microservices Patterns, ch. 4).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// It can be undone.
    #[default]
    Compensatable,
    /// The point of no return: once it is done the saga goes forward only.
    Pivot,
    /// It comes after the pivot and is retried until it succeeds.
    Retriable,
}

/// One operation on a row. Keys are `table:id`, where the id may be `$input` or `$txn`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Operation {
    /// Inserts a row; refused where it exists.
    Insert {
        /// The row.
        key: String,
        /// Its fields.
        fields: BTreeMap<String, Scalar>,
    },
    /// Sets a field of a row that exists.
    Set {
        /// The row.
        key: String,
        /// The field; `value` by default.
        #[serde(default = "value_field")]
        field: String,
        /// Its new value.
        to: Scalar,
        /// The word for the refusal where the row is missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<String>,
    },
    /// Adds to a numeric field; refused where a bound would be broken.
    Add {
        /// The row.
        key: String,
        /// The field; `value` by default.
        #[serde(default = "value_field")]
        field: String,
        /// What to add: a number, `$input` or `-$input`.
        by: Scalar,
        /// The least value allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<i64>,
        /// The greatest value allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<i64>,
        /// The word for the refusal where a bound would be broken.
        #[serde(default, rename = "else", skip_serializing_if = "Option::is_none")]
        refusal: Option<String>,
        /// The word for the refusal where the row is missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<String>,
    },
    /// Appends a number to a list field.
    Append {
        /// The row.
        key: String,
        /// The field; `value` by default.
        #[serde(default = "value_field")]
        field: String,
        /// The number.
        item: Scalar,
    },
    /// Reads a row.
    Read {
        /// The row.
        key: String,
    },
    /// Deletes a row that exists; does nothing where it is missing.
    Delete {
        /// The row.
        key: String,
    },
}

fn value_field() -> String {
    "value".into()
}

/// A query: the rows that a reader wants together.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Its name, unique among queries.
    pub name: String,
    /// The names of its inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
    /// The rows.
    pub reads: Vec<QueryRead>,
}

/// One row that a query reads.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QueryRead {
    /// The owner.
    pub service: String,
    /// The row.
    pub key: String,
}

/// Who arrives when.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// When they arrive.
    pub arrivals: Arrivals,
    /// How many arrive in all. For exact times it is their number by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// What each arrival does, drawn by weight. One that names no weight counts 1.
    pub mix: Vec<MixEntry>,
}

/// The arrival process.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Arrivals {
    /// At exactly these times, in microseconds.
    AtUs(Vec<u64>),
    /// One each so many microseconds, from 0.
    EveryUs(u64),
    /// A Poisson process of this rate.
    PerSecond(f64),
    /// A fixed number of clients, each waiting for its answer and then thinking.
    Clients {
        /// How many.
        clients: u32,
        /// The think time in microseconds.
        think_us: Distribution,
    },
}

/// One kind of arrival.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MixEntry {
    /// The flow that it starts; either this or `query`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// The query that it asks; either this or `transaction`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// How often, against the others. Where every entry has weight 0 they take turns.
    #[serde(default = "weight_one", skip_serializing_if = "is_one")]
    pub weight: u32,
    /// Its inputs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Input>,
}

fn weight_one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(weight: &u32) -> bool {
    *weight == 1
}

/// Where the value of an input comes from. When exploring, a draw becomes a choice.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Input {
    /// Always the same.
    Fixed(Scalar),
    /// Drawn.
    Drawn(Draw),
}

/// A drawn input.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Draw {
    /// One of these, each as likely as the others.
    Pick(Vec<Scalar>),
    /// One of these, the k-th as likely as 1/k.
    Popular(Vec<Scalar>),
    /// These in turn, by the number of the arrival.
    Cycle(Vec<Scalar>),
}

/// A distribution of durations, in microseconds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Distribution {
    /// Always this.
    Constant(f64),
    /// Between these, each as likely.
    Uniform {
        /// The least.
        min: f64,
        /// The greatest.
        max: f64,
    },
    /// Exponential with this mean.
    Exponential {
        /// The mean.
        mean: f64,
    },
    /// Log-normal with this median and this standard deviation of the logarithm.
    LogNormal {
        /// The median.
        median: f64,
        /// The standard deviation of the natural logarithm.
        sigma: f64,
    },
    /// Pareto (type I): at least `scale`, with this tail index.
    Pareto {
        /// The least value.
        scale: f64,
        /// The tail index; above 1 for a finite mean.
        shape: f64,
    },
}

/// The bounds for exploring.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// How many of the workload's arrivals take part.
    pub transactions: u32,
    /// How often what may happen.
    pub faults: Budget,
    /// Where exploring stops, in distinct states.
    pub max_states: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { transactions: 1, faults: Budget::default(), max_states: 500_000 }
    }
}

/// How often each kind of fault may happen on one explored path.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Crashes of a node, also between two effects of a handler.
    pub crash: u8,
    /// Messages lost, and replies of synchronous calls lost.
    pub drop: u8,
    /// Messages and records delivered twice.
    pub duplicate: u8,
    /// Retry timers that fire while an answer may still come.
    pub early_timer: u8,
    /// Exchanges that are given up.
    pub give_up: u8,
}

/// The network.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// The delay of every message, in microseconds.
    pub delay_us: Distribution,
    /// The probability that a message is lost.
    pub loss: f64,
    /// The probability that a message arrives twice.
    pub duplicate: f64,
    /// Whether messages between two nodes keep their order.
    pub fifo: bool,
    /// Links that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            delay_us: Distribution::Constant(1_000.0),
            loss: 0.0,
            duplicate: 0.0,
            fifo: false,
            links: vec![],
        }
    }
}

/// One link, from one node to another.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The sending node: a service, `clients`, `broker` or `orchestrator`.
    pub from: String,
    /// The receiving node.
    pub to: String,
    /// Its delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_us: Option<Distribution>,
    /// Its loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Its duplication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<f64>,
}

/// The broker.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Broker {
    /// Partitions of each topic.
    pub partitions: u8,
    /// How often a record that its consumer cannot handle is delivered before it becomes a dead letter.
    pub max_deliveries: u8,
    /// How long after a commit the outbox's relay looks for unsent messages, in microseconds.
    pub relay_us: Distribution,
}

impl Default for Broker {
    fn default() -> Self {
        Self { partitions: 1, max_deliveries: 3, relay_us: Distribution::Constant(500.0) }
    }
}

/// Time-outs, attempts and back-off.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Retries {
    /// How long a caller waits for an answer, in microseconds.
    pub timeout_us: u64,
    /// How often it tries in all before it gives up. Compensations and retriable steps try on, up to 10 times as often.
    pub attempts: u16,
    /// By how much the wait grows with each attempt.
    pub backoff: f64,
}

impl Default for Retries {
    fn default() -> Self {
        Self { timeout_us: 50_000, attempts: 4, backoff: 2.0 }
    }
}

/// Options of the patterns. One that a coupling has no use for is kept and ignored.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Messages are stored with the rows, in one local transaction, and published by a relay.
    pub outbox: bool,
    /// Consumers record what they handled, in one local transaction with its effect.
    pub inbox: bool,
    /// What a failed step of a saga compensates.
    pub compensate: Compensate,
    /// In which order a saga compensates.
    pub compensation_order: CompensationOrder,
    /// Where the orchestrator of a saga runs.
    pub orchestrator: Orchestrator,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            outbox: true,
            inbox: true,
            compensate: Compensate::default(),
            compensation_order: CompensationOrder::default(),
            orchestrator: Orchestrator::default(),
        }
    }
}

/// What a failed step of a saga compensates. Both conventions are in use: Garcia-Molina and Salem
/// and Eventuate undo completed steps only; Temporal's and AWS's samples also call the compensation
/// of the step that failed, since its outcome may be unknown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Compensate {
    /// Completed steps only.
    #[default]
    Completed,
    /// The failed step too; its compensation does nothing where the step did nothing.
    FailedToo,
}

/// In which order a saga compensates.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CompensationOrder {
    /// The last first, one at a time.
    #[default]
    Sequential,
    /// All at once.
    Parallel,
}

/// Where the orchestrator of a saga runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Orchestrator {
    /// A node of its own with a database of its own.
    #[default]
    Separate,
    /// In the service of the first step; its own steps are local and need no command.
    FirstService,
}

/// Something that goes wrong.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What.
    pub fault: FaultKind,
    /// When, in microseconds; either this or `on`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_us: Option<u64>,
    /// On which event; either this or `at_us`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Trigger>,
    /// For how long, in microseconds. A crash ends with the restart.
    #[serde(default = "one_second")]
    pub for_us: u64,
}

fn one_second() -> u64 {
    1_000_000
}

/// The n-th event of a kind at a node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The kind of event, as `committed` or `published`.
    pub event: String,
    /// The node.
    pub node: String,
    /// Which of them, from 1.
    #[serde(default = "one_nth")]
    pub nth: u32,
}

fn one_nth() -> u32 {
    1
}

/// The kind of a fault and what it strikes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum FaultKind {
    /// A node loses its volatile state and restarts when the time is over.
    Crash(String),
    /// A node takes this many times as long.
    Slow {
        /// The node.
        node: String,
        /// How many times.
        times: f64,
    },
    /// A node stands still, keeps its state and comes back late.
    Pause(String),
    /// These nodes cannot reach the others, nor the others them.
    Partition(Vec<String>),
    /// A link loses, duplicates or delays.
    Link {
        /// The sending node.
        from: String,
        /// The receiving node.
        to: String,
        /// The probability that a message is lost.
        #[serde(default)]
        loss: f64,
        /// The probability that a message arrives twice.
        #[serde(default)]
        duplicate: f64,
        /// Added to each delay, in microseconds.
        #[serde(default)]
        delay_us: u64,
    },
    /// The broker neither takes nor gives records.
    BrokerOutage,
    /// The database of a service refuses writes.
    RefuseWrites(String),
    /// The next record for this service cannot be read by it.
    Poison(String),
}

/// Something that must hold over rows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Invariant {
    /// Its name.
    pub name: String,
    /// What must hold.
    #[serde(flatten)]
    pub rule: Rule,
    /// When it must hold. A saga breaks every sum over services while it moves.
    #[serde(default)]
    pub when: When,
}

/// What an invariant demands.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A weighted sum of fields stays what it was at the start, or equals `equals`.
    Sum {
        /// The terms.
        terms: Vec<Term>,
        /// What it must equal; what it was at the start by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        equals: Option<i64>,
    },
    /// Every matching field stays within bounds.
    Bound {
        /// The owner.
        service: String,
        /// `table:id`, or `table:*` for all rows of the table.
        key: String,
        /// The field; `value` by default.
        #[serde(default = "value_field")]
        field: String,
        /// The least value allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<i64>,
        /// The greatest value allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<i64>,
    },
}

/// One term of a sum.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The owner.
    pub service: String,
    /// `table:id`, or `table:*` for all rows of the table.
    pub key: String,
    /// The field; `value` by default.
    #[serde(default = "value_field")]
    pub field: String,
    /// What it is multiplied by.
    #[serde(default = "times_one")]
    pub times: i64,
}

fn times_one() -> i64 {
    1
}

/// When an invariant must hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// Once nothing but a fault can happen any more.
    #[default]
    AtRest,
    /// After every commit.
    Always,
}

/// Where a run ends at the latest.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Events, at most 5,000,000.
    pub events: u32,
    /// Virtual time in microseconds.
    pub time_us: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { events: 200_000, time_us: 3_600_000_000 }
    }
}
