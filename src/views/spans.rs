//! Timeline, spans: each transaction with its steps, its waits, and what never ran.

use interleave_engine::ids::{Direction, EventIx, TxnId};
use interleave_engine::views::frame::Frame;
use interleave_engine::views::lanes::Axis as Measure;
use interleave_engine::views::spans::{Span, SpanKind, spans};
use interleave_engine::views::transactions::transaction;
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::lab::Run;
use crate::state::{App, app};
use crate::views::icons::txn_class;
use crate::views::timeline::{self, AXIS, NAMES, Scale};

/// The height of a transaction.
const ROW: f64 = 52.0;
/// How many transactions are drawn at once; the list scrolls over the others.
const ROWS_MAX: usize = 60;

/// A bar on screen.
#[derive(Clone, PartialEq)]
struct Bar {
    x: f64,
    width: f64,
    y: f64,
    height: f64,
    class: String,
    text: String,
    title: String,
    event: u32,
}

/// A transaction on screen.
#[derive(Clone, PartialEq)]
struct Row {
    txn: u32,
    name: String,
    bars: Vec<Bar>,
    note: Option<(f64, String, bool)>,
}

/// The spans.
#[component]
pub fn Spans() -> impl IntoView {
    let app = app();
    let place = NodeRef::<leptos::html::Div>::new();
    let scale = timeline::scale(app, place);
    let rows = Memo::new(move |_| rows(app, scale.get()));
    let height = move || AXIS + rows.with(|rows| rows.0.len()) as f64 * ROW + 6.0;
    view! {
        <div class="timeline" node_ref=place>
            <svg
                width=move || scale.get().width
                height=height
                role="group"
                aria-label="Spans of each transaction"
                on:click=move |event| timeline::seek(app, scale.get_untracked(), place, &event)
            >
                {move || timeline::axis(app, scale.get(), height())}
                {move || {
                    let followed = app.txn.get();
                    rows.with(|(rows, _)| {
                        rows.iter().enumerate().map(|(at, row)| draw(app, at, row.clone(), followed, scale.get().width)).collect_view()
                    })
                }}
                {timeline::cursor(app, scale, height)}
            </svg>
            {move || {
                let more = rows.with(|rows| rows.1);
                (more > 0).then(|| view! {
                    <p class="dim small pad">{format!("and {more} transactions more in this part of the axis; zoom in (W) to see them")}</p>
                })
            }}
        </div>
    }
}

/// The transactions of which anything is on screen, and how many more there are.
fn rows(app: App, scale: Scale) -> (Vec<Row>, usize) {
    let found = app.run(|run| {
        let axis = run.axis();
        let over = !run.is_running();
        let last = run.frame(EventIx(u32::MAX - 1));
        let mut rows = Vec::new();
        let mut more = 0;
        for (txn, track) in &run.views.index.txns {
            let first = track.events.first().map_or(0.0, |event| axis.of(*event));
            let to = track.events.last().map_or(0.0, |event| axis.of(*event));
            if !scale.shows(first, to.max(first)) || track.started.is_none() {
                continue;
            }
            if rows.len() >= ROWS_MAX {
                more += 1;
                continue;
            }
            rows.extend(row(run, &last, *txn, scale, over));
        }
        (rows, more)
    });
    found.unwrap_or_default()
}

fn row(run: &Run, last: &Frame, txn: TxnId, scale: Scale, over: bool) -> Option<Row> {
    let cast = run.cast();
    let axis = run.axis();
    let found = spans(cast, run.trace(), &run.views.index, txn, over)?;
    let class = txn_class(txn);
    let span_place = |span: &Span| match axis.measure {
        Measure::Time => (span.from as f64, span.to.map(|to| to as f64)),
        Measure::Steps => (f64::from(span.from_step), span.to_step.map(f64::from)),
    };
    let line = transaction(cast, &run.views.index, last, txn, over);
    let mut bars = Vec::new();
    let mut never_x = scale.x(found
        .spans
        .iter()
        .filter(|it| it.kind != SpanKind::Never)
        .map(|it| {
            let (from, to) = span_place(it);
            to.unwrap_or(from)
        })
        .fold(0.0, f64::max))
        + 14.0;
    let never_from = never_x;
    for (at, span) in found.spans.iter().enumerate() {
        let (from, to) = span_place(span);
        let end = to.unwrap_or_else(|| if at == 0 { axis.end() } else { from });
        let node = cast.node(span.node);
        let number = span.step.map(|(step, _)| (step.0 + 1).to_string()).unwrap_or_default();
        let (y, height, kind, text) = match span.kind {
            SpanKind::Transaction => (4.0, 18.0, "whole", String::new()),
            SpanKind::Queue | SpanKind::Down => (26.0, 18.0, "waits", String::new()),
            SpanKind::Never => (26.0, 18.0, "never", number.clone()),
            SpanKind::Compensation => (26.0, 18.0, "undo", format!("↩{number}")),
            SpanKind::Step => (26.0, 18.0, "step", number.clone()),
            SpanKind::Handler => (30.0, 10.0, "handler", String::new()),
        };
        let (x, width) = if span.kind == SpanKind::Never {
            never_x += 44.0;
            (never_x - 44.0, 38.0)
        } else {
            let x = scale.near(from);
            (x, (scale.near(end) - x).max(if height > 12.0 { 8.0 } else { 3.0 }))
        };
        let state = if span.failed { " failed" } else { "" };
        let undone = span.step.is_some_and(|(_, dir)| dir == Direction::Undo);
        let title = format!(
            "{} at {node}{}{}{}",
            if span.name.is_empty() { "work" } else { &span.name },
            if undone { ", a compensation" } else { "" },
            if span.failed { ", refused or cut short" } else { "" },
            if span.again { ", done before" } else { "" },
        );
        let text =
            if width < text.chars().count() as f64 * 8.0 + 4.0 { String::new() } else { text };
        bars.push(Bar {
            x,
            width,
            y,
            height,
            class: format!("{kind} {class}{state}"),
            text,
            title,
            event: span.start.0,
        });
    }
    let never = never_x > never_from;
    let note_x =
        if never { never_from } else { bars.first().map_or(NAMES, |bar| bar.x + bar.width + 8.0) };
    let note = line.map(|line| {
        let text = if never { format!("{}: never ran", line.badge) } else { line.badge.to_owned() };
        (note_x, text, line.failed)
    });
    let name = format!(
        "{} {}",
        cast.txn(txn),
        cast.flows.get(found.flow.ix()).map_or("", |flow| flow.name.as_str())
    );
    Some(Row { txn: txn.0, name, bars, note })
}

fn draw(app: App, at: usize, row: Row, followed: Option<u32>, width: f64) -> impl IntoView {
    let y = AXIS + at as f64 * ROW;
    let txn = row.txn;
    let here = followed == Some(txn);
    let bars = row.bars.into_iter().map(|bar| {
        let event = bar.event;
        let middle = bar.x + bar.width / 2.0;
        view! {
            <g class=format!("bar-of {}", bar.class)>
                <rect x=bar.x y=bar.y width=bar.width height=bar.height rx="3.5"/>
                {(!bar.text.is_empty()).then(|| view! {
                    <text x=middle y=bar.y + bar.height - 5.0 text-anchor="middle">{bar.text.clone()}</text>
                })}
                <rect
                    class="hit"
                    x=bar.x
                    y=bar.y
                    width=bar.width
                    height=bar.height
                    role="button"
                    aria-label=bar.title.clone()
                    on:click=move |click| {
                        click.stop_propagation();
                        dispatch(app, Cmd::Explain(event));
                    }
                />
            </g>
        }
    });
    view! {
        <g transform=format!("translate(0 {y})") class=if here { "txn-row here" } else { "txn-row" }>
            <rect class="row-ground" x="0" y="0" width=width height=ROW - 2.0/>
            {bars.collect_view()}
            {row.note.filter(|(x, ..)| *x < width - 70.0).map(|(x, text, failed)| view! {
                <text class=if failed { "note bad-text" } else { "note" } x=x.max(NAMES) y=17.0>{text}</text>
            })}
            <rect class="name-ground" x="0" y="0" width=NAMES - 8.0 height=ROW - 2.0/>
            <g class="txn-name">
                <text x="16" y="18">{row.name.clone()}</text>
                <rect
                    class="hit" x="8" y="4" width=NAMES - 18.0 height=ROW - 10.0 rx="6"
                    role="button" tabindex="0"
                    aria-label=format!("Follow {}", row.name)
                    aria-pressed=here.to_string()
                    on:click=move |click| {
                        click.stop_propagation();
                        dispatch(app, Cmd::Follow((!here).then_some(txn)));
                    }
                    on:keydown=move |event| {
                        if matches!(event.key().as_str(), "Enter" | " ") {
                            event.prevent_default();
                            event.stop_propagation();
                            dispatch(app, Cmd::Follow((!here).then_some(txn)));
                        }
                    }
                />
            </g>
        </g>
    }
}
