//! Long work cut into slices of time, so that whoever does it can listen in between.

use std::rc::Rc;

use interleave_engine::isolation_lab::{self, Mistake, Setting, Trial};
use interleave_engine::scenario::{Problem, Scenario};
use interleave_engine::session::{self, Check, CheckRequest, RunInput};
use interleave_engine::why::{Samples, Why};

use super::message::{Ask, Known, Told};
use crate::words;

/// How long one slice may take, in milliseconds: short enough that no key press and no Stop waits for it.
const SLICE_MS: f64 = 24.0;
/// How often what is known is told, in milliseconds.
const TELL_EVERY_MS: f64 = 100.0;
/// A report replays each counterexample; it may take no more than one part in so many of the time.
const TELL_SHARE: f64 = 12.0;
/// How long one bite of a slice shall take, in milliseconds. Work is bitten off in small pieces, since a piece that
/// was over early (the end of a round) says nothing of how long the next one takes.
const BITE_MS: f64 = 3.0;
/// The most states of one bite, whatever the pace.
const STATES_MAX: f64 = 20_000.0;

/// Work that can be done in parts.
enum Task {
    Check(Box<dyn Check>),
    Why(Box<Why>),
    Samples(Box<Samples>),
    Isolation(Box<Trial>),
}

impl Task {
    fn run_slice(&mut self, states_max: u32) -> bool {
        match self {
            Self::Check(check) => check.run_slice(states_max),
            Self::Why(why) => why.run_slice(states_max),
            Self::Samples(samples) => samples.run_slice(states_max),
            Self::Isolation(trial) => trial.run_slice(states_max),
        }
    }

    fn known(&self) -> Known {
        match self {
            Self::Check(check) => Known::Check(check.report()),
            Self::Why(why) => Known::Why(Box::new(why.report())),
            Self::Samples(samples) => Known::Samples(Box::new(samples.report())),
            Self::Isolation(trial) => Known::Isolation(Box::new(trial.table())),
        }
    }
}

/// Work that is being done.
pub struct Slices {
    task: Task,
    states: f64,
    began_ms: f64,
    tell_at_ms: f64,
}

/// What came of a slice.
pub struct Slice {
    /// Whether nothing is left to do.
    pub done: bool,
    /// What is known, where it is time to tell.
    pub known: Option<Known>,
}

impl Slices {
    /// Begins what is asked.
    ///
    /// # Errors
    /// A line for each mistake, with its path and its remedy.
    pub fn begin(ask: &Ask, now_ms: f64) -> Result<Self, Vec<String>> {
        let task = match ask {
            Ask::Check { scenario, request } => {
                Task::Check(check(words::parse_scenario(scenario)?, request)?)
            }
            Ask::Why(request) => Task::Why(Box::new(Why::new(request).map_err(lines)?)),
            Ask::Samples(request) => Task::Samples(Box::new(Samples::new(request).map_err(lines)?)),
            Ask::Isolation { text } => {
                let told = |mistakes: Vec<Mistake>| {
                    mistakes.iter().map(Mistake::to_string).collect::<Vec<_>>()
                };
                let experiment = isolation_lab::read(text).map_err(told)?;
                Task::Isolation(Box::new(Trial::new(Rc::new(experiment), Setting::all(), None)))
            }
            Ask::Stop => return Err(vec!["there is nothing to stop".into()]),
        };
        Ok(Self { task, states: 16.0, began_ms: now_ms, tell_at_ms: now_ms })
    }

    /// Works for one slice by the clock that is given, in milliseconds.
    pub fn slice(&mut self, clock_ms: impl Fn() -> f64) -> Slice {
        let began = clock_ms();
        let mut now = began;
        let mut done = false;
        while !done && now - began < SLICE_MS {
            done = self.task.run_slice(self.states as u32);
            let after = clock_ms();
            // As many as fit into a bite at the pace of this one; never a jump by more than double.
            let pace = (BITE_MS / (after - now).max(0.05)).clamp(0.25, 2.0);
            self.states = (self.states * pace).clamp(1.0, STATES_MAX);
            // A clock that stands still must not make a slice without end.
            now = after.max(now + 0.05);
        }
        let known = (done || now >= self.tell_at_ms).then(|| {
            let known = self.task.known();
            let told = clock_ms();
            self.tell_at_ms = told + TELL_EVERY_MS.max((told - now) * TELL_SHARE);
            known
        });
        Slice { done, known }
    }

    /// What is known now.
    #[must_use]
    pub fn known(&self) -> Known {
        self.task.known()
    }

    /// What is known, to be told.
    #[must_use]
    pub fn told(&self, known: Known, last: bool, now_ms: f64, heap_bytes: f64) -> Told {
        Told { known, last, elapsed_ms: now_ms - self.began_ms, heap_bytes }
    }
}

fn lines(problems: Vec<Problem>) -> Vec<String> {
    problems.iter().map(Problem::to_string).collect()
}

fn check(scenario: Scenario, request: &CheckRequest) -> Result<Box<dyn Check>, Vec<String>> {
    let session = session::open(&RunInput::of(scenario)).map_err(lines)?;
    session.check(request).map_err(|problem| lines(vec![problem]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use interleave_engine::scenario::shipped;
    use std::cell::Cell;

    /// A clock that moves on by so much at each look.
    fn clock(by_ms: f64) -> impl Fn() -> f64 {
        let now = Cell::new(0.0);
        move || {
            now.set(now.get() + by_ms);
            now.get()
        }
    }

    fn ask(request: CheckRequest) -> Ask {
        let scenario = shipped::shipped().first().unwrap().scenario();
        Ask::Check { scenario: interleave_engine::scenario::text::short(&scenario), request }
    }

    #[test]
    fn a_check_in_slices_ends_and_reports_at_its_end() {
        let request = CheckRequest { max_states: Some(2_000), ..CheckRequest::default() };
        let mut slices = Slices::begin(&ask(request), 0.0).unwrap();
        let now = clock(10.0);
        let mut told = 0;
        let last = loop {
            let slice = slices.slice(&now);
            told += u32::from(slice.known.is_some());
            if slice.done {
                break slice.known.unwrap();
            }
        };
        let Known::Check(report) = last else { panic!("a check tells of a check") };
        assert!(report.done && report.states > 0);
        assert!(told >= 1);
    }

    #[test]
    fn a_slow_machine_gets_small_slices() {
        let mut slices = Slices::begin(&ask(CheckRequest::default()), 0.0).unwrap();
        let now = clock(1_000.0);
        for _ in 0..20 {
            if slices.slice(&now).done {
                break;
            }
        }
        assert!(slices.states <= 1.0);
    }

    #[test]
    fn an_unknown_property_is_refused_with_a_remedy() {
        let request =
            CheckRequest { properties: Some(vec!["beauty".into()]), ..CheckRequest::default() };
        let refused = Slices::begin(&ask(request), 0.0).err().unwrap();
        assert!(refused[0].contains("beauty"), "{refused:?}");
    }
}
