//! What was found in a transactional history, and what it means for the models.

use std::collections::BTreeSet;

use super::Item;
use super::anomaly::{Anomaly, Order};
use super::cycles::{self, Cycle};
use super::graph::Graph;
use super::models::{Model, Standing};
use super::transaction::Transaction;
use crate::ids::TxnId;

/// What shows an anomaly.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shown {
    /// A cycle of dependencies.
    Cycle(Cycle),
    /// A read of an item by a transaction, and who wrote what it should not have seen.
    Read {
        /// Who read.
        reader: TxnId,
        /// What.
        item: Item,
        /// Who wrote it, where it is another.
        writer: Option<TxnId>,
    },
    /// What two transactions did to an item.
    Pair {
        /// The item.
        item: Item,
        /// The one.
        first: TxnId,
        /// The other.
        second: TxnId,
    },
}

impl Shown {
    /// What shows it, in words, with the transactions named.
    #[must_use]
    pub fn text(&self, name: impl Fn(TxnId) -> String) -> String {
        match self {
            Self::Cycle(cycle) => cycle.text(name),
            Self::Read { reader, item, writer: Some(writer) } => {
                format!("{} read {item} of {}", name(*reader), name(*writer))
            }
            Self::Read { reader, item, writer: None } => format!("{} read {item}", name(*reader)),
            Self::Pair { item, first, second } => {
                format!("{} and {} on {item}", name(*first), name(*second))
            }
        }
    }
}

/// An anomaly and what shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The anomaly.
    pub anomaly: Anomaly,
    /// The first that shows it.
    pub shown: Shown,
}

/// The judgement on a history.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The dependencies.
    pub graph: Graph,
    /// The anomalies, each once.
    pub found: Vec<Found>,
    /// Which orders the history tells of: without sessions or times nothing can be said about the
    /// models that heed them.
    pub orders: BTreeSet<Order>,
}

impl Judgement {
    /// Adds the orders and the cycles to a graph of data dependencies and what single reads showed.
    pub(super) fn of<O>(
        history: &[Transaction<O>],
        mut graph: Graph,
        mut found: Vec<Found>,
    ) -> Self {
        use super::transaction::Fate;
        let counts = |t: &Transaction<O>| t.fate != Fate::Aborted;
        let sessions: Vec<_> = history.iter().map(|t| t.session.filter(|_| counts(t))).collect();
        // Nobody knows when a transaction ended whose end nobody was told.
        let spans: Vec<_> = history
            .iter()
            .map(|t| match t.fate {
                Fate::Committed => t.span,
                Fate::Unknown => t.span.map(|(start, _)| (start, u64::MAX)),
                Fate::Aborted => None,
            })
            .collect();
        graph.add_orders(&sessions, &spans);
        let mut orders = BTreeSet::from([Order::Data]);
        if sessions.iter().any(Option::is_some) {
            orders.insert(Order::Session);
        }
        if spans.iter().any(Option::is_some) {
            orders.extend([Order::Session, Order::RealTime]);
        }
        found.extend(
            cycles::anomalies(&graph)
                .into_iter()
                .map(|(anomaly, cycle)| Found { anomaly, shown: Shown::Cycle(cycle) }),
        );
        let mut once: Vec<Found> = Vec::new();
        for one in found {
            if !once.iter().any(|other| other.anomaly == one.anomaly) {
                once.push(one);
            }
        }
        once.sort_by_key(|one| one.anomaly);
        Self { graph, found: once, orders }
    }

    /// The anomalies that were found.
    #[must_use]
    pub fn anomalies(&self) -> BTreeSet<Anomaly> {
        self.found.iter().map(|one| one.anomaly).collect()
    }

    /// Whether the history shows an anomaly, be it as a case of it.
    #[must_use]
    pub fn shows(&self, anomaly: Anomaly) -> bool {
        Anomaly::closure(self.anomalies()).contains(&anomaly)
    }

    /// What can be said about a model.
    #[must_use]
    pub fn standing(&self, model: Model) -> Standing {
        model.standing(&self.anomalies(), &self.orders)
    }

    /// The models that the history satisfies, as far as the anomalies decide them.
    #[must_use]
    pub fn satisfied(&self) -> BTreeSet<Model> {
        Model::all().filter(|model| self.standing(*model) == Standing::Holds).collect()
    }

    /// The weakest models that the history rules out: every stronger one is ruled out with them.
    #[must_use]
    pub fn weakest_violated(&self) -> BTreeSet<Model> {
        Model::weakest_violated(&self.anomalies())
    }
}
