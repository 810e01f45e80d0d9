//! Deliberate faults in the code of the patterns, for the test that each is found.
//!
//! Without the feature `mutations` nothing of this is in the engine: [`Plan::has`] is then always
//! `false`, and the compiler takes out what follows from it. With it a test opens a run with one of
//! them, which the compiled plan carries, so that a world is the same plain data as ever. The feature
//! is for `tests/mutations.rs` alone: no page and no command line is built with it.
//!
//! [`Plan::has`]: crate::plan::Plan::has

/// One deliberate fault.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mutation {
    /// An orchestrator passes over the last step that was done when it begins to compensate. Every
    /// step of the saga that was done has a compensation that must run (Garcia-Molina and Salem, Sagas,
    /// SIGMOD 1987).
    ForgottenCompensation,
    /// An orchestrator answers its client before the row of the saga is forced. A saga that was
    /// accepted must survive a crash (Garcia-Molina and Salem 1987: the saga's log).
    SagaRowNotForced,
    /// The inbox knows a message by its transaction alone, without the step. The identifier must be
    /// one of the message (Richardson, Microservices Patterns 2018, ch. 3: handling duplicates).
    InboxKeyWithoutStep,
    /// A consumer commits the offset before it handles the record: at most once. It must do so after
    /// (Kafka's documentation, message delivery semantics).
    OffsetBeforeEffect,
    /// A relay marks the oldest message of the outbox as sent before it publishes it. It publishes
    /// first (Richardson 2018, ch. 3: transactional outbox).
    MarkedBeforePublished,
    /// A participant of two-phase commit votes to commit on a promise that is not forced. It must be
    /// (Mohan, Lindsay and Obermarck, Transaction Management in the R* Distributed Database Management
    /// System, TODS 1986: prepare records are forced).
    PromiseNotForced,
    /// A participant acknowledges a commit that is not forced, and the coordinator forgets it (Mohan
    /// and others 1986: the acknowledgement follows the forced record).
    AcknowledgedBeforeForced,
    /// A coordinator tells a decision to commit that is not forced (Mohan and others 1986: the commit record
    /// is forced before the commit is sent).
    DecisionNotForced,
    /// A coordinator decides to commit on the first vote, and misses those that are still to come. It
    /// needs all of them (Gray, Notes on Data Base Operating Systems, 1978).
    CommittedOnMissingVote,
    /// A participant says that it has confirmed a reservation which has expired (Pardon and Pautasso,
    /// Towards Distributed Atomic Transactions over RESTful Services, 2011: confirming what has timed
    /// out fails).
    ConfirmedAfterExpiry,
    /// A participant that is told to cancel what it never reserved keeps no note of it, and reserves
    /// for ever when the try comes late (Pardon and Pautasso 2011: cancelling must be final).
    CancellationNotRemembered,
    /// A session lets go of its locks after each step, and not when it ends: two-phase locking that is
    /// not strict (Eswaran, Gray, Lorie and Traiger, The Notions of Consistency and Predicate Locks,
    /// CACM 1976).
    LocksReleasedEarly,
    /// An append does not compare the version that its command names with that of the stream (Young,
    /// CQRS Documents, 2010: the expected version of an append).
    VersionNotCompared,
    /// A replica takes a copy in without comparing versions, so that one which was overtaken replaces
    /// a newer one (Terry and others, Session Guarantees for Weakly Consistent Replicated Data, 1994: writes are
    /// applied in one order everywhere).
    OlderCopyTakenIn,
    /// A step does not look for the marks of other sagas (Frank and Zahle, Semantic ACID Properties in
    /// Multidatabases, 1998: the semantic lock).
    MarkNotHeeded,
}

/// All of them.
#[cfg(feature = "mutations")]
pub const ALL: &[Mutation] = &[
    Mutation::ForgottenCompensation,
    Mutation::SagaRowNotForced,
    Mutation::InboxKeyWithoutStep,
    Mutation::OffsetBeforeEffect,
    Mutation::MarkedBeforePublished,
    Mutation::PromiseNotForced,
    Mutation::AcknowledgedBeforeForced,
    Mutation::DecisionNotForced,
    Mutation::CommittedOnMissingVote,
    Mutation::ConfirmedAfterExpiry,
    Mutation::CancellationNotRemembered,
    Mutation::LocksReleasedEarly,
    Mutation::VersionNotCompared,
    Mutation::OlderCopyTakenIn,
    Mutation::MarkNotHeeded,
];
