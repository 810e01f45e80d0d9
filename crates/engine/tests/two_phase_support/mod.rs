//! One transaction over so many participants, run by the clock or checked, and what it cost.
#![allow(dead_code, reason = "each test uses its part of this")]

use interleave_engine::event::{Event, EventKind};
use interleave_engine::ids::{EventIx, NodeIx};
use interleave_engine::scenario::document::{Orchestrator, Presume};
use interleave_engine::scenario::{self, Scenario};
use interleave_engine::session::{RunInput, RunState, Session, open};
use serde_json::json;

/// How long every message takes; nothing else takes any time.
pub(crate) const DELAY_US: u64 = 1_000;

/// What becomes of the transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// So many participants, the first ones, only read; the others write; all vote to commit.
    Commit { readers: usize },
    /// The last participant refuses.
    Refused,
    /// All vote to commit, and the coordinator cannot write that down.
    Unwritten,
}

/// A scenario of one transaction with a step at each of `n` services.
pub(crate) fn scenario(n: usize, way: Way, presume: Presume, place: Orchestrator) -> Scenario {
    let readers = if let Way::Commit { readers } = way { readers } else { 0 };
    let services: Vec<_> = (1..=n)
        .map(|number| {
            let stock = u8::from(!(way == Way::Refused && number == n));
            json!({
                "name": format!("p{number}"),
                "service_time_us": { "constant": 0 },
                "rows": { "cell:x": stock },
            })
        })
        .collect();
    let steps: Vec<_> = (1..=n)
        .map(|number| {
            let operation = if number <= readers {
                json!({ "op": "read", "key": "cell:x" })
            } else {
                json!({ "op": "add", "key": "cell:x", "by": -1, "min": 0, "else": "EMPTY" })
            };
            json!({ "name": format!("s{number}"), "service": format!("p{number}"), "do": [operation] })
        })
        .collect();
    let faults = if way == Way::Unwritten {
        json!([{ "fault": { "refuse-writes": "coordinator" }, "at_us": 0, "for_us": 1_000_000 }])
    } else {
        json!([])
    };
    let document = json!({
        "interleave": 1,
        "title": "One transaction",
        "coupling": "two-phase-commit",
        "services": services,
        "transactions": [{ "name": "all", "inputs": [], "steps": steps }],
        "workload": { "arrivals": { "at-us": [10] }, "mix": [{ "transaction": "all" }] },
        "network": { "delay_us": { "constant": DELAY_US } },
        "faults": faults,
    });
    let parsed = scenario::parse(&document.to_string());
    let mut scenario = parsed.unwrap_or_else(|problems| panic!("{problems:?}"));
    scenario.options.presume = presume;
    scenario.options.coordinator = place;
    scenario
}

/// What a run cost. A forced write waits for the disk; a record is a log record of the protocol,
/// whatever the number of rows in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Cost {
    /// Messages between coordinator and participants, and the acknowledgements among them.
    pub(crate) messages: usize,
    pub(crate) acknowledgements: usize,
    pub(crate) coordinator_forced: u32,
    pub(crate) coordinator_records: u32,
    /// Of each participant, in their order.
    pub(crate) forced: Vec<u32>,
    pub(crate) records: Vec<u32>,
}

/// Forced writes and log records of an event.
fn logged(event: &Event) -> (u32, u32) {
    match event.kind {
        EventKind::Committed { log_records, forced, .. }
        | EventKind::RolledBack { log_records, forced, .. }
        | EventKind::Prepared { log_records, forced, .. } => {
            (u32::from(forced), u32::from(log_records > 0))
        }
        _ => (0, 0),
    }
}

/// A run that is over.
pub(crate) fn run(scenario: &Scenario) -> Box<dyn Session> {
    let mut session = open(&RunInput::of(scenario.clone())).expect("the scenario is right");
    while *session.state() == RunState::Running {
        session.run_slice(1_000);
    }
    assert_eq!(*session.state(), RunState::AtRest);
    session
}

/// What a run over `n` participants and a coordinator of its own cost.
pub(crate) fn cost(session: &dyn Session, n: usize) -> Cost {
    let clients = NodeIx(0);
    let coordinator = session.cast().node_named("coordinator");
    let mut cost = Cost { forced: vec![0; n], records: vec![0; n], ..Cost::default() };
    for event in session.trace().events() {
        if let EventKind::Sent { to, label, .. } = event.kind
            && event.node != clients
            && to != clients
        {
            cost.messages += 1;
            cost.acknowledgements += usize::from(session.cast().sym(label) == "acknowledge");
        }
        let (forced, records) = logged(event);
        if Some(event.node) == coordinator {
            cost.coordinator_forced += forced;
            cost.coordinator_records += records;
        } else if (1..=n).contains(&event.node.ix()) {
            cost.forced[event.node.ix() - 1] += forced;
            cost.records[event.node.ix() - 1] += records;
        }
    }
    cost
}

/// How many messages one after the other lie between the request's arrival at the coordinator and
/// the last participant's commit, by the clock; 0 where nobody commits.
pub(crate) fn delays_to_commit(session: &dyn Session, n: usize) -> u64 {
    let events = session.trace().events();
    let coordinator = session.cast().node_named("coordinator").unwrap_or(NodeIx(1));
    let asked = events
        .iter()
        .find(|event| event.node == coordinator && matches!(event.kind, EventKind::Handled { .. }));
    let last = commits(session, n).into_iter().map(|at| events[at].at).max();
    last.unwrap_or(0).saturating_sub(asked.map_or(0, |event| event.at)) / DELAY_US
}

/// The participants' commits of their steps.
fn commits(session: &dyn Session, n: usize) -> Vec<usize> {
    let is_commit = |event: &Event| {
        (1..=n).contains(&event.node.ix())
            && matches!(&event.kind, EventKind::Committed { effects, .. } if !effects.is_empty())
    };
    let events = session.trace().events().iter().enumerate();
    events.filter(|(_, event)| is_commit(event)).map(|(at, _)| at).collect()
}

/// How many forced writes, each waiting for the one before it, lie before a participant's commit.
pub(crate) fn forced_one_after_the_other(session: &dyn Session, n: usize) -> u32 {
    let events = session.trace().events();
    let chain = |at: usize| {
        let mut forced = 0;
        let mut cause = events[at].cause;
        while let Some(EventIx(before)) = cause {
            let event = &events[before as usize];
            forced += logged(event).0;
            cause = event.cause;
        }
        forced
    };
    commits(session, n).into_iter().map(chain).max().unwrap_or(0)
}

/// Forced writes up to the coordinator's decision, and with it.
pub(crate) fn forced_to_decide(session: &dyn Session) -> u32 {
    let events = session.trace().events();
    let decided = events.iter().position(|event| matches!(event.kind, EventKind::Decided { .. }));
    events[..decided.unwrap_or(0)].iter().map(|event| logged(event).0).sum()
}
