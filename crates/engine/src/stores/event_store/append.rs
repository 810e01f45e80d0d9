//! Appending to a stream under an expectation of its version.
//!
//! The decision procedure is that of KurrentDB, as its tests show it: an append that says which
//! version it expects succeeds once, and repeating it is recognised by the ids of its events.

use std::fmt;

/// Which version the writer believes the stream to have. Versions count events from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Expected {
    /// No matter which.
    Any,
    /// There is no such stream.
    NoStream,
    /// There is a stream, no matter which version it has.
    StreamExists,
    /// The last event has this version.
    Exact(u64),
}

impl Expected {
    /// The expectation behind a number: a version, or one of the usual codes.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        match code {
            -2 => Some(Self::Any),
            -1 => Some(Self::NoStream),
            -4 => Some(Self::StreamExists),
            version => u64::try_from(version).ok().map(Self::Exact),
        }
    }

    /// The number for it.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::Any => -2,
            Self::NoStream => -1,
            Self::StreamExists => -4,
            Self::Exact(version) => i64::try_from(version).unwrap_or(i64::MAX),
        }
    }
}

/// What an append did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Appended {
    /// Whether the events had been there before, so that nothing was written.
    pub is_idempotent: bool,
    /// The version of the last of the events, which the next append may expect; `None` where the
    /// stream is empty.
    pub version: Option<u64>,
}

/// Why nothing was appended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AppendRefused {
    /// The stream has another version.
    WrongExpectedVersion {
        /// What was expected.
        expected: Expected,
        /// The version of the last event; `None` where there is no stream.
        actual: Option<u64>,
        /// Whether some of the events were there and others not, so that this is no repetition.
        is_corrupted_repetition: bool,
    },
    /// The stream was deleted for ever.
    StreamDeleted,
}

impl fmt::Display for AppendRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongExpectedVersion { expected, actual, .. } => {
                write!(f, "the stream was expected at {expected:?} and is at {actual:?}")
            }
            Self::StreamDeleted => f.write_str("the stream was deleted"),
        }
    }
}

/// What the procedure must know of a stream.
pub(super) struct Known<'a, I> {
    /// The version of the last event.
    pub last: Option<u64>,
    /// Whether it was deleted in a way that can be undone by writing.
    pub is_soft_deleted: bool,
    /// Whether anything says that it exists: events, or data about it.
    pub exists: bool,
    /// The version of an event by its id.
    pub version_of: &'a dyn Fn(&I) -> Option<u64>,
    /// The id of the event of a version.
    pub id_at: &'a dyn Fn(u64) -> Option<I>,
}

/// What to do with an append.
pub(super) enum Decision {
    /// Write the events.
    Append,
    /// They are there: the last of them has this version.
    AlreadyThere(Option<u64>),
}

/// Decides an append to a stream that was not deleted for ever.
pub(super) fn decide<I: Ord>(
    known: &Known<'_, I>,
    expected: Expected,
    ids: &[I],
) -> Result<Decision, AppendRefused> {
    let wrong = |is_corrupted_repetition| AppendRefused::WrongExpectedVersion {
        expected,
        actual: known.last,
        is_corrupted_repetition,
    };
    let after = match expected {
        Expected::StreamExists if known.is_soft_deleted || !known.exists => {
            return Err(wrong(false));
        }
        Expected::Any | Expected::StreamExists => {
            return repeated_anywhere(known, ids, wrong(true));
        }
        Expected::NoStream => None,
        Expected::Exact(version) => Some(version),
    };
    if after > known.last {
        return Err(wrong(false));
    }
    if after == known.last {
        return Ok(Decision::Append);
    }
    // The stream went on: only the same events at the same place are a repetition.
    let first = after.map_or(0, |version| version + 1);
    for (at, id) in (first..).zip(ids) {
        if (known.id_at)(at).as_ref() != Some(id) {
            return match at == first {
                true if expected == Expected::NoStream && known.is_soft_deleted => {
                    Ok(Decision::Append)
                }
                is_first => Err(wrong(!is_first)),
            };
        }
    }
    let last = (first + ids.len() as u64).checked_sub(1);
    Ok(Decision::AlreadyThere(if ids.is_empty() { after } else { last }))
}

/// Without a version only the ids tell a repetition.
fn repeated_anywhere<I>(
    known: &Known<'_, I>,
    ids: &[I],
    corrupted: AppendRefused,
) -> Result<Decision, AppendRefused> {
    let Some(first) = ids.first() else { return Ok(Decision::Append) };
    if (known.version_of)(first).is_none() {
        return Ok(Decision::Append);
    }
    let mut last = None;
    for id in ids {
        match (known.version_of)(id) {
            Some(version) => last = last.max(Some(version)),
            None => return Err(corrupted),
        }
    }
    Ok(Decision::AlreadyThere(last))
}
