//! The wide look: columns of services left and right of a centre in which the broker or the
//! orchestrator stands.
//!
//! Edges run in corridors between columns and in gutters between rows, where no box ever is; that,
//! and not a search, is why no edge crosses a box.

use crate::cast::{Cast, NodeKind};
use crate::ids::NodeIx;

use super::{
    EdgePath, Graph, Look, NodeBox, Path, Plan, Point, Rect, Request, TopicBox, db_below,
    topic_grid, topic_of,
};

const MARGIN: f64 = 24.0;
const BOX: (f64, f64) = (176.0, 60.0);
const CELL: f64 = 124.0;
const GUTTER: f64 = 34.0;
const CORRIDOR: f64 = 104.0;
const CLIENTS: (f64, f64) = (104.0, 32.0);
/// Between the clients' row and the first row of services.
const CHANNEL: f64 = 32.0;
const TOPIC: (f64, f64) = (206.0, 60.0);
/// The broker's name above its topics, and a line of text below them.
const BROKER: (f64, f64) = (44.0, 30.0);

/// Rows, columns and distances; a function of the number of services and the space alone.
struct Grid {
    /// Columns on each side.
    columns: usize,
    rows: usize,
    /// The services on the left.
    left: usize,
    corridor: f64,
    gutter: f64,
    topic_columns: usize,
}

impl Grid {
    fn of(services: usize, request: Request) -> Self {
        let left = services.div_ceil(2).max(1);
        // The number of columns that lets the whole be drawn largest.
        let mut best: Option<(f64, Self)> = None;
        for columns in 1..=left.min(8) {
            let rows = left.div_ceil(columns);
            let fit = ((rows as f64 * (CELL + GUTTER) - BROKER.0 - BROKER.1) / TOPIC.1) as usize;
            let grid = Self {
                columns,
                rows,
                left,
                corridor: CORRIDOR,
                gutter: GUTTER,
                topic_columns: services.div_ceil(fit.max(3)).max(1),
            };
            let scale = (request.width / grid.width()).min(request.height / grid.height());
            if best.as_ref().is_none_or(|(known, _)| scale > *known + 1e-9) {
                best = Some((scale, grid));
            }
        }
        let mut grid = best.map(|(_, grid)| grid).expect("there is at least one column to try");
        let corridors = 2.0 * grid.columns as f64;
        grid.corridor =
            (CORRIDOR + (request.width - grid.width()) / corridors).clamp(CORRIDOR, 220.0);
        let gutters = grid.rows as f64;
        grid.gutter = (GUTTER + (request.height - grid.height()) / gutters).clamp(GUTTER, 72.0);
        grid
    }

    fn centre_width(&self) -> f64 {
        self.topic_columns as f64 * TOPIC.0 + 22.0
    }

    fn width(&self) -> f64 {
        let columns = 2.0 * self.columns as f64;
        2.0 * MARGIN + columns * BOX.0 + columns * self.corridor + self.centre_width()
    }

    fn top(&self) -> f64 {
        16.0 + CLIENTS.1 + CHANNEL
    }

    fn height(&self) -> f64 {
        self.top() + self.rows as f64 * (CELL + self.gutter)
    }

    /// The left edge of a place in the sequence of columns, the centre being one of them.
    fn x(&self, place: usize) -> f64 {
        let pitch = BOX.0 + self.corridor;
        let left = MARGIN + pitch * place.min(self.columns) as f64;
        match place.checked_sub(self.columns + 1) {
            None => left,
            Some(right) => left + self.centre_width() + self.corridor + pitch * right as f64,
        }
    }

    fn y(&self, row: usize) -> f64 {
        self.top() + row as f64 * (CELL + self.gutter)
    }

    /// The middle of the gutter above a row.
    fn gutter_y(&self, row: usize) -> f64 {
        if row == 0 { self.top() - CHANNEL / 2.0 } else { self.y(row) - self.gutter / 2.0 }
    }
}

/// Where an edge meets a box.
#[derive(Clone, Copy)]
struct Spot {
    at: Point,
    /// The corridor into which it leads.
    corridor: usize,
    /// Whether that lies to the right of the box.
    rightwards: bool,
    row: usize,
}

pub(super) fn arrange(cast: &Cast, plan: &Plan, request: Request) -> Graph {
    let grid = Grid::of(plan.services.len(), request);
    let mut drawn = Drawn { cast, plan, grid, nodes: Vec::new(), topics: Vec::new() };
    drawn.place();
    let edges = drawn.edges();
    let bottom = drawn.nodes.iter().map(|node| {
        let db = node.db.map_or(0.0, |db| db.cylinder.bottom().max(db.rows.bottom()));
        node.rect.bottom().max(db)
    });
    let bottom = bottom.fold(0.0, f64::max);
    let (width, height) = (drawn.grid.width(), drawn.grid.height().max(bottom + 20.0));
    drawn.nodes.sort_by_key(|node| node.node);
    Graph { look: Look::Wide, width, height, nodes: drawn.nodes, topics: drawn.topics, edges }
}

struct Drawn<'a> {
    cast: &'a Cast,
    plan: &'a Plan,
    grid: Grid,
    nodes: Vec<NodeBox>,
    topics: Vec<TopicBox>,
}

impl Drawn<'_> {
    /// The place in the sequence of columns and the row of a service.
    fn cell(&self, service: usize) -> (usize, usize) {
        let (grid, rows) = (&self.grid, self.grid.rows);
        match service.checked_sub(grid.left) {
            None => (service / rows, service % rows),
            Some(right) => (grid.columns + 1 + right / rows, right % rows),
        }
    }

    fn place(&mut self) {
        if let Some(node) = self.plan.clients {
            let x = self.grid.x(0) + (BOX.0 - CLIENTS.0) / 2.0;
            let rect = Rect { x, y: 16.0, w: CLIENTS.0, h: CLIENTS.1 };
            self.nodes.push(NodeBox { node, kind: NodeKind::Clients, rect, db: None });
        }
        for at in 0..self.plan.services.len() {
            let node = self.plan.services[at];
            let (place, row) = self.cell(at);
            let rect = Rect { x: self.grid.x(place), y: self.grid.y(row), w: BOX.0, h: BOX.1 };
            self.push(node, rect);
        }
        let centre = Rect {
            x: self.grid.x(self.grid.columns),
            y: self.grid.top(),
            w: self.grid.centre_width(),
            h: self.grid.rows as f64 * (CELL + self.grid.gutter) - self.grid.gutter,
        };
        let mut below = centre.y;
        if let Some(node) = self.plan.broker {
            let rows = self.cast.topics.len().div_ceil(self.grid.topic_columns);
            let h = BROKER.0 + BROKER.1 + TOPIC.1 * rows.max(1) as f64;
            let y = if self.plan.orchestrator.is_none() {
                centre.y + ((centre.h - h) / 2.0).max(0.0)
            } else {
                centre.y
            };
            let rect = Rect { y, h, ..centre };
            let inside =
                Rect { x: rect.x + 16.0, y: y + BROKER.0, w: rect.w - 22.0, h: h - BROKER.0 };
            self.topics = topic_grid(self.cast, inside, self.grid.topic_columns, TOPIC.1);
            self.nodes.push(NodeBox { node, kind: NodeKind::Broker, rect, db: None });
            below = rect.bottom() + self.grid.gutter;
        }
        if let Some(node) = self.plan.orchestrator {
            let ends = self.cast.edges.iter().filter(|(from, to)| *from == node || *to == node);
            // Enough height for the ends of its edges, half of them on each side.
            let h = (BOX.1).max(14.0 + 7.0 * ends.count() as f64 / 2.0);
            let y = if self.plan.broker.is_some() {
                below
            } else {
                (centre.y + (centre.h - h - CELL + BOX.1) / 2.0).max(centre.y)
            };
            let rect = Rect { x: centre.x + (centre.w - 200.0) / 2.0, y, w: 200.0, h };
            self.push(node, rect);
        }
    }

    fn push(&mut self, node: NodeIx, rect: Rect) {
        let kind = self.cast.nodes[node.ix()].kind;
        let db = db_below(self.cast, node, rect, 12.0, (44.0, 40.0), 3);
        self.nodes.push(NodeBox { node, kind, rect, db });
    }

    fn rect(&self, node: NodeIx) -> Option<Rect> {
        self.nodes.iter().find(|of| of.node == node).map(|of| of.rect)
    }

    fn centre_taken(&self) -> bool {
        self.plan.broker.is_some() || self.plan.orchestrator.is_some()
    }

    fn edges(&self) -> Vec<EdgePath> {
        let ends = self.ends();
        let drawn = self.cast.edges.iter().enumerate().filter_map(|(at, (from, to))| {
            let topic = topic_of(self.cast, self.plan, *from, *to);
            let path = self.path(at, *from, *to, &ends)?;
            Some(EdgePath { from: *from, to: *to, topic, path })
        });
        drawn.collect()
    }

    /// The side of a box to which an edge's end belongs: the inner side of a service; of a box in
    /// the centre the side on which the other end is.
    fn rightwards(&self, node: NodeIx, other: NodeIx) -> bool {
        let side = |service: NodeIx| {
            let at = self.plan.services.iter().position(|of| *of == service)?;
            Some(self.cell(at).0 < self.grid.columns)
        };
        side(node).unwrap_or_else(|| side(other).is_some_and(|left| !left))
    }

    /// For each edge the height of its two ends: the ends of one side of a box are spread over it in
    /// the order of the places that they lead to.
    fn ends(&self) -> Vec<(f64, f64)> {
        let mut ends = vec![(0.0, 0.0); self.cast.edges.len()];
        for node in &self.nodes {
            for rightwards in [false, true] {
                let mut here: Vec<(f64, usize, bool)> = Vec::new();
                for (at, (from, to)) in self.cast.edges.iter().enumerate() {
                    for (mine, other, outgoing) in [(*from, *to, true), (*to, *from, false)] {
                        if mine != node.node || self.rightwards(mine, other) != rightwards {
                            continue;
                        }
                        let towards = self.rect(other).map_or(0.0, |rect| rect.centre().y);
                        // A self-loop leaves above and comes back below.
                        let nudge = if outgoing { 0.0 } else { 0.5 };
                        here.push((towards + nudge, at, outgoing));
                    }
                }
                here.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                let count = here.len() as f64;
                for (place, (_, at, outgoing)) in here.into_iter().enumerate() {
                    let (from, to) = self.cast.edges[at];
                    let topic = topic_of(self.cast, self.plan, from, to)
                        .filter(|_| node.kind == NodeKind::Broker)
                        .and_then(|topic| self.topics.get(topic.ix()));
                    let y = match topic {
                        // At the broker an edge ends at its topic: in above, out below.
                        Some(topic) => topic.slots.centre().y + if outgoing { 6.0 } else { -6.0 },
                        None => {
                            node.rect.y
                                + 6.0
                                + (node.rect.h - 12.0) * (place as f64 + 1.0) / (count + 1.0)
                        }
                    };
                    if outgoing {
                        ends[at].0 = y;
                    } else {
                        ends[at].1 = y;
                    }
                }
            }
        }
        ends
    }

    fn spot(&self, node: NodeIx, other: NodeIx, y: f64) -> Option<Spot> {
        let rect = self.rect(node)?;
        let rightwards = self.rightwards(node, other);
        let x = if rightwards { rect.right() } else { rect.x };
        let (place, row) = match self.plan.services.iter().position(|of| *of == node) {
            Some(service) => self.cell(service),
            None => (self.grid.columns, 0),
        };
        let corridor = if rightwards { place } else { place.checked_sub(1)? };
        Some(Spot { at: Point { x, y }, corridor, rightwards, row })
    }

    fn path(&self, at: usize, from: NodeIx, to: NodeIx, ends: &[(f64, f64)]) -> Option<Path> {
        let (start_y, end_y) = ends[at];
        if Some(from) == self.plan.clients {
            return self.clients_way(at, to, end_y, false);
        }
        if Some(to) == self.plan.clients {
            return self.clients_way(at, from, start_y, true);
        }
        let (a, b) = (self.spot(from, to, start_y)?, self.spot(to, from, end_y)?);
        let inner = [self.grid.columns - 1, self.grid.columns];
        let joined =
            !self.centre_taken() && inner.contains(&a.corridor) && inner.contains(&b.corridor);
        if a.rightwards == b.rightwards && a.corridor == b.corridor {
            let reach = 18.0 + (b.at.y - a.at.y).abs() * 0.2;
            let by = reach.min(self.grid.corridor * 0.6) * if a.rightwards { 1.0 } else { -1.0 };
            return Some(Path::bow(a.at, b.at, Point { x: by, y: 0.0 }));
        }
        if a.corridor == b.corridor || joined {
            return Some(Path::across(a.at, b.at));
        }
        let centre = self.grid.columns;
        let crosses = self.centre_taken() && (a.corridor < centre) != (b.corridor < centre);
        let row = if crosses {
            0
        } else if b.row > a.row {
            a.row + 1
        } else {
            a.row
        };
        let y = self.grid.gutter_y(row) + lane(at, 8.0);
        let points = [
            a.at,
            Point { x: self.corridor_x(a.corridor, at), y: a.at.y },
            Point { x: self.corridor_x(a.corridor, at), y },
            Point { x: self.corridor_x(b.corridor, at), y },
            Point { x: self.corridor_x(b.corridor, at), y: b.at.y },
            b.at,
        ];
        Some(Path::rounded(&points, 14.0))
    }

    /// The way between the clients, above the first column, and another node.
    fn clients_way(&self, at: usize, other: NodeIx, y: f64, backwards: bool) -> Option<Path> {
        let clients = self.plan.clients?;
        let pill = self.rect(clients)?;
        let target = self.rect(other)?;
        let straight = self.plan.services.first() == Some(&other);
        let points = if straight {
            let both = self.cast.edges.contains(&(clients, other))
                && self.cast.edges.contains(&(other, clients));
            let aside = match (both, backwards) {
                (false, _) => 0.0,
                (true, false) => -14.0,
                (true, true) => 14.0,
            };
            let x = pill.centre().x + aside;
            vec![Point { x, y: pill.bottom() }, Point { x, y: target.y }]
        } else {
            let spot = self.spot(other, clients, y)?;
            let x = self.corridor_x(spot.corridor, at);
            let out = Point { x: pill.right(), y: pill.centre().y + lane(at, 8.0) };
            vec![out, Point { x, y: out.y }, Point { x, y: spot.at.y }, spot.at]
        };
        let points: Vec<Point> =
            if backwards { points.into_iter().rev().collect() } else { points };
        Some(Path::rounded(&points, 14.0))
    }

    /// A lane of a corridor, so that edges with long ways do not all lie upon each other.
    fn corridor_x(&self, corridor: usize, edge: usize) -> f64 {
        let place = self.grid.x(corridor);
        let width = if corridor == self.grid.columns { self.grid.centre_width() } else { BOX.0 };
        place + width + self.grid.corridor / 2.0 + lane(edge, self.grid.corridor * 0.3)
    }
}

/// A displacement within ±`by` that differs between neighbouring edges.
pub(super) fn lane(edge: usize, by: f64) -> f64 {
    by * ((edge * 3 % 7) as f64 - 3.0) / 3.0
}
