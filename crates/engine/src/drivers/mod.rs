//! The drivers: who picks the next choice.

pub mod explore;
pub mod model;
pub(crate) mod replay;
pub(crate) mod scenario_model;
pub(crate) mod simulate;

pub use scenario_model::costs;

#[cfg(test)]
mod tests;
