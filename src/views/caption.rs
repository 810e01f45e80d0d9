//! The sentence of the moment, large: what an audience or the reader of an article follows the run by.

use interleave_engine::ids::EventIx;
use interleave_engine::views::story::sentence;
use leptos::prelude::*;

use crate::state::app;

/// What has just happened.
#[component]
pub fn Caption() -> impl IntoView {
    let app = app();
    let said = move || {
        let at = EventIx(app.cursor.get());
        app.run(|run| sentence(run.cast(), run.trace(), at))
    };
    // What is said to screen readers is in the live region; this is the same for the eyes.
    view! { <p class="caption" aria-hidden="true">{said}</p> }
}
