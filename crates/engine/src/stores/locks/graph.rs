//! Who waits for whom, and the cycles in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{LocalTxnId, Lock, LockTable, Target};

/// An edge of the wait-for graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Wait {
    /// Who waits.
    pub waiter: LocalTxnId,
    /// For whom.
    pub blocker: LocalTxnId,
    /// For what.
    pub target: Target,
    /// Whether the blocker holds nothing that conflicts and only asked first: another order of the
    /// queue would do away with the edge.
    pub soft: bool,
}

/// Who dies for a deadlock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Victim {
    /// Who closed the cycle, as in PostgreSQL with equal deadlock time-outs.
    #[default]
    Requester,
    /// Who began last.
    Youngest,
    /// Who began first.
    Oldest,
    /// Who holds and asks for the fewest locks and has changed the fewest rows, as in InnoDB; among
    /// equals who closed the cycle.
    FewestLocks,
}

/// A cycle in the wait-for graph, and who should die for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deadlock {
    /// The edges of the cycle, from who closed it round to them again.
    pub cycle: Vec<Wait>,
    /// Who should be ended.
    pub victim: LocalTxnId,
}

/// The queues in an order that is tried out.
type Orders = BTreeMap<Target, Vec<Lock>>;

/// How many orders of the queues are tried before a deadlock is taken for a real one.
const MOST_ORDERS: u32 = 1_000;

impl LockTable {
    /// The wait-for graph: an edge to each transaction that holds a conflicting lock, and to each
    /// that asked for one ahead.
    #[must_use]
    pub fn waits(&self) -> Vec<Wait> {
        self.waits_in(&self.orders())
    }

    /// Looks for a cycle after `requester` began to wait. A cycle that another order of the queues
    /// solves is solved so, where the rules allow it, and the second part says who was granted a
    /// lock thereby. The weight is what a transaction's work counts besides its locks.
    ///
    /// A transaction that does not wait is never part of a cycle: waiting for one that is prepared
    /// may last for ever but is no deadlock.
    pub fn deadlock(
        &mut self,
        requester: LocalTxnId,
        weight: &dyn Fn(LocalTxnId) -> usize,
    ) -> (Option<Deadlock>, Vec<LocalTxnId>) {
        let orders = self.orders();
        let Some(cycle) = any_cycle(&self.waits_in(&orders), requester) else {
            return (None, Vec::new());
        };
        if self.rules.reorders {
            let mut tries = MOST_ORDERS;
            if let Some(solved) = self.reorder(orders, &[], requester, &mut tries) {
                return (None, self.adopt(solved));
            }
        }
        let victim = self.victim(&cycle, requester, weight);
        (Some(Deadlock { cycle, victim }), Vec::new())
    }

    /// Every cycle that stands, one through each transaction that is part of one and of no cycle
    /// named before. For tables whose owner does not look for deadlocks at each wait.
    #[must_use]
    pub fn cycles(&self) -> Vec<Vec<Wait>> {
        let edges = self.waits();
        let mut named = BTreeSet::new();
        let mut found = Vec::new();
        for txn in self.waits_at.keys() {
            if !named.contains(txn)
                && let Some(cycle) = cycle_through(&edges, *txn)
            {
                named.extend(cycle.iter().map(|edge| edge.waiter));
                found.push(cycle);
            }
        }
        found
    }

    fn orders(&self) -> Orders {
        let waited = self.queues.iter().filter(|(_, queue)| !queue.waiting.is_empty());
        waited.map(|(target, queue)| (*target, queue.waiting.clone())).collect()
    }

    fn waits_in(&self, orders: &Orders) -> Vec<Wait> {
        let matrix = &self.rules.matrix;
        let mut edges = BTreeMap::new();
        for (target, waiting) in orders {
            for (at, lock) in waiting.iter().enumerate() {
                for other in waiting[..at].iter().filter(|other| lock.yields(other, matrix)) {
                    edges.insert((lock.txn, other.txn, *target), true);
                }
                for other in self.granted(*target).filter(|other| lock.yields(other, matrix)) {
                    edges.insert((lock.txn, other.txn, *target), false);
                }
            }
        }
        let edge = |((waiter, blocker, target), soft)| Wait { waiter, blocker, target, soft };
        edges.into_iter().map(edge).collect()
    }

    /// Another order of the queues without any cycle. Each soft edge of a cycle is turned round in
    /// its turn, with those turned before kept. The one farthest from the requester comes first, as
    /// in PostgreSQL, whose search meets it on its way back.
    fn reorder(
        &self,
        orders: Orders,
        turned: &[Wait],
        requester: LocalTxnId,
        tries: &mut u32,
    ) -> Option<Orders> {
        let Some(cycle) = any_cycle(&self.waits_in(&orders), requester) else {
            return Some(orders);
        };
        for edge in cycle.iter().rev().filter(|edge| edge.soft) {
            *tries = tries.checked_sub(1)?;
            let mut with = turned.to_vec();
            with.push(*edge);
            let mut next = orders.clone();
            if let Some(queue) = next.get_mut(&edge.target)
                && let Some(sorted) = sort(&self.waiting_at(edge.target), &with, edge.target)
            {
                *queue = sorted;
                if let Some(solved) = self.reorder(next, &with, requester, tries) {
                    return Some(solved);
                }
            }
        }
        None
    }

    fn waiting_at(&self, target: Target) -> Vec<Lock> {
        self.waiting(target).to_vec()
    }

    fn adopt(&mut self, orders: Orders) -> Vec<LocalTxnId> {
        let mut granted = Vec::new();
        for (target, waiting) in orders {
            if let Some(queue) = self.queues.get_mut(&target)
                && queue.waiting != waiting
            {
                queue.waiting = waiting;
                granted.extend(self.grant(target));
            }
        }
        granted
    }

    fn victim(
        &self,
        cycle: &[Wait],
        requester: LocalTxnId,
        weight: &dyn Fn(LocalTxnId) -> usize,
    ) -> LocalTxnId {
        let in_cycle = cycle.iter().map(|edge| edge.waiter);
        let chosen = match self.rules.victim {
            Victim::Requester => in_cycle.clone().find(|txn| *txn == requester),
            Victim::Youngest => in_cycle.clone().max(),
            Victim::Oldest => in_cycle.clone().min(),
            Victim::FewestLocks => in_cycle
                .clone()
                .min_by_key(|txn| (self.count(*txn) + weight(*txn), *txn != requester, *txn)),
        };
        // A cycle that the requester is no part of stood before it asked; its youngest dies.
        chosen.or_else(|| in_cycle.max()).unwrap_or(requester)
    }
}

/// The queue in an order in which each edge's waiter stands ahead of its blocker, and which is the
/// old one where that leaves a choice. `None` where the edges contradict each other.
fn sort(waiting: &[Lock], turned: &[Wait], target: Target) -> Option<Vec<Lock>> {
    let mut left = waiting.to_vec();
    let mut sorted = Vec::new();
    while !left.is_empty() {
        let is_behind = |lock: &Lock| {
            turned.iter().any(|edge| {
                edge.target == target
                    && edge.blocker == lock.txn
                    && left.iter().any(|other| other.txn == edge.waiter)
            })
        };
        let next = left.iter().position(|lock| !is_behind(lock))?;
        sorted.push(left.remove(next));
    }
    Some(sorted)
}

/// A cycle: through the requester where there is one, through anybody otherwise.
fn any_cycle(edges: &[Wait], requester: LocalTxnId) -> Option<Vec<Wait>> {
    let waiters: BTreeSet<_> = edges.iter().map(|edge| edge.waiter).collect();
    let first = std::iter::once(requester);
    first.chain(waiters).find_map(|txn| cycle_through(edges, txn))
}

/// The shortest cycle through a transaction, from it round to it.
fn cycle_through(edges: &[Wait], start: LocalTxnId) -> Option<Vec<Wait>> {
    let mut reached: BTreeMap<LocalTxnId, Wait> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(txn) = next.pop_front() {
        for edge in edges.iter().filter(|edge| edge.waiter == txn) {
            if reached.contains_key(&edge.blocker) {
                continue;
            }
            reached.insert(edge.blocker, *edge);
            if edge.blocker == start {
                let mut cycle = Vec::new();
                let mut at = start;
                while let Some(edge) = reached.get(&at) {
                    cycle.push(*edge);
                    at = edge.waiter;
                    if at == start {
                        break;
                    }
                }
                cycle.reverse();
                return Some(cycle);
            }
            next.push_back(edge.blocker);
        }
    }
    None
}
