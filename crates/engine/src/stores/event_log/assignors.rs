//! Who of a consumer group reads which partition.
//!
//! The rules are those of Kafka's assignors of the same names: range and round-robin by the
//! documentation of their classes, sticky by KIP-54.

use std::collections::{BTreeMap, BTreeSet};

/// A partition of a topic.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TopicPartition<T> {
    /// The topic.
    pub topic: T,
    /// The partition, from 0.
    pub partition: u32,
}

/// The topics that each member wants.
pub type Subscriptions<M, T> = BTreeMap<M, BTreeSet<T>>;
/// How many partitions each topic has.
pub type Partitions<T> = BTreeMap<T, u32>;
/// What each member reads.
pub type Assignment<M, T> = BTreeMap<M, BTreeSet<TopicPartition<T>>>;

/// The rule by which partitions are given out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Assignor {
    /// Topic by topic, each member a run of neighbours; the first members get one more where it
    /// does not come out even.
    #[default]
    Range,
    /// All partitions one after the other, to each member in turn that wants the topic.
    RoundRobin,
    /// As even as can be, and of all such ways the one that moves the fewest.
    Sticky,
}

impl Assignor {
    /// The rule of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
            "range" => Some(Self::Range),
            "roundrobin" => Some(Self::RoundRobin),
            "sticky" => Some(Self::Sticky),
            _ => None,
        }
    }

    /// Gives out every partition of a topic that somebody wants. Members and topics are taken in
    /// their order; `before` is what the members had, which only the sticky rule heeds.
    #[must_use]
    pub fn assign<M: Ord + Clone, T: Ord + Clone>(
        self,
        wants: &Subscriptions<M, T>,
        partitions: &Partitions<T>,
        before: &Assignment<M, T>,
    ) -> Assignment<M, T> {
        match self {
            Self::Range => range(wants, partitions),
            Self::RoundRobin => round_robin(wants, partitions),
            Self::Sticky => sticky(wants, partitions, before),
        }
    }
}

fn nobody<M: Ord + Clone, T: Ord + Clone>(wants: &Subscriptions<M, T>) -> Assignment<M, T> {
    wants.keys().map(|member| (member.clone(), BTreeSet::new())).collect()
}

fn all<T: Clone>(partitions: &Partitions<T>) -> impl Iterator<Item = TopicPartition<T>> + '_ {
    partitions.iter().flat_map(|(topic, count)| {
        (0..*count).map(|partition| TopicPartition { topic: topic.clone(), partition })
    })
}

fn give<M: Ord, T: Ord>(to: &mut Assignment<M, T>, member: &M, what: TopicPartition<T>) {
    if let Some(has) = to.get_mut(member) {
        has.insert(what);
    }
}

fn range<M: Ord + Clone, T: Ord + Clone>(
    wants: &Subscriptions<M, T>,
    partitions: &Partitions<T>,
) -> Assignment<M, T> {
    let mut assigned = nobody(wants);
    for (topic, count) in partitions {
        let members: Vec<&M> =
            wants.iter().filter(|(_, topics)| topics.contains(topic)).map(|(m, _)| m).collect();
        let Some(even) = count.checked_div(members.len() as u32) else { continue };
        let more = count % members.len() as u32;
        let mut next = 0;
        for (at, member) in members.into_iter().enumerate() {
            let length = even + u32::from((at as u32) < more);
            for partition in next..next + length {
                give(&mut assigned, member, TopicPartition { topic: topic.clone(), partition });
            }
            next += length;
        }
    }
    assigned
}

fn round_robin<M: Ord + Clone, T: Ord + Clone>(
    wants: &Subscriptions<M, T>,
    partitions: &Partitions<T>,
) -> Assignment<M, T> {
    let mut assigned = nobody(wants);
    let members: Vec<(&M, &BTreeSet<T>)> = wants.iter().collect();
    let mut turn = 0;
    for one in all(partitions) {
        let next = (0..members.len())
            .map(|skipped| (turn + skipped) % members.len())
            .find(|at| members[*at].1.contains(&one.topic));
        if let Some(at) = next {
            give(&mut assigned, members[at].0, one);
            turn = at + 1;
        }
    }
    assigned
}

fn sticky<M: Ord + Clone, T: Ord + Clone>(
    wants: &Subscriptions<M, T>,
    partitions: &Partitions<T>,
    before: &Assignment<M, T>,
) -> Assignment<M, T> {
    let wanted = |member: &M, topic: &T| wants.get(member).is_some_and(|t| t.contains(topic));
    let takers = |topic: &T| wants.values().filter(|topics| topics.contains(topic)).count();
    let mut assigned = nobody(wants);
    let mut given = BTreeSet::new();
    // What a member had and may keep, it keeps; what two claim goes to the first.
    for (member, had) in before {
        for one in had {
            let exists = partitions.get(&one.topic).is_some_and(|count| one.partition < *count);
            if exists && wanted(member, &one.topic) && given.insert(one.clone()) {
                give(&mut assigned, member, one.clone());
            }
        }
    }
    // The partitions that the fewest can take go first, each to the member with the least.
    let mut open: Vec<_> = all(partitions).filter(|one| !given.contains(one)).collect();
    open.sort_by_key(|one| (takers(&one.topic), one.clone()));
    for one in open {
        if let Some(member) = least(&assigned, |member| wanted(member, &one.topic)) {
            give(&mut assigned, &member, one);
        }
    }
    even_out(&mut assigned, wants, partitions);
    assigned
}

/// The member with the fewest partitions among some.
fn least<M: Ord + Clone, T: Ord>(
    assigned: &Assignment<M, T>,
    among: impl Fn(&M) -> bool,
) -> Option<M> {
    let fit = assigned.iter().filter(|(member, _)| among(member));
    fit.min_by_key(|(member, has)| (has.len(), *member)).map(|(member, _)| member.clone())
}

/// Moves single partitions as long as that brings two members closer together. Each move lowers the
/// sum of the squares of the numbers, so it ends.
fn even_out<M: Ord + Clone, T: Ord + Clone>(
    assigned: &mut Assignment<M, T>,
    wants: &Subscriptions<M, T>,
    partitions: &Partitions<T>,
) {
    loop {
        let mut has_moved = false;
        for one in all(partitions) {
            let owner = assigned.iter().find(|(_, has)| has.contains(&one)).map(|(m, _)| m.clone());
            let Some(owner) = owner else { continue };
            let wanted = |member: &M| wants.get(member).is_some_and(|t| t.contains(&one.topic));
            let Some(other) = least(assigned, wanted) else { continue };
            if assigned[&other].len() + 1 < assigned[&owner].len() {
                if let Some(has) = assigned.get_mut(&owner) {
                    has.remove(&one);
                }
                give(assigned, &other, one);
                has_moved = true;
            }
        }
        if !has_moved {
            return;
        }
    }
}
