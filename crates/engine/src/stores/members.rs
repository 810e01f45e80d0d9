//! The members of a service's consumer group in a running world: who reads which partition, who was
//! given up, and what such a one still has in hand.
//!
//! Who is in and who gets what is [`super::event_log::group`]; this adds the processes that the
//! group's coordinator does not see any more. One that was expelled does not notice: it goes on with
//! the record in its hands, and learns of its end from the refusal of its commit (Kafka:
//! `session.timeout.ms`, `max.poll.interval.ms`, `UNKNOWN_MEMBER_ID`, `ILLEGAL_GENERATION`).

use std::collections::{BTreeMap, BTreeSet};

use super::event_log::assignors::{Partitions, Subscriptions, TopicPartition};
use super::event_log::group::Group;
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{NodeIx, PartitionIx, TopicIx};

pub use super::event_log::assignors::Assignor;
pub use super::event_log::group::Rebalance;

/// A record in the hands of a member that was expelled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Held {
    /// Its topic.
    pub topic: TopicIx,
    /// Its partition.
    pub partition: PartitionIx,
    /// Its offset.
    pub offset: u32,
}

/// A member that was expelled and has not joined again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Gone {
    /// The generation that it speaks for.
    generation: u32,
    /// What it still has in hand.
    held: Option<Held>,
}

/// The rule of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct GroupRules {
    /// By which rule partitions are given out.
    pub assignor: Assignor,
    /// What must be given up for it.
    pub rebalance: Rebalance,
}

/// The members of a consumer group.
#[derive(Clone, Debug)]
pub struct Members {
    rules: GroupRules,
    group: Group<NodeIx, TopicIx>,
    topics: BTreeSet<TopicIx>,
    gone: BTreeMap<NodeIx, Gone>,
}

impl Members {
    /// A group of these members over topics with these numbers of partitions.
    #[must_use]
    pub fn new(rules: GroupRules, members: &[NodeIx], partitions: Partitions<TopicIx>) -> Self {
        let topics: BTreeSet<TopicIx> = partitions.keys().copied().collect();
        let wants: Subscriptions<NodeIx, TopicIx> =
            members.iter().map(|member| (*member, topics.clone())).collect();
        let group = Group::with_members(rules.assignor, rules.rebalance, partitions, wants);
        Self { rules, group, topics, gone: BTreeMap::new() }
    }

    /// Who reads a partition; nobody where no member is left.
    #[must_use]
    pub fn owner(&self, topic: TopicIx, partition: PartitionIx) -> Option<NodeIx> {
        let one = TopicPartition { topic, partition: u32::from(partition.0) };
        let mut owned = self.group.owned().iter();
        owned.find(|(_, has)| has.contains(&one)).map(|(member, _)| *member)
    }

    /// Who reads which partition.
    #[must_use]
    pub fn owners(&self) -> Vec<(TopicIx, PartitionIx, NodeIx)> {
        let each = self.group.owned().iter().flat_map(|(member, has)| {
            has.iter().map(|one| (one.topic, PartitionIx(one.partition as u8), *member))
        });
        let mut owners: Vec<_> = each.collect();
        owners.sort_unstable();
        owners
    }

    /// Whether a node is a member.
    #[must_use]
    pub fn has(&self, node: NodeIx) -> bool {
        self.group.owned().contains_key(&node)
    }

    /// The members, in the order of their nodes.
    pub fn all(&self) -> impl Iterator<Item = NodeIx> + '_ {
        self.group.owned().keys().copied()
    }

    /// How often partitions were given out, the first time included.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.group.generation()
    }

    /// The generation that a node speaks for: the one now for a member, an older one for a node that
    /// was expelled.
    #[must_use]
    pub fn known(&self, node: NodeIx) -> u32 {
        self.gone.get(&node).map_or(self.generation(), |gone| gone.generation)
    }

    /// What a node that was expelled still has in hand.
    #[must_use]
    pub fn held(&self, node: NodeIx) -> Option<Held> {
        self.gone.get(&node).and_then(|gone| gone.held)
    }

    /// Whether a commit by this node of an offset in this partition is taken.
    #[must_use]
    pub fn may_commit(&self, node: NodeIx, topic: TopicIx, partition: PartitionIx) -> bool {
        let of = TopicPartition { topic, partition: u32::from(partition.0) };
        self.group.may_commit(&node, self.known(node), &of).is_ok()
    }

    /// The coordinator gives a member up and its partitions to others. Returns the partitions that
    /// begin again where they were last committed.
    pub fn expel(&mut self, node: NodeIx, held: Option<Held>) -> Vec<(TopicIx, PartitionIx)> {
        let generation = self.generation();
        let before = self.owners();
        self.group.leave(&node);
        self.gone.insert(node, Gone { generation, held });
        self.stopped(&before)
    }

    /// A node joins, with nothing in hand. Returns the partitions that begin again where they were
    /// last committed.
    pub fn join(&mut self, node: NodeIx) -> Vec<(TopicIx, PartitionIx)> {
        let before = self.owners();
        self.gone.remove(&node);
        self.group.join(node, self.topics.clone());
        self.stopped(&before)
    }

    /// A node that was expelled loses what it had in hand.
    pub fn let_go(&mut self, node: NodeIx) {
        if let Some(gone) = self.gone.get_mut(&node) {
            gone.held = None;
        }
    }

    /// The partitions whose reading stopped: all of them, or those that moved.
    fn stopped(&self, before: &[(TopicIx, PartitionIx, NodeIx)]) -> Vec<(TopicIx, PartitionIx)> {
        let stops = |(topic, partition, owner): &&(TopicIx, PartitionIx, NodeIx)| {
            self.rules.rebalance == Rebalance::Eager
                || self.owner(*topic, *partition) != Some(*owner)
        };
        before.iter().filter(stops).map(|(topic, partition, _)| (*topic, *partition)).collect()
    }
}

impl Canon for Members {
    /// Who reads what, and what is in the hands of those that are no members any more. A generation
    /// only ever says that it is an old one, which being expelled says too.
    fn canon(&self, h: &mut Fingerprint) {
        let owners = self.owners();
        h.write_len(owners.len());
        for (topic, partition, owner) in owners {
            h.write_u8(topic.0);
            h.write_u8(partition.0);
            h.write_u8(owner.0);
        }
        h.write_len(self.gone.len());
        for (node, gone) in &self.gone {
            h.write_u8(node.0);
            h.write_u8(u8::from(gone.held.is_some()));
            if let Some(held) = &gone.held {
                h.write_u8(held.topic.0);
                h.write_u8(held.partition.0);
                h.write_u32(held.offset);
            }
        }
    }
}
