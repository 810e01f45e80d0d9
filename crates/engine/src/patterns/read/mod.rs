//! How a query is answered: one file per member.
//!
//! Each member keeps its own messages, volatile state and continuations; the enums here join them,
//! a variant and a line each.

pub mod api_composition;
pub mod cqrs;
pub mod cqrs_copy;
pub mod cqrs_event_driven;
pub mod cqrs_write_all;
pub mod direct;

use super::{Member, Out};
use crate::event::RowChange;
use crate::family::{Cx, Needs};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{DbIx, Direction, NodeIx, StepIx, Sym, TopicIx, TxnId};
use crate::out::{LocalResult, RecordBody};
use crate::plan::Plan;

/// The members of the family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadKind {
    /// Each row is read from the primary of its service.
    Direct,
    /// A composer asks the owners and joins their answers.
    ApiComposition,
    /// Each row is read from a replica, which changes reach in this way.
    Cqrs(cqrs::Mode),
}

/// The table of the family.
pub const TABLE: &[Member<ReadKind>] = &[
    Member {
        name: "direct",
        kind: ReadKind::Direct,
        about: "each row is read from the service that owns it",
    },
    Member {
        name: "api-composition",
        kind: ReadKind::ApiComposition,
        about: "a composer asks the services and joins their answers",
    },
    Member {
        name: "cqrs-write-all",
        kind: ReadKind::Cqrs(cqrs::Mode::WriteAll),
        about: "rows are read from replicas, which every commit writes too",
    },
    Member {
        name: "cqrs-copy-at-each-write",
        kind: ReadKind::Cqrs(cqrs::Mode::CopyAtEachWrite),
        about: "rows are read from replicas, which are sent a copy after each commit",
    },
    Member {
        name: "cqrs-event-driven",
        kind: ReadKind::Cqrs(cqrs::Mode::EventDriven),
        about: "rows are read from replicas, which consume the changes as events",
    },
];

/// A message of the read member.
#[derive(Clone, PartialEq, Debug)]
pub enum ReadMsg {
    /// Of [`direct`].
    Direct(direct::Msg),
    /// Of [`api_composition`].
    ApiComposition(api_composition::Msg),
    /// Of [`cqrs`].
    Cqrs(cqrs::Msg),
}

/// A continuation of a handler, of any member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadCont {}

/// The volatile state of a node, of any member.
#[derive(Clone, PartialEq, Debug)]
pub enum ReadState {
    /// Of [`direct`].
    Direct(direct::State),
    /// Of [`api_composition`].
    ApiComposition(api_composition::State),
    /// Of [`cqrs`].
    Cqrs(cqrs::State),
}

/// What a message of a read member is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked {
    /// Who sent it.
    pub from: NodeIx,
    /// The query.
    pub txn: TxnId,
    /// What stands in the place of a step.
    pub step: Option<(StepIx, Direction)>,
}

/// A timer of a read member that has fired.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fired {
    /// Its name.
    pub label: Sym,
    /// The query.
    pub txn: TxnId,
    /// What stands in the place of a step.
    pub step: Option<(StepIx, Direction)>,
    /// Who was asked.
    pub target: NodeIx,
    /// The next attempt, or `None` where it gives up.
    pub again: Option<u16>,
}

impl ReadKind {
    /// What the member needs besides the services.
    #[must_use]
    pub fn needs(self) -> Needs {
        match self {
            Self::Direct => Needs::default(),
            Self::ApiComposition => Needs { composer: true, ..Needs::default() },
            Self::Cqrs(mode) => Needs {
                replicas: true,
                changes: mode == cqrs::Mode::EventDriven,
                ..Needs::default()
            },
        }
    }

    /// How changes reach the replicas, where there are some.
    #[must_use]
    pub fn copy_mode(self) -> Option<cqrs::Mode> {
        match self {
            Self::Cqrs(mode) => Some(mode),
            Self::Direct | Self::ApiComposition => None,
        }
    }

    /// The volatile state of a node that has just started.
    #[must_use]
    pub fn initial(self) -> ReadState {
        match self {
            Self::Direct => ReadState::Direct(direct::State::default()),
            Self::ApiComposition => ReadState::ApiComposition(api_composition::State::default()),
            Self::Cqrs(_) => ReadState::Cqrs(cqrs::State::default()),
        }
    }

    /// The edges along which its messages travel.
    #[must_use]
    pub fn edges(self, plan: &Plan) -> Vec<(NodeIx, NodeIx)> {
        match self {
            Self::Direct => direct::edges(plan),
            Self::ApiComposition => api_composition::edges(plan),
            Self::Cqrs(mode) => cqrs::edges(mode, plan),
        }
    }

    /// Which nodes react to something on which topic.
    #[must_use]
    pub fn consumers(self, plan: &Plan) -> Vec<(TopicIx, NodeIx)> {
        match self {
            Self::Direct | Self::ApiComposition => Vec::new(),
            Self::Cqrs(_) => cqrs_event_driven::consumers(plan),
        }
    }

    /// Whether a node handles a record, or passes over it.
    #[must_use]
    pub fn handles(self, cx: &Cx<'_>, record: &RecordBody) -> bool {
        match self {
            Self::Direct | Self::ApiComposition => false,
            Self::Cqrs(_) => cqrs_event_driven::handles(cx, record),
        }
    }

    /// Whether a timer of this name belongs to the member.
    #[must_use]
    pub fn owns(self, plan: &Plan, label: Sym) -> bool {
        match self {
            Self::Direct => label == plan.words.ask,
            Self::ApiComposition => [plan.words.ask, plan.words.deadline].contains(&label),
            Self::Cqrs(_) => label == plan.words.ask || label == plan.words.copy,
        }
    }

    /// A query arrives at the clients.
    pub fn on_arrive(self, cx: &Cx<'_>, state: &mut ReadState, txn: TxnId, out: &mut Out) {
        match state {
            ReadState::Direct(state) => direct::on_arrive(cx, state, txn, out),
            ReadState::ApiComposition(state) => api_composition::on_arrive(cx, state, txn, out),
            ReadState::Cqrs(state) => cqrs::on_arrive(cx, state, txn, out),
        }
    }

    /// A message of the member.
    pub fn on_message(
        self,
        cx: &Cx<'_>,
        state: &mut ReadState,
        asked: Asked,
        message: ReadMsg,
        out: &mut Out,
    ) {
        match (state, message) {
            (ReadState::Direct(state), ReadMsg::Direct(message)) => {
                direct::on_message(cx, state, asked, &message, out);
            }
            (ReadState::ApiComposition(state), ReadMsg::ApiComposition(message)) => {
                api_composition::on_message(cx, state, asked, &message, out);
            }
            (ReadState::Cqrs(state), ReadMsg::Cqrs(message)) => {
                cqrs::on_message(cx, state, asked, &message, out);
            }
            _ => unreachable!("a world runs one read member, and only it sends these messages"),
        }
    }

    /// A broker record that the node handles.
    pub fn on_record(self, cx: &Cx<'_>, state: &mut ReadState, record: &RecordBody, out: &mut Out) {
        match state {
            ReadState::Direct(_) | ReadState::ApiComposition(_) => {}
            ReadState::Cqrs(_) => cqrs_event_driven::on_record(cx, record, out),
        }
    }

    /// A local commit at this node has changed rows of a primary, and its replicas were not part of
    /// it.
    pub fn on_commit(self, cx: &Cx<'_>, state: &mut ReadState, db: DbIx, out: &mut Out) {
        match state {
            ReadState::Direct(_) | ReadState::ApiComposition(_) => {}
            ReadState::Cqrs(state) => cqrs_copy::on_commit(cx, state, db, out),
        }
    }

    /// A client has learned that its transaction was accepted or completed.
    pub fn on_acknowledged(self, cx: &Cx<'_>, state: &mut ReadState, txn: TxnId) {
        match state {
            ReadState::Direct(_) | ReadState::ApiComposition(_) => {}
            ReadState::Cqrs(state) => cqrs::on_acknowledged(cx, state, txn),
        }
    }

    /// A local transaction of the member has ended.
    pub fn on_done(
        self,
        _cx: &Cx<'_>,
        _state: &mut ReadState,
        then: ReadCont,
        _result: LocalResult,
        _out: &mut Out,
    ) {
        match then {}
    }

    /// A timer of the member.
    pub fn on_timer(self, cx: &Cx<'_>, state: &mut ReadState, fired: Fired, out: &mut Out) {
        match state {
            ReadState::Direct(state) => direct::on_timer(cx, state, fired, out),
            ReadState::ApiComposition(state) => api_composition::on_timer(cx, state, fired, out),
            ReadState::Cqrs(state) => cqrs::on_timer(cx, state, fired, out),
        }
    }

    /// The node has restarted and recovered its database.
    pub fn on_restart(self, cx: &Cx<'_>, state: &mut ReadState, out: &mut Out) {
        if let (Self::Cqrs(cqrs::Mode::CopyAtEachWrite), ReadState::Cqrs(state)) = (self, state) {
            cqrs_copy::on_restart(cx, state, out);
        }
    }
}

impl ReadState {
    /// Whether a crash would lose nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        match self {
            Self::Direct(state) => state.is_idle(),
            Self::ApiComposition(state) => state.is_idle(),
            Self::Cqrs(state) => state.is_idle(),
        }
    }
}

impl Canon for ReadState {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Direct(state) => state.canon(h),
            Self::ApiComposition(state) => state.canon(h),
            Self::Cqrs(state) => state.canon(h),
        }
    }
}

impl Canon for ReadMsg {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Cqrs(message) => message.canon(h),
            Self::ApiComposition(message) => message.canon(h),
            Self::Direct(direct::Msg::Ask) => h.write_u8(0),
            Self::Direct(direct::Msg::Rows(rows)) => {
                h.write_u8(1);
                for RowChange { key, after, .. } in rows.iter() {
                    key.canon(h);
                    h.write_u8(u8::from(after.is_some()));
                    if let Some(row) = after {
                        row.canon(h);
                    }
                }
            }
        }
    }
}
