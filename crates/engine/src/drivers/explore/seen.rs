//! The set of visited fingerprints: open addressing over plain 64-bit words.

/// Stands in for the fingerprint 0, which marks an empty slot.
const ZERO: u64 = 0x9e37_79b9_7f4a_7c15;
/// The first size; it doubles from here.
const FIRST_SLOTS: usize = 1 << 10;

/// A set of fingerprints at 13 to 26 bytes each.
///
/// Fingerprints are already mixed, so their low bits serve as the place and linear probing is enough.
#[derive(Debug)]
pub(super) struct Seen {
    slots: Vec<u64>,
    count: usize,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self { slots: vec![0; FIRST_SLOTS], count: 0 }
    }

    /// Adds a fingerprint; false if it was there.
    #[inline]
    pub(super) fn insert(&mut self, fingerprint: u64) -> bool {
        let key = key(fingerprint);
        let slot = self.slot(key);
        if self.slots[slot] == key {
            return false;
        }
        self.slots[slot] = key;
        self.count += 1;
        if self.count * 8 > self.slots.len() * 5 {
            self.grow();
        }
        true
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
        (self.slots.capacity() * size_of::<u64>()) as u64
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

    #[cold]
    fn grow(&mut self) {
        let doubled = vec![0; self.slots.len() * 2];
        let old = std::mem::replace(&mut self.slots, doubled);
        for key in old {
            if key != 0 {
                let slot = self.slot(key);
                self.slots[slot] = key;
            }
        }
    }
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
        let mut seen = Seen::new();
        let mut ordered = BTreeSet::new();
        // Many repeats, and keys that share their low bits so that probing has to walk.
        for i in 0..20_000_u64 {
            let print = (i * i % 6_007) << if i % 2 == 0 { 12 } else { 0 };
            assert_eq!(seen.insert(print), ordered.insert(print), "{print}");
        }
        assert!(ordered.iter().all(|print| seen.contains(*print)));
        assert!(!seen.contains(u64::MAX));
    }
}
