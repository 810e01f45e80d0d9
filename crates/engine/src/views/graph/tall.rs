//! The tall look, for a phone: two columns of services, and between two of their rows a band for the
//! broker or the orchestrator.
//!
//! Edges run in the channel between the columns; what must pass the band runs in the outer margins.

use crate::cast::{Cast, NodeKind};
use crate::ids::NodeIx;

use super::wide::lane;
use super::{
    EdgePath, Graph, Look, NodeBox, Path, Plan, Point, Rect, Request, TopicBox, db_below,
    topic_grid, topic_of,
};

const MARGIN: f64 = 20.0;
const CHANNEL: f64 = 52.0;
const BOX: f64 = 52.0;
const CELL: f64 = 108.0;
const GUTTER: f64 = 26.0;
const CLIENTS: (f64, f64) = (92.0, 30.0);
const TOPIC: (f64, f64) = (150.0, 56.0);
const HEAD: f64 = 36.0;

pub(super) fn arrange(cast: &Cast, plan: &Plan, request: Request) -> Graph {
    let width = request.width.max(320.0);
    let rows = plan.services.len().div_ceil(2).max(1);
    let columns = (((width - 2.0 * MARGIN) / TOPIC.0) as usize).max(1);
    // Room for one topic for each service, whether this coupling has them or not.
    let topics = plan.services.len().div_ceil(columns).max(1) as f64;
    let band_h = (HEAD + topics * TOPIC.1 + 6.0).max(CELL + 8.0);
    let above = rows.div_ceil(2);
    let top = 12.0 + CLIENTS.1 + GUTTER;
    let band_y = top + above as f64 * (CELL + GUTTER);
    let mut drawn = Drawn {
        cast,
        plan,
        box_w: (width - 2.0 * MARGIN - CHANNEL) / 2.0,
        top,
        above,
        band: Rect { x: MARGIN, y: band_y, w: width - 2.0 * MARGIN, h: band_h },
        nodes: Vec::new(),
        topics: Vec::new(),
    };
    drawn.place(columns);
    let edges = drawn.edges();
    let below = (rows - above) as f64;
    let height = drawn.band.bottom() + GUTTER + below * (CELL + GUTTER);
    drawn.nodes.sort_by_key(|node| node.node);
    Graph { look: Look::Tall, width, height, nodes: drawn.nodes, topics: drawn.topics, edges }
}

struct Drawn<'a> {
    cast: &'a Cast,
    plan: &'a Plan,
    box_w: f64,
    top: f64,
    /// Rows above the band.
    above: usize,
    band: Rect,
    nodes: Vec<NodeBox>,
    topics: Vec<TopicBox>,
}

/// Where an end of an edge is.
#[derive(Clone, Copy, PartialEq)]
enum Zone {
    Clients,
    /// A service: whether it stands above the band, and in the left column.
    Service {
        above: bool,
        left: bool,
    },
    Band,
}

impl Drawn<'_> {
    fn place(&mut self, topic_columns: usize) {
        if let Some(node) = self.plan.clients {
            let x = MARGIN + (self.box_w - CLIENTS.0) / 2.0;
            let rect = Rect { x, y: 12.0, w: CLIENTS.0, h: CLIENTS.1 };
            self.nodes.push(NodeBox { node, kind: NodeKind::Clients, rect, db: None });
        }
        for (at, node) in self.plan.services.iter().enumerate() {
            let (row, column) = (at / 2, at % 2);
            let x = MARGIN + (self.box_w + CHANNEL) * column as f64;
            let y = match row.checked_sub(self.above) {
                None => self.top + row as f64 * (CELL + GUTTER),
                Some(below) => self.band.bottom() + GUTTER + below as f64 * (CELL + GUTTER),
            };
            let rect = Rect { x, y, w: self.box_w, h: BOX };
            let db = db_below(self.cast, *node, rect, 10.0, (34.0, 34.0), 2);
            let kind = self.cast.nodes[node.ix()].kind;
            self.nodes.push(NodeBox { node: *node, kind, rect, db });
        }
        let both = self.plan.broker.is_some() && self.plan.orchestrator.is_some();
        let half = (self.band.w - 10.0) / 2.0;
        if let Some(node) = self.plan.broker {
            let rect = Rect { w: if both { half } else { self.band.w }, ..self.band };
            let inside =
                Rect { x: rect.x + 14.0, y: rect.y + HEAD, w: rect.w - 18.0, h: rect.h - HEAD };
            let columns = if both { topic_columns.div_ceil(2) } else { topic_columns };
            self.topics = topic_grid(self.cast, inside, columns, TOPIC.1);
            self.nodes.push(NodeBox { node, kind: NodeKind::Broker, rect, db: None });
        }
        if let Some(node) = self.plan.orchestrator {
            let rect = if both {
                Rect { x: self.band.x + half + 10.0, w: half, h: BOX, ..self.band }
            } else {
                let w = self.band.w.min(240.0);
                let x = self.band.x + (self.band.w - w) / 2.0;
                Rect { x, y: self.band.y + (self.band.h - CELL) / 2.0, w, h: BOX }
            };
            let db = db_below(self.cast, node, rect, 10.0, (34.0, 34.0), 2);
            self.nodes.push(NodeBox { node, kind: NodeKind::Orchestrator, rect, db });
        }
    }

    fn rect(&self, node: NodeIx) -> Option<Rect> {
        self.nodes.iter().find(|of| of.node == node).map(|of| of.rect)
    }

    fn zone(&self, node: NodeIx) -> Zone {
        if Some(node) == self.plan.clients {
            return Zone::Clients;
        }
        match self.plan.services.iter().position(|of| *of == node) {
            Some(at) => Zone::Service { above: at / 2 < self.above, left: at % 2 == 0 },
            None => Zone::Band,
        }
    }

    fn edges(&self) -> Vec<EdgePath> {
        let drawn = self.cast.edges.iter().enumerate().filter_map(|(at, (from, to))| {
            let topic = topic_of(self.cast, self.plan, *from, *to);
            let path = self.path(at, *from, *to)?;
            Some(EdgePath { from: *from, to: *to, topic, path })
        });
        drawn.collect()
    }

    /// The height at which an edge meets a service: one for each way, where it leaves above where it
    /// arrives.
    fn side_y(rect: Rect, outgoing: bool, edge: usize) -> f64 {
        rect.centre().y + if outgoing { -9.0 } else { 9.0 } + lane(edge, 6.0)
    }

    /// Paths are drawn from the end that comes first here (clients, service, band), and turned
    /// around where the edge runs the other way.
    fn path(&self, at: usize, from: NodeIx, to: NodeIx) -> Option<Path> {
        let (a, b) = (self.zone(from), self.zone(to));
        let backwards = match (a, b) {
            (Zone::Band, Zone::Band) | (Zone::Clients, _) => false,
            (Zone::Band, _) | (_, Zone::Clients) => true,
            _ => false,
        };
        let mut points = if backwards {
            self.points(at, to, from, false)?
        } else {
            self.points(at, from, to, true)?
        };
        if backwards {
            points.reverse();
        }
        Some(Path::rounded(&points, 12.0))
    }

    fn points(
        &self,
        at: usize,
        first: NodeIx,
        second: NodeIx,
        outgoing: bool,
    ) -> Option<Vec<Point>> {
        let (from, to) = (self.rect(first)?, self.rect(second)?);
        let channel = MARGIN + self.box_w + CHANNEL / 2.0 + lane(at, CHANNEL * 0.32);
        let taken = self.plan.broker.is_some() || self.plan.orchestrator.is_some();
        let inner = |rect: Rect, left: bool, y: f64| Point {
            x: if left { rect.right() } else { rect.x },
            y,
        };
        let outer = |rect: Rect, left: bool, y: f64| Point {
            x: if left { rect.x } else { rect.right() },
            y,
        };
        let margin = |left: bool| {
            let middle = if left { MARGIN / 2.0 } else { self.band.right() + MARGIN / 2.0 };
            middle + lane(at, 5.0)
        };
        let end_y = Self::side_y(to, !outgoing, at);
        Some(match (self.zone(first), self.zone(second)) {
            (Zone::Clients, Zone::Service { above, left }) => {
                if self.plan.services.first() == Some(&second) {
                    let x = from.centre().x + if outgoing { -12.0 } else { 12.0 };
                    vec![Point { x, y: from.bottom() }, Point { x, y: to.y }]
                } else if above || !taken {
                    let y = from.centre().y + lane(at, 8.0);
                    let target = inner(to, left, end_y);
                    let start = Point { x: from.right(), y };
                    vec![start, Point { x: channel, y }, Point { x: channel, y: end_y }, target]
                } else {
                    // Below the band: down the margin of the target's column.
                    let y = from.centre().y + lane(at, 8.0);
                    let start = Point { x: if left { from.x } else { from.right() }, y };
                    let (x, target) = (margin(left), outer(to, left, end_y));
                    vec![start, Point { x, y }, Point { x, y: end_y }, target]
                }
            }
            (Zone::Clients, _) => {
                let y = from.centre().y + lane(at, 8.0);
                let x = channel.clamp(to.x + 8.0, to.right() - 8.0);
                vec![Point { x: from.right(), y }, Point { x, y }, Point { x, y: to.y }]
            }
            (Zone::Service { above, left }, Zone::Band) => {
                let start = inner(from, left, Self::side_y(from, outgoing, at));
                if above || to.bottom() >= self.band.bottom() - 1.0 {
                    let x = channel.clamp(to.x + 8.0, to.right() - 8.0);
                    let y = if above { to.y } else { to.bottom() };
                    let gutter = if above { self.band.y } else { self.band.bottom() };
                    // Where the box is not under the channel, the last bit runs along the gutter.
                    let along = gutter + if above { -1.0 } else { 1.0 } * GUTTER / 2.0;
                    let mut points = vec![start, Point { x: channel, y: start.y }];
                    if (x - channel).abs() > 0.1 {
                        points.extend([Point { x: channel, y: along }, Point { x, y: along }]);
                    }
                    points.push(Point { x, y });
                    points
                } else {
                    // An orchestrator's database hangs below its box: its edges from below meet its
                    // sides.
                    let side = if left { to.x } else { to.right() };
                    let lane_x = if left {
                        (self.band.x + to.x) / 2.0 + lane(at, 8.0).min((to.x - self.band.x) / 3.0)
                    } else {
                        f64::midpoint(self.band.right(), to.right()) + lane(at, 8.0)
                    };
                    let along = self.band.bottom() + GUTTER / 2.0 + lane(at, 6.0);
                    let y = to.centre().y + lane(at, 14.0);
                    vec![
                        start,
                        Point { x: channel, y: start.y },
                        Point { x: channel, y: along },
                        Point { x: lane_x, y: along },
                        Point { x: lane_x, y },
                        Point { x: side, y },
                    ]
                }
            }
            (Zone::Service { above, left }, Zone::Service { above: above_too, left: left_too }) => {
                let start_y = Self::side_y(from, true, at);
                let end_y = Self::side_y(to, false, at);
                if above == above_too || !taken {
                    vec![
                        inner(from, left, start_y),
                        Point { x: channel, y: start_y },
                        Point { x: channel, y: end_y },
                        inner(to, left_too, end_y),
                    ]
                } else {
                    let gutter = if above_too {
                        self.band.y - GUTTER / 2.0
                    } else {
                        self.band.bottom() + GUTTER / 2.0
                    } + lane(at, 6.0);
                    let x = margin(left);
                    vec![
                        outer(from, left, start_y),
                        Point { x, y: start_y },
                        Point { x, y: gutter },
                        Point { x: channel, y: gutter },
                        Point { x: channel, y: end_y },
                        inner(to, left_too, end_y),
                    ]
                }
            }
            _ => vec![from.centre(), to.centre()],
        })
    }
}
