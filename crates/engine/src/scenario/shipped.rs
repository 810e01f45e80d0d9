//! The scenarios that ship with the engine.

use super::Scenario;

/// A scenario that ships with the engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shipped {
    /// Its name on the command line and in the page's menu.
    pub name: &'static str,
    /// The document.
    pub json: &'static str,
}

/// Scenarios by name: each stands in a file of that name.
macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$(Shipped {
            name: $name,
            json: include_str!(concat!("../../scenarios/", $name, ".json")),
        }),*]
    };
}

/// All of them, the first being the one that a first visit shows.
static SHIPPED: &[Shipped] = shipped![
    "checkout",
    "customers-and-orders",
    "trip",
    "stale-balance",
    "rebuild-read-model",
    "opposite-transfers",
    "two-editors",
    "balance-last-year",
    "corrected-record",
    "late-confirm",
    "composed-answer",
    "half-written",
    "coordinator-dies",
    "zombie-consumer",
    "same-flow",
    "last-seat",
    "slow-tenant",
    "shared-outage",
    "renamed-column",
    "dual-write",
    "slow-answer",
    "redelivered-payment",
    "lost-event",
    "broker-down",
    "event-circle",
    "paid-out-too-early",
    "failed-compensation",
    "back-in-time",
    "replica-down",
    "out-of-order-projection",
    "slow-replay",
];

impl Shipped {
    /// The document, parsed.
    #[must_use]
    pub fn scenario(&self) -> Scenario {
        serde_json::from_str(self.json).expect("a test parses and validates every shipped scenario")
    }
}

/// The shipped scenarios; the first is the one that a first visit shows.
#[must_use]
pub fn shipped() -> &'static [Shipped] {
    SHIPPED
}

/// The shipped scenario of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|shipped| shipped.name == name)
}
