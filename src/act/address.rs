//! The address bar: it always holds the link to what is on screen.

use std::cell::{Cell, RefCell};

use interleave_engine::link::{self, Link};
use interleave_engine::session::{self, ENGINE, RunInput};
use interleave_engine::stories;
use leptos::prelude::*;

use crate::act;
use crate::isolation;
use crate::lab::Run;
use crate::platform::{clipboard, clock, history};
use crate::state::{App, Banner, Dialog, Dock, Mode};

/// The cursor reaches the address bar at most so often.
const EVERY_MS: f64 = 500.0;

thread_local! {
    /// Whether the state has moved on since the address was written.
    static DUE: Cell<bool> = const { Cell::new(false) };
    static WRITTEN_MS: Cell<f64> = const { Cell::new(-1e9) };
    /// What the page itself wrote last, to tell a person's own change from it.
    static OWN: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The link to what is on screen.
fn link(app: App) -> Option<Link> {
    let view = match app.mode.get_untracked() {
        Mode::Learn => app.dock.get_untracked().id(),
        Mode::Check => "check",
        Mode::Compare => "compare",
        Mode::Watch => app.dock.get_untracked().id(),
    };
    let cursor = app.cursor.get_untracked();
    let txn = app.txn.get_untracked();
    app.run_now(|run| {
        let input = run.input();
        let over = !run.is_running();
        Link {
            scenario: input.scenario.clone(),
            interventions: interventions(run),
            schedule: input.schedule.clone(),
            cursor: Some(cursor),
            view: Some(view.to_owned()),
            story: act::story::parameter(app),
            compare: (view == "compare").then(|| act::sweep::parameter_text(app)),
            selection: txn.map(|txn| format!("T{}", txn + 1)),
            // The digest of half a run would be another one a moment later.
            digest: over.then(|| run.session.digest()),
            engine: Some(ENGINE.to_owned()),
        }
    })
}

fn interventions(run: &Run) -> Vec<String> {
    run.input().interventions.iter().map(|it| session::intervention_text(run.cast(), it)).collect()
}

/// The fragment of what is on screen. A page of Learn shows no run, and its address is its name.
fn fragment(app: App) -> Option<String> {
    if app.mode.get_untracked() == Mode::Learn && app.story.get_untracked().is_none() {
        return Some(act::learn::fragment(app));
    }
    if act::isolation::is_shown(app) {
        return Some(act::isolation::fragment(app));
    }
    link(app).map(|link| link::encode(&link))
}

fn remember(fragment: &str) {
    OWN.with(|own| fragment.clone_into(&mut own.borrow_mut()));
    DUE.with(|due| due.set(false));
    WRITTEN_MS.with(|at| at.set(clock::now_ms()));
}

/// The first screen of a first visit has no link until something was done, and the text of a link
/// that did not open is kept.
fn is_silent(app: App) -> bool {
    app.first.get_untracked() || KEPT.with(Cell::get)
}

thread_local! {
    /// Whether the address holds a text that did not open.
    static KEPT: Cell<bool> = const { Cell::new(false) };
}

/// Writes the address soon, with the next frame that may.
pub fn write_soon(_app: App) {
    DUE.with(|due| due.set(true));
}

/// Writes the address now.
pub fn write_now(app: App) {
    if is_silent(app) {
        return;
    }
    if let Some(fragment) = fragment(app) {
        remember(&fragment);
        history::replace(&fragment);
    }
}

/// Writes the address if it is due: at most twice a second while the moment moves.
pub fn write_if_due(app: App, now_ms: f64) {
    let wait_ms = EVERY_MS - (now_ms - WRITTEN_MS.with(Cell::get));
    let playing = app.playing.get_untracked();
    if !playing && !DUE.with(Cell::get) {
        return;
    }
    if wait_ms <= 0.0 {
        write_now(app);
    } else if !playing {
        clock::after_ms(wait_ms as i32 + 1, move || crate::frame_loop::wake(app));
    }
}

/// Sets the address as a new entry to go back from: another run, another coupling.
pub fn push(app: App) {
    KEPT.with(|kept| kept.set(false));
    if app.first.get_untracked() {
        return;
    }
    if let Some(fragment) = fragment(app) {
        remember(&fragment);
        history::push(&fragment);
    }
}

/// Opens what the address bar holds when the page starts; returns whether a run is on screen.
pub fn open_at_start(app: App) -> bool {
    let text = history::fragment();
    if text.starts_with(isolation::DOOR) || act::learn::is_door(&text) {
        // A run is there when the person goes on to another mode.
        act::first_visit::open(app);
        app.first.set(false);
    }
    match open_text(app, &text) {
        Ok(()) => true,
        Err(problems) => {
            // Something stays drawn below the message; the text in the address is not touched.
            act::first_visit::open(app);
            app.first.set(false);
            refuse(app, &problems);
            true
        }
    }
}

/// Opens what the address bar holds after a person changed it or went back.
pub fn open(app: App) {
    let text = history::fragment();
    let own = OWN.with(|own| *own.borrow() == text);
    if own || text.is_empty() {
        return;
    }
    if let Err(problems) = open_text(app, &text) {
        refuse(app, &problems);
    }
}

fn refuse(app: App, problems: &[String]) {
    KEPT.with(|kept| kept.set(true));
    act::runs::complain(app, "The link was not opened", problems);
}

/// Opens a link; the page stays as it was where it does not open.
fn open_text(app: App, text: &str) -> Result<(), Vec<String>> {
    if let Some(address) = text.strip_prefix(isolation::DOOR) {
        act::isolation::enter(app, address)?;
        KEPT.with(|kept| kept.set(false));
        remember(text);
        return Ok(());
    }
    app.isolating.set(false);
    if act::learn::is_door(text) {
        act::learn::enter(app, text)?;
        KEPT.with(|kept| kept.set(false));
        remember(text);
        // A scenario's short address becomes the link to its run.
        write_now(app);
        return Ok(());
    }
    let lines = |problems: Vec<interleave_engine::scenario::Problem>| -> Vec<String> {
        problems.iter().map(ToString::to_string).collect()
    };
    let link = link::decode(text).map_err(|error| lines(error.problems()))?;
    let cast = session::cast_of(&link.scenario).map_err(lines)?;
    let interventions = link.interventions.iter().map(|it| session::parse_intervention(&cast, it));
    let interventions: Result<Vec<_>, _> = interventions.collect();
    let input = RunInput {
        scenario: link.scenario,
        interventions: interventions.map_err(|problem| lines(vec![problem]))?,
        schedule: link.schedule,
    };
    // Going back in the history leads to a run that is still in the list more often than not.
    let known = app
        .lab
        .with_value(|lab| lab.runs.iter().find(|run| *run.input() == input).map(|run| run.id));
    match known {
        Some(id) => act::runs::show(app, id),
        None => act::runs::open_alone(app, input, "from the link")?,
    }
    app.banner.set(None);
    KEPT.with(|kept| kept.set(false));
    app.first.set(false);
    remember(text);
    app.mode.set(match link.view.as_deref() {
        Some("check") => Mode::Check,
        Some("compare") => Mode::Compare,
        _ => Mode::Watch,
    });
    if let Some(compare) = &link.compare {
        act::sweep::take_up(app, compare);
    }
    if let Some(dock) = link.view.as_deref().and_then(Dock::of) {
        app.dock.set(dock);
    }
    match link.story.as_deref().and_then(stories::parse) {
        Some((story, stage)) => {
            let mode = app.mode.get_untracked();
            act::story::take_up(app, story, stage);
            // In another mode the story waits to be come back to.
            if mode != Mode::Watch {
                app.mode.set(mode);
            }
        }
        None => app.story.set(None),
    }
    if let Some(at) = link.cursor {
        act::time::grow_to(app, at);
        act::time::put(app, at);
    }
    let txn = link.selection.as_deref().and_then(|it| it.strip_prefix('T')?.parse::<u32>().ok());
    act::select::txn(app, txn.and_then(|txn| txn.checked_sub(1)));
    app.lab.update_value(|lab| {
        if let Some(run) = lab.current_mut() {
            run.promised = link.digest.map(|digest| (digest, link.engine));
        }
    });
    compare_digests(app);
    Ok(())
}

/// Once the run has ended: whether its digest is the one that the link promised.
pub fn compare_digests(app: App) {
    let promised = app.lab.try_update_value(|lab| {
        let run = lab.current_mut().filter(|run| !run.is_running())?;
        let (digest, engine) = run.promised.take()?;
        Some((digest, engine, run.session.digest()))
    });
    let Some(Some((promised, engine, found))) = promised else { return };
    if promised != found {
        let engine = engine.unwrap_or_else(|| "unknown".to_owned());
        let text = format!(
            "This run differs from the one that the link was made of: its digest is {found}, the link says {promised}. \
             The link was made by engine {engine}; this is engine {ENGINE}."
        );
        app.banner.set(Some(Banner { bad: true, text }));
    }
}

/// Copies the link; above 8 KiB a file is offered too.
pub fn copy(app: App) {
    let Some(link) = link(app) else { return };
    let fragment = link::encode(&link);
    if !KEPT.with(Cell::get) {
        remember(&fragment);
        history::replace(&fragment);
    }
    let long = fragment.len() > link::LONG;
    let address = history::address_with(&fragment);
    leptos::task::spawn_local(async move {
        let copied = clipboard::copy(&address).await;
        if long {
            app.dialog.set(Some(Dialog::LongLink));
        } else if copied {
            act::look::toast(app, "Link copied".into());
        } else {
            act::look::toast(
                app,
                "The browser did not allow copying; the address bar holds the link".into(),
            );
        }
    });
}
