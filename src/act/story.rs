//! Stories: opening a stage, the guess, the action however it is done, and what is remembered.

use interleave_engine::ids::EventIx;
use interleave_engine::session::RunInput;
use interleave_engine::stories::{self, Deed, Moment, Seen, Story};
use leptos::prelude::*;

use crate::act;
use crate::lab::Run;
use crate::platform::{focus, storage};
use crate::state::{App, Dock, Mode, Telling};

/// Under which name the browser keeps how far each story was read.
const KEY: &str = "interleave-stories";

/// How far each story was read: the number of stages that were revealed, `lost-event:3,deadlock:1`.
#[must_use]
pub fn read_progress(text: &str) -> Vec<(&'static str, usize)> {
    let entries = text.split(',').filter_map(|entry| {
        let (name, stages) = entry.split_once(':')?;
        let story = stories::by_name(name)?;
        Some((story.name, stages.parse::<usize>().ok()?.min(story.stages.len())))
    });
    entries.collect()
}

/// What is remembered from earlier visits.
#[must_use]
pub fn remembered() -> Vec<(&'static str, usize)> {
    read_progress(&storage::get(KEY).unwrap_or_default())
}

/// How many stages of a story were revealed, now and whenever that changes.
#[must_use]
pub fn reached(app: App, story: &Story) -> usize {
    app.progress.with(|all| all.iter().find(|it| it.0 == story.name).map_or(0, |it| it.1))
}

fn remember(app: App, story: &Story, stages: usize) {
    app.progress.update(|all| match all.iter_mut().find(|it| it.0 == story.name) {
        Some(entry) => entry.1 = entry.1.max(stages),
        None => all.push((story.name, stages)),
    });
    let text: Vec<String> = app
        .progress
        .with_untracked(|all| all.iter().map(|it| format!("{}:{}", it.0, it.1)).collect());
    // Where the browser keeps nothing, the progress lasts as long as the page.
    storage::set(KEY, &text.join(","));
}

/// The stage in the address.
#[must_use]
pub fn parameter(app: App) -> Option<String> {
    let telling = app.story.get_untracked()?;
    Some(stories::text(telling.story, telling.stage))
}

/// Opens a stage, as a step of the history.
pub fn open(app: App, story: &'static Story, stage: usize) {
    enter(app, story, stage);
    act::address::push(app);
}

/// Opens a stage without a step of the history.
pub fn enter(app: App, story: &'static Story, stage: usize) {
    take_up(app, story, stage);
    show_start(app);
    focus::later("story-say");
}

/// Tells a stage over the run that is on screen.
pub fn take_up(app: App, story: &'static Story, stage: usize) {
    app.first.set(false);
    app.menu.set(None);
    app.dialog.set(None);
    app.mode.set(Mode::Learn);
    app.story.set(Some(Telling { story, stage, guess: None, done: false, right: Vec::new() }));
}

/// Puts the stage's own run on screen, where the stage begins.
fn show_start(app: App) {
    let Some(telling) = app.story.get_untracked() else { return };
    let stage = telling.stage();
    let Some(input) = stories::input(telling.story, stage) else { return };
    let name = format!("{}, {}", telling.story.title, telling.stage + 1);
    open_run(app, input, &name);
    act::select::txn(app, stage.follow.checked_sub(1));
    app.dock.set(Dock::Rows);
    put(app, &stage.at);
}

/// Puts a run on screen: the one that is in the list, or one more beside those of the same scenario.
fn open_run(app: App, input: RunInput, name: &str) {
    let (known, related) = app.lab.with_value(|lab| {
        let known = lab.runs.iter().find(|run| *run.input() == input).map(|run| run.id);
        let title = &input.scenario.title;
        (known, lab.runs.iter().any(|run| run.input().scenario.title == *title))
    });
    let opened = match known {
        Some(id) => {
            act::runs::show(app, id);
            Ok(())
        }
        None if related => act::runs::add(app, input, name),
        None => act::runs::open_alone(app, input, name),
    };
    if let Err(problems) = opened {
        act::runs::complain(app, "This stage does not run", &problems);
    }
}

/// A run as claims see it.
fn seen(run: &Run, cursor: u32) -> Seen<'_> {
    Seen {
        session: &*run.session,
        views: &run.views,
        reports: &run.reports,
        cursor: EventIx(cursor),
    }
}

/// Makes the run on screen to its end: stories are short, and their claims are about whole runs.
fn finish(app: App) {
    act::time::grow_to(app, u32::MAX - 1);
    act::runs::list(app);
}

/// Puts the moment where it is in the run on screen; returns whether it is there.
fn put(app: App, moment: &Moment) -> bool {
    finish(app);
    let found = app.run_now(|run| moment.find(&seen(run, 0))).flatten();
    if let Some(at) = found {
        app.playing.set(false);
        act::time::put(app, at.0);
        act::address::write_soon(app);
    }
    found.is_some()
}

/// The reader guesses.
pub fn guess(app: App, answer: usize) {
    let Some(mut telling) = app.story.get_untracked() else { return };
    if telling.done || telling.guess.is_some() {
        return;
    }
    telling.guess = Some(answer);
    let leads_away = telling.stage().act.deed == Deed::Compare;
    app.story.set(Some(telling));
    if leads_away {
        // What follows is another page, so the answer comes first.
        reveal(app);
    }
    focus::later("story-next");
}

/// Does what the stage asks for, in its own run.
pub fn act(app: App) {
    let Some(telling) = app.story.get_untracked() else { return };
    let stage = telling.stage();
    let own = stories::input(telling.story, stage);
    let is_own = app.run_now(|run| own.as_ref() == Some(run.input())) == Some(true);
    if !is_own && stage.act.deed != Deed::Compare {
        show_start(app);
    }
    match &stage.act.deed {
        Deed::Go(moment) => {
            put(app, moment);
        }
        deed @ Deed::Crash { .. } => {
            finish(app);
            let found = app.run_now(|run| stories::intervention(deed, &seen(run, 0)));
            if let Some(Some(intervention)) = found {
                act::runs::intervene(app, intervention, &format!("+ {}", lower(stage.act.button)));
            }
        }
        Deed::Change(changes) => {
            act::runs::edit(app, stage.act.button, |scenario| {
                changes.iter().for_each(|change| change.make(scenario));
            });
        }
        Deed::Compare => compare(app, telling.story),
    }
}

/// `Crash orders here` as `crash orders here`.
fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// Compares the story's couplings.
fn compare(app: App, story: &'static Story) {
    app.compare_form.update(|form| {
        let wanted = story.compare.iter().map(|name| (*name).to_owned());
        form.chosen = wanted.filter(|name| form.offered.contains(name)).collect();
    });
    act::compare::start(app);
    act::address::push(app);
}

/// Whether what the stage asks for is the case on screen.
fn is_done(app: App, telling: &Telling) -> bool {
    let stage = telling.stage();
    if stage.act.deed == Deed::Compare {
        return false;
    }
    let cursor = app.cursor.get_untracked();
    let done = app.run_now(|run| {
        let seen = seen(run, cursor);
        !run.is_running() && stage.act.sees.iter().all(|claim| claim.is_true(&seen))
    });
    done == Some(true)
}

/// Looks whether the reader has done what the stage asks for, wherever in the page.
pub fn recognise(app: App) {
    let Some(telling) = app.story.get_untracked() else { return };
    if !telling.done && is_done(app, &telling) {
        reveal(app);
    }
}

/// Shows what came of it, and which answer is true of the run on screen.
fn reveal(app: App) {
    let Some(mut telling) = app.story.get_untracked() else { return };
    let stage = telling.stage();
    finish(app);
    let right = app.run_now(|run| {
        let shown = stage.shows.find(&seen(run, 0)).map_or(0, |at| at.0);
        let seen = seen(run, shown);
        stage.ask.answers.iter().map(|answer| answer.claim.is_true(&seen)).collect::<Vec<bool>>()
    });
    telling.right = right.unwrap_or_default();
    telling.done = true;
    remember(app, telling.story, telling.stage + 1);
    app.story.set(Some(telling));
    if !matches!(stage.act.deed, Deed::Go(_)) {
        put(app, &stage.shows);
    }
    focus::later("story-next");
}

/// To the next stage or the one before.
pub fn turn(app: App, by: i32) {
    let Some(telling) = app.story.get_untracked() else { return };
    let to = telling.stage as i32 + by;
    if let Ok(to) = usize::try_from(to)
        && to < telling.story.stages.len()
    {
        open(app, telling.story, to);
    }
}

/// Back to the story from another mode.
pub fn resume(app: App) {
    app.mode.set(Mode::Learn);
    act::address::push(app);
    focus::later("story-say");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_read_with_care() {
        let story = &stories::stories()[0];
        let text = format!("{}:2,no-story:4,{}:x,,deadlock:99", story.name, story.name);
        let deadlock = stories::by_name("deadlock").unwrap();
        assert_eq!(read_progress(&text), [(story.name, 2), ("deadlock", deadlock.stages.len())]);
        assert_eq!(read_progress(""), []);
    }

    #[test]
    fn a_button_makes_the_name_of_a_run() {
        assert_eq!(lower("Crash orders here"), "crash orders here");
    }
}
