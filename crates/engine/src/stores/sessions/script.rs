//! A step of a flow as statements: which rows it asks for, what it makes of what it finds.

use std::collections::VecDeque;

use super::super::transactions::{Found, OnLocked, Predicate, Statement, Strength};
use crate::event::Refusal;
use crate::ids::Sym;
use crate::value::{Key, Row, Value};

/// An operation with its inputs filled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Inserts a row.
    Insert {
        /// Its key.
        key: Key,
        /// The row.
        row: Row,
    },
    /// Sets a field.
    Set {
        /// The row.
        key: Key,
        /// The field.
        field: Sym,
        /// Its value.
        to: Value,
        /// The word where the row is missing.
        missing: Sym,
    },
    /// Adds to a field.
    Add {
        /// The row.
        key: Key,
        /// The field.
        field: Sym,
        /// What.
        by: i64,
        /// The least result allowed.
        min: Option<i64>,
        /// The greatest result allowed.
        max: Option<i64>,
        /// The word where a bound would be broken.
        refusal: Sym,
        /// The word where the row is missing.
        missing: Sym,
    },
    /// Appends to a list.
    Append {
        /// The row.
        key: Key,
        /// The field.
        field: Sym,
        /// What.
        item: i64,
    },
    /// Reads a row.
    Read {
        /// The row.
        key: Key,
    },
    /// Deletes a row.
    Delete {
        /// The row.
        key: Key,
    },
}

/// What a script does next.
pub(super) enum Next {
    Ask(Statement),
    Pause,
    Done,
    Refuse(Refusal),
}

/// Where the action at hand stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
enum Stage {
    /// Nothing was asked yet.
    #[default]
    Begins,
    /// Its row was asked for.
    Reads,
    /// It knows what to write, and somebody may come between.
    Holds(Statement),
    /// Its write was asked for.
    Writes,
}

/// A step under way.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Script {
    actions: VecDeque<Action>,
    stage: Stage,
    reads: Vec<(Key, Option<Row>)>,
}

impl Action {
    /// The row that it works on.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Insert { key, .. }
            | Self::Set { key, .. }
            | Self::Add { key, .. }
            | Self::Append { key, .. }
            | Self::Read { key }
            | Self::Delete { key } => *key,
        }
    }

    /// The first statement, and whether it is the only one.
    fn first(&self, reads_then_writes: bool) -> (Statement, bool) {
        let key = self.key();
        let select = |lock| Statement::Select {
            table: key.table,
            filter: Predicate::id(key.id),
            lock,
            on_locked: OnLocked::Wait,
        };
        match self {
            Self::Insert { row, .. } => (Statement::Insert { key, row: row.clone() }, true),
            Self::Delete { .. } => {
                (Statement::Delete { table: key.table, filter: Predicate::id(key.id) }, true)
            }
            Self::Read { .. } => (select(None), false),
            Self::Add { .. } | Self::Append { .. } if reads_then_writes => (select(None), false),
            Self::Set { .. } | Self::Add { .. } | Self::Append { .. } => {
                (select(Some(Strength::NoKeyUpdate)), false)
            }
        }
    }

    /// What to write for the row that was found.
    fn second(&self, row: Option<&Row>) -> Result<Option<Statement>, Refusal> {
        let key = self.key();
        let after = match self {
            Self::Insert { .. } | Self::Read { .. } | Self::Delete { .. } => return Ok(None),
            Self::Set { field, to, missing, .. } => {
                let mut row = row.cloned().ok_or(Refusal::Missing(*missing))?;
                row.set(*field, to.clone());
                row
            }
            Self::Add { field, by, min, max, refusal, missing, .. } => {
                let mut row = row.cloned().ok_or(Refusal::Missing(*missing))?;
                let old = row.get(*field).and_then(Value::as_int).unwrap_or(0);
                let new = old.checked_add(*by).ok_or(Refusal::Bound(*refusal))?;
                if min.is_some_and(|min| new < min) || max.is_some_and(|max| new > max) {
                    return Err(Refusal::Bound(*refusal));
                }
                row.set(*field, Value::Int(new));
                row
            }
            Self::Append { field, item, .. } => {
                let mut after = row.cloned().unwrap_or_default();
                let mut items = match after.get(*field) {
                    Some(Value::List(items)) => items.to_vec(),
                    _ => Vec::new(),
                };
                items.push(*item);
                after.set(*field, Value::List(items.into()));
                after
            }
        };
        Ok(Some(match row {
            Some(_) => Statement::Replace { key, row: after },
            None => Statement::Insert { key, row: after },
        }))
    }
}

impl Script {
    pub(super) fn new(actions: Vec<Action>) -> Self {
        Self { actions: actions.into(), ..Self::default() }
    }

    pub(super) fn take_reads(&mut self) -> Vec<(Key, Option<Row>)> {
        std::mem::take(&mut self.reads)
    }

    /// What to do next. `found` is what came of the statement that was asked for last; without it a
    /// pause is over, or the script begins.
    pub(super) fn next(&mut self, found: Option<Found>, reads_then_writes: bool) -> Next {
        let mut found = found;
        loop {
            let Some(action) = self.actions.front() else { return Next::Done };
            match std::mem::take(&mut self.stage) {
                Stage::Begins => {
                    let (statement, is_only) = action.first(reads_then_writes);
                    self.stage = if is_only { Stage::Writes } else { Stage::Reads };
                    return Next::Ask(statement);
                }
                Stage::Reads => {
                    let row =
                        found.take().and_then(|found| found.rows.into_iter().next()).map(|r| r.1);
                    let is_plain = matches!(action, Action::Read { .. });
                    let pauses = reads_then_writes
                        && matches!(action, Action::Add { .. } | Action::Append { .. });
                    if is_plain || pauses {
                        self.reads.push((action.key(), row.clone()));
                    }
                    match action.second(row.as_ref()) {
                        Err(why) => return Next::Refuse(why),
                        Ok(None) => {
                            self.actions.pop_front();
                        }
                        Ok(Some(statement)) if pauses => {
                            self.stage = Stage::Holds(statement);
                            return Next::Pause;
                        }
                        Ok(Some(statement)) => {
                            self.stage = Stage::Writes;
                            return Next::Ask(statement);
                        }
                    }
                }
                Stage::Holds(statement) => {
                    self.stage = Stage::Writes;
                    return Next::Ask(statement);
                }
                Stage::Writes => {
                    self.actions.pop_front();
                }
            }
        }
    }
}
