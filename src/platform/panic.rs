//! What stands on the page after a mistake of the program itself.
//!
//! After a panic, cells stay borrowed and signals half set; going on would show something untrue.
//! So the page is made inert, and a plain overlay, drawn without the program, says what happened.

use std::cell::Cell;

use wasm_bindgen::prelude::*;

thread_local! {
    static DEAD: Cell<bool> = const { Cell::new(false) };
}

/// Whether the program has panicked: nothing may run any more.
#[must_use]
pub fn is_dead() -> bool {
    DEAD.with(Cell::get)
}

/// Shows the overlay instead of leaving a page that no longer answers.
pub fn install() {
    std::panic::set_hook(Box::new(|info| {
        let first = !DEAD.with(|dead| dead.replace(true));
        if first {
            let what = info.to_string();
            if draw(&what).is_none() {
                DEAD.with(|dead| dead.set(true));
            }
        }
    }));
}

fn draw(what: &str) -> Option<()> {
    let document = web_sys::window()?.document()?;
    let body = document.body()?;
    let children = body.children_list();
    for child in children {
        child.set_attribute("inert", "").ok()?;
    }
    let overlay = document.create_element("div").ok()?;
    overlay.set_class_name("overlay");
    overlay.set_attribute("role", "alertdialog").ok()?;
    overlay.set_attribute("aria-labelledby", "panic-title").ok()?;
    let card = document.create_element("div").ok()?;
    card.set_class_name("dialog plain");
    let title = document.create_element("h2").ok()?;
    title.set_id("panic-title");
    title.set_text_content(Some("Interleave stopped because of a mistake of its own"));
    let said = document.create_element("p").ok()?;
    said.set_text_content(Some(
        "Nothing on the page can be trusted after that, so it no longer answers. \
         The link still holds what you were looking at: reload to go on from there, or copy it for a report.",
    ));
    let detail = document.create_element("pre").ok()?;
    detail.set_text_content(Some(what));
    let row = document.create_element("div").ok()?;
    row.set_class_name("buttons");
    let reload = button(&document, "Reload", || {
        // A refusal leaves the person with the browser's own button.
        let _ = super::window().location().reload();
    })?;
    reload.set_class_name("btn primary");
    let copy = button(&document, "Copy link", || {
        wasm_bindgen_futures::spawn_local(async {
            super::clipboard::copy(&super::history::address()).await;
        });
    })?;
    copy.set_class_name("btn");
    row.append_child(&reload).ok()?;
    row.append_child(&copy).ok()?;
    for part in [&title, &said, &detail, &row] {
        card.append_child(part).ok()?;
    }
    overlay.append_child(&card).ok()?;
    body.append_child(&overlay).ok()?;
    reload.focus().ok()
}

fn button(
    document: &web_sys::Document,
    text: &str,
    press: impl Fn() + 'static,
) -> Option<web_sys::HtmlElement> {
    let button: web_sys::HtmlElement = document.create_element("button").ok()?.unchecked_into();
    button.set_text_content(Some(text));
    let closure = Closure::<dyn Fn()>::new(press);
    button.set_onclick(Some(closure.as_ref().unchecked_ref()));
    closure.forget();
    Some(button)
}

/// The elements directly under another, as a plain list.
trait ChildrenList {
    fn children_list(&self) -> Vec<web_sys::Element>;
}

impl ChildrenList for web_sys::HtmlElement {
    fn children_list(&self) -> Vec<web_sys::Element> {
        std::iter::successors(self.first_element_child(), web_sys::Element::next_element_sibling)
            .collect()
    }
}
