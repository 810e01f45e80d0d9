//! Whether a node is down: availability is judged on what arrives meanwhile.

use std::collections::BTreeSet;

use crate::event::EventKind;
use crate::ids::{FaultIx, NodeIx};
use crate::scenario::Scenario;
use crate::scenario::document::FaultKind;

/// What is down.
#[derive(Clone, Debug, Default)]
pub(super) struct Downtime {
    /// Per fault of the document, whether it takes a node out while it lasts. A crash shows in
    /// events of its own.
    silences: Vec<bool>,
    crashed: BTreeSet<NodeIx>,
    silent: BTreeSet<FaultIx>,
}

impl Downtime {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let silences = |kind: &FaultKind| match kind {
            FaultKind::Pause(_) | FaultKind::BrokerOutage => true,
            FaultKind::Crash(_)
            | FaultKind::Slow { .. }
            | FaultKind::Partition(_)
            | FaultKind::Link { .. }
            | FaultKind::RefuseWrites(_)
            | FaultKind::Poison(_)
            | FaultKind::Rebuild(_)
            | FaultKind::RenameColumn { .. } => false,
        };
        let silences = scenario.faults.iter().map(|fault| silences(&fault.fault)).collect();
        Self { silences, ..Self::default() }
    }

    pub(super) fn observe(&mut self, node: NodeIx, kind: &EventKind) {
        match kind {
            EventKind::Crashed { .. } => {
                self.crashed.insert(node);
            }
            EventKind::Restarted { .. } => {
                self.crashed.remove(&node);
            }
            EventKind::FaultBegan { fault } if self.silences.get(fault.ix()) == Some(&true) => {
                self.silent.insert(*fault);
            }
            EventKind::FaultEnded { fault } => {
                self.silent.remove(fault);
            }
            _ => {}
        }
    }

    /// Whether something is down now.
    pub(super) fn is_down(&self) -> bool {
        !self.crashed.is_empty() || !self.silent.is_empty()
    }
}
