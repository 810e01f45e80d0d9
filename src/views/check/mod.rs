//! The mode Check: all schedules within bounds, searched for one that breaks a property.

mod cards;
mod form;
mod progress;
mod why;

use leptos::prelude::*;

use crate::act;
use crate::cmd::{Cmd, dispatch};
use crate::state::{Checked, app};
use crate::views::isolation::{Laboratory, Tabs};

/// The page of the mode Check.
#[component]
pub fn CheckPage() -> impl IntoView {
    let app = app();
    view! {
        <main class="check across" aria-label="Check">
            <Tabs/>
            <Show when=move || app.isolating.get() fallback=|| view! { <Schedules/> }>
                <Laboratory/>
            </Show>
        </main>
    }
}

/// The search over the scenario on screen.
#[component]
fn Schedules() -> impl IntoView {
    let app = app();
    let begun = Memo::new(move |_| app.check.with(Option::is_some));
    let stale = Memo::new(move |_| act::check::is_stale(app));
    view! {
            <div class="check-inner">
                <header>
                    <h2>"Is there a schedule that breaks it?"</h2>
                    <p class="dim">
                        "Every order of events within the bounds is tried: each delivery, each crash, each loss, at any
                        moment, without a clock."
                    </p>
                </header>
                <form::Form/>
                <div class="seen-by-readers" role="status" aria-live="polite" id="check-said">
                    {move || app.check_said.get()}
                </div>
                <Show when=move || begun.get()>
                    <Show when=move || stale.get()>
                        <div class="stale" role="note">
                            <p>
                                <b>"Of an older scenario: "</b>
                                {of(|it| format!("{} · {}", it.scenario.title, it.coupling))}
                                ". The scenario on screen is another now."
                            </p>
                            <button class="btn small" on:click=move |_| dispatch(app, Cmd::CheckStart)>
                                "Check the one on screen"
                            </button>
                        </div>
                    </Show>
                    <progress::Progress/>
                    <cards::Cards/>
                </Show>
            </div>
    }
}

/// What a reading of the check gives, again whenever the check has changed and drawn anew only where
/// the reading has.
fn of<T>(read: impl Fn(&Checked) -> T + Send + Sync + 'static) -> Memo<T>
where
    T: Default + PartialEq + Send + Sync + 'static,
{
    let app = app();
    Memo::new(move |_| app.check.with(|it| it.as_ref().map(&read)).unwrap_or_default())
}
