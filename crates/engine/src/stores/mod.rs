//! Where services keep their state: databases and the broker. A pattern has no state of its own
//! beside these and its volatile memory, so that rows, logs and topics draw with no code for it.

mod broker;
mod copies;
mod database;
pub mod event_log;
pub mod event_store;
pub mod locks;
mod members;
mod sessions;
mod streams;
pub mod transactions;

pub use broker::{Broker, StoredRecord};
pub use copies::{RowVersion, Snapshot};
pub use database::{Database, InboxEntry, LogRecord};
pub use members::{Assignor, GroupRules, Held, Members, Rebalance};
pub use sessions::{Action, Progress, SessionRules};
pub use streams::{StreamRules, Versions};
