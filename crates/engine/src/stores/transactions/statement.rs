//! Statements: what a session asks of a database.

use super::super::locks::{End, KeySpan, Mode};
use super::isolation::modes;
use crate::ids::Sym;
use crate::value::{Key, KeyPart, Row, Value};

/// A value that is worked out for a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expr {
    /// A constant.
    Is(KeyPart),
    /// The row's key within its table.
    Id,
    /// A field of the row.
    Field(Sym),
    /// Two numbers put together.
    Of(Box<Expr>, Arithmetic, Box<Expr>),
}

/// What is done with two numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arithmetic {
    /// The sum.
    Plus,
    /// The difference.
    Minus,
    /// The product.
    Times,
    /// The remainder of the division.
    Modulo,
}

/// How two values compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compare {
    /// They are equal.
    Eq,
    /// They are not.
    Ne,
    /// The first is less.
    Lt,
    /// The first is less or equal.
    Le,
    /// The first is greater.
    Gt,
    /// The first is greater or equal.
    Ge,
}

/// Which rows a statement is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Predicate {
    /// All.
    True,
    /// Those for which two values compare so. A value that cannot be worked out compares to none.
    Cmp(Expr, Compare, Expr),
    /// Those of which all hold.
    All(Vec<Predicate>),
    /// Those of which any holds.
    Any(Vec<Predicate>),
    /// The others.
    Not(Box<Predicate>),
}

/// How strongly a read locks its rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strength {
    /// `FOR KEY SHARE`.
    KeyShare,
    /// `FOR SHARE`.
    Share,
    /// `FOR NO KEY UPDATE`.
    NoKeyUpdate,
    /// `FOR UPDATE`.
    Update,
}

impl Strength {
    /// The lock mode.
    #[must_use]
    pub fn mode(self) -> Mode {
        match self {
            Self::KeyShare => modes::KEY_SHARE,
            Self::Share => modes::SHARE,
            Self::NoKeyUpdate => modes::NO_KEY_UPDATE,
            Self::Update => modes::EXCLUSIVE,
        }
    }
}

/// What a statement does about a row that somebody else has locked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnLocked {
    /// It waits.
    #[default]
    Wait,
    /// It fails (`NOWAIT`).
    Fail,
    /// It passes over the row (`SKIP LOCKED`).
    Skip,
}

/// A statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Statement {
    /// Reads rows, and locks them where that is asked for.
    Select {
        /// From where.
        table: Sym,
        /// Which.
        filter: Predicate,
        /// How strongly they are locked.
        lock: Option<Strength>,
        /// What to do about locked ones.
        on_locked: OnLocked,
    },
    /// Adds a row; fails where there is one with this key.
    Insert {
        /// Its key.
        key: Key,
        /// The row.
        row: Row,
    },
    /// Sets fields of rows.
    Update {
        /// Of which table.
        table: Sym,
        /// Which.
        filter: Predicate,
        /// The fields and their values, worked out from the row before.
        set: Vec<(Sym, Expr)>,
    },
    /// Puts a row in the place of the one with this key; does nothing where there is none.
    Replace {
        /// Its key.
        key: Key,
        /// The row.
        row: Row,
    },
    /// Removes rows.
    Delete {
        /// From where.
        table: Sym,
        /// Which.
        filter: Predicate,
    },
    /// Locks a whole table.
    LockTable {
        /// Which.
        table: Sym,
        /// In which mode.
        mode: Mode,
        /// What to do where it is locked; it cannot be passed over.
        on_locked: OnLocked,
    },
}

impl Statement {
    /// A plain read.
    #[must_use]
    pub fn select(table: Sym, filter: Predicate) -> Self {
        Self::Select { table, filter, lock: None, on_locked: OnLocked::Wait }
    }

    /// The table, and the mode in which a statement locks it.
    pub(super) fn table(&self) -> (Sym, Mode) {
        match self {
            Self::Select { table, lock: None, .. } => (*table, modes::ACCESS_SHARE),
            Self::Select { table, .. } => (*table, modes::ROW_SHARE),
            Self::Insert { key, .. } | Self::Replace { key, .. } => {
                (key.table, modes::ROW_EXCLUSIVE)
            }
            Self::Update { table, .. } | Self::Delete { table, .. } => {
                (*table, modes::ROW_EXCLUSIVE)
            }
            Self::LockTable { table, mode, .. } => (*table, *mode),
        }
    }

    /// What it does about locked rows.
    pub(super) fn on_locked(&self) -> OnLocked {
        match self {
            Self::Select { on_locked, .. } | Self::LockTable { on_locked, .. } => *on_locked,
            Self::Insert { .. }
            | Self::Update { .. }
            | Self::Replace { .. }
            | Self::Delete { .. } => OnLocked::Wait,
        }
    }
}

impl Expr {
    /// Its value for a row; `None` where the row has no such field, the value is no number where
    /// one is needed, or the arithmetic has no result.
    #[must_use]
    pub fn eval(&self, id: KeyPart, row: &Row) -> Option<KeyPart> {
        match self {
            Self::Is(value) => Some(*value),
            Self::Id => Some(id),
            Self::Field(field) => match row.get(*field)? {
                Value::Int(n) => Some(KeyPart::Int(*n)),
                Value::Text(sym) => Some(KeyPart::Text(*sym)),
                Value::List(_) => None,
            },
            Self::Of(a, operation, b) => {
                let (KeyPart::Int(a), KeyPart::Int(b)) = (a.eval(id, row)?, b.eval(id, row)?)
                else {
                    return None;
                };
                let result = match operation {
                    Arithmetic::Plus => a.checked_add(b),
                    Arithmetic::Minus => a.checked_sub(b),
                    Arithmetic::Times => a.checked_mul(b),
                    Arithmetic::Modulo => a.checked_rem(b),
                };
                result.map(KeyPart::Int)
            }
        }
    }

    /// Its value where it is the same for all rows.
    fn constant(&self) -> Option<KeyPart> {
        match self {
            Self::Is(value) => Some(*value),
            Self::Id | Self::Field(_) => None,
            Self::Of(a, _, b) => {
                a.constant().and(b.constant())?;
                self.eval(KeyPart::Int(0), &Row::default())
            }
        }
    }
}

impl Compare {
    fn holds(self, a: KeyPart, b: KeyPart) -> bool {
        match self {
            Self::Eq => a == b,
            Self::Ne => a != b,
            Self::Lt => a < b,
            Self::Le => a <= b,
            Self::Gt => a > b,
            Self::Ge => a >= b,
        }
    }

    /// The same with its sides exchanged.
    fn turned(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Eq | Self::Ne => self,
        }
    }
}

impl Predicate {
    /// Rows with this key.
    #[must_use]
    pub fn id(key: KeyPart) -> Self {
        Self::Cmp(Expr::Id, Compare::Eq, Expr::Is(key))
    }

    /// Whether it holds for a row.
    #[must_use]
    pub fn holds(&self, id: KeyPart, row: &Row) -> bool {
        match self {
            Self::True => true,
            Self::Cmp(a, compare, b) => match (a.eval(id, row), b.eval(id, row)) {
                (Some(a), Some(b)) => compare.holds(a, b),
                _ => false,
            },
            Self::All(parts) => parts.iter().all(|part| part.holds(id, row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(id, row)),
            Self::Not(part) => !part.holds(id, row),
        }
    }

    /// Spans outside of which no key can match: what a scan by the key would look at.
    #[must_use]
    pub fn spans(&self) -> Vec<KeySpan> {
        match self {
            Self::True | Self::Not(_) => vec![KeySpan::ALL],
            Self::Cmp(a, compare, b) => match (a, a.constant(), b, b.constant()) {
                (Expr::Id, _, _, Some(key)) => vec![span(*compare, key)],
                (_, Some(key), Expr::Id, _) => vec![span(compare.turned(), key)],
                _ => vec![KeySpan::ALL],
            },
            Self::All(parts) => parts.iter().fold(vec![KeySpan::ALL], |spans, part| {
                let others = part.spans();
                let meets = |span: &KeySpan| {
                    others.iter().filter_map(|other| span.meet(other)).collect::<Vec<_>>()
                };
                spans.iter().flat_map(meets).collect()
            }),
            Self::Any(parts) => {
                let mut spans: Vec<KeySpan> = parts.iter().flat_map(Self::spans).collect();
                spans.sort_unstable();
                spans.dedup();
                spans
            }
        }
    }
}

fn span(compare: Compare, key: KeyPart) -> KeySpan {
    let end = |with| -> End { Some((key, with)) };
    match compare {
        Compare::Eq => KeySpan::point(key),
        Compare::Ne => KeySpan::ALL,
        Compare::Lt => KeySpan { from: None, to: end(false) },
        Compare::Le => KeySpan { from: None, to: end(true) },
        Compare::Gt => KeySpan { from: end(false), to: None },
        Compare::Ge => KeySpan { from: end(true), to: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key that matches lies in one of the predicate's spans, whatever the predicate.
    #[test]
    fn no_match_lies_outside_the_spans() {
        let id = |compare, n| Predicate::Cmp(Expr::Id, compare, Expr::Is(KeyPart::Int(n)));
        let mut predicates = vec![Predicate::True];
        for compare in
            [Compare::Eq, Compare::Ne, Compare::Lt, Compare::Le, Compare::Gt, Compare::Ge]
        {
            predicates.push(id(compare, 2));
            predicates.push(Predicate::Cmp(Expr::Is(KeyPart::Int(2)), compare, Expr::Id));
        }
        let simple = predicates.clone();
        for a in &simple {
            for b in &simple {
                predicates.push(Predicate::All(vec![a.clone(), b.clone()]));
                predicates.push(Predicate::Any(vec![a.clone(), b.clone()]));
                predicates.push(Predicate::Not(Box::new(Predicate::Any(vec![a.clone()]))));
            }
        }
        let mut narrow = 0;
        for predicate in &predicates {
            let spans = predicate.spans();
            narrow += usize::from(!spans.contains(&KeySpan::ALL));
            for key in (0..5).map(KeyPart::Int) {
                let is_inside = spans.iter().any(|span| span.contains(&key));
                assert!(is_inside || !predicate.holds(key, &Row::default()), "{predicate:?}");
            }
        }
        assert!(narrow > predicates.len() / 2, "most of these narrow the keys down");
    }
}
