//! A person as the scheduler: what is offered is what can be done, and what it breaks is what the explorer says.

#![allow(clippy::unwrap_used)]

use interleave_engine::by_hand::{CHOICES_MAX, foretell, hand, recall};
use interleave_engine::fingerprint::mix;
use interleave_engine::scenario::{Scenario, shipped};
use interleave_engine::session::{CheckRequest, RunInput, RunState, Session, open};

fn named(name: &str) -> Scenario {
    shipped::by_name(name).unwrap().scenario()
}

fn played(scenario: &Scenario, schedule: &[String]) -> Box<dyn Session> {
    let schedule = Some(schedule.to_vec());
    let mut session = open(&RunInput { schedule, ..RunInput::of(scenario.clone()) }).unwrap();
    while session.run_slice(100) == RunState::Running {}
    session
}

/// A schedule drawn from what is offered, until nothing is.
fn draw(scenario: &Scenario, mut seed: u64) -> Vec<String> {
    let mut schedule = Vec::new();
    loop {
        let now = hand(scenario, &schedule).unwrap();
        let fair = now.next.iter().filter(|next| !next.fault).map(|next| &next.text);
        let mut offered: Vec<&String> = fair.collect();
        if offered.is_empty() || schedule.len() > 60 {
            return schedule;
        }
        seed = mix(seed);
        if seed.is_multiple_of(5) {
            offered =
                now.next.iter().flat_map(|next| next.variants.iter().chain([&next.text])).collect();
        }
        schedule.push(offered[(seed / 7) as usize % offered.len()].clone());
    }
}

#[test]
fn everything_that_is_offered_can_be_done_and_is_foretold_in_words() {
    for name in
        ["checkout", "dual-write", "opposite-transfers", "coordinator-dies", "stale-balance"]
    {
        let scenario = named(name);
        let whole = draw(&scenario, 11);
        for length in [0, 1, whole.len() / 2, whole.len()] {
            let before = &whole[..length];
            for next in hand(&scenario, before).unwrap().next {
                assert!(!next.words.is_empty());
                for text in next.variants.iter().chain([&next.text]) {
                    let after: Vec<String> = before.iter().chain([text]).cloned().collect();
                    let run = played(&scenario, &after);
                    let state = run.state().clone();
                    assert!(!matches!(state, RunState::ScheduleBroken { .. }), "{name}: {text}");
                    let recalled = recall(run.cast(), text).unwrap();
                    assert!(recalled.starts_with(&next.words) || next.text != *text, "{recalled}");
                    assert!(!recalled.contains(['(', ':', '#']), "an id: {recalled}");
                    let words = foretell(&scenario, before, text).unwrap();
                    assert!(!words.is_empty(), "{name}: {text}");
                }
            }
        }
    }
}

#[test]
fn what_is_broken_by_hand_is_what_the_replayed_run_says() {
    let mut broken = 0;
    for shipped in shipped::shipped() {
        let mut scenario = shipped.scenario();
        // A fault of the document that strikes by its time does not strike where there is no clock.
        scenario.faults.clear();
        for seed in 1..4 {
            let schedule = draw(&scenario, seed);
            let here = hand(&scenario, &schedule).unwrap();
            if !here.at_rest {
                continue;
            }
            let run = played(&scenario, &schedule);
            let mut said: Vec<(String, String)> = run
                .properties()
                .iter()
                .filter(|report| !report.holds())
                .map(|report| (report.id.to_owned(), report.title.clone()))
                .collect();
            let mut hand = here.broken;
            said.sort();
            hand.sort();
            assert_eq!(hand, said, "{}: {schedule:?}", shipped.name);
            broken += hand.len();
        }
    }
    assert!(broken > 5, "{broken}");
}

#[test]
fn the_shortest_break_of_the_explorer_can_be_made_by_hand_and_leaving_out_its_last_choice_undoes_it()
 {
    let scenario =
        Scenario { coupling: session_coupling("database-per-service"), ..named("checkout") };
    let mut check =
        open(&RunInput::of(scenario.clone())).unwrap().check(&CheckRequest::default()).unwrap();
    while !check.run_slice(1_000) {}
    let report = check.report();
    let found = report.properties.iter().find(|of| of.title == "Atomicity").unwrap();
    let schedule = found.counterexample.clone().unwrap();
    let is_broken = |schedule: &[String]| {
        hand(&scenario, schedule).unwrap().broken.iter().any(|(_, title)| title == "Atomicity")
    };
    assert!(is_broken(&schedule));
    for shorter in 0..schedule.len() {
        assert!(!is_broken(&schedule[..shorter]), "no shorter schedule breaks it");
    }
    let digest = |schedule: &[String]| played(&scenario, schedule).digest();
    let undone = &schedule[..schedule.len() - 1];
    assert_eq!(digest(undone), digest(undone));
    assert_ne!(digest(undone), digest(&schedule));
}

fn session_coupling(name: &str) -> interleave_engine::scenario::document::Coupling {
    interleave_engine::scenario::document::Coupling::Named(name.into())
}

#[test]
fn the_budget_is_the_persons_and_what_exceeds_it_is_refused_by_its_place() {
    let mut scenario = named("checkout");
    scenario.explore.faults.crash = 1;
    let start = hand(&scenario, &[]).unwrap();
    assert_eq!(start.left.crash, 1);
    let arrive = start.next[0].text.clone();
    let now = hand(&scenario, std::slice::from_ref(&arrive)).unwrap();
    let crash = now.next.iter().flat_map(|next| &next.variants).find(|text| text.contains("crash"));
    let crash = crash.unwrap().clone();
    let after = hand(&scenario, &[arrive.clone(), crash.clone()]).unwrap();
    assert_eq!(after.left.crash, 0);
    assert!(!after.next.iter().any(|next| next.variants.iter().any(|text| text.contains("crash"))));
    let problems = hand(&scenario, &[arrive.clone(), crash.clone(), crash]).unwrap_err();
    assert!(problems[0].to_string().contains("schedule[3]"), "{problems:?}");
    let problems = hand(&scenario, &[arrive, "nonsense".into()]).unwrap_err();
    assert!(problems[0].to_string().contains("nonsense"), "{problems:?}");
}

#[test]
fn a_schedule_by_hand_has_an_end() {
    let mut scenario = named("checkout");
    scenario.explore.faults.duplicate = 8;
    let schedule = draw(&scenario, 3);
    assert!(schedule.len() < CHOICES_MAX);
}

#[test]
fn a_choice_taken_back_gives_the_same_run_again() {
    for name in ["checkout", "dual-write", "opposite-transfers", "coordinator-dies"] {
        let scenario = named(name);
        let whole = draw(&scenario, 5);
        let digest = |schedule: &[String]| played(&scenario, schedule).digest();
        let ways: Vec<_> = (0..=whole.len())
            .map(|length| (digest(&whole[..length]), hand(&scenario, &whole[..length]).unwrap()))
            .collect();
        for length in (0..=whole.len()).rev() {
            let back = &whole[..length];
            assert_eq!((digest(back), hand(&scenario, back).unwrap()), ways[length], "{name}");
        }
        assert_ne!(ways.first().map(|it| &it.0), ways.last().map(|it| &it.0), "{name}");
    }
}
