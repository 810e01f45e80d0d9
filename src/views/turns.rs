//! Where a run came to no good end, or to one that the eye cannot follow: a sentence, and one way on.

use interleave_engine::event::EventKind;
use interleave_engine::scenario::bounds::{MAX_EVENTS, MAX_TIME};
use interleave_engine::session::RunState;
use interleave_engine::views::format;
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::lab::Run;
use crate::occasion::Occasion;
use crate::state::app;

/// So many transactions at the same time are more than an eye can follow.
const CROWD: usize = 50;
/// By how much a limit grows.
const MORE: u32 = 10;

/// What a run came to.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Turn {
    run: u32,
    says: String,
    way: &'static str,
    cmd: Way,
}

/// The way on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// The same run with a greater limit.
    Longer { events: u32, time_us: u64 },
    /// The same with a tenth of its arrivals.
    Fewer,
    /// To the violation of a property.
    Show(usize),
    /// Follows a transaction.
    Follow(u32),
}

fn turn(run: &Run) -> Option<Turn> {
    let limits = &run.input().scenario.limits;
    let turn =
        |says: String, way: &'static str, cmd: Way| Some(Turn { run: run.id, says, way, cmd });
    let unknown = "what would come after is not known.";
    let longer = |events: u32, time_us: u64| {
        let events = events.min(MAX_EVENTS as u32);
        let time_us = time_us.min(MAX_TIME);
        if (events, time_us) == (limits.events, limits.time_us) {
            ("Run a tenth of the arrivals", Way::Fewer)
        } else {
            ("Allow ten times as much", Way::Longer { events, time_us })
        }
    };
    match run.session.state() {
        RunState::Running | RunState::ScheduleEnd | RunState::ScheduleBroken { .. } => None,
        RunState::EventLimit => {
            let events = format::count(limits.events.into());
            let (way, cmd) = longer(limits.events.saturating_mul(MORE), limits.time_us);
            turn(format!("This run was cut at its limit of {events} events; {unknown}"), way, cmd)
        }
        RunState::TimeLimit => {
            let time = format::duration(limits.time_us);
            let (way, cmd) = longer(limits.events, limits.time_us.saturating_mul(MORE.into()));
            turn(format!("This run was cut at its limit of {time}; {unknown}"), way, cmd)
        }
        RunState::AtRest => stuck(run)
            .and_then(|(property, says)| turn(says, "Show where", Way::Show(property)))
            .or_else(|| {
                let (most, txn) = most_at_once(run);
                let says = format!(
                    "Up to {most} transactions are under way at once, more than an eye can follow."
                );
                (most >= CROWD).then(|| turn(says, "Follow one of them", Way::Follow(txn)))?
            }),
    }
}

/// The transaction that will never end, in the words of the property that says so.
fn stuck(run: &Run) -> Option<(usize, String)> {
    let waits =
        run.trace().events().iter().any(|event| matches!(event.kind, EventKind::Stuck { .. }));
    let property = run.reports.iter().position(|report| report.id == "progress")?;
    let violation = run.reports[property].violations.first()?;
    waits.then(|| (property, violation.why.clone()))
}

/// How many transactions are under way at the same time at most, and one of those.
fn most_at_once(run: &Run) -> (usize, u32) {
    let axis = run.axis();
    let mut ends = Vec::new();
    for (txn, track) in &run.views.index.txns {
        if let (Some(first), Some(last)) = (track.events.first(), track.events.last()) {
            ends.push((axis.of(*first), true, txn.0));
            ends.push((axis.of(*last), false, txn.0));
        }
    }
    // Who ends at a moment has ended before another begins at it.
    ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (mut now, mut most, mut one) = (0_usize, 0, 0);
    for (_, begins, txn) in ends {
        now = if begins { now + 1 } else { now.saturating_sub(1) };
        if now > most {
            (most, one) = (now, txn);
        }
    }
    (most, one)
}

/// The strip that says so.
#[component]
pub fn Turns() -> impl IntoView {
    let app = app();
    let left = RwSignal::new(None::<u32>);
    let found = Memo::new(move |_| {
        let usual = app.occasion == Occasion::Usual && !app.first.get();
        if !usual || !app.watches() || app.tells() {
            return None;
        }
        app.run(turn).flatten()
    });
    let shown = Memo::new(move |_| {
        let turn = found.get().filter(|turn| left.get() != Some(turn.run))?;
        // Who is there already needs no way there.
        let there = match turn.cmd {
            Way::Show(_) => app.why.get().is_some(),
            Way::Follow(_) => app.txn.get().is_some(),
            Way::Longer { .. } | Way::Fewer => false,
        };
        (!there).then_some(turn)
    });
    move || {
        shown.get().map(|turn| {
            let go = move |_| {
                dispatch(app, match turn.cmd {
                    Way::Show(property) => Cmd::ShowViolation { property },
                    Way::Follow(txn) => Cmd::Follow(Some(txn)),
                    Way::Longer { events, time_us } => Cmd::Limit { events, time_us },
                    Way::Fewer => Cmd::FewerArrivals,
                });
            };
            view! {
                <div class="banner note run-turn" role="status">
                    <p>{turn.says.clone()}</p>
                    <button class="btn small primary" on:click=go>{turn.way}</button>
                    <button class="btn small" on:click=move |_| left.set(Some(turn.run))>"Dismiss"</button>
                </div>
            }
        })
    }
}
