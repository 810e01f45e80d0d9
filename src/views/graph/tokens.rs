//! Tokens: one for each message in flight, at its place on its edge, and an empty outline where one
//! should be and is not.

use std::collections::BTreeMap;

use interleave_engine::event::Shape;
use interleave_engine::ids::{EventIx, NodeIx, TxnId, txn_name};
use interleave_engine::views::frame::Frame;
use leptos::prelude::*;

use super::crowd::{Crowd, ELEMENTS_MAX, Placed};
use super::lines::Scene;
use super::{Placing, open_at_pointer, open_by_key};
use crate::geometry::curve::Curve;
use crate::geometry::layout::Layout;
use crate::lab::Run;
use crate::state::{App, MenuOf};
use crate::views::icons::{self, class_of, name_of};

/// A token.
pub(super) struct Token {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) topic: Option<usize>,
    pub(super) txn: Option<TxnId>,
    pub(super) shape: Shape,
    pub(super) label: String,
    /// Share of its way, from 0 to 1.
    pub(super) share: f64,
    pub(super) copy: bool,
    /// The event that sent it.
    pub(super) sent: EventIx,
}

/// Where a message is missing: from, to, its topic, its transaction, its name.
type Gap = (usize, usize, Option<usize>, String, String);

/// The most tokens drawn; a run has rarely more in flight at once.
const TOKENS_MAX: usize = 4_000;
/// So many stand below each other at one spot; below them stands how many more there are.
const STACK_MAX: u32 = 3;
/// Up to so many tokens carry the name of their message.
const NAMED_MAX: usize = 3;

/// The share of a way that is travelled, kept off the ends so that a token never hides a node.
fn share(now: f64, from: f64, to: f64, steps: bool) -> f64 {
    let raw = if steps || to <= from { 0.5 } else { (now - from) / (to - from) };
    0.2 + raw.clamp(0.0, 1.0) * 0.6
}

fn tokens(run: &Run, frame: &Frame, scene: &Scene, now: f64) -> Vec<Token> {
    let cast = run.cast();
    let steps = run.axis().steps;
    let in_flight = frame.flights.values().filter(|flight| flight.arrived.is_none());
    let mut tokens: Vec<Token> = in_flight
        .take(TOKENS_MAX)
        .map(|flight| Token {
            from: flight.from.ix(),
            to: flight.to.ix(),
            topic: None,
            txn: flight.txn,
            shape: flight.shape,
            label: cast.sym(flight.label).to_owned(),
            share: share(now, flight.sent_at as f64, flight.due as f64, steps),
            copy: flight.copy_of.is_some(),
            sent: flight.sent,
        })
        .collect();
    if let (Some(broker), Some(cursor)) = (cast.broker(), frame.cursor) {
        tokens.extend(records(run, frame, scene, broker, cursor, now));
    }
    tokens
}

/// Records on their way from the broker to a reader: published, and not yet in its queue.
fn records(
    run: &Run,
    frame: &Frame,
    scene: &Scene,
    broker: NodeIx,
    cursor: EventIx,
    now: f64,
) -> Vec<Token> {
    let mut found = Vec::new();
    for partition in &frame.partitions {
        let Some(records) = run.views.index.records.get(&(partition.topic, partition.partition))
        else {
            continue;
        };
        // Whatever is read already lies before the least position of a reader.
        let from = partition.consumers.iter().map(|it| it.position).min().unwrap_or(0) as usize;
        for record in records.iter().take(partition.high_water as usize).skip(from) {
            let mut seen: Vec<NodeIx> = Vec::new();
            for delivery in &record.deliveries {
                let first = !seen.contains(&delivery.node);
                seen.push(delivery.node);
                let Some(fetched) = delivery.fetched.filter(|fetched| first && *fetched > cursor)
                else {
                    continue;
                };
                let arrives = run.trace().get(fetched).map_or(record.at, |event| event.at);
                found.push(Token {
                    from: broker.ix(),
                    to: delivery.node.ix(),
                    topic: scene.line(partition.topic, record.label),
                    txn: record.txn,
                    shape: record.shape,
                    label: run.cast().sym(record.label).to_owned(),
                    share: share(now, record.at as f64, arrives as f64, run.axis().steps),
                    copy: false,
                    sent: record.published,
                });
            }
        }
    }
    found.truncate(TOKENS_MAX);
    found
}

/// Messages that were never sent, up to the cursor: where they would have left.
fn missing(run: &Run, frame: &Frame, scene: &Scene) -> Vec<Gap> {
    let cast = run.cast();
    let broker = cast.broker();
    let happened = |culprit: EventIx| frame.cursor.is_some_and(|cursor| culprit <= cursor);
    let open = run.missing.iter().filter(|it| happened(it.culprit));
    let place = |it: &interleave_engine::views::missing::Missing| {
        let (to, topic, what) = match it.slot {
            Some(slot) => {
                (broker?, scene.line(slot.topic, slot.label), cast.sym(slot.label).to_owned())
            }
            None => (*it.untold.first()?, None, "the message".to_owned()),
        };
        Some((it.node.ix(), to.ix(), topic, txn_name(it.txn), what))
    };
    open.filter_map(place).take(12).collect()
}

/// The way of a message: its edge, or back along the edge of what it answers.
fn curve_of(layout: &Layout, from: usize, to: usize, topic: Option<usize>) -> Option<Curve> {
    let edge = |from: usize, to: usize| {
        let mut edges = layout.edges.iter();
        edges.find(|edge| {
            edge.from == from && edge.to == to && (topic.is_none() || edge.topic == topic)
        })
    };
    let there = edge(from, to).map(|edge| edge.curve);
    there.or_else(|| edge(to, from).map(|edge| edge.curve.reversed()))
}

/// Draws all tokens. This runs once a frame while the moment moves.
pub(super) fn draw(
    app: App,
    scene: Memo<Option<Scene>>,
    crowd: StoredValue<Crowd, LocalStorage>,
    size: (f64, f64),
    placed: Option<Placing>,
) -> impl IntoView {
    // With reduced motion a token jumps from event to event.
    let led = app.led();
    let now = if app.still.get() { None } else { Some(app.now.get()) };
    scene.with(|scene| {
        let scene = scene.as_ref()?;
        let layout = &scene.layout;
        let (tokens, gaps) = app.framed(|run, frame| {
            let now = now.unwrap_or(frame.at as f64);
            (tokens(run, frame, scene, now), missing(run, frame, scene))
        })?;
        let named = tokens.len() <= NAMED_MAX;
        let many = tokens.len() > ELEMENTS_MAX;
        let mut taken: BTreeMap<(i32, i32), u32> = BTreeMap::new();
        let place = |token: Token| {
            let curve = curve_of(layout, token.from, token.to, token.topic)?;
            let (x, y) = curve.at(token.share);
            // Tokens at one spot stand below each other, so that each can be read.
            let spot = ((x / 48.0).round() as i32, (y / 24.0).round() as i32);
            let before = taken.entry(spot).or_default();
            *before += 1;
            // Dots may lie on each other; whatever lies under pills at a full spot is counted there.
            if *before > STACK_MAX && !many {
                return None;
            }
            let down = if many { 0.0 } else { f64::from(*before - 1) * 24.0 };
            let aside = led.as_ref().is_some_and(|led| !led.contains(&token.sent.0));
            Some(Placed { token, at: (x, y + down), aside })
        };
        let tokens: Vec<Placed> = tokens.into_iter().filter_map(place).collect();
        let hidden = taken.iter().filter(|(_, count)| **count > STACK_MAX);
        let more: Vec<(f64, f64, u32)> = hidden
            .map(|((x, y), count)| {
                let below = f64::from(*y) * 24.0 + f64::from(STACK_MAX) * 24.0;
                (f64::from(*x) * 48.0, below, count - STACK_MAX)
            })
            .collect();
        crowd.update_value(|crowd| match placed {
            Some(of) if many => crowd.paint(app, &tokens, size, (of.scale, of.x, of.y)),
            _ => crowd.wipe(size),
        });
        let drawn = tokens
            .into_iter()
            .take(if many { 0 } else { ELEMENTS_MAX })
            .map(|of| draw_token(app, of.token, of.at, named, of.aside));
        let drawn = drawn.collect_view();
        let more = more.into_iter().filter(|_| !many).map(|(x, y, count)| {
            view! { <text class="line" x=x y=y + 4.5 text-anchor="middle">{format!("+{count}")}</text> }
        });
        let more = more.collect_view();
        let gaps = gaps.into_iter().filter_map(|(from, to, topic, txn, what)| {
            let curve = curve_of(layout, from, to, topic)?;
            let (x, y) = curve.at(0.45);
            // Between two columns that stand close there is no room for the name; it stands in its slot.
            let [(start, _), _, _, (end, _)] = curve.points;
            let roomy = (start - end).abs() >= 100.0 || layout.width < start.max(end) * 1.6;
            let label = format!("{txn} {what}: never sent");
            Some(view! {
                <g class="gap" transform=format!("translate({x:.1} {y:.1})") role="img" aria-label=label>
                    <rect class="missing-slot" x="-25" y="-11" width="50" height="22" rx="11"/>
                    <path class="missing-shape" transform="translate(-18 -5)" d=icons::path(Shape::Event)/>
                    <text class="missing-text" x="-4" y="4.5">{txn}</text>
                    {roomy.then(|| view! {
                        <text class="missing-name" x="0" y="27" text-anchor="middle">{format!("{what}:")}</text>
                        <text class="missing-text" x="0" y="42" text-anchor="middle">"never sent"</text>
                    })}
                </g>
            })
        });
        Some(view! { {drawn} {more} {gaps.collect_view()} })
    })
}

fn draw_token(
    app: App,
    token: Token,
    (x, y): (f64, f64),
    named: bool,
    aside: bool,
) -> impl IntoView + use<> {
    let of = MenuOf::Edge(token.from as u8, token.to as u8);
    let name = name_of(token.txn);
    let label = format!("{} {} of {name}, in flight", icons::word(token.shape), token.label);
    view! {
        <g
            class=format!("flight {}", class_of(token.txn))
            class:copy=token.copy
            class:aside=aside
            transform=format!("translate({x:.1} {y:.1})")
        >
            <rect class="token" x="-24" y="-11" width="48" height="22" rx="11"/>
            <path class="ink-shape" transform="translate(-17 -5)" d=icons::path(token.shape)/>
            <text class="ink" x="-3" y="4.5">{name}</text>
            {named.then(|| view! { <text class="message" x="0" y="25" text-anchor="middle">{token.label.clone()}</text> })}
            <rect
                class="hit"
                x="-24"
                y="-22"
                width="48"
                height="44"
                rx="11"
                role="button"
                tabindex="0"
                aria-haspopup="menu"
                aria-label=label
                on:click=move |event| open_at_pointer(app, of, &event)
                on:keydown=move |event| open_by_key(app, of, &event)
            />
        </g>
    }
}
