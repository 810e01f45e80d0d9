//! On random small graphs the explorer finds what an obvious search finds.

#![allow(clippy::unwrap_used)]

mod models;

use interleave_engine::drivers::explore::{
    Coverage, Explorer, Limits, Progress, StateIx, StopAt, Verdict,
};
use interleave_engine::drivers::model::{Model, PropertyIx, RestRule};
use interleave_engine::fingerprint::Fingerprint;
use models::naive;
use proptest::prelude::*;

/// A graph: for each node its successors, with repeats and loops, and whether it is good.
#[derive(Clone, Debug)]
struct Graph {
    initial: Vec<u8>,
    nodes: Vec<Node>,
    told: bool,
}

#[derive(Clone, Debug)]
struct Node {
    successors: Vec<u8>,
    is_bad: bool,
    is_resting: bool,
}

impl Model for Graph {
    type State = u8;
    /// The position of the edge.
    type Action = usize;

    fn initial(&self, emit: &mut dyn FnMut(u8)) {
        self.initial.iter().for_each(|node| emit(*node));
    }

    fn successors(&self, state: &u8, emit: &mut dyn FnMut(usize, u8)) {
        let successors = &self.nodes[usize::from(*state)].successors;
        successors.iter().enumerate().for_each(|(i, node)| emit(i, *node));
    }

    fn fingerprint(&self, state: &u8) -> u64 {
        Fingerprint::of(state)
    }

    fn properties(&self) -> Vec<String> {
        vec!["never bad".into(), "not bad at rest".into()]
    }

    fn check(&self, state: &u8, at_rest: bool, violated: &mut dyn FnMut(PropertyIx)) {
        if self.nodes[usize::from(*state)].is_bad {
            violated(PropertyIx(0));
            if at_rest {
                violated(PropertyIx(1));
            }
        }
    }

    fn rest_rule(&self) -> RestRule {
        if self.told { RestRule::Told } else { RestRule::NoWayOut }
    }

    fn at_rest(&self, state: &u8) -> bool {
        self.nodes[usize::from(*state)].is_resting
    }
}

fn graphs() -> impl Strategy<Value = Graph> {
    (1_usize..40).prop_flat_map(|size| {
        let any_node = || 0..u8::try_from(size).unwrap();
        let successors = prop::collection::vec(any_node(), 0..4);
        let node = (successors, prop::bool::weighted(0.15), any::<bool>())
            .prop_map(|(successors, is_bad, is_resting)| Node { successors, is_bad, is_resting });
        let nodes = prop::collection::vec(node, size);
        let initial = prop::collection::vec(any_node(), 0..3);
        (initial, nodes, any::<bool>()).prop_map(|(initial, nodes, told)| Graph {
            initial,
            nodes,
            told,
        })
    })
}

/// Holds a path against the graph itself.
fn assert_is_path(graph: &Graph, explorer: &Explorer<Graph>, state: StateIx) {
    let path = explorer.path(state).unwrap();
    assert!(graph.initial.contains(&path.initial));
    let mut at = path.initial;
    for (edge, node) in path.steps {
        assert_eq!(graph.nodes[usize::from(at)].successors[edge], node);
        at = node;
    }
}

proptest! {
    #[test]
    fn the_whole_space_is_that_of_an_obvious_search(graph in graphs(), slice in 1_u32..9) {
        let expected = naive::search(&graph, u32::MAX);
        let limits = Limits { stop: StopAt::Exhausted, count_edges: true, ..Limits::default() };
        let mut explorer = Explorer::new(graph.clone(), limits);
        while explorer.run_slice(slice) == Progress::Running {}
        let report = explorer.report();
        prop_assert_eq!(report.coverage, Coverage::Complete);
        let found = naive::Naive {
            distinct: report.distinct,
            generated: report.generated,
            depth: report.depth,
            at_rest: report.at_rest,
            edges: report.edges.unwrap(),
            steps_to_violation: (0..)
                .zip(&report.properties)
                .filter_map(|(i, property)| match property.verdict {
                    Verdict::Violated(violation) => Some((PropertyIx(i), violation.steps)),
                    _ => None,
                })
                .collect(),
        };
        prop_assert_eq!(found, expected);
        prop_assert_eq!(report.checked, report.distinct);
        (0..explorer.distinct()).for_each(|state| assert_is_path(&graph, &explorer, StateIx(state)));
    }

    #[test]
    fn the_first_violation_is_a_shortest_one(graph in graphs()) {
        let expected = naive::search(&graph, u32::MAX).steps_to_violation;
        let limits = Limits { stop: StopAt::FirstViolation, ..Limits::default() };
        let report = Explorer::new(graph, limits).run();
        let shortest = report.properties.iter().filter_map(|property| match property.verdict {
            Verdict::Violated(violation) => Some(violation.steps),
            _ => None,
        });
        prop_assert_eq!(shortest.min(), expected.values().copied().min());
    }

    #[test]
    fn a_depth_limit_leaves_the_levels_above_it_as_they_are(graph in graphs(), depth in 1_u32..8) {
        let expected = naive::search(&graph, depth);
        let limits = Limits { depth, stop: StopAt::Exhausted, ..Limits::default() };
        let report = Explorer::new(graph.clone(), limits).run();
        prop_assert_eq!((report.distinct, report.generated), (expected.distinct, expected.generated));
        prop_assert_eq!((report.depth, report.at_rest), (expected.depth, expected.at_rest));
        let is_whole = expected.distinct == naive::search(&graph, u32::MAX).distinct;
        prop_assert_eq!(report.coverage == Coverage::Complete, is_whole);
    }

    #[test]
    fn a_state_limit_is_never_exceeded_and_always_told(graph in graphs(), states in 1_u32..40) {
        let all = naive::search(&graph, u32::MAX).distinct;
        let limits = Limits { states, stop: StopAt::Exhausted, ..Limits::default() };
        let report = Explorer::new(graph, limits).run();
        prop_assert_eq!(report.distinct, all.min(u64::from(states)));
        let is_cut = all > u64::from(states);
        let expected = if is_cut { Coverage::CutAtStates { states } } else { Coverage::Complete };
        prop_assert_eq!(report.coverage, expected);
    }
}
