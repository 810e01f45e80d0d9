//! `explorer_counts.json`: how many states small models have, by the words that describe them.

use interleave_engine::drivers::explore::{Coverage, Explorer, Limits, Report, StopAt};
use interleave_engine::drivers::model::Model;
use serde_json::Value;

use super::record::{Not, Record, id, judge, rows, same, text};
use crate::models::nodes::{Network, PingPong, Timers};
use crate::models::processes::{Decide, Increment, Pausing};

/// Runs the records.
pub(crate) fn run(oracle: &Value) -> Vec<Record> {
    rows(oracle, "/rows").iter().map(|row| judge(&id(row), record(row))).collect()
}

fn whole_space<M: Model>(model: M) -> Result<Report, Not> {
    let limits = Limits {
        states: 3_000_000,
        depth: u32::MAX,
        stop: StopAt::Exhausted,
        count_edges: false,
        ..Limits::default()
    };
    let report = Explorer::new(model, limits).run();
    match report.coverage {
        Coverage::Complete => Ok(report),
        _ => Err(Not::Supported("it has too many states".to_owned())),
    }
}

fn unread(words: &str) -> Not {
    Not::Supported(format!("the model `{words}` is not known"))
}

/// The number between two pieces of a description, in digits or as a word.
fn between(words: &str, before: &str, after: &str) -> Result<u32, Not> {
    let start = words.find(before).map(|at| at + before.len());
    let rest = start.and_then(|start| words.get(start..)).ok_or_else(|| unread(words))?;
    let rest = if after.is_empty() {
        rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default()
    } else {
        rest.split_once(after).map(|(number, _)| number).ok_or_else(|| unread(words))?
    };
    let names = ["no", "one", "two", "three", "four", "five", "six"];
    let number = rest.trim().rsplit(' ').next().unwrap_or_default();
    let named = names.iter().position(|name| *name == number).map(|ix| ix as u32);
    named.or_else(|| number.parse().ok()).ok_or_else(|| unread(words))
}

fn record(row: &Value) -> Result<(), Not> {
    let words = text(row, "model")?;
    let (states, classes) = if let Some(rest) = words.strip_prefix("ping-pong ") {
        (ping_pong(row, rest)?, None)
    } else if words.starts_with("increment lost update, ") {
        let processes = between(words, "update,", " threads")? as usize;
        let count = |symmetric| whole_space(Increment { processes, symmetric });
        (count(false)?, Some(count(true)?))
    } else if words.ends_with(" procs Loading->Running<->Paused") {
        let processes = between(words, "", " procs")? as usize;
        let count = |symmetric| whole_space(Pausing { processes, symmetric });
        (count(false)?, Some(count(true)?))
    } else if words.starts_with("1 actor, ") && words.contains(" timer") {
        let armed = between(words, "actor,", " timer")?;
        if !(words.ends_with("fires once") || words.ends_with("fire once")) || armed > 16 {
            return Err(unread(words));
        }
        (whole_space(Timers { armed: armed as u8 })?, None)
    } else if words.starts_with("1 actor chooses 1 of ") && words.ends_with(" once") {
        let options = u8::try_from(between(words, "1 of ", " once")?).map_err(|_| unread(words))?;
        (whole_space(Decide { options })?, None)
    } else if words == "message to unknown actor" {
        let network = Network { lossy: false, duplicating: false };
        (whole_space(PingPong { max: 1, network, nodes: 0 })?, None)
    } else {
        return Err(unread(words));
    };
    let expected = row["unique"].as_u64();
    let expected =
        expected.ok_or_else(|| Not::Supported("it has no number `unique`".to_owned()))?;
    same("the states", &states.distinct, &expected)?;
    if let Some(expected) = row["orbits"].as_u64() {
        let classes =
            classes.ok_or_else(|| Not::Supported("the model has no symmetry".to_owned()))?;
        same("the classes of states", &classes.distinct, &expected)?;
    }
    Ok(())
}

/// `max_nat=5, lossless non-duplicating`, `max_nat=1, lossy + duplicating unordered net`.
fn ping_pong(row: &Value, words: &str) -> Result<Report, Not> {
    let lossy = match (words.contains("lossy"), words.contains("lossless")) {
        (true, false) => true,
        (false, true) => false,
        _ => return Err(unread(words)),
    };
    if !words.contains("duplicating") {
        return Err(unread(words));
    }
    let network = Network { lossy, duplicating: !words.contains("non-duplicating") };
    let model = PingPong { max: between(words, "max_nat=", "")?, network, nodes: 2 };
    match row["facts"].as_str() {
        None => {}
        Some("must reach max holds") => {
            same("whether every path reaches the maximum", &reaches_maximum(&model), &true)?;
        }
        Some("must reach max is violated") => {
            same("whether every path reaches the maximum", &reaches_maximum(&model), &false)?;
        }
        Some(other) => return Err(unread(other)),
    }
    whole_space(model)
}

/// Whether no path ends or turns in a circle before a node counts to the maximum.
fn reaches_maximum(model: &PingPong) -> bool {
    let mut open = Vec::new();
    model.initial(&mut |state| open.push(vec![state]));
    while let Some(path) = open.pop() {
        let Some(state) = path.last() else { continue };
        if state.0.contains(&model.max) {
            continue;
        }
        let mut next = Vec::new();
        model.successors(state, &mut |_, state| next.push(state));
        if next.is_empty() || next.iter().any(|state| path.contains(state)) {
            return false;
        }
        open.extend(next.into_iter().map(|state| {
            let mut path = path.clone();
            path.push(state);
            path
        }));
    }
    true
}
