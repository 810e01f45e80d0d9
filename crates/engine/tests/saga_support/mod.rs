//! The vectors of the saga oracle, run.

pub(crate) mod build;
pub(crate) mod definition;
pub(crate) mod linear;
pub(crate) mod seen;

use interleave_engine::event::{Outcome, Refusal};
use serde_json::Value;

use build::Inputs;
use definition::Definition;
use seen::Seen;

/// What came of a vector.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// All that it expects was seen.
    Passed,
    /// What was seen instead.
    Failed(Vec<String>),
    /// It cannot be expressed, and why.
    Unsupported(String),
}

/// Runs a vector. `definition` is its own, or the one before it where it says `same`.
pub(crate) fn run(vector: &Value, definition: &str) -> Verdict {
    let source = vector["source"].as_str().unwrap_or_default();
    let seen = Definition::parse(definition, source).and_then(|definition| {
        let inputs = Inputs::parse(&vector["inputs"], &definition)?;
        let session = seen::run(build::scenario(&definition, &inputs)?)?;
        Ok(seen::look(session.as_ref()))
    });
    let seen = match seen {
        Ok(seen) => seen,
        Err(why) => return Verdict::Unsupported(why),
    };
    let Some(expected) = vector["expected"].as_object() else {
        return Verdict::Unsupported("it expects nothing".into());
    };
    let mut differences = seen.violations.clone();
    for (what, value) in expected {
        match difference(what, value, &seen) {
            Ok(difference) => differences.extend(difference),
            Err(why) => return Verdict::Unsupported(why),
        }
    }
    if differences.is_empty() { Verdict::Passed } else { Verdict::Failed(differences) }
}

fn list(value: &Value) -> Vec<&str> {
    value.as_array().map_or_else(Vec::new, |items| items.iter().filter_map(Value::as_str).collect())
}

fn unequal<T: PartialEq + std::fmt::Debug>(what: &str, seen: T, expected: T) -> Option<String> {
    (seen != expected).then(|| format!("{what}: expected {expected:?}, saw {seen:?}"))
}

/// How what was seen differs from one expectation.
fn difference(what: &str, value: &Value, seen: &Seen) -> Result<Option<String>, String> {
    let text = value.as_str().unwrap_or_default();
    let names = |names: &[String]| -> Vec<String> { names.to_vec() };
    let outcome = seen.ended.as_ref().map(|(outcome, _)| *outcome);
    Ok(match what {
        "commands" => unequal(what, names(&seen.commands), owned(&list(value))),
        "events" => unequal(what, events(seen), owned(&list(value))),
        "saga" => return saga(text, seen),
        "order" => unequal(what, seen.order.get("status").map(String::as_str), Some(text)),
        "rejectionReason" | "reason" => {
            unequal(what, seen.order.get("reason").map(String::as_str), value.as_str())
        }
        "reply" => unequal(what, reply(seen), text),
        "workflow" => {
            let word = text.strip_prefix("fails with \"").and_then(|rest| rest.strip_suffix('"'));
            let word = word.ok_or_else(|| format!("cannot read the outcome {text:?}"))?;
            unequal(what, seen.ended.clone(), Some((Outcome::Aborted, Some(word.to_owned()))))
        }
        "compensations_called_once_each_any_order" => {
            let (mut called, mut expected) = (names(&seen.compensations), owned(&list(value)));
            called.sort();
            expected.sort();
            unequal(what, called, expected)
        }
        "compensation_order" => unequal(what, names(&seen.compensations), owned(&list(value))),
        "sequence" => {
            let mut sequence = names(&seen.commands);
            sequence.extend(match outcome {
                Some(Outcome::Aborted) => Some("FAIL".to_owned()),
                Some(Outcome::Committed) => Some("SUCCEED".to_owned()),
                Some(Outcome::Unknown) | None => None,
            });
            unequal(what, sequence, owned(&list(value)))
        }
        other => return Err(format!("the expectation {other:?} is not understood")),
    })
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The names of the events in the source, which tells two failures of one step apart.
fn events(seen: &Seen) -> Vec<String> {
    let rename = |event: &String| match (event.as_str(), seen.refusal) {
        ("CustomerCreditReservationFailed", Some(Refusal::Missing(_))) => {
            "CustomerValidationFailed".to_owned()
        }
        _ => event.clone(),
    };
    seen.events.iter().map(rename).collect()
}

/// The name of the reply in the source: it says which of the two the data was.
fn reply(seen: &Seen) -> &'static str {
    match seen.refusal {
        Some(Refusal::Bound(_)) => "CustomerCreditLimitExceeded",
        Some(Refusal::Missing(_)) => "CustomerNotFound",
        Some(_) => "another refusal",
        None => "CustomerCreditReserved",
    }
}

/// `completed`, or `rolled back (local1 compensated; no Release for the failed step)`.
fn saga(text: &str, seen: &Seen) -> Result<Option<String>, String> {
    let (state, remarks) = text.split_once(" (").unwrap_or((text, ""));
    let (state, outcome) = match state {
        "completed" => ("COMPLETED", Outcome::Committed),
        "rolled back" => ("ROLLED_BACK", Outcome::Aborted),
        other => return Err(format!("the saga's state {other:?} is not understood")),
    };
    let mut found = unequal("saga", seen.state.as_deref(), Some(state));
    found =
        found.or(unequal("saga", seen.ended.as_ref().map(|(outcome, _)| *outcome), Some(outcome)));
    for remark in remarks.trim_end_matches(')').split(';').map(str::trim) {
        let words: Vec<&str> = remark.split_whitespace().collect();
        found = found.or(match words.as_slice() {
            [] => None,
            [step, "compensated"] => (!seen.undone.iter().any(|undone| undone == step))
                .then(|| format!("saga: {step} was not compensated, only {:?}", seen.undone)),
            ["no", command, "for", ..] => seen
                .commands
                .iter()
                .any(|sent| sent == command)
                .then(|| format!("saga: {command} was sent")),
            _ => return Err(format!("the remark {remark:?} is not understood")),
        });
    }
    Ok(found)
}
