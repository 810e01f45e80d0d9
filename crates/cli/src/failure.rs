//! How a command ends.

use std::io;
use std::process::ExitCode;

use interleave_engine::scenario::Problem;
use interleave_engine::session::ENGINE;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::output::to_stderr;

/// The exit code for input that cannot be run, and for output that cannot be written.
pub const EXIT_BAD_INPUT: u8 = 2;
/// The exit code for a property that is violated.
const EXIT_VIOLATED: u8 = 1;

/// What came of a command that did its work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing is violated.
    Fine,
    /// A property is violated.
    Violated,
}

impl Verdict {
    /// The verdict on properties of which each holds or not.
    pub fn of(all_hold: bool) -> Self {
        if all_hold { Self::Fine } else { Self::Violated }
    }

    /// Its exit code.
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Fine => ExitCode::SUCCESS,
            Self::Violated => ExitCode::from(EXIT_VIOLATED),
        }
    }
}

/// Why a command could not do its work. There is at least one problem.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadInput {
    /// Which input, as it is called in messages: a file's name, `standard input`.
    pub from: Option<String>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

impl BadInput {
    /// Problems of an input that has a name.
    pub fn of(from: &str, problems: Vec<Problem>) -> Self {
        Self { from: Some(from.to_owned()), problems }
    }

    /// What the parser of the arguments found.
    pub fn of_arguments(error: &clap::Error) -> Self {
        let text = error.to_string();
        let found = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        Problem::new("arguments", found, "interleave --help lists what is allowed").into()
    }

    /// Each problem on a line of standard error, where it is, what was found, what to do.
    pub fn print_to_stderr(&self) {
        for problem in &self.problems {
            let from = self.from.as_deref().map(|from| format!("{from}: ")).unwrap_or_default();
            to_stderr("error", &format!("{from}{problem}"));
        }
    }
}

impl From<Problem> for BadInput {
    fn from(problem: Problem) -> Self {
        Self { from: None, problems: vec![problem] }
    }
}

impl From<io::Error> for BadInput {
    fn from(error: io::Error) -> Self {
        Problem::new("standard output", error.to_string(), "write to another place").into()
    }
}

impl Serialize for BadInput {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Shown<'a> {
            path: &'a str,
            found: &'a str,
            remedy: &'a str,
        }
        let problems: Vec<Shown<'_>> = self
            .problems
            .iter()
            .map(|Problem { path, found, remedy }| Shown { path, found, remedy })
            .collect();
        let mut object = serializer.serialize_struct("BadInput", 3)?;
        object.serialize_field("engine", ENGINE)?;
        object.serialize_field("input", &self.from)?;
        object.serialize_field("problems", &problems)?;
        object.end()
    }
}
