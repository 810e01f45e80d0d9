//! A field of many lines: its text, its caret, and how far it is scrolled.

use wasm_bindgen::JsCast;

fn field(id: &str) -> Option<web_sys::HtmlTextAreaElement> {
    super::by_id(id)?.dyn_into().ok()
}

/// What stands in the field of this id.
#[must_use]
pub fn text(id: &str) -> Option<String> {
    Some(field(id)?.value())
}

/// Puts a text into the field of this id; where it is the same already, the caret stays.
pub fn put(id: &str, text: &str) {
    if let Some(field) = field(id)
        && field.value() != text
    {
        field.set_value(text);
    }
}

/// Moves the keyboard into the field of this id, its caret behind so many UTF-16 units, and the line, from 1, of
/// that many into its middle.
pub fn go_to(id: &str, unit: u32, line: usize, line_height: f64) {
    let Some(field) = field(id) else { return };
    // A field that cannot take the focus keeps its caret.
    let _ = field.focus();
    let _ = field.set_selection_range(unit, unit);
    let middle = f64::from(field.client_height()) / 2.0;
    field.set_scroll_top(((line as f64 - 1.0) * line_height - middle).max(0.0) as i32);
}
