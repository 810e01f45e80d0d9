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
    Shipped { name: "same-flow", json: include_str!("../../scenarios/same-flow.json") },
    Shipped { name: "last-seat", json: include_str!("../../scenarios/last-seat.json") },
    Shipped { name: "slow-tenant", json: include_str!("../../scenarios/slow-tenant.json") },
    Shipped { name: "shared-outage", json: include_str!("../../scenarios/shared-outage.json") },
    Shipped { name: "renamed-column", json: include_str!("../../scenarios/renamed-column.json") },
    Shipped { name: "dual-write", json: include_str!("../../scenarios/dual-write.json") },
    Shipped { name: "slow-answer", json: include_str!("../../scenarios/slow-answer.json") },
    Shipped {
        name: "redelivered-payment",
        json: include_str!("../../scenarios/redelivered-payment.json"),
    },
    Shipped { name: "lost-event", json: include_str!("../../scenarios/lost-event.json") },
    Shipped { name: "broker-down", json: include_str!("../../scenarios/broker-down.json") },
    Shipped { name: "event-circle", json: include_str!("../../scenarios/event-circle.json") },
    Shipped {
        name: "paid-out-too-early",
        json: include_str!("../../scenarios/paid-out-too-early.json"),
    },
    Shipped {
        name: "failed-compensation",
        json: include_str!("../../scenarios/failed-compensation.json"),
    },
    Shipped { name: "back-in-time", json: include_str!("../../scenarios/back-in-time.json") },
    Shipped { name: "replica-down", json: include_str!("../../scenarios/replica-down.json") },
    Shipped {
        name: "out-of-order-projection",
        json: include_str!("../../scenarios/out-of-order-projection.json"),
    },
    Shipped { name: "slow-replay", json: include_str!("../../scenarios/slow-replay.json") },
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
