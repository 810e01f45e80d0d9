//! The fingerprint spreads, packs without loss, and is the same for ever.

use super::*;

/// Distinct fingerprints among the given ones, and their number.
fn distinct(fingerprints: impl Iterator<Item = u64>) -> (usize, usize) {
    let all: Vec<u64> = fingerprints.collect();
    let set: BTreeSet<u64> = all.iter().copied().collect();
    (set.len(), all.len())
}

#[test]
fn structured_inputs_do_not_collide() {
    // Pairs of words that differ in one or two bits each: what packed states look like.
    let bits = || (0..64).flat_map(|i| (0..=i).map(move |j| (1_u64 << i) | (1_u64 << j)));
    let pairs = bits().flat_map(|x| bits().take(60).map(move |y| Fingerprint::of(&(x, y))));
    let (found, all) = distinct(pairs);
    assert_eq!(found, all);
    // Small numbers in small fields.
    let small =
        (0..64_u8).flat_map(|a| (0..64_u16).flat_map(move |b| (0..64_u32).map(move |c| (a, b, c))));
    let (found, all) = distinct(small.map(|t| Fingerprint::of(&t)));
    assert_eq!(found, all);
}

#[test]
fn each_32_bit_window_looks_random() {
    // n values in 2^32 places collide about n^2 / 2^33 times; 2^17 values give 2 collisions on average.
    // More than 20 in any window would mean that the window does not depend on all of the input.
    for shift in (0..=32).step_by(4) {
        let windows =
            (0..1_u64 << 17).map(|x| (Fingerprint::of(&(x << 20)) >> shift) & 0xffff_ffff);
        let (found, all) = distinct(windows);
        assert!(all - found <= 20, "{} collisions at shift {shift}", all - found);
    }
}

#[test]
fn one_flipped_bit_changes_half_of_the_result() {
    let base = [0x0123_4567_89ab_cdef_u64, 42, u64::MAX, 0];
    for word in 0..base.len() {
        let mut flipped_bits = 0;
        for bit in 0..64 {
            let mut other = base;
            other[word] ^= 1 << bit;
            flipped_bits += (Fingerprint::of(&base) ^ Fingerprint::of(&other)).count_ones();
        }
        // 64 x 64 fair coins have mean 2048 and standard deviation 32: five of them either way.
        assert!((1888..=2208).contains(&flipped_bits), "{flipped_bits} for word {word}");
    }
}

#[test]
fn encodings_are_injective() {
    // Values of one type: those of different types never meet in one state space.
    fn assert_all_differ<T: Canon>(values: &[T]) {
        let (found, all) = distinct(values.iter().map(Fingerprint::of));
        assert_eq!(found, all);
    }
    assert_all_differ(&[
        vec![],
        vec![vec![]],
        vec![vec![1_u16], vec![2, 3]],
        vec![vec![1, 2], vec![3]],
    ]);
    assert_all_differ(&[Some(0_u32), None, Some(1)]);
    assert_all_differ(&[("ab", "c"), ("a", "bc"), ("", "abc"), ("abc", "")]);
    assert_all_differ(&[
        (vec![1_u8], vec![2_u8, 3]),
        (vec![1, 2], vec![3]),
        (vec![1, 2, 3], vec![]),
    ]);
    assert_all_differ(&[BTreeMap::from([(1_u8, 2_u8)]), BTreeMap::from([(2, 1)]), BTreeMap::new()]);
    // Zeros only, at lengths around a word and around the change of the length's own encoding.
    let zeros: Vec<Vec<u8>> =
        [0, 1, 6, 7, 8, 9, 15, 16, 253, 254, 255, 256, 257].map(|n| vec![0; n]).to_vec();
    assert_all_differ(&zeros);
    let strings: Vec<String> = zeros.iter().map(|bytes| "\0".repeat(bytes.len())).collect();
    assert_all_differ(&strings);
}

#[test]
fn packing_keeps_signs_and_places() {
    assert_ne!(Fingerprint::of(&(-1_i8, 0_u8)), Fingerprint::of(&(-1_i8, -1_i8)));
    assert_eq!(Fingerprint::of(&(-1_i8, 1_u8)), Fingerprint::of(&(255_u8, 1_u8)));
    // A value that straddles two words is read in full from both.
    let straddle = |x: u64| Fingerprint::of(&(7_u8, x, 9_u32));
    let (found, all) = distinct((0..64).map(|bit| straddle(1 << bit)));
    assert_eq!(found, all);
}

#[test]
fn a_multiset_has_no_order_but_counts() {
    let of = |elements: &[&str]| {
        let mut set = Multiset::new();
        elements.iter().for_each(|e| set.add(*e));
        Fingerprint::of(&set)
    };
    assert_eq!(of(&["a", "b", "c"]), of(&["c", "a", "b"]));
    assert_ne!(of(&["a", "b"]), of(&["a", "b", "b"]));
    assert_ne!(of(&["a", "a"]), of(&["b", "b"]));
    assert_ne!(of(&[]), of(&["a"]));
}

#[test]
fn shared_and_boxed_data_is_the_data() {
    let plain = vec![1_u32, 2, 3];
    assert_eq!(Fingerprint::of(&plain), Fingerprint::of(&Rc::new(plain.clone())));
    assert_eq!(Fingerprint::of(&plain), Fingerprint::of(&Box::new(plain.clone())));
    assert_eq!(Fingerprint::of(&plain), Fingerprint::of(plain.as_slice()));
}
