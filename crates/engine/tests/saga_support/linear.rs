//! Sagas of steps in a row, of which one may be refused: which histories there are.

use std::collections::BTreeSet;

use interleave_engine::event::EventKind;
use interleave_engine::ids::{Direction, StepRef};
use interleave_engine::scenario::{self, Scenario};
use serde_json::{Value, json};

use super::{Verdict, seen};

/// Both ways to run a saga.
pub(crate) const SAGAS: [&str; 2] = ["saga-choreography", "saga-orchestration"];

/// A saga of `T1 … Tn` of these kinds, of which the steps in `refused` find their gate closed.
pub(crate) fn scenario(
    pattern: &str,
    kinds: &[&str],
    refused: Option<usize>,
) -> Result<Scenario, String> {
    let services: Vec<Value> = (1..=kinds.len())
        .map(|n| {
            let open = i64::from(refused != Some(n));
            json!({ "name": format!("s{n}"), "rows": { "gate:all": open } })
        })
        .collect();
    let steps: Vec<Value> = kinds
        .iter()
        .enumerate()
        .map(|(at, kind)| {
            let mut step = json!({
                "name": format!("T{}", at + 1), "service": format!("s{}", at + 1), "kind": kind,
                "do": [{ "op": "add", "key": "gate:all", "by": -1, "min": 0, "else": "CLOSED" }],
            });
            if *kind == "compensatable" {
                step["undo_name"] = json!(format!("C{}", at + 1));
                step["undo"] = json!([{ "op": "add", "key": "gate:all", "by": 1 }]);
            }
            step
        })
        .collect();
    let document = json!({
        "interleave": 1, "title": "Linear", "coupling": pattern, "services": services,
        "transactions": [{ "name": "saga", "steps": steps }],
        "workload": { "arrivals": { "at-us": [0] }, "mix": [{ "transaction": "saga" }] },
    });
    scenario::parse(&document.to_string()).map_err(|problems| format!("{problems:?}"))
}

/// The history of a run's effects: `T1 T2 C2 C1`.
fn history(scenario: Scenario) -> Result<Vec<String>, String> {
    let session = seen::run(scenario)?;
    if let Some(broken) = session.properties().iter().find(|property| !property.holds()) {
        return Err(format!("the property {} does not hold", broken.id));
    }
    let name = |of: &StepRef| {
        let letter = if of.dir == Direction::Do { 'T' } else { 'C' };
        format!("{letter}{}", of.step.0 + 1)
    };
    let effects = session.trace().events().iter().filter_map(|event| match &event.kind {
        EventKind::Committed { effects, .. } => Some(effects),
        _ => None,
    });
    Ok(effects.flatten().map(name).collect())
}

/// The histories that arise where no step is refused, or one of the first so many.
fn all(pattern: &str, kinds: &[&str], may_fail: usize) -> Result<BTreeSet<Vec<String>>, String> {
    let outcomes = std::iter::once(None).chain((1..=may_fail).map(Some));
    outcomes.map(|refused| history(scenario(pattern, kinds, refused)?)).collect()
}

fn number(row: &Value, field: &str) -> Result<usize, String> {
    let number = row[field].as_u64().filter(|number| *number <= 40);
    number.map(|number| number as usize).ok_or_else(|| format!("it has no usable number `{field}`"))
}

fn verdict(differences: Result<Vec<String>, String>) -> Verdict {
    match differences {
        Ok(differences) if differences.is_empty() => Verdict::Passed,
        Ok(differences) => Verdict::Failed(differences),
        Err(why) => Verdict::Unsupported(why),
    }
}

/// A row of `n` compensatable steps: how many histories there are, and examples of those in which
/// the step after `example_fail_at_` is refused.
pub(crate) fn count(row: &Value) -> Verdict {
    let differences = || {
        let n = number(row, "n")?;
        let expected = number(row, "legal_complete_histories")?;
        let kinds = vec!["compensatable"; n];
        let mut differences = Vec::new();
        for pattern in SAGAS {
            let histories = all(pattern, &kinds, n)?;
            if histories.len() != expected {
                differences.push(format!("{pattern} has the histories {histories:?}"));
            }
            if histories.iter().flatten().any(|name| *name == format!("C{n}")) {
                differences.push(format!("{pattern} compensates the last step, which was refused"));
            }
            for (field, example) in row.as_object().into_iter().flatten() {
                let Some(at) = field.strip_prefix("example_fail_at_") else { continue };
                if example.is_null() {
                    continue;
                }
                let at = at.parse().map_err(|_| format!("`{field}` cannot be read"))?;
                let example: Vec<String> = serde_json::from_value(example.clone())
                    .map_err(|error| format!("`{field}`: {error}"))?;
                let found = history(scenario(pattern, &kinds, Some(at))?)?;
                if found != example {
                    differences.push(format!("{pattern}, {field}: {found:?}"));
                }
            }
        }
        Ok(differences)
    };
    verdict(differences())
}

/// A row of compensatable steps, a pivot and retriable steps: which histories there are. Steps up to
/// the pivot may be refused.
pub(crate) fn histories(row: &Value) -> Verdict {
    let differences = || {
        let (first, pivots) = (number(row, "compensatable")?, number(row, "pivot")?);
        let mut kinds = vec!["compensatable"; first];
        kinds.extend(vec!["pivot"; pivots]);
        kinds.extend(vec!["retriable"; number(row, "retriable")?]);
        let expected: BTreeSet<Vec<String>> =
            serde_json::from_value(row["legal_histories"].clone())
                .map_err(|error| format!("`legal_histories`: {error}"))?;
        let count = number(row, "count")?;
        let mut differences = Vec::new();
        for pattern in SAGAS {
            let found = all(pattern, &kinds, first + pivots)?;
            if found != expected || found.len() != count {
                differences.push(format!("{pattern} has the histories {found:?}"));
            }
        }
        Ok(differences)
    };
    verdict(differences())
}
