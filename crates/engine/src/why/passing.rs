//! The nearest run that passes: the one that follows a counterexample for longest.
//!
//! From the end of the schedule backwards, everything that can happen without a further fault is
//! tried from each of its states, until a run comes to rest with the property holding. What was tried
//! behind a later state is not tried again, so that the first run found shares more choices with the
//! counterexample than any other that takes no further fault.

use std::collections::BTreeSet;

use super::ground::{Ground, Judged, Played, State};
use crate::choice::Choice;

/// States tried behind each state of the schedule, once the bound on all is reached.
const EACH_BEYOND: u64 = 1_000;
/// No parent: a state of the schedule itself.
const ROOT: usize = usize::MAX;

/// What the document's own faults leave of a counterexample: the scenario without them, and as much
/// of the schedule as applies there and takes part in the same run.
pub(super) fn without_document_faults(
    ground: &Ground,
    played: &Played,
) -> Option<(Ground, Played)> {
    if ground.scenario.faults.is_empty() {
        return None;
    }
    let ground = ground.keeping_faults(|_| false)?;
    let mut state = ground.start();
    let mut same = 0;
    for (choice, theirs) in played.choices.iter().zip(&played.states[1..]) {
        match ground.after(&state, choice) {
            Some(next) if next.world.next_event == theirs.world.next_event => state = next,
            _ => break,
        }
        same += 1;
    }
    let prefix = ground.play(&played.choices[..same]).ok()?;
    Some((ground, prefix))
}

/// A run that passes.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// How many choices it shares.
    pub(super) shared: usize,
    /// Its choices.
    pub(super) choices: Vec<Choice>,
}

/// The search.
pub(super) struct Search {
    /// How many choices of the schedule are kept.
    shared: usize,
    seen: BTreeSet<u64>,
    /// Each state reached: its parent and the choice that led to it.
    links: Vec<(usize, Choice)>,
    /// States to try, the next last.
    stack: Vec<(usize, State)>,
    states_most: u64,
    /// Where the bound on states was reached: states tried behind the present one.
    beyond: Option<u64>,
    states: u64,
}

impl Search {
    pub(super) fn new(played: &Played, states_most: u64) -> Self {
        let mut search = Self {
            shared: played.choices.len(),
            seen: BTreeSet::new(),
            links: Vec::new(),
            stack: Vec::new(),
            states_most,
            beyond: None,
            states: 0,
        };
        search.begin(played);
        search
    }

    /// Distinct states tried.
    pub(super) fn states(&self) -> u64 {
        self.states
    }

    /// Whether a run that shares more may have been missed.
    pub(super) fn is_cut(&self) -> bool {
        self.beyond.is_some()
    }

    fn begin(&mut self, played: &Played) {
        self.links.clear();
        self.stack.clear();
        self.beyond = self.beyond.map(|_| 0);
        self.stack.push((ROOT, played.states[self.shared].clone()));
    }

    /// Tries at most so many states; `Some(None)` where no run passes.
    pub(super) fn run_slice(
        &mut self,
        ground: &Ground,
        played: &Played,
        states_max: u32,
    ) -> Option<Option<Found>> {
        for _ in 0..states_max {
            let Some((link, state)) = self.stack.pop() else {
                if self.shared == 0 {
                    return Some(None);
                }
                self.shared -= 1;
                self.begin(played);
                continue;
            };
            match self.try_one(ground, link, &state) {
                Judged::Holds => {
                    let mut choices = played.choices[..self.shared].to_vec();
                    choices.extend(self.path(link));
                    return Some(Some(Found { shared: self.shared, choices }));
                }
                Judged::Broken | Judged::Open => {}
            }
        }
        None
    }

    fn try_one(&mut self, ground: &Ground, link: usize, state: &State) -> Judged {
        let judged = ground.judge(state);
        if judged != Judged::Open || !self.seen.insert(ground.print(state)) {
            return judged;
        }
        self.states += 1;
        let full = match &mut self.beyond {
            None => {
                if self.states >= self.states_most {
                    self.beyond = Some(0);
                }
                self.states >= self.states_most
            }
            Some(count) => {
                *count += 1;
                *count > EACH_BEYOND
            }
        };
        if full {
            self.beyond = Some(0);
            // What was left behind may yet pass, by another way.
            self.seen.clear();
            self.stack.clear();
            return Judged::Open;
        }
        let mut kinds = Vec::new();
        state.world.ordinary(ground.arrivals, &mut kinds);
        for kind in kinds.into_iter().rev() {
            let choice = Choice::plain(kind);
            if let Some(next) = ground.after(state, &choice) {
                self.links.push((link, choice));
                self.stack.push((self.links.len() - 1, next));
            }
        }
        Judged::Open
    }

    /// The choices from the state of the schedule to one found.
    fn path(&self, mut link: usize) -> Vec<Choice> {
        let mut choices = Vec::new();
        while link != ROOT {
            let (parent, choice) = self.links[link];
            choices.push(choice);
            link = parent;
        }
        choices.reverse();
        choices
    }
}
