//! The isolation laboratory: short transactions in every order, at every level.

mod experiment;
mod levels;
mod scene;

use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::state::app;

/// Which half of the mode Check is shown.
#[component]
pub fn Tabs() -> impl IntoView {
    let app = app();
    let tab = move |on: bool, title: &'static str| {
        view! {
            <button
                class="btn"
                aria-pressed=move || (app.isolating.get() == on).to_string()
                on:click=move |_| dispatch(app, Cmd::Isolating(on))
            >
                {title}
            </button>
        }
    };
    view! {
        <nav class="check-tabs" aria-label="What is checked">
            {tab(false, "The scenario")} {tab(true, "Isolation laboratory")}
        </nav>
    }
}

/// The laboratory.
#[component]
pub fn Laboratory() -> impl IntoView {
    view! {
        <div class="check-inner laboratory">
            <header>
                <h2>"Which isolation level lets it happen?"</h2>
                <p class="dim">
                    "A few short transactions, run in every order of their statements, on a database at each
                    isolation level. What goes wrong is read off the dependencies between the transactions."
                </p>
            </header>
            <experiment::ExperimentForm/>
            <levels::Levels/>
            <scene::SceneView/>
        </div>
    }
}
