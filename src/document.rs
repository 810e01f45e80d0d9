//! The document: the scenario as a text that a person writes, and what is wrong with it.
//!
//! Pure: it knows neither signals nor the browser.

pub mod saved;
pub mod steps;

use std::sync::Arc;

use interleave_engine::scenario::place::Outline;
use interleave_engine::scenario::{Problem, Scenario, parse, shipped, text};
use interleave_engine::session;

/// The least that runs: one service, one step, one arrival.
pub const BLANK: &str = include_str!("document/blank.json");

/// The most characters of a line that are drawn before a mark, and inside it.
const MARKED_MAX: usize = 1_000;

/// A mistake, and where it stands in the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// Its line, from 1.
    pub line: usize,
    /// Its column, from 1, in characters.
    pub column: usize,
    /// Where it begins, in bytes.
    pub at: usize,
    /// What the path says, empty for the document as a whole.
    pub path: String,
    /// What was found.
    pub found: String,
    /// What to do.
    pub remedy: String,
    /// What stands before the mark on its line.
    pub before: String,
    /// What is marked.
    pub marked: String,
}

/// What is known of the text.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Reading {
    /// It has been changed and not been read since.
    #[default]
    Unread,
    /// It runs.
    Right(Arc<Scenario>),
    /// It does not.
    Wrong(Arc<Vec<Mistake>>),
}

impl Reading {
    /// The scenario, where the text is right.
    #[must_use]
    pub fn scenario(&self) -> Option<&Arc<Scenario>> {
        match self {
            Self::Right(scenario) => Some(scenario),
            _ => None,
        }
    }

    /// The mistakes.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        match self {
            Self::Wrong(mistakes) => mistakes,
            _ => &[],
        }
    }
}

/// Reads a text as the run would: its form, its meaning, and whether its coupling can carry it.
///
/// # Errors
/// What is wrong with it.
pub fn read(text: &str) -> Result<Scenario, Vec<Problem>> {
    let scenario = parse(text)?;
    session::cast_of(&scenario)?;
    Ok(scenario)
}

/// Finds mistakes in the text that they are about.
#[must_use]
pub fn locate(text: &str, problems: Vec<Problem>) -> Vec<Mistake> {
    let outline = Outline::new(text);
    problems.into_iter().map(|problem| mistake(text, &outline, problem)).collect()
}

fn mistake(text: &str, outline: &Outline<'_>, problem: Problem) -> Mistake {
    let place = outline.place_of(&problem);
    // The key goes with its value, so that an unknown field is marked as well as a wrong value.
    let from = place.key.as_ref().map_or(place.value.start, |key| key.start);
    let (line, column) = outline.line_column(from);
    let of_line = outline.line(line);
    let opens = text[place.value.clone()].starts_with(['{', '[']);
    let end = match &place.key {
        // Of what goes over many lines only the beginning.
        Some(key) if opens => key.end,
        None if opens => place.value.start + 1,
        _ => place.value.end,
    };
    let marked = &text[from..end.clamp(from, of_line.end.max(from))];
    let before = &text[of_line.start.min(from)..from];
    Mistake {
        line,
        column,
        at: from,
        // Further to the right nobody sees a mark, and it must not make the page slow.
        before: if column > MARKED_MAX { String::new() } else { before.to_owned() },
        marked: if column > MARKED_MAX {
            String::new()
        } else {
            marked.chars().take(MARKED_MAX).collect()
        },
        path: problem.path,
        found: problem.found,
        remedy: problem.remedy,
    }
}

/// The text of a scenario: the file that ships where it is one of those, else laid out anew.
#[must_use]
pub fn text_of(scenario: &Scenario) -> String {
    let same = shipped::shipped().iter().find(|shipped| {
        // The title first: reading all of them takes its time.
        shipped.json.contains(&scenario.title) && shipped.scenario() == *scenario
    });
    same.map_or_else(|| text::pretty(scenario), |shipped| shipped.json.to_owned())
}

/// Why the bytes of a file are no text for the editor.
///
/// # Errors
/// A sentence that goes on after the file's name.
pub fn text_of_file(bytes: Vec<u8>) -> Result<String, String> {
    let text = match bytes.as_slice() {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            return Err("is written in UTF-16; save it as UTF-8".to_owned());
        }
        _ => String::from_utf8(bytes).map_err(|wrong| {
            let at = wrong.utf8_error().valid_up_to();
            format!("is no text in UTF-8 (byte {at}); save it as UTF-8")
        })?,
    };
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    match text.trim_start().chars().next() {
        None => Err("is empty; a scenario is a JSON object".to_owned()),
        Some('{') => Ok(text),
        Some(other) => Err(format!(
            "is no JSON object: it begins with “{}” and a scenario with “{{”",
            other.escape_debug()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blank_scenario_runs() {
        let scenario = read(BLANK).unwrap();
        assert_eq!((scenario.services.len(), scenario.transactions.len()), (1, 1));
    }

    #[test]
    fn a_mistake_knows_its_line_and_what_to_mark() {
        let text = BLANK.replacen("\"service\": \"shop\"", "\"service\": \"shopp\"", 1);
        let mistakes = locate(&text, read(&text).unwrap_err());
        let line = text.lines().position(|line| line.contains("shopp")).unwrap() + 1;
        let it = &mistakes[0];
        assert_eq!((it.line, it.marked.as_str()), (line, "\"service\": \"shopp\""));
        assert_eq!(it.before.chars().count() + 1, it.column);
        assert!(text[it.at..].starts_with(&it.marked));
    }

    #[test]
    fn what_is_not_a_scenario_at_all_is_said_in_a_sentence() {
        let of = |bytes: &[u8]| text_of_file(bytes.to_vec());
        assert!(of(b"").unwrap_err().contains("empty"));
        assert!(of(&[0xff, 0xfe, b'{', 0]).unwrap_err().contains("UTF-16"));
        assert!(of(&[b'{', 0xe4, b'}']).unwrap_err().contains("byte 1"));
        assert!(of(b"\x89").unwrap_err().contains("UTF-8"));
        assert!(of(b"PK\x03\x04").unwrap_err().contains("“P”"));
        assert_eq!(of(b"\xef\xbb\xbf{\r\n}").unwrap(), "{\n}");
    }

    #[test]
    fn a_shipped_scenario_has_the_text_of_its_file() {
        let checkout = shipped::by_name("checkout").unwrap();
        let mut scenario = checkout.scenario();
        assert_eq!(text_of(&scenario), checkout.json);
        scenario.seed += 1;
        assert_eq!(read(&text_of(&scenario)).unwrap(), scenario);
    }

    #[test]
    fn a_line_without_end_is_not_drawn() {
        let text = format!("{{\"interleave\": 1, {}\"x\": 2}}", " ".repeat(5_000));
        let mistakes = locate(&text, read(&text).unwrap_err());
        assert!(mistakes.iter().all(|it| it.before.len() <= MARKED_MAX));
    }
}
