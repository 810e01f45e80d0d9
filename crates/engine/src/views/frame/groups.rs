//! Consumer groups with several members: who reads what, who is idle, who was given up.

use crate::cast::{Cast, GroupInfo};
use crate::event::{Event, EventKind, Membership};
use crate::ids::{NodeIx, PartitionIx, TopicIx};

use super::{Frame, GroupFrame};

type Owners = [(TopicIx, PartitionIx, NodeIx)];

fn owner(owners: &Owners, topic: TopicIx, partition: PartitionIx) -> Option<NodeIx> {
    let mut found = owners.iter().filter(|(of, at, _)| (*of, *at) == (topic, partition));
    found.next().map(|(_, _, owner)| *owner)
}

/// Who reads a partition for a consumer in the beginning.
pub(super) fn reader(
    cast: &Cast,
    consumer: NodeIx,
    topic: TopicIx,
    partition: PartitionIx,
) -> Option<NodeIx> {
    match cast.groups.iter().find(|group| group.service == consumer) {
        Some(group) => owner(&group.owners, topic, partition),
        None => Some(consumer),
    }
}

fn idle(group: &GroupInfo, owners: &Owners, expelled: &[NodeIx]) -> Vec<NodeIx> {
    let reads = |node: &NodeIx| owners.iter().any(|(_, _, owner)| owner == node);
    let members = group.members.iter().copied();
    members.filter(|node| !reads(node) && !expelled.contains(node)).collect()
}

/// A group in its first generation.
pub(super) fn first(group: &GroupInfo) -> GroupFrame {
    GroupFrame {
        service: group.service,
        generation: 1,
        idle: idle(group, &group.owners, &[]),
        expelled: Vec::new(),
    }
}

impl Frame {
    /// The partitions of a group were given out anew.
    pub(super) fn rebalance(&mut self, cast: &Cast, event: &Event) {
        let EventKind::Rebalanced { service, generation, why, owners, .. } = &event.kind else {
            return;
        };
        let Some(info) = cast.group(*service) else { return };
        let Some(group) = self.groups.iter_mut().find(|group| group.service == *service) else {
            return;
        };
        group.generation = *generation;
        match why {
            Membership::Expelled(node) => group.expelled.push(*node),
            Membership::Joined(node) => group.expelled.retain(|gone| gone != node),
        }
        group.idle = idle(info, owners, &group.expelled);
        for partition in &mut self.partitions {
            let place = (partition.topic, partition.partition);
            for consumer in partition.consumers.iter_mut().filter(|of| of.node == *service) {
                consumer.reader = owner(owners, place.0, place.1);
                consumer.position = consumer.committed;
            }
        }
    }

    /// Whether a node was given up by its group and has not joined again.
    pub(super) fn is_expelled(&self, node: NodeIx) -> bool {
        self.groups.iter().any(|group| group.expelled.contains(&node))
    }
}
