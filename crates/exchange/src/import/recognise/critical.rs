//! The critical path of a span: what its end waited for, from its end back to its start.
//!
//! Of the children that ended before the moment reached so far, the one that ended last is followed, as in
//! Jaeger's page and in CRISP (Zhang et al., "CRISP: Critical Path Analysis of Large-Scale Microservice
//! Architectures", USENIX ATC 2022). A child that reaches over its parent's end counts as far as that.

use crate::import::model::{SpanKind, Spans};

/// A span on a critical path, and for how long the path is in the span itself, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// The span.
    pub span: u32,
    /// For how long.
    pub own_ns: u64,
}

/// The critical path of a span, in the order in which time went by in them is not kept: from the span
/// downward. The times add up to the span's duration.
#[must_use]
pub fn path(spans: &Spans, root: u32) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut waiting = vec![(root, u64::MAX, 0)];
    while let Some((ix, until, from)) = waiting.pop() {
        let Some(span) = spans.get(ix) else { continue };
        let from = span.start_ns.max(from);
        let mut now = span.end_ns.min(until).max(from);
        let end = now;
        let mut children: Vec<u32> = span.children.clone();
        children.sort_by_key(|child| std::cmp::Reverse(spans.spans[*child as usize].end_ns));
        let mut own = 0;
        for child in children {
            let of = &spans.spans[child as usize];
            let child_end = of.end_ns.min(end);
            // What is done with a message is not waited for.
            let is_waited_for = of.kind != SpanKind::Consumer;
            if !is_waited_for || child_end > now || of.start_ns >= now || child_end <= from {
                continue;
            }
            own += now - child_end;
            waiting.push((child, child_end, from));
            now = of.start_ns.max(from);
        }
        own += now - from;
        segments.push(Segment { span: ix, own_ns: own });
    }
    segments
}
