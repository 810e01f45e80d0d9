//! How a service keeps its state: one file per member.

pub mod rows;

use super::Member;

/// The members of the family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreKind {
    /// Rows that are changed in place.
    Rows,
}

/// The table of the family.
pub const TABLE: &[Member<StoreKind>] =
    &[Member { name: "rows", kind: StoreKind::Rows, about: "rows that are changed in place" }];
