//! What is said: to everybody a short word that goes away, to screen readers what just happened.

use interleave_engine::ids::EventIx;
use interleave_engine::views::story::sentence;
use leptos::prelude::*;

use crate::state::app;

/// The live regions.
#[component]
pub fn Live() -> impl IntoView {
    let app = app();
    let said = move || {
        // While the moment moves by itself the sentences would come too fast to be heard.
        if app.playing.get() {
            return None;
        }
        let at = EventIx(app.cursor.get());
        app.run(|run| sentence(run.cast(), run.trace(), at))
    };
    view! {
        <div class="seen-by-readers" role="status" aria-live="polite" id="now-said">{said}</div>
        <div class="toast" role="status" aria-live="polite" class:shown=move || app.toast.get().is_some()>
            {move || app.toast.get()}
        </div>
    }
}
