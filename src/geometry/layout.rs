//! Where the nodes, databases and topics of the service graph stand.
//!
//! A layout is a function of a request alone: the size of the place, the nodes, the topics, the
//! edges. Equal requests give equal layouts, so nothing jumps when something else on the page moves.
//! Sizes are pixels at zoom 1, chosen so that text stays readable; where the place is too small for
//! all of it the layout is larger than the place, and the page scales or scrolls it.

use super::curve::{Curve, Rect, Side, connect};

/// What a node is to the layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The clients.
    Clients,
    /// A service.
    Service,
    /// A replica of the service at this place among the nodes.
    Replica(usize),
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
        };
        let replicated = services.iter().any(|service| !replicas(request, *service).is_empty());
        let band_width = 150.0 + services.len() as f64 * (BOX.0 + 44.0);
        if request.width < NARROW {
            layout.stack(request, broker, &services);
        } else if request.across && !replicated && broker.is_some() && request.width >= band_width {
            layout.band(request, broker, &services);
        } else if replicated {
            layout.replicated(request, broker, &services);
        } else {
            layout.columns(request, broker, &services);
        }
        layout.connect_topics(request, broker);
        layout.connect_nodes(request);
        layout
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
        let rows = left.len().max(right.len()).max(1);
        let top = PILL.1 + 34.0;
        let tall = 46.0 + request.topics.len() as f64 * TOPIC_H + 10.0;
        let flat = tall > request.height - 2.0 * 12.0;
        let topics_h = if flat { 46.0 + request.topics.len() as f64 * FLAT_H + 8.0 } else { tall };
        let needed = top + rows as f64 * BLOCK_H + 12.0;
        let broker_h = if broker.is_some() { topics_h + 2.0 * MARGIN } else { 0.0 };
        let hubs_h = hubs.len() as f64 * BLOCK_H;
        self.height = request.height.max(needed).max(broker_h + hubs_h);
        let column = 200.0;
        let right_x = request.width - MARGIN - column;
        self.column(request, left, MARGIN, top);
        self.column(request, right, right_x, 30.0);
        let hub_w = match (broker, flat) {
            (Some(_), true) => (request.width - 2.0 * (MARGIN + BOX.0 + 64.0)).clamp(208.0, 330.0),
            (Some(_), false) => 208.0,
            (None, _) => BOX.0,
        };
        let hub_x = (request.width - hub_w) / 2.0;
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
        let middle_w = if broker.is_some() {
            208.0
        } else if hubs.is_empty() {
            0.0
        } else {
            BOX.0
        };
        let narrowest = 2.0 * MARGIN + COLUMN * (1 + abreast) as f64 + 2.0 * GUTTER + middle_w;
        self.width = request.width.max(narrowest);
        let spare = (self.width - narrowest) / 2.0;
        let middle_x = MARGIN + COLUMN + GUTTER + spare;
        let right_x = self.width - MARGIN - COLUMN * abreast as f64;
        let mut y = top;
        for (service, replicas) in services.iter().zip(&beside) {
            self.service(request, *service, MARGIN, y, BOX.0);
            for (at, replica) in replicas.iter().enumerate() {
                let x = right_x + (at % abreast) as f64 * COLUMN;
                self.service(request, *replica, x, y + (at / abreast) as f64 * pitch, BOX.0);
            }
            y += rows_of(replicas) as f64 * pitch;
        }
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

    /// Services below each other, spread over the height.
    fn column(&mut self, request: &Request, services: &[usize], x: f64, top: f64) {
        let count = services.len().max(1) as f64;
        let pitch = ((self.height - top - 6.0) / count).max(BLOCK_H);
        for (at, node) in services.iter().enumerate() {
            let y = top + at as f64 * pitch + ((pitch - BLOCK_H) / 2.0).min(40.0);
            self.service(request, *node, x, y, BOX.0);
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
        let with_replicas = services
            .iter()
            .flat_map(|service| std::iter::once(*service).chain(replicas(request, *service)));
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

    fn connect_topics(&mut self, request: &Request, broker: Option<usize>) {
        let Some(broker) = broker else { return };
        let box_ = self.nodes[broker];
        for (at, topic) in request.topics.iter().enumerate() {
            let Some(place) = self.topics.get(at).copied() else { continue };
            let mut ends = vec![(topic.publisher, true)];
            ends.extend(topic.consumers.iter().map(|node| (*node, false)));
            for (node, publishes) in ends {
                let curve = if !publishes && self.is_behind(request, node, broker) {
                    let start = (box_.x + box_.w, place.rect.y + place.rect.h / 2.0);
                    from_above(start, &self.nodes[node], 0.0)
                } else {
                    topic_curve(&self.nodes[node], &box_, &place.rect, publishes)
                };
                let (from, to) = if publishes { (node, broker) } else { (broker, node) };
                self.edges.push(Edge { from, to, topic: Some(at), curve });
            }
        }
    }

    fn connect_nodes(&mut self, request: &Request) {
        for (from, to) in &request.edges {
            let back = request.edges.contains(&(*to, *from));
            let lane = match (back, from < to) {
                (false, _) => 0.0,
                (true, true) => -7.0,
                (true, false) => 7.0,
            };
            let (a, b) = (self.nodes[*from], self.nodes[*to]);
            let stacked =
                (a.x - b.x).abs() < 1.0 && self.dbs[*from].is_some() && self.dbs[*to].is_some();
            let curve = if self.is_behind(request, *to, *from) {
                from_above((a.x + a.w, a.middle().1), &b, lane)
            } else if stacked {
                self.around(&a, &b, lane)
            } else {
                connect(&a, &b, lane)
            };
            self.edges.push(Edge { from: *from, to: *to, topic: None, curve });
        }
    }
}

impl Layout {
    /// Whether a straight edge to a replica from the left would pass behind another replica.
    fn is_behind(&self, request: &Request, node: usize, from: usize) -> bool {
        let Kind::Replica(owner) = request.nodes[node].0 else { return false };
        let here = self.nodes[node];
        replicas(request, owner).iter().any(|other| {
            let there = self.nodes[*other];
            (there.y - here.y).abs() < 1.0 && there.x < here.x && self.nodes[from].x < there.x
        })
    }

    /// Between two services in one column: around what stands between them, on the inner side.
    fn around(&self, from: &Rect, to: &Rect, lane: f64) -> Curve {
        let inner = from.x + from.w / 2.0 < self.width / 2.0;
        let (x, reach) = if inner { (from.x + from.w, 58.0) } else { (from.x, -58.0) };
        let (start, end) = (from.middle().1 + lane, to.middle().1 + lane);
        Curve { points: [(x, start), (x + reach, start), (x + reach, end), (x, end)] }
    }
}

/// From the right side of something to the upper edge of a node, over what stands in between.
fn from_above(start: (f64, f64), to: &Rect, lane: f64) -> Curve {
    let end = (to.x + to.w / 2.0 + lane, to.y);
    Curve { points: [start, (start.0 + 70.0, end.1 - 24.0), (end.0, end.1 - 44.0), end] }
}

/// Between a service and a topic: at the side of the broker that faces the service.
fn topic_curve(service: &Rect, broker: &Rect, topic: &Rect, publishes: bool) -> Curve {
    let (sx, sy) = service.middle();
    let (there, back) = if publishes { (-8.0, 0.0) } else { (8.0, 0.0) };
    let lane = there + back;
    let (at_service, service_side, at_topic, topic_side) = if service.y >= broker.y + broker.h {
        let x = (topic.x + topic.w * if publishes { 0.16 } else { 0.5 }).min(broker.x + broker.w);
        ((sx + lane * 3.0, service.y), Side::Top, (x, broker.y + broker.h), Side::Bottom)
    } else if service.y + service.h <= broker.y {
        let x = topic.x + topic.w * if publishes { 0.16 } else { 0.5 };
        ((sx + lane * 3.0, service.y + service.h), Side::Bottom, (x, broker.y), Side::Top)
    } else if sx < broker.x {
        let y = topic.y + topic.h / 2.0 + lane + 6.0;
        ((service.x + service.w, sy + lane), Side::Right, (broker.x, y), Side::Left)
    } else {
        let y = topic.y + topic.h / 2.0 + lane + 6.0;
        ((service.x, sy + lane), Side::Left, (broker.x + broker.w, y), Side::Right)
    };
    if publishes {
        Curve::between(at_service, service_side, at_topic, topic_side)
    } else {
        Curve::between(at_topic, topic_side, at_service, service_side)
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

fn slots(width: f64) -> usize {
    ((width + 4.0) / SLOT).floor().max(1.0) as usize
}

#[cfg(test)]
mod tests;
