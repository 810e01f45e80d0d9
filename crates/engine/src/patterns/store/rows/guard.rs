//! How a step's countermeasures are carried out, in the local transaction of the step.

use crate::event::{Refusal, RowChange};
use crate::ids::Direction;
use crate::mutation::Mutation;
use crate::out::{Answer, RowWrite};
use crate::plan::{Env, Guard, Plan, Words};
use crate::stores::Database;
use crate::value::{Key, Row, Value};

/// What the version file of a step knows of it: what came of a step or compensation that has come
/// before, or that a compensation overtook its step. `None` where it is to be carried out.
#[must_use]
pub fn known(
    plan: &Plan,
    db: &Database,
    (guard, dir): (&Guard, Direction),
    env: &Env<'_>,
) -> Option<Answer> {
    let row = db.row(&guard.file?.fill(env))?;
    let done = row.get(plan.words.guard.done).is_some();
    let undone = row.get(plan.words.guard.undone).is_some();
    match dir {
        // Its compensation came first, or both are over: the two in their order leave nothing.
        Direction::Do => Some(if undone { Answer::Nothing } else { Answer::Done }),
        Direction::Undo if undone => Some(if done { Answer::Done } else { Answer::Nothing }),
        Direction::Undo => None,
    }
}

/// Whether a compensation has come before its step, by the step's version file.
#[must_use]
pub fn is_early(
    plan: &Plan,
    db: &Database,
    (guard, dir): (&Guard, Direction),
    env: &Env<'_>,
) -> bool {
    let done = |at: crate::plan::KeyTemplate| {
        db.row(&at.fill(env)).is_some_and(|row| row.get(plan.words.guard.done).is_some())
    };
    dir == Direction::Undo && guard.file.is_some_and(|at| !done(at))
}

/// What the version file of a step notes of it.
pub fn filed(
    guard: &Guard,
    db: &Database,
    words: &Words,
    dir: Direction,
    env: &Env<'_>,
) -> Option<RowWrite> {
    let key = guard.file?.fill(env);
    let mut row = db.row(&key).cloned().unwrap_or_default();
    let field = match dir {
        Direction::Do => words.guard.done,
        Direction::Undo => words.guard.undone,
    };
    row.set(field, Value::Int(1));
    Some(RowWrite { key, row: Some(row) })
}

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
        let writes = marks.into_iter().filter(is_own).chain(notes).map(gone);
        return Ok(writes.chain(filed(guard, db, words, dir, env)).collect());
    }
    let heeds = if plan.has(Mutation::MarkNotHeeded) { Vec::new() } else { fill(&guard.heeds) };
    let mut others = heeds.iter().filter_map(|key| db.row(key)).filter(|row| **row != own);
    if let Some(first) = others.next() {
        let is_later = |row: &Row| row.get(words.saga) > own.get(words.saga);
        // An earlier saga never waits for a later one that waits for it: see wait-die.
        return Err(if guard.waits && is_later(first) && others.all(is_later) {
            Refusal::Pending
        } else {
            Refusal::Bound(words.guard.pending)
        });
    }
    let mut writes: Vec<RowWrite> = filed(guard, db, words, dir, env).into_iter().collect();
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
