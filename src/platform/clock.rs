//! Time of the machine: for measuring frames and cutting work into slices, never for the engine.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

/// Milliseconds since the page was opened.
#[must_use]
pub fn now_ms() -> f64 {
    super::window().performance().map_or(0.0, |clock| clock.now())
}

/// Milliseconds since the beginning of 1970, for what is saved today and listed tomorrow.
#[must_use]
pub fn today_ms() -> u64 {
    js_sys::Date::now() as u64
}

/// A moment of [`today_ms`], as people write it where this browser is.
#[must_use]
pub fn date(at_ms: u64) -> String {
    let date = js_sys::Date::new(&(at_ms as f64).into());
    date.to_locale_string("default", &wasm_bindgen::JsValue::UNDEFINED).into()
}

/// Calls back before the next picture is drawn, with the time in milliseconds.
pub fn next_frame(callback: impl FnOnce(f64) + 'static) {
    let closure = Closure::once_into_js(callback);
    // A refusal means that the page is being closed.
    let _ = super::window().request_animation_frame(closure.unchecked_ref());
}

/// Calls back as soon as the browser has served its inputs.
pub fn soon(callback: impl FnOnce() + 'static) {
    after_ms(0, callback);
}

/// Calls back after so many milliseconds.
pub fn after_ms(ms: i32, callback: impl FnOnce() + 'static) {
    let closure = Closure::once_into_js(callback);
    let _ = super::window()
        .set_timeout_with_callback_and_timeout_and_arguments_0(closure.unchecked_ref(), ms);
}

/// The script times of the last frames in milliseconds, readable from outside as
/// `window.__interleave.frame_ms`, so that a test can take a percentile of them.
#[derive(Clone)]
pub struct FrameTimes(Rc<RefCell<(js_sys::Array, u32)>>);

/// How many frames are remembered: ten seconds at 60 a second.
const FRAMES_KEPT: u32 = 600;

impl FrameTimes {
    /// Publishes an empty list.
    #[must_use]
    pub fn publish() -> Self {
        let list = js_sys::Array::new();
        let door = js_sys::Object::new();
        // Plain objects take any property, so none of this can fail.
        let _ = js_sys::Reflect::set(&door, &"frame_ms".into(), &list);
        let _ = js_sys::Reflect::set(&super::window(), &"__interleave".into(), &door);
        Self(Rc::new(RefCell::new((list, 0))))
    }

    /// Records one frame.
    pub fn record(&self, ms: f64) {
        let mut ring = self.0.borrow_mut();
        let at = ring.1 % FRAMES_KEPT;
        ring.0.set(at, ms.into());
        ring.1 = ring.1.wrapping_add(1);
    }
}
