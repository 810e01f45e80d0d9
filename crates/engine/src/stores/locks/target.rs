//! What can be locked.

use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::Sym;
use crate::value::{Key, KeyPart};

/// What can be locked. Targets are granted in this order when several become free at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
    /// A table as a whole.
    Table(Sym),
    /// The keys of a table, whether rows have them or not; each request names a span of them.
    Span(Sym),
    /// A row, or the place where it would be.
    Row(Key),
}

/// An end of a span of keys: a key, and whether it belongs to the span.
pub type End = Option<(KeyPart, bool)>;

/// A span of a table's keys; an end that is missing is open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct KeySpan {
    /// Where it begins.
    pub from: End,
    /// Where it ends.
    pub to: End,
}

impl KeySpan {
    /// Every key.
    pub const ALL: Self = Self { from: None, to: None };

    /// One key.
    #[must_use]
    pub fn point(key: KeyPart) -> Self {
        Self { from: Some((key, true)), to: Some((key, true)) }
    }

    /// The only key in it, where it was made from one.
    #[must_use]
    pub fn as_point(&self) -> Option<KeyPart> {
        match (self.from, self.to) {
            (Some((from, true)), Some((to, true))) if from == to => Some(from),
            _ => None,
        }
    }

    /// Whether the key lies in it.
    #[must_use]
    pub fn contains(&self, key: &KeyPart) -> bool {
        let is_after = self.from.is_none_or(|(from, with)| *key > from || (with && *key == from));
        let is_before = self.to.is_none_or(|(to, with)| *key < to || (with && *key == to));
        is_after && is_before
    }

    /// The keys in both, where there may be some.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        let from = match (self.from, other.from) {
            (Some((a, with_a)), Some((b, with_b))) if a == b => Some((a, with_a && with_b)),
            (Some(a), Some(b)) => Some(if a.0 > b.0 { a } else { b }),
            (a, b) => a.or(b),
        };
        let to = match (self.to, other.to) {
            (Some((a, with_a)), Some((b, with_b))) if a == b => Some((a, with_a && with_b)),
            (Some(a), Some(b)) => Some(if a.0 < b.0 { a } else { b }),
            (a, b) => a.or(b),
        };
        let is_empty = match (from, to) {
            (Some((from, with_from)), Some((to, with_to))) => {
                from > to || (from == to && !(with_from && with_to))
            }
            _ => false,
        };
        (!is_empty).then_some(Self { from, to })
    }

    /// Whether every key of the other lies in it.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        self.meet(other) == Some(*other)
    }
}

impl Canon for KeyPart {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Int(n) => {
                h.write_u8(0);
                h.write_i64(*n);
            }
            Self::Text(sym) => {
                h.write_u8(1);
                h.write_u32(sym.0);
            }
        }
    }
}

impl Canon for KeySpan {
    fn canon(&self, h: &mut Fingerprint) {
        for end in [self.from, self.to] {
            end.is_some().canon(h);
            if let Some((key, with)) = end {
                key.canon(h);
                with.canon(h);
            }
        }
    }
}

impl Canon for Target {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Table(table) => {
                h.write_u8(0);
                h.write_u32(table.0);
            }
            Self::Span(table) => {
                h.write_u8(1);
                h.write_u32(table.0);
            }
            Self::Row(key) => {
                h.write_u8(2);
                key.canon(h);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: i64, with_from: bool, to: i64, with_to: bool) -> KeySpan {
        let end = |n, with| Some((KeyPart::Int(n), with));
        KeySpan { from: end(from, with_from), to: end(to, with_to) }
    }

    /// Two spans meet in exactly the keys that both contain.
    #[test]
    fn spans_meet_in_the_keys_that_both_contain() {
        let spans: Vec<KeySpan> = (0..4)
            .flat_map(|from| (from..4).map(move |to| (from, to)))
            .flat_map(|(from, to)| {
                [(true, true), (true, false), (false, true), (false, false)]
                    .map(|(a, b)| span(from, a, to, b))
            })
            .chain([KeySpan::ALL])
            .collect();
        for a in &spans {
            for b in &spans {
                let meet = a.meet(b);
                for key in (0..4).map(KeyPart::Int) {
                    let is_in = meet.is_some_and(|meet| meet.contains(&key));
                    assert_eq!(is_in, a.contains(&key) && b.contains(&key), "{a:?} {b:?} {key:?}");
                }
            }
        }
        assert!(KeySpan::ALL.includes(&spans[0]) && !spans[0].includes(&KeySpan::ALL));
    }
}
