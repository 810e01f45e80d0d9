//! The event store: streams of events under optimistic concurrency, what folding them gives, and
//! the read models that follow them.

pub mod append;
pub mod fold;
pub mod projection;
pub mod store;
