//! The stage: the broker on top, the services in one row below it, the clients to their left. For
//! the first visit, where one transaction is looked at.
//!
//! Edges run in the free strip between the broker and the services.

use crate::cast::{Cast, NodeKind};
use crate::ids::NodeIx;

use super::wide::lane;
use super::{
    DbBox, EdgePath, Graph, LINE, Look, NodeBox, Path, Plan, Point, Rect, Request, TopicBox,
    db_below, topic_grid, topic_of,
};

/// With more services than this their boxes would become too narrow.
const SERVICES_MAX: usize = 6;

/// Whether a graph fits onto the stage, where there is room for a broker or an orchestrator.
pub(super) fn fits(plan: &Plan) -> bool {
    plan.services.len() <= SERVICES_MAX && !(plan.broker.is_some() && plan.orchestrator.is_some())
}

const MARGIN: f64 = 24.0;
const CLIENTS: (f64, f64) = (112.0, 56.0);
const BOX_H: f64 = 84.0;
const BAND_H: f64 = 92.0;
const STRIP: f64 = 92.0;
const GAP: f64 = 60.0;
const HUB_W: f64 = 200.0;
const HUB_DB_W: f64 = 150.0;

pub(super) fn arrange(cast: &Cast, plan: &Plan, request: Request) -> Graph {
    let count = plan.services.len().max(1) as f64;
    let left = MARGIN + CLIENTS.0 + GAP;
    let room = request.width - left - MARGIN - GAP * (count - 1.0);
    let box_w = (room / count).clamp(168.0, 232.0);
    // At least as wide as an orchestrator with its database.
    let row_w = (count * box_w + GAP * (count - 1.0)).max(HUB_W + HUB_DB_W);
    let width = left + row_w + MARGIN;
    let mut drawn = Drawn {
        cast,
        plan,
        left,
        box_w,
        band: Rect { x: left, y: 20.0, w: width - left - MARGIN, h: BAND_H },
        row: 20.0 + BAND_H + STRIP,
        nodes: Vec::new(),
        topics: Vec::new(),
    };
    drawn.place();
    let edges = drawn.edges();
    let height = drawn.row + BOX_H + 14.0 + LINE * 3.0 + 20.0;
    drawn.nodes.sort_by_key(|node| node.node);
    Graph { look: Look::Stage, width, height, nodes: drawn.nodes, topics: drawn.topics, edges }
}

struct Drawn<'a> {
    cast: &'a Cast,
    plan: &'a Plan,
    left: f64,
    box_w: f64,
    band: Rect,
    /// The upper edge of the services.
    row: f64,
    nodes: Vec<NodeBox>,
    topics: Vec<TopicBox>,
}

impl Drawn<'_> {
    fn place(&mut self) {
        if let Some(node) = self.plan.clients {
            let y = self.row + (BOX_H - CLIENTS.1) / 2.0;
            let rect = Rect { x: MARGIN, y, w: CLIENTS.0, h: CLIENTS.1 };
            self.nodes.push(NodeBox { node, kind: NodeKind::Clients, rect, db: None });
        }
        for (at, node) in self.plan.services.iter().enumerate() {
            let x = self.left + at as f64 * (self.box_w + GAP);
            let rect = Rect { x, y: self.row, w: self.box_w, h: BOX_H };
            let db = db_below(self.cast, *node, rect, 14.0, (56.0, 46.0), 3);
            let kind = self.cast.nodes[node.ix()].kind;
            self.nodes.push(NodeBox { node: *node, kind, rect, db });
        }
        if let Some(node) = self.plan.broker {
            let rect = self.band;
            let inside =
                Rect { x: rect.x + 130.0, y: rect.y + 22.0, w: rect.w - 140.0, h: rect.h - 22.0 };
            self.topics = topic_grid(self.cast, inside, self.cast.topics.len(), 56.0);
            self.nodes.push(NodeBox { node, kind: NodeKind::Broker, rect, db: None });
        }
        if let Some(node) = self.plan.orchestrator {
            let x = self.band.centre().x - HUB_W / 2.0;
            let x = x.min(self.band.right() - HUB_W - HUB_DB_W);
            let h = 64.0;
            let rect = Rect { x, y: self.band.bottom() - h, w: HUB_W, h };
            // Its database stands beside it: the strip below is for the edges.
            let db = self.cast.nodes[node.ix()].db.map(|db| {
                let cylinder = Rect { x: rect.right() + 12.0, y: rect.y + 8.0, w: 44.0, h: 40.0 };
                let x = cylinder.right() + 8.0;
                let rows = Rect { x, y: rect.y + 6.0, w: HUB_DB_W - 72.0, h: LINE * 3.0 };
                DbBox { db, cylinder, rows, lines: 3 }
            });
            self.nodes.push(NodeBox { node, kind: NodeKind::Orchestrator, rect, db });
        }
    }

    fn rect(&self, node: NodeIx) -> Option<Rect> {
        self.nodes.iter().find(|of| of.node == node).map(|of| of.rect)
    }

    fn service(&self, node: NodeIx) -> Option<usize> {
        self.plan.services.iter().position(|of| *of == node)
    }

    fn edges(&self) -> Vec<EdgePath> {
        let drawn = self.cast.edges.iter().enumerate().filter_map(|(at, (from, to))| {
            let topic = topic_of(self.cast, self.plan, *from, *to);
            let path = self.path(at, *from, *to)?;
            Some(EdgePath { from: *from, to: *to, topic, path })
        });
        drawn.collect()
    }

    fn path(&self, at: usize, from: NodeIx, to: NodeIx) -> Option<Path> {
        let (a, b) = (self.rect(from)?, self.rect(to)?);
        let clients = self.plan.clients;
        match (self.service(from), self.service(to)) {
            (Some(x), Some(y)) if x.abs_diff(y) == 1 => {
                // Neighbours: straight, the two ways beside each other.
                let height = a.centre().y + if x < y { -10.0 } else { 10.0 };
                let (start, end) = if x < y { (a.right(), b.x) } else { (a.x, b.right()) };
                Some(Path::line(Point { x: start, y: height }, Point { x: end, y: height }))
            }
            (Some(_), Some(_)) => {
                // A bow in the strip, higher for a longer way; its top is at three quarters of `by`.
                let (start, end) = (self.on_top(a, true, at), self.on_top(b, false, at));
                let far = (start.x - end.x).abs() / (self.box_w + GAP);
                let by = Point { x: 0.0, y: -(40.0 + far * 10.0).min(STRIP - 4.0) };
                Some(Path::bow(start, end, by))
            }
            (Some(service), None) if Some(to) == clients => {
                self.to_clients(at, service, a, b, true)
            }
            (None, Some(service)) if Some(from) == clients => {
                self.to_clients(at, service, b, a, false)
            }
            (Some(_), None) => {
                Some(Path::down(self.on_top(a, true, at), self.on_bottom(b, from, to, at)))
            }
            (None, Some(_)) => {
                Some(Path::down(self.on_bottom(a, from, to, at), self.on_top(b, false, at)))
            }
            (None, None) if Some(from) == clients || Some(to) == clients => {
                let (pill, target) = if Some(from) == clients { (a, b) } else { (b, a) };
                let x = pill.centre().x + lane(at, 24.0);
                let y = self.row - STRIP / 2.0 + lane(at, 20.0);
                let end = target.centre().x.clamp(target.x + 20.0, target.right() - 20.0);
                let end = end + lane(at, 16.0);
                let mut points = vec![
                    Point { x, y: pill.y },
                    Point { x, y },
                    Point { x: end, y },
                    Point { x: end, y: target.bottom() },
                ];
                if Some(to) == clients {
                    points.reverse();
                }
                Some(Path::rounded(&points, 16.0))
            }
            (None, None) => Some(Path::line(a.centre(), b.centre())),
        }
    }

    /// The way between the clients and a service: straight to the first, through the strip to others.
    fn to_clients(
        &self,
        at: usize,
        service: usize,
        rect: Rect,
        pill: Rect,
        backwards: bool,
    ) -> Option<Path> {
        let mut points = if service == 0 {
            let y = pill.centre().y + if backwards { 10.0 } else { -10.0 };
            vec![Point { x: pill.right(), y }, Point { x: rect.x, y }]
        } else {
            let x = pill.centre().x + lane(at, 24.0);
            let y = self.row - STRIP / 2.0 + lane(at, 20.0);
            let end = self.on_top(rect, backwards, at);
            vec![Point { x, y: pill.y }, Point { x, y }, Point { x: end.x, y }, end]
        };
        if backwards {
            points.reverse();
        }
        Some(Path::rounded(&points, 16.0))
    }

    /// Where an edge meets the upper side of a service: it leaves on the left and arrives on the
    /// right.
    fn on_top(&self, rect: Rect, outgoing: bool, edge: usize) -> Point {
        let side = if outgoing { 0.3 } else { 0.66 };
        Point { x: rect.x + rect.w * side + lane(edge, rect.w * 0.08), y: rect.y }
    }

    /// Where an edge meets the lower side of a box in the band: at the broker under its topic.
    fn on_bottom(&self, rect: Rect, from: NodeIx, to: NodeIx, edge: usize) -> Point {
        let outgoing = self.service(to).is_some();
        let topic = topic_of(self.cast, self.plan, from, to);
        let x = match topic.and_then(|topic| self.topics.get(topic.ix())) {
            Some(topic) => topic.slots.x + if outgoing { 34.0 } else { 14.0 },
            None => {
                let other = self.rect(if outgoing { to } else { from });
                let towards = other.map_or(rect.centre().x, |other| other.centre().x);
                let share = (towards - self.band.x) / self.band.w.max(1.0);
                rect.x + 16.0 + (rect.w - 32.0) * share.clamp(0.0, 1.0) + lane(edge, 8.0)
            }
        };
        Point { x: x.clamp(rect.x + 6.0, rect.right() - 6.0), y: rect.bottom() }
    }
}
