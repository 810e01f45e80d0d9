//! What goes wrong, and when.

use serde::{Deserialize, Serialize};

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
    /// A replica drops what it has taken in, back to its rows at the start, and takes it in again
    /// from the first change.
    Rebuild(String),
    /// A service is deployed with a column of one of its tables renamed. In a database that all
    /// services share, the code of the others still uses the old name, until they are deployed too,
    /// when the fault ends; where each service has a database of its own, nobody else knows it.
    RenameColumn {
        /// The service that owns the table.
        service: String,
        /// The table: what stands before the colon in its rows' keys.
        table: String,
        /// The column's old name; `value` where the rows are plain numbers or texts.
        column: String,
        /// Its new name.
        to: String,
    },
}
