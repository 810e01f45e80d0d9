//! Transaction commit without a protocol (Gray and Lamport, *Consensus on Transaction Commit*, section 2):
//! what any commit protocol is to achieve.

use interleave_engine::drivers::model::{Model, PropertyIx};
use interleave_engine::fingerprint::{Fingerprint, Multiset};

/// The specification for a number of participants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TCommit {
    pub participants: u32,
    /// Whether states that differ by a renaming of participants count as one.
    pub symmetric: bool,
}

/// A participant's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Participant {
    Working,
    Prepared,
    Committed,
    Aborted,
}

/// What one participant, named by its number, does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Prepare(usize),
    Commit(usize),
    Abort(usize),
}

/// The only property: no participant has committed while another has aborted.
pub(crate) const CONSISTENT: PropertyIx = PropertyIx(0);

impl Model for TCommit {
    type State = Vec<Participant>;
    type Action = Action;

    fn initial(&self, emit: &mut dyn FnMut(Self::State)) {
        emit(vec![Participant::Working; self.participants as usize]);
    }

    /// Participant by participant, in the order of `Action`.
    fn successors(&self, state: &Self::State, emit: &mut dyn FnMut(Action, Self::State)) {
        use Participant::{Aborted, Committed, Prepared, Working};
        let can_commit = state.iter().all(|p| matches!(p, Prepared | Committed));
        let none_committed = !state.contains(&Committed);
        let with = |i: usize, participant| {
            let mut next = state.clone();
            next[i] = participant;
            next
        };
        for (i, participant) in state.iter().enumerate() {
            if *participant == Working {
                emit(Action::Prepare(i), with(i, Prepared));
            }
            if *participant == Prepared && can_commit {
                emit(Action::Commit(i), with(i, Committed));
            }
            if matches!(participant, Working | Prepared) && none_committed {
                emit(Action::Abort(i), with(i, Aborted));
            }
        }
    }

    fn fingerprint(&self, state: &Self::State) -> u64 {
        let codes = state.iter().map(|participant| *participant as u8);
        if self.symmetric {
            let mut participants = Multiset::new();
            codes.for_each(|code| participants.add(&code));
            return Fingerprint::of(&participants);
        }
        let mut h = Fingerprint::new();
        h.write_len(state.len());
        codes.for_each(|code| h.write_u8(code));
        h.finish()
    }

    fn properties(&self) -> Vec<String> {
        vec!["consistent".into()]
    }

    fn check(&self, state: &Self::State, _: bool, violated: &mut dyn FnMut(PropertyIx)) {
        if state.contains(&Participant::Committed) && state.contains(&Participant::Aborted) {
            violated(CONSISTENT);
        }
    }
}
