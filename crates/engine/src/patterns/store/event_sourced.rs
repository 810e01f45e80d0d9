//! Event-sourced: streams of events in place of rows.
//!
//! Each row is a stream, and what a step does to it is appended as events that say what happened:
//! created, set, added, appended, deleted. The append is the forced write and the stream is the
//! truth; the rows that everybody reads are folds of the streams. A writer appends to a stream at
//! the version that it has folded: a handler that runs to completion folds and appends at once, a
//! session folds when it reads and appends when it commits, and a client may say which version its
//! command was decided on. Where the stream has gone on meanwhile, nothing is appended
//! (Young, CQRS Documents, 2010; Fowler, Event Sourcing, 2005).

use crate::event::{Fact, Refusal, RowChange};
use crate::family::{Cx, Needs};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::TxnId;
use crate::mutation::Mutation;
use crate::plan::{Env, Op, Plan};
use crate::scenario::document::ExpectedVersion;
use crate::stores::{Action, Database, Versions};
use crate::value::{Key, Row};

use super::rows::{self, Evaluated};

/// Streams of events in the services' databases.
#[must_use]
pub fn needs() -> Needs {
    Needs { streams: true, ..Needs::default() }
}

/// What a client saw before it decided.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// The versions of the streams.
    pub versions: Versions,
    /// The rows that they added up to.
    pub rows: Vec<(Key, Row)>,
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

/// The events of changes that no operation of the document says: what a reservation keeps and brings
/// back.
#[must_use]
pub fn facts_between(changes: &[RowChange]) -> Vec<(Key, Fact)> {
    let facts = changes.iter().flat_map(|change| {
        let between = Fact::between(change.before.as_ref(), change.after.as_ref());
        between.into_iter().map(|fact| (change.key, fact))
    });
    facts.collect()
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

/// Whether a command came too late: it says which versions it was decided on, and one of the
/// streams has gone on.
#[must_use]
pub fn is_too_late(plan: &Plan, db: &Database, seen: &Seen) -> bool {
    plan.scenario.options.expected == ExpectedVersion::Exact
        && !plan.has(Mutation::VersionNotCompared)
        && !db.streams().is_none_or(|streams| streams.are_as_seen(&seen.versions))
}

/// What a step makes of the rows that its client saw, which sends what they are to be rather than
/// what is to happen to them: whatever came between is overwritten.
///
/// # Errors
/// As [`rows::evaluate`].
pub fn evaluate_as_seen(
    plan: &Plan,
    db: &Database,
    seen: &Seen,
    ops: &[Op],
    env: &Env<'_>,
) -> Result<(Evaluated, Vec<(Key, Fact)>), Refusal> {
    let mut evaluated = rows::evaluate(plan, &Database::new(&seen.rows), ops, env)?;
    let mut facts = Vec::new();
    for change in &mut evaluated.changes {
        change.before = db.row(&change.key).cloned();
        let between = Fact::between(change.before.as_ref(), change.after.as_ref());
        facts.extend(between.into_iter().map(|fact| (change.key, fact)));
    }
    Ok((evaluated, facts))
}

/// What a client sees that looks at the streams of the first step.
#[must_use]
pub fn look(cx: &Cx<'_>, txn: TxnId) -> Seen {
    let Some(step) = cx.next_step(txn, 0) else { return Seen::default() };
    let data = cx.txn(txn);
    let env = Env { inputs: &data.inputs, txn, reason: None };
    let forward: &[Op] = &cx.step(txn, step).forward;
    let keys = appended_to(&rows::actions(cx.plan, forward, &env)).into_iter();
    let version = |key: &Key| cx.own().streams().and_then(|streams| streams.version(key));
    let versions: Versions = keys.map(|key| (key, version(&key))).collect();
    let row = |(key, _): &(Key, _)| cx.own().row(key).map(|row| (*key, row.clone()));
    let rows = versions.iter().filter_map(row).collect();
    Seen { versions, rows }
}

impl Canon for Seen {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.versions.len());
        for (key, version) in &self.versions {
            key.canon(h);
            h.write_u32(version.map_or(0, |version| version + 1));
        }
        h.write_len(self.rows.len());
        for (key, row) in &self.rows {
            key.canon(h);
            row.canon(h);
        }
    }
}
