//! What each command does, by what it changes.

pub mod address;
pub mod check;
pub mod compare;
pub mod desk;
pub mod first_visit;
pub mod hand;
pub mod isolation;
pub mod learn;
pub mod look;
pub mod runs;
pub mod saved;
pub mod select;
pub mod story;
pub mod sweep;
pub mod time;
pub mod why;
