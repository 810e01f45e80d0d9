//! The dock below: the timeline, the state, the metrics.

use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::state::{Dock, app};
use crate::views::{lanes::Lanes, log::Log, metrics::Metrics, rows::Rows, spans::Spans};

/// The dock.
#[component]
pub fn DockView() -> impl IntoView {
    let app = app();
    let tab = move |dock: Dock, name: &'static str| {
        view! {
            <button
                role="tab"
                id=format!("tab-{}", dock.id())
                aria-controls="dock-panel"
                aria-selected=move || (app.dock.get() == dock).to_string()
                tabindex=move || if app.dock.get() == dock { "0" } else { "-1" }
                on:click=move |_| dispatch(app, Cmd::Dock(dock))
            >
                {name}
            </button>
        }
    };
    // The tabs are one stop of the keyboard; the arrows go from one to the other.
    let keys = move |event: web_sys::KeyboardEvent| {
        let by: i32 = match event.key().as_str() {
            "ArrowRight" => 1,
            "ArrowLeft" => -1,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        let count = Dock::ALL.len() as i32;
        let now = Dock::ALL.iter().position(|it| *it == app.dock.get_untracked()).unwrap_or(0);
        let next = Dock::ALL[(now as i32 + by).rem_euclid(count) as usize];
        dispatch(app, Cmd::Dock(next));
        if let Some(button) = crate::platform::by_id(&format!("tab-{}", next.id())) {
            let _ = button.focus();
        }
    };
    view! {
        <section class="dock" aria-label="Views of this moment">
            <div class="tabs" role="tablist" on:keydown=keys>
                <span class="group">"Timeline"</span>
                {tab(Dock::Spans, "Spans")}
                {tab(Dock::Lanes, "Lanes")}
                <span class="group">"State"</span>
                {tab(Dock::Rows, "Rows")}
                {tab(Dock::Log, "Log")}
                <span class="group rule"></span>
                {tab(Dock::Metrics, "Metrics")}
            </div>
            <div
                class="dock-panel"
                id="dock-panel"
                role="tabpanel"
                tabindex="0"
                aria-labelledby=move || format!("tab-{}", app.dock.get().id())
            >
                {move || match app.dock.get() {
                    Dock::Spans => view! { <Spans/> }.into_any(),
                    Dock::Lanes => view! { <Lanes/> }.into_any(),
                    Dock::Rows => view! { <Rows/> }.into_any(),
                    Dock::Log => view! { <Log/> }.into_any(),
                    Dock::Metrics => view! { <Metrics/> }.into_any(),
                }}
            </div>
        </section>
    }
}
