//! The states that wait to be expanded, and how one is made again that was not kept.
//!
//! Whole states are kept only up to a number; behind it a waiting state is known by its number alone and is made
//! again when its turn comes, by taking the steps that lead to it. Neighbours in the order of expansion have nearly
//! the same steps behind them, so those that the last one shares with the next are not taken twice: over a whole
//! level each step of the tree of paths is taken once.

use std::collections::VecDeque;

use super::super::model::{Model, pick};
use super::Order;
use super::links::{Link, Links, NO_PARENT};

/// A state that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Its number.
    pub(super) at: u32,
    /// How many steps lead to it.
    pub(super) steps: u32,
    /// Its fingerprint.
    pub(super) fingerprint: u64,
}

/// The states that wait to be expanded.
pub(super) struct Waiting<S> {
    order: Order,
    entries: VecDeque<Entry>,
    /// Those that are kept whole, with their numbers, in the order of their entries.
    kept: VecDeque<(u32, S)>,
    /// How many whole states may be kept.
    room: usize,
}

impl<S> Waiting<S> {
    pub(super) fn new(order: Order, room: u32) -> Self {
        Self { order, entries: VecDeque::new(), kept: VecDeque::new(), room: room as usize }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many wait.
    pub(super) fn count(&self) -> u32 {
        self.entries.len() as u32
    }

    /// Lets a state wait; false where there is no memory for it.
    #[inline]
    pub(super) fn push(&mut self, entry: Entry, state: S) -> bool {
        if self.entries.len() == self.entries.capacity()
            && self.entries.try_reserve(self.entries.len().max(64)).is_err()
        {
            return false;
        }
        if self.kept.len() < self.room {
            self.kept.push_back((entry.at, state));
        }
        self.entries.push_back(entry);
        true
    }

    /// Depth first, the first of a state's successors goes on first: turns those from number `from` on around.
    pub(super) fn turn(&mut self, from: u32) {
        if self.order == Order::Depth {
            let entries = self.entries.make_contiguous();
            let old = entries.iter().rev().take_while(|entry| entry.at >= from).count();
            let first = entries.len() - old;
            entries[first..].reverse();
            let kept = self.kept.make_contiguous();
            let old = kept.iter().rev().take_while(|(at, _)| *at >= from).count();
            let first = kept.len() - old;
            kept[first..].reverse();
        }
    }

    /// The next one, with itself where it was kept.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(Entry, Option<S>)> {
        let breadth = self.order == Order::Breadth;
        let entry = if breadth { self.entries.pop_front() } else { self.entries.pop_back() }?;
        let next = if breadth { self.kept.front() } else { self.kept.back() };
        let state = if next.is_none_or(|(at, _)| *at != entry.at) {
            None
        } else if breadth {
            self.kept.pop_front()
        } else {
            self.kept.pop_back()
        };
        Some((entry, state.map(|(_, state)| state)))
    }

    /// Shows the number of each state that waits.
    pub(super) fn each(&self, show: &mut dyn FnMut(u32)) {
        for entry in &self.entries {
            show(entry.at);
        }
    }

    /// Bytes held, where a whole state holds so many.
    pub(super) fn memory_bytes(&self, state_bytes: u64) -> u64 {
        (self.entries.capacity() * size_of::<Entry>()) as u64 + self.kept.len() as u64 * state_bytes
    }
}

/// The states on the way to the one that was made again last.
pub(super) struct Retrace<S> {
    /// Numbers rise from one to the next, since a state is found after the one before it.
    way: Vec<(u32, S)>,
}

impl<S> Retrace<S> {
    pub(super) fn new() -> Self {
        Self { way: Vec::new() }
    }

    /// Makes a state again. `None` where the model does not emit again what it had emitted.
    pub(super) fn state<M: Model<State = S>>(
        &mut self,
        model: &M,
        links: &Links,
        state: u32,
    ) -> Option<&S> {
        let mut codes = Vec::new();
        let mut at = state;
        loop {
            while self.way.last().is_some_and(|(passed, _)| *passed > at) {
                self.way.pop();
            }
            if self.way.last().is_some_and(|(passed, _)| *passed == at) {
                break;
            }
            let Link { parent, code } = links.get(at)?;
            if parent == NO_PARENT {
                let first = pick(code, |emit| model.initial(emit))?;
                self.way.clear();
                self.way.push((at, first));
                break;
            }
            codes.push((at, code));
            at = parent;
        }
        for (at, code) in codes.into_iter().rev() {
            let (_, before) = self.way.last()?;
            let (_, next) = model.step(before, code)?;
            self.way.push((at, next));
        }
        self.way.last().map(|(_, state)| state)
    }
}
