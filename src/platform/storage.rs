//! What the page remembers between visits: settings, and the scenarios that a person has saved by name.

use wasm_bindgen::JsValue;

/// Why the browser did not keep a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It gives this page no storage.
    Denied,
    /// It is full.
    Full,
}

fn storage() -> Result<web_sys::Storage, Refused> {
    super::window().local_storage().ok().flatten().ok_or(Refused::Denied)
}

/// A remembered value.
#[must_use]
pub fn get(key: &str) -> Option<String> {
    storage().ok()?.get_item(key).ok()?
}

/// Remembers a value; a browser that forbids it forgets.
pub fn set(key: &str, value: &str) {
    let _ = put(key, value);
}

/// Keeps a value.
///
/// # Errors
/// Why it was not kept.
pub fn put(key: &str, value: &str) -> Result<(), Refused> {
    storage()?.set_item(key, value).map_err(|error| refused(&error))
}

fn refused(error: &JsValue) -> Refused {
    let name = js_sys::Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string());
    match name.as_deref() {
        // Firefox has a name of its own for it.
        Some("QuotaExceededError" | "NS_ERROR_DOM_QUOTA_REACHED") => Refused::Full,
        _ => Refused::Denied,
    }
}

/// Forgets a value.
pub fn remove(key: &str) {
    if let Ok(storage) = storage() {
        // There is nothing that could fail but a storage that is not there.
        let _ = storage.remove_item(key);
    }
}

/// The keys that begin with a prefix, in order.
///
/// # Errors
/// Where the browser gives no storage.
pub fn keys(prefix: &str) -> Result<Vec<String>, Refused> {
    let storage = storage()?;
    let count = storage.length().map_err(|_| Refused::Denied)?;
    let keys = (0..count).filter_map(|at| storage.key(at).ok().flatten());
    let mut keys: Vec<String> = keys.filter(|key| key.starts_with(prefix)).collect();
    keys.sort();
    Ok(keys)
}
