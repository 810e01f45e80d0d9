//! Counterexamples are real, shortest, and found within the bounds that were asked for.

#![allow(clippy::unwrap_used)]

mod models;

use interleave_engine::drivers::explore::{
    Coverage, Explorer, Limits, PathError, Progress, StateIx, StopAt, Verdict, Violation,
};
use interleave_engine::drivers::model::{Model, PropertyIx};

use models::naive;
use models::processes::{Access, Increment};
use models::two_phase::{Action, CONSISTENT, TwoPhase};

/// The violation of a property after the run has ended.
fn violation<M: Model>(explorer: &mut Explorer<M>, PropertyIx(property): PropertyIx) -> Violation {
    match explorer.run().properties[usize::from(property)].verdict {
        Verdict::Violated(violation) => violation,
        other => panic!("expected a violation, got {other:?}"),
    }
}

#[test]
fn a_commit_without_all_votes_is_found_by_the_shortest_path() {
    for participants in 2..=4 {
        let model = TwoPhase { missing_votes: 1, ..TwoPhase::new(participants) };
        let shortest = naive::search(&model, u32::MAX).steps_to_violation[&CONSISTENT];
        let mut explorer = Explorer::new(model, Limits::default());
        let violation = violation(&mut explorer, CONSISTENT);
        let path = explorer.path(violation.state).unwrap();
        assert_eq!(violation.steps, shortest);
        assert_eq!(path.steps.len() as u32, shortest);

        let mut broken = false;
        model.check(path.last(), violation.at_rest, &mut |property| {
            broken |= property == CONSISTENT
        });
        assert!(broken, "the path ends in a state that breaks the property");
        let actions = path.into_actions();
        assert!(actions.contains(&Action::Commit), "{actions:?}");
        assert!(
            actions.iter().any(|action| matches!(action, Action::ReceiveCommit(_))),
            "{actions:?}"
        );
    }
}

#[test]
fn two_increments_lose_an_update_when_both_read_first() {
    let model = Increment { processes: 2, symmetric: false };
    let mut explorer = Explorer::new(model, Limits::default());
    let violation = violation(&mut explorer, PropertyIx(1));
    assert!(violation.at_rest);
    assert_eq!(violation.steps, naive::search(&model, u32::MAX).steps_to_violation[&PropertyIx(1)]);
    let actions = explorer.path(violation.state).unwrap().into_actions();
    let reads = actions.iter().take_while(|action| matches!(action, Access::Read(_))).count();
    assert_eq!(reads, 2, "{actions:?}");
}

#[test]
fn a_violation_stops_only_where_that_was_asked_for() {
    let run = |stop| {
        let model = TwoPhase { missing_votes: 1, ..TwoPhase::new(3) };
        Explorer::new(model, Limits { stop, ..Limits::default() }).run()
    };
    let [first, all, everything] =
        [StopAt::FirstViolation, StopAt::AllViolated, StopAt::Exhausted].map(run);
    let count = |report: &interleave_engine::drivers::explore::Report| {
        let is_violated = |verdict| matches!(verdict, Verdict::Violated(_));
        report.properties.iter().filter(|property| is_violated(property.verdict)).count()
    };
    assert_eq!([count(&first), count(&all), count(&everything)], [1, 3, 3]);
    assert!(first.distinct < all.distinct && all.distinct < everything.distinct);
    assert_eq!(all.coverage, Coverage::StoppedAtViolation);
    assert_eq!(everything.coverage, Coverage::Complete);
    // Stopping early changes nothing about what was found before.
    assert_eq!(all.properties, everything.properties);
}

#[test]
fn a_cut_is_reported_and_a_limit_that_is_just_enough_is_none() {
    let model = TwoPhase::new(3);
    let run = |states, depth| {
        Explorer::new(
            model,
            Limits {
                states,
                depth,
                stop: StopAt::Exhausted,
                count_edges: false,
                ..Limits::default()
            },
        )
        .run()
    };
    let whole = run(u32::MAX, u32::MAX);
    let distinct = whole.distinct as u32;
    assert_eq!(run(distinct, whole.depth), whole, "exactly enough room leaves nothing out");

    let fewer = run(distinct - 1, u32::MAX);
    assert_eq!(fewer.coverage, Coverage::CutAtStates { states: distinct - 1 });
    assert_eq!(fewer.distinct, whole.distinct - 1);

    let shallower = run(u32::MAX, whole.depth - 1);
    assert_eq!(shallower.coverage, Coverage::CutAtDepth { depth: whole.depth - 1 });
    assert_eq!(shallower.depth, whole.depth - 1);
    assert_eq!(shallower.distinct, naive::search(&model, whole.depth - 1).distinct);
    for report in [fewer, shallower] {
        assert_eq!(report.verdict("consistent"), Some(Verdict::HoldsSoFar));
    }
    assert_eq!(whole.verdict("consistent"), Some(Verdict::Holds));
    assert_eq!(whole.verdict("no such property"), None);
}

#[test]
fn slices_add_up_to_one_run() {
    let model = TwoPhase::new(4);
    let limits = Limits { stop: StopAt::Exhausted, ..Limits::default() };
    let mut sliced = Explorer::new(model, limits);
    let mut slices = 0;
    while sliced.run_slice(100) == Progress::Running {
        slices += 1;
        assert_eq!(sliced.report().expanded, slices * 100);
        assert_eq!(sliced.report().coverage, Coverage::Running);
        assert_eq!(
            u64::from(sliced.waiting()),
            sliced.report().distinct - sliced.report().expanded
        );
    }
    assert!(slices > 2);
    assert_eq!(sliced.report(), Explorer::new(model, limits).run());
    assert_eq!(sliced.run_slice(1), Progress::Done);
}

#[test]
fn every_state_has_a_path_as_long_as_its_level() {
    let model = TwoPhase::new(3);
    let mut explorer =
        Explorer::new(model, Limits { stop: StopAt::Exhausted, ..Limits::default() });
    let report = explorer.run();
    let mut last = 0;
    for state in 0..explorer.distinct() {
        let steps = explorer.path(StateIx(state)).unwrap().steps.len();
        assert!(steps == last || steps == last + 1, "states are numbered level by level");
        last = steps;
    }
    assert_eq!(last as u32 + 1, report.depth);
    let beyond = StateIx(explorer.distinct());
    assert_eq!(explorer.path(beyond), Err(PathError::NoSuchState(beyond)));
}

/// A model that breaks the promise of determinism: it takes a step only the first time it is asked.
struct Forgetful(std::cell::Cell<bool>);

impl Model for Forgetful {
    type State = u8;
    type Action = ();

    fn initial(&self, emit: &mut dyn FnMut(u8)) {
        emit(0);
    }

    fn successors(&self, state: &u8, emit: &mut dyn FnMut((), u8)) {
        if *state == 0 && !self.0.replace(true) {
            emit((), 1);
        }
    }

    fn fingerprint(&self, state: &u8) -> u64 {
        u64::from(*state)
    }
}

#[test]
fn a_model_that_is_not_deterministic_is_an_error_and_no_panic() {
    let mut explorer = Explorer::new(Forgetful(false.into()), Limits::default());
    explorer.run();
    assert_eq!(explorer.path(StateIx(1)).unwrap_err(), PathError::Diverged { step: 1 });
}
