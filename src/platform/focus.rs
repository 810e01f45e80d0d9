//! Where the keyboard is.

use wasm_bindgen::JsCast;

/// Moves the keyboard to the element of this id once it is drawn.
pub fn later(id: &'static str) {
    super::clock::soon(move || {
        if let Some(element) = super::by_id(id) {
            // An element that cannot take the focus leaves it where it was.
            let _ = element.focus();
        }
    });
}

/// Scrolls the element of this id into its list once it is drawn.
pub fn show_later(id: &'static str) {
    super::clock::soon(move || {
        if let Some(element) = super::by_id(id) {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            element.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });
}

/// Whether the keyboard is in an element that takes text or has keys of its own, so that the
/// page's single-letter keys must stand back.
#[must_use]
pub fn is_typing() -> bool {
    let Some(element) = super::document().active_element() else { return false };
    match element.tag_name().as_str() {
        "INPUT" => {
            let input: &web_sys::HtmlInputElement = element.unchecked_ref();
            !matches!(input.type_().as_str(), "checkbox" | "radio" | "button")
        }
        "TEXTAREA" | "SELECT" => true,
        _ => false,
    }
}

/// Whether the keyboard is on something that the space and enter keys press.
#[must_use]
pub fn is_pressable() -> bool {
    super::document().active_element().is_some_and(|element| {
        matches!(element.tag_name().as_str(), "BUTTON" | "A" | "SUMMARY" | "INPUT")
            || element.get_attribute("role").is_some_and(|role| role == "button" || role == "tab")
    })
}
