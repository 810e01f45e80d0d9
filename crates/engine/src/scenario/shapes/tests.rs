//! The table holds the same fields as the types.

#![cfg(feature = "schema")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;
use crate::scenario::schema;

/// A form, reduced to what the table and the schema both say: per field of each object whether it
/// is required, per word that it exists.
#[derive(Default, PartialEq, Eq, Debug)]
struct Form {
    fields: BTreeMap<String, bool>,
    words: BTreeSet<String>,
}

/// All forms below a place, by their path; the branches of a value with several forms are one.
type Forms = BTreeMap<String, Form>;

fn of_shape(path: &str, shape: &Shape, forms: &mut Forms) {
    match shape {
        Text | Whole(..) | Number | Flag => {}
        Word(words) => note_words(path, words.iter().copied(), forms),
        List(of) => of_shape(&format!("{path}[]"), of, forms),
        Named(of) => of_object(&format!("{path}[]"), of, forms),
        Map(of) => of_shape(&format!("{path}.*"), of, forms),
        Of(object) => of_object(path, object, forms),
        OneKey(variants) => of_variants(path, variants, forms),
        OneKeyOrWord(variants, words) => {
            of_variants(path, variants, forms);
            note_words(path, words.iter().copied(), forms);
        }
        Tagged(tag, variants) => {
            for (word, object) in *variants {
                let path = format!("{path}<{word}>");
                forms.entry(path.clone()).or_default().fields.insert((*tag).into(), true);
                of_object(&path, object, forms);
            }
        }
        Either(shapes) => shapes.iter().for_each(|shape| of_shape(path, shape, forms)),
    }
}

fn of_object(path: &str, object: &Object, forms: &mut Forms) {
    for field in object.fields {
        let form = forms.entry(path.into()).or_default();
        form.fields.insert(field.name.into(), field.required);
        of_shape(&format!("{path}.{}", field.name), &field.shape, forms);
    }
    of_variants(path, object.one_of, forms);
}

fn of_variants(path: &str, variants: &[(&str, Shape)], forms: &mut Forms) {
    for (name, shape) in variants {
        forms.entry(path.into()).or_default().fields.insert((*name).into(), true);
        of_shape(&format!("{path}.{name}"), shape, forms);
    }
}

fn note_words<'a>(path: &str, words: impl Iterator<Item = &'a str>, forms: &mut Forms) {
    forms.entry(path.into()).or_default().words.extend(words.map(String::from));
}

fn of_schema(path: &str, schema: &Value, root: &Value, forms: &mut Forms) {
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.trim_start_matches('#')).expect("a definition");
        of_schema(path, target, root, forms);
    }
    for word in schema["enum"].as_array().into_iter().flatten().chain(schema.get("const")) {
        note_words(path, word.as_str().into_iter(), forms);
    }
    for list in ["oneOf", "anyOf"] {
        for branch in schema[list].as_array().into_iter().flatten() {
            let op = branch["properties"]["op"]["const"].as_str();
            let path = op.map_or(path.to_string(), |op| format!("{path}<{op}>"));
            of_schema(&path, branch, root, forms);
        }
    }
    let required = schema["required"].as_array();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let required = required.is_some_and(|names| names.iter().any(|n| n == name));
        forms.entry(path.into()).or_default().fields.insert(name.clone(), required);
        if name != "op" {
            of_schema(&format!("{path}.{name}"), field, root, forms);
        }
    }
    if schema["items"].is_object() {
        of_schema(&format!("{path}[]"), &schema["items"], root, forms);
    }
    if schema["additionalProperties"].is_object() {
        of_schema(&format!("{path}.*"), &schema["additionalProperties"], root, forms);
    }
}

#[test]
fn the_table_has_the_fields_and_words_of_the_types() {
    let mut table = Forms::new();
    of_shape("", &SCENARIO, &mut table);
    let mut types = Forms::new();
    let root = schema();
    of_schema("", &root, &root, &mut types);
    types.retain(|_, form| *form != Form::default());
    for (path, form) in &types {
        assert_eq!(table.get(path), Some(form), "{path}");
    }
    assert_eq!(table.len(), types.len());
    assert!(types.len() > 40, "only {} forms were compared", types.len());
}
