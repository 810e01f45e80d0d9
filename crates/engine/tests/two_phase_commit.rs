//! Two-phase commit: what it costs, by formulas; what holds with everything going wrong; and what a
//! coordinator that dies after the votes leaves behind.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod breaks_support;
mod two_phase_support;

use breaks_support::cases::shipped;
use breaks_support::two_phase::{distributed_deadlock, promised_again, undisturbed};
use breaks_support::{broken, check, faults};
use interleave_engine::event::EventKind;
use interleave_engine::ids::TxnId;
use interleave_engine::scenario::document::{Budget, Orchestrator, Presume, Trigger};
use interleave_engine::session::Session;
use two_phase_support::{
    Cost, Way, cost, delays_to_commit, forced_one_after_the_other, run, scenario,
};

const VARIANTS: [Presume; 3] = [Presume::Nothing, Presume::Abort, Presume::Commit];

/// The costs by the literature: every participant is asked and votes; who voted to commit hears the
/// decision, and acknowledges it where its coordinator would otherwise presume the other.
fn expected(n: usize, way: Way, presume: Presume) -> Cost {
    let readers = if let Way::Commit { readers } = way { readers } else { 0 };
    let commits = matches!(way, Way::Commit { .. });
    // Who hears the decision.
    let told = if way == Way::Refused { n - 1 } else { n - readers };
    let is_acknowledged = match presume {
        Presume::Nothing => true,
        Presume::Abort => commits,
        Presume::Commit => !commits,
    };
    let acknowledgements = if is_acknowledged { told } else { 0 };
    // Presumed commit writes down who takes part, and its commit or end; the others write their
    // decision where somebody must hear it and could be told the other, and forget it unforced.
    let (coordinator_forced, coordinator_records) = match (presume, way) {
        // Its log takes nothing.
        (_, Way::Unwritten) => (0, 0),
        (Presume::Commit, _) => (1 + u32::from(commits && told > 0), 2),
        (Presume::Abort, Way::Refused) => (0, 0),
        (_, _) if told == 0 => (0, 0),
        (_, _) => (1, 2),
    };
    let each = |number: usize| match way {
        Way::Commit { .. } if number <= readers => (0, 0),
        // With presumed commit a refusal is written down, so that nobody ever takes it for a commit.
        Way::Refused if number == n => {
            let remembers = u32::from(presume == Presume::Commit);
            (remembers, remembers)
        }
        _ => (1 + u32::from(is_acknowledged), 2),
    };
    let (forced, records) = (1..=n).map(each).unzip();
    Cost {
        messages: 2 * n + told + acknowledgements,
        acknowledgements,
        coordinator_forced,
        coordinator_records,
        forced,
        records,
    }
}

#[test]
fn messages_and_forced_writes_are_those_of_each_variant() {
    for presume in VARIANTS {
        for n in 1..=8 {
            let mut ways = vec![Way::Refused];
            ways.extend((0..=n).map(|readers| Way::Commit { readers }));
            // Presumed commit begins with a write; where that fails nobody is asked.
            if presume != Presume::Commit {
                ways.push(Way::Unwritten);
            }
            for way in ways {
                let session = run(&scenario(n, way, presume, Orchestrator::Separate));
                let found = cost(session.as_ref(), n);
                assert_eq!(found, expected(n, way, presume), "{presume:?} {n} {way:?}");
                for property in session.properties() {
                    assert!(property.holds(), "{presume:?} {n} {way:?}: {:?}", property.violations);
                }
            }
        }
    }
}

/// Three messages and two forced writes lie before the commit, however many take part; where the
/// coordinator is one of them its own messages are calls.
#[test]
fn the_delay_does_not_grow_with_the_participants() {
    for n in 2..=8 {
        for place in [Orchestrator::Separate, Orchestrator::FirstService] {
            let way = Way::Commit { readers: 0 };
            let session = run(&scenario(n, way, Presume::Commit, place));
            let remote = if place == Orchestrator::Separate { n } else { n - 1 };
            assert_eq!(cost(session.as_ref(), n).messages, 3 * remote);
            let session = run(&scenario(n, way, Presume::Abort, place));
            assert_eq!(cost(session.as_ref(), n).messages, 4 * remote);
            assert_eq!(delays_to_commit(session.as_ref(), n), 3);
            assert_eq!(forced_one_after_the_other(session.as_ref(), n), 2);
        }
    }
}

/// The proof: two and three participants, a crash, a loss and a duplicate at any place.
#[test]
fn it_holds_with_one_crash_one_loss_and_one_duplicate() {
    let commit = Way::Commit { readers: 0 };
    let reads = Way::Commit { readers: 1 };
    for (n, way, presume, place, budget, states) in [
        (2, commit, Presume::Abort, Orchestrator::Separate, (1, 1, 1), 59_764),
        (2, commit, Presume::Nothing, Orchestrator::Separate, (1, 1, 1), 107_524),
        (2, commit, Presume::Commit, Orchestrator::Separate, (1, 1, 1), 29_713),
        (2, commit, Presume::Abort, Orchestrator::FirstService, (1, 1, 1), 3_405),
        (2, commit, Presume::Nothing, Orchestrator::FirstService, (1, 1, 1), 3_659),
        (2, commit, Presume::Commit, Orchestrator::FirstService, (1, 1, 1), 2_084),
        (2, reads, Presume::Abort, Orchestrator::Separate, (1, 1, 1), 14_486),
        (2, reads, Presume::Commit, Orchestrator::Separate, (1, 1, 1), 27_808),
        (2, Way::Refused, Presume::Abort, Orchestrator::Separate, (1, 1, 1), 11_938),
        (2, Way::Refused, Presume::Nothing, Orchestrator::Separate, (1, 1, 1), 32_306),
        (2, Way::Refused, Presume::Commit, Orchestrator::Separate, (1, 1, 1), 44_128),
        (3, commit, Presume::Abort, Orchestrator::Separate, (1, 1, 0), 80_839),
        (3, commit, Presume::Commit, Orchestrator::Separate, (1, 0, 1), 145_159),
        (3, Way::Refused, Presume::Commit, Orchestrator::Separate, (1, 1, 0), 167_696),
    ] {
        let report =
            check(&scenario(n, way, presume, place), faults(budget.0, budget.1, budget.2), false);
        let what = format!("{n} {way:?} {presume:?} {place:?} {budget:?}");
        assert_eq!(broken(&report), [""; 0], "{what}: {:#?}", report.properties);
        assert!(report.complete && report.at_rest > 0, "{what}");
        assert_eq!(report.states, states, "{what}");
    }
}

/// What is forgotten counts as committed under presumed commit: what a participant remembers of a
/// transaction is part of that protocol. For the others it is the inbox, and without it a copy of the
/// question is promised again, and committed again while the coordinator knows the transaction.
#[test]
fn without_the_inbox_a_copy_of_the_question_is_promised_again() {
    let mut scenario = promised_again();
    let report = check(&scenario, faults(0, 0, 1), false);
    assert_eq!(broken(&report), ["Money conserved", "Exactly once"]);
    scenario.options.presume = Presume::Commit;
    assert_eq!(broken(&check(&scenario, faults(0, 0, 1), false)), [""; 0]);
}

/// The moments at which the first transaction's promises were made and ended at the two banks, the
/// coordinator's restart, and when the other transaction had the lock that it waited for.
struct Blocked {
    promised: Vec<u64>,
    ended: Vec<(u64, bool)>,
    crashed: u64,
    restarted: u64,
    waits: Vec<(u64, Vec<TxnId>)>,
    granted: Vec<u64>,
}

fn blocked(session: &dyn Session) -> Blocked {
    let (one, two) = (TxnId(0), TxnId(1));
    let coordinator = session.cast().node_named("coordinator").unwrap();
    let mut seen = Blocked {
        promised: vec![],
        ended: vec![],
        crashed: 0,
        restarted: 0,
        waits: vec![],
        granted: vec![],
    };
    for event in session.trace().events() {
        match &event.kind {
            EventKind::Prepared { .. } if event.txn == Some(one) => seen.promised.push(event.at),
            EventKind::Committed { effects, .. }
                if event.txn == Some(one) && !effects.is_empty() =>
            {
                seen.ended.push((event.at, true));
            }
            EventKind::RolledBack { .. } if event.txn == Some(one) => {
                seen.ended.push((event.at, false));
            }
            EventKind::LockWaited { holders, .. } if event.txn == Some(two) => {
                seen.waits.push((event.at, holders.clone()));
            }
            EventKind::LockGranted { .. } if event.txn == Some(two) => seen.granted.push(event.at),
            EventKind::Crashed { .. } if event.node == coordinator => seen.crashed = event.at,
            EventKind::Restarted { .. } if event.node == coordinator => seen.restarted = event.at,
            _ => {}
        }
    }
    seen
}

/// A coordinator that dies with the last vote on its table has decided nothing. Both banks are in
/// doubt with their locks held and another transfer waits behind them. When it is back, presumed
/// nothing and presumed abort find no trace of the transaction and say so to who asks; presumed
/// commit finds who took part, and tells them to abort.
#[test]
fn a_coordinator_that_dies_after_the_votes_blocks_until_it_is_back() {
    for presume in VARIANTS {
        let mut scenario = shipped("coordinator-dies", "two-phase-commit");
        scenario.options.presume = presume;
        let session = run(&scenario);
        let seen = blocked(session.as_ref());
        assert_eq!(seen.promised.len(), 2, "{presume:?}");
        assert!(seen.promised.iter().all(|at| *at < seen.crashed), "{presume:?}: all had voted");
        assert_eq!(seen.waits.len(), 1, "{presume:?}: at the bank that both need");
        assert_eq!(seen.waits[0].1, [TxnId(0)], "{presume:?}");
        assert!(seen.restarted >= seen.crashed + 40_000);
        assert_eq!(seen.ended.len(), 2, "{presume:?}");
        for (at, committed) in &seen.ended {
            assert!(*at > seen.restarted, "{presume:?}: nobody knew before");
            assert!(!committed, "{presume:?}: nothing had been decided");
        }
        assert!(seen.granted.iter().all(|at| *at > seen.restarted), "{presume:?}");
        for property in session.properties() {
            assert!(property.holds(), "{presume:?}: {:?}", property.violations);
        }
        // Who is told by the coordinator's own rows need not ask.
        let asked = session.trace().events().iter().any(|event| {
            event.txn == Some(TxnId(0))
                && matches!(event.kind, EventKind::Sent { label, .. }
                    if session.cast().sym(label) == "inquire")
        });
        assert_eq!(asked, presume != Presume::Commit, "{presume:?}");
        let doubt = session.properties().into_iter().find(|one| one.id == "in-doubt").unwrap();
        assert!(doubt.measure.unwrap().starts_with("longest in doubt "));
    }
}

/// A coordinator that dies right after its decision has decided: whatever it presumes, all commit.
#[test]
fn a_coordinator_that_dies_after_its_decision_commits_when_it_is_back() {
    for presume in VARIANTS {
        let mut scenario = shipped("coordinator-dies", "two-phase-commit");
        scenario.options.presume = presume;
        scenario.faults[0].on =
            Some(Trigger { event: "decided".into(), node: "coordinator".into(), nth: 1 });
        let session = run(&scenario);
        let seen = blocked(session.as_ref());
        assert_eq!(seen.ended.len(), 2, "{presume:?}");
        for (at, committed) in &seen.ended {
            assert!(*at > seen.restarted && *committed, "{presume:?}");
        }
        for property in session.properties() {
            assert!(property.holds(), "{presume:?}: {:?}", property.violations);
        }
    }
}

/// Two transfers that each hold at one bank what the other needs: no bank sees a cycle, and nobody
/// can end it but a limit for waits.
#[test]
fn two_transfers_deadlock_over_two_banks_where_nobody_gives_up_waiting() {
    let mut scenario = distributed_deadlock();
    let report = check(&scenario, faults(0, 0, 0), false);
    assert_eq!(
        (broken(&report), report.complete),
        (vec!["Nobody left in doubt", "Progress"], true)
    );
    scenario.options.lock_timeout_us = Some(10_000);
    let report = check(&scenario, faults(0, 0, 0), false);
    assert_eq!((broken(&report), report.complete), (vec![], true));
}

/// A participant that stops asking stays in doubt for good; one that goes on asking never does.
#[test]
fn who_stops_asking_stays_in_doubt() {
    let scenario = undisturbed();
    let report = check(&scenario, Budget { give_up: 1, ..faults(1, 0, 0) }, false);
    assert_eq!((broken(&report), report.complete), (vec!["Nobody left in doubt"], true));
    let report = check(&scenario, faults(1, 1, 1), false);
    assert_eq!((broken(&report), report.complete), (vec![], true));
    for property in &report.properties {
        assert!(property.exercised > 1_000, "{} was not tested", property.title);
    }
}
