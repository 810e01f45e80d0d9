//! From the spans of a file, one by one, to traces: who is whose parent, and what is odd.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Attributes, NOTED_MAX, Note, Odd, Span, SpanKind, SpanLink, Spans, Trace};

/// A span as a format gives it.
#[derive(Clone, Debug, Default)]
pub(super) struct Raw {
    pub trace_id: String,
    pub id: String,
    pub parent_id: Option<String>,
    pub links: Vec<SpanLink>,
    pub service: Option<String>,
    pub name: String,
    pub kind: SpanKind,
    pub start_ns: Option<u64>,
    pub end_ns: Option<u64>,
    pub failed: bool,
    pub attributes: Attributes,
    pub place: String,
    /// Zipkin: the half of a call that its client has recorded under the same id.
    pub shared: bool,
}

/// The name of what names no service.
const UNKNOWN: &str = "unknown";

/// Spans that are being gathered.
#[derive(Clone, Debug, Default)]
pub(super) struct Gather {
    spans: Spans,
    services: BTreeMap<String, u32>,
    traces: BTreeMap<String, u32>,
    /// The spans of a trace under an id: several where it is there twice.
    by_id: BTreeMap<(u32, String), Vec<u32>>,
    shared: BTreeSet<u32>,
    odd: BTreeMap<Odd, Vec<u32>>,
}

impl Gather {
    /// How many spans there are so far.
    pub(super) fn len(&self) -> usize {
        self.spans.spans.len()
    }

    /// Takes in a span.
    pub(super) fn push(&mut self, raw: Raw) {
        let ix = self.len() as u32;
        let trace = *self.traces.entry(raw.trace_id).or_insert_with_key(|id| {
            self.spans.traces.push(Trace { id: id.clone(), ..Trace::default() });
            (self.spans.traces.len() - 1) as u32
        });
        if raw.service.is_none() {
            self.odd.entry(Odd::NoService).or_default().push(ix);
        }
        if raw.start_ns.is_none() {
            self.odd.entry(Odd::NoStart).or_default().push(ix);
        }
        let service = raw.service.unwrap_or_else(|| UNKNOWN.to_owned());
        let service = *self.services.entry(service).or_insert_with_key(|name| {
            self.spans.services.push(name.clone());
            (self.spans.services.len() - 1) as u32
        });
        if raw.shared {
            self.shared.insert(ix);
        }
        let start_ns = raw.start_ns.unwrap_or(0);
        self.by_id.entry((trace, raw.id.clone())).or_default().push(ix);
        self.spans.spans.push(Span {
            trace,
            id: raw.id,
            parent_id: raw.parent_id,
            parent: None,
            children: Vec::new(),
            entry: ix,
            links: raw.links,
            service,
            name: raw.name,
            kind: raw.kind,
            start_ns,
            end_ns: raw.end_ns.unwrap_or(start_ns),
            failed: raw.failed,
            attributes: raw.attributes,
            place: raw.place,
        });
    }

    /// Puts them together.
    pub(super) fn finish(mut self) -> Spans {
        self.times();
        self.halves();
        self.parents();
        self.cut_circles();
        self.children();
        self.entries();
        self.links();
        self.compare_times();
        let notes = std::mem::take(&mut self.odd).into_iter().map(|(odd, mut spans)| {
            let count = spans.len();
            spans.truncate(NOTED_MAX);
            Note { odd, spans, count }
        });
        self.spans.notes = notes.collect();
        self.spans
    }

    fn note(&mut self, odd: Odd, span: u32) {
        self.odd.entry(odd).or_default().push(span);
    }

    /// When traces begin; a span without a start is put there.
    fn times(&mut self) {
        let without: BTreeSet<u32> =
            self.odd.get(&Odd::NoStart).into_iter().flatten().copied().collect();
        let mut starts: Vec<Option<u64>> = vec![None; self.spans.traces.len()];
        for (span, ix) in self.spans.spans.iter().zip(0..) {
            let start = &mut starts[span.trace as usize];
            if !without.contains(&ix) {
                *start = Some(start.map_or(span.start_ns, |first| first.min(span.start_ns)));
            }
        }
        for ix in 0..self.len() as u32 {
            let span = &mut self.spans.spans[ix as usize];
            let start = starts[span.trace as usize].unwrap_or(0);
            if without.contains(&ix) {
                (span.start_ns, span.end_ns) = (start, start);
            }
            let negative = span.end_ns < span.start_ns;
            let trace = &mut self.spans.traces[span.trace as usize];
            trace.start_ns = start;
            trace.end_ns = trace.end_ns.max(span.end_ns).max(start);
            trace.spans.push(ix);
            if negative {
                self.note(Odd::NegativeDuration, ix);
            }
        }
        let spans = &self.spans.spans;
        for trace in &mut self.spans.traces {
            trace.spans.sort_by_key(|ix| (spans[*ix as usize].start_ns, *ix));
        }
    }

    /// Two spans under one id: the halves of a call, where one is a client's and one a server's, else
    /// one too many.
    fn halves(&mut self) {
        let twice: Vec<Vec<u32>> =
            self.by_id.values().filter(|list| list.len() > 1).cloned().collect();
        for list in twice {
            let client = list
                .iter()
                .copied()
                .find(|ix| self.spans.spans[*ix as usize].kind == SpanKind::Client);
            let mut halves = 0;
            for &ix in &list {
                let server = self.spans.spans[ix as usize].kind == SpanKind::Server
                    || self.shared.contains(&ix);
                if server && halves == 0 && client.is_some_and(|client| client != ix) {
                    halves += 1;
                    self.spans.spans[ix as usize].parent = client;
                } else if Some(ix) != client.or(list.first().copied()) {
                    self.note(Odd::IdTwice, ix);
                }
            }
        }
    }

    fn parents(&mut self) {
        for ix in 0..self.len() as u32 {
            let span = &self.spans.spans[ix as usize];
            // A root that names itself, or zeros, names nobody.
            let names_nobody = |id: &String| id.bytes().all(|byte| byte == b'0') || *id == span.id;
            let Some(id) = span.parent_id.clone().filter(|id| !names_nobody(id)) else { continue };
            if span.parent.is_some() {
                continue;
            }
            let candidates = self.by_id.get(&(span.trace, id)).map_or(&[][..], Vec::as_slice);
            // Of two halves of a call the one of the own service is meant, which is the server's.
            let own = candidates
                .iter()
                .find(|at| **at != ix && self.spans.spans[**at as usize].service == span.service);
            let parent = own.or_else(|| candidates.iter().find(|at| **at != ix)).copied();
            match parent {
                Some(parent) => self.spans.spans[ix as usize].parent = Some(parent),
                None => self.note(Odd::ParentMissing, ix),
            }
        }
    }

    /// Each way upward is followed once; where it meets itself it is cut.
    fn cut_circles(&mut self) {
        let mut done = vec![false; self.len()];
        let mut on_way = vec![false; self.len()];
        for ix in 0..self.len() {
            let mut way = Vec::new();
            let mut at = ix;
            while !done[at] && !on_way[at] {
                on_way[at] = true;
                way.push(at);
                match self.spans.spans[at].parent {
                    Some(parent) if on_way[parent as usize] => {
                        self.spans.spans[at].parent = None;
                        self.note(Odd::Cycle, at as u32);
                    }
                    Some(parent) => at = parent as usize,
                    None => {}
                }
            }
            for at in way {
                done[at] = true;
                on_way[at] = false;
            }
        }
    }

    fn children(&mut self) {
        for trace in 0..self.spans.traces.len() {
            for ix in self.spans.traces[trace].spans.clone() {
                if let Some(parent) = self.spans.spans[ix as usize].parent {
                    self.spans.spans[parent as usize].children.push(ix);
                }
            }
        }
    }

    fn entries(&mut self) {
        let spans = &mut self.spans.spans;
        let mut waiting: Vec<u32> =
            (0..spans.len() as u32).filter(|ix| spans[*ix as usize].parent.is_none()).collect();
        while let Some(ix) = waiting.pop() {
            let span = &spans[ix as usize];
            waiting.extend(&span.children);
            let above = span.parent.map(|parent| &spans[parent as usize]);
            let goes_on =
                above.filter(|above| above.service == span.service && !span.kind.enters());
            spans[ix as usize].entry = goes_on.map_or(ix, |above| above.entry);
        }
    }

    fn links(&mut self) {
        for ix in 0..self.len() {
            let mut missing = false;
            let mut links = std::mem::take(&mut self.spans.spans[ix].links);
            for link in &mut links {
                let trace = self.traces.get(&link.trace_id).copied();
                let found = trace.and_then(|trace| self.by_id.get(&(trace, link.span_id.clone())));
                link.span = found.and_then(|found| found.first().copied());
                missing |= link.span.is_none();
            }
            self.spans.spans[ix].links = links;
            if missing {
                self.note(Odd::LinkMissing, ix as u32);
            }
        }
    }

    fn compare_times(&mut self) {
        for ix in 0..self.len() as u32 {
            let span = &self.spans.spans[ix as usize];
            let Some(parent) = span.parent.map(|parent| &self.spans.spans[parent as usize]) else {
                continue;
            };
            let same = parent.service == span.service;
            if !same && span.start_ns < parent.start_ns {
                self.note(Odd::ClockSkew, ix);
            } else if same
                && (span.start_ns < parent.start_ns || span.end_ns > parent.end_ns)
                && parent.end_ns >= parent.start_ns
            {
                self.note(Odd::OutsideParent, ix);
            }
        }
    }
}
