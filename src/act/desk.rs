//! The desk: the scenario as a text, read in the pauses of typing, and what a run makes of it.

use std::cell::Cell;
use std::sync::Arc;

use interleave_engine::scenario::Scenario;
use interleave_engine::session::RunInput;
use leptos::prelude::*;

use crate::act;
use crate::document::{self, Reading};
use crate::platform::{clock, field, focus, listen};
use crate::state::{App, Aside, Banner, Mode};

/// The id of the field that holds the text.
pub const FIELD: &str = "desk-text";
/// The height of a line of the field in pixels, as `style/desk.css` has it.
pub const LINE_PX: f64 = 18.0;
/// How long nobody types before the text is read.
const PAUSE_MS: i32 = 250;

thread_local! {
    /// Counts the changes of the text, so that only the last one is read.
    static TYPED: Cell<u32> = const { Cell::new(0) };
}

/// Listens for as long as the page lasts: to files that are dropped on it, and to other tabs.
pub fn install(app: App) {
    use crate::cmd::{Cmd, DeskCmd, dispatch};
    listen::on_files(
        move |held| dispatch(app, Cmd::Desk(DeskCmd::Hold(held))),
        move |file| open_later(app, file),
    );
    listen::on_window("storage", move |_: web_sys::StorageEvent| {
        dispatch(app, Cmd::Desk(DeskCmd::Stored));
    });
}

/// Opens a file as soon as it is read.
pub fn open_later(app: App, file: web_sys::File) {
    use crate::cmd::{Cmd, dispatch};
    leptos::task::spawn_local(async move {
        let name = file.name();
        let read = crate::platform::file::read(file).await;
        dispatch(app, Cmd::OpenFile { read, name });
    });
}

/// Whether a file is held over the page.
pub fn hold(app: App, on: bool) {
    app.desk.dropping.set(on);
}

/// Shows the desk, with the run on screen beside it.
pub fn open(app: App) {
    app.first.set(false);
    app.dialog.set(None);
    if !untrack(|| app.watches()) {
        act::look::mode(app, Mode::Watch);
    }
    act::time::pause(app);
    let empty = app.desk.text.with_untracked(|text| text.is_empty());
    app.desk.open.set(true);
    follow(app);
    if empty {
        take_quietly(app);
    }
    act::saved::list(app);
    focus::later(FIELD);
}

/// Puts the desk away; the text stays on it.
pub fn close(app: App) {
    flush(app);
    app.desk.open.set(false);
    app.left.set(true);
    focus::later("desk-open");
}

/// After a change by hand: the text is read in the next pause. Whatever its length, a key costs no more than this.
pub fn typed(app: App) {
    let desk = app.desk;
    if desk.reading.with_untracked(|it| *it != Reading::Unread) {
        desk.reading.set(Reading::Unread);
    }
    let count = TYPED.with(|typed| {
        typed.set(typed.get().wrapping_add(1));
        typed.get()
    });
    clock::after_ms(PAUSE_MS, move || {
        if TYPED.with(Cell::get) == count {
            read_in_slices(app, count);
        }
    });
}

/// Reads the text, and in a task of its own where its mistakes stand.
fn read_in_slices(app: App, count: u32) {
    let desk = app.desk;
    if desk.reading.with_untracked(|it| *it != Reading::Unread) {
        return;
    }
    let text = taken(app);
    match document::read(&text) {
        Ok(scenario) => {
            desk.reading.set(Reading::Right(Arc::new(scenario)));
            compare(app);
        }
        Err(problems) => clock::soon(move || {
            if TYPED.with(Cell::get) == count {
                let mistakes = document::locate(&text, problems);
                desk.reading.set(Reading::Wrong(Arc::new(mistakes)));
                compare(app);
            }
        }),
    }
}

/// Reads the text now, where it was changed since it was read.
pub fn flush(app: App) {
    let desk = app.desk;
    let text = taken(app);
    if desk.reading.with_untracked(|it| *it != Reading::Unread) {
        return;
    }
    desk.reading.set(match document::read(&text) {
        Ok(scenario) => Reading::Right(Arc::new(scenario)),
        Err(problems) => Reading::Wrong(Arc::new(document::locate(&text, problems))),
    });
    compare(app);
}

/// The text as it stands in the field, or as it was left.
pub fn taken(app: App) -> Arc<str> {
    let desk = app.desk;
    if desk.open.get_untracked()
        && let Some(text) = field::text(FIELD)
        && desk.text.with_untracked(|old| **old != *text)
    {
        desk.text.set(Arc::from(text));
    }
    desk.text.get_untracked()
}

/// Puts a text on the desk and reads it.
pub fn put(app: App, text: &str) {
    let desk = app.desk;
    desk.text.set(Arc::from(text));
    desk.reading.set(Reading::Unread);
    TYPED.with(|typed| typed.set(typed.get().wrapping_add(1)));
    desk.put.update(|count| *count += 1);
    if desk.open.get_untracked() {
        field::put(FIELD, text);
    }
    flush(app);
}

/// Keeps the text that the next one takes the place of, where a person has written it.
pub fn put_aside(app: App) {
    let desk = app.desk;
    let text = taken(app);
    let kept = desk.kept.with_untracked(|kept| kept.as_ref() == Some(&text));
    if !text.is_empty() && !kept && !is_in_step(app) {
        let held = desk.held.get_untracked();
        desk.aside.set(Some(Aside { text, held }));
    }
}

/// Takes the text back that was put aside; the one that it takes the place of is put aside in turn.
pub fn back(app: App) {
    let desk = app.desk;
    let Some(aside) = desk.aside.get_untracked() else { return };
    desk.aside.set(None);
    put_aside(app);
    act::saved::hold(app, aside.held);
    put(app, &aside.text);
    focus::later(FIELD);
}

/// Whether nothing on the desk is other than what it was taken from.
fn is_in_step(app: App) -> bool {
    let base = app.desk.base.get_value();
    app.desk.reading.with_untracked(|reading| {
        reading.scenario().is_some_and(|scenario| base.as_ref() == Some(scenario))
    })
}

/// The scenario of the run on screen.
fn of_run(app: App) -> Option<Scenario> {
    app.run_now(|run| run.input().scenario.clone())
}

/// Notes whether the text says something else than the run on screen.
fn compare(app: App) {
    let desk = app.desk;
    let apart = desk.reading.with_untracked(|reading| match reading.scenario() {
        Some(scenario) => app.run_now(|run| run.input().scenario != **scenario).unwrap_or_default(),
        None => *reading != Reading::Unread,
    });
    if desk.apart.get_untracked() != apart {
        desk.apart.set(apart);
    }
    if !apart && let Some(scenario) = desk.reading.with_untracked(|it| it.scenario().cloned()) {
        desk.base.set_value(Some(scenario));
    }
}

/// After another run took the screen: the text goes with it, unless a person has changed it.
pub fn follow(app: App) {
    if !app.desk.open.get_untracked() {
        return;
    }
    let same = app.desk.reading.with_untracked(|reading| {
        let scenario = reading.scenario();
        scenario.is_some_and(|it| app.run_now(|run| run.input().scenario == **it) == Some(true))
    });
    if !same && is_in_step(app) {
        take_quietly(app);
    }
    compare(app);
}

/// Takes the scenario of the run on screen.
pub fn take(app: App) {
    put_aside(app);
    take_quietly(app);
}

fn take_quietly(app: App) {
    let Some(scenario) = of_run(app) else { return };
    put(app, &document::text_of(&scenario));
}

/// Takes the smallest scenario.
pub fn blank(app: App) {
    put_aside(app);
    act::saved::hold(app, None);
    put(app, document::BLANK);
    focus::later(FIELD);
}

/// Makes a run of the text, beside those that there are.
pub fn run(app: App) {
    flush(app);
    let reading = app.desk.reading.get_untracked();
    let Some(scenario) = reading.scenario() else {
        return focus::later(FIELD);
    };
    if !app.desk.apart.get_untracked() {
        return act::look::toast(app, "The run on screen is made of this text".into());
    }
    let title = of_run(app).map(|run| run.title);
    let same = title.as_deref() == Some(scenario.title.as_str());
    let name = if same { "edited".to_owned() } else { scenario.title.clone() };
    act::runs::open_beside(app, RunInput::of(scenario.as_ref().clone()), &name);
    compare(app);
}

/// Moves the caret to a mistake.
pub fn go_to(app: App, mistake: usize) {
    let desk = app.desk;
    let text = taken(app);
    let place = desk.reading.with_untracked(|reading| {
        let mistake = reading.mistakes().get(mistake)?;
        Some((text.get(..mistake.at)?.encode_utf16().count() as u32, mistake.line))
    });
    if let Some((unit, line)) = place {
        field::go_to(FIELD, unit, line, LINE_PX);
    }
}

/// The text's scenario where the desk is on screen, the text is right and no run is made of it yet.
#[must_use]
pub fn draft(app: App) -> Option<Arc<Scenario>> {
    if !app.desk.open.get_untracked() {
        return None;
    }
    flush(app);
    let draft = app.desk.reading.with_untracked(|it| it.scenario().cloned());
    draft.filter(|_| app.desk.apart.get_untracked())
}

/// The scenario that the controls are about: that of the text where it is right, else of the run.
#[must_use]
pub fn scenario(app: App) -> Option<Scenario> {
    let draft = draft(app);
    draft.map_or_else(|| of_run(app), |draft| Some(draft.as_ref().clone()))
}

/// Opens a file: as a run where it is right, on the desk in any case.
pub fn open_file(app: App, read: Result<Vec<u8>, String>, name: &str) {
    let text = match read {
        Err(why) => return say(app, why),
        Ok(bytes) => match document::text_of_file(bytes) {
            Ok(text) => text,
            Err(why) => return say(app, format!("{name} {why}")),
        },
    };
    app.banner.set(None);
    open_here(app, &text, None, name);
}

/// Puts a text on the desk, shows it, and runs it where it is right.
pub fn open_here(app: App, text: &str, held: Option<crate::document::saved::Held>, name: &str) {
    put_aside(app);
    act::saved::hold(app, held);
    put(app, text);
    app.desk.kept.set(Some(app.desk.text.get_untracked()));
    if let Some(scenario) = app.desk.reading.get_untracked().scenario()
        && act::runs::open_alone(app, RunInput::of(scenario.as_ref().clone()), name).is_ok()
    {
        app.first.set(false);
        act::address::push(app);
    }
    compare(app);
    let aside = app.desk.aside.get_untracked();
    open(app);
    app.desk.aside.set(aside);
}

fn say(app: App, why: String) {
    app.banner.set(Some(Banner { bad: true, text: format!("{why}. The run on screen stays.") }));
}
