//! The middle of the page: the service graph, or its table.

use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::state::app;
use crate::views::{graph::Graph, graph_menu::GraphMenu, graph_table::GraphTable};

/// The middle of the page.
#[component]
pub fn Stage() -> impl IntoView {
    let app = app();
    view! {
        <main class="stage" aria-label="Service graph">
            <Show when=move || app.table.get() fallback=Graph>
                <GraphTable/>
            </Show>
            <div class="tools" role="group" aria-label="The graph">
                <Show when=move || !app.table.get()>
                    <button class="btn quiet small" title="Zoom in (+)" aria-label="Zoom in"
                        on:click=move |_| dispatch(app, Cmd::ZoomGraph(1.25))>"+"</button>
                    <button class="btn quiet small" title="Zoom out (−)" aria-label="Zoom out"
                        on:click=move |_| dispatch(app, Cmd::ZoomGraph(0.8))>"−"</button>
                    <button class="btn quiet small" title="All of it, and readable again (0)"
                        on:click=move |_| dispatch(app, Cmd::FitGraph)>"Fit"</button>
                </Show>
                <button
                    class="btn quiet small"
                    title="The same as a table (T)"
                    aria-pressed=move || app.table.get().to_string()
                    on:click=move |_| dispatch(app, Cmd::ToggleTable)
                >
                    "Table"
                </button>
            </div>
            <GraphMenu/>
        </main>
    }
}
