//! Consumer groups with several members, as they are in the beginning.

use crate::cast::{GroupInfo, NodeKind};
use crate::ids::{NodeIx, TopicIx};
use crate::scenario::document as doc;
use crate::stores::{Assignor, GroupRules, Members, Rebalance};

use super::Plan;

impl Plan {
    /// The consumer groups of the services with several processes, once the topics have their
    /// consumers. A service that consumes nothing has a group without partitions.
    #[must_use]
    pub fn groups(&self) -> Vec<GroupInfo> {
        let mut groups: Vec<GroupInfo> = Vec::new();
        for (ix, info) in self.cast.nodes.iter().enumerate() {
            let NodeKind::Member(service) = info.kind else { continue };
            let (node, service) = (NodeIx(ix as u8), NodeIx(service.0 + 1));
            match groups.iter_mut().find(|group| group.service == service) {
                Some(group) => group.members.push(node),
                None => {
                    let members = vec![service, node];
                    groups.push(GroupInfo { service, members, owners: Vec::new() });
                }
            }
        }
        for group in &mut groups {
            group.owners = self.members(group).owners();
        }
        groups
    }

    /// The members of a group before anything has happened.
    #[must_use]
    pub fn members(&self, group: &GroupInfo) -> Members {
        let options = &self.scenario.options;
        let (assignor, rebalance) = match options.assignor {
            doc::Assignor::Range => (Assignor::Range, Rebalance::Eager),
            doc::Assignor::RoundRobin => (Assignor::RoundRobin, Rebalance::Eager),
            doc::Assignor::Sticky => (Assignor::Sticky, Rebalance::Eager),
            doc::Assignor::CooperativeSticky => (Assignor::Sticky, Rebalance::Cooperative),
        };
        let topics = self.cast.topics.iter().enumerate();
        let consumed = topics.filter(|(_, topic)| topic.consumers.contains(&group.service));
        let partitions =
            consumed.map(|(ix, topic)| (TopicIx(ix as u8), u32::from(topic.partitions.max(1))));
        Members::new(GroupRules { assignor, rebalance }, &group.members, partitions.collect())
    }
}
