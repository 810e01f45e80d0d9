//! Vectors of appends to one stream: `[events, expected version]` one after the other, and what the
//! last one must give.

use interleave_engine::log_lab::append::{AppendRefused, Appended, Expected};
use interleave_engine::log_lab::store::EventStore;
use serde_json::Value;

use super::record::{Not, same};

type Store = EventStore<&'static str, String, ()>;
const STREAM: &str = "stream";

fn unread(what: impl std::fmt::Display) -> Not {
    Not::Supported(format!("`{what}` cannot be read"))
}

/// The codes of the expectations.
pub(crate) fn constants(oracle: &Value) -> Result<(), Not> {
    let members = oracle["expected_version"]["constants"].as_object();
    for (name, code) in members.ok_or_else(|| unread("constants"))? {
        let code = code.as_i64().ok_or_else(|| unread(name))?;
        same(name, &expectation(name)?.code(), &code)?;
        same(name, &Expected::from_code(code), &Some(expectation(name)?))?;
    }
    Ok(())
}

/// What came of an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Came {
    Appended(Appended),
    Refused(AppendRefused),
    Shown(Vec<u64>),
    Nothing,
}

/// What is done to the stream.
#[derive(Clone, Debug)]
enum Operation {
    Append(Vec<String>, Vec<Expected>),
    DeleteForEver,
    DeleteSoftly,
    TruncateBefore(u64),
    KeepLast(u64),
    Read,
}

/// Runs a vector. Where it says `n events` it must hold for any number of them, and where it names
/// several expectations, for each.
pub(crate) fn vector(row: &Value) -> Result<(), Not> {
    let ops = row["ops"].as_array().ok_or_else(|| unread("ops"))?;
    let numbers = if row["ops"].to_string().contains("\"n events\"") { 0..=12 } else { 0..=0 };
    for n in numbers {
        let operations: Vec<Operation> =
            ops.iter().map(|op| operation(op, n)).collect::<Result<_, _>>()?;
        let mut runs = vec![(Store::default(), Came::Nothing)];
        for operation in &operations {
            runs = runs.into_iter().flat_map(|(store, _)| apply(&store, operation)).collect();
        }
        for (store, last) in runs {
            hold(&row["expected"], &store, &last)?;
        }
    }
    Ok(())
}

fn operation(op: &Value, n: u64) -> Result<Operation, Not> {
    let parts = op.as_array().ok_or_else(|| unread(op))?;
    let words = parts.first().and_then(Value::as_str).unwrap_or_default();
    let after = |prefix: &str| words.strip_prefix(prefix).and_then(|number| number.parse().ok());
    if words == "delete hard" {
        return Ok(Operation::DeleteForEver);
    } else if words == "delete soft" {
        return Ok(Operation::DeleteSoftly);
    } else if words == "read" {
        return Ok(Operation::Read);
    } else if let Some(version) = after("$tb=") {
        return Ok(Operation::TruncateBefore(version));
    } else if let Some(count) = after("$maxCount=") {
        return Ok(Operation::KeepLast(count));
    }
    let events = match parts.first() {
        Some(Value::Array(ids)) => {
            ids.iter().map(|id| id.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        }
        Some(Value::String(words)) => Some(named_events(words, n)),
        _ => None,
    };
    let expected = match parts.get(1) {
        None => vec![Expected::Any],
        Some(Value::Number(code)) => {
            vec![code.as_i64().and_then(Expected::from_code).ok_or_else(|| unread(op))?]
        }
        Some(Value::String(names)) => {
            names.split('|').map(expectation).collect::<Result<_, _>>()?
        }
        Some(other) => return Err(unread(other)),
    };
    Ok(Operation::Append(events.ok_or_else(|| unread(op))?, expected))
}

/// `100 events`, `n events`, `0..3 written`, or the id of one event.
fn named_events(words: &str, n: u64) -> Vec<String> {
    let many = |range: std::ops::Range<u64>| range.map(|at| format!("e{at}")).collect();
    if let Some(count) = words.strip_suffix(" events") {
        return many(0..count.parse().unwrap_or(n));
    }
    if let Some((first, last)) = words.strip_suffix(" written").and_then(|r| r.split_once(".."))
        && let (Ok(first), Ok(last)) = (first.parse(), last.parse::<u64>())
    {
        return many(first..last + 1);
    }
    vec![words.to_owned()]
}

fn expectation(name: &str) -> Result<Expected, Not> {
    match name.trim() {
        "Any" => Ok(Expected::Any),
        "NoStream" => Ok(Expected::NoStream),
        "StreamExists" => Ok(Expected::StreamExists),
        other => other.parse().ok().and_then(Expected::from_code).ok_or_else(|| unread(name)),
    }
}

fn apply(store: &Store, operation: &Operation) -> Vec<(Store, Came)> {
    let change = |did: &dyn Fn(&mut Store) -> bool| {
        let mut store = store.clone();
        let came = if did(&mut store) {
            Came::Nothing
        } else {
            Came::Refused(AppendRefused::StreamDeleted)
        };
        vec![(store, came)]
    };
    match operation {
        Operation::Append(ids, expectations) => expectations
            .iter()
            .map(|expected| {
                let mut store = store.clone();
                let events = ids.iter().map(|id| (id.clone(), ())).collect();
                let came = match store.append(&STREAM, *expected, events, 0) {
                    Ok(appended) => Came::Appended(appended),
                    Err(refused) => Came::Refused(refused),
                };
                (store, came)
            })
            .collect(),
        Operation::DeleteForEver => change(&|store| store.delete_for_ever(&STREAM).is_ok()),
        Operation::DeleteSoftly => change(&|store| store.delete_softly(&STREAM).is_ok()),
        Operation::TruncateBefore(version) => {
            change(&|store| store.truncate_before(&STREAM, *version).is_ok())
        }
        Operation::KeepLast(count) => change(&|store| store.keep_last(&STREAM, *count).is_ok()),
        Operation::Read => vec![(store.clone(), Came::Shown(shown(store)))],
    }
}

fn shown(store: &Store) -> Vec<u64> {
    store.stream(&STREAM).into_iter().flat_map(|s| s.shown().map(|e| e.version)).collect()
}

/// Holds each thing that a vector expects.
fn hold(expected: &Value, store: &Store, last: &Came) -> Result<(), Not> {
    let members = expected.as_object().ok_or_else(|| unread(expected))?;
    let length = store.stream(&STREAM).map_or(0, |stream| stream.len());
    let next = match last {
        Came::Appended(appended) => {
            Some(appended.version.map_or(-1, |version| i64::try_from(version).unwrap_or(i64::MAX)))
        }
        _ => None,
    };
    for (field, value) in members {
        match (field.as_str(), value) {
            ("last", Value::String(words)) => hold_last(words, last)?,
            ("stream_len", _) => same(field, &Some(length), &value.as_u64())?,
            ("next_expected_version" | "next", _) => same(field, &next, &value.as_i64())?,
            ("ok", _) => same(field, &Some(matches!(last, Came::Appended(_))), &value.as_bool())?,
            ("error", Value::String(words)) => hold_last(words, last)?,
            ("expected", _) => {
                let code = match last {
                    Came::Refused(AppendRefused::WrongExpectedVersion { expected, .. }) => {
                        Some(expected.code())
                    }
                    _ => None,
                };
                same(field, &code, &Some(number(value)?))?;
            }
            ("actual", _) => {
                let actual = match last {
                    Came::Refused(AppendRefused::WrongExpectedVersion { actual, .. }) => {
                        Some(actual.map_or(-1, |version| version as i64))
                    }
                    _ => None,
                };
                same(field, &actual, &Some(number(value)?))?;
            }
            ("events", Value::Array(versions)) => {
                let versions: Option<Vec<u64>> = versions.iter().map(Value::as_u64).collect();
                same(field, last, &Came::Shown(versions.ok_or_else(|| unread(value))?))?;
            }
            ("events", Value::String(words)) => {
                let count = words.strip_prefix("last ").and_then(|count| count.parse::<u64>().ok());
                let count = count.ok_or_else(|| unread(words))?;
                let versions = length.saturating_sub(count)..length;
                same(field, last, &Came::Shown(versions.collect()))?;
            }
            _ => return Err(unread(format!("{field}: {value}"))),
        }
    }
    Ok(())
}

/// A number, or `NoStream(-1)`.
fn number(value: &Value) -> Result<i64, Not> {
    let words = value.as_str().unwrap_or_default();
    let in_brackets =
        words.split_once('(').and_then(|(_, code)| code.trim_end_matches(')').parse().ok());
    value.as_i64().or(in_brackets).ok_or_else(|| unread(value))
}

/// `ok appended`, `ok idempotent`, `WrongExpectedVersion`, `StreamDeleted for every …`.
fn hold_last(words: &str, last: &Came) -> Result<(), Not> {
    let is_so = match words.trim_start_matches("ok ").split(' ').next().unwrap_or_default() {
        "appended" => matches!(last, Came::Appended(Appended { is_idempotent: false, .. })),
        "idempotent" => matches!(last, Came::Appended(Appended { is_idempotent: true, .. })),
        "ok" => matches!(last, Came::Appended(_)),
        "WrongExpectedVersion" => {
            matches!(last, Came::Refused(AppendRefused::WrongExpectedVersion { .. }))
        }
        "CorruptedIdempotency" => matches!(
            last,
            Came::Refused(AppendRefused::WrongExpectedVersion {
                is_corrupted_repetition: true,
                ..
            })
        ),
        "StreamDeleted" => *last == Came::Refused(AppendRefused::StreamDeleted),
        _ => return Err(unread(words)),
    };
    if is_so { Ok(()) } else { Err(Not::Right(format!("`{words}` is expected, found {last:?}"))) }
}
