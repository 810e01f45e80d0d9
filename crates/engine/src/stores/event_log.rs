//! The event log of a broker: which partition a key goes to, what a partition keeps, who of a
//! consumer group reads it, and what a crash makes of the difference between "read" and "done".

pub mod assignors;
pub mod group;
pub mod keys;
pub mod partition;
pub mod processing;
