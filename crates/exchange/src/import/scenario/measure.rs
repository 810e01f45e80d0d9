//! Delays of a trace: medians of what spans took.

use std::collections::BTreeMap;

use interleave_engine::scenario::bounds::MAX_DURATION;

use crate::import::meaning::Does;
use crate::import::recognise::Scene;

/// What was measured, in microseconds.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Delays {
    /// By service: the median time that an operation takes itself, without the calls that it waits for.
    pub service: BTreeMap<String, u64>,
    /// By caller and callee: half of what a call takes longer for the caller than for the callee.
    pub links: BTreeMap<(String, String), u64>,
    /// The median of those.
    pub network: Option<u64>,
    /// From the send of a message to the begin of the work on it.
    pub message: Option<u64>,
    /// Pairs left out since clocks disagree.
    pub left_out: usize,
}

/// Measures a story.
pub(super) fn delays(scene: &Scene<'_>, story: u32) -> Delays {
    let in_story = |ix: u32| scene.stories[scene.span(ix).trace as usize] == story;
    let mut own: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut links: BTreeMap<(String, String), Vec<u64>> = BTreeMap::new();
    let (mut network, mut messages) = (Vec::new(), Vec::new());
    let mut delays = Delays::default();
    for (entry, spans) in scene.entries().filter(|(entry, _)| in_story(*entry)) {
        let span = scene.span(entry);
        let waits = spans.iter().filter(|ix| scene.does[**ix as usize] == Does::Call);
        let waits: Vec<(u64, u64)> = waits
            .map(|ix| {
                (
                    scene.span(*ix).start_ns.max(span.start_ns),
                    scene.span(*ix).end_ns.min(span.end_ns),
                )
            })
            .collect();
        let took = span.duration_ns().saturating_sub(covered(waits));
        own.entry(scene.spans.service(entry).to_owned()).or_default().push(took / 1_000);
        let Some(parent) = span.parent else { continue };
        let above = scene.span(parent);
        if scene.does[parent as usize] == Does::Call && above.service != span.service {
            match above.duration_ns().checked_sub(span.duration_ns()) {
                Some(more) => {
                    let names = (
                        scene.spans.service(parent).to_owned(),
                        scene.spans.service(entry).to_owned(),
                    );
                    links.entry(names).or_default().push(more / 2_000);
                    network.push(more / 2_000);
                }
                None => delays.left_out += 1,
            }
        } else if scene.publishes(parent).is_some()
            && matches!(scene.does[entry as usize], Does::Take(_))
        {
            match span.start_ns.checked_sub(above.start_ns) {
                Some(gap) => messages.push(gap / 1_000),
                None => delays.left_out += 1,
            }
        }
    }
    delays.service =
        own.into_iter().filter_map(|(name, times)| Some((name, median(times)?.max(1)))).collect();
    delays.links =
        links.into_iter().filter_map(|(names, times)| Some((names, median(times)?))).collect();
    delays.network = median(network);
    delays.message = median(messages);
    delays
}

/// How much of time intervals cover together.
fn covered(mut intervals: Vec<(u64, u64)>) -> u64 {
    intervals.sort_unstable();
    let (mut sum, mut until) = (0, 0);
    for (start, end) in intervals {
        sum += end.saturating_sub(start.max(until));
        until = until.max(end);
    }
    sum
}

/// The median, the lower of the two in the middle, within what a scenario may have.
fn median(mut times: Vec<u64>) -> Option<u64> {
    times.sort_unstable();
    times.get(times.len().checked_sub(1)? / 2).map(|time| (*time).min(MAX_DURATION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_waits_count_once() {
        assert_eq!(covered(vec![(5, 9), (1, 3), (2, 4), (6, 7)]), 7);
        assert_eq!(covered(vec![(5, 1)]), 0);
    }

    #[test]
    fn a_median_is_one_of_the_times() {
        assert_eq!(median(vec![9, 1, 5, 7]), Some(5));
        assert_eq!(median(vec![]), None);
    }
}
