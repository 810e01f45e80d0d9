//! `shared_db_hermitage.json`: Hermitage's schedules, and a matrix of PostgreSQL's.
//!
//! A vector is a schedule of statements with what must be seen at some of them. Nothing is expected
//! of a step beyond what it says, but that nobody waits, goes on with an error or fails unsaid.

use std::collections::BTreeMap;

use interleave_engine::ids::Sym;
use interleave_engine::lab::{
    DbError, Dialect, Isolation, Lab, Level, Method, Outcome, Reads, Statement,
};
use interleave_engine::value::{Key, KeyPart, Row, Value as Cell};
use serde_json::Value;

use super::record::{Not, Record, Verdict, id, judge, rows, same, text};
use super::sql::{self, VALUE};

const TABLE: Sym = Sym(1);

/// Runs the records.
pub(crate) fn run(oracle: &Value) -> Vec<Record> {
    let initial = initial_rows(oracle);
    let vectors = rows(oracle, "/vectors");
    let mut records: Vec<Record> =
        vectors.iter().map(|vector| judge(&id(vector), run_vector(vector, &initial))).collect();
    for row in rows(oracle, "/postgres15_matrix/rows") {
        records.push(judge(&id(row), run_cell(row, vectors, &initial)));
    }
    for row in rows(oracle, "/table") {
        let claims = judge_table(row, vectors, &records);
        records.push(judge(&id(row), claims));
    }
    records
}

/// The table before each schedule, as the file's source line names it.
fn initial_rows(oracle: &Value) -> Vec<(i64, i64)> {
    let source = oracle["source"].as_str().unwrap_or_default();
    let table = source.split_once("T={").and_then(|(_, rest)| rest.split_once('}'));
    let listed = table.map_or("1:10,2:20", |(listed, _)| listed);
    let pair = |pair: &str| {
        let (id, value) = pair.split_once(':')?;
        Some((id.trim().parse().ok()?, value.trim().parse().ok()?))
    };
    listed.split(',').filter_map(pair).collect()
}

fn key(id: i64) -> Key {
    Key { table: TABLE, id: KeyPart::Int(id) }
}

fn row(value: i64) -> Row {
    Row::new(vec![(VALUE, Cell::Int(value))])
}

fn pairs<'a>(rows: impl IntoIterator<Item = (&'a Key, &'a Row)>) -> Vec<(i64, i64)> {
    let pair = |(key, row): (&Key, &Row)| {
        let KeyPart::Int(id) = key.id else { return None };
        Some((id, row.get(VALUE)?.as_int()?))
    };
    rows.into_iter().filter_map(pair).collect()
}

/// A product at a level, as it is named in the file.
fn setting(dbms: &str, level: &str, variant: Option<&str>) -> Option<(Dialect, Isolation)> {
    let standard = match level {
        "read uncommitted" => Some(Level::ReadUncommitted),
        "read committed" => Some(Level::ReadCommitted),
        "repeatable read" => Some(Level::RepeatableRead),
        "serializable" => Some(Level::Serializable),
        _ => None,
    };
    let (dialect, method, level) = match (dbms, level, variant) {
        ("postgres", _, None) => (Dialect::postgres(), Method::Versions, standard?),
        ("mysql", _, None) => (Dialect::inno_db(), Method::Mixed, standard?),
        ("sqlserver", "snapshot", None) => {
            (Dialect::sql_server(), Method::Versions, Level::RepeatableRead)
        }
        ("sqlserver", "read committed", Some("snapshot")) => {
            (Dialect::sql_server(), Method::Mixed, Level::ReadCommitted)
        }
        // What Oracle calls serializable is snapshot isolation where the first to update wins (Berenson
        // et al. 1995), and TiDB's pessimistic transactions read snapshots and write to the newest rows,
        // as InnoDB's do. YugabyteDB fails or waits as priorities that are drawn say, beyond read committed.
        ("oracle", "serializable", None) => {
            (Dialect::postgres(), Method::Versions, Level::RepeatableRead)
        }
        ("tidb", "repeatable read", None) => {
            (Dialect::inno_db(), Method::Mixed, Level::RepeatableRead)
        }
        ("oracle" | "yugabytedb" | "tidb", "read committed", None) => {
            (Dialect::postgres(), Method::Versions, standard?)
        }
        ("sqlserver", _, None | Some("locking")) => {
            (Dialect::sql_server(), Method::Locking, standard?)
        }
        _ => return None,
    };
    Some((dialect, Isolation::new(level, method)))
}

/// A step of a schedule.
struct Step<'a> {
    who: String,
    op: &'a Value,
    expected: &'a Value,
}

fn steps(vector: &Value) -> Vec<Step<'_>> {
    rows(vector, "/steps")
        .iter()
        .map(|step| Step {
            who: step[0].as_str().unwrap_or_default().to_ascii_lowercase(),
            op: &step[1],
            expected: &step[2],
        })
        .collect()
}

/// What a step did.
enum Did {
    Statement(Outcome),
    Ended,
    Failed(DbError),
}

/// Lets a session do a step.
fn take(lab: &mut Lab, who: &str, op: &Value) -> Result<Did, Not> {
    let ended = |result: Result<_, DbError>| match result {
        Ok(_) => Did::Ended,
        Err(error) => Did::Failed(error),
    };
    match text(op, "op")? {
        "begin" => match lab.begin(who) {
            Ok(()) => Ok(Did::Ended),
            Err(error) => Ok(Did::Failed(error)),
        },
        "commit" => Ok(ended(lab.commit(who))),
        "abort" | "rollback" => Ok(ended(lab.rollback(who))),
        _ => match lab.statement(who, &statement(op)?) {
            Outcome::Failed(error) => Ok(Did::Failed(error)),
            outcome => Ok(Did::Statement(outcome)),
        },
    }
}

fn statement(op: &Value) -> Result<Statement, Not> {
    let not_read = |part: &str| Not::Supported(format!("`{part}` of {op} is not understood"));
    let filter = || op["where"].as_str().and_then(sql::predicate).ok_or_else(|| not_read("where"));
    let number = |field: &str| op[field].as_i64().ok_or_else(|| not_read(field));
    match text(op, "op")? {
        "select" => Ok(Statement::select(TABLE, filter()?)),
        "delete" => Ok(Statement::Delete { table: TABLE, filter: filter()? }),
        "insert" => Ok(Statement::Insert { key: key(number("id")?), row: row(number("value")?) }),
        "update" => {
            let value = match &op["set"] {
                Value::String(text) => sql::expr(text),
                other => sql::expr(&other.to_string()),
            };
            let set = vec![(VALUE, value.ok_or_else(|| not_read("set"))?)];
            Ok(Statement::Update { table: TABLE, filter: filter()?, set })
        }
        _ => Err(not_read("op")),
    }
}

/// Whether an error is what the file calls so.
fn is_error(error: &DbError, called: &str) -> bool {
    match called {
        "serialization_failure" => error.code() == "40001",
        "deadlock" => error.code() == "40P01",
        "error" => true,
        code => error.code() == code,
    }
}

fn run_vector(vector: &Value, initial: &[(i64, i64)]) -> Result<(), Not> {
    let (dbms, level) = (text(vector, "dbms")?, text(vector, "level")?);
    let (dialect, isolation) = setting(dbms, level, vector["variant"].as_str())
        .ok_or_else(|| Not::Supported(format!("no database here works like {dbms} at {level}")))?;
    let fails = steps(vector).iter().any(|step| step.expected["error"] == "serialization_failure");
    if dbms == "oracle" && vector["claim"] == "allows" && fails {
        let why = "Oracle refuses a write that snapshot isolation allows, since it looks at blocks";
        return Err(Not::Supported(why.to_owned()));
    }
    let mut lab = Lab::new(dialect, isolation, initial.iter().map(|(id, v)| (key(*id), row(*v))));
    // What a blocked statement must have read when it goes on.
    let mut awaited: BTreeMap<String, &Value> = BTreeMap::new();
    for (at, step) in steps(vector).iter().enumerate() {
        let place = format!("step {} ({} {})", at + 1, step.who, step.op);
        run_step(&mut lab, step, &mut awaited).map_err(|not| match not {
            Not::Right(why) => Not::Right(format!("{place}: {why}")),
            not @ Not::Supported(_) => not,
        })?;
    }
    Ok(())
}

fn run_step<'a>(
    lab: &mut Lab,
    step: &Step<'a>,
    awaited: &mut BTreeMap<String, &'a Value>,
) -> Result<(), Not> {
    let expected = step.expected;
    if lab.is_blocked(&step.who) {
        return Err(Not::Right("the session still waits".to_owned()));
    }
    let did = take(lab, &step.who, step.op)?;
    let resumed = lab.resumed();
    let victim = expected["victim"].as_str().map(str::to_ascii_lowercase);
    let error = expected["error"].as_str();
    let is_blocked = matches!(did, Did::Statement(Outcome::Blocked));
    same("blocks", &is_blocked, &(expected["blocks"] == true))?;

    // Errors: exactly the one that is said.
    let mut failed: Vec<(String, &DbError)> = Vec::new();
    if let Did::Failed(error) = &did {
        failed.push((step.who.clone(), error));
    }
    for (who, outcome) in &resumed {
        if let Outcome::Failed(error) = outcome {
            failed.push((who.to_string(), error));
        }
    }
    match (error, failed.as_slice()) {
        (None, []) => {}
        (Some(called), [(who, error)]) => {
            let is_it = is_error(error, called) && victim.as_ref().is_none_or(|v| v == who);
            same("error", &is_it, &true)
                .map_err(|_| Not::Right(format!("{who} failed with {error}, not {expected}")))?;
        }
        (_, failed) => {
            return Err(Not::Right(format!("failed: {failed:?}, the oracle has {error:?}")));
        }
    }

    // Who goes on, and what they read.
    let unblocked = expected["unblocks"].as_str().map(str::to_ascii_lowercase);
    let gone_on = |who: &str| resumed.iter().find(|(other, _)| **other == *who).map(|(_, o)| o);
    if let Some(who) = &unblocked {
        same(&format!("{who} goes on"), &gone_on(who).is_some(), &true)?;
    }
    for (who, outcome) in &resumed {
        if let Some(expected) = awaited.remove(&**who) {
            check_rows(outcome, expected).or_else(|not| excuse(lab, outcome, expected, not))?;
        }
    }
    match (&did, &unblocked) {
        (Did::Statement(Outcome::Blocked), _) => {
            awaited.insert(step.who.clone(), expected);
        }
        (Did::Statement(outcome), _) => check_rows(outcome, expected)?,
        (_, Some(who)) => {
            if let Some(outcome) = gone_on(who) {
                check_rows(outcome, expected)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// A row that a read under locks, which had to wait, is said to have seen although it was replaced
/// by a commit before the read went on, is one that no such read can see: then the record
/// contradicts itself, since it also says who was unblocked by whom.
fn excuse(lab: &Lab, outcome: &Outcome, expected: &Value, not: Not) -> Result<(), Not> {
    let committed = pairs(lab.store().rows());
    let replaced = |row: &(i64, i64)| committed.iter().any(|(id, v)| *id == row.0 && *v != row.1);
    let Outcome::Done(found) = outcome else { return Err(not) };
    let read = pairs(found.rows.iter().map(|(key, row)| (key, row)));
    let missing: Vec<_> =
        listed(&expected["rows_subset"]).into_iter().filter(|row| !read.contains(row)).collect();
    if lab.isolation().reads == Reads::Locked && !missing.is_empty() && missing.iter().all(replaced)
    {
        return Err(Not::Supported(
            "it has a read that waited for a lock see a row that was replaced before it went on"
                .to_owned(),
        ));
    }
    Err(not)
}

/// Rows as the file lists them.
fn listed(rows: &Value) -> Vec<(i64, i64)> {
    let pair = |row: &Value| Some((row[0].as_i64()?, row[1].as_i64()?));
    rows.as_array().into_iter().flatten().filter_map(pair).collect()
}

/// Whether a statement read what is said.
fn check_rows(outcome: &Outcome, expected: &Value) -> Result<(), Not> {
    let Outcome::Done(found) = outcome else { return Ok(()) };
    let read = pairs(found.rows.iter().map(|(key, row)| (key, row)));
    if expected["rows"].is_array() {
        let mut wanted = listed(&expected["rows"]);
        wanted.sort_unstable();
        same("rows", &read, &wanted)?;
    }
    let mut included = listed(&expected["rows_subset"]);
    if let (Some(id), Some(value)) =
        (expected["rows_includes"][0].as_i64(), expected["rows_includes"][1].as_i64())
    {
        included.push((id, value));
    }
    included.extend(listed(&expected["rows_includes"]));
    if let Some(missing) = included.iter().find(|row| !read.contains(row)) {
        return Err(Not::Right(format!("read {read:?}, without {missing:?}")));
    }
    if let Some(affected) = expected["rows_affected"].as_u64() {
        same("rows affected", &u64::from(found.affected), &affected)?;
    }
    Ok(())
}

/// The vector that has the steps of a schedule of the matrix. Its name is an anomaly, and where
/// Hermitage has several schedules for one, a word about which.
fn schedule<'a>(name: &str, vectors: &'a [Value]) -> Option<&'a Value> {
    let of = |anomaly: &str| {
        let anomaly = anomaly.to_owned();
        vectors.iter().filter(move |vector| {
            vector["dbms"] == "postgres" && vector["anomaly"] == anomaly.as_str()
        })
    };
    if let Some(plain) = of(name).find(|vector| vector["note"].is_null()) {
        return Some(plain);
    }
    let (at, _) = name.match_indices('-').rfind(|(at, _)| of(&name[..*at]).next().is_some())?;
    let words: Vec<&str> = name[at + 1..].split('-').collect();
    let noted: Vec<&Value> = of(&name[..at]).filter(|vector| vector["note"].is_string()).collect();
    let says = |vector: &&&Value| {
        let note = vector["note"].as_str().unwrap_or_default();
        let mut said = note.split(|c: char| !c.is_ascii_alphanumeric());
        words.iter().all(|word| said.clone().any(|other| other.starts_with(word)))
            || said.any(|other| other == name)
    };
    let is_write = |vector: &&&Value| {
        words == ["write"] && steps(vector).iter().any(|step| step.op["op"] == "delete")
    };
    noted.iter().find(says).or_else(|| noted.iter().find(is_write)).copied()
}

fn run_cell(cell: &Value, vectors: &[Value], initial: &[(i64, i64)]) -> Result<(), Not> {
    let name = text(cell, "schedule")?;
    let vector = schedule(name, vectors)
        .ok_or_else(|| Not::Supported(format!("no vector has the steps of {name}")))?;
    let (dialect, isolation) = setting("postgres", text(cell, "level")?, None)
        .ok_or_else(|| Not::Supported("no such level".to_owned()))?;
    let mut lab = Lab::new(dialect, isolation, initial.iter().map(|(id, v)| (key(*id), row(*v))));
    let mut blocked: Vec<String> = Vec::new();
    let mut errors: Vec<(String, String)> = Vec::new();
    let mut victims: Vec<String> = Vec::new();
    let commit = serde_json::json!({ "op": "commit" });
    let mut left: Vec<(String, &Value)> = Vec::new();
    for step in steps(vector) {
        // Where the vector's level ends a transaction with an error, it answers with a rollback.
        // The same schedule at any level ends it with a commit, which then does the same.
        let is_answer = step.op["op"] == "abort" && victims.contains(&step.who);
        left.push((step.who.clone(), if is_answer { &commit } else { step.op }));
        victims.extend(step.expected["victim"].as_str().map(str::to_ascii_lowercase));
    }
    // Who waits goes on with their own steps when they can.
    while let Some(at) = (0..left.len()).find(|at| !lab.is_blocked(&left[*at].0)) {
        let (who, op) = left.remove(at);
        match take(&mut lab, &who, op)? {
            Did::Failed(error) => errors.push((who, error.code().to_owned())),
            Did::Statement(Outcome::Blocked) if !blocked.contains(&who) => blocked.push(who),
            _ => {}
        }
        for (who, outcome) in lab.resumed() {
            if let Outcome::Failed(error) = outcome {
                errors.push((who.to_string(), error.code().to_owned()));
            }
        }
    }
    let lower = |value: &Value| value.as_str().unwrap_or_default().to_ascii_lowercase();
    let said = |field: &str| cell[field].as_array().cloned().unwrap_or_default();
    same("blocked", &blocked, &said("blocked").iter().map(lower).collect())?;
    let wanted: Vec<(String, String)> = said("errors")
        .iter()
        .map(|error| (lower(&error[0]), error[1].as_str().unwrap_or_default().to_owned()))
        .collect();
    same("errors", &errors, &wanted)?;
    let wanted: Vec<(i64, i64)> =
        said("final").iter().filter_map(|row| Some((row[0].as_i64()?, row[1].as_i64()?))).collect();
    same("final rows", &pairs(lab.store().rows()), &wanted)
}

/// A line of the table of anomalies: it must say of each anomaly what the vectors of that database
/// and level claim, and those that run here must have passed.
fn judge_table(line: &Value, vectors: &[Value], records: &[Record]) -> Result<(), Not> {
    let dbms = match text(line, "dbms")? {
        "PostgreSQL" => "postgres",
        "MySQL/InnoDB" => "mysql",
        "MS SQL Server" => "sqlserver",
        "Oracle DB" => "oracle",
        "YugabyteDB" => "yugabytedb",
        "TiDB" => "tidb",
        _ => return Err(Not::Supported("it is about a database that is not modelled".to_owned())),
    };
    let named = text(line, "level")?.replace('"', "");
    let (level, variant) = match named.split_once('(') {
        Some((level, variant)) => (level.trim(), Some(variant.trim_end_matches(')'))),
        None => (named.trim(), None),
    };
    let of = vectors.iter().filter(|vector| {
        vector["dbms"] == dbms && vector["level"] == level && vector["variant"].as_str() == variant
    });
    let mut held = 0;
    for vector in of {
        let vector_id = id(vector);
        let anomaly = text(vector, "anomaly")?;
        let record = records.iter().find(|record| record.id == vector_id);
        match record.map(|record| &record.verdict) {
            Some(Verdict::Passed) => {}
            Some(Verdict::Failed(why)) => return Err(Not::Right(format!("{vector_id}: {why}"))),
            Some(Verdict::Unsupported(_)) | None => continue,
        }
        match (text(vector, "claim")?, line[anomaly].as_str()) {
            // A schedule in which an anomaly shows proves that it is possible; one in which it does
            // not show proves nothing.
            ("allows", Some("prevented")) => {
                return Err(Not::Right(format!("{vector_id} shows {anomaly}")));
            }
            _ => held += 1,
        }
    }
    if held == 0 {
        return Err(Not::Supported("no vector of it can be run here".to_owned()));
    }
    Ok(())
}
