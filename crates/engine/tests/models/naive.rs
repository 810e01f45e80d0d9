//! A breadth-first search written for obviousness: whole states in ordered sets, level by level.
//!
//! It shares nothing with the explorer but the [`Model`] that both run.

use std::collections::{BTreeMap, BTreeSet};

use interleave_engine::drivers::model::{Model, PropertyIx, RestRule};

/// What the search finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Naive {
    pub distinct: u64,
    pub generated: u64,
    pub depth: u32,
    pub at_rest: u64,
    pub edges: u64,
    /// The least number of steps to a violation of each property that has one.
    pub steps_to_violation: BTreeMap<PropertyIx, u32>,
}

/// Searches up to `max_depth` levels.
pub(crate) fn search<M: Model>(model: &M, max_depth: u32) -> Naive
where
    M::State: Clone + Ord,
{
    let mut level = Vec::new();
    let mut generated = 0;
    model.initial(&mut |state| {
        generated += 1;
        level.push(state);
    });
    let mut visited: BTreeSet<M::State> = BTreeSet::new();
    let mut edges = BTreeSet::new();
    let mut found = Naive {
        distinct: 0,
        generated,
        depth: 0,
        at_rest: 0,
        edges: 0,
        steps_to_violation: BTreeMap::new(),
    };
    for steps in 0..max_depth {
        level.sort();
        level.dedup();
        level.retain(|state| !visited.contains(state));
        visited.extend(level.iter().cloned());
        if level.is_empty() {
            break;
        }
        found.depth = steps + 1;
        let mut next = Vec::new();
        for state in &level {
            let mut is_stuck = true;
            model.successors(state, &mut |_, successor| {
                found.generated += 1;
                if successor != *state {
                    is_stuck = false;
                    edges.insert((state.clone(), successor.clone()));
                }
                next.push(successor);
            });
            let at_rest = match model.rest_rule() {
                RestRule::NoWayOut => is_stuck,
                RestRule::Told => model.at_rest(state),
            };
            found.at_rest += u64::from(at_rest);
            model.check(state, at_rest, &mut |property| {
                found.steps_to_violation.entry(property).or_insert(steps);
            });
        }
        level = next;
    }
    found.distinct = visited.len() as u64;
    found.edges = edges.len() as u64;
    found
}
