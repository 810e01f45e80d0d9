//! What is wrong with an input, where, and what to do about it.

use std::fmt;

/// One mistake in an input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Where: `transactions.checkout.steps[2].service`; empty for the input as a whole.
    pub path: String,
    /// What was found.
    pub found: String,
    /// What is allowed, or what to do.
    pub remedy: String,
}

impl Problem {
    /// A problem at a path.
    #[must_use]
    pub fn new(
        path: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { path: path.into(), found: found.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "{}; {}", self.found, self.remedy)
        } else {
            write!(f, "{}: {}; {}", self.path, self.found, self.remedy)
        }
    }
}

impl std::error::Error for Problem {}
