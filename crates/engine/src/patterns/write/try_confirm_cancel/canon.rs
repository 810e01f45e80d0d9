//! What of the messages and the memory decides what can still happen.

use super::*;

fn word(reason: Option<Sym>) -> u32 {
    reason.map_or(0, |sym| sym.0 + 1)
}

impl Canon for Msg {
    fn canon(&self, h: &mut Fingerprint) {
        let (tag, reason) = match self {
            Self::Ask(Ask::Try) => (0, None),
            Self::Ask(Ask::Confirm) => (1, None),
            Self::Ask(Ask::Cancel(reason)) => (2, *reason),
            Self::Reply(Reply::Tried) => (3, None),
            Self::Reply(Reply::Refused(reason)) => (4, *reason),
            Self::Reply(Reply::Confirmed) => (5, None),
            Self::Reply(Reply::Expired) => (6, None),
            Self::Reply(Reply::Cancelled) => (7, None),
            Self::Reply(Reply::Kept(reason)) => (8, *reason),
        };
        h.write_u8(tag);
        h.write_u32(word(reason));
    }
}

impl Canon for State {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.active.len());
        for (txn, phase) in &self.active {
            h.write_u32(txn.0);
            match phase {
                Phase::Trying { at, again } => {
                    h.write_u8(u8::from(*again));
                    h.write_u8(at.0);
                }
                Phase::Confirming { open, confirmed, expired } => {
                    h.write_u8(2 + u8::from(*confirmed) + 2 * u8::from(*expired));
                    h.write_u64(*open);
                }
                Phase::Cancelling { open, reason, kept } => {
                    h.write_u8(6 + u8::from(kept.is_some()));
                    h.write_u64(*open);
                    h.write_u32(word(*reason));
                    h.write_u32(word(kept.flatten()));
                }
            }
        }
    }
}
