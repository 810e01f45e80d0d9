//! Abstract specifications that run on the explorer, and an independent search to hold it against.
//!
//! Each test binary uses some of them.
#![allow(dead_code)]

pub(crate) mod naive;
pub(crate) mod nodes;
pub(crate) mod oracles;
pub(crate) mod processes;
pub(crate) mod t_commit;
pub(crate) mod two_phase;

/// Participants are kept in the bits of words, two bits each.
pub(crate) const MAX_PARTICIPANTS: u32 = 32;

/// A word with one bit for each of `n` participants.
pub(crate) const fn everyone(n: u32) -> u32 {
    assert!(n <= MAX_PARTICIPANTS);
    if n == 0 {
        0
    } else {
        u32::MAX >> (MAX_PARTICIPANTS - n)
    }
}
