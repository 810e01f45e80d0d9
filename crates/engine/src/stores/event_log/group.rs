//! A consumer group: its members, its generation, and the offsets that it committed.

use std::collections::{BTreeMap, BTreeSet};

use super::assignors::{Assignment, Assignor, Partitions, Subscriptions, TopicPartition};

/// What a member must give up when partitions are given out anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Rebalance {
    /// Everything, at once; then all is given out.
    #[default]
    Eager,
    /// Only what goes to another, and the other gets it in a second round.
    Cooperative,
}

/// Why a commit of an offset was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommitRefused {
    /// The member left or was taken for dead.
    NoMember,
    /// The group has given out partitions since: the member is a zombie that did not notice.
    OldGeneration {
        /// The generation now.
        now: u32,
    },
    /// The partition is another's.
    NotOwner,
}

/// A consumer group.
#[derive(Clone, Debug)]
pub struct Group<M, T> {
    assignor: Assignor,
    rebalance: Rebalance,
    partitions: Partitions<T>,
    wants: Subscriptions<M, T>,
    owned: Assignment<M, T>,
    generation: u32,
    committed: BTreeMap<TopicPartition<T>, u64>,
}

/// What a change of the members did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change<M, T> {
    /// What each member had to give up before it could go on.
    pub revoked: Assignment<M, T>,
    /// What each member has been given that it did not have.
    pub given: Assignment<M, T>,
}

impl<M: Ord + Clone, T: Ord + Clone> Group<M, T> {
    /// A group without members over these topics.
    #[must_use]
    pub fn new(assignor: Assignor, rebalance: Rebalance, partitions: Partitions<T>) -> Self {
        Self {
            assignor,
            rebalance,
            partitions,
            wants: BTreeMap::new(),
            owned: BTreeMap::new(),
            generation: 0,
            committed: BTreeMap::new(),
        }
    }

    /// A group whose first members all came in time for its first generation, as a coordinator that
    /// waits a while before it first gives out (Kafka: `group.initial.rebalance.delay.ms`).
    #[must_use]
    pub fn with_members(
        assignor: Assignor,
        rebalance: Rebalance,
        partitions: Partitions<T>,
        wants: Subscriptions<M, T>,
    ) -> Self {
        let mut group = Self { wants, ..Self::new(assignor, rebalance, partitions) };
        group.give_out();
        group
    }

    /// A member joins, or wants other topics than before.
    pub fn join(&mut self, member: M, topics: BTreeSet<T>) -> Change<M, T> {
        self.wants.insert(member, topics);
        self.give_out()
    }

    /// A member leaves, or its session ended without a sign of it.
    pub fn leave(&mut self, member: &M) -> Change<M, T> {
        self.wants.remove(member);
        self.owned.remove(member);
        self.give_out()
    }

    fn give_out(&mut self) -> Change<M, T> {
        let target = self.assignor.assign(&self.wants, &self.partitions, &self.owned);
        let before = self.owned.clone();
        self.generation += 1;
        let mut revoked = Assignment::new();
        match self.rebalance {
            Rebalance::Eager => {
                revoked = before.clone();
                self.owned = target;
            }
            Rebalance::Cooperative => {
                let mut moving = BTreeSet::new();
                for (member, had) in &before {
                    let keeps = target.get(member).cloned().unwrap_or_default();
                    let gives_up: BTreeSet<_> = had.difference(&keeps).cloned().collect();
                    moving.extend(gives_up.iter().cloned());
                    revoked.insert(member.clone(), gives_up);
                }
                self.owned = target
                    .into_iter()
                    .map(|(member, has)| (member, has.difference(&moving).cloned().collect()))
                    .collect();
                // What was given up is free now, and a second round gives it out.
                if !moving.is_empty() {
                    self.generation += 1;
                    self.owned = self.assignor.assign(&self.wants, &self.partitions, &self.owned);
                }
            }
        }
        revoked.retain(|_, what| !what.is_empty());
        let given = self
            .owned
            .iter()
            .map(|(member, has)| {
                let kept = match self.rebalance {
                    Rebalance::Eager => None,
                    Rebalance::Cooperative => before.get(member),
                };
                let is_new = |one: &&TopicPartition<T>| kept.is_none_or(|had| !had.contains(*one));
                (member.clone(), has.iter().filter(is_new).cloned().collect())
            })
            .filter(|(_, given): &(M, BTreeSet<_>)| !given.is_empty())
            .collect();
        Change { revoked, given }
    }

    /// What each member reads.
    #[must_use]
    pub fn owned(&self) -> &Assignment<M, T> {
        &self.owned
    }

    /// How often partitions were given out. A member tells it with each commit.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The next offset to be read in a partition by whoever owns it.
    #[must_use]
    pub fn committed(&self, of: &TopicPartition<T>) -> u64 {
        self.committed.get(of).copied().unwrap_or_default()
    }

    /// Whether a member that knows of this generation may commit an offset of a partition.
    ///
    /// # Errors
    /// Where the member does not own the partition, or does not know that it was given out anew.
    pub fn may_commit(
        &self,
        member: &M,
        generation: u32,
        of: &TopicPartition<T>,
    ) -> Result<(), CommitRefused> {
        let owned = self.owned.get(member).ok_or(CommitRefused::NoMember)?;
        if generation != self.generation {
            return Err(CommitRefused::OldGeneration { now: self.generation });
        }
        if !owned.contains(of) {
            return Err(CommitRefused::NotOwner);
        }
        Ok(())
    }

    /// Commits the next offset to be read in a partition.
    ///
    /// # Errors
    /// As [`Group::may_commit`].
    pub fn commit(
        &mut self,
        member: &M,
        generation: u32,
        of: TopicPartition<T>,
        offset: u64,
    ) -> Result<(), CommitRefused> {
        self.may_commit(member, generation, &of)?;
        self.committed.insert(of, offset);
        Ok(())
    }
}
