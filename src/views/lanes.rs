//! Timeline, lanes: a line for each node, a point for each event, an arrow for each message.

use std::collections::BTreeMap;

use interleave_engine::ids::{EventIx, NodeIx, TxnId};
use interleave_engine::views::format::count;
use interleave_engine::views::gallop::{Gallop, gallop};
use interleave_engine::views::lanes::{LanePoint, PointKind, lanes};
use interleave_engine::views::story::sentence;
use interleave_engine::views::transactions::{self, COLOURS};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::platform::canvas::{Colours, Pen};
use crate::state::{App, app};
use crate::views::icons::class_of;
use crate::views::timeline::{self, AXIS, NAMES, Scale};

/// The width of a column of the density, in pixels.
const COLUMN: f64 = 2.0;
/// The height of a lane.
const LANE: f64 = 40.0;
/// Local events nearer than this to the first of them are drawn as one.
const TOGETHER: f64 = 26.0;
/// How many events are drawn one by one at most; beyond that their density is painted.
const POINTS_MAX: u32 = 1_200;

#[derive(Clone, PartialEq)]
struct Point {
    count: u32,
    x: f64,
    y: f64,
    class: String,
    path: &'static str,
    event: u32,
    title: String,
}

#[derive(Clone, PartialEq, Default)]
struct Picture {
    names: Vec<String>,
    points: Vec<Point>,
    arrows: Vec<(String, String, bool)>,
    downs: Vec<(f64, f64, f64)>,
    /// The density, where there are too many events to draw each.
    dense: Option<Gallop>,
}

/// The lanes.
#[component]
pub fn Lanes() -> impl IntoView {
    let app = app();
    let place = NodeRef::<leptos::html::Div>::new();
    let scale = timeline::scale(app, place);
    let picture = Memo::new(move |_| picture(app, scale.get(), app.txn.get()).unwrap_or_default());
    let canvas = NodeRef::<leptos::html::Canvas>::new();
    let pen = StoredValue::new_local(None::<(Pen, Colours)>);
    Effect::new(move |_| {
        let Some(element) = canvas.get() else { return };
        let (scale, theme) = (scale.get(), app.theme.get());
        pen.update_value(|pen| {
            if pen.is_none() {
                *pen = Pen::of(&element).map(|pen| (pen, Colours::default()));
            }
            let Some((pen, colours)) = pen else { return };
            colours.under(theme.id());
            picture.with(|picture| paint(pen, colours, picture, scale.width));
        });
    });
    let height = move || AXIS + picture.with(|it| it.names.len()) as f64 * LANE + 8.0;
    view! {
        <div class="timeline lanes" node_ref=place>
            <svg
                width=move || scale.get().width
                height=height
                role="group"
                aria-label="Events of each node over the axis, with an arrow for each message"
                on:click=move |event| timeline::seek(app, scale.get_untracked(), place, &event)
            >
                <defs>
                    <marker id="lane-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto">
                        <path class="head" d="M0 0 8 4 0 8z"/>
                    </marker>
                </defs>
                {move || timeline::axis(app, scale.get(), height())}
                {move || picture.with(|picture| draw(app, picture.clone(), scale.get().width))}
                {timeline::cursor(app, scale, height)}
            </svg>
            <canvas class="dense" node_ref=canvas aria-hidden="true"></canvas>
            {move || {
                let many = picture.with(|picture| picture.dense.as_ref().map(|dense| dense.events));
                many.map(|many| view! {
                    <p class="dim small pad">
                        {format!("{} events here: each column is a share of the time, the taller the more; a red one holds a failure. Zoom in (W) to see each.", count(u64::from(many)))}
                    </p>
                })
            }}
        </div>
    }
}

fn picture(app: App, scale: Scale, followed: Option<u32>) -> Option<Picture> {
    let led = app.led();
    app.run(|run| {
        let cast = run.cast();
        let axis = run.axis();
        let y_of = |node: NodeIx| AXIS + (node.ix() as f64 + 0.5) * LANE;
        let names: Vec<String> = cast.nodes.iter().map(|node| node.name.clone()).collect();
        let downs = run
            .views
            .index
            .downs
            .iter()
            .enumerate()
            .flat_map(|(node, downs)| downs.iter().map(move |down| (node, *down)));
        let downs: Vec<(f64, f64, f64)> = downs
            .map(|(node, down)| {
                let from = axis.of(down.crashed);
                let to = down.restarted.map_or(axis.end(), |event| axis.of(event));
                (scale.near(from), scale.near(to), y_of(NodeIx(node as u8)))
            })
            .filter(|(from, to, _)| to > from)
            .collect();
        let first = axis.at(scale.window.from);
        let first = if axis.of(first) < scale.window.from { first.0 + 1 } else { first.0 };
        let from = if scale.window.from <= 0.0 { 0 } else { first };
        let last = axis.at(scale.window.to).0 + 1;
        let many = last.saturating_sub(from);
        if many > POINTS_MAX {
            let columns = ((scale.width - NAMES - 8.0) / COLUMN).max(1.0) as usize;
            let part = (scale.window.from.max(0.0) as u64, scale.window.to.max(0.0) as u64);
            let txn = followed.map(TxnId);
            let dense = gallop(run.trace(), &run.views.index, axis.measure, part, columns, txn);
            return Picture { names, downs, dense: Some(dense), ..Picture::default() };
        }
        // Events of one moment stand beside each other, so that each can be seen and chosen.
        let spread = |event: EventIx| {
            let at = axis.of(event);
            let mut before = 0;
            while event.0 > before
                && before < 12
                && axis.of(EventIx(event.0 - before - 1)).to_bits() == at.to_bits()
            {
                before += 1;
            }
            f64::from(before) * if axis.steps { 9.0 } else { 6.0 }
        };
        let x_of = |event: EventIx| scale.near(axis.of(event)) + spread(event);
        let found = lanes(run.trace(), &run.views.index, from..last, None);
        let dim = |txn: Option<TxnId>, event: EventIx| match (&led, followed, txn) {
            (Some(led), ..) if !led.contains(&event.0) => " other",
            (None, Some(followed), Some(txn)) if followed != txn.0 => " other",
            _ => "",
        };
        let local =
            |kind: PointKind| matches!(kind, PointKind::Queue | PointKind::Timer | PointKind::Note);
        // Local events that follow each other at a node, with nothing else between, are one point
        // with their number.
        let mut open: BTreeMap<NodeIx, usize> = BTreeMap::new();
        let mut shown: Vec<(LanePoint, u32)> = Vec::new();
        for point in &found.points {
            match open.get(&point.node).copied() {
                Some(at)
                    if local(point.kind)
                        && shown[at].0.txn == point.txn
                        && x_of(point.event) - x_of(shown[at].0.event) < TOGETHER =>
                {
                    shown[at].1 += 1;
                }
                _ => {
                    if local(point.kind) {
                        open.insert(point.node, shown.len());
                    } else {
                        open.remove(&point.node);
                    }
                    shown.push((*point, 1));
                }
            }
        }
        let points = shown.iter().map(|(point, count)| Point {
            count: *count,
            x: x_of(point.event),
            y: y_of(point.node),
            class: format!(
                "point {} {}{}",
                kind(point.kind),
                class_of(point.txn),
                dim(point.txn, point.event)
            ),
            path: shape(point.kind),
            event: point.event.0,
            title: match count {
                1 => sentence(cast, run.trace(), point.event),
                many => format!(
                    "{many} local events, the first: {}",
                    sentence(cast, run.trace(), point.event)
                ),
            },
        });
        let points = points.collect();
        let arrows = found.arrows.iter().filter_map(|arrow| {
            let (x1, y1) = (x_of(arrow.from), y_of(arrow.from_node));
            let target = y_of(arrow.to_node);
            let (x2, y2) = match arrow.to {
                // What is lost does not come to its target: it ends short of it, in a cross.
                Some(to) if arrow.lost => {
                    let x = x_of(to).max(x1 + 18.0);
                    (x1 + (x - x1) * 0.72, y1 + (target - y1) * 0.72)
                }
                Some(to) => (x_of(to), target),
                None if arrow.record => return None,
                None => (x1 + 30.0, f64::midpoint(y1, target)),
            };
            let lost = if arrow.lost { " lost" } else { "" };
            let class =
                format!("arrow {}{lost}{}", class_of(arrow.txn), dim(arrow.txn, arrow.from));
            let mut path = format!("M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}");
            if arrow.lost {
                path.push_str(&format!("M{:.1} {:.1}l10 10m0-10l-10 10", x2 - 5.0, y2 - 5.0));
            }
            Some((path, class, !arrow.lost))
        });
        let arrows = arrows.collect();
        Picture { names, points, arrows, downs, dense: None }
    })
}

fn kind(kind: PointKind) -> &'static str {
    match kind {
        PointKind::Refuse | PointKind::Fault => "bad-point",
        PointKind::Mend => "good-point",
        PointKind::Note | PointKind::Queue | PointKind::Timer => "small-point",
        _ => "",
    }
}

fn shape(kind: PointKind) -> &'static str {
    match kind {
        PointKind::Client => "M-6 -5h12v10h-12z",
        PointKind::Commit => "M0-6a6 6 0 1 0 0 12a6 6 0 1 0 0-12z",
        PointKind::Send => "M-4-5 5 0-4 5z",
        PointKind::Receive => "M4-5-5 0 4 5z",
        PointKind::Decision => "M0-6 6 0 0 6-6 0z",
        PointKind::Refuse | PointKind::Fault => {
            "M-5-3l2-2 3 3 3-3 2 2-3 3 3 3-2 2-3-3-3 3-2-2 3-3z"
        }
        PointKind::Mend => "M-5 0l3-2 2 2 4-5 2 2-6 7z",
        PointKind::Queue | PointKind::Timer | PointKind::Note => {
            "M0-3a3 3 0 1 0 0 6a3 3 0 1 0 0-6z"
        }
    }
}

fn draw(app: App, picture: Picture, width: f64) -> impl IntoView {
    let lanes = picture.names.into_iter().enumerate().map(|(at, name)| {
        let y = AXIS + (at as f64 + 0.5) * LANE;
        view! {
            <path class="lane" d=format!("M{NAMES} {y}H{width}")/>
            <text class="lane-name" x="16" y=y + 4.5>{name}</text>
        }
    });
    let downs = picture.downs.into_iter().map(|(from, to, y)| {
        view! {
            <rect class="lane-down" x=from y=y - 12.0 width=to - from height="24" rx="4"/>
        }
    });
    let arrows = picture.arrows.into_iter().map(|(path, class, arrives)| {
        view! {
            <path class=class d=path marker-end=arrives.then_some("url(#lane-head)")/>
        }
    });
    let points = picture.points.into_iter().map(|point| {
        let event = point.event;
        view! {
            <g
                class=point.class
                transform=format!("translate({:.1} {:.1})", point.x, point.y)
                role="button"
                aria-label=point.title
                on:click=move |click| {
                    click.stop_propagation();
                    dispatch(app, Cmd::Explain(event));
                }
            >
                <rect class="reach" x="-8" y="-12" width="16" height="24"/>
                <path d=point.path/>
                {(point.count > 1).then(|| view! { <text class="local-count" x="0" y="-6" text-anchor="middle">{point.count}</text> })}
            </g>
        }
    });
    view! {
        {lanes.collect_view()}
        {downs.collect_view()}
        {arrows.collect_view()}
        {points.collect_view()}
    }
}

/// Paints the density of each lane: a column for each two pixels, its colour the transaction's.
fn paint(pen: &Pen, colours: &mut Colours, picture: &Picture, width: f64) {
    let height = AXIS + picture.names.len() as f64 * LANE + 8.0;
    pen.clear(width, height);
    let Some(dense) = &picture.dense else { return };
    let most = f64::from(dense.most.max(1)).sqrt();
    let failed = u8::MAX;
    for colour in (0..COLOURS).chain([COLOURS, failed]) {
        let mut any = false;
        pen.begin();
        for (at, cells) in dense.nodes.iter().enumerate() {
            let middle = AXIS + (at as f64 + 0.5) * LANE;
            for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.count > 0) {
                let of = cell.txn.map_or(COLOURS, transactions::colour);
                let of = if cell.failed { failed } else { of };
                if of == colour {
                    // The root keeps a single event visible beside a burst.
                    let tall = 4.0 + f64::from(cell.count).sqrt() / most * (LANE - 12.0);
                    let x = NAMES + column as f64 * COLUMN;
                    pen.rect(x, middle - tall / 2.0, COLUMN, tall, 0.0);
                    any = true;
                }
            }
        }
        if any {
            let name = match colour {
                COLOURS => "--edge".to_owned(),
                _ if colour == failed => "--bad".to_owned(),
                txn => format!("--txn-line-{txn}"),
            };
            let fill = colours.of(pen, &name);
            pen.fill(&fill);
        }
    }
}
