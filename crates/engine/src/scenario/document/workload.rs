//! Who arrives when, with which inputs, and distributions of durations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Scalar;

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
