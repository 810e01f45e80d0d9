//! The isolation laboratory: every interleaving of a few short transactions at every level.
//!
//! An [`Experiment`] is read from text ([`read`]) or [`shipped()`]. A [`Trial`] explores it under each
//! [`Setting`] on the real store, names what the interleavings show ([`Phenomenon`]), and says how
//! what does not show is prevented. [`play`] runs one schedule and tells it step by step.
//! `docs/isolation-laboratory.md` says how it works and what is not modelled.

mod experiment;
mod explore;
mod journal;
mod machine;
mod phenomena;
mod played;
mod setting;
mod shipped;
mod statement_text;
mod text;
mod tokens;
mod trial;
mod unguarded;

pub use experiment::{End, Experiment, Line, Mistake, Script, TEXT_MAX, TRANSACTIONS_MAX, Table};
pub use explore::{Exploration, Extent, LabModel, STATES_MAX, Tally, shown};
pub use journal::History;
pub use machine::{Bench, Did, Machine, Standing, Stepped};
pub use phenomena::{Kind, Phenomenon, Shown, anomalies};
pub use played::{Moment, Note, Played, Reason, Tone, play};
pub use setting::{Setting, Style};
pub use shipped::{Shipped, named, shipped};
pub use text::read;
pub use trial::{Cell, Row, Table as Results, Trial, Verdict};
