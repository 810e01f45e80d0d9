//! A page of Learn, drawn from its text.

use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::markdown::{Block, Document, Inline, plain};
use crate::pages::{self, Kind, Page};
use crate::state::{Sheet, app};

/// A page.
#[component]
pub fn Article(page: &'static Page) -> impl IntoView {
    let app = app();
    view! {
        <article class="sheet">
            <h2 id="page-title" tabindex="-1">{page.title()}</h2>
            <p class="about">{page.line()}</p>
            {parts(page)}
            {move || match app.sheet.get() {
                Sheet::Loading => view! { <p class="dim" role="status">"Loading …"</p> }.into_any(),
                Sheet::Ready(document) => body(page, &document).into_any(),
                Sheet::Failed(why) => view! {
                    <div class="banner" role="alert">
                        <p>{format!("This page did not come: {why}.")}</p>
                        <button class="btn small" on:click=move |_| dispatch(app, Cmd::LearnAgain)>"Try again"</button>
                    </div>
                }.into_any(),
            }}
        </article>
    }
}

/// The parts of a pattern, and the way to a run of it.
fn parts(page: &'static Page) -> Option<impl IntoView> {
    let info = page.info()?;
    let [write, read, store] = info.parts;
    Some(view! {
        <p class="parts-line">
            <span class="tag">"write: "{write}</span>
            <span class="tag">"read: "{read}</span>
            <span class="tag">"store: "{store}</span>
        </p>
    })
}

/// The text, with a list of its sections where there are several.
fn body(page: &'static Page, document: &Document) -> impl IntoView + use<> {
    let heads = document.blocks.iter().filter_map(|block| match block {
        Block::Heading(2, parts) => Some(plain(parts)),
        _ => None,
    });
    let heads: Vec<String> = heads.collect();
    let jumps = (heads.len() > 2 && page.kind != Kind::About).then(|| {
        let jumps = heads.into_iter().map(|head| {
            let id = id_of(&head);
            view! {
                <li><button class="link" on:click=move |_| crate::platform::focus::jump(&id)>{head}</button></li>
            }
        });
        view! { <ul class="jumps" aria-label="Sections">{jumps.collect_view()}</ul> }
    });
    view! {
        {jumps}
        {document.blocks.iter().map(block).collect_view()}
    }
}

/// The id of a heading.
fn id_of(head: &str) -> String {
    let letters =
        head.chars().map(|it| if it.is_alphanumeric() { it.to_ascii_lowercase() } else { '-' });
    format!("section-{}", letters.collect::<String>())
}

fn block(block: &Block) -> AnyView {
    match block {
        Block::Heading(2, parts) => {
            view! { <h3 id=id_of(&plain(parts)) tabindex="-1">{inlines(parts)}</h3> }.into_any()
        }
        Block::Heading(_, parts) => view! { <h4>{inlines(parts)}</h4> }.into_any(),
        Block::Paragraph(parts) => view! { <p>{inlines(parts)}</p> }.into_any(),
        Block::List(numbered, items) => {
            let items = items.iter().map(|item| view! { <li>{item_of(item)}</li> }).collect_view();
            if *numbered {
                view! { <ol>{items}</ol> }.into_any()
            } else {
                view! { <ul>{items}</ul> }.into_any()
            }
        }
        Block::Table(head, numbers, rows) => table(head, numbers, rows).into_any(),
        Block::Code(text) => view! { <pre tabindex="0">{text.clone()}</pre> }.into_any(),
    }
}

/// An item of a list: a single paragraph stands without one of its own.
fn item_of(item: &[Block]) -> AnyView {
    match item {
        [Block::Paragraph(parts)] => inlines(parts).into_any(),
        blocks => blocks.iter().map(block).collect_view().into_any(),
    }
}

fn table(
    head: &[Vec<Inline>],
    numbers: &[bool],
    rows: &[Vec<Vec<Inline>>],
) -> impl IntoView + use<> {
    let number = |at: usize| numbers.get(at).copied().unwrap_or(false);
    let heads = head.iter().enumerate().map(|(at, cell)| {
        view! { <th scope="col" class:number=number(at)>{inlines(cell)}</th> }
    });
    let heads = heads.collect_view();
    let rows = rows.iter().map(|row| {
        let cells = row.iter().enumerate().map(|(at, cell)| {
            view! { <td class:number=number(at)>{inlines(cell)}</td> }
        });
        view! { <tr>{cells.collect_view()}</tr> }
    });
    let rows = rows.collect_view();
    view! {
        <div class="spread" tabindex="0" role="group" aria-label="Table">
            <table>
                <thead><tr>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn inlines(parts: &[Inline]) -> Vec<AnyView> {
    parts.iter().map(inline).collect()
}

fn inline(part: &Inline) -> AnyView {
    match part {
        Inline::Text(text) => text.clone().into_any(),
        Inline::Code(text) => view! { <code>{text.clone()}</code> }.into_any(),
        Inline::Strong(inner) => view! { <b>{inlines(inner)}</b> }.into_any(),
        Inline::Stressed(inner) => {
            // A title of a shipped scenario leads to it.
            let scenario = pages::scenario_titled(&plain(inner));
            match scenario {
                Some(address) => view! { <a href=address>{inlines(inner)}</a> }.into_any(),
                None => view! { <em>{inlines(inner)}</em> }.into_any(),
            }
        }
        Inline::Link(inner, target) => link(inner, target),
    }
}

fn link(inner: &[Inline], target: &str) -> AnyView {
    let words = inlines(inner);
    match pages::address(target) {
        None => view! { <span>{words}</span> }.into_any(),
        Some(address) if address.starts_with("https://") => {
            view! { <a href=address target="_blank" rel="noreferrer">{words}</a> }.into_any()
        }
        // A link to a run opens the lab; the sign says that one leaves the text.
        Some(address) if address.starts_with("#1.") => {
            view! { <a class="run" href=address>{words}</a> }.into_any()
        }
        Some(address) => view! { <a href=address>{words}</a> }.into_any(),
    }
}
