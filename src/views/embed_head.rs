//! The head of a page inside another page: what is shown, and the way to the whole of it.

use leptos::prelude::*;

use crate::catalog;
use crate::cmd::{Cmd, dispatch};
use crate::platform::history;
use crate::state::{App, app};

/// The scenario and its coupling, in a line.
fn title(app: App) -> Option<(String, &'static str)> {
    app.run(|run| {
        let scenario = &run.input().scenario;
        let coupling = catalog::title_of(&scenario.coupling).unwrap_or("a coupling of its own");
        (scenario.title.clone(), coupling)
    })
}

/// The head.
#[component]
pub fn EmbedHead() -> impl IntoView {
    let app = app();
    // The link is written to the address as the run moves, so it is read when it is followed.
    let href = move || {
        let _ = (app.rev.get(), app.cursor.get());
        let address = history::address();
        let (page, fragment) = address.split_once('#').unwrap_or((&address, ""));
        let page = page.split('?').next().unwrap_or_default();
        if fragment.is_empty() { page.to_owned() } else { format!("{page}#{fragment}") }
    };
    view! {
        <header class="top embed-head">
            <h1>
                {move || title(app).map(|(title, coupling)| view! {
                    <b>{title}</b> <span class="dim">{coupling}</span>
                })}
            </h1>
            <span class="grow"></span>
            <a
                class="btn small"
                target="_blank"
                rel="noopener"
                href=href
                on:click=move |_| dispatch(app, Cmd::Pause)
            >
                "Open in Interleave"
                <span class="seen-by-readers">" (in a new tab)"</span>
            </a>
        </header>
    }
}
