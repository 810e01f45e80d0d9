//! Consumers against the clock: who fetches what, who is given up, and what is dropped then.

use super::{Due, Item, Simulator, Work};
use crate::choice::{Choice, ChoiceKind};
use crate::event::EventKind;
use crate::ids::{Micros, NodeIx, PartitionIx, TopicIx};
use crate::world::Sink;

impl Simulator {
    /// The consumers of a partition fetch the next record that they handle and may see.
    pub(super) fn fetch(
        &mut self,
        topic: TopicIx,
        partition: PartitionIx,
        sink: &mut dyn Sink,
        made: &mut Vec<Choice>,
    ) {
        let plan = std::rc::Rc::clone(&self.world.plan);
        for service in &plan.cast.topics[topic.ix()].consumers {
            let service = *service;
            // Where its commit could not be refused since the broker was out, one that was given up
            // takes up the record in its hands once more.
            let group = plan.cast.group(service).map_or(&[][..], |group| group.members.as_slice());
            for node in group {
                let held = self.world.members(*node).and_then(|members| members.held(*node));
                if let Some(held) = held.filter(|of| (of.topic, of.partition) == (topic, partition))
                {
                    self.take_up(*node, (topic, partition, held.offset), sink, made);
                }
            }
            let reader = self.world.broker.reader(service, topic, partition);
            let Some(node) = reader.filter(|node| self.is_free(*node, topic, partition)) else {
                continue;
            };
            let content = self.world.broker.partition(topic, partition);
            let from = content.group(service).unread();
            let found = self.world.next_record(node, topic, partition, from);
            let passed = found.unwrap_or(content.records().len() as u32);
            if passed > from {
                self.world.pass_over(node, topic, partition, passed);
            }
            if let Some(offset) = found {
                self.take_up(node, (topic, partition, offset), sink, made);
            }
        }
    }

    /// Whether a node can fetch from a partition and has nothing of it at hand.
    fn is_free(&self, node: NodeIx, topic: TopicIx, partition: PartitionIx) -> bool {
        self.world.is_up(node)
            && self.world.reaches_broker(node)
            && !self.fetching.contains(&(node, topic, partition))
    }

    /// A record that may be seen by now joins the queue of a node.
    fn take_up(
        &mut self,
        node: NodeIx,
        (topic, partition, offset): (TopicIx, PartitionIx, u32),
        sink: &mut dyn Sink,
        made: &mut Vec<Choice>,
    ) {
        let content = self.world.broker.partition(topic, partition);
        let record = content.records().get(offset as usize).copied();
        let Some(record) = record.filter(|record| record.due <= self.world.now) else { return };
        if !self.is_free(node, topic, partition) {
            return;
        }
        let step = self.world.parts.write.record_work(&self.world.cx(node), &record.body);
        let kind = EventKind::Fetched { topic, partition, offset };
        let about = (Some(record.body.txn), step);
        self.world.note_time(node, Some(record.event), about, kind, sink);
        if self.world.is_up(node) {
            self.fetching.insert((node, topic, partition));
            self.stations[node.ix()].queue.push_back(Work::Record(topic, partition, offset));
        }
        self.take_due(sink, made);
        self.start(node, sink, made);
    }

    /// A member of a consumer group was silent for as long as its session lasts. One that stands still
    /// keeps the record that it is at.
    pub(super) fn on_session(
        &mut self,
        node: NodeIx,
        since: Micros,
        sink: &mut dyn Sink,
        made: &mut Vec<Choice>,
    ) {
        let silence = self.world.nodes[node.ix()].silence;
        if silence.is_none_or(|silence| silence.since != since) || self.world.is_expelled(node) {
            return;
        }
        let station = &self.stations[node.ix()];
        let mut work = station.serving.iter().chain(&station.queue);
        let held = work.find_map(|work| match work {
            Work::Record(topic, partition, _) if self.reads(node, *topic, *partition) => {
                Some((*topic, *partition))
            }
            _ => None,
        });
        if !self.make(ChoiceKind::Expel { node, held }, sink, made) {
            // Nobody could take its place; perhaps one can when as much time has passed again.
            let again = self.world.plan.scenario.options.session_timeout_us;
            self.schedule(self.world.now + again, Item::Due(Due::Session(node, since)));
        }
    }

    /// Whether a node reads a partition, or was given up with the next record of it in hand.
    fn reads(&self, node: NodeIx, topic: TopicIx, partition: PartitionIx) -> bool {
        match self.world.members(node) {
            None => true,
            Some(members) if members.has(node) => members.owner(topic, partition) == Some(node),
            Some(members) => members
                .held(node)
                .is_some_and(|held| (held.topic, held.partition) == (topic, partition)),
        }
    }

    /// Whether a piece of work is a record that is another's to handle by now; it is then dropped.
    pub(super) fn is_revoked(&mut self, node: NodeIx, work: Work, sink: &mut dyn Sink) -> bool {
        let Work::Record(topic, partition, offset) = work else { return false };
        if self.reads(node, topic, partition) {
            return false;
        }
        self.fetching.remove(&(node, topic, partition));
        let about = self.about(node, work).map_or((None, None), |(about, _)| about);
        let kind = EventKind::Revoked { topic, partition, offset };
        self.world.note_time(node, None, about, kind, sink);
        true
    }
}
