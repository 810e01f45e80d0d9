//! What can be wrong with a link.

use std::fmt;

use super::LINK_VERSION;
use crate::scenario::Problem;
use crate::scenario::bounds::MAX_BYTES;

/// Why a link does not open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkError {
    /// There is no scenario in it.
    NoLink,
    /// It is longer than any link can be.
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Another version of the link format made it.
    Version {
        /// Which.
        version: String,
    },
    /// A character of the packed part is none of base64url's.
    Base64 {
        /// Which, counted from 1 after the version and its dot.
        at: usize,
        /// The character.
        found: char,
    },
    /// Its end is missing.
    CutShort,
    /// The packed part is not deflated data.
    Damaged,
    /// The packed part holds more than a scenario may.
    TooLarge,
    /// The packed part is not a text in UTF-8.
    NoText,
    /// The packed part is not JSON.
    Json(Problem),
    /// A part of the packed JSON is not what it must be.
    Part {
        /// Its name; empty for the whole.
        name: String,
        /// What stands there.
        found: String,
    },
    /// The scenario in it cannot run.
    Scenario(Vec<Problem>),
    /// A parameter makes no sense.
    Parameter {
        /// Its name.
        name: &'static str,
        /// What stands there.
        found: String,
        /// What is allowed.
        allowed: &'static str,
    },
}

impl LinkError {
    /// The same as a list: what is wrong, and what to do about it.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        const AGAIN: &str = "copy the whole link again, or ask its sender for a file";
        let link = |found: String, remedy: &str| vec![Problem::new("link", found, remedy)];
        match self {
            Self::NoLink => link(
                "there is no scenario in it".into(),
                "a link has `#1.` and the packed scenario after its address",
            ),
            Self::TooLong { bytes } => link(format!("it has {bytes} bytes"), AGAIN),
            Self::Version { version } => link(
                format!("made by version {version} of the link format"),
                &format!(
                    "this engine reads version {LINK_VERSION}; open the link where it was made"
                ),
            ),
            Self::Base64 { at, found } => link(
                format!("character {at} of the packed part, {found:?}, cannot stand there"),
                AGAIN,
            ),
            Self::CutShort => link("its end is missing".into(), AGAIN),
            Self::Damaged => link("the packed part is damaged".into(), AGAIN),
            Self::TooLarge => link(
                format!("what is packed in it has more than {MAX_BYTES} bytes"),
                "no scenario is as large; ask its sender for a file",
            ),
            Self::NoText => link("what is packed in it is not a text".into(), AGAIN),
            Self::Json(problem) => {
                vec![Problem::new("link", problem.found.clone(), problem.remedy.clone())]
            }
            Self::Part { name, found } => vec![Problem::new(
                if name.is_empty() { "link".into() } else { format!("link.{name}") },
                format!("found {found}"),
                "a link packs `s`, a scenario, and perhaps `i` and `c`, lists of texts",
            )],
            Self::Scenario(problems) => problems.clone(),
            Self::Parameter { name, found, allowed } => vec![Problem::new(
                format!("link.{name}"),
                format!("found {found}"),
                format!("allowed: {allowed}"),
            )],
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems().iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for LinkError {}
