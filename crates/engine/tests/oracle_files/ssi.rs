//! Small programs under serializable snapshot isolation, in every interleaving: those whose reads
//! and rows no serial order gives under plain snapshot isolation, and those in which a transaction
//! is ended.
//!
//! The programs are those of PostgreSQL's isolation tests of the same names, put into the
//! statements of this database: what each reads and writes, not its columns.

use interleave_engine::ids::Sym;
use interleave_engine::lab::{
    Dialect, Isolation, Lab, Level, Method, Outcome, Predicate, Statement,
};
use interleave_engine::value::{Key, KeyPart, Row, Value as Cell};
use serde_json::Value;

use super::record::{Not, same, text};
use super::sql::{self, VALUE};

/// A step of a session. The last of each is its commit.
#[derive(Clone)]
enum Step {
    Does(Statement),
    /// Deletes from the first table the row with the smallest key of the second.
    DeletesSmallestOf(Sym, Sym),
    Commits,
}

struct Program {
    rows: Vec<(Key, Row)>,
    sessions: Vec<Vec<Step>>,
}

const A: Sym = Sym(1);
const B: Sym = Sym(2);

fn key(table: Sym, id: i64) -> Key {
    Key { table, id: KeyPart::Int(id) }
}

fn row(value: i64) -> Row {
    Row::new(vec![(VALUE, Cell::Int(value))])
}

fn filter(text: &str) -> Predicate {
    sql::predicate(text).expect("the condition is written here")
}

fn read(table: Sym, text: &str) -> Step {
    Step::Does(Statement::select(table, filter(text)))
}

fn update(table: Sym, text: &str, value: &str) -> Step {
    let value = sql::expr(value).expect("the value is written here");
    Step::Does(Statement::Update { table, filter: filter(text), set: vec![(VALUE, value)] })
}

fn insert(table: Sym, id: i64, value: i64) -> Step {
    Step::Does(Statement::Insert { key: key(table, id), row: row(value) })
}

fn delete(table: Sym, text: &str) -> Step {
    Step::Does(Statement::Delete { table, filter: filter(text) })
}

/// The program of a name.
fn program(name: &str) -> Option<Program> {
    let name = name.split('(').next().unwrap_or(name);
    let end = || Step::Commits;
    let (rows, sessions) = match name {
        // Fruit: each session renames those of one kind to the other kind.
        "simple-write-skew" => (
            vec![(key(A, 5), row(1)), (key(A, 7), row(2)), (key(A, 11), row(3))],
            vec![
                vec![update(A, "value = 2", "1"), end()],
                vec![update(A, "value = 1", "2"), end()],
            ],
        ),
        // Two accounts: each session withdraws from one and then looks at the sum.
        "total-cash" => (
            vec![(key(A, 1), row(600)), (key(A, 2), row(600))],
            vec![
                vec![update(A, "id = 1", "value - 200"), read(A, "true"), end()],
                vec![update(A, "id = 2", "value - 200"), read(A, "true"), end()],
            ],
        ),
        // A project gets a manager while that person ceases to be one.
        "project-manager" => (
            vec![(key(A, 1), row(1))],
            vec![
                vec![read(A, "id = 1 and value = 1"), insert(B, 101, 1), end()],
                vec![read(B, "value = 1"), update(A, "id = 1", "0"), end()],
            ],
        ),
        // A room: one session books a time that is free, the other moves a booking to overlap it.
        "classroom-scheduling" => (
            vec![(key(A, 1), row(10))],
            vec![
                vec![read(A, "value > 12 and value < 14"), insert(A, 2, 13), end()],
                vec![read(A, "value > 12 and value < 15"), update(A, "value = 10", "13"), end()],
            ],
        ),
        // An offense is recorded under a statute while that is repealed.
        "temporal-range-integrity" => (
            vec![(key(A, 1), row(1))],
            vec![
                vec![read(A, "value = 1"), insert(B, 1, 1), end()],
                vec![read(B, "value = 1"), delete(A, "value = 1"), end()],
            ],
        ),
        // Both look at the rows with one value and take one of them out.
        "partial-index" => (
            (9..=12).map(|id| (key(A, id), row(1))).collect(),
            vec![
                vec![read(A, "value = 1"), update(A, "value = 1 and id = 10", "2"), end()],
                vec![update(A, "value = 1 and id = 9", "2"), read(A, "value = 1"), end()],
            ],
        ),
        // Each deletes from one table what is smallest in the other.
        "index-only-scan" => (
            vec![(key(A, 1), row(0)), (key(B, 1), row(0))],
            vec![
                vec![Step::DeletesSmallestOf(B, A), end()],
                vec![Step::DeletesSmallestOf(A, B), end()],
            ],
        ),
        // A deposit, a withdrawal with a charge, and a report.
        "read-only-anomaly" => (
            vec![(key(A, 1), row(0)), (key(A, 2), row(0))],
            vec![
                vec![read(A, "id = 2"), update(A, "id = 2", "20"), end()],
                vec![read(A, "id = 1"), read(A, "id = 2"), update(A, "id = 1", "-11"), end()],
                vec![read(A, "id in (1, 2)"), end()],
            ],
        ),
        _ => return None,
    };
    Some(Program { rows, sessions })
}

/// What came of a schedule: what each session read, the rows at the end, and how many sessions were
/// ended.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Ran {
    reads: Vec<Vec<(Key, Row)>>,
    rows: Vec<(Key, Row)>,
    ended: usize,
}

/// Runs a schedule; `None` where somebody must wait, which these programs never do.
fn play(program: &Program, level: Level, schedule: &[usize]) -> Option<Ran> {
    let isolation = Isolation::new(level, Method::Versions);
    let mut lab = Lab::new(Dialect::postgres(), isolation, program.rows.clone());
    let count = program.sessions.len();
    let (mut at, mut is_ended) = (vec![0; count], vec![false; count]);
    let mut reads = vec![Vec::new(); count];
    for session in schedule {
        let name = session.to_string();
        if at[*session] == 0 {
            lab.begin(&name).ok()?;
        }
        let step = program.sessions[*session][at[*session]].clone();
        at[*session] += 1;
        let mut statements = Vec::new();
        match step {
            Step::Does(statement) => statements.push(statement),
            Step::DeletesSmallestOf(from, of) => {
                let all = Statement::select(of, Predicate::True);
                let smallest = match lab.statement(&name, &all) {
                    Outcome::Done(found) => found.rows.first().map(|(key, _)| key.id),
                    Outcome::Blocked => return None,
                    Outcome::Failed(_) => {
                        is_ended[*session] = true;
                        None
                    }
                };
                if let Some(id) = smallest {
                    statements.push(Statement::Delete { table: from, filter: Predicate::id(id) });
                }
            }
            Step::Commits => is_ended[*session] |= lab.commit(&name).is_err(),
        }
        for statement in statements {
            match lab.statement(&name, &statement) {
                Outcome::Done(found) => reads[*session].extend(found.rows),
                Outcome::Failed(_) => is_ended[*session] = true,
                Outcome::Blocked => return None,
            }
        }
    }
    let rows = lab.store().rows().map(|(key, row)| (*key, row.clone())).collect();
    Some(Ran { reads, rows, ended: is_ended.iter().filter(|ended| **ended).count() })
}

/// Every order of the sessions' steps.
fn interleavings(left: &mut [usize], so_far: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
    if left.iter().all(|left| *left == 0) {
        all.push(so_far.clone());
        return;
    }
    for session in 0..left.len() {
        if left[session] > 0 {
            left[session] -= 1;
            so_far.push(session);
            interleavings(left, so_far, all);
            so_far.pop();
            left[session] += 1;
        }
    }
}

/// A record of `ssi_required_failures`.
pub(crate) fn check(record: &Value) -> Result<(), Not> {
    let name = text(record, "spec")?;
    let program =
        program(name).ok_or_else(|| Not::Supported(format!("the file has no program {name}")))?;
    let mut lengths: Vec<usize> = program.sessions.iter().map(Vec::len).collect();
    let mut all = Vec::new();
    interleavings(&mut lengths, &mut Vec::new(), &mut all);
    let waited = || Not::Right("somebody waits".to_owned());

    // A serial schedule has one session's steps after the other's.
    let changes =
        |schedule: &Vec<usize>| schedule.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let serial: Vec<Ran> = all
        .iter()
        .filter(|schedule| changes(schedule) + 1 == program.sessions.len())
        .map(|schedule| play(&program, Level::RepeatableRead, schedule).ok_or_else(waited))
        .collect::<Result<_, _>>()?;
    let (mut wrong, mut aborted, mut missed) = (0, 0, 0);
    for schedule in &all {
        let plain = play(&program, Level::RepeatableRead, schedule).ok_or_else(waited)?;
        let is_wrong = !serial.contains(&plain);
        let certified = play(&program, Level::Serializable, schedule).ok_or_else(waited)?;
        wrong += u64::from(is_wrong);
        aborted += u64::from(certified.ended > 0);
        missed += u64::from(is_wrong && certified.ended == 0);
    }
    let figures = [
        ("interleavings", all.len() as u64),
        ("nonserializable_under_SI", wrong),
        ("pg_serializable_aborts", aborted),
    ];
    for (field, found) in figures {
        if let Some(expected) = record[field].as_u64() {
            same(field, &found, &expected)?;
        }
    }
    same("schedules that are not serializable and go through", &missed, &0)
}
