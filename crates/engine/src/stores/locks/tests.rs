//! The lock table: queues, conversions, cycles and victims.

use super::*;
use crate::ids::Sym;
use crate::stores::transactions::{Dialect, modes};
use crate::value::{Key, KeyPart};

const A: Target = row(1);
const B: Target = row(2);

const fn row(id: i64) -> Target {
    Target::Row(Key { table: Sym(0), id: KeyPart::Int(id) })
}

fn txn(n: u32) -> LocalTxnId {
    LocalTxnId(n)
}

fn table(dialect: Dialect) -> LockTable {
    LockTable::new(dialect.locks)
}

impl LockTable {
    fn wants(&mut self, n: u32, target: Target, mode: Mode) -> Asked {
        self.ask(txn(n), target, mode, Patience::Wait)
    }

    /// Everything that must be true of a table at any time.
    fn assert_sound(&self) {
        for (target, queue) in &self.queues {
            for a in &queue.granted {
                assert!(
                    !queue
                        .granted
                        .iter()
                        .any(|b| a.yields(b, self.matrix()) && b.yields(a, self.matrix()))
                );
            }
            for (at, lock) in queue.waiting.iter().enumerate() {
                assert!(!queue.admits(self.matrix(), lock, at), "{lock:?} waits for nothing");
                assert_eq!(self.waits_at(lock.txn), Some(*target));
            }
        }
        for (txn, targets) in &self.held {
            for target in targets {
                assert!(self.granted(*target).any(|lock| lock.txn == *txn));
            }
        }
    }
}

#[test]
fn readers_share_and_a_writer_is_not_overtaken() {
    let mut table = table(Dialect::postgres());
    assert_eq!(table.wants(1, A, modes::SHARE), Asked::Granted);
    assert_eq!(table.wants(2, A, modes::SHARE), Asked::Granted);
    assert_eq!(table.wants(3, A, modes::EXCLUSIVE), Asked::Waits);
    assert_eq!(table.wants(4, A, modes::SHARE), Asked::Waits, "the writer asked first");
    assert_eq!(table.waits().iter().filter(|wait| wait.soft).count(), 1);
    assert_eq!(table.release(txn(1)), []);
    assert_eq!(table.release(txn(2)), [txn(3)]);
    assert_eq!(table.release(txn(3)), [txn(4)]);
    table.release(txn(4));
    assert_eq!(table, self::table(Dialect::postgres()), "nothing is left");
}

#[test]
fn who_will_not_wait_leaves_no_trace() {
    let mut table = table(Dialect::postgres());
    table.wants(1, A, modes::EXCLUSIVE);
    let before = table.clone();
    assert_eq!(table.ask(txn(2), A, modes::SHARE, Patience::Leave), Asked::Refused);
    assert_eq!(table, before);
}

#[test]
fn who_holds_a_lock_converts_it_ahead_of_newcomers_where_that_is_the_rule() {
    for (dialect, is_first) in [(Dialect::sql_server(), true), (Dialect::inno_db(), false)] {
        let mut table = table(dialect);
        table.wants(1, A, modes::SHARE);
        table.wants(2, A, modes::EXCLUSIVE);
        // Nobody else holds anything, so only the queue can be in the way.
        let asked = table.wants(1, A, modes::EXCLUSIVE);
        assert_eq!(asked, if is_first { Asked::Granted } else { Asked::Waits });
        assert_eq!(table.deadlock(txn(1), &|_| 0).0.is_some(), !is_first);
    }
}

#[test]
fn a_stronger_lock_makes_a_weaker_one_needless() {
    let mut table = table(Dialect::postgres());
    table.wants(1, A, modes::EXCLUSIVE);
    for weaker in [modes::KEY_SHARE, modes::SHARE, modes::UPDATE, modes::NO_KEY_UPDATE] {
        assert_eq!(table.wants(1, A, weaker), Asked::Held);
    }
    table.wants(2, B, modes::KEY_SHARE);
    assert_eq!(table.wants(2, B, modes::SHARE), Asked::Granted);
}

#[test]
fn the_update_lock_prevents_the_deadlock_of_two_who_read_and_then_write() {
    let mut table = table(Dialect::sql_server());
    assert_eq!(table.wants(1, A, modes::UPDATE), Asked::Granted);
    assert_eq!(table.wants(3, A, modes::SHARE), Asked::Granted, "readers are let in");
    assert_eq!(table.wants(2, A, modes::UPDATE), Asked::Waits, "a second updater is not");
    assert_eq!(table.wants(1, A, modes::EXCLUSIVE), Asked::Waits);
    assert_eq!(table.deadlock(txn(1), &|_| 0), (None, vec![]));
    assert_eq!(table.release(txn(3)), [txn(1)]);
    assert_eq!(table.release(txn(1)), [txn(2)]);
}

/// Two hold each other up only because two others asked first (PostgreSQL's "deadlock-soft").
fn soft(dialect: Dialect) -> LockTable {
    let mut table = table(dialect);
    table.wants(1, A, modes::SHARE);
    table.wants(2, B, modes::SHARE);
    table.wants(3, A, modes::EXCLUSIVE);
    table.wants(4, B, modes::EXCLUSIVE);
    table.wants(1, B, modes::SHARE);
    assert_eq!(table.cycles(), Vec::<Vec<Wait>>::new());
    assert_eq!(table.wants(2, A, modes::SHARE), Asked::Waits);
    table
}

#[test]
fn a_soft_deadlock_is_solved_by_another_order_and_nobody_dies() {
    let mut table = soft(Dialect::postgres());
    assert_eq!(table.cycles().len(), 1);
    let (deadlock, granted) = table.deadlock(txn(2), &|_| 0);
    assert_eq!(deadlock, None);
    assert_eq!(granted, [txn(1)], "one turn of a queue is enough, and it is the farther one");
    assert!(table.cycles().is_empty());
    table.assert_sound();
}

/// One has to overtake two (PostgreSQL's "deadlock-soft-2").
#[test]
fn a_soft_deadlock_may_need_several_turns() {
    let mut table = table(Dialect::postgres());
    table.wants(1, A, modes::UPDATE);
    table.wants(2, B, modes::KEY_SHARE);
    table.wants(2, A, modes::UPDATE);
    table.wants(3, B, modes::EXCLUSIVE);
    table.wants(4, B, modes::EXCLUSIVE);
    assert_eq!(table.wants(1, B, modes::UPDATE), Asked::Waits);
    assert_eq!(table.deadlock(txn(1), &|_| 0), (None, vec![txn(1)]));
    table.assert_sound();
}

#[test]
fn without_reordering_somebody_dies_for_a_soft_deadlock() {
    let mut table = soft(Dialect::sql_server());
    let (deadlock, _) = table.deadlock(txn(2), &|_| 0);
    assert_eq!(deadlock.map(|deadlock| deadlock.victim), Some(txn(2)));
}

#[test]
fn the_victim_is_who_the_policy_says() {
    let victim = |policy| {
        let mut table = table(Dialect::postgres().with_victim(policy));
        // The second holds most, the third began last, the first closes the cycle.
        table.wants(2, A, modes::EXCLUSIVE);
        table.wants(2, row(7), modes::EXCLUSIVE);
        table.wants(2, row(8), modes::EXCLUSIVE);
        table.wants(3, B, modes::EXCLUSIVE);
        table.wants(3, row(9), modes::EXCLUSIVE);
        table.wants(1, row(3), modes::EXCLUSIVE);
        table.wants(1, row(10), modes::EXCLUSIVE);
        table.wants(2, B, modes::EXCLUSIVE);
        table.wants(3, row(3), modes::EXCLUSIVE);
        table.wants(1, A, modes::EXCLUSIVE);
        let weight = |n: LocalTxnId| usize::from(n == txn(1)) * 5;
        let (deadlock, _) = table.deadlock(txn(1), &weight);
        let deadlock = deadlock.expect("there is a cycle");
        assert_eq!(deadlock.cycle.len(), 3);
        assert_eq!(deadlock.cycle[0].waiter, txn(1));
        for (edge, next) in deadlock.cycle.iter().zip(deadlock.cycle.iter().cycle().skip(1)) {
            assert_eq!(edge.blocker, next.waiter, "the edges are a cycle");
        }
        deadlock.victim
    };
    assert_eq!(victim(Victim::Requester), txn(1));
    assert_eq!(victim(Victim::Youngest), txn(3));
    assert_eq!(victim(Victim::Oldest), txn(1));
    assert_eq!(victim(Victim::FewestLocks), txn(3), "the work of the first counts");
}

#[test]
fn spans_conflict_only_where_they_meet() {
    let mut table = table(Dialect::inno_db());
    let keys = Target::Span(Sym(0));
    let end = |n| Some((KeyPart::Int(n), true));
    let span = |n, mode, from, to| Lock { txn: txn(n), mode, span: KeySpan { from, to } };
    let wait = Patience::Wait;
    assert_eq!(table.ask_span(keys, span(1, modes::SCAN, end(1), end(5)), wait), Asked::Granted);
    assert_eq!(table.ask_span(keys, span(2, modes::SCAN, end(3), None), wait), Asked::Granted);
    let point = |n, at| span(n, modes::INSERT, end(at), end(at));
    assert_eq!(table.ask_span(keys, point(3, 0), wait), Asked::Granted);
    assert_eq!(table.ask_span(keys, point(4, 2), wait), Asked::Waits);
    assert_eq!(table.ask_span(keys, point(5, 4), wait), Asked::Waits);
    assert_eq!(table.release(txn(1)), [txn(4)], "the second still keeps the fourth key");
    assert_eq!(table.release(txn(2)), [txn(5)]);
}

/// Random requests and ends, with every deadlock resolved: the table stays sound, no cycle is left,
/// and in the end everybody gets what they wait for.
#[test]
fn any_history_leaves_the_table_sound() {
    let mut seed = 1_u64;
    let mut draw = move |below: u64| {
        seed = crate::fingerprint::mix(seed.wrapping_add(0x9e37_79b9_7f4a_7c15));
        seed % below
    };
    let all =
        [modes::KEY_SHARE, modes::SHARE, modes::UPDATE, modes::NO_KEY_UPDATE, modes::EXCLUSIVE];
    let (mut deadlocks, mut solved) = (0, 0);
    for round in 0..60 {
        let dialects = [Dialect::postgres(), Dialect::sql_server(), Dialect::inno_db()];
        let mut table = table(dialects[round % 3].clone());
        for _ in 0..120 {
            let n = draw(6) as u32;
            if draw(5) == 0 {
                table.release(txn(n));
            } else if !table.is_waiting(txn(n))
                && table.wants(n, row(draw(4) as i64), all[draw(5) as usize]) == Asked::Waits
            {
                loop {
                    let was = table.cycles().len();
                    let (deadlock, granted) = table.deadlock(txn(n), &|_| 0);
                    solved += usize::from(was > 0 && deadlock.is_none());
                    assert!(granted.is_empty() || deadlock.is_none());
                    let Some(deadlock) = deadlock else { break };
                    deadlocks += 1;
                    table.release(deadlock.victim);
                }
            }
            assert!(table.cycles().is_empty());
            table.assert_sound();
        }
        while let Some(free) =
            (0..6).find(|n| !table.is_waiting(txn(*n)) && table.count(txn(*n)) > 0)
        {
            table.release(txn(free));
        }
        assert!(!table.anyone_waits());
    }
    assert!(deadlocks > 50 && solved > 0, "{deadlocks} deadlocks, {solved} solved otherwise");
}
