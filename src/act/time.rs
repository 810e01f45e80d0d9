//! The moment: playing, stepping, seeking.

use interleave_engine::ids::{EventIx, TxnId};
use leptos::prelude::*;

use crate::act;
use crate::axis::speeds;
use crate::platform::clock;
use crate::state::{App, Part};

/// How long one frame may spend on making more of a run while the moment moves.
const SLICE_MS: f64 = 6.0;
/// And while nothing moves that could falter.
const SLICE_AT_REST_MS: f64 = 16.0;
/// How many choices are made between two looks at the clock.
const CHOICES_AT_ONCE: u32 = 64;
/// How often the views of a run are drawn anew while it is being made.
const TELL_EVERY_MS: f64 = 150.0;
/// How many events may come in before the properties are asked again while a run is being made.
const JUDGE_EVERY: usize = 4_000;

/// Starts or stops the moving of the moment; from the end it starts over.
pub fn toggle_play(app: App) {
    if app.playing.get_untracked() {
        return pause(app);
    }
    app.first.set(false);
    let at_end =
        app.run_now(|run| !run.is_running() && app.now.get_untracked() >= run.axis().end());
    if at_end == Some(true) {
        put(app, 0);
    }
    act::select::unexplain(app);
    app.playing.set(true);
}

/// Stops it.
pub fn pause(app: App) {
    if app.playing.get_untracked() {
        app.playing.set(false);
        act::address::write_now(app);
    }
}

/// Moves the moment if it plays, and makes some more of the run if it is not done.
pub fn tick(app: App, ms: f64) {
    if !app.playing.get_untracked() {
        return grow(app, SLICE_AT_REST_MS);
    }
    grow(app, SLICE_MS);
    let speed = app.speed.get_untracked();
    let next = app.run_now(|run| {
        let axis = run.axis();
        let list = speeds(axis.steps);
        let units = list[speed.min(list.len() - 1)].units_per_ms;
        let now = (app.now.get_untracked() + ms.min(100.0) * units).min(axis.end());
        (now, axis.at(now).0, now >= axis.end() && !run.is_running())
    });
    if let Some((now, event, ended)) = next {
        app.now.set(now);
        act::look::keep_in_sight(app);
        if app.cursor.get_untracked() != event {
            app.cursor.set(event);
        }
        if ended {
            pause(app);
        }
    }
}

/// Makes some more of the run on screen, for at most so many milliseconds.
pub fn grow(app: App, budget_ms: f64) {
    if app.run_now(|run| run.is_running()) != Some(true) {
        return;
    }
    let began = clock::now_ms();
    let until = began + budget_ms;
    let told = app.lab.try_update_value(|lab| {
        let Some(run) = lab.current_mut() else { return false };
        let before = run.trace().len() / JUDGE_EVERY;
        let mut ended = false;
        while !ended && clock::now_ms() < until {
            ended = run.advance(CHOICES_AT_ONCE);
        }
        if !ended && run.trace().len() / JUDGE_EVERY > before {
            run.judge();
        }
        let tell = ended || began - lab.told_ms > TELL_EVERY_MS;
        if tell {
            lab.told_ms = began;
        }
        tell
    });
    if told == Some(true) {
        app.rev.update(|rev| *rev += 1);
        act::runs::list(app);
        if app.run_now(|run| run.is_running()) == Some(false) {
            if app.window.get_untracked().is_none() {
                act::look::fit_axis(app);
            }
            act::address::compare_digests(app);
            act::address::write_soon(app);
        }
    }
}

/// Makes the run until this event exists, or to its end.
pub fn grow_to(app: App, event: u32) {
    let grew = app.lab.try_update_value(|lab| {
        let Some(run) = lab.current_mut() else { return false };
        let short = run.is_running() && run.trace().len() <= event as usize;
        if short {
            run.session.run_to(EventIx(event));
            run.advance(1);
        }
        short
    });
    if grew == Some(true) {
        app.rev.update(|rev| *rev += 1);
    }
}

/// Puts the moment on an event, or on the last one where there are fewer.
pub fn put(app: App, event: u32) {
    let at = app.run_now(|run| {
        let last = run.trace().len().saturating_sub(1) as u32;
        let event = event.min(last);
        (event, run.axis().of(EventIx(event)))
    });
    if let Some((event, now)) = at {
        app.now.set(now);
        act::look::keep_in_sight(app);
        if app.cursor.get_untracked() != event {
            app.cursor.set(event);
        }
    }
}

/// Puts the moment on an event because a person asked for it: it stops there.
pub fn seek_by_hand(app: App, event: u32) {
    app.playing.set(false);
    act::select::unexplain(app);
    app.menu.set(None);
    put(app, event);
    act::address::write_soon(app);
}

/// Puts the moment on a place of the axis.
pub fn seek_to(app: App, place: f64) {
    let at = app.run_now(|run| {
        let axis = run.axis();
        let place = place.clamp(0.0, axis.end());
        (place, axis.at(place).0)
    });
    let Some((place, event)) = at else { return };
    act::select::unexplain(app);
    app.now.set(place);
    act::look::keep_in_sight(app);
    if app.cursor.get_untracked() != event {
        app.cursor.set(event);
    }
    act::address::write_soon(app);
}

/// So many events forwards, or backwards.
pub fn step_event(app: App, by: i32) {
    let at = app.cursor.get_untracked().saturating_add_signed(by);
    grow_to(app, at);
    seek_by_hand(app, at);
}

/// To the next event of the transaction that is followed, or to the one before.
pub fn step_txn(app: App, by: i32) {
    let at = EventIx(app.cursor.get_untracked());
    let next = app.run_now(|run| {
        let txn = app.txn.get_untracked().map(TxnId).or_else(|| {
            let later = run.trace().events().get(at.ix()..)?;
            later.iter().find_map(|event| event.txn)
        })?;
        let found = if by > 0 {
            run.views.index.next_of(txn, at)
        } else {
            run.views.index.previous_of(txn, at)
        };
        Some((found?.0, txn.0))
    });
    if let Some(Some((event, txn))) = next {
        act::select::txn(app, Some(txn));
        seek_by_hand(app, event);
    }
}

/// To the nearest event on one side of the cursor that is such a one.
fn step_to(app: App, by: i32, is_one: impl Fn(&crate::lab::Run, EventIx) -> bool) -> bool {
    let at = app.cursor.get_untracked();
    let found = app.run_now(|run| {
        let mut ahead = at + 1..run.trace().len() as u32;
        let mut behind = (0..at).rev();
        let is_one = |event: &u32| is_one(run, EventIx(*event));
        if by > 0 { ahead.find(is_one) } else { behind.find(is_one) }
    });
    if let Some(event) = found.flatten() {
        explain(app, event);
        return true;
    }
    false
}

/// To the next message that is sent, handled or lost, or to the one before.
pub fn step_message(app: App, by: i32) {
    step_to(app, by, |run, event| {
        run.trace().get(event).is_some_and(|event| event.kind.is_about_a_message())
    });
}

/// To the next event that breaks a property, or to the one before.
pub fn step_violation(app: App, by: i32) {
    let found = step_to(app, by, |run, event| {
        run.reports.iter().any(|report| report.violations.iter().any(|it| it.event == event))
    });
    if !found {
        let side = if by > 0 { "after" } else { "before" };
        act::look::toast(app, format!("Nothing breaks {side} this moment"));
    }
}

/// Another speed.
pub fn speed(app: App, speed: usize) {
    app.speed.set(speed);
}

/// To an event, following its transaction.
pub fn explain(app: App, event: u32) {
    seek_by_hand(app, event);
    if let Some(Some(txn)) = app.run_now(|run| run.txn_of(EventIx(event))) {
        act::select::txn(app, Some(txn.0));
    }
}

/// To the first violation of a property. The moment is the one at which it can best be seen; the
/// explanation is that of the event that broke it.
pub fn show_violation(app: App, property: usize) {
    let shown = app.why.get_untracked();
    // Each click goes to the next one and then starts over.
    let next = shown.filter(|it| it.0 == property).map_or(0, |it| it.1 + 1);
    let count = app.run_now(|run| run.reports.get(property).map_or(0, |it| it.violations.len()));
    show_violation_at(app, property, if next < count.unwrap_or(0) { next } else { 0 });
}

/// To one violation of a property.
pub fn show_violation_at(app: App, property: usize, place: usize) {
    let found = app.run_now(|run| {
        let chosen = run.reports.get(property)?.violations.get(place)?;
        let txn = chosen.txn.or_else(|| run.txn_of(chosen.event));
        Some((chosen.culprit.unwrap_or(chosen.event), txn))
    });
    match found.flatten() {
        Some((seen, txn)) => {
            app.first.set(false);
            seek_by_hand(app, seen.0);
            act::select::txn(app, txn.map(|txn| txn.0));
            act::select::violation(app, property, place);
            app.right.set(true);
        }
        None => {
            app.first.set(false);
            act::select::part(app, Part::Property(property));
        }
    }
}
