//! What happens to consumer groups, in words.

use crate::event::Membership;
use crate::ids::{NodeIx, PartitionIx, TopicIx};
use crate::views::format::list;

use super::words::Words;

impl Words<'_> {
    /// The partitions of a group were given out anew: why, who has what, and who is idle.
    pub(super) fn rebalanced(
        &self,
        (service, generation, why): (NodeIx, u32, Membership),
        owners: &[(TopicIx, PartitionIx, NodeIx)],
        fenced: bool,
    ) -> String {
        let why = match why {
            Membership::Joined(node) => format!("{} joined", self.node(node)),
            Membership::Expelled(node) => {
                format!("nothing was heard of {}, which was given up", self.node(node))
            }
        };
        let reads = |node: &NodeIx| {
            let own = owners.iter().filter(|(_, _, owner)| owner == node);
            let parts: Vec<String> =
                own.map(|(topic, partition, _)| self.part(*topic, *partition)).collect();
            (!parts.is_empty()).then(|| format!("{} reads {}", self.node(*node), list(&parts)))
        };
        let members = self.cast.group(service).map_or(&[][..], |group| group.members.as_slice());
        let mut parts: Vec<String> = members.iter().filter_map(reads).collect();
        let idle = members.iter().filter(|node| reads(node).is_none());
        let idle: Vec<String> = idle.map(|node| self.node(*node).to_owned()).collect();
        match idle.as_slice() {
            [] => {}
            [one] => parts.push(format!("{one} reads nothing")),
            several => parts.push(format!("{} read nothing", list(several))),
        }
        let service = self.node(service);
        if fenced {
            parts.push(format!(
                "the database of {service} was told, and refuses writes that speak for an older one"
            ));
        }
        format!(
            "the consumer group of {service} gave out its partitions anew, since {why}: in generation {generation} {}",
            parts.join("; ")
        )
    }

    /// A partition in words: its topic, and its number where there are several.
    fn part(&self, topic: TopicIx, partition: PartitionIx) -> String {
        let several = self.cast.topics.get(topic.ix()).is_some_and(|info| info.partitions > 1);
        if several {
            format!("partition {partition} of {}", self.topic(topic))
        } else {
            self.topic(topic).to_owned()
        }
    }
}
