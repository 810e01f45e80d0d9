//! The consistency models, which of them imply which, and what each one rules out.
//!
//! The transactional ones follow Adya's thesis (PL-1 to PL-3), A. Cerone, G. Bernardi and
//! A. Gotsman, *A Framework for Transactional Consistency Models with Atomic Visibility*, CONCUR
//! 2015, and A. Cerone and A. Gotsman, *Analysing Snapshot Isolation*, PODC 2016; those of single
//! objects and the session guarantees follow P. Bailis et al., *Highly Available Transactions*,
//! VLDB 2014. "Serializable" is conflict-serializable.

use std::collections::BTreeSet;

use super::anomaly::{Anomaly, Order, Reach};

macro_rules! models {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $(| $also:literal)* ;)*) => {
        /// A consistency model.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Model {
            $($(#[$doc])* $variant,)*
        }

        impl Model {
            const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its names, the usual one first.
            fn names(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$name $(, $also)*],)*
                }
            }
        }
    };
}

models! {
    /// No dirty writes.
    ReadUncommitted = "read-uncommitted" | "PL-1";
    /// Only what was committed is read.
    ReadCommitted = "read-committed" | "PL-2";
    /// What was once seen stays visible within the transaction.
    MonotonicView = "monotonic-view" | "PL-2L";
    /// Each read is from some snapshot, later ones from later snapshots.
    MonotonicSnapshotReads = "monotonic-snapshot-read" | "monotonic-snapshot-reads" | "PL-MSR";
    /// Once an effect of a transaction is seen, all of its effects are.
    MonotonicAtomicView = "monotonic-atomic-view";
    /// What is written after being read was not changed in between.
    CursorStability = "cursor-stability" | "PL-CS";
    /// No transaction is seen in part.
    ConsistentView = "consistent-view" | "PL-2+";
    /// A consistent view that lies after the transaction's beginning.
    ForwardConsistentView = "forward-consistent-view" | "PL-FCV";
    /// Transactions that write are serializable, each reader sees some of them.
    UpdateSerializable = "update-serializable" | "PL-3U";
    /// Serializable but for predicates.
    RepeatableRead = "repeatable-read" | "PL-2.99";
    /// All effects of a transaction are visible, or none.
    ReadAtomic = "read-atomic";
    /// Read atomic, and causes are visible before effects.
    CausalTransactions = "causal-cerone" | "transactional-causal-consistency";
    /// Read atomic without lost updates.
    UpdateAtomic = "update-atomic" | "ROLA";
    /// Snapshots that need not agree on the order of unrelated transactions.
    ParallelSnapshotIsolation = "parallel-snapshot-isolation" | "PSI";
    /// Snapshots that are prefixes of one order.
    Prefix = "prefix" | "prefix-consistency";
    /// Reads from one snapshot, and the first to commit a write wins.
    SnapshotIsolation = "snapshot-isolation" | "PL-SI" | "SI";
    /// Equal, to its readers, to a serial history.
    ViewSerializable = "view-serializable";
    /// The dependencies have no cycle.
    Serializable = "serializable" | "PL-3" | "conflict-serializable";
    /// Read uncommitted, in the order of sessions.
    SessionReadUncommitted = "strong-session-read-uncommitted" | "strong-session-PL-1";
    /// Read committed, in the order of sessions.
    SessionReadCommitted = "strong-session-read-committed" | "strong-session-PL-2";
    /// Snapshot isolation in which a session sees what it did.
    SessionSnapshotIsolation = "strong-session-snapshot-isolation";
    /// Serializable in the order of sessions.
    SessionSerializable = "strong-session-serializable";
    /// Read uncommitted, in the order of real time.
    StrongReadUncommitted = "strong-read-uncommitted" | "strong-PL-1";
    /// Read committed, in the order of real time.
    StrongReadCommitted = "strong-read-committed" | "strong-PL-2";
    /// Snapshot isolation in which all that had committed is seen.
    StrongSnapshotIsolation = "strong-snapshot-isolation";
    /// Serializable in the order of real time.
    StrictSerializable = "strict-serializable" | "strong-serializable" | "PL-SS";
    /// Each operation takes effect at one moment between its call and its return.
    Linearizable = "linearizable";
    /// One order of all operations that keeps each client's own.
    Sequential = "sequential";
    /// Causes are seen before effects.
    Causal = "causal";
    /// What is written after a read comes after what was read.
    WritesFollowReads = "writes-follow-reads" | "WFR";
    /// Each client's writes are seen in their order.
    Pram = "PRAM";
    /// What was once read stays visible to the session.
    MonotonicReads = "monotonic-reads" | "MR";
    /// A session's writes are seen in their order.
    MonotonicWrites = "monotonic-writes" | "MW";
    /// A session reads what it wrote.
    ReadYourWrites = "read-your-writes" | "RYW";
}

/// What can be said about a model and a history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Something was found that the model rules out.
    Violated,
    /// Everything that the model rules out was looked for and is not there.
    Holds,
    /// It is not ruled out; its definition needs more than dependencies, or an order that the
    /// history does not tell.
    Open,
}

impl Model {
    /// Every model.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied()
    }

    /// The usual name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.names()[0]
    }

    /// The model of a name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim();
        Self::all().find(|model| model.names().iter().any(|own| own.eq_ignore_ascii_case(name)))
    }

    /// The models that it directly implies: who satisfies it satisfies those.
    fn direct(self) -> &'static [Self] {
        match self {
            Self::ReadUncommitted
            | Self::ViewSerializable
            | Self::WritesFollowReads
            | Self::MonotonicReads
            | Self::MonotonicWrites
            | Self::ReadYourWrites => &[],
            Self::ReadCommitted => &[Self::ReadUncommitted],
            Self::MonotonicView | Self::MonotonicSnapshotReads | Self::MonotonicAtomicView => {
                &[Self::ReadCommitted]
            }
            Self::CursorStability => &[Self::ReadCommitted],
            Self::ConsistentView => &[Self::CursorStability, Self::MonotonicView],
            Self::ForwardConsistentView => &[Self::ConsistentView],
            Self::UpdateSerializable => &[Self::ForwardConsistentView],
            Self::RepeatableRead => &[Self::CursorStability, Self::MonotonicAtomicView],
            Self::ReadAtomic => &[Self::MonotonicAtomicView],
            Self::CausalTransactions | Self::UpdateAtomic => &[Self::ReadAtomic],
            Self::ParallelSnapshotIsolation => &[Self::CausalTransactions, Self::UpdateAtomic],
            Self::Prefix => &[Self::CausalTransactions],
            Self::SnapshotIsolation => &[
                Self::ForwardConsistentView,
                Self::MonotonicAtomicView,
                Self::MonotonicSnapshotReads,
                Self::ParallelSnapshotIsolation,
                Self::Prefix,
            ],
            Self::Serializable => &[
                Self::RepeatableRead,
                Self::SnapshotIsolation,
                Self::UpdateSerializable,
                Self::ViewSerializable,
            ],
            Self::SessionReadUncommitted => &[Self::ReadUncommitted],
            Self::SessionReadCommitted => &[Self::ReadCommitted, Self::SessionReadUncommitted],
            Self::SessionSnapshotIsolation => {
                &[Self::SnapshotIsolation, Self::SessionReadCommitted]
            }
            Self::SessionSerializable => &[Self::Serializable, Self::SessionSnapshotIsolation],
            Self::StrongReadUncommitted => &[Self::SessionReadUncommitted],
            Self::StrongReadCommitted => &[Self::SessionReadCommitted, Self::StrongReadUncommitted],
            Self::StrongSnapshotIsolation => {
                &[Self::SessionSnapshotIsolation, Self::StrongReadCommitted]
            }
            Self::StrictSerializable => &[
                Self::Serializable,
                Self::Linearizable,
                Self::StrongSnapshotIsolation,
                Self::SessionSerializable,
            ],
            Self::Linearizable => &[Self::Sequential],
            Self::Sequential => &[Self::Causal],
            Self::Causal => &[Self::WritesFollowReads, Self::Pram],
            Self::Pram => &[Self::MonotonicReads, Self::MonotonicWrites, Self::ReadYourWrites],
        }
    }

    /// What it rules out beside what the models that it implies rule out.
    fn rules_out(self) -> Vec<Anomaly> {
        use Anomaly as A;
        use Order::{Data, RealTime, Session};
        match self {
            Self::ReadUncommitted => vec![A::G0(Data), A::DuplicateElements],
            Self::ReadCommitted => vec![A::G1(Data)],
            Self::CursorStability => vec![A::G1(Data), A::GCursor, A::LostUpdate],
            Self::ConsistentView => vec![A::G1(Data), A::GSingle(Reach::Any, Data)],
            Self::ForwardConsistentView => vec![A::G1(Data), A::GSib],
            Self::RepeatableRead => {
                vec![A::G1(Data), A::G2(Reach::Item, Data), A::LostUpdate]
            }
            Self::ReadAtomic => vec![A::Internal, A::G1a, A::FutureRead],
            Self::UpdateAtomic => vec![A::LostUpdate],
            Self::SnapshotIsolation => {
                vec![A::Internal, A::G1(Data), A::GSi, A::GNonadjacent(Reach::Any, Data)]
            }
            Self::Serializable => vec![A::Internal, A::G1(Data), A::G2(Reach::Any, Data)],
            Self::SessionReadUncommitted => vec![A::G0(Session)],
            Self::SessionReadCommitted => vec![A::G1c(Session)],
            Self::SessionSnapshotIsolation => {
                vec![A::Internal, A::G1(Session), A::GNonadjacent(Reach::Any, Session)]
            }
            Self::SessionSerializable => vec![A::G1(Session), A::G2(Reach::Any, Session)],
            Self::StrongReadUncommitted => vec![A::G0(RealTime)],
            Self::StrongReadCommitted => vec![A::G1c(RealTime)],
            Self::StrongSnapshotIsolation => {
                vec![A::Internal, A::G1(RealTime), A::GNonadjacent(Reach::Any, RealTime)]
            }
            Self::StrictSerializable => {
                vec![A::G1(Data), A::G1c(RealTime), A::G2(Reach::Any, RealTime)]
            }
            Self::CausalTransactions | Self::ParallelSnapshotIsolation | Self::Prefix => {
                vec![A::Internal, A::G1a]
            }
            _ => Vec::new(),
        }
    }

    /// The order that a history must tell for the model to be decided by its anomalies; none where
    /// its definition is about more than dependencies.
    fn decided_with(self) -> Option<Order> {
        match self {
            Self::ReadUncommitted
            | Self::ReadCommitted
            | Self::CursorStability
            | Self::ConsistentView
            | Self::RepeatableRead
            | Self::SnapshotIsolation
            | Self::Serializable => Some(Order::Data),
            Self::SessionReadUncommitted
            | Self::SessionReadCommitted
            | Self::SessionSnapshotIsolation
            | Self::SessionSerializable => Some(Order::Session),
            Self::StrongReadUncommitted
            | Self::StrongReadCommitted
            | Self::StrongSnapshotIsolation
            | Self::StrictSerializable => Some(Order::RealTime),
            _ => None,
        }
    }

    /// Every model that it implies, itself included.
    #[must_use]
    pub fn implied(self) -> BTreeSet<Self> {
        let mut all = BTreeSet::new();
        let mut open = vec![self];
        while let Some(model) = open.pop() {
            if all.insert(model) {
                open.extend(model.direct());
            }
        }
        all
    }

    /// Whether satisfying it means satisfying another.
    #[must_use]
    pub fn implies(self, other: Self) -> bool {
        self.implied().contains(&other)
    }

    /// Whether a history that shows an anomaly cannot satisfy it.
    #[must_use]
    pub fn prohibits(self, anomaly: Anomaly) -> bool {
        let shown = Anomaly::closure([anomaly]);
        self.implied().iter().any(|model| model.rules_out().iter().any(|own| shown.contains(own)))
    }

    /// What can be said about it and a history with these anomalies and orders.
    #[must_use]
    pub fn standing(self, found: &BTreeSet<Anomaly>, orders: &BTreeSet<Order>) -> Standing {
        let is_violated = |model: Self| found.iter().any(|anomaly| model.prohibits(*anomaly));
        if is_violated(self) {
            return Standing::Violated;
        }
        let decides = |model: Self| {
            model.decided_with().is_some_and(|order| orders.contains(&order)) && !is_violated(model)
        };
        let holds = Self::all().any(|model| model.implies(self) && decides(model));
        if holds { Standing::Holds } else { Standing::Open }
    }

    /// The weakest models that a history with these anomalies violates.
    #[must_use]
    pub fn weakest_violated(found: &BTreeSet<Anomaly>) -> BTreeSet<Self> {
        let violated: BTreeSet<Self> = Self::all()
            .filter(|model| found.iter().any(|anomaly| model.prohibits(*anomaly)))
            .collect();
        let is_weakest =
            |model: &Self| !violated.iter().any(|weaker| weaker != model && model.implies(*weaker));
        violated.iter().copied().filter(is_weakest).collect()
    }
}
