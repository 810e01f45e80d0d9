//! What an exploration found, as plain data.

use super::StateIx;

/// Why an exploration is where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// There is more to do.
    Running,
    /// Every reachable state was visited.
    Complete,
    /// A further state was found when `states` had been visited already.
    CutAtStates {
        /// The limit that was reached.
        states: u32,
    },
    /// All states within `depth` levels were visited, and there are more behind them.
    CutAtDepth {
        /// The limit that was reached, in levels.
        depth: u32,
    },
    /// The memory allowed is used up, or the machine has no more: there may be states that were not visited.
    CutAtMemory,
    /// Paths were drawn at random: whatever was not drawn is not known.
    Sampled,
    /// The violations asked for were found, and the rest was left.
    StoppedAtViolation,
}

/// What is known of one property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds in every reachable state of the model.
    Holds,
    /// It holds in every state that was checked, but there are others.
    HoldsSoFar,
    /// It is broken. Where the search was breadth first, no shorter path breaks it.
    Violated(Violation),
}

/// The first state, in the order of the search, that breaks a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The state, for [`Explorer::path`](super::Explorer::path).
    pub state: StateIx,
    /// Steps from an initial state to it.
    pub steps: u32,
    /// Whether the state is at rest.
    pub at_rest: bool,
}

/// A property's name and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyReport {
    /// The name that the model gives it.
    pub name: String,
    /// What is known.
    pub verdict: Verdict,
}

/// The figures of an exploration, finished or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Distinct states visited.
    pub distinct: u64,
    /// Initial states and every successor of every expanded state, repeats included (TLC's "states generated").
    pub generated: u64,
    /// Levels: one more than the steps of the longest path that was taken to a new state; breadth first that is
    /// TLC's "depth", and the initial states are level 1.
    pub depth: u32,
    /// States whose successors have been generated.
    pub expanded: u64,
    /// States in which the properties have been checked.
    pub checked: u64,
    /// States at rest among those checked.
    pub at_rest: u64,
    /// Pairs of different states joined by at least one step, if they were to be counted.
    pub edges: Option<u64>,
    /// Whether that is all there is.
    pub coverage: Coverage,
    /// The model's properties, in its order.
    pub properties: Vec<PropertyReport>,
    /// An upper bound of the probability that two visited states shared a fingerprint by chance, which
    /// would have hidden one of them: n^2 / 2^65 for n states and a random 64-bit fingerprint.
    pub collision_probability: f64,
    /// Bytes held for visited states, with what is needed to rebuild the path to each.
    pub memory_bytes: u64,
    /// Bytes held for states that wait to be expanded, whole ones by the model's estimate.
    pub waiting_bytes: u64,
    /// Where the ways to rest were asked for and the search has ended: the first state from which no fair step
    /// leads on to rest, and how many such states there are.
    pub no_rest: Option<(Violation, u32)>,
}

impl Report {
    /// The verdict on a property by its name.
    #[must_use]
    pub fn verdict(&self, name: &str) -> Option<Verdict> {
        self.properties
            .iter()
            .find(|property| property.name == name)
            .map(|property| property.verdict)
    }
}
