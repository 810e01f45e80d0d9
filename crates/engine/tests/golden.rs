//! Golden traces: what each member of the families does, event by event, in small runs.
//!
//! A run has constant delays and service times, so that a reader can follow it with a finger. After a
//! change that is meant, run with `INTERLEAVE_UPDATE=1` and read the difference.

#![allow(clippy::unwrap_used)]

mod breaks_support;
mod golden_support;

use breaks_support::{assert_file, finish};
use interleave_engine::scenario::{self, Scenario};
use interleave_engine::session::{RunInput, RunState, open};
use serde_json::{Value, json};

/// A section of a golden file: a title, and the scenario whose run it shows.
fn section(title: &str, scenario: Scenario) -> String {
    let session = finish(open(&RunInput::of(scenario)).unwrap());
    assert_eq!(*session.state(), RunState::AtRest, "{title}");
    let events = golden_support::print(session.as_ref());
    format!("== {title}\n{events}at rest:\n{}\n", golden_support::print_end(session.as_ref()))
}

fn parse(document: &Value) -> Scenario {
    scenario::parse(&document.to_string()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// Customers and orders with one order, constant times, and perhaps a fault.
fn order(pattern: &str, customer: &str, total: i64, faults: &Value) -> Scenario {
    let shipped = scenario::by_name("customers-and-orders").unwrap().json;
    let mut document: Value = serde_json::from_str(shipped).unwrap();
    document["coupling"] = json!(pattern);
    document["network"] = json!({ "delay_us": { "constant": 1000 } });
    for service in document["services"].as_array_mut().unwrap() {
        service["service_time_us"] = json!({ "constant": 2000 });
    }
    document["options"] = json!({ "orchestrator": "separate" });
    document["workload"] = json!({
        "arrivals": { "at-us": [0] },
        "mix": [{ "transaction": "order", "inputs": { "customer": customer, "total": total } }],
    });
    document["faults"] = faults.clone();
    parse(&document)
}

/// A node crashes right after the n-th event of a kind, for 20 ms.
fn crash(node: &str, event: &str, nth: u32) -> Value {
    json!([{
        "fault": { "crash": node },
        "on": { "event": event, "node": node, "nth": nth },
        "for_us": 20_000,
    }])
}

fn write_member(pattern: &str, crashes: &[(&str, Value)]) -> String {
    let none = json!([]);
    let mut text = section("an order of 12.34 is approved", order(pattern, "mary", 1_234, &none));
    text += &section("one of 123.40 is refused", order(pattern, "mary", 12_340, &none));
    for (title, faults) in crashes {
        text += &section(title, order(pattern, "mary", 1_234, faults));
    }
    text
}

#[test]
fn uncoordinated() {
    let text = write_member(
        "database-per-service",
        &[("orders crashes after it wrote the order", crash("orders", "committed", 1))],
    );
    assert_file("tests/golden/uncoordinated.txt", &text);
}

#[test]
fn saga_choreography() {
    let text = write_member(
        "saga-choreography",
        &[
            (
                "orders crashes after it wrote the order, before the relay has published",
                crash("orders", "committed", 1),
            ),
            (
                "customers crashes after it published, before it marked the message as sent",
                crash("customers", "published", 1),
            ),
        ],
    );
    assert_file("tests/golden/saga-choreography.txt", &text);
}

#[test]
fn saga_orchestration() {
    let text = write_member(
        "saga-orchestration",
        &[
            (
                "the orchestrator crashes after it wrote that credit is next",
                crash("orchestrator", "committed", 2),
            ),
            ("customers crashes with the credit reserved", crash("customers", "committed", 1)),
        ],
    );
    assert_file("tests/golden/saga-orchestration.txt", &text);
}

/// Two services, a row that both know, and a reader who wants both.
fn reading(faults: &Value) -> Scenario {
    parse(&json!({
        "interleave": 1,
        "title": "A question to two services",
        "coupling": "saga-choreography",
        "services": [
            { "name": "prices", "service_time_us": { "constant": 2000 }, "rows": { "item:tea": 3 } },
            { "name": "stock", "service_time_us": { "constant": 2000 }, "rows": { "item:tea": 7 } },
        ],
        "transactions": [],
        "queries": [{
            "name": "offer",
            "inputs": ["item"],
            "reads": [
                { "service": "prices", "key": "item:$item" },
                { "service": "stock", "key": "item:$item" },
            ],
        }],
        "workload": {
            "arrivals": { "at-us": [0, 10_000] },
            "mix": [
                { "query": "offer", "weight": 0, "inputs": { "item": "tea" } },
                { "query": "offer", "weight": 0, "inputs": { "item": "coffee" } },
            ],
        },
        "faults": faults,
    }))
}

#[test]
fn direct() {
    let mut text = section("both services answer", reading(&json!([])));
    let down = json!([{ "fault": { "crash": "stock" }, "at_us": 500, "for_us": 60_000 }]);
    text += &section("stock is down when it is asked", reading(&down));
    assert_file("tests/golden/direct.txt", &text);
}

/// Every operation on rows, and every way in which the data can refuse one.
fn operating(operations: &Value) -> Scenario {
    parse(&json!({
        "interleave": 1,
        "title": "Rows",
        "coupling": "database-per-service",
        "services": [{
            "name": "ledger",
            "service_time_us": { "constant": 2000 },
            "rows": { "account:a": 10, "note:old": "keep", "line:a": { "items": [1, 2] } },
        }],
        "transactions": [{
            "name": "work",
            "inputs": ["amount"],
            "steps": [{ "name": "work", "service": "ledger", "do": operations }],
        }],
        "workload": {
            "arrivals": { "at-us": [0] },
            "mix": [{ "transaction": "work", "inputs": { "amount": 4 } }],
        },
    }))
}

#[test]
fn rows() {
    let add =
        json!({ "op": "add", "key": "account:a", "by": "-$amount", "min": 0, "else": "BROKE" });
    let mut text = section(
        "every operation, in one local transaction",
        operating(&json!([
            { "op": "insert", "key": "entry:$txn", "fields": { "amount": "$amount" } },
            { "op": "set", "key": "note:old", "to": "new" },
            add.clone(),
            { "op": "append", "key": "line:a", "field": "items", "item": "$amount" },
            { "op": "append", "key": "line:b", "field": "items", "item": 9 },
            { "op": "read", "key": "account:a" },
            { "op": "delete", "key": "line:b" },
            { "op": "delete", "key": "line:c" },
        ])),
    );
    for (title, second) in [
        (
            "a bound is broken by the third, and the first two are undone",
            json!([add.clone(), add.clone(), add]),
        ),
        (
            "a row that is missing",
            json!([{ "op": "set", "key": "note:none", "to": 1, "missing": "NO_NOTE" }]),
        ),
        (
            "a row that exists",
            json!([{ "op": "insert", "key": "note:old", "fields": { "value": "x" } }]),
        ),
    ] {
        text += &section(title, operating(&second));
    }
    assert_file("tests/golden/rows.txt", &text);
}
