//! A trace as text: one line for each event, with names instead of ids.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use interleave_engine::cast::Cast;
use interleave_engine::event::{Event, EventKind, LostRecord, Membership, Refusal, RowChange};
use interleave_engine::ids::{
    DbIx, Direction, MsgId, NodeIx, PartitionIx, StepRef, Sym, TopicIx, txn_name,
};
use interleave_engine::session::Session;
use interleave_engine::value::{Key, Row};

/// Messages by the order in which they appear, from 1.
#[derive(Default)]
struct Numbers(BTreeMap<MsgId, usize>);

impl Numbers {
    fn of(&mut self, msg: MsgId) -> String {
        let next = self.0.len() + 1;
        format!("m{}", self.0.entry(msg).or_insert(next))
    }
}

/// The events of a run, one line each: number, time, node, transaction, what happened, and `<` the
/// event that led to it.
pub(crate) fn print(session: &dyn Session) -> String {
    let cast = session.cast();
    let mut numbers = Numbers::default();
    let mut text = String::new();
    for (at, event) in session.trace().events().iter().enumerate() {
        let node = cast.node(event.node);
        let txn = event.txn.map_or("-".to_owned(), txn_name);
        let what = words(cast, event, &mut numbers);
        let cause = event.cause.map_or(String::new(), |cause| format!("  < {cause}"));
        let name = event.kind.name();
        let line = format!("{at:>3} {:>7} {node:<12} {txn:<2} {name} {what}", event.at);
        let _ = writeln!(text, "{}{cause}", line.trim_end());
    }
    text
}

/// What is true at the end: rows, and properties.
pub(crate) fn print_end(session: &dyn Session) -> String {
    let cast = session.cast();
    let mut rows: BTreeMap<(DbIx, String), Row> = BTreeMap::new();
    for (ix, db) in cast.dbs.iter().enumerate() {
        let initial =
            db.rows.iter().map(|(key, row)| ((DbIx(ix as u8), cast.key(*key)), row.clone()));
        rows.extend(initial);
    }
    for event in session.trace().events() {
        if let EventKind::Committed { db, changes, .. } = &event.kind {
            for change in changes {
                let key = (*db, cast.key(change.key));
                match &change.after {
                    Some(row) => rows.insert(key, row.clone()),
                    None => rows.remove(&key),
                };
            }
        }
    }
    let mut text = String::new();
    for ((db, key), row) in &rows {
        let _ = writeln!(text, "  {} {key}: {}", cast.dbs[db.ix()].name, cast.row(*db, row));
    }
    for property in session.properties() {
        let why = property.violations.first().map(|violation| violation.why.as_str());
        let _ = writeln!(text, "  {}: {}", property.title, why.unwrap_or("holds"));
    }
    text
}

/// The step that an event is about: every golden scenario has one flow, so the number names it. A
/// scenario without one has queries, whose steps are the nodes that they ask.
fn step(cast: &Cast, event: &Event) -> String {
    let Some((step, dir)) = event.step else { return String::new() };
    let info = cast.flows.first().and_then(|flow| flow.steps.get(step.ix()));
    match (info, dir) {
        (Some(info), Direction::Do) => format!(" for {}", cast.sym(info.name)),
        (Some(info), Direction::Undo) => format!(" for {}", cast.sym(info.undo_name)),
        (None, _) => format!(" for {}", cast.node(NodeIx(step.0))),
    }
}

fn place(cast: &Cast, topic: TopicIx, partition: PartitionIx, offset: u32) -> String {
    format!("{}/{partition}@{offset}", cast.topics[topic.ix()].name)
}

fn row(cast: &Cast, db: DbIx, row: Option<&Row>) -> String {
    row.map_or("none".to_owned(), |row| cast.row(db, row))
}

fn change(cast: &Cast, db: DbIx, change: &RowChange) -> String {
    let (before, after) = (change.before.as_ref(), change.after.as_ref());
    format!("{}: {} -> {}", cast.key(change.key), row(cast, db, before), row(cast, db, after))
}

fn effect(cast: &Cast, of: &StepRef) -> String {
    format!("effect {}", cast.step_ref(interleave_engine::ids::FlowIx(0), *of))
}

fn refusal(cast: &Cast, why: Refusal) -> String {
    match why {
        Refusal::Bound(word) => format!("bound {}", cast.sym(word)),
        Refusal::Missing(word) => format!("missing {}", cast.sym(word)),
        Refusal::Exists => "exists".to_owned(),
        Refusal::ReadOnly => "read-only".to_owned(),
        Refusal::Poison => "poison".to_owned(),
        Refusal::Deadlock => "deadlock".to_owned(),
        Refusal::Serialization => "serialization".to_owned(),
        Refusal::LockTimeout => "lock-timeout".to_owned(),
        Refusal::Unavailable => "unavailable".to_owned(),
        Refusal::Version => "version".to_owned(),
        Refusal::Expired => "expired".to_owned(),
        Refusal::Fenced => "fenced".to_owned(),
        Refusal::Pending => "pending".to_owned(),
    }
}

fn reason(cast: &Cast, word: Option<Sym>) -> String {
    word.map_or(String::new(), |word| format!(" {}", cast.sym(word)))
}

fn read(cast: &Cast, (db, key, found): &(DbIx, Key, Option<Row>)) -> String {
    format!("{} {}: {}", cast.dbs[db.ix()].name, cast.key(*key), row(cast, *db, found.as_ref()))
}

fn words(cast: &Cast, event: &Event, numbers: &mut Numbers) -> String {
    let here = cast.nodes[event.node.ix()].db.unwrap_or_default();
    match &event.kind {
        EventKind::Started { flow, inputs } => {
            let inputs: Vec<String> = inputs.iter().map(|value| cast.value(here, value)).collect();
            format!("{} {}", cast.flows[flow.ix()].name, inputs.join(" "))
        }
        EventKind::Acknowledged { promise } => format!("{promise:?}").to_lowercase(),
        EventKind::Ended { outcome, reason: word } => {
            format!("{}{}", format!("{outcome:?}").to_lowercase(), reason(cast, *word))
        }
        EventKind::QueryStarted { query } => cast.queries[query.ix()].clone(),
        EventKind::QueryAnswered { rows, missing, .. } => {
            let rows = rows.iter().map(|of| read(cast, of)).collect::<Vec<_>>().join("; ");
            let missing: Vec<&str> = missing.iter().map(|node| cast.node(*node)).collect();
            match missing.as_slice() {
                [] => rows,
                nodes => format!("{rows}; missing {}", nodes.join(" ")),
            }
        }
        EventKind::Sent { msg, to, shape, label, attempt, due } => format!(
            "{} {} {} to {}, attempt {attempt}, due {due}{}",
            numbers.of(*msg),
            format!("{shape:?}").to_lowercase(),
            cast.sym(*label),
            cast.node(*to),
            step(cast, event)
        ),
        EventKind::Duplicated { msg, copy, due } => {
            format!("{} as {}, due {due}", numbers.of(*msg), numbers.of(*copy))
        }
        EventKind::Dropped { msg, why } => {
            format!("{} {}", numbers.of(*msg), format!("{why:?}").to_lowercase())
        }
        EventKind::Arrived { msg } | EventKind::Handled { msg } => numbers.of(*msg),
        EventKind::Fetched { topic, partition, offset }
        | EventKind::DeadLettered { topic, partition, offset }
        | EventKind::Revoked { topic, partition, offset } => {
            place(cast, *topic, *partition, *offset)
        }
        EventKind::ServiceStarted { until } => format!("until {until}"),
        EventKind::Consumed { topic, partition, offset, again } => {
            let again = if *again { " again" } else { "" };
            format!("{}{again}{}", place(cast, *topic, *partition, *offset), step(cast, event))
        }
        EventKind::OffsetCommitted { topic, partition, next } => {
            place(cast, *topic, *partition, *next)
        }
        EventKind::Published { topic, partition, offset, shape, label, relayed } => format!(
            "{} {} at {}{}",
            format!("{shape:?}").to_lowercase(),
            cast.sym(*label),
            place(cast, *topic, *partition, *offset),
            if *relayed { " by the relay" } else { "" }
        ),
        EventKind::Committed { db, changes, effects, outbox, inbox, log_records, forced } => {
            let mut parts: Vec<String> = changes.iter().map(|of| change(cast, *db, of)).collect();
            parts.extend(effects.iter().map(|of| effect(cast, of)));
            parts.extend(outbox.iter().map(|of| format!("outbox {}", cast.sym(of.label))));
            parts.extend(inbox.then(|| "inbox".to_owned()));
            parts.push(format!("{log_records} records, {forced} forced"));
            parts.join("; ")
        }
        EventKind::Refused { why, .. } => format!("{}{}", refusal(cast, *why), step(cast, event)),
        EventKind::InboxHit { .. } => step(cast, event).trim_start().to_owned(),
        EventKind::OutboxMarked { .. } | EventKind::ReplyLost | EventKind::Ignored => String::new(),
        EventKind::Read { db, key, row } => read(cast, &(*db, *key, row.clone())),
        EventKind::TimerArmed { label, due } => {
            format!("{}, due {due}{}", cast.sym(*label), step(cast, event))
        }
        EventKind::TimerFired { label } | EventKind::TimerCancelled { label } => {
            format!("{}{}", cast.sym(*label), step(cast, event))
        }
        EventKind::Crashed { lost, fault } => {
            let lost: Vec<&str> = lost
                .iter()
                .map(|record| match record {
                    LostRecord::OutboxMark => "an outbox mark",
                    LostRecord::Commit { .. } => "a commit",
                    LostRecord::Promise(_) => "a promise",
                    LostRecord::Abort(_) => "an abort",
                })
                .collect();
            let by = fault.map_or(String::new(), |fault| format!("by fault {fault}"));
            if lost.is_empty() { by } else { format!("{by} losing {}", lost.join(", ")) }
        }
        EventKind::Restarted { redone } => format!("{redone} records redone"),
        EventKind::FaultBegan { fault } | EventKind::FaultEnded { fault } => {
            cast.faults[fault.ix()].clone()
        }
        EventKind::Wrote { db, changes } => {
            changes.iter().map(|of| change(cast, *db, of)).collect::<Vec<_>>().join("; ")
        }
        EventKind::LockWaited { key, holders, .. } => {
            let key = key.map_or_else(|| "no row".to_owned(), |key| cast.key(key));
            let holders: Vec<String> = holders.iter().map(|txn| txn_name(*txn)).collect();
            format!("{key} behind {}", holders.join(" "))
        }
        EventKind::LockGranted { .. } => String::new(),
        EventKind::Deadlocked { cycle, victim, .. } => {
            let cycle: Vec<String> = cycle.iter().map(|txn| txn_name(*txn)).collect();
            format!("{} victim {}", cycle.join(" "), txn_name(*victim))
        }
        EventKind::RolledBack { why, log_records, forced, .. } => {
            let why = why.map_or_else(|| "as asked".to_owned(), |why| refusal(cast, why));
            format!("{why}; {log_records} records, {forced} forced")
        }
        EventKind::Prepared { db, changes, log_records, forced } => {
            let mut parts: Vec<String> = changes.iter().map(|of| change(cast, *db, of)).collect();
            parts.push(format!("{log_records} records, {forced} forced"));
            parts.join("; ")
        }
        EventKind::Appended { db, stream, version, fact } => {
            format!("{} {version}: {}", cast.key(*stream), cast.fact(*db, fact))
        }
        EventKind::Snapshotted { stream, version, .. } => {
            format!("{} as of {version}", cast.key(*stream))
        }
        EventKind::Stuck { reason: word } => {
            format!("{}{}", step(cast, event).trim_start(), reason(cast, *word))
        }
        EventKind::Decided { forward } => if *forward { "forward" } else { "back" }.to_owned(),
        EventKind::Rebalanced { service, generation, why, owners, fenced } => {
            let why = match why {
                Membership::Joined(node) => format!("{} joined", cast.node(*node)),
                Membership::Expelled(node) => format!("{} expelled", cast.node(*node)),
            };
            let reads = owners.iter().map(|(topic, partition, owner)| {
                let topic = &cast.topics[topic.ix()].name;
                format!("{} {topic}/{partition}", cast.node(*owner))
            });
            let reads: Vec<String> = reads.collect();
            let fenced = if *fenced { "; fenced" } else { "" };
            let group = cast.node(*service);
            format!("{group} {generation}: {why}; {}{fenced}", reads.join(", "))
        }
        EventKind::CommitRefused { topic, partition, next, generation, now } => {
            format!("{}, {generation} is not {now}", place(cast, *topic, *partition, *next))
        }
    }
}
