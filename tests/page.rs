//! The page in a real browser, as far as one mounted tree can show it; the rest is in `tests/e2e`.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::window;

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn mounting_takes_the_loader_away() {
    let document = window().unwrap().document().unwrap();
    let body = document.body().unwrap();
    let loader = document.create_element("div").unwrap();
    loader.set_id("loader");
    body.append_child(&loader).unwrap();

    interleave::mount();

    assert!(document.get_element_by_id("loader").is_none());
    assert!(body.query_selector("main").unwrap().is_some());
}
