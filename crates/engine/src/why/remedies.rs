//! What could be switched: every single change of a scenario that might mend it.
//!
//! The list comes from the document alone: an option that is off or at a weaker value, a
//! countermeasure that a step allows and does not have, another member for one part of the coupling.
//! Whether a change mends anything is for a check to say.

use crate::ids::EventIx;
use crate::patterns::{read, refusal, write};
use crate::scenario::document::{
    Compensate, Countermeasure, Coupling, ExpectedVersion, IsolationLevel, Operation, Parts,
    QuerySnapshot, ReadFrom, SessionRule, Updates,
};
use crate::scenario::{self, Scenario};
use crate::session;
use crate::views::format::list;

use super::ground::Ground;
use super::report::{Remedy, Verdict};

/// A switch among the options: its place, its label, what it does, and how it is set. A switch that
/// is set already changes nothing and is not offered.
struct Switch {
    path: &'static str,
    title: &'static str,
    about: &'static str,
    set: fn(&mut Scenario),
}

/// The switches, the cheapest first.
const SWITCHES: &[Switch] = &[
    Switch {
        path: "options.inbox",
        title: "Inbox on",
        about: "Consumers record what they handled in one local transaction with its effect.",
        set: |of| of.options.inbox = true,
    },
    Switch {
        path: "options.outbox",
        title: "Outbox on",
        about: "Messages are stored with the rows in one local transaction, and a relay publishes them.",
        set: |of| of.options.outbox = true,
    },
    Switch {
        path: "options.fencing",
        title: "Fencing on",
        about: "The database refuses writes of a consumer that speaks for an older generation of its group.",
        set: |of| of.options.fencing = true,
    },
    Switch {
        path: "options.projection_guard",
        title: "Projection guard on",
        about: "A replica passes over changes that are older than what it has.",
        set: |of| of.options.projection_guard = true,
    },
    Switch {
        path: "options.updates",
        title: "Add in one statement",
        about: "A step adds under a lock, instead of reading a number and writing the sum later.",
        set: |of| of.options.updates = Updates::InPlace,
    },
    Switch {
        path: "options.isolation",
        title: "Isolation: repeatable read",
        about: "What a local transaction read once it reads again, and of two that update a row one is refused.",
        set: |of| raise(of, IsolationLevel::RepeatableRead),
    },
    Switch {
        path: "options.isolation",
        title: "Isolation: serializable",
        about: "Local transactions run as if one came after the other; some are refused for it.",
        set: |of| raise(of, IsolationLevel::Serializable),
    },
    Switch {
        path: "options.expected",
        title: "Expected version: exact",
        about: "A command says which version it was made of, and is refused where another came between.",
        set: |of| of.options.expected = ExpectedVersion::Exact,
    },
    Switch {
        path: "options.sessions",
        title: "Sessions: sticky",
        about: "A client keeps to one replica of each service.",
        set: |of| of.options.sessions = SessionRule::Sticky,
    },
    Switch {
        path: "options.sessions",
        title: "Sessions: read your writes",
        about: "A question says how far its client's own writes have come, and a replica that is behind is passed over.",
        set: |of| of.options.sessions = SessionRule::ReadYourWrites,
    },
    Switch {
        path: "options.read_from",
        title: "Read from the primary",
        about: "No question goes to a replica; the primaries carry all the reading.",
        set: |of| of.options.read_from = ReadFrom::Primary,
    },
    Switch {
        path: "options.snapshot",
        title: "Queries read one snapshot",
        about: "A composer reads all rows as of the moment when it began.",
        set: |of| of.options.snapshot = QuerySnapshot::One,
    },
    Switch {
        path: "options.compensate",
        title: "Compensate the failed step too",
        about: "A step whose outcome is unknown is taken back as well.",
        set: |of| of.options.compensate = Compensate::FailedToo,
    },
    Switch {
        path: "options.reservation_us",
        title: "Reservations never expire",
        about: "What is reserved stays so until it is confirmed or cancelled.",
        set: |of| of.options.reservation_us = 0,
    },
    Switch {
        path: "options.lock_timeout_us",
        title: "Lock time-out on",
        about: "Who waits for a lock for too long is rolled back, also where no one database sees the circle.",
        set: |of| {
            let wait = of.retries.timeout_us.max(1);
            of.options.lock_timeout_us.get_or_insert(wait);
        },
    },
    Switch {
        path: "broker.partitions",
        title: "One partition a topic",
        about: "All records of a topic keep their order, and one consumer of a group reads them all.",
        set: |of| of.broker.partitions = 1,
    },
    Switch {
        path: "services",
        title: "One consumer a service",
        about: "No partition is given from one process to another.",
        set: |of| {
            for service in &mut of.services {
                service.consumers = 1;
            }
        },
    },
];

/// Raises the isolation level, and never lowers it.
fn raise(scenario: &mut Scenario, to: IsolationLevel) {
    let rank = |level: IsolationLevel| match level {
        IsolationLevel::ReadUncommitted => 0,
        IsolationLevel::ReadCommitted => 1,
        IsolationLevel::RepeatableRead => 2,
        IsolationLevel::Serializable => 3,
    };
    if rank(scenario.options.isolation) < rank(to) {
        scenario.options.isolation = to;
    }
}

/// The countermeasures that change what a step does, with their words.
const COUNTERMEASURES: [(Countermeasure, &str, &str); 5] = [
    (
        Countermeasure::SemanticLock,
        "Semantic lock",
        "The rows are marked until the saga is done with them, and other sagas are refused there.",
    ),
    (
        Countermeasure::SemanticLockWait,
        "Semantic lock that waits",
        "The rows are marked until the saga is done with them; an earlier saga waits there, a later one is refused.",
    ),
    (
        Countermeasure::RereadValue,
        "Reread value",
        "The step is refused where a row that its saga has read is no longer what it was.",
    ),
    (
        Countermeasure::VersionFile,
        "Version file",
        "A step and its compensation take effect in the saga's order, however they arrive.",
    ),
    (
        Countermeasure::PessimisticView,
        "Pessimistic view",
        "What only raises what others may use is done after the pivot, when nothing takes it back any more.",
    ),
];

/// All candidates, the cheapest first: options, countermeasures, another way to read, another way to
/// write.
pub(super) fn candidates(scenario: &Scenario) -> Vec<Remedy> {
    let mut found: Vec<Remedy> = Vec::new();
    for switch in SWITCHES {
        let mut changed = scenario.clone();
        (switch.set)(&mut changed);
        offer(&mut found, scenario, changed, (switch.path, switch.title, switch.about));
    }
    countermeasures(scenario, &mut found);
    couplings(scenario, &mut found);
    found
}

/// Takes a candidate in where it changes something, makes sense, and is not there yet.
fn offer(
    found: &mut Vec<Remedy>,
    scenario: &Scenario,
    changed: Scenario,
    (path, title, about): (&str, &str, &str),
) {
    if changed == *scenario
        || found.iter().any(|known| known.scenario == changed)
        || !scenario::validate(&changed).is_empty()
        || crate::patterns::plan(&changed).is_err()
    {
        return;
    }
    found.push(Remedy {
        path: path.to_owned(),
        title: title.to_owned(),
        about: about.to_owned(),
        coupling: changed.coupling != scenario.coupling,
        scenario: changed,
        verdict: Verdict::Pending,
        without_effect: false,
    });
}

/// Each countermeasure on the steps that allow it: first on those that change one row, then on all.
fn countermeasures(scenario: &Scenario, found: &mut Vec<Remedy>) {
    for (one, title, about) in COUNTERMEASURES {
        let mut allowed: Vec<(usize, usize)> = Vec::new();
        for (flow, of) in scenario.transactions.iter().enumerate() {
            for step in 0..of.steps.len() {
                let mut changed = scenario.clone();
                let list = &mut changed.transactions[flow].steps[step].countermeasures;
                // A lock of the other kind gives way.
                let other = |known: &Countermeasure| is_lock(*known) && is_lock(one);
                if list.contains(&one) {
                    continue;
                }
                list.retain(|known| !other(known));
                list.push(one);
                if scenario::validate(&changed).is_empty() {
                    allowed.push((flow, step));
                }
            }
        }
        let mut rows: Vec<&str> = Vec::new();
        for (flow, step) in &allowed {
            for op in &scenario.transactions[*flow].steps[*step].forward {
                if !matches!(op, Operation::Read { .. }) && !rows.contains(&op.key()) {
                    rows.push(op.key());
                }
            }
        }
        let groups = rows.iter().map(Some).chain([None]);
        for row in groups {
            let steps: Vec<(usize, usize)> = allowed
                .iter()
                .copied()
                .filter(|(flow, step)| {
                    let mut ops = scenario.transactions[*flow].steps[*step].forward.iter();
                    row.is_none_or(|row| {
                        ops.any(|op| !matches!(op, Operation::Read { .. }) && op.key() == *row)
                    })
                })
                .collect();
            with_countermeasure(scenario, found, (one, title, about), row.copied(), &steps);
        }
    }
}

fn is_lock(one: Countermeasure) -> bool {
    matches!(one, Countermeasure::SemanticLock | Countermeasure::SemanticLockWait)
}

fn with_countermeasure(
    scenario: &Scenario,
    found: &mut Vec<Remedy>,
    (one, title, about): (Countermeasure, &str, &str),
    row: Option<&str>,
    steps: &[(usize, usize)],
) {
    let Some((flow, step)) = steps.first().copied() else { return };
    let mut changed = scenario.clone();
    let mut names: Vec<String> = Vec::new();
    for (flow, step) in steps {
        let step = &mut changed.transactions[*flow].steps[*step];
        step.countermeasures.retain(|known| !(is_lock(*known) && is_lock(one)));
        step.countermeasures.push(one);
        if !names.contains(&step.name) {
            names.push(step.name.clone());
        }
    }
    let path = format!("transactions.{}.steps[{step}]", scenario.transactions[flow].name);
    let title = match row {
        Some(row) if names.len() > 1 => format!("{title} on {row}: {}", list(&names)),
        _ => format!("{title}: {}", list(&names)),
    };
    offer(found, scenario, changed, (&path, &title, about));
}

/// Another member for one part of the coupling.
fn couplings(scenario: &Scenario, found: &mut Vec<Remedy>) {
    let Ok([write_now, read_now, store]) = session::parts_of(&scenario.coupling) else { return };
    let asks = scenario.workload.mix.iter().any(|entry| entry.query.is_some());
    let reads = read::TABLE.iter().map(|member| ("coupling.read", [write_now, member.name, store]));
    // Where nobody asks anything, it does not matter how it is answered.
    let reads = reads.filter(|_| asks);
    let writes =
        write::TABLE.iter().map(|member| ("coupling.write", [member.name, read_now, store]));
    for (path, parts) in reads.chain(writes) {
        if refusal(parts).is_some() || parts == [write_now, read_now, store] {
            continue;
        }
        let named = session::patterns().into_iter().find(|pattern| pattern.parts == parts);
        let coupling = match &named {
            Some(pattern) => Coupling::Named(pattern.name.to_owned()),
            None => {
                let [write, read, store] = parts.map(str::to_owned);
                Coupling::Parts(Parts { write, read, store })
            }
        };
        let of_part = |name: &str| {
            let members = write::TABLE.iter().map(|of| (of.name, of.about));
            let mut members = members.chain(read::TABLE.iter().map(|of| (of.name, of.about)));
            members.find(|(known, _)| *known == name).map_or("", |(_, about)| about)
        };
        let part = if path == "coupling.read" { parts[1] } else { parts[0] };
        let title = match &named {
            Some(pattern) => pattern.title.to_owned(),
            None if path == "coupling.read" => format!("Read: {part}"),
            None => format!("Write: {part}"),
        };
        let about = named.as_ref().map_or_else(|| of_part(part), |pattern| pattern.about);
        let changed = Scenario { coupling, ..scenario.clone() };
        offer(found, scenario, changed, (path, &title, about));
    }
}

/// What the counterexample itself says of a candidate, without a search.
pub(super) enum AtOnce {
    /// It still breaks the property; whether its run is the same to the last event.
    StillBroken {
        /// Whether nothing in it is different.
        same_run: bool,
    },
    /// The property has nothing to say there.
    NothingToBreak,
    /// It has to be searched.
    Search,
}

/// Plays the counterexample with a candidate.
pub(super) fn at_once(
    changed: &Ground,
    schedule: &[String],
    trace: &crate::trace::Trace,
) -> AtOnce {
    if !changed.has_property() {
        return AtOnce::NothingToBreak;
    }
    let Ok(choices) = changed.parse(schedule) else { return AtOnce::Search };
    let Ok(played) = changed.play(&choices) else { return AtOnce::Search };
    if played.violation.is_none() {
        return AtOnce::Search;
    }
    let same_run = played.trace.len() == trace.len()
        && (0..trace.len() as u32)
            .all(|ix| played.trace.get(EventIx(ix)) == trace.get(EventIx(ix)));
    AtOnce::StillBroken { same_run }
}
