//! Where the keyboard is.

use std::task::Poll;

use wasm_bindgen::JsCast;

/// How many turns of the page's own tasks an element may take to be drawn.
const TURNS: u32 = 64;

/// Moves the keyboard to the element of this id as soon as it is drawn, before the browser
/// serves another key: what a person types ahead goes where they meant it to go.
pub fn later(id: &'static str) {
    wasm_bindgen_futures::spawn_local(async move {
        for _ in 0..TURNS {
            if let Some(element) = super::by_id(id) {
                // An element that cannot take the focus leaves it where it was.
                let _ = element.focus();
                return;
            }
            turn().await;
        }
    });
}

/// Lets the tasks that wait to run have their turn, without giving the browser one.
fn turn() -> impl Future<Output = ()> {
    let mut waited = false;
    std::future::poll_fn(move |context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

/// The elements that a selector finds, in the order of the page.
fn all(selector: &str) -> Vec<web_sys::HtmlElement> {
    let Ok(list) = super::document().query_selector_all(selector) else { return Vec::new() };
    (0..list.length()).filter_map(|at| list.item(at)?.dyn_into().ok()).collect()
}

/// Moves the keyboard by so many among the elements that a selector finds; from outside to the first.
pub fn step(selector: &str, by: i32) {
    let list = all(selector);
    let here = super::document().active_element();
    let at = list.iter().position(|it| here.as_ref() == Some(it));
    let to = at.map_or(0, |at| at.saturating_add_signed(by as isize));
    if let Some(element) = list.get(to) {
        // What cannot take the keyboard leaves it where it was.
        let _ = element.focus();
    }
}

/// Presses the first element that a selector finds.
pub fn press_first(selector: &str) {
    if let Some(element) = all(selector).first() {
        element.click();
    }
}

/// Scrolls the element of this id into its list once it is drawn.
pub fn show_later(id: &'static str) {
    super::clock::soon(move || {
        if let Some(element) = super::by_id(id) {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            element.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });
}

/// Whether the keyboard is in an element that takes text or has keys of its own, so that the
/// page's single-letter keys must stand back.
#[must_use]
pub fn is_typing() -> bool {
    let Some(element) = super::document().active_element() else { return false };
    match element.tag_name().as_str() {
        "INPUT" => {
            let input: &web_sys::HtmlInputElement = element.unchecked_ref();
            !matches!(input.type_().as_str(), "checkbox" | "radio" | "button")
        }
        "TEXTAREA" | "SELECT" => true,
        _ => false,
    }
}

/// Whether the keyboard is on something that the space and enter keys press.
#[must_use]
pub fn is_pressable() -> bool {
    super::document().active_element().is_some_and(|element| {
        matches!(element.tag_name().as_str(), "BUTTON" | "A" | "SUMMARY" | "INPUT")
            || element.get_attribute("role").is_some_and(|role| role == "button" || role == "tab")
    })
}

/// Moves the keyboard to the element of this id and brings it to the top of what scrolls.
pub fn jump(id: &str) {
    if let Some(element) = super::by_id(id) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Start);
        element.scroll_into_view_with_scroll_into_view_options(&options);
        // An element that cannot take the focus leaves it where it was.
        let _ = element.focus();
    }
}
