//! The steps of the flows by controls, and the network's delay: both in step with the text.

use interleave_engine::scenario::document::{Distribution, Flow};
use interleave_engine::views::format;
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::document::steps::{KINDS, StepEdit, TEMPLATES};
use crate::state::{App, app};

/// The steps of each flow.
#[component]
pub fn StepsPanel() -> impl IntoView {
    let app = app();
    let parts = Memo::new(move |_| {
        let scenario = app.scenario()?;
        let services: Vec<String> = scenario.services.iter().map(|it| it.name.clone()).collect();
        Some((services, scenario.transactions))
    });
    let summary = move || {
        let count = parts.with(|it| {
            it.as_ref().map_or(0, |(_, flows)| flows.iter().map(|it| it.steps.len()).sum())
        });
        format::counted(count as u64, "step", "steps")
    };
    view! {
        <details class="panel">
            <summary><b>"Steps"</b><span>{summary}</span></summary>
            <div>
                {move || parts.get().map(|(services, flows)| {
                    let many = flows.len() > 1;
                    let drawn = flows.into_iter().enumerate();
                    drawn.map(|(at, it)| flow(app, at, it, &services, many)).collect_view()
                })}
            </div>
        </details>
    }
}

fn flow(app: App, at: usize, flow: Flow, services: &[String], many: bool) -> AnyView {
    let edit = move |edit: StepEdit| dispatch(app, Cmd::EditSteps { flow: at, edit });
    let last = flow.steps.len() - 1;
    let rows = flow.steps.into_iter().enumerate().map(|(n, step)| {
        let name = step.name;
        let button = move |sign: &'static str, label: String, off: bool, change: StepEdit| view! {
            <button
                class="btn small icon"
                aria-label=label.clone()
                title=label
                disabled=off
                on:click=move |_| edit(change.clone())
            >
                {sign}
            </button>
        };
        let of_services = services.iter().map(|service| view! {
            <option value=service.clone() selected=*service == step.service>{service.clone()}</option>
        });
        let of_kinds = KINDS.iter().enumerate().map(|(k, (kind, name))| view! {
            <option value=k.to_string() selected=*kind == step.kind>{*name}</option>
        });
        view! {
            <li>
                <b>{name.clone()}</b>
                <span class="order">
                    {button("↑", format!("Move {name} up"), n == 0, StepEdit::Move { step: n, up: true })}
                    {button("↓", format!("Move {name} down"), n == last, StepEdit::Move { step: n, up: false })}
                    {button("−", format!("Remove {name}"), last == 0, StepEdit::Remove(n))}
                </span>
                <select
                    class="text"
                    aria-label=format!("Service of {name}")
                    on:change=move |event| edit(StepEdit::Service(n, event_target_value(&event)))
                >
                    {of_services.collect_view()}
                </select>
                <select
                    class="text"
                    aria-label=format!("Kind of {name}")
                    on:change=move |event| {
                        let chosen = event_target_value(&event).parse::<usize>().ok();
                        if let Some((kind, _)) = chosen.and_then(|chosen| KINDS.get(chosen)) {
                            edit(StepEdit::Kind(n, *kind));
                        }
                    }
                >
                    {of_kinds.collect_view()}
                </select>
            </li>
        }
    });
    let title = flow.name.clone();
    view! {
        {many.then(|| view! { <p class="small dim">{flow.name}</p> })}
        <ol class="edit-steps">{rows.collect_view()}</ol>
        <label class="field">
            "Add a step that"
            <select
                class="text"
                aria-label=format!("Add a step to {title} that")
                on:change=move |event| {
                    let chosen = event_target_value(&event).parse::<usize>().ok();
                    if let Some((template, _)) = chosen.and_then(|chosen| TEMPLATES.get(chosen)) {
                        edit(StepEdit::Add(*template));
                    }
                }
            >
                <option value="" selected=true>"…"</option>
                {TEMPLATES.iter().enumerate().map(|(n, (_, title))| view! { <option value=n.to_string()>{*title}</option> }).collect_view()}
            </select>
        </label>
    }
    .into_any()
}

/// How long a message takes, in words.
fn says(delay: &Distribution) -> String {
    let ms = |us: f64| format::duration(us.max(0.0) as u64);
    match delay {
        Distribution::Constant(us) => format!("always {}", ms(*us)),
        Distribution::Uniform { min, max } => format!("{} to {}", ms(*min), ms(*max)),
        Distribution::Exponential { mean } => format!("exponential, mean {}", ms(*mean)),
        Distribution::LogNormal { median, .. } => format!("log-normal, median {}", ms(*median)),
        Distribution::Pareto { scale, .. } => format!("Pareto, at least {}", ms(*scale)),
    }
}

/// The delay of every message.
#[component]
pub fn NetworkPanel() -> impl IntoView {
    let app = app();
    let delay = Memo::new(move |_| app.scenario().map(|scenario| scenario.network.delay_us));
    let constant = move || match delay.get() {
        Some(Distribution::Constant(us)) => (us / 1_000.0).to_string(),
        _ => String::new(),
    };
    view! {
        <details class="panel">
            <summary><b>"Network"</b><span>{move || delay.get().map(|it| says(&it))}</span></summary>
            <div>
                <label class="field">
                    "Each message takes, always, in milliseconds"
                    <input
                        class="text" type="number" min="0" max="3600000" step="any"
                        prop:value=constant
                        on:change=move |event| {
                            let ms: Option<f64> = event_target_value(&event).parse().ok();
                            if let Some(ms) = ms.filter(|ms| (0.0..=3.6e6).contains(ms)) {
                                dispatch(app, Cmd::SetDelay { us: ms * 1_000.0 });
                            }
                        }
                    />
                </label>
                <p class="small dim">"Other distributions, losses and single links stand in the text."</p>
            </div>
        </details>
    }
}
