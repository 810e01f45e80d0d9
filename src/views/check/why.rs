//! Why a property is broken, or which runs come closest to breaking one that holds.

use interleave_engine::views::format::{count, counted};
use interleave_engine::why::{FaultWhy, Passing, SamplesReport, Verdict, WhyReport, Work};
use leptos::prelude::*;

use super::of;
use crate::act::why::{Named, SECTIONS};
use crate::cmd::{Cmd, dispatch};
use crate::state::{Answer, App, Explained, Phase, app};

/// The panel of a property's card, closed until it is wanted.
#[component]
pub(super) fn Why(place: usize) -> impl IntoView {
    let app = app();
    let title = of(move |it| match it.report.properties.get(place) {
        Some(property) if property.counterexample.is_some() => "Why, and what mends it".to_owned(),
        Some(property) if property.holds && it.phase == Phase::Ended => {
            "Runs that come closest".to_owned()
        }
        _ => String::new(),
    });
    let open = Memo::new(move |_| app.whys.with(|whys| whys.iter().any(|it| it.property == place)));
    let offered = Memo::new(move |_| title.with(|it| !it.is_empty()));
    view! {
        <Show when=move || offered.get()>
            <div class="explained">
                <button
                    class="btn small" type="button"
                    aria-expanded=move || open.get().to_string()
                    on:click=move |_| dispatch(app, Cmd::Why { property: place, open: !open.get_untracked() })
                >
                    {move || if open.get() { "▾ " } else { "▸ " }}
                    {title}
                </button>
                <Show when=move || open.get()>
                    <div class="answer">{sections(app, place)}</div>
                </Show>
            </div>
        </Show>
    }
}

/// A part of an answer that is drawn anew only where it has changed.
fn section(
    app: App,
    place: usize,
    at: usize,
    draw: fn(App, usize, &Explained) -> AnyView,
) -> impl IntoView {
    let explained = move |whys: &Vec<Explained>| {
        whys.iter().find(|it| it.property == place).map_or(0, |it| it.revisions[at] as usize + 1)
    };
    let revision = Memo::new(move |_| app.whys.with(explained));
    move || {
        let _ = revision.get();
        app.whys.with_untracked(|whys| {
            whys.iter().find(|it| it.property == place).map(|it| draw(app, place, it))
        })
    }
}

fn sections(app: App, place: usize) -> impl IntoView {
    const DRAW: [fn(App, usize, &Explained) -> AnyView; SECTIONS] =
        [story, faults, minimal, passing, remedies, status];
    DRAW.into_iter().enumerate().map(|(at, draw)| section(app, place, at, draw)).collect_view()
}

fn nothing() -> AnyView {
    ().into_any()
}

/// The answer to why, where it is one.
fn why(explained: &Explained) -> Option<&WhyReport> {
    match &explained.answer {
        Answer::Why(why) => Some(why),
        Answer::Samples(_) => None,
    }
}

/// A button that opens a run.
fn opens(app: App, property: usize, named: Named, text: &'static str) -> AnyView {
    view! {
        <button class="btn small" on:click=move |_| dispatch(app, Cmd::OpenNamed { property, named })>{text}</button>
    }
    .into_any()
}

/// The story in numbered lines; or the runs that come close.
fn story(app: App, place: usize, explained: &Explained) -> AnyView {
    match &explained.answer {
        Answer::Samples(samples) => close(app, place, samples),
        Answer::Why(why) => {
            let lines = why.slice.story.iter().map(|line| {
                let class = match (line.failed, line.never) {
                    (_, true) => "never failed",
                    (true, _) => "failed",
                    _ => "",
                };
                let named = Named::Broken(line.event);
                view! {
                    <li class=class>
                        <button class="plain" on:click=move |_| dispatch(app, Cmd::OpenNamed { property: place, named })>
                            <b>{line.title.clone()}</b>
                            <span>{line.detail.clone()}</span>
                        </button>
                    </li>
                }
                .into_any()
            });
            let total = format!(
                "{} of the run's {} led to it. A line opens the run there.",
                counted(why.slice.events.len() as u64, "event", "events"),
                counted(why.slice.trace.into(), "event", "events"),
            );
            view! {
                <h3>"What led to it"</h3>
                <p>{why.why.clone()}</p>
                <ol class="story">{lines.collect::<Vec<_>>()}</ol>
                <p class="dim small">{total}</p>
            }
            .into_any()
        }
    }
}

fn close(app: App, place: usize, samples: &SamplesReport) -> AnyView {
    let rows = samples.samples.iter().enumerate().map(|(at, sample)| {
        view! {
            <li class="finding"><span>{sample.words.clone()}</span>{opens(app, place, Named::Sample(at), "Open")}</li>
        }
        .into_any()
    });
    let broke = samples.broke.is_some().then(|| {
        view! {
            <p class="mistake">"One of the runs breaks it: the check that found it to hold was not complete. "
                {opens(app, place, Named::Broke, "Open")}</p>
        }
        .into_any()
    });
    view! { {broke}<ul class="findings">{rows.collect::<Vec<_>>()}</ul> }.into_any()
}

/// What a further check says.
fn verdict(verdict: &Verdict) -> (&'static str, String) {
    match verdict {
        Verdict::Pending => ("dim", "being checked …".into()),
        Verdict::Holds { states } => {
            ("good", format!("it holds: complete, {} states", count(*states)))
        }
        Verdict::Broken { .. } => ("bad", "still broken".into()),
        Verdict::Undecided { states } => {
            ("dim", format!("not broken in {} states, and there are more", count(*states)))
        }
        Verdict::NothingToBreak => ("dim", "there is nothing left that it could break".into()),
    }
}

fn said(it: &Verdict) -> AnyView {
    let (class, text) = verdict(it);
    view! { <span class=class>{text}</span> }.into_any()
}

/// The faults, and what each has to do with it.
fn faults(app: App, place: usize, explained: &Explained) -> AnyView {
    let Some(why) = why(explained).filter(|why| !why.faults.is_empty()) else { return nothing() };
    let rows = why.faults.iter().enumerate().map(|(at, fault)| {
        let opens = matches!(fault.without, Verdict::Broken { .. })
            .then(|| opens(app, place, Named::Without(at), "Open"));
        view! {
            <li class="finding">
                <span><b>{fault.words.clone()}</b>{in_words(fault)}" With one such fault less: "{said(&fault.without)}</span>
                {opens}
            </li>
        }
        .into_any()
    });
    view! { <h3>"The faults"</h3><ul class="findings">{rows.collect::<Vec<_>>()}</ul> }.into_any()
}

fn in_words(fault: &FaultWhy) -> &'static str {
    match (fault.in_slice, fault.same_schedule_holds) {
        (true, Some(true)) => ". It is among what led to it; this schedule without it passes.",
        (true, _) => ". It is among what led to it.",
        (false, Some(true)) => ". This schedule without it passes.",
        (false, _) => ". It did not lead to it.",
    }
}

/// The fewest faults.
fn minimal(app: App, place: usize, explained: &Explained) -> AnyView {
    let Some(why) = why(explained).filter(|why| !why.minimal.words.is_empty()) else {
        return nothing();
    };
    let cut = if why.minimal.work == Work::Cut { " A smaller set was not decided." } else { "" };
    let opens = (!why.minimal.schedule.is_empty())
        .then(|| opens(app, place, Named::Minimal, "Open it with these alone"));
    view! { <p class="finding"><span>{format!("Fewest faults: {}.{cut}", why.minimal.words)}</span>{opens}</p> }
        .into_any()
}

/// The nearest run that passes.
fn passing(app: App, place: usize, explained: &Explained) -> AnyView {
    let Some(why) = why(explained) else { return nothing() };
    let Passing { work, schedule, shared, here, there, .. } = &why.passing;
    let body = match (schedule, work) {
        (None, Work::Pending) => return nothing(),
        (None, _) => view! { <p class="dim">"None was found within its bound."</p> }.into_any(),
        (Some(_), _) => {
            let cut =
                if *work == Work::Cut { " One that follows it for longer may exist." } else { "" };
            let shared = format!(
                "It follows the counterexample for {}, then:{cut}",
                counted((*shared).into(), "choice", "choices")
            );
            view! {
                <div class="finding">
                    <div>
                        <p>{shared}</p>
                        <dl>
                            <dt>"passes"</dt><dd>{here.clone()}</dd>
                            <dt>"breaks"</dt><dd>{there.clone()}</dd>
                        </dl>
                    </div>
                    {opens(app, place, Named::Passing, "Open it beside")}
                </div>
            }
            .into_any()
        }
    };
    view! { <h3>"The nearest run that passes"</h3>{body} }.into_any()
}

/// What to switch: first what mends it, last what is still broken. What this run never meets is named only.
fn remedies(app: App, place: usize, explained: &Explained) -> AnyView {
    let Some(why) = why(explained).filter(|why| !why.remedies.is_empty()) else { return nothing() };
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Holds { .. } => 0,
        Verdict::Undecided { .. } => 1,
        Verdict::Pending => 2,
        Verdict::NothingToBreak | Verdict::Broken { .. } => 3,
    };
    let of_rank = |wanted: u8| {
        let met = why.remedies.iter().enumerate().filter(|(_, it)| !it.without_effect);
        met.filter(move |(_, it)| rank(&it.verdict) == wanted)
    };
    let rows = (0..4).flat_map(of_rank).map(|(remedy, it)| {
        let opens = matches!(it.verdict, Verdict::Broken { .. })
            .then(|| opens(app, place, Named::InSpite(remedy), "Open"));
        let label = format!("Apply {}", it.title);
        view! {
            <li class="finding">
                <span><b>{it.title.clone()}</b>": "{said(&it.verdict)}<small>{it.about.clone()}</small></span>
                {opens}
                <button
                    class="btn small" aria-label=label
                    on:click=move |_| dispatch(app, Cmd::ApplyRemedy { property: place, remedy })
                >
                    "Apply"
                </button>
            </li>
        }
        .into_any()
    });
    let idle: Vec<&str> =
        why.remedies.iter().filter(|it| it.without_effect).map(|it| it.title.as_str()).collect();
    let idle = (!idle.is_empty()).then(|| {
        format!(
            "Without effect here, since this run never meets what they change: {}.",
            idle.join(", ")
        )
    });
    view! {
        <h3>"What mends it"</h3>
        <ul class="findings">{rows.collect::<Vec<_>>()}</ul>
        <p class="dim small">{idle}</p>
    }
    .into_any()
}

/// How far the answer is.
fn status(_: App, _: usize, explained: &Explained) -> AnyView {
    let text = match (&explained.ended, &explained.answer) {
        (Some(why), _) if !why.is_empty() => why.clone(),
        (ended, Answer::Why(why)) => {
            let states = count(why.states);
            let each = count(why.states_each);
            match ended {
                None => format!(
                    "Further checks are under way: {states} states so far, {each} at most each."
                ),
                Some(_) => format!(
                    "Further checks visited {states} states, {each} at most each, within: {}.",
                    why.bounds
                ),
            }
        }
        (ended, Answer::Samples(samples)) => {
            let runs = counted(samples.walks.into(), "run", "runs");
            let so_far = if ended.is_none() { " so far" } else { "" };
            format!(
                "{runs} drawn at random{so_far}, {} came to rest; each line is the first by another measure.",
                count(samples.at_rest.into())
            )
        }
    };
    view! { <p class="dim small">{text}</p> }.into_any()
}
