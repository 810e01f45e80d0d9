//! The deterministic pattern engine of Interleave.
//!
//! A [`session::Session`] is all that the page and the command line use; [`views`] derive what is
//! on screen from a trace. The map of the crate is in `ARCHITECTURE.md`.

#[cfg(test)]
extern crate self as interleave_engine;

pub mod by_hand;
pub mod cast;
pub mod choice;
mod choice_text;
pub mod compare;
pub mod drivers;
pub mod event;
mod event_canon;
mod family;
pub mod fingerprint;
pub mod history;
pub mod ids;
pub mod isolation_lab;
pub mod lab;
pub mod link;
pub mod log_lab;
#[cfg(feature = "mutations")]
pub mod mutation;
#[cfg(not(feature = "mutations"))]
mod mutation;
mod network;
mod out;
mod patterns;
mod plan;
pub mod properties;
pub mod rng;
pub mod scenario;
pub mod session;
mod stores;
pub mod stories;
pub mod trace;
pub mod value;
pub mod verdict;
pub mod views;
pub mod why;
mod world;
