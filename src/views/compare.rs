//! The mode Compare: couplings side by side over many seeds.

use interleave_engine::compare::{Cell, Column, Estimate, Report, Row, Way};
use leptos::prelude::*;

use crate::act::compare::{COUPLINGS, SEEDS_MAX};
use crate::cmd::{Cmd, dispatch};
use crate::state::{App, Compared, app};
use crate::views::sweep::{Questions, RecordPart, SweepPart, title};

/// The page of the mode Compare.
#[component]
pub fn ComparePage() -> impl IntoView {
    let app = app();
    view! {
        <main class="check across" aria-label="Compare">
            <div class="check-inner wide">
                <header>
                    <h2>"What does each coupling cost?"</h2>
                    <p class="dim">
                        "The scenario runs under each coupling on the same seeds: the same arrivals, inputs, delays and
                        faults. What differs is the coupling's doing."
                    </p>
                </header>
                <Questions/>
                <Form/>
                {move || app.compared.get().map(|compared| result(app, &compared))}
                <SweepPart/>
                <RecordPart/>
            </div>
        </main>
    }
}

#[component]
fn Form() -> impl IntoView {
    let app = app();
    let count = move || app.compare_form.with(|form| form.chosen.len());
    let offered = Memo::new(move |_| app.compare_form.with(|form| form.offered.clone()));
    view! {
        <form class="bounds" on:submit=move |event| {
            event.prevent_default();
            dispatch(app, if app.comparing.get_untracked() { Cmd::CompareStop } else { Cmd::CompareStart });
        }>
            <fieldset>
                <legend>{format!("{} to {} couplings", COUPLINGS[0], COUPLINGS[1])}</legend>
                {move || offered.get().into_iter().map(|name| choice(app, name)).collect_view()}
            </fieldset>
            <div class="buttons">
                <label class="field seeds">
                    "Seeds"
                    <input
                        class="text" type="number" min="1" max=SEEDS_MAX.to_string()
                        prop:value=move || app.compare_form.with(|form| form.seeds.to_string())
                        on:change=move |event| {
                            if let Ok(seeds) = event_target_value(&event).parse() {
                                dispatch(app, Cmd::CompareSeeds(seeds));
                            }
                        }
                    />
                </label>
                <button
                    class="btn primary" type="submit"
                    disabled=move || !app.comparing.get() && count() < COUPLINGS[0]
                >
                    {move || if app.comparing.get() { "Stop" } else { "Compare these" }}
                </button>
                <span class="dim small">
                    {move || app.run(|run| run.input().scenario.title.clone())}
                </span>
            </div>
        </form>
    }
}

/// A coupling to choose.
fn choice(app: App, name: String) -> impl IntoView {
    let title = title(&name);
    let own = name.clone();
    let is_chosen = move || app.compare_form.with(|form| form.chosen.contains(&own));
    let is_chosen = Memo::new(move |_| is_chosen());
    let is_full = move || app.compare_form.with(|form| form.chosen.len() >= COUPLINGS[1]);
    view! {
        <label class="switch">
            <input
                type="checkbox"
                prop:checked=move || is_chosen.get()
                disabled=move || !is_chosen.get() && is_full()
                on:change=move |_| dispatch(app, Cmd::CompareToggle(name.clone()))
            />
            <span>{title}</span>
        </label>
    }
}

/// How far it has come, and the table.
fn result(app: App, compared: &Compared) -> impl IntoView + use<> {
    let Compared { report, progress } = compared;
    let state = match (progress.done, app.comparing.get()) {
        (true, _) => "Every run is done.",
        (false, true) => "Running …",
        (false, false) => "Stopped: the figures are those of the runs that are done.",
    };
    view! {
        <section class="progress" aria-label="Progress">
            <p class="big" role="status">
                <b class="mono">{progress.runs}</b>
                <span class="dim">{format!(" of {} runs · ", progress.runs_max)}</span>
                {state}
            </p>
            <progress
                aria-label="Runs done"
                max=progress.runs_max.to_string()
                value=progress.runs.to_string()
            ></progress>
        </section>
        {(progress.runs > 0).then(|| table(report))}
        {notes(report)}
    }
}

fn table(report: &Report) -> impl IntoView + use<> {
    let first = report.columns.first().map(|column| title(&column.name)).unwrap_or_default();
    let heads = report
        .columns
        .iter()
        .map(|column| {
            let pairing = if column.paired { "" } else { "not paired" };
            view! {
                <th scope="col">
                    {title(&column.name)}
                    <small class="dim">{pairing}</small>
                </th>
            }
        })
        .collect_view();
    let rows = report.rows.iter().filter(|row| row.has_values());
    let mut group = String::new();
    let rows = rows
        .map(|row| {
            let own = row.metric.id.split('.').next().unwrap_or_default();
            let begins = own != group;
            group = own.to_owned();
            line(report, row, begins, &first)
        })
        .collect_view();
    view! {
        <div class="compared" role="region" aria-label="Figures of each coupling" tabindex="0">
            <table class="numbers">
                <caption class="seen-by-readers">
                    {format!("{}: means over the seeds, each with half the width of its 95 % interval", report.scenario)}
                </caption>
                <thead><tr><th scope="col">"Figure"</th>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn line(report: &Report, row: &Row, begins: bool, first: &str) -> impl IntoView + use<> {
    let reach = row
        .cells
        .iter()
        .filter_map(|cell| cell.value)
        .map(|value| value.mean + value.half_width.unwrap_or(0.0));
    let reach = reach.fold(0.0, f64::max);
    let is_bad = row.metric.id.starts_with("violations.");
    let cells = row
        .cells
        .iter()
        .zip(&report.columns)
        .map(|(cell, column)| figure(row, column, cell, reach, is_bad, first))
        .collect_view();
    view! {
        <tr class:begins=begins>
            <th scope="row" title=row.metric.meaning.clone()>{row.metric.title.clone()}</th>
            {cells}
        </tr>
    }
}

/// A figure with its bar, and with a word where it is more or less than the first coupling's.
fn figure(
    row: &Row,
    column: &Column,
    cell: &Cell,
    reach: f64,
    is_bad: bool,
    first: &str,
) -> impl IntoView + use<> {
    let Some(value) = cell.value else {
        return view! { <td class="dim">"none"</td> }.into_any();
    };
    let is_broken = is_bad && value.mean > 0.0;
    let way = cell.way().filter(|_| column.paired).map(|way| {
        let (sign, word) = match way {
            Way::More => ("▲", "more"),
            Way::Less => ("▼", "less"),
        };
        view! {
            <span class="way" aria-hidden="true">{sign}</span>
            <span class="seen-by-readers">{format!(" {word} than {first}")}</span>
        }
    });
    view! {
        <td class:bad=is_broken>
            {row.metric.unit.estimate_text(&value)}
            {way}
            {(reach > 0.0).then(|| bar(&value, reach))}
        </td>
    }
    .into_any()
}

/// The mean as a bar from 0, and its interval as a line over it. The text beside it says the same.
fn bar(value: &Estimate, reach: f64) -> impl IntoView + use<> {
    let at = |size: f64| format!("{:.2}", (size / reach * 100.0).clamp(0.0, 100.0));
    let half = value.half_width.unwrap_or(0.0);
    let (low, high) = (at(value.mean - half), at(value.mean + half));
    view! {
        <svg class="figure-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect class="mean" x="0" y="2" height="4" width=at(value.mean)/>
            <line class="interval" x1=low x2=high y1="4" y2="4"/>
        </svg>
    }
}

/// What to know about the figures.
fn notes(report: &Report) -> impl IntoView + use<> {
    let mut notes = Vec::new();
    for column in &report.columns {
        let name = title(&column.name);
        for why in column.unpaired_because() {
            notes.push(format!("{name} is not paired: {why}."));
        }
        if column.cut > 0 {
            notes.push(format!(
                "{name}: {} of {} runs were cut at a limit, so that nothing at rest was judged in them.",
                column.cut, column.runs
            ));
        }
        for broken in &column.broken {
            notes.push(format!(
                "{name} breaks {} in {} of {} runs, first with seed {}.",
                broken.id, broken.runs, column.runs, broken.seed
            ));
        }
    }
    view! {
        <ul class="compare-notes">
            {notes.into_iter().map(|note| view! { <li>{note}</li> }).collect_view()}
            <li class="dim small">
                "± is half a 95 % interval of the mean over the seeds (Student's t). ▲ and ▼: more or less than the first
                coupling, where the interval of the differences seed by seed leaves out 0. None: no such thing there."
            </li>
        </ul>
    }
}
