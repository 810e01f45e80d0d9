//! The search for schedules that break a property, in slices.

use interleave_engine::session::{CheckRequest, RunInput};
use leptos::prelude::*;

use crate::act;
use crate::platform::{clock, panic};
use crate::state::{App, Mode};

/// How long one slice may take: short enough that no key press waits for it.
const SLICE_MS: f64 = 24.0;
/// How often the count on screen changes.
const REPORT_EVERY_MS: f64 = 100.0;

/// The bounds of the scenario on screen, as the form begins.
pub fn form_of(app: App) {
    if let Some(scenario) = crate::cmd::scenario(app) {
        app.check_form.set(CheckRequest {
            transactions: Some(scenario.explore.transactions),
            faults: Some(scenario.explore.faults),
            max_states: Some(scenario.explore.max_states),
            properties: None,
            first_only: false,
        });
    }
}

/// What the next check looks for.
pub fn form(app: App, form: CheckRequest) {
    app.check_form.set(form);
}

/// Starts the search over the scenario on screen.
pub fn start(app: App) {
    app.first.set(false);
    app.mode.set(Mode::Check);
    act::time::pause(app);
    let request = app.check_form.get_untracked();
    let begun = app.run_now(|run| {
        let check = run.session.check(&request);
        check.map(|check| (check, RunInput::of(run.input().scenario.clone())))
    });
    match begun {
        Some(Ok((check, input))) => {
            let report = check.report();
            app.lab.update_value(|lab| lab.check = Some((check, input)));
            app.check.set(Some(report));
            app.checking.set(true);
            clock::soon(move || slice(app, 64, 0.0));
        }
        Some(Err(problem)) => {
            act::runs::complain(app, "The check did not start", &[problem.to_string()])
        }
        None => {}
    }
}

/// One slice of the search, then the next one after the browser has served its inputs.
fn slice(app: App, states: u32, reported_ms: f64) {
    if panic::is_dead() || !app.checking.try_get_untracked().unwrap_or(false) {
        return;
    }
    let began = clock::now_ms();
    let sliced = app.lab.try_update_value(|lab| {
        let (check, _) = lab.check.as_mut()?;
        Some(check.run_slice(states))
    });
    let Some(Some(done)) = sliced else { return };
    let now = clock::now_ms();
    let tell = done || now - reported_ms > REPORT_EVERY_MS;
    if tell {
        let report = app.lab.with_value(|lab| lab.check.as_ref().map(|(check, _)| check.report()));
        app.check.set(report);
    }
    if done {
        app.checking.set(false);
        return;
    }
    // As many states as fit into a slice at the pace of this one; never a jump by more than double.
    let pace = (SLICE_MS / (now - began).max(0.05)).clamp(0.25, 2.0);
    let states = ((f64::from(states) * pace) as u32).clamp(1, 200_000);
    let reported_ms = if tell { now } else { reported_ms };
    clock::soon(move || slice(app, states, reported_ms));
}

/// Stops the search; what it knows so far stays.
pub fn stop(app: App) {
    app.checking.set(false);
    let report = app.lab.with_value(|lab| lab.check.as_ref().map(|(check, _)| check.report()));
    app.check.set(report);
}

/// Opens a counterexample as a run, at the event that breaks the property.
pub fn show(app: App, property: usize) {
    let found = app.lab.with_value(|lab| {
        let (check, input) = lab.check.as_ref()?;
        let checked = check.report().properties.get(property)?.clone();
        Some((input.clone(), checked))
    });
    let Some((input, checked)) = found else { return };
    let Some(schedule) = checked.counterexample else { return };
    let name = format!("counterexample: {}", checked.title);
    app.checking.set(false);
    app.mode.set(Mode::Watch);
    act::runs::open_beside(app, RunInput { schedule: Some(schedule), ..input }, &name);
    act::time::grow_to(app, u32::MAX - 1);
    act::runs::list(app);
    let place = app.run_now(|run| {
        let same = |title: &str| title == checked.title;
        let by_title = run.reports.iter().position(|report| same(&report.title));
        by_title.or_else(|| run.reports.iter().position(|report| report.id == checked.id))
    });
    if let Some(Some(place)) = place {
        act::time::show_violation(app, place);
    }
}
