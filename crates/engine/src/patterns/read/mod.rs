//! How a query is answered: one file per member.
//!
//! Each member keeps its own messages, volatile state and continuations; the enums here join them,
//! a variant and a line each.

pub mod direct;

use super::{Member, Out};
use crate::event::RowChange;
use crate::family::{Cx, Needs};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{Direction, NodeIx, StepIx, Sym, TopicIx, TxnId};
use crate::out::{LocalResult, RecordBody};
use crate::plan::Plan;

/// The members of the family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadKind {
    /// Each row is read from the primary of its service.
    Direct,
}

/// The table of the family.
pub const TABLE: &[Member<ReadKind>] = &[Member {
    name: "direct",
    kind: ReadKind::Direct,
    about: "each row is read from the service that owns it",
}];

/// A message of the read member.
#[derive(Clone, PartialEq, Debug)]
pub enum ReadMsg {
    /// Of [`direct`].
    Direct(direct::Msg),
}

/// A continuation of a handler, of any member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadCont {}

/// The volatile state of a node, of any member.
#[derive(Clone, PartialEq, Debug)]
pub enum ReadState {
    /// Of [`direct`].
    Direct(direct::State),
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
        }
    }

    /// The volatile state of a node that has just started.
    #[must_use]
    pub fn initial(self) -> ReadState {
        match self {
            Self::Direct => ReadState::Direct(direct::State::default()),
        }
    }

    /// The edges along which its messages travel.
    #[must_use]
    pub fn edges(self, plan: &Plan) -> Vec<(NodeIx, NodeIx)> {
        match self {
            Self::Direct => direct::edges(plan),
        }
    }

    /// Which nodes react to something on which topic.
    #[must_use]
    pub fn consumers(self, _plan: &Plan) -> Vec<(TopicIx, NodeIx)> {
        match self {
            Self::Direct => Vec::new(),
        }
    }

    /// Whether a node handles a record, or passes over it.
    #[must_use]
    pub fn handles(self, _cx: &Cx<'_>, _record: &RecordBody) -> bool {
        match self {
            Self::Direct => false,
        }
    }

    /// Whether a timer of this name belongs to the member.
    #[must_use]
    pub fn owns(self, plan: &Plan, label: Sym) -> bool {
        match self {
            Self::Direct => label == plan.words.ask,
        }
    }

    /// A query arrives at the clients.
    pub fn on_arrive(self, cx: &Cx<'_>, state: &mut ReadState, txn: TxnId, out: &mut Out) {
        match state {
            ReadState::Direct(state) => direct::on_arrive(cx, state, txn, out),
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
        }
    }

    /// A broker record that the node handles.
    pub fn on_record(
        self,
        _cx: &Cx<'_>,
        state: &mut ReadState,
        _record: &RecordBody,
        _out: &mut Out,
    ) {
        match state {
            ReadState::Direct(_) => {}
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
        }
    }

    /// The node has restarted and recovered its database.
    pub fn on_restart(self, _cx: &Cx<'_>, state: &mut ReadState, _out: &mut Out) {
        match state {
            ReadState::Direct(_) => {}
        }
    }
}

impl ReadState {
    /// Whether a crash would lose nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        match self {
            Self::Direct(state) => state.is_idle(),
        }
    }
}

impl Canon for ReadState {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Direct(state) => state.canon(h),
        }
    }
}

impl Canon for ReadMsg {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
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
