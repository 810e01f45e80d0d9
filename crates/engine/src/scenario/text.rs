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

/// The document, as people read it: what is short stands on one line, as in the files of the shipped ones.
#[must_use]
pub fn pretty(scenario: &Scenario) -> String {
    lay_out(&short(scenario))
}

/// The most characters of a list or an object on one line, before spaces are put in.
const ON_ONE_LINE: usize = 84;
/// By how much each level is shifted to the right.
const INDENT: usize = 2;

/// JSON without spaces, with spaces and lines.
fn lay_out(short: &str) -> String {
    let mut out = String::with_capacity(short.len() * 2);
    let mut depth = 0;
    // Where the list or object that is written on one line ends.
    let mut inline = 0;
    let mut rest = short;
    let new_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', depth * INDENT));
    };
    while let Some(sign) = rest.chars().next() {
        let at = short.len() - rest.len();
        let mut length = sign.len_utf8();
        match sign {
            '"' => {
                length = text_len(rest);
                out.push_str(&rest[..length]);
            }
            '{' | '[' if rest[1..].starts_with(['}', ']']) => {
                length = 2;
                out.push_str(&rest[..length]);
            }
            '{' | '[' => {
                out.push(sign);
                let room = ON_ONE_LINE.saturating_sub(depth * INDENT);
                if let Some(end) = (at >= inline).then(|| closes(rest, room)).flatten() {
                    inline = at + end;
                }
                match (at < inline, sign) {
                    (true, '{') => out.push(' '),
                    (true, _) => {}
                    (false, _) => {
                        depth += 1;
                        new_line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                match (at < inline, sign) {
                    (true, '}') => out.push(' '),
                    (true, _) => {}
                    (false, _) => {
                        depth -= 1;
                        new_line(&mut out, depth);
                    }
                }
                out.push(sign);
            }
            ',' if at < inline => out.push_str(", "),
            ',' => {
                out.push(',');
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => out.push(sign),
        }
        rest = &rest[length..];
    }
    out.push('\n');
    out
}

/// How many bytes the text at the beginning takes, its quotes included.
fn text_len(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// How many bytes the list or object at the beginning takes, where they are not more than that.
fn closes(rest: &str, most: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len().min(most) {
        match rest.as_bytes()[at] {
            b'"' => at += text_len(&rest[at..]),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth -= 1;
                at += 1;
                if depth == 0 {
                    return (at <= most).then_some(at);
                }
            }
            _ => at += 1,
        }
    }
    None
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
