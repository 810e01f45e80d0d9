//! What the page remembers between visits: the theme, and nothing about what was looked at.

/// A remembered value.
#[must_use]
pub fn get(key: &str) -> Option<String> {
    super::window().local_storage().ok()??.get_item(key).ok()?
}

/// Remembers a value; a browser that forbids it forgets.
pub fn set(key: &str, value: &str) {
    if let Ok(Some(storage)) = super::window().local_storage() {
        let _ = storage.set_item(key, value);
    }
}
