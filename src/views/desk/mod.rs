//! The desk: the scenario as a text beside the run that was made last, and what is saved of it.

mod editor;
mod saved;

use leptos::prelude::*;

use crate::cmd::{Cmd, DeskCmd, dispatch};
use crate::document::Reading;
use crate::state::{App, app};
use crate::views::left::Controls;
use editor::Editor;
use saved::{Saved, Saving};

/// A button that does something at the desk.
fn button(app: App, class: &'static str, title: &'static str, cmd: DeskCmd) -> impl IntoView {
    view! {
        <button class=class on:click=move |_| dispatch(app, Cmd::Desk(cmd.clone()))>{title}</button>
    }
}

/// The whole panel.
#[component]
pub fn DeskPanel() -> impl IntoView {
    let app = app();
    view! {
        <aside class="left desk" aria-label="The document">
            <section class="panel desk-main">
                <h2 class="cap">
                    "The document"
                    <span class="pair">{button(app, "link", "Close", DeskCmd::Close)}</span>
                </h2>
                <Run/>
                <Editor/>
                <Mistakes/>
                <Saving/>
            </section>
            <Saved/>
            <Controls/>
        </aside>
    }
}

/// Why the text cannot be run, if it cannot.
fn hindrance(app: App) -> Option<String> {
    app.desk.reading.with(|reading| match reading {
        Reading::Unread | Reading::Right(_) => None,
        Reading::Wrong(mistakes) => Some(match mistakes.len() {
            1 => "One mistake stands in the way.".to_owned(),
            n => format!("{n} mistakes stand in the way."),
        }),
    })
}

/// The button that makes a run of the text, and how the text stands to the run on screen.
#[component]
fn Run() -> impl IntoView {
    let app = app();
    let why_not = Memo::new(move |_| hindrance(app));
    let says = move || {
        let apart = app.desk.apart.get();
        match app.desk.reading.with(std::mem::discriminant) {
            it if it == std::mem::discriminant(&Reading::Unread) => "Reading …".to_owned(),
            _ => match why_not.get() {
                Some(why) => format!("{why} The run on screen stays as it is."),
                None if apart => "This text is not the run on screen yet.".to_owned(),
                None => "The run on screen is made of this text.".to_owned(),
            },
        }
    };
    view! {
        <div class="desk-run">
            <button
                class="btn primary"
                aria-describedby="desk-says"
                disabled=move || why_not.with(Option::is_some)
                on:click=move |_| dispatch(app, Cmd::Desk(DeskCmd::Run))
            >
                "Run it"
            </button>
            <p id="desk-says" role="status" class:bad=move || why_not.with(Option::is_some)>{says}</p>
        </div>
        <div class="buttons">
            <Show when=move || app.desk.apart.get()>
                {button(app, "btn small", "Take the run's text", DeskCmd::Take)}
            </Show>
            <Show when=move || app.desk.aside.with(Option::is_some)>
                {button(app, "btn small", "Bring my text back", DeskCmd::Back)}
            </Show>
            {button(app, "btn small", "Begin blank", DeskCmd::Blank)}
            {button(app, "btn small", "Save as a file", DeskCmd::SaveFile)}
        </div>
    }
}

/// The list of mistakes; of an empty text the way to a small one.
#[component]
fn Mistakes() -> impl IntoView {
    let app = app();
    let empty = move || app.desk.text.with(|text| text.trim().is_empty());
    let list = move || {
        let reading = app.desk.reading.get();
        let drawn = reading.mistakes().iter().enumerate().map(|(at, mistake)| {
            let path = mistake.path.clone();
            view! {
                <li>
                    <button class="mistake" on:click=move |_| dispatch(app, Cmd::Desk(DeskCmd::GoTo { mistake: at }))>
                        <span class="at mono">{format!("line {}", mistake.line)}</span>
                        <span>
                            {(!path.is_empty()).then(|| view! { <code>{path}</code>" " })}
                            {mistake.found.clone()}
                            <small>{mistake.remedy.clone()}</small>
                        </span>
                    </button>
                </li>
            }
        });
        drawn.collect_view()
    };
    view! {
        <Show when=move || app.desk.reading.with(|it| !it.mistakes().is_empty())>
            <Show
                when=empty
                fallback=move || view! { <ul class="problems" aria-label="Mistakes">{list}</ul> }
            >
                <div class="turn">
                    <p>"The text is empty: there is nothing to run."</p>
                    {button(app, "btn small primary", "Begin with a small scenario", DeskCmd::Blank)}
                </div>
            </Show>
        </Show>
    }
}

/// What covers the page while a file is held over it.
#[component]
pub fn DropHere() -> impl IntoView {
    let app = app();
    view! {
        <Show when=move || app.desk.dropping.get()>
            <div class="drop-here" aria-hidden="true">
                <p>"Let go, and the scenario is opened"</p>
            </div>
        </Show>
    }
}
