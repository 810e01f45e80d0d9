//! The network, the broker and the retries.

use std::collections::BTreeSet;

use super::super::at::{At, quote};
use super::super::bounds::{MAX_ATTEMPTS, MAX_DURATION, MAX_LINKS, MAX_PARTITIONS};
use super::Check;

impl Check<'_> {
    pub(super) fn network(&mut self) {
        let network = &self.scenario.network;
        let at = At::ROOT.name("network");
        self.distribution(&at.name("delay_us"), &network.delay_us);
        self.probability(&at.name("loss"), network.loss);
        self.probability(&at.name("duplicate"), network.duplicate);
        self.links(&at.name("links"));

        let broker = &self.scenario.broker;
        let at = At::ROOT.name("broker");
        self.count(&at.name("partitions"), broker.partitions.into(), 1, MAX_PARTITIONS);
        self.count(&at.name("max_deliveries"), broker.max_deliveries.into(), 1, u8::MAX.into());
        self.distribution(&at.name("relay_us"), &broker.relay_us);
        let at = At::ROOT.name("options");
        self.distribution(&at.name("apply_time_us"), &self.scenario.options.apply_time_us);
        let session = self.scenario.options.session_timeout_us;
        self.count(&at.name("session_timeout_us"), session, 1, MAX_DURATION);

        let retries = &self.scenario.retries;
        let at = At::ROOT.name("retries");
        self.count(&at.name("timeout_us"), retries.timeout_us, 1, MAX_DURATION);
        self.count(&at.name("attempts"), retries.attempts.into(), 1, MAX_ATTEMPTS);
        self.within(&at.name("backoff"), retries.backoff, 1.0, 100.0);
    }

    fn links(&mut self, at: &At<'_>) {
        let links = &self.scenario.network.links;
        self.length(at, "links", links.len(), 0, MAX_LINKS);
        let mut seen = BTreeSet::new();
        for (index, link) in links.iter().enumerate() {
            let at = at.index(index);
            self.ends(&at, &link.from, &link.to);
            if !seen.insert((&link.from, &link.to)) {
                self.problems.add(
                    &at,
                    || {
                        let (from, to) = (quote(&link.from), quote(&link.to));
                        format!("the link from {from} to {to} stands twice")
                    },
                    || "write it once".into(),
                );
            }
            if let Some(delay) = &link.delay_us {
                self.distribution(&at.name("delay_us"), delay);
            }
            if let Some(loss) = link.loss {
                self.probability(&at.name("loss"), loss);
            }
            if let Some(duplicate) = link.duplicate {
                self.probability(&at.name("duplicate"), duplicate);
            }
        }
    }

    /// The two ends of a link.
    pub(super) fn ends(&mut self, at: &At<'_>, from: &str, to: &str) {
        self.node(&at.name("from"), from);
        self.node(&at.name("to"), to);
        if from == to {
            self.problems.add(
                &at.name("to"),
                || format!("the link begins and ends at {}", quote(from)),
                || "a link joins two nodes".into(),
            );
        }
    }
}
