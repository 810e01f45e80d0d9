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

use interleave_engine::fingerprint::{Fingerprint, Multiset};

/// Participants are kept in the bits of words, two bits each.
pub(crate) const MAX_PARTICIPANTS: u32 = 32;

/// A word with one bit for each of `n` participants.
pub(crate) const fn everyone(n: u32) -> u32 {
    assert!(n <= MAX_PARTICIPANTS);
    if n == 0 { 0 } else { u32::MAX >> (MAX_PARTICIPANTS - n) }
}

/// Asserts fingerprints that were once computed, natively on x86-64 in a debug build: other machines,
/// other targets and other builds must give the same bits.
pub(crate) fn assert_fingerprints_are_pinned() {
    assert_eq!(Fingerprint::of(&()), 0x3af9_9c46_3814_5749);
    assert_eq!(Fingerprint::of(&(-1_i8, true, Some(7_u32))), 0x072d_9033_5992_0683);
    assert_eq!(Fingerprint::of(&vec!["orders", "payments", "stock"]), 0x77db_7f6f_acc6_6ea6);
    let mut set = Multiset::new();
    (0..100_u64).for_each(|n| set.add(&(n * n)));
    assert_eq!(Fingerprint::of(&set), 0x63c1_23a7_a998_23e3);
}
