//! The spans of a transaction: what was worked on where and when, what waited, and what never ran.
//!
//! A span is a tree's node by its cause: the handler that sent or published what led to it. The
//! messages themselves are links between spans, since they are asynchronous: a parent may end long
//! before its child begins.

use std::collections::BTreeMap;

use crate::cast::{Cast, NodeKind};
use crate::event::{Event, EventKind, Outcome, Shape};
use crate::ids::{Direction, EventIx, FlowIx, Micros, NodeIx, StepIx, Sym, TxnId, txn_name};
use crate::trace::Trace;

use super::index::{Index, WorkItem};
use super::missing::cut_short;

/// What a span is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SpanKind {
    /// The transaction from its start to its end for its client.
    Transaction,
    /// A step, done or refused.
    Step,
    /// The compensation of a step.
    Compensation,
    /// Other work: a reply, a timer, a relay, an orchestrator's bookkeeping.
    Handler,
    /// Work that waits in a queue.
    Queue,
    /// A message or record that waits for a node to come back.
    Down,
    /// A step that should have run and never did: it has a beginning at most.
    Never,
}

/// A span.
#[derive(Clone, PartialEq, Debug)]
pub struct Span {
    /// The span that led to it, by its place in [`TxnSpans::spans`]; `None` for the transaction.
    pub parent: Option<usize>,
    /// What it is.
    pub kind: SpanKind,
    /// Where.
    pub node: NodeIx,
    /// The step that it is about.
    pub step: Option<(StepIx, Direction)>,
    /// Its name: that of the step, or of the message.
    pub name: String,
    /// The event with which it begins.
    pub start: EventIx,
    /// The event with which it ends; `None` while it is open.
    pub end: Option<EventIx>,
    /// When it begins.
    pub from: Micros,
    /// When it ends.
    pub to: Option<Micros>,
    /// The choice with which it begins: the axis of a schedule, which has no time.
    pub from_step: u32,
    /// The choice with which it ends.
    pub to_step: Option<u32>,
    /// Whether it was refused or cut short.
    pub failed: bool,
    /// Whether it repeats work that was done before, because of a second delivery.
    pub again: bool,
}

/// A message from one span to another.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Link {
    /// The event that sent or published it.
    pub sent: EventIx,
    /// The span of that.
    pub from: usize,
    /// The event that handled it, if any.
    pub handled: Option<EventIx>,
    /// The span of that.
    pub to: Option<usize>,
    /// Its shape.
    pub shape: Shape,
    /// Its name.
    pub label: Sym,
}

/// The spans of a transaction. The first is the transaction itself.
#[derive(Clone, PartialEq, Debug)]
pub struct TxnSpans {
    /// Which.
    pub txn: TxnId,
    /// Its flow.
    pub flow: FlowIx,
    /// The spans in the order of their beginnings, a wait before the work that it delays.
    pub spans: Vec<Span>,
    /// The messages between them.
    pub links: Vec<Link>,
}

impl TxnSpans {
    /// Whether the transaction has not ended for its client.
    #[must_use]
    pub fn open(&self) -> bool {
        self.spans.first().is_none_or(|root| root.end.is_none())
    }
}

/// The spans of a transaction over the whole trace; `None` where it has not started. `over` says
/// that the trace is that of a run that has ended: only then are there steps that never ran.
#[must_use]
pub fn spans(
    cast: &Cast,
    trace: &Trace,
    index: &Index,
    txn: TxnId,
    over: bool,
) -> Option<TxnSpans> {
    let track = index.txns.get(&txn)?;
    let started = track.started?;
    let mut build = Build {
        cast,
        trace,
        index,
        flow: track.flow,
        spans: Vec::new(),
        of_event: BTreeMap::new(),
    };
    build.root(started, &track.events, txn);
    for handler in build.handlers(&track.events) {
        build.handler(&handler, txn);
    }
    build.cut_services(&track.events);
    build.waiting(&track.events);
    if over {
        build.never(&track.events, txn);
    }
    let links = build.links(&track.events);
    Some(TxnSpans { txn, flow: track.flow, spans: build.spans, links })
}

struct Build<'a> {
    cast: &'a Cast,
    trace: &'a Trace,
    index: &'a Index,
    flow: FlowIx,
    spans: Vec<Span>,
    /// The span in which an event happened.
    of_event: BTreeMap<EventIx, usize>,
}

impl Build<'_> {
    fn event(&self, ix: EventIx) -> &Event {
        &self.trace.events()[ix.ix()]
    }

    fn push(&mut self, mut span: Span, end: Option<EventIx>) -> usize {
        span.end = end;
        span.to = end.map(|end| self.event(end).at);
        span.to_step = end.map(|end| self.event(end).step_no);
        self.spans.push(span);
        self.spans.len() - 1
    }

    /// A span that begins with an event, at the event's node, about the event's step.
    fn begin(&self, kind: SpanKind, start: EventIx) -> Span {
        let event = self.event(start);
        Span {
            parent: (!self.spans.is_empty()).then_some(0),
            kind,
            node: event.node,
            step: event.step,
            name: event.step.map_or_else(String::new, |step| self.step_name(step)),
            start,
            end: None,
            from: event.at,
            to: None,
            from_step: event.step_no,
            to_step: None,
            failed: false,
            again: false,
        }
    }

    fn step_name(&self, step: (StepIx, Direction)) -> String {
        let Some(info) = self.cast.step(self.flow, step.0) else { return String::new() };
        let name = if step.1 == Direction::Do { info.name } else { info.undo_name };
        self.cast.sym(name).to_owned()
    }

    fn root(&mut self, started: EventIx, events: &[EventIx], txn: TxnId) {
        let ended = events
            .iter()
            .copied()
            .find(|ix| matches!(self.event(*ix).kind, EventKind::Ended { .. }));
        let flow = self.cast.flows.get(self.flow.ix());
        let name =
            flow.map_or_else(|| txn_name(txn), |flow| format!("{} {}", txn_name(txn), flow.name));
        let stuck = events.iter().any(|ix| matches!(self.event(*ix).kind, EventKind::Stuck { .. }));
        let span = Span { name, failed: stuck, ..self.begin(SpanKind::Transaction, started) };
        self.push(span, ended);
        self.of_event.insert(started, 0);
    }

    /// The events of the transaction's handlers, those of the clients left out.
    fn handlers(&self, events: &[EventIx]) -> Vec<Vec<EventIx>> {
        let mut handlers: Vec<Vec<EventIx>> = Vec::new();
        let mut spot = None;
        for ix in events {
            let event = self.event(*ix);
            let clients =
                self.cast.nodes.get(event.node.ix()).is_none_or(|n| n.kind == NodeKind::Clients);
            if clients || !of_handler(&event.kind) {
                continue;
            }
            let here = Some((event.step_no, event.node));
            let begins = matches!(
                event.kind,
                EventKind::Handled { .. }
                    | EventKind::Consumed { .. }
                    | EventKind::TimerFired { .. }
            );
            match handlers.last_mut() {
                Some(last) if spot == here && !begins => last.push(*ix),
                _ => handlers.push(vec![*ix]),
            }
            spot = here;
        }
        handlers
    }

    fn handler(&mut self, events: &[EventIx], txn: TxnId) {
        let (Some(&first), Some(&last)) = (events.first(), events.last()) else { return };
        let (arrived, started, origin) = self.way_in(first);
        let begin = started.unwrap_or(first);
        let parent = self.parent(first);
        self.wait(arrived, begin, parent);
        if let Some(origin) = origin {
            self.down_between(origin, begin, self.event(first).node, parent);
        }
        let mut span = Span { parent: Some(parent), ..self.begin(SpanKind::Handler, first) };
        span.start = begin;
        span.from = self.event(begin).at;
        span.from_step = self.event(begin).step_no;
        for ix in events {
            match &self.event(*ix).kind {
                EventKind::Committed { effects, .. } => {
                    if let Some(of) = effects.iter().find(|of| of.txn == txn) {
                        span.step = Some((of.step, of.dir));
                        span.kind = match of.dir {
                            Direction::Do => SpanKind::Step,
                            Direction::Undo => SpanKind::Compensation,
                        };
                    }
                }
                EventKind::Refused { .. } => {
                    span.kind = SpanKind::Step;
                    span.failed = true;
                }
                EventKind::InboxHit { .. } | EventKind::Consumed { again: true, .. } => {
                    span.again = true;
                }
                EventKind::ReplyLost => span.failed = true,
                _ => {}
            }
        }
        span.name = match (span.kind, span.step) {
            (SpanKind::Step | SpanKind::Compensation, Some(step)) => self.step_name(step),
            _ => self.handler_name(first),
        };
        let crash = cut_short(self.trace, last)
            .filter(|ix| matches!(self.event(*ix).kind, EventKind::Crashed { .. }));
        span.failed |= crash.is_some();
        let at = self.push(span, Some(crash.unwrap_or(last)));
        for ix in events {
            self.of_event.insert(*ix, at);
        }
    }

    /// What a handler without an effect is about: the message that it handles, or its role.
    fn handler_name(&self, first: EventIx) -> String {
        let event = self.event(first);
        let label = match &event.kind {
            EventKind::Handled { msg } => {
                self.index.msgs.get(msg).and_then(|track| match self.event(track.sent).kind {
                    EventKind::Sent { label, .. } => Some(label),
                    _ => None,
                })
            }
            EventKind::Consumed { topic, partition, offset, .. } => {
                self.index.record(*topic, *partition, *offset).map(|record| record.label)
            }
            EventKind::TimerFired { label } => Some(*label),
            EventKind::Published { relayed: true, .. } => return "relay".to_owned(),
            _ => None,
        };
        label.map_or_else(String::new, |label| self.cast.sym(label).to_owned())
    }

    /// How the work of a handler came in: its arrival, its service and what sent it.
    fn way_in(&self, first: EventIx) -> (Option<EventIx>, Option<EventIx>, Option<EventIx>) {
        match &self.event(first).kind {
            EventKind::Handled { msg } => match self.index.msgs.get(msg) {
                Some(track) => (track.arrived, track.started, Some(track.left)),
                None => (None, None, None),
            },
            EventKind::Consumed { topic, partition, offset, .. } => {
                let Some(record) = self.index.record(*topic, *partition, *offset) else {
                    return (None, None, None);
                };
                let delivery = record.deliveries.iter().find(|of| of.handled == Some(first));
                let (fetched, started) =
                    delivery.map_or((None, None), |of| (of.fetched, of.started));
                (fetched, started, Some(record.published))
            }
            _ => (None, None, None),
        }
    }

    /// The span of the nearest cause that has one; the transaction's own otherwise.
    fn parent(&self, first: EventIx) -> usize {
        let mut causes = self.trace.causes(first).skip(1).take(16);
        causes.find_map(|ix| self.of_event.get(&ix).copied()).unwrap_or(0)
    }

    fn wait(&mut self, arrived: Option<EventIx>, begin: EventIx, parent: usize) {
        let Some(arrived) = arrived else { return };
        if self.event(begin).at > self.event(arrived).at {
            let name = "waits in the queue".to_owned();
            let span = Span { name, parent: Some(parent), ..self.begin(SpanKind::Queue, arrived) };
            self.push(span, Some(begin));
        }
    }

    /// The times in which a node was down while something waited for it.
    fn down_between(&mut self, sent: EventIx, begin: EventIx, node: NodeIx, parent: usize) {
        let Some(downs) = self.index.downs.get(node.ix()) else { return };
        let waited: Vec<_> = downs
            .iter()
            .filter(|down| down.crashed < begin && down.restarted.is_none_or(|up| up > sent))
            .copied()
            .collect();
        for down in waited {
            let from = down.crashed.max(sent);
            let name = format!("waits for {}", self.cast.node(node));
            let span =
                Span { node, name, parent: Some(parent), ..self.begin(SpanKind::Down, from) };
            self.push(span, down.restarted);
        }
    }

    /// Services that a crash ended before their handlers ran, and those that are still going on.
    fn cut_services(&mut self, events: &[EventIx]) {
        for ix in events {
            let event = self.event(*ix);
            let EventKind::ServiceStarted { .. } = event.kind else { continue };
            let Some(served) = self.index.served.get(ix).copied() else { continue };
            let handled = match served.item {
                WorkItem::Message(msg) => self.index.msgs.get(&msg).and_then(|track| track.handled),
                WorkItem::Record(topic, partition, offset) => self
                    .index
                    .record(topic, partition, offset)
                    .and_then(|r| r.deliveries.iter().find(|of| of.started == Some(*ix)))
                    .and_then(|of| of.handled),
            };
            if handled.is_some() {
                continue;
            }
            let downs = self.index.downs.get(event.node.ix()).map_or(&[][..], Vec::as_slice);
            let crash = downs.iter().map(|down| down.crashed).find(|crash| crash > ix);
            let parent = Some(self.parent(served.arrived));
            let kind = match event.step {
                Some((_, Direction::Undo)) => SpanKind::Compensation,
                Some(_) => SpanKind::Step,
                None => SpanKind::Handler,
            };
            let span = Span { parent, failed: crash.is_some(), ..self.begin(kind, *ix) };
            self.push(span, crash);
        }
    }

    /// Messages and records that nobody has handled, because their target is down.
    fn waiting(&mut self, events: &[EventIx]) {
        for ix in events {
            let event = self.event(*ix);
            let target = match &event.kind {
                EventKind::Sent { msg, to, .. } => {
                    let track = self.index.msgs.get(msg);
                    let idle = track.is_some_and(|t| t.handled.is_none() && t.dropped.is_none());
                    idle.then_some(*to)
                }
                EventKind::Published { topic, partition, offset, label, .. } => {
                    let record = self.index.record(*topic, *partition, *offset);
                    let next = self.next_consumer(*label);
                    next.filter(|node| {
                        record.is_some_and(|record| {
                            let mut deliveries = record.deliveries.iter();
                            !deliveries.any(|of| of.node == *node && of.handled.is_some())
                        })
                    })
                }
                _ => None,
            };
            if let Some(node) = target {
                let end = EventIx(self.trace.len() as u32);
                let parent = self.of_event.get(ix).copied().unwrap_or(0);
                self.down_between(*ix, end, node, parent);
            }
        }
    }

    /// The node of the step that follows the one which publishes this event.
    fn next_consumer(&self, label: Sym) -> Option<NodeIx> {
        let steps = &self.cast.flows.get(self.flow.ix())?.steps;
        let emits = |step: &crate::cast::StepInfo| step.emits.is_some_and(|(_, l)| l == label);
        let at = steps.iter().position(emits)?;
        steps.get(at + 1).map(|step| step.node)
    }

    /// Steps that should have run: those after the last one done, where nothing was refused or
    /// undone and the transaction did not end committed.
    fn never(&mut self, events: &[EventIx], txn: TxnId) {
        let Some(flow) = self.cast.flows.get(self.flow.ix()) else { return };
        let mut done = vec![false; flow.steps.len()];
        let mut last = None;
        let mut refused = false;
        for ix in events {
            match &self.event(*ix).kind {
                EventKind::Ended { outcome: Outcome::Aborted, .. } => refused = true,
                EventKind::Committed { effects, .. } => {
                    for of in effects.iter().filter(|of| of.txn == txn) {
                        if of.dir == Direction::Undo {
                            return;
                        }
                        if let Some(done) = done.get_mut(of.step.ix()) {
                            *done = true;
                        }
                    }
                }
                EventKind::Refused { .. }
                | EventKind::Decided { forward: false }
                | EventKind::Ended { outcome: Outcome::Committed, .. } => return,
                _ => {}
            }
            last = Some(*ix);
        }
        if refused && !done.contains(&true) {
            // Nothing was done and nobody was told otherwise: no step is missing.
            return;
        }
        let first_open = done.iter().rposition(|done| *done).map_or(0, |at| at + 1);
        let Some(last) = last.filter(|_| first_open < done.len()) else { return };
        let from = cut_short(self.trace, last).unwrap_or(last);
        let parent = Some(self.of_event.get(&last).copied().unwrap_or(0));
        for at in first_open..done.len() {
            let step = (StepIx(at as u8), Direction::Do);
            let ghost = Span {
                parent,
                node: flow.steps[at].node,
                step: Some(step),
                name: self.step_name(step),
                failed: true,
                ..self.begin(SpanKind::Never, from)
            };
            self.push(ghost, None);
        }
    }

    fn links(&self, events: &[EventIx]) -> Vec<Link> {
        let mut links = Vec::new();
        for ix in events {
            let from = self.of_event.get(ix).copied().unwrap_or(0);
            match &self.event(*ix).kind {
                EventKind::Sent { msg, shape, label, .. } => {
                    let handled = self.index.msgs.get(msg).and_then(|track| track.handled);
                    links.push(self.link(*ix, from, handled, *shape, *label));
                }
                EventKind::Duplicated { msg, copy, .. } => {
                    let sent = self.index.msgs.get(msg).map(|track| track.sent);
                    let Some(EventKind::Sent { shape, label, .. }) =
                        sent.map(|sent| &self.event(sent).kind)
                    else {
                        continue;
                    };
                    let handled = self.index.msgs.get(copy).and_then(|track| track.handled);
                    links.push(self.link(*ix, from, handled, *shape, *label));
                }
                EventKind::Published { topic, partition, offset, shape, label, .. } => {
                    let record = self.index.record(*topic, *partition, *offset);
                    let handled: Vec<EventIx> = record
                        .map(|r| r.deliveries.iter().filter_map(|of| of.handled).collect())
                        .unwrap_or_default();
                    if handled.is_empty() {
                        links.push(self.link(*ix, from, None, *shape, *label));
                    }
                    let each = handled.into_iter();
                    links.extend(each.map(|at| self.link(*ix, from, Some(at), *shape, *label)));
                }
                _ => {}
            }
        }
        links
    }

    fn link(
        &self,
        sent: EventIx,
        from: usize,
        handled: Option<EventIx>,
        shape: Shape,
        label: Sym,
    ) -> Link {
        let to = handled.and_then(|ix| self.of_event.get(&ix).copied());
        Link { sent, from, handled, to, shape, label }
    }
}

/// Whether an event belongs to a handler, and not to the network or a queue.
fn of_handler(kind: &EventKind) -> bool {
    !matches!(
        kind,
        EventKind::Arrived { .. }
            | EventKind::Fetched { .. }
            | EventKind::Revoked { .. }
            | EventKind::Rebalanced { .. }
            | EventKind::ServiceStarted { .. }
            | EventKind::Dropped { .. }
            | EventKind::Duplicated { .. }
            | EventKind::Crashed { .. }
            | EventKind::Restarted { .. }
            | EventKind::FaultBegan { .. }
            | EventKind::FaultEnded { .. }
            | EventKind::Started { .. }
            | EventKind::Acknowledged { .. }
            | EventKind::Ended { .. }
            | EventKind::QueryStarted { .. }
            | EventKind::QueryAnswered { .. }
    )
}
