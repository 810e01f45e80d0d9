//! Processes that share memory, and processes that share nothing.

use interleave_engine::drivers::model::{Model, PropertyIx};
use interleave_engine::fingerprint::{Fingerprint, Multiset};

/// Every process reads a counter and then writes one more than it read: the lost update.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Increment {
    pub processes: usize,
    pub symmetric: bool,
}

/// The counter, and of each process what it read and how many of its two steps it has taken.
pub(crate) type Counter = (u8, Vec<(u8, u8)>);

/// A step of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read(usize),
    Write(usize),
}

impl Model for Increment {
    type State = Counter;
    type Action = Access;

    fn initial(&self, emit: &mut dyn FnMut(Counter)) {
        emit((0, vec![(0, 0); self.processes]));
    }

    /// In the order of the processes.
    fn successors(&self, (counter, processes): &Counter, emit: &mut dyn FnMut(Access, Counter)) {
        for (i, (read, steps)) in processes.iter().enumerate() {
            let mut next = processes.clone();
            match steps {
                0 => {
                    next[i] = (*counter, 1);
                    emit(Access::Read(i), (*counter, next));
                }
                1 => {
                    next[i].1 = 2;
                    emit(Access::Write(i), (read + 1, next));
                }
                _ => {}
            }
        }
    }

    fn fingerprint(&self, (counter, processes): &Counter) -> u64 {
        if self.symmetric {
            let mut set = Multiset::new();
            processes.iter().for_each(|process| set.add(process));
            return Fingerprint::of(&(*counter, set));
        }
        Fingerprint::of(&(*counter, processes.as_slice()))
    }

    fn properties(&self) -> Vec<String> {
        vec!["no update is lost".into(), "no update is lost at rest".into()]
    }

    fn check(
        &self,
        (counter, processes): &Counter,
        at_rest: bool,
        violated: &mut dyn FnMut(PropertyIx),
    ) {
        let written = processes.iter().filter(|(_, steps)| *steps == 2).count();
        if written != usize::from(*counter) {
            violated(PropertyIx(0));
            if at_rest {
                violated(PropertyIx(1));
            }
        }
    }
}

/// Processes that load, run, and from then on pause and run again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pausing {
    pub processes: usize,
    pub symmetric: bool,
}

/// What one of the [`Pausing`] processes is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Loading,
    Running,
    Paused,
}

impl Model for Pausing {
    type State = Vec<Phase>;
    /// The process that moves.
    type Action = usize;

    fn initial(&self, emit: &mut dyn FnMut(Vec<Phase>)) {
        emit(vec![Phase::Loading; self.processes]);
    }

    /// In the order of the processes.
    fn successors(&self, state: &Vec<Phase>, emit: &mut dyn FnMut(usize, Vec<Phase>)) {
        for (i, phase) in state.iter().enumerate() {
            let mut next = state.clone();
            next[i] = match phase {
                Phase::Loading | Phase::Paused => Phase::Running,
                Phase::Running => Phase::Paused,
            };
            emit(i, next);
        }
    }

    fn fingerprint(&self, state: &Vec<Phase>) -> u64 {
        let codes: Vec<u8> = state.iter().map(|phase| *phase as u8).collect();
        if self.symmetric {
            let mut set = Multiset::new();
            codes.iter().for_each(|code| set.add(code));
            return Fingerprint::of(&set);
        }
        Fingerprint::of(&codes)
    }
}

/// One process that takes one of several decisions, once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decide {
    pub options: u8,
}

impl Model for Decide {
    type State = Option<u8>;
    type Action = u8;

    fn initial(&self, emit: &mut dyn FnMut(Option<u8>)) {
        emit(None);
    }

    /// In the order of the options.
    fn successors(&self, state: &Option<u8>, emit: &mut dyn FnMut(u8, Option<u8>)) {
        if state.is_none() {
            (0..self.options).for_each(|option| emit(option, Some(option)));
        }
    }

    fn fingerprint(&self, state: &Option<u8>) -> u64 {
        Fingerprint::of(state)
    }
}
