//! Two-phase commit as Gray and Lamport specify it (*Consensus on Transaction Commit*, section 3):
//! participants vote without being asked, messages are never removed, and the coordinator may abort at any time.

use interleave_engine::drivers::model::{Model, PropertyIx};
use interleave_engine::fingerprint::{Fingerprint, Multiset};

use super::everyone;

/// The specification for a number of participants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TwoPhase {
    /// At most [`super::MAX_PARTICIPANTS`].
    pub participants: u32,
    /// Votes that the coordinator does without when it commits; 0 is the protocol, more is a mistake.
    pub missing_votes: u32,
    /// Whether states that differ by a renaming of participants count as one.
    pub symmetric: bool,
}

/// A participant's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Participant {
    Working,
    Prepared,
    Committed,
    Aborted,
}

/// The coordinator's state. It sends its decision in the step in which it takes it, so this is also
/// which of the two broadcast messages has been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Coordinator {
    Undecided,
    Committed,
    Aborted,
}

/// One state of the whole protocol; a set of participants is a word of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct State {
    working: u32,
    committed: u32,
    aborted: u32,
    /// Whose vote has been sent.
    voted: u32,
    /// Whose vote the coordinator has received.
    counted: u32,
    coordinator: u8,
}

/// A step, with the participant that it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Commit,
    Abort,
    ReceiveVote(u32),
    Prepare(u32),
    ChooseToAbort(u32),
    ReceiveCommit(u32),
    ReceiveAbort(u32),
}

/// The properties, in their order. The last two say of a goal that it is not reached: their
/// counterexamples are the shortest ways there.
pub(crate) const CONSISTENT: PropertyIx = PropertyIx(0);
pub(crate) const NEVER_ALL_COMMITTED: PropertyIx = PropertyIx(1);
pub(crate) const NEVER_ALL_ABORTED: PropertyIx = PropertyIx(2);

impl TwoPhase {
    /// The protocol as specified.
    pub(crate) const fn new(participants: u32) -> Self {
        Self { participants, missing_votes: 0, symmetric: false }
    }
}

impl State {
    /// No participant has committed while another has aborted.
    pub(crate) fn is_consistent(&self) -> bool {
        self.committed == 0 || self.aborted == 0
    }

    fn participant(&self, bit: u32) -> Participant {
        if self.working & bit != 0 {
            Participant::Working
        } else if self.committed & bit != 0 {
            Participant::Committed
        } else if self.aborted & bit != 0 {
            Participant::Aborted
        } else {
            Participant::Prepared
        }
    }

    fn decided(self, coordinator: Coordinator) -> Self {
        Self { coordinator: coordinator as u8, ..self }
    }

    /// The state after a participant has come to an end, from whatever it was.
    fn ended(self, bit: u32, commit: bool) -> Self {
        let (committed, aborted) = if commit { (bit, 0) } else { (0, bit) };
        Self {
            working: self.working & !bit,
            committed: self.committed & !bit | committed,
            aborted: self.aborted & !bit | aborted,
            ..self
        }
    }
}

impl Model for TwoPhase {
    type State = State;
    type Action = Action;

    fn initial(&self, emit: &mut dyn FnMut(State)) {
        let working = everyone(self.participants);
        emit(State { working, committed: 0, aborted: 0, voted: 0, counted: 0, coordinator: 0 });
    }

    /// The coordinator's decisions first, then each participant's steps in the order of `Action`.
    fn successors(&self, state: &State, emit: &mut dyn FnMut(Action, State)) {
        let undecided = state.coordinator == Coordinator::Undecided as u8;
        if undecided && state.counted.count_ones() + self.missing_votes >= self.participants {
            emit(Action::Commit, state.decided(Coordinator::Committed));
        }
        if undecided {
            emit(Action::Abort, state.decided(Coordinator::Aborted));
        }
        for i in 0..self.participants {
            let bit = 1 << i;
            if undecided && state.voted & bit != 0 {
                emit(Action::ReceiveVote(i), State { counted: state.counted | bit, ..*state });
            }
            if state.working & bit != 0 {
                let prepared =
                    State { working: state.working & !bit, voted: state.voted | bit, ..*state };
                emit(Action::Prepare(i), prepared);
                emit(Action::ChooseToAbort(i), state.ended(bit, false));
            }
            if state.coordinator == Coordinator::Committed as u8 {
                emit(Action::ReceiveCommit(i), state.ended(bit, true));
            }
            if state.coordinator == Coordinator::Aborted as u8 {
                emit(Action::ReceiveAbort(i), state.ended(bit, false));
            }
        }
    }

    fn fingerprint(&self, state: &State) -> u64 {
        let mut h = Fingerprint::new();
        if self.symmetric {
            let mut participants = Multiset::new();
            for i in 0..self.participants {
                let bit = 1 << i;
                let sent = (state.voted & bit != 0, state.counted & bit != 0);
                participants.add(&(state.participant(bit) as u8, sent));
            }
            h.write_u8(state.coordinator);
            interleave_engine::fingerprint::Canon::canon(&participants, &mut h);
        } else {
            h.write_u32(state.working);
            h.write_u32(state.committed);
            h.write_u32(state.aborted);
            h.write_u32(state.voted);
            h.write_u32(state.counted);
            h.write_u8(state.coordinator);
        }
        h.finish()
    }

    fn properties(&self) -> Vec<String> {
        ["consistent", "never all committed", "never all aborted"].map(String::from).to_vec()
    }

    fn check(&self, state: &State, _: bool, violated: &mut dyn FnMut(PropertyIx)) {
        let everyone = everyone(self.participants);
        if !state.is_consistent() {
            violated(CONSISTENT);
        }
        if state.committed == everyone {
            violated(NEVER_ALL_COMMITTED);
        }
        if state.aborted == everyone {
            violated(NEVER_ALL_ABORTED);
        }
    }
}
