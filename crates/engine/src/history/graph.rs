//! The direct serialization graph: transactions, and what orders one before another.
//!
//! Section 4.4 of Adya's thesis: an edge leads from the transaction that must come first.

use super::Item;
use super::anomaly::Order;
use crate::ids::TxnId;

/// Why one transaction comes before another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Why {
    /// Write dependency: the other installed the next version of the item.
    Ww(Item),
    /// Read dependency: the other read what it wrote.
    Wr(Item),
    /// Read dependency by a predicate: its write changed what the other's predicate matched.
    WrPredicate(Item),
    /// Anti-dependency: it read a version, and the other installed the next one.
    Rw(Item),
    /// Anti-dependency by a predicate: the other's write would have changed what it matched.
    RwPredicate(Item),
    /// It came before in a session.
    Session,
    /// It ended before the other began.
    RealTime,
}

impl Why {
    /// Whether it is an anti-dependency.
    #[must_use]
    pub fn is_anti(self) -> bool {
        matches!(self, Self::Rw(_) | Self::RwPredicate(_))
    }

    /// The short name on an arrow.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Ww(item) => format!("ww {item}"),
            Self::Wr(item) => format!("wr {item}"),
            Self::WrPredicate(item) => format!("wr(predicate) {item}"),
            Self::Rw(item) => format!("rw {item}"),
            Self::RwPredicate(item) => format!("rw(predicate) {item}"),
            Self::Session => "session".to_owned(),
            Self::RealTime => "real time".to_owned(),
        }
    }
}

/// An edge.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edge {
    /// Who comes first.
    pub from: TxnId,
    /// Who comes after.
    pub to: TxnId,
    /// Why.
    pub why: Why,
}

/// The graph. Transactions are named by their place in the history.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    out: Vec<Vec<Edge>>,
}

impl Graph {
    /// A graph of so many transactions and no edge.
    #[must_use]
    pub fn new(transactions: usize) -> Self {
        Self { out: vec![Vec::new(); transactions] }
    }

    /// How many transactions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether there is no transaction.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Adds an edge; an edge from a transaction to itself says nothing and is left out.
    pub fn add(&mut self, from: TxnId, to: TxnId, why: Why) {
        let edge = Edge { from, to, why };
        if from != to && !self.out[from.ix()].contains(&edge) {
            self.out[from.ix()].push(edge);
        }
    }

    /// The edges out of a transaction.
    #[must_use]
    pub fn out(&self, from: TxnId) -> &[Edge] {
        &self.out[from.ix()]
    }

    /// Every edge, by the transaction that it leaves.
    pub fn edges(&self) -> impl Iterator<Item = &Edge> {
        self.out.iter().flatten()
    }

    /// Adds the orders that no data tells: sessions in the order of the history, and real time.
    pub fn add_orders(&mut self, sessions: &[Option<u32>], spans: &[Option<(u64, u64)>]) {
        for (to, session) in sessions.iter().enumerate() {
            // The one just before is enough: the rest follows through it.
            let before =
                sessions[..to].iter().rposition(|other| other.is_some() && other == session);
            if let Some(from) = before {
                self.add(TxnId(from as u32), TxnId(to as u32), Why::Session);
            }
        }
        for (to, span) in spans.iter().enumerate() {
            for (from, other) in spans.iter().enumerate() {
                if let (Some((start, _)), Some((_, end))) = (span, other)
                    && end < start
                {
                    self.add(TxnId(from as u32), TxnId(to as u32), Why::RealTime);
                }
            }
        }
    }

    /// Whether an edge counts when cycles may run through an order.
    #[must_use]
    pub fn counts(why: Why, order: Order) -> bool {
        match why {
            Why::Session => order >= Order::Session,
            Why::RealTime => order >= Order::RealTime,
            _ => true,
        }
    }

    /// The strongly connected components of more than one transaction, over the edges that count
    /// (Tarjan 1972, without recursion).
    #[must_use]
    pub fn components(&self, order: Order) -> Vec<Vec<TxnId>> {
        const UNSEEN: u32 = u32::MAX;
        let n = self.out.len();
        let (mut index, mut low) = (vec![UNSEEN; n], vec![0_u32; n]);
        let (mut on_stack, mut stack) = (vec![false; n], Vec::new());
        let (mut next, mut found) = (0_u32, Vec::new());
        for root in 0..n {
            if index[root] != UNSEEN {
                continue;
            }
            let mut calls = vec![(root, 0_usize)];
            while let Some((at, edge)) = calls.pop() {
                if edge == 0 {
                    index[at] = next;
                    low[at] = next;
                    next += 1;
                    stack.push(at);
                    on_stack[at] = true;
                }
                if let Some(to) = self.out[at].get(edge) {
                    calls.push((at, edge + 1));
                    let to = if Self::counts(to.why, order) { to.to.ix() } else { continue };
                    if index[to] == UNSEEN {
                        calls.push((to, 0));
                    } else if on_stack[to] {
                        low[at] = low[at].min(index[to]);
                    }
                    continue;
                }
                if low[at] == index[at] {
                    let from = stack.iter().rposition(|on| *on == at).unwrap_or_default();
                    let component = stack.split_off(from);
                    for member in &component {
                        on_stack[*member] = false;
                    }
                    if component.len() > 1 {
                        let mut members: Vec<_> =
                            component.into_iter().map(|ix| TxnId(ix as u32)).collect();
                        members.sort_unstable();
                        found.push(members);
                    }
                }
                if let Some((parent, _)) = calls.last() {
                    low[*parent] = low[*parent].min(low[at]);
                }
            }
        }
        found.sort();
        found
    }
}
