//! The isolation laboratory: its experiment, its table, and the schedule that is looked at.

use interleave_engine::isolation_lab;
use leptos::prelude::*;

use crate::act;
use crate::isolation::{self, Isolation};
use crate::job::{Job, News, Stopped};
use crate::platform::{clipboard, focus, history};
use crate::search::message::{Ask, Known, Told};
use crate::state::{App, Mode};

/// Whether the laboratory is on screen.
#[must_use]
pub fn is_shown(app: App) -> bool {
    app.mode.get_untracked() == Mode::Check && app.isolating.get_untracked()
}

/// The fragment of what it shows.
#[must_use]
pub fn fragment(app: App) -> String {
    app.isolation.with_untracked(Isolation::fragment)
}

/// Shows the laboratory, or the search over the scenario.
pub fn choose(app: App, on: bool) {
    let was = is_shown(app);
    app.isolating.set(on);
    if on
        && app.isolation.with_untracked(|it| it.text.is_empty())
        && let Some(first) = isolation_lab::shipped().first()
    {
        put(app, first.text.to_owned());
        run(app);
    }
    if on != was {
        act::address::push(app);
    }
}

/// Goes where an address leads.
///
/// # Errors
/// What it names and there is not.
pub fn enter(app: App, address: &str) -> Result<(), Vec<String>> {
    let address = isolation::read_address(address).map_err(|wrong| vec![wrong])?;
    app.banner.set(None);
    app.first.set(false);
    app.menu.set(None);
    act::time::pause(app);
    app.mode.set(Mode::Check);
    app.isolating.set(true);
    if app.isolation.with_untracked(|it| it.text != address.text || it.table.is_none()) {
        put(app, address.text.clone());
        run(app);
    }
    let experiment = app.isolation.with_untracked(Isolation::experiment);
    let scene = experiment.zip(address.scene).map(|(experiment, (setting, one, steps))| {
        isolation::scene(&experiment, setting, one, &steps, None)
    });
    app.isolation.update(|it| it.scene = scene);
    Ok(())
}

/// Puts an experiment that comes with the laboratory into it, and runs it.
pub fn pick(app: App, name: &str) {
    let Some(shipped) = isolation_lab::named(name) else { return };
    put(app, shipped.text.to_owned());
    run(app);
    act::address::push(app);
}

/// Another text of the experiment.
pub fn text(app: App, text: String) {
    app.isolation.update(|it| {
        it.mistakes = isolation_lab::read(&text).err().unwrap_or_default();
        it.text = text;
        it.scene = None;
    });
    act::address::write_soon(app);
}

/// Runs the experiment on screen.
pub fn start(app: App) {
    if app.isolation.with_untracked(|it| !it.mistakes.is_empty()) {
        return focus::later("isolation-text");
    }
    run(app);
    act::address::write_soon(app);
}

/// Stops it where it is.
pub fn stop(app: App) {
    let stopped = app.lab.with_value(|lab| lab.trial.as_ref().map(Job::stop));
    match stopped {
        Some(Stopped::At(told)) => heard(app, News::Told(*told)),
        Some(Stopped::Before) => {
            end(app);
        }
        Some(Stopped::Asked) | None => {}
    }
}

/// Shows a cell's schedule.
pub fn show(app: App, setting: &str, name: &str) {
    let scene = app.isolation.with_untracked(|it| it.scene_of(setting, name));
    if scene.is_none() {
        return;
    }
    app.isolation.update(|it| it.scene = scene);
    act::address::push(app);
    focus::later("isolation-scene");
}

/// Goes to a step of the schedule that is shown.
pub fn step(app: App, step: usize) {
    app.isolation.update(|it| {
        if let Some(scene) = &mut it.scene {
            scene.step = step.min(scene.played.moments.len().saturating_sub(1));
        }
    });
}

/// Copies the link to what the laboratory shows.
pub fn copy(app: App) {
    act::address::write_now(app);
    let address = history::address_with(&fragment(app));
    leptos::task::spawn_local(async move {
        let said = if clipboard::copy(&address).await {
            "Link copied"
        } else {
            "The browser did not allow copying; the address bar holds the link"
        };
        act::look::toast(app, said.into());
    });
}

fn put(app: App, text: String) {
    app.lab.update_value(|lab| lab.trial = None);
    let mistakes = isolation_lab::read(&text).err().unwrap_or_default();
    app.isolation.set(Isolation { text, mistakes, ..Isolation::default() });
}

fn run(app: App) {
    let text = app.isolation.with_untracked(|it| it.text.clone());
    if isolation_lab::read(&text).is_err() {
        return;
    }
    app.isolation.update(|it| {
        it.tried.clone_from(&text);
        it.table = None;
        it.scene = None;
        it.running = true;
        it.failed = None;
    });
    let job = Job::begin(Ask::Isolation { text }, move |news| heard(app, news));
    app.lab.update_value(|lab| lab.trial = Some(job));
}

fn end(app: App) {
    app.lab.update_value(|lab| lab.trial = None);
    app.isolation.update(|it| it.running = false);
}

fn heard(app: App, news: News) {
    match news {
        News::Began(_) => {}
        News::Told(Told { known: Known::Isolation(table), last, .. }) => {
            app.isolation.update(|it| it.table = Some(*table));
            if last {
                end(app);
            }
        }
        News::Told(_) => {}
        News::Refused(lines) => {
            app.isolation.update(|it| it.failed = lines.first().cloned());
            end(app);
        }
        News::Broke(why) => {
            app.isolation.update(|it| it.failed = Some(why));
            end(app);
        }
    }
    crate::frame_loop::wake(app);
}
