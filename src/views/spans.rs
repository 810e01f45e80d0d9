//! Timeline, spans: each transaction with its steps, its waits, what never ran, what its end had to
//! wait for, and what undid what. Only the rows on screen are made; a word finds the others.

use interleave_engine::ids::{Direction, EventIx, TxnId};
use interleave_engine::views::critical::critical;
use interleave_engine::views::frame::Frame;
use interleave_engine::views::lanes::Axis as Measure;
use interleave_engine::views::spans::{Span, SpanKind, TxnSpans, spans};
use interleave_engine::views::transactions::transaction;
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::lab::Run;
use crate::platform::listen;
use crate::state::{App, app};
use crate::views::icons::txn_class;
use crate::views::timeline::{self, AXIS, NAMES, Scale};

/// The height of a transaction.
const ROW: f64 = 52.0;
/// From so many transactions on there is a field to find one.
const SEARCH_FROM: usize = 6;
/// Rows that are made above and below what is in sight, so that scrolling shows no holes.
const ROWS_BESIDE: usize = 2;
/// How much of the list is in sight before the browser has told.
const SIGHT: f64 = 240.0;

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
    /// From a compensation to what it undoes, in pixels.
    undoes: Vec<(f64, f64)>,
    note: Option<(f64, String, bool)>,
}

/// The spans.
#[component]
pub fn Spans() -> impl IntoView {
    let app = app();
    let place = NodeRef::<leptos::html::Div>::new();
    let scale = timeline::scale(app, place);
    let wanted = RwSignal::new(String::new());
    let scrolled = RwSignal::new(0.0_f64);
    let sight = RwSignal::new(SIGHT);
    let listed = Memo::new(move |_| wanted.with(|wanted| listed(app, scale.get(), wanted)));
    let first = Memo::new(move |_| (scrolled.get() / ROW).floor().max(0.0) as usize);
    let rows = Memo::new(move |_| {
        let from = first.get().saturating_sub(ROWS_BESIDE);
        let count = (sight.get() / ROW).ceil() as usize + 2 * ROWS_BESIDE + 1;
        listed.with(|listed| {
            let here = listed.get(from.min(listed.len())..).unwrap_or_default();
            rows(app, scale.get(), from, &here[..count.min(here.len())])
        })
    });
    let height = move || AXIS + listed.with(Vec::len) as f64 * ROW + 6.0;
    let many = Memo::new(move |_| app.run(|run| run.views.index.txns.len()).unwrap_or(0));
    let scroller = NodeRef::<leptos::html::Div>::new();
    Effect::new(move |_| {
        if let Some(element) = scroller.get() {
            listen::on_resize(&element, move |_, height| {
                let _ = sight.try_set(height.max(ROW));
            });
        }
    });
    // The transaction that is followed comes into sight, whoever chose it.
    Effect::new(move |_| {
        let txn = app.txn.get();
        let at = listed.with_untracked(|it| it.iter().position(|of| Some(*of) == txn));
        let (Some(at), Some(element)) = (at, scroller.get()) else { return };
        let (top, height) = (f64::from(element.scroll_top()), f64::from(element.client_height()));
        let y = AXIS + at as f64 * ROW;
        if y < top || y + ROW > top + height {
            element.set_scroll_top((y - AXIS) as i32);
        }
    });
    view! {
        <div class="spans">
        <Show when=move || many.get().ge(&SEARCH_FROM)>
            <label class="find">
                <span class="seen-by-readers">"Find transactions"</span>
                <input
                    type="search"
                    placeholder="Find: T12, checkout, failed"
                    prop:value=move || wanted.get()
                    on:input=move |event| wanted.set(event_target_value(&event))
                />
                <span class="dim small" role="status">{move || {
                    let (shown, all) = (listed.with(Vec::len), many.get());
                    if shown == all { format!("{all} transactions") } else { format!("{shown} of {all} transactions") }
                }}</span>
            </label>
        </Show>
        <div
            class="timeline-rows"
            node_ref=scroller
            on:scroll=move |_| {
                if let Some(element) = scroller.get_untracked() {
                    scrolled.set(f64::from(element.scroll_top()));
                }
            }
        >
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
                    rows.with(|rows| {
                        rows.iter().map(|(at, row)| draw(app, *at, row.clone(), followed, scale.get().width)).collect_view()
                    })
                }}
                {timeline::cursor(app, scale, height)}
            </svg>
        </div>
        </div>
        </div>
    }
}

/// The transactions of which anything is on screen, and that have the words: in their name, their
/// flow or what became of them.
fn listed(app: App, scale: Scale, wanted: &str) -> Vec<u32> {
    let wanted = wanted.trim().to_lowercase();
    let found = app.run(|run| {
        let axis = run.axis();
        let last = (!wanted.is_empty()).then(|| run.frame(EventIx(u32::MAX - 1)));
        let has_words = |txn: TxnId| {
            let Some(last) = &last else { return true };
            let line = transaction(run.cast(), &run.views.index, last, txn, run.is_over());
            line.is_some_and(|line| {
                let failed = if line.failed { "failed" } else { "" };
                let all = format!("{} {} {} {failed}", line.name, line.flow_name, line.badge);
                let all = all.to_lowercase();
                wanted.split_whitespace().all(|word| all.contains(word))
            })
        };
        let mut listed = Vec::new();
        for (txn, track) in &run.views.index.txns {
            let first = track.events.first().map_or(0.0, |event| axis.of(*event));
            let to = track.events.last().map_or(0.0, |event| axis.of(*event));
            let shown = scale.shows(first, to.max(first)) && track.started.is_some();
            if shown && has_words(*txn) {
                listed.push(txn.0);
            }
        }
        listed
    });
    found.unwrap_or_default()
}

/// The rows of some transactions, the first at a place in the list.
fn rows(app: App, scale: Scale, from: usize, txns: &[u32]) -> Vec<(usize, Row)> {
    let found = app.run(|run| {
        let last = run.frame(EventIx(u32::MAX - 1));
        let row =
            |(at, txn): (usize, &u32)| Some((from + at, row(run, &last, TxnId(*txn), scale)?));
        txns.iter().enumerate().filter_map(row).collect()
    });
    found.unwrap_or_default()
}

/// Where a span begins and ends on the axis of a run.
fn ends(measure: Measure, span: &Span) -> (f64, Option<f64>) {
    match measure {
        Measure::Time => (span.from as f64, span.to.map(|to| to as f64)),
        Measure::Steps => (f64::from(span.from_step), span.to_step.map(f64::from)),
    }
}

/// What a span is called for those who point at it or hear it.
fn title(node: &str, span: &Span, waited_for: bool) -> String {
    format!(
        "{} at {node}{}{}{}{}",
        if span.name.is_empty() { "work" } else { &span.name },
        if span.step.is_some_and(|(_, dir)| dir == Direction::Undo) {
            ", a compensation"
        } else {
            ""
        },
        if span.failed { ", refused or cut short" } else { "" },
        if span.again { ", done before" } else { "" },
        if waited_for { ", on the critical path" } else { "" },
    )
}

fn row(run: &Run, last: &Frame, txn: TxnId, scale: Scale) -> Option<Row> {
    let cast = run.cast();
    let axis = run.axis();
    let over = run.is_over();
    // What has yet to come stands dashed, as what never came does.
    let found = spans(cast, run.trace(), &run.views.index, txn, !run.is_running())?;
    let on_path = critical(run.trace(), &found);
    let class = txn_class(txn);
    let line = transaction(cast, &run.views.index, last, txn, over);
    let ran = found.spans.iter().filter(|it| it.kind != SpanKind::Never);
    let furthest = ran.map(|it| ends(axis.measure, it)).map(|(from, to)| to.unwrap_or(from));
    let mut never_x = scale.x(furthest.fold(0.0, f64::max)) + 14.0;
    let never_from = never_x;
    let mut bars = Vec::new();
    for (at, span) in found.spans.iter().enumerate() {
        let (from, to) = ends(axis.measure, span);
        let end = to.unwrap_or_else(|| if at == 0 { axis.end() } else { from });
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
        let mut state = String::new();
        if span.failed {
            state.push_str(" failed");
        }
        if span.kind == SpanKind::Never && !over {
            state.push_str(" to-come");
        }
        let waited_for = at > 0 && on_path.get(at) == Some(&true);
        if waited_for {
            state.push_str(" critical");
        }
        let text =
            if width < text.chars().count() as f64 * 8.0 + 4.0 { String::new() } else { text };
        bars.push(Bar {
            x,
            width,
            y,
            height,
            class: format!("{kind} {class}{state}"),
            text,
            title: title(cast.node(span.node), span, waited_for),
            event: span.start.0,
        });
    }
    let never = never_x > never_from;
    let note_x =
        if never { never_from } else { bars.first().map_or(NAMES, |bar| bar.x + bar.width + 8.0) };
    let note = line.map(|line| {
        let rest = if over { "never ran" } else { "to come" };
        let text = if never { format!("{}: {rest}", line.badge) } else { line.badge.to_owned() };
        (note_x, text, line.failed)
    });
    let flow = cast.flows.get(found.flow.ix()).map_or("", |flow| flow.name.as_str());
    let name = format!("{} {flow}", cast.txn(txn));
    let undoes = undoes(&found, &bars);
    Some(Row { txn: txn.0, name, bars, undoes, note })
}

/// From each compensation to the step that it undoes, where both are on screen.
fn undoes(found: &TxnSpans, bars: &[Bar]) -> Vec<(f64, f64)> {
    let middle = |at: usize| bars[at].x + bars[at].width / 2.0;
    let pair = |(at, span): (usize, &Span)| {
        let (step, _) = span.step.filter(|_| span.kind == SpanKind::Compensation)?;
        let before = found.spans[..at].iter().rposition(|of| {
            of.kind == SpanKind::Step && of.step == Some((step, Direction::Do)) && !of.failed
        })?;
        Some((middle(at), middle(before)))
    };
    found.spans.iter().enumerate().filter_map(pair).collect()
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
    let undoes = row.undoes.into_iter().map(|(from, to)| {
        let d = format!("M{from:.1} 26Q{:.1} 15 {to:.1} 25", (from + to) / 2.0);
        view! { <path class="undoes" d=d/> }
    });
    view! {
        <g transform=format!("translate(0 {y})") class=if here { "txn-row here" } else { "txn-row" }>
            <rect class="row-ground" x="0" y="0" width=width height=ROW - 2.0/>
            {bars.collect_view()}
            {undoes.collect_view()}
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
