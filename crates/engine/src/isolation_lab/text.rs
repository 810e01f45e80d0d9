//! Experiments as text.
//!
//! A title, a sentence, tables with their rows, and transactions with a statement on each line.
//! `docs/isolation-laboratory.md` is the reference.

use super::experiment::{
    COLUMNS_MAX, End, Experiment, Line, Mistake, ROWS_MAX, STATEMENTS_MAX, Script, TABLES_MAX,
    TEXT_MAX, TRANSACTIONS_MAX, Table,
};
use super::statement_text::{Cursor, Names, read_row, read_statement};
use super::tokens::{Token, tokens};

/// The most characters of a name.
const NAME_MAX: usize = 32;

/// What the lines that are being read belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Head,
    Table(usize),
    Transaction(usize),
}

/// What a line says.
enum Said {
    Statement(Box<Line>),
    End(End),
    Begin,
}

/// Reads an experiment.
///
/// # Errors
/// Every line that cannot be read, with its place and what would be right; an experiment without
/// transactions to interleave.
pub fn read(text: &str) -> Result<Experiment, Vec<Mistake>> {
    if text.len() > TEXT_MAX {
        let what =
            format!("the text has {} bytes; an experiment has at most {TEXT_MAX}", text.len());
        return Err(vec![Mistake { line: 1, column: 1, what }]);
    }
    let mut reader = Reader::default();
    for (at, line) in text.lines().enumerate() {
        if let Err(mistake) = reader.line(at + 1, line) {
            reader.mistakes.push(mistake);
        }
    }
    reader.finish(text.lines().count().max(1))
}

struct Reader {
    experiment: Experiment,
    names: Names,
    section: Section,
    ended: bool,
    mistakes: Vec<Mistake>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            experiment: Experiment::default(),
            names: Names::default(),
            section: Section::Head,
            ended: false,
            mistakes: Vec::new(),
        }
    }
}

impl Reader {
    fn line(&mut self, number: usize, text: &str) -> Result<(), Mistake> {
        let trimmed = text.trim();
        for (name, is_title) in [("title:", true), ("about:", false)] {
            let start = trimmed.get(..name.len()).unwrap_or_default();
            if self.section == Section::Head && start.eq_ignore_ascii_case(name) {
                let said = trimmed[name.len()..].trim();
                let into =
                    if is_title { &mut self.experiment.title } else { &mut self.experiment.about };
                if !into.is_empty() {
                    into.push(' ');
                }
                into.push_str(said);
                return Ok(());
            }
        }
        let mut tokens = tokens(number, text)?;
        if matches!(tokens.last(), Some((_, Token::Sign(";")))) {
            tokens.pop();
        }
        if tokens.is_empty() {
            return Ok(());
        }
        let mut cursor = Cursor::new(number, tokens, text.chars().count() + 1);
        if cursor.word("table") {
            return self.table(&mut cursor);
        }
        if cursor.word("transaction") {
            return self.transaction(&mut cursor);
        }
        match self.section {
            Section::Head => Err(cursor.mistake(
                "is not what an experiment begins with; write `title: …`, `about: …`, `table NAME (id, …)` or `transaction NAME`",
            )),
            Section::Table(at) => self.row(at, &mut cursor),
            Section::Transaction(at) => self.step(at, &mut cursor, trimmed),
        }
    }

    fn table(&mut self, cursor: &mut Cursor) -> Result<(), Mistake> {
        if self.experiment.tables.len() == TABLES_MAX {
            return Err(
                cursor.mistake(&format!("is one table too many; there are at most {TABLES_MAX}"))
            );
        }
        let name = self.names.intern(&cursor.name("the table's name", NAME_MAX)?);
        if self.experiment.table(name).is_some() {
            return Err(
                cursor.mistake_before("is the name of a table already; give this one another")
            );
        }
        cursor.expect("(", "the columns in brackets, as in `table accounts (id, balance)`")?;
        let mut columns = Vec::new();
        loop {
            let column = self.names.intern(&cursor.name("a column's name", NAME_MAX)?);
            if columns.contains(&column) {
                return Err(
                    cursor.mistake_before("is a column already; give this one another name")
                );
            }
            columns.push(column);
            if columns.len() > COLUMNS_MAX {
                return Err(cursor.mistake_before(&format!(
                    "is one column too many; there are at most {COLUMNS_MAX}"
                )));
            }
            if !cursor.sign(",") {
                break;
            }
        }
        cursor.expect(")", "`,` and another column, or `)`")?;
        cursor.sign(":");
        self.experiment.tables.push(Table { name, columns });
        self.section = Section::Table(self.experiment.tables.len() - 1);
        cursor.end()
    }

    fn row(&mut self, table: usize, cursor: &mut Cursor) -> Result<(), Mistake> {
        if self.experiment.rows.len() == ROWS_MAX {
            return Err(
                cursor.mistake(&format!("begins one row too many; there are at most {ROWS_MAX}"))
            );
        }
        let table = self.experiment.tables[table].clone();
        let (key, row) = read_row(cursor, &mut self.names, &table)?;
        cursor.end()?;
        if self.experiment.rows.iter().any(|(other, _)| *other == key) {
            return Err(cursor
                .mistake_at_start("this row's key is that of a row before it; give it another"));
        }
        self.experiment.rows.push((key, row));
        Ok(())
    }

    fn transaction(&mut self, cursor: &mut Cursor) -> Result<(), Mistake> {
        if self.experiment.transactions.len() == TRANSACTIONS_MAX {
            return Err(cursor.mistake(&format!(
                "is one transaction too many; there are at most {TRANSACTIONS_MAX}"
            )));
        }
        let name = cursor.name("the transaction's name", NAME_MAX)?;
        if self.experiment.transactions.iter().any(|other| other.name == name) {
            return Err(cursor
                .mistake_before("is the name of a transaction already; give this one another"));
        }
        cursor.sign(":");
        self.experiment.transactions.push(Script { name, lines: Vec::new(), end: End::default() });
        self.section = Section::Transaction(self.experiment.transactions.len() - 1);
        self.ended = false;
        cursor.end()
    }

    fn step(&mut self, at: usize, cursor: &mut Cursor, text: &str) -> Result<(), Mistake> {
        if self.ended {
            return Err(cursor.mistake("stands behind the end of the transaction; move the `commit` or `rollback` to the end"));
        }
        let said = if cursor.word("commit") {
            Said::End(End::Commit)
        } else if cursor.word("rollback") || cursor.word("abort") {
            Said::End(End::Rollback)
        } else if cursor.word("begin") {
            Said::Begin
        } else {
            let (statement, shown) = read_statement(cursor, &mut self.names, &self.experiment)?;
            let text =
                text.split("--").next().unwrap_or(text).trim().trim_end_matches(';').trim_end();
            Said::Statement(Box::new(Line { text: text.to_owned(), statement, shown }))
        };
        cursor.end()?;
        let script = &mut self.experiment.transactions[at];
        match said {
            Said::Begin if script.lines.is_empty() => {}
            Said::Begin => {
                return Err(cursor.mistake_at_start(
                    "a transaction begins by itself, before its first statement; remove this line",
                ));
            }
            Said::End(end) => {
                script.end = end;
                self.ended = true;
            }
            Said::Statement(_) if script.lines.len() == STATEMENTS_MAX => {
                return Err(cursor.mistake_at_start(&format!(
                    "this is one statement too many; a transaction has at most {STATEMENTS_MAX}"
                )));
            }
            Said::Statement(line) => script.lines.push(*line),
        }
        Ok(())
    }

    fn finish(mut self, lines: usize) -> Result<Experiment, Vec<Mistake>> {
        let mut missing = |what: &str| {
            self.mistakes.push(Mistake { line: lines, column: 1, what: what.to_owned() });
        };
        let transactions = &self.experiment.transactions;
        if transactions.len() < 2 {
            missing(
                "an experiment needs two transactions at least; add `transaction NAME` and its statements",
            );
        } else if let Some(empty) = transactions.iter().find(|script| script.lines.is_empty()) {
            let what =
                format!("transaction {} has no statement; give it one, or remove it", empty.name);
            missing(&what);
        }
        if !self.mistakes.is_empty() {
            return Err(self.mistakes);
        }
        if self.experiment.title.is_empty() {
            self.experiment.title = "An experiment".to_owned();
        }
        self.experiment.names = self.names.into_list();
        Ok(self.experiment)
    }
}
