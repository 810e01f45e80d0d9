//! Listeners on the window that last as long as the page.

use wasm_bindgen::prelude::*;

/// Listens to an event of the window.
pub fn on_window<E: JsCast + 'static>(name: &str, listener: impl Fn(E) + 'static) {
    let closure = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
        listener(event.unchecked_into());
    });
    let target = super::window();
    if target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref()).is_ok() {
        closure.forget();
    }
}

/// Tells the size in pixels of the page of an element now and whenever it changes, for as long as the page lasts.
pub fn on_resize(element: &web_sys::Element, tell: impl Fn(f64, f64) + 'static) {
    let watched = element.clone();
    let closure = Closure::<dyn Fn()>::new(move || {
        let (rect, zoom) = (watched.get_bounding_client_rect(), super::zoom::of(&watched));
        tell(rect.width() / zoom, rect.height() / zoom);
    });
    if let Ok(observer) = web_sys::ResizeObserver::new(closure.as_ref().unchecked_ref()) {
        observer.observe(element);
        closure.forget();
    }
}

/// Tells whether a file is being held over the page, and takes the one that is dropped on it.
pub fn on_files(hold: impl Fn(bool) + Clone + 'static, take: impl Fn(web_sys::File) + 'static) {
    let files = |event: &web_sys::DragEvent| {
        let data = event.data_transfer()?;
        data.types().includes(&"Files".into(), 0).then_some(data)
    };
    let held = hold.clone();
    on_window("dragover", move |event: web_sys::DragEvent| {
        if let Some(data) = files(&event) {
            // Only so does the browser let it be dropped here; else it would leave the page for the file.
            event.prevent_default();
            data.set_drop_effect("copy");
            held(true);
        }
    });
    let held = hold.clone();
    on_window("dragleave", move |event: web_sys::DragEvent| {
        if event.related_target().is_none() {
            held(false);
        }
    });
    on_window("drop", move |event: web_sys::DragEvent| {
        hold(false);
        if let Some(data) = files(&event) {
            event.prevent_default();
            if let Some(file) = data.files().and_then(|files| files.get(0)) {
                take(file);
            }
        }
    });
}
