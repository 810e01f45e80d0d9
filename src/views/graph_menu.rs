//! The menu over the graph: what can go wrong at a node or to a message, right after this event.

use interleave_engine::choice::{Choice, ChoiceKind, Intervention};
use interleave_engine::ids::{EventIx, NodeIx};
use leptos::prelude::*;

use crate::act::hand::{ByHand, outcome};
use crate::cmd::{Cmd, dispatch};
use crate::lab::Run;
use crate::state::{App, Menu, MenuOf, app};
use crate::views::hand::at_place;

/// How long a node that a person crashes is down at least, in microseconds.
const DOWN_US_MIN: u64 = 20_000;

/// An entry: what it is called, what the engine says of it, and what it does.
struct Item {
    title: String,
    text: String,
    choice: Choice,
    for_us: Option<u64>,
}

/// What is offered for a choice, where it belongs to what the menu is about.
fn item(run: &Run, of: MenuOf, choice: Choice, text: String) -> Option<Item> {
    let cast = run.cast();
    let about_node = |node: NodeIx| of == MenuOf::Node(node.0);
    let between = |from: NodeIx, to: NodeIx| match of {
        MenuOf::Edge(a, b) => (a, b) == (from.0, to.0),
        MenuOf::Node(_) => false,
    };
    let broker = cast.broker();
    let (title, for_us) = match choice.kind {
        ChoiceKind::Crash { node, .. } if about_node(node) => {
            let down = (run.trace().end() / 6).max(DOWN_US_MIN);
            (format!("Crash {} now", cast.node(node)), (!run.axis().steps).then_some(down))
        }
        ChoiceKind::Restart { node } if about_node(node) => {
            (format!("Restart {} now", cast.node(node)), None)
        }
        ChoiceKind::Drop(key) if between(key.from, key.to) => {
            (format!("Drop {} of {}", cast.sym(key.label), cast.txn(key.txn)), None)
        }
        ChoiceKind::Duplicate(key) if between(key.from, key.to) => {
            (format!("Duplicate {} of {}", cast.sym(key.label), cast.txn(key.txn)), None)
        }
        ChoiceKind::Redeliver { node, topic, .. }
            if about_node(node) || broker.is_some_and(|broker| between(broker, node)) =>
        {
            let topic = cast.topics.get(topic.ix()).map_or("", |info| info.name.as_str());
            (format!("Redeliver the last record of {topic} to {}", cast.node(node)), None)
        }
        _ => return None,
    };
    Some(Item { title, text, choice, for_us })
}

fn items(run: &Run, of: MenuOf, at: EventIx) -> Vec<Item> {
    let choices = run.session.choices_after(at).into_iter();
    let whole = choices.filter(|view| view.choice.cut.is_none());
    let mut items: Vec<Item> =
        whole.filter_map(|view| item(run, of, view.choice, view.text)).collect();
    // Of crashes that differ in what is lost only the gentlest is offered by name.
    let mut seen: Vec<String> = Vec::new();
    items.retain(|item| {
        let new = !seen.contains(&item.title);
        seen.push(item.title.clone());
        new
    });
    items
}

fn title(run: &Run, of: MenuOf) -> String {
    let cast = run.cast();
    match of {
        MenuOf::Node(node) => cast.node(NodeIx(node)).to_owned(),
        MenuOf::Edge(from, to) => {
            format!("{} → {}", cast.node(NodeIx(from)), cast.node(NodeIx(to)))
        }
    }
}

/// The menu.
#[component]
pub fn GraphMenu() -> impl IntoView {
    let app = app();
    move || app.menu.get().map(|menu| draw(app, menu))
}

/// Its width, so that it stays inside the window.
const WIDTH: f64 = 300.0;

/// What can be chosen at a place by the person who schedules the run, or what can go wrong there.
fn draw(app: App, menu: Menu) -> AnyView {
    match crate::act::hand::here(app) {
        Some(by_hand) => draw_by_hand(app, menu, &by_hand).into_any(),
        None => draw_faults(app, menu).into_any(),
    }
}

/// The choices of a run by hand, each with what can go wrong in the middle of it.
fn draw_by_hand(app: App, menu: Menu, by_hand: &ByHand) -> impl IntoView + use<> {
    let title = app.run_now(|run| title(run, menu.of)).unwrap_or_default();
    let mut entries: Vec<(String, String, bool)> = Vec::new();
    for next in at_place(&by_hand.hand.next, menu.of) {
        entries.push((next.text, next.words, next.fault));
        let variants = next.variants.into_iter();
        entries.extend(variants.map(|text| {
            let said = outcome(app, &text);
            (text, said, true)
        }));
    }
    let none = entries.is_empty();
    let drawn = entries.into_iter().enumerate().map(|(place, (text, words, fault))| {
        view! {
            <button
                class=if fault { "item harm" } else { "item" }
                role="menuitem"
                id=(place == 0).then_some("graph-menu-first")
                on:click=move |_| dispatch(app, Cmd::HandChoose(text.clone()))
            >
                {words}
            </button>
        }
    });
    let drawn = drawn.collect_view();
    let nothing = "Nothing can happen here now. The nodes with a dashed outline are those where something can.";
    popup(app, menu, title, "by hand".to_owned(), drawn, none.then_some(nothing))
}

fn draw_faults(app: App, menu: Menu) -> impl IntoView {
    let at = EventIx(app.cursor.get_untracked());
    let found = app.run_now(|run| {
        (title(run, menu.of), items(run, menu.of, at), run.axis().label(app.now.get_untracked()))
    });
    let (title, items, moment) = found.unwrap_or_default();
    let none = items.is_empty();
    let drawn = items.into_iter().enumerate().map(|(place, item)| {
        let intervention = Intervention { after: at, kind: item.choice.kind, for_us: item.for_us };
        let name = format!("+ {}", lower_first(&item.title));
        view! {
            <button
                class="item harm"
                role="menuitem"
                id=(place == 0).then_some("graph-menu-first")
                on:click=move |_| dispatch(app, Cmd::Intervene {
                    intervention: intervention.clone(),
                    name: name.clone(),
                })
            >
                {item.title}
                <small>{item.text}</small>
            </button>
        }
    });
    let nothing = "Nothing can go wrong here at this moment. Step on and try again.";
    popup(app, menu, title, moment, drawn.collect_view(), none.then_some(nothing))
}

/// The menu itself, beside what it is about.
fn popup(
    app: App,
    menu: Menu,
    title: String,
    moment: String,
    entries: impl IntoView,
    nothing: Option<&'static str>,
) -> impl IntoView {
    let label = format!("What can happen: {title}");
    let none = nothing.is_some();
    let page = crate::platform::document().document_element();
    let zoom = app.occasion.zoom();
    let (width, height) = page.map_or((1024.0, 700.0), |root| {
        (f64::from(root.client_width()) / zoom, f64::from(root.client_height()) / zoom)
    });
    let x = menu.x.min(width - WIDTH - 8.0).max(8.0);
    let y = menu.y.min(height - 220.0).max(8.0);
    view! {
        <div class="veil" on:click=move |_| dispatch(app, Cmd::Menu(None))></div>
        <div
            class="popup menu-popup"
            role="menu"
            aria-label=label
            style:left=format!("{x}px")
            style:top=format!("{y}px")
            style:max-height=format!("{}px", height - y - 12.0)
            on:keydown=crate::views::dialogs::arrows
        >
            <h2 class="cap">{title}<span>{moment}</span></h2>
            {entries}
            {nothing.map(|nothing| view! { <p class="dim small pad">{nothing}</p> })}
            <hr/>
            <button
                class="item"
                role="menuitem"
                id=none.then_some("graph-menu-first")
                on:click=move |_| dispatch(app, Cmd::Menu(None))
            >
                "Leave it as it is"
            </button>
        </div>
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
