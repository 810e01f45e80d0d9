//! What became of a record.
#![allow(dead_code)]

use serde_json::Value;

/// What became of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// The engine does what the record says.
    Passed,
    /// It does something else.
    Failed(String),
    /// No machine can run it here, and why.
    Unsupported(String),
}

/// A record by its id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) verdict: Verdict,
    /// What was compared, with the tolerance where it was sampled.
    pub(crate) note: String,
}

/// Why a record was not passed.
pub(crate) enum Not {
    /// The engine does something else.
    Right(String),
    /// No machine can run it here.
    Supported(String),
}

/// What became of a record, from a check that ends early.
pub(crate) fn judge(id: &str, checked: Result<(), Not>) -> Record {
    judged(id, checked.map(|()| String::new()))
}

/// The same with a note of what was compared.
pub(crate) fn judged(id: &str, checked: Result<String, Not>) -> Record {
    let (verdict, note) = match checked {
        Ok(note) => (Verdict::Passed, note),
        Err(Not::Right(why)) => (Verdict::Failed(why), String::new()),
        Err(Not::Supported(why)) => (Verdict::Unsupported(why), String::new()),
    };
    Record { id: id.to_owned(), verdict, note }
}

/// A failed comparison says both sides.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    found: &T,
    expected: &T,
) -> Result<(), Not> {
    if found == expected {
        Ok(())
    } else {
        Err(Not::Right(format!("{what}: found {found:?}, the oracle has {expected:?}")))
    }
}

/// The id of a record.
pub(crate) fn id(row: &Value) -> String {
    row["id"].as_str().map_or_else(|| format!("without id: {row}"), str::to_owned)
}

/// The records at a JSON pointer; none where the file has no such part.
pub(crate) fn rows<'a>(oracle: &'a Value, pointer: &str) -> &'a [Value] {
    oracle.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The text of a field.
pub(crate) fn text<'a>(row: &'a Value, field: &str) -> Result<&'a str, Not> {
    row[field].as_str().ok_or_else(|| Not::Supported(format!("it has no text `{field}`")))
}
