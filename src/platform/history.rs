//! The address bar.

use wasm_bindgen::JsValue;

/// The fragment of the address without its `#`.
#[must_use]
pub fn fragment() -> String {
    let hash = super::window().location().hash().unwrap_or_default();
    hash.strip_prefix('#').unwrap_or(&hash).to_owned()
}

/// The query of the address without its `?`.
#[must_use]
pub fn query() -> String {
    let query = super::window().location().search().unwrap_or_default();
    query.strip_prefix('?').unwrap_or(&query).to_owned()
}

/// The whole address.
#[must_use]
pub fn address() -> String {
    super::window().location().href().unwrap_or_default()
}

/// The whole address with another fragment.
#[must_use]
pub fn address_with(fragment: &str) -> String {
    let address = address();
    let before = address.split('#').next().unwrap_or_default();
    format!("{before}#{fragment}")
}

/// Replaces the fragment without a new entry.
pub fn replace(fragment: &str) {
    set(fragment, false);
}

/// Sets the fragment as a new entry to go back from.
pub fn push(fragment: &str) {
    set(fragment, true);
}

fn set(fragment: &str, new_entry: bool) {
    let Ok(history) = super::window().history() else { return };
    let url = format!("#{fragment}");
    // Browsers refuse hundreds of changes within seconds; the next one will carry the state.
    let _ = if new_entry {
        history.push_state_with_url(&JsValue::NULL, "", Some(&url))
    } else {
        history.replace_state_with_url(&JsValue::NULL, "", Some(&url))
    };
}
