//! What the tests of the engine's guarantees share: runs of the shipped scenarios, harder variants
//! of them, and a random stream of their own.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used)]

use interleave_engine::event::{Event, EventKind};
use interleave_engine::ids::EventIx;
use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{
    Arrivals, Coupling, Distribution, Fault, FaultKind, Link, Trigger,
};
use interleave_engine::scenario::shipped::shipped;
use interleave_engine::session::{
    RunInput, RunState, Session, intervention_text, open, patterns, with_coupling,
};

/// Random numbers by Steele, Lea and Flood's SplitMix64: the tests choose with it, never the engine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is above 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// A number between these, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        least + self.below((most - least + 1) as usize) as i64
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A scenario with a name for messages.
pub struct Case {
    pub scenario: &'static str,
    pub pattern: &'static str,
    pub variant: &'static str,
    pub document: Scenario,
}

impl Case {
    pub fn name(&self) -> String {
        format!("{} as {}, {}", self.scenario, self.pattern, self.variant)
    }
}

/// Every shipped scenario under every named pattern, as it stands.
pub fn shipped_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for scenario in shipped() {
        for pattern in patterns() {
            let coupling = Coupling::Named(pattern.name.to_owned());
            cases.push(Case {
                scenario: scenario.name,
                pattern: pattern.name,
                variant: "shipped",
                document: with_coupling(&scenario.scenario(), coupling),
            });
        }
    }
    cases
}

/// The same with everything that can go wrong: a bad network, delays of every distribution, a
/// crash by time, a crash by trigger, and faults that last.
pub fn hostile_cases() -> Vec<Case> {
    shipped_cases().into_iter().map(hostile).collect()
}

/// More of it: no inbox, no outbox, in all four combinations.
pub fn option_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (variant, outbox, inbox) in
        [("no outbox", false, true), ("no inbox", true, false), ("neither", false, false)]
    {
        for mut case in hostile_cases() {
            case.variant = variant;
            case.document.options.outbox = outbox;
            case.document.options.inbox = inbox;
            cases.push(case);
        }
    }
    cases
}

fn hostile(mut case: Case) -> Case {
    let document = &mut case.document;
    case.variant = "hostile";
    let names: Vec<String> = document.services.iter().map(|service| service.name.clone()).collect();
    // Where there is only one service it suffers all of it.
    let (first, second) = (names[0].clone(), names[names.len().min(2) - 1].clone());
    document.network.loss = 0.05;
    document.network.duplicate = 0.1;
    document.network.links.push(Link {
        from: "clients".into(),
        to: first.clone(),
        delay_us: Some(Distribution::Pareto { scale: 500.0, shape: 1.5 }),
        loss: Some(0.1),
        duplicate: None,
    });
    document.broker.partitions = 2;
    document.broker.relay_us = Distribution::Uniform { min: 100.0, max: 4_000.0 };
    document.retries.timeout_us = 20_000;
    document.workload.arrivals = Arrivals::PerSecond(200.0);
    document.workload.count = Some(40);
    if document.services.iter().any(|service| service.consumers > 1) {
        // Crashes and pauses last longer than that.
        document.options.session_timeout_us = 10_000;
    }
    let at = |fault, at_us, for_us| Fault { fault, at_us: Some(at_us), on: None, for_us };
    let on = |fault, event: &str, node: &str, nth, for_us| Fault {
        fault,
        at_us: None,
        on: Some(Trigger { event: event.into(), node: node.into(), nth }),
        for_us,
    };
    document.faults = vec![
        at(FaultKind::Crash(second.clone()), 60_000, 30_000),
        on(FaultKind::Crash(first.clone()), "committed", &first, 5, 25_000),
        on(FaultKind::Crash(second.clone()), "service-started", &second, 17, 25_000),
        at(FaultKind::Slow { node: first.clone(), times: 3.0 }, 90_000, 20_000),
        at(FaultKind::Pause(second.clone()), 120_000, 15_000),
        at(FaultKind::Partition(vec![second.clone()]), 150_000, 15_000),
        at(FaultKind::BrokerOutage, 180_000, 15_000),
        on(FaultKind::RefuseWrites(second.clone()), "committed", &second, 20, 10_000),
        on(FaultKind::Poison(second.clone()), "committed", &first, 12, 100_000),
        at(
            FaultKind::Link {
                from: "orchestrator".into(),
                to: second,
                loss: 0.5,
                duplicate: 0.5,
                delay_us: 3_000,
            },
            20_000,
            40_000,
        ),
        at(FaultKind::Crash("orchestrator".into()), 130_000, 10_000),
    ];
    case
}

/// A run to its end, wherever that is.
pub fn run(document: &Scenario) -> Box<dyn Session> {
    finish(open(&RunInput::of(document.clone())).unwrap())
}

/// Runs a session to its end.
pub fn finish(mut session: Box<dyn Session>) -> Box<dyn Session> {
    while *session.state() == RunState::Running {
        session.run_slice(100_000);
    }
    session
}

/// The events that a schedule without a clock has too.
pub fn timeless(events: &[Event]) -> Vec<(EventIx, &Event)> {
    let numbered = events.iter().enumerate();
    numbered
        .filter(|(_, event)| {
            !matches!(
                event.kind,
                EventKind::Arrived { .. }
                    | EventKind::Fetched { .. }
                    | EventKind::Revoked { .. }
                    | EventKind::ServiceStarted { .. }
            )
        })
        .map(|(at, event)| (EventIx(at as u32), event))
        .collect()
}

/// What a session's interventions are, for messages.
pub fn interventions(session: &dyn Session) -> Vec<String> {
    let all = &session.input().interventions;
    all.iter().map(|one| intervention_text(session.cast(), one)).collect()
}
