//! The field with its marks and its numbers of lines.
//!
//! The browser's own field holds the text. Below it lies a layer in the same type that draws only what is marked;
//! beside it a layer with the numbers of those lines that are in sight. A key costs neither a look at the text.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::act::desk::{FIELD, LINE_PX};
use crate::cmd::{Cmd, DeskCmd, dispatch};
use crate::state::app;

/// How far the first line is from the edge of the field, in pixels, as `style/desk.css` has it.
const EDGE_PX: f64 = 8.0;

/// What of the text is in sight.
#[derive(Clone, Copy, PartialEq, Default)]
struct Sight {
    top: f64,
    left: f64,
    height: f64,
    lines: usize,
}

impl Sight {
    fn of(field: &web_sys::HtmlTextAreaElement) -> Self {
        let (inner, height) = (f64::from(field.scroll_height()), f64::from(field.client_height()));
        let lines = if inner > height {
            ((inner - 2.0 * EDGE_PX) / LINE_PX).round() as usize
        } else {
            // All of it is in sight, so it has few lines; there is nothing else that tells how many.
            field.value().matches('\n').count() + 1
        };
        Self {
            top: f64::from(field.scroll_top()),
            left: f64::from(field.scroll_left()),
            height,
            lines,
        }
    }
}

/// The editor.
#[component]
pub(super) fn Editor() -> impl IntoView {
    let app = app();
    let field = NodeRef::<leptos::html::Textarea>::new();
    let sight = RwSignal::new(Sight::default());
    let look = move || {
        // The browser still tells of the field's size when the desk has been put away.
        if let Some(Some(field)) = field.try_get_untracked() {
            let now = Sight::of(&field);
            if sight.try_get_untracked().is_some_and(|before| before != now) {
                sight.try_set(now);
            }
        }
    };
    Effect::new(move |_| {
        app.desk.put.track();
        let Some(field) = field.get() else { return };
        app.desk.text.with_untracked(|text| {
            if field.value() != **text {
                field.set_value(text);
            }
        });
        look();
    });
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            crate::platform::listen::on_resize(field.unchecked_ref(), move |_, _| look());
        }
    });
    let wrong_lines = Memo::new(move |_| {
        app.desk.reading.with(|reading| {
            let mut lines: Vec<usize> = reading.mistakes().iter().map(|it| it.line).collect();
            lines.dedup();
            lines
        })
    });
    let numbers = move || {
        let sight = sight.get();
        let first = (((sight.top - EDGE_PX) / LINE_PX).floor().max(0.0)) as usize;
        let shown = (sight.height / LINE_PX).ceil() as usize + 2;
        let wrong = wrong_lines.get();
        let drawn = (first..(first + shown).min(sight.lines)).map(|line| {
            let top = EDGE_PX + line as f64 * LINE_PX - sight.top;
            let is_wrong = wrong.contains(&(line + 1));
            view! {
                <span class:bad=is_wrong style:top=format!("{top}px")>
                    {is_wrong.then_some("✕ ")}{line + 1}
                </span>
            }
        });
        drawn.collect_view()
    };
    let marks = move || {
        let reading = app.desk.reading.get();
        let drawn = reading.mistakes().iter().map(|mistake| {
            let top = EDGE_PX + (mistake.line as f64 - 1.0) * LINE_PX;
            view! {
                <div style:top=format!("{top}px")>{mistake.before.clone()}<mark>{mistake.marked.clone()}</mark></div>
            }
        });
        drawn.collect_view()
    };
    let shift = move || {
        let sight = sight.get();
        format!("translate({}px, {}px)", -sight.left, -sight.top)
    };
    view! {
        <div class="editor">
            <div class="numbers mono" aria-hidden="true">{numbers}</div>
            <div class="paper">
                <div class="marks" aria-hidden="true">
                    <div style:transform=shift>{marks}</div>
                </div>
                <textarea
                    node_ref=field
                    id=FIELD
                    class="mono"
                    spellcheck="false"
                    autocapitalize="off"
                    wrap="off"
                    aria-label="The scenario as JSON"
                    aria-describedby="desk-says"
                    aria-invalid=move || (!wrong_lines.with(Vec::is_empty)).to_string()
                    on:input=move |_| {
                        look();
                        dispatch(app, Cmd::Desk(DeskCmd::Typed));
                    }
                    on:scroll=move |_| look()
                    on:keydown=move |event: web_sys::KeyboardEvent| {
                        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                            event.prevent_default();
                            dispatch(app, Cmd::Desk(DeskCmd::Run));
                        }
                    }
                ></textarea>
            </div>
        </div>
    }
}
