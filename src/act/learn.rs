//! Learn: its list, its pages, and the short addresses that lead into it.

use std::sync::Arc;

use interleave_engine::scenario::shipped;
use interleave_engine::stories;
use leptos::prelude::*;

use crate::act;
use crate::markdown;
use crate::pages::{PAGES, Page};
use crate::platform::{fetch, focus};
use crate::state::{App, Learn, Mode, Sheet};

/// The address of the list.
const HOME: &str = "learn";

/// Whether a fragment is one of the short ones: `learn`, `page=…`, `scenario=…`, `story=…`.
#[must_use]
pub fn is_door(text: &str) -> bool {
    text == HOME || ["page=", "scenario=", "story="].iter().any(|door| text.starts_with(door))
}

/// The fragment of what Learn shows.
#[must_use]
pub fn fragment(app: App) -> String {
    match app.learn.get_untracked() {
        Learn::Home => HOME.to_owned(),
        Learn::Page(page) => format!("page={}", page.name),
    }
}

/// Goes where a short fragment leads.
///
/// # Errors
/// What it names and there is not, with what there is.
pub fn enter(app: App, text: &str) -> Result<(), Vec<String>> {
    if let Some(name) = text.strip_prefix("scenario=") {
        let names = || shipped::shipped().iter().map(|it| it.name).collect::<Vec<_>>().join(", ");
        let found = shipped::by_name(name).ok_or_else(|| {
            vec![format!("scenario={name}: no such scenario; there are {}", names())]
        })?;
        app.mode.set(Mode::Watch);
        act::runs::open_shipped_here(app, found.name);
        return Ok(());
    }
    if let Some(name) = text.strip_prefix("story=") {
        let names = || stories::stories().iter().map(|it| it.name).collect::<Vec<_>>().join(", ");
        let (story, stage) = stories::parse(name).ok_or_else(|| {
            vec![format!("story={name}: no such stage of a story; there are {}", names())]
        })?;
        app.banner.set(None);
        act::story::enter(app, story, stage);
        return Ok(());
    }
    let learn = match text.strip_prefix("page=") {
        None => Learn::Home,
        Some(name) => {
            let names = || PAGES.iter().map(|it| it.name).collect::<Vec<_>>().join(", ");
            let page = Page::of(name)
                .ok_or_else(|| vec![format!("page={name}: no such page; there are {}", names())])?;
            Learn::Page(page)
        }
    };
    app.banner.set(None);
    show(app, learn);
    Ok(())
}

/// Shows the list or a page, as a step of the history.
pub fn open(app: App, learn: Learn) {
    let told = app.story.get_untracked().is_some();
    let same =
        !told && app.mode.get_untracked() == Mode::Learn && app.learn.get_untracked() == learn;
    show(app, learn);
    if !same {
        act::address::push(app);
    }
}

fn show(app: App, learn: Learn) {
    app.first.set(false);
    app.menu.set(None);
    app.playing.set(false);
    app.story.set(None);
    app.mode.set(Mode::Learn);
    app.learn.set(learn);
    if let Learn::Page(page) = learn {
        load(app, page);
        // A screen reader goes on at the page's title, and the page begins at its top.
        focus::later("page-title");
    }
}

/// Gets the text of a page.
fn load(app: App, page: &'static Page) {
    app.sheet.set(Sheet::Loading);
    leptos::task::spawn_local(async move {
        let came = fetch::text(&page.file()).await;
        // Another page may have been asked for meanwhile.
        if app.learn.get_untracked() != Learn::Page(page) {
            return;
        }
        app.sheet.set(match came {
            Ok(text) => Sheet::Ready(Arc::new(markdown::read(&text))),
            Err(why) => Sheet::Failed(why),
        });
    });
}

/// The same file once more, after it did not come.
pub fn again(app: App) {
    if let Learn::Page(page) = app.learn.get_untracked() {
        load(app, page);
    }
}
