//! Interleave, the laboratory's page.

use leptos::prelude::*;

/// Mounts the page and takes away the loader's words, which stand in `index.html`.
pub fn mount() {
    leptos::mount::mount_to_body(Page);
    if let Some(loader) = document().get_element_by_id("loader") {
        loader.remove();
    }
}

/// The whole page.
#[component]
fn Page() -> impl IntoView {
    view! {
        <main>
            <h1>"Interleave"</h1>
        </main>
    }
}
