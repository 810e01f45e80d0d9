//! Recovery, and what counts as the same database.

use super::*;
use crate::ids::Sym;
use crate::value::{KeyPart, Value};

fn key(n: i64) -> Key {
    Key { table: Sym(1), id: KeyPart::Int(n) }
}

fn put(n: i64, value: i64) -> LogRecord {
    let after = Some(Row::new(vec![(Sym(0), Value::Int(value))]));
    LogRecord::Commit {
        changes: vec![RowChange { key: key(n), before: None, after }],
        effects: vec![],
        inbox: vec![],
        outbox: vec![],
    }
}

/// Recovery brings back exactly the durable records, whatever the checkpoints did in between.
#[test]
fn recovery_equals_the_forced_records() {
    for forced in [0, 1, 63, 64, 65, 200] {
        for unforced in [0, 1, 5] {
            for lose in 0..=unforced {
                let mut db = Database::new(&[]);
                for n in 0..forced {
                    db.write(put(n, n), true);
                }
                for n in 0..unforced {
                    db.write(put(1_000 + n, n), false);
                }
                let before: Vec<_> = db.rows().map(|(k, r)| (*k, r.clone())).collect();
                let lost = db.crash(lose as usize);
                assert_eq!(lost.len(), lose as usize);
                assert_eq!(db.rows().count(), 0, "nothing is readable before recovery");
                db.recover();
                let after: Vec<_> = db.rows().map(|(k, r)| (*k, r.clone())).collect();
                assert_eq!(after, before[..before.len() - lose as usize]);
            }
        }
    }
}
fn print(db: &Database) -> u64 {
    let mut h = Fingerprint::new();
    db.canon(&mut h);
    h.finish()
}

/// A crashed database shows nothing, and is still what it will be once it is recovered: two that
/// recover to the same rows are one state, two that do not are two.
#[test]
fn a_crashed_database_is_known_by_what_is_durable() {
    let after = |records: &[(i64, bool)], lose| {
        let mut db = Database::new(&[]);
        for (n, force) in records {
            db.write(put(*n, *n), *force);
        }
        let up = print(&db);
        db.crash(lose);
        let down = print(&db);
        db.recover();
        (up, down, print(&db))
    };
    let one = after(&[(1, true)], 0);
    let two = after(&[(1, true), (2, true)], 0);
    assert_ne!(one.1, two.1, "they recover to different rows");
    assert_ne!(one.0, one.1, "up is not down");
    assert_eq!(one.0, one.2);
    assert_eq!(after(&[(1, true), (2, false)], 1).1, one.1, "what was lost leaves no trace");
    assert_eq!(after(&[(1, true), (2, false)], 0).1, two.1, "what was kept counts");
    assert_ne!(after(&[(1, true), (2, false)], 0).0, two.0, "a crash could still take it back");
}

/// Two databases look alike, and a lost mark would bring back another message.
#[test]
fn what_a_lost_mark_would_bring_back_counts() {
    use crate::event::Shape;
    use crate::ids::{StepIx, TopicIx, TxnId};
    use crate::out::Says;
    let message = |txn| RecordBody {
        topic: TopicIx(0),
        label: Sym(3),
        shape: Shape::Event,
        txn: TxnId(txn),
        step: StepIx(0),
        says: Says::Done,
    };
    let sent = |first, second| {
        let mut db = Database::new(&[]);
        let outbox = vec![message(first), message(second)];
        let (changes, effects, inbox) = (vec![], vec![], vec![]);
        db.write(LogRecord::Commit { changes, effects, inbox, outbox }, true);
        db.write(LogRecord::OutboxMark, false);
        db.write(LogRecord::OutboxMark, false);
        print(&db)
    };
    assert_ne!(sent(0, 1), sent(1, 0));
    assert_eq!(sent(0, 1), sent(0, 1));
}
