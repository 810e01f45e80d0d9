//! Sums that must stay equal and bounds that must hold.

use serde::{Deserialize, Serialize};

use super::flow::value_field;

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
