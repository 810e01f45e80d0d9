//! Every simulated run replays: its schedule, played without a clock, gives the same events.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod guarantees;

use std::collections::BTreeMap;

use guarantees::{Case, finish, hostile_cases, option_cases, run, shipped_cases, timeless};
use interleave_engine::event::{Event, EventKind};
use interleave_engine::ids::{EventIx, MsgId};
use interleave_engine::session::{RunInput, RunState, Session, open};

/// The events without what only a clock brings about: no arrivals in queues, no times, and numbers
/// of events and messages counted anew.
fn without_clock(session: &dyn Session) -> Vec<Event> {
    let kept = timeless(session.trace().events());
    let mut numbers = BTreeMap::new();
    let mut messages = BTreeMap::new();
    for (new, (old, event)) in kept.iter().enumerate() {
        numbers.insert(*old, EventIx(new as u32));
        let sent = match &event.kind {
            EventKind::Sent { msg, .. } => Some(*msg),
            EventKind::Duplicated { copy, .. } => Some(*copy),
            _ => None,
        };
        let next = MsgId(messages.len() as u32);
        messages.extend(sent.map(|msg| (msg, next)));
    }
    let strip = |(_, event): &(EventIx, &Event)| {
        let mut event = (*event).clone();
        event.at = 0;
        event.cause = event.cause.and_then(|cause| numbers.get(&cause).copied());
        match &mut event.kind {
            EventKind::Sent { msg, due, .. } => (*msg, *due) = (messages[&*msg], 0),
            EventKind::Duplicated { msg, copy, due } => {
                (*msg, *copy, *due) = (messages[&*msg], messages[&*copy], 0);
            }
            EventKind::Dropped { msg, .. } | EventKind::Handled { msg } => *msg = messages[&*msg],
            EventKind::TimerArmed { due, .. } => *due = 0,
            _ => {}
        }
        event
    };
    kept.iter().map(strip).collect()
}

fn replay(session: &dyn Session, schedule: Vec<String>) -> Box<dyn Session> {
    let scenario = session.input().scenario.clone();
    finish(open(&RunInput { schedule: Some(schedule), ..RunInput::of(scenario) }).unwrap())
}

/// The runs: as shipped, hostile, and hostile without inbox or outbox, with three seeds each.
fn runs() -> Vec<(String, Case)> {
    let mut runs = Vec::new();
    for seed in [7, 8, 9] {
        for mut case in shipped_cases().into_iter().chain(hostile_cases()).chain(option_cases()) {
            case.document.seed = seed;
            runs.push((format!("{} seed {seed}", case.name()), case));
        }
    }
    runs
}

#[test]
fn every_simulated_run_replays() {
    for (name, case) in runs() {
        let simulated = run(&case.document);
        assert_eq!(*simulated.state(), RunState::AtRest, "{name}");
        let replayed = replay(&*simulated, simulated.schedule());
        let (first, second) = (without_clock(&*simulated), without_clock(&*replayed));
        for (at, (simulated, replayed)) in first.iter().zip(&second).enumerate() {
            assert_eq!(simulated, replayed, "{name}: event {at}");
        }
        assert_eq!(first.len(), second.len(), "{name}: {:?}", replayed.state());
        // Nothing is left over either: no message that the simulator forgot, no timer.
        assert_eq!(*replayed.state(), RunState::AtRest, "{name}");
        assert_eq!(replayed.schedule(), simulated.schedule(), "{name}");
    }
}

/// A schedule that is cut short pauses where it was cut, with the events so far. After an arrival its
/// message is in flight, so that nothing is at rest.
#[test]
fn a_truncated_schedule_ends_where_it_was_cut() {
    for case in shipped_cases() {
        let name = case.name();
        let simulated = run(&case.document);
        let schedule = simulated.schedule();
        let all = without_clock(&*simulated);
        let arrivals = schedule.iter().enumerate().filter(|(_, line)| line.starts_with("arrive"));
        for cut in arrivals.map(|(at, _)| at + 1) {
            let replayed = replay(&*simulated, schedule[..cut].to_vec());
            assert_eq!(*replayed.state(), RunState::ScheduleEnd, "{name} cut at {cut}");
            let events = without_clock(&*replayed);
            let last = events.last().map_or(0, |event| event.step_no);
            assert_eq!(last as usize, cut, "{name} cut at {cut}");
            assert_eq!(events, all[..events.len()], "{name} cut at {cut}");
        }
    }
}

/// A choice that cannot be made stops the replay at its step and is named, with the reason.
#[test]
fn a_wrong_choice_in_the_middle_breaks_the_schedule_there() {
    for case in shipped_cases() {
        let name = case.name();
        let simulated = run(&case.document);
        let schedule = simulated.schedule();
        let middle = schedule.len() / 2;
        let first = &case.document.services[0].name;
        let wrong = [
            (schedule[0].clone(), "not the next one"),
            // The one node that no scenario crashes.
            ("restart clients".to_owned(), "is up"),
            (format!("deliver clients {first} request T9 - 0"), "no such message"),
            (format!("drop clients {first} request T9 - 0"), "no such message"),
            ("fire clients retry T9 -".to_owned(), "no such timer"),
            (format!("relay {first}"), ""),
        ];
        for (line, why) in wrong {
            let mut broken = schedule.clone();
            // A relay with nothing to do is wrong right at the start.
            let at = if why.is_empty() { 0 } else { middle };
            broken.insert(at, line.clone());
            let replayed = replay(&*simulated, broken);
            let RunState::ScheduleBroken { step, why: said } = replayed.state() else {
                panic!("{name} with {line}: {:?}", replayed.state());
            };
            assert_eq!(*step, at + 1, "{name} with {line}");
            assert!(said.contains(&line) && said.contains(why), "{name} with {line}: {said}");
            // What happened before it is kept, and nothing after it happened.
            let all = without_clock(&*simulated);
            let events = without_clock(&*replayed);
            assert_eq!(events, all[..events.len()], "{name} with {line}");
            assert_eq!(events.last().map_or(0, |event| event.step_no) as usize, at, "{name}");
        }
    }
}

/// Leaving a choice out breaks the schedule at the first later choice that needed it.
#[test]
fn a_missing_choice_breaks_the_schedule_where_it_is_missed() {
    for case in shipped_cases() {
        let name = case.name();
        let simulated = run(&case.document);
        let mut schedule = simulated.schedule();
        let arrival = schedule.iter().position(|line| line.starts_with("arrive")).unwrap();
        schedule.remove(arrival);
        let replayed = replay(&*simulated, schedule.clone());
        let RunState::ScheduleBroken { step, .. } = replayed.state() else {
            panic!("{name}: {:?}", replayed.state());
        };
        // A fault at a time needs nobody to have come.
        let by_time = |line: &&String| line.starts_with("begin ") || line.starts_with("end ");
        let free = schedule[arrival..].iter().take_while(by_time).count();
        assert_eq!(*step, arrival + free + 1, "{name}");
        assert!(replayed.trace().is_empty() || arrival + free > 0, "{name}");
    }
}

/// A schedule that names what the scenario does not have is refused before anything happens.
#[test]
fn a_schedule_of_strangers_is_refused_by_name() {
    let case = &shipped_cases()[0];
    for line in ["deliver clients nowhere request T1 - 0", "leap", "arrive", "fire clients retry"] {
        let input =
            RunInput { schedule: Some(vec![line.into()]), ..RunInput::of(case.document.clone()) };
        let problems = open(&input).err().unwrap();
        assert!(problems[0].path.contains(line), "{problems:?}");
    }
}
