//! What a history of operations satisfies, and what it breaks.
//!
//! A history is what clients saw: transactions of reads, writes and appends, or single operations
//! on one object, or a session's reads of replicas. Nothing here knows a database or a pattern, so
//! the same judgement holds for a run of the engine and for a history written down by hand.
//!
//! * [`lists`] and [`versions`] read transactional histories into a [`graph::Graph`] of
//!   dependencies; [`cycles`] names the anomalies in it and the cycle that shows each one;
//! * [`models`] says which consistency models a set of [`anomaly::Anomaly`] rules out;
//! * [`linear`] decides linearizability and sequential consistency;
//! * [`steady`] says whether what a transaction sees stays put from statement to statement;
//! * [`sessions`] and [`replicas`] judge the four session guarantees, by what a client saw and by
//!   what the replicas held.

pub mod anomaly;
pub mod cycles;
pub mod graph;
pub mod linear;
pub mod lists;
pub mod models;
pub mod objects;
pub mod replicas;
pub mod sessions;
pub mod steady;
pub mod versions;

mod judgement;
mod transaction;

pub use judgement::{Found, Judgement, Shown};
pub use transaction::{Fate, Item, Transaction};
