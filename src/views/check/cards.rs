//! What the check knows of each property.

use interleave_engine::session::{CheckedProperty, Coverage};
use interleave_engine::views::format::{count, counted};
use leptos::prelude::*;

use super::of;
use super::why::Why;
use crate::cmd::{Cmd, dispatch};
use crate::state::{Checked, Phase, app};

/// A card for each property, those that are broken first.
#[component]
pub(super) fn Cards() -> impl IntoView {
    let order = of(|it| {
        let properties = it.report.properties.iter().enumerate();
        let (held, mut order): (Vec<_>, Vec<_>) = properties.partition(|(_, it)| it.holds);
        order.extend(held);
        order.into_iter().map(|(at, _)| at).collect::<Vec<_>>()
    });
    view! {
        <ul class="verdicts" aria-label="Properties">
            <For each=move || order.get() key=|place| *place let:place>
                <Card place/>
            </For>
        </ul>
    }
}

/// What a card says.
#[derive(Clone, PartialEq, Default)]
struct Said {
    class: &'static str,
    sign: &'static str,
    title: String,
    verdict: String,
    why: String,
    tested: String,
    has_schedule: bool,
}

fn said(check: &Checked, place: usize) -> Said {
    let report = &check.report;
    let Some(property) = report.properties.get(place) else { return Said::default() };
    let bounds = &report.bounds;
    let states = count(report.states);
    let is_over = check.phase == Phase::Ended;
    let (class, sign, verdict) = if !property.holds {
        ("verdict broke", "✕", broken(check, place, property))
    } else if is_over && report.complete {
        ("verdict held", "✓", format!("{bounds}: holds, complete, {states} states"))
    } else {
        let proved =
            proved(check).map_or_else(String::new, |faults| format!("; {faults}: holds, complete"));
        ("verdict", "…", format!("{bounds}: not broken in {states} states so far{proved}"))
    };
    Said {
        class,
        sign,
        title: property.title.clone(),
        verdict,
        why: property.why.clone().unwrap_or_default(),
        tested: tested(property.exercised),
        has_schedule: property.counterexample.is_some(),
    }
}

fn broken(check: &Checked, place: usize, property: &CheckedProperty) -> String {
    let bounds = &check.report.bounds;
    let Some(schedule) = &property.counterexample else { return format!("{bounds}: broken") };
    let steps = counted(schedule.len() as u64, "step", "steps");
    let round = check.report.rounds.iter().find(|round| round.broken.contains(&place));
    match round.map(|round| round.faults) {
        // The round says how many faults are needed: with fewer it holds.
        Some(faults) => {
            let faults = in_words(faults);
            let shortest = if property.shortest { ", and no such schedule is shorter" } else { "" };
            format!("{bounds}: broken, in {steps} with {faults}{shortest}")
        }
        None => {
            let shortest = if property.shortest && !check.request.deepen {
                ": no schedule is shorter"
            } else {
                ""
            };
            format!("{bounds}: broken, in {steps}{shortest}")
        }
    }
}

fn in_words(faults: u32) -> String {
    if faults == 0 { "no fault".into() } else { counted(faults.into(), "fault", "faults") }
}

/// What was covered whole before the search was cut: up to so many faults.
fn proved(check: &Checked) -> Option<String> {
    let rounds = &check.report.rounds;
    let mut whole = rounds.iter().filter(|round| round.coverage == Coverage::Complete);
    whole.next_back().map(|round| match round.faults {
        0 => "without faults".into(),
        _ => format!("with up to {}", in_words(round.faults)),
    })
}

fn tested(exercised: u64) -> String {
    if exercised == 0 {
        "never put to the test: no compensation, recovery, refusal or redelivery on the way".into()
    } else {
        let times = counted(exercised, "time", "times");
        format!("put to the test {times} by compensation, recovery, refusal or redelivery")
    }
}

#[component]
fn Card(place: usize) -> impl IntoView {
    let app = app();
    let part = move |read: fn(&Said) -> String| of(move |it| read(&said(it, place)));
    let has_schedule = of(move |it| said(it, place).has_schedule);
    let why = part(|it| it.why.clone());
    view! {
        <li class=part(|it| it.class.to_owned())>
            <b class="sign" aria-hidden="true">{part(|it| it.sign.to_owned())}</b>
            <div>
                <b>{part(|it| it.title.clone())}</b>
                <p>{part(|it| it.verdict.clone())}</p>
                <p class="why-broken">{why}</p>
                <p class="dim small">{part(|it| it.tested.clone())}</p>
            </div>
            <Show when=move || has_schedule.get()>
                <div class="buttons">
                    <button class="btn primary" on:click=move |_| dispatch(app, Cmd::ShowCounterexample { property: place })>
                        "Show me"
                    </button>
                    <button class="btn" on:click=move |_| dispatch(app, Cmd::CopyCounterexample { property: place })>
                        "Copy link"
                    </button>
                </div>
            </Show>
            <Why place/>
        </li>
    }
}
