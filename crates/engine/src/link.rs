//! Links: a whole run in the fragment of an address.
//!
//! A fragment is `1.` and the base64url of the raw-deflated JSON of what decides the run, then
//! readable parameters that only say what to look at:
//! `#1.q1bKzCtJLUpMTi1WsoqOBQA&t=184&view=state&sel=T7&story=lost-event.3&d=9b1c…&e=0.1.0`.
//!
//! The JSON is `{"s": scenario, "i": [interventions], "c": [choices]}`; the last two are texts and
//! are left out where there are none. The scenario brings its own version and seed.
//!
//! A parameter that this engine does not know is passed over and not kept, so that links of later
//! engines open as far as they can. Where one stands twice the first counts. A known one that
//! makes no sense is an error, as is everything else that is damaged: half a run is never shown.

mod error;
mod parameters;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
use serde::Serialize;

pub use error::LinkError;

use crate::scenario::Scenario;
use crate::scenario::bounds::MAX_BYTES;
use crate::scenario::node::Node;
use crate::scenario::parse::{parse_json, parse_node};

/// The version of the link format that this engine writes.
pub const LINK_VERSION: u32 = 1;

/// Above so many characters a fragment is better sent as a file: some chat programs cut it.
pub const LONG: usize = 8 * 1024;

/// The longest link that is looked at, in bytes: more than deflate and base64 make of the largest
/// document.
const MAX_LINK: usize = 2 * MAX_BYTES;

/// Hard work for deflate, since links are made once and sent often.
const LEVEL: u8 = 9;

/// What a link says.
#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    /// The scenario, its seed and coupling included.
    pub scenario: Scenario,
    /// What a person changed, in the order of their events, one text each.
    pub interventions: Vec<String>,
    /// A schedule to replay instead of simulating, one choice each.
    pub schedule: Option<Vec<String>>,
    /// `t`: the event to stop at.
    pub cursor: Option<u32>,
    /// `view`: which view is open.
    pub view: Option<String>,
    /// `sel`: what is selected.
    pub selection: Option<String>,
    /// `story`: the stage of a story that is told, as `lost-event.3`.
    pub story: Option<String>,
    /// `compare`: what the mode Compare is set to, as
    /// `two-phase-commit,saga-orchestration/20/round-trip:2..26:7/end_us.p50`.
    pub compare: Option<String>,
    /// `d`: the digest of the run where the link was made.
    pub digest: Option<String>,
    /// `e`: the engine that made the link.
    pub engine: Option<String>,
}

/// What is in the packed part.
#[derive(Serialize)]
struct Packed<'a> {
    s: &'a Scenario,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    i: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    c: &'a Option<Vec<String>>,
}

impl Link {
    /// A link to the plain run of a scenario.
    #[must_use]
    pub fn of(scenario: Scenario) -> Self {
        Self {
            scenario,
            interventions: Vec::new(),
            schedule: None,
            cursor: None,
            view: None,
            selection: None,
            story: None,
            compare: None,
            digest: None,
            engine: None,
        }
    }

    /// Whether its fragment is longer than [`LONG`], so that a file is the better way to send it.
    #[must_use]
    pub fn is_long(&self) -> bool {
        encode(self).len() > LONG
    }
}

/// The fragment of a link, without `#`.
///
/// Two equal links give equal fragments. A scenario that was read or validated can be read back
/// from it; so can all else, within the bounds of [`decode`].
#[must_use]
pub fn encode(link: &Link) -> String {
    let packed = Packed { s: &link.scenario, i: &link.interventions, c: &link.schedule };
    let json = serde_json::to_vec(&packed)
        .expect("a scenario has only texts as keys, so it can always be written");
    let mut fragment = format!("{LINK_VERSION}.");
    URL_SAFE_NO_PAD
        .encode_string(miniz_oxide::deflate::compress_to_vec(&json, LEVEL), &mut fragment);
    parameters::write(link, &mut fragment);
    fragment
}

/// Reads a link: a whole address, or its fragment with or without `#`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn decode(fragment_or_url: &str) -> Result<Link, LinkError> {
    let text = fragment_or_url.trim();
    if text.len() > MAX_LINK {
        return Err(LinkError::TooLong { bytes: text.len() });
    }
    let fragment = match text.split_once('#') {
        Some((_, fragment)) => fragment,
        None => text,
    };
    let (packed, parameters) = fragment.split_once('&').unwrap_or((fragment, ""));
    let packed = of_this_version(packed)?;
    let link = unpack(&inflate(&from_base64(packed)?)?)?;
    parameters::read(link, parameters)
}

/// A text, packed as the scenario of a link is.
#[must_use]
pub fn pack_text(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(miniz_oxide::deflate::compress_to_vec(text.as_bytes(), LEVEL))
}

/// Reads a packed text.
///
/// # Errors
/// Where it is none, or is longer than the largest document.
pub fn unpack_text(packed: &str) -> Result<String, LinkError> {
    if packed.len() > MAX_LINK {
        return Err(LinkError::TooLong { bytes: packed.len() });
    }
    inflate(&from_base64(packed)?)
}

/// What follows the version.
fn of_this_version(packed: &str) -> Result<&str, LinkError> {
    let (version, packed) = packed.split_once('.').ok_or(LinkError::NoLink)?;
    if version.is_empty() || !version.bytes().all(|b| b.is_ascii_digit()) {
        return Err(LinkError::NoLink);
    }
    if version != "1" {
        let shown: Cow<'_, str> = match version.get(..9) {
            Some(start) if start != version => format!("{start}…").into(),
            _ => version.into(),
        };
        return Err(LinkError::Version { version: shown.into_owned() });
    }
    if packed.is_empty() {
        return Err(LinkError::NoLink);
    }
    Ok(packed)
}

fn from_base64(packed: &str) -> Result<Vec<u8>, LinkError> {
    let packed = packed.trim_end_matches('=');
    let stranger = |c: &char| !(c.is_ascii_alphanumeric() || *c == '-' || *c == '_');
    if let Some((at, found)) = packed.chars().enumerate().find(|(_, c)| stranger(c)) {
        return Err(LinkError::Base64 { at: at + 1, found });
    }
    // All characters are base64url's, so what can still be wrong is at the end.
    URL_SAFE_NO_PAD.decode(packed).map_err(|_| LinkError::CutShort)
}

/// Inflates, and never makes room for more than the largest document.
fn inflate(deflated: &[u8]) -> Result<String, LinkError> {
    let json =
        decompress_to_vec_with_limit(deflated, MAX_BYTES).map_err(|error| match error.status {
            TINFLStatus::HasMoreOutput => LinkError::TooLarge,
            TINFLStatus::FailedCannotMakeProgress | TINFLStatus::NeedsMoreInput => {
                LinkError::CutShort
            }
            _ => LinkError::Damaged,
        })?;
    String::from_utf8(json).map_err(|_| LinkError::NoText)
}

/// The packed part, looked at as strictly as a file.
fn unpack(json: &str) -> Result<Link, LinkError> {
    let node = parse_json(json).map_err(LinkError::Json)?;
    let Node::Object(fields) = node else {
        return Err(LinkError::Part { name: String::new(), found: node.describe() });
    };
    let (mut scenario, mut interventions, mut schedule) = (None, None, None);
    for (name, value) in fields {
        let twice = match name.as_str() {
            "s" => scenario.replace(value).is_some(),
            "i" => interventions.replace(texts("i", value)?).is_some(),
            "c" => schedule.replace(texts("c", value)?).is_some(),
            _ => return Err(LinkError::Part { name, found: "an unknown part".into() }),
        };
        if twice {
            return Err(LinkError::Part { name, found: "the same part twice".into() });
        }
    }
    let scenario = scenario
        .ok_or_else(|| LinkError::Part { name: "s".into(), found: "no scenario".into() })?;
    let scenario = parse_node(scenario).map_err(LinkError::Scenario)?;
    let interventions = interventions.unwrap_or_default();
    Ok(Link { interventions, schedule, ..Link::of(scenario) })
}

/// A list of texts.
fn texts(name: &str, value: Node) -> Result<Vec<String>, LinkError> {
    let wrong = |found: &Node| LinkError::Part { name: name.into(), found: found.describe() };
    let Node::List(items) = value else {
        return Err(wrong(&value));
    };
    let text = |item| match item {
        Node::Text(text) => Ok(text),
        other => Err(wrong(&other)),
    };
    items.into_iter().map(text).collect()
}
