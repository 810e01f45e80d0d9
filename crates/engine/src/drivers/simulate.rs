//! The simulator: a virtual clock picks the choices, the earliest due first, ties by order of scheduling.
//!
//! It adds what only a clock can: queues before the workers of a service, service times, the dice of
//! a lossy network, the document's faults by time. Everything that changes the world is a choice
//! that the explorer could have taken too, and is recorded.

mod records;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use crate::choice::{Choice, ChoiceKind};
use crate::event::{EventKind, Shape};
use crate::ids::{Direction, FaultIx, Micros, MsgId, NodeIx, PartitionIx, StepIx, TopicIx, TxnId};
use crate::network::draw_key;
use crate::patterns::Body;
use crate::rng::{DrawKey, Purpose};
use crate::scenario::document::{Distribution, FaultKind};
use crate::world::{Due, Sink, World};

/// An entry of the agenda.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Item {
    /// Something of the world's own.
    Due(Due),
    /// The next arrival.
    Arrival,
    /// A worker is done. The number tells workers from before a crash.
    Done(NodeIx, u32, Work),
    /// A fault of the document begins.
    FaultBegins(FaultIx),
}

/// What waits for a worker.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Work {
    /// A message.
    Message(MsgId),
    /// The next record of a partition.
    Record(TopicIx, PartitionIx, u32),
}

/// The queue and the workers of a node.
#[derive(Clone, Debug, Default)]
struct Station {
    queue: VecDeque<Work>,
    serving: Vec<Work>,
    /// Rises with each crash.
    epoch: u32,
}

/// Why a simulation went no further.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SimEnd {
    /// Nothing is left to happen.
    AtRest,
    /// The time limit was hit.
    TimeLimit,
}

/// A simulation. Cloning one is cheap enough for a checkpoint each few thousand events.
#[derive(Clone, Debug)]
pub struct Simulator {
    /// The world.
    pub world: World,
    agenda: BinaryHeap<Reverse<(Micros, u64, Item)>>,
    scheduled: u64,
    stations: Vec<Station>,
    /// Partitions that a node has fetched from and not yet handled.
    fetching: BTreeSet<(NodeIx, TopicIx, PartitionIx)>,
    /// Arrivals scheduled so far.
    arrivals: u32,
    /// Transactions whose client waits, with closed arrivals.
    waiting: BTreeSet<TxnId>,
}

impl Simulator {
    /// A simulation before anything has happened.
    #[must_use]
    pub fn new(world: World) -> Self {
        let stations = vec![Station::default(); world.nodes.len()];
        let mut simulator = Self {
            world,
            agenda: BinaryHeap::new(),
            scheduled: 0,
            stations,
            fetching: BTreeSet::new(),
            arrivals: 0,
            waiting: BTreeSet::new(),
        };
        let plan = std::rc::Rc::clone(&simulator.world.plan);
        for (ix, fault) in plan.scenario.faults.iter().enumerate() {
            if let Some(at) = fault.at_us
                && !plan.fault_nodes[ix].is_empty()
            {
                simulator.schedule(at, Item::FaultBegins(FaultIx(ix as u8)));
            }
        }
        for _ in 0..plan.closed_clients().unwrap_or(1) {
            simulator.schedule_arrival(0);
        }
        simulator
    }

    fn schedule(&mut self, at: Micros, item: Item) {
        self.scheduled += 1;
        self.agenda.push(Reverse((at, self.scheduled, item)));
    }

    fn schedule_arrival(&mut self, previous: Micros) {
        if self.arrivals < self.world.plan.arrivals() {
            let at = self.world.plan.arrival_time(self.arrivals, previous);
            self.arrivals += 1;
            self.schedule(at, Item::Arrival);
        }
    }

    /// Takes the next entry of the agenda, makes the choices that follow from it, and adds them to
    /// `made`. Returns `Some` where the run is over.
    pub fn step(&mut self, sink: &mut dyn Sink, made: &mut Vec<Choice>) -> Option<SimEnd> {
        let Some(Reverse((at, _, item))) = self.agenda.pop() else { return Some(SimEnd::AtRest) };
        if at > self.world.plan.scenario.limits.time_us {
            self.agenda.push(Reverse((at, 0, item)));
            return Some(SimEnd::TimeLimit);
        }
        self.world.now = at;
        match item {
            Item::Due(due) => self.on_due(due, sink, made),
            Item::Arrival => self.on_arrival(sink, made),
            Item::Done(node, epoch, work) => self.on_done(node, epoch, work, sink, made),
            Item::FaultBegins(fault) => {
                self.make(ChoiceKind::Begin(fault), sink, made);
            }
        }
        None
    }

    /// Makes a choice and takes up what will be due because of it.
    fn make(&mut self, kind: ChoiceKind, sink: &mut dyn Sink, made: &mut Vec<Choice>) -> bool {
        let choice = Choice::plain(kind);
        let possible = self.world.apply(&choice, sink).is_ok();
        if possible {
            made.push(choice);
        }
        self.take_due(sink, made);
        possible
    }

    fn take_due(&mut self, sink: &mut dyn Sink, made: &mut Vec<Choice>) {
        while !self.world.due.is_empty() {
            for (at, due) in std::mem::take(&mut self.world.due) {
                match due {
                    Due::Down(node) => self.on_down(node, sink, made),
                    Due::ClientFree(txn) => {
                        if self.waiting.remove(&txn) {
                            self.schedule_arrival(at);
                        }
                    }
                    Due::Message(id) => {
                        self.schedule(at, Item::Due(due));
                        self.duplicate(id, sink, made);
                    }
                    Due::FaultBegins(fault) => {
                        self.make(ChoiceKind::Begin(fault), sink, made);
                    }
                    other => self.schedule(at, Item::Due(other)),
                }
            }
        }
    }

    /// The probability of loss and duplication between two nodes.
    fn link(&self, from: NodeIx, to: NodeIx) -> (f64, f64) {
        let plan = &self.world.plan;
        let network = &plan.scenario.network;
        let names = (plan.cast.node(from), plan.cast.node(to));
        let link =
            network.links.iter().find(|link| (link.from.as_str(), link.to.as_str()) == names);
        let mut loss = link.and_then(|link| link.loss).unwrap_or(network.loss);
        let mut duplicate = link.and_then(|link| link.duplicate).unwrap_or(network.duplicate);
        for ix in &self.world.faults {
            if let FaultKind::Link { loss: more, duplicate: again, .. } =
                &plan.scenario.faults[ix.ix()].fault
                && plan.fault_nodes[ix.ix()] == [from, to]
            {
                loss = loss.max(*more);
                duplicate = duplicate.max(*again);
            }
        }
        (loss, duplicate)
    }

    fn duplicate(&mut self, id: MsgId, sink: &mut dyn Sink, made: &mut Vec<Choice>) {
        let Some(message) = self.world.network.get(id) else { return };
        let Some(key) = self.world.network.key_of(id) else { return };
        let (_, probability) = self.link(key.from, key.to);
        let draws = &self.world.plan.draws;
        if !message.copy && draws.happens(probability, Purpose::Duplicate, draw_key(&key)) {
            self.make(ChoiceKind::Duplicate(key), sink, made);
        }
    }

    fn on_arrival(&mut self, sink: &mut dyn Sink, made: &mut Vec<Choice>) {
        let number = self.world.arrived;
        let inputs = self.world.plan.drawn_combination(number);
        if self.world.plan.closed_clients().is_some() {
            self.waiting.insert(TxnId(number));
            self.make(ChoiceKind::Arrive { number, inputs }, sink, made);
        } else {
            self.make(ChoiceKind::Arrive { number, inputs }, sink, made);
            self.schedule_arrival(self.world.now);
        }
    }

    fn on_due(&mut self, due: Due, sink: &mut dyn Sink, made: &mut Vec<Choice>) {
        match due {
            Due::Message(id) => self.on_message(id, sink, made),
            Due::Record(topic, partition) => self.fetch(topic, partition, sink, made),
            Due::Timer(key) => {
                let Some(timer) = self.world.timers.get(&key) else { return };
                if timer.due != self.world.now {
                    return;
                }
                if let Some(until) = self.paused_until(key.node) {
                    // A paused process sees its timer when it comes back.
                    if let Some(timer) = self.world.timers.get_mut(&key) {
                        timer.due = until;
                    }
                    self.schedule(until, Item::Due(due));
                    return;
                }
                let last = timer
                    .alarm
                    .attempts_max
                    .is_some_and(|attempts| timer.alarm.attempt + 1 >= attempts);
                let kind = if last { ChoiceKind::GiveUp(key) } else { ChoiceKind::Fire(key) };
                self.make(kind, sink, made);
            }
            Due::Relay(service) => {
                // Where no process of it runs, the next to come back looks.
                let Some(node) = self.world.relay_of(service) else { return };
                let unsent = self.world.plan.cast.nodes[service.ix()].db;
                if !self.world.is_up(node)
                    || unsent.is_none_or(|db| self.world.dbs[db.ix()].unsent() == 0)
                {
                    return;
                }
                if let Some(until) = self.paused_until(node) {
                    self.schedule(until, Item::Due(Due::Relay(service)));
                } else {
                    // An unreachable broker wakes the relays when it is back.
                    self.make(ChoiceKind::Relay { node }, sink, made);
                }
            }
            Due::Proceed(node, _) => {
                if let Some(until) = self.paused_until(node) {
                    self.schedule(until, Item::Due(due));
                } else if let Due::Proceed(node, txn) = due {
                    // What it waited for may be gone by now, and it with it.
                    self.make(ChoiceKind::Proceed { node, txn }, sink, made);
                }
            }
            Due::Restart(node) => {
                self.make(ChoiceKind::Restart { node }, sink, made);
            }
            Due::Session(node, since) => self.on_session(node, since, sink, made),
            Due::FaultEnds(fault) => {
                self.make(ChoiceKind::End(fault), sink, made);
                self.start_all(sink, made);
            }
            Due::ClientFree(_) | Due::Down(_) | Due::FaultBegins(_) => {}
        }
    }

    /// A node went down: what waited for it or was being served is lost with it.
    fn on_down(&mut self, node: NodeIx, sink: &mut dyn Sink, made: &mut Vec<Choice>) {
        let station = &mut self.stations[node.ix()];
        station.epoch += 1;
        let lost: Vec<Work> = station.serving.drain(..).chain(station.queue.drain(..)).collect();
        self.fetching.retain(|(of, _, _)| *of != node);
        for work in lost {
            if let Work::Message(id) = work
                && let Some(key) = self.world.network.key_of(id)
            {
                self.make(ChoiceKind::Drop(key), sink, made);
            }
        }
    }

    /// A message reaches its target.
    fn on_message(&mut self, id: MsgId, sink: &mut dyn Sink, made: &mut Vec<Choice>) {
        let Some(message) = self.world.network.get(id) else { return };
        let Some(key) = self.world.network.key_of(id) else { return };
        let sent = message.sent;
        let is_request = matches!(message.body, Body::Request | Body::RequestAt(_));
        let is_command = matches!(message.shape, Shape::Command | Shape::Compensation);
        let (loss, _) = self.link(key.from, key.to);
        let mut draw = draw_key(&key);
        if message.copy {
            // The copy has dice of its own.
            draw.salt ^= 0x4000_0000;
        }
        let lost = self.world.plan.draws.happens(loss, Purpose::Loss, draw);
        if lost || !self.world.reaches(key.from, key.to) || !self.world.is_up(key.to) {
            self.make(ChoiceKind::Drop(key), sink, made);
            return;
        }
        let step = if is_request {
            self.world.parts.write.request_work(&self.world.cx(key.to), key.txn)
        } else {
            key.step.filter(|_| is_command)
        };
        let reads = message.shape == Shape::Query && self.takes_time_to_read(key.to);
        if step.is_none() && !reads && self.paused_until(key.to).is_none() {
            self.make(ChoiceKind::Deliver(key), sink, made);
            return;
        }
        self.world.note_time(
            key.to,
            Some(sent),
            (Some(key.txn), step.or(key.step.filter(|_| !reads))),
            EventKind::Arrived { msg: id },
            sink,
        );
        self.stations[key.to.ix()].queue.push_back(Work::Message(id));
        self.take_due(sink, made);
        self.start(key.to, sink, made);
    }

    /// When a paused node comes back.
    fn paused_until(&self, node: NodeIx) -> Option<Micros> {
        let plan = &self.world.plan;
        let paused = self.world.faults.iter().any(|ix| {
            matches!(plan.scenario.faults[ix.ix()].fault, FaultKind::Pause(_))
                && plan.fault_nodes[ix.ix()].contains(&node)
        });
        paused.then(|| {
            let ends = self.agenda.iter().filter_map(|Reverse((at, _, item))| match item {
                Item::Due(Due::FaultEnds(_)) => Some(*at),
                _ => None,
            });
            ends.min().map_or(self.world.now + 1, |at| at.max(self.world.now) + 1)
        })
    }

    fn start_all(&mut self, sink: &mut dyn Sink, made: &mut Vec<Choice>) {
        for ix in 0..self.stations.len() {
            self.start(NodeIx(ix as u8), sink, made);
        }
    }

    /// Free workers of a node begin with what waits longest.
    fn start(&mut self, node: NodeIx, sink: &mut dyn Sink, made: &mut Vec<Choice>) {
        if self.stations[node.ix()].queue.is_empty() || self.paused_until(node).is_some() {
            return;
        }
        let workers = self.world.plan.cast.nodes[node.ix()].workers as usize;
        while self.world.is_up(node)
            && self.stations[node.ix()].serving.len() < workers
            && let Some(work) = self.stations[node.ix()].queue.pop_front()
        {
            if self.is_revoked(node, work, sink) {
                self.take_due(sink, made);
                continue;
            }
            let Some((about, attempt)) = self.about(node, work) else { continue };
            let time = self.work_time(node, work, about, attempt);
            let until = self.world.now + time;
            let station = &mut self.stations[node.ix()];
            station.serving.push(work);
            let epoch = station.epoch;
            self.schedule(until, Item::Done(node, epoch, work));
            self.world.note_time(node, None, about, EventKind::ServiceStarted { until }, sink);
            self.take_due(sink, made);
        }
    }

    /// The transaction and step of a piece of work, and its attempt; `None` where it is gone.
    #[expect(
        clippy::type_complexity,
        reason = "the pair of an event's transaction and step, and a number"
    )]
    fn about(
        &self,
        node: NodeIx,
        work: Work,
    ) -> Option<((Option<TxnId>, Option<(StepIx, Direction)>), u16)> {
        match work {
            Work::Message(id) => {
                let message = self.world.network.get(id)?;
                let key = message.key;
                let step = match message.body {
                    Body::Request | Body::RequestAt(_) => {
                        self.world.parts.write.request_work(&self.world.cx(node), key.txn)
                    }
                    // What stands for a step in a question is none.
                    _ => key.step.filter(|_| message.shape != Shape::Query),
                };
                Some(((Some(key.txn), step), key.attempt))
            }
            Work::Record(topic, partition, offset) => {
                let record =
                    self.world.broker.partition(topic, partition).records().get(offset as usize)?;
                let step = self.world.parts.write.record_work(&self.world.cx(node), &record.body);
                Some(((Some(record.body.txn), step), 0))
            }
        }
    }

    /// Whether questions for rows need a worker of a node: where their answers take no time, they
    /// wait for nobody.
    fn takes_time_to_read(&self, node: NodeIx) -> bool {
        self.world.plan.read_time[node.ix()] != Distribution::Constant(0.0)
    }

    fn work_time(
        &self,
        node: NodeIx,
        work: Work,
        (txn, step): (Option<TxnId>, Option<(StepIx, Direction)>),
        attempt: u16,
    ) -> Micros {
        let (step, dir) = step.unwrap_or_default();
        let key = DrawKey { txn: txn.unwrap_or_default(), step, dir, attempt, node, salt: 0 };
        let is_read = matches!(work, Work::Message(id)
            if self.world.network.get(id).is_some_and(|message| message.shape == Shape::Query));
        if is_read { self.world.read_time(node, key) } else { self.world.service_time(node, key) }
    }

    /// A worker is done: the handler runs.
    fn on_done(
        &mut self,
        node: NodeIx,
        epoch: u32,
        work: Work,
        sink: &mut dyn Sink,
        made: &mut Vec<Choice>,
    ) {
        if self.stations[node.ix()].epoch != epoch {
            return;
        }
        if let Some(until) = self.paused_until(node) {
            self.schedule(until, Item::Done(node, epoch, work));
            return;
        }
        let station = &mut self.stations[node.ix()];
        if let Some(at) = station.serving.iter().position(|serving| *serving == work) {
            station.serving.remove(at);
        }
        if self.is_revoked(node, work, sink) {
            self.take_due(sink, made);
            self.start(node, sink, made);
            return;
        }
        match work {
            Work::Message(id) => {
                if let Some(key) = self.world.network.key_of(id) {
                    self.make(ChoiceKind::Deliver(key), sink, made);
                }
            }
            Work::Record(topic, partition, _) => {
                self.fetching.remove(&(node, topic, partition));
                self.make(ChoiceKind::Consume { node, topic, partition }, sink, made);
            }
        }
        self.start(node, sink, made);
    }
}
