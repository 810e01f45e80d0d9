//! The first visit: one sentence above the graph, one large button below it.

use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::state::app;

/// The sentence and the button.
#[component]
pub fn FirstVisit() -> impl IntoView {
    let app = app();
    view! {
        <section class="opening" aria-label="A first look">
            <p class="sentence" role="heading" aria-level="2">
                "Alice’s order is in, and payments is about to take her 30."
            </p>
            <div class="offer">
                <button class="go" on:click=move |_| dispatch(app, Cmd::FirstCrash)>
                    "Crash payments after it charges"
                </button>
                <button class="link or" on:click=move |_| dispatch(app, Cmd::FirstSucceed)>
                    "or watch it succeed"
                </button>
            </div>
        </section>
    }
}
