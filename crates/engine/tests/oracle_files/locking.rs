//! To be filled by the transactional core of the database.

use serde_json::Value;

use super::record::Record;

/// Runs the records.
pub(crate) fn run(_oracle: &Value) -> Vec<Record> {
    Vec::new()
}
