//! What the person has asked their system for.

use wasm_bindgen::prelude::*;

/// Whether a media query holds now.
#[must_use]
pub fn matches(query: &str) -> bool {
    super::window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// Tells whenever the answer to a media query changes.
pub fn on_change(query: &str, tell: impl Fn(bool) + 'static) {
    let Ok(Some(list)) = super::window().match_media(query) else { return };
    let closure = Closure::<dyn Fn(web_sys::MediaQueryListEvent)>::new(
        move |event: web_sys::MediaQueryListEvent| tell(event.matches()),
    );
    list.set_onchange(Some(closure.as_ref().unchecked_ref()));
    closure.forget();
    // A list that nothing refers to may be collected together with its listener.
    std::mem::forget(list);
}

/// Asks for things to jump instead of gliding.
pub const REDUCED_MOTION: &str = "(prefers-reduced-motion: reduce)";
/// A window as narrow as a phone's.
pub const PHONE: &str = "(max-width: 719px)";
