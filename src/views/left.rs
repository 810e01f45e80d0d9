//! The panel to the left: flow, faults, options, load, and how to read the picture.

use interleave_engine::scenario::document::{
    Arrivals, Compensate, CompensationOrder, Options, Orchestrator, Workload,
};
use interleave_engine::views::format;
use leptos::prelude::*;

use crate::cmd::{Cmd, DeskCmd, dispatch};
use crate::state::{App, app};
use crate::views::faults::Faults;
use crate::views::steps::{NetworkPanel, StepsPanel};

/// The panel to the left.
#[component]
pub fn Left() -> impl IntoView {
    let app = app();
    view! {
        <aside class="left" aria-label="The scenario">
            <Show
                when=move || app.left.get()
                fallback=move || view! {
                    <button class="tab-edge" on:click=move |_| dispatch(app, Cmd::ToggleLeft)>
                        "Flow, faults, load"
                    </button>
                }
            >
                <section class="panel">
                    <h2 class="cap">
                        "Flow"
                        <span class="pair">
                            <button
                                id="desk-open"
                                class="link"
                                on:click=move |_| dispatch(app, Cmd::Desk(DeskCmd::Open))
                            >
                                "Edit"
                            </button>
                            <button
                                class="link"
                                aria-label="Close this panel"
                                on:click=move |_| dispatch(app, Cmd::ToggleLeft)
                            >
                                "Close"
                            </button>
                        </span>
                    </h2>
                    {move || flows(app)}
                </section>
                <Controls/>
                <Legend/>
            </Show>
        </aside>
    }
}

/// The most used parts of the scenario. They are in step with the text both ways: while that has
/// mistakes they stand back.
#[component]
pub fn Controls() -> impl IntoView {
    let app = app();
    let wrong = Memo::new(move |_| {
        app.desk.open.get() && app.desk.reading.with(|it| !it.mistakes().is_empty())
    });
    view! {
        <Show when=move || wrong.get()>
            <p class="panel small dim">"The controls wait until the text has no mistakes."</p>
        </Show>
        <fieldset class="controls-of-text" disabled=move || wrong.get()>
            <Faults/>
            <StepsPanel/>
            <LoadPanel/>
            <NetworkPanel/>
            <OptionsPanel/>
        </fieldset>
    }
}

fn flows(app: App) -> Option<impl IntoView> {
    let flows = app.run(|run| {
        let cast = run.cast();
        let flow = |flow: &interleave_engine::cast::FlowInfo| {
            let steps = flow.steps.iter().map(|step| {
                let says = if step.say.is_empty() {
                    cast.sym(step.name).to_owned()
                } else {
                    step.say.replace('$', "")
                };
                let tag = match step.kind {
                    "pivot" => "pivot",
                    "retriable" => "retried",
                    _ if step.undoable => "undo",
                    _ => "no undo",
                };
                (cast.node(step.node).to_owned(), says, tag)
            });
            (flow.name.clone(), steps.collect::<Vec<_>>())
        };
        cast.flows.iter().map(flow).collect::<Vec<_>>()
    })?;
    let many = flows.len() > 1;
    let drawn = flows.into_iter().map(|(name, steps)| {
        let steps = steps.into_iter().enumerate().map(|(at, (node, says, tag))| {
            let about = match tag {
                "pivot" => "the point of no return",
                "retried" => "retried until it succeeds",
                "undo" => "can be undone",
                _ => "has no compensation",
            };
            view! {
                <li class="step">
                    <i>{at + 1}</i>
                    <div><b>{node}</b>" "<small>{says}</small></div>
                    <span class="tag" title=about>{tag}</span>
                </li>
            }
        });
        view! {
            {many.then(|| view! { <p class="small dim">{name}</p> })}
            <ol>{steps.collect_view()}</ol>
        }
    });
    Some(drawn.collect_view())
}

#[component]
fn OptionsPanel() -> impl IntoView {
    let app = app();
    let options = move || app.scenario().map(|scenario| scenario.options).unwrap_or_default();
    let change = move |name: &str, change: fn(&mut Options, bool), on: bool| {
        let mut options = options();
        change(&mut options, on);
        dispatch(app, Cmd::SetOptions { options, name: name.to_owned() });
    };
    let summary = move || {
        let options = options();
        let off: Vec<&str> = [("outbox", options.outbox), ("inbox", options.inbox)]
            .into_iter()
            .filter_map(|(name, on)| (!on).then_some(name))
            .collect();
        if off.is_empty() {
            "outbox on · inbox on".to_owned()
        } else {
            format!("{} off", off.join(", "))
        }
    };
    view! {
        <details class="panel">
            <summary><b>"Options"</b><span>{summary}</span></summary>
            <div>
                {toggle(
                    "Outbox",
                    "messages are stored with the rows and sent by a relay",
                    move || options().outbox,
                    move |on| change(if on { "outbox on" } else { "outbox off" }, |it, on| it.outbox = on, on),
                )}
                {toggle(
                    "Inbox",
                    "what was handled once is not applied again",
                    move || options().inbox,
                    move |on| change(if on { "inbox on" } else { "inbox off" }, |it, on| it.inbox = on, on),
                )}
                {toggle(
                    "Compensate the failed step too",
                    "its outcome may be unknown",
                    move || options().compensate == Compensate::FailedToo,
                    move |on| change(
                        if on { "failed step compensated too" } else { "completed steps compensated" },
                        |it, on| it.compensate = if on { Compensate::FailedToo } else { Compensate::Completed },
                        on,
                    ),
                )}
                {toggle(
                    "Compensate all at once",
                    "instead of the last step first",
                    move || options().compensation_order == CompensationOrder::Parallel,
                    move |on| change(
                        if on { "compensations at once" } else { "compensations in turn" },
                        |it, on| it.compensation_order =
                            if on { CompensationOrder::Parallel } else { CompensationOrder::Sequential },
                        on,
                    ),
                )}
                {toggle(
                    "Orchestrator inside the first service",
                    "instead of a node and database of its own",
                    move || options().orchestrator == Orchestrator::FirstService,
                    move |on| change(
                        if on { "orchestrator in the first service" } else { "orchestrator apart" },
                        |it, on| it.orchestrator =
                            if on { Orchestrator::FirstService } else { Orchestrator::Separate },
                        on,
                    ),
                )}
            </div>
        </details>
    }
}

fn toggle(
    title: &'static str,
    about: &'static str,
    on: impl Fn() -> bool + Send + 'static,
    set: impl Fn(bool) + 'static,
) -> impl IntoView {
    view! {
        <label class="switch">
            <input
                type="checkbox"
                prop:checked=on
                on:change=move |event| set(event_target_checked(&event))
            />
            <span>{title}<small>{about}</small></span>
        </label>
    }
}

/// What arrives, in words.
fn load(workload: &Workload) -> String {
    let count = workload.count;
    match &workload.arrivals {
        Arrivals::AtUs(times) => {
            format!("{} at exact times", format::counted(times.len() as u64, "arrival", "arrivals"))
        }
        Arrivals::EveryUs(gap) => format!("one each {}", format::duration(*gap)),
        Arrivals::PerSecond(rate) => match count {
            Some(count) => format!("{count}, Poisson {rate}/s"),
            None => format!("Poisson {rate}/s"),
        },
        Arrivals::Clients { clients, .. } => {
            format::counted(u64::from(*clients), "client", "clients")
        }
    }
}

#[component]
fn LoadPanel() -> impl IntoView {
    let app = app();
    let workload = move || app.scenario().map(|scenario| scenario.workload);
    let summary = move || workload().map(|workload| load(&workload));
    let rate = move || match workload().map(|it| it.arrivals) {
        Some(Arrivals::PerSecond(rate)) => Some(rate),
        _ => None,
    };
    let set_rate = move |event: web_sys::Event| {
        let rate: Option<f64> = event_target_value(&event).parse().ok();
        let rate = rate.filter(|rate| *rate > 0.0 && rate.is_finite());
        if let (Some(mut workload), Some(rate)) = (workload(), rate) {
            workload.arrivals = Arrivals::PerSecond(rate);
            workload.count = workload.count.or(Some(20));
            dispatch(app, Cmd::SetLoad { workload, name: format!("{rate} a second") });
        }
    };
    let set_count = move |event: web_sys::Event| {
        let count: Option<u32> = event_target_value(&event).parse().ok();
        if let (Some(mut workload), Some(count)) = (workload(), count.filter(|count| *count > 0)) {
            if let Arrivals::AtUs(times) = &workload.arrivals
                && times.len() < count as usize
            {
                // Exact times hold no more than they list; the rest arrives one after the other.
                workload.arrivals = Arrivals::EveryUs(20_000);
            }
            workload.count = Some(count);
            let name = format::counted(u64::from(count), "arrival", "arrivals");
            dispatch(app, Cmd::SetLoad { workload, name });
        }
    };
    let seed = move || app.scenario().map(|scenario| scenario.seed.to_string()).unwrap_or_default();
    view! {
        <details class="panel">
            <summary><b>"Load"</b><span>{summary}</span></summary>
            <div>
                <label class="field">
                    "Arrivals in all"
                    <input
                        class="text" type="number" min="1" max="100000"
                        prop:value=move || workload().and_then(|it| it.count.or(match &it.arrivals {
                            Arrivals::AtUs(times) => Some(times.len() as u32),
                            _ => None,
                        })).map(|count| count.to_string()).unwrap_or_default()
                        on:change=set_count
                    />
                </label>
                <label class="field">
                    "A second, at random (Poisson)"
                    <input
                        class="text" type="number" min="0.1" step="any"
                        prop:value=move || rate().map(|rate| rate.to_string()).unwrap_or_default()
                        on:change=set_rate
                    />
                </label>
                <label class="field">
                    "Seed of every random draw"
                    <input
                        class="text" type="number" min="0"
                        prop:value=seed
                        on:change=move |event| {
                            if let Ok(seed) = event_target_value(&event).parse() {
                                dispatch(app, Cmd::SetSeed(seed));
                            }
                        }
                    />
                </label>
            </div>
        </details>
    }
}

#[component]
fn Legend() -> impl IntoView {
    view! {
        <details class="panel" open=true>
            <summary><b>"How to read it"</b></summary>
            <div class="legend">
                <span class="twins" aria-hidden="true"><i class="swatch t0"></i><i class="swatch t1"></i></span>
                <span>"fill: the transaction"</span>
                <b aria-hidden="true">"▸"</b><span>"command"</span>
                <b aria-hidden="true">"◆"</b><span>"event"</span>
                <b aria-hidden="true">"◂"</b><span>"reply"</span>
                <b aria-hidden="true">"↩"</b><span>"compensation"</span>
                <i class="slot missing" aria-hidden="true"></i><span>"should be here and is not"</span>
                <i class="slot waits t3" aria-hidden="true"></i><span>"waiting"</span>
                <b class="bad" aria-hidden="true">"✕"</b><span>"failure, and nothing else is red"</span>
            </div>
        </details>
    }
}
