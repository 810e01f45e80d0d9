//! What a database answers when it does not do what it was asked.

use std::fmt;

/// Why a statement failed. The sentences and codes are those of PostgreSQL, which has the most of
/// them; [`DbError::code`] is the SQLSTATE.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum DbError {
    /// The row changed since the transaction's snapshot: the first updater won.
    ConcurrentUpdate,
    /// The row is gone since the transaction's snapshot.
    ConcurrentDelete,
    /// The transaction is part of a dangerous structure of read-write dependencies.
    Dependencies,
    /// The transaction was the victim of a deadlock.
    Deadlock,
    /// It waited for a lock for too long.
    LockTimeout,
    /// The statement took too long.
    StatementTimeout,
    /// Somebody else has the lock, and the statement was not willing to wait.
    LockNotAvailable,
    /// There is a row with this key.
    DuplicateKey,
    /// An earlier statement failed, and the transaction waits for its rollback.
    InFailedTransaction,
    /// There is no such transaction, or no longer.
    NoTransaction,
    /// The transaction still waits for its last statement.
    StillWaiting,
    /// There is no prepared transaction with this identifier.
    NoSuchPrepared(String),
    /// There is one.
    IdentifierInUse(String),
    /// Its identifier is longer than [`DbError::LONGEST_IDENTIFIER`].
    IdentifierTooLong(String),
    /// No transaction can be prepared here.
    PreparedDisabled,
    /// As many transactions are prepared as can be.
    TooManyPrepared,
    /// The command has no place inside a transaction.
    InsideTransaction(&'static str),
}

impl DbError {
    /// How many bytes a prepared transaction's identifier can have.
    pub const LONGEST_IDENTIFIER: usize = 199;

    /// The SQLSTATE.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ConcurrentUpdate | Self::ConcurrentDelete | Self::Dependencies => "40001",
            Self::Deadlock => "40P01",
            Self::LockTimeout | Self::LockNotAvailable => "55P03",
            Self::StatementTimeout => "57014",
            Self::DuplicateKey => "23505",
            Self::InFailedTransaction => "25P02",
            Self::NoTransaction => "25P01",
            Self::StillWaiting => "55006",
            Self::NoSuchPrepared(_) => "42704",
            Self::IdentifierInUse(_) => "42710",
            Self::IdentifierTooLong(_) => "22023",
            Self::PreparedDisabled => "55000",
            Self::TooManyPrepared => "53400",
            Self::InsideTransaction(_) => "25001",
        }
    }

    /// Whether the same transaction, tried again, may well succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.code(), "40001" | "40P01" | "55P03")
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConcurrentUpdate => {
                f.write_str("could not serialize access due to concurrent update")
            }
            Self::ConcurrentDelete => {
                f.write_str("could not serialize access due to concurrent delete")
            }
            Self::Dependencies => f.write_str(
                "could not serialize access due to read/write dependencies among transactions",
            ),
            Self::Deadlock => f.write_str("deadlock detected"),
            Self::LockTimeout => f.write_str("canceling statement due to lock timeout"),
            Self::StatementTimeout => f.write_str("canceling statement due to statement timeout"),
            Self::LockNotAvailable => f.write_str("could not obtain lock"),
            Self::DuplicateKey => f.write_str("duplicate key value violates unique constraint"),
            Self::InFailedTransaction => f.write_str(
                "current transaction is aborted, commands ignored until end of transaction block",
            ),
            Self::NoTransaction => f.write_str("there is no transaction in progress"),
            Self::StillWaiting => f.write_str("the transaction waits for its last statement"),
            Self::NoSuchPrepared(gid) => {
                write!(f, "prepared transaction with identifier \"{gid}\" does not exist")
            }
            Self::IdentifierInUse(gid) => {
                write!(f, "transaction identifier \"{gid}\" is already in use")
            }
            Self::IdentifierTooLong(gid) => {
                write!(f, "transaction identifier \"{gid}\" is too long")
            }
            Self::PreparedDisabled => f.write_str("prepared transactions are disabled"),
            Self::TooManyPrepared => f.write_str("maximum number of prepared transactions reached"),
            Self::InsideTransaction(command) => {
                write!(f, "{command} cannot run inside a transaction block")
            }
        }
    }
}

impl std::error::Error for DbError {}
