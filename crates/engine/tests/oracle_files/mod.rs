//! One module for each oracle file. Each has a `run` that takes the file and returns what became
//! of its records; it reads the format and knows no answers.

pub(crate) mod composition;
pub(crate) mod counts;
pub(crate) mod deadlocks;
pub(crate) mod estimate;
pub(crate) mod event_store;
pub(crate) mod fan_out;
pub(crate) mod hermitage;
pub(crate) mod history;
pub(crate) mod history_text;
pub(crate) mod kafka;
pub(crate) mod locking;
pub(crate) mod networks;
pub(crate) mod pbs;
pub(crate) mod prepared;
pub(crate) mod queueing;
pub(crate) mod queueing_rules;
pub(crate) mod record;
pub(crate) mod sagas;
pub(crate) mod schedules;
pub(crate) mod sessions;
pub(crate) mod sql;
pub(crate) mod ssi;
pub(crate) mod staleness;
pub(crate) mod stations;
pub(crate) mod table;
pub(crate) mod two_phase_commit;
pub(crate) mod two_phase_costs;
