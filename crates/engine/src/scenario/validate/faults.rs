//! Faults.

use std::collections::BTreeSet;

use crate::event::EVENT_NAMES;

use super::super::at::{At, did_you_mean, quote};
use super::super::bounds::{MAX_COUNT, MAX_DURATION, MAX_FAULTS, MAX_TIME};
use super::super::document::{Fault, FaultKind};
use super::Check;

impl Check<'_> {
    pub(super) fn faults(&mut self) {
        let faults = &self.scenario.faults;
        let at = At::ROOT.name("faults");
        self.length(&at, "faults", faults.len(), 0, MAX_FAULTS);
        for (index, fault) in faults.iter().enumerate() {
            self.fault(&at.index(index), fault);
        }
    }

    fn fault(&mut self, at: &At<'_>, fault: &Fault) {
        if fault.at_us.is_some() == fault.on.is_some() {
            self.problems.add(
                at,
                || match fault.on {
                    Some(_) => "the fault has both `at_us` and `on`".into(),
                    None => "nothing says when the fault happens".into(),
                },
                || "write either `at_us`, a time, or `on`, an event".into(),
            );
        }
        if let Some(time) = fault.at_us {
            self.count(&at.name("at_us"), time, 0, MAX_TIME);
        }
        if let Some(trigger) = &fault.on {
            let at = at.name("on");
            if !EVENT_NAMES.contains(&trigger.event.as_str()) {
                self.problems.add(
                    &at.name("event"),
                    || format!("there is no event {}", quote(&trigger.event)),
                    || did_you_mean(&trigger.event, EVENT_NAMES),
                );
            }
            self.node(&at.name("node"), &trigger.node);
            self.count(&at.name("nth"), trigger.nth.into(), 1, MAX_COUNT);
        }
        self.count(&at.name("for_us"), fault.for_us, 1, MAX_DURATION);
        self.kind(&at.name("fault"), &fault.fault);
    }

    fn kind(&mut self, at: &At<'_>, kind: &FaultKind) {
        match kind {
            FaultKind::Crash(node) => self.node_but(&at.name("crash"), node, &["clients"]),
            FaultKind::Pause(node) => self.node_but(&at.name("pause"), node, &["clients"]),
            FaultKind::Slow { node, times } => {
                let at = at.name("slow");
                self.node_but(&at.name("node"), node, &["clients"]);
                self.within(&at.name("times"), *times, 1.0, 1_000_000.0);
            }
            FaultKind::Partition(nodes) => {
                let at = at.name("partition");
                self.length(&at, "nodes", nodes.len(), 1, MAX_FAULTS);
                let mut seen = BTreeSet::new();
                for (index, node) in nodes.iter().enumerate() {
                    let at = at.index(index);
                    self.node(&at, node);
                    if !seen.insert(node) {
                        let found = || format!("{} stands twice", quote(node));
                        self.problems.add(&at, found, || "write it once".into());
                    }
                }
            }
            FaultKind::Link { from, to, loss, duplicate, delay_us } => {
                let at = at.name("link");
                self.ends(&at, from, to);
                self.probability(&at.name("loss"), *loss);
                self.probability(&at.name("duplicate"), *duplicate);
                self.count(&at.name("delay_us"), *delay_us, 0, MAX_DURATION);
            }
            FaultKind::BrokerOutage => {}
            FaultKind::RefuseWrites(node) => {
                let without_database = ["clients", "broker", "composer"];
                self.node_but(&at.name("refuse-writes"), node, &without_database);
            }
            FaultKind::Poison(service) => {
                self.service(&at.name("poison"), service);
            }
            FaultKind::Rebuild(replica) => self.replica(&at.name("rebuild"), replica),
            FaultKind::RenameColumn { service, table, column, to } => {
                let at = at.name("rename-column");
                self.service(&at.name("service"), service);
                let steps = self.scenario.transactions.iter().flat_map(|flow| &flow.steps);
                let mut own = steps.filter(|step| step.service == *service);
                let known = own.any(|step| {
                    step.forward.iter().any(|operation| {
                        operation.key().split_once(':').is_some_and(|(of, _)| of == table)
                    })
                });
                if !known {
                    let found = || format!("no step of {service} uses a table {}", quote(table));
                    let remedy = || "name the table that a step's key begins with".into();
                    self.problems.add(&at.name("table"), found, remedy);
                }
                if column == to {
                    let found = || format!("{} is its old name too", quote(to));
                    self.problems.add(&at.name("to"), found, || "give it another name".into());
                }
            }
        }
    }
}
