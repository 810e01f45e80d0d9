//! All properties of one path: the part of an explored state that remembers its history.

use std::rc::Rc;

use super::{Found, Ledger, Needs, Property, Rules, RunView, Scene, TABLE};
use crate::event::{Event, EventKind, LostRecord};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{Direction, EventIx, StepIx, StepRef, TxnId};
use crate::verdict::Status;

/// One property that is checked. A declared invariant is one of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The id of its kind: its entry in [`TABLE`].
    pub id: &'static str,
    /// Its name on screen: a declared invariant's own, or its kind's.
    pub title: String,
    /// Its kind's place in [`TABLE`].
    pub entry: usize,
}

/// A violation as a property finds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Which of [`Monitor::lines`] is broken.
    pub line: usize,
    /// The event that broke it; the last one where it is judged at rest.
    pub event: EventIx,
    /// The event that shows best why. Only a [`super::Watcher`] knows it, since it depends on places.
    pub culprit: Option<EventIx>,
    /// The transaction that it is about.
    pub txn: Option<TxnId>,
    /// The step of that transaction.
    pub step: Option<(StepIx, Direction)>,
    /// What is wrong, in a few words.
    pub brief: String,
    /// What is wrong, in a sentence.
    pub why: String,
}

struct Static {
    rules: Rc<Rules>,
    lines: Vec<Line>,
}

/// The properties of one path. Cloning shares everything that later events do not change.
#[derive(Clone)]
pub struct Monitor {
    fixed: Rc<Static>,
    ledger: Ledger,
    properties: Vec<Rc<dyn Property>>,
    /// One bit a line, 64 in a word; empty while nothing is broken.
    broken: Vec<u64>,
}

impl Monitor {
    /// Observers of all properties, or of those with these ids.
    #[must_use]
    pub fn new(rules: Rc<Rules>, selected: Option<&[&str]>) -> Self {
        let (mut lines, mut properties) = (Vec::new(), Vec::new());
        for (at, entry) in TABLE.iter().enumerate() {
            if selected.is_some_and(|ids| !ids.contains(&entry.id)) {
                continue;
            }
            for made in (entry.make)(&rules) {
                let title = made.title.unwrap_or_else(|| entry.title.to_owned());
                lines.push(Line { id: entry.id, title, entry: at });
                properties.push(made.property);
            }
        }
        Self {
            fixed: Rc::new(Static { rules, lines }),
            ledger: Ledger::default(),
            properties,
            broken: Vec::new(),
        }
    }

    /// The properties that are checked, in the order of [`TABLE`] and the document.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.fixed.lines
    }

    /// The compiled rules.
    #[must_use]
    pub fn rules(&self) -> &Rc<Rules> {
        &self.fixed.rules
    }

    /// What each transaction has done so far.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Sees an event; adds a finding for each property that it breaks.
    pub fn observe(&mut self, at: EventIx, event: &Event, found: &mut Vec<Finding>) {
        let first = found.len();
        match &event.kind {
            EventKind::Committed { effects, .. } => {
                for of in effects {
                    self.enter(at, *of, found);
                }
            }
            EventKind::Crashed { lost, .. } => {
                for record in lost {
                    let LostRecord::Commit { effects, in_doubt, .. } = record else { continue };
                    for of in effects.iter().rev() {
                        // What is still promised is not lost: it is open again.
                        if *in_doubt {
                            self.ledger.take_back(*of);
                        } else {
                            self.take_back(at, *of, found);
                        }
                    }
                }
            }
            _ => self.ledger.note(&self.fixed.rules, event),
        }
        let scene = Scene { rules: &self.fixed.rules, ledger: &self.ledger };
        for (line, property) in self.properties.iter_mut().enumerate() {
            if !property.concerned(&scene, event) {
                continue;
            }
            if Rc::get_mut(property).is_none() {
                *property = property.copy();
            }
            if let Some(property) = Rc::get_mut(property) {
                property.observe(&scene, event, &mut Found { line, at, list: found });
            }
        }
        for finding in &found[first..] {
            mark(&mut self.broken, finding.line);
        }
    }

    /// Judges the world at rest; adds a finding for each violation. Nothing changes by it.
    pub fn at_rest(&self, last: EventIx, found: &mut Vec<Finding>) {
        let scene = Scene { rules: &self.fixed.rules, ledger: &self.ledger };
        for (line, property) in self.properties.iter().enumerate() {
            property.at_rest(&scene, &mut Found { line, at: last, list: found });
        }
    }

    /// Whether a line was broken by an event so far.
    #[must_use]
    pub fn is_broken(&self, line: usize) -> bool {
        self.broken.get(line / 64).is_some_and(|word| word >> (line % 64) & 1 == 1)
    }

    /// The lines broken by events so far.
    pub fn broken(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.properties.len()).filter(|line| self.is_broken(*line))
    }

    /// The state of a line in a run.
    pub(super) fn status(&self, line: usize, run: &RunView<'_>) -> (Status, String) {
        self.properties[line].status(run)
    }

    /// The measure of a line in a run.
    pub(super) fn measure(&self, line: usize, run: &RunView<'_>) -> Option<String> {
        self.properties[line].measure(run)
    }

    /// Whether the state of a line in a run can be changed by this event.
    pub(super) fn touched(&self, line: usize, event: &Event) -> bool {
        let scene = Scene { rules: &self.fixed.rules, ledger: &self.ledger };
        let property = &self.properties[line];
        property.needs() != Needs::NOTHING || property.concerned(&scene, event)
    }

    fn enter(&mut self, at: EventIx, of: StepRef, found: &mut Vec<Finding>) {
        if let Some(record) = self.ledger.get(of.txn) {
            let scene = Scene { rules: &self.fixed.rules, ledger: &self.ledger };
            for (line, property) in self.properties.iter().enumerate() {
                property.effect(&scene, record, of, &mut Found { line, at, list: found });
            }
        }
        self.ledger.enter(of);
    }

    fn take_back(&mut self, at: EventIx, of: StepRef, found: &mut Vec<Finding>) {
        self.ledger.take_back(of);
        if let Some(record) = self.ledger.get(of.txn) {
            let scene = Scene { rules: &self.fixed.rules, ledger: &self.ledger };
            for (line, property) in self.properties.iter().enumerate() {
                property.taken_back(&scene, record, of, &mut Found { line, at, list: found });
            }
        }
    }
}

/// The canonical residual state. What a property remembers counts only until it is broken: from
/// there on its verdict on this path cannot change.
impl Canon for Monitor {
    fn canon(&self, h: &mut Fingerprint) {
        let mut needs = Needs::NOTHING;
        for (line, property) in self.properties.iter().enumerate() {
            let broken = self.is_broken(line);
            h.write_u8(u8::from(broken));
            if !broken {
                property.canon(h);
                needs = needs.and(property.needs());
            }
        }
        self.ledger.canon(needs, h);
    }
}

fn mark(broken: &mut Vec<u64>, line: usize) {
    if broken.len() <= line / 64 {
        broken.resize(line / 64 + 1, 0);
    }
    broken[line / 64] |= 1 << (line % 64);
}
