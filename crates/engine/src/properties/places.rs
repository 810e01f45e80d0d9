//! Where and when things happened to each transaction: what a run's report points at.
//!
//! None of it decides a verdict, so none of it is part of an explored state.

use rpds::Vector;

use super::{Ledger, Rules, Standing};
use crate::event::{Event, EventKind, LostRecord};
use crate::ids::{Direction, EventIx, Micros, NodeIx, StepIx, StepRef, TxnId};

/// The places of one transaction.
#[derive(Clone, Debug)]
struct Place {
    /// Where it was seen last.
    node: NodeIx,
    /// When its first effect was.
    first_effect: Option<Micros>,
    /// The first effect of each step in each direction.
    effects: Vec<(StepIx, Direction, EventIx)>,
    /// The first event since its last effect that stood in its way.
    harm: Option<EventIx>,
    /// The last acknowledgement to its client.
    promised: Option<EventIx>,
}

/// The places of all transactions. A clone shares what it can.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    of: Vector<Option<Place>>,
    /// Transactions of which some steps are done and some are not, in order.
    pub(super) half: Vec<TxnId>,
    /// Transactions that have started and not ended, in order.
    pub(super) open: Vec<TxnId>,
    /// How many ended without their client learning how, and the first of them.
    pub(super) unknown: Option<(u32, TxnId)>,
    longest: Option<(Micros, TxnId)>,
    now: Micros,
}

impl Places {
    /// Sees an event after the ledger has.
    pub(super) fn observe(&mut self, rules: &Rules, ledger: &Ledger, at: EventIx, event: &Event) {
        self.now = event.at;
        if let Some(txn) = event.txn {
            self.follow(txn, at, event);
        }
        match &event.kind {
            EventKind::Committed { effects, .. } => {
                for of in effects {
                    self.settle(rules, ledger, at, event.at, *of);
                }
            }
            EventKind::Crashed { lost, .. } => {
                for record in lost {
                    if let LostRecord::Commit { effects, .. } = record {
                        for of in effects {
                            self.place_half(rules, ledger, of.txn);
                        }
                    }
                }
                for txn in [self.half.clone(), self.open.clone()].concat() {
                    self.change(txn, |place| {
                        if place.node == event.node {
                            place.harm = place.harm.or(Some(at));
                        }
                    });
                }
            }
            _ => {}
        }
    }

    /// The event that shows best why a transaction ended where it is.
    pub(super) fn harm(&self, txn: TxnId) -> Option<EventIx> {
        self.get(txn)?.harm
    }

    /// The last acknowledgement to a transaction's client.
    pub(super) fn promised(&self, txn: TxnId) -> Option<EventIx> {
        self.get(txn)?.promised
    }

    /// The first effect of a step.
    pub(super) fn first_effect(&self, txn: TxnId, step: (StepIx, Direction)) -> Option<EventIx> {
        let effects = &self.get(txn)?.effects;
        effects.iter().find(|(at, dir, _)| (*at, *dir) == step).map(|(_, _, event)| *event)
    }

    /// The longest time from a transaction's first effect to its last settled state; for one that is
    /// half done, up to now. `None` where there is no clock.
    pub(super) fn longest(&self) -> Option<(Micros, TxnId)> {
        let lasting = self.half.iter().filter_map(|txn| {
            let first = self.get(*txn)?.first_effect?;
            Some((self.now - first, *txn))
        });
        let longer = |best: (Micros, TxnId), other: (Micros, TxnId)| {
            if other.0 > best.0 { other } else { best }
        };
        self.longest.into_iter().chain(lasting).reduce(longer).filter(|_| self.now > 0)
    }

    fn get(&self, txn: TxnId) -> Option<&Place> {
        self.of.get(txn.ix())?.as_ref()
    }

    fn change(&mut self, txn: TxnId, with: impl FnOnce(&mut Place)) {
        if let Some(Some(place)) = self.of.get_mut(txn.ix()) {
            with(place);
        }
    }

    fn follow(&mut self, txn: TxnId, at: EventIx, event: &Event) {
        match &event.kind {
            EventKind::Started { .. } => {
                while self.of.len() <= txn.ix() {
                    self.of.push_back_mut(None);
                }
                let (node, effects) = (event.node, Vec::new());
                let place = Place { node, first_effect: None, effects, harm: None, promised: None };
                self.of.set_mut(txn.ix(), Some(place));
                put(&mut self.open, txn, true);
            }
            EventKind::Ended { outcome, .. } => {
                put(&mut self.open, txn, false);
                if *outcome == crate::event::Outcome::Unknown {
                    self.unknown =
                        Some(self.unknown.map_or((1, txn), |(count, first)| (count + 1, first)));
                }
            }
            EventKind::Stuck { .. } => put(&mut self.open, txn, false),
            _ => {}
        }
        let promise =
            matches!(event.kind, EventKind::Acknowledged { .. } | EventKind::Ended { .. });
        let harm = matches!(
            event.kind,
            EventKind::Refused { .. }
                | EventKind::Dropped { .. }
                | EventKind::DeadLettered { .. }
                | EventKind::ReplyLost
                | EventKind::Crashed { .. }
        );
        self.change(txn, |place| {
            place.node = event.node;
            if promise {
                place.promised = Some(at);
            }
            if harm {
                place.harm = place.harm.or(Some(at));
            }
        });
    }

    fn settle(&mut self, rules: &Rules, ledger: &Ledger, at: EventIx, now: Micros, of: StepRef) {
        let mut first = now;
        self.change(of.txn, |place| {
            first = *place.first_effect.get_or_insert(now);
            place.harm = None;
            if !place.effects.iter().any(|(step, dir, _)| (*step, *dir) == (of.step, of.dir)) {
                place.effects.push((of.step, of.dir, at));
            }
        });
        let settled = !self.place_half(rules, ledger, of.txn);
        if settled && self.longest.is_none_or(|(longest, _)| now - first > longest) {
            self.longest = Some((now - first, of.txn));
        }
    }

    /// Puts a transaction among the half done or takes it out; returns whether it is half done.
    fn place_half(&mut self, rules: &Rules, ledger: &Ledger, txn: TxnId) -> bool {
        let half = ledger.get(txn).is_some_and(|record| record.standing(rules) == Standing::Half);
        put(&mut self.half, txn, half);
        half
    }
}

/// Adds to a sorted list or takes away from it.
fn put(list: &mut Vec<TxnId>, txn: TxnId, there: bool) {
    match (list.binary_search(&txn), there) {
        (Err(at), true) => list.insert(at, txn),
        (Ok(at), false) => {
            list.remove(at);
        }
        _ => {}
    }
}
