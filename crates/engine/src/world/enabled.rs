//! What can be chosen next while exploring, in a documented order.
//!
//! Ordinary choices first (arrivals, messages, records, relays, timers, restarts), then faults.
//! Within a kind the order is that of nodes, topics and messages.

use super::World;
use crate::cast::NodeKind;
use crate::choice::{ChoiceKind, TimerKey};
use crate::ids::NodeIx;
use crate::patterns::read::cqrs::Mode;
use crate::stores::Held;

impl World {
    /// Choices that are no fault and cost nothing. Where there is none and every node is up, the
    /// world is at rest.
    pub fn ordinary(&self, arrivals_max: u32, choices: &mut Vec<ChoiceKind>) {
        if self.arrived < arrivals_max.min(self.plan.arrivals()) {
            let number = self.arrived;
            let combinations = (0..u32::from(u16::MAX))
                .take_while(|inputs| self.plan.arrival_combination(number, *inputs).is_some());
            choices.extend(combinations.map(|inputs| ChoiceKind::Arrive { number, inputs }));
        }
        self.messages(choices, ChoiceKind::Deliver, true);
        for (topic, partition, content) in self.broker.partitions() {
            for service in &self.plan.cast.topics[topic.ix()].consumers {
                let Some(node) = self.broker.reader(*service, topic, partition) else { continue };
                let from = content.group(*service).unread();
                if self.is_up(node) && self.next_record(node, topic, partition, from).is_some() {
                    choices.push(ChoiceKind::Consume { node, topic, partition });
                }
            }
        }
        self.expelled(choices);
        for (node, _) in self.nodes_up() {
            let service = self.plan.cast.service_of(node);
            let is_relay = self.relay_of(service) == Some(node);
            let db = self.plan.cast.nodes[service.ix()].db.filter(|_| is_relay);
            if db.is_some_and(|db| self.dbs[db.ix()].unsent() > 0) {
                choices.push(ChoiceKind::Relay { node });
            }
        }
        for (key, timer) in &self.timers {
            let expires = !timer.alarm.clock.awaits();
            if if expires { self.is_up(key.node) } else { self.answer_is_lost(key) } {
                choices.push(ChoiceKind::Fire(*key));
            }
        }
        for ((node, txn), parked) in &self.parked {
            if self.can_proceed(*node, parked) {
                choices.push(ChoiceKind::Proceed { node: *node, txn: *txn });
            }
        }
        for (ix, node) in self.nodes.iter().enumerate() {
            if !node.up {
                let node = NodeIx(ix as u8);
                choices.push(ChoiceKind::Restart { node });
                if self.can_expel(node) {
                    choices.push(ChoiceKind::Expel { node, held: None });
                }
            }
        }
    }

    /// What those do that were expelled and have a record in hand.
    fn expelled(&self, choices: &mut Vec<ChoiceKind>) {
        for group in &self.plan.cast.groups {
            let Some(members) = self.broker.members(group.service) else { continue };
            for node in group.members.iter().copied().filter(|node| self.is_up(*node)) {
                if let Some(Held { topic, partition, .. }) = members.held(node) {
                    choices.push(ChoiceKind::Consume { node, topic, partition });
                }
            }
        }
    }

    /// The members that may stand still with a record in hand, for so long that they are given up.
    fn pauses(&self, choices: &mut Vec<ChoiceKind>) {
        for (topic, partition, content) in self.broker.partitions() {
            for service in &self.plan.cast.topics[topic.ix()].consumers {
                let Some(node) = self.broker.reader(*service, topic, partition) else { continue };
                let from = content.group(*service).unread();
                if self.is_up(node)
                    && self.can_expel(node)
                    && self.next_record(node, topic, partition, from).is_some()
                {
                    let held = Some((topic, partition));
                    choices.push(ChoiceKind::Expel { node, held });
                }
            }
        }
    }

    /// Choices that are faults and cost budget.
    pub fn faulty(&self, choices: &mut Vec<ChoiceKind>) {
        if self.budget.crash > 0 {
            for (node, unforced) in self.nodes_up() {
                if self.crash_matters(node, unforced) {
                    for lose in 0..=unforced.min(usize::from(u8::MAX)) {
                        choices.push(ChoiceKind::Crash { node, lose: lose as u8 });
                    }
                }
            }
        }
        if self.budget.pause > 0 {
            self.pauses(choices);
        }
        if self.budget.drop > 0 {
            self.messages(choices, ChoiceKind::Drop, false);
        }
        if self.budget.duplicate > 0 {
            self.messages(choices, ChoiceKind::Duplicate, false);
            for (topic, partition, content) in self.broker.partitions() {
                for service in &self.plan.cast.topics[topic.ix()].consumers {
                    let reader = self.broker.reader(*service, topic, partition);
                    let Some(node) = reader else { continue };
                    let position = content.group(*service).position;
                    if self.is_up(node)
                        && self.last_handled(node, topic, partition, position).is_some()
                    {
                        choices.push(ChoiceKind::Redeliver { node, topic, partition });
                    }
                }
            }
        }
        let retries = self.timers.iter().filter(|(_, timer)| timer.alarm.clock.awaits());
        for (key, _) in retries {
            if self.budget.early_timer > 0 && !self.answer_is_lost(key) && self.is_up(key.node) {
                choices.push(ChoiceKind::Fire(*key));
            }
            let early = self.budget.early_timer > 0 && self.is_up(key.node);
            if self.budget.give_up > 0 && (early || self.answer_is_lost(key)) {
                choices.push(ChoiceKind::GiveUp(*key));
            }
        }
    }

    /// What a choice costs.
    pub fn spend(&mut self, choice: &ChoiceKind) {
        let budget = &mut self.budget;
        match choice {
            ChoiceKind::Crash { .. } => budget.crash -= 1,
            ChoiceKind::Drop(_) => budget.drop -= 1,
            ChoiceKind::Duplicate(_) | ChoiceKind::Redeliver { .. } => budget.duplicate -= 1,
            ChoiceKind::GiveUp(_) => budget.give_up -= 1,
            ChoiceKind::Expel { held: Some(_), .. } => budget.pause -= 1,
            _ => {}
        }
    }

    /// A crash between two handlers matters where the node has something to lose: memory, timers,
    /// work that it holds, or unforced log records. Elsewhere a crash and a restart only delay what
    /// the node would do, and every delay is explored anyway.
    fn crash_matters(&self, node: NodeIx, unforced: usize) -> bool {
        unforced > 0
            || !self.nodes[node.ix()].state.is_idle()
            || !self.nodes[node.ix()].reads.is_idle()
            || self.parked.keys().any(|(of, _)| *of == node)
            || self.has_sessions(node)
            || self.sends_copies(node)
            || self.held.iter().any(|(of, _)| *of == node)
            || self.timers.keys().any(|key| key.node == node)
            || self.members(node).is_some_and(|members| members.held(node).is_some())
    }

    /// Whether a node sends its newest copy again when it restarts.
    fn sends_copies(&self, node: NodeIx) -> bool {
        let own = self.plan.cast.nodes[node.ix()].db;
        own.is_some_and(|db| {
            self.plan.cast.dbs[db.ix()].replica_of.is_none()
                && self.copy_mode(db) == Some(Mode::CopyAtEachWrite)
        })
    }

    /// Whether a crash of a node would end an open session: its own, or one in its database.
    fn has_sessions(&self, node: NodeIx) -> bool {
        self.dbs.iter().zip(&self.plan.cast.dbs).any(|(db, info)| {
            db.sessions().is_some_and(|sessions| {
                sessions.owned_by(node).next().is_some()
                    || (info.node == node && sessions.has_unprepared())
            })
        })
    }

    /// Whether nothing can bring the answer that a timer waits for: no message of its exchange is in
    /// flight, its target is up and does not work on it.
    #[must_use]
    pub fn answer_is_lost(&self, key: &TimerKey) -> bool {
        let Some(timer) = self.timers.get(key) else { return false };
        let exchange = timer.alarm.exchange;
        self.is_up(key.node)
            && self.is_up(exchange.target)
            && !self.network.carries(&exchange)
            && !self.held.iter().any(|(_, held)| *held == exchange)
    }

    /// The nodes that are up and may crash (all but the clients and the broker), with their
    /// unforced records.
    fn nodes_up(&self) -> impl Iterator<Item = (NodeIx, usize)> + '_ {
        self.plan.cast.nodes.iter().enumerate().filter_map(|(ix, info)| {
            let may_crash = !matches!(info.kind, NodeKind::Clients | NodeKind::Broker);
            let node = NodeIx(ix as u8);
            (may_crash && self.nodes[ix].up).then(|| (node, self.unforced_at(node)))
        })
    }

    /// One choice for each message in flight; those that say the same are one.
    fn messages(
        &self,
        choices: &mut Vec<ChoiceKind>,
        choice: impl Fn(crate::choice::MsgKey) -> ChoiceKind,
        delivered: bool,
    ) {
        let keys = self.network.keys().into_iter();
        choices.extend(keys.filter(|key| !delivered || self.is_up(key.to)).map(choice));
    }

    /// Whether nothing but a fault can happen any more and every node is up.
    #[must_use]
    pub fn is_at_rest(&self, arrivals_max: u32) -> bool {
        let mut choices = Vec::new();
        self.ordinary(arrivals_max, &mut choices);
        choices.is_empty()
    }
}
