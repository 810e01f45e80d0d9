//! A run is a function of its input: it is the same again, in slices, after seeking and forking, and
//! on every machine. These tests run in a debug and in an optimised build; `wasm_digest.rs` compares
//! the same digests in WASM.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod digests;
mod guarantees;

use guarantees::{Random, finish, hostile_cases, interventions, run, shipped_cases};
use interleave_engine::choice::Intervention;
use interleave_engine::ids::EventIx;
use interleave_engine::session::{RunInput, RunState, open};
use interleave_engine::views::frame::Frames;

/// With `INTERLEAVE_UPDATE=1` the file is written anew; that is a change of the semantics version.
#[test]
#[allow(clippy::disallowed_methods, reason = "what a test compares with is no part of a run")]
fn digests_are_those_of_every_other_machine() {
    let found = digests::found();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/digests.json");
    if std::env::var_os("INTERLEAVE_UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
        std::fs::write(path, text).unwrap();
        return;
    }
    digests::assert_same(&found, &digests::pinned());
}

/// Twice in a row, and in slices of any size.
#[test]
fn a_run_is_the_same_again_however_it_is_sliced() {
    let mut random = Random::new(1);
    for case in digests::cases() {
        let once = run(&case.document);
        let mut again = open(&RunInput::of(case.document.clone())).unwrap();
        while *again.state() == RunState::Running {
            if random.one_in(3) {
                again.run_to(EventIx(random.below(once.trace().len()) as u32));
            }
            again.run_slice(random.between(1, 50) as u32);
        }
        assert_eq!(once.digest(), again.digest(), "{}", case.name());
        assert_eq!(once.state(), again.state(), "{}", case.name());
        assert_eq!(once.trace().events(), again.trace().events(), "{}", case.name());
        assert_eq!(once.properties(), again.properties(), "{}", case.name());
        assert_eq!(once.stats(), again.stats(), "{}", case.name());
        assert_eq!(once.schedule(), again.schedule(), "{}", case.name());
    }
}

/// Another seed is another run; the digest is not blind.
#[test]
fn another_seed_has_another_digest() {
    // Some shipped scenarios draw nothing; on a bad network all do.
    for case in hostile_cases() {
        let mut other = case.document.clone();
        other.seed += 1;
        assert_ne!(run(&case.document).digest(), run(&other).digest(), "{}", case.name());
    }
}

/// A hundred seeks and forks at random events leave the run as it was; a fork is the run that its
/// input makes from the start; and without its intervention it is the original.
#[test]
fn seeking_and_forking_change_nothing() {
    let mut random = Random::new(2);
    let mut forks = 0;
    // Long enough to have checkpoints.
    let longer = shipped_cases().into_iter().map(|mut case| {
        case.document.workload.count = Some(250);
        if case.scenario != "checkout" {
            case.document.workload.arrivals =
                interleave_engine::scenario::document::Arrivals::PerSecond(50.0);
        }
        case
    });
    for case in longer {
        let name = case.name();
        let original = run(&case.document);
        let (digest, events) = (original.digest(), original.trace().len());
        assert!(events > 2_048, "{name}: {events} events cross no checkpoint");
        let mut frames = Frames::new(original.cast());
        frames.extend(original.cast(), original.trace());
        for round in 0..14 {
            let at = EventIx(random.below(events) as u32);
            let choices = original.choices_after(at);
            let choice = random.pick(&choices);
            let for_us = random.one_in(2).then_some(40_000);
            let intervention = Intervention { after: at, kind: choice.choice.kind, for_us };
            let frame = frames.at(original.cast(), original.trace(), at);
            // A choice is what may happen after the whole handler; at this very event in the middle
            // of it, it may be too early.
            if let Ok(fork) = original.fork(intervention) {
                let fork = finish(fork);
                forks += 1;
                let before = original.trace().events();
                assert_eq!(fork.trace().events()[..=at.ix()], before[..=at.ix()], "{name}");
                if round < 3 {
                    let fresh = finish(open(fork.input()).unwrap());
                    assert_eq!(
                        fresh.digest(),
                        fork.digest(),
                        "{name}: {:?}",
                        interventions(&*fork)
                    );
                    assert_eq!(fresh.properties(), fork.properties(), "{name}");
                    assert_eq!(fresh.stats(), fork.stats(), "{name}");
                    let removed = RunInput { interventions: Vec::new(), ..fork.input().clone() };
                    assert_eq!(finish(open(&removed).unwrap()).digest(), digest, "{name}");
                    if let Some(second) = fork.choices_after(at).first() {
                        let again = Intervention { after: at, kind: second.choice.kind, for_us };
                        if let Ok(twice) = fork.fork(again) {
                            let twice = finish(twice);
                            let fresh = finish(open(twice.input()).unwrap());
                            let text = interventions(&*twice);
                            assert_eq!(fresh.digest(), twice.digest(), "{name}: {text:?}");
                        }
                    }
                }
            }
            assert_eq!(original.digest(), digest, "{name}");
            assert_eq!(original.trace().len(), events, "{name}");
            assert_eq!(original.choices_after(at), choices, "{name}");
            assert_eq!(frames.at(original.cast(), original.trace(), at), frame, "{name}");
        }
    }
    assert!(forks >= 100, "only {forks} forks were possible");
}
