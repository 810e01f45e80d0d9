//! Consuming: a consumer handles the next record of a partition, or goes back to the last one.

use std::rc::Rc;

use super::Sink;
use super::World;
use super::apply::Impossible;
use super::effects::{Broken, Handler};
use crate::choice::Cut;
use crate::event::{EventKind, Refusal};
use crate::ids::{NodeIx, PartitionIx, TopicIx};
use crate::mutation::Mutation;
use crate::out::Effect;
use crate::patterns::Out;
use crate::stores::Held;

impl World {
    /// Whether a node can work with the broker, or why not.
    pub(super) fn at_broker(&self, node: NodeIx) -> Result<(), Impossible> {
        if !self.is_up(node) {
            return Err(Impossible::Down);
        }
        if !self.reaches_broker(node) {
            return Err(Impossible::NoBroker);
        }
        Ok(())
    }

    pub(super) fn consume(
        &mut self,
        node: NodeIx,
        topic: TopicIx,
        partition: PartitionIx,
        cut: Option<Cut>,
        sink: &mut dyn Sink,
    ) -> Result<(), Impossible> {
        self.at_broker(node)?;
        let service = self.plan.cast.service_of(node);
        let held = self.in_hand(node, topic, partition)?;
        let group = self.broker.partition(topic, partition).group(service);
        let next = held.map(|held| held.offset);
        let next = next.or_else(|| self.next_record(node, topic, partition, group.unread()));
        let offset = next.ok_or(Impossible::NoRecord)?;
        let stored =
            self.broker.partition(topic, partition).records().get(offset as usize).copied();
        let record = stored.ok_or(Impossible::NoRecord)?;
        if held.is_none() {
            let partition = Rc::make_mut(&mut self.broker).partition_mut(topic, partition);
            partition.group_mut(service).position = offset;
        }
        let step = self.parts.write.record_work(&self.cx(node), &record.body);
        let poison = self.poison(service);
        let generation = self.members(node).map(|members| members.known(node));
        let mut handler = Handler::new(self, sink, node, Some(record.event), cut);
        handler.about = (Some(record.body.txn), step);
        handler.generation = generation;
        handler.emit(EventKind::Consumed {
            topic,
            partition,
            offset,
            again: offset < group.handled,
        });
        handler.begin();
        if handler.world.plan.has(Mutation::OffsetBeforeEffect) {
            handler.end_record(topic, partition, offset);
        }
        if handler.world.is_up(node) {
            let mut out = Out::default();
            if poison {
                let db = handler.world.cx(node).own_db();
                handler.emit(EventKind::Refused { db, why: Refusal::Poison });
                out.push(Effect::Fail);
            } else {
                let (write, read) = (handler.world.parts.write, handler.world.parts.read);
                write.on_record(&handler.world.cx(node), &record.body, &mut out);
                if read.handles(&handler.world.cx(node), &record.body) {
                    let body = &record.body;
                    let more =
                        handler.call_read(|cx, state, out| read.on_record(cx, state, body, out));
                    more.into_effects().into_iter().for_each(|effect| out.push(effect));
                }
            }
            handler.run(out);
        }
        handler.end_record(topic, partition, offset);
        let group = handler.world.broker.partition(topic, partition).group(service);
        let gone = group.position > offset;
        handler.finish();
        if poison && gone {
            self.end_poison(service, sink);
        }
        if gone {
            self.retry_record_at(self.now, topic, partition);
        }
        Ok(())
    }

    /// The record that a node has in hand though its partition was given away; none where it reads the
    /// partition.
    fn in_hand(
        &self,
        node: NodeIx,
        topic: TopicIx,
        partition: PartitionIx,
    ) -> Result<Option<Held>, Impossible> {
        match self.members(node) {
            Some(members) if !members.has(node) => {
                let held = members.held(node);
                let held = held.filter(|held| (held.topic, held.partition) == (topic, partition));
                held.map(Some).ok_or(Impossible::NoRecord)
            }
            Some(members) if members.owner(topic, partition) != Some(node) => {
                Err(Impossible::NotOwner)
            }
            _ => Ok(None),
        }
    }

    pub(super) fn redeliver(
        &mut self,
        node: NodeIx,
        topic: TopicIx,
        partition: PartitionIx,
        sink: &mut dyn Sink,
    ) -> Result<(), Impossible> {
        if !self.is_up(node) {
            return Err(Impossible::Down);
        }
        let service = self.plan.cast.service_of(node);
        if self.broker.reader(service, topic, partition) != Some(node) {
            return Err(Impossible::NotOwner);
        }
        let position = self.broker.partition(topic, partition).group(service).position;
        let last =
            self.last_handled(node, topic, partition, position).ok_or(Impossible::NoRecord)?;
        let group = Rc::make_mut(&mut self.broker).partition_mut(topic, partition);
        group.group_mut(service).go_back(last);
        self.retry_record_at(self.now, topic, partition);
        self.intervene(sink);
        Ok(())
    }

    /// The last record before `before` that a node handles.
    #[must_use]
    pub fn last_handled(
        &self,
        node: NodeIx,
        topic: TopicIx,
        partition: PartitionIx,
        before: u32,
    ) -> Option<u32> {
        let cx = self.cx(node);
        let records = self.broker.partition(topic, partition).records();
        (0..before).rev().find(|offset| {
            records
                .get(*offset as usize)
                .is_some_and(|record| self.parts.handles(&cx, &record.body))
        })
    }
}

impl Handler<'_> {
    /// Ends the handling of a record: its offset is committed, unless the handler broke off.
    pub(super) fn end_record(&mut self, topic: TopicIx, partition: PartitionIx, offset: u32) {
        if self.broken == Some(Broken::Crashed) {
            return;
        }
        let max = self.world.plan.scenario.broker.max_deliveries;
        let service = self.world.plan.cast.service_of(self.node);
        let members = self.world.members(self.node);
        let is_taken = members.is_none_or(|of| of.may_commit(self.node, topic, partition));
        let group =
            Rc::make_mut(&mut self.world.broker).partition_mut(topic, partition).group_mut(service);
        group.handled = group.handled.max(offset + 1);
        if !is_taken {
            // Whatever came of the record here, it is another's by now.
            self.refuse_commit(topic, partition, offset + 1);
            return;
        }
        if self.lost_reply {
            // Bad luck of this delivery; it says nothing about the record.
            self.world.retry_record(topic, partition);
            return;
        }
        if self.broken == Some(Broken::Failed) {
            group.failures += 1;
            if group.failures < max {
                self.world.retry_record(topic, partition);
                return;
            }
            self.broken = None;
            self.dead_letter = true;
        }
        if self.dead_letter {
            self.emit(EventKind::DeadLettered { topic, partition, offset });
        }
        let group =
            Rc::make_mut(&mut self.world.broker).partition_mut(topic, partition).group_mut(service);
        group.position = offset + 1;
        group.committed = offset + 1;
        group.failures = 0;
        self.emit(EventKind::OffsetCommitted { topic, partition, next: offset + 1 });
        self.point(true);
    }
}
