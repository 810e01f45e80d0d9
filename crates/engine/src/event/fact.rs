//! What an event of a stream says about the row that the stream adds up to.

use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::Sym;
use crate::value::{Row, Value};

/// One event of a stream: what happened to a row, not what the row is after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// The row came to be, with these fields.
    Created(Row),
    /// A field was given a value.
    Set {
        /// The field.
        field: Sym,
        /// Its value.
        to: Value,
    },
    /// A number was added to a field.
    Added {
        /// The field.
        field: Sym,
        /// What; below zero where it was taken away.
        by: i64,
    },
    /// A number was appended to a list; the row comes to be where it was not there.
    Appended {
        /// The field.
        field: Sym,
        /// The number.
        item: i64,
    },
    /// The row ceased to be.
    Deleted,
}

impl Fact {
    /// Folds it into the row. One that finds no row to change leaves none, but for the two that
    /// bring it about.
    pub fn apply(&self, row: &mut Option<Row>) {
        match self {
            Self::Created(created) => *row = Some(created.clone()),
            Self::Set { field, to } => {
                if let Some(row) = row {
                    row.set(*field, to.clone());
                }
            }
            Self::Added { field, by } => {
                if let Some(row) = row {
                    let old = row.get(*field).and_then(Value::as_int).unwrap_or(0);
                    // The sum was in range when the event was written.
                    row.set(*field, Value::Int(old.saturating_add(*by)));
                }
            }
            Self::Appended { field, item } => {
                let row = row.get_or_insert_default();
                let mut items = match row.get(*field) {
                    Some(Value::List(items)) => items.to_vec(),
                    _ => Vec::new(),
                };
                items.push(*item);
                row.set(*field, Value::List(items.into()));
            }
            Self::Deleted => *row = None,
        }
    }

    /// The facts that lead from one value of a row to another, where nobody says what was meant.
    #[must_use]
    pub fn between(before: Option<&Row>, after: Option<&Row>) -> Vec<Self> {
        match (before, after) {
            (before, after) if before == after => Vec::new(),
            (_, None) => vec![Self::Deleted],
            (None, Some(after)) => vec![Self::Created(after.clone())],
            (Some(before), Some(after)) => {
                if before.fields().any(|(field, _)| after.get(field).is_none()) {
                    // No event takes a single field away: the row comes to be anew.
                    return vec![Self::Created(after.clone())];
                }
                let changed =
                    after.fields().filter(|(field, value)| before.get(*field) != Some(value));
                changed.map(|(field, to)| Self::Set { field, to: to.clone() }).collect()
            }
        }
    }
}

impl Canon for Fact {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Created(row) => {
                h.write_u8(0);
                row.canon(h);
            }
            Self::Set { field, to } => {
                h.write_u8(1);
                h.write_u32(field.0);
                to.canon(h);
            }
            Self::Added { field, by } => {
                h.write_u8(2);
                h.write_u32(field.0);
                h.write_i64(*by);
            }
            Self::Appended { field, item } => {
                h.write_u8(3);
                h.write_u32(field.0);
                h.write_i64(*item);
            }
            Self::Deleted => h.write_u8(4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fields: &[(u32, i64)]) -> Row {
        Row::new(fields.iter().map(|(name, n)| (Sym(*name), Value::Int(*n))).collect())
    }

    /// Whatever a row was and is, the facts between the two lead from the one to the other.
    #[test]
    fn facts_between_two_rows_lead_from_one_to_the_other() {
        let rows = [
            None,
            Some(row(&[])),
            Some(row(&[(1, 1)])),
            Some(row(&[(1, 2)])),
            Some(row(&[(2, 1)])),
            Some(row(&[(1, 1), (2, 1)])),
        ];
        for before in &rows {
            for after in &rows {
                let mut now = before.clone();
                let facts = Fact::between(before.as_ref(), after.as_ref());
                facts.iter().for_each(|fact| fact.apply(&mut now));
                assert_eq!(now, *after, "{before:?} {facts:?}");
                assert_eq!(facts.is_empty(), before == after);
            }
        }
    }

    #[test]
    fn a_fact_that_finds_no_row_leaves_none() {
        let (field, item) = (Sym(1), 5);
        for fact in [Fact::Set { field, to: Value::Int(1) }, Fact::Added { field, by: 1 }] {
            let mut none = None;
            fact.apply(&mut none);
            assert_eq!(none, None);
        }
        let mut none = None;
        Fact::Appended { field, item }.apply(&mut none);
        assert_eq!(none, Some(Row::new(vec![(field, Value::List(vec![5].into()))])));
    }
}
