//! Two-phase commit for stateright, twice: over our own packed state, and over sets and vectors.

use std::collections::BTreeSet;

use interleave_engine::drivers::model::Model as _;
use stateright::{Model, Property};

use crate::models::two_phase::{Action, State, TwoPhase};

/// Our own states and steps behind the other library's trait.
///
/// Its actions are pairs of a step and the state that the step leads to, since its trait asks for the steps first and
/// for each state later: that way neither side computes a state twice.
#[derive(Clone)]
pub(crate) struct Packed(pub(crate) TwoPhase);

impl Model for Packed {
    type State = State;
    type Action = (Action, State);

    fn init_states(&self) -> Vec<State> {
        let mut states = Vec::new();
        self.0.initial(&mut |state| states.push(state));
        states
    }

    fn actions(&self, state: &State, actions: &mut Vec<Self::Action>) {
        self.0.successors(state, &mut |action, successor| actions.push((action, successor)));
    }

    fn next_state(&self, _: &State, (_, successor): Self::Action) -> Option<State> {
        Some(successor)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("consistent", |_, state: &State| state.is_consistent())]
    }
}

/// The same protocol in the ordinary style of that library.
#[derive(Clone)]
pub(crate) struct Idiomatic {
    pub(crate) participants: u32,
}

/// What one participant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    Working,
    Prepared,
    Committed,
    Aborted,
}

/// What can have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Sent {
    Vote(usize),
    Commit,
    Abort,
}

/// A state of the whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Whole {
    participants: Vec<Phase>,
    /// The coordinator's decision, once taken.
    decision: Option<Sent>,
    counted: Vec<bool>,
    sent: BTreeSet<Sent>,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    Decide(Sent),
    Count(usize),
    Prepare(usize),
    End(usize, Phase),
}

impl Model for Idiomatic {
    type State = Whole;
    type Action = Step;

    fn init_states(&self) -> Vec<Whole> {
        let count = self.participants as usize;
        vec![Whole {
            participants: vec![Phase::Working; count],
            decision: None,
            counted: vec![false; count],
            sent: BTreeSet::new(),
        }]
    }

    fn actions(&self, state: &Whole, steps: &mut Vec<Step>) {
        if state.decision.is_none() {
            if state.counted.iter().all(|counted| *counted) {
                steps.push(Step::Decide(Sent::Commit));
            }
            steps.push(Step::Decide(Sent::Abort));
        }
        for (i, phase) in state.participants.iter().enumerate() {
            if state.decision.is_none() && state.sent.contains(&Sent::Vote(i)) {
                steps.push(Step::Count(i));
            }
            if *phase == Phase::Working {
                steps.extend([Step::Prepare(i), Step::End(i, Phase::Aborted)]);
            }
            if state.sent.contains(&Sent::Commit) {
                steps.push(Step::End(i, Phase::Committed));
            }
            if state.sent.contains(&Sent::Abort) {
                steps.push(Step::End(i, Phase::Aborted));
            }
        }
    }

    fn next_state(&self, state: &Whole, step: Step) -> Option<Whole> {
        let mut next = state.clone();
        match step {
            Step::Decide(decision) => {
                next.decision = Some(decision);
                next.sent.insert(decision);
            }
            Step::Count(i) => next.counted[i] = true,
            Step::Prepare(i) => {
                next.participants[i] = Phase::Prepared;
                next.sent.insert(Sent::Vote(i));
            }
            Step::End(i, phase) => next.participants[i] = phase,
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("consistent", |_, state: &Whole| {
            let has = |phase| state.participants.contains(&phase);
            !(has(Phase::Committed) && has(Phase::Aborted))
        })]
    }
}
