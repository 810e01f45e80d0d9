//! What the page needs of the browser, and nothing more: each file is one thing that browsers do.
//! No other module names a browser interface except for the events of its own elements.

pub mod canvas;
pub mod clipboard;
pub mod clock;
pub mod fetch;
pub mod field;
pub mod file;
pub mod focus;
pub mod history;
pub mod listen;
pub mod media;
pub mod offline;
pub mod panic;
pub mod scope;
pub mod storage;
pub mod worker;
pub mod zoom;

use wasm_bindgen::prelude::*;

/// The window.
#[must_use]
pub fn window() -> web_sys::Window {
    web_sys::window().expect("the page runs in a window, not in a worker")
}

/// The document.
#[must_use]
pub fn document() -> web_sys::Document {
    window().document().expect("a window of a page has a document")
}

/// The element of this id.
#[must_use]
pub fn by_id(id: &str) -> Option<web_sys::HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}
