//! What is on screen: pure functions of a trace and a cursor.
//!
//! Every view is plain data. The cursor is an event: a view shows the moment right after it.
//! [`Views`] holds what is built once over a trace and grows with it; the rest is asked for when
//! it is looked at.
//!
//! Views know the names of a run ([`crate::cast::Cast`]), its events and its verdicts, and nothing
//! of the world that made them: a trace that was read from a file draws the same.

use crate::cast::Cast;
use crate::ids::EventIx;
use crate::trace::Trace;

pub mod course;
pub mod critical;
pub mod evidence;
pub mod format;
pub mod frame;
pub mod gallop;
pub mod index;
pub mod lanes;
pub mod locks;
pub mod marks;
pub mod metrics;
pub mod missing;
pub mod parting;
pub mod pending;
pub mod replicas;
pub mod rows;
pub mod spans;
pub mod story;
pub mod streams;
pub mod topics;
pub mod transactions;

/// The indices of a run, kept along with its trace.
#[derive(Clone, Debug)]
pub struct Views {
    /// Where what stands in the trace.
    pub index: index::Index,
    /// Every moment.
    pub frames: frame::Frames,
}

impl Views {
    /// The views of a run of which nothing happened yet.
    #[must_use]
    pub fn new(cast: &Cast) -> Self {
        Self { index: index::Index::new(cast), frames: frame::Frames::new(cast) }
    }

    /// Takes in the events that the trace has gained since the last call.
    pub fn extend(&mut self, cast: &Cast, trace: &Trace) {
        self.index.extend(trace);
        self.frames.extend(cast, trace);
    }

    /// The moment right after an event; the last moment where the cursor lies behind the trace.
    #[must_use]
    pub fn frame(&self, cast: &Cast, trace: &Trace, cursor: EventIx) -> frame::Frame {
        let mut frame = self.frames.at(cast, trace, cursor);
        frame.look_ahead(&self.index);
        frame
    }
}
