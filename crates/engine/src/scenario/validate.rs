//! What a document means: names that exist, kinds in order, numbers within bounds.
//!
//! Whether a coupling's name exists is the patterns' own to say; everything else is said here.
//! Every check is linear in the document, or bounded, since documents come from strangers.

mod countermeasures;
mod faults;
mod flows;
mod invariants;
mod keys;
mod network;
mod numbers;
mod services;
mod workload;

use std::collections::{BTreeMap, BTreeSet};

use super::at::{At, Problems, did_you_mean, quote};
use super::bounds::{
    MAX_CONSUMERS, MAX_EVENTS, MAX_EXPLORED, MAX_NAME, MAX_REPLICAS, MAX_SENTENCE, MAX_STATES,
    MAX_TIME, NODES,
};
use super::document::{Coupling, Scenario, Service, VERSION};
use super::problem::Problem;

/// Says everything that is wrong with what a scenario means; nothing where it can run under any
/// coupling. At most [`super::at::MAX_PROBLEMS`] are listed, and one more counts the rest.
#[must_use]
pub fn validate(scenario: &Scenario) -> Vec<Problem> {
    let mut check = Check::of(scenario);
    check.head();
    check.services();
    check.flows();
    check.queries();
    check.workload();
    check.explore();
    check.network();
    check.faults();
    check.invariants();
    check.limits();
    check.problems.finish()
}

/// A check that is under way.
struct Check<'a> {
    scenario: &'a Scenario,
    problems: Problems,
    /// The services by name; the first where a name stands twice.
    services: BTreeMap<&'a str, &'a Service>,
}

impl<'a> Check<'a> {
    fn of(scenario: &'a Scenario) -> Self {
        let mut services = BTreeMap::new();
        for service in &scenario.services {
            services.entry(service.name.as_str()).or_insert(service);
        }
        Self { scenario, problems: Problems::default(), services }
    }

    fn head(&mut self) {
        let scenario = self.scenario;
        if scenario.interleave != VERSION {
            self.problems.add(
                &At::ROOT.name("interleave"),
                || format!("made for version {}", scenario.interleave),
                || format!("this engine reads version {VERSION}"),
            );
        }
        self.name(&At::ROOT.name("title"), &scenario.title);
        self.sentence(&At::ROOT.name("about"), &scenario.about);
        let at = At::ROOT.name("coupling");
        match &scenario.coupling {
            Coupling::Named(name) => self.name(&at, name),
            Coupling::Parts(parts) => {
                self.name(&at.name("write"), &parts.write);
                self.name(&at.name("read"), &parts.read);
                self.name(&at.name("store"), &parts.store);
            }
        }
    }

    fn explore(&mut self) {
        let explore = &self.scenario.explore;
        let at = At::ROOT.name("explore");
        self.count(&at.name("transactions"), explore.transactions.into(), 1, MAX_EXPLORED);
        self.count(&at.name("max_states"), explore.max_states, 1, MAX_STATES);
        self.budget(&at.name("faults"), &explore.faults);
    }

    fn limits(&mut self) {
        let limits = &self.scenario.limits;
        let at = At::ROOT.name("limits");
        self.count(&at.name("events"), limits.events.into(), 1, MAX_EVENTS);
        self.count(&at.name("time_us"), limits.time_us, 1, MAX_TIME);
    }

    /// Any text can be a name, as long as it can be shown in one place on one line.
    fn name(&mut self, at: &At<'_>, name: &str) {
        if name.trim().is_empty() {
            let remedy = || format!("write 1 to {MAX_NAME} characters");
            self.problems.add(at, || "found an empty text".into(), remedy);
        } else if name.chars().nth(MAX_NAME).is_some() {
            let found = || format!("{} characters", name.chars().count());
            self.problems.add(at, found, || format!("at most {MAX_NAME} are allowed"));
        } else if name.chars().any(char::is_control) {
            let found = || format!("found {}, with a control character", quote(name));
            self.problems.add(at, found, || "remove it".into());
        }
    }

    fn names(&mut self, at: &At<'_>, names: &[(&'static str, &Option<String>)]) {
        for (field, name) in names {
            if let Some(name) = name {
                self.name(&at.name(field), name);
            }
        }
    }

    /// A text that people read.
    fn sentence(&mut self, at: &At<'_>, text: &str) {
        if text.chars().nth(MAX_SENTENCE).is_some() {
            let found = || format!("{} characters", text.chars().count());
            self.problems.add(at, found, || format!("at most {MAX_SENTENCE} are allowed"));
        }
    }

    /// Names in a list, each but once. The path of a repeated one has its index.
    fn unique<'n>(
        &mut self,
        at: &At<'_>,
        what: &str,
        names: impl IntoIterator<Item = &'n String>,
        leaf: Option<&'static str>,
    ) {
        let mut seen = BTreeSet::new();
        for (index, name) in names.into_iter().enumerate() {
            if !seen.insert(name) {
                let element = at.index(index);
                let at = leaf.map_or(element, |leaf| element.name(leaf));
                self.problems.add(
                    &at,
                    || format!("there are two {what} named {}", quote(name)),
                    || "give one of them another name".into(),
                );
            }
        }
    }

    /// How many elements a list has.
    fn length(&mut self, at: &At<'_>, what: &str, found: usize, least: usize, most: usize) {
        if (least..=most).contains(&found) {
            return;
        }
        self.problems.add(
            at,
            || format!("{found} {what}"),
            || match found < least {
                true => format!("at least {least} must be there"),
                false => format!("at most {most} are allowed"),
            },
        );
    }

    /// The name of a service.
    fn service(&mut self, at: &At<'_>, name: &str) -> Option<&'a Service> {
        let service = self.services.get(name).copied();
        if service.is_none() {
            let known: Vec<&str> = self.services.keys().take(64).copied().collect();
            self.problems.add(
                at,
                || format!("there is no service {}", quote(name)),
                || did_you_mean(name, &known),
            );
        }
        service
    }

    /// Whether a node of this name is a replica that a coupling may bring: `accounts-replica-1`.
    fn is_replica(&self, name: &str) -> bool {
        name.rsplit_once("-replica-").is_some_and(|(of, number)| {
            let numbered = (1..=MAX_REPLICAS).any(|n| n.to_string() == number);
            numbered && (of == "database" || self.services.contains_key(of))
        })
    }

    /// Whether a node of this name is a further member of a service's consumer group that a coupling
    /// may bring: `payments-2`.
    fn is_member(&self, name: &str) -> bool {
        name.rsplit_once('-').is_some_and(|(of, number)| {
            let consumers = self.services.get(of).map_or(1, |service| service.consumers);
            (2..=consumers.min(MAX_CONSUMERS as u8)).any(|n| n.to_string() == number)
        })
    }

    /// The name of a replica.
    fn replica(&mut self, at: &At<'_>, name: &str) {
        if !self.is_replica(name) {
            self.problems.add(
                at,
                || format!("{} is no replica", quote(name)),
                || "name one, as `orders-replica-1`".into(),
            );
        }
    }

    /// The name of a node: a service, or a part that a coupling may bring.
    fn node(&mut self, at: &At<'_>, name: &str) {
        self.node_but(at, name, &[]);
    }

    /// The name of a node other than these.
    fn node_but(&mut self, at: &At<'_>, name: &str, but: &[&str]) {
        let allowed = |node: &str| !but.contains(&node);
        let exists = NODES.contains(&name) || self.services.contains_key(name);
        if allowed(name) && (exists || self.is_replica(name) || self.is_member(name)) {
            return;
        }
        let services = self.services.keys().take(64).copied();
        let known: Vec<&str> = services.chain(NODES).filter(|node| allowed(node)).collect();
        self.problems.add(
            at,
            || match but.contains(&name) {
                true => format!("{} cannot be struck", quote(name)),
                false => format!("there is no node {}", quote(name)),
            },
            || did_you_mean(name, &known),
        );
    }
}
