//! Golden traces: what each member of the families does, event by event, in small runs.
//!
//! A run has constant delays and service times, so that a reader can follow it with a finger. After a
//! change that is meant, run with `INTERLEAVE_UPDATE=1` and read the difference.

#![allow(clippy::unwrap_used)]

mod breaks_support;
mod golden_support;

use breaks_support::{assert_file, finish};
use interleave_engine::scenario::document::Presume;
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

/// A node crashes when another has the n-th event of a kind, for 20 ms.
fn crash_on(node: &str, at: &str, event: &str, nth: u32) -> Value {
    json!([{
        "fault": { "crash": node },
        "on": { "event": event, "node": at, "nth": nth },
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
fn shared_database() {
    let mut text = write_member(
        "shared-database",
        &[(
            "the database crashes with the order written and not committed",
            crash_on("database", "orders", "wrote", 1),
        )],
    );
    text += &section(
        "two opposite transfers",
        scenario::by_name("opposite-transfers").unwrap().scenario(),
    );
    assert_file("tests/golden/shared-database.txt", &text);
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

#[test]
fn two_phase_commit() {
    let pattern = "two-phase-commit";
    let mut text = write_member(
        pattern,
        &[
            (
                "the coordinator crashes after it wrote that it commits",
                crash("coordinator", "committed", 1),
            ),
            ("customers crashes with its promise made", crash("customers", "prepared", 1)),
        ],
    );
    for (title, total) in [
        ("presumed commit: an order of 12.34 is approved", 1_234),
        ("presumed commit: one of 123.40 is refused", 12_340),
    ] {
        let mut scenario = order(pattern, "mary", total, &json!([]));
        scenario.options.presume = Presume::Commit;
        text += &section(title, scenario);
    }
    assert_file("tests/golden/two-phase-commit.txt", &text);
}

#[test]
fn try_confirm_cancel() {
    let pattern = "try-confirm-cancel";
    let mut text = write_member(
        pattern,
        &[
            (
                "the coordinator crashes after it wrote that it confirms",
                crash("coordinator", "committed", 2),
            ),
            ("customers crashes with the credit reserved", crash("customers", "committed", 1)),
        ],
    );
    let cut_off = json!([{
        "fault": { "partition": ["customers"] },
        "on": { "event": "decided", "node": "coordinator", "nth": 1 },
        "for_us": 100_000,
    }]);
    let mut late = order(pattern, "mary", 1_234, &cut_off);
    late.options.reservation_us = 40_000;
    text +=
        &section("customers is cut off while it should confirm, and its reservation expires", late);
    assert_file("tests/golden/try-confirm-cancel.txt", &text);
}

/// Two services, a row that both know, and a reader who wants both.
fn reading(faults: &Value) -> Scenario {
    composing("saga-choreography", &json!({}), faults)
}

/// The same under a coupling with options.
fn composing(coupling: &str, options: &Value, faults: &Value) -> Scenario {
    parse(&json!({
        "interleave": 1,
        "title": "A question to two services",
        "coupling": coupling,
        "options": options,
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

/// A payment and two questions about it, one at once and one later, with two replicas.
fn paying(read: &str, options: &Value, faults: &Value) -> Scenario {
    parse(&json!({
        "interleave": 1,
        "title": "A payment and two questions",
        "coupling": { "write": "uncoordinated", "read": read, "store": "rows" },
        "services": [{
            "name": "accounts",
            "service_time_us": { "constant": 2000 },
            "rows": { "account:ann": 10, "account:ben": 20 },
        }],
        "transactions": [{
            "name": "pay",
            "steps": [{
                "name": "deposit",
                "service": "accounts",
                "do": [{ "op": "add", "key": "account:ann", "by": 5 }],
            }],
        }],
        "queries": [{ "name": "balance", "reads": [{ "service": "accounts", "key": "account:ann" }] }],
        "workload": {
            "arrivals": { "at-us": [0, 3_500, 20_000] },
            "mix": [
                { "transaction": "pay", "weight": 0 },
                { "query": "balance", "weight": 0 },
                { "query": "balance", "weight": 0 },
            ],
        },
        "options": options,
        "faults": faults,
    }))
}

/// What each mode of CQRS does without a fault, and with this one.
fn read_member(read: &str, title: &str, faults: &Value) -> String {
    let none = json!([]);
    let mut text = section("a payment and two questions", paying(read, &json!({}), &none));
    text += &section(title, paying(read, &json!({ "replicas": 1 }), faults));
    text
}

#[test]
fn cqrs_write_all() {
    let down =
        json!([{ "fault": { "crash": "accounts-replica-1" }, "at_us": 500, "for_us": 30_000 }]);
    let text = read_member("cqrs-write-all", "the replica is down", &down);
    assert_file("tests/golden/cqrs-write-all.txt", &text);
}

#[test]
fn cqrs_copy_at_each_write() {
    let crash = crash("accounts", "committed", 1);
    let title = "accounts crashes before it has sent a copy";
    let text = read_member("cqrs-copy-at-each-write", title, &crash);
    assert_file("tests/golden/cqrs-copy-at-each-write.txt", &text);
}

#[test]
fn cqrs_event_driven() {
    let rebuild = json!([{ "fault": { "rebuild": "accounts-replica-1" }, "at_us": 10_000 }]);
    let mut text = read_member("cqrs-event-driven", "the replica is rebuilt", &rebuild);
    let options = json!({ "replicas": 1, "sessions": "read-your-writes" });
    let own = paying("cqrs-event-driven", &options, &json!([]));
    text += &section("the client insists on its own write", own);
    assert_file("tests/golden/cqrs-event-driven.txt", &text);
}

#[test]
fn api_composition() {
    let (none, pattern) = (json!([]), "api-composition");
    let stock_down = json!([{ "fault": { "crash": "stock" }, "at_us": 500, "for_us": 60_000 }]);
    let composer_down =
        json!([{ "fault": { "crash": "composer" }, "at_us": 2500, "for_us": 4_000 }]);
    let slow = json!([{
        "fault": { "link": { "from": "stock", "to": "composer", "delay_us": 9_000 } }, "at_us": 0,
    }]);
    let parallel = json!({});
    let mut text = section("both services answer", composing(pattern, &parallel, &none));
    for (title, options, faults) in [
        ("one after the other", json!({ "composition": "sequential" }), &none),
        ("stock is late: an answer without it", json!({ "compose_timeout_us": 5_000 }), &slow),
        (
            "stock is late: no answer at all",
            json!({ "compose_timeout_us": 5_000, "partial": "fail" }),
            &slow,
        ),
        ("stock is down when it is asked", json!({ "snapshot": "one" }), &stock_down),
        ("the composer forgets what it was asked", parallel, &composer_down),
    ] {
        text += &section(title, composing(pattern, &options, faults));
    }
    text += &section("an order passes through the composer", order(pattern, "mary", 1_234, &none));
    text += &section("one is half written", order(pattern, "mary", 12_340, &none));
    assert_file("tests/golden/api-composition.txt", &text);
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

/// A pattern's operations, or a shipped scenario, on streams.
fn on_streams(scenario: Scenario, options: &Value) -> Scenario {
    let mut document = serde_json::to_value(scenario).unwrap();
    document["coupling"] =
        json!({ "write": "uncoordinated", "read": "direct", "store": "event-sourced" });
    document["options"] = options.clone();
    parse(&document)
}

#[test]
fn event_sourced() {
    let add =
        json!({ "op": "add", "key": "account:a", "by": "-$amount", "min": 0, "else": "BROKE" });
    let every = operating(&json!([
        { "op": "insert", "key": "entry:$txn", "fields": { "amount": "$amount" } },
        { "op": "set", "key": "note:old", "to": "new" },
        add.clone(),
        { "op": "append", "key": "line:a", "field": "items", "item": "$amount" },
        { "op": "append", "key": "line:b", "field": "items", "item": 9 },
        { "op": "read", "key": "account:a" },
        { "op": "delete", "key": "line:b" },
        { "op": "delete", "key": "line:c" },
    ]));
    let mut text = section("every operation, as events", on_streams(every, &json!({})));
    let mut crash = operating(&json!([add.clone(), add.clone()]));
    crash.faults = serde_json::from_value(json!([
        { "fault": { "crash": "ledger" }, "at_us": 20_000, "for_us": 5_000 }
    ]))
    .unwrap();
    let with_snapshots = json!({ "snapshot_every": 2 });
    text += &section(
        "a snapshot after two events, and a crash after three",
        on_streams(crash, &with_snapshots),
    );
    let refused = operating(&json!([add.clone(), add.clone(), add]));
    text += &section("a bound is broken, and nothing is appended", on_streams(refused, &json!({})));
    let editors = scenario::by_name("two-editors").unwrap().scenario();
    let options = json!({ "updates": "read-then-write", "expected": "exact" });
    text += &section(
        "two editors: the second comes too late, and tries again",
        on_streams(editors, &options),
    );
    assert_file("tests/golden/event-sourced.txt", &text);
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
