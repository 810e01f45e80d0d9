//! Paths from an initial state to a visited one.

use super::StateIx;

/// A path from an initial state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path<S, A> {
    /// Where it begins.
    pub initial: S,
    /// Each step's action and the state after it.
    pub steps: Vec<(A, S)>,
}

impl<S, A> Path<S, A> {
    /// The actions alone.
    pub fn into_actions(self) -> Vec<A> {
        self.steps.into_iter().map(|(action, _)| action).collect()
    }

    /// The state in which the path ends.
    pub fn last(&self) -> &S {
        self.steps.last().map_or(&self.initial, |(_, state)| state)
    }
}

/// Why a path cannot be rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathError {
    /// No state of that number has been visited.
    NoSuchState(StateIx),
    /// The model did not emit again what it had emitted: it is not deterministic.
    Diverged {
        /// The step that could not be taken again; 0 stands for the initial state.
        step: u32,
    },
}

impl std::fmt::Display for PathError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSuchState(StateIx(state)) => {
                write!(f, "state {state} has not been visited; ask for one that a report names")
            }
            Self::Diverged { step } => write!(
                f,
                "step {step} is not possible again; the model must emit the same steps in the same order each time"
            ),
        }
    }
}

impl std::error::Error for PathError {}
