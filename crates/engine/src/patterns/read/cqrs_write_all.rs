//! CQRS, write-all: a local commit is one of the primary and of all its replicas, or none.
//!
//! A write waits for the slowest round trip to the replicas and is refused where one of them cannot
//! be reached, so that writes are available only while every copy is: the product of the nodes'
//! availabilities. In return no replica is ever behind. The round trips are no messages here: the
//! step takes that much longer, and then commits on all copies at once; what a protocol between
//! them would do about its own failures is left out (see `docs/fidelity.md`).

use super::cqrs::copied;
use crate::out::RowWrite;
use crate::plan::Plan;
use crate::stores::RowVersion;

/// What each replica writes together with a commit of its primary.
#[must_use]
pub fn writes(plan: &Plan, rows: &[RowVersion]) -> Vec<RowWrite> {
    rows.iter()
        .flat_map(|RowVersion { key, row, version }| copied(plan, *key, row.clone(), *version))
        .collect()
}
