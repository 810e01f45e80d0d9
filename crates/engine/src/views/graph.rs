//! The service graph as geometry: boxes, databases, topics, edges, and where on an edge a message
//! is. In CSS pixels at scale 1, at which all text has 12 px or more.
//!
//! A service keeps its place when only the coupling changes: the places depend on the services, the
//! first flow and the space, and the room for a broker or an orchestrator is always kept free.

use crate::cast::{Cast, NodeKind};
use crate::ids::{DbIx, NodeIx, TopicIx};

mod path;
mod stage;
mod tall;
mod wide;

pub use path::{Path, Point};

/// How the boxes are arranged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Look {
    /// Services left and right of the broker in the order of the flow: the lab.
    Wide,
    /// Two columns with the broker between rows: a phone.
    Tall,
    /// The broker on top and the services in one row: the first visit. Up to six services.
    Stage,
}

impl Look {
    /// The look for a space in CSS pixels.
    #[must_use]
    pub fn for_space(width: f64, height: f64) -> Self {
        if width < 600.0 || height > width * 1.25 { Self::Tall } else { Self::Wide }
    }
}

/// What a layout is asked for. Equal requests give equal graphs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Request {
    /// The arrangement.
    pub look: Look,
    /// The width of the space; the graph is wider where its content needs it.
    pub width: f64,
    /// The height of the space; the graph is higher where its content needs it.
    pub height: f64,
}

/// A rectangle.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Rect {
    /// Its left edge.
    pub x: f64,
    /// Its upper edge.
    pub y: f64,
    /// Its width.
    pub w: f64,
    /// Its height.
    pub h: f64,
}

impl Rect {
    /// Its right edge.
    #[must_use]
    pub fn right(&self) -> f64 {
        self.x + self.w
    }

    /// Its lower edge.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }

    /// Its centre.
    #[must_use]
    pub fn centre(&self) -> Point {
        Point { x: self.x + self.w / 2.0, y: self.y + self.h / 2.0 }
    }

    /// Whether two rectangles have an area in common.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }

    /// Whether a point lies inside, further from every edge than `margin`.
    #[must_use]
    pub fn holds(&self, point: Point, margin: f64) -> bool {
        point.x > self.x + margin
            && point.x < self.right() - margin
            && point.y > self.y + margin
            && point.y < self.bottom() - margin
    }
}

/// A database beside its owner.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DbBox {
    /// Which.
    pub db: DbIx,
    /// The cylinder.
    pub cylinder: Rect,
    /// The room for its rows' text.
    pub rows: Rect,
    /// How many rows fit there.
    pub lines: usize,
}

/// A node's box.
#[derive(Clone, PartialEq, Debug)]
pub struct NodeBox {
    /// Which node.
    pub node: NodeIx,
    /// What it is; clients are drawn as a pill.
    pub kind: NodeKind,
    /// Its box.
    pub rect: Rect,
    /// Its database.
    pub db: Option<DbBox>,
}

/// A topic inside the broker.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TopicBox {
    /// Which.
    pub topic: TopicIx,
    /// Its room, name and records together.
    pub rect: Rect,
    /// The room for its name.
    pub label: Rect,
    /// The room for its records.
    pub slots: Rect,
    /// How many records fit there.
    pub slot_count: usize,
}

/// The width of a record in a topic, with the space after it.
pub const SLOT: f64 = 34.0;

/// An edge.
#[derive(Clone, PartialEq, Debug)]
pub struct EdgePath {
    /// Where it begins.
    pub from: NodeIx,
    /// Where it ends, with an arrow head.
    pub to: NodeIx,
    /// The topic at which it ends or begins at the broker.
    pub topic: Option<TopicIx>,
    /// Its path.
    pub path: Path,
}

/// A drawn graph.
#[derive(Clone, PartialEq, Debug)]
pub struct Graph {
    /// The arrangement that was drawn: a stage with too many services is drawn wide.
    pub look: Look,
    /// The width of the view box, which begins at 0.
    pub width: f64,
    /// The height of the view box, which begins at 0.
    pub height: f64,
    /// The boxes, in the order of the nodes.
    pub nodes: Vec<NodeBox>,
    /// The topics, in the order of the cast.
    pub topics: Vec<TopicBox>,
    /// The edges, in the order of the cast's.
    pub edges: Vec<EdgePath>,
}

impl Graph {
    /// A node's box.
    #[must_use]
    pub fn node(&self, node: NodeIx) -> Option<&NodeBox> {
        self.nodes.iter().find(|of| of.node == node)
    }

    /// An edge.
    #[must_use]
    pub fn edge(&self, from: NodeIx, to: NodeIx) -> Option<&EdgePath> {
        self.edges.iter().find(|edge| edge.from == from && edge.to == to)
    }

    /// The way of a message between two nodes: their edge; an answer goes back along the edge of what
    /// it answers; a straight line where the graph has neither.
    #[must_use]
    pub fn way(&self, from: NodeIx, to: NodeIx) -> Option<Path> {
        if let Some(edge) = self.edge(from, to) {
            return Some(edge.path.clone());
        }
        if let Some(edge) = self.edge(to, from) {
            return Some(edge.path.reversed());
        }
        let (from, to) = (self.node(from)?.rect.centre(), self.node(to)?.rect.centre());
        Some(Path::line(from, to))
    }
}

/// Arranges the graph of a cast.
#[must_use]
pub fn graph(cast: &Cast, request: Request) -> Graph {
    let plan = Plan::of(cast);
    match request.look {
        Look::Stage if stage::fits(&plan) => stage::arrange(cast, &plan, request),
        Look::Tall => tall::arrange(cast, &plan, request),
        Look::Stage | Look::Wide => wide::arrange(cast, &plan, request),
    }
}

/// Who is drawn, in which order.
struct Plan {
    clients: Option<NodeIx>,
    /// The services in the order in which the first flow reaches them, the others after them.
    services: Vec<NodeIx>,
    broker: Option<NodeIx>,
    orchestrator: Option<NodeIx>,
}

impl Plan {
    fn of(cast: &Cast) -> Self {
        let of_kind = |wanted: fn(NodeKind) -> bool| {
            let nodes = cast.nodes.iter().enumerate();
            nodes.filter(move |(_, info)| wanted(info.kind)).map(|(at, _)| NodeIx(at as u8))
        };
        let mut services: Vec<NodeIx> = Vec::new();
        let by_flow = cast.flows.iter().take(1).flat_map(|flow| flow.steps.iter().map(|s| s.node));
        let all = of_kind(|kind| matches!(kind, NodeKind::Service(_)));
        for node in by_flow.chain(all) {
            let service = cast
                .nodes
                .get(node.ix())
                .is_some_and(|info| matches!(info.kind, NodeKind::Service(_)));
            if service && !services.contains(&node) {
                services.push(node);
            }
        }
        Self {
            clients: of_kind(|kind| kind == NodeKind::Clients).next(),
            services,
            broker: of_kind(|kind| kind == NodeKind::Broker).next(),
            orchestrator: of_kind(|kind| kind == NodeKind::Orchestrator).next(),
        }
    }
}

/// The topic at which an edge meets the broker: its publisher's own on the way in; on the way out
/// that of the step before the consumer's, or the first that it handles.
fn topic_of(cast: &Cast, plan: &Plan, from: NodeIx, to: NodeIx) -> Option<TopicIx> {
    let topics = || cast.topics.iter().enumerate().map(|(at, info)| (TopicIx(at as u8), info));
    if Some(to) == plan.broker {
        return topics().find(|(_, info)| info.publisher == from).map(|(topic, _)| topic);
    }
    if Some(from) != plan.broker {
        return None;
    }
    let at = plan.services.iter().position(|node| *node == to)?;
    let before = at.checked_sub(1).map(|before| plan.services[before]);
    let mut handled = topics().filter(|(_, info)| info.consumers.contains(&to));
    let first = handled.clone().next().map(|(topic, _)| topic);
    handled.find(|(_, info)| Some(info.publisher) == before).map(|(topic, _)| topic).or(first)
}

/// The box of a database under its owner's box, as wide as that.
fn db_below(
    cast: &Cast,
    node: NodeIx,
    rect: Rect,
    gap: f64,
    cylinder: (f64, f64),
    lines: usize,
) -> Option<DbBox> {
    let db = cast.nodes.get(node.ix())?.db?;
    let y = rect.bottom() + gap;
    let inset = 12.0;
    let cylinder = Rect { x: rect.x + inset, y, w: cylinder.0, h: cylinder.1 };
    let x = cylinder.right() + 8.0;
    let rows = Rect { x, y, w: rect.right() - x, h: LINE * lines as f64 };
    Some(DbBox { db, cylinder, rows, lines })
}

/// The height of a row's text.
pub const LINE: f64 = 17.0;

/// The topics of a broker in a grid inside its box, filled column by column.
fn topic_grid(cast: &Cast, inside: Rect, columns: usize, pitch: f64) -> Vec<TopicBox> {
    let count = cast.topics.len();
    let columns = columns.clamp(1, count.max(1));
    let rows = count.div_ceil(columns).max(1);
    let width = inside.w / columns as f64;
    let boxes = (0..count).map(|at| {
        let (column, row) = (at / rows, at % rows);
        let rect = Rect {
            x: inside.x + width * column as f64,
            y: inside.y + pitch * row as f64,
            w: width - 10.0,
            h: pitch - 6.0,
        };
        let label = Rect { h: 16.0, ..rect };
        let slots = Rect { y: rect.y + 20.0, h: 22.0, ..rect };
        let slot_count = (slots.w / SLOT) as usize;
        TopicBox { topic: TopicIx(at as u8), rect, label, slots, slot_count }
    });
    boxes.collect()
}
