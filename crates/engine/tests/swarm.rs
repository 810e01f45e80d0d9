//! A swarm of random scenarios with faults of every kind: each run twice, replayed, and held to what
//! its pattern promises under its options.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod guarantees;
mod swarm_support;

use std::collections::{BTreeMap, BTreeSet};

use guarantees::{finish, run};
use interleave_engine::event::EventKind;
use interleave_engine::scenario::document::QuerySnapshot;
use interleave_engine::session::{RunInput, RunState, Session, open};
use swarm_support::{Swarm, scenario};

/// How many scenarios are drawn unless `INTERLEAVE_SWARM_SEEDS` says another number; the first is that of
/// the seed `INTERLEAVE_SWARM_FROM`, or 0. `cargo xtask swarm` sets both.
const SCENARIOS: u64 = 400;

/// A number that the environment may set.
fn number(name: &str, usual: u64) -> u64 {
    let text = std::env::var_os(name).map(|text| text.to_string_lossy().into_owned());
    text.map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// What happened in a run that lifts some of a pattern's promises.
struct Lifted {
    /// A transaction waits for a person, and the run says so.
    stuck: bool,
    /// A record was set aside after too many failed deliveries.
    dead_letter: bool,
    /// Somebody other than a client stopped asking without knowing the outcome.
    gave_up: bool,
    /// The run was cut by a limit: nothing is at rest.
    cut: bool,
}

impl Lifted {
    fn of(session: &dyn Session) -> Self {
        let has = |wanted: fn(&EventKind) -> bool| {
            session.trace().events().iter().any(|event| wanted(&event.kind))
        };
        let given_up =
            |line: &String| line.starts_with("give-up") && !line.starts_with("give-up clients");
        Self {
            stuck: has(|kind| matches!(kind, EventKind::Stuck { .. })),
            dead_letter: has(|kind| matches!(kind, EventKind::DeadLettered { .. })),
            gave_up: session.schedule().iter().any(given_up),
            cut: *session.state() != RunState::AtRest,
        }
    }
}

/// The properties that a pattern promises for this run, and no more:
///
/// * Money stays within its service under every pattern and option, since each local transaction moves
///   it within one: "Money of …" always holds.
/// * With the inbox nothing takes effect twice and nothing is undone that was not done, under every
///   pattern; so no account is ever in debt. Without it both may happen.
/// * A saga with outbox and inbox is atomic at rest, keeps what it acknowledged, has a legal history
///   and ends, and the rows show the same ("… as often as …"), unless it can not: where a compensation
///   is missing, a transaction is stuck, a record went to the dead letters, or the orchestrator gave up
///   on an answer. An orchestrator has no use for the outbox and promises the same without.
/// * With try, confirm and cancel the reservations' own rows do what the inbox does for others, a step
///   without a compensation is taken back all the same, and a coordinator that gives up cancels: it
///   promises all of it under every option, unless a transaction is stuck, as where a reservation
///   expired before its confirmation. Whoever is told that all is done finds all done even then.
/// * Two-phase commit with the inbox is atomic, keeps what it acknowledged and leaves nobody in doubt,
///   unless somebody gave up asking. Every client is told something or gives up in any case.
/// * Replicas end with the rows of their primaries, unless changes were published from memory or a record
///   was set aside. Only replicas that are written with each commit are never behind a client that
///   wrote, or read, before; where no bound is declared, any staleness will do.
/// * A query that is composed as of one moment is answered with rows that were true together.
/// * Uncoordinated services promise nothing about the whole, but the client's answer: whoever is told
///   that all is done finds all done, and everybody is told something or gives up.
fn promised(swarm: &Swarm, lifted: &Lifted, title: &str, id: &str) -> bool {
    let options = &swarm.document.options;
    let written_at_once = swarm.pattern == "cqrs-write-all";
    match id {
        "read-your-writes" | "monotonic-reads" => return written_at_once,
        "staleness" => return true,
        "projection-agreement" => {
            let kept = written_at_once || swarm.pattern == "cqrs-copy-at-each-write";
            return !lifted.cut && (kept || options.outbox && !lifted.dead_letter);
        }
        _ => {}
    }
    let composed = swarm.pattern == "api-composition";
    if id == "read-skew" {
        return composed && options.snapshot == QuerySnapshot::One;
    }
    if swarm.pattern == "two-phase-commit" {
        let whole = options.inbox && !(lifted.gave_up || lifted.cut);
        return match id {
            "conservation" if title.starts_with("Money of") => true,
            "exactly-once" | "bounds" => options.inbox,
            "progress" => !lifted.cut,
            // What a level allows is no promise of the protocol.
            "isolation" => false,
            _ => whole,
        };
    }
    if swarm.pattern == "try-confirm-cancel" {
        return match id {
            "conservation" if title.starts_with("Money of") => true,
            "exactly-once" | "bounds" => true,
            "durability" => !lifted.cut,
            _ => !(lifted.stuck || lifted.cut),
        };
    }
    let saga = swarm.pattern != "database-per-service" && !composed;
    let outbox = options.outbox || swarm.pattern == "saga-orchestration";
    let whole = saga
        && outbox
        && options.inbox
        && swarm.undoable
        && !(lifted.stuck || lifted.dead_letter || lifted.gave_up || lifted.cut);
    match id {
        "conservation" if title.starts_with("Money of") => true,
        "conservation" => whole,
        "exactly-once" | "bounds" => options.inbox,
        "atomicity" | "saga-history" => whole,
        "durability" | "progress" => whole || (!saga && !lifted.cut),
        "isolation" => false,
        "in-doubt" => !lifted.cut,
        other => panic!("nobody has said what {other} is promised by"),
    }
}

/// Shows a scenario that fails, as a document that the command line reads.
fn show(number: u64, swarm: &Swarm) -> String {
    let text = serde_json::to_string(&swarm.document).unwrap();
    format!("scenario {number} ({}): {text}", swarm.pattern)
}

#[test]
fn random_scenarios_keep_their_promises() {
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    let mut count = |what: &'static str, by: bool| *met.entry(what).or_default() += usize::from(by);
    let mut occurred = BTreeSet::new();
    let mut failures = Vec::new();
    let (from, scenarios) =
        (number("INTERLEAVE_SWARM_FROM", 0), number("INTERLEAVE_SWARM_SEEDS", SCENARIOS));
    for number in from..from + scenarios {
        let swarm = scenario(number);
        let session = run(&swarm.document);
        let again = run(&swarm.document);
        assert_eq!(session.digest(), again.digest(), "{}", show(number, &swarm));
        assert_eq!(session.trace().events(), again.trace().events(), "{}", show(number, &swarm));
        let ended = matches!(
            session.state(),
            RunState::AtRest | RunState::EventLimit | RunState::TimeLimit
        );
        assert!(ended, "{:?}: {}", session.state(), show(number, &swarm));
        let lifted = Lifted::of(&*session);
        for property in session.properties() {
            let promised = promised(&swarm, &lifted, &property.title, property.id);
            if promised && !property.holds() {
                let why = &property.violations[0].why;
                failures.push(format!("{}: {why}\n  {}", property.title, show(number, &swarm)));
            }
            count(property.id, promised);
            count("broken where nothing is promised", !property.holds() && !promised);
        }
        if !lifted.cut {
            let schedule = Some(session.schedule());
            let input = RunInput { schedule, ..RunInput::of(swarm.document.clone()) };
            let replayed = finish(open(&input).unwrap());
            assert_eq!(*replayed.state(), RunState::AtRest, "{}", show(number, &swarm));
            let verdicts = |session: &dyn Session| {
                let all = session.properties().into_iter();
                all.map(|one| (one.title, one.violation_count)).collect::<Vec<_>>()
            };
            assert_eq!(verdicts(&*replayed), verdicts(&*session), "{}", show(number, &swarm));
        }
        count("cut", lifted.cut);
        count("stuck", lifted.stuck);
        count("dead letters", lifted.dead_letter);
        count("gave up", lifted.gave_up);
        count("compensated", session.stats().compensated > 0);
        count("committed", session.stats().committed > 0);
        for event in session.trace().events() {
            occurred.insert(event.kind.name());
        }
    }
    println!("{met:#?}");
    println!("{scenarios} scenarios from seed {from}: {} broken promises", failures.len());
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    // Less than the usual number may miss what is rare.
    if scenarios < SCENARIOS {
        return;
    }
    // The swarm is no use where it does not get into trouble.
    for (what, least) in [
        ("atomicity", 25),
        ("progress", 60),
        ("exactly-once", 100),
        ("broken where nothing is promised", 50),
        ("stuck", 10),
        ("dead letters", 5),
        ("gave up", 5),
        ("compensated", 20),
        ("committed", 100),
    ] {
        assert!(met[what] >= least, "{what}: {} of {scenarios}", met[what]);
    }
    assert!(met["cut"] as u64 <= scenarios / 40, "{} runs were cut", met["cut"]);
    let unseen: Vec<&str> = interleave_engine::event::EVENT_NAMES
        .iter()
        .copied()
        .filter(|name| !occurred.contains(name))
        .collect();
    // A simulated run loses no reply of a synchronous call: only exploring does that.
    assert_eq!(unseen, ["reply-lost"], "events that no scenario had");
}
