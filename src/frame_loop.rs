//! The one loop of animation frames: state, then the elements that follow from it.
//!
//! A frame is asked for when something has changed and as long as something moves; a page on which
//! nothing moves asks for none. Elements follow from signals in the tasks that run right after
//! the frame's callback and before the browser paints; the time of both is measured.

use std::cell::{Cell, RefCell};

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::act;
use crate::cmd::{Cmd, dispatch};
use crate::platform::clock::{self, FrameTimes};
use crate::platform::panic;
use crate::state::App;

thread_local! {
    static ASKED: Cell<bool> = const { Cell::new(false) };
    static LAST_MS: Cell<Option<f64>> = const { Cell::new(None) };
    static TIMES: RefCell<Option<FrameTimes>> = const { RefCell::new(None) };
}

/// Publishes the list of frame times.
pub fn install() {
    TIMES.with(|times| *times.borrow_mut() = Some(FrameTimes::publish()));
}

/// Asks for a frame, where none is asked for.
pub fn wake(app: App) {
    if ASKED.with(|asked| asked.replace(true)) {
        return;
    }
    clock::next_frame(move |now_ms| {
        ASKED.with(|asked| asked.set(false));
        if !panic::is_dead() {
            frame(app, now_ms);
        }
    });
}

fn frame(app: App, now_ms: f64) {
    let began = clock::now_ms();
    let moves = app.playing.get_untracked();
    let grows = app.run_now(|run| run.is_running()) == Some(true);
    let last = LAST_MS.with(|last| last.replace((moves || grows).then_some(now_ms)));
    if moves || grows {
        let ms = last.map_or(0.0, |last| now_ms - last);
        // Wakes the loop again by itself, as every command does.
        dispatch(app, Cmd::Tick { ms });
    }
    act::address::write_if_due(app, now_ms);
    // Behind the tasks that this frame's signals have queued.
    spawn_local(async move {
        let spent = clock::now_ms() - began;
        TIMES.with(|times| {
            if let Some(times) = times.borrow().as_ref() {
                times.record(spent);
            }
        });
    });
}
