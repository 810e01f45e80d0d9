//! Interleave, the laboratory's page.
//!
//! It reads runs through the engine's session and draws what the engine's views derive from them.
//! The map: [`state`] is what the page knows, [`cmd`] is all that can change it ([`act`] does it),
//! [`views`] draw it, [`frame_loop`] moves it, [`platform`] is the browser.

pub mod act;
pub mod app;
pub mod axis;
pub mod catalog;
pub mod cmd;
pub mod frame_loop;
pub mod geometry;
pub mod keys;
pub mod lab;
pub mod platform;
pub mod state;
pub mod views;
pub mod words;

/// Mounts the page and takes away the loader's words, which stand in `index.html`.
pub fn mount() {
    platform::panic::install();
    leptos::mount::mount_to_body(app::Page);
    if let Some(loader) = platform::by_id("loader") {
        loader.remove();
    }
}
