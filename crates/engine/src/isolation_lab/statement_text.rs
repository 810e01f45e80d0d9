//! Statements, conditions and values as text: the part of SQL that people know by heart.

use super::experiment::{Experiment, Mistake, NESTING_MAX, Table};
use super::tokens::Token;
use crate::ids::Sym;
use crate::lab::{Arithmetic, Compare, Expr, OnLocked, Predicate, Statement, Strength};
use crate::value::{Key, KeyPart, Row, Value};

/// The names and texts met so far. Names are the same in any case.
#[derive(Default)]
pub(super) struct Names(Vec<String>);

impl Names {
    pub(super) fn intern(&mut self, name: &str) -> Sym {
        self.text(&name.to_lowercase())
    }

    fn text(&mut self, text: &str) -> Sym {
        let at = self.0.iter().position(|other| other == text).unwrap_or_else(|| {
            self.0.push(text.to_owned());
            self.0.len() - 1
        });
        Sym(at as u32)
    }

    pub(super) fn into_list(self) -> Vec<String> {
        self.0
    }
}

/// Where in a line the reading is.
pub(super) struct Cursor {
    line: usize,
    tokens: Vec<(usize, Token)>,
    at: usize,
    end_column: usize,
}

impl Cursor {
    pub(super) fn new(line: usize, tokens: Vec<(usize, Token)>, end_column: usize) -> Self {
        Self { line, tokens, at: 0, end_column }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    /// A mistake about what stands here: `what` goes on from it.
    pub(super) fn mistake(&self, what: &str) -> Mistake {
        self.about(self.at, what)
    }

    /// A mistake about what was read last.
    pub(super) fn mistake_before(&self, what: &str) -> Mistake {
        self.about(self.at.saturating_sub(1), what)
    }

    /// A mistake about the line as a whole.
    pub(super) fn mistake_at_start(&self, what: &str) -> Mistake {
        let column = self.tokens.first().map_or(1, |(column, _)| *column);
        Mistake { line: self.line, column, what: what.to_owned() }
    }

    fn about(&self, at: usize, what: &str) -> Mistake {
        match self.tokens.get(at) {
            Some((column, token)) => Mistake {
                line: self.line,
                column: *column,
                what: format!("{} {what}", token.quoted()),
            },
            None => Mistake {
                line: self.line,
                column: self.end_column,
                what: format!("the end of the line {what}"),
            },
        }
    }

    /// Takes a keyword, if it is next.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let is_next =
            matches!(self.peek(), Some(Token::Word(other)) if other.eq_ignore_ascii_case(word));
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes a sign, if it is next.
    pub(super) fn sign(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Sign(other)) if *other == sign);
        self.at += usize::from(is_next);
        is_next
    }

    pub(super) fn expect(&mut self, sign: &str, wanted: &str) -> Result<(), Mistake> {
        if self.sign(sign) {
            Ok(())
        } else {
            Err(self.mistake(&format!("is not what belongs here: {wanted}")))
        }
    }

    fn keyword(&mut self, word: &str, wanted: &str) -> Result<(), Mistake> {
        if self.word(word) {
            Ok(())
        } else {
            Err(self.mistake(&format!("is not what belongs here: {wanted}")))
        }
    }

    /// Takes a name.
    pub(super) fn name(&mut self, wanted: &str, longest: usize) -> Result<String, Mistake> {
        match self.peek() {
            Some(Token::Word(word)) if word.chars().count() <= longest => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            Some(Token::Word(_)) => Err(self
                .mistake(&format!("is too long a name; names have at most {longest} characters"))),
            _ => Err(self.mistake(&format!("is not what belongs here: {wanted}"))),
        }
    }

    /// Nothing may follow.
    pub(super) fn end(&self) -> Result<(), Mistake> {
        if self.at == self.tokens.len() {
            Ok(())
        } else {
            Err(self.mistake(
                "follows what could be the end of the line; remove it, or begin a new line",
            ))
        }
    }
}

fn constant(cursor: &mut Cursor, names: &mut Names) -> Result<KeyPart, Mistake> {
    let is_negative = cursor.sign("-");
    let found = match cursor.peek() {
        Some(Token::Number(n)) => KeyPart::Int(if is_negative { -n } else { *n }),
        Some(Token::Text(text)) if !is_negative => KeyPart::Text(names.text(text)),
        _ => return Err(cursor.mistake("is not what belongs here: a number, or a text as in 'on'")),
    };
    cursor.at += 1;
    Ok(found)
}

fn value(part: KeyPart) -> Value {
    match part {
        KeyPart::Int(n) => Value::Int(n),
        KeyPart::Text(sym) => Value::Text(sym),
    }
}

/// A row's values, in the order of its table's columns, up to what is no comma.
pub(super) fn read_row(
    cursor: &mut Cursor,
    names: &mut Names,
    table: &Table,
) -> Result<(Key, Row), Mistake> {
    let mut parts = Vec::new();
    loop {
        if parts.len() == table.columns.len() {
            return Err(cursor.mistake(&format!(
                "is one value too many; the table has {} columns",
                parts.len()
            )));
        }
        parts.push(constant(cursor, names)?);
        if !cursor.sign(",") {
            break;
        }
    }
    if parts.len() < table.columns.len() {
        let missing =
            format!("comes too early: {} of {} values are there", parts.len(), table.columns.len());
        return Err(cursor.mistake(&missing));
    }
    let fields = table.columns.iter().zip(&parts).skip(1).map(|(name, part)| (*name, value(*part)));
    Ok((Key { table: table.name, id: parts[0] }, Row::new(fields.collect())))
}

/// A statement, and the columns that it shows.
pub(super) fn read_statement(
    cursor: &mut Cursor,
    names: &mut Names,
    experiment: &Experiment,
) -> Result<(Statement, Vec<Sym>), Mistake> {
    if cursor.word("select") {
        return select(cursor, names, experiment);
    }
    let statement = if cursor.word("update") {
        update(cursor, names, experiment)?
    } else if cursor.word("insert") {
        insert(cursor, names, experiment)?
    } else if cursor.word("delete") {
        cursor.keyword("from", "`from` and the table")?;
        let table = table(cursor, names, experiment)?;
        let filter = filter(cursor, names, &table)?;
        Statement::Delete { table: table.name, filter }
    } else {
        return Err(cursor.mistake(
            "is no statement of the laboratory; write `select`, `update`, `insert`, `delete`, `commit` or `rollback`",
        ));
    };
    Ok((statement, Vec::new()))
}

fn table(
    cursor: &mut Cursor,
    names: &mut Names,
    experiment: &Experiment,
) -> Result<Table, Mistake> {
    let name = cursor.name("the name of a table", usize::MAX)?;
    let sym = names.intern(&name);
    experiment.table(sym).cloned().ok_or_else(|| {
        let all: Vec<String> = experiment
            .tables
            .iter()
            .map(|table| format!("`{}`", names.0[table.name.ix()]))
            .collect();
        let known = if all.is_empty() {
            "none; write `table …` first".to_owned()
        } else {
            all.join(", ")
        };
        cursor.mistake_before(&format!("is no table here; there is {known}"))
    })
}

fn column(cursor: &mut Cursor, names: &mut Names, table: &Table) -> Result<Sym, Mistake> {
    let name = cursor.name("the name of a column", usize::MAX)?;
    let sym = names.intern(&name);
    if table.columns.contains(&sym) {
        return Ok(sym);
    }
    let all: Vec<String> =
        table.columns.iter().map(|column| format!("`{}`", names.0[column.ix()])).collect();
    Err(cursor.mistake_before(&format!("is no column of the table; it has {}", all.join(", "))))
}

fn select(
    cursor: &mut Cursor,
    names: &mut Names,
    experiment: &Experiment,
) -> Result<(Statement, Vec<Sym>), Mistake> {
    // The columns can be understood only once the table is known.
    let from = cursor.at;
    let is_from = |token: &(usize, Token)| matches!(&token.1, Token::Word(word) if word.eq_ignore_ascii_case("from"));
    let Some(length) = cursor.tokens[from..].iter().position(is_from) else {
        cursor.at = cursor.tokens.len();
        return Err(cursor.mistake("comes too early; write `select … from TABLE`"));
    };
    cursor.at = from + length + 1;
    let table = table(cursor, names, experiment)?;
    let rest = std::mem::replace(&mut cursor.at, from);
    let mut shown = Vec::new();
    if cursor.sign("*") {
        shown.clone_from(&table.columns);
    } else {
        loop {
            shown.push(column(cursor, names, &table)?);
            if !cursor.sign(",") {
                break;
            }
        }
    }
    cursor.keyword("from", "`,` and another column, or `from`")?;
    cursor.at = rest;
    let filter = filter(cursor, names, &table)?;
    let lock = if cursor.word("for") {
        if cursor.word("update") {
            Some(Strength::Update)
        } else if cursor.word("share") {
            Some(Strength::Share)
        } else {
            return Err(cursor.mistake("is not what belongs here: `update` or `share`"));
        }
    } else {
        None
    };
    Ok((Statement::Select { table: table.name, filter, lock, on_locked: OnLocked::Wait }, shown))
}

fn update(
    cursor: &mut Cursor,
    names: &mut Names,
    experiment: &Experiment,
) -> Result<Statement, Mistake> {
    let table = table(cursor, names, experiment)?;
    cursor.keyword("set", "`set` and a column")?;
    let mut set = Vec::new();
    loop {
        let name = column(cursor, names, &table)?;
        if table.columns.first() == Some(&name) {
            return Err(
                cursor.mistake_before("is the key, which stays; delete the row and insert another")
            );
        }
        cursor.expect("=", "`=` and a value")?;
        set.push((name, Reading { names, table: &table, depth: 0 }.sum(cursor)?));
        if !cursor.sign(",") {
            break;
        }
    }
    let filter = filter(cursor, names, &table)?;
    Ok(Statement::Update { table: table.name, filter, set })
}

fn insert(
    cursor: &mut Cursor,
    names: &mut Names,
    experiment: &Experiment,
) -> Result<Statement, Mistake> {
    cursor.keyword("into", "`into` and the table")?;
    let mut table = table(cursor, names, experiment)?;
    let count = table.columns.len();
    if cursor.sign("(") {
        let key = table.columns[0];
        let mut columns = Vec::new();
        loop {
            columns.push(column(cursor, names, &table)?);
            if !cursor.sign(",") {
                break;
            }
        }
        cursor.expect(")", "`,` and another column, or `)`")?;
        if columns.len() != count || columns[0] != key {
            return Err(cursor.mistake_before(
                "ends a list that is not right; name every column once, the key first",
            ));
        }
        table.columns = columns;
    }
    cursor.keyword("values", "`values` and a row in brackets")?;
    cursor.expect("(", "a row in brackets")?;
    let (key, row) = read_row(cursor, names, &table)?;
    cursor.expect(")", "`)`")?;
    Ok(Statement::Insert { key, row })
}

fn filter(cursor: &mut Cursor, names: &mut Names, table: &Table) -> Result<Predicate, Mistake> {
    if cursor.word("where") {
        Reading { names, table, depth: 0 }.any(cursor)
    } else {
        Ok(Predicate::True)
    }
}

/// Reads conditions and values.
struct Reading<'a> {
    names: &'a mut Names,
    table: &'a Table,
    depth: u32,
}

impl Reading<'_> {
    fn deeper(&mut self, cursor: &Cursor) -> Result<(), Mistake> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(
                cursor.mistake(&format!("is nested too deeply; {NESTING_MAX} levels are allowed"))
            );
        }
        Ok(())
    }

    fn any(&mut self, cursor: &mut Cursor) -> Result<Predicate, Mistake> {
        let mut parts = vec![self.all(cursor)?];
        while cursor.word("or") {
            parts.push(self.all(cursor)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Predicate::Any(parts) })
    }

    fn all(&mut self, cursor: &mut Cursor) -> Result<Predicate, Mistake> {
        let mut parts = vec![self.one(cursor)?];
        while cursor.word("and") {
            parts.push(self.one(cursor)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Predicate::All(parts) })
    }

    fn one(&mut self, cursor: &mut Cursor) -> Result<Predicate, Mistake> {
        self.deeper(cursor)?;
        let found = self.condition(cursor);
        self.depth -= 1;
        found
    }

    fn condition(&mut self, cursor: &mut Cursor) -> Result<Predicate, Mistake> {
        if cursor.word("not") {
            return Ok(Predicate::Not(Box::new(self.one(cursor)?)));
        }
        if cursor.word("true") {
            return Ok(Predicate::True);
        }
        if cursor.word("false") {
            return Ok(Predicate::Any(Vec::new()));
        }
        let start = cursor.at;
        if cursor.sign("(") {
            // A bracket is around a condition or around a value; which, is known at its end.
            if let Ok(inner) = self.any(cursor)
                && cursor.sign(")")
            {
                return Ok(inner);
            }
            cursor.at = start;
        }
        let left = self.sum(cursor)?;
        let is_not = cursor.word("not");
        let found = if cursor.word("in") {
            cursor.expect("(", "values in brackets, as in `id in (1, 2)`")?;
            let mut options = Vec::new();
            loop {
                options.push(Predicate::Cmp(left.clone(), Compare::Eq, self.sum(cursor)?));
                if !cursor.sign(",") {
                    break;
                }
            }
            cursor.expect(")", "`,` and another value, or `)`")?;
            Predicate::Any(options)
        } else if cursor.word("between") {
            let low = Predicate::Cmp(left.clone(), Compare::Ge, self.sum(cursor)?);
            cursor.keyword("and", "`and` and the upper bound")?;
            Predicate::All(vec![low, Predicate::Cmp(left, Compare::Le, self.sum(cursor)?)])
        } else {
            let signs = [
                ("=", Compare::Eq),
                ("==", Compare::Eq),
                ("<>", Compare::Ne),
                ("!=", Compare::Ne),
                ("<=", Compare::Le),
                (">=", Compare::Ge),
                ("<", Compare::Lt),
                (">", Compare::Gt),
            ];
            let Some((_, compare)) = signs.into_iter().find(|(sign, _)| cursor.sign(sign)) else {
                return Err(cursor.mistake("is not what belongs here: a comparison, as in `id = 1`, `in (…)` or `between … and …`"));
            };
            Predicate::Cmp(left, compare, self.sum(cursor)?)
        };
        Ok(if is_not { Predicate::Not(Box::new(found)) } else { found })
    }

    fn sum(&mut self, cursor: &mut Cursor) -> Result<Expr, Mistake> {
        let mut left = self.product(cursor)?;
        loop {
            let operation = if cursor.sign("+") {
                Arithmetic::Plus
            } else if cursor.sign("-") {
                Arithmetic::Minus
            } else {
                return Ok(left);
            };
            left = Expr::Of(Box::new(left), operation, Box::new(self.product(cursor)?));
        }
    }

    fn product(&mut self, cursor: &mut Cursor) -> Result<Expr, Mistake> {
        let mut left = self.atom(cursor)?;
        loop {
            let operation = if cursor.sign("*") {
                Arithmetic::Times
            } else if cursor.sign("%") {
                Arithmetic::Modulo
            } else {
                return Ok(left);
            };
            left = Expr::Of(Box::new(left), operation, Box::new(self.atom(cursor)?));
        }
    }

    fn atom(&mut self, cursor: &mut Cursor) -> Result<Expr, Mistake> {
        self.deeper(cursor)?;
        let found = self.operand(cursor);
        self.depth -= 1;
        found
    }

    fn operand(&mut self, cursor: &mut Cursor) -> Result<Expr, Mistake> {
        if cursor.sign("(") {
            let inner = self.sum(cursor)?;
            cursor.expect(")", "`)`")?;
            return Ok(inner);
        }
        match cursor.peek() {
            Some(Token::Number(_) | Token::Text(_) | Token::Sign("-")) => {
                Ok(Expr::Is(constant(cursor, self.names)?))
            }
            Some(Token::Word(_)) => {
                let name = column(cursor, self.names, self.table)?;
                Ok(if self.table.columns.first() == Some(&name) {
                    Expr::Id
                } else {
                    Expr::Field(name)
                })
            }
            _ => Err(cursor.mistake("is not what belongs here: a number, a text or a column")),
        }
    }
}
