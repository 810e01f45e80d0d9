//! Learn's list: the patterns, and the pages about the laboratory.

use leptos::prelude::*;

use interleave_engine::stories::{self, Story};

use crate::act;
use crate::pages::{Kind, PAGES};
use crate::state::{App, app};

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
            <Stories/>
            {list("Patterns", "What it is, when to choose it, what it costs, what breaks it, what mends it.",
                &[Kind::Pattern, Kind::Part])}
            {list("The laboratory", "What to believe, and what the words mean.", &[Kind::About])}
        </div>
    }
}

/// The stories, each with how far it was read.
#[component]
fn Stories() -> impl IntoView {
    let app = app();
    let cards = stories::stories().iter().enumerate().map(|(at, story)| card(app, at, story));
    view! {
        <section class="shelf stories" aria-label="Stories">
            <h3>"Stories"</h3>
            <p class="dim">"A sentence, your guess, your hand on it, and then what really comes of it."</p>
            <ol>{cards.collect_view()}</ol>
        </section>
    }
}

fn card(app: App, at: usize, story: &'static Story) -> impl IntoView {
    let count = story.stages.len();
    let reached = move || act::story::reached(app, story);
    let next = move || stories::text(story, reached() % count);
    let state = move || match reached() {
        0 => format!("{count} stages"),
        all if all == count => "told; once more?".to_owned(),
        some => format!("go on at {} of {count}", some + 1),
    };
    let marks = (0..count).map(|mark| view! { <i class:past=move || mark < reached()></i> });
    view! {
        <li>
            <a class="entry" href=move || format!("#story={}", next())>
                <i class="number" aria-hidden="true">{at + 1}</i>
                <b>{story.title}</b>
                <span>{story.line}</span>
                <span class="how-far">
                    <span class="story-marks" aria-hidden="true">{marks.collect_view()}</span>
                    {state}
                </span>
            </a>
        </li>
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
