//! Measures the engine in WASM; `cargo xtask bench` runs it in Chromium and reads what it prints.
//! It asserts nothing about time: a machine's speed is no property of the code.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

mod models;
mod speed_cases;

use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn every_case_runs() {
    let lines = speed_cases::lines(now_us);
    assert_eq!(lines.len(), speed_cases::CASES.len());
    for line in lines {
        console_log!("{line}");
    }
}

/// The browser's monotonic clock, in microseconds.
fn now_us() -> f64 {
    let global = js_sys::global();
    let performance = js_sys::Reflect::get(&global, &"performance".into()).unwrap();
    let now = js_sys::Reflect::get(&performance, &"now".into()).unwrap();
    let now = now.unchecked_into::<js_sys::Function>().call0(&performance).unwrap();
    now.as_f64().unwrap() * 1000.0
}
