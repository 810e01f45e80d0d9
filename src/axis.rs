//! The axis of a run: virtual time, or steps where the run has no clock.

use interleave_engine::ids::EventIx;
use interleave_engine::trace::Trace;
use interleave_engine::views::format;
use interleave_engine::views::lanes::Axis as Measure;

/// The axis of a run.
#[derive(Clone, Copy)]
pub struct Axis<'a> {
    trace: &'a Trace,
    /// What it measures.
    pub measure: Measure,
    /// Whether the run is a schedule: steps, no time.
    pub steps: bool,
}

impl<'a> Axis<'a> {
    /// The axis of a trace.
    #[must_use]
    pub fn new(trace: &'a Trace, steps: bool) -> Self {
        let measure = if steps { Measure::Steps } else { Measure::Time };
        Self { trace, measure, steps }
    }

    /// The place of an event; the end where there is no such event.
    #[must_use]
    pub fn of(&self, event: EventIx) -> f64 {
        self.trace
            .get(event)
            .map_or_else(|| self.end(), |event| self.measure.position(event) as f64)
    }

    /// The last event at or before a place; the first event where there is none.
    #[must_use]
    pub fn at(&self, place: f64) -> EventIx {
        self.measure.event_at(self.trace, place.max(0.0) as u64).unwrap_or_default()
    }

    /// Its end.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.trace.events().last().map_or(0.0, |event| self.measure.position(event) as f64)
    }

    /// A place in words: `318.204 ms`, `step 9`.
    #[must_use]
    pub fn label(&self, place: f64) -> String {
        let place = place.max(0.0) as u64;
        if self.steps {
            return format!("step {place}");
        }
        format::clock(place)
    }

    /// The end in words: `2.4 s`, `14 steps`.
    #[must_use]
    pub fn end_label(&self) -> String {
        self.length(self.end())
    }

    /// A length in words.
    #[must_use]
    pub fn length(&self, units: f64) -> String {
        let units = units.max(0.0) as u64;
        if self.steps { format::counted(units, "step", "steps") } else { format::duration(units) }
    }

    /// A round place in few words, for the axis of a diagram.
    #[must_use]
    pub fn tick(&self, place: f64) -> String {
        if self.steps { format!("{place:.0}") } else { format::duration(place.max(0.0) as u64) }
    }
}

/// Speeds: units of the axis a millisecond of the person's time, and how they are written.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Speed {
    /// Units of the axis a real millisecond.
    pub units_per_ms: f64,
    /// As on the button.
    pub label: &'static str,
}

const fn speed(units_per_ms: f64, label: &'static str) -> Speed {
    Speed { units_per_ms, label }
}

/// The speeds of a run with a clock: 1,000 microseconds a real millisecond is real time.
pub const OF_TIME: [Speed; 11] = [
    speed(1.0, "1/1000×"),
    speed(2.0, "1/500×"),
    speed(5.0, "1/200×"),
    speed(10.0, "1/100×"),
    speed(20.0, "1/50×"),
    speed(50.0, "1/20×"),
    speed(200.0, "1/5×"),
    speed(1_000.0, "1×"),
    speed(10_000.0, "10×"),
    speed(100_000.0, "100×"),
    speed(1e12, "as fast as it goes"),
];

/// The speeds of a schedule.
pub const OF_STEPS: [Speed; 7] = [
    speed(0.000_5, "1 step / 2 s"),
    speed(0.001, "1 step / s"),
    speed(0.002, "2 steps / s"),
    speed(0.005, "5 steps / s"),
    speed(0.02, "20 steps / s"),
    speed(0.1, "100 steps / s"),
    speed(1e12, "as fast as it goes"),
];

/// The speeds of an axis.
#[must_use]
pub fn speeds(steps: bool) -> &'static [Speed] {
    if steps { &OF_STEPS } else { &OF_TIME }
}

/// The speed to begin with: one at which an event can be followed by eye, about two a second,
/// but no run takes longer than two minutes.
#[must_use]
pub fn calm_speed(trace: &Trace, steps: bool) -> usize {
    if steps {
        return 1;
    }
    let events = trace.len().max(1) as f64;
    let end_us = trace.end() as f64;
    let per_ms = (end_us / (events * 220.0)).max(end_us / 120_000.0);
    OF_TIME.iter().rposition(|speed| speed.units_per_ms <= per_ms).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use interleave_engine::event::{Event, EventKind};
    use interleave_engine::ids::NodeIx;

    fn trace(times: &[u64]) -> Trace {
        let mut trace = Trace::default();
        for (step_no, at) in times.iter().enumerate() {
            trace.push(Event {
                at: *at,
                step_no: step_no as u32,
                node: NodeIx(0),
                txn: None,
                step: None,
                cause: None,
                kind: EventKind::ReplyLost,
            });
        }
        trace
    }

    #[test]
    fn a_place_between_two_events_belongs_to_the_first() {
        let trace = trace(&[10, 20, 20, 30]);
        let axis = Axis::new(&trace, false);
        assert_eq!(axis.at(0.0), EventIx(0));
        assert_eq!(axis.at(20.0), EventIx(2));
        assert_eq!(axis.at(29.9), EventIx(2));
        assert_eq!(axis.at(99.0), EventIx(3));
    }

    #[test]
    fn a_schedule_counts_steps() {
        let trace = trace(&[0, 0, 0]);
        let axis = Axis::new(&trace, true);
        assert_eq!(axis.at(1.9), EventIx(1));
        assert!((axis.end() - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_calm_speed_never_takes_longer_than_two_minutes() {
        let long = trace(&[0, 600_000_000]);
        let chosen = OF_TIME[calm_speed(&long, false)];
        assert!(600_000_000.0 / chosen.units_per_ms <= 600_000.0);
        assert_eq!(calm_speed(&trace(&[0, 100]), false), 0);
    }
}
