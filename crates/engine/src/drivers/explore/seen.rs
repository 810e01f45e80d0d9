//! The set of visited fingerprints: open addressing over plain 64-bit words.

/// Stands in for the fingerprint 0, which marks an empty slot.
const ZERO: u64 = 0x9e37_79b9_7f4a_7c15;
/// The first size; it doubles from here.
const FIRST_SLOTS: usize = 1 << 10;

/// Whether a fingerprint went into the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inserted {
    /// It is new.
    New,
    /// It was there.
    Known,
    /// It is new, and there is no memory for it.
    NoMemory,
}

/// A set of fingerprints at 13 to 26 bytes each; with their numbers at 20 to 39.
///
/// Fingerprints are already mixed, so their low bits serve as the place and linear probing is enough.
#[derive(Debug)]
pub(super) struct Seen {
    slots: Vec<u64>,
    /// The number of the state at each slot, where numbers are asked for; else empty.
    numbers: Vec<u32>,
    count: usize,
}

impl Seen {
    /// The empty set; `numbered` where [`number`](Self::number) will be asked.
    pub(super) fn new(numbered: bool) -> Self {
        let numbers = if numbered { vec![0; FIRST_SLOTS] } else { Vec::new() };
        Self { slots: vec![0; FIRST_SLOTS], numbers, count: 0 }
    }

    /// Adds the fingerprint of the state of a number.
    #[inline]
    pub(super) fn insert(&mut self, fingerprint: u64, number: u32) -> Inserted {
        let key = key(fingerprint);
        let mut slot = self.slot(key);
        if self.slots[slot] == key {
            return Inserted::Known;
        }
        if (self.count + 1) * 8 > self.slots.len() * 5 {
            if !self.grow() {
                return Inserted::NoMemory;
            }
            slot = self.slot(key);
        }
        self.slots[slot] = key;
        if let Some(place) = self.numbers.get_mut(slot) {
            *place = number;
        }
        self.count += 1;
        Inserted::New
    }

    /// The number of a fingerprint in a set that is numbered, where it is there.
    pub(super) fn number(&self, fingerprint: u64) -> Option<u32> {
        let key = key(fingerprint);
        let slot = self.slot(key);
        (self.slots[slot] == key).then(|| self.numbers.get(slot).copied())?
    }

    /// What the slot holds at which the search for a fingerprint begins. If that is the fingerprint's
    /// [`key`], it is in the set; otherwise it may still be.
    #[inline]
    pub(super) fn home(&self, fingerprint: u64) -> u64 {
        self.slots[key(fingerprint) as usize & (self.slots.len() - 1)]
    }

    /// Whether a fingerprint is in the set.
    pub(super) fn contains(&self, fingerprint: u64) -> bool {
        let key = key(fingerprint);
        self.slots[self.slot(key)] == key
    }

    /// Bytes held.
    pub(super) fn memory_bytes(&self) -> u64 {
        (self.slots.capacity() * size_of::<u64>() + self.numbers.capacity() * size_of::<u32>())
            as u64
    }

    /// The slot that holds `key`, or the empty one where it belongs.
    #[inline]
    fn slot(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        // A place may differ between machines; whether a fingerprint is found may not, and does not.
        let mut slot = key as usize & mask;
        while self.slots[slot] != 0 && self.slots[slot] != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// Doubles the set; false where there is no memory for that.
    #[cold]
    fn grow(&mut self) -> bool {
        let doubled = self.slots.len() * 2;
        let (Some(slots), Some(numbers)) =
            (zeros(doubled), zeros(if self.numbers.is_empty() { 0 } else { doubled }))
        else {
            return false;
        };
        let old = std::mem::replace(&mut self.slots, slots);
        let old_numbers = std::mem::replace(&mut self.numbers, numbers);
        for (place, key) in old.into_iter().enumerate() {
            if key != 0 {
                let slot = self.slot(key);
                self.slots[slot] = key;
                if let Some(number) = self.numbers.get_mut(slot) {
                    *number = old_numbers[place];
                }
            }
        }
        true
    }
}

/// So many zeros, where there is memory for them.
fn zeros<T: Clone + Default>(count: usize) -> Option<Vec<T>> {
    let mut zeros = Vec::new();
    zeros.try_reserve_exact(count).ok()?;
    zeros.resize(count, T::default());
    Some(zeros)
}

/// What a slot holds for a fingerprint.
#[inline]
pub(super) const fn key(fingerprint: u64) -> u64 {
    if fingerprint == 0 { ZERO } else { fingerprint }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn agrees_with_an_ordered_set() {
        let mut seen = Seen::new(true);
        let mut ordered = BTreeSet::new();
        // Many repeats, and keys that share their low bits so that probing has to walk.
        for i in 0..20_000_u64 {
            let print = (i * i % 6_007) << if i % 2 == 0 { 12 } else { 0 };
            let number = ordered.len() as u32;
            let is_new = seen.insert(print, number) == Inserted::New;
            assert_eq!(is_new, ordered.insert(print), "{print}");
            assert!(!is_new || seen.number(print) == Some(number), "{print}");
        }
        assert!(ordered.iter().all(|print| seen.contains(*print)));
        assert!(!seen.contains(u64::MAX));
        assert_eq!(seen.number(u64::MAX), None);
    }
}
