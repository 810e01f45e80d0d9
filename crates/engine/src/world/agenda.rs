//! What will be due: delays, restarts, relays and consumers, for the simulator's clock.

use super::{Due, World};
use crate::ids::{Micros, NodeIx, PartitionIx, TopicIx, TxnId};
use crate::rng::{DrawKey, Purpose};
use crate::scenario::document::FaultKind;

impl World {
    /// The delay of a message or record, with what a bad link adds.
    pub(super) fn delay(&self, from: NodeIx, to: NodeIx, purpose: Purpose, key: DrawKey) -> Micros {
        let network = &self.plan.scenario.network;
        let names = (self.plan.cast.node(from), self.plan.cast.node(to));
        let link =
            network.links.iter().find(|link| (link.from.as_str(), link.to.as_str()) == names);
        let of = link.and_then(|link| link.delay_us.as_ref()).unwrap_or(&network.delay_us);
        let mut delay = self.plan.draws.duration(of, purpose, key);
        for ix in &self.faults {
            if let FaultKind::Link { delay_us, .. } = &self.plan.scenario.faults[ix.ix()].fault
                && self.plan.fault_nodes[ix.ix()] == [from, to]
            {
                delay += delay_us;
            }
        }
        delay
    }

    pub(super) fn relay_later(&mut self, node: NodeIx) {
        if self.timed {
            let key = DrawKey { node, txn: TxnId(self.step_no), ..DrawKey::default() };
            let pause =
                self.plan.draws.duration(&self.plan.scenario.broker.relay_us, Purpose::Relay, key);
            self.due.push((self.now + pause, Due::Relay(node)));
        }
    }

    pub(super) fn restart_later(&mut self, node: NodeIx, for_us: Option<Micros>) {
        if self.timed {
            // An event-sourced service is up again only when its streams are folded.
            let db = self.plan.cast.nodes[node.ix()].db.filter(|_| self.members(node).is_none());
            let streams = db.and_then(|db| self.dbs[db.ix()].streams());
            let folding = streams.map_or(0, |streams| streams.recovery_us());
            let at = self.now.saturating_add(for_us.unwrap_or(1_000_000)).saturating_add(folding);
            self.due.push((at, Due::Restart(node)));
        }
    }

    pub(super) fn retry_record(&mut self, topic: TopicIx, partition: PartitionIx) {
        let wait = self.plan.scenario.retries.timeout_us;
        self.retry_record_at(self.now + wait, topic, partition);
    }

    pub(super) fn retry_record_at(&mut self, at: Micros, topic: TopicIx, partition: PartitionIx) {
        if self.timed {
            self.due.push((at, Due::Record(topic, partition)));
        }
    }

    /// Something changed for consumers: they look at every partition again.
    pub(super) fn wake_consumers(&mut self) {
        if self.timed {
            self.wake_parked();
            let all: Vec<(TopicIx, PartitionIx)> =
                self.broker.partitions().map(|(topic, partition, _)| (topic, partition)).collect();
            for (topic, partition) in all {
                self.due.push((self.now, Due::Record(topic, partition)));
            }
        }
    }
}
