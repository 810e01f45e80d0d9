//! How far the search has come, and what that is worth.

use interleave_engine::session::{Coverage, Round};
use interleave_engine::views::format::{count, counted, share};
use leptos::prelude::*;

use super::of;
use crate::state::{Checked, Phase, app};
use crate::words::{bytes, coverage, lasted, visited};

/// Figures, progress, coverage, rounds, and what was left out.
#[component]
pub(super) fn Progress() -> impl IntoView {
    let app = app();
    let states = of(|it| count(it.report.states));
    let state = of(coverage);
    let (seen, allowed) =
        (of(|it| it.report.states.to_string()), of(|it| allowed(it).max(1).to_string()));
    let busy = move || app.checking.get();
    let notes = of(notes);
    let ended = of(|it| match (&it.phase, it.report.coverage) {
        (Phase::Failed(_), _) => "progress failed".to_owned(),
        (Phase::Ended, Coverage::Complete) => "progress complete".to_owned(),
        _ => "progress".to_owned(),
    });
    view! {
        <section class=ended aria-label="Progress" aria-busy=move || busy().to_string()>
            <p class="big"><b class="mono">{states}</b>" states"</p>
            <progress
                aria-label="Share of the states allowed"
                max=allowed
                value=seen
            ></progress>
            <p class="dim small">
                {of(|it| format!(
                    "{} of the {} states allowed{}",
                    share(it.report.states, self::allowed(it)),
                    count(self::allowed(it)),
                    if it.request.deepen { " in each round" } else { "" },
                ))}
            </p>
            <p class="coverage">{state}</p>
            <dl class="figures">
                {figure("Bounds", of(|it| it.report.bounds.clone()))}
                {figure("Transitions", of(|it| count(it.report.transitions)))}
                {figure("Depth", of(|it| counted(it.report.depth.into(), "level", "levels")))}
                {figure("Waiting", of(|it| counted(it.report.waiting, "state", "states")))}
                {figure("At rest", of(|it| counted(it.report.at_rest, "state", "states")))}
                {figure("Pace", of(pace))}
                {figure("Time", of(|it| lasted(it.elapsed_ms)))}
                {figure("Memory", of(memory))}
            </dl>
            <Rounds/>
            <ul class="notes">
                {move || notes.get().into_iter().map(|note| view! { <li class="dim small">{note}</li> }).collect_view()}
            </ul>
        </section>
    }
}

/// The states allowed.
fn allowed(check: &Checked) -> u64 {
    check.request.max_states.unwrap_or_default()
}

fn figure(name: &'static str, value: Memo<String>) -> impl IntoView {
    view! { <div><dt>{name}</dt><dd>{value}</dd></div> }
}

fn pace(check: &Checked) -> String {
    let over = !matches!(check.phase, Phase::Searching | Phase::Stopping);
    let rate = if over && check.elapsed_ms > 0.0 {
        visited(&check.report) as f64 / check.elapsed_ms * 1_000.0
    } else {
        check.rate
    };
    format!("{} states a second", count(rate as u64))
}

/// What the states take, and what that is for one; beside it what the program holds in all.
fn memory(check: &Checked) -> String {
    let report = &check.report;
    let each = report.memory_bytes.checked_div(report.states).unwrap_or_default();
    format!(
        "{}, {} a state · {} in all",
        bytes(report.memory_bytes as f64),
        counted(each, "byte", "bytes"),
        bytes(check.heap_bytes)
    )
}

/// What a reader must know of the figures.
fn notes(check: &Checked) -> Vec<String> {
    let report = &check.report;
    let mut notes = Vec::new();
    if let Some(why) = &check.on_page {
        notes.push(format!("Searched on the page itself, in slices: {why}."));
    }
    if report.collision_probability > 0.0 {
        notes.push(format!(
            "States are remembered by fingerprint; the chance that one hid behind another is below {:.0e}.",
            report.collision_probability.max(1e-300)
        ));
    }
    if !report.reductions.is_empty() {
        notes.push(format!("Merged on purpose: {}.", report.reductions.join("; ")));
    }
    if !report.left_out.is_empty() {
        notes.push(format!("Left out: {}.", report.left_out.join("; ")));
    }
    notes
}

/// The rounds, where faults are allowed one at a time.
#[component]
fn Rounds() -> impl IntoView {
    let rounds = of(|it| {
        let titles: Vec<&str> =
            it.report.properties.iter().map(|property| property.title.as_str()).collect();
        it.report.rounds.iter().flat_map(|round| row(round, &titles)).collect::<Vec<_>>()
    });
    move || {
        rounds.with(|rounds| !rounds.is_empty()).then(|| {
            let cells = rounds.get();
            let rows = cells.chunks(4).map(|cells| {
                let [faults, states, coverage, broken] = [0, 1, 2, 3].map(|at| cells[at].clone());
                view! {
                    <tr><th scope="row">{faults}</th><td>{states}</td><td>{coverage}</td><td>{broken}</td></tr>
                }
            });
            view! {
                <table class="rounds">
                    <caption class="seen-by-readers">"Rounds, with one fault more each"</caption>
                    <thead><tr>
                        <th scope="col">"Faults in all"</th><th scope="col">"States"</th>
                        <th scope="col">"Covered"</th><th scope="col">"First broken"</th>
                    </tr></thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            }
        })
    }
}

fn row(round: &Round, titles: &[&str]) -> [String; 4] {
    let faults = match round.faults {
        0 => "no fault".to_owned(),
        n => format!("up to {}", counted(n.into(), "fault", "faults")),
    };
    let covered = match round.coverage {
        Coverage::Running => "searching",
        Coverage::Complete => "complete",
        Coverage::CutAtStates => "cut at the states allowed",
        Coverage::CutAtSteps => "cut at the longest schedule",
        Coverage::CutAtMemory => "cut at the memory allowed",
        Coverage::Sampled => "a sample",
        Coverage::StoppedAtViolation => "left at a violation",
    };
    let broken: Vec<&str> = round.broken.iter().filter_map(|at| titles.get(*at).copied()).collect();
    let broken = if broken.is_empty() { "–".to_owned() } else { broken.join(", ") };
    [faults, count(round.states), covered.to_owned(), broken]
}
