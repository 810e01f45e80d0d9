//! How a query is answered: one file per member.

pub mod direct;

use super::Member;
use crate::event::RowChange;
use crate::fingerprint::{Canon, Fingerprint};

/// The members of the family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadKind {
    /// Each row is read from the primary of its service.
    Direct,
}

/// The table of the family.
pub const TABLE: &[Member<ReadKind>] = &[Member {
    name: "direct",
    kind: ReadKind::Direct,
    about: "each row is read from the service that owns it",
}];

/// A message of the read member.
#[derive(Clone, PartialEq, Debug)]
pub enum ReadMsg {
    /// Of [`direct`].
    Direct(direct::Msg),
}

impl Canon for ReadMsg {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Direct(direct::Msg::Ask) => h.write_u8(0),
            Self::Direct(direct::Msg::Rows(rows)) => {
                h.write_u8(1);
                for RowChange { key, after, .. } in rows.iter() {
                    key.canon(h);
                    h.write_u8(u8::from(after.is_some()));
                    if let Some(row) = after {
                        row.canon(h);
                    }
                }
            }
        }
    }
}
