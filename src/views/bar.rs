//! The bar below the graph: the transport with its scrubber, and the list of runs.

use leptos::prelude::*;

use crate::axis::speeds;
use crate::cmd::{Cmd, dispatch};
use crate::state::{App, app};
use crate::views::{runs::Runs, scrubber::Scrubber};

/// The bar.
#[component]
pub fn Bar() -> impl IntoView {
    let app = app();
    let steps = Memo::new(move |_| app.run(|run| run.axis().steps).unwrap_or(false));
    view! {
        <section class="bar" aria-label="Transport">
            <div class="transport">
                <div class="controls">
                    <button
                        class="play"
                        aria-label=move || if app.playing.get() { "Pause" } else { "Play" }
                        title="Space"
                        on:click=move |_| dispatch(app, Cmd::TogglePlay)
                    >
                        <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
                            <path d=move || if app.playing.get() { "M3 1h3v12H3zM8 1h3v12H8z" } else { "M3 1l9.5 6L3 13z" }/>
                        </svg>
                    </button>
                    <button class="btn primary" on:click=move |_| dispatch(app, Cmd::CheckStart)>
                        "Find what breaks it"
                    </button>
                    <HandButton/>
                    <Steps/>
                    <OnlyLed/>
                    <span class="moment mono" aria-live="off">
                        <b>{move || moment(app)}</b>
                        <small>{move || end(app)}</small>
                    </span>
                    <span class="pick speed">
                        <select
                            class="menu"
                            aria-label="Speed"
                            on:change=move |event| {
                                if let Ok(speed) = event_target_value(&event).parse() {
                                    dispatch(app, Cmd::Speed(speed));
                                }
                            }
                        >
                            {move || speeds(steps.get())
                                .iter()
                                .enumerate()
                                .map(|(at, speed)| view! {
                                    <option value=at.to_string() selected=move || app.speed.get() == at>{speed.label}</option>
                                })
                                .collect_view()}
                        </select>
                    </span>
                </div>
                <Scrubber/>
            </div>
            <Show when=move || !app.first.get()>
                <Runs/>
            </Show>
        </section>
    }
}

/// The switch between the whole counterexample and what led to its violation.
#[component]
fn OnlyLed() -> impl IntoView {
    let app = app();
    let known = Memo::new(move |_| {
        let run = app.current.get();
        app.led.with(|led| led.as_ref().is_some_and(|led| led.run == run))
    });
    let only = move || app.led.with(|led| led.as_ref().is_some_and(|led| led.only));
    view! {
        <Show when=move || known.get()>
            <button
                class="btn small"
                aria-pressed=move || only().to_string()
                on:click=move |_| dispatch(app, Cmd::OnlyLed(!app.led.with_untracked(|led| led.as_ref().is_some_and(|led| led.only))))
            >
                "Only what led to it"
            </button>
        </Show>
    }
}

/// The button that makes the person the scheduler.
#[component]
fn HandButton() -> impl IntoView {
    let app = app();
    let here = Memo::new(move |_| {
        let run = app.current.get();
        app.by_hand.with(|it| it.as_ref().is_some_and(|it| it.run == run))
    });
    view! {
        <button
            class="btn by-hand"
            aria-pressed=move || here.get().to_string()
            title="Choose yourself what happens next"
            on:click=move |_| dispatch(app, if here.get_untracked() { Cmd::HandEnd } else { Cmd::HandStart })
        >
            "By hand"
        </button>
    }
}

/// Where the moment is, in words.
fn moment(app: App) -> Option<String> {
    let now = app.now.get();
    app.run(|run| run.axis().label(now))
}

fn end(app: App) -> Option<String> {
    app.run(|run| {
        let more = if run.is_running() { " so far" } else { "" };
        format!("of {}{more}", run.axis().end_label())
    })
}

#[component]
fn Steps() -> impl IntoView {
    let app = app();
    let button = move |name: &'static str,
                       path: &'static str,
                       plain: Cmd,
                       with_shift: Option<Cmd>,
                       class: &'static str| {
        let title = name;
        let class = format!("btn quiet icon {class}");
        view! {
            <button
                class=class
                aria-label=name
                title=title
                on:click=move |event| {
                    let cmd = with_shift.clone().filter(|_| event.shift_key()).unwrap_or(plain.clone());
                    dispatch(app, cmd);
                }
            >
                <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path d=path/></svg>
            </button>
        }
    };
    // Where nothing is broken there is nothing to step to.
    let broken =
        move || app.run(|run| run.reports.iter().any(|report| !report.holds())).unwrap_or(false);
    view! {
        <span class="steps" role="group" aria-label="Step" class:broken=broken>
            {button("Violation before ([)", "M9.5 3 4 7l5.5 4M3 3v8", Cmd::StepViolation(-1), None, "step-violation")}
            {button("First event", "M2 2h1.8v10H2zM12 2v10L4.6 7z", Cmd::First, None, "step")}
            {button("Previous event (with Shift: of the transaction)", "M11 2v10L3 7z", Cmd::StepEvent(-1), Some(Cmd::StepTxn(-1)), "step")}
            {button("Next event (with Shift: of the transaction)", "M3 2v10l8-5z", Cmd::StepEvent(1), Some(Cmd::StepTxn(1)), "step")}
            {button("Last event", "M2 2v10l7.4-5zM10.2 2H12v10h-1.8z", Cmd::Last, None, "step")}
            {button("Next violation (])", "M4.5 3 10 7l-5.5 4M11 3v8", Cmd::StepViolation(1), None, "step-violation")}
        </span>
    }
}
