//! The drivers: who picks the next choice.

pub mod explore;
pub mod model;
