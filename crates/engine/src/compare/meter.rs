//! Measures a run from its events as they come. No trace is kept.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::ages::{Age, Ages};
use super::downtime::Downtime;
use super::locks::Locks;
use super::measured::{Measured, Times, hash_plain, hash_text};
use crate::cast::Cast;
use crate::event::{Event, EventKind, LostRecord, Outcome};
use crate::fingerprint::Fingerprint;
use crate::ids::{DbIx, EventIx, Micros, TxnId};
use crate::properties::{Finding, Monitor, Rules, Standing, TABLE};
use crate::scenario::Scenario;
use crate::value::{Key, Row, Value};
use crate::world::Sink;

/// A row that a query was answered with.
type Answered = (DbIx, Key, Option<Row>);

/// A transaction or a query on its way.
#[derive(Clone, Debug)]
struct Arrival {
    at: Micros,
    /// Whether a node was down when it arrived.
    down: bool,
    /// Whether its first answer is here.
    answered: bool,
    /// Whether that came in time and was no failure.
    well: bool,
    /// Whether it was refused in the document's own words.
    refused: bool,
    /// Since when it has been half done.
    half_since: Option<Micros>,
}

/// Measures a run.
pub(super) struct Meter {
    cast: Rc<Cast>,
    rules: Rc<Rules>,
    timeout_us: Micros,
    next: EventIx,
    now: Micros,
    /// The first arrival, and the last sign of a transaction or query.
    span: Option<(Micros, Micros)>,
    monitor: Monitor,
    found: Vec<Finding>,
    transactions: BTreeMap<TxnId, Arrival>,
    queries: BTreeMap<TxnId, Arrival>,
    ages: Option<Ages>,
    downtime: Downtime,
    locks: Locks,
    arrivals: Fingerprint,
    answer: Vec<Micros>,
    end: Vec<Micros>,
    query: Vec<Micros>,
    windows: Vec<Micros>,
    row_ages: Vec<Micros>,
    out: Measured,
}

impl Sink for Meter {
    fn event(&mut self, event: Event) -> EventIx {
        let ix = self.next;
        self.next = EventIx(ix.0 + 1);
        self.observe(ix, &event);
        ix
    }
}

impl Meter {
    pub(super) fn new(scenario: &Scenario, cast: &Rc<Cast>) -> Self {
        let rules = Rc::new(Rules::compile(scenario, cast));
        let faults = vec![false; scenario.faults.len()];
        Self {
            monitor: Monitor::new(Rc::clone(&rules), None),
            rules,
            timeout_us: scenario.retries.timeout_us,
            next: EventIx(0),
            now: 0,
            span: None,
            found: Vec::new(),
            transactions: BTreeMap::new(),
            queries: BTreeMap::new(),
            ages: (!scenario.queries.is_empty()).then(|| Ages::new(cast)),
            downtime: Downtime::new(scenario),
            locks: Locks::default(),
            arrivals: Fingerprint::new(),
            answer: Vec::new(),
            end: Vec::new(),
            query: Vec::new(),
            windows: Vec::new(),
            row_ages: Vec::new(),
            out: Measured { faults, ..Measured::default() },
            cast: Rc::clone(cast),
        }
    }

    /// How many events there were.
    pub(super) fn events(&self) -> u32 {
        self.next.0
    }

    fn observe(&mut self, ix: EventIx, event: &Event) {
        self.now = event.at;
        self.monitor.observe(ix, event, &mut self.found);
        let db = self.cast.nodes.get(event.node.ix()).and_then(|node| node.db);
        if let Some(ages) = &mut self.ages {
            ages.observe(event.at, db, &event.kind);
        }
        self.downtime.observe(event.node, &event.kind);
        self.locks.observe(event);
        match &event.kind {
            EventKind::Started { flow, inputs } => self.started(event, flow.0, inputs),
            EventKind::Acknowledged { .. } => self.answered(event, true),
            EventKind::Ended { outcome, reason } => {
                let refused = *outcome == Outcome::Aborted && reason.is_some();
                self.answered(event, *outcome == Outcome::Committed || refused);
                self.ended(event, *outcome, refused);
            }
            EventKind::QueryStarted { query } => self.query_started(event, query.0),
            EventKind::QueryAnswered { rows, .. } => self.query_answered(event, rows),
            EventKind::Sent { .. } | EventKind::Published { .. } => self.out.messages += 1,
            EventKind::Prepared { forced, .. } | EventKind::RolledBack { forced, .. } => {
                self.out.forced_writes += u64::from(*forced);
            }
            EventKind::Committed { effects, forced, .. } => {
                self.out.forced_writes += u64::from(*forced);
                for of in effects {
                    self.sign(event.at);
                    self.half(of.txn, event.at);
                }
            }
            EventKind::Crashed { lost, fault } => {
                self.occurred(*fault);
                if let Some(db) = db {
                    self.locks.crash(db, lost, event.at);
                }
                for record in lost {
                    if let LostRecord::Commit { effects, .. } = record {
                        effects.iter().for_each(|of| self.half(of.txn, event.at));
                    }
                }
            }
            EventKind::FaultBegan { fault } => self.occurred(Some(*fault)),
            _ => {}
        }
    }

    fn occurred(&mut self, fault: Option<crate::ids::FaultIx>) {
        if let Some(occurred) = fault.and_then(|fault| self.out.faults.get_mut(fault.ix())) {
            *occurred = true;
        }
    }

    /// Something that a transaction or query did.
    fn sign(&mut self, at: Micros) {
        self.span = Some((self.span.map_or(at, |(first, _)| first), at));
    }

    fn arrival(&mut self, event: &Event, kind: u8, which: u8) -> Arrival {
        self.sign(event.at);
        self.arrivals.write_u8(kind);
        self.arrivals.write_u8(which);
        self.arrivals.write_u64(event.at);
        self.arrivals.write_u32(event.txn.map_or(u32::MAX, |txn| txn.0));
        Arrival {
            at: event.at,
            down: self.downtime.is_down(),
            answered: false,
            well: false,
            refused: false,
            half_since: None,
        }
    }

    fn started(&mut self, event: &Event, flow: u8, inputs: &[Value]) {
        let arrival = self.arrival(event, 0, flow);
        self.arrivals.write_len(inputs.len());
        for input in inputs {
            match input {
                Value::Text(text) => hash_text(&mut self.arrivals, self.cast.sym(*text)),
                Value::Int(_) | Value::List(_) => hash_plain(&mut self.arrivals, input),
            }
        }
        self.transactions.extend(event.txn.map(|txn| (txn, arrival)));
    }

    fn answered(&mut self, event: &Event, well: bool) {
        self.sign(event.at);
        let timeout_us = self.timeout_us;
        let Some(arrival) = event.txn.and_then(|txn| self.transactions.get_mut(&txn)) else {
            return;
        };
        if !std::mem::replace(&mut arrival.answered, true) {
            let took = event.at - arrival.at;
            arrival.well = well && took <= timeout_us;
            self.answer.push(took);
        }
    }

    fn ended(&mut self, event: &Event, outcome: Outcome, refused: bool) {
        let Some(arrival) = event.txn.and_then(|txn| self.transactions.get_mut(&txn)) else {
            return;
        };
        arrival.refused = refused;
        if outcome == Outcome::Unknown {
            self.out.unknown += 1;
        } else {
            self.end.push(event.at - arrival.at);
        }
    }

    /// Opens or closes the window in which a transaction is half done.
    fn half(&mut self, txn: TxnId, at: Micros) {
        let Some(record) = self.monitor.ledger().get(txn) else { return };
        let is_half = record.standing(&self.rules) == Standing::Half;
        let Some(arrival) = self.transactions.get_mut(&txn) else { return };
        match (arrival.half_since, is_half) {
            (None, true) => arrival.half_since = Some(at),
            (Some(since), false) => {
                arrival.half_since = None;
                self.windows.push(at - since);
            }
            _ => {}
        }
    }

    fn query_started(&mut self, event: &Event, query: u8) {
        let arrival = self.arrival(event, 1, query);
        self.queries.extend(event.txn.map(|txn| (txn, arrival)));
    }

    fn query_answered(&mut self, event: &Event, rows: &[Answered]) {
        self.sign(event.at);
        let Some(arrival) = event.txn.and_then(|txn| self.queries.get_mut(&txn)) else { return };
        let took = event.at - arrival.at;
        self.query.push(took);
        let mut whole = true;
        for (db, key, row) in rows {
            let Some(ages) = &self.ages else { continue };
            match ages.age(event.at, *db, *key, row.as_ref()) {
                Age::Known(age) => {
                    self.out.stale.count(age > 0);
                    self.row_ages.push(age);
                }
                Age::Unanswered => whole = false,
            }
        }
        arrival.well = whole && took <= self.timeout_us;
    }

    /// What the run came to. What is judged at rest is judged where it came to rest.
    pub(super) fn finish(&mut self, at_rest: bool) -> Measured {
        let last = EventIx(self.next.0.saturating_sub(1));
        if at_rest {
            self.monitor.at_rest(last, &mut self.found);
        }
        let mut out = std::mem::take(&mut self.out);
        out.at_rest = at_rest;
        out.violations = self.violations();
        self.outcomes(&mut out);
        let open = self.transactions.values().filter_map(|arrival| arrival.half_since);
        let open: Vec<Micros> = open.map(|since| self.now - since).collect();
        self.windows.extend(open);
        for query in self.queries.values().filter(|query| query.down) {
            out.queries_down.count(query.well);
        }
        self.locks.finish(self.now, &mut out);
        out.answer = Times::of(std::mem::take(&mut self.answer));
        out.end = Times::of(std::mem::take(&mut self.end));
        out.query = Times::of(std::mem::take(&mut self.query));
        out.windows = Times::of(std::mem::take(&mut self.windows));
        out.ages = Times::of(std::mem::take(&mut self.row_ages));
        out.span = self.span.map_or(0, |(first, last)| last - first);
        out.arrivals = self.arrivals.finish();
        out
    }

    /// How the transactions stand, and how those that arrived while a node was down fared.
    fn outcomes(&self, out: &mut Measured) {
        for (txn, record) in self.monitor.ledger().records() {
            out.started += 1;
            let over = record.ended.is_some() && !record.stuck;
            let standing = record.standing(&self.rules);
            match standing {
                Standing::Done => out.committed += 1,
                Standing::Undone if over => out.compensated += 1,
                Standing::Untouched if over => out.aborted += 1,
                _ => out.unfinished += 1,
            }
            let Some(arrival) = self.transactions.get(&txn).filter(|arrival| arrival.down) else {
                continue;
            };
            let nothing_left = matches!(standing, Standing::Untouched | Standing::Undone);
            out.answered_down.count(arrival.well);
            out.ended_down.count(standing == Standing::Done || arrival.refused && nothing_left);
        }
    }

    /// Violations of each kind of property.
    fn violations(&self) -> Vec<Option<u64>> {
        let mut counts = vec![None; TABLE.len()];
        for line in self.monitor.lines() {
            counts[line.entry].get_or_insert(0);
        }
        for finding in &self.found {
            let entry = self.monitor.lines()[finding.line].entry;
            *counts[entry].get_or_insert(0) += 1;
        }
        counts
    }
}
