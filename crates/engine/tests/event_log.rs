//! The event log by its rules. Tests are named after the rules of `event_sourcing_kafka.json`.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use interleave_engine::log_lab::assignors::{
    Assignment, Assignor, Partitions, Subscriptions, TopicPartition,
};
use interleave_engine::log_lab::group::{CommitRefused, Group, Rebalance};
use interleave_engine::log_lab::partition::{
    Content, OffsetOutOfRange, Partition, ProduceRefused, Retention, Sees, Stamp, Stored,
};
use interleave_engine::log_lab::processing::{CommitWhen, Processing};
use proptest::prelude::*;

type Log = Partition<u8, u32>;

fn values(fetched: &[&Stored<u8, u32>]) -> Vec<u32> {
    let value = |stored: &&Stored<u8, u32>| match stored.content {
        Content::Record { value, .. } => value,
        Content::Marker { .. } => None,
    };
    fetched.iter().filter_map(value).collect()
}

/// Reads everything that is there, so many records at a time.
fn read_all(log: &Log, from: u64, at_a_time: usize) -> Vec<u64> {
    let (mut offsets, mut next) = (Vec::new(), from);
    while next < log.end() {
        let fetched = log.fetch(next, at_a_time, Sees::Uncommitted).unwrap();
        offsets.extend(fetched.records.iter().map(|stored| stored.offset));
        assert!(fetched.next > next, "a fetch goes on");
        next = fetched.next;
    }
    offsets
}

/// Offsets are dense and rise by one, and a clone does not see what is stored later.
#[test]
fn kf_r1_offsets_are_dense() {
    let mut log = Log::new(3);
    let offsets: Vec<u64> = (0..10).map(|n| log.append(n, 0, Some(n as u32))).collect();
    assert_eq!(offsets, (0..10).collect::<Vec<_>>());
    let before = log.clone();
    log.append(10, 0, Some(10));
    assert_eq!((before.end(), log.end()), (10, 11));
    assert_eq!(read_all(&before, 4, 2), [4, 5, 6, 7, 8, 9]);
}

/// A consumer of so many records that crashes once, after so many of its steps.
fn with_a_crash(when: CommitWhen, batch: u64, end: u64, crash_after: usize) -> (Vec<u64>, u64) {
    let mut consumer = Processing::new(when, batch);
    let mut repeated = 0;
    for steps in 0.. {
        if steps == crash_after {
            repeated = consumer.uncommitted();
            consumer.crash();
        }
        match consumer.next(end) {
            Some(step) => consumer.take(step),
            None if steps > crash_after => break,
            None => {}
        }
    }
    assert_eq!(consumer.committed(), end);
    (consumer.effects().iter().copied().collect(), repeated)
}

/// Before: nothing twice. After: nothing missing, and what comes twice is what was done since the
/// last commit. With the effect: each once. All crash points are tried, and the mode's fault shows at
/// one of them.
#[test]
fn kf_r3_a_crash_decides_how_often() {
    let end = 7;
    let all: Vec<u64> = (0..end).collect();
    for batch in 1..=4 {
        let mut lost = 0;
        let mut doubled = 0;
        for crash_after in 0..40 {
            let (effects, _) = with_a_crash(CommitWhen::Before, batch, end, crash_after);
            let once: BTreeSet<u64> = effects.iter().copied().collect();
            assert_eq!(once.len(), effects.len(), "at most once");
            lost += all.len() - once.len();

            let (effects, repeated) = with_a_crash(CommitWhen::After, batch, end, crash_after);
            let once: BTreeSet<u64> = effects.iter().copied().collect();
            assert_eq!(once.into_iter().collect::<Vec<_>>(), all, "at least once");
            assert_eq!(effects.len() as u64 - end, repeated);
            doubled += repeated;

            let (effects, _) = with_a_crash(CommitWhen::WithEffect, batch, end, crash_after);
            assert_eq!(effects, all, "exactly once");
        }
        assert!(lost > 0 && doubled > 0, "batches of {batch}: {lost} lost, {doubled} doubled");
    }
}

#[test]
fn kf_r4_a_retry_is_not_stored_again() {
    let mut log = Log::new(100);
    let stamp = |epoch, sequence| Stamp { producer: 7, epoch, sequence };
    assert_eq!(log.append_once(0, stamp(0, 0), 1, Some(10), false), Ok(Some(0)));
    assert_eq!(log.append_once(1, stamp(0, 1), 1, Some(11), false), Ok(Some(1)));
    assert_eq!(log.append_once(2, stamp(0, 1), 1, Some(11), false), Ok(None));
    let missing = Err(ProduceRefused::OutOfOrder { expected: 2 });
    assert_eq!(log.append_once(3, stamp(0, 3), 1, Some(13), false), missing);
    assert_eq!(log.append_once(4, stamp(1, 0), 1, Some(20), false), Ok(Some(2)));
    let zombie = log.append_once(5, stamp(0, 2), 1, Some(12), false);
    assert_eq!(zombie, Err(ProduceRefused::Fenced));
    assert_eq!(values(&log.fetch(0, 9, Sees::Uncommitted).unwrap().records), [10, 11, 20]);
}

#[test]
fn kf_r5_readers_of_committed_records() {
    let mut log = Log::new(100);
    let stamp = |producer, sequence| Stamp { producer, epoch: 0, sequence };
    log.append(0, 0, Some(1));
    log.append_once(1, stamp(1, 0), 0, Some(2), true).unwrap();
    log.append_once(2, stamp(2, 0), 0, Some(3), true).unwrap();
    log.append(3, 0, Some(4));
    let seen = |log: &Log| {
        let fetched = log.fetch(0, 99, Sees::Committed).unwrap();
        (values(&fetched.records), fetched.next)
    };
    assert_eq!(seen(&log), (vec![1], 1), "nothing behind the first open transaction");
    log.end_transaction(4, 1, false);
    assert_eq!(seen(&log), (vec![1], 2), "aborted records are passed over");
    log.end_transaction(5, 2, true);
    assert_eq!(seen(&log), (vec![1, 3, 4], 6));
    log.append_once(6, stamp(1, 1), 0, Some(5), true).unwrap();
    log.end_transaction(7, 1, true);
    assert_eq!(seen(&log), (vec![1, 3, 4, 5], 8), "each transaction ends by its own marker");
    let all = log.fetch(0, 99, Sees::Uncommitted).unwrap();
    assert_eq!(values(&all.records), [1, 2, 3, 4, 5]);
    assert_eq!(log.end_transaction(8, 1, true), None, "none is open");
}

/// An offset that was compacted away stands for the next that is there, a record without a value
/// goes once it is old, and the active segment is left alone.
#[test]
fn kf_r7_compaction() {
    let mut log = Log::new(4);
    for (key, value) in
        [(1, Some(1)), (2, Some(2)), (1, None), (2, Some(4)), (3, Some(5)), (2, Some(6))]
    {
        log.append(0, key, value);
    }
    log.compact(10, 100);
    assert_eq!(read_all(&log, 0, 9), [2, 3, 4, 5], "the tombstone is still young");
    for from in [0, 1, 2] {
        let fetched = log.fetch(from, 1, Sees::Uncommitted).unwrap();
        assert_eq!(fetched.records[0].offset, 2, "from {from}");
    }
    log.compact(101, 100);
    assert_eq!(read_all(&log, 0, 9), [3, 4, 5], "the active segment still holds key 2 twice over");
}

#[test]
fn kf_r8_retention_drops_whole_segments() {
    let mut log = Log::new(4);
    for n in 0..10 {
        log.append(n * 10, 0, Some(n as u32));
    }
    let keep = |offsets_max, age_max| Retention { offsets_max, age_max };
    let mut few = log.clone();
    few.retain(100, keep(Some(7), None));
    assert_eq!((few.start(), few.end()), (4, 10));
    let out = OffsetOutOfRange { start: 4, end: 10 };
    assert_eq!(few.fetch(3, 1, Sees::Uncommitted), Err(out));
    assert_eq!(few.fetch(11, 1, Sees::Uncommitted), Err(out));
    assert_eq!(read_all(&few, 4, 3), [4, 5, 6, 7, 8, 9]);
    few.retain(10_000, keep(Some(0), Some(0)));
    assert_eq!(few.start(), 8, "the active segment stays");
    log.retain(100, keep(None, Some(60)));
    assert_eq!(log.start(), 4, "the last of the first segment is 70 old, of the second 30");
    assert_eq!(log.records().count(), 6);
}

fn topics(of: &[(&'static str, u32)]) -> Partitions<&'static str> {
    of.iter().copied().collect()
}

fn owner(group: &Group<&'static str, &'static str>, of: TopicPartition<&str>) -> &'static str {
    let mut owners = group.owned().iter().filter(|(_, has)| {
        has.iter().any(|one| one.topic == of.topic && one.partition == of.partition)
    });
    let owner = owners.next().unwrap().0;
    assert!(owners.next().is_none(), "one owner");
    owner
}

/// Eager gives up everything, cooperative only what moves; a zombie's commit is refused.
#[test]
fn kf_r9_rebalance_and_zombies() {
    for (rebalance, given_up) in [(Rebalance::Eager, 4), (Rebalance::Cooperative, 2)] {
        let mut group = Group::new(Assignor::Sticky, rebalance, topics(&[("t", 4)]));
        group.join("a", BTreeSet::from(["t"]));
        let old = group.generation();
        let change = group.join("b", BTreeSet::from(["t"]));
        assert_eq!(change.revoked["a"].len(), given_up);
        assert_eq!(change.given["b"].len(), 2);
        let all = (0..4).map(|partition| TopicPartition { topic: "t", partition });
        let (own, others): (Vec<_>, Vec<_>) = all.partition(|one| owner(&group, *one) == "a");
        assert_eq!((own.len(), others.len()), (2, 2));
        let now = group.generation();
        let zombie = group.commit(&"a", old, own[0], 5);
        assert_eq!(zombie, Err(CommitRefused::OldGeneration { now }));
        assert_eq!(group.commit(&"a", now, others[0], 5), Err(CommitRefused::NotOwner));
        assert_eq!(group.commit(&"a", now, own[0], 5), Ok(()));
        assert_eq!((group.committed(&own[0]), group.committed(&own[1])), (5, 0));
        group.leave(&"a");
        assert_eq!(group.commit(&"a", now, own[0], 6), Err(CommitRefused::NoMember));
        assert_eq!(owner(&group, own[0]), "b");
        assert_eq!(group.committed(&own[0]), 5, "the group's offset stays where it was");
    }
}

/// The examples of KIP-54: sticky keeps what round-robin would shuffle.
#[test]
fn sticky_keeps_what_it_can() {
    let all = topics(&[("t0", 2), ("t1", 2), ("t2", 2), ("t3", 2)]);
    let names: BTreeSet<&str> = all.keys().copied().collect();
    let mut wants: Subscriptions<&str, &str> =
        ["C0", "C1", "C2"].into_iter().map(|member| (member, names.clone())).collect();
    let first = Assignor::Sticky.assign(&wants, &all, &Assignment::new());
    assert_eq!(first, Assignor::RoundRobin.assign(&wants, &all, &Assignment::new()));
    wants.remove("C1");
    let second = Assignor::Sticky.assign(&wants, &all, &first);
    for member in ["C0", "C2"] {
        assert!(first[member].is_subset(&second[member]), "{member} keeps its own");
        assert_eq!(second[member].len(), 4);
    }
    let all = topics(&[("t0", 1), ("t1", 2), ("t2", 3)]);
    let mut wants = BTreeMap::from([
        ("C0", BTreeSet::from(["t0"])),
        ("C1", BTreeSet::from(["t0", "t1"])),
        ("C2", BTreeSet::from(["t0", "t1", "t2"])),
    ]);
    let lengths = |of: &Assignment<&str, &str>| of.values().map(BTreeSet::len).collect::<Vec<_>>();
    let first = Assignor::Sticky.assign(&wants, &all, &Assignment::new());
    assert_eq!(lengths(&first), [1, 2, 3]);
    wants.remove("C0");
    assert_eq!(lengths(&Assignor::Sticky.assign(&wants, &all, &first)), [3, 3]);
}

fn subscriptions() -> impl Strategy<Value = (Subscriptions<u8, u8>, Partitions<u8>)> {
    let wants =
        prop::collection::btree_map(0_u8..6, prop::collection::btree_set(0_u8..4, 0..4), 0..6);
    (wants, prop::collection::btree_map(0_u8..4, 0_u32..6, 1..4))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Every partition that somebody wants has exactly one owner, who wants it, under every rule and
    /// whatever came before.
    #[test]
    fn kf_r2_each_partition_has_one_owner(
        (wants, partitions) in subscriptions(),
        (wanted, had) in subscriptions(),
    ) {
        for rule in [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky] {
            let before = rule.assign(&wanted, &had, &Assignment::new());
            let assigned = rule.assign(&wants, &partitions, &before);
            for (topic, count) in &partitions {
                let takers = wants.values().filter(|topics| topics.contains(topic)).count();
                for partition in 0..*count {
                    let one = TopicPartition { topic: *topic, partition };
                    let owners: Vec<_> = assigned.iter().filter(|(_, has)| has.contains(&one)).collect();
                    prop_assert_eq!(owners.len(), usize::from(takers > 0));
                    prop_assert!(owners.iter().all(|(member, _)| wants[member].contains(topic)));
                }
            }
            let total: usize = assigned.values().map(BTreeSet::len).sum();
            prop_assert!(total as u64 <= partitions.values().map(|n| u64::from(*n)).sum());
        }
    }

    /// Where all want the same, sticky comes out even, and nobody who stays loses what the even
    /// share would let it keep.
    #[test]
    fn sticky_is_even_and_moves_little(members in 2_u8..7, partitions in 1_u32..20, gone in 0_u8..7) {
        let topics = BTreeSet::from([0_u8]);
        let mut wants: Subscriptions<u8, u8> = (0..members).map(|m| (m, topics.clone())).collect();
        let all = Partitions::from([(0, partitions)]);
        let first = Assignor::Sticky.assign(&wants, &all, &Assignment::new());
        wants.remove(&(gone % members));
        let second = Assignor::Sticky.assign(&wants, &all, &first);
        let lengths: BTreeSet<usize> = second.values().map(BTreeSet::len).collect();
        prop_assert!(lengths.last().unwrap() - lengths.first().unwrap() <= 1);
        for (member, has) in &second {
            prop_assert!(first[member].is_subset(has));
        }
    }

    /// Compaction never changes offsets or their order, keeps the last record of each key, and no
    /// key's last value changes.
    #[test]
    fn compaction_keeps_the_last_values(
        records in prop::collection::vec((0_u8..5, prop::option::of(0_u32..9)), 1..60),
        segment in 1_u64..8,
        sometimes in prop::collection::vec(any::<bool>(), 60),
    ) {
        let (mut log, mut plain) = (Log::new(segment), Log::new(segment));
        for (at, (key, value)) in records.iter().enumerate() {
            log.append(at as u64, *key, *value);
            plain.append(at as u64, *key, *value);
            if sometimes[at] {
                log.compact(at as u64, 1_000);
            }
        }
        let last = |log: &Log| -> BTreeMap<u8, (u64, Option<u32>)> {
            log.records().filter_map(|stored| match stored.content {
                Content::Record { key, value, .. } => Some((key, (stored.offset, value))),
                Content::Marker { .. } => None,
            }).collect()
        };
        prop_assert_eq!(last(&log), last(&plain));
        let offsets = read_all(&log, 0, 3);
        prop_assert!(offsets.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert_eq!(log.end(), plain.end());
    }
}
