//! Reductions: choices that need not be tried, since others stand for them. `docs/checking.md` has the arguments.
//!
//! **Symmetry.** Two transactions of one flow with equal inputs are interchangeable as long as nobody but the clients
//! knows of them: each has arrived, its request is in flight, and the world is the same with their names exchanged.
//! Whatever is chosen for the later one has its mirror image for the earlier one, so only the earlier one's is tried.
//! It keeps verdicts and the lengths of shortest schedules (Clarke, Grumberg and Peled, *Model Checking*, chapter 14).
//!
//! **Partial order.** A restart, and a publication by an outbox's relay, commute with all that other nodes can do, are
//! invisible to the properties, and cannot be prevented once no fault is left that could fall on them: they form ample
//! sets of one choice (ibid., section 10.3). It keeps verdicts; schedules may grow by the steps that were moved
//! forward.

use std::cell::Cell;

use super::{ScenarioModel, State};
use crate::choice::ChoiceKind;
use crate::fingerprint::Fingerprint;
use crate::ids::TxnId;
use crate::patterns::Parts;
use crate::patterns::write::WriteKind;
use crate::plan::{MixKind, Plan};
use crate::value::KeyPart;
use crate::world::World;

/// Which reductions a scenario allows, and how often they struck.
#[derive(Debug, Default)]
pub(super) struct Reduction {
    /// Interchangeable transactions may be found.
    pub(super) symmetry: bool,
    /// Restarts and relays may go first.
    pub(super) ample: bool,
    /// Choices left to their mirror image.
    pub(super) mirrored: Cell<u64>,
    /// States in which one choice stood for all.
    pub(super) alone: Cell<u64>,
}

impl Reduction {
    /// What can be left out of a scenario under a coupling.
    pub(super) fn of(plan: &Plan, parts: Parts) -> Self {
        let has_members = !plan.cast.groups.is_empty();
        // A row that the document names by a number may be a transaction's, and then that one is not like others.
        let numbered = |row: &crate::value::Key| matches!(row.id, KeyPart::Int(_));
        let names_transactions =
            plan.cast.dbs.iter().any(|db| db.rows.iter().any(|(key, _)| numbered(key)));
        // Partitions are chosen by keys, which may hold a transaction's number.
        let is_partitioned = plan.cast.topics.iter().any(|topic| topic.partitions > 1);
        let has_queries = plan.mix.iter().any(|mix| matches!(mix.what, MixKind::Query(_)));
        Self {
            // A query's session knows which transaction was its own.
            symmetry: !(has_members || names_transactions || is_partitioned || has_queries),
            // Elsewhere a node notices whether another one is up: it writes there, or takes over from it.
            ample: !has_members
                && parts.read.copy_mode().is_none()
                && parts.write != WriteKind::SharedDatabase
                && plan.scenario.faults.is_empty(),
            ..Self::default()
        }
    }
}

impl ScenarioModel {
    /// Whether a choice is the mirror image of one that is tried as well.
    pub(super) fn is_mirrored(&self, world: &World, kind: &ChoiceKind) -> bool {
        if !self.reduction.as_ref().is_some_and(|reduction| reduction.symmetry) {
            return false;
        }
        let mirrored = match kind {
            ChoiceKind::Deliver(key) | ChoiceKind::Drop(key) | ChoiceKind::Duplicate(key) => {
                self.has_earlier_twin(world, key.txn)
            }
            ChoiceKind::Fire(key) | ChoiceKind::GiveUp(key) => {
                self.has_earlier_twin(world, key.txn)
            }
            // Of two untouched arrivals the earlier has the smaller inputs: exchanged, they are tried anyway.
            ChoiceKind::Arrive { number, inputs } => {
                self.plan.arrival_combination(*number, *inputs).is_some_and(|values| {
                    (0..*number).any(|other| {
                        let earlier = TxnId(other);
                        world.txns.get(&earlier).is_some_and(|data| {
                            *data.inputs > values && self.can_exchange(other, *number)
                        }) && self.is_untouched(world, earlier)
                    })
                })
            }
            _ => false,
        };
        if let (true, Some(reduction)) = (mirrored, &self.reduction) {
            reduction.mirrored.set(reduction.mirrored.get() + 1);
        }
        mirrored
    }

    /// Whether two arrivals draw from the same inputs, so that each can have what the other has.
    fn can_exchange(&self, one: u32, other: u32) -> bool {
        let plan = &self.plan;
        let combinations = |number| {
            (0..u32::from(u16::MAX))
                .map_while(move |inputs| plan.arrival_combination(number, inputs))
        };
        plan.arrival_mix(one).what == plan.arrival_mix(other).what
            && combinations(one).eq(combinations(other))
    }

    /// Whether an earlier transaction is untouched as well and has the same flow and inputs.
    fn has_earlier_twin(&self, world: &World, txn: TxnId) -> bool {
        let Some(own) = world.txns.get(&txn) else { return false };
        let is_twin = |other: &TxnId| {
            world
                .txns
                .get(other)
                .is_some_and(|data| data.what == own.what && data.inputs == own.inputs)
        };
        let mut earlier = (0..txn.0).map(TxnId);
        earlier.any(|other| is_twin(&other) && self.is_untouched(world, other))
            && self.is_untouched(world, txn)
    }

    /// Whether nobody but the clients knows of a transaction: its first request is in flight, never copied, and
    /// nothing else is.
    fn is_untouched(&self, world: &World, txn: TxnId) -> bool {
        let clients = world.plan.clients();
        let mut messages = world.network.iter().filter(|message| message.key.txn == txn);
        let is_first = messages.next().is_some_and(|message| {
            message.key.from == clients && message.key.attempt == 0 && message.key.nth == 0
        });
        // After a copy was made the one in flight may be the second of two.
        is_first && messages.next().is_none() && world.budget.duplicate == self.budget.duplicate
    }

    /// The choice that stands for all others of a state, by its place among the ordinary ones.
    pub(super) fn ample(&self, state: &State, kinds: &[ChoiceKind]) -> Option<usize> {
        let reduction = self.reduction.as_ref().filter(|reduction| reduction.ample)?;
        let budget = &state.world.budget;
        // A crash may fall into the choice, and an early timer can tell whether its target is up.
        if budget.crash > 0 || budget.early_timer > 0 || budget.give_up > 0 {
            return None;
        }
        let place = kinds.iter().position(|kind| {
            matches!(kind, ChoiceKind::Restart { .. })
                || (matches!(kind, ChoiceKind::Relay { .. }) && budget.drop == 0)
        })?;
        let next = self.take(state, crate::choice::Choice::plain(kinds[place]))?;
        let loses_reply = budget.drop > 0 && next.world.points.iter().any(|point| point.call);
        let print = |state: &State| Fingerprint::of(&state.monitor);
        let is_invisible = !loses_reply && print(&next) == print(state);
        if is_invisible {
            reduction.alone.set(reduction.alone.get() + 1);
        }
        is_invisible.then_some(place)
    }

    /// What the reductions left out, in words.
    pub(crate) fn reductions(&self) -> Vec<String> {
        let Some(reduction) = &self.reduction else { return Vec::new() };
        let mut words = Vec::new();
        let (mirrored, alone) = (reduction.mirrored.get(), reduction.alone.get());
        if mirrored > 0 {
            words.push(format!(
                "{mirrored} choices were left to their mirror image, of an equal transaction that nobody had touched yet"
            ));
        }
        if alone > 0 {
            words.push(format!(
                "in {alone} states a restart or a publication that commutes with everything else went first"
            ));
        }
        words
    }
}
