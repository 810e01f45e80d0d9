//! Saving under a name, what stands in its way, and the list of what is saved.

use leptos::prelude::*;

use crate::cmd::{Cmd, DeskCmd, dispatch};
use crate::document::saved::{Obstacle, Row};
use crate::platform::clock;
use crate::state::{App, app};
use crate::words;

/// The name and the button that saves.
#[component]
pub(super) fn Saving() -> impl IntoView {
    let app = app();
    let changed = move || {
        let text = app.desk.text.get();
        app.desk.kept.with(|kept| kept.as_ref() != Some(&text))
    };
    let state = move || match app.desk.held.with(|held| held.as_ref().map(|it| it.name.clone())) {
        Some(name) if changed() => format!("“{name}” was changed since it was saved."),
        Some(name) => format!("“{name}” is saved in this browser."),
        None => "Not saved in this browser.".to_owned(),
    };
    view! {
        <form
            class="desk-save"
            on:submit=move |event| {
                event.prevent_default();
                dispatch(app, Cmd::Desk(DeskCmd::Save));
            }
        >
            <label class="field">
                "Name"
                <input
                    class="text"
                    maxlength="64"
                    autocomplete="off"
                    prop:value=move || app.desk.name.get()
                    on:input=move |event| dispatch(app, Cmd::Desk(DeskCmd::Name(event_target_value(&event))))
                />
            </label>
            <button class="btn" type="submit">"Save"</button>
            <p class="small dim" role="status">{state}</p>
        </form>
        {move || app.desk.obstacle.get().map(|obstacle| obstructed(app, &obstacle))}
    }
}

/// What stood in the way, and the ways on.
fn obstructed(app: App, obstacle: &Obstacle) -> AnyView {
    let file = ("Save as a file", DeskCmd::SaveFile);
    let beside = ("Save under a free name", DeskCmd::SaveBeside);
    let (says, ways) = match obstacle {
        Obstacle::Denied => (
            "This browser keeps nothing for this page, so nothing can be saved in it. A file keeps the text."
                .to_owned(),
            vec![file],
        ),
        Obstacle::Full => (
            "The browser's room for this page is full: the text was not saved. Delete something below, or keep it as a file."
                .to_owned(),
            vec![file],
        ),
        Obstacle::Newer(name) => (
            format!("“{name}” was saved in another tab meanwhile. Both texts are still there: yours is above."),
            vec![beside, ("Replace the other", DeskCmd::SaveOver), ("Open the other", DeskCmd::OpenSaved(name.clone()))],
        ),
        Obstacle::Taken(name) => (
            format!("Something else is saved as “{name}” already. Nothing was written over."),
            vec![beside, ("Replace it", DeskCmd::SaveOver)],
        ),
        Obstacle::Corrupt(name, why) => (
            format!("What is stored as “{name}” {why}. It was left as it is."),
            vec![("Save it as a file", DeskCmd::Download(name.clone())), beside],
        ),
        Obstacle::Name => (
            "A name has 1 to 64 characters.".to_owned(),
            vec![beside],
        ),
    };
    let ways = ways.into_iter().enumerate().map(|(at, (title, cmd))| {
        let class = if at == 0 { "btn small primary" } else { "btn small" };
        view! {
            <button
                id=(at == 0).then_some("desk-obstacle-way")
                class=class
                on:click=move |_| dispatch(app, Cmd::Desk(cmd.clone()))
            >
                {title}
            </button>
        }
    });
    view! {
        <div class="turn" role="alert">
            <p>{says}</p>
            <div class="buttons">{ways.collect_view()}</div>
        </div>
    }
    .into_any()
}

/// The list of what is saved.
#[component]
pub(super) fn Saved() -> impl IntoView {
    let app = app();
    let count = move || app.desk.rows.with(Vec::len);
    let renaming = RwSignal::new(None::<String>);
    view! {
        <section class="panel desk-saved" aria-label="Saved in this browser">
            <h2 class="cap">"Saved in this browser"</h2>
            {move || app.desk.deleted.get().map(|(name, _)| view! {
                <div class="turn quiet" role="status">
                    <p>{format!("“{name}” was taken away.")}</p>
                    <button id="desk-undelete" class="btn small" on:click=move |_| dispatch(app, Cmd::Desk(DeskCmd::Undelete))>
                        "Bring it back"
                    </button>
                </div>
            })}
            <Show when=move || count() == 0>
                <p class="small dim">"Nothing yet. What you save stays in this browser; nothing is sent anywhere."</p>
            </Show>
            <ul>
                {move || app.desk.rows.get().into_iter().map(|row| saved(app, row, renaming)).collect_view()}
            </ul>
        </section>
    }
}

fn saved(app: App, row: Row, renaming: RwSignal<Option<String>>) -> impl IntoView {
    let Row { name, state } = row;
    let about = match state {
        Ok((at, bytes)) => format!("{}, {}", clock::date(at), words::bytes(bytes as f64)),
        Err(why) => format!("cannot be read: it {why}"),
    };
    let readable = state.is_ok();
    let named = name.clone();
    let is_renamed = move || renaming.with(|it| it.as_ref() == Some(&named));
    let of = StoredValue::new(name.clone());
    let rename = move |to: String| {
        renaming.set(None);
        dispatch(app, Cmd::Desk(DeskCmd::Rename(of.get_value(), to)));
    };
    let act = move |title: &'static str, cmd: fn(String) -> DeskCmd| {
        view! {
            <button
                class="btn small"
                aria-label=format!("{title}: {}", of.get_value())
                on:click=move |_| dispatch(app, Cmd::Desk(cmd(of.get_value())))
            >
                {title}
            </button>
        }
    };
    view! {
        <li class="card" class:broke=!readable>
            <div>
                <Show
                    when=is_renamed
                    fallback=move || view! { <b>{of.get_value()}</b> }
                >
                    <input
                        class="text"
                        aria-label=format!("Another name for {}", of.get_value())
                        maxlength="64"
                        autofocus=true
                        prop:value=of.get_value()
                        on:change=move |event| rename(event_target_value(&event))
                        on:keydown=move |event: web_sys::KeyboardEvent| {
                            if event.key() == "Escape" {
                                event.stop_propagation();
                                renaming.set(None);
                            }
                        }
                    />
                </Show>
                <small>{about}</small>
                <div class="buttons">
                    {readable.then(|| view! {
                        {act("Open", DeskCmd::OpenSaved)}
                        <button
                            class="btn small"
                            aria-label=format!("Rename: {}", of.get_value())
                            on:click=move |_| renaming.set(Some(of.get_value()))
                        >
                            "Rename"
                        </button>
                    })}
                    {act("As a file", DeskCmd::Download)}
                    {act("Delete", DeskCmd::Delete)}
                </div>
            </div>
        </li>
    }
}
