//! Runs: opening, editing, branching, choosing.

use interleave_engine::choice::{ChoiceKind, Intervention};
use interleave_engine::scenario::document::{Coupling, Fault};
use interleave_engine::scenario::{Scenario, shipped};
use interleave_engine::session::{RunInput, Session, with_coupling};
use leptos::prelude::*;

use crate::act;
use crate::axis::calm_speed;
use crate::document::steps::StepEdit;
use crate::platform::{clock, file};
use crate::state::{App, Banner, Camera, RunRow};
use crate::{catalog, document, lab, words};

/// How long opening a run may take before the first picture of it is shown.
const OPENING_MS: f64 = 40.0;

/// Writes the list of runs.
pub fn list(app: App) {
    let rows: Vec<RunRow> =
        app.lab.with_value(|lab| lab.runs.iter().map(crate::lab::Run::row).collect());
    if app.runs.get_untracked() != rows {
        app.runs.set(rows);
    }
}

/// Puts a new run on screen.
pub(super) fn enter(app: App, name: &str, parent: Option<u32>, session: Box<dyn Session>) {
    leave(app);
    let id = app.lab.try_update_value(|lab| {
        // After another edit, what was taken back belongs to a past that is no more.
        lab.undone.clear();
        lab.add(name.to_owned(), parent, session)
    });
    list_undone(app);
    app.current.set(id.unwrap_or_default());
    app.banner.set(None);
    app.menu.set(None);
    act::select::whole(app);
    app.rev.update(|rev| *rev += 1);
    act::time::grow(app, OPENING_MS);
    act::desk::follow(app);
    list(app);
}

/// Remembers where the run on screen is left.
fn leave(app: App) {
    let at = app.cursor.get_untracked();
    app.lab.update_value(|lab| {
        if let Some(run) = lab.current_mut() {
            run.left_at = at;
        }
    });
}

/// Opens an input as the only run.
///
/// # Errors
/// What is wrong with it, a line each; the page stays as it was.
pub fn open_alone(app: App, input: RunInput, name: &str) -> Result<(), Vec<String>> {
    let session = lab::open(input)?;
    app.lab.update_value(lab::Lab::clear);
    // An edit of the scenario leaves what was found of it in sight, marked as older.
    let title = &session.input().scenario.title;
    if app.check.with_untracked(|it| it.as_ref().is_some_and(|it| it.scenario.title != *title)) {
        act::check::forget(app);
    }
    app.compared.set(None);
    app.comparing.set(false);
    app.sweeping.set(false);
    app.playing.set(false);
    act::select::nothing(app);
    app.window.set(None);
    app.camera.set(Camera::default());
    enter(app, name, None, session);
    let speed = app.run_now(|run| calm_speed(run.trace(), run.axis().steps));
    app.speed.set(speed.unwrap_or(0));
    act::time::put(app, 0);
    act::look::fit_axis(app);
    act::check::form_of(app);
    act::compare::form_of(app);
    act::sweep::form_of(app);
    Ok(())
}

/// Opens a shipped scenario.
pub fn open_shipped(app: App, name: &str) {
    open_shipped_here(app, name);
    act::address::push(app);
}

/// Opens a shipped scenario without a step of the history.
pub fn open_shipped_here(app: App, name: &str) {
    let Some(found) = shipped::by_name(name) else { return };
    app.first.set(false);
    if let Err(problems) = open_alone(app, RunInput::of(found.scenario()), "original") {
        complain(app, "This scenario does not run", &problems);
    }
}

/// Says what is wrong in the strip across the page; the run on screen stays.
pub fn complain(app: App, what: &str, problems: &[String]) {
    let first = problems.first().map_or("", String::as_str);
    let more = match problems.len() {
        0 | 1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    let text = format!("{what}: {first}{more}");
    app.banner.set(Some(Banner { bad: true, text }));
}

/// A run of an edited scenario, at the same moment where it can be.
pub fn edit(app: App, name: &str, change: impl FnOnce(&mut Scenario)) {
    let Some(mut input) = app.run_now(|run| run.input().clone()) else { return };
    let draft = act::desk::draft(app);
    if let Some(draft) = &draft {
        input.scenario = draft.as_ref().clone();
    }
    change(&mut input.scenario);
    // A schedule is made for one coupling and one set of options; the edit is simulated.
    input.schedule = None;
    // Events have other numbers now, so what was done after them cannot be placed.
    let dropped = !input.interventions.is_empty();
    input.interventions.clear();
    let before = app.current.get_untracked();
    open_beside(app, input, name);
    if draft.is_some() && app.current.get_untracked() != before {
        act::desk::take(app);
    }
    if dropped {
        let text = "Faults by hand belong to the run that they were made in; the new run starts without them";
        app.banner.set(Some(Banner { bad: false, text: text.into() }));
    }
}

/// Goes to the run of an input where it is in the list already; opens it as one run more where not.
pub fn open_once(app: App, input: RunInput, name: &str) {
    let known = app
        .lab
        .with_value(|lab| lab.runs.iter().find(|run| *run.input() == input).map(|run| run.id));
    match known {
        Some(id) => choose(app, id),
        None => open_beside(app, input, name),
    }
}

/// Adds a run to the list and puts it on screen.
///
/// # Errors
/// What is wrong with it, a line each; the page stays as it was.
pub fn add(app: App, input: RunInput, name: &str) -> Result<(), Vec<String>> {
    let session = lab::open(input)?;
    let parent = Some(app.current.get_untracked());
    enter(app, name, parent, session);
    act::look::fit_axis(app);
    reset_speed(app);
    Ok(())
}

/// Opens an input as one run more. The moment stays where it is on the axis.
pub fn open_beside(app: App, input: RunInput, name: &str) {
    app.first.set(false);
    let same_axis = app.run_now(|run| run.input().schedule.is_some() == input.schedule.is_some());
    let now = app.now.get_untracked();
    let parent = Some(app.current.get_untracked());
    match lab::open(input) {
        Ok(session) => {
            enter(app, name, parent, session);
            if same_axis == Some(true) {
                act::time::seek_to(app, now);
            } else {
                act::look::fit_axis(app);
                reset_speed(app);
                act::time::put(app, 0);
            }
            act::select::nothing(app);
            act::address::push(app);
        }
        Err(problems) => complain(app, "That does not run", &problems),
    }
}

/// The speed to begin with, where the axis is another.
pub fn reset_speed(app: App) {
    let speed = app.run_now(|run| calm_speed(run.trace(), run.axis().steps));
    app.speed.set(speed.unwrap_or(0));
}

/// A run with another coupling.
pub fn couple(app: App, coupling: Coupling) {
    let name = catalog::title(&coupling);
    edit(app, &name, |scenario| *scenario = with_coupling(scenario, coupling));
}

/// A run with other steps of a flow.
pub fn steps(app: App, flow: usize, change: &StepEdit) {
    let Some(mut scenario) = act::desk::scenario(app) else { return };
    if let Some(name) = document::steps::apply(&mut scenario, flow, change) {
        edit(app, &name, |old| *old = scenario);
    }
}

/// A run with other limits.
pub fn limit(app: App, events: u32, time_us: u64) {
    edit(app, "greater limit", |scenario| {
        scenario.limits.events = events;
        scenario.limits.time_us = time_us;
    });
}

/// A run with a tenth of the arrivals that there were.
pub fn fewer(app: App) {
    let started = app.run_now(|run| run.views.index.txns.len()).unwrap_or_default();
    let count = u32::try_from(started / 10).unwrap_or(u32::MAX).max(1);
    edit(app, "a tenth of the arrivals", |scenario| scenario.workload.count = Some(count));
}

/// A run with one fault more in its document.
pub fn add_fault(app: App, fault: Fault) {
    let name = format!("+ {}", words::fault(&fault.fault));
    app.dialog.set(None);
    edit(app, &name, |scenario| scenario.faults.push(fault));
}

/// A run with one fault less in its document.
pub fn remove_fault(app: App, at: usize) {
    let fault = act::desk::scenario(app).and_then(|scenario| scenario.faults.get(at).cloned());
    let Some(fault) = fault else { return };
    let name = format!("without: {}", words::fault(&fault.fault));
    edit(app, &name, |scenario| {
        scenario.faults.remove(at);
    });
}

/// A branch of the run: this happens after that event.
pub fn intervene(app: App, intervention: Intervention, name: &str) {
    app.menu.set(None);
    let after = intervention.after;
    let node = match intervention.kind {
        ChoiceKind::Crash { node, .. } => Some(node),
        _ => None,
    };
    let forked = app.run_now(|run| run.session.fork(intervention));
    match forked {
        Some(Ok(session)) => {
            let parent = Some(app.current.get_untracked());
            enter(app, name, parent, session);
            // What was done is the next event, or for a crash the next one at its node.
            let seen = app.run_now(|run| {
                let events = run.trace().events();
                let later = events.iter().enumerate().skip(after.ix() + 1);
                let struck = later.clone().find(|(_, event)| {
                    node.is_some_and(|node| event.node == node) && event.kind.name() == "crashed"
                });
                struck.map_or(after.0 + 1, |(at, _)| at as u32)
            });
            act::time::put(app, seen.unwrap_or(after.0));
            act::address::push(app);
        }
        Some(Err(problem)) => complain(app, "That cannot happen here", &[problem.to_string()]),
        None => {}
    }
}

/// A branch without one of the run's interventions and those after it.
pub fn remove_intervention(app: App, at: usize) {
    let Some(mut input) = app.run_now(|run| run.input().clone()) else { return };
    let dropped = input.interventions.len() - at;
    input.interventions.truncate(at);
    let made_here = app.lab.with_value(|lab| {
        let parent = lab.current().and_then(|run| run.parent).and_then(|parent| lab.run(parent));
        parent.is_some_and(|parent| *parent.input() == input)
    });
    if made_here {
        return undo(app);
    }
    let name =
        if dropped > 1 { format!("without {dropped} faults") } else { "without that fault".into() };
    open_beside(app, input, &name);
}

/// Says what can be made again.
fn list_undone(app: App) {
    let names =
        app.lab.with_value(|lab| lab.undone.iter().rev().map(|(_, name)| name.clone()).collect());
    app.undone.set(names);
}

/// Makes the edit again that was taken back last.
pub fn redo(app: App) {
    let next = app.lab.try_update_value(|lab| lab.undone.pop()).flatten();
    let Some((input, name)) = next else {
        return act::look::toast(app, "Nothing was taken back".into());
    };
    let kept = app.lab.try_update_value(|lab| std::mem::take(&mut lab.undone));
    open_beside(app, input, &name);
    app.lab.update_value(|lab| lab.undone = kept.unwrap_or_default());
    list_undone(app);
    act::look::toast(app, format!("Made again: {name}"));
}

/// Takes the last intervention or edit back: to the run that it was made on.
pub fn undo(app: App) {
    let current = app.current.get_untracked();
    let parent = app.run_now(|run| run.parent).flatten();
    let Some(parent) = parent else { return };
    let now = app.now.get_untracked();
    if app.lab.with_value(|lab| lab.run(parent).is_none()) {
        return act::look::toast(app, "The run before it is no longer kept".into());
    }
    let name = app.lab.try_update_value(|lab| {
        let taken = lab.run(current).map(|run| (run.input().clone(), run.name.clone()));
        let name = taken.as_ref().map(|(_, name)| name.clone());
        lab.undone.extend(taken);
        lab.remove(current);
        name
    });
    arrive(app);
    list_undone(app);
    if let Some(Some(name)) = name {
        act::look::toast(app, format!("Taken back: {name}"));
    }
    act::time::seek_to(app, now);
    act::address::push(app);
}

/// Puts a run on screen, where it was left, as a step of the history.
pub fn choose(app: App, id: u32) {
    show(app, id);
    act::address::push(app);
}

/// Puts a run on screen, where it was left.
pub fn show(app: App, id: u32) {
    leave(app);
    app.lab.update_value(|lab| {
        if lab.run(id).is_some() {
            lab.current = id;
        }
    });
    let at = app.run_now(|run| run.left_at);
    let steps_before = app.speed.get_untracked();
    arrive(app);
    if app.run_now(|run| run.axis().steps) == Some(true) || steps_before > 5 {
        reset_speed(app);
    }
    act::time::put(app, at.unwrap_or(0));
}

/// After another run took the screen.
fn arrive(app: App) {
    app.current.set(app.lab.with_value(|lab| lab.current));
    app.playing.set(false);
    act::select::whole(app);
    app.menu.set(None);
    app.rev.update(|rev| *rev += 1);
    act::look::fit_axis(app);
    act::desk::follow(app);
    list(app);
}

/// Offers the scenario as a file.
pub fn save(app: App) {
    let Some(scenario) = crate::cmd::scenario(app) else { return };
    let text = document::text_of(&scenario);
    let name = format!("{}.json", words::file_name(&scenario.title));
    clock::soon(move || {
        if file::save(&name, &text).is_err() {
            act::look::toast(app, "The browser did not save the file".into());
        }
    });
}
