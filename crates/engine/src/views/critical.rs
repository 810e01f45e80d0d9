//! The critical path of a transaction: the spans that its end had to wait for, one after the other.

use super::spans::{SpanKind, TxnSpans};
use crate::ids::EventIx;
use crate::trace::Trace;

/// Which spans lie on the critical path, by their places: those in which a cause of the end happened,
/// from cause to cause back to the start. Of a transaction that has not ended, what its last event
/// waited for.
#[must_use]
pub fn critical(trace: &Trace, spans: &TxnSpans) -> Vec<bool> {
    let mut on = vec![false; spans.spans.len()];
    let Some(root) = spans.spans.first() else { return on };
    let ends = spans.spans.iter().skip(1).filter(|span| span.kind != SpanKind::Never);
    let last = ends.filter_map(|span| span.end.or(Some(span.start))).max();
    let mut at: Option<EventIx> = root.end.or(last);
    while let Some(event) = at.filter(|event| *event >= root.start) {
        for (place, span) in spans.spans.iter().enumerate().skip(1) {
            let here = trace.get(event).is_some_and(|of| of.node == span.node);
            let inside = span.start <= event && span.end.is_none_or(|end| event <= end);
            // A wait delays the work that it ends with.
            if here && inside && span.kind != SpanKind::Never {
                on[place] = true;
            }
        }
        // A cause lies before its effect, so that this ends.
        at = trace.get(event).and_then(|of| of.cause).filter(|cause| *cause < event);
    }
    for place in 1..on.len() {
        let span = &spans.spans[place];
        if matches!(span.kind, SpanKind::Queue | SpanKind::Down) {
            let work = spans.spans.iter().zip(&on).skip(1).any(|(other, on)| {
                *on && other.node == span.node
                    && Some(other.from) == span.to
                    && !matches!(other.kind, SpanKind::Queue | SpanKind::Down)
            });
            on[place] |= work;
        }
    }
    on[0] = true;
    on
}
