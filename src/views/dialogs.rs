//! Dialogs: the keys, a new fault, a long link. Each is modal and closes with Escape.

use interleave_engine::scenario::document::{Fault, FaultKind, Trigger};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::cmd::{Cmd, dispatch};
use crate::keys;
use crate::state::{App, Dialog, app};

/// Moves through the entries of a menu with the arrow keys.
pub fn arrows(event: web_sys::KeyboardEvent) {
    let forwards = match event.key().as_str() {
        "ArrowDown" => true,
        "ArrowUp" => false,
        _ => return,
    };
    let focused = crate::platform::document().active_element();
    let next = focused.and_then(|element| {
        let step = |element: &web_sys::Element| {
            if forwards {
                element.next_element_sibling()
            } else {
                element.previous_element_sibling()
            }
        };
        std::iter::successors(step(&element), step).find(|it| it.tag_name() == "BUTTON")
    });
    if let Some(next) = next.and_then(|next| next.dyn_into::<web_sys::HtmlElement>().ok()) {
        event.prevent_default();
        let _ = next.focus();
    }
}

/// The open dialog.
#[component]
pub fn Dialogs() -> impl IntoView {
    let app = app();
    let node = NodeRef::<leptos::html::Dialog>::new();
    // The browser's own modal dialog keeps the keyboard inside and gives it back afterwards.
    Effect::new(move |_| {
        let Some(element) = node.get() else { return };
        let open = app.dialog.with(Option::is_some);
        if open && !element.open() {
            let _ = element.show_modal();
        } else if !open && element.open() {
            element.close();
        }
    });
    view! {
        <dialog
            node_ref=node
            class="dialog"
            aria-labelledby="dialog-title"
            on:close=move |_| dispatch(app, Cmd::Dialog(None))
        >
            {move || app.dialog.get().map(|dialog| match dialog {
                Dialog::Keys => view! { <KeysDialog/> }.into_any(),
                Dialog::AddFault => view! { <FaultDialog/> }.into_any(),
                Dialog::LongLink => view! { <LongLinkDialog/> }.into_any(),
            })}
        </dialog>
    }
}

fn head(app: App, title: &'static str) -> impl IntoView {
    view! {
        <div class="dialog-head">
            <h2 id="dialog-title">{title}</h2>
            <button class="btn small" on:click=move |_| dispatch(app, Cmd::Dialog(None))>"Close"</button>
        </div>
    }
}

#[component]
fn KeysDialog() -> impl IntoView {
    let app = app();
    let rows = keys::LINES.iter().map(|line| {
        let caps = line.keys.split(' ').map(|cap| view! { <kbd>{cap}</kbd>" " }).collect_view();
        let off = move || line.single && !app.single_keys.get();
        view! { <tr class:off=off><th scope="row">{caps}</th><td>{line.what}</td></tr> }
    });
    view! {
        {head(app, "Keys")}
        <table class="keys"><tbody>{rows.collect_view()}</tbody></table>
        <label class="switch">
            <input
                type="checkbox"
                prop:checked=move || app.single_keys.get()
                on:change=move |event| dispatch(app, Cmd::SingleKeys(event_target_checked(&event)))
            />
            "Letters and signs alone are keys"
        </label>
    }
}

/// The faults that the form offers: the name in the form, and its title.
const FAULTS: [(&str, &str); 6] = [
    ("crash", "crashes and restarts"),
    ("slow", "is ten times slower"),
    ("pause", "stands still and comes back late"),
    ("refuse", "has a database that refuses writes"),
    ("poison", "gets a record that it cannot read"),
    ("outage", "cannot reach the broker, nor can the others"),
];

/// The events that a fault can follow.
const EVENTS: [&str; 8] = [
    "committed",
    "published",
    "sent",
    "handled",
    "consumed",
    "started",
    "refused",
    "outbox-marked",
];

#[component]
fn FaultDialog() -> impl IntoView {
    let app = app();
    let nodes = app.run_now(|run| {
        let nodes = run.cast().nodes.iter().skip(1);
        nodes.map(|info| info.name.clone()).collect::<Vec<_>>()
    });
    let nodes = nodes.unwrap_or_default();
    let kind = RwSignal::new("crash".to_owned());
    let node = RwSignal::new(nodes.first().cloned().unwrap_or_default());
    let by_event = RwSignal::new(true);
    let event = RwSignal::new("committed".to_owned());
    let nth = RwSignal::new(1_u32);
    let at_ms = RwSignal::new(app.now.get_untracked() / 1_000.0);
    let for_ms = RwSignal::new(50.0_f64);
    let us = |ms: f64| (ms.max(0.0) * 1_000.0).min(1e15) as u64;
    let add = move |_| {
        let node = node.get_untracked();
        let fault = match kind.get_untracked().as_str() {
            "slow" => FaultKind::Slow { node: node.clone(), times: 10.0 },
            "pause" => FaultKind::Pause(node.clone()),
            "refuse" => FaultKind::RefuseWrites(node.clone()),
            "poison" => FaultKind::Poison(node.clone()),
            "outage" => FaultKind::BrokerOutage,
            _ => FaultKind::Crash(node.clone()),
        };
        let by_event = by_event.get_untracked();
        let trigger =
            Trigger { event: event.get_untracked(), node, nth: nth.get_untracked().max(1) };
        dispatch(
            app,
            Cmd::AddFault(Fault {
                fault,
                at_us: (!by_event).then(|| us(at_ms.get_untracked())),
                on: by_event.then_some(trigger),
                for_us: us(for_ms.get_untracked()).max(1),
            }),
        );
    };
    let number = |signal: RwSignal<f64>, label: &'static str| {
        view! {
            <label class="field">
                {label}
                <input
                    class="text" type="number" min="0" step="any"
                    prop:value=move || signal.get().to_string()
                    on:change=move |event| {
                        if let Ok(value) = event_target_value(&event).parse() {
                            signal.set(value);
                        }
                    }
                />
            </label>
        }
    };
    view! {
        {head(app, "A fault of the scenario")}
        <div class="form">
            <label class="field">
                "Node"
                <select class="text" on:change=move |event| node.set(event_target_value(&event))>
                    {nodes.into_iter().map(|name| view! { <option value=name.clone()>{name.clone()}</option> }).collect_view()}
                </select>
            </label>
            <label class="field">
                "What happens to it"
                <select class="text" on:change=move |event| kind.set(event_target_value(&event))>
                    {FAULTS.iter().map(|(name, title)| view! { <option value=*name>{*title}</option> }).collect_view()}
                </select>
            </label>
            <fieldset>
                <legend>"When"</legend>
                <label class="switch">
                    <input type="radio" name="when" prop:checked=move || by_event.get() on:change=move |_| by_event.set(true)/>
                    <span>"right after an event of that node"</span>
                </label>
                <label class="switch">
                    <input type="radio" name="when" prop:checked=move || !by_event.get() on:change=move |_| by_event.set(false)/>
                    <span>"at a time"</span>
                </label>
            </fieldset>
            <Show when=move || by_event.get() fallback=move || number(at_ms, "Milliseconds after the start")>
                <div class="pair-of-fields">
                    <label class="field">
                        "Event"
                        <select class="text" on:change=move |it| event.set(event_target_value(&it))>
                            {EVENTS.iter().map(|name| view! { <option value=*name>{*name}</option> }).collect_view()}
                        </select>
                    </label>
                    <label class="field">
                        "Which, from 1"
                        <input
                            class="text" type="number" min="1"
                            prop:value=move || nth.get().to_string()
                            on:change=move |it| {
                                if let Ok(value) = event_target_value(&it).parse() {
                                    nth.set(value);
                                }
                            }
                        />
                    </label>
                </div>
            </Show>
            {number(for_ms, "For so many milliseconds")}
        </div>
        <div class="buttons">
            <button class="btn primary" on:click=add>"Add it and run"</button>
        </div>
    }
}

#[component]
fn LongLinkDialog() -> impl IntoView {
    let app = app();
    view! {
        {head(app, "A long link")}
        <p>
            "This scenario makes a link of more than 8 KiB. Browsers open it, but mail and chat programs may cut it.
            A file with the scenario is safer to send."
        </p>
        <div class="buttons">
            <button class="btn primary" on:click=move |_| dispatch(app, Cmd::SaveScenario)>"Save the scenario as a file"</button>
            <button class="btn" on:click=move |_| dispatch(app, Cmd::Dialog(None))>"The link is copied all the same"</button>
        </div>
    }
}
