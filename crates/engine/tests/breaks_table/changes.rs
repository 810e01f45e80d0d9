//! What differs between two documents, in the words of the documents.

use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::Coupling;
use serde_json::Value;

/// The longest value that is shown whole.
const LONGEST: usize = 48;

/// Every difference: the path of a field and its new value; the coupling by its name.
pub(super) fn changes(from: &Scenario, to: &Scenario) -> Vec<String> {
    let mut found = Vec::new();
    if from.coupling != to.coupling {
        found.push(format!("as {}", coupling(to)));
    }
    let value = |scenario: &Scenario| {
        let mut value = serde_json::to_value(scenario).unwrap();
        value.as_object_mut().unwrap().remove("coupling");
        value
    };
    differences("", &value(from), &value(to), &mut found);
    found
}

/// A document's coupling: a pattern's name, or the three parts.
pub(super) fn coupling(of: &Scenario) -> String {
    match &of.coupling {
        Coupling::Named(name) => format!("`{name}`"),
        Coupling::Parts(parts) => {
            format!("`{}` · `{}` · `{}`", parts.write, parts.read, parts.store)
        }
    }
}

fn differences(path: &str, from: &Value, to: &Value, found: &mut Vec<String>) {
    if from == to {
        return;
    }
    let none = Value::Object(serde_json::Map::new());
    match (from, to) {
        // Another operation, and not the same with another field.
        (Value::Object(before), Value::Object(after)) if before.get("op") != after.get("op") => {
            found.push(format!("`{path}`: {}", shown(to)));
        }
        (Value::Object(before), Value::Object(after)) => {
            let keys: std::collections::BTreeSet<&String> =
                before.keys().chain(after.keys()).collect();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match (before.get(key), after.get(key)) {
                    (Some(from), Some(to)) => differences(&path, from, to, found),
                    // What is as usual is left out of a document.
                    (Some(from @ Value::Object(_)), None) => differences(&path, from, &none, found),
                    (None, Some(to @ Value::Object(_))) => differences(&path, &none, to, found),
                    (Some(Value::Bool(was)), None) => found.push(format!("`{path}`: `{}`", !was)),
                    (Some(Value::Array(_)), None) => found.push(format!("`{path}`: none")),
                    (Some(_), None) => found.push(format!("`{path}`: as usual")),
                    (None, Some(to)) => found.push(format!("`{path}`: {}", shown(to))),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            for (at, (from, to)) in before.iter().zip(after).enumerate() {
                let name = from.get("name").and_then(Value::as_str);
                let at = name.map_or_else(|| at.to_string(), str::to_owned);
                differences(&format!("{path}.{at}"), from, to, found);
            }
            let extra = after.iter().skip(before.len());
            found.extend(extra.map(|value| format!("`{path}` + {}", shown(value))));
            if before.len() > after.len() {
                found.push(match after.len() {
                    0 => format!("`{path}`: none"),
                    1 => format!("`{path}`: only the first"),
                    left => format!("`{path}`: only the first {left}"),
                });
            }
        }
        _ => found.push(format!("`{path}`: {}", shown(to))),
    }
}

/// A value; an operation in a word; the name of what is larger.
fn shown(value: &Value) -> String {
    let word = |field: &str| value.get(field).and_then(Value::as_str);
    if let (Some(op), Some(key)) = (word("op"), word("key")) {
        return format!("`{op} {key}`");
    }
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.len() <= LONGEST {
        return format!("`{}`", text.replace('|', "\\|"));
    }
    let name = word("name").or_else(|| word("transaction"));
    name.map_or_else(|| "…".to_owned(), |name| format!("*{name}*"))
}
