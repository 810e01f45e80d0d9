//! The mode Learn: the list of all there is to learn from, and its pages.

mod article;
mod home;

use leptos::prelude::*;

use crate::pages::{Kind, PAGES, Page};
use crate::state::{Learn, app};

/// The page of the mode Learn.
#[component]
pub fn LearnPage() -> impl IntoView {
    let app = app();
    view! {
        <main class="check learn" aria-label="Learn">
            {move || match app.learn.get() {
                Learn::Home => view! { <home::Home/> }.into_any(),
                Learn::Page(page) => view! { <Reading page/> }.into_any(),
            }}
        </main>
    }
}

/// A page, with the list of all beside it.
#[component]
fn Reading(page: &'static Page) -> impl IntoView {
    view! {
        <div class="reading">
            <nav class="contents" aria-label="Pages of Learn">
                <a class="back" href="#learn">"← All of Learn"</a>
                {section(page, "Patterns", &[Kind::Pattern])}
                {section(page, "Parts", &[Kind::Part])}
                {section(page, "The laboratory", &[Kind::About])}
            </nav>
            <article::Article page/>
        </div>
    }
}

fn section(page: &'static Page, title: &'static str, kinds: &'static [Kind]) -> impl IntoView {
    let entries = PAGES.iter().filter(|it| kinds.contains(&it.kind)).map(|it| {
        view! {
            <li>
                <a href=format!("#page={}", it.name) aria-current=(it == page).then_some("page")>
                    {it.title()}
                </a>
            </li>
        }
    });
    view! {
        <h2 class="cap">{title}</h2>
        <ul>{entries.collect_view()}</ul>
    }
}
