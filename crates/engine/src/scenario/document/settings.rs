//! Bounds, network, broker, retries, options and limits: what has a default.

use serde::{Deserialize, Serialize};

use super::Distribution;

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
    /// Members of a consumer group that stand still with a record in hand, for so long that the
    /// group's coordinator gives their partitions to others.
    #[serde(skip_serializing_if = "usual")]
    pub pause: u8,
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
    /// Where the coordinator of distributed transactions runs.
    #[serde(skip_serializing_if = "usual")]
    pub coordinator: Orchestrator,
    /// What two-phase commit presumes where its coordinator remembers nothing.
    #[serde(skip_serializing_if = "usual")]
    pub presume: Presume,
    /// Whether a participant that has only read says so and is left out of the second phase.
    #[serde(skip_serializing_if = "is_true")]
    pub read_only_votes: bool,
    /// The isolation level of local transactions that stay open: those of a shared database and of
    /// participants in two-phase commit.
    #[serde(skip_serializing_if = "usual")]
    pub isolation: IsolationLevel,
    /// How the isolation level is reached.
    #[serde(skip_serializing_if = "usual")]
    pub concurrency: Concurrency,
    /// Who dies for a deadlock.
    #[serde(skip_serializing_if = "usual")]
    pub victim: Victim,
    /// How a step that adds to a number reaches an open local transaction's database.
    #[serde(skip_serializing_if = "usual")]
    pub updates: Updates,
    /// After how long a wait for a lock is given up, in microseconds; never where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_timeout_us: Option<u64>,
    /// How many local transactions a database has open at once.
    #[serde(skip_serializing_if = "usual_connections")]
    pub connections: u16,
    /// How many read replicas the database of each service has, where the coupling has some.
    #[serde(skip_serializing_if = "usual_replicas")]
    pub replicas: u8,
    /// Where questions are sent where there are replicas.
    #[serde(skip_serializing_if = "usual")]
    pub read_from: ReadFrom,
    /// What a client's session is promised where there are replicas.
    #[serde(skip_serializing_if = "usual")]
    pub sessions: SessionRule,
    /// Whether a replica that consumes changes passes over those that are older than what it has.
    #[serde(skip_serializing_if = "is_true")]
    pub projection_guard: bool,
    /// How long a replica takes to take in a copy or a record, in microseconds.
    #[serde(skip_serializing_if = "is_no_time")]
    pub apply_time_us: Distribution,
    /// By how many versions a row may be behind that a query answers with; anything where there is
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staleness_max: Option<u32>,
    /// Where transactions enter that nobody coordinates. By default a composer where the queries pass
    /// through one, else the first service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    /// How a composer asks the services of a query.
    #[serde(skip_serializing_if = "usual")]
    pub composition: Composition,
    /// After how long a composer answers without those who have not answered yet, in microseconds;
    /// where there is none, after the last attempt with each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compose_timeout_us: Option<u64>,
    /// What a composer answers where some have not answered it.
    #[serde(skip_serializing_if = "usual")]
    pub partial: Partial,
    /// Whether a composer reads all rows as of one moment.
    #[serde(skip_serializing_if = "usual")]
    pub snapshot: QuerySnapshot,
    /// After how many events of a stream an event-sourced service stores a snapshot; never where it is 0.
    #[serde(skip_serializing_if = "usual_snapshot_every")]
    pub snapshot_every: u32,
    /// How long an event-sourced service needs to fold one event when it recovers, in microseconds.
    #[serde(skip_serializing_if = "usual_fold_us")]
    pub fold_us: u64,
    /// Which version of its streams a client's command expects.
    #[serde(skip_serializing_if = "usual")]
    pub expected: ExpectedVersion,
    /// After how long a reservation that was neither confirmed nor cancelled expires, in
    /// microseconds; 0 for never.
    #[serde(skip_serializing_if = "usual_reservation")]
    pub reservation_us: u64,
    /// By which rule the partitions of a topic go to the members of a consumer group.
    #[serde(skip_serializing_if = "usual")]
    pub assignor: Assignor,
    /// After how long without a sign of a member the coordinator of its consumer group gives its
    /// partitions to others, in microseconds.
    #[serde(skip_serializing_if = "usual_session_timeout")]
    pub session_timeout_us: u64,
    /// Whether the database of a service with several members refuses the writes of one that speaks
    /// for an older generation of the group.
    #[serde(skip_serializing_if = "usual")]
    pub fencing: bool,
}

fn usual_session_timeout(value: &u64) -> bool {
    *value == Options::default().session_timeout_us
}

/// The rule by which partitions go to the members of a consumer group: those of Kafka's assignors of
/// the same names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Assignor {
    /// Topic by topic, each member a run of neighbours.
    #[default]
    Range,
    /// One after the other, to each member in turn.
    RoundRobin,
    /// As even as can be, and of all such ways the one that moves the fewest. All stop meanwhile.
    Sticky,
    /// As `sticky`, but only those stop that lose something.
    CooperativeSticky,
}

fn is_no_time(value: &Distribution) -> bool {
    *value == Distribution::Constant(0.0)
}

fn usual_reservation(value: &u64) -> bool {
    *value == Options::default().reservation_us
}

fn usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn is_true(value: &bool) -> bool {
    *value
}

fn usual_connections(value: &u16) -> bool {
    *value == Options::default().connections
}

fn usual_snapshot_every(value: &u32) -> bool {
    *value == Options::default().snapshot_every
}

fn usual_fold_us(value: &u64) -> bool {
    *value == Options::default().fold_us
}

fn usual_replicas(value: &u8) -> bool {
    *value == Options::default().replicas
}

impl Default for Options {
    fn default() -> Self {
        Self {
            outbox: true,
            inbox: true,
            compensate: Compensate::default(),
            compensation_order: CompensationOrder::default(),
            orchestrator: Orchestrator::default(),
            coordinator: Orchestrator::default(),
            presume: Presume::default(),
            read_only_votes: true,
            isolation: IsolationLevel::default(),
            concurrency: Concurrency::default(),
            victim: Victim::default(),
            updates: Updates::default(),
            lock_timeout_us: None,
            connections: 16,
            replicas: 2,
            read_from: ReadFrom::default(),
            sessions: SessionRule::default(),
            projection_guard: true,
            apply_time_us: Distribution::Constant(0.0),
            staleness_max: None,
            entry: None,
            composition: Composition::default(),
            compose_timeout_us: None,
            partial: Partial::default(),
            snapshot: QuerySnapshot::default(),
            snapshot_every: 100,
            fold_us: 10,
            expected: ExpectedVersion::default(),
            reservation_us: 5_000_000,
            assignor: Assignor::default(),
            session_timeout_us: 3_000_000,
            fencing: false,
        }
    }
}

/// Which replica a question is sent to. Where one does not answer, the next is asked, and the
/// primary at last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReadFrom {
    /// The replicas in turn, query by query.
    #[default]
    RoundRobin,
    /// Any, drawn for each query.
    Random,
    /// The one with the shortest mean delay from the clients.
    Nearest,
    /// None of them: the primary.
    Primary,
}

/// What is done for a client's session where its reads go to replicas.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SessionRule {
    /// Nothing.
    #[default]
    None,
    /// It keeps to one replica of each service, as long as that answers.
    Sticky,
    /// Its questions say how far its own writes have come, and a replica that is behind is passed
    /// over, for the primary at last.
    ReadYourWrites,
}

/// Which version of its streams a client's command expects, where the service that it asks is
/// event-sourced and does the first step at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedVersion {
    /// Any: the command is decided on what the streams say when it arrives.
    #[default]
    Any,
    /// Exactly the one that the client saw: it looks first, its command carries the versions, and
    /// one that comes too late is refused. The client then looks and asks again.
    Exact,
}

/// What two-phase commit presumes about a transaction of which its coordinator remembers nothing
/// (Mohan, Lindsay and Obermarck 1986; Lampson and Lomet 1993).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Presume {
    /// Nothing: every decision is forced and acknowledged.
    Nothing,
    /// That it aborted: aborts are neither forced nor acknowledged.
    #[default]
    Abort,
    /// That it committed: commits are not acknowledged, and the participants are written down first.
    Commit,
}

/// An isolation level of the SQL standard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum IsolationLevel {
    /// Reads see what others have not committed.
    ReadUncommitted,
    /// Reads see what was committed.
    #[default]
    ReadCommitted,
    /// What was read once is read again.
    RepeatableRead,
    /// As if one transaction came after the other.
    Serializable,
}

/// How a database reaches its isolation levels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Concurrency {
    /// Readers see snapshots and wait for nobody, as in PostgreSQL.
    #[default]
    Versions,
    /// Readers and writers wait for each other: strict two-phase locking, as in SQL Server.
    Locking,
    /// Readers see snapshots, writers the newest rows under locks, as in InnoDB.
    Mixed,
}

/// Who dies for a deadlock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Victim {
    /// Who closed the cycle.
    #[default]
    Requester,
    /// Who began last.
    Youngest,
    /// Who began first.
    Oldest,
    /// Who holds and asks for the fewest locks.
    FewestLocks,
}

/// How a step that adds to a number reaches its database.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Updates {
    /// In one statement, under a lock.
    #[default]
    InPlace,
    /// As a read, and later a write of the sum, as an application does that keeps rows in objects.
    ReadThenWrite,
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

/// Where an orchestrator or coordinator runs.
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

/// Where transactions enter that nobody coordinates.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// At the service of the first step, which calls the others.
    FirstService,
    /// At a composer, which calls them all.
    Composer,
}

/// How a composer asks the services of a query.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Composition {
    /// All at once.
    #[default]
    Parallel,
    /// One after the other, in the order of the query.
    Sequential,
}

/// What a composer answers where some services have not answered it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Partial {
    /// The rows of the others, and who is missing.
    #[default]
    Answer,
    /// Nothing.
    Fail,
}

/// As of when a composer reads rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum QuerySnapshot {
    /// Each as it is when its service is asked.
    #[default]
    None,
    /// All as they were when the composer began.
    One,
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
