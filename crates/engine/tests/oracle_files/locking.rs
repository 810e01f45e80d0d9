//! `shared_db_locking.json`: conflict matrices, deadlocks, and counts over all schedules.

use interleave_engine::ids::Sym;
use interleave_engine::lab::{
    Asked, DbError, Dialect, Expr, Isolation, Lab, Level, LocalTxnId, LockRules, LockTable, Matrix,
    Method, Outcome, Patience, Predicate, Statement, Target, TimeLimit, Victim,
};
use interleave_engine::value::{Key, KeyPart, Row, Value as Cell};
use serde_json::Value;
use std::rc::Rc;

use super::deadlocks;
use super::record::{Not, Record, id, judge, rows, same, text};
use super::schedules;
use super::sql::VALUE;
use super::ssi;

/// Runs the records.
pub(crate) fn run(oracle: &Value) -> Vec<Record> {
    let mut records = Vec::new();
    for (name, section) in oracle.as_object().into_iter().flatten() {
        if section["matrix"].is_object() || section["compatible"].is_object() {
            records.push(judge(name, check_matrix(section)));
        }
    }
    let mut each = |pointer: &str, check: fn(&Value) -> Result<(), Not>| {
        records.extend(rows(oracle, pointer).iter().map(|row| judge(&id(row), check(row))));
    };
    each("/deadlock_schedules/rows", deadlocks::check);
    each("/timeouts/rows", check_time_limits);
    each("/strict_2pl_bruteforce/rows", schedules::check_two_phase);
    each("/lost_update_increments/rows", schedules::check_lost_updates);
    each("/interleavings", schedules::check_interleavings);
    each("/ssi_required_failures/rows", ssi::check);
    each("/rules", |_| Err(Not::Supported("it is a sentence".to_owned())));
    records
}

/// The first transaction holds a lock in one mode, the second asks for one in another.
fn waits(matrix: &Rc<Matrix>, held: &str, asked: &str) -> Result<bool, Not> {
    let rules = LockRules {
        matrix: Rc::clone(matrix),
        conversions_first: true,
        reorders: true,
        victim: Victim::Requester,
    };
    let mode = |name: &str| {
        matrix.mode(name).ok_or_else(|| Not::Supported(format!("there is no mode {name}")))
    };
    let mut table = LockTable::new(rules);
    let target = Target::Table(Sym(0));
    let first = table.ask(LocalTxnId(1), target, mode(held)?, Patience::Wait);
    same("the first lock", &first, &Asked::Granted)?;
    Ok(table.ask(LocalTxnId(2), target, mode(asked)?, Patience::Wait) == Asked::Waits)
}

/// Every pair of a matrix on a lock table: on the engine's own where it has the modes, otherwise on
/// one that is made of the record.
fn check_matrix(section: &Value) -> Result<(), Not> {
    let given = |field: &str| section[field].as_object().into_iter().flatten();
    let mut pairs: Vec<(&str, &str, bool)> = Vec::new();
    for (held, row) in given("matrix") {
        for (asked, word) in row.as_object().into_iter().flatten() {
            pairs.push((held, asked, word == "conflict"));
        }
    }
    let names: Vec<&str> = given("compatible").map(|(name, _)| name.as_str()).collect();
    for (held, row) in given("compatible") {
        let is_in = |name: &str| row.as_array().into_iter().flatten().any(|other| other == name);
        pairs.extend(names.iter().map(|asked| (held.as_str(), *asked, !is_in(asked))));
    }
    if pairs.is_empty() {
        return Err(Not::Supported("it has no pairs".to_owned()));
    }
    let own = Dialect::postgres().locks.matrix;
    let is_known = pairs.iter().all(|(held, _, _)| own.mode(held).is_some());
    let matrix = if is_known {
        own
    } else {
        let mut names: Vec<&str> = pairs.iter().map(|(held, _, _)| *held).collect();
        names.sort_unstable();
        names.dedup();
        let conflict = |asked: usize, held: usize| {
            pairs
                .iter()
                .any(|(h, a, conflict)| *h == names[held] && *a == names[asked] && *conflict)
        };
        let made = Matrix::new(&names, conflict);
        Rc::new(made.ok_or_else(|| Not::Supported("it has too many modes".to_owned()))?)
    };
    for (held, asked, conflict) in pairs {
        same(&format!("{asked} waits for {held}"), &waits(&matrix, held, asked)?, &conflict)?;
    }
    Ok(())
}

/// A statement waits for a lock, and the limits are timers in a world without other events: the
/// shorter is up first.
fn check_time_limits(row: &Value) -> Result<(), Not> {
    let limits = [
        (row["lock_timeout_ms"].as_u64(), TimeLimit::Lock),
        (row["statement_timeout_ms"].as_u64(), TimeLimit::Statement),
    ];
    let timers = limits.into_iter().filter_map(|(after, limit)| Some((after?, limit)));
    let (_, first) = timers
        .min_by_key(|(after, _)| *after)
        .ok_or_else(|| Not::Supported("it has no limit".to_owned()))?;
    let key = Key { table: Sym(1), id: KeyPart::Int(1) };
    let isolation = Isolation::new(Level::ReadCommitted, Method::Versions);
    let row_before = Row::new(vec![(VALUE, Cell::Int(0))]);
    let mut lab = Lab::new(Dialect::postgres(), isolation, [(key, row_before)]);
    let update = Statement::Update {
        table: key.table,
        filter: Predicate::id(key.id),
        set: vec![(VALUE, Expr::Is(KeyPart::Int(1)))],
    };
    let failed = |error: DbError| Not::Right(error.to_string());
    lab.begin("writer").map_err(failed)?;
    lab.begin("waiter").map_err(failed)?;
    lab.statement("writer", &update);
    same("the second writer", &lab.statement("waiter", &update), &Outcome::Blocked)?;
    let Some(Outcome::Failed(error)) = lab.time_out("waiter", first) else {
        return Err(Not::Right("the time was up and nothing came of it".to_owned()));
    };
    let called = match error.code() {
        "55P03" => "lock_timeout",
        "57014" => "statement_timeout",
        code => code,
    };
    same("result", &called, &text(row, "result")?)?;
    same("who waits still", &lab.waits().len(), &0)
}
