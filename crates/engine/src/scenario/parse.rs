//! From a text to a scenario.

use serde_json::error::Category;

use super::at::{At, Problems};
use super::bounds::MAX_BYTES;
use super::document::{Scenario, VERSION};
use super::node::Node;
use super::problem::Problem;
use super::shape::walk;
use super::shapes::SCENARIO;
use super::validate::validate;

/// Reads a scenario and says everything that is wrong with it, each mistake with its path.
///
/// # Errors
/// The mistakes, in the order of the document, at most [`super::at::MAX_PROBLEMS`] and one that
/// counts the rest. Mistakes of form (JSON, fields, types) are listed alone; what the document
/// means is looked at once its form is right.
pub fn parse(text: &str) -> Result<Scenario, Vec<Problem>> {
    if text.len() > MAX_BYTES {
        return Err(vec![Problem::new(
            "",
            format!("the document has {} bytes", text.len()),
            format!("at most {MAX_BYTES} are read"),
        )]);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let node = parse_json(text).map_err(|problem| vec![problem])?;
    parse_node(node)
}

/// JSON alone.
pub(crate) fn parse_json(text: &str) -> Result<Node, Problem> {
    serde_json::from_str(text).map_err(|error| syntax(text, &error))
}

/// The same from JSON that has been read, as a part of something else.
pub(crate) fn parse_node(node: Node) -> Result<Scenario, Vec<Problem>> {
    let scenario = read(node)?;
    let problems = validate(&scenario);
    if problems.is_empty() { Ok(scenario) } else { Err(problems) }
}

/// The form of a document alone.
fn read(node: Node) -> Result<Scenario, Vec<Problem>> {
    let version = version(&node).map_err(|problem| vec![problem])?;
    let node = migrate(version, node).map_err(|problem| vec![problem])?;

    let mut problems = Problems::default();
    walk(&At::ROOT, &node, &SCENARIO, &mut problems);
    if !problems.is_empty() {
        return Err(problems.finish());
    }
    serde_json::from_value(node.into_value()).map_err(|error| {
        vec![Problem::new("", error.to_string(), "compare the document with the reference")]
    })
}

/// Which version of the format a document says that it is.
fn version(node: &Node) -> Result<u64, Problem> {
    let begin = format!("begin the document with \"interleave\": {VERSION}");
    if !matches!(node, Node::Object(_)) {
        let found = format!("the document is {}", node.describe());
        return Err(Problem::new("", found, "a scenario is a JSON object"));
    }
    match node.get("interleave") {
        None => Err(Problem::new("", "`interleave` is missing", begin)),
        Some(Node::Number(number)) if number.is_u64() => Ok(number.as_u64().unwrap_or_default()),
        Some(other) => {
            let found = format!("found {}", other.describe());
            Err(Problem::new("interleave", found, begin))
        }
    }
}

/// Brings a document of an older version to the newest. Each version that there ever was has its
/// line here and turns the one before it into itself, so that old files and links open for ever.
fn migrate(version: u64, node: Node) -> Result<Node, Problem> {
    match version {
        1 => Ok(node),
        other => Err(Problem::new(
            "interleave",
            format!("made for version {other}"),
            format!("this engine reads version {VERSION}"),
        )),
    }
}

/// A mistake in the JSON itself.
fn syntax(text: &str, error: &serde_json::Error) -> Problem {
    if text.trim().is_empty() {
        return Problem::new("", "the document is empty", "write a JSON object");
    }
    let (line, column) = (error.line(), error.column());
    let full = error.to_string();
    let what = full.split(" at line ").next().unwrap_or(&full);
    let remedy = match error.classify() {
        Category::Eof => "the document ends too early: close every brace, bracket and quote",
        _ if what.contains("trailing comma") => "remove the comma before the closing bracket",
        _ if what.contains("trailing characters") => {
            "remove what follows the end of the document's object"
        }
        _ if what.contains("recursion") => "a scenario has no lists or objects so deep",
        _ if what.contains("number out of range") => "write a smaller number",
        _ if what.contains("key must be a string") => "put field names between double quotes",
        _ if what.contains("control character") => "write line breaks in a text as \\n",
        _ => "mend the JSON there",
    };
    Problem::new("", format!("line {line}, column {column}: {what}"), remedy)
}
