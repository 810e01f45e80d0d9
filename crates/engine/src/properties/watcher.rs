//! The properties of a run: verdicts with their events, changes of state and measures.

use std::rc::Rc;

use rpds::Vector;

use super::places::Places;
use super::{Exercised, Finding, Monitor, Rules, RunView, TABLE};
use crate::event::{Event, EventKind};
use crate::ids::EventIx;
use crate::verdict::{PropertyReport, Status, StatusChange, Violation};

/// How many violations of one property are kept.
const KEPT: usize = 1_000;

/// What became of one property so far.
#[derive(Clone)]
struct Log {
    changes: Vector<StatusChange>,
    violations: Vector<Violation>,
    count: usize,
    /// The first violation in a few words.
    brief: Option<Rc<str>>,
}

impl Log {
    fn add(&mut self, finding: Finding) {
        if self.count < KEPT {
            let Finding { event, culprit, txn, why, .. } = finding;
            self.violations.push_back_mut(Violation { event, culprit, txn, why });
        }
        self.count += 1;
        self.brief.get_or_insert_with(|| finding.brief.into());
    }

    fn broken(&self) -> Option<(&str, usize)> {
        self.brief.as_deref().map(|brief| (brief, self.count))
    }

    fn change(&mut self, at: EventIx, status: Status, note: String) {
        let Some(last) = self.changes.last() else {
            self.changes.push_back_mut(StatusChange { at, status, note });
            return;
        };
        if (last.status, last.note.as_str()) == (status, note.as_str()) {
            return;
        }
        if last.at == at {
            self.changes.drop_last_mut();
        }
        self.changes.push_back_mut(StatusChange { at, status, note });
    }
}

/// A [`Monitor`] of a run. Cloning is cheap enough for a checkpoint: histories are shared.
#[derive(Clone)]
pub struct Watcher {
    monitor: Monitor,
    places: Places,
    exercised: Exercised,
    logs: Vec<Log>,
    last: EventIx,
}

impl Watcher {
    /// A watcher of all properties, before the first event.
    #[must_use]
    pub fn new(rules: Rc<Rules>) -> Self {
        let monitor = Monitor::new(rules, None);
        let log = Log { changes: Vector::new(), violations: Vector::new(), count: 0, brief: None };
        let logs = vec![log; monitor.lines().len()];
        let (places, exercised) = (Places::default(), Exercised::default());
        let mut new = Self { monitor, places, exercised, logs, last: EventIx(0) };
        for line in 0..new.logs.len() {
            new.update(line);
        }
        new
    }

    /// Sees the next event.
    pub fn observe(&mut self, at: EventIx, event: &Event) {
        self.last = at;
        self.exercised.see(event);
        let mut found = Vec::new();
        self.monitor.observe(at, event, &mut found);
        for mut finding in found {
            finding.culprit = self.culprit(&finding, event);
            self.logs[finding.line].add(finding);
        }
        self.places.observe(self.monitor.rules(), self.monitor.ledger(), at, event);
        let decisive = matches!(
            event.kind,
            EventKind::Started { .. }
                | EventKind::Ended { .. }
                | EventKind::Stuck { .. }
                | EventKind::Committed { .. }
                | EventKind::Prepared { .. }
                | EventKind::RolledBack { .. }
                | EventKind::Crashed { .. }
                | EventKind::QueryAnswered { .. }
        );
        if decisive {
            for line in 0..self.logs.len() {
                if self.monitor.touched(line, event) {
                    self.update(line);
                }
            }
        }
    }

    /// The properties of the run so far.
    #[must_use]
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// How often the run came close to what the properties guard against.
    #[must_use]
    pub fn exercised(&self) -> Exercised {
        self.exercised
    }

    /// What the properties say of the run so far, in the order of [`Monitor::lines`]. What is judged
    /// at rest is judged only where `at_rest` says that the run is.
    #[must_use]
    pub fn reports(&self, at_rest: bool) -> Vec<PropertyReport> {
        let mut logs = self.logs.clone();
        if at_rest {
            let mut found = Vec::new();
            self.monitor.at_rest(self.last, &mut found);
            let broken: Vec<usize> = found.iter().map(|finding| finding.line).collect();
            for mut finding in found {
                finding.culprit = self.culprit_at_rest(&finding);
                logs[finding.line].add(finding);
            }
            for line in broken {
                let view = self.view(&logs[line]);
                let (status, note) = view.lasting(String::new);
                logs[line].change(self.last, status, note);
            }
        }
        let report = |(line, log): (usize, Log)| {
            let info = &self.monitor.lines()[line];
            let measure = self.monitor.measure(line, &self.view(&log));
            PropertyReport {
                id: info.id,
                title: info.title.clone(),
                meaning: TABLE[info.entry].meaning,
                tested_by: TABLE[info.entry].tested_by(),
                changes: log.changes.iter().cloned().collect(),
                violations: log.violations.iter().cloned().collect(),
                violation_count: log.count,
                measure,
                exercised: self.exercised.of(&TABLE[info.entry]),
            }
        };
        logs.into_iter().enumerate().map(report).collect()
    }

    fn view<'a>(&'a self, log: &'a Log) -> RunView<'a> {
        RunView {
            rules: self.monitor.rules(),
            half: &self.places.half,
            open: &self.places.open,
            broken: log.broken(),
            places: &self.places,
        }
    }

    fn update(&mut self, line: usize) {
        let (status, note) = self.monitor.status(line, &self.view(&self.logs[line]));
        self.logs[line].change(self.last, status, note);
    }

    /// What shows best why an event broke a property: the acknowledgement that a crash made void,
    /// the first application of what is applied again, what stood in the way of a stuck transaction.
    fn culprit(&self, finding: &Finding, event: &Event) -> Option<EventIx> {
        let txn = finding.txn?;
        match (&event.kind, finding.step) {
            (EventKind::Crashed { .. }, _) => self.places.promised(txn),
            (EventKind::Committed { .. }, Some(step)) => self.places.first_effect(txn, step),
            _ => self.places.harm(txn),
        }
    }

    /// What shows best why a property is broken at rest: what stood in the way of its transaction,
    /// and for a sum, of the first half transaction, or else the first effect too many.
    fn culprit_at_rest(&self, finding: &Finding) -> Option<EventIx> {
        if let Some(txn) = finding.txn {
            return self.places.harm(txn);
        }
        let harm = self.places.half.first().and_then(|txn| self.places.harm(*txn));
        harm.or_else(|| {
            let logs = self.logs.iter().zip(self.monitor.lines());
            let mut twice = logs.filter(|(_, line)| line.id == super::exactly_once::ENTRY.id);
            twice.find_map(|(log, _)| log.violations.first()).map(|violation| violation.event)
        })
    }
}

/// All properties of one kind together, as JSON has them.
#[derive(Clone, PartialEq, Debug)]
pub struct Aggregate {
    /// The id of the kind.
    pub id: &'static str,
    /// Whether all of them held.
    pub holds: bool,
    /// How many violations there were.
    pub violations: usize,
    /// The first of them.
    pub first: Option<Violation>,
    /// How often the kind was put to the test.
    pub exercised: u64,
}

/// Joins the reports of each kind, in the order of [`TABLE`]. A kind without a report is left out.
#[must_use]
pub fn aggregate(reports: &[PropertyReport]) -> Vec<Aggregate> {
    let join = |id: &'static str| {
        let same: Vec<&PropertyReport> = reports.iter().filter(|report| report.id == id).collect();
        let exercised = same.first()?.exercised;
        let violations = same.iter().map(|report| report.violation_count).sum();
        let firsts = same.iter().filter_map(|report| report.violations.first());
        let first = firsts.min_by_key(|violation| violation.event).cloned();
        Some(Aggregate { id, holds: violations == 0, violations, first, exercised })
    };
    TABLE.iter().filter_map(|entry| join(entry.id)).collect()
}
