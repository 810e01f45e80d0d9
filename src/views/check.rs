//! The mode Check: all schedules within bounds, searched for one that breaks a property.

use interleave_engine::scenario::document::Budget;
use interleave_engine::session::{CheckReport, CheckRequest, CheckedProperty};
use interleave_engine::views::format::{count, counted};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::state::{App, app};

/// The page of the mode Check.
#[component]
pub fn CheckPage() -> impl IntoView {
    let app = app();
    view! {
        <main class="check" aria-label="Check">
            <div class="check-inner">
                <header>
                    <h2>"Is there a schedule that breaks it?"</h2>
                    <p class="dim">
                        "Every order of events within the bounds is tried: each delivery, each crash, each loss, at any
                        moment, without a clock. The first schedule found for a property is the shortest there is."
                    </p>
                </header>
                <Form/>
                {move || app.check.get().map(|report| progress(app, report))}
            </div>
        </main>
    }
}

#[component]
fn Form() -> impl IntoView {
    let app = app();
    let change = move |change: fn(&mut CheckRequest, u64), event: &web_sys::Event| {
        if let Ok(value) = event_target_value(event).parse::<u64>() {
            let mut form = app.check_form.get_untracked();
            change(&mut form, value);
            dispatch(app, Cmd::CheckForm(form));
        }
    };
    let faults = move || app.check_form.with(|form| form.faults.unwrap_or_default());
    fn with(form: &mut CheckRequest, set: impl FnOnce(&mut Budget)) {
        let mut budget = form.faults.unwrap_or_default();
        set(&mut budget);
        form.faults = Some(budget);
    }
    view! {
        <form class="bounds" on:submit=move |event| {
            event.prevent_default();
            dispatch(app, if app.checking.get_untracked() { Cmd::CheckStop } else { Cmd::CheckStart });
        }>
            <fieldset>
                <legend>"Bounds"</legend>
                {field("Transactions", "1", "5",
                    move || app.check_form.with(|form| u64::from(form.transactions.unwrap_or(1))),
                    move |event| change(|form, n| form.transactions = Some(n.clamp(1, 5) as u32), event))}
                {field("Crashes", "0", "3", move || u64::from(faults().crash),
                    move |event| change(|form, n| with(form, |it| it.crash = n.min(9) as u8), event))}
                {field("Messages lost", "0", "3", move || u64::from(faults().drop),
                    move |event| change(|form, n| with(form, |it| it.drop = n.min(9) as u8), event))}
                {field("Delivered twice", "0", "3", move || u64::from(faults().duplicate),
                    move |event| change(|form, n| with(form, |it| it.duplicate = n.min(9) as u8), event))}
                {field("At most so many states", "1000", "5000000",
                    move || app.check_form.with(|form| form.max_states.unwrap_or(500_000)),
                    move |event| change(|form, n| form.max_states = Some(n.clamp(100, 50_000_000)), event))}
            </fieldset>
            <div class="buttons">
                <button class="btn primary" type="submit">
                    {move || if app.checking.get() { "Stop" } else { "Find what breaks it" }}
                </button>
                <span class="dim small">
                    {move || app.run(|run| format!("{} · {}", run.input().scenario.title, run.cast().coupling))}
                </span>
            </div>
        </form>
    }
}

fn field(
    title: &'static str,
    min: &'static str,
    max: &'static str,
    value: impl Fn() -> u64 + Send + 'static,
    set: impl Fn(&web_sys::Event) + 'static,
) -> impl IntoView {
    view! {
        <label class="field">
            {title}
            <input
                class="text" type="number" min=min max=max
                prop:value=move || value().to_string()
                on:change=move |event| set(&event)
            />
        </label>
    }
}

/// How far the search has come, and what it knows of each property.
fn progress(app: App, report: CheckReport) -> impl IntoView {
    let state = match (report.done, report.complete, app.checking.get()) {
        (true, true, _) => "Complete: every state within the bounds was visited.",
        (true, false, _) => {
            "Cut at the number of states allowed: what is not broken is not proved."
        }
        (false, _, true) => "Searching …",
        (false, _, false) => "Stopped: what is not broken is not proved.",
    };
    let chance = (report.done && report.collision_probability > 0.0).then(|| {
        format!(
            "States are remembered by fingerprint; the chance that one hid behind another is below {:.0e}.",
            report.collision_probability.max(1e-300)
        )
    });
    let left_out = report.left_out.clone();
    let cards = report.properties.iter().cloned().enumerate();
    let cards = cards.map(|(place, property)| card(app, place, &report, &property)).collect_view();
    view! {
        <section class="progress" aria-label="Progress">
            <p class="big" role="status">
                <b class="mono">{count(report.states)}</b>" states"
                <span class="dim">{format!(
                    " · {} · {} deep · {} at rest",
                    counted(report.transitions, "transition", "transitions"),
                    report.depth,
                    count(report.at_rest),
                )}</span>
            </p>
            <p>{state}</p>
            {(!left_out.is_empty()).then(|| view! {
                <p class="dim small">{format!("Left out: {}.", left_out.join(", "))}</p>
            })}
            {chance.map(|text| view! { <p class="dim small">{text}</p> })}
        </section>
        <ul class="verdicts">{cards}</ul>
    }
}

fn card(
    app: App,
    place: usize,
    report: &CheckReport,
    property: &CheckedProperty,
) -> impl IntoView + use<> {
    let bounds = report.bounds.clone();
    let states = count(report.states);
    let found = property.counterexample.as_ref().map(Vec::len);
    let (class, sign, verdict) = match (found, property.holds, report.done && report.complete) {
        (Some(length), ..) => (
            "verdict broke",
            "✕",
            format!("{bounds}: broken, in {}", counted(length as u64, "step", "steps")),
        ),
        (None, false, _) => ("verdict broke", "✕", format!("{bounds}: broken")),
        (None, true, true) => {
            ("verdict held", "✓", format!("{bounds}: holds, complete, {states} states"))
        }
        (None, true, false) => {
            ("verdict", "…", format!("{bounds}: not broken in {states} states so far"))
        }
    };
    let tested = if property.exercised == 0 {
        "never put to the test: no compensation, recovery, refusal or redelivery on the way"
            .to_owned()
    } else {
        format!(
            "put to the test {} times by compensation, recovery, refusal or redelivery",
            count(property.exercised)
        )
    };
    let why = property.why.clone();
    view! {
        <li class=class>
            <b class="sign" aria-hidden="true">{sign}</b>
            <div>
                <b>{property.title.clone()}</b>
                <p>{verdict}</p>
                {why.map(|why| view! { <p class="why-broken">{why}</p> })}
                <p class="dim small">{tested}</p>
            </div>
            {found.map(|_| view! {
                <button class="btn primary" on:click=move |_| dispatch(app, Cmd::ShowCounterexample { property: place })>
                    "Show me"
                </button>
            })}
        </li>
    }
}
