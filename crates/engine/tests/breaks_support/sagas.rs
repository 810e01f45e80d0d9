//! Flows whose sagas do to each other what isolation would keep them from, with the countermeasures
//! that a test names.

use interleave_engine::scenario::document::{Budget, Coupling};
use interleave_engine::scenario::{Scenario, parse};
use serde_json::{Value, json};

use super::cases::Case;
use super::faults;

/// A document under a style of saga.
pub(crate) fn under(style: &str, document: &Value) -> Scenario {
    let scenario = parse(&document.to_string()).unwrap_or_else(|found| panic!("{found:#?}"));
    Scenario { coupling: Coupling::Named(style.to_owned()), ..scenario }
}

/// A caller that may lose patience once, while its message is on the way.
pub(crate) fn impatient() -> Budget {
    Budget { give_up: 1, early_timer: 1, ..faults(0, 0, 0) }
}

/// A deposit that a screening refuses, and a withdrawal that may live on it in between.
pub(crate) fn bank(deposit: &[&str], withdraw: &[&str]) -> Value {
    json!({
        "interleave": 1,
        "title": "A deposit that is screened",
        "coupling": "saga-orchestration",
        "services": [
            {
                "name": "bank",
                "rows": { "account:ann": 0, "settled:deposits": 0, "settled:withdrawals": 0 },
            },
            { "name": "screening", "rows": { "left:today": 0 } },
            { "name": "teller", "rows": { "paid:out": 0 } },
        ],
        "transactions": [
            {
                "name": "deposit",
                "steps": [
                    {
                        "name": "deposit",
                        "service": "bank",
                        "do": [{ "op": "add", "key": "account:ann", "by": 50 }],
                        "undo": [{ "op": "add", "key": "account:ann", "by": -50 }],
                        "countermeasures": deposit,
                    },
                    {
                        "name": "screen",
                        "service": "screening",
                        "kind": "pivot",
                        "do": [
                            { "op": "add", "key": "left:today", "by": -1, "min": 0, "else": "SUSPICIOUS" },
                        ],
                    },
                    {
                        "name": "settle",
                        "service": "bank",
                        "kind": "retriable",
                        "do": [{ "op": "add", "key": "settled:deposits", "by": 1 }],
                    },
                ],
            },
            {
                "name": "withdraw",
                "steps": [
                    {
                        "name": "withdraw",
                        "service": "bank",
                        "do": [
                            { "op": "add", "key": "account:ann", "by": -50, "min": 0, "else": "BROKE" },
                        ],
                        "undo": [{ "op": "add", "key": "account:ann", "by": 50 }],
                        "countermeasures": withdraw,
                    },
                    {
                        "name": "pay",
                        "service": "teller",
                        "kind": "pivot",
                        "do": [{ "op": "add", "key": "paid:out", "by": 50 }],
                    },
                    {
                        "name": "book",
                        "service": "bank",
                        "kind": "retriable",
                        "do": [{ "op": "add", "key": "settled:withdrawals", "by": 1 }],
                    },
                ],
            },
        ],
        "workload": {
            "arrivals": { "at-us": [0, 1000] },
            "mix": [
                { "transaction": "deposit", "weight": 0 },
                { "transaction": "withdraw", "weight": 0 },
            ],
        },
        "explore": { "transactions": 2 },
        "invariants": [{
            "name": "No account below zero",
            "bound": { "service": "bank", "key": "account:*", "min": 0 },
            "when": "always",
        }],
    })
}

/// Two sagas take the last one: each reads that it is there, and writes that it is gone.
pub(crate) fn last_one(countermeasures: &[&str]) -> Value {
    let here = json!({
        "op": "add", "key": "item:last", "by": 0, "min": 1, "else": "SOLD_OUT",
    });
    json!({
        "interleave": 1,
        "title": "The last one, sold twice",
        "coupling": "saga-orchestration",
        "services": [
            { "name": "stock", "rows": { "item:last": 1, "taken:count": 0 } },
            { "name": "packing", "rows": { "boxes:packed": 0 } },
        ],
        "transactions": [{
            "name": "sell",
            "steps": [
                {
                    "name": "look",
                    "service": "stock",
                    "do": [{ "op": "read", "key": "item:last" }, here],
                    "undo": [{ "op": "add", "key": "item:last", "by": 0 }],
                },
                {
                    "name": "pack",
                    "service": "packing",
                    "do": [{ "op": "add", "key": "boxes:packed", "by": 1 }],
                    "undo": [{ "op": "add", "key": "boxes:packed", "by": -1 }],
                    "countermeasures": ["commutative-update"],
                },
                {
                    "name": "take",
                    "service": "stock",
                    "kind": "pivot",
                    "do": [
                        { "op": "set", "key": "item:last", "to": 0 },
                        { "op": "add", "key": "taken:count", "by": 1 },
                    ],
                    "countermeasures": countermeasures,
                },
            ],
        }],
        "workload": { "arrivals": { "at-us": [0, 1000] }, "mix": [{ "transaction": "sell" }] },
        "explore": { "transactions": 2 },
        "invariants": [
            {
                "name": "Sold once",
                "sum": {
                    "terms": [
                        { "service": "stock", "key": "item:last" },
                        { "service": "stock", "key": "taken:count" },
                    ],
                },
                "when": "always",
            },
            {
                "name": "Packed what is taken",
                "sum": {
                    "terms": [
                        { "service": "stock", "key": "taken:count" },
                        { "service": "packing", "key": "boxes:packed", "times": -1 },
                    ],
                },
                "when": "at-rest",
            },
        ],
    })
}

/// A card is charged and a box packed by a caller that does not wait long: what it takes back may
/// arrive before what it takes back.
pub(crate) fn card(countermeasures: &[&str]) -> Value {
    let step = |name: &str, service: &str, key: &str, by: i64| {
        json!({
            "name": name,
            "service": service,
            "do": [{ "op": "add", "key": key, "by": by }],
            "undo": [{ "op": "add", "key": key, "by": -by }],
            "countermeasures": countermeasures,
        })
    };
    json!({
        "interleave": 1,
        "title": "A cancellation arrives before what it cancels",
        "coupling": "saga-orchestration",
        "services": [
            { "name": "card", "rows": { "held:all": 0 } },
            { "name": "packing", "rows": { "boxes:packed": 0 } },
        ],
        "transactions": [{
            "name": "pay",
            "steps": [
                step("authorise", "card", "held:all", 50),
                step("pack", "packing", "boxes:packed", 1),
            ],
        }],
        "workload": { "arrivals": { "at-us": [0] }, "mix": [{ "transaction": "pay" }] },
        "options": { "inbox": false, "compensate": "failed-too" },
    })
}

/// Two deposits, one of which a screening refuses: its compensation puts back what it found, or
/// takes away what it added.
pub(crate) fn savings(undo: Value, countermeasures: &[&str]) -> Value {
    json!({
        "interleave": 1,
        "title": "A deposit taken back by its old balance",
        "coupling": "saga-orchestration",
        "services": [
            { "name": "bank", "rows": { "account:ann": 0, "settled:deposits": 0 } },
            { "name": "screening", "rows": { "left:today": 1 } },
        ],
        "transactions": [{
            "name": "deposit",
            "steps": [
                {
                    "name": "deposit",
                    "service": "bank",
                    "do": [{ "op": "add", "key": "account:ann", "by": 50 }],
                    "undo": [undo],
                    "countermeasures": countermeasures,
                },
                {
                    "name": "screen",
                    "service": "screening",
                    "kind": "pivot",
                    "do": [
                        { "op": "add", "key": "left:today", "by": -1, "min": 0, "else": "SUSPICIOUS" },
                    ],
                },
                {
                    "name": "settle",
                    "service": "bank",
                    "kind": "retriable",
                    "do": [{ "op": "add", "key": "settled:deposits", "by": 50 }],
                },
            ],
        }],
        "workload": { "arrivals": { "at-us": [0, 1000] }, "mix": [{ "transaction": "deposit" }] },
        "explore": { "transactions": 2 },
        "invariants": [{
            "name": "Balance is what was settled",
            "sum": {
                "terms": [
                    { "service": "bank", "key": "account:ann" },
                    { "service": "bank", "key": "settled:deposits", "times": -1 },
                ],
            },
            "when": "at-rest",
        }],
    })
}

/// The old balance, as an application writes it that remembers it.
pub(crate) fn put_back() -> Value {
    json!({ "op": "set", "key": "account:ann", "to": 0 })
}

/// What was added, whatever others did.
pub(crate) fn take_away() -> Value {
    json!({ "op": "add", "key": "account:ann", "by": -50 })
}

/// What sagas do to each other, and what late messages do to one.
pub(crate) fn cases() -> Vec<Case> {
    let none = faults(0, 0, 0);
    let (choreography, orchestration) = ("saga-choreography", "saga-orchestration");
    let case = |name, style, document: &Value, faults, property, length, states| Case {
        name,
        scenario: under(style, document),
        faults,
        property,
        length,
        states,
    };
    let dirty = "No account below zero";
    let savings = savings(put_back(), &[]);
    let balance = "Balance is what was settled";
    vec![
        case("deposit-taken-back", choreography, &bank(&[], &[]), none, dirty, 8, 311),
        case("last-one-sold-twice", choreography, &last_one(&[]), none, "Sold once", 12, 479),
        case("balance-put-back", choreography, &savings, none, balance, 16, 527),
        Case {
            name: "paid-out-by-command",
            scenario: super::as_shipped::under("paid-out-too-early", orchestration),
            faults: none,
            property: dirty,
            length: 10,
            states: 265,
        },
        case("cancel-overtakes", orchestration, &card(&[]), impatient(), "Exactly once", 4, 243),
    ]
}
