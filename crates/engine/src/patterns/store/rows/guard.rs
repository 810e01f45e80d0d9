//! How a step's countermeasures are carried out, in the local transaction of the step.

use crate::event::{Refusal, RowChange};
use crate::ids::Direction;
use crate::out::RowWrite;
use crate::plan::{Env, Guard, Plan};
use crate::stores::Database;
use crate::value::{Key, Row, Value};

/// What a step that has just been evaluated writes besides its changes: marks and notes.
///
/// # Errors
/// Where it meets another saga's mark, or a row that is no longer what its saga has read.
pub fn guard(
    plan: &Plan,
    db: &Database,
    (guard, dir): (&Guard, Direction),
    changes: &[RowChange],
    env: &Env<'_>,
) -> Result<Vec<RowWrite>, Refusal> {
    let words = &plan.words;
    let own = Row::new(vec![(words.saga, Value::Int(i64::from(env.txn.0) + 1))]);
    let is_own = |key: &Key| db.row(key) == Some(&own);
    let gone = |key: Key| RowWrite { key, row: None };
    let fill = |keys: &[_]| -> Vec<Key> {
        keys.iter().map(|key: &crate::plan::KeyTemplate| key.fill(env)).collect()
    };
    let marks = fill(&guard.marks);
    if dir == Direction::Undo {
        let notes = guard.notes.iter().map(|(_, at)| at.fill(env));
        let notes = notes.filter(|at| db.row(at).is_some());
        return Ok(marks.into_iter().filter(is_own).chain(notes).map(gone).collect());
    }
    let is_others = |key: &Key| db.row(key).is_some() && !is_own(key);
    if fill(&guard.heeds).iter().any(is_others) {
        return Err(Refusal::Bound(words.guard.pending));
    }
    let mut writes = Vec::new();
    for (key, at) in &guard.rereads {
        let (key, at) = (key.fill(env), at.fill(env));
        if let Some(noted) = db.row(&at) {
            if db.row(&key).cloned().unwrap_or_default() != *noted {
                return Err(Refusal::Bound(words.guard.changed));
            }
            writes.push(gone(at));
        }
    }
    writes.extend(marks.into_iter().map(|key| RowWrite { key, row: Some(own.clone()) }));
    writes.extend(fill(&guard.unmarks).into_iter().filter(is_own).map(gone));
    for (key, at) in &guard.notes {
        let key = key.fill(env);
        let now = match changes.iter().find(|change| change.key == key) {
            Some(change) => change.after.clone(),
            None => db.row(&key).cloned(),
        };
        writes.push(RowWrite { key: at.fill(env), row: Some(now.unwrap_or_default()) });
    }
    Ok(writes)
}
