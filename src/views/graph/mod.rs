//! The service graph: nodes with their databases, the broker with its topics, tokens in flight.
//!
//! Places come from [`crate::geometry::layout`], what stands there from the engine's frame; this
//! draws both. Nothing is drawn in flight that is not in flight.

mod broker;
mod crowd;
mod drag;
mod edges;
mod lines;
mod nodes;
mod picture;
mod tokens;

use std::collections::BTreeMap;

use interleave_engine::cast::{Cast, NodeKind};
use interleave_engine::ids::ServiceIx;
use interleave_engine::views::transactions::COLOURS;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use self::lines::{Line, Scene};
use crate::cmd::{Cmd, dispatch};
use crate::geometry::layout::{Kind, Layout, Request, Topic};
use crate::occasion::Occasion;
use crate::platform::{listen, zoom};
use crate::state::{App, Camera, Menu, MenuOf, app};

/// The least size of a place; before the browser has told the real one.
const PLACE: (f64, f64) = (860.0, 460.0);

/// How small the graph may be before an audience, where 12 pixels are 19: its text is never below 12.
const LEAST_BEFORE_AUDIENCE: f64 = 0.7;

/// What the layout needs of a cast.
fn request(
    cast: &Cast,
    lines: &[Line],
    size: (f64, f64),
    across: bool,
    pins: &BTreeMap<u8, (f64, f64)>,
) -> Request {
    let place =
        |of: ServiceIx| cast.nodes.iter().position(|node| node.kind == NodeKind::Service(of));
    let kind = |kind: NodeKind| match kind {
        NodeKind::Clients => Kind::Clients,
        NodeKind::Service(_) => Kind::Service,
        NodeKind::Replica(of) => place(of).map_or(Kind::Service, Kind::Replica),
        NodeKind::Member(of) => place(of).map_or(Kind::Service, Kind::Member),
        NodeKind::Broker => Kind::Broker,
        NodeKind::Orchestrator
        | NodeKind::Coordinator
        | NodeKind::Composer
        | NodeKind::Database => Kind::Hub,
    };
    let broker = cast.broker();
    let topic = |line: &Line| Topic {
        publisher: line.publisher.ix(),
        consumers: line.consumers.iter().map(|node| node.ix()).collect(),
    };
    let direct =
        cast.edges.iter().filter(|(from, to)| Some(*from) != broker && Some(*to) != broker);
    Request {
        width: size.0,
        height: size.1,
        across,
        nodes: cast.nodes.iter().map(|node| (kind(node.kind), node.db.is_some())).collect(),
        topics: lines.iter().map(topic).collect(),
        edges: direct.map(|(from, to)| (from.ix(), to.ix())).collect(),
        pins: pins.iter().map(|(node, by)| (usize::from(*node), *by)).collect(),
    }
}

/// How the layout is drawn: its scale, its shift, and the size of the drawing, which scrolls where it
/// is larger than its place: text never becomes too small to be read by itself.
#[derive(Clone, Copy, PartialEq)]
struct Placing {
    scale: f64,
    x: f64,
    y: f64,
    size: (f64, f64),
}

fn placing(
    layout: &Layout,
    size: (f64, f64),
    camera: Camera,
    phone: bool,
    occasion: Occasion,
) -> Placing {
    let fit = (size.0 / layout.width).min(size.1 / layout.height).min(1.0);
    // Before an audience everything is larger already.
    let least = if occasion == Occasion::Present { LEAST_BEFORE_AUDIENCE } else { 1.0 };
    let fit = if camera.whole { fit } else { fit.max(least) };
    let scale = if phone { camera.zoom } else { fit * camera.zoom };
    let (width, height) = (layout.width * scale, layout.height * scale);
    // A fraction of a pixel is no reason to scroll.
    let larger = |drawn: f64, place: f64| if drawn > place + 1.0 { drawn } else { place };
    let size =
        if phone { (size.0, height) } else { (larger(width, size.0), larger(height, size.1)) };
    Placing {
        scale,
        x: ((size.0 - width) / 2.0).max(0.0) + camera.x,
        y: ((size.1 - height) / 2.0).max(0.0) + camera.y,
        size,
    }
}

/// The service graph.
#[component]
pub fn Graph() -> impl IntoView {
    let app = app();
    let size = RwSignal::new(PLACE);
    let place = NodeRef::<leptos::html::Div>::new();
    Effect::new(move |_| {
        if let Some(element) = place.get() {
            listen::on_resize(&element, move |width, height| {
                if width > 0.0 && size.try_get_untracked() != Some((width, height)) {
                    let _ = size.try_set((width, height));
                }
            });
        }
    });
    // The request decides whether the layout is made anew.
    let lines = Memo::new(move |_| app.run(lines::lines).unwrap_or_default());
    let asked = Memo::new(move |_| {
        let (width, height) = size.get();
        let (size, across) = ((width, height.max(300.0)), app.first.get());
        let pins = app.pins.get();
        lines.with(|lines| app.run(|run| request(run.cast(), lines, size, across, &pins)))
    });
    let scene = Memo::new(move |_| {
        let layout = asked.with(|asked| asked.as_ref().map(Layout::of))?;
        Some(Scene { lines: lines.get(), layout })
    });
    let placed = Memo::new(move |_| {
        let size = size.get();
        scene.with(|scene| {
            let layout = &scene.as_ref()?.layout;
            Some(placing(layout, size, app.camera.get(), app.phone.get(), app.occasion))
        })
    });
    let shown = move || {
        let of = placed.get()?;
        Some(format!("translate({:.1} {:.1}) scale({:.3})", of.x, of.y, of.scale))
    };
    let drawn = move || placed.get().map_or(size.get(), |placed| placed.size);
    let crowd = StoredValue::new_local(crowd::Crowd::default());
    let canvas = NodeRef::<leptos::html::Canvas>::new();
    Effect::new(move |_| {
        if let Some(canvas) = canvas.get() {
            crowd.update_value(|crowd| crowd.take(&canvas));
        }
    });
    view! {
        <div class="graph" node_ref=place>
          <div class="drawing" style:width=move || px(drawn().0) style:height=move || px(drawn().1)>
            <svg
                width=move || drawn().0
                height=move || drawn().1
                role="group"
                aria-label="Services, databases and messages. The Table button shows the same as text."
                on:pointerdown=move |event| drag::ground(app, &event)
                on:click=move |event| {
                    let Some(canvas) = canvas.get_untracked() else { return };
                    let (rect, zoom) = (canvas.get_bounding_client_rect(), zoom::of(&canvas));
                    let x = (f64::from(event.client_x()) - rect.left()) / zoom;
                    let y = (f64::from(event.client_y()) - rect.top()) / zoom;
                    if let Some((from, to)) = crowd.with_value(|crowd| crowd.at(x, y)) {
                        open_at_pointer(app, MenuOf::Edge(from, to), &event);
                    }
                }
                on:wheel=move |event| {
                    if event.ctrl_key() {
                        event.prevent_default();
                        dispatch(app, Cmd::ZoomGraph(if event.delta_y() < 0.0 { 1.1 } else { 1.0 / 1.1 }));
                    }
                }
            >
                {defs()}
                <g transform=shown>
                    {move || edges::draw(app, scene)}
                    {move || broker::draw(app, scene)}
                    {move || nodes::draw(app, scene)}
                    {move || tokens::draw(app, scene, crowd, drawn(), placed.get())}
                </g>
            </svg>
            <canvas class="crowd" node_ref=canvas aria-hidden="true"></canvas>
          </div>
        </div>
    }
}

fn px(length: f64) -> String {
    format!("{length:.0}px")
}

/// Arrow heads and the hatching of what waits.
fn defs() -> impl IntoView {
    let hatches = (0..COLOURS).map(|at| {
        view! {
            <pattern
                id=format!("waits-{at}")
                width="6" height="6"
                patternUnits="userSpaceOnUse"
                patternTransform="rotate(45)"
            >
                <rect class=format!("hatch-ground t{at}") width="6" height="6"/>
                <rect class=format!("hatch-line t{at}") width="2.4" height="6"/>
            </pattern>
        }
    });
    let heads = (0..COLOURS).map(|at| head(format!("head-{at}"), format!("head t{at}")));
    view! {
        <defs>
            {head("head".to_owned(), "head".to_owned())}
            {heads.collect_view()}
            {hatches.collect_view()}
        </defs>
    }
}

fn head(id: String, class: String) -> impl IntoView {
    view! {
        <marker
            id=id viewBox="0 0 8 8" refX="7" refY="4"
            markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"
        >
            <path class=class d="M0 0 8 4 0 8z"/>
        </marker>
    }
}

/// Opens the menu of something drawn, where it was clicked.
fn open_at_pointer(app: App, of: MenuOf, event: &web_sys::MouseEvent) {
    let (x, y) = zoom::pointer(event);
    dispatch(app, Cmd::Menu(Some(Menu { of, x, y })));
}

/// Opens the menu of something drawn, by the keyboard: beside it.
fn open_by_key(app: App, of: MenuOf, event: &web_sys::KeyboardEvent) {
    if !matches!(event.key().as_str(), "Enter" | " ") {
        return;
    }
    let element = event.current_target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
    let Some(element) = element else { return };
    event.prevent_default();
    event.stop_propagation();
    let (rect, zoom) = (element.get_bounding_client_rect(), zoom::of(&element));
    dispatch(app, Cmd::Menu(Some(Menu { of, x: rect.right() / zoom, y: rect.top() / zoom })));
}
