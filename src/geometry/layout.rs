//! Where the nodes, databases and topics of the service graph stand.
//!
//! A layout is a function of a request alone: the size of the place, the nodes, the topics, the
//! edges. Equal requests give equal layouts, so nothing jumps when something else on the page moves.
//! Sizes are pixels at zoom 1, chosen so that text stays readable; where the place is too small for
//! all of it the layout is larger than the place, and the page scales or scrolls it.

use super::curve::{Curve, Rect, Side, connect};
use super::layered::layers;

mod edges;
mod many;

/// What a node is to the layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The clients.
    Clients,
    /// A service.
    Service,
    /// A replica of the service at this place among the nodes.
    Replica(usize),
    /// A further process of the service at this place among the nodes, on the same database.
    Member(usize),
    /// The broker.
    Broker,
    /// What stands between the services: an orchestrator, a coordinator, a composer, a shared
    /// database.
    Hub,
}

/// A topic: who publishes, who reads.
#[derive(Clone, PartialEq, Debug)]
pub struct Topic {
    /// The publisher, by its place among the nodes.
    pub publisher: usize,
    /// The readers.
    pub consumers: Vec<usize>,
}

/// What a layout is made from.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    /// Width of the place.
    pub width: f64,
    /// Height of the place.
    pub height: f64,
    /// Whether the broker may stand across the top, as on the first visit. Elsewhere services keep
    /// their places under every coupling.
    pub across: bool,
    /// The nodes, the clients first; and whether each has a database.
    pub nodes: Vec<(Kind, bool)>,
    /// The topics inside the broker.
    pub topics: Vec<Topic>,
    /// The edges without the broker's.
    pub edges: Vec<(usize, usize)>,
    /// The nodes that a person has dragged, and how far from their places.
    pub pins: Vec<(usize, (f64, f64))>,
}

/// An edge.
#[derive(Clone, PartialEq, Debug)]
pub struct Edge {
    /// The sender.
    pub from: usize,
    /// The target.
    pub to: usize,
    /// The topic that it leads to or from.
    pub topic: Option<usize>,
    /// Its curve.
    pub curve: Curve,
}

/// A topic's place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TopicPlace {
    /// Its name and its records.
    pub rect: Rect,
    /// How many records fit.
    pub slots: usize,
    /// Where the records begin.
    pub records: (f64, f64),
    /// How wide the name may be.
    pub name_width: f64,
}

impl TopicPlace {
    /// The name above the records.
    fn stacked(rect: Rect) -> Self {
        let records = (rect.x, rect.y + 18.0);
        Self { rect, slots: slots(rect.w), records, name_width: rect.w }
    }

    /// The name beside the records.
    fn flat(rect: Rect) -> Self {
        let name_width = (rect.w * 0.5).min(142.0);
        let records = (rect.x + name_width, rect.y + 1.0);
        Self { rect, slots: slots(rect.w - name_width), records, name_width }
    }
}

/// The layout.
#[derive(Clone, PartialEq, Debug)]
pub struct Layout {
    /// Width of everything.
    pub width: f64,
    /// Height of everything.
    pub height: f64,
    /// The nodes, as in the request.
    pub nodes: Vec<Rect>,
    /// The databases, as the nodes: where the cylinder stands. Rows stand to its right.
    pub dbs: Vec<Option<Rect>>,
    /// The topics, as in the request.
    pub topics: Vec<TopicPlace>,
    /// The edges: the broker's first, then the others.
    pub edges: Vec<Edge>,
    /// The most width for a row beside its database; none where it may reach beyond its service.
    pub row_width: Option<f64>,
    /// Lines from a database to the further processes that work on it.
    pub stems: Vec<((f64, f64), (f64, f64))>,
}

/// Size of a service's box.
const BOX: (f64, f64) = (176.0, 58.0);
/// Size of a service with its database below.
const BLOCK_H: f64 = 128.0;
/// Size of the clients' pill.
const PILL: (f64, f64) = (104.0, 32.0);
/// Size of a cylinder.
const CYLINDER: (f64, f64) = (38.0, 38.0);
/// Width of one record in a topic.
pub const SLOT: f64 = 46.0;
/// Height of a topic where topics stand below each other.
const TOPIC_H: f64 = 60.0;
/// Height of a topic where there are too many for that: the name beside its records.
const FLAT_H: f64 = 30.0;
/// From one row to the next where replicas stand beside their services: edges pass between them.
const REPLICA_ROW: f64 = 150.0;
/// How many replicas stand beside each other.
const REPLICAS_ABREAST: usize = 2;
/// From one column to the next.
const COLUMN: f64 = 200.0;
/// Room between columns for the edges.
const GUTTER: f64 = 66.0;
/// A further process of a service with the room above it.
const MEMBER_H: f64 = 78.0;
/// The most room between two services in a column.
const GAP_MAX: f64 = 90.0;
/// Room below a database for the last of its rows.
const ROWS_BELOW: f64 = 14.0;
/// More services than so many stand in layers.
const MANY: usize = 8;
/// Room at the edges of the place.
const MARGIN: f64 = 26.0;
/// The place below this width is a phone's.
const NARROW: f64 = 620.0;

impl Layout {
    /// Lays a graph out.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let broker = request.nodes.iter().position(|(kind, _)| *kind == Kind::Broker);
        let services: Vec<usize> = members(request, Kind::Service);
        let mut layout = Self {
            width: request.width,
            height: request.height,
            nodes: vec![Rect::default(); request.nodes.len()],
            dbs: vec![None; request.nodes.len()],
            topics: Vec::new(),
            edges: Vec::new(),
            row_width: None,
            stems: Vec::new(),
        };
        let replicated = services.iter().any(|service| !replicas(request, *service).is_empty());
        let alone = !replicated && services.iter().all(|at| members_of(request, *at).is_empty());
        let band_width = 2.0 * MARGIN + PILL.0 + 56.0 + services.len() as f64 * (BOX.0 + 24.0);
        if request.width < NARROW {
            layout.stack(request, broker, &services);
        } else if services.len() > MANY {
            layout.many(request, broker, &services);
        } else if request.across && alone && broker.is_some() && request.width >= band_width {
            layout.band(request, broker, &services);
        } else if replicated {
            layout.replicated(request, broker, &services);
        } else {
            layout.columns(request, broker, &services);
        }
        if request.width >= NARROW {
            layout.centre();
        }
        layout.pin(request);
        layout.draw_stems(request);
        layout.connect_topics(request, broker);
        layout.connect_nodes(request);
        layout
    }

    /// Moves all down where there is room left below, so that a small graph stands in the middle.
    fn centre(&mut self) {
        let rects = || self.nodes.iter().chain(self.dbs.iter().flatten());
        let top = rects().map(|rect| rect.y).fold(f64::INFINITY, f64::min);
        let bottom = rects().map(|rect| rect.y + rect.h).fold(0.0, f64::max) + ROWS_BELOW;
        let by = (self.height - bottom - top) / 2.0;
        if by <= 0.0 || !by.is_finite() {
            return;
        }
        let topics = self.topics.iter_mut();
        topics.for_each(|topic| {
            topic.rect.y += by;
            topic.records.1 += by;
        });
        let rects = self.nodes.iter_mut().chain(self.dbs.iter_mut().flatten());
        rects.for_each(|rect| rect.y += by);
    }

    /// Moves what a person has dragged.
    fn pin(&mut self, request: &Request) {
        for (node, (x, y)) in &request.pins {
            let Some(rect) = self.nodes.get_mut(*node) else { continue };
            rect.x += x;
            rect.y += y;
            if let Some(db) = &mut self.dbs[*node] {
                db.x += x;
                db.y += y;
            }
            if request.nodes[*node].0 == Kind::Broker {
                for topic in &mut self.topics {
                    topic.rect.x += x;
                    topic.rect.y += y;
                    topic.records.0 += x;
                    topic.records.1 += y;
                }
            }
        }
    }

    fn draw_stems(&mut self, request: &Request) {
        for (at, (kind, _)) in request.nodes.iter().enumerate() {
            let Kind::Member(of) = kind else { continue };
            let (Some(db), here) = (self.dbs[*of], self.nodes[at]) else { continue };
            let x = db.x + db.w / 2.0;
            // Beside the database, where the place was too narrow to stand below it.
            let below = here.x <= x && x <= here.x + here.w;
            let end = if below { (x, here.y) } else { here.middle() };
            self.stems.push(((x, db.y + db.h), end));
        }
    }

    /// The broker on top, the services in a row below it.
    fn band(&mut self, request: &Request, broker: Option<usize>, services: &[usize]) {
        let count = services.len().max(1) as f64;
        let free = request.height - 92.0 - BLOCK_H;
        let top = (free * 0.3).clamp(14.0, 130.0);
        let row = top + 92.0 + (free * 0.45).clamp(70.0, 190.0);
        let left = MARGIN + PILL.0 + 56.0;
        let pitch = (request.width - MARGIN - left) / count;
        let width = (pitch - 48.0).clamp(BOX.0, 240.0);
        for (at, node) in services.iter().enumerate() {
            let x = left + at as f64 * pitch + (pitch - 48.0 - width).max(0.0) / 2.0;
            self.service(request, *node, x, row, width);
        }
        for clients in members(request, Kind::Clients) {
            let y = row + (BOX.1 - PILL.1) / 2.0;
            self.nodes[clients] = Rect::new(MARGIN, y, PILL.0, PILL.1);
        }
        if let Some(broker) = broker {
            let rect = Rect::new(left, top, request.width - MARGIN - left, 92.0);
            self.nodes[broker] = rect;
            self.topics_in_a_row(request, rect);
        }
        self.height = self.height.max(row + BLOCK_H + MARGIN);
    }

    /// Topics side by side in a wide broker.
    fn topics_in_a_row(&mut self, request: &Request, broker: Rect) {
        let head = 104.0;
        let count = request.topics.len().max(1) as f64;
        let pitch = (broker.w - head - 12.0) / count;
        for at in 0..request.topics.len() {
            let x = broker.x + head + at as f64 * pitch;
            let rect = Rect::new(x, broker.y + 20.0, pitch - 14.0, 56.0);
            self.topics.push(TopicPlace::stacked(rect));
        }
    }

    /// The services to the left and right, what connects them in the middle.
    fn columns(&mut self, request: &Request, broker: Option<usize>, services: &[usize]) {
        // Services keep their places when only the coupling changes; the middle is for what connects them.
        let hubs = members(request, Kind::Hub);
        let (left, right) = services.split_at(services.len().div_ceil(2));
        let top = PILL.1 + 34.0;
        let tall = 46.0 + request.topics.len() as f64 * TOPIC_H + 10.0;
        let flat = tall > request.height - 2.0 * 12.0;
        let topics_h = if flat { 46.0 + request.topics.len() as f64 * FLAT_H + 8.0 } else { tall };
        let blocks = |of: &[usize]| of.iter().map(|at| block(request, *at)).sum::<f64>();
        let needed = top + blocks(left).max(blocks(right)) + 12.0;
        let broker_h = if broker.is_some() { topics_h + 2.0 * MARGIN } else { 0.0 };
        let hubs_h = hubs.len() as f64 * BLOCK_H;
        self.height = request.height.max(needed).max(broker_h + hubs_h);
        let hub_least = if broker.is_some() { 208.0 } else { BOX.0 };
        let between =
            if broker.is_some() || !hubs.is_empty() { hub_least + 2.0 * 40.0 } else { GUTTER };
        self.width = request.width.max(2.0 * (MARGIN + BOX.0) + between);
        let right_x = (self.width - MARGIN - COLUMN).max(MARGIN + BOX.0 + between);
        self.column(request, left, MARGIN, top);
        self.column(request, right, right_x, top);
        let hub_w = match (broker, flat) {
            (Some(_), true) => (self.width - 2.0 * (MARGIN + BOX.0 + 64.0)).clamp(208.0, 330.0),
            (Some(_), false) => 208.0,
            (None, _) => BOX.0,
        };
        let hub_x = ((self.width - hub_w) / 2.0).min(right_x - hub_w - 40.0);
        if let Some(broker) = broker {
            let y = ((self.height - topics_h - hubs_h) / 2.0).max(12.0);
            let rect = Rect::new(hub_x, y, hub_w, topics_h);
            self.nodes[broker] = rect;
            self.topics_below_each_other(request, rect, flat);
        }
        let above = if broker.is_some() { topics_h + MARGIN } else { 0.0 };
        let mut y = ((self.height - above - hubs_h) / 2.0).max(12.0) + above;
        for hub in hubs {
            self.service(request, hub, hub_x, y, hub_w);
            y += BLOCK_H;
        }
        let first = left.first().map(|node| self.nodes[*node]);
        let under = first.unwrap_or(Rect::new(MARGIN, top, BOX.0, BOX.1));
        for clients in members(request, Kind::Clients) {
            let x = under.x + (under.w - PILL.0) / 2.0;
            let y = under.y - PILL.1 - 34.0;
            self.nodes[clients] = Rect::new(x, y, PILL.0, PILL.1);
        }
    }

    /// The services at the left, each with its replicas at the right in the same rows; what connects
    /// them in the middle.
    fn replicated(&mut self, request: &Request, broker: Option<usize>, services: &[usize]) {
        let hubs = members(request, Kind::Hub);
        let beside: Vec<Vec<usize>> = services.iter().map(|at| replicas(request, *at)).collect();
        let abreast = beside.iter().map(Vec::len).max().unwrap_or(0).clamp(1, REPLICAS_ABREAST);
        let rows_of = |replicas: &Vec<usize>| replicas.len().div_ceil(abreast).max(1);
        let rows = beside.iter().map(rows_of).sum::<usize>() as f64;
        let top = PILL.1 + 54.0;
        let middle_h = if broker.is_some() {
            46.0 + request.topics.len() as f64 * TOPIC_H + 10.0 + MARGIN
        } else {
            0.0
        };
        let hubs_h = hubs.len() as f64 * BLOCK_H;
        let needed = top + rows * REPLICA_ROW;
        self.height = request.height.max(needed).max(middle_h + hubs_h + 24.0);
        let pitch = ((self.height - top) / rows).min(REPLICA_ROW * 1.2);
        let wide_of = |column: f64, gutter: f64, broker_w: f64| {
            let middle_w = match (broker, hubs.is_empty()) {
                (Some(_), true) => broker_w,
                (Some(_), false) => broker_w.max(BOX.0),
                (None, true) => 0.0,
                (None, false) => BOX.0,
            };
            let all = 2.0 * MARGIN + column * (1 + abreast) as f64 + 2.0 * gutter + middle_w;
            (column, gutter, middle_w, all)
        };
        // Closer together before anything has to be scrolled for.
        let roomy = wide_of(COLUMN, GUTTER, 208.0);
        let tight = roomy.3 > request.width;
        let (column, gutter, middle_w, narrowest) =
            if tight { wide_of(BOX.0 + 10.0, GUTTER - 22.0, 160.0) } else { roomy };
        if tight {
            self.row_width = Some(column - CYLINDER.0 - 28.0);
        }
        self.width = request.width.max(narrowest);
        let spare = (self.width - narrowest) / 2.0;
        let middle_x = MARGIN + column + gutter + spare;
        let right_x = self.width - MARGIN - column * abreast as f64;
        let mut y = top;
        for (service, replicas) in services.iter().zip(&beside) {
            self.service(request, *service, MARGIN, y, BOX.0);
            for (at, replica) in replicas.iter().enumerate() {
                let x = right_x + (at % abreast) as f64 * column;
                self.service(request, *replica, x, y + (at / abreast) as f64 * pitch, BOX.0);
            }
            let further = members_of(request, *service);
            for (at, member) in further.iter().enumerate() {
                let below = y + BLOCK_H + at as f64 * MEMBER_H;
                self.service(request, *member, MARGIN, below, BOX.0);
            }
            y += (rows_of(replicas) as f64 * pitch).max(BLOCK_H + further.len() as f64 * MEMBER_H);
        }
        self.height = self.height.max(y);
        if let Some(broker) = broker {
            let height = middle_h - MARGIN;
            let y = ((self.height - middle_h - hubs_h) / 2.0)
                .max(top - 20.0)
                .min(self.height - height - hubs_h);
            let rect = Rect::new(middle_x, y.max(12.0), middle_w, height);
            self.nodes[broker] = rect;
            self.topics_below_each_other(request, rect, false);
        }
        let mut y = ((self.height - middle_h - hubs_h) / 2.0).max(12.0) + middle_h;
        for hub in hubs {
            self.service(request, hub, middle_x, y, middle_w.max(BOX.0));
            y += BLOCK_H;
        }
        for clients in members(request, Kind::Clients) {
            self.nodes[clients] = Rect::new(MARGIN + (BOX.0 - PILL.0) / 2.0, 12.0, PILL.0, PILL.1);
        }
    }

    /// Services below each other, spread over the height, each with its further processes.
    fn column(&mut self, request: &Request, services: &[usize], x: f64, top: f64) {
        let count = services.len().max(1) as f64;
        let all: f64 = services.iter().map(|node| block(request, *node)).sum();
        let gap = ((self.height - top - 6.0 - all) / count).clamp(0.0, GAP_MAX);
        let mut y = top;
        for node in services {
            self.block(request, *node, x, y);
            y += block(request, *node) + gap;
        }
    }

    /// A service with its database, and its further processes below that.
    fn block(&mut self, request: &Request, node: usize, x: f64, y: f64) {
        self.service(request, node, x, y, BOX.0);
        for (at, member) in members_of(request, node).into_iter().enumerate() {
            let below = y + BLOCK_H + at as f64 * MEMBER_H;
            self.service(request, member, x, below, BOX.0);
        }
    }

    /// Topics below each other in a tall broker.
    fn topics_below_each_other(&mut self, request: &Request, broker: Rect, flat: bool) {
        let pitch = if flat { FLAT_H } else { TOPIC_H };
        for at in 0..request.topics.len() {
            let y = broker.y + 42.0 + at as f64 * pitch;
            let rect = Rect::new(
                broker.x + 14.0,
                y,
                broker.w - 28.0,
                pitch - if flat { 6.0 } else { 12.0 },
            );
            self.topics.push(if flat { TopicPlace::flat(rect) } else { TopicPlace::stacked(rect) });
        }
    }

    /// Two columns with the broker across, for a phone; it may be taller than the place.
    fn stack(&mut self, request: &Request, broker: Option<usize>, services: &[usize]) {
        let with_replicas = services.iter().flat_map(|service| {
            let further = members_of(request, *service);
            let with = std::iter::once(*service).chain(further);
            with.chain(replicas(request, *service))
        });
        let services: &[usize] = &with_replicas.collect::<Vec<_>>();
        let margin = 14.0;
        let inner = request.width - 2.0 * margin;
        let width = ((inner - 16.0) / 2.0).max(120.0);
        let mut y = 14.0;
        let hub: Vec<usize> = members(request, Kind::Hub);
        // Where one block stands at the top, the clients have the room beside it.
        let beside = hub.len() == 1 || (hub.is_empty() && broker.is_some() && services.len() > 1);
        for clients in members(request, Kind::Clients) {
            self.nodes[clients] = if beside {
                let x = margin + width + 16.0 + (width - PILL.0).max(0.0) / 2.0;
                Rect::new(x, y + (BOX.1 - PILL.1) / 2.0, PILL.0, PILL.1)
            } else {
                Rect::new(margin, y, PILL.0, PILL.1)
            };
        }
        if !beside {
            y += PILL.1 + 34.0;
        }
        for node in &hub {
            self.service(request, *node, margin, y, width);
            y += BLOCK_H;
        }
        let first_row = if broker.is_some() { 1 } else { 2 };
        let (above, below) = services.split_at(first_row.min(services.len()));
        let rows = |layout: &mut Self, nodes: &[usize], y: &mut f64| {
            for pair in nodes.chunks(2) {
                for (at, node) in pair.iter().enumerate() {
                    let x = margin + at as f64 * (width + 16.0);
                    layout.service(request, *node, x, *y, width);
                }
                *y += BLOCK_H + 6.0;
            }
        };
        rows(self, above, &mut y);
        if let Some(broker) = broker {
            y += 4.0;
            let height = 44.0 + request.topics.len() as f64 * FLAT_H;
            let rect = Rect::new(margin, y, inner, height);
            self.nodes[broker] = rect;
            self.topics_below_each_other(request, rect, true);
            y += height + 34.0;
        }
        rows(self, below, &mut y);
        self.height = self.height.max(y + 8.0);
    }

    fn service(&mut self, request: &Request, node: usize, x: f64, y: f64, w: f64) {
        self.nodes[node] = Rect::new(x, y, w, BOX.1);
        if request.nodes[node].1 {
            self.dbs[node] = Some(Rect::new(x + 12.0, y + BOX.1 + 12.0, CYLINDER.0, CYLINDER.1));
        }
    }
}

fn members(request: &Request, kind: Kind) -> Vec<usize> {
    let of_kind = |(at, node): (usize, &(Kind, bool))| (node.0 == kind).then_some(at);
    request.nodes.iter().enumerate().filter_map(of_kind).collect()
}

/// The replicas of a service.
fn replicas(request: &Request, service: usize) -> Vec<usize> {
    members(request, Kind::Replica(service))
}

/// The further processes of a service.
fn members_of(request: &Request, service: usize) -> Vec<usize> {
    members(request, Kind::Member(service))
}

/// The height of a service with its database and its further processes.
fn block(request: &Request, service: usize) -> f64 {
    BLOCK_H + members_of(request, service).len() as f64 * MEMBER_H
}

fn slots(width: f64) -> usize {
    ((width + 4.0) / SLOT).floor().max(1.0) as usize
}

#[cfg(test)]
mod tests;
