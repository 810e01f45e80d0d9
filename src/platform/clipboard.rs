//! Copying text.

use wasm_bindgen_futures::JsFuture;

/// Copies a text; false where the browser refuses, as it does without a secure context.
pub async fn copy(text: &str) -> bool {
    let navigator = super::window().navigator();
    // Outside a secure context the property is missing, although its type says otherwise.
    if js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|it| it.is_undefined()) {
        return false;
    }
    JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}
