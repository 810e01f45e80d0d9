//! The list of runs: each a branch named by the edit that made it, with its verdict.

use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::state::{RunRow, app};

/// How deep a run stands below the first.
fn depth(rows: &[RunRow], row: &RunRow) -> usize {
    let parent = |id: u32| rows.iter().find(|it| it.id == id).and_then(|it| it.parent);
    std::iter::successors(row.parent, |id| parent(*id)).take(8).count()
}

/// The list of runs.
#[component]
pub fn Runs() -> impl IntoView {
    let app = app();
    let drawn = move || {
        let rows = app.runs.get();
        let current = app.current.get();
        let list = rows.iter().map(|row| {
            let id = row.id;
            let here = id == current;
            let (class, verdict) = verdict(row);
            let title = if row.broken.is_empty() { row.name.clone() } else { format!("{}: breaks {}", row.name, row.broken.join(", ")) };
            let indent = depth(&rows, row).min(2) as f64 * 8.0;
            view! {
                <li>
                    <button
                        class="run"
                        id=here.then_some("run-here")
                        aria-current=here.then_some("true")
                        title=title
                        on:click=move |_| dispatch(app, Cmd::ChooseRun(id))
                    >
                        <svg width="14" height="22" viewBox="0 0 14 22" aria-hidden="true" style:margin-left=format!("{indent}px")>
                            <path class="stem" d="M6 0v22"/>
                            <circle class=if here { "knot here" } else { "knot" } cx="6" cy="11" r="4.5"/>
                        </svg>
                        <span class="name">{row.name.clone()}</span>
                        <span class=class>{verdict}</span>
                    </button>
                </li>
            }
        });
        list.collect_view()
    };
    Effect::new(move |_| {
        app.runs.track();
        app.current.track();
        crate::platform::focus::show_later("run-here");
    });
    let has_parent = move || {
        let current = app.current.get();
        app.runs.with(|rows| rows.iter().any(|row| row.id == current && row.parent.is_some()))
    };
    let undo_title = move || {
        let current = app.current.get();
        let name = app
            .runs
            .with(|rows| rows.iter().find(|row| row.id == current).map(|row| row.name.clone()));
        format!("Take back: {} (Ctrl Z)", name.unwrap_or_default())
    };
    let redo_title = move || {
        let name = app.undone.with(|names| names.first().cloned());
        format!("Make again: {} (Ctrl Shift Z)", name.unwrap_or_default())
    };
    view! {
        <section class="runs" aria-label="Runs">
            <h2 class="cap">
                "Runs"
                <span class="pair">
                    <Show when=has_parent>
                        <button class="link" title=undo_title on:click=move |_| dispatch(app, Cmd::Undo)>"Undo"</button>
                    </Show>
                    <Show when=move || !app.undone.with(Vec::is_empty)>
                        <button class="link" title=redo_title on:click=move |_| dispatch(app, Cmd::Redo)>"Redo"</button>
                    </Show>
                </span>
            </h2>
            <ul>{drawn}</ul>
        </section>
    }
}

fn verdict(row: &RunRow) -> (&'static str, String) {
    match (row.broken.len(), row.running) {
        (0, true) => ("small dim", "running".to_owned()),
        (0, false) => ("small good", "✓ all hold".to_owned()),
        (1, _) => ("small bad", format!("✕ {}", row.broken[0])),
        (n, _) => ("small bad", format!("✕ {n} broken")),
    }
}
