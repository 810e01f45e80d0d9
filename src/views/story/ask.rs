//! The question of a stage: first the guess, then the doing, then what came of it.

use interleave_engine::stories::{Answer, Deed};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::state::{App, Telling, app};

/// The question and what follows from it.
#[component]
pub fn StoryAsk() -> impl IntoView {
    let app = app();
    view! {
        {move || app.story.get().map(|telling| {
            let stage = telling.stage();
            let answers = stage.ask.answers.iter().enumerate();
            let answers = answers.map(|(at, answer)| answer_button(app, &telling, at, answer));
            let answers = answers.collect_view();
            view! {
                <section class="story-ask" aria-label="Your guess">
                    <h3>{stage.ask.text}</h3>
                    <div class="guesses" role="group" aria-label="Answers">{answers}</div>
                    <div class="outcome" role="status">{outcome(&telling)}</div>
                    {doing(app, &telling)}
                    {ways(app, &telling)}
                </section>
            }
        })}
    }
}

fn answer_button(
    app: App,
    telling: &Telling,
    at: usize,
    answer: &'static Answer,
) -> impl IntoView + use<> {
    let open = telling.guess.is_none() && !telling.done;
    let chosen = telling.guess == Some(at);
    let right = telling.done && telling.right.get(at) == Some(&true);
    let word = match (right, chosen && telling.done) {
        (true, true) => " (your guess, and so it is)",
        (true, false) => " (so it is)",
        (false, true) => " (your guess)",
        (false, false) => "",
    };
    view! {
        <button
            class="guess"
            class:chosen=chosen
            class:so=right
            aria-pressed=chosen.to_string()
            disabled=!open && !chosen && !right
            on:click=move |_| dispatch(app, Cmd::StoryGuess(at))
        >
            <span>{answer.text}</span>
            {right.then(|| view! { <i aria-hidden="true">"✓"</i> })}
            <span class="seen-by-readers">{word}</span>
        </button>
    }
}

/// Why it is so, and why the guess is not.
fn outcome(telling: &Telling) -> Option<impl IntoView + use<>> {
    if !telling.done {
        let waits = telling.guess.is_none();
        return Some(
            view! {
                <p class="dim">{if waits { "Your guess first. Then see." } else { "" }}</p>
            }
            .into_any(),
        );
    }
    let answers = telling.stage().ask.answers;
    let right = telling.right.iter().position(|it| *it);
    let text = match (right.and_then(|at| answers.get(at)), telling.guess) {
        (None, _) => view! {
            <p>"In this run it came out in none of these ways: look at what you did differently."</p>
        }.into_any(),
        (Some(so), Some(guess)) if right == Some(guess) => {
            view! { <p><b class="good">"Yes. "</b>{so.why}</p> }.into_any()
        }
        (Some(so), guess) => {
            let wrong = guess.and_then(|at| answers.get(at)).map(|answer| answer.why);
            view! {
                {wrong.map(|why| view! { <p><b>"Not so. "</b>{why}</p> })}
                <p><b>{format!("{}. ", so.text)}</b>{so.why}</p>
            }.into_any()
        }
    };
    Some(text)
}

/// The button that does what the stage asks for.
fn doing(app: App, telling: &Telling) -> Option<impl IntoView + use<>> {
    let stage = telling.stage();
    let is_compare = stage.act.deed == Deed::Compare;
    let offered = if is_compare { telling.done } else { telling.guess.is_some() && !telling.done };
    offered.then(|| {
        view! {
            <div class="doing">
                <button class="btn primary" id="story-next" on:click=move |_| dispatch(app, Cmd::StoryAct)>
                    {stage.act.button}
                </button>
                <p class="dim small">{stage.act.by_hand}"."</p>
            </div>
        }
    })
}

/// Back and on.
fn ways(app: App, telling: &Telling) -> impl IntoView + use<> {
    let last = telling.stage + 1 == telling.story.stages.len();
    let revealed = telling.done;
    view! {
        <div class="ways">
            <button class="btn" disabled=telling.stage == 0 on:click=move |_| dispatch(app, Cmd::StoryTurn(-1))>
                "Back"
            </button>
            {(!last).then(|| view! {
                <button
                    class=if revealed { "btn primary" } else { "btn" }
                    id=revealed.then_some("story-next")
                    on:click=move |_| dispatch(app, Cmd::StoryTurn(1))
                >
                    {if revealed { "Next" } else { "Skip" }}
                </button>
            })}
        </div>
    }
}
