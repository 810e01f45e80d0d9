//! One further check of the same property, in slices.

use std::fmt;

use super::report::Verdict;
use crate::scenario::document::Budget;
use crate::scenario::{Problem, Scenario};
use crate::session::{self, Check, CheckRequest, RunInput, Search};

/// States between two looks at whether the property is broken already.
const LOOK_EVERY: u32 = 256;

/// A check of one property.
pub(super) struct Recheck {
    check: Box<dyn Check>,
    id: String,
    title: String,
    states: u64,
}

impl fmt::Debug for Recheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recheck of {} after {} states", self.title, self.states)
    }
}

impl Recheck {
    /// Begins a check of a scenario within the bounds of another.
    ///
    /// # Errors
    /// Everything that is wrong with the scenario.
    pub(super) fn new(
        scenario: &Scenario,
        like: &CheckRequest,
        faults: Budget,
        states_most: u64,
        (id, title): (&str, &str),
    ) -> Result<Self, Vec<Problem>> {
        let session = session::open(&RunInput::of(scenario.clone()))?;
        let request = CheckRequest {
            faults: Some(faults),
            max_states: Some(like.max_states.unwrap_or(states_most).min(states_most)),
            properties: Some(vec![id.to_owned()]),
            // Another invariant may share the id, and its violation is not what is asked for.
            first_only: false,
            search: Search::BreadthFirst,
            deepen: false,
            ..like.clone()
        };
        let check = session.check(&request).map_err(|problem| vec![problem])?;
        Ok(Self { check, id: id.to_owned(), title: title.to_owned(), states: 0 })
    }

    /// Works on for at most so many states; the verdict, once there is one.
    pub(super) fn run_slice(&mut self, states_max: u32) -> Option<Verdict> {
        let mut left = states_max.max(1);
        loop {
            let part = left.min(LOOK_EVERY);
            let done = self.check.run_slice(part);
            left -= part;
            let report = self.check.report();
            self.states = report.states;
            let mine =
                report.properties.iter().find(|of| of.id == self.id && of.title == self.title);
            let states = report.states;
            let Some(mine) = mine else { return Some(Verdict::NothingToBreak) };
            if let Some(schedule) = &mine.counterexample {
                return Some(Verdict::Broken { schedule: schedule.clone(), states });
            }
            if done {
                return Some(if report.complete {
                    Verdict::Holds { states }
                } else {
                    Verdict::Undecided { states }
                });
            }
            if left == 0 {
                return None;
            }
        }
    }

    /// What it allows, in words.
    pub(super) fn bounds(&self) -> String {
        self.check.report().bounds
    }

    /// Distinct states so far.
    pub(super) fn states(&self) -> u64 {
        self.states
    }
}
