//! Lock modes, and which of them stand in each other's way.

use crate::fingerprint::{Canon, Fingerprint};

/// A lock mode: its position in the [`Matrix`] that gives it a meaning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Mode(pub u8);

/// Which requested mode conflicts with which held mode.
///
/// It need not be symmetric: a gap may be locked while somebody waits to insert into it, and not
/// the other way round (MySQL's manual, "InnoDB Locking").
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Matrix {
    names: Vec<String>,
    /// For each requested mode, the set of held modes that it conflicts with.
    conflicts: Vec<u32>,
}

impl Matrix {
    /// The most modes that a matrix can have.
    pub const MOST: usize = 32;

    /// A matrix of these modes; `conflict(requested, held)` is asked for each pair of positions.
    /// `None` where there are more modes than [`Matrix::MOST`].
    #[must_use]
    pub fn new(names: &[&str], conflict: impl Fn(usize, usize) -> bool) -> Option<Self> {
        if names.len() > Self::MOST {
            return None;
        }
        let row = |requested| {
            (0..names.len()).filter(|held| conflict(requested, *held)).map(|held| 1 << held).sum()
        };
        Some(Self {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            conflicts: (0..names.len()).map(row).collect(),
        })
    }

    /// The mode of a name.
    #[must_use]
    pub fn mode(&self, name: &str) -> Option<Mode> {
        self.names.iter().position(|known| known == name).map(|at| Mode(at as u8))
    }

    /// The name of a mode.
    #[must_use]
    pub fn name(&self, mode: Mode) -> &str {
        self.names.get(usize::from(mode.0)).map_or("", String::as_str)
    }

    /// Whether a request in one mode must wait for another transaction that holds the other.
    #[must_use]
    pub fn conflict(&self, requested: Mode, held: Mode) -> bool {
        self.conflicts.get(usize::from(requested.0)).is_some_and(|row| row >> held.0 & 1 == 1)
    }

    /// Whether who holds one mode need not ask for the other: it keeps away, and is kept away by,
    /// everything that the other does.
    #[must_use]
    pub fn covers(&self, held: Mode, requested: Mode) -> bool {
        held == requested
            || (0..self.names.len() as u8).map(Mode).all(|other| {
                (!self.conflict(requested, other) || self.conflict(held, other))
                    && (!self.conflict(other, requested) || self.conflict(other, held))
            })
    }
}

impl Canon for Mode {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_u8(self.0);
    }
}
