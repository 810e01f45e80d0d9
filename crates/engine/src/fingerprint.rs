//! A 64-bit fingerprint of plain data, the same bits on every machine.
//!
//! The explorer remembers a visited state by its fingerprint alone, so two unequal states with equal
//! fingerprints would hide one of them. Three choices keep that as rare as arithmetic allows:
//!
//! * Every write has a width that does not depend on the machine. There is no way to write a `usize`.
//! * Encodings are injective: collections are preceded by their length and variants by a tag, so no
//!   two different values of one type write the same bits.
//! * Each word is absorbed by two lanes, and each lane is a bijection of its state for a given word.
//!   Two streams that have parted can therefore not meet again by absorbing equal words, however long
//!   the rest is. A mixer that loses information at each word would add a chance of collision per word.
//!
//! Only 64-bit multiplication, addition, rotation and shift are used. WASM has all of them as single
//! instructions, but no 64 by 64 to 128 bit multiplication, which is why there is none here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

/// First multiplier: 2^64 divided by the golden ratio, made odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
/// Second multiplier, from Steele and Vigna's table of good spectral multipliers.
const SPECTRAL: u64 = 0xd134_2543_de82_ef95;
/// Starting values of the two lanes: the first fractional digits of pi.
const LANES: (u64, u64) = (0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344);

/// Spreads each bit of `x` over all bits of the result. It is a bijection (the finaliser of
/// SplitMix64, variant 13 of Stafford).
#[must_use]
pub const fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A streaming hasher: write values, then [`finish`](Self::finish).
///
/// Small values are packed, so that eight bytes cost one round and not eight.
#[derive(Clone, Debug)]
pub struct Fingerprint {
    first: u64,
    second: u64,
    word: u64,
    filled_bits: u32,
    words: u64,
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self::new()
    }
}

impl Fingerprint {
    /// A hasher that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { first: LANES.0, second: LANES.1, word: 0, filled_bits: 0, words: 0 }
    }

    /// The fingerprint of one value.
    #[must_use]
    pub fn of<T: Canon + ?Sized>(value: &T) -> u64 {
        let mut hasher = Self::new();
        value.canon(&mut hasher);
        hasher.finish()
    }

    /// Writes 8 bits.
    #[inline]
    pub fn write_u8(&mut self, value: u8) {
        self.pack(u64::from(value), 8);
    }

    /// Writes 16 bits.
    #[inline]
    pub fn write_u16(&mut self, value: u16) {
        self.pack(u64::from(value), 16);
    }

    /// Writes 32 bits.
    #[inline]
    pub fn write_u32(&mut self, value: u32) {
        self.pack(u64::from(value), 32);
    }

    /// Writes 64 bits.
    #[inline]
    pub fn write_u64(&mut self, value: u64) {
        self.pack(value, 64);
    }

    /// Writes 64 bits in two's complement.
    #[inline]
    pub fn write_i64(&mut self, value: i64) {
        self.pack(value.cast_unsigned(), 64);
    }

    /// Writes a length: one byte up to 254, nine bytes above. No encoding is the beginning of another.
    #[inline]
    pub fn write_len(&mut self, length: usize) {
        match u8::try_from(length) {
            Ok(short) if short < u8::MAX => self.write_u8(short),
            _ => {
                self.write_u8(u8::MAX);
                self.write_u64(length as u64);
            }
        }
    }

    /// Writes bytes, preceded by their number.
    pub fn write_bytes(&mut self, bytes: &[u8]) {
        self.write_len(bytes.len());
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
        for byte in chunks.remainder() {
            self.write_u8(*byte);
        }
    }

    /// The fingerprint of everything written so far.
    #[must_use]
    #[inline]
    pub fn finish(&self) -> u64 {
        let mut end = self.clone();
        end.absorb(end.word);
        // The number of bits tells a stream from the same stream with zeros behind it.
        let bits = (self.words << 6).wrapping_add(u64::from(self.filled_bits));
        mix(mix(end.first ^ bits).wrapping_add(end.second))
    }

    #[inline]
    fn pack(&mut self, value: u64, bits: u32) {
        self.word |= value << self.filled_bits;
        let filled_bits = self.filled_bits + bits;
        if filled_bits < 64 {
            self.filled_bits = filled_bits;
            return;
        }
        self.absorb(self.word);
        // `checked_shr` is `None` when the word was empty before: then nothing of the value is left over.
        self.word = value.checked_shr(64 - self.filled_bits).unwrap_or(0);
        self.filled_bits = filled_bits - 64;
    }

    #[inline]
    fn absorb(&mut self, word: u64) {
        self.first = (self.first ^ word).wrapping_mul(GOLDEN).rotate_left(29);
        // The second lane sees the halves swapped, so that a difference which the first lane leaves
        // in few bits is one that this lane spreads over many.
        let sum = self.second.wrapping_add(word.rotate_left(32)).wrapping_mul(SPECTRAL);
        self.second = sum ^ (sum >> 32);
        self.words = self.words.wrapping_add(1);
    }
}

/// Fingerprints combined without regard to order: a multiset, such as the messages in flight.
///
/// The elements are added up after mixing, so that equal elements do not cancel out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Multiset {
    sum: u64,
    count: u64,
}

impl Multiset {
    /// The empty multiset.
    #[must_use]
    pub const fn new() -> Self {
        Self { sum: 0, count: 0 }
    }

    /// Adds one element.
    #[inline]
    pub fn add<T: Canon + ?Sized>(&mut self, element: &T) {
        self.add_fingerprint(Fingerprint::of(element));
    }

    /// Adds one element by its own fingerprint.
    #[inline]
    pub fn add_fingerprint(&mut self, fingerprint: u64) {
        self.sum = self.sum.wrapping_add(mix(fingerprint ^ GOLDEN));
        self.count = self.count.wrapping_add(1);
    }
}

/// Data with a canonical encoding: equal values write equal bits, unequal ones unequal bits.
///
/// There is no implementation for `usize`, whose width differs between machines, nor for maps without order.
pub trait Canon {
    /// Writes the value's canonical encoding.
    fn canon(&self, h: &mut Fingerprint);
}

impl Canon for Multiset {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_u64(self.count);
        h.write_u64(self.sum);
    }
}

macro_rules! canon_integers {
    ($($type:ty, $unsigned:ty, $bits:literal);* $(;)?) => {$(
        impl Canon for $type {
            #[inline]
            fn canon(&self, h: &mut Fingerprint) {
                // Through the unsigned type of the same width, so that no sign bits spill into the next value.
                h.pack(u64::from(*self as $unsigned), $bits);
            }
        }
    )*};
}

canon_integers! {
    u8, u8, 8; u16, u16, 16; u32, u32, 32; u64, u64, 64;
    i8, u8, 8; i16, u16, 16; i32, u32, 32; i64, u64, 64;
}

impl Canon for bool {
    #[inline]
    fn canon(&self, h: &mut Fingerprint) {
        h.write_u8(u8::from(*self));
    }
}

impl Canon for str {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_bytes(self.as_bytes());
    }
}

impl Canon for String {
    fn canon(&self, h: &mut Fingerprint) {
        self.as_str().canon(h);
    }
}

impl<T: Canon + ?Sized> Canon for &T {
    fn canon(&self, h: &mut Fingerprint) {
        (**self).canon(h);
    }
}

impl<T: Canon + ?Sized> Canon for Rc<T> {
    fn canon(&self, h: &mut Fingerprint) {
        (**self).canon(h);
    }
}

impl<T: Canon + ?Sized> Canon for Box<T> {
    fn canon(&self, h: &mut Fingerprint) {
        (**self).canon(h);
    }
}

impl<T: Canon> Canon for Option<T> {
    fn canon(&self, h: &mut Fingerprint) {
        self.is_some().canon(h);
        if let Some(value) = self {
            value.canon(h);
        }
    }
}

impl<T: Canon> Canon for [T] {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.len());
        for element in self {
            element.canon(h);
        }
    }
}

impl<T: Canon, const N: usize> Canon for [T; N] {
    fn canon(&self, h: &mut Fingerprint) {
        for element in self {
            element.canon(h);
        }
    }
}

macro_rules! canon_sequences {
    ($($type:ident),*) => {$(
        impl<T: Canon> Canon for $type<T> {
            fn canon(&self, h: &mut Fingerprint) {
                h.write_len(self.len());
                for element in self {
                    element.canon(h);
                }
            }
        }
    )*};
}

canon_sequences!(Vec, VecDeque, BTreeSet);

impl<K: Canon, V: Canon> Canon for BTreeMap<K, V> {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.len());
        for (key, value) in self {
            key.canon(h);
            value.canon(h);
        }
    }
}

impl Canon for () {
    fn canon(&self, _: &mut Fingerprint) {}
}

macro_rules! canon_tuples {
    ($(($($name:ident . $index:tt),+));* $(;)?) => {$(
        impl<$($name: Canon),+> Canon for ($($name,)+) {
            fn canon(&self, h: &mut Fingerprint) {
                $(self.$index.canon(h);)+
            }
        }
    )*};
}

canon_tuples! {
    (A.0);
    (A.0, B.1);
    (A.0, B.1, C.2);
    (A.0, B.1, C.2, D.3);
    (A.0, B.1, C.2, D.3, E.4);
    (A.0, B.1, C.2, D.3, E.4, F.5);
}

#[cfg(test)]
mod tests;
