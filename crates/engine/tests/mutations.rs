//! Deliberate faults in the code of the patterns, one at a time: each is found by `check`, and the
//! code as it is holds on the same scenario within the same bounds.
//!
//! `cargo test -p interleave-engine --features mutations --test mutations -- --nocapture` prints what
//! breaks, in how many choices, and in how many states.

#![allow(clippy::unwrap_used)]

mod breaks_support;

use std::collections::BTreeSet;

use breaks_support::cases::{checkout, one_checkout, shipped};
use breaks_support::replicas::{balance, with_mix};
use breaks_support::two_phase::undisturbed;
use breaks_support::{as_shipped, broken, faults, finish, property, said};
use interleave_engine::mutation::{ALL, Mutation};
use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{Budget, Input, Scalar};
use interleave_engine::session::{CheckReport, CheckRequest, RunInput, Session, open, open_with};

/// No check here may need more.
const STATES_MAX: u64 = 500_000;

/// A fault, where it shows, and what a check finds of it.
struct Case {
    fault: Mutation,
    scenario: Scenario,
    faults: Budget,
    /// The titles of all properties that it breaks.
    breaks: &'static [&'static str],
    /// How many choices the shortest counterexample of the first has, and how many states there are.
    size: (usize, u64),
    /// What is broken within these bounds without the fault too.
    anyway: &'static [&'static str],
}

/// The shipped balance with one replica and these arrivals.
fn balance_by(pattern: &str, mix: &[&str]) -> Scenario {
    with_mix(balance(pattern, 1), mix)
}

/// A transfer that the first bank refuses while the second may have promised.
fn refused_transfer() -> Scenario {
    let mut scenario = undisturbed();
    let much = Input::Fixed(Scalar::Int(1_000_000));
    scenario.workload.mix[0].inputs.insert("amount".into(), much);
    scenario
}

/// One seat is held, for a while, and confirmed: the only participant.
fn one_reservation() -> Scenario {
    let mut scenario = shipped("late-confirm", "try-confirm-cancel");
    scenario.faults.clear();
    scenario.invariants.clear();
    scenario.services.truncate(1);
    scenario.transactions[0].steps.truncate(1);
    scenario
}

/// Reservations that do not expire by themselves.
fn lasting_reservations() -> Scenario {
    let mut scenario = shipped("late-confirm", "try-confirm-cancel");
    scenario.faults.clear();
    scenario.options.reservation_us = 0;
    scenario
}

fn cases() -> Vec<Case> {
    let (none, crash) = (faults(0, 0, 0), faults(1, 0, 0));
    let impatient = Budget { give_up: 1, early_timer: 1, ..none };
    let case = |fault, scenario, faults, breaks, size| {
        let anyway: &[&str] = &[];
        Case { fault, scenario, faults, breaks, size, anyway }
    };
    let (choreography, orchestration) = ("saga-choreography", "saga-orchestration");
    let saga = &["Atomicity", "Saga history", "Durability", "Progress"];
    let and_stock = &["Atomicity", "Stock conserved", "Saga history", "Durability", "Progress"];
    let bank = &["Atomicity", "Money conserved", "Durability"];
    let doubt = &["Atomicity", "Money conserved", "Durability", "Nobody left in doubt"];
    vec![
        case(
            Mutation::ForgottenCompensation,
            one_checkout(orchestration, 0),
            none,
            &["Atomicity", "Saga history", "Durability"],
            (11, 20),
        ),
        case(Mutation::SagaRowNotForced, checkout(orchestration), crash, saga, (6, 936)),
        case(Mutation::InboxKeyWithoutStep, checkout(choreography), none, saga, (7, 50)),
        case(Mutation::OffsetBeforeEffect, checkout(choreography), crash, and_stock, (6, 966)),
        case(
            Mutation::OffsetBeforeEffect,
            balance_by("cqrs", &["pay-in"]),
            crash,
            &["Projection agreement"],
            (7, 100),
        ),
        case(Mutation::MarkedBeforePublished, checkout(choreography), crash, and_stock, (5, 1_066)),
        case(Mutation::PromiseNotForced, undisturbed(), crash, doubt, (12, 1_687)),
        case(Mutation::AcknowledgedBeforeForced, undisturbed(), crash, bank, (14, 1_638)),
        case(Mutation::DecisionNotForced, undisturbed(), crash, bank, (13, 2_198)),
        case(Mutation::CommittedOnMissingVote, refused_transfer(), none, bank, (9, 44)),
        case(Mutation::ConfirmedAfterExpiry, one_reservation(), none, &["Durability"], (8, 13)),
        Case {
            // Who gives up on a confirmation leaves the transaction stuck, fault or no fault.
            anyway: &["Progress"],
            ..case(
                Mutation::CancellationNotRemembered,
                lasting_reservations(),
                impatient,
                &["Every seat sold is paid for"],
                (8, 254),
            )
        },
        case(
            Mutation::LocksReleasedEarly,
            shipped("opposite-transfers", "shared-database"),
            none,
            &["Money conserved", "Isolation"],
            (6, 38),
        ),
        case(
            Mutation::VersionNotCompared,
            shipped("two-editors", "event-sourcing"),
            none,
            &["Money conserved"],
            (18, 1_009),
        ),
        case(
            Mutation::OlderCopyTakenIn,
            balance_by("cqrs-copy-at-each-write", &["pay-in", "pay-in"]),
            none,
            &["Projection agreement"],
            (12, 559),
        ),
        case(
            Mutation::MarkNotHeeded,
            as_shipped::locked("paid-out-too-early", "account:ann"),
            none,
            &["No account below zero"],
            (8, 311),
        ),
    ]
}

fn check(session: &dyn Session, faults: Budget) -> CheckReport {
    let request = CheckRequest {
        faults: Some(faults),
        max_states: Some(STATES_MAX),
        ..CheckRequest::default()
    };
    let mut check = session.check(&request).unwrap();
    while !check.run_slice(10_000) {}
    check.report()
}

/// Ten were asked for; each is listed, and each has a case.
#[test]
fn every_deliberate_fault_has_a_case() {
    let tried: BTreeSet<Mutation> = cases().iter().map(|case| case.fault).collect();
    let listed: BTreeSet<Mutation> = ALL.iter().copied().collect();
    assert_eq!(tried, listed);
    assert!(listed.len() >= 10);
}

#[test]
fn every_deliberate_fault_is_found() {
    println!("| fault | breaks | choices | states | states without it | bounds |");
    let (mut sizes, mut expected) = (Vec::new(), Vec::new());
    for case in cases() {
        let input = RunInput::of(case.scenario);
        let sound = check(open(&input).unwrap().as_ref(), case.faults);
        let found = check(open_with(&input, case.fault).unwrap().as_ref(), case.faults);
        let name = format!("{:?}", case.fault);
        let newly: Vec<&str> =
            broken(&found).into_iter().filter(|title| !case.anyway.contains(title)).collect();
        let first = property(&found, case.breaks[0]).counterexample.as_ref().map_or(0, Vec::len);
        println!(
            "| {name} | {} | {first} | {} | {} | {} |",
            newly.join(", "),
            found.states,
            sound.states,
            sound.bounds
        );
        assert_eq!(broken(&sound), case.anyway, "{name}: the patterns as they are");
        assert!(sound.complete && sound.at_rest > 0, "{name}: the whole space was visited");
        assert_eq!(newly, case.breaks, "{name}");
        sizes.push((name.clone(), (first, found.states)));
        expected.push((name, case.size));
    }
    assert_eq!(sizes, expected);
}

/// The shortest schedule is played again: with the fault it ends in the violation, and the patterns
/// as they are either do not take it or break nothing on it.
#[test]
fn a_schedule_that_shows_a_fault_is_harmless_without_it() {
    for case in cases() {
        let input = RunInput::of(case.scenario);
        let found = check(open_with(&input, case.fault).unwrap().as_ref(), case.faults);
        let title = case.breaks[0];
        let schedule = property(&found, title).counterexample.clone();
        let input = RunInput { schedule, ..input };
        let faulty = finish(open_with(&input, case.fault).unwrap());
        assert!(!said(faulty.as_ref(), title).holds(), "{:?}: {title}", case.fault);
        let sound = finish(open(&input).unwrap());
        assert!(said(sound.as_ref(), title).holds(), "{:?}: {title}", case.fault);
    }
}
