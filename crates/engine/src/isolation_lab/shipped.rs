//! The experiments that come with Interleave.

use std::rc::Rc;

use super::experiment::Experiment;
use super::text::read;

/// An experiment that comes with Interleave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shipped {
    /// The name by which links and arguments know it.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! experiments {
    ($($name:literal),* $(,)?) => {
        &[$(Shipped { name: $name, text: include_str!(concat!("experiments/", $name, ".txt")) }),*]
    };
}

const ALL: &[Shipped] = experiments![
    "lost-update",
    "lost-update-mended",
    "write-skew",
    "doctors-on-call",
    "read-skew",
    "read-skew-predicate",
    "read-skew-write",
    "dirty-write",
    "aborted-read",
    "intermediate-read",
    "circular-flow",
    "observed-vanishes",
    "predicate-preceders",
    "predicate-preceders-write",
    "write-skew-predicate",
    "read-only-anomaly",
    "opposite-transfers",
];

impl Shipped {
    /// The experiment.
    /// A test reads each, so that none is empty.
    #[must_use]
    pub fn experiment(&self) -> Rc<Experiment> {
        Rc::new(read(self.text).unwrap_or_default())
    }
}

/// Those that come with Interleave, the best known first.
#[must_use]
pub fn shipped() -> &'static [Shipped] {
    ALL
}

/// The one of a name.
#[must_use]
pub fn named(name: &str) -> Option<Shipped> {
    ALL.iter().find(|shipped| shipped.name == name).copied()
}
