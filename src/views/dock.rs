//! The dock below: the timeline, the state, the metrics.

use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::state::{App, Dock, DockGroup, app};
use crate::views::{
    lanes::Lanes, locks::Locks, log::Log, metrics::Metrics, rows::Rows, spans::Spans,
    streams::Streams,
};

/// The view that the dock shows: what was asked for, or its group's first where the run on screen
/// has nothing of the kind.
fn shown(app: App) -> Dock {
    let asked = app.dock.get();
    let has = app.run(|run| run.has(asked)).unwrap_or(true);
    if has { asked } else { asked.group().views().next().unwrap_or(asked) }
}

/// The views of a group that the run on screen has.
fn offered(app: App, group: DockGroup) -> Vec<Dock> {
    group.views().filter(|dock| app.run(|run| run.has(*dock)).unwrap_or(true)).collect()
}

/// The name of a view within its group.
fn name(dock: Dock) -> &'static str {
    match dock {
        Dock::Spans => "Spans",
        Dock::Lanes => "Lanes",
        Dock::Rows => "Rows",
        Dock::Log => "Log",
        Dock::Streams => "Streams",
        Dock::Locks => "Locks",
        Dock::Metrics => "Metrics",
    }
}

/// The dock.
#[component]
pub fn DockView() -> impl IntoView {
    let app = app();
    let dock = Memo::new(move |_| shown(app));
    let group = Memo::new(move |_| dock.get().group());
    // Each group opens at the view in which it was left.
    let left_at = StoredValue::new([Dock::Spans, Dock::Rows, Dock::Metrics]);
    Effect::new(move |_| {
        let dock = dock.get();
        left_at.update_value(|left| left[dock.group() as usize] = dock);
    });
    let open = move |group: DockGroup| {
        dispatch(app, Cmd::Dock(left_at.get_value()[group as usize]));
    };
    let tab = move |of: DockGroup| {
        view! {
            <button
                role="tab"
                id=format!("tab-{}", of.id())
                aria-controls="dock-panel"
                aria-selected=move || (group.get() == of).to_string()
                tabindex=move || if group.get() == of { "0" } else { "-1" }
                on:click=move |_| open(of)
            >
                {of.name()}
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
        let count = DockGroup::ALL.len() as i32;
        let next = (group.get_untracked() as i32 + by).rem_euclid(count) as usize;
        let next = DockGroup::ALL[next];
        open(next);
        if let Some(button) = crate::platform::by_id(&format!("tab-{}", next.id())) {
            let _ = button.focus();
        }
    };
    let choice = move |of: Dock| {
        view! {
            <button
                aria-pressed=move || (dock.get() == of).to_string()
                on:click=move |_| dispatch(app, Cmd::Dock(of))
            >
                {name(of)}
            </button>
        }
    };
    let choices = Memo::new(move |_| offered(app, group.get()));
    view! {
        <section class="dock" aria-label="Views of this moment">
            <div class="dock-head">
                <div class="tabs" role="tablist" aria-label="Views of this moment" on:keydown=keys>
                    {DockGroup::ALL.map(tab).collect_view()}
                </div>
                {move || {
                    let choices = choices.get();
                    (choices.len() > 1).then(|| view! {
                        <div class="choices" role="group" aria-label=group.get().name()>
                            {choices.into_iter().map(choice).collect_view()}
                        </div>
                    })
                }}
            </div>
            <div
                class="dock-panel"
                id="dock-panel"
                role="tabpanel"
                tabindex="0"
                aria-labelledby=move || format!("tab-{}", group.get().id())
            >
                {move || match dock.get() {
                    Dock::Spans => view! { <Spans/> }.into_any(),
                    Dock::Lanes => view! { <Lanes/> }.into_any(),
                    Dock::Rows => view! { <Rows/> }.into_any(),
                    Dock::Log => view! { <Log/> }.into_any(),
                    Dock::Streams => view! { <Streams/> }.into_any(),
                    Dock::Locks => view! { <Locks/> }.into_any(),
                    Dock::Metrics => view! { <Metrics/> }.into_any(),
                }}
            </div>
        </section>
    }
}
