//! Layouts: nothing on anything else, all inside, equal for equal requests.

use super::*;

fn checkout(width: f64, height: f64, broker: bool) -> Request {
    let mut nodes = vec![(Kind::Clients, false)];
    nodes.extend([(Kind::Service, true); 4]);
    let mut topics = Vec::new();
    let mut edges = vec![(0, 1), (1, 0)];
    if broker {
        nodes.push((Kind::Broker, false));
        for at in 1..=4 {
            topics.push(Topic { publisher: at, consumers: vec![at % 4 + 1] });
        }
    } else {
        edges.extend([(1, 2), (2, 1), (1, 3), (3, 1), (1, 4), (4, 1)]);
    }
    Request { width, height, across: width > 1200.0, nodes, topics, edges }
}

fn blocks(layout: &Layout) -> Vec<Rect> {
    let mut all = layout.nodes.clone();
    all.extend(layout.dbs.iter().flatten());
    all
}

#[test]
fn nothing_lies_on_anything_else_and_all_is_inside() {
    for (width, height) in
        [(320.0, 400.0), (390.0, 500.0), (700.0, 400.0), (860.0, 458.0), (1440.0, 740.0)]
    {
        for broker in [false, true] {
            let layout = Layout::of(&checkout(width, height, broker));
            let all = blocks(&layout);
            for (at, one) in all.iter().enumerate() {
                assert!(
                    one.x >= 0.0 && one.x + one.w <= layout.width + 0.5,
                    "{width} {broker} {one:?}"
                );
                assert!(
                    one.y >= 0.0 && one.y + one.h <= layout.height + 0.5,
                    "{width} {broker} {one:?}"
                );
                for other in &all[at + 1..] {
                    assert!(!one.overlaps(other), "{width} {broker}: {one:?} {other:?}");
                }
            }
        }
    }
}

#[test]
fn replicas_stand_beside_their_services_and_on_nothing_else() {
    for each in 1..=8 {
        for services in 1..=4 {
            for width in [390.0, 700.0, 860.0, 1440.0] {
                for broker in [false, true] {
                    let mut request = checkout(width, 458.0, broker);
                    request.nodes.truncate(1);
                    request.nodes.extend(vec![(Kind::Service, true); services]);
                    request.edges = Vec::new();
                    request.topics = Vec::new();
                    if broker {
                        request.nodes.push((Kind::Broker, false));
                    }
                    for of in 1..=services {
                        request.nodes.extend(vec![(Kind::Replica(of), true); each]);
                        if broker {
                            let consumers = replicas(&request, of);
                            request.topics.push(Topic { publisher: of, consumers });
                        }
                    }
                    let layout = Layout::of(&request);
                    let all = blocks(&layout);
                    for (at, one) in all.iter().enumerate() {
                        let inside = one.x >= 0.0
                            && one.x + one.w <= layout.width + 0.5
                            && one.y >= 0.0
                            && one.y + one.h <= layout.height + 0.5;
                        assert!(inside, "{each} {services} {width} {broker}: {one:?}");
                        for other in &all[at + 1..] {
                            assert!(
                                !one.overlaps(other),
                                "{each} {services} {width} {broker}: {one:?} {other:?}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn every_topic_lies_in_the_broker_and_has_its_edges() {
    for width in [390.0, 860.0, 1440.0] {
        let layout = Layout::of(&checkout(width, 458.0, true));
        let broker = layout.nodes[5];
        for place in &layout.topics {
            assert!(place.rect.overlaps(&broker));
            assert!(place.slots >= 1);
        }
        assert_eq!(layout.edges.iter().filter(|edge| edge.topic.is_some()).count(), 8);
    }
}

#[test]
fn equal_requests_give_equal_layouts() {
    let request = checkout(860.0, 458.0, true);
    assert_eq!(Layout::of(&request), Layout::of(&request));
}

#[test]
fn sixty_four_services_have_a_place_too() {
    let mut request = checkout(860.0, 458.0, false);
    request.nodes = vec![(Kind::Clients, false)];
    request.nodes.extend([(Kind::Service, true); 64]);
    request.edges = (2..=64).map(|at| (1, at)).collect();
    let layout = Layout::of(&request);
    assert!(layout.height > 458.0);
    assert_eq!(layout.edges.len(), 63);
}
