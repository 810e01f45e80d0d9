//! The bounds of a scenario: what a link or a file may ask for.

/// The largest document, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// Services.
pub const MAX_SERVICES: usize = 64;
/// Links of the network that differ from it.
pub const MAX_LINKS: usize = 256;
/// Flows, and queries.
pub const MAX_FLOWS: usize = 32;
/// Steps of a flow, reads of a query, terms of a sum.
pub const MAX_STEPS: usize = 64;
/// Operations of a step in one direction.
pub const MAX_OPERATIONS: usize = 64;
/// Faults.
pub const MAX_FAULTS: usize = 64;
/// Invariants.
pub const MAX_INVARIANTS: usize = 64;
/// Inputs of a flow or of a query.
pub const MAX_INPUTS: usize = 64;
/// Entries of the workload's mix, and values that an input is drawn from.
pub const MAX_ENTRIES: usize = 1_000;
/// The longest name, in characters.
pub const MAX_NAME: usize = 64;
/// The longest sentence, in characters.
pub const MAX_SENTENCE: usize = 2_000;
/// The largest amount on either side of zero. A million of them still fit in 128 bits many times
/// over; sums are made there.
pub const MAX_AMOUNT: i64 = 1_000_000_000_000_000;
/// The largest weight of a term, on either side of zero.
pub const MAX_TIMES: i64 = 1_000_000;
/// The largest count: of arrivals, of occurrences, of a weight in the mix.
pub const MAX_COUNT: u64 = 1_000_000;
/// The longest duration: one hour, in microseconds.
pub const MAX_DURATION: u64 = 3_600_000_000;
/// The latest moment of a run: one day, in microseconds.
pub const MAX_TIME: u64 = 24 * MAX_DURATION;
/// Workers of a service.
pub const MAX_WORKERS: u64 = 1_024;
/// Members of a service's consumer group.
pub const MAX_CONSUMERS: u64 = 8;
/// Decimals shown.
pub const MAX_DECIMALS: u64 = 9;
/// Partitions of a topic.
pub const MAX_PARTITIONS: u64 = 64;
/// Read replicas of one database.
pub const MAX_REPLICAS: u64 = 8;
/// Attempts of an exchange.
pub const MAX_ATTEMPTS: u64 = 1_000;
/// Events of a run.
pub const MAX_EVENTS: u64 = 5_000_000;
/// Transactions of an exploration.
pub const MAX_EXPLORED: u64 = 16;
/// Of each kind of fault, on one explored path.
pub const MAX_BUDGET: u64 = 8;
/// States of an exploration.
pub const MAX_STATES: u64 = 50_000_000;

/// The nodes that are not services.
pub const NODES: [&str; 6] =
    ["clients", "broker", "orchestrator", "coordinator", "composer", "database"];
