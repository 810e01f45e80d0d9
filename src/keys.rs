//! The keys, all in one place: what `?` lists is what works.

use web_sys::KeyboardEvent;

use crate::cmd::{Cmd, dispatch};
use crate::occasion::Occasion;
use crate::platform::{focus, listen};
use crate::state::{App, Dialog};
use leptos::prelude::*;

/// The keys and what they do, as the dialog lists them.
pub const LIST: [(&str, &str); 12] = [
    ("Space", "play and pause"),
    ("← →", "one event back, one event on"),
    ("Shift ← →", "to the event before, the next event of the same transaction"),
    ("Home End", "first event, last event"),
    ("W S", "zoom the time axis in and out"),
    ("A D", "move along the time axis"),
    ("F", "show the followed transaction on the time axis"),
    ("+ − 0", "zoom the graph in and out, fit it"),
    ("T", "the graph as a table and back"),
    ("Tab, then Enter", "go through the graph; open what can happen at a node or to a message"),
    ("Ctrl Z", "take the last fault or edit back"),
    ("? Esc", "these keys; close what is open"),
];

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
        return match key.as_str() {
            "z" if by_hand => Some(Cmd::HandUndo),
            "Z" | "y" if by_hand => Some(Cmd::HandRedo),
            "z" => Some(Cmd::Undo),
            _ => None,
        };
    }
    if key == "?" {
        return Some(Cmd::Dialog(Some(Dialog::Keys)));
    }
    if !untrack(|| app.watches()) || app.menu.get_untracked().is_some() {
        return None;
    }
    let shift = event.shift_key();
    let cmd = match key.as_str() {
        " " if focus::is_pressable() => return None,
        " " => Cmd::TogglePlay,
        "ArrowRight" if shift => Cmd::StepTxn(1),
        "ArrowLeft" if shift => Cmd::StepTxn(-1),
        "ArrowRight" => Cmd::StepEvent(1),
        "ArrowLeft" => Cmd::StepEvent(-1),
        // What the remote controls of projectors send.
        "PageDown" if app.occasion == Occasion::Present => Cmd::StepTxn(1),
        "PageUp" if app.occasion == Occasion::Present => Cmd::StepTxn(-1),
        "Home" => Cmd::First,
        "End" => Cmd::Last,
        "w" | "W" => Cmd::ZoomAxis(1.5),
        "s" | "S" => Cmd::ZoomAxis(1.0 / 1.5),
        "a" | "A" => Cmd::PanAxis(-0.2),
        "d" | "D" => Cmd::PanAxis(0.2),
        "f" | "F" => Cmd::Focus,
        "t" | "T" => Cmd::ToggleTable,
        "+" | "=" => Cmd::ZoomGraph(1.25),
        "-" => Cmd::ZoomGraph(0.8),
        "0" => Cmd::FitGraph,
        _ => return None,
    };
    Some(cmd)
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
