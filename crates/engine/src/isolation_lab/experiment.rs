//! An experiment: rows, and a few short transactions over them.

use std::fmt;

use crate::ids::Sym;
use crate::lab::Statement;
use crate::value::{Key, Row};

/// The most bytes of an experiment's text.
pub const TEXT_MAX: usize = 16 * 1024;
/// The most tables.
pub const TABLES_MAX: usize = 4;
/// The most columns of a table, its key among them.
pub const COLUMNS_MAX: usize = 8;
/// The most rows.
pub const ROWS_MAX: usize = 32;
/// The most transactions.
pub const TRANSACTIONS_MAX: usize = 4;
/// The most statements of a transaction, its end not among them: with them no number of
/// interleavings is larger than 64 bits hold.
pub const STATEMENTS_MAX: usize = 7;
/// The most words and signs of one line.
pub const TOKENS_MAX: usize = 120;
/// How deep brackets and `not` may be nested.
pub const NESTING_MAX: u32 = 12;

/// A table: its name and its columns, the first of which is the key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// How it is known.
    pub name: Sym,
    /// The key's column, then the others.
    pub columns: Vec<Sym>,
}

/// How a transaction ends that nothing ends before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum End {
    /// It commits.
    #[default]
    Commit,
    /// It rolls back.
    Rollback,
}

impl End {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Rollback => "rollback",
        }
    }
}

/// A statement as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Its text, in one line.
    pub text: String,
    /// What it asks of the database.
    pub statement: Statement,
    /// The columns that a read shows.
    pub shown: Vec<Sym>,
}

/// A transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Script {
    /// Its name.
    pub name: String,
    /// Its statements in order.
    pub lines: Vec<Line>,
    /// How it ends.
    pub end: End,
}

/// An experiment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Experiment {
    /// What it is called.
    pub title: String,
    /// What it is about, in a sentence or two.
    pub about: String,
    /// The tables.
    pub tables: Vec<Table>,
    /// The rows before the transactions.
    pub rows: Vec<(Key, Row)>,
    /// The transactions.
    pub transactions: Vec<Script>,
    /// The names of tables and columns, and texts: what a [`Sym`] stands for.
    pub(super) names: Vec<String>,
}

impl Experiment {
    /// The name or text that a symbol stands for.
    #[must_use]
    pub fn name(&self, sym: Sym) -> &str {
        self.names.get(sym.ix()).map_or("", String::as_str)
    }

    /// The table of a name.
    #[must_use]
    pub fn table(&self, name: Sym) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// How many orders there are in which the transactions' steps can be issued when nothing waits
    /// or fails: the multinomial coefficient of their numbers of steps.
    #[must_use]
    pub fn orders(&self) -> u64 {
        let (mut orders, mut placed) = (1_u128, 0_u128);
        for script in &self.transactions {
            for nth in 1..=(script.lines.len() as u128 + 1) {
                placed += 1;
                // A product of consecutive binomial coefficients: each division leaves nothing over.
                orders = orders * placed / nth;
            }
        }
        u64::try_from(orders).unwrap_or(u64::MAX)
    }
}

/// What is wrong with an experiment's text: where, what, and what would be right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1 in characters.
    pub column: usize,
    /// What was found, and what is allowed there.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

impl std::error::Error for Mistake {}
