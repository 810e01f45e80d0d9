//! The zoom that a style sheet gives the page: on a projector everything is drawn larger.
//!
//! Pointers and bounding boxes are told in pixels of the window, styles and drawings are in pixels of the page.

use wasm_bindgen::prelude::*;

/// How many pixels of the window a pixel of an element is; 1 where the browser cannot say.
#[must_use]
pub fn of(element: &web_sys::Element) -> f64 {
    // Not yet in the bindings: CSS Viewport Module Level 1, section 5.1, `currentCSSZoom`.
    let zoom = js_sys::Reflect::get(element, &"currentCSSZoom".into()).ok();
    zoom.and_then(|zoom| zoom.as_f64()).filter(|zoom| *zoom > 0.0).unwrap_or(1.0)
}

/// The same for what an event happened to.
#[must_use]
pub fn at(event: &web_sys::Event) -> f64 {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.map_or(1.0, |element| of(&element))
}

/// Where a pointer is, in pixels of the page.
#[must_use]
pub fn pointer(event: &web_sys::MouseEvent) -> (f64, f64) {
    let zoom = at(event);
    (f64::from(event.client_x()) / zoom, f64::from(event.client_y()) / zoom)
}
