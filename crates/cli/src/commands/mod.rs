//! The commands, a file each.

pub mod check;
pub mod compare;
pub mod import;
pub mod isolation;
pub mod link;
pub mod lists;
pub mod open;
pub mod run;
pub mod stories;
