//! Whether rest can be reached from every state: the fair steps between visited states, kept as differences, and
//! the backward closure of the states at rest over them.
//!
//! A state from which no fair step leads on to rest is one in which something goes round for ever: a livelock. The
//! closure is the least fixed point of "a state is good if it is at rest or a fair step leads to a good one" (Clarke,
//! Grumberg and Peled, *Model Checking*, section 4.1, EF). It passes over the steps from the last to the first, since
//! most of them lead to a state found later; it ends when a pass adds nothing.

/// Bytes in one block of steps, about.
const BLOCK: usize = 1 << 16;

/// The fair steps of a state, and what is known of the ways to rest.
#[derive(Debug, Default)]
pub(super) struct Ways {
    /// For each expanded state its number, how many fair steps it has, and where they lead.
    blocks: Vec<Vec<u8>>,
    /// A bit for each state: whether rest can be reached from it.
    good: Vec<u64>,
    /// The block to look at next while closing, from the end; `None` before closing begins.
    at: Option<usize>,
    /// Whether this pass has added a state.
    added: bool,
}

fn write(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn read(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    let mut shift = 0;
    while let Some(byte) = bytes.get(*at) {
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
        shift += 7;
    }
    value
}

/// A difference of two numbers of states, as a small natural number.
fn fold(to: u32, from: u32) -> u64 {
    let difference = i64::from(to) - i64::from(from);
    ((difference << 1) ^ (difference >> 63)).cast_unsigned()
}

fn unfold(folded: u64, from: u32) -> u32 {
    let difference = (folded >> 1).cast_signed() ^ -((folded & 1).cast_signed());
    (i64::from(from) + difference) as u32
}

impl Ways {
    /// Notes that a state is at rest, or that it is not to be judged.
    pub(super) fn mark(&mut self, state: u32) {
        let word = state as usize / 64;
        if word >= self.good.len() {
            self.good.resize(word + 1, 0);
        }
        self.good[word] |= 1 << (state % 64);
    }

    fn is_good(&self, state: u32) -> bool {
        self.good.get(state as usize / 64).is_some_and(|word| word >> (state % 64) & 1 == 1)
    }

    /// Notes where the fair steps of a state lead.
    pub(super) fn add(&mut self, state: u32, targets: &[u32]) {
        if self.blocks.last().is_none_or(|block| block.len() > BLOCK) {
            self.blocks.push(Vec::new());
        }
        if let Some(block) = self.blocks.last_mut() {
            write(block, u64::from(state));
            write(block, targets.len() as u64);
            for target in targets {
                write(block, fold(*target, state));
            }
        }
    }

    /// Goes on with closing by one block; true when nothing more can be reached.
    pub(super) fn close(&mut self) -> bool {
        let Some(block) = self.at.unwrap_or(self.blocks.len()).checked_sub(1) else {
            self.at = None;
            return !std::mem::take(&mut self.added);
        };
        self.at = Some(block);
        let bytes = std::mem::take(&mut self.blocks[block]);
        let mut starts = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            starts.push(at);
            read(&bytes, &mut at);
            for _ in 0..read(&bytes, &mut at) {
                read(&bytes, &mut at);
            }
        }
        for start in starts.into_iter().rev() {
            let mut at = start;
            let state = read(&bytes, &mut at) as u32;
            if self.is_good(state) {
                continue;
            }
            let mut targets = 0..read(&bytes, &mut at);
            if targets.any(|_| self.is_good(unfold(read(&bytes, &mut at), state))) {
                self.mark(state);
                self.added = true;
            }
        }
        self.blocks[block] = bytes;
        false
    }

    /// After closing, the first of `count` states from which rest cannot be reached, and how many there are.
    pub(super) fn stuck(&self, count: u32) -> Option<(u32, u32)> {
        let mut stuck = (0..count).filter(|state| !self.is_good(*state));
        let first = stuck.next()?;
        Some((first, 1 + stuck.count() as u32))
    }

    /// Bytes held.
    pub(super) fn memory_bytes(&self) -> u64 {
        let blocks: usize = self.blocks.iter().map(Vec::capacity).sum();
        (blocks + self.good.capacity() * size_of::<u64>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_states_that_go_round_for_ever() {
        // 0 -> 1 -> 2 (at rest); 0 -> 3 -> 4 -> 3; 5 leads back to 0.
        let mut ways = Ways::default();
        for (state, targets) in [(0, &[1, 3][..]), (1, &[2]), (3, &[4]), (4, &[3]), (5, &[0])] {
            ways.add(state, targets);
        }
        ways.mark(2);
        while !ways.close() {}
        assert_eq!(ways.stuck(6), Some((3, 2)));
        ways.mark(4);
        while !ways.close() {}
        assert_eq!(ways.stuck(6), None);
    }

    #[test]
    fn differences_are_read_as_they_were_written() {
        for (to, from) in [(0, 0), (1, 0), (0, 1), (u32::MAX, 0), (0, u32::MAX), (77, 4_000_000)] {
            let mut bytes = Vec::new();
            write(&mut bytes, fold(to, from));
            assert_eq!(unfold(read(&bytes, &mut 0), from), to);
        }
    }
}
