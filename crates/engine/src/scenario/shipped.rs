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

/// All of them, the first being the one that a first visit shows.
static SHIPPED: &[Shipped] = &[
    Shipped { name: "checkout", json: include_str!("../../scenarios/checkout.json") },
    Shipped {
        name: "customers-and-orders",
        json: include_str!("../../scenarios/customers-and-orders.json"),
    },
    Shipped { name: "trip", json: include_str!("../../scenarios/trip.json") },
    Shipped { name: "stale-balance", json: include_str!("../../scenarios/stale-balance.json") },
    Shipped {
        name: "rebuild-read-model",
        json: include_str!("../../scenarios/rebuild-read-model.json"),
    },
    Shipped {
        name: "opposite-transfers",
        json: include_str!("../../scenarios/opposite-transfers.json"),
    },
    Shipped { name: "two-editors", json: include_str!("../../scenarios/two-editors.json") },
    Shipped {
        name: "balance-last-year",
        json: include_str!("../../scenarios/balance-last-year.json"),
    },
    Shipped {
        name: "corrected-record",
        json: include_str!("../../scenarios/corrected-record.json"),
    },
    Shipped { name: "late-confirm", json: include_str!("../../scenarios/late-confirm.json") },
    Shipped { name: "composed-answer", json: include_str!("../../scenarios/composed-answer.json") },
    Shipped { name: "half-written", json: include_str!("../../scenarios/half-written.json") },
    Shipped {
        name: "coordinator-dies",
        json: include_str!("../../scenarios/coordinator-dies.json"),
    },
    Shipped { name: "zombie-consumer", json: include_str!("../../scenarios/zombie-consumer.json") },
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
