//! A story over the graph: the sentence, the question, what to do, and the way on.

mod ask;

use leptos::prelude::*;

use crate::act;
use crate::cmd::{Cmd, dispatch};
use crate::state::{Learn, Mode, app};

pub use ask::StoryAsk;

/// The sentence, with what to look at and how far the story is.
#[component]
pub fn StorySay() -> impl IntoView {
    let app = app();
    view! {
        {move || app.story.get().map(|telling| {
            let (story, stage) = (telling.story, telling.stage());
            let count = story.stages.len();
            let here = telling.stage;
            let marks = (0..count).map(|at| view! { <i class:past=at <= here></i> });
            view! {
                <section class="story-say" aria-label=story.title>
                    <div class="story-top">
                        <b>{story.title}</b>
                        <span class="dim">{format!("{} of {count}", here + 1)}</span>
                        <button class="btn quiet small" on:click=move |_| dispatch(app, Cmd::Learn(Learn::Home))>
                            "Leave"
                        </button>
                    </div>
                    <div class="story-marks" aria-hidden="true">{marks.collect_view()}</div>
                    <h2 id="story-say" tabindex="-1">{stage.say}</h2>
                    <p class="watch"><b>"Watch: "</b>{stage.watch}</p>
                </section>
            }
        })}
    }
}

/// In the other modes, the way back to the story.
#[component]
pub fn StoryBack() -> impl IntoView {
    let app = app();
    let elsewhere = move || app.mode.get() != Mode::Learn;
    view! {
        {move || app.story.get().filter(|_| elsewhere()).map(|telling| {
            let count = telling.story.stages.len();
            let told = act::story::reached(app, telling.story) == count;
            let ends = told && telling.stage + 1 == count;
            let text = if ends { "the story is told".to_owned() } else { format!("{} of {count}", telling.stage + 1) };
            view! {
                <div class="story-back" role="status">
                    <span><b>{telling.story.title}</b>{format!(" · {text}")}</span>
                    <button class="btn small" on:click=move |_| dispatch(app, Cmd::StoryResume)>"Back to the story"</button>
                    {ends.then(|| view! { <a href="#learn">"All stories"</a> })}
                </div>
            }
        })}
    }
}
