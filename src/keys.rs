//! The keys, all in one table: what `?` lists is what works.

use web_sys::KeyboardEvent;

use crate::cmd::{Cmd, dispatch};
use crate::occasion::Occasion;
use crate::platform::{focus, listen, storage};
use crate::state::{App, Dialog};
use leptos::prelude::*;

/// Under which name it is remembered that keys without Ctrl are off.
const SINGLE_KEY: &str = "interleave.single-keys";

/// One line of the list: the keys, what they do, and which commands they are.
pub struct Line {
    /// The keys as the list shows them.
    pub keys: &'static str,
    /// What they do.
    pub what: &'static str,
    /// Whether they are letters, digits or signs, which can be switched off: speech input and slips of the hand
    /// press those (WCAG 2.2, success criterion 2.1.4).
    pub single: bool,
    /// The command of a key, as the browser names it, and whether Shift is held.
    command: fn(&str, bool) -> Option<Cmd>,
}

/// No command here: the key is served where it is needed.
fn elsewhere(_: &str, _: bool) -> Option<Cmd> {
    None
}

const fn line(
    keys: &'static str,
    what: &'static str,
    single: bool,
    command: fn(&str, bool) -> Option<Cmd>,
) -> Line {
    Line { keys, what, single, command }
}

/// All keys of the mode Watch, in the order of the list.
pub const LINES: [Line; 15] = [
    line("Space", "play and pause", false, |key, _| (key == " ").then_some(Cmd::TogglePlay)),
    line("← →", "one event back, one event on", false, |key, shift| {
        sign(key, "ArrowLeft", "ArrowRight").filter(|_| !shift).map(Cmd::StepEvent)
    }),
    line(
        "Shift ← →",
        "to the event before, the next event of the same transaction",
        false,
        |key, shift| sign(key, "ArrowLeft", "ArrowRight").filter(|_| shift).map(Cmd::StepTxn),
    ),
    line("Home End", "first event, last event", false, |key, _| match key {
        "Home" => Some(Cmd::First),
        "End" => Some(Cmd::Last),
        _ => None,
    }),
    line(", .", "to the message before, the next message", true, |key, _| {
        sign(key, ",", ".").map(Cmd::StepMessage)
    }),
    line("[ ]", "to the violation before, the next violation", true, |key, _| {
        sign(key, "[", "]").map(Cmd::StepViolation)
    }),
    line("W S", "zoom the time axis in and out", true, |key, _| match key {
        "w" | "W" => Some(Cmd::ZoomAxis(1.5)),
        "s" | "S" => Some(Cmd::ZoomAxis(1.0 / 1.5)),
        _ => None,
    }),
    line("A D", "move along the time axis", true, |key, _| match key {
        "a" | "A" => Some(Cmd::PanAxis(-0.2)),
        "d" | "D" => Some(Cmd::PanAxis(0.2)),
        _ => None,
    }),
    line("F", "show what is selected on the time axis", true, |key, _| {
        matches!(key, "f" | "F").then_some(Cmd::Focus)
    }),
    line("+ − 0", "zoom the graph in and out, fit it", true, |key, _| match key {
        "+" | "=" => Some(Cmd::ZoomGraph(1.25)),
        "-" => Some(Cmd::ZoomGraph(0.8)),
        "0" => Some(Cmd::FitGraph),
        _ => None,
    }),
    line("T", "the graph as a table and back", true, |key, _| {
        matches!(key, "t" | "T").then_some(Cmd::ToggleTable)
    }),
    line(
        "Tab, then Enter",
        "go through the graph; open what can happen at a node or to a message",
        false,
        elsewhere,
    ),
    line("Ctrl Z", "take the last edit, fault or choice back", false, elsewhere),
    line("Ctrl Shift Z", "make it again", false, elsewhere),
    line("? Esc", "these keys; close what is open", true, elsewhere),
];

/// Backwards, forwards, or neither.
fn sign(key: &str, back: &str, forth: &str) -> Option<i32> {
    if key == back {
        Some(-1)
    } else if key == forth {
        Some(1)
    } else {
        None
    }
}

/// Whether letters, digits and signs are keys, as it was remembered.
#[must_use]
pub fn remembered() -> bool {
    storage::get(SINGLE_KEY).as_deref() != Some("off")
}

/// Switches letters, digits and signs on or off as keys, and remembers it.
pub fn switch(app: App, on: bool) {
    storage::set(SINGLE_KEY, if on { "on" } else { "off" });
    app.single_keys.set(on);
}

/// Listens to the keys for as long as the page lasts.
pub fn install(app: App) {
    listen::on_window("keydown", move |event: KeyboardEvent| {
        if let Some(cmd) = command(app, &event) {
            event.prevent_default();
            dispatch(app, cmd);
        }
    });
}

fn command(app: App, event: &KeyboardEvent) -> Option<Cmd> {
    let key = event.key();
    if key == "Escape" {
        return escape(app);
    }
    if app.dialog.get_untracked().is_some() || focus::is_typing() || event.alt_key() {
        return None;
    }
    if event.ctrl_key() || event.meta_key() {
        let by_hand = crate::act::hand::is_here(app);
        return match (key.as_str(), event.shift_key()) {
            ("z", false) if by_hand => Some(Cmd::HandUndo),
            ("Z" | "z", true) | ("y", false) if by_hand => Some(Cmd::HandRedo),
            ("z", false) => Some(Cmd::Undo),
            ("Z" | "z", true) | ("y", false) => Some(Cmd::Redo),
            _ => None,
        };
    }
    let single = app.single_keys.get_untracked();
    if key == "?" && single {
        return Some(Cmd::Dialog(Some(Dialog::Keys)));
    }
    if !untrack(|| app.watches()) || app.menu.get_untracked().is_some() {
        return None;
    }
    if key == " " && focus::is_pressable() {
        return None;
    }
    if app.occasion == Occasion::Present {
        // What the remote controls of projectors send.
        match key.as_str() {
            "PageDown" => return Some(Cmd::StepTxn(1)),
            "PageUp" => return Some(Cmd::StepTxn(-1)),
            _ => {}
        }
    }
    let lines = LINES.iter().filter(|line| single || !line.single);
    lines.filter_map(|line| (line.command)(&key, event.shift_key())).next()
}

/// Closes what was opened last.
fn escape(app: App) -> Option<Cmd> {
    if app.dialog.get_untracked().is_some() {
        Some(Cmd::Dialog(None))
    } else if app.menu.get_untracked().is_some() {
        Some(Cmd::Menu(None))
    } else if app.banner.get_untracked().is_some() {
        Some(Cmd::DismissBanner)
    } else {
        None
    }
}
