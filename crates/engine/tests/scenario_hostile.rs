//! Bad input gets its named message: where, what was found, what is allowed.

use std::fmt::Write as _;

use interleave_engine::scenario::{self, MAX_PROBLEMS, Scenario, bounds};
use serde_json::{Value, json};

/// The checkout, to be spoilt.
fn checkout() -> Value {
    serde_json::from_str(scenario::by_name("checkout").expect("it ships").json).expect("JSON")
}

/// All problems of a text, one line each.
fn problems(text: &str) -> String {
    match scenario::parse(text) {
        Ok(_) => String::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

/// The problems of the checkout with one place changed; `null` takes the field away.
fn spoilt(pointer: &str, value: Value) -> String {
    let mut document = checkout();
    let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
    let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("no {pointer}"));
    match parent {
        Value::Object(fields) if value.is_null() => {
            fields.remove(field).unwrap_or_else(|| panic!("no {pointer}"));
        }
        Value::Object(fields) => {
            fields.insert(field.into(), value);
        }
        Value::Array(items) if field == "-" => items.push(value),
        Value::Array(items) => items[field.parse::<usize>().expect("an index")] = value,
        _ => panic!("nothing to spoil at {pointer}"),
    }
    problems(&document.to_string())
}

/// A spoilt checkout has exactly this problem.
#[track_caller]
fn expect(pointer: &str, value: Value, problem: &str) {
    assert_eq!(spoilt(pointer, value), problem);
}

#[test]
fn malformed_json_names_line_and_column() {
    assert_eq!(
        problems("{\n  \"interleave\": 1,\n}"),
        "line 3, column 1: trailing comma; remove the comma before the closing bracket"
    );
    assert_eq!(
        problems("{\"interleave\": 1, \"title\": \"x"),
        "line 1, column 29: EOF while parsing a string; the document ends too early: close every \
         brace, bracket and quote"
    );
    assert_eq!(
        problems("{} x"),
        "line 1, column 4: trailing characters; remove what follows the end of the document's \
         object"
    );
    assert_eq!(
        problems("{title: 1}"),
        "line 1, column 2: key must be a string; put field names between double quotes"
    );
    assert_eq!(
        problems("{\"seed\": 1e999}"),
        "line 1, column 14: number out of range; write a smaller number"
    );
    assert_eq!(
        problems(&"[".repeat(100_000)),
        "line 1, column 128: recursion limit exceeded; a scenario has no lists or objects so deep"
    );
    assert_eq!(problems(" \n"), "the document is empty; write a JSON object");
    assert_eq!(problems("[1]"), "the document is a list of 1; a scenario is a JSON object");
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let text = format!("\u{feff}{}", checkout());
    assert_eq!(problems(&text), "");
}

#[test]
fn another_version_is_named() {
    expect("/interleave", json!(9), "interleave: made for version 9; this engine reads version 1");
    expect("/interleave", json!(0), "interleave: made for version 0; this engine reads version 1");
    expect(
        "/interleave",
        Value::Null,
        "`interleave` is missing; begin the document with \"interleave\": 1",
    );
    expect(
        "/interleave",
        json!("1"),
        "interleave: found the text \"1\"; begin the document with \"interleave\": 1",
    );
    // Whatever else is wrong with it: another version's fields are not this one's to judge.
    assert_eq!(
        problems(r#"{"interleave": 9, "nodes": []}"#),
        "interleave: made for version 9; this engine reads version 1"
    );
}

#[test]
fn unknown_fields_name_the_nearest() {
    let known = "Allowed: `name`, `service`, `kind`, `do`, `undo`, `undo_name`, `emits`, `fails`, \
                 `undone`, `if`, `countermeasures` or `say`";
    expect(
        "/transactions/0/steps/2/servise",
        json!("stock"),
        &format!(
            "transactions.checkout.steps[2].servise: unknown field \"servise\"; did you mean \
             `service`? {known}"
        ),
    );
    let found = spoilt("/servces", json!([]));
    assert!(
        found.starts_with("servces: unknown field \"servces\"; did you mean `services`? Allowed: "),
        "{found}"
    );
    let found = spoilt("/transactions/0/steps/0/do/0/filds", json!({}));
    assert_eq!(
        found,
        "transactions.checkout.steps[0].do[0].filds: unknown field \"filds\"; did you mean \
         `fields`? Allowed: `op`, `key` or `fields`"
    );
    expect(
        "/invariants/0/sum/terms/0/weight",
        json!(1),
        "invariants[\"Money conserved\"].sum.terms[0].weight: unknown field \"weight\"; allowed: \
         `service`, `key`, `field` or `times`",
    );
}

#[test]
fn fields_that_stand_twice_are_refused() {
    let text =
        checkout().to_string().replacen("\"title\":", "\"title\": \"Another\", \"title\":", 1);
    assert_eq!(problems(&text), "title: this field stands twice; remove one of the two");
    let text = checkout().to_string().replacen(
        "\"account:bob\":",
        "\"account:alice\": 1000000, \"account:bob\":",
        1,
    );
    assert_eq!(
        problems(&text),
        "services.payments.rows[\"account:alice\"]: this field stands twice; remove one of the two"
    );
}

#[test]
fn missing_fields_and_services_are_named() {
    expect("/services", Value::Null, "`services` is missing; add it: a list of objects");
    expect(
        "/transactions/0/steps/2/service",
        Value::Null,
        "transactions.checkout.steps[2]: `service` is missing; add it: a text",
    );
    expect(
        "/transactions/0/steps/2/service",
        json!("stocks"),
        "transactions.checkout.steps[2].service: there is no service \"stocks\"; did you mean \
         `stock`? Allowed: `orders`, `payments`, `shipping` or `stock`",
    );
    let found = spoilt("/services", json!([]));
    assert!(found.starts_with("services: 0 services; at least 1 must be there\n"), "{found}");
}

#[test]
fn wrong_types_are_named() {
    expect(
        "/services/0/workers",
        json!("two"),
        "services.orders.workers: found the text \"two\"; allowed: a whole number from 1 to 1024",
    );
    expect(
        "/services/0/workers",
        json!(1.5),
        "services.orders.workers: found the number 1.5; allowed: a whole number from 1 to 1024",
    );
    expect("/title", json!(["x"]), "title: found a list of 1; allowed: a text");
    expect("/services/0", json!(7), "services[0]: found the number 7; allowed: an object");
    expect("/coupling", json!(true), "coupling: found true; allowed: a text, or an object");
    expect(
        "/services/1/rows/account:alice",
        json!(0.5),
        "services.payments.rows[\"account:alice\"]: found the number 0.5; allowed: a whole number \
         from -1000000000000000 to 1000000000000000",
    );
    expect(
        "/transactions/0/steps/0/say",
        json!({}),
        "transactions.checkout.steps[0].say: found an empty object; allowed: a text",
    );
    expect(
        "/network/delay_us",
        json!({"normal": {"mean": 1}}),
        "network.delay_us.normal: unknown field \"normal\"; did you mean `log-normal`? Allowed: \
         `constant`, `uniform`, `exponential`, `log-normal` or `pareto`",
    );
    expect(
        "/network/delay_us",
        json!({}),
        "network.delay_us: nothing says which it is; name exactly one of `constant`, `uniform`, \
         `exponential`, `log-normal` or `pareto`",
    );
    expect(
        "/network/delay_us",
        json!({"constant": 1, "exponential": {"mean": 1}}),
        "network.delay_us: found both `constant` and `exponential`; name exactly one of \
         `constant`, `uniform`, `exponential`, `log-normal` or `pareto`",
    );
    expect(
        "/transactions/0/steps/0/do/0/op",
        json!("upsert"),
        "transactions.checkout.steps[0].do[0].op: found \"upsert\"; did you mean `insert`? \
         Allowed: `insert`, `set`, `add`, `append`, `read` or `delete`",
    );
    expect(
        "/transactions/0/steps/0/do/0/op",
        Value::Null,
        "transactions.checkout.steps[0].do[0]: `op` is missing; say which with `op`: `insert`, \
         `set`, `add`, `append`, `read` or `delete`",
    );
    expect(
        "/transactions/0/steps/2/kind",
        json!("Pivot"),
        "transactions.checkout.steps[2].kind: found \"Pivot\"; did you mean `pivot`? Allowed: \
         `compensatable`, `pivot` or `retriable`",
    );
    expect(
        "/faults",
        json!([{"fault": "broker-outrage", "at_us": 1}]),
        "faults[0].fault: found \"broker-outrage\"; did you mean `broker-outage`? Allowed: \
         `broker-outage`",
    );
}

#[test]
fn a_null_is_no_value() {
    let text = checkout().to_string().replacen("\"seed\":7", "\"seed\":null", 1);
    assert_eq!(
        problems(&text),
        "seed: found null; leave it out, or write a whole number from 0 to 18446744073709551615"
    );
}

#[test]
fn negative_and_huge_numbers_are_refused() {
    for (pointer, path) in [
        ("/workload/count", "workload.count"),
        ("/explore/transactions", "explore.transactions"),
        ("/explore/faults/crash", "explore.faults.crash"),
        ("/explore/max_states", "explore.max_states"),
        ("/seed", "seed"),
    ] {
        for value in [json!(-1), json!(1e300), json!(-1e300)] {
            let found = spoilt(pointer, value.clone());
            assert!(
                found.starts_with(&format!("{path}: found the number {value}; allowed: a whole")),
                "{found}"
            );
            assert!(!found.contains('\n'), "{found}");
        }
    }
    expect(
        "/services/1/rows/account:alice",
        json!(1_000_000_000_000_001_i64),
        "services.payments.rows[\"account:alice\"]: found the number 1000000000000001; allowed: a \
         whole number from -1000000000000000 to 1000000000000000",
    );
    expect(
        "/workload/mix/0/inputs/amount",
        json!(u64::MAX),
        "workload.mix[0].inputs.amount: found the number 18446744073709551615; allowed: a whole \
         number from -1000000000000000 to 1000000000000000",
    );
    expect(
        "/network/delay_us/log-normal/median",
        json!(-1),
        "network.delay_us.log-normal.median: found -1; allowed: 0 to 3600000000",
    );
    expect(
        "/network/delay_us/log-normal/median",
        json!(3_600_000_001.0),
        "network.delay_us.log-normal.median: found 3600000001; allowed: 0 to 3600000000",
    );
    expect("/network/loss", json!(1.5), "network.loss: found 1.5; allowed: 0 to 1");
    expect(
        "/workload/arrivals/per-second",
        json!(-20),
        "workload.arrivals.per-second: found -20; allowed: 0.000001 to 1000000",
    );
    expect(
        "/services/0/service_time_us",
        json!({"uniform": {"min": 9, "max": 4}}),
        "services.orders.service_time_us.uniform.min: 9 is above `max`, which is 4; exchange the \
         two",
    );
    expect(
        "/limits",
        json!({"events": 5_000_001}),
        "limits.events: found the number 5000001; allowed: a whole number from 1 to 5000000",
    );
}

#[test]
fn numbers_of_a_scenario_made_in_code_are_bounded_too() {
    let mut scenario: Scenario = scenario::by_name("checkout").unwrap().scenario();
    scenario.services[0].workers = 0;
    scenario.network.loss = f64::NAN;
    scenario.retries.backoff = f64::INFINITY;
    scenario.limits.events = u32::MAX;
    scenario.explore.faults.crash = 200;
    let found: Vec<String> = scenario::validate(&scenario).iter().map(|p| p.path.clone()).collect();
    assert_eq!(
        found,
        [
            "services.orders.workers",
            "explore.faults.crash",
            "network.loss",
            "retries.backoff",
            "limits.events"
        ]
    );
}

#[test]
fn duplicate_and_reserved_names_are_refused() {
    expect(
        "/services/1/name",
        json!("orders"),
        "services[1].name: there are two services named \"orders\"; give one of them another \
         name\ntransactions.checkout.steps[1].service: there is no service \"payments\"; allowed: \
         `orders`, `shipping` or `stock`\ninvariants[\"Money conserved\"].sum.terms[0].service: \
         there is no service \"payments\"; allowed: `orders`, `shipping` or `stock`\n\
         invariants[\"No account below zero\"].bound.service: there is no service \"payments\"; \
         allowed: `orders`, `shipping` or `stock`",
    );
    expect(
        "/transactions/0/steps/1/name",
        json!("reserve"),
        "transactions.checkout.steps[2].name: there are two steps named \"reserve\"; give one of \
         them another name",
    );
    expect(
        "/services/-",
        json!({"name": "broker"}),
        "services.broker.name: \"broker\" is a node that patterns bring; give the service another \
         name",
    );
    expect(
        "/services/-",
        json!({"name": ""}),
        "services[4].name: found an empty text; write 1 to 64 characters",
    );
    expect(
        "/services/-",
        json!({"name": "a\u{0}b"}),
        "services[\"a\\u{0}b\"].name: found \"a\\u{0}b\", with a control character; remove it",
    );
    expect("/title", json!("x".repeat(65)), "title: 65 characters; at most 64 are allowed");
}

#[test]
fn ten_thousand_services_are_refused_in_one_line() {
    let services: Vec<Value> = (0..10_000).map(|n| json!({"name": format!("s{n}")})).collect();
    let mut document = checkout();
    let own = document["services"].as_array().unwrap().clone();
    document["services"] = Value::Array(own.into_iter().chain(services).collect());
    assert_eq!(problems(&document.to_string()), "services: 10004 services; at most 64 are allowed");
}

#[test]
fn ten_thousand_mistakes_are_counted_and_not_listed() {
    let services: Vec<Value> = (0..10_000).map(|n| json!({"name": n, "worker": -1})).collect();
    let mut document = checkout();
    document["services"] = Value::Array(services);
    let found = scenario::parse(&document.to_string()).unwrap_err();
    assert_eq!(found.len(), MAX_PROBLEMS + 1);
    assert_eq!(found[0].to_string(), "services[0].name: found the number 0; allowed: a text");
    assert_eq!(found[MAX_PROBLEMS].found, "and 19950 more");
}

#[test]
fn a_document_over_the_limit_is_not_read() {
    let text = " ".repeat(bounds::MAX_BYTES + 1);
    assert_eq!(problems(&text), "the document has 262145 bytes; at most 262144 are read");
}

#[test]
fn lists_in_lists_that_would_take_long_to_compare_are_cut() {
    // Thousands of inputs against thousands of values, uses and entries.
    let names: Vec<String> = (0..8_000).map(|n| format!("i{n}")).collect();
    let mut document = checkout();
    document["transactions"][0]["inputs"] = json!(names);
    let inputs: serde_json::Map<String, Value> =
        names.iter().map(|name| (name.clone(), json!(1))).collect();
    document["workload"]["mix"][0]["inputs"] = Value::Object(inputs);
    let found = problems(&document.to_string());
    assert!(
        found.starts_with("transactions.checkout.inputs: 8000 inputs; at most 64 are allowed\n"),
        "{found}"
    );
    assert_eq!(found.lines().count(), MAX_PROBLEMS + 1);
}

#[test]
fn a_script_in_every_text_stays_text() {
    const SCRIPT: &str = "<img src=x onerror=alert(1)>";
    fn spoil(value: &mut Value) {
        match value {
            Value::String(text) => *text = SCRIPT.into(),
            Value::Array(items) => items.iter_mut().for_each(spoil),
            Value::Object(fields) => fields.values_mut().for_each(spoil),
            _ => {}
        }
    }
    let mut document = checkout();
    spoil(&mut document);
    let found = problems(&document.to_string());
    let mut expected = String::new();
    for (index, kind) in [(2, "kind"), (3, "kind"), (4, "kind")] {
        let _ = writeln!(
            expected,
            "transactions[\"{SCRIPT}\"].steps[{index}].{kind}: found \"{SCRIPT}\"; allowed: \
             `compensatable`, `pivot` or `retriable`"
        );
    }
    // Operations' words are words too.
    assert!(
        found.contains(&format!(".do[0].op: found \"{SCRIPT}\"; allowed: `insert`")),
        "{found}"
    );
    for line in expected.lines() {
        assert!(found.contains(line), "{line}\nis not in\n{found}");
    }

    // Where any text is allowed, a script is a name like any other.
    let text = checkout()
        .to_string()
        .replace("\"alice\"", &format!("\"{SCRIPT}\""))
        .replace("account:alice", &format!("account:{SCRIPT}"))
        .replace("\"Checkout\"", &format!("\"{SCRIPT}\""))
        .replace("\"checkout\"", &format!("\"{SCRIPT}\""))
        .replace("\"payments\"", &format!("\"{SCRIPT}\""))
        .replace("\"Money conserved\"", &format!("\"{SCRIPT}\""));
    let scenario = scenario::parse(&text).unwrap();
    assert_eq!(scenario.services[1].name, SCRIPT);
    assert_eq!(scenario.title, SCRIPT);
}
