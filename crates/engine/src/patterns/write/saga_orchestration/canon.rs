//! What of the messages and the memory decides what can still happen.

use super::*;

impl Canon for Msg {
    fn canon(&self, h: &mut Fingerprint) {
        let (tag, dir) = match self {
            Self::Command(dir, _) => (0, dir),
            Self::Done(dir) => (1, dir),
            Self::Refused(dir, _) => (2, dir),
        };
        h.write_u8(tag);
        h.write_u8(*dir as u8);
        match self {
            Self::Command(_, reason) => h.write_u32(reason.map_or(0, |sym| sym.0 + 1)),
            Self::Refused(_, why) => Answer::Refused(*why).canon(h),
            Self::Done(_) => {}
        }
    }
}

impl Canon for State {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.active.len());
        for (txn, phase) in &self.active {
            h.write_u32(txn.0);
            let (tag, steps, reason) = match phase {
                Phase::Forward(step) => (0, u64::from(step.0), None),
                Phase::Back(step, reason) => (1, u64::from(step.0), *reason),
                Phase::BackAll(steps, reason) => (2, *steps, *reason),
            };
            h.write_u8(tag);
            h.write_u64(steps);
            h.write_u32(reason.map_or(0, |sym| sym.0 + 1));
        }
    }
}
