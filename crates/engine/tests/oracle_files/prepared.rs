//! What PostgreSQL does with prepared transactions: each check is a little dialogue, whose answers
//! are written down as the driver prints them.

use interleave_engine::ids::Sym;
use interleave_engine::lab::{
    DbError, Dialect, Ended, Isolation, Lab, Level, Method, Outcome, Predicate, Statement,
    TimeLimit,
};
use interleave_engine::value::{Key, KeyPart, Row, Value as Cell};
use serde_json::Value;

use super::record::{Not, same, text};
use super::sql::{self, VALUE};

const TABLE: Sym = Sym(1);

/// Two sessions on a table with one row.
struct Dialogue {
    lab: Lab,
    answers: Vec<String>,
}

fn failure(error: &DbError) -> String {
    format!("['err', '{}', '{error}']", error.code())
}

fn tag(tag: &str) -> String {
    format!("['ok', '{tag}', None]")
}

fn table(rows: &[Vec<String>]) -> String {
    let cells = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().map(|cell| format!("'{cell}'")).collect();
        format!("[{}]", cells.join(", "))
    };
    let rows: Vec<String> = rows.iter().map(cells).collect();
    format!("['ok', 'SELECT {}', [{}]]", rows.len(), rows.join(", "))
}

impl Dialogue {
    fn new(most_prepared: u32) -> Self {
        let dialect = Dialect { most_prepared, ..Dialect::postgres() };
        let isolation = Isolation::new(Level::ReadCommitted, Method::Versions);
        let row = |id, value| {
            let key = Key { table: TABLE, id: KeyPart::Int(id) };
            (key, Row::new(vec![(VALUE, Cell::Int(value))]))
        };
        Self { lab: Lab::new(dialect, isolation, [row(1, 10), row(2, 20)]), answers: Vec::new() }
    }

    /// One session has changed the row and prepared.
    fn with_prepared(gid: &str) -> Self {
        let mut dialogue = Self::new(64);
        dialogue.change("one", 1);
        dialogue.prepare("one", gid);
        dialogue.answers.clear();
        dialogue
    }

    fn update(id: i64) -> Statement {
        let value = sql::expr("value + 1").expect("the value is written here");
        let filter = Predicate::id(KeyPart::Int(id));
        Statement::Update { table: TABLE, filter, set: vec![(VALUE, value)] }
    }

    /// A session begins, where it has not, and changes a row.
    fn change(&mut self, session: &str, id: i64) -> Outcome {
        if self.lab.transaction(session).is_none() && self.lab.begin(session).is_err() {
            return Outcome::Failed(DbError::NoTransaction);
        }
        self.lab.statement(session, &Self::update(id))
    }

    fn say<T>(&mut self, result: Result<T, DbError>, answer: impl Fn(T) -> String) {
        let answer = match result {
            Ok(done) => answer(done),
            Err(error) => failure(&error),
        };
        self.answers.push(answer);
    }

    fn prepare(&mut self, session: &str, gid: &str) {
        let prepared = self.lab.prepare(session, gid);
        self.say(prepared, |ended| match ended {
            Some(Ended::Committed) => tag("PREPARE TRANSACTION"),
            Some(Ended::RolledBack) | None => tag("ROLLBACK"),
        });
    }

    fn commit_prepared(&mut self, session: &str, gid: &str) {
        let done = self.lab.commit_prepared(session, gid);
        self.say(done, |()| tag("COMMIT PREPARED"));
    }

    fn rollback_prepared(&mut self, session: &str, gid: &str) {
        let done = self.lab.rollback_prepared(session, gid);
        self.say(done, |()| tag("ROLLBACK PREPARED"));
    }

    /// A session reads the row.
    fn read(&mut self, session: &str) {
        let select = Statement::select(TABLE, Predicate::id(KeyPart::Int(1)));
        let answer = match self.lab.statement(session, &select) {
            Outcome::Done(found) => {
                let value = |row: &Row| row.get(VALUE).and_then(Cell::as_int).unwrap_or_default();
                let cells = found.rows.iter().map(|(_, row)| vec![value(row).to_string()]);
                table(&cells.collect::<Vec<_>>())
            }
            Outcome::Blocked => "waits".to_owned(),
            Outcome::Failed(error) => failure(&error),
        };
        self.answers.push(answer);
    }

    /// The transactions in doubt, with the owner where the answer has one.
    fn list(&mut self, owner: Option<&str>) {
        let listed: Vec<Vec<String>> = self
            .lab
            .store()
            .in_doubt()
            .map(|(gid, _)| std::iter::once(gid).chain(owner).map(str::to_owned).collect())
            .collect();
        self.answers.push(table(&listed));
    }

    /// A session that holds something itself waits for the prepared one until its time is up.
    fn wait_in_vain(&mut self, session: &str) -> Result<(), Not> {
        let own = self.change(session, 2);
        same("its own row", &matches!(own, Outcome::Done(_)), &true)?;
        same("the prepared row", &self.change(session, 1), &Outcome::Blocked)?;
        same("deadlocks", &self.lab.deadlocks(), &Vec::new())?;
        match self.lab.time_out(session, TimeLimit::Lock) {
            Some(Outcome::Failed(error)) => self.answers.push(failure(&error)),
            other => return Err(Not::Right(format!("when its time was up: {other:?}"))),
        }
        self.lab.rollback(session).map_err(|error| Not::Right(error.to_string()))?;
        Ok(())
    }
}

/// The number at the end of a check's name.
fn trailing_number(check: &str) -> Option<(&str, usize)> {
    let stem = check.trim_end_matches(|c: char| c.is_ascii_digit());
    Some((stem, check[stem.len()..].parse().ok()?))
}

/// A record of `postgres_prepared_transactions`.
pub(crate) fn check(row: &Value) -> Result<(), Not> {
    let name = text(row, "check")?;
    // How long somebody waited is the driver's clock's, and an error without its code is a log's.
    let is_answer = |answer: &&str| answer.parse::<f64>().is_err();
    let expected: Vec<&str> = row["result"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(is_answer)
        .collect();
    let answers = answers(name, &expected)?;
    let found: Vec<&str> = answers.iter().map(String::as_str).collect();
    same("answers", &found, &expected)
}

/// What a check answers. The record's own answers say no more here than which letter an identifier
/// is made of.
fn answers(name: &str, expected: &[&str]) -> Result<Vec<String>, Not> {
    let mut dialogue = Dialogue::with_prepared("g1");
    match name {
        "prepare_outside_txn" => dialogue.prepare("two", "g2"),
        "invisible_to_same_and_other_session" => {
            dialogue.read("one");
            dialogue.read("two");
        }
        "listed" => dialogue.list(Some("postgres")),
        "after_immediate_crash_restart_listed" => {
            dialogue.lab.crash();
            dialogue.list(None);
        }
        "dup_gid" | "duplicate_gid" | "after_dup_gid_txn_state" => {
            dialogue.change("two", 2);
            dialogue.prepare("two", "g1");
            if name == "after_dup_gid_txn_state" {
                let open = usize::from(dialogue.lab.transaction("two").is_some());
                dialogue.answers = vec![table(&[vec![open.to_string()]])];
            }
        }
        "unknown_gid_commit" => dialogue.commit_prepared("two", "nope"),
        "unknown_gid_rollback" => dialogue.rollback_prepared("two", "nope"),
        "commit_prepared_inside_txn" => {
            dialogue.change("two", 2);
            dialogue.commit_prepared("two", "g1");
        }
        "rollback_prepared_inside_txn" => {
            dialogue.change("two", 2);
            dialogue.rollback_prepared("two", "g1");
        }
        "lock_still_held_after_crash" | "lock_still_held" => {
            if name.ends_with("crash") {
                dialogue.lab.crash();
            }
            dialogue.wait_in_vain("two")?;
        }
        "waiter_on_prepared_gets_lock_timeout_not_deadlock" => dialogue.wait_in_vain("two")?,
        "commit_prepared_from_other_session_after_crash" => {
            dialogue.lab.crash();
            dialogue.commit_prepared("two", "g1");
            dialogue.read("two");
        }
        "commit_prepared_from_other_session" => {
            dialogue.commit_prepared("two", "g1");
            dialogue.read("two");
        }
        "max_prepared_transactions=0" => {
            dialogue = Dialogue::new(0);
            dialogue.change("one", 1);
            // The log's line has no code.
            return match dialogue.lab.prepare("one", "g1") {
                Err(error) => Ok(vec![format!("ERROR {error}")]),
                Ok(_) => Ok(vec![tag("PREPARE TRANSACTION")]),
            };
        }
        _ => {
            let unknown = || Not::Supported("it is about objects that are not modelled".to_owned());
            let (stem, length) = trailing_number(name).ok_or_else(unknown)?;
            let letter = expected
                .iter()
                .find_map(|answer| answer.split('"').nth(1)?.get(..1))
                .unwrap_or("x");
            let gid = letter.repeat(length);
            dialogue.change("two", 2);
            dialogue.prepare("two", &gid);
            match stem {
                "gid_len_" => {}
                "rollback" | "commit" => {
                    dialogue.answers.clear();
                    if stem == "rollback" {
                        dialogue.rollback_prepared("two", &gid);
                    } else {
                        dialogue.commit_prepared("two", &gid);
                    }
                }
                _ => return Err(unknown()),
            }
        }
    }
    Ok(dialogue.answers)
}
