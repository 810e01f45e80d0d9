//! A schedule as lanes: a column for each transaction, a row for each step.

use interleave_engine::isolation_lab::{Moment, Note, Phenomenon, Setting, Tone};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::isolation::Scene;
use crate::state::{App, app};

/// The schedule of the cell that was chosen.
#[component]
pub(super) fn SceneView() -> impl IntoView {
    let app = app();
    // The step that is marked is drawn apart, so that going from step to step leaves the rows as they are.
    let scene = Memo::new(move |_| {
        app.isolation.with(|it| it.scene.clone().map(|scene| Scene { step: 0, ..scene }))
    });
    let step = Memo::new(move |_| app.isolation.with(|it| it.scene.as_ref().map(|it| it.step)));
    view! { {move || scene.get().map(|scene| drawn(app, &scene, step))} }
}

fn drawn(app: App, scene: &Scene, step: Memo<Option<usize>>) -> impl IntoView + use<> {
    let one = Phenomenon::named(&scene.name);
    let title = one.map_or_else(String::new, |one| one.title().to_owned());
    let is_shown = one.is_some_and(|one| scene.played.shows(one));
    let heading = match (&scene.shown_at, is_shown) {
        (Some(_), _) => format!("{title}: prevented at {}", scene.played.setting),
        (None, _) => format!("{title}: {}", scene.played.setting),
    };
    let lead = scene.shown_at.as_deref().and_then(Setting::named).map(|other| {
        let of = if other == Setting::NONE {
            "without isolation".to_owned()
        } else {
            format!("at {}, {}", other.style.title(), other.level_title())
        };
        format!("The order of steps that shows it {of}, as it goes here.")
    });
    let lead = lead.or_else(|| one.map(|one| one.words().to_owned()));
    let lanes = scene.played.lanes.clone();
    let head = lanes.iter().enumerate().map(|(at, lane)| {
        view! { <th scope="col"><span class=format!("dot txn-{at}") aria-hidden="true"></span>{lane.clone()}</th> }
    });
    let last = scene.played.moments.len().saturating_sub(1);
    let rows = scene.played.moments.iter().enumerate().map(|(at, moment)| {
        let cells = (0..lanes.len() as u8).map(|who| lane_cell(moment, who)).collect_view();
        view! {
            <tr
                aria-current=move || (step.get() == Some(at)).then_some("step")
                on:click=move |_| dispatch(app, Cmd::IsolationStep(at))
            >
                <th scope="row">{at + 1}</th>
                {cells}
            </tr>
        }
    });
    let reasons = scene.played.reasons.iter().map(|reason| {
        let is_it = reason.name == scene.name;
        let lines = reason
            .lines
            .iter()
            .skip(usize::from(is_it))
            .map(|line| view! { <li>{line.clone()}</li> });
        view! {
            <li class="reason" class:main=is_it>
                <b>{reason.title.clone()}</b>
                <ul>{lines.collect_view()}</ul>
            </li>
        }
    });
    let nothing = scene.played.reasons.is_empty().then(|| {
        view! { <p class="dim">"Nothing goes wrong: the transactions that committed could have run one after the other."</p> }
    });
    let go = move |by: isize| {
        let at = step.get_untracked().unwrap_or_default();
        dispatch(app, Cmd::IsolationStep(at.saturating_add_signed(by)));
    };
    let keys = move |ev: leptos::ev::KeyboardEvent| {
        let by = match ev.key().as_str() {
            "ArrowDown" | "ArrowRight" => 1,
            "ArrowUp" | "ArrowLeft" => -1,
            _ => return,
        };
        ev.prevent_default();
        ev.stop_propagation();
        go(by);
    };
    view! {
        <section class="scene" aria-labelledby="isolation-scene">
            <h3 id="isolation-scene" tabindex="-1">{heading}</h3>
            <p class="dim">{lead}</p>
            <div class="scene-frame" tabindex="0" role="region" aria-label="The schedule, step by step; arrow keys go from step to step" on:keydown=keys>
                <table class="scene-lanes">
                    <thead><tr><th scope="col"><span class="seen-by-readers">"Step"</span></th>{head.collect_view()}</tr></thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
            <div class="buttons">
                <button class="btn small" disabled=move || step.get() == Some(0) on:click=move |_| go(-1)>"Step back"</button>
                <button class="btn small" disabled=move || step.get() == Some(last) on:click=move |_| go(1)>"Step on"</button>
                <span class="dim small" role="status">
                    {move || format!("Step {} of {}", step.get().unwrap_or_default() + 1, last + 1)}
                </span>
                <button class="btn small" on:click=move |_| dispatch(app, Cmd::IsolationCopy)>"Copy the link to this schedule"</button>
            </div>
            <h4>"What it comes to"</h4>
            {nothing}
            <ul class="reasons">{reasons.collect_view()}</ul>
            <p class="dim small mono">{format!("Rows at the end: {}", rows_at_end(scene))}</p>
        </section>
    }
}

fn rows_at_end(scene: &Scene) -> String {
    if scene.played.rows.is_empty() { "none".to_owned() } else { scene.played.rows.join("; ") }
}

/// What a transaction does in a step, or meets, or that it waits.
fn lane_cell(moment: &Moment, who: u8) -> impl IntoView + use<> {
    let own = moment.who == who;
    let waits = moment.waiting.contains(&who);
    let notes = moment.notes.iter().filter(|note| note.who == who).map(|note| {
        let text = if own { note.text.clone() } else { format!("goes on: {}", note.text) };
        view! { <span class=format!("note {}", tone(note))>{text}</span> }
    });
    let notes = notes.collect_view();
    let statement = own.then(|| view! { <code>{moment.statement.clone()}</code> });
    let still = (waits && !own).then(|| view! { <span class="note still">"waits"</span> });
    view! {
        <td class:own=own class:waits=waits class=format!("lane lane-{who}")>{statement}{notes}{still}</td>
    }
}

fn tone(note: &Note) -> &'static str {
    match note.tone {
        Tone::Read => "read",
        Tone::Wrote => "wrote",
        Tone::Waits => "still",
        Tone::Committed => "done",
        Tone::RolledBack => "undone",
        Tone::Refused => "refused",
    }
}
