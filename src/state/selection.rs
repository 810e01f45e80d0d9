//! What a person has chosen.

use interleave_engine::ids::{DbIx, PartitionIx, TopicIx};
use interleave_engine::value::Key;

/// What a person has chosen; every view shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// The transaction that every view follows.
    pub txn: Option<u32>,
    /// What of the run was chosen.
    pub part: Part,
}

/// What of a run can be chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Part {
    /// Nothing but the transaction.
    #[default]
    Whole,
    /// A message on the network, by its number.
    Message(u32),
    /// A record of the broker.
    Record {
        /// Its topic.
        topic: TopicIx,
        /// Its partition.
        partition: PartitionIx,
        /// Where it stands in it.
        offset: u32,
    },
    /// A row.
    Row {
        /// Its database.
        db: DbIx,
        /// Its key.
        key: Key,
    },
    /// A lock.
    Lock {
        /// Its database.
        db: DbIx,
        /// Its row; `None` for a table, a span of keys or a connection.
        key: Option<Key>,
    },
    /// A property that nothing breaks, by its place in the reports.
    Property(usize),
    /// A violation, which is explained instead of the event at the cursor.
    Violation {
        /// The place of its property in the reports.
        property: usize,
        /// Its own place among the property's.
        place: usize,
    },
}
