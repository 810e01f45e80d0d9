//! Learn's list: the patterns, and the pages about the laboratory.

use leptos::prelude::*;

use crate::pages::{Kind, PAGES};

/// All there is to learn from.
#[component]
pub fn Home() -> impl IntoView {
    view! {
        <div class="home">
            <header class="lead">
                <h2>"Learn by breaking things"</h2>
                <p>
                    "Nothing here is a film. Every stage is a run of the engine in this tab, and you can take it
                    anywhere else from there."
                </p>
            </header>
            {list("Patterns", "What it is, when to choose it, what it costs, what breaks it, what mends it.",
                &[Kind::Pattern, Kind::Part])}
            {list("The laboratory", "What to believe, and what the words mean.", &[Kind::About])}
        </div>
    }
}

fn list(title: &'static str, line: &'static str, kinds: &'static [Kind]) -> impl IntoView {
    let entries = PAGES.iter().filter(|page| kinds.contains(&page.kind)).map(|page| {
        view! {
            <li>
                <a class="entry" href=format!("#page={}", page.name)>
                    <b>{page.title()}</b>
                    <span>{page.line()}</span>
                </a>
            </li>
        }
    });
    view! {
        <section class="shelf" aria-label=title>
            <h3>{title}</h3>
            <p class="dim">{line}</p>
            <ul>{entries.collect_view()}</ul>
        </section>
    }
}
