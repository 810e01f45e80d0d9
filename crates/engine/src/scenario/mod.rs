//! The scenario: the document that is the whole input of a run.

pub mod document;
pub mod problem;
pub mod shipped;

pub use document::Scenario;
pub use problem::Problem;
pub use shipped::{Shipped, by_name, shipped};
