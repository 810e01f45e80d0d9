//! Interleave, the laboratory's page.
//!
//! It reads runs through the engine's session and draws what the engine's views derive from them.
//! The map: [`state`] is what the page knows, [`cmd`] is all that can change it ([`act`] does it),
//! [`views`] draw it, [`frame_loop`] moves it, [`platform`] is the browser. The same program runs a
//! second time in a [`worker`] while something is checked.

pub mod act;
pub mod app;
pub mod axis;
pub mod catalog;
pub mod check_form;
pub mod cmd;
pub mod document;
pub mod frame_loop;
pub mod geometry;
pub mod isolation;
pub mod job;
pub mod keys;
pub mod lab;
pub mod markdown;
pub mod occasion;
pub mod pages;
pub mod platform;
pub mod search;
pub mod state;
pub mod views;
pub mod words;
pub mod worker;

/// Starts the program: the page, or the work that a page wants done beside it.
pub fn start() {
    if platform::scope::is_worker() {
        worker::run();
    } else {
        mount();
    }
}

/// Mounts the page and takes away the loader's words, which stand in `index.html`.
pub fn mount() {
    platform::panic::install();
    leptos::mount::mount_to_body(app::Page);
    if let Some(loader) = platform::by_id("loader") {
        loader.remove();
    }
    platform::offline::keep();
}
