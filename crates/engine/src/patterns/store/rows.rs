//! Rows that are changed in place.
//!
//! A step's operations are evaluated in order on the rows of its service's database: each sees
//! what those before it changed. The first that the data refuses refuses the whole step.

pub mod guard;

use crate::event::{Refusal, RowChange};
use crate::ids::Sym;
use crate::plan::{Env, Op, Plan};
use crate::stores::{Action, Database};
use crate::value::{Key, Row, Value};

/// What a step would do.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Evaluated {
    /// The rows that it changes, each once, in the order of their first change.
    pub changes: Vec<RowChange>,
    /// The rows that it reads, with what it finds.
    pub reads: Vec<(Key, Option<Row>)>,
}

impl Evaluated {
    fn current(&self, db: &Database, key: &Key) -> Option<Row> {
        match self.changes.iter().find(|change| change.key == *key) {
            Some(change) => change.after.clone(),
            None => db.row(key).cloned(),
        }
    }

    fn put(&mut self, db: &Database, key: Key, after: Option<Row>) {
        match self.changes.iter_mut().find(|change| change.key == key) {
            Some(change) => change.after = after,
            None => self.changes.push(RowChange { key, before: db.row(&key).cloned(), after }),
        }
    }

    /// Brings a row back that is missing, or a field that still has the value that it was given.
    fn restore(&mut self, db: &Database, key: Key, before: Row, ours: Option<(Sym, Value)>) {
        match (self.current(db, &key), ours) {
            (None, None) => self.put(db, key, Some(before)),
            (Some(row), Some((field, ours))) if row.get(field) == Some(&ours) => {
                let others = row.fields().filter(|(name, _)| *name != field);
                let old = before.get(field).map(|value| (field, value));
                let fields = others.chain(old).map(|(name, value)| (name, value.clone()));
                self.put(db, key, Some(Row::new(fields.collect())));
            }
            _ => {}
        }
    }

    /// Takes the last of such items out of a list. A row that the append began goes with it.
    fn withdraw(&mut self, db: &Database, key: Key, field: Sym, item: i64, kept: &Key) {
        let Some(mut row) = self.current(db, &key) else { return };
        let Some(Value::List(items)) = row.get(field) else { return };
        let mut items = items.to_vec();
        if let Some(last) = items.iter().rposition(|one| *one == item) {
            items.remove(last);
        }
        if items.is_empty() && row.fields().count() == 1 && self.current(db, kept).is_none() {
            self.put(db, key, None);
            return;
        }
        row.set(field, Value::List(items.into()));
        self.put(db, key, Some(row));
    }
}

/// Evaluates operations on a database without changing it.
///
/// # Errors
/// The refusal of the first operation that the data does not allow.
pub fn evaluate(
    plan: &Plan,
    db: &Database,
    ops: &[Op],
    env: &Env<'_>,
) -> Result<Evaluated, Refusal> {
    let mut done = Evaluated::default();
    let none: Sym = plan.words.missing;
    for op in ops {
        match op {
            Op::Insert { key, fields } => {
                let key = key.fill(env);
                if done.current(db, &key).is_some() {
                    return Err(Refusal::Exists);
                }
                let fields =
                    fields.iter().map(|(name, expr)| (*name, expr.fill(env, none))).collect();
                done.put(db, key, Some(Row::new(fields)));
            }
            Op::Set { key, field, to, missing } => {
                let key = key.fill(env);
                let mut row = done.current(db, &key).ok_or(Refusal::Missing(*missing))?;
                row.set(*field, to.fill(env, none));
                done.put(db, key, Some(row));
            }
            Op::Add { key, field, by, min, max, refusal, missing } => {
                let key = key.fill(env);
                let mut row = done.current(db, &key).ok_or(Refusal::Missing(*missing))?;
                let old = row.get(*field).and_then(Value::as_int).unwrap_or(0);
                let by = by.fill(env, none).as_int().unwrap_or(0);
                let new = old.checked_add(by).ok_or(Refusal::Bound(*refusal))?;
                if min.is_some_and(|min| new < min) || max.is_some_and(|max| new > max) {
                    return Err(Refusal::Bound(*refusal));
                }
                row.set(*field, Value::Int(new));
                done.put(db, key, Some(row));
            }
            Op::Append { key, field, item } => {
                let key = key.fill(env);
                let mut row = done.current(db, &key).unwrap_or_default();
                let mut items = match row.get(*field) {
                    Some(Value::List(items)) => items.to_vec(),
                    _ => Vec::new(),
                };
                items.push(item.fill(env, none).as_int().unwrap_or(0));
                row.set(*field, Value::List(items.into()));
                done.put(db, key, Some(row));
            }
            Op::Read { key } => {
                let key = key.fill(env);
                let row = done.current(db, &key);
                done.reads.push((key, row));
            }
            Op::Delete { key } => {
                let key = key.fill(env);
                if done.current(db, &key).is_some() {
                    done.put(db, key, None);
                }
            }
            Op::Keep { key, at } => {
                if let Some(row) = done.current(db, &key.fill(env)) {
                    done.put(db, at.fill(env), Some(row));
                }
            }
            Op::Restore { key, field, at } => {
                let (key, at) = (key.fill(env), at.fill(env));
                let ours = field.as_ref().map(|(field, to)| (*field, to.fill(env, none)));
                if let Some(before) = done.current(db, &at) {
                    done.restore(db, key, before, ours);
                    done.put(db, at, None);
                }
            }
            Op::Withdraw { key, field, item, at } => {
                let (key, at) = (key.fill(env), at.fill(env));
                let item = item.fill(env, none).as_int().unwrap_or(0);
                done.withdraw(db, key, *field, item, &at);
                if done.current(db, &at).is_some() {
                    done.put(db, at, None);
                }
            }
        }
    }
    // A row that was inserted and deleted on the way was never there.
    done.changes.retain(|change| change.before.is_some() || change.after.is_some());
    Ok(done)
}

/// Whether an operation is one of the document's, and not one that only reservations have.
#[must_use]
pub fn is_of_document(op: &Op) -> bool {
    !matches!(op, Op::Keep { .. } | Op::Restore { .. } | Op::Withdraw { .. })
}

/// Operations with their inputs filled in, for a session.
#[must_use]
pub fn actions(plan: &Plan, ops: &[Op], env: &Env<'_>) -> Vec<Action> {
    let none: Sym = plan.words.missing;
    let action = |op: &Op| match op {
        Op::Insert { key, fields } => {
            let fields = fields.iter().map(|(name, expr)| (*name, expr.fill(env, none))).collect();
            Action::Insert { key: key.fill(env), row: Row::new(fields) }
        }
        Op::Set { key, field, to, missing } => Action::Set {
            key: key.fill(env),
            field: *field,
            to: to.fill(env, none),
            missing: *missing,
        },
        Op::Add { key, field, by, min, max, refusal, missing } => Action::Add {
            key: key.fill(env),
            field: *field,
            by: by.fill(env, none).as_int().unwrap_or(0),
            min: *min,
            max: *max,
            refusal: *refusal,
            missing: *missing,
        },
        Op::Append { key, field, item } => Action::Append {
            key: key.fill(env),
            field: *field,
            item: item.fill(env, none).as_int().unwrap_or(0),
        },
        Op::Read { key } => Action::Read { key: key.fill(env) },
        Op::Delete { key } => Action::Delete { key: key.fill(env) },
        Op::Keep { .. } | Op::Restore { .. } | Op::Withdraw { .. } => {
            unreachable!("only reservations have these; they run in no session and say no facts")
        }
    };
    ops.iter().map(action).collect()
}
