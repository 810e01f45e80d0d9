//! What must hold: each property an incremental observer over events, in a file of its own.
//!
//! A [`Monitor`] is part of an explored state: cheap to clone, with a canonical residual state for
//! the fingerprint. A [`Watcher`] wraps one for a run and adds all that needs places and times:
//! changes of state, culprits, the inconsistency window, vacuity.
//!
//! To add a property, write its file and add its line to [`TABLE`].

mod atomicity;
mod bounds;
mod conservation;
mod copies;
mod durability;
mod exactly_once;
mod exercise;
mod in_doubt;
mod isolation;
mod ledger;
mod monitor;
mod monotonic_reads;
mod places;
mod progress;
mod projection_agreement;
mod read_skew;
mod read_your_writes;
mod rules;
mod saga_history;
mod staleness;
mod watcher;
mod words;

use std::rc::Rc;

pub use exercise::{Exercise, Exercised};
pub use ledger::{Ledger, Standing, Tally, TxnRecord};
pub use monitor::{Finding, Line, Monitor};
pub use rules::{BoundRule, Cells, FlowRules, QueryRules, Rules, StepRules, SumRule};
pub use watcher::{Aggregate, Watcher, aggregate};

use crate::event::Event;
use crate::fingerprint::Fingerprint;
use crate::ids::{Direction, EventIx, StepIx, StepRef, TxnId, txn_name};
use crate::verdict::Status;
use ledger::Needs;

/// A kind of property.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name in the command line, JSON and links.
    pub id: &'static str,
    /// Its name on screen.
    pub title: &'static str,
    /// What it means, in one line.
    pub meaning: &'static str,
    /// What puts it to the test: a run without any of these says little about it.
    pub exercised_by: &'static [Exercise],
    make: fn(&Rc<Rules>) -> Vec<Made>,
}

/// The properties in the order of the page.
pub const TABLE: &[Entry] = &[
    atomicity::ENTRY,
    conservation::ENTRY,
    bounds::ENTRY,
    exactly_once::ENTRY,
    isolation::ENTRY,
    saga_history::ENTRY,
    durability::ENTRY,
    in_doubt::ENTRY,
    progress::ENTRY,
    read_your_writes::ENTRY,
    monotonic_reads::ENTRY,
    staleness::ENTRY,
    projection_agreement::ENTRY,
    read_skew::ENTRY,
];

/// One observer, and its title where that is not its kind's.
struct Made {
    title: Option<String>,
    property: Rc<dyn Property>,
}

impl Made {
    fn plain(property: impl Property + 'static) -> Vec<Self> {
        vec![Self { title: None, property: Rc::new(property) }]
    }

    fn named(title: &str, property: impl Property + 'static) -> Self {
        Self { title: Some(title.to_owned()), property: Rc::new(property) }
    }
}

/// What a property may look at.
struct Scene<'a> {
    rules: &'a Rules,
    ledger: &'a Ledger,
}

/// A property. What it remembers for itself is only what the ledger does not hold.
trait Property {
    /// Which parts of the ledger decide its verdict.
    fn needs(&self) -> Needs;

    /// Judges an effect that is about to be entered in the ledger; `record` is its transaction so far.
    fn effect(
        &self,
        _scene: &Scene<'_>,
        _record: &TxnRecord,
        _of: StepRef,
        _found: &mut Found<'_>,
    ) {
    }

    /// Judges an effect that a crash has just taken out of the ledger; `record` is without it.
    fn taken_back(
        &self,
        _scene: &Scene<'_>,
        _record: &TxnRecord,
        _of: StepRef,
        _found: &mut Found<'_>,
    ) {
    }

    /// Whether [`observe`](Self::observe) wants to see this event.
    fn concerned(&self, _scene: &Scene<'_>, _event: &Event) -> bool {
        false
    }

    /// Sees an event after the ledger has.
    fn observe(&mut self, _scene: &Scene<'_>, _event: &Event, _found: &mut Found<'_>) {}

    /// Judges a world at rest.
    fn at_rest(&self, scene: &Scene<'_>, found: &mut Found<'_>);

    /// Writes what it remembers for itself, without places, times and growing counts.
    fn canon(&self, _h: &mut Fingerprint) {}

    /// A copy, made before a shared one is changed.
    fn copy(&self) -> Rc<dyn Property>;

    /// Its state in a run that is under way, with a few words. A property that has nothing to add
    /// holds until it is broken, and stays broken.
    fn status(&self, run: &RunView<'_>) -> (Status, String) {
        run.lasting(String::new)
    }

    /// Its measure in words, where it has one.
    fn measure(&self, _run: &RunView<'_>) -> Option<String> {
        None
    }
}

/// What a property may say of a run beyond its verdict.
struct RunView<'a> {
    rules: &'a Rules,
    /// Transactions of which some steps are done and some are not.
    half: &'a [TxnId],
    /// Transactions that have started and not ended.
    open: &'a [TxnId],
    /// The first violation in a few words, and how many there are.
    broken: Option<(&'a str, usize)>,
    /// Times and places.
    places: &'a places::Places,
}

impl RunView<'_> {
    /// Broken for good where there was a violation; otherwise holding, with this note.
    fn lasting(&self, note: impl FnOnce() -> String) -> (Status, String) {
        match self.broken {
            Some((brief, 1)) => (Status::Broken, brief.to_owned()),
            Some((brief, count)) => (Status::Broken, format!("{brief} and {} more", count - 1)),
            None => (Status::Holds, note()),
        }
    }

    /// Broken, or moving while these transactions are, or holding.
    fn moving(&self, txns: &[TxnId], settled: &str) -> (Status, String) {
        match (self.broken, txns) {
            (Some(_), _) => self.lasting(String::new),
            (None, []) => (Status::Holds, settled.to_owned()),
            (None, [one]) => (Status::Moving, format!("{} is moving", txn_name(*one))),
            (None, many) => (Status::Moving, format!("{} moving", many.len())),
        }
    }
}

/// Where findings go.
struct Found<'a> {
    line: usize,
    at: EventIx,
    list: &'a mut Vec<Finding>,
}

impl Found<'_> {
    /// A violation: the transaction and step it is about, a few words, and a sentence.
    fn push(
        &mut self,
        txn: Option<TxnId>,
        step: Option<(StepIx, Direction)>,
        brief: impl Into<String>,
        why: impl Into<String>,
    ) {
        let (brief, why) = (brief.into(), why.into());
        self.list.push(Finding {
            line: self.line,
            event: self.at,
            culprit: None,
            txn,
            step,
            brief,
            why,
        });
    }

    /// A violation by an effect.
    fn at_step(&mut self, of: StepRef, brief: impl Into<String>, why: impl Into<String>) {
        self.push(Some(of.txn), Some((of.step, of.dir)), brief, why);
    }
}
