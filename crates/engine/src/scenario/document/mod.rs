//! The scenario document, version 1, exactly as it stands in a file or a link.
//!
//! These types only hold the document; [`super::validate()`] says what is wrong with one and
//! [`crate::plan::Plan`] is the compiled form that the engine runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod fault;
mod flow;
mod invariant;
mod settings;
mod workload;

pub use fault::{Fault, FaultKind, Trigger};
pub use flow::{Condition, Countermeasure, Flow, Operation, Query, QueryRead, Step, StepKind};
pub use invariant::{Invariant, Rule, Term, When};
pub use settings::{
    Assignor, Bounds, Broker, Budget, Compensate, CompensationOrder, Composition, Concurrency,
    Entry, ExpectedVersion, IsolationLevel, Limits, Link, Network, Options, Orchestrator, Partial,
    Presume, QuerySnapshot, ReadFrom, Retries, SessionRule, Updates, Victim,
};
pub use workload::{Arrivals, Distribution, Draw, Input, MixEntry, Workload};

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
    /// How many processes of it consume records, where the coupling has a broker: the members of its
    /// consumer group. They share its database.
    #[serde(default = "one_consumer", skip_serializing_if = "is_one_consumer")]
    pub consumers: u8,
    /// How long one step takes, database included, in microseconds.
    #[serde(default = "default_service_time")]
    pub service_time_us: Distribution,
    /// How long answering one question for its rows takes, in microseconds. It takes a worker where
    /// it takes any time.
    #[serde(default = "no_time", skip_serializing_if = "is_no_time")]
    pub read_time_us: Distribution,
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

fn one_consumer() -> u8 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one_consumer(consumers: &u8) -> bool {
    *consumers == 1
}

fn default_service_time() -> Distribution {
    Distribution::Constant(1_000.0)
}

fn no_time() -> Distribution {
    Distribution::Constant(0.0)
}

fn is_no_time(of: &Distribution) -> bool {
    *of == no_time()
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
