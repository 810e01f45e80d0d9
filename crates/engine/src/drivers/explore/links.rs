//! How each visited state was first reached: 8 bytes a state, in blocks, so that growing moves nothing and
//! never holds the same links twice.

/// How a state was first reached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// The number of the state before, or [`NO_PARENT`].
    pub(super) parent: u32,
    /// The code of the step from there, or the position of the state among the initial ones.
    pub(super) code: u32,
}

/// The parent of an initial state. No state has this number, since the limit on states lies below it.
pub(super) const NO_PARENT: u32 = u32::MAX;

/// Links in one block: half a mebibyte.
const BLOCK: usize = 1 << 16;

/// The links of all visited states, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Links {
    blocks: Vec<Vec<Link>>,
    count: u32,
}

impl Links {
    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Adds the link of the next state; false where there is no memory for it.
    #[inline]
    pub(super) fn push(&mut self, link: Link) -> bool {
        if (self.count as usize).is_multiple_of(BLOCK) {
            let mut block = Vec::new();
            // The first block grows as it is filled, for the many small explorations.
            let size = if self.blocks.is_empty() { 64 } else { BLOCK };
            if block.try_reserve_exact(size).is_err() {
                return false;
            }
            self.blocks.push(block);
        }
        if let Some(block) = self.blocks.last_mut() {
            block.push(link);
        }
        self.count += 1;
        true
    }

    /// The link of a state.
    pub(super) fn get(&self, state: u32) -> Option<Link> {
        let state = state as usize;
        self.blocks.get(state / BLOCK)?.get(state % BLOCK).copied()
    }

    /// How many steps lead to a state.
    pub(super) fn steps(&self, state: u32) -> u32 {
        let mut steps = 0;
        let mut at = state;
        while let Some(Link { parent, .. }) = self.get(at)
            && parent != NO_PARENT
        {
            steps += 1;
            at = parent;
        }
        steps
    }

    /// Bytes held.
    pub(super) fn memory_bytes(&self) -> u64 {
        let held: usize = self.blocks.iter().map(Vec::capacity).sum();
        (held * size_of::<Link>()) as u64
    }
}
