//! The reference page says what the types say, and its examples are scenarios.

use interleave_engine::event::EVENT_NAMES;
use interleave_engine::scenario;
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/scenario.md");

/// The fenced blocks of this kind, with the line that each begins at.
fn blocks(kind: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut lines = PAGE.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line == format!("```{kind}") {
            let body = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
            blocks.push((number + 1, body.collect::<Vec<_>>().join("\n")));
        }
    }
    blocks
}

#[track_caller]
fn valid(line: usize, document: &Value) {
    if let Err(problems) = scenario::parse(&document.to_string()) {
        panic!("the example at line {line} of docs/scenario.md: {}", problems[0]);
    }
}

#[test]
fn every_example_of_the_page_is_a_scenario_or_makes_one() {
    let whole = blocks("json scenario");
    assert_eq!(whole.len(), 1, "one whole example, into which the parts go");
    let whole: Value = serde_json::from_str(&whole[0].1).unwrap();
    valid(0, &whole);
    let parts = blocks("json part");
    assert!(parts.len() > 12, "only {} parts", parts.len());
    for (line, part) in parts {
        let part: Value = serde_json::from_str(&part)
            .unwrap_or_else(|error| panic!("the example at line {line}: {error}"));
        let mut document = whole.clone();
        for (field, value) in part.as_object().unwrap() {
            document[field] = value.clone();
        }
        assert_ne!(document, whole, "the example at line {line} changes nothing");
        valid(line, &document);
    }
    let fences = PAGE.lines().filter(|line| line.starts_with("```json")).count();
    assert_eq!(fences, 1 + blocks("json part").len(), "every JSON block says which kind it is");
}

#[test]
fn the_page_names_every_kind_of_event() {
    for name in EVENT_NAMES {
        assert!(PAGE.contains(&format!("`{name}`")), "`{name}` is not in docs/scenario.md");
    }
}

#[cfg(feature = "schema")]
mod schema {
    use std::collections::BTreeSet;

    use super::*;

    /// All names of fields and all words of a schema.
    fn names(schema: &Value, names_found: &mut BTreeSet<String>) {
        match schema {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match (name.as_str(), value) {
                        ("properties", Value::Object(properties)) => {
                            names_found.extend(properties.keys().cloned());
                            properties.values().for_each(|property| names(property, names_found));
                        }
                        ("const", Value::String(word)) => {
                            names_found.insert(word.clone());
                        }
                        ("enum", Value::Array(words)) => {
                            let words = words.iter().filter_map(Value::as_str);
                            names_found.extend(words.map(String::from));
                        }
                        _ => names(value, names_found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| names(item, names_found)),
            _ => {}
        }
    }

    #[test]
    fn the_page_names_every_field_of_the_schema() {
        let mut all = BTreeSet::new();
        names(&scenario::schema(), &mut all);
        assert!(all.len() > 100, "only {} names", all.len());
        for name in all {
            let named =
                PAGE.contains(&format!("`{name}`")) || PAGE.contains(&format!("`\"{name}\"`"));
            assert!(named, "`{name}` is not in docs/scenario.md");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "asks whether to write the file anew")]
    fn the_schema_in_the_docs_is_the_generated_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scenario.schema.json");
        let mut generated = serde_json::to_string_pretty(&scenario::schema()).unwrap();
        generated.push('\n');
        if std::env::var("INTERLEAVE_UPDATE").is_ok() {
            std::fs::write(path, &generated).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            kept == generated,
            "docs/scenario.schema.json is stale; write it anew with INTERLEAVE_UPDATE=1 cargo \
             test -p interleave-engine --features schema --test scenario_docs"
        );
    }
}
