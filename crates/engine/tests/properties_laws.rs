//! What must hold for any trace: which orders the residual state forgets, and what it must not.

#![allow(clippy::unwrap_used)]
#![cfg(not(target_arch = "wasm32"))]

mod properties_support;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use interleave_engine::event::{Acknowledged, EventKind, LostRecord, Outcome};
use interleave_engine::fingerprint::Fingerprint;
use interleave_engine::ids::{Direction, EventIx, MsgId};
use interleave_engine::properties::{Finding, Monitor, Watcher};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use properties_support::{Run, checkout, dropped};

const EFFECTS: [&str; 8] = [
    "order",
    "charge",
    "reserve",
    "ship",
    "undo-order",
    "undo-charge",
    "undo-reserve",
    "undo-ship",
];

/// One thing that happens to a transaction.
#[derive(Clone, Debug)]
enum Deed {
    Effect(usize),
    /// A crash that loses this effect; nothing happens where it is not there.
    Lose(usize),
    Promise(Acknowledged),
    End(Outcome),
    Stuck,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0..EFFECTS.len()).prop_map(Deed::Effect),
        1 => (0..EFFECTS.len()).prop_map(Deed::Lose),
        1 => prop_oneof![Just(Acknowledged::Accepted), Just(Acknowledged::Completed)].prop_map(Deed::Promise),
        1 => prop_oneof![Just(Outcome::Committed), Just(Outcome::Aborted), Just(Outcome::Unknown)].prop_map(Deed::End),
        1 => Just(Deed::Stuck),
    ]
}

fn happen(run: Run, txn: u32, deed: &Deed) -> Run {
    match deed {
        Deed::Effect(at) => run.does(txn, &[EFFECTS[*at]]),
        Deed::Lose(at) => {
            let of = run.lab.effect(txn, EFFECTS[*at]);
            let (monitor, _) = run.monitored();
            let tally = monitor.ledger().get(of.txn).unwrap().tally(of.step);
            let there = if of.dir == Direction::Do { tally.dos } else { tally.undos };
            let effects = if there > 0 { vec![of] } else { vec![] };
            run.crash(
                "orders",
                vec![LostRecord::Commit { changes: vec![], effects, in_doubt: false }],
            )
        }
        Deed::Promise(promise) => run.acknowledged(txn, *promise),
        Deed::End(outcome) => run.ended(txn, *outcome),
        Deed::Stuck => run.stuck(txn),
    }
}

/// What a monitor found, without the places of it.
fn verdicts(found: &[Finding]) -> Vec<(usize, Option<u32>, String)> {
    let mut verdicts: Vec<_> = found
        .iter()
        .map(|finding| (finding.line, finding.txn.map(|txn| txn.0), finding.why.clone()))
        .collect();
    verdicts.sort();
    verdicts
}

/// Merges two lists, taking from the first where a turn says so.
fn merge(first: &[Deed], second: &[Deed], turns: &[bool]) -> Vec<(u32, Deed)> {
    let (mut first, mut second) = (first.iter(), second.iter());
    let mut merged = Vec::new();
    for turn in turns.iter().chain(std::iter::repeat(&true)) {
        let (txn, next) = if *turn {
            match first.next() {
                Some(deed) => (1, Some(deed)),
                None => (2, second.next()),
            }
        } else {
            match second.next() {
                Some(deed) => (2, Some(deed)),
                None => (1, first.next()),
            }
        };
        let Some(deed) = next else { break };
        merged.push((txn, deed.clone()));
    }
    merged
}

fn run_of(deeds: &[(u32, Deed)]) -> Run {
    let start = checkout().run().start(1).start(2);
    deeds.iter().fold(start, |run, (txn, deed)| happen(run, *txn, deed))
}

/// An event that says nothing to any property.
fn unrelated(at: usize) -> EventKind {
    match at % 4 {
        0 => EventKind::Handled { msg: MsgId(at as u32) },
        1 => dropped(at as u32),
        2 => EventKind::Restarted { redone: 3 },
        _ => EventKind::ReplyLost,
    }
}

proptest! {
    // A failing case belongs into a test of its own, not into a file of seeds.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The residual state of two transactions does not know how they were interleaved.
    #[test]
    fn interleaving_two_transactions_otherwise_leaves_the_same_state(
        first in vec(deed(), 0..10),
        second in vec(deed(), 0..10),
        turns in vec(any::<bool>(), 20),
        others in vec(any::<bool>(), 20),
    ) {
        let (one, other) =
            (run_of(&merge(&first, &second, &turns)), run_of(&merge(&first, &second, &others)));
        prop_assert_eq!(one.canon(), other.canon());
        prop_assert_eq!(verdicts(&one.monitored().1), verdicts(&other.monitored().1));
        let at_rest = |run: &Run| {
            let mut found = Vec::new();
            run.monitored().0.at_rest(run.last(), &mut found);
            verdicts(&found)
        };
        prop_assert_eq!(at_rest(&one), at_rest(&other));
    }

    /// Events that are nobody's business change neither state nor verdict.
    #[test]
    fn unrelated_events_change_nothing(
        deeds in vec((1..3_u32, deed()), 0..12),
        places in vec(any::<Index>(), 1..6),
    ) {
        let plain = run_of(&deeds);
        let mut strewn = deeds.iter().map(Some).collect::<Vec<_>>();
        for place in &places {
            let at = place.index(strewn.len() + 1);
            strewn.insert(at, None);
        }
        let start = checkout().run().start(1).start(2);
        let strewn = strewn.iter().enumerate().fold(start, |run, (at, deed)| match deed {
            Some((txn, deed)) => happen(run, *txn, deed),
            None => run.push(2, Some(1), unrelated(at)),
        });
        prop_assert_eq!(plain.canon(), strewn.canon());
        prop_assert_eq!(verdicts(&plain.monitored().1), verdicts(&strewn.monitored().1));
    }

    /// A watcher taken up from a copy says what one that saw everything says.
    #[test]
    fn a_watcher_goes_on_from_a_copy(deeds in vec((1..3_u32, deed()), 1..20), at in any::<Index>()) {
        let run = run_of(&deeds);
        let mut watcher = Watcher::new(run.lab.rules());
        let mut copy = None;
        for (ix, event) in run.events.iter().enumerate() {
            if ix == at.index(run.events.len()) {
                copy = Some(watcher.clone());
            }
            watcher.observe(EventIx(ix as u32), event);
        }
        let mut copy = copy.unwrap();
        for (ix, event) in run.events.iter().enumerate().skip(at.index(run.events.len())) {
            copy.observe(EventIx(ix as u32), event);
        }
        prop_assert_eq!(copy.reports(true), watcher.reports(true));
        prop_assert_eq!(watcher.reports(true), run.reports());
    }

    /// A run's reports have violations where the monitor found some, and statuses in order.
    #[test]
    fn reports_agree_with_the_monitor(deeds in vec((1..3_u32, deed()), 0..20)) {
        let run = run_of(&deeds);
        let (monitor, mut found) = run.monitored();
        monitor.at_rest(run.last(), &mut found);
        for (line, report) in run.reports().iter().enumerate() {
            let count = found.iter().filter(|finding| finding.line == line).count();
            prop_assert_eq!(report.violation_count, count);
            prop_assert_eq!(report.changes[0].at, EventIx(0));
            prop_assert!(report.changes.windows(2).all(|pair| pair[0].at < pair[1].at));
            prop_assert!(report.violations.windows(2).all(|pair| pair[0].event <= pair[1].event));
            let last = report.changes.last().unwrap().status;
            prop_assert_eq!(last == interleave_engine::verdict::Status::Broken, count > 0);
        }
    }
}

/// Equal residual states have equal futures: all histories of three deeds that lead to equal states
/// break the same properties by any next deed, come to equal states by it, and are judged alike at
/// rest. What holds for one deed more holds for any number, as long as equal states stay equal.
#[test]
fn equal_states_have_equal_futures() {
    let mut deeds: Vec<Deed> = (0..EFFECTS.len()).map(Deed::Effect).collect();
    deeds.extend([Deed::Lose(0), Deed::Lose(1), Deed::Stuck, Deed::End(Outcome::Aborted)]);
    deeds.extend([Acknowledged::Accepted, Acknowledged::Completed].map(Deed::Promise));
    let mut histories = vec![vec![]];
    let mut longest = histories.clone();
    for _ in 0..3 {
        let longer = |known: &Vec<Deed>| {
            deeds
                .iter()
                .map(|deed| [known.clone(), vec![deed.clone()]].concat())
                .collect::<Vec<_>>()
        };
        longest = longest.iter().flat_map(longer).collect();
        histories.extend(longest.iter().cloned());
    }
    let (mut groups, mut shared) = (BTreeMap::new(), 0);
    for history in &histories {
        let start = checkout().run().start(1);
        let run = history.iter().fold(start, |run, deed| happen(run, 1, deed));
        let future = future(&run, &deeds);
        match groups.entry(run.canon()) {
            Entry::Vacant(new) => {
                new.insert((history, future));
            }
            Entry::Occupied(known) => {
                assert_eq!(known.get().1, future, "{:?} and {history:?}", known.get().0);
                shared += 1;
            }
        }
    }
    assert!(shared > 100 && groups.len() > 100, "{shared} of {} shared", histories.len());
}

/// What each next deed breaks and leads to, and what is broken at rest. A property that is broken
/// already is settled and says nothing more.
fn future(run: &Run, deeds: &[Deed]) -> Vec<(Vec<usize>, u64)> {
    let (monitor, _) = run.monitored();
    let news = |found: &[Finding]| {
        let mut lines: Vec<usize> = found.iter().map(|finding| finding.line).collect();
        lines.retain(|line| !monitor.is_broken(*line));
        lines.sort_unstable();
        lines.dedup();
        lines
    };
    let mut found = Vec::new();
    monitor.at_rest(run.last(), &mut found);
    let mut futures = vec![(news(&found), 0)];
    for deed in deeds {
        let after = happen(run.clone(), 1, deed);
        let (mut next, mut found) = (monitor.clone(), Vec::new());
        next.observe(after.last(), after.events.last().unwrap(), &mut found);
        futures.push((news(&found), Fingerprint::of(&next)));
    }
    futures
}

/// Order within one transaction matters where a property depends on it.
#[test]
fn histories_that_a_property_tells_apart_are_two_states() {
    let canon = |effects: &[&str]| checkout().run().start(1).does(1, effects).canon();
    assert_ne!(canon(&["order"]), canon(&[]));
    assert_ne!(canon(&["order", "undo-order"]), canon(&[]), "nothing may be done after it");
    assert_ne!(canon(&["order", "charge"]), canon(&["charge", "order"]), "one is illegal");
    let run = checkout().run().start(1).does(1, &["order"]);
    assert_ne!(run.canon(), run.clone().acknowledged(1, Acknowledged::Accepted).canon());
    assert_ne!(run.canon(), run.clone().ended(1, Outcome::Aborted).canon());
    assert_eq!(run.canon(), run.clone().wait_us(7_000).restart("orders").canon());
}

/// Only what a selected property depends on is remembered.
#[test]
fn a_selection_remembers_no_more_than_it_needs() {
    let canon = |ids: &[&str], effects: &[&str]| {
        let run = checkout().run().start(1).does(1, effects);
        let mut monitor = Monitor::new(run.lab.rules(), Some(ids));
        let mut found = Vec::new();
        for (at, event) in run.events.iter().enumerate() {
            monitor.observe(EventIx(at as u32), event, &mut found);
        }
        Fingerprint::of(&monitor)
    };
    let (never, undone) = ([], ["order", "undo-order"]);
    assert_eq!(canon(&["atomicity"], &never), canon(&["atomicity"], &undone));
    assert_ne!(canon(&["saga-history"], &never), canon(&["saga-history"], &undone));
    assert_eq!(canon(&["progress"], &["order"]), canon(&["progress"], &never));
    assert_eq!(canon(&["bounds"], &["order"]), canon(&["bounds"], &never));
    // Once it is broken, what else happens does not matter to it.
    let (twice, more) = (["order", "order"], ["order", "order", "charge"]);
    assert_eq!(canon(&["exactly-once"], &twice), canon(&["exactly-once"], &more));
}
