//! The page without a network: a service worker keeps the files of a release from the first visit on.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// The worker's file, which `cargo xtask seal` writes beside a released page.
const WORKER: &str = "./offline.js";

/// Keeps the page for later, where it is a released one and the browser has a store for it. Without one
/// the page is as it is, so that a refusal is nobody's concern.
pub fn keep() {
    if cfg!(debug_assertions) {
        return;
    }
    let navigator: JsValue = super::window().navigator().into();
    // Absent outside of secure addresses, where the binding would fail.
    let has = js_sys::Reflect::get(&navigator, &"serviceWorker".into());
    let Some(container) = has.ok().filter(JsValue::is_object) else { return };
    let container: web_sys::ServiceWorkerContainer = container.unchecked_into();
    spawn_local(async move {
        let _ = JsFuture::from(container.register(WORKER)).await;
    });
}
