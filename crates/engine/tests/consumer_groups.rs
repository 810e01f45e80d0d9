//! Consumer groups with several members in a running world: who reads what, what a crash and a pause
//! bring about, and what the trace and the frame say of it.

#![allow(clippy::unwrap_used)]

mod breaks_support;

use breaks_support::run;

use interleave_engine::event::{EventKind, Membership};
use interleave_engine::ids::{EventIx, NodeIx, TopicIx};
use interleave_engine::scenario::document::{Arrivals, Assignor, Fault, FaultKind, Trigger};
use interleave_engine::scenario::{self, Scenario, by_name};
use interleave_engine::session::{RunInput, Session, open};
use interleave_engine::views::Views;
use interleave_engine::views::frame::Frame;
use interleave_engine::views::story::sentence;

fn zombie() -> Scenario {
    by_name("zombie-consumer").unwrap().scenario()
}

/// The zombie's scenario with so many members and partitions, and no fault.
fn group(consumers: u8, partitions: u8, assignor: Assignor) -> Scenario {
    let mut scenario = zombie();
    scenario.services[1].consumers = consumers;
    scenario.broker.partitions = partitions;
    scenario.options.assignor = assignor;
    scenario.faults.clear();
    scenario
}

fn crash(node: &str, for_us: u64) -> Fault {
    let on = Trigger { event: "consumed".into(), node: node.into(), nth: 1 };
    Fault { fault: FaultKind::Crash(node.into()), at_us: None, on: Some(on), for_us }
}

fn node(session: &dyn Session, name: &str) -> NodeIx {
    session.cast().node_named(name).unwrap()
}

/// The kinds of events that tell of a group, with their nodes' names.
fn told(session: &dyn Session) -> Vec<(String, String)> {
    let told = session.trace().events().iter().filter(|event| match &event.kind {
        EventKind::Rebalanced { .. } | EventKind::CommitRefused { .. } => true,
        EventKind::Committed { effects, .. } => !effects.is_empty(),
        _ => false,
    });
    let name = |node| session.cast().node(node).to_owned();
    told.map(|event| (name(event.node), event.kind.name().to_owned())).collect()
}

fn broken(session: &dyn Session) -> Vec<String> {
    let reports = session.properties();
    reports.into_iter().filter(|of| !of.holds()).map(|of| of.title).collect()
}

fn frame_at(session: &dyn Session, at: EventIx) -> Frame {
    let mut views = Views::new(session.cast());
    views.extend(session.cast(), session.trace());
    views.frames.at(session.cast(), session.trace(), at)
}

/// Three partitions go to two members: range gives the first two to the first member, round-robin
/// takes turns; who gets nothing is idle from the start. (Kafka: `RangeAssignor`,
/// `RoundRobinAssignor`.)
#[test]
fn partitions_are_given_out_by_the_assignor() {
    let owners = |consumers, partitions, assignor| {
        let session = open(&RunInput::of(group(consumers, partitions, assignor))).unwrap();
        let frame = Frame::start(session.cast());
        let of_payments = node(&*session, "payments");
        let orders = frame.partitions.iter().filter(|partition| partition.topic == TopicIx(0));
        let consumers = orders.flat_map(|partition| &partition.consumers);
        let readers = consumers.filter(|of| of.node == of_payments).map(|of| of.reader.unwrap());
        let readers: Vec<String> =
            readers.map(|reader| session.cast().node(reader).to_owned()).collect();
        (readers, frame.groups[0].idle.len())
    };
    let (first, second) = ("payments".to_owned(), "payments-2".to_owned());
    let range = owners(2, 3, Assignor::Range);
    assert_eq!(range, (vec![first.clone(), first.clone(), second.clone()], 0));
    for assignor in [Assignor::RoundRobin, Assignor::Sticky, Assignor::CooperativeSticky] {
        let found = owners(2, 3, assignor);
        assert_eq!(found, (vec![first.clone(), second.clone(), first.clone()], 0), "{assignor:?}");
    }
    assert_eq!(owners(4, 2, Assignor::Range), (vec![first, second], 2));
}

/// Every record is handled once, by the member that owns its partition.
#[test]
fn members_share_the_work() {
    let mut scenario = group(3, 3, Assignor::Range);
    scenario.workload.arrivals = Arrivals::AtUs((0..3).map(|n| n * 20_000).collect());
    let session = run(scenario);
    assert_eq!(broken(&*session), Vec::<String>::new());
    let charges = told(&*session);
    let mut by: Vec<&str> = charges.iter().map(|(node, _)| node.as_str()).collect();
    by.retain(|node| node.starts_with("payments"));
    by.sort_unstable();
    assert_eq!(by, ["payments", "payments-2", "payments-3"]);
}

/// A member that is down for longer than its session loses its partition, and gets it back when it
/// joins again; one that is back in time keeps it.
#[test]
fn a_crash_gives_the_partition_to_another() {
    let of = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
    let mut scenario = group(2, 1, Assignor::Range);
    scenario.faults = vec![crash("payments", 500_000)];
    let session = run(scenario.clone());
    assert_eq!(broken(&*session), Vec::<String>::new());
    let expected =
        [of("broker", "rebalanced"), of("payments-2", "committed"), of("payments-2", "committed")];
    let mut found = told(&*session);
    found.retain(|(node, _)| node != "orders");
    assert_eq!(found[..3], expected);
    let changes = session.trace().events().iter().enumerate();
    let changes: Vec<_> = changes
        .filter_map(|(at, event)| match &event.kind {
            EventKind::Rebalanced { generation, why, owners, .. } => {
                Some((EventIx(at as u32), *generation, *why, owners.clone()))
            }
            _ => None,
        })
        .collect();
    let (first, second) = (node(&*session, "payments"), node(&*session, "payments-2"));
    assert_eq!((changes[0].1, changes[0].2), (2, Membership::Expelled(first)));
    assert_eq!(changes[0].3.iter().map(|of| of.2).collect::<Vec<_>>(), [second, second]);
    assert_eq!((changes[1].1, changes[1].2), (3, Membership::Joined(first)));
    assert_eq!(changes[1].3.iter().map(|of| of.2).collect::<Vec<_>>(), [first, first]);
    assert_eq!(
        sentence(session.cast(), session.trace(), changes[0].0),
        "the consumer group of payments gave out its partitions anew, since nothing was heard of \
         payments, which was given up: in generation 2 payments-2 reads orders and payments; payments \
         reads nothing"
    );
    let frame = frame_at(&*session, changes[0].0);
    assert_eq!((frame.groups[0].generation, &frame.groups[0].expelled), (2, &vec![first]));
    let group = frame.partitions.iter().flat_map(|partition| &partition.consumers);
    assert_eq!(group.filter(|of| of.node == first).map(|of| of.reader).next(), Some(Some(second)));

    scenario.faults[0].for_us = 50_000;
    let session = run(scenario);
    assert!(told(&*session).iter().all(|(_, kind)| kind == "committed"), "it was back in time");
}

/// A pause: the record in hand is handled by the other, then by the one that comes back, whose commit
/// is refused; it joins again. With the inbox or the fence the account is charged once for each order.
#[test]
fn a_member_that_stood_still_comes_back_with_its_record() {
    let seen = |scenario: Scenario| {
        let session = run(scenario);
        let refused = session.trace().events().iter().enumerate().find_map(|(at, event)| {
            matches!(event.kind, EventKind::CommitRefused { .. }).then_some(EventIx(at as u32))
        });
        let said = sentence(session.cast(), session.trace(), refused.unwrap());
        assert_eq!(
            said,
            "the broker refused the offset in orders that payments wanted to commit: it speaks for \
             generation 1 of its group, which is at generation 2, and its partition is another's"
        );
        let frame = frame_at(&*session, EventIx(session.trace().len() as u32 - 1));
        assert!(
            frame.groups.iter().all(|group| group.generation == 3 && group.expelled.is_empty())
        );
        for (at, of) in frame.nodes.iter().enumerate() {
            assert!(of.work.is_empty() && of.queue.is_empty(), "work is left at node {at}");
        }
        let charges = told(&*session);
        let charges = charges
            .iter()
            .filter(|(node, kind)| node.starts_with("payments") && kind == "committed");
        (charges.count(), broken(&*session))
    };
    let (charges, found) = seen(zombie());
    assert_eq!((charges, found), (3, vec!["Exactly once".into(), "Saga history".into()]));
    let mut with_inbox = zombie();
    with_inbox.options.inbox = true;
    assert_eq!(seen(with_inbox), (2, vec![]));
    let mut fenced = zombie();
    fenced.options.fencing = true;
    assert_eq!(seen(fenced), (2, vec![]));
}

/// Where nobody else is there, nobody is given up: a single consumer that stands still just comes
/// back.
#[test]
fn a_single_consumer_has_no_group() {
    let mut scenario = zombie();
    scenario.services[1].consumers = 1;
    let session = run(scenario);
    assert!(session.cast().groups.is_empty());
    assert_eq!(session.cast().node_named("payments-2"), None);
    assert!(told(&*session).iter().all(|(_, kind)| kind == "committed"));
    assert_eq!(broken(&*session), Vec::<String>::new());
}

/// Values that make no sense are refused with their path and what is allowed.
#[test]
fn nonsense_is_refused() {
    let with = |from: &str, to: &str| {
        let json = by_name("zombie-consumer").unwrap().json;
        assert!(json.contains(from), "{from}");
        let problems = scenario::parse(&json.replacen(from, to, 1)).unwrap_err();
        (problems[0].path.clone(), problems[0].remedy.clone())
    };
    let allowed = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    for consumers in ["0", "9", "4000000000"] {
        let found = with("\"consumers\": 2", &format!("\"consumers\": {consumers}"));
        assert_eq!(
            found,
            allowed("services.payments.consumers", "allowed: a whole number from 1 to 8")
        );
    }
    let (path, _) = with("\"session_timeout_us\": 100000", "\"session_timeout_us\": 0");
    assert_eq!(path, "options.session_timeout_us");
    let (path, _) = with("\"pause\": 1", "\"pause\": 9");
    assert_eq!(path, "explore.faults.pause");
    let (path, remedy) = with("\"inbox\": false", "\"assignor\": \"fair\"");
    assert_eq!(path, "options.assignor");
    assert!(remedy.contains("cooperative-sticky"), "{remedy}");
    let (path, _) = with("{ \"pause\": \"payments\" }", "{ \"pause\": \"payments-3\" }");
    assert_eq!(path, "faults[0].fault.pause");
    let (path, _) = with("\"name\": \"orders\"", "\"name\": \"payments-2\"");
    assert_eq!(path, "services.payments-2.name");
}
