//! The world: everything that is, as plain data, and the one function that changes it.
//!
//! [`World::apply`] makes one choice. What can be chosen is in [`enabled`]; how a handler's effects
//! are carried out is in [`effects`]. All three drivers share this one model: the simulator lets a
//! clock pick the choices, the explorer takes them all, a replay takes those of a schedule.

mod agenda;
mod apply;
mod canon;
mod consuming;
mod effects;
mod enabled;
mod faults;
mod groups;
mod sessions;

use std::collections::BTreeMap;
use std::rc::Rc;

use rpds::RedBlackTreeMap;

pub use apply::Impossible;
pub use effects::Point;
pub use groups::Silence;
pub use sessions::Parked;

use crate::cast::DbInfo;
use crate::choice::{Intervention, TimerKey};
use crate::event::Event;
use crate::family::{Cx, TxnData};
use crate::ids::{EventIx, FaultIx, Micros, MsgId, NodeIx, PartitionIx, Sym, TopicIx, TxnId};
use crate::network::Network;
use crate::out::{Alarm, Exchange};
use crate::patterns::read::ReadState;
use crate::patterns::write::WriteState;
use crate::patterns::{Body, Parts, client};
use crate::plan::Plan;
use crate::scenario::document::{Budget, FaultKind};
use crate::stores::{Broker, Database};

/// Where events go.
pub trait Sink {
    /// Takes an event and gives its number. Numbers rise by one.
    fn event(&mut self, event: Event) -> EventIx;
}

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Whether it runs.
    pub up: bool,
    /// Its memory for the write member.
    pub state: WriteState,
    /// Its memory for the read member.
    pub reads: ReadState,
    /// The event of its last crash: the cause of its restart.
    pub crashed: Option<EventIx>,
    /// Since when its consumer group hears nothing of it, where that has several members.
    pub silence: Option<Silence>,
}

/// An armed timer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Timer {
    /// What it waits for.
    pub alarm: Alarm,
    /// When it is due.
    pub due: Micros,
    /// The event of its arming.
    pub armed: EventIx,
}

/// Something that will be due: what the simulator's clock runs on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Due {
    /// A message reaches its target, or is lost on the way.
    Message(MsgId),
    /// A record reaches its consumers.
    Record(TopicIx, PartitionIx),
    /// A timer.
    Timer(TimerKey),
    /// A relay looks at its outbox.
    Relay(NodeIx),
    /// A crashed node restarts.
    Restart(NodeIx),
    /// A fault of the document begins: its trigger struck.
    FaultBegins(FaultIx),
    /// A fault of the document ends.
    FaultEnds(FaultIx),
    /// A client has its answer.
    ClientFree(TxnId),
    /// A node went down just now.
    Down(NodeIx),
    /// A parked handler may go on.
    Proceed(NodeIx, TxnId),
    /// The session of a member of a consumer group ends, of which nothing was heard since then.
    Session(NodeIx, Micros),
}

/// The world.
#[derive(Clone, Debug)]
pub struct World {
    /// The compiled scenario.
    pub plan: Rc<Plan>,
    /// The coupling.
    pub parts: Parts,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The databases.
    pub dbs: Vec<Rc<Database>>,
    /// The broker; without topics where the coupling has none.
    pub broker: Rc<Broker>,
    /// Messages in flight.
    pub network: Network<Body>,
    /// Armed timers.
    pub timers: BTreeMap<TimerKey, Timer>,
    /// The transactions and queries that have arrived.
    pub txns: RedBlackTreeMap<TxnId, TxnData>,
    /// Exchanges that a node works on and will answer.
    pub held: Vec<(NodeIx, Exchange)>,
    /// The memory of the clients about transactions.
    pub clients: client::State,
    /// Handlers that wait for a lock or for time to pass, by their node and transaction.
    pub parked: BTreeMap<(NodeIx, TxnId), Parked>,
    /// How many have arrived.
    pub arrived: u32,
    /// What may still go wrong while exploring.
    pub budget: Budget,
    /// Per triggered fault, how many events of its kind are still to come; 0 once it struck.
    pub triggers: Vec<u32>,
    /// Faults of the document at work, other than crashes.
    pub faults: Vec<FaultIx>,
    /// What a person changes in this run.
    pub interventions: Rc<Vec<Intervention>>,
    /// How many interventions are behind.
    pub intervened: usize,
    /// Interventions that could not happen, by their number.
    pub refused_interventions: Vec<usize>,
    /// Virtual time.
    pub now: Micros,
    /// Choices made.
    pub step_no: u32,
    /// The number of the next event.
    pub next_event: EventIx,
    /// The number of the next message.
    pub next_message: MsgId,
    /// Whether there is a clock.
    pub timed: bool,
    /// What will be due, since the driver last looked.
    pub due: Vec<(Micros, Due)>,
    /// The points of the last handler at which it could have been cut.
    pub points: Vec<Point>,
    /// The commit that left a message in an outbox: the cause of its publication.
    pub stored: RedBlackTreeMap<(TxnId, Sym), EventIx>,
    /// The events that set off faults which have not begun yet.
    pub set_off_by: BTreeMap<FaultIx, EventIx>,
}

impl World {
    /// The world before anything has happened.
    #[must_use]
    pub fn new(plan: Rc<Plan>, parts: Parts, timed: bool) -> Self {
        let nodes = plan
            .cast
            .nodes
            .iter()
            .map(|_| Node {
                up: true,
                state: parts.write.initial(),
                reads: parts.read.initial(),
                crashed: None,
                silence: None,
            })
            .collect();
        let database = |(ix, info): (usize, &DbInfo)| {
            let mut database = Database::new(&info.rows);
            if let Some(rules) = &plan.session_rules[ix] {
                database = database.with_sessions(rules.clone());
            }
            if let Some(rules) = plan.stream_rules[ix] {
                database = database.with_streams(rules);
            }
            Rc::new(database)
        };
        let mut dbs: Vec<Rc<Database>> = plan.cast.dbs.iter().enumerate().map(database).collect();
        if parts.read.copy_mode().is_some() {
            for (db, info) in dbs.iter_mut().zip(&plan.cast.dbs) {
                if info.replica_of.is_none() && !plan.replicas[info.node.ix()].is_empty() {
                    let records = plan.changes.iter().any(Option::is_some);
                    *db = Rc::new(db.as_ref().clone().with_replicas(records));
                }
            }
        }
        let mut broker = Broker::new(plan.cast.topics.iter().map(|topic| topic.partitions));
        for group in &plan.cast.groups {
            broker = broker.with_group(group.service, plan.members(group));
        }
        let triggers = plan.triggers.iter().map(|trigger| trigger.nth).collect();
        Self {
            parts,
            nodes,
            dbs,
            broker: Rc::new(broker),
            network: Network::default(),
            timers: BTreeMap::new(),
            txns: RedBlackTreeMap::new(),
            held: Vec::new(),
            clients: client::State::default(),
            parked: BTreeMap::new(),
            arrived: 0,
            budget: Budget::default(),
            triggers,
            faults: Vec::new(),
            interventions: Rc::new(Vec::new()),
            intervened: 0,
            refused_interventions: Vec::new(),
            now: 0,
            step_no: 0,
            next_event: EventIx(0),
            next_message: MsgId(0),
            timed,
            due: Vec::new(),
            points: Vec::new(),
            stored: RedBlackTreeMap::new(),
            set_off_by: BTreeMap::new(),
            plan,
        }
    }

    /// What a handler at a node may look at. A further member of a consumer group works in the name of
    /// its service.
    #[must_use]
    pub fn cx(&self, node: NodeIx) -> Cx<'_> {
        let node = self.plan.cast.service_of(node);
        Cx { plan: &self.plan, node, dbs: &self.dbs, txns: &self.txns }
    }

    /// Whether a node runs.
    #[must_use]
    pub fn is_up(&self, node: NodeIx) -> bool {
        self.nodes[node.ix()].up
    }

    /// The next record of a partition that a node handles, at or after `from`.
    #[must_use]
    pub fn next_record(
        &self,
        node: NodeIx,
        topic: TopicIx,
        partition: PartitionIx,
        from: u32,
    ) -> Option<u32> {
        let cx = self.cx(node);
        let records = self.broker.partition(topic, partition).records();
        (from..records.len() as u32).find(|offset| {
            records
                .get(*offset as usize)
                .is_some_and(|record| self.parts.handles(&cx, &record.body))
        })
    }

    /// Remembers that a node handles no record of a partition before `to`, so that they are not
    /// looked at again: a consumer may pass over a whole topic.
    pub fn pass_over(&mut self, node: NodeIx, topic: TopicIx, partition: PartitionIx, to: u32) {
        let service = self.plan.cast.service_of(node);
        let partition = Rc::make_mut(&mut self.broker).partition_mut(topic, partition);
        partition.group_mut(service).passed = to;
    }

    /// The faults of the document at work.
    pub fn active_faults(&self) -> impl Iterator<Item = &FaultKind> {
        self.faults.iter().map(|ix| &self.plan.scenario.faults[ix.ix()].fault)
    }

    /// Whether a message can pass from one node to another: no partition lies between them.
    #[must_use]
    pub fn reaches(&self, from: NodeIx, to: NodeIx) -> bool {
        self.faults.iter().all(|ix| match &self.plan.scenario.faults[ix.ix()].fault {
            FaultKind::Partition(_) => {
                let inside = &self.plan.fault_nodes[ix.ix()];
                inside.contains(&from) == inside.contains(&to)
            }
            _ => true,
        })
    }

    /// Whether a node can publish and consume.
    #[must_use]
    pub fn reaches_broker(&self, node: NodeIx) -> bool {
        !self.active_faults().any(|fault| *fault == FaultKind::BrokerOutage)
            && self.plan.broker.is_some_and(|broker| self.reaches(node, broker))
    }
}
