//! The experiment: one to pick, and its text to change.

use interleave_engine::isolation_lab;
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::isolation::shipped_as;
use crate::state::app;

/// The experiment and the button that runs it.
#[component]
pub(super) fn ExperimentForm() -> impl IntoView {
    let app = app();
    let text = Memo::new(move |_| app.isolation.with(|it| it.text.clone()));
    let running = Memo::new(move |_| app.isolation.with(|it| it.running));
    let mistakes = Memo::new(move |_| app.isolation.with(|it| it.mistakes.clone()));
    let options = isolation_lab::shipped().iter().map(|shipped| {
        let is_it = move || text.with(|text| text == shipped.text);
        view! { <option value=shipped.name selected=is_it>{shipped.experiment().title.clone()}</option> }
    });
    let own = move || text.with(|text| shipped_as(text).is_none());
    let pick = move |ev| {
        if let Some(shipped) = isolation_lab::named(&event_target_value(&ev)) {
            dispatch(app, Cmd::IsolationPick(shipped.name));
        }
    };
    let about = Memo::new(move |_| {
        app.isolation.with(|it| it.experiment().map(|it| it.about.clone()).unwrap_or_default())
    });
    view! {
        <section class="bounds" aria-label="The experiment">
            <div class="experiment-head">
                <label for="isolation-pick">"Experiment"</label>
                <select id="isolation-pick" class="text" on:change=pick>
                    <option value="" disabled=true selected=own>"Your own"</option>
                    {options.collect_view()}
                </select>
            </div>
            <p class="about-experiment">{about}</p>
            <label class="cap" for="isolation-text">"Rows and transactions, a statement on each line"</label>
            <textarea
                id="isolation-text"
                class="text mono experiment-text"
                spellcheck="false"
                autocapitalize="off"
                aria-describedby="isolation-mistakes"
                aria-invalid=move || mistakes.with(|it| !it.is_empty()).to_string()
                rows=move || text.with(|text| text.lines().count().clamp(8, 22) + 1).to_string()
                prop:value=move || text.get()
                on:input=move |ev| dispatch(app, Cmd::IsolationText(event_target_value(&ev)))
            ></textarea>
            <ul id="isolation-mistakes" class="mistakes" aria-live="polite">
                {move || {
                    let lines = mistakes.get().into_iter().take(6);
                    lines.map(|it| view! { <li class="mistake">{it.to_string()}</li> }).collect_view()
                }}
            </ul>
            <div class="buttons">
                <Show
                    when=move || running.get()
                    fallback=move || {
                        view! {
                            <button class="btn primary" on:click=move |_| dispatch(app, Cmd::IsolationStart)>
                                "Run every interleaving"
                            </button>
                        }
                    }
                >
                    <button class="btn" on:click=move |_| dispatch(app, Cmd::IsolationStop)>"Stop"</button>
                </Show>
                <button class="btn" on:click=move |_| dispatch(app, Cmd::IsolationCopy)>"Copy link"</button>
                <a class="quiet" href="#page=isolation-laboratory">"The statement language"</a>
            </div>
        </section>
    }
}
