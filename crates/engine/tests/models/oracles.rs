//! The files in `oracles/`, or in the directory that `INTERLEAVE_ORACLES` names.

use serde_json::Value;

/// Reads an oracle file. Where there is no file system, the copies of this crate are used.
#[allow(clippy::disallowed_methods, reason = "which files a test reads is no part of a run")]
pub(crate) fn read(file: &str) -> Value {
    let text = if cfg!(target_arch = "wasm32") {
        match file {
            "two_phase_commit.json" => include_str!("../oracles/two_phase_commit.json").to_owned(),
            "explorer_counts.json" => include_str!("../oracles/explorer_counts.json").to_owned(),
            _ => panic!("{file} is not built in"),
        }
    } else {
        let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles");
        let directory = std::env::var("INTERLEAVE_ORACLES").unwrap_or_else(|_| own.to_owned());
        let path = std::path::Path::new(&directory).join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The rows at a JSON pointer; there must be some.
pub(crate) fn rows(oracle: &Value, pointer: &str) -> Vec<Value> {
    let rows = oracle
        .pointer(pointer)
        .and_then(Value::as_array)
        .unwrap_or_else(|| panic!("no rows at {pointer}"));
    assert!(!rows.is_empty(), "no rows at {pointer}");
    rows.clone()
}

/// The text of a row's field.
pub(crate) fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_else(|| panic!("no text {field} in {row}"))
}

/// The number in a row's field.
pub(crate) fn number(row: &Value, field: &str) -> u64 {
    row[field].as_u64().unwrap_or_else(|| panic!("no number {field} in {row}"))
}

/// Asserts that a row's fields, named by JSON pointers, are the given figures.
///
/// Every row must have the first field; the others are compared where the row has them.
pub(crate) fn assert_figures(row: &Value, figures: &[(&str, u64)]) {
    for (i, (pointer, figure)) in figures.iter().enumerate() {
        match row.pointer(pointer).and_then(Value::as_u64) {
            Some(expected) => assert_eq!(*figure, expected, "{} {pointer}", row["id"]),
            None => assert!(i > 0, "no {pointer} in {row}"),
        }
    }
}
