//! Nodes: services with their databases, the clients, an orchestrator.

use std::collections::BTreeSet;

use interleave_engine::cast::NodeKind;
use interleave_engine::ids::{EventIx, TxnId};
use interleave_engine::views::frame::NodeState;
use leptos::prelude::*;

use super::lines::Scene;
use super::picture::{self, Chip, NodePicture};
use super::{drag, open_at_pointer, open_by_key};
use crate::geometry::curve::Rect;
use crate::lab::Run;
use crate::state::{App, MenuOf};

/// Draws all nodes but the broker.
pub(super) fn draw(app: App, scene: Memo<Option<Scene>>) -> impl IntoView {
    let txn = app.txn.get().map(TxnId);
    let led = app.led();
    // By hand, the nodes at which something can happen next are marked.
    let by_hand = crate::act::hand::here(app);
    let offers = |node: u8| {
        let next = by_hand.as_ref().map(|it| &it.hand.next);
        next.is_some_and(|next| next.iter().any(|next| next.node.0 == node && !next.fault))
    };
    let pictures = scene.with(|scene| {
        let layout = &scene.as_ref()?.layout;
        app.framed(|run, frame| {
            let nodes = run.cast().nodes.iter().enumerate();
            let shown = nodes.filter(|(_, info)| info.kind != NodeKind::Broker);
            let picture = |(at, info): (usize, &interleave_engine::cast::NodeInfo)| {
                let rect = *layout.nodes.get(at)?;
                let db = layout.dbs.get(at).copied().flatten();
                // A letter of the monospaced face is a little over 7 pixels wide.
                let room = layout.row_width.unwrap_or(rect.w - 30.0).min(rect.w - 30.0);
                let letters = ((room / 7.3) as usize).max(12);
                let picture = picture::node(run, frame, at, letters, txn)?;
                let aside = led.as_ref().is_some_and(|led| !is_at(run, led, at));
                Some((at as u8, info.kind == NodeKind::Clients, rect, db, picture, aside))
            };
            shown.filter_map(picture).collect::<Vec<_>>()
        })
    });
    let drawn = pictures.unwrap_or_default().into_iter().map(
        |(at, clients, rect, db, picture, aside)| {
            let of = MenuOf::Node(at);
            let label = picture.label.clone();
            let class = format!("node {}", class(picture.state));
            view! {
                <g
                    class=class
                    class:clients=clients
                    class:offers=offers(at)
                    class:aside=aside
                    transform=format!("translate({:.1} {:.1})", rect.x, rect.y)
                >
                    {if clients { pill(&rect, &picture).into_any() } else { service(&rect, db, picture).into_any() }}
                    <rect
                        class="hit"
                        width=rect.w
                        height=db.map_or(rect.h, |db| db.y + db.h - rect.y)
                        rx=if clients { rect.h / 2.0 } else { 10.0 }
                        role="button"
                        tabindex="0"
                        aria-haspopup="menu"
                        aria-label=label
                        on:pointerdown=move |event| drag::node(app, at, rect.w, &event)
                        on:click=move |event| {
                            if !drag::was_dragged() {
                                open_at_pointer(app, of, &event);
                            }
                        }
                        on:keydown=move |event| open_by_key(app, of, &event)
                    />
                </g>
            }
        },
    );
    drawn.collect_view()
}

/// Whether one of these events is at a node.
fn is_at(run: &Run, events: &BTreeSet<u32>, node: usize) -> bool {
    let mut events = events.iter().filter_map(|event| run.trace().get(EventIx(*event)));
    events.any(|event| event.node.ix() == node)
}

fn class(state: NodeState) -> &'static str {
    match state {
        NodeState::Idle => "idle",
        NodeState::Working => "working",
        NodeState::Waiting => "waiting",
        NodeState::Compensating => "compensating",
        NodeState::Stuck => "stuck",
        NodeState::InDoubt => "in-doubt",
        NodeState::Crashed => "crashed",
    }
}

fn pill(rect: &Rect, picture: &NodePicture) -> impl IntoView + use<> {
    view! {
        <rect class="box" width=rect.w height=rect.h rx=rect.h / 2.0/>
        <text x=rect.w / 2.0 y=rect.h / 2.0 + 4.5 text-anchor="middle">{picture.name.clone()}</text>
    }
}

fn service(rect: &Rect, db: Option<Rect>, picture: NodePicture) -> impl IntoView + use<> {
    let work = picture.work.clone();
    let right = rect.w - 14.0;
    view! {
        <rect class="box" width=rect.w height=rect.h rx="10"/>
        <text class="name" x="14" y="25">{picture.name.clone()}</text>
        <text class="line" x="14" y="45">{picture.line.clone()}</text>
        {match (picture.state, work) {
            (NodeState::Crashed, _) => view! {
                <path class="cross" d=format!("M{} 14l11 11m0-11-11 11", right - 11.0)/>
            }.into_any(),
            (NodeState::Working | NodeState::Compensating, Some(chip)) => {
                serving(chip, right, picture.state == NodeState::Compensating).into_any()
            }
            (NodeState::Stuck, _) => view! {
                <path class="cross" d=format!("M{} 12v8m0 4v.5", right - 6.0)/>
            }.into_any(),
            (state, _) => view! {
                <circle class=format!("dot {}", class(state)) cx=right - 5.0 cy="20" r="4.5"/>
            }.into_any(),
        }}
        {queue(&picture, rect.w)}
        {db.map(|db| database(&db, rect, picture))}
    }
}

/// What a worker is serving: a pill in the transaction's colour.
fn serving(chip: Chip, right: f64, undo: bool) -> impl IntoView {
    let (class, text) = chip;
    let sign = if undo { "↩" } else { "▸" };
    view! {
        <g class=format!("serving {class}") transform=format!("translate({} 9)", right - 44.0)>
            <rect class="token" width="46" height="21" rx="10.5"/>
            <text class="ink" x="23" y="14.5" text-anchor="middle">{format!("{sign} {text}")}</text>
        </g>
    }
}

/// What waits: hatched chips on the upper edge.
fn queue(picture: &NodePicture, width: f64) -> impl IntoView + use<> {
    let chips = picture.queue.iter().enumerate().map(|(at, (class, text))| {
        let x = width - 40.0 - at as f64 * 36.0;
        let class = format!("waits {class}");
        view! {
            <g class=class transform=format!("translate({x:.0} -13)")>
                <rect class="ground" width="34" height="18" rx="5"/>
                <rect class="hatched" width="34" height="18" rx="5"/>
                <text x="17" y="13" text-anchor="middle">{text.clone()}</text>
            </g>
        }
    });
    let more = picture.queue_more;
    view! {
        {chips.collect_view()}
        {(more > 0).then(|| view! {
            <text class="line" x=width - 40.0 - picture.queue.len() as f64 * 36.0 + 30.0 y="0" text-anchor="end">
                {format!("+{more}")}
            </text>
        })}
    }
}

/// A cylinder with rows beside it and the outbox below.
fn database(db: &Rect, node: &Rect, picture: NodePicture) -> impl IntoView + use<> {
    let (x, y) = (db.x - node.x, db.y - node.y);
    let (w, h) = (db.w, db.h);
    let rows = picture.rows.into_iter().enumerate().map(|(at, row)| {
        let class = if row.contains('→') { "row fresh" } else { "row" };
        view! {
            <text class=class x=x + w + 10.0 y=y + 11.0 + at as f64 * 16.0>
                {row}
            </text>
        }
    });
    let after_rows = rows.len() as f64;
    let more = picture.rows_more;
    let outbox = picture.outbox;
    let in_outbox = outbox.len();
    view! {
        <path class="stem" d=format!("M{} {}v12", x + w / 2.0, node.h)/>
        <path class="cylinder" d=format!(
            "M{x} {}v{}c0 {r} {w} {r} {w} 0v-{}", y + 5.0, h - 10.0, h - 10.0, r = 6.5
        )/>
        <ellipse class="cylinder" cx=x + w / 2.0 cy=y + 5.0 rx=w / 2.0 ry="4.8"/>
        {rows.collect_view()}
        {(more > 0 && in_outbox == 0 && after_rows < 3.0).then(|| view! {
            <text class="line" x=x + w + 10.0 y=y + 11.0 + after_rows * 16.0>{format!("+{more} rows")}</text>
        })}
        {(in_outbox > 0).then(|| {
            let chips = outbox.into_iter().take(3).enumerate().map(|(at, (class, text))| view! {
                <g class=format!("waits {class}") transform=format!("translate({} {})", x + w + 56.0 + at as f64 * 36.0, y + 31.0)>
                    <rect class="ground" width="34" height="18" rx="5"/>
                    <rect class="hatched" width="34" height="18" rx="5"/>
                    <text x="17" y="13" text-anchor="middle">{text}</text>
                </g>
            });
            view! {
                <text class="line" x=x + w + 10.0 y=y + 44.0>"outbox"</text>
                {chips.collect_view()}
            }
        })}
    }
}
