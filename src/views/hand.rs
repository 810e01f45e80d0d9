//! By hand: what can happen next, and what came of it.

use std::collections::BTreeMap;

use interleave_engine::by_hand::Next;
use interleave_engine::scenario::document::Budget;
use interleave_engine::views::format::counted;
use leptos::prelude::*;

use crate::act::hand::{ByHand, Shortest, here, outcome, recalled};
use crate::cmd::{Cmd, dispatch};
use crate::platform::focus;
use crate::state::{App, app};

/// The panel.
#[component]
pub fn HandPanel() -> impl IntoView {
    let app = app();
    let kept = Kept { place: StoredValue::new(None), unfolded: StoredValue::new(false) };
    view! {
        <aside class="left hand" aria-label="By hand">
            {move || here(app).map(|by_hand| {
                let drawn = panel(app, &by_hand, kept);
                kept.go_on(&by_hand);
                drawn
            })}
        </aside>
    }
}

/// What is kept when the panel is drawn anew after a choice.
#[derive(Clone, Copy)]
struct Kept {
    /// Where the keyboard goes on; without it each choice would throw a person back to the top of the page.
    place: StoredValue<Option<&'static str>>,
    /// Whether the list of choices is unfolded.
    unfolded: StoredValue<bool>,
}

impl Kept {
    /// Does what was asked for in the panel, to go on at this place of it.
    fn after(self, app: App, cmd: Cmd, place: &'static str) {
        self.place.set_value(Some(place));
        dispatch(app, cmd);
    }

    /// Once the panel is drawn anew.
    fn go_on(self, by_hand: &ByHand) {
        let Some(place) = self.place.try_update_value(Option::take).flatten() else { return };
        let there = match place {
            UNDO => !by_hand.schedule.is_empty(),
            REDO => !by_hand.undone.is_empty(),
            _ => !by_hand.hand.next.is_empty(),
        };
        let other = if by_hand.hand.next.is_empty() { UNDO } else { NEXT };
        focus::later(if there { place } else { other });
    }
}

/// The first choice that can be made.
const NEXT: &str = "hand-next";
/// The button that takes the last choice back.
const UNDO: &str = "hand-undo";
/// The button that makes it again.
const REDO: &str = "hand-redo";

fn panel(app: App, by_hand: &ByHand, kept: Kept) -> impl IntoView + use<> {
    let made = by_hand.schedule.len();
    let first = made == 0;
    let none_undone = by_hand.undone.is_empty();
    let name = |what: &str, choice: Option<&String>| match choice {
        Some(choice) => format!("{what}: {}", recalled(app, choice)),
        None => what.to_owned(),
    };
    let undo = name("Undo", by_hand.schedule.last());
    let redo = name("Redo", by_hand.undone.last());
    view! {
        <section class="panel">
            <h2 class="cap">
                "You are the scheduler"
                <button class="link" on:click=move |_| dispatch(app, Cmd::HandEnd)>"Leave"</button>
            </h2>
            <p class="dim small">
                "Nothing happens by itself. Choose what happens next, here or at a node or a message of the graph, and try to break a property."
            </p>
            <div class="buttons">
                <button
                    class="btn small" id=UNDO disabled=first aria-label=undo.clone() title=undo
                    on:click=move |_| kept.after(app, Cmd::HandUndo, UNDO)
                >"Undo"</button>
                <button
                    class="btn small" id=REDO disabled=none_undone aria-label=redo.clone() title=redo
                    on:click=move |_| kept.after(app, Cmd::HandRedo, REDO)
                >"Redo"</button>
                <button
                    class="btn small" disabled=first
                    on:click=move |_| kept.after(app, Cmd::HandRestart, NEXT)
                >"From the start"</button>
            </div>
            <p class="small" aria-live="polite">
                {counted(made as u64, "choice", "choices")}" made. "
                <span class="dim">{left(&by_hand.hand.left)}</span>
            </p>
            {(!first).then(|| so_far(app, by_hand, kept))}
        </section>
        {result(app, by_hand)}
        {groups(app, &by_hand.hand.next, kept)}
    }
}

/// The choices that were made, each a way back to right after it.
fn so_far(app: App, by_hand: &ByHand, kept: Kept) -> impl IntoView + use<> {
    let last = by_hand.schedule.len();
    let steps = (1..).zip(&by_hand.schedule).map(|(step, text)| {
        let words = recalled(app, text);
        view! {
            <li aria-current=(step == last).then_some("step")>
                <button
                    class="link"
                    title="Back to right after this choice"
                    on:click=move |_| kept.after(app, Cmd::HandRewind(step), NEXT)
                >{words}</button>
            </li>
        }
    });
    view! {
        <details
            class="so-far"
            open=kept.unfolded.get_value()
            on:toggle=move |event| {
                let element = event_target::<web_sys::Element>(&event);
                kept.unfolded.set_value(element.has_attribute("open"));
            }
        >
            <summary class="small">"What you have chosen"</summary>
            <ol class="small">{steps.collect_view()}</ol>
        </details>
    }
}

/// What may still go wrong.
fn left(budget: &Budget) -> String {
    let Budget { crash, drop, duplicate, early_timer, give_up, pause } = *budget;
    let parts = [
        (crash, "crash", "crashes"),
        (drop, "loss", "losses"),
        (duplicate, "duplicate", "duplicates"),
        (early_timer, "early retry", "early retries"),
        (give_up, "giving up", "givings up"),
        (pause, "pause", "pauses"),
    ];
    let left: Vec<String> = parts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| counted(u64::from(count), one, many))
        .collect();
    if left.is_empty() {
        "No fault is left.".to_owned()
    } else {
        format!("Left to use: {}.", left.join(", "))
    }
}

/// What came of it: something broken, rest, or nothing yet.
fn result(app: App, by_hand: &ByHand) -> Option<AnyView> {
    let made = counted(by_hand.schedule.len() as u64, "choice", "choices");
    let hand = &by_hand.hand;
    if hand.broken.is_empty() {
        return hand.at_rest.then(|| {
            view! {
                <section class="panel">
                    <div class="card held" role="status">
                        <div>
                            <b>"At rest, and everything holds"</b>
                            <small>{format!("Nothing is left to happen after {made}. Take some back and go another way.")}</small>
                        </div>
                    </div>
                </section>
            }
            .into_any()
        });
    }
    let titles = hand.broken.iter().map(|(_, title)| title.as_str()).collect::<Vec<_>>();
    let verb = if titles.len() == 1 { "is" } else { "are" };
    let heading = format!("{} {verb} broken", titles.join(", "));
    let needed = format!("You needed {made}.");
    let yours = by_hand.schedule.len();
    let (about, can_show) = match &by_hand.shortest {
        Shortest::NotAsked => (String::new(), false),
        Shortest::Searching { title } => {
            (format!(" Looking for the shortest way to break {title} …"), false)
        }
        Shortest::Found { title, schedule } => {
            let shortest = schedule.len();
            if shortest >= yours {
                (format!(" No schedule that breaks {title} within these bounds is shorter."), false)
            } else {
                (
                    format!(
                        " The shortest way to break {title} has {}.",
                        counted(shortest as u64, "choice", "choices")
                    ),
                    true,
                )
            }
        }
        Shortest::Undecided { title, why } => (
            format!(" Whether there is a shorter way to break {title} is not known: {why}."),
            false,
        ),
    };
    Some(
        view! {
            <section class="panel">
                <div class="card broke" role="status">
                    <div>
                        <b>{heading}</b>
                        <small>{needed}{about}</small>
                        <div class="buttons">
                            {can_show.then(|| view! {
                                <button class="btn small" on:click=move |_| dispatch(app, Cmd::HandShortest)>"Show the shortest"</button>
                            })}
                            <button class="btn small" on:click=move |_| dispatch(app, Cmd::CopyLink)>"Copy the link to this"</button>
                        </div>
                    </div>
                </div>
            </section>
        }
        .into_any(),
    )
}

/// What can happen, by node; what is nothing but a fault last.
fn groups(app: App, next: &[Next], kept: Kept) -> impl IntoView + use<> {
    let name = |next: &Next| app.run_now(|run| run.cast().node(next.node).to_owned());
    let mut by_node: BTreeMap<u8, (String, Vec<Next>)> = BTreeMap::new();
    let mut faults = Vec::new();
    for choice in next {
        if choice.fault {
            faults.push(choice.clone());
            continue;
        }
        let group = by_node
            .entry(choice.node.0)
            .or_insert_with(|| (name(choice).unwrap_or_default(), Vec::new()));
        group.1.push(choice.clone());
    }
    let first = by_node.values().next().and_then(|(_, choices)| choices.first()).or(faults.first());
    let first = first.map_or_else(String::new, |choice| choice.text.clone());
    let drawn = by_node.into_values().map(|(title, choices)| {
        view! {
            <section class="panel choices">
                <h3>{title}</h3>
                <ul>{choices.into_iter().map(|choice| entry(app, choice, &first, kept)).collect_view()}</ul>
            </section>
        }
    });
    let faults = (!faults.is_empty()).then(|| {
        view! {
            <section class="panel choices">
                <h3>"Faults between two steps"</h3>
                <ul>{faults.into_iter().map(|choice| entry(app, choice, &first, kept)).collect_view()}</ul>
            </section>
        }
    });
    view! { {drawn.collect_view()} {faults} }
}

/// A choice, and behind a second button what can go wrong with it.
fn entry(app: App, choice: Next, first: &str, kept: Kept) -> impl IntoView + use<> {
    let id = (choice.text == first).then_some(NEXT);
    let open = RwSignal::new(false);
    let text = choice.text.clone();
    let words = choice.words.clone();
    let variants = StoredValue::new(choice.variants);
    let count = variants.with_value(Vec::len);
    let class = if choice.fault { "choice harm" } else { "choice" };
    let wrong = format!("What can go wrong while {words}: {count}");
    view! {
        <li>
            <div class="pair">
                <button class=class id=id on:click=move |_| kept.after(app, Cmd::HandChoose(text.clone()), NEXT)>{words}</button>
                {(count > 0).then(|| view! {
                    <button
                        class="btn small icon"
                        aria-label=wrong.clone()
                        title=wrong
                        aria-expanded=move || open.get().to_string()
                        on:click=move |_| open.update(|open| *open = !*open)
                    >
                        "⚡"
                    </button>
                })}
            </div>
            <Show when=move || open.get()>
                <ul class="variants">
                    {variants.get_value().into_iter().map(|text| {
                        let said = outcome(app, &text);
                        view! {
                            <li>
                                <button class="choice harm" on:click=move |_| kept.after(app, Cmd::HandChoose(text.clone()), NEXT)>
                                    {said}
                                </button>
                            </li>
                        }
                    }).collect_view()}
                </ul>
            </Show>
        </li>
    }
}

/// The entries of the graph's menu: what can be chosen at a node or between two.
#[must_use]
pub fn at_place(next: &[Next], of: crate::state::MenuOf) -> Vec<Next> {
    use crate::state::MenuOf;
    let here = |next: &&Next| match of {
        MenuOf::Node(node) => {
            next.node.0 == node
                || next.from.is_some_and(|from| from.0 == node && next.txn.is_none())
        }
        MenuOf::Edge(from, to) => next.node.0 == to && next.from.is_some_and(|it| it.0 == from),
    };
    next.iter().filter(here).cloned().collect()
}
