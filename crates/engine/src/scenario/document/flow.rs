//! What a business flow does: steps, operations on rows, and queries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Scalar;

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
    /// What it does against the isolation that a saga does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countermeasures: Vec<Countermeasure>,
    /// What it does in a few plain words for the page, as `charge $amount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
}

/// What a step of a saga does against the isolation that a saga does not have (Frank and Zahle 1998;
/// Richardson, Microservices Patterns, ch. 4).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Countermeasure {
    /// It marks the rows that it changes until the saga's last step at its service, or until it is
    /// undone; and it is refused, as `PENDING`, where another saga has marked a row that it touches.
    SemanticLock,
    /// The same, but where the other saga came later than its own, it waits for the mark to be taken
    /// off and is tried again; where the other came earlier, it is refused as `PENDING`. Only an
    /// earlier saga ever waits for a later one, so that they cannot wait in a circle (wait-die:
    /// Rosenkrantz, Stearns and Lewis 1978).
    SemanticLockWait,
    /// It only adds without bounds and appends, so that its order with others does not matter.
    CommutativeUpdate,
    /// It is refused, as `CHANGED`, where a row that an earlier step of the saga has read is no
    /// longer what it was.
    RereadValue,
    /// What reaches its service, the step and its compensation, is noted as it arrives, and takes
    /// effect in the saga's order: a step whose compensation came first does nothing, and what comes
    /// again does nothing again.
    VersionFile,
    /// It only raises what others may use, and therefore runs after the pivot, as a retriable step:
    /// nobody sees what may still be taken back.
    PessimisticView,
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

impl Operation {
    /// The key of the row that it is about.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Insert { key, .. }
            | Self::Set { key, .. }
            | Self::Add { key, .. }
            | Self::Append { key, .. }
            | Self::Read { key }
            | Self::Delete { key } => key,
        }
    }
}

pub(super) fn value_field() -> String {
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
