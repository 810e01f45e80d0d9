//! The broker: topics of partitions of records, and where each consumer group stands in them.
//!
//! Delivery is at least once: a group that has handled a record commits its offset afterwards, and
//! goes back to the last committed offset when its consumer restarts.

use std::collections::BTreeMap;

use rpds::Vector;

use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{EventIx, Micros, NodeIx, PartitionIx, TopicIx, TxnId};
use crate::out::RecordBody;
use crate::stores::Members;

/// A record as it was published.
pub type Record = RecordBody;

/// A record in a partition.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StoredRecord {
    /// What it says.
    pub body: Record,
    /// From when on its consumers see it.
    pub due: Micros,
    /// The event of its publication. Not part of the state: it only names a cause.
    pub event: EventIx,
}

/// Where a consumer group stands in a partition. The group of a service is named after its node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Group {
    /// The next offset to read: volatile, it goes with the consumer.
    pub position: u32,
    /// The committed offset: where it begins again after a restart.
    pub committed: u32,
    /// The offset behind the last one ever handled.
    pub handled: u32,
    /// How often the record at `position` was delivered and failed.
    pub failures: u8,
    /// The records from `position` up to this offset are none that the consumer handles. It only
    /// saves looking at them again.
    pub passed: u32,
}

impl Group {
    /// Where to look for the next record that the consumer handles.
    #[must_use]
    pub fn unread(&self) -> u32 {
        self.position.max(self.passed)
    }

    /// Goes back to an earlier record.
    pub fn go_back(&mut self, to: u32) {
        self.position = to;
        self.passed = to;
    }
}

/// A partition.
#[derive(Clone, Debug, Default)]
pub struct Partition {
    records: Vector<StoredRecord>,
    groups: Vec<(NodeIx, Group)>,
}

impl Partition {
    /// The records in order of their offsets.
    #[must_use]
    pub fn records(&self) -> &Vector<StoredRecord> {
        &self.records
    }

    /// Where a group stands.
    #[must_use]
    pub fn group(&self, node: NodeIx) -> Group {
        self.groups
            .iter()
            .find(|(of, _)| *of == node)
            .map_or_else(Group::default, |(_, group)| *group)
    }

    /// Where a group stands, to be changed.
    pub fn group_mut(&mut self, node: NodeIx) -> &mut Group {
        let at = match self.groups.binary_search_by_key(&node, |(of, _)| *of) {
            Ok(at) => at,
            Err(at) => {
                self.groups.insert(at, (node, Group::default()));
                at
            }
        };
        &mut self.groups[at].1
    }

    /// Goes back to where a group last committed.
    fn rewind(&mut self, service: NodeIx) {
        if let Ok(at) = self.groups.binary_search_by_key(&service, |(of, _)| *of) {
            let group = &mut self.groups[at].1;
            group.go_back(group.committed);
        }
    }
}

/// The broker.
#[derive(Clone, Debug, Default)]
pub struct Broker {
    topics: Vec<Vec<Partition>>,
    members: BTreeMap<NodeIx, Members>,
}

impl Broker {
    /// A broker with this many partitions for each topic.
    #[must_use]
    pub fn new(partitions: impl Iterator<Item = u8>) -> Self {
        Self {
            topics: partitions
                .map(|count| vec![Partition::default(); usize::from(count.max(1))])
                .collect(),
            members: BTreeMap::new(),
        }
    }

    /// The broker with the consumer group of a service that has several members.
    #[must_use]
    pub fn with_group(mut self, service: NodeIx, members: Members) -> Self {
        self.members.insert(service, members);
        self
    }

    /// The members of a service's consumer group, where there are several.
    #[must_use]
    pub fn members(&self, service: NodeIx) -> Option<&Members> {
        self.members.get(&service)
    }

    /// The members of a service's consumer group, to be changed.
    pub fn members_mut(&mut self, service: NodeIx) -> Option<&mut Members> {
        self.members.get_mut(&service)
    }

    /// The reader of a partition in the name of a service: the member that owns it, or the service's
    /// own node where it is the only one.
    #[must_use]
    pub fn reader(
        &self,
        service: NodeIx,
        topic: TopicIx,
        partition: PartitionIx,
    ) -> Option<NodeIx> {
        match self.members.get(&service) {
            Some(members) => members.owner(topic, partition),
            None => Some(service),
        }
    }

    /// The partition of a transaction's records: equal keys stay in order.
    #[must_use]
    pub fn partition_of(&self, topic: TopicIx, txn: TxnId) -> PartitionIx {
        let count = self.topics[topic.ix()].len() as u32;
        PartitionIx((txn.0 % count) as u8)
    }

    /// A partition.
    #[must_use]
    pub fn partition(&self, topic: TopicIx, partition: PartitionIx) -> &Partition {
        &self.topics[topic.ix()][partition.ix()]
    }

    /// A partition, to be changed.
    pub fn partition_mut(&mut self, topic: TopicIx, partition: PartitionIx) -> &mut Partition {
        &mut self.topics[topic.ix()][partition.ix()]
    }

    /// Stores a record; returns its partition and offset.
    pub fn append(&mut self, record: StoredRecord) -> (PartitionIx, u32) {
        let partition = self.partition_of(record.body.topic, record.body.txn);
        let records = &mut self.topics[record.body.topic.ix()][partition.ix()].records;
        records.push_back_mut(record);
        (partition, records.len() as u32 - 1)
    }

    /// Every partition.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicIx, PartitionIx, &Partition)> {
        self.topics.iter().enumerate().flat_map(|(topic, partitions)| {
            partitions.iter().enumerate().map(move |(partition, content)| {
                (TopicIx(topic as u8), PartitionIx(partition as u8), content)
            })
        })
    }

    /// A consumer of a service is gone: whoever reads next in its place begins again where its group
    /// last committed.
    pub fn rewind(&mut self, service: NodeIx, reader: NodeIx) {
        for (topic, partitions) in self.topics.iter_mut().enumerate() {
            for (ix, partition) in partitions.iter_mut().enumerate() {
                let owner = self.members.get(&service).map_or(Some(service), |members| {
                    members.owner(TopicIx(topic as u8), PartitionIx(ix as u8))
                });
                if owner == Some(reader) {
                    partition.rewind(service);
                }
            }
        }
    }

    /// The reading of some partitions in the name of a service begins again where its group last
    /// committed.
    pub fn begin_again(&mut self, service: NodeIx, of: &[(TopicIx, PartitionIx)]) {
        for (topic, partition) in of {
            self.partition_mut(*topic, *partition).rewind(service);
        }
    }
}

impl Canon for Broker {
    /// Records and groups. `handled` and `passed` decide nothing: one tells a repetition from a first
    /// delivery, the other saves looking.
    fn canon(&self, h: &mut Fingerprint) {
        for partition in self.topics.iter().flatten() {
            h.write_len(partition.records.len());
            for record in &partition.records {
                record.body.canon(h);
            }
            h.write_len(partition.groups.len());
            for (node, group) in &partition.groups {
                h.write_u8(node.0);
                h.write_u32(group.position);
                h.write_u32(group.committed);
                h.write_u8(group.failures);
            }
        }
        for members in self.members.values() {
            members.canon(h);
        }
    }
}
