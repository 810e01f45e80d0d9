//! The search for cycles of dependencies, and their names.
//!
//! In each strongly connected component the classes are searched from the worst to the mildest; a
//! class of which a worse one is a case is not searched again. Of each class one shortest cycle is
//! kept: it is what "why" shows.

use std::collections::VecDeque;

use super::anomaly::{Anomaly, Order, Reach};
use super::graph::{Edge, Graph, Why};
use crate::ids::TxnId;

/// A cycle: each edge begins where the one before it ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cycle(pub Vec<Edge>);

impl Cycle {
    /// The cycle with its transactions named: `T1 -ww x-> T2 -rw y-> T1`.
    #[must_use]
    pub fn text(&self, name: impl Fn(TxnId) -> String) -> String {
        let mut text = String::new();
        for edge in &self.0 {
            text.push_str(&format!("{} -{}-> ", name(edge.from), edge.why.label()));
        }
        if let Some(first) = self.0.first() {
            text.push_str(&name(first.from));
        }
        text
    }
}

/// Which edges a class of cycles is made of.
#[derive(Clone, Copy)]
struct Class {
    /// An edge that must be in it.
    must: fn(Why) -> bool,
    /// What else may be in it.
    may: fn(Why, Reach) -> bool,
    /// Whether two anti-dependencies may follow each other.
    adjacent: bool,
    /// The name of what it finds.
    anomaly: fn(Reach, Order) -> Anomaly,
    /// Whether predicates make a difference to its name.
    by_reach: bool,
}

fn is_order(why: Why) -> bool {
    matches!(why, Why::Session | Why::RealTime)
}

fn is_write(why: Why) -> bool {
    matches!(why, Why::Ww(_))
}

fn is_read(why: Why) -> bool {
    matches!(why, Why::Wr(_) | Why::WrPredicate(_))
}

fn dependency(why: Why, _: Reach) -> bool {
    is_write(why) || is_read(why) || is_order(why)
}

fn any_within(why: Why, reach: Reach) -> bool {
    dependency(why, reach)
        || matches!(why, Why::Rw(_))
        || (reach == Reach::Any && matches!(why, Why::RwPredicate(_)))
}

const CLASSES: [Class; 5] = [
    Class {
        must: is_write,
        may: |why, _| is_write(why) || is_order(why),
        adjacent: true,
        anomaly: |_, order| Anomaly::G0(order),
        by_reach: false,
    },
    Class {
        must: is_read,
        may: dependency,
        adjacent: true,
        anomaly: |_, order| Anomaly::G1c(order),
        by_reach: false,
    },
    Class {
        must: Why::is_anti,
        may: dependency,
        adjacent: true,
        anomaly: Anomaly::GSingle,
        by_reach: true,
    },
    Class {
        must: Why::is_anti,
        may: any_within,
        adjacent: false,
        anomaly: Anomaly::GNonadjacent,
        by_reach: true,
    },
    Class {
        must: Why::is_anti,
        may: any_within,
        adjacent: true,
        anomaly: Anomaly::G2,
        by_reach: true,
    },
];

/// The anomalies of a graph, each with a shortest cycle that shows it.
#[must_use]
pub fn anomalies(graph: &Graph) -> Vec<(Anomaly, Cycle)> {
    let mut found: Vec<(Anomaly, Cycle)> = Vec::new();
    for component in graph.components(Order::RealTime) {
        let mut here: Vec<Anomaly> = Vec::new();
        for order in Order::ALL {
            for reach in [Reach::Item, Reach::Any] {
                for class in &CLASSES {
                    if !class.by_reach && reach == Reach::Any {
                        continue;
                    }
                    let anomaly = (class.anomaly)(reach, order);
                    if here.iter().any(|worse| worse.is_case_of(anomaly)) {
                        continue;
                    }
                    if let Some(cycle) = shortest(graph, &component, class, reach, order) {
                        here.push(anomaly);
                        match found.iter_mut().find(|(other, _)| *other == anomaly) {
                            Some((_, kept)) if kept.0.len() <= cycle.0.len() => {}
                            Some((_, kept)) => *kept = cycle,
                            None => found.push((anomaly, cycle)),
                        }
                    }
                }
            }
        }
    }
    found.sort_by_key(|(anomaly, _)| *anomaly);
    found
}

/// A shortest cycle of a class within a component.
fn shortest(
    graph: &Graph,
    component: &[TxnId],
    class: &Class,
    reach: Reach,
    order: Order,
) -> Option<Cycle> {
    let mut inside = vec![false; graph.len()];
    for member in component {
        inside[member.ix()] = true;
    }
    let usable = |edge: &Edge| inside[edge.to.ix()] && Graph::counts(edge.why, order);
    let mut best: Option<Cycle> = None;
    for from in component {
        for start in graph.out(*from).iter().filter(|edge| usable(edge)) {
            let of_class =
                (class.must)(start.why) && (!start.why.is_anti() || any_within(start.why, reach));
            if !of_class {
                continue;
            }
            let path = back(graph, *start, class.adjacent, &|edge| {
                usable(edge) && (class.may)(edge.why, reach)
            });
            if let Some(path) = path
                && best.as_ref().is_none_or(|cycle| path.len() < cycle.0.len())
            {
                best = Some(Cycle(path));
            }
        }
    }
    best
}

/// The shortest way from the end of an edge back to its beginning, the edge first. Where two
/// anti-dependencies may not follow each other, a place is a transaction and whether an
/// anti-dependency led to it. A shortest closed walk under that rule passes no transaction twice:
/// of the two loops that it would fall into, one keeps the rule and is shorter.
fn back(
    graph: &Graph,
    start: Edge,
    adjacent: bool,
    may: &dyn Fn(&Edge) -> bool,
) -> Option<Vec<Edge>> {
    let place = |txn: TxnId, after_anti: bool| txn.ix() * 2 + usize::from(after_anti && !adjacent);
    let mut came: Vec<Option<(usize, Edge)>> = vec![None; graph.len() * 2];
    let first = place(start.to, start.why.is_anti());
    let goal = place(start.from, false);
    let mut queue = VecDeque::from([first]);
    while let Some(at) = queue.pop_front() {
        if at == goal {
            let mut path = Vec::new();
            let mut at = at;
            while at != first {
                // Every place but the first was reached by an edge.
                let (before, edge) = came[at]?;
                path.push(edge);
                at = before;
            }
            path.push(start);
            path.reverse();
            return Some(path);
        }
        for edge in graph.out(TxnId((at / 2) as u32)).iter().filter(|edge| may(edge)) {
            if at % 2 == 1 && edge.why.is_anti() {
                continue;
            }
            let to = place(edge.to, edge.why.is_anti());
            if to != first && came[to].is_none() {
                came[to] = Some((at, *edge));
                queue.push_back(to);
            }
        }
    }
    None
}
