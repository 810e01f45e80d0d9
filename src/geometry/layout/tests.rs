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
    Request { width, height, across: width > 1200.0, nodes, topics, edges, pins: Vec::new() }
}

fn blocks(layout: &Layout) -> Vec<Rect> {
    let mut all = layout.nodes.clone();
    all.extend(layout.dbs.iter().flatten());
    all
}

#[test]
fn nothing_lies_on_anything_else_and_all_is_inside() {
    for (width, height) in [
        (320.0, 400.0),
        (390.0, 500.0),
        (640.0, 400.0),
        (700.0, 400.0),
        (860.0, 458.0),
        (1440.0, 740.0),
    ] {
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

#[test]
fn the_processes_of_a_service_stand_below_its_database() {
    for width in [390.0, 860.0, 1440.0] {
        for broker in [false, true] {
            let mut request = checkout(width, 458.0, broker);
            request.nodes.extend([(Kind::Member(2), false); 3]);
            let layout = Layout::of(&request);
            let all = blocks(&layout);
            for (at, one) in all.iter().enumerate() {
                assert!(one.w > 0.0 && one.y + one.h <= layout.height + 0.5, "{width} {one:?}");
                for other in &all[at + 1..] {
                    assert!(!one.overlaps(other), "{width} {broker}: {one:?} {other:?}");
                }
            }
            assert_eq!(layout.stems.len(), 3);
            if width > 620.0 {
                let (service, member) = (layout.nodes[2], layout.nodes[request.nodes.len() - 1]);
                assert!((service.x - member.x).abs() < 1.0, "they share a column");
            }
        }
    }
}

#[test]
fn what_was_dragged_stands_there_and_nothing_else_moves() {
    let mut request = checkout(860.0, 458.0, true);
    let before = Layout::of(&request);
    request.pins = vec![(2, (40.0, -10.0))];
    let after = Layout::of(&request);
    assert!((after.nodes[2].x - before.nodes[2].x - 40.0).abs() < 1e-9);
    for node in [0, 1, 3, 4, 5] {
        assert_eq!(after.nodes[node], before.nodes[node]);
    }
}

#[test]
fn many_services_in_cycles_and_loops_lie_on_nothing_else() {
    for broker in [false, true] {
        let mut request = checkout(860.0, 458.0, broker);
        request.nodes.truncate(1);
        request.nodes.extend([(Kind::Service, true); 20]);
        request.edges = (1..=20).map(|at| (at, at % 20 + 1)).collect();
        request.edges.extend([(3, 3), (4, 9), (4, 9), (9, 4)]);
        request.topics.iter_mut().for_each(|topic| topic.consumers = vec![7, 12]);
        if broker {
            request.nodes.push((Kind::Broker, false));
        }
        let layout = Layout::of(&request);
        let all = blocks(&layout);
        for (at, one) in all.iter().enumerate() {
            assert!(one.x >= 0.0 && one.x + one.w <= layout.width + 0.5, "{broker} {one:?}");
            assert!(one.y >= 0.0 && one.y + one.h <= layout.height + 0.5, "{broker} {one:?}");
            for other in &all[at + 1..] {
                assert!(!one.overlaps(other), "{broker}: {one:?} {other:?}");
            }
        }
    }
}
