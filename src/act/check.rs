//! The search for schedules that break a property.

use std::cell::Cell;
use std::sync::Arc;

use interleave_engine::link::{self, Link};
use interleave_engine::scenario::{Scenario, text};
use interleave_engine::session::{CheckReport, ENGINE, RunInput};
use interleave_engine::views::format::{count, counted};
use leptos::prelude::*;

use crate::act;
use crate::check_form::{CheckForm, IN_SIGHT, NUMBERS, Number};
use crate::job::{Job, News, Stopped};
use crate::lab;
use crate::platform::{clipboard, clock, focus, history, panic};
use crate::search::message::{Ask, Known, Told};
use crate::state::{App, Checked, Mode, Phase};
use crate::words;

/// How long a worker may take to answer a Stop before it is ended, in milliseconds.
const STOP_PATIENCE_MS: i32 = 1_000;
/// How often the count is said to those who cannot see it, in milliseconds.
const SAY_EVERY_MS: f64 = 10_000.0;

thread_local! {
    /// When a Stop was asked for.
    static ASKED_MS: Cell<f64> = const { Cell::new(0.0) };
    /// When the count was last said.
    static SAID_MS: Cell<f64> = const { Cell::new(0.0) };
    /// The number of the search; a wait for an older one is over.
    static NUMBER: Cell<u32> = const { Cell::new(0) };
}

/// The bounds of the scenario on screen, as the form begins.
pub fn form_of(app: App) {
    if let Some(scenario) = crate::cmd::scenario(app) {
        app.check_form.set(CheckForm::of(&scenario.explore));
    }
}

/// What the next check looks for.
pub fn form(app: App, form: CheckForm) {
    app.check_form.set(form);
}

/// Shows or hides the bounds that few need.
pub fn more(app: App, more: bool) {
    app.check_more.set(more);
}

/// Starts the search over the scenario on screen; one that is under way gives way.
pub fn start(app: App) {
    app.first.set(false);
    app.mode.set(Mode::Check);
    act::time::pause(app);
    act::address::write_soon(app);
    let request = match app.check_form.with_untracked(CheckForm::request) {
        Ok(request) => request,
        Err(wrong) => {
            if wrong.is_none_or(|it| it as usize >= IN_SIGHT) {
                app.check_more.set(true);
            }
            return focus::later(wrong.map_or("check-properties", field_id));
        }
    };
    let Some(scenario) = crate::cmd::scenario(app) else { return };
    let document = text::short(&scenario);
    let coupling = app.run_now(|run| run.cast().coupling.clone()).unwrap_or_default();
    put(app, None);
    act::why::forget(app);
    app.check.set(Some(Checked {
        scenario: Arc::new(scenario),
        coupling,
        request: request.clone(),
        report: CheckReport::default(),
        elapsed_ms: 0.0,
        heap_bytes: 0.0,
        phase: Phase::Starting,
        on_page: None,
        rate: 0.0,
    }));
    app.checking.set(true);
    say(app, "The search begins".into());
    let ask = Ask::Check { scenario: document, request };
    put(app, Some(Job::begin(ask, move |news| heard(app, news))));
}

/// The id of the field of a number.
#[must_use]
pub fn field_id(number: Number) -> &'static str {
    NUMBERS[number as usize].id
}

fn phase(app: App) -> Option<Phase> {
    app.check.with_untracked(|check| check.as_ref().map(|it| it.phase.clone()))
}

/// Puts another search in the place of the one there was, which ends.
fn put(app: App, job: Option<Job>) {
    NUMBER.with(|number| number.set(number.get().wrapping_add(1)));
    app.lab.update_value(|lab| lab.search = job);
}

fn change(app: App, change: impl FnOnce(&mut Checked)) {
    app.check.update(|check| {
        if let Some(check) = check {
            change(check);
        }
    });
}

fn heard(app: App, news: News) {
    match news {
        News::Began(on_page) => change(app, |it| {
            it.phase = Phase::Searching;
            it.on_page = on_page;
        }),
        News::Told(told) if told.last => ended(app, told),
        News::Told(told) => tell(app, told),
        News::Refused(lines) => {
            put(app, None);
            app.checking.set(false);
            app.check.set(None);
            act::runs::complain(app, "The check did not start", &lines);
        }
        News::Broke(why) => close(app, Phase::Failed(why)),
    }
}

/// Takes a report in: the pace, and what is worth saying aloud.
fn tell(app: App, told: Told) {
    let Known::Check(report) = told.known else { return };
    let mut news = Vec::new();
    let states = report.states;
    change(app, |it| {
        let ms = told.elapsed_ms - it.elapsed_ms;
        if ms > 0.0 {
            let now = words::visited(&report).saturating_sub(words::visited(&it.report)) as f64
                / ms
                * 1_000.0;
            // Smoothed, so that the figure can be read.
            it.rate = if it.rate > 0.0 { it.rate * 0.8 + now * 0.2 } else { now };
        }
        for (at, property) in report.properties.iter().enumerate() {
            let held = it.report.properties.get(at).is_none_or(|before| before.holds);
            if held && !property.holds {
                news.push(property.title.clone());
            }
        }
        it.report = report;
        it.elapsed_ms = told.elapsed_ms;
        it.heap_bytes = told.heap_bytes;
    });
    if !news.is_empty() {
        say(app, format!("Broken: {}", news.join(", ")));
    } else if clock::now_ms() - SAID_MS.with(Cell::get) > SAY_EVERY_MS {
        say(app, format!("{} so far", counted(states, "state", "states")));
    }
}

/// Says what happened to those who cannot see it.
pub(super) fn say(app: App, text: String) {
    SAID_MS.with(|at| at.set(clock::now_ms()));
    app.check_said.set(text);
}

/// The search has ended, by itself or because it was asked to.
fn ended(app: App, told: Told) {
    let stopped = phase(app) == Some(Phase::Stopping);
    let after_ms = clock::now_ms() - ASKED_MS.with(Cell::get);
    tell(app, told);
    close(app, if stopped { Phase::Stopped { after_ms, answered: true } } else { Phase::Ended });
}

fn close(app: App, phase: Phase) {
    put(app, None);
    change(app, |it| it.phase = phase);
    app.checking.set(false);
    let words = app.check.with_untracked(|it| {
        it.as_ref().map(|it| {
            let broken = it.report.properties.iter().filter(|it| !it.holds).count();
            let coverage = words::coverage(it);
            format!("{coverage} {broken} broken, {} states.", count(it.report.states))
        })
    });
    say(app, words.unwrap_or_default());
}

/// Stops the search; what it knows so far stays.
pub fn stop(app: App) {
    if !app.checking.get_untracked() || phase(app) == Some(Phase::Stopping) {
        return;
    }
    let asked = clock::now_ms();
    ASKED_MS.with(|at| at.set(asked));
    change(app, |it| it.phase = Phase::Stopping);
    match app.lab.with_value(|lab| lab.search.as_ref().map(Job::stop)) {
        Some(Stopped::At(told)) => ended(app, *told),
        Some(Stopped::Asked) => {
            let number = NUMBER.with(Cell::get);
            clock::after_ms(STOP_PATIENCE_MS, move || {
                if NUMBER.with(Cell::get) == number && !panic::is_dead() {
                    let after_ms = clock::now_ms() - asked;
                    close(app, Phase::Stopped { after_ms, answered: false });
                }
            });
        }
        Some(Stopped::Before) | None => {
            close(app, Phase::Stopped { after_ms: 0.0, answered: true });
        }
    }
}

/// Ends the search and forgets what it found: another scenario has the page.
pub fn forget(app: App) {
    put(app, None);
    act::why::forget(app);
    app.checking.set(false);
    app.check.set(None);
}

/// The run of a counterexample, and its name.
fn counterexample(app: App, property: usize) -> Option<(RunInput, String, String)> {
    let (scenario, checked) = app.check.with_untracked(|check| {
        let check = check.as_ref()?;
        Some((Arc::clone(&check.scenario), check.report.properties.get(property)?.clone()))
    })?;
    let schedule = Some(checked.counterexample?);
    let input = RunInput { schedule, ..RunInput::of(Scenario::clone(&scenario)) };
    Some((input, checked.title, checked.id))
}

/// Opens a counterexample as a run, at the event that breaks the property.
pub fn show(app: App, property: usize) {
    let Some((input, title, id)) = counterexample(app, property) else { return };
    app.mode.set(Mode::Watch);
    act::runs::open_once(app, input, &format!("counterexample: {title}"));
    act::time::grow_to(app, u32::MAX - 1);
    act::runs::list(app);
    let place = app.run_now(|run| {
        let by_title = run.reports.iter().position(|report| report.title == title);
        by_title.or_else(|| run.reports.iter().position(|report| report.id == id))
    });
    if let Some(Some(place)) = place {
        act::time::show_violation(app, place);
    }
    act::why::remember_slice(app, property);
}

/// Copies the link to a counterexample, which opens at the event that breaks the property.
pub fn copy(app: App, property: usize) {
    let Some((input, title, _)) = counterexample(app, property) else { return };
    let Ok(mut session) = lab::open(input.clone()) else { return };
    session.run_to(interleave_engine::ids::EventIx(u32::MAX - 1));
    let reports = session.properties();
    let broken = reports.iter().find(|report| report.title == title);
    let first = broken.and_then(|report| report.violations.first());
    let link = Link {
        schedule: input.schedule,
        cursor: first.map(|it| it.culprit.unwrap_or(it.event).0),
        digest: Some(session.digest()),
        engine: Some(ENGINE.to_owned()),
        ..Link::of(input.scenario)
    };
    let address = history::address_with(&link::encode(&link));
    leptos::task::spawn_local(async move {
        let copied = clipboard::copy(&address).await;
        let words = if copied {
            "Link to the counterexample copied"
        } else {
            "The browser did not allow copying; open the counterexample, and the address bar holds its link"
        };
        act::look::toast(app, words.into());
    });
}

/// Whether what the check knows is of another scenario than the one on screen.
#[must_use]
pub fn is_stale(app: App) -> bool {
    let shown = app.run(|run| {
        app.check
            .with(|check| check.as_ref().is_some_and(|it| *it.scenario != run.input().scenario))
    });
    shown.unwrap_or(false)
}
