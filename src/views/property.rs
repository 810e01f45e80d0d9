//! A property that nothing breaks, in the inspector: what it means, why it holds or does not yet, and
//! how much that says.

use interleave_engine::verdict::{PropertyReport, Status};
use interleave_engine::views::format::counted;
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::state::App;

/// What is said of it at the cursor, and of the run.
fn words(
    report: &PropertyReport,
    now: Option<(Status, String)>,
    running: bool,
) -> (String, String) {
    let (status, note) = now.unwrap_or((Status::Holds, String::new()));
    let note = if note.is_empty() { String::new() } else { format!(": {note}") };
    let now = match status {
        Status::Holds => format!("holds{note}"),
        Status::Moving => format!("neither holds nor is broken yet{note}"),
        Status::Broken => format!("broken{note}"),
    };
    let scope = if running { "so far nothing breaks it" } else { "nothing breaks it" };
    let tested = match report.exercised {
        0 => format!(
            "but nothing put it to the test: there were none of {}. Add a fault, or press Check.",
            report.tested_by
        ),
        times => format!(
            "though it was put to the test {} ({}). That is one run; Check looks at all within bounds.",
            counted(times, "time", "times"),
            report.tested_by
        ),
    };
    (now, format!("{scope}, {tested}"))
}

/// The panel.
pub(super) fn draw(app: App, property: usize) -> impl IntoView + use<> {
    let found = app.at_cursor(|run, at| {
        let report = run.reports.get(property)?;
        let now = report.at(at).map(|change| (change.status, change.note.clone()));
        let (now, all) = words(report, now, run.is_running());
        Some((report.title.clone(), report.meaning, now, all, report.measure.clone()))
    });
    let (title, meaning, now, all, measure) = found.flatten()?;
    Some(view! {
        <section class="panel evidence" data-selected="property">
            <h2 class="cap">
                {title}
                <button class="btn small quiet" on:click=move |_| dispatch(app, Cmd::Select(None))>"Close"</button>
            </h2>
            <p>{meaning}</p>
            <dl class="detail">
                <dt>"Now"</dt><dd>{now}</dd>
                <dt>"Run"</dt><dd>{all}</dd>
                {measure.map(|measure| view! { <dt>"Measured"</dt><dd>{measure}</dd> })}
            </dl>
        </section>
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(exercised: u64) -> PropertyReport {
        PropertyReport {
            id: "atomicity",
            title: "Atomicity".into(),
            meaning: "all or nothing",
            tested_by: "compensations, recoveries from a crash".into(),
            changes: vec![],
            violations: vec![],
            violation_count: 0,
            measure: None,
            exercised,
        }
    }

    #[test]
    fn what_was_never_tested_says_so_and_what_to_do() {
        let (now, all) = words(&report(0), Some((Status::Moving, "T1 is moving".into())), false);
        assert_eq!(now, "neither holds nor is broken yet: T1 is moving");
        assert!(all.contains("none of compensations, recoveries from a crash"), "{all}");
        assert!(all.contains("press Check"), "{all}");
    }

    #[test]
    fn one_run_is_never_said_to_be_all() {
        let (now, all) = words(&report(3), None, true);
        assert_eq!(now, "holds");
        assert!(all.starts_with("so far nothing breaks it, though"), "{all}");
        assert!(all.contains("3 times"), "{all}");
        assert!(all.contains("one run"), "{all}");
    }
}
