//! The seconds of the table of breaks: every check of it once, natively and in Chromium.
//! `cargo xtask table` runs it in both and reads what it prints. It asserts nothing about time, and
//! natively it runs only where it is asked for: `breaks.rs` holds the same checks.
#![allow(clippy::unwrap_used)]

mod breaks_support;

use interleave_engine::session::{CheckRequest, RunInput, open};

use breaks_support::pairs::checks;

/// Makes every check and gives a line for each: `table: NAME STATES MICROSECONDS`.
fn lines(now_us: fn() -> f64) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, scenario, faults) in checks() {
        let session = open(&RunInput::of(scenario)).unwrap();
        let request = CheckRequest {
            faults: Some(faults),
            max_states: Some(500_000),
            ..CheckRequest::default()
        };
        let start_us = now_us();
        let mut check = session.check(&request).unwrap();
        while !check.run_slice(10_000) {}
        let report = check.report();
        let time_us = now_us() - start_us;
        assert!(report.complete, "{name}");
        lines.push(format!("table: {name} {} {time_us:.0}", report.states));
    }
    lines
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    #![expect(clippy::disallowed_types, reason = "it measures the engine, which has no clock")]

    use std::sync::LazyLock;
    use std::time::Instant;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

    fn now_us() -> f64 {
        START.elapsed().as_secs_f64() * 1e6
    }

    #[test]
    #[ignore = "it measures; `cargo xtask table` runs it"]
    fn every_check_is_timed() {
        for line in super::lines(now_us) {
            println!("{line}");
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod browser {
    use wasm_bindgen::JsCast as _;
    use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

    wasm_bindgen_test_configure!(run_in_browser);

    #[wasm_bindgen_test]
    fn every_check_is_timed() {
        for line in super::lines(now_us) {
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
}
