//! The edges of a layout: from side to side, around what stands in between.

use super::{Curve, Edge, Kind, Layout, Rect, Request, Side, connect, replicas};

impl Layout {
    pub(super) fn connect_topics(&mut self, request: &Request, broker: Option<usize>) {
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

    pub(super) fn connect_nodes(&mut self, request: &Request) {
        for (from, to) in &request.edges {
            if from == to {
                let curve = to_itself(&self.nodes[*from]);
                self.edges.push(Edge { from: *from, to: *to, topic: None, curve });
                continue;
            }
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

/// A loop at the upper right corner, from a node to itself.
fn to_itself(node: &Rect) -> Curve {
    let (right, top) = (node.x + node.w, node.y);
    let points = [
        (right - 44.0, top),
        (right - 44.0, top - 40.0),
        (right + 40.0, top - 34.0),
        (right, top + 20.0),
    ];
    Curve { points }
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
