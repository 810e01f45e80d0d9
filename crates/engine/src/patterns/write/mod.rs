//! How a transaction that spans services is carried out: one file per member.
//!
//! Each member keeps its own messages, volatile state and continuations; the enums here join them,
//! a variant and a line each, so that one world serves all.

pub mod saga_choreography;
pub mod saga_orchestration;
pub mod shared_database;
pub mod try_confirm_cancel;
pub mod two_phase_commit;
pub mod uncoordinated;

use super::{Member, Out};
use crate::event::Refusal;
use crate::family::{About, Cx, Needs, TimerOf};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{Direction, NodeIx, StepIx, Sym, TopicIx, TxnId};
use crate::out::{LocalResult, RecordBody, Told};
use crate::plan::Plan;

/// The members of the family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WriteKind {
    /// One local transaction in one database that all services share.
    SharedDatabase,
    /// Each step commits on its own, and nobody is responsible for the whole.
    Uncoordinated,
    /// A coordinator asks every service to promise, and then tells all the same.
    TwoPhaseCommit,
    /// Services react to each other's events.
    SagaChoreography,
    /// An orchestrator commands the services.
    SagaOrchestration,
    /// Participants reserve, and a coordinator confirms all or cancels all.
    TryConfirmCancel,
}

/// The table of the family.
pub const TABLE: &[Member<WriteKind>] = &[
    Member {
        name: "shared-database",
        kind: WriteKind::SharedDatabase,
        about: "one local transaction in a database that all services share",
    },
    Member {
        name: "uncoordinated",
        kind: WriteKind::Uncoordinated,
        about: "each step commits on its own; nothing is undone",
    },
    Member {
        name: "two-phase-commit",
        kind: WriteKind::TwoPhaseCommit,
        about: "a coordinator collects promises and then tells all the same",
    },
    Member {
        name: "saga-choreography",
        kind: WriteKind::SagaChoreography,
        about: "services react to each other's events on a broker",
    },
    Member {
        name: "saga-orchestration",
        kind: WriteKind::SagaOrchestration,
        about: "an orchestrator sends commands and compensates",
    },
    Member {
        name: "try-confirm-cancel",
        kind: WriteKind::TryConfirmCancel,
        about: "participants reserve, and a coordinator confirms all or cancels all",
    },
];

/// A message between services, of any member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WriteMsg {
    /// Of [`uncoordinated`].
    Uncoordinated(uncoordinated::Msg),
    /// Of [`saga_orchestration`].
    SagaOrchestration(saga_orchestration::Msg),
    /// Of [`try_confirm_cancel`].
    TryConfirmCancel(try_confirm_cancel::Msg),
    /// Of [`two_phase_commit`].
    TwoPhaseCommit(two_phase_commit::Msg),
}

/// A continuation of a handler, of any member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WriteCont {
    /// Of [`uncoordinated`].
    Uncoordinated(uncoordinated::Cont),
    /// Of [`saga_choreography`].
    SagaChoreography(saga_choreography::Cont),
    /// Of [`saga_orchestration`].
    SagaOrchestration(saga_orchestration::Cont),
    /// Of [`try_confirm_cancel`].
    TryConfirmCancel(try_confirm_cancel::Cont),
    /// Of [`shared_database`].
    SharedDatabase(shared_database::Cont),
    /// Of [`two_phase_commit`].
    TwoPhaseCommit(two_phase_commit::Cont),
}

/// The volatile state of a node, of any member.
#[derive(Clone, PartialEq, Debug)]
pub enum WriteState {
    /// Of [`uncoordinated`].
    Uncoordinated(uncoordinated::State),
    /// Of [`saga_choreography`], which keeps nothing in memory.
    SagaChoreography,
    /// Of [`saga_orchestration`].
    SagaOrchestration(saga_orchestration::State),
    /// Of [`try_confirm_cancel`].
    TryConfirmCancel(try_confirm_cancel::State),
    /// Of [`shared_database`].
    SharedDatabase(shared_database::State),
    /// Of [`two_phase_commit`].
    TwoPhaseCommit(two_phase_commit::State),
}

impl WriteKind {
    /// What the member needs besides the services.
    #[must_use]
    pub fn needs(self) -> Needs {
        match self {
            Self::Uncoordinated => Needs::default(),
            Self::SagaChoreography => Needs { broker: true, saga: true, ..Needs::default() },
            Self::SagaOrchestration => Needs { orchestrator: true, saga: true, ..Needs::default() },
            Self::TryConfirmCancel => Needs { coordinator: true, ..Needs::default() },
            Self::SharedDatabase => {
                Needs { shared_database: true, sessions: true, ..Needs::default() }
            }
            Self::TwoPhaseCommit => Needs { coordinator: true, sessions: true, ..Needs::default() },
        }
    }

    /// The volatile state of a node that has just started.
    #[must_use]
    pub fn initial(self) -> WriteState {
        match self {
            Self::Uncoordinated => WriteState::Uncoordinated(uncoordinated::State::default()),
            Self::SagaChoreography => WriteState::SagaChoreography,
            Self::SagaOrchestration => {
                WriteState::SagaOrchestration(saga_orchestration::State::default())
            }
            Self::TryConfirmCancel => {
                WriteState::TryConfirmCancel(try_confirm_cancel::State::default())
            }
            Self::SharedDatabase => WriteState::SharedDatabase(shared_database::State::default()),
            Self::TwoPhaseCommit => WriteState::TwoPhaseCommit(two_phase_commit::State::default()),
        }
    }

    /// Whether a client that got no answer asks again. Only an entry that knows a repeated request
    /// by its transaction makes that safe.
    #[must_use]
    pub fn client_retries(self) -> bool {
        match self {
            Self::Uncoordinated | Self::SharedDatabase | Self::TwoPhaseCommit => false,
            Self::SagaChoreography | Self::SagaOrchestration | Self::TryConfirmCancel => true,
        }
    }

    /// The edges along which its messages travel.
    #[must_use]
    pub fn edges(self, plan: &Plan) -> Vec<(NodeIx, NodeIx)> {
        match self {
            Self::Uncoordinated => uncoordinated::edges(plan),
            Self::SagaChoreography => saga_choreography::edges(plan),
            Self::SagaOrchestration => saga_orchestration::edges(plan),
            Self::TryConfirmCancel => try_confirm_cancel::edges(plan),
            Self::SharedDatabase => shared_database::edges(plan),
            Self::TwoPhaseCommit => two_phase_commit::edges(plan),
        }
    }

    /// Which nodes react to something on which topic.
    #[must_use]
    pub fn consumers(self, plan: &Plan) -> Vec<(TopicIx, NodeIx)> {
        match self {
            Self::SagaChoreography => saga_choreography::consumers(plan),
            Self::Uncoordinated
            | Self::SagaOrchestration
            | Self::SharedDatabase
            | Self::TryConfirmCancel
            | Self::TwoPhaseCommit => Vec::new(),
        }
    }

    /// Whether a node handles a record, or passes over it.
    #[must_use]
    pub fn handles(self, cx: &Cx<'_>, record: &RecordBody) -> bool {
        match self {
            Self::SagaChoreography => saga_choreography::reaction(cx, record).is_some(),
            Self::Uncoordinated
            | Self::SagaOrchestration
            | Self::SharedDatabase
            | Self::TryConfirmCancel
            | Self::TwoPhaseCommit => false,
        }
    }

    /// The step that a record makes a node work on, for its service time.
    #[must_use]
    pub fn record_work(self, cx: &Cx<'_>, record: &RecordBody) -> Option<(StepIx, Direction)> {
        match self {
            Self::SagaChoreography => saga_choreography::reaction(cx, record),
            Self::Uncoordinated
            | Self::SagaOrchestration
            | Self::SharedDatabase
            | Self::TryConfirmCancel
            | Self::TwoPhaseCommit => None,
        }
    }

    /// The step that a client's request makes a node work on, for its service time.
    #[must_use]
    pub fn request_work(self, cx: &Cx<'_>, txn: TxnId) -> Option<(StepIx, Direction)> {
        let first = cx.next_step(txn, 0)?;
        (cx.step(txn, first).node == cx.node).then_some((first, Direction::Do))
    }

    /// A client's request.
    pub fn on_request(self, cx: &Cx<'_>, state: &mut WriteState, txn: TxnId, out: &mut Out) {
        match state {
            WriteState::Uncoordinated(state) => uncoordinated::on_request(cx, state, txn, out),
            WriteState::SagaChoreography => saga_choreography::on_request(cx, txn, out),
            WriteState::SagaOrchestration(_) => saga_orchestration::on_request(cx, txn, out),
            WriteState::TryConfirmCancel(state) => {
                try_confirm_cancel::on_request(cx, state, txn, out);
            }
            WriteState::SharedDatabase(state) => shared_database::on_request(cx, state, txn, out),
            WriteState::TwoPhaseCommit(state) => two_phase_commit::on_request(cx, state, txn, out),
        }
    }

    /// A message of the member.
    pub fn on_message(
        self,
        cx: &Cx<'_>,
        state: &mut WriteState,
        about: About,
        message: WriteMsg,
        out: &mut Out,
    ) {
        match (state, message) {
            (WriteState::Uncoordinated(state), WriteMsg::Uncoordinated(message)) => {
                uncoordinated::on_message(cx, state, about, message, out);
            }
            (WriteState::SagaOrchestration(state), WriteMsg::SagaOrchestration(message)) => {
                saga_orchestration::on_message(cx, state, about, message, out);
            }
            (WriteState::TryConfirmCancel(state), WriteMsg::TryConfirmCancel(message)) => {
                try_confirm_cancel::on_message(cx, state, about, message, out);
            }
            (WriteState::TwoPhaseCommit(state), WriteMsg::TwoPhaseCommit(message)) => {
                two_phase_commit::on_message(cx, state, about, message, out);
            }
            _ => unreachable!("a world runs one write member, and only it sends these messages"),
        }
    }

    /// A broker record that the node handles.
    pub fn on_record(self, cx: &Cx<'_>, record: &RecordBody, out: &mut Out) {
        match self {
            Self::SagaChoreography => saga_choreography::on_record(cx, record, out),
            Self::Uncoordinated
            | Self::SagaOrchestration
            | Self::SharedDatabase
            | Self::TryConfirmCancel
            | Self::TwoPhaseCommit => {}
        }
    }

    /// A local transaction of the member has ended.
    pub fn on_done(
        self,
        cx: &Cx<'_>,
        state: &mut WriteState,
        then: WriteCont,
        result: LocalResult,
        out: &mut Out,
    ) {
        match (state, then) {
            (WriteState::Uncoordinated(state), WriteCont::Uncoordinated(then)) => {
                uncoordinated::on_done(cx, state, then, result, out);
            }
            (WriteState::SagaChoreography, WriteCont::SagaChoreography(then)) => {
                saga_choreography::on_done(cx, then, result, out);
            }
            (WriteState::SagaOrchestration(state), WriteCont::SagaOrchestration(then)) => {
                saga_orchestration::on_done(cx, state, then, result, out);
            }
            (WriteState::TryConfirmCancel(state), WriteCont::TryConfirmCancel(then)) => {
                try_confirm_cancel::on_done(cx, state, then, result, out);
            }
            (WriteState::TwoPhaseCommit(state), WriteCont::TwoPhaseCommit(then)) => {
                two_phase_commit::on_done(cx, state, then, result, out);
            }
            _ => unreachable!(
                "a world runs one write member, and only it leaves these continuations"
            ),
        }
    }

    /// A session that the member works in has done what it was asked, or a pause is over.
    pub fn on_told(
        self,
        cx: &Cx<'_>,
        state: &mut WriteState,
        then: WriteCont,
        told: Told,
        out: &mut Out,
    ) {
        match (state, then) {
            (WriteState::SharedDatabase(state), WriteCont::SharedDatabase(then)) => {
                shared_database::on_told(cx, state, then, told, out);
            }
            (WriteState::TwoPhaseCommit(state), WriteCont::TwoPhaseCommit(then)) => {
                two_phase_commit::on_told(cx, state, then, told, out);
            }
            _ => unreachable!("only members that work in sessions leave these continuations"),
        }
    }

    /// A timer of the member: `again` is the next attempt, or `None` where it gives up.
    pub fn on_timer(
        self,
        cx: &Cx<'_>,
        state: &mut WriteState,
        of: TimerOf,
        again: Option<u16>,
        out: &mut Out,
    ) {
        match state {
            WriteState::Uncoordinated(state) => {
                uncoordinated::on_timer(cx, state, of.txn, of.step.0, again, out)
            }
            WriteState::SagaOrchestration(state) => {
                saga_orchestration::on_timer(cx, state, of.txn, of.step, again, out);
            }
            WriteState::TryConfirmCancel(state) => {
                try_confirm_cancel::on_timer(cx, state, of, again, out);
            }
            WriteState::SharedDatabase(state) => {
                shared_database::on_timer(cx, state, of.txn, again, out);
            }
            WriteState::TwoPhaseCommit(state) => {
                two_phase_commit::on_timer(cx, state, of, again, out);
            }
            WriteState::SagaChoreography => {}
        }
    }

    /// The node has restarted and recovered its database.
    pub fn on_restart(self, cx: &Cx<'_>, state: &mut WriteState, out: &mut Out) {
        match state {
            WriteState::SagaOrchestration(state) => saga_orchestration::on_restart(cx, state, out),
            WriteState::TryConfirmCancel(state) => {
                try_confirm_cancel::on_restart(cx, state, out);
            }
            WriteState::TwoPhaseCommit(state) => two_phase_commit::on_restart(cx, state, out),
            WriteState::Uncoordinated(_)
            | WriteState::SagaChoreography
            | WriteState::SharedDatabase(_) => {}
        }
    }
}

/// The document's word for a refusal.
#[must_use]
pub fn reason_of(cx: &Cx<'_>, why: Refusal) -> Option<Sym> {
    let words = &cx.plan.words;
    match why {
        Refusal::Bound(word) | Refusal::Missing(word) => Some(word),
        Refusal::Exists => Some(words.exists),
        Refusal::ReadOnly => Some(words.read_only),
        Refusal::Deadlock => Some(words.deadlock),
        Refusal::Serialization => Some(words.serialization),
        Refusal::LockTimeout => Some(words.lock_timeout),
        Refusal::Unavailable => Some(words.unavailable),
        Refusal::Version => Some(words.version),
        Refusal::Expired => Some(words.expired),
        Refusal::Pending => Some(words.guard.pending),
        // Neither is ever told to anybody.
        Refusal::Poison | Refusal::Fenced => None,
    }
}

impl WriteState {
    /// Whether a crash would lose nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        match self {
            Self::Uncoordinated(state) => state.is_idle(),
            Self::SagaChoreography => true,
            Self::SagaOrchestration(state) => state.is_idle(),
            Self::TryConfirmCancel(state) => state.is_idle(),
            Self::SharedDatabase(state) => state.is_idle(),
            Self::TwoPhaseCommit(state) => state.is_idle(),
        }
    }
}

impl Canon for WriteMsg {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Uncoordinated(message) => message.canon(h),
            Self::SagaOrchestration(message) => message.canon(h),
            Self::TryConfirmCancel(message) => message.canon(h),
            Self::TwoPhaseCommit(message) => message.canon(h),
        }
    }
}

impl Canon for WriteState {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Uncoordinated(state) => state.canon(h),
            Self::SagaChoreography => h.write_u8(0),
            Self::SagaOrchestration(state) => state.canon(h),
            Self::TryConfirmCancel(state) => state.canon(h),
            Self::SharedDatabase(state) => state.canon(h),
            Self::TwoPhaseCommit(state) => state.canon(h),
        }
    }
}
