//! Consumer groups with several members: who is given up, who comes back, and what is refused then.

use std::rc::Rc;

use super::apply::Impossible;
use super::effects::Handler;
use super::{Due, Sink, World};
use crate::event::{EventKind, Membership};
use crate::ids::{EventIx, Micros, NodeIx, PartitionIx, TopicIx};
use crate::stores::{Held, Members};

/// Since when nothing is heard of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Silence {
    /// The moment.
    pub since: Micros,
    /// The event with which it began.
    pub event: EventIx,
}

impl World {
    /// The members of the consumer group of a node, where it has several.
    #[must_use]
    pub fn members(&self, node: NodeIx) -> Option<&Members> {
        self.broker.members(self.plan.cast.service_of(node))
    }

    /// Whether a node belongs to a consumer group with several members and was expelled from it.
    #[must_use]
    pub fn is_expelled(&self, node: NodeIx) -> bool {
        self.members(node).is_some_and(|members| !members.has(node))
    }

    /// Whether the coordinator can give a member's partitions to another.
    #[must_use]
    pub fn can_expel(&self, node: NodeIx) -> bool {
        self.members(node).is_some_and(|members| members.has(node) && members.all().count() > 1)
    }

    /// Who runs the relay of a service's outbox: its own node, or the first of its processes that runs
    /// and was not given up.
    #[must_use]
    pub fn relay_of(&self, service: NodeIx) -> Option<NodeIx> {
        match self.plan.cast.group(service) {
            None => Some(service),
            Some(group) => {
                let mut runs = group.members.iter().copied();
                runs.find(|node| self.is_up(*node) && !self.is_expelled(*node))
            }
        }
    }

    /// Unforced log records that a crash of a node can lose. The database of a service with several
    /// processes is a server of its own, and does not go down with one of them.
    #[must_use]
    pub fn unforced_at(&self, node: NodeIx) -> usize {
        let db = self.plan.cast.nodes[node.ix()].db;
        let own = db.filter(|_| self.members(node).is_none());
        own.map_or(0, |db| self.dbs[db.ix()].unforced())
    }

    /// Nothing is heard of a node any more, from this event on.
    pub(super) fn fall_silent(&mut self, node: NodeIx, event: EventIx) {
        if self.members(node).is_none() || self.nodes[node.ix()].silence.is_some() {
            return;
        }
        self.nodes[node.ix()].silence = Some(Silence { since: self.now, event });
        if self.timed {
            let after = self.plan.scenario.options.session_timeout_us;
            self.due.push((self.now.saturating_add(after), Due::Session(node, self.now)));
        }
    }

    /// The coordinator gives a member up. One that stands still has the next record of this partition
    /// in hand, where one is said, and will go on with it.
    pub(super) fn expel(
        &mut self,
        node: NodeIx,
        from: Option<(TopicIx, PartitionIx)>,
        sink: &mut dyn Sink,
    ) -> Result<(), Impossible> {
        let service = self.plan.cast.service_of(node);
        if !self.can_expel(node) {
            return Err(Impossible::NotMember);
        }
        let held = match from {
            None => None,
            Some((topic, partition)) => {
                if !self.is_up(node) {
                    return Err(Impossible::Down);
                }
                if self.broker.reader(service, topic, partition) != Some(node) {
                    return Err(Impossible::NotOwner);
                }
                let unread = self.broker.partition(topic, partition).group(service).unread();
                let offset = self.next_record(node, topic, partition, unread);
                Some(Held { topic, partition, offset: offset.ok_or(Impossible::NoRecord)? })
            }
        };
        let broker = self.plan.broker.ok_or(Impossible::NoBroker)?;
        let cause = self.nodes[node.ix()].silence.map(|silence| silence.event);
        let mut handler = Handler::new(self, sink, broker, cause, None);
        handler.rebalance(service, Membership::Expelled(node), held);
        handler.finish();
        Ok(())
    }
}

impl Handler<'_> {
    /// The commit of an offset is refused: the node was expelled. It drops what it fetched and joins
    /// again.
    pub(super) fn refuse_commit(&mut self, topic: TopicIx, partition: PartitionIx, next: u32) {
        let Some(members) = self.world.members(self.node) else { return };
        let (generation, now) = (members.known(self.node), members.generation());
        self.emit(EventKind::CommitRefused { topic, partition, next, generation, now });
        self.join();
    }

    /// The handler's node joins its group, where it is not in it.
    pub(super) fn join(&mut self) {
        let node = self.node;
        if self.world.is_expelled(node) {
            let service = self.world.plan.cast.service_of(node);
            self.rebalance(service, Membership::Joined(node), None);
        }
    }

    /// The coordinator gives out the partitions of a group anew: who reads one from here begins where
    /// it was last committed.
    fn rebalance(&mut self, service: NodeIx, why: Membership, held: Option<Held>) {
        let broker = Rc::make_mut(&mut self.world.broker);
        let Some(members) = broker.members_mut(service) else { return };
        let stopped = match why {
            Membership::Joined(node) => members.join(node),
            Membership::Expelled(node) => members.expel(node, held),
        };
        let (generation, owners) = (members.generation(), members.owners());
        broker.begin_again(service, &stopped);
        let db = self.world.plan.cast.nodes[service.ix()].db;
        let fenced = self.world.plan.scenario.options.fencing && db.is_some();
        if let Some(db) = db.filter(|_| fenced) {
            Rc::make_mut(&mut self.world.dbs[db.ix()]).fence = generation;
        }
        let at = self.world.plan.broker.unwrap_or(self.node);
        let kind = EventKind::Rebalanced { service, generation, why, owners, fenced };
        let ix = self.emit_at(at, (None, None), kind);
        self.cause = Some(ix);
        self.world.wake_consumers();
        if db.is_some_and(|db| self.world.dbs[db.ix()].unsent() > 0) {
            self.world.relay_later(service);
        }
    }
}
