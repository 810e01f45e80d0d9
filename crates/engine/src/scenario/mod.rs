//! The scenario: the document that is the whole input of a run.

pub mod document;
pub mod problem;

pub use document::Scenario;
pub use problem::Problem;
