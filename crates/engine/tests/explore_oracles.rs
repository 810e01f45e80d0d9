//! The explorer's counts are those of the oracle files: TLC's and stateright's, not our own.

#![allow(clippy::unwrap_used)]

mod models;

use interleave_engine::drivers::explore::{Coverage, Explorer, Limits, Report, StopAt, Verdict};
use interleave_engine::drivers::model::Model;

use models::nodes::{Network, PingPong, Timers};
use models::oracles::{assert_figures, number, read, rows, text};
use models::processes::{Decide, Increment, Pausing};
use models::t_commit::{self, TCommit};
use models::two_phase::{self, TwoPhase};

/// Explores everything and counts everything.
fn whole_space<M: Model>(model: M) -> Report {
    let limits = Limits {
        states: 50_000_000,
        depth: u32::MAX,
        stop: StopAt::Exhausted,
        count_edges: true,
        ..Limits::default()
    };
    let report = Explorer::new(model, limits).run();
    assert_eq!(report.coverage, Coverage::Complete);
    report
}

/// 1 if the property is violated anywhere.
fn violated(report: &Report, property: usize) -> u64 {
    u64::from(report.properties[property].verdict != Verdict::Holds)
}

#[test]
fn two_phase_has_the_counts_of_tlc() {
    for row in rows(&read("two_phase_commit.json"), "/state_counts/rows") {
        let model = TwoPhase::new(number(&row, "n") as u32);
        let report = whole_space(model);
        let mut figures = vec![
            ("/distinct", report.distinct),
            ("/generated", report.generated),
            ("/depth", u64::from(report.depth)),
            ("/stateright_unique", report.distinct),
            ("/quiescent_states", report.at_rest),
            ("/consistency_violations", violated(&report, two_phase::CONSISTENT.0.into())),
        ];
        figures.extend(report.edges.map(|edges| ("/distinct_nonself_edges", edges)));
        assert_figures(&row, &figures);
        // Both outcomes are reached, so consistency does not hold for want of decisions.
        assert_eq!(violated(&report, two_phase::NEVER_ALL_COMMITTED.0.into()), 1);
        assert_eq!(violated(&report, two_phase::NEVER_ALL_ABORTED.0.into()), 1);
        assert!(
            report.memory_bytes <= 48 * report.distinct.max(1024),
            "{} bytes",
            report.memory_bytes
        );
    }
}

#[test]
fn two_phase_has_as_many_classes_as_tlc_finds_under_symmetry() {
    for row in rows(&read("two_phase_commit.json"), "/state_counts/rows") {
        let report =
            whole_space(TwoPhase { symmetric: true, ..TwoPhase::new(number(&row, "n") as u32) });
        assert_figures(
            &row,
            &[
                ("/distinct", number(&row, "distinct")),
                ("/orbits_under_RM_permutation", report.distinct),
                ("/tlc_symmetry/distinct", report.distinct),
                ("/tlc_symmetry/generated", report.generated),
                ("/depth", u64::from(report.depth)),
                ("/consistency_violations", violated(&report, two_phase::CONSISTENT.0.into())),
            ],
        );
    }
}

#[test]
fn t_commit_has_the_counts_of_tlc() {
    for row in rows(&read("two_phase_commit.json"), "/tcommit_counts/rows") {
        let participants = number(&row, "n") as u32;
        let report = whole_space(TCommit { participants, symmetric: false });
        let classes = whole_space(TCommit { participants, symmetric: true });
        assert_figures(
            &row,
            &[
                ("/distinct", report.distinct),
                ("/generated", report.generated),
                ("/depth", u64::from(report.depth)),
                ("/terminal_states", report.at_rest),
                ("/distinct_orbits", classes.distinct),
            ],
        );
        assert_eq!(violated(&report, t_commit::CONSISTENT.0.into()), 0);
    }
}

#[test]
fn shortest_traces_are_as_short_as_known() {
    for row in rows(&read("two_phase_commit.json"), "/shortest_traces/rows") {
        let goal = match text(&row, "id") {
            "2pc.trace.commit" => two_phase::NEVER_ALL_COMMITTED,
            "2pc.trace.abort" => two_phase::NEVER_ALL_ABORTED,
            other => panic!("no goal for {other}"),
        };
        let mut explorer =
            Explorer::new(TwoPhase::new(number(&row, "n") as u32), Limits::default());
        let report = explorer.run();
        let Verdict::Violated(reached) = report.properties[usize::from(goal.0)].verdict else {
            panic!("{row} is not reached");
        };
        let path = explorer.path(reached.state).unwrap();
        assert_figures(
            &row,
            &[("/actions", u64::from(reached.steps)), ("/actions", path.steps.len() as u64)],
        );
    }
}

/// The number behind a word in a model's description.
fn parameter(description: &str, word: &str) -> u32 {
    let behind =
        description.split(word).nth(1).unwrap_or_else(|| panic!("no {word} in {description}"));
    let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[test]
fn small_models_have_the_counts_of_stateright() {
    let mut compared = 0;
    for row in rows(&read("explorer_counts.json"), "/rows") {
        let description = text(&row, "model");
        let ping_pong = |lossy, nodes, max| {
            let duplicating =
                description.contains("duplicating") && !description.contains("non-duplicating");
            whole_space(PingPong { max, network: Network { lossy, duplicating }, nodes })
        };
        let increment = |symmetric| whole_space(Increment { processes: 2, symmetric });
        let pausing = |symmetric| whole_space(Pausing { processes: 2, symmetric });
        let (report, classes) = match text(&row, "id") {
            id if id.starts_with("ex.pp") => {
                let is_lossy = description.contains("lossy");
                (ping_pong(is_lossy, 2, parameter(description, "max_nat=")), None)
            }
            "ex.undeliv" => (ping_pong(false, 0, 1), None),
            "ex.inc13" => (increment(false), Some(increment(true))),
            "ex.symm" => (pausing(false), Some(pausing(true))),
            "ex.timer" => (whole_space(Timers { armed: 1 }), None),
            "ex.rand" => (whole_space(Decide { options: 3 }), None),
            // A row about a model that is not written here says nothing about the explorer.
            _ => continue,
        };
        assert_figures(&row, &[("/unique", report.distinct)]);
        if let Some(classes) = classes {
            assert_figures(&row, &[("/orbits", classes.distinct)]);
        }
        compared += 1;
    }
    assert!(compared > 0, "no row was about a model that is written here");
}

#[test]
fn fingerprints_are_those_of_every_other_machine() {
    models::assert_fingerprints_are_pinned();
}
