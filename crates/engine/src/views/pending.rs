//! Values that are written and not committed, by the row that they are to become.

use std::collections::BTreeMap;

use super::frame::Frame;
use crate::cast::Cast;
use crate::ids::{DbIx, EventIx, TxnId};
use crate::value::Key;

/// A value that an open local transaction has written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pending {
    /// The transaction.
    pub txn: TxnId,
    /// The value; `deleted` where it takes the row away.
    pub value: String,
    /// Whether it has promised to commit: only a decision, and no crash, takes the value back.
    pub prepared: bool,
    /// The event since which it is so: the promise, or the first of the local transaction.
    pub since: EventIx,
}

/// All uncommitted values of a database at the moment of a frame, in the order of their transactions.
#[must_use]
pub fn pending(cast: &Cast, frame: &Frame, db: DbIx) -> BTreeMap<Key, Vec<Pending>> {
    let mut rows: BTreeMap<Key, Vec<Pending>> = BTreeMap::new();
    for ((_, txn), session) in frame.sessions.range((db, TxnId(0))..=(db, TxnId(u32::MAX))) {
        for change in &session.wrote {
            let value = change.after.as_ref().map(|row| cast.row(db, row));
            rows.entry(change.key).or_default().push(Pending {
                txn: *txn,
                value: value.unwrap_or_else(|| "deleted".to_owned()),
                prepared: session.prepared.is_some(),
                since: session.prepared.unwrap_or(session.since),
            });
        }
    }
    rows
}
