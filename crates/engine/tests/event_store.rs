//! The event store: states as of any past event, snapshots, concurrency, projections that crash.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use interleave_engine::log_lab::append::{AppendRefused, Expected};
use interleave_engine::log_lab::fold::{Fold, Folded, Snapshots, state_as_of, state_at};
use interleave_engine::log_lab::projection::{Delivery, Projection, Serving};
use interleave_engine::log_lab::store::EventStore;
use proptest::prelude::*;

/// What happens to an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Entry {
    Deposited(i64),
    Withdrawn(i64),
    /// The balance was found wrong and set right; what it was before stays on record.
    Corrected(i64),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Balance(i64);

impl Fold for Balance {
    type Event = Entry;

    fn apply(&mut self, event: &Entry) {
        match event {
            Entry::Deposited(amount) => self.0 += amount,
            Entry::Withdrawn(amount) => self.0 -= amount,
            Entry::Corrected(to) => self.0 = *to,
        }
    }
}

type Store = EventStore<u8, u64, Entry>;
const ACCOUNT: u8 = 1;

fn entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        8 => (1_i64..100).prop_map(Entry::Deposited),
        8 => (1_i64..100).prop_map(Entry::Withdrawn),
        1 => (0_i64..1000).prop_map(Entry::Corrected),
    ]
}

/// An account's events, written one after the other, and its balance after each, added up by hand.
fn account(entries: &[Entry]) -> (Store, Vec<i64>) {
    let mut store = Store::default();
    let mut balances = Vec::new();
    let mut balance = 0;
    for (at, entry) in (0_u64..).zip(entries) {
        let expected = at.checked_sub(1).map_or(Expected::NoStream, Expected::Exact);
        store.append(&ACCOUNT, expected, vec![(at, *entry)], at * 10).unwrap();
        balance = match entry {
            Entry::Deposited(amount) => balance + amount,
            Entry::Withdrawn(amount) => balance - amount,
            Entry::Corrected(to) => *to,
        };
        balances.push(balance);
    }
    (store, balances)
}

/// 10,000 events: all of them without snapshots, less than one interval's with them.
#[test]
fn an_account_of_ten_thousand_events_is_rebuilt() {
    let entries: Vec<Entry> = (0..10_000)
        .map(|n| if n % 3 == 2 { Entry::Withdrawn(n) } else { Entry::Deposited(n + 1) })
        .collect();
    let (store, balances) = account(&entries);
    let stream = store.stream(&ACCOUNT).unwrap();
    let full = state_at(stream, &Balance::default(), None, stream.version());
    assert_eq!(full, Folded { state: Balance(balances[9_999]), folds: 10_000 });

    let mut snapshots = Snapshots::every(100);
    assert_eq!(snapshots.take(stream, &Balance::default()), 10_000, "each event once");
    assert_eq!(snapshots.count(), 100);
    assert_eq!(snapshots.take(stream, &Balance::default()), 0, "none is due");
    let mut folds = 0;
    for version in (0..10_000).step_by(7) {
        let past = state_at(stream, &Balance::default(), Some(&snapshots), Some(version));
        assert_eq!(past.state, Balance(balances[version as usize]));
        assert!(past.folds < 100, "{} folds for version {version}", past.folds);
        folds += past.folds;
    }
    assert_eq!(folds, (0..10_000).step_by(7).map(|version| (version + 1) % 100).sum::<u64>());
    snapshots.forget();
    let again = state_at(stream, &Balance::default(), Some(&snapshots), stream.version());
    assert_eq!(again, full);
}

/// The record before its correction is what it was then.
#[test]
fn a_corrected_record_as_it_was() {
    let (store, _) = account(&[Entry::Deposited(100), Entry::Withdrawn(30), Entry::Corrected(90)]);
    let stream = store.stream(&ACCOUNT).unwrap();
    let as_of = |moment| state_as_of(stream, &Balance::default(), None, moment).state.0;
    assert_eq!([0, 9, 10, 19, 20, 1_000].map(as_of), [100, 100, 70, 70, 90, 90]);
}

/// Of many who write upon the same version one succeeds, and its retry is known by its ids.
#[test]
fn es_r3_one_of_many_succeeds() {
    for expected in [Expected::NoStream, Expected::Exact(2)] {
        let mut store = Store::default();
        if let Expected::Exact(version) = expected {
            let events = (0..=version).map(|id| (id, Entry::Deposited(1))).collect();
            store.append(&ACCOUNT, Expected::Any, events, 0).unwrap();
        }
        let length = store.end();
        let attempts: Vec<bool> = (100..108)
            .map(|id| store.append(&ACCOUNT, expected, vec![(id, Entry::Deposited(5))], 1).is_ok())
            .collect();
        assert_eq!(attempts.iter().filter(|is_ok| **is_ok).count(), 1);
        assert_eq!(store.end(), length + 1);
        let retry = store.append(&ACCOUNT, expected, vec![(100, Entry::Deposited(5))], 2);
        assert!(retry.is_ok_and(|appended| appended.is_idempotent));
    }
}

/// What is deleted softly is hidden and goes on behind; what is deleted for ever is not written.
#[test]
fn deleted_streams() {
    let (mut store, _) = account(&[Entry::Deposited(1), Entry::Deposited(2)]);
    store.delete_softly(&ACCOUNT).unwrap();
    assert_eq!(store.stream(&ACCOUNT).unwrap().shown().count(), 0);
    let event = |id| vec![(id, Entry::Deposited(9))];
    assert!(store.append(&ACCOUNT, Expected::StreamExists, event(7), 30).is_err());
    let appended = store.append(&ACCOUNT, Expected::NoStream, event(7), 30).unwrap();
    assert_eq!(appended.version, Some(2));
    let shown: Vec<u64> =
        store.stream(&ACCOUNT).unwrap().shown().map(|event| event.version).collect();
    assert_eq!(shown, [2]);
    store.delete_for_ever(&ACCOUNT).unwrap();
    let refused = store.append(&ACCOUNT, Expected::Any, event(8), 40);
    assert_eq!(refused, Err(AppendRefused::StreamDeleted));
    assert!(store.append(&ACCOUNT, Expected::Any, vec![], 40).is_ok(), "nothing is written");
}

/// The balance of each account and how many events it took: applying twice would show.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Accounts(BTreeMap<u8, (i64, u64)>);

impl Fold for Accounts {
    type Event = (u8, Entry);

    fn apply(&mut self, (account, entry): &(u8, Entry)) {
        let (balance, count) = self.0.entry(*account).or_default();
        let mut fold = Balance(*balance);
        fold.apply(entry);
        *balance = fold.0;
        *count += 1;
    }
}

type Ledger = EventStore<u8, u64, (u8, Entry)>;

fn ledger(entries: &[(u8, Entry)]) -> Ledger {
    let mut store = Ledger::default();
    for (id, (account, entry)) in (0_u64..).zip(entries) {
        store.append(account, Expected::Any, vec![(id, (*account, *entry))], id).unwrap();
    }
    store
}

fn by_hand(entries: &[(u8, Entry)]) -> Accounts {
    let mut accounts = Accounts::default();
    entries.iter().for_each(|entry| accounts.apply(entry));
    accounts
}

fn entries() -> impl Strategy<Value = Vec<(u8, Entry)>> {
    prop::collection::vec((0_u8..3, entry()), 0..40)
}

/// Early events wait, repeated ones are passed over, and the checkpoint does not run ahead of them.
#[test]
fn early_and_repeated_events() {
    let entries: Vec<_> = (1..=3).map(|n| (0, Entry::Deposited(n))).collect();
    let mut projection = Projection::new(Accounts::default());
    let deliver = |projection: &mut Projection<u8, Accounts>, at: u64| {
        projection.deliver(&0, at, at, &entries[at as usize])
    };
    assert_eq!(deliver(&mut projection, 2), Delivery::Waits);
    assert_eq!(deliver(&mut projection, 1), Delivery::Waits);
    assert_eq!((projection.checkpoint(), projection.waiting()), (0, 2));
    assert_eq!(deliver(&mut projection, 0), Delivery::Applied(3));
    assert_eq!(deliver(&mut projection, 1), Delivery::Repeated);
    assert_eq!((projection.checkpoint(), projection.waiting()), (3, 0));
    assert_eq!(projection.state(), &by_hand(&entries));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// As of every event and every moment, with snapshots of any interval and without.
    #[test]
    fn es_r1_the_balance_as_of_any_past_event(
        entries in prop::collection::vec(entry(), 1..120),
        every in 0_u64..20,
    ) {
        let (store, balances) = account(&entries);
        let stream = store.stream(&ACCOUNT).unwrap();
        let mut snapshots = Snapshots::every(every);
        snapshots.take(stream, &Balance::default());
        for (version, balance) in (0_u64..).zip(&balances) {
            for taken in [None, Some(&snapshots)] {
                let past = state_at(stream, &Balance::default(), taken, Some(version));
                prop_assert_eq!(past.state, Balance(*balance));
                let most = if taken.is_some() && every > 0 { every } else { version + 2 };
                prop_assert!(past.folds < most);
            }
            for moment in [version * 10, version * 10 + 9] {
                let then = state_as_of(stream, &Balance::default(), Some(&snapshots), moment);
                prop_assert_eq!(then.state, Balance(*balance));
            }
        }
    }

    /// Whatever order the events come in, however often, and wherever it crashes: delivering again
    /// from the checkpoint brings the projection to where it belongs.
    #[test]
    fn es_r2_a_projection_converges(
        entries in entries(),
        arrivals in prop::collection::vec((any::<prop::sample::Index>(), prop::bool::weighted(0.1)), 0..80),
    ) {
        let log = ledger(&entries);
        let mut projection = Projection::new(Accounts::default());
        for (index, is_crash) in arrivals {
            if is_crash {
                projection.crash();
            } else if !entries.is_empty() {
                let position = index.index(entries.len()) as u64;
                let (stream, event) = log.at(position).unwrap();
                projection.deliver(stream, event.version, event.position, &event.body);
            }
            prop_assert!(projection.checkpoint() <= log.end());
        }
        projection.crash();
        while projection.follow(&log, 3) > 0 {}
        prop_assert_eq!(projection.checkpoint(), log.end());
        prop_assert_eq!(projection.state(), &by_hand(&entries));
    }

    /// A crash after every single event, one case each: the same state as without any.
    #[test]
    fn a_crash_anywhere(entries in entries()) {
        let log = ledger(&entries);
        for crash_at in 0..=log.end() {
            let mut projection = Projection::new(Accounts::default());
            projection.follow(&log, crash_at);
            // Its last event comes once more, as from a broker that saw no commit.
            projection.crash();
            if let Some((stream, event)) = crash_at.checked_sub(1).and_then(|at| log.at(at)) {
                let again = projection.deliver(stream, event.version, event.position, &event.body);
                prop_assert_eq!(again, Delivery::Repeated);
            }
            projection.follow(&log, u64::MAX);
            prop_assert_eq!(projection.state(), &by_hand(&entries));
        }
    }

    /// While it is rebuilt the old one answers and goes on; the new one takes over when it is as far.
    #[test]
    fn rebuilding_while_serving(
        entries in entries(),
        more in entries(),
        pace in 1_u64..5,
        crash_at in 0_usize..20,
    ) {
        let mut log = ledger(&entries);
        let mut wrong = Accounts::default();
        wrong.apply(&(9, Entry::Deposited(1)));
        let mut projection = Projection::new(wrong);
        projection.follow(&log, u64::MAX);
        let mut serving = Serving::new(projection);
        serving.rebuild(Accounts::default());
        let mut writes = (100_u64..).zip(&more);
        let mut last = None;
        for turn in 0.. {
            if let Some((id, (account, entry))) = writes.next() {
                log.append(account, Expected::Any, vec![(id, (*account, *entry))], id).unwrap();
            }
            if turn == crash_at {
                serving.crash();
            }
            let answers = serving.answers().checkpoint();
            prop_assert!(last.is_none_or(|last| answers >= last), "it never answers from earlier");
            last = Some(answers);
            if serving.follow(&log, 1, pace + 1) {
                break;
            }
            prop_assert!(serving.rebuilt().is_some());
            prop_assert!(serving.answers().state().0.contains_key(&9), "the old one answers");
        }
        prop_assert_eq!(serving.rebuilt(), None);
        for (id, (account, entry)) in writes {
            log.append(account, Expected::Any, vec![(id, (*account, *entry))], id).unwrap();
        }
        while serving.answers().checkpoint() < log.end() {
            serving.follow(&log, 5, 5);
        }
        let all: Vec<_> = entries.into_iter().chain(more).collect();
        prop_assert_eq!(serving.answers().state(), &by_hand(&all));
    }
}
