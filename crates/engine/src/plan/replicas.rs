//! What readers and replicas ask of a plan.

use super::Plan;
use crate::ids::{NodeIx, TxnId};
use crate::scenario::document::Distribution;

impl Plan {
    /// How many clients have a session: those that wait for their answers, or one where arrivals come
    /// by themselves.
    #[must_use]
    pub fn sessions(&self) -> u32 {
        self.closed_clients().unwrap_or(1).max(1)
    }

    /// Whose session an arrival belongs to. Arrivals are dealt to the clients in turn, since a
    /// schedule without a clock does not know which client was free.
    #[must_use]
    pub fn session_of(&self, txn: TxnId) -> u32 {
        txn.0 % self.sessions()
    }

    /// The mean delay from one node to another, in microseconds.
    #[must_use]
    pub fn mean_delay(&self, from: NodeIx, to: NodeIx) -> f64 {
        let network = &self.scenario.network;
        let names = (self.cast.node(from), self.cast.node(to));
        let link =
            network.links.iter().find(|link| (link.from.as_str(), link.to.as_str()) == names);
        let of = link.and_then(|link| link.delay_us.as_ref()).unwrap_or(&network.delay_us);
        match of {
            Distribution::Constant(value) => *value,
            Distribution::Uniform { min, max } => (min + max) / 2.0,
            Distribution::Exponential { mean } => *mean,
            Distribution::LogNormal { median, sigma } => median * libm::exp(sigma * sigma / 2.0),
            Distribution::Pareto { scale, shape } if *shape > 1.0 => scale * shape / (shape - 1.0),
            Distribution::Pareto { .. } => f64::INFINITY,
        }
    }
}
