//! Names for things, as small integers.
//!
//! Every id is an index into a table that the compiled scenario ([`crate::plan::Plan`]) or the
//! trace owns. None of them is drawn at random, so equal inputs give equal ids everywhere.

use std::fmt;

/// Virtual time in microseconds since the start of the run.
pub type Micros = u64;

macro_rules! index {
    ($(#[$doc:meta])* $name:ident($repr:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub $repr);
        impl $name {
            /// The id as an index into its table.
            #[must_use]
            pub fn ix(self) -> usize {
                self.0 as usize
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

index!(/** A node of the service graph: the clients, a service, the broker, an orchestrator. */ NodeIx(u8));
index!(/** A service, in the order of the document. */ ServiceIx(u8));
index!(/** A database. */ DbIx(u8));
index!(/** A broker topic. */ TopicIx(u8));
index!(/** A partition of a topic. */ PartitionIx(u8));
index!(/** A flow: an entry of the document's `transactions`. */ FlowIx(u8));
index!(/** A query: an entry of the document's `queries`. */ QueryIx(u8));
index!(/** A step of a flow, from 0. On screen steps count from 1. */ StepIx(u8));
index!(/** A business transaction, numbered by arrival from 0. On screen `T1` is number 0. */ TxnId(u32));
index!(/** A message on the network, in order of sending. Never part of a fingerprint or of a choice's key. */ MsgId(u32));
index!(/** An event of the trace, its position from 0. */ EventIx(u32));
index!(/** An interned string of the scenario. */ Sym(u32));
index!(/** A fault of the document, its position from 0. */ FaultIx(u8));

/// Whether a step's effect is its own or its compensation's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Direction {
    /// The step itself.
    #[default]
    Do,
    /// The step's compensation.
    Undo,
}

/// One step of one transaction in one direction: what an effect in a database is *of*.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StepRef {
    /// The transaction.
    pub txn: TxnId,
    /// The step.
    pub step: StepIx,
    /// Forward or compensation.
    pub dir: Direction,
}

impl StepRef {
    /// The forward direction of a step.
    #[must_use]
    pub fn forward(txn: TxnId, step: StepIx) -> Self {
        Self { txn, step, dir: Direction::Do }
    }

    /// The compensation of a step.
    #[must_use]
    pub fn undo(txn: TxnId, step: StepIx) -> Self {
        Self { txn, step, dir: Direction::Undo }
    }
}

/// The name of a transaction on screen: `T1` is the first to arrive.
#[must_use]
pub fn txn_name(txn: TxnId) -> String {
    format!("T{}", txn.0 + 1)
}
