//! A scenario as the text of its document, alone and inside other messages.
//!
//! Inside a message (`#[serde(with = "crate::scenario::text")]`) it is a text and not an object: it is read as every
//! document is, with its version and its checks, and the code for that exists once in a program.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

use super::document::Scenario;
use super::parse::parse;
use super::problem::Problem;

/// The document, as short as it can be.
#[must_use]
pub fn short(scenario: &Scenario) -> String {
    // A scenario has only texts as keys, so it can always be written.
    serde_json::to_string(scenario).unwrap_or_default()
}

/// The document, as people read it.
#[must_use]
pub fn pretty(scenario: &Scenario) -> String {
    serde_json::to_string_pretty(scenario).unwrap_or_default()
}

/// Writes a scenario into a message, as a text.
///
/// # Errors
/// Those of the message's format.
pub fn serialize<S: Serializer>(scenario: &Scenario, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&short(scenario))
}

/// Reads a scenario out of a message.
///
/// # Errors
/// Where it is no text, and the first thing that is wrong with the document.
pub fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Scenario, D::Error> {
    read(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn read(text: &str) -> Result<Scenario, String> {
    parse(text).map_err(|problems| problems.first().map(Problem::to_string).unwrap_or_default())
}
