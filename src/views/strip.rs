//! The property strip: what each property says now and of the whole run, and the way to what broke it.

use interleave_engine::ids::EventIx;
use interleave_engine::verdict::{PropertyReport, Status};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::state::{App, app};
use crate::views::story::StoryBack;
use crate::views::turns::Turns;

/// A chip of the strip.
struct Chip {
    id: &'static str,
    violations: usize,
    title: String,
    meaning: &'static str,
    class: &'static str,
    sign: &'static str,
    scope: &'static str,
    note: String,
    verdict: &'static str,
}

/// The class of a chip whose property is broken.
const BROKEN: &str = "property broken";

/// What a chip says: a violation that has happened, else what moves, else the verdict on the run.
fn chip(report: &PropertyReport, at: EventIx, running: bool) -> Chip {
    let now = report.at(at);
    let moving = now.is_some_and(|change| change.status == Status::Moving);
    let broken = !report.holds();
    let note_now = now.map(|change| change.note.clone()).unwrap_or_default();
    let (class, sign, scope, note) = if broken {
        let first = report.violations.first().map(|it| it.why.clone()).unwrap_or_default();
        (BROKEN, "✕", "run", first)
    } else if moving {
        ("property moving", "◐", "now", note_now)
    } else if report.exercised == 0 && !running {
        ("property untested", "✓", "run", "never put to the test".to_owned())
    } else {
        let scope = if running { "so far" } else { "run" };
        ("property", "✓", scope, report.measure.clone().unwrap_or(note_now))
    };
    let verdict = match class {
        BROKEN => "broken",
        "property moving" => "still moving",
        _ => "holds",
    };
    Chip {
        id: report.id,
        violations: report.violation_count,
        title: report.title.clone(),
        meaning: report.meaning,
        class,
        sign,
        scope,
        note,
        verdict,
    }
}

/// The strip, and the banner above it.
#[component]
pub fn Strip() -> impl IntoView {
    let app = app();
    view! {
        <div class="heads">
            <BannerView/>
            <Turns/>
            <StoryBack/>
            <section class="strip" aria-label="Properties">
                <ul>{move || chips(app)}</ul>
                <span class="grow"></span>
                <span class="dim small nowrap wide-only">"now = at the cursor · run = to the end"</span>
            </section>
        </div>
    }
}

fn chips(app: App) -> impl IntoView {
    let chips = app.at_cursor(|run, at| {
        let running = run.is_running();
        run.reports.iter().map(|report| chip(report, at, running)).collect::<Vec<_>>()
    });
    let mut chips: Vec<(usize, Chip)> = chips.unwrap_or_default().into_iter().enumerate().collect();
    // What is broken must not stand where one has to scroll to.
    chips.sort_by_key(|(_, chip)| chip.class != BROKEN);
    let drawn = chips.into_iter().map(|(property, chip)| {
        let note = crate::views::icons::cut(&chip.note, 46);
        let full = format!("{} {}", chip.meaning, chip.note);
        view! {
            <li>
                <button
                    class=chip.class
                    title=full
                    data-property=chip.id
                    data-violations=chip.violations.to_string()
                    on:click=move |_| dispatch(app, Cmd::ShowViolation { property })
                >
                    <i aria-hidden="true">{chip.sign}</i>
                    {chip.title}
                    <span class="seen-by-readers">{chip.verdict}</span>
                    <em>{chip.scope}{(!note.is_empty()).then(|| format!(": {note}"))}</em>
                </button>
            </li>
        }
    });
    drawn.collect_view()
}

#[component]
fn BannerView() -> impl IntoView {
    let app = app();
    move || {
        app.banner.get().map(|banner| {
            let role = if banner.bad { "alert" } else { "status" };
            view! {
                <div class=if banner.bad { "banner" } else { "banner note" } role=role>
                    <p>{banner.text}</p>
                    <button
                        class="btn small"
                        on:click=move |_| dispatch(app, Cmd::DismissBanner)
                    >
                        "Dismiss"
                    </button>
                </div>
            }
        })
    }
}
