//! Event-sourced: streams of events in place of rows.
//!
//! Each row is a stream, and what a step does to it is appended as events that say what happened:
//! created, set, added, appended, deleted. The append is the forced write and the stream is the
//! truth; the rows that everybody reads are folds of the streams. A writer appends to a stream at
//! the version that it has folded: a handler that runs to completion folds and appends at once, a
//! session folds when it reads and appends when it commits, and a client may say which version its
//! command was decided on. Where the stream has gone on meanwhile, nothing is appended
//! (Young, CQRS Documents, 2010; Fowler, Event Sourcing, 2005).

use crate::event::Fact;
use crate::family::{Cx, Needs};
use crate::ids::TxnId;
use crate::plan::{Env, Op};
use crate::stores::{Action, Database, Seen};
use crate::value::{Key, Row};

use super::rows;

/// Streams of events in the services' databases.
#[must_use]
pub fn needs() -> Needs {
    Needs { streams: true, ..Needs::default() }
}

/// The event that says what an operation did, if it did anything.
fn fact_of(action: &Action, row: Option<&Row>) -> Option<(Key, Fact)> {
    match action {
        Action::Insert { key, row } => Some((*key, Fact::Created(row.clone()))),
        Action::Set { key, field, to, .. } => {
            Some((*key, Fact::Set { field: *field, to: to.clone() }))
        }
        Action::Add { key, field, by, .. } => Some((*key, Fact::Added { field: *field, by: *by })),
        Action::Append { key, field, item } => {
            Some((*key, Fact::Appended { field: *field, item: *item }))
        }
        Action::Delete { key } => row.map(|_| (*key, Fact::Deleted)),
        Action::Read { .. } => None,
    }
}

/// The events of operations that the data allow, in their order. `before` is the row that each
/// stream adds up to without them.
#[must_use]
pub fn facts(actions: &[Action], before: impl Fn(&Key) -> Option<Row>) -> Vec<(Key, Fact)> {
    let mut now: Vec<(Key, Option<Row>)> = Vec::new();
    let mut facts = Vec::new();
    for action in actions {
        let key = action.key();
        let at = now.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            now.push((key, before(&key)));
            now.len() - 1
        });
        let row = &mut now[at].1;
        if let Some((key, fact)) = fact_of(action, row.as_ref()) {
            fact.apply(row);
            facts.push((key, fact));
        }
    }
    facts
}

/// The streams that operations append to, each once.
#[must_use]
pub fn appended_to(actions: &[Action]) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for action in actions.iter().filter(|action| !matches!(action, Action::Read { .. })) {
        if !keys.contains(&action.key()) {
            keys.push(action.key());
        }
    }
    keys
}

/// Whether all streams are still as they were seen.
#[must_use]
pub fn are_as_seen(db: &Database, seen: &[(Key, Option<u32>)]) -> bool {
    db.streams().is_none_or(|streams| streams.are_as_seen(seen))
}

/// What a client that looks at the first step's streams sees: their versions, and the rows that
/// they add up to.
#[must_use]
pub fn look(cx: &Cx<'_>, txn: TxnId) -> (Seen, Vec<(Key, Option<Row>)>) {
    let Some(step) = cx.next_step(txn, 0) else { return (Vec::new(), Vec::new()) };
    let data = cx.txn(txn);
    let env = Env { inputs: &data.inputs, txn, reason: None };
    let forward: &[Op] = &cx.step(txn, step).forward;
    let keys = appended_to(&rows::actions(cx.plan, forward, &env)).into_iter();
    let version = |key: &Key| cx.own().streams().and_then(|streams| streams.version(key));
    let seen: Seen = keys.map(|key| (key, version(&key))).collect();
    let rows = seen.iter().map(|(key, _)| (*key, cx.own().row(key).cloned())).collect();
    (seen, rows)
}
