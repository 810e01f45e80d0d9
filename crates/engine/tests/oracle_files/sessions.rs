//! `cqrs_replication.json`: the litmus tests and the hierarchy of guarantees, and the staleness that
//! [`pbs`] and [`staleness`] run.

use std::collections::{BTreeMap, BTreeSet};

use interleave_engine::history::Item;
use interleave_engine::history::models::Model;
use interleave_engine::history::replicas::is_prefix;
use interleave_engine::history::sessions::{self, Did, Guarantee};
use interleave_engine::log_lab::fold::Fold;
use interleave_engine::log_lab::projection::Projection;
use serde_json::Value;

use super::record::{Not, Record, id, judge, rows, same, text};
use super::{pbs, staleness};

/// Runs the records.
pub(crate) fn run(oracle: &Value) -> Vec<Record> {
    let mut records: Vec<Record> =
        rows(oracle, "/litmus").iter().map(|row| judge(&id(row), litmus(row))).collect();
    if let Some(words) = oracle["session_guarantees"]["hierarchy"].as_str() {
        records.push(judge("session_guarantees.hierarchy", hierarchy(words)));
    }
    records.extend(pbs::run(oracle));
    records.extend(staleness::run(oracle));
    records.extend(
        rows(oracle, "/rules")
            .iter()
            .map(|row| judge(&id(row), Err(Not::Supported("it is a sentence".to_owned())))),
    );
    records.extend(rows(oracle, "/stateright_register_models/rows").iter().map(|row| {
        let why =
            "it counts the states of another explorer's register, with the history of its tester";
        judge(&id(row), Err(Not::Supported(why.to_owned())))
    }));
    records
}

fn unread(what: &str) -> Not {
    Not::Supported(format!("`{what}` cannot be read"))
}

/// `linearizable>sequential>{WFR,PRAM}; PRAM>RYW`: each implies what stands to its right.
fn hierarchy(words: &str) -> Result<(), Not> {
    for chain in words.split('(').next().unwrap_or_default().split(';') {
        let groups: Vec<Vec<Model>> = chain
            .split('>')
            .map(|group| {
                let names = group.trim().trim_start_matches('{').trim_end_matches('}').split(',');
                names.map(|name| Model::named(name).ok_or_else(|| unread(name))).collect()
            })
            .collect::<Result<_, _>>()?;
        for pair in groups.windows(2) {
            for (stronger, weaker) in
                pair[0].iter().flat_map(|s| pair[1].iter().map(move |w| (s, w)))
            {
                let what = format!("whether {} implies {}", stronger.name(), weaker.name());
                same(&what, &stronger.implies(*weaker), &true)?;
                same(&format!("the converse of {what}"), &weaker.implies(*stronger), &false)?;
            }
        }
    }
    Ok(())
}

/// An operation on a copy. Values are numbers that grow with each write of the item; 0 was there
/// before all.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Step {
    is_write: bool,
    item: Item,
    value: u64,
    place: String,
}

fn litmus(row: &Value) -> Result<(), Not> {
    let history = text(row, "history")?;
    if let Some(rest) = history.strip_prefix("replica shows effect of event ") {
        return gap(row, rest);
    }
    let steps: Vec<Step> = history.split(';').map(step).collect::<Result<_, _>>()?;
    let did: Vec<Did> = steps
        .iter()
        .map(|Step { is_write, item, value, .. }| match is_write {
            true => Did::Wrote { item: *item, version: *value },
            false => Did::Read { item: *item, version: *value },
        })
        .collect();
    let broken: BTreeSet<Guarantee> =
        sessions::broken(&did).iter().map(|broken| broken.guarantee).collect();
    let names = row["violates"].as_array().ok_or_else(|| unread("violates"))?;
    let expected: BTreeSet<Guarantee> = names
        .iter()
        .map(|name| {
            name.as_str().and_then(Guarantee::named).ok_or_else(|| unread(&name.to_string()))
        })
        .collect::<Result<_, _>>()?;
    same("the guarantees broken", &broken, &expected)?;
    if let Some(allowed) = row["allowed"].as_bool() {
        let mode = text(row, "mode")?;
        let copies_lag = match mode.split(' ').next().unwrap_or_default() {
            "async" => true,
            "write-all" => false,
            _ => return Err(unread(mode)),
        };
        same("whether the mode can show it", &can_happen(&steps, copies_lag), &allowed)?;
    }
    Ok(())
}

/// `w(x=1)@primary ok`, `same client r(x)@replica -> 0`.
fn step(words: &str) -> Result<Step, Not> {
    let wrong = || unread(words);
    let what = words.trim().trim_start_matches("same client").trim();
    let (operation, rest) = what.split_once(")@").ok_or_else(wrong)?;
    let (place, outcome) = rest.split_once(' ').unwrap_or((rest, ""));
    let (kind, inside) = operation.split_once('(').ok_or_else(wrong)?;
    let (name, value) = match kind {
        "w" => inside.split_once('=').ok_or_else(wrong)?,
        "r" => (inside, outcome.trim().strip_prefix("->").ok_or_else(wrong)?),
        _ => return Err(wrong()),
    };
    let value = value.trim().parse().map_err(|_| wrong())?;
    let letter = name.trim().bytes().next().ok_or_else(wrong)?;
    let item = Item(u32::from(letter));
    Ok(Step { is_write: kind == "w", item, value, place: place.to_owned() })
}

/// Whether copies of one log give these values: the primary has all of it, and every other place a
/// prefix that never shrinks, or all of it too where copies do not lag. Values that nobody here wrote
/// were written by others before.
fn can_happen(steps: &[Step], copies_lag: bool) -> bool {
    let written = |step: &&Step| {
        step.value > 0
            && !steps.iter().any(|w| w.is_write && (w.item, w.value) == (step.item, step.value))
    };
    let others: BTreeSet<(Item, u64)> =
        steps.iter().filter(|s| !s.is_write).filter(written).map(|s| (s.item, s.value)).collect();
    let mut log: Vec<(Item, u64)> = others.into_iter().collect();
    let mut has: BTreeMap<&str, usize> = BTreeMap::new();
    for step in steps {
        if step.is_write {
            log.push((step.item, step.value));
            continue;
        }
        let is_whole = !copies_lag || step.place == "primary";
        let least =
            if is_whole { log.len() } else { has.get(step.place.as_str()).copied().unwrap_or(0) };
        let gives = |prefix: &usize| {
            let last = log[..*prefix].iter().rev().find(|(item, _)| *item == step.item);
            last.map_or(0, |(_, value)| *value) == step.value
        };
        let Some(prefix) = (least..=log.len()).find(gives) else { return false };
        has.insert(&step.place, prefix);
    }
    true
}

/// The events that a copy shows.
#[derive(Clone, Debug, Default)]
struct Shown(Vec<u64>);

impl Fold for Shown {
    type Event = u64;

    fn apply(&mut self, event: &u64) {
        self.0.push(*event);
    }
}

/// `k but not of j<k`: no prefix has that, and a copy that follows one log never shows it, in
/// whatever order the events reach it.
fn gap(row: &Value, rest: &str) -> Result<(), Not> {
    let (later, earlier) = rest.split_once(" but not of ").ok_or_else(|| unread(rest))?;
    if earlier.split_once('<').is_none_or(|(_, than)| than.trim() != later.trim()) {
        return Err(unread(rest));
    }
    same("what is broken", &row["violates"], &serde_json::json!(["prefix"]))?;
    let log: Vec<u64> = (0..5).collect();
    for later in &log {
        for missing in 0..*later {
            let held: Vec<u64> = (0..=*later).filter(|event| *event != missing).collect();
            same("whether that is a prefix", &is_prefix(&log, &held), &false)?;
        }
    }
    let mut shows_gaps = false;
    let mut open = vec![(Projection::<u8, Shown>::new(Shown::default()), log.clone())];
    while let Some((copy, left)) = open.pop() {
        shows_gaps |= !is_prefix(&log, &copy.state().0);
        for event in &left {
            let mut copy = copy.clone();
            copy.deliver(&0, *event, *event, event);
            open.push((copy, left.iter().copied().filter(|other| other != event).collect()));
        }
    }
    let allowed = row["allowed"].as_bool().ok_or_else(|| unread("allowed"))?;
    same("whether a copy can show it", &shows_gaps, &allowed)
}
