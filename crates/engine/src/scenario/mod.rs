//! The scenario: the document that is the whole input of a run.
//!
//! [`parse()`] turns a text into a [`Scenario`] that means something; [`validate()`] says the same of
//! one that was made in code. `docs/scenario.md` is the reference.

mod at;
pub mod bounds;
pub mod document;
pub(crate) mod node;
pub(crate) mod parse;
pub mod place;
pub mod problem;
mod shape;
mod shapes;
pub mod shipped;
pub mod text;
mod validate;

pub use at::MAX_PROBLEMS;
pub use document::Scenario;
pub use parse::parse;
pub use problem::Problem;
pub use shipped::{Shipped, by_name, shipped};
pub use validate::validate;

/// The JSON Schema of a scenario, generated from the types.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Scenario).to_value()
}
