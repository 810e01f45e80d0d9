//! The search that a check makes, wherever it runs: in a worker of the page, or in slices on it.

pub mod message;
pub mod slices;
