//! The header: what is open, the mode, the coupling, the link.

use interleave_engine::scenario::document::{Coupling, Parts};
use leptos::prelude::*;

use crate::catalog;
use crate::cmd::{Cmd, dispatch};
use crate::state::{App, Dialog, Mode, Theme, app};
use crate::views::scenario_menu::ScenarioMenu;

/// The header.
#[component]
pub fn Header() -> impl IntoView {
    let app = app();
    view! {
        <header class="top">
            <div class="logo">
                <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
                    <path class="line-a" d="M2 6h5c5 0 3 10 8 10h5" fill="none" stroke-width="2.4" stroke-linecap="round"/>
                    <path class="line-b" d="M2 16h5c5 0 3-10 8-10h5" fill="none" stroke-width="2.4" stroke-linecap="round"/>
                </svg>
                <h1>"Interleave"</h1>
            </div>
            <ScenarioMenu/>
            <Modes/>
            <span class="grow"></span>
            <CouplingMenus/>
            <span class="grow"></span>
            <button class="btn" on:click=move |_| dispatch(app, Cmd::CopyLink)>"Copy link"</button>
            <ThemeSwitch/>
            <button
                class="btn icon"
                aria-label="Keys"
                title="Keys (?)"
                on:click=move |_| dispatch(app, Cmd::Dialog(Some(Dialog::Keys)))
            >
                "?"
            </button>
        </header>
    }
}

/// What a button of the header opens below itself. A click beside it or Escape closes it.
#[component]
pub(super) fn DropDown(
    open: RwSignal<bool>,
    title: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    view! {
        <Show when=move || open.get()>
            <div class="veil" on:click=move |_| open.set(false)></div>
            <div
                class="popup under"
                role="group"
                aria-label=title
                on:keydown=move |event| {
                    if event.key() == "Escape" {
                        open.set(false);
                    }
                }
            >
                <h2 class="cap">{title}</h2>
                {children()}
            </div>
        </Show>
    }
}

#[component]
fn Modes() -> impl IntoView {
    let app = app();
    let mode = move |mode: Mode, name: &'static str| {
        view! {
            <button
                aria-pressed=move || (app.mode.get() == mode).to_string()
                on:click=move |_| dispatch(app, Cmd::Mode(mode))
            >
                {name}
            </button>
        }
    };
    view! {
        <nav class="segments" aria-label="Modes">
            {mode(Mode::Learn, "Learn")} {mode(Mode::Watch, "Watch")} {mode(Mode::Check, "Check")} {mode(Mode::Compare, "Compare")}
        </nav>
    }
}

/// The coupling of the run on screen.
fn coupling(app: App) -> Option<Coupling> {
    app.run(|run| run.input().scenario.coupling.clone())
}

#[component]
fn CouplingMenus() -> impl IntoView {
    let app = app();
    let current = move || coupling(app).as_ref().and_then(catalog::name_of).unwrap_or("");
    let parts = move || coupling(app).map(|coupling| catalog::parts(&coupling));
    let members = StoredValue::new(catalog::members());
    let open = RwSignal::new(false);
    view! {
        <span class="pick big">
            <select
                class="menu"
                aria-label="Coupling"
                prop:value=current
                on:change=move |event| {
                    dispatch(app, Cmd::Couple(Coupling::Named(event_target_value(&event))));
                }
            >
                {catalog::named()
                    .into_iter()
                    .map(|entry| view! {
                        <option value=entry.name selected=move || current() == entry.name title=entry.about>
                            {entry.title}
                        </option>
                    })
                    .collect_view()}
                <option value="" disabled=true selected=move || current().is_empty()>"Parts of your own"</option>
            </select>
        </span>
        <div class="parts">
            <button
                class="btn"
                aria-haspopup="true"
                aria-expanded=move || open.get().to_string()
                title="How transactions are written, queries read, and state stored"
                on:click=move |_| open.update(|open| *open = !*open)
            >
                "Parts ▾"
            </button>
            <DropDown open title="The parts of the coupling">
                    {members.with_value(|[write, read, store]| view! {
                        {part(app, "Write", write, move || parts().map(|it| it.write), |parts, it| parts.write = it)}
                        {part(app, "Read", read, move || parts().map(|it| it.read), |parts, it| parts.read = it)}
                        {part(app, "Store", store, move || parts().map(|it| it.store), |parts, it| parts.store = it)}
                    })}
            </DropDown>
        </div>
    }
}

fn part(
    app: App,
    title: &'static str,
    members: &[(&'static str, &'static str)],
    current: impl Fn() -> Option<String> + Copy + Send + 'static,
    set: fn(&mut Parts, String),
) -> AnyView {
    let change = move |event: web_sys::Event| {
        let chosen = event_target_value(&event);
        if let Some(mut parts) = coupling(app).map(|coupling| catalog::parts(&coupling)) {
            set(&mut parts, chosen);
            dispatch(app, Cmd::Couple(catalog::of_parts(parts)));
        }
    };
    view! {
        <label class="part">
            <span>{title}</span>
            <span class="pick">
                <select class="menu" aria-label=title on:change=change>
                    {members
                        .iter()
                        .map(|&(name, about)| view! {
                            <option
                                value=name
                                title=about
                                selected=move || current().as_deref() == Some(name)
                            >
                                {name}
                            </option>
                        })
                        .collect_view()}
                </select>
            </span>
        </label>
    }
    .into_any()
}

#[component]
fn ThemeSwitch() -> impl IntoView {
    let app = app();
    let next = move || match app.theme.get() {
        Theme::System => Theme::Light,
        Theme::Light => Theme::Dark,
        Theme::Dark => Theme::System,
    };
    let sign = move || match app.theme.get() {
        Theme::System => "◐",
        Theme::Light => "☀",
        Theme::Dark => "☾",
    };
    view! {
        <button
            class="btn icon"
            aria-label=move || format!("Theme: {}. Switch to {}", app.theme.get().id(), next().id())
            title=move || format!("Theme: {}", app.theme.get().id())
            on:click=move |_| dispatch(app, Cmd::Theme(next()))
        >
            {sign}
        </button>
    }
}
