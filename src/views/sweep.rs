//! In Compare: questions that ship, and a sweep of one parameter as curves with their bands, in words,
//! and as a table.

use interleave_engine::compare::{Estimate, Parameter, SweepReport, decisions};
use leptos::prelude::*;

use crate::catalog;
use crate::cmd::{Cmd, dispatch};
use crate::geometry::bands::{Frame, Mark};
use crate::geometry::ticks::ticks;
use crate::state::{App, app};

/// The size of the chart; it shrinks with its place.
const SIZE: (f64, f64) = (760.0, 300.0);
/// Where the curves are drawn in it.
const PLACE: (f64, f64, f64, f64) = (74.0, 14.0, 740.0, 262.0);

/// A coupling's title on screen.
pub(super) fn title(name: &str) -> String {
    let named = catalog::named().into_iter().find(|pattern| pattern.name == name);
    named.map_or_else(|| name.replace('+', " · "), |pattern| pattern.title.to_owned())
}

/// The questions that ship.
#[component]
pub fn Questions() -> impl IntoView {
    let app = app();
    let button = move |decision: &'static interleave_engine::compare::Decision| {
        let asked = move || app.question.get() == Some(decision);
        view! {
            <button
                class="btn"
                aria-pressed=move || asked().to_string()
                on:click=move |_| dispatch(app, Cmd::Decide(decision))
            >
                {format!("{}?", decision.title)}
            </button>
        }
    };
    view! {
        <div class="questions" role="group" aria-label="Questions that ship">
            <span class="dim">"Answer one:"</span>
            {decisions().iter().map(button).collect_view()}
            <span class="dim small">"or choose your own below."</span>
        </div>
    }
}

/// The sweep: its form and what it says.
#[component]
pub fn SweepPart() -> impl IntoView {
    let app = app();
    // Kept apart from the figures' values, which change while somebody writes in the form.
    let figures = Memo::new(move |_| figures(app));
    view! {
        <section class="sweep" aria-labelledby="sweep-title">
            <h3 id="sweep-title">"Where does one overtake the other?"</h3>
            {move || form(app, figures)}
            {move || app.swept.get().map(|report| said(app, &report))}
        </section>
    }
}

/// The figures that the comparison has: their ids and their names.
fn figures(app: App) -> Vec<(String, String)> {
    app.compared.with(|compared| {
        let rows = compared.iter().flat_map(|it| &it.report.rows).filter(|row| row.has_values());
        rows.map(|row| (row.metric.id.clone(), row.metric.title.clone())).collect()
    })
}

fn form(app: App, figures: Memo<Vec<(String, String)>>) -> impl IntoView {
    let form = app.sweep_form.get();
    let figures = figures.get();
    let known = figures.iter().any(|(id, _)| *id == form.metric);
    let own = (!known).then(|| (form.metric.clone(), form.metric.clone()));
    let parameters = Parameter::ALL.map(|it| {
        let chosen = it == form.parameter;
        view! { <option value=it.id() selected=chosen>{it.title()}</option> }
    });
    let metric = form.metric.clone();
    let figures = own.into_iter().chain(figures).map(|(id, title)| {
        let chosen = id == metric;
        view! { <option value=id selected=chosen>{title}</option> }
    });
    view! {
        <form class="bounds" on:submit=move |event| {
            event.prevent_default();
            dispatch(app, if app.sweeping.get_untracked() { Cmd::SweepStop } else { Cmd::SweepStart });
        }>
            <div class="buttons">
                <label class="field">
                    "Vary"
                    <select class="menu" on:change=move |event| {
                        if let Some(parameter) = Parameter::of(&event_target_value(&event)) {
                            dispatch(app, Cmd::SweepParameter(parameter));
                        }
                    }>{parameters.collect_view()}</select>
                </label>
                <label class="field">
                    "From..to:values"
                    <input class="text mono" prop:value=form.values.clone()
                        on:change=move |event| dispatch(app, Cmd::SweepValues(event_target_value(&event)))/>
                </label>
                <label class="field">
                    "Figure"
                    <select class="menu" on:change=move |event| dispatch(app, Cmd::SweepMetric(event_target_value(&event)))>
                        {figures.collect_view()}
                    </select>
                </label>
                <button class="btn primary" type="submit" disabled=move || {
                    !app.sweeping.get() && app.compare_form.with(|form| form.chosen.len() < 2)
                }>
                    {move || if app.sweeping.get() { "Stop" } else { "Sweep" }}
                </button>
            </div>
            <p class="dim small">{form.parameter.meaning()}"."</p>
        </form>
    }
}

fn said(app: App, report: &SweepReport) -> impl IntoView + use<> {
    let [done, all] = report.runs;
    let over = done == all;
    let state = match (over, app.sweeping.get()) {
        (true, _) => "Every run is done.",
        (false, true) => "Running …",
        (false, false) => "Stopped: what is said is of the runs that are done.",
    };
    let verdicts = report.crossings.iter().map(|crossing| {
        view! { <li>{capital(&report.sentence(crossing, title))}</li> }
    });
    let verdicts = (done > 0).then(|| verdicts.collect_view());
    view! {
        <div class="progress">
            <p role="status">
                <b class="mono">{done}</b><span class="dim">{format!(" of {all} runs · ")}</span>{state}
            </p>
            <progress aria-label="Runs of the sweep done" max=all.to_string() value=done.to_string()></progress>
        </div>
        <ul class="crossings">{verdicts}</ul>
        {(done > 0).then(|| chart(report))}
        {(done > 0).then(|| table(report))}
        <p class="dim small">
            "Bands are 95 % intervals of the means over the seeds. Shapes carry over to other systems, your milliseconds do not."
        </p>
    }
}

/// A sentence begins with a capital.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn mark(value: f64, of: Option<Estimate>) -> Option<Mark> {
    of.map(|of| Mark { value, mean: of.mean, half: of.half_width.unwrap_or(0.0) })
}

fn chart(report: &SweepReport) -> impl IntoView + use<> {
    let curve = |column: usize| -> Vec<Mark> {
        report
            .points
            .iter()
            .filter_map(|point| mark(point.value, point.cells[column].value))
            .collect()
    };
    let curves: Vec<Vec<Mark>> = (0..report.couplings.len()).map(curve).collect();
    let frame = Frame::of(&curves, PLACE);
    let (left, _, right, bottom) = PLACE;
    let levels = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| share * frame.most);
    let levels = levels.map(|figure| {
        let y = frame.y(figure);
        view! {
            <path class="tick" d=format!("M{left} {y:.1}H{right}")/>
            <text class="tick-text" x=left - 8.0 y=y + 4.0 text-anchor="end">{report.unit.text(figure)}</text>
        }
    });
    // Round values in thousandths, since a crash rate has fractions.
    let places = ticks(frame.across.0 * 1e3, frame.across.1 * 1e3, 7);
    let values = places.into_iter().map(|place| place / 1e3).map(|value| {
        view! {
            <text class="tick-text" x=frame.x(value) y=bottom + 18.0 text-anchor="middle">{value.to_string()}</text>
        }
    });
    let drawn = curves.iter().enumerate().map(|(at, curve)| {
        let points = curve.iter().map(|mark| dot(at, frame.x(mark.value), frame.y(mark.mean)));
        view! {
            <g class=format!("curve c{at}")>
                <path class="band" d=frame.band(curve)/>
                <path class="mean" d=frame.curve(curve)/>
                {points.collect_view()}
            </g>
        }
    });
    let legend = report.couplings.iter().enumerate().map(|(at, name)| {
        view! {
            <li class=format!("curve c{at}")>
                <svg width="34" height="14" aria-hidden="true"><path class="mean" d="M1 7H33"/>{dot(at, 17.0, 7.0)}</svg>
                {title(name)}
            </li>
        }
    });
    let label = format!(
        "{} by {}; the table below has the figures",
        report.title,
        report.parameter.title()
    );
    view! {
        <figure class="sweep-chart" tabindex="0" aria-label="Chart of the sweep">
            <figcaption><b>{report.title.clone()}</b><span class="dim">{format!("by {}", report.parameter.title())}</span></figcaption>
            <ul class="curves">{legend.collect_view()}</ul>
            <svg viewBox=format!("0 0 {} {}", SIZE.0, SIZE.1) role="img" aria-label=label>
                {levels.collect_view()}
                {values.collect_view()}
                {drawn.collect_view()}
            </svg>
        </figure>
    }
}

/// Each coupling has a shape of its own beside its colour.
fn dot(at: usize, x: f64, y: f64) -> impl IntoView {
    let d = match at {
        0 => format!("M{x:.1} {:.1}a4.5 4.5 0 1 0 .1 0z", y - 4.5),
        1 => format!("M{:.1} {:.1}h8v8h-8z", x - 4.0, y - 4.0),
        2 => format!("M{x:.1} {:.1}l5 9h-10z", y - 5.0),
        _ => format!("M{x:.1} {:.1}l5.5 5.5-5.5 5.5-5.5-5.5z", y - 5.5),
    };
    view! { <path class="dot-of" d=d/> }
}

fn table(report: &SweepReport) -> impl IntoView + use<> {
    let heads = report.couplings.iter().map(|name| view! { <th scope="col">{title(name)}</th> });
    let heads = heads.collect_view();
    let rows = report.points.iter().map(|point| {
        let cells = point.cells.iter().map(|cell| {
            let text =
                cell.value.map_or_else(|| "none".to_owned(), |it| report.unit.estimate_text(&it));
            let pairing = if cell.paired { "" } else { " (not paired)" };
            view! { <td>{text}<small class="dim">{pairing}</small></td> }
        });
        view! { <tr><th scope="row">{point.value.to_string()}</th>{cells.collect_view()}</tr> }
    });
    view! {
        <div class="compared" role="region" aria-label="Figures of the sweep" tabindex="0">
            <table class="numbers">
                <caption class="seen-by-readers">
                    {format!("{} by {}: means over the seeds, each with half the width of its 95 % interval", report.title, report.parameter.title())}
                </caption>
                <thead><tr><th scope="col">{report.parameter.title()}</th>{heads}</tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
}

/// The decision record, once there is something to put down.
#[component]
pub fn RecordPart() -> impl IntoView {
    let app = app();
    let text = Memo::new(move |_| {
        // While figures come in the record would be another one every moment.
        let quiet = !app.comparing.get() && !app.sweeping.get();
        quiet.then(|| crate::act::sweep::record(app)).flatten()
    });
    view! {
        {move || text.get().map(|text| view! {
            <section class="record" aria-labelledby="record-title">
                <h3 id="record-title">"Decision record"</h3>
                <p class="dim">
                    "What was asked, measured and left out, with the command lines that give each figure again. The decision is yours to write."
                </p>
                <div class="buttons">
                    <button class="btn" on:click=move |_| dispatch(app, Cmd::CopyRecord)>"Copy"</button>
                    <button class="btn" on:click=move |_| dispatch(app, Cmd::SaveRecord)>"Save as a file"</button>
                </div>
                <pre class="record-text" tabindex="0" aria-label="Decision record in Markdown">{text}</pre>
            </section>
        })}
    }
}
