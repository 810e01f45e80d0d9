//! The other side: the program in a worker, where there is no window and no document.

use wasm_bindgen::prelude::*;
use web_sys::DedicatedWorkerGlobalScope;

/// Whether the program runs in a worker of the page instead of on it.
#[must_use]
pub fn is_worker() -> bool {
    web_sys::window().is_none()
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Milliseconds since the worker was started.
#[must_use]
pub fn now_ms() -> f64 {
    scope().performance().map_or(0.0, |clock| clock.now())
}

/// Says a text to the page.
pub fn say(text: &str) {
    // A page that is gone takes its worker with it.
    let _ = scope().post_message(&text.into());
}

/// Listens to what the page says for as long as the worker lasts.
pub fn listen(heard: impl Fn(&str) + 'static) {
    let closure =
        Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
            if let Some(text) = event.data().as_string() {
                heard(&text);
            }
        });
    scope().set_onmessage(Some(closure.as_ref().unchecked_ref()));
    closure.forget();
}

/// A bell that the worker rings for itself: what it wakes runs behind everything that has come in.
/// Timers would do, but browsers hold back by some milliseconds those that start each other.
pub struct Bell(Option<web_sys::MessagePort>);

impl Bell {
    /// A bell that calls `rung` at each ring.
    #[must_use]
    pub fn new(rung: impl Fn() + 'static) -> Self {
        let Ok(channel) = web_sys::MessageChannel::new() else { return Self(None) };
        let closure = Closure::<dyn Fn()>::new(rung);
        channel.port1().set_onmessage(Some(closure.as_ref().unchecked_ref()));
        closure.forget();
        Self(Some(channel.port2()))
    }

    /// Rings.
    pub fn ring(&self) {
        if let Some(port) = &self.0 {
            let _ = port.post_message(&JsValue::NULL);
        }
    }
}

/// The bytes that the program holds: its memory never shrinks, so this is the most there ever was.
#[must_use]
pub fn heap_bytes() -> f64 {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    let buffer: js_sys::ArrayBuffer = memory.buffer().unchecked_into();
    f64::from(buffer.byte_length())
}
