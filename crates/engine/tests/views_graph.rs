//! The geometry of the graph: nothing overlaps, nothing leaves the view box, no edge crosses a box,
//! and a service keeps its place whatever the coupling.

mod views_support;

use interleave_engine::cast::Cast;
use interleave_engine::ids::NodeIx;
use interleave_engine::views::Views;
use interleave_engine::views::graph::{Graph, Look, Rect, Request, graph};
use interleave_engine::views::tokens::{TokenOf, tokens};
use views_support::{CLIENTS, Script, cast_of, checkout_cast, service};

const REQUESTS: [Request; 7] = [
    Request { look: Look::Wide, width: 860.0, height: 458.0 },
    Request { look: Look::Wide, width: 1_600.0, height: 900.0 },
    Request { look: Look::Wide, width: 600.0, height: 300.0 },
    Request { look: Look::Tall, width: 390.0, height: 500.0 },
    Request { look: Look::Tall, width: 320.0, height: 400.0 },
    Request { look: Look::Stage, width: 1_240.0, height: 500.0 },
    Request { look: Look::Stage, width: 700.0, height: 400.0 },
];

fn casts(services: usize) -> Vec<(&'static str, Cast)> {
    let names: Vec<String> = (0..services).map(|at| format!("service-{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut casts = vec![
        ("choreography", cast_of(&names, true, false)),
        ("orchestration", cast_of(&names, false, true)),
        ("uncoordinated", cast_of(&names, false, false)),
    ];
    // Everything at once: replies to the clients, self-loops, and services that call each other
    // although there is a broker or an orchestrator.
    for at in 0..2 {
        let mut cast = casts[at].1.clone();
        for from in 0..services {
            cast.edges.push((service(from), CLIENTS));
            cast.edges.push((CLIENTS, service(from)));
            cast.edges.push((service(from), service(from)));
            cast.edges.push((service(from), service((from + 1) % services)));
            cast.edges.push((service(from), service((from + services / 2) % services)));
        }
        cast.edges.push((NodeIx(cast.nodes.len() as u8 - 1), CLIENTS));
        cast.edges.push((CLIENTS, NodeIx(cast.nodes.len() as u8 - 1)));
        cast.edges.sort_unstable();
        cast.edges.dedup();
        casts.push((["everything with a broker", "everything with an orchestrator"][at], cast));
    }
    casts
}

/// All boxes with what they belong to.
fn boxes(graph: &Graph) -> Vec<(String, NodeIx, Rect)> {
    let mut all = Vec::new();
    for node in &graph.nodes {
        all.push((format!("{:?}", node.kind), node.node, node.rect));
        if let Some(db) = node.db {
            all.push((format!("database of {:?}", node.kind), node.node, db.cylinder));
            all.push((format!("rows of {:?}", node.kind), node.node, db.rows));
        }
    }
    all
}

#[test]
fn boxes_do_not_overlap_and_lie_inside_the_view_box() {
    for services in [1, 2, 3, 4, 5, 7, 8, 13, 64] {
        for request in REQUESTS {
            for (name, cast) in casts(services) {
                let graph = graph(&cast, request);
                let about = format!("{name}, {services} services, {request:?}");
                assert_eq!(graph.nodes.len(), cast.nodes.len(), "{about}");
                let all = boxes(&graph);
                for (at, (what, _, rect)) in all.iter().enumerate() {
                    assert!(
                        rect.w > 20.0 && rect.h > 12.0,
                        "{about}: {what} is too small: {rect:?}"
                    );
                    let inside = rect.x >= 0.0
                        && rect.y >= 0.0
                        && rect.right() <= graph.width
                        && rect.bottom() <= graph.height;
                    assert!(inside, "{about}: {what} leaves the view box: {rect:?}");
                    for (other, _, second) in &all[at + 1..] {
                        assert!(
                            !rect.overlaps(second),
                            "{about}: {what} {rect:?} lies on {other} {second:?}"
                        );
                    }
                }
                let broker = cast.broker().and_then(|node| graph.node(node));
                if let Some(broker) = broker {
                    assert_eq!(graph.topics.len(), cast.topics.len(), "{about}");
                    for (at, topic) in graph.topics.iter().enumerate() {
                        let rect = topic.rect;
                        let inside = rect.x >= broker.rect.x
                            && rect.y >= broker.rect.y
                            && rect.right() <= broker.rect.right()
                            && rect.bottom() <= broker.rect.bottom();
                        assert!(
                            inside,
                            "{about}: topic {at} leaves the broker: {rect:?} {:?}",
                            broker.rect
                        );
                        for other in &graph.topics[at + 1..] {
                            assert!(!rect.overlaps(&other.rect), "{about}: topics overlap");
                        }
                        assert!(topic.slots.bottom() <= broker.rect.bottom(), "{about}");
                    }
                }
            }
        }
    }
}

#[test]
fn no_edge_crosses_a_box() {
    for services in [1, 2, 3, 4, 6, 7, 13] {
        for request in REQUESTS {
            for (name, cast) in casts(services) {
                let graph = graph(&cast, request);
                assert_eq!(graph.edges.len(), cast.edges.len(), "{name}, {services}, {request:?}");
                let all = boxes(&graph);
                for edge in &graph.edges {
                    for at in 0..=60 {
                        let point = edge.path.at(f64::from(at) / 60.0);
                        let about = format!(
                            "{name}, {services} services, {request:?}: the edge from {} to {} at {at} of 60",
                            edge.from, edge.to
                        );
                        let inside = point.x >= 0.0
                            && point.y >= 0.0
                            && point.x <= graph.width
                            && point.y <= graph.height;
                        assert!(inside, "{about} leaves the view box: {point:?}");
                        for (what, _, rect) in
                            all.iter().filter(|(what, ..)| !what.starts_with("rows"))
                        {
                            assert!(
                                !rect.holds(point, 0.5),
                                "{about} is in {what}: {point:?} {rect:?}"
                            );
                        }
                    }
                    // It begins at the edge of one box and ends at that of the other.
                    for (end, node) in [(edge.path.start(), edge.from), (edge.path.end(), edge.to)]
                    {
                        let rect = graph.node(node).expect("it is drawn").rect;
                        let grown = Rect {
                            x: rect.x - 1.0,
                            y: rect.y - 1.0,
                            w: rect.w + 2.0,
                            h: rect.h + 2.0,
                        };
                        assert!(
                            grown.holds(end, 0.0),
                            "{name}, {services}, {request:?}: {} to {} ends beside {node}: {end:?} {rect:?}",
                            edge.from,
                            edge.to
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_largest_graph_keeps_its_edges_off_its_boxes_too() {
    let request = REQUESTS[1];
    for (name, cast) in casts(64).into_iter().take(3) {
        let graph = graph(&cast, request);
        for edge in &graph.edges {
            for at in 1..30 {
                let point = edge.path.at(f64::from(at) / 30.0);
                let met = graph.nodes.iter().find(|node| node.rect.holds(point, 0.5));
                assert!(met.is_none(), "{name}: {} to {} meets {met:?}", edge.from, edge.to);
            }
        }
    }
}

#[test]
fn services_and_clients_keep_their_places_when_the_coupling_changes() {
    for services in [1, 3, 4, 7, 24] {
        for request in REQUESTS {
            let places: Vec<Vec<Rect>> = casts(services)
                .iter()
                .map(|(_, cast)| {
                    let drawn = graph(cast, request);
                    (0..=services)
                        .map(|at| drawn.node(NodeIx(at as u8)).expect("drawn").rect)
                        .collect()
                })
                .collect();
            assert!(places.windows(2).all(|pair| pair[0] == pair[1]), "{services}, {request:?}");
        }
    }
}

#[test]
fn equal_requests_give_equal_graphs_and_the_space_decides_the_look() {
    let cast = checkout_cast();
    for request in REQUESTS {
        assert_eq!(graph(&cast, request), graph(&cast, request));
    }
    assert_eq!(Look::for_space(860.0, 458.0), Look::Wide);
    assert_eq!(Look::for_space(390.0, 500.0), Look::Tall);
    assert_eq!(Look::for_space(1_000.0, 1_400.0), Look::Tall);
    let lab = graph(&cast, REQUESTS[0]);
    assert!(lab.width <= 860.0 && lab.height <= 458.0, "{} x {}", lab.width, lab.height);
    let phone = graph(&cast, REQUESTS[3]);
    assert!(phone.width <= 390.0);
    // The order of the flow: left from top to bottom, then right.
    let at = |service_at: usize| lab.node(service(service_at)).expect("drawn").rect;
    assert!(at(0).x == at(1).x && at(0).y < at(1).y);
    assert!(at(2).x == at(3).x && at(2).y < at(3).y && at(2).x > at(0).x);
}

#[test]
fn edges_meet_the_broker_at_their_topics() {
    let cast = checkout_cast();
    let lab = graph(&cast, REQUESTS[0]);
    let broker = cast.broker().expect("there is one");
    for at in 0..4 {
        let published = lab.edge(service(at), broker).expect("it publishes");
        let topic = published.topic.expect("to a topic");
        assert_eq!(topic.ix(), at);
        let slots = lab.topics[topic.ix()].slots;
        let end = published.path.end();
        assert!(end.y > slots.y && end.y < slots.bottom());
    }
    // Stock handles what payments publishes.
    let consumed = lab.edge(broker, service(2)).expect("it consumes");
    assert_eq!(consumed.topic.map(|topic| topic.ix()), Some(1));
}

#[test]
fn tokens_are_where_the_time_says() {
    let mut script = Script::new(checkout_cast());
    script.saga(interleave_engine::ids::TxnId(0), 10, false);
    let mut views = Views::new(&script.cast);
    views.extend(&script.cast, &script.trace);
    let broker = script.cast.broker();
    let at = |name: &str, later: u64| {
        let ix = script.trace.of_kind(name).next().expect("it happened").0;
        let frame = views.frame(&script.cast, &script.trace, ix);
        tokens(&script.trace, &views.index, &frame, broker, frame.at + later)
    };
    let sent = at("sent", 250);
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].from, sent[0].to), (CLIENTS, service(0)));
    assert!((sent[0].progress - 0.25).abs() < 1e-12);
    assert!(at("arrived", 0).is_empty(), "it waits at its target");
    let published = at("published", 500);
    assert_eq!(published.len(), 1);
    assert!(matches!(published[0].of, TokenOf::Record(_, to) if to == service(1)));
    assert!((published[0].progress - 0.5).abs() < 1e-12);
    assert!(at("fetched", 0).is_empty());
    // A schedule has no time: what is in flight is half-way.
    let mut untimed = Script::new(checkout_cast());
    untimed.choice(0);
    untimed.start(interleave_engine::ids::TxnId(0), 1);
    let mut trace = interleave_engine::trace::Trace::default();
    for event in untimed.trace.events() {
        let mut event = event.clone();
        event.at = 0;
        if let interleave_engine::event::EventKind::Sent { due, .. } = &mut event.kind {
            *due = 0;
        }
        trace.push(event);
    }
    let mut views = Views::new(&untimed.cast);
    views.extend(&untimed.cast, &trace);
    let frame = views.frame(&untimed.cast, &trace, interleave_engine::ids::EventIx(1));
    let halfway = tokens(&trace, &views.index, &frame, broker, 0);
    assert!((halfway[0].progress - 0.5).abs() < 1e-12);
}
