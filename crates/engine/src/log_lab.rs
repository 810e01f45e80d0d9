//! The event log and the event store by themselves, for whoever holds them against other systems.
//!
//! Patterns use them through a service's store; here they stand alone, as plain data.

pub use crate::stores::event_log::{assignors, group, keys, partition, processing};
pub use crate::stores::event_store::{append, fold, projection, store};
