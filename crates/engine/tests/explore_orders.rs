//! Whatever the order of visiting, and however few whole states are kept, the explorer finds the same states and the
//! same verdicts.

#![allow(clippy::unwrap_used)]

mod models;

use interleave_engine::drivers::explore::{
    Coverage, Explorer, Limits, Order, Report, StopAt, Verdict, Walker,
};
use interleave_engine::drivers::model::{Model, PropertyIx};
use interleave_engine::fingerprint::Fingerprint;

use models::processes::Pausing;
use models::t_commit::TCommit;
use models::two_phase::TwoPhase;

fn explore<M: Model>(model: M, limits: Limits) -> Report {
    Explorer::new(model, Limits { stop: StopAt::Exhausted, ..limits }).run()
}

/// What does not depend on the order of visiting.
fn figures(report: &Report) -> (u64, u64, u64, Vec<bool>) {
    let holds = |verdict| verdict == Verdict::Holds;
    let verdicts = report.properties.iter().map(|property| holds(property.verdict)).collect();
    (report.distinct, report.generated, report.at_rest, verdicts)
}

fn assert_same_everywhere<M: Model>(model: impl Fn() -> M) {
    let usual = explore(model(), Limits::default());
    assert_eq!(usual.coverage, Coverage::Complete);
    for order in [Order::Breadth, Order::Depth] {
        for kept in [0, 1, 7, u32::MAX] {
            for ways_to_rest in [false, true] {
                let limits = Limits { order, kept, ways_to_rest, ..Limits::default() };
                let report = explore(model(), limits);
                assert_eq!(figures(&report), figures(&usual), "{limits:?}");
                assert_eq!(report.coverage, Coverage::Complete);
                if order == Order::Breadth {
                    assert_eq!(report.depth, usual.depth);
                    assert_eq!(report.properties, usual.properties, "{limits:?}");
                }
            }
        }
    }
}

#[test]
fn the_same_states_in_every_order_and_with_few_of_them_kept() {
    assert_same_everywhere(|| TwoPhase::new(4));
    assert_same_everywhere(|| TwoPhase { symmetric: true, ..TwoPhase::new(5) });
    assert_same_everywhere(|| TwoPhase { missing_votes: 1, ..TwoPhase::new(3) });
    assert_same_everywhere(|| TCommit { participants: 4, symmetric: false });
    assert_same_everywhere(|| Pausing { processes: 3, symmetric: false });
}

#[test]
fn depth_first_lets_fewer_states_wait() {
    let most_waiting = |order| {
        let limits = Limits { order, stop: StopAt::Exhausted, ..Limits::default() };
        let mut explorer = Explorer::new(TwoPhase::new(6), limits);
        let mut most = 0;
        while explorer.run_slice(1) == interleave_engine::drivers::explore::Progress::Running {
            most = most.max(explorer.waiting());
        }
        most
    };
    assert!(most_waiting(Order::Depth) * 10 < most_waiting(Order::Breadth));
}

/// Counts to three and stays, or goes round between four and five for ever.
struct Livelock;

impl Model for Livelock {
    type State = u32;
    type Action = bool;

    fn initial(&self, emit: &mut dyn FnMut(u32)) {
        emit(0);
    }

    /// The way into the circle is a fault where it leads back, so that it is no way to rest.
    fn successors(&self, state: &u32, emit: &mut dyn FnMut(bool, u32)) {
        match state {
            0..=2 => emit(true, state + 1),
            4 => emit(true, 5),
            5 => {
                emit(true, 4);
                emit(false, 3);
            }
            _ => {}
        }
        if *state == 1 {
            emit(true, 4);
        }
    }

    fn fingerprint(&self, state: &u32) -> u64 {
        Fingerprint::of(state)
    }

    fn is_fair(&self, action: &bool) -> bool {
        *action
    }
}

#[test]
fn a_circle_that_only_a_fault_leaves_is_found() {
    for kept in [0, u32::MAX] {
        for order in [Order::Breadth, Order::Depth] {
            let limits = Limits { kept, order, ways_to_rest: true, ..Limits::default() };
            let (first, count) = explore(Livelock, limits).no_rest.unwrap();
            assert_eq!((first.steps, count), (2, 2));
        }
    }
    let report = explore(Livelock, Limits { ways_to_rest: true, states: 4, ..Limits::default() });
    assert_eq!(report.no_rest, None, "what lies behind a cut is not judged");
    let report = explore(TwoPhase::new(3), Limits { ways_to_rest: true, ..Limits::default() });
    assert_eq!(report.no_rest, None);
}

#[test]
fn a_bound_on_memory_is_kept_and_told() {
    let limits = Limits { bytes: 200_000, ways_to_rest: true, ..Limits::default() };
    let report = explore(TwoPhase::new(7), limits);
    assert_eq!(report.coverage, Coverage::CutAtMemory);
    assert!(report.distinct > 1_000 && report.distinct < 296_448, "{report:?}");
    assert!(report.properties.iter().all(|property| property.verdict != Verdict::Holds));
}

#[test]
fn visited_states_take_at_most_48_bytes_with_their_paths() {
    for participants in 4..=7 {
        let limits = Limits { stop: StopAt::Exhausted, ..Limits::default() };
        let mut explorer = Explorer::new(TwoPhase::new(participants), limits);
        while explorer.run_slice(100) == interleave_engine::drivers::explore::Progress::Running {
            let report = explorer.report();
            let bytes = report.memory_bytes as f64 / report.distinct as f64;
            assert!(report.distinct < 2_000 || bytes <= 48.0, "{bytes} at {}", report.distinct);
        }
    }
}

#[test]
fn walks_are_repeatable_and_what_they_find_is_real() {
    let model = || TwoPhase { missing_votes: 1, ..TwoPhase::new(3) };
    let consistent = PropertyIx(0);
    let walk = |seed| {
        let limits = Limits { states: 20_000, stop: StopAt::Exhausted, ..Limits::default() };
        let mut walker = Walker::new(model(), limits, seed);
        while walker.run_slice(999) == interleave_engine::drivers::explore::Progress::Running {}
        walker
    };
    let (first, again, other) = (walk(1), walk(1), walk(2));
    assert_eq!(first.report(), again.report());
    assert_ne!(first.report().distinct, 0);
    for walker in [first, other] {
        let report = walker.report();
        assert_eq!(report.coverage, Coverage::Sampled);
        let Verdict::Violated(found) = report.properties[usize::from(consistent.0)].verdict else {
            panic!("20,000 steps do not find a missing vote: {report:?}");
        };
        let path = walker.path(found.state).unwrap();
        assert_eq!(path.steps.len() as u32, found.steps);
        let mut broken = false;
        model().check(path.last(), found.at_rest, &mut |property| broken |= property == consistent);
        assert!(broken);
        // Each step is one that the model allows.
        let mut before = path.initial;
        for (action, after) in path.steps {
            let mut possible = false;
            model().successors(&before, &mut |other, next| {
                possible |= other == action && next == after;
            });
            assert!(possible, "{action:?}");
            before = after;
        }
    }
}
