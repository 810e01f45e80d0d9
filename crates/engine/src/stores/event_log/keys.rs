//! From a record's key to its partition, as Kafka's default partitioner does it.
//!
//! The hash is MurmurHash2 (A. Appleby, 32 bits, little-endian) with Kafka's seed; its sign is cut
//! off before the remainder is taken, so that records of one key stay in one partition as long as
//! the number of partitions stays the same.

/// The seed that Kafka's producers use.
const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;
const R: u32 = 24;

/// The hash of a key.
#[must_use]
pub fn murmur2(key: &[u8]) -> i32 {
    let mut h = SEED ^ key.len() as u32;
    let words = key.chunks_exact(4);
    let rest = words.remainder();
    for word in words {
        let mut k = word.iter().rev().fold(0, |k, byte| k << 8 | u32::from(*byte));
        k = k.wrapping_mul(M);
        k ^= k >> R;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        h ^= rest.iter().rev().fold(0, |k, byte| k << 8 | u32::from(*byte));
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^= h >> 15;
    h as i32
}

/// The partition of a key among so many; of none there is only partition 0.
#[must_use]
pub fn partition_of(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) as u32 & 0x7fff_ffff) % partitions.max(1)
}
