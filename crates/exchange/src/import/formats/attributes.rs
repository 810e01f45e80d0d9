//! Attributes as lists of keys and values: OTLP's and Jaeger's.

use crate::import::json::{Kind, Value};
use crate::import::model::Attributes;

/// What a value of OTLP's `AnyValue` says, where it is a text, a number or a word.
fn any_value(value: Value<'_>) -> Option<String> {
    let known = ["stringValue", "intValue", "boolValue", "doubleValue"];
    let found = known.iter().find_map(|name| value.get(name));
    if let Some(found) = found {
        return found.as_plain().map(|text| text.into_owned());
    }
    // A list says what its values say, as `kafka.topics` may.
    let list = value.get("arrayValue")?.get("values")?;
    let texts: Vec<String> = list
        .items()
        .take(16)
        .filter_map(|item| {
            item.get("stringValue").and_then(Value::as_text).map(|text| text.into_owned())
        })
        .collect();
    Some(texts.join(", "))
}

/// Each key with what its value says: of OTLP where the value is an object, of Jaeger where it is plain.
pub(super) fn each(list: Option<Value<'_>>, mut with: impl FnMut(&str, &str)) {
    let Some(list) = list else { return };
    for item in list.items() {
        let (Some(key), Some(value)) =
            (item.get("key").and_then(Value::as_text), item.get("value"))
        else {
            continue;
        };
        if value.kind() == Kind::Object {
            if let Some(text) = any_value(value) {
                with(&key, &text);
            }
        } else if let Some(text) = value.as_plain() {
            with(&key, &text);
        }
    }
}

/// The same, kept.
pub(super) fn keep(list: Option<Value<'_>>, attributes: &mut Attributes) {
    each(list, |key, value| attributes.keep(key, value));
}
