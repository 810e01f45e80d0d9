//! What a document means is checked: each rule of the reference page, broken once.

use interleave_engine::scenario;
use serde_json::{Value, json};

/// The problems of the checkout with one place changed.
fn spoilt(pointer: &str, value: Value) -> String {
    let json = scenario::by_name("checkout").expect("it ships").json;
    let mut document: Value = serde_json::from_str(json).expect("JSON");
    if let Some(place) = document.pointer_mut(pointer) {
        *place = value;
    } else {
        let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
        let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("no {pointer}"));
        let fields = parent.as_object_mut().unwrap_or_else(|| panic!("no fields at {pointer}"));
        fields.insert(field.into(), value);
    }
    match scenario::parse(&document.to_string()) {
        Ok(_) => String::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[track_caller]
fn expect(pointer: &str, value: Value, problem: &str) {
    assert_eq!(spoilt(pointer, value), problem);
}

#[test]
fn kinds_come_in_order() {
    const RULE: &str = "the order is compensatable steps, at most one pivot, retriable steps";
    expect(
        "/transactions/0/steps/3/kind",
        json!("compensatable"),
        &format!(
            "transactions.checkout.steps[3].kind: a compensatable step after \"reserve\", which is \
             pivot; {RULE}"
        ),
    );
    expect(
        "/transactions/0/steps/1/kind",
        json!("pivot"),
        &format!(
            "transactions.checkout.steps[2].kind: a pivot step after \"charge\", which is pivot; \
             {RULE}"
        ),
    );
    expect("/transactions/0/steps/2/kind", json!("retriable"), "");
    expect("/transactions/0/steps/2/kind", json!("compensatable"), "");
}

#[test]
fn inputs_that_are_used_exist() {
    expect(
        "/transactions/0/steps/1/do/1/by",
        json!("$amounts"),
        "transactions.checkout.steps[1].do[1].by: there is no input \"$amounts\"; did you mean \
         `$amount`? Allowed: `$customer`, `$item`, `$amount` or `$txn`",
    );
    expect(
        "/transactions/0/steps/1/do/0/key",
        json!("account:$client"),
        "transactions.checkout.steps[1].do[0].key: there is no input \"$client\"; allowed: \
         `$customer`, `$item`, `$amount` or `$txn`",
    );
    expect(
        "/transactions/0/steps/1/say",
        json!("charge $who"),
        "transactions.checkout.steps[1].say: there is no input \"$who\"; allowed: `$customer`, \
         `$item`, `$amount` or `$txn`",
    );
    expect("/transactions/0/steps/1/say", json!("it costs $amount$ or $$ more"), "");
    expect(
        "/transactions/0/steps/1/if",
        json!({"input": "vip", "is": 1}),
        "transactions.checkout.steps[1].if.input: there is no input \"$vip\"; allowed: \
         `$customer`, `$item` or `$amount`",
    );
    // Only what undoes has a reason.
    expect(
        "/transactions/0/steps/0/do/0/fields/reason",
        json!("$reason"),
        "transactions.checkout.steps[0].do[0].fields.reason: there is no input \"$reason\"; \
         allowed: `$customer`, `$item`, `$amount` or `$txn`",
    );
    expect(
        "/transactions/0/steps/1/do/1/by",
        json!("lots"),
        "transactions.checkout.steps[1].do[1].by: found the text \"lots\"; allowed: a whole \
         number, `$input` or `-$input`",
    );
}

#[test]
fn inputs_have_plain_names() {
    let found = spoilt("/transactions/0/inputs/2", json!("txn"));
    assert!(
        found.starts_with(
            "transactions.checkout.inputs[2]: \"txn\" stands for something else; give the input \
             another name\n"
        ),
        "{found}"
    );
    let found = spoilt("/transactions/0/inputs/2", json!("$amount"));
    assert!(
        found.starts_with(
            "transactions.checkout.inputs[2]: found \"$amount\"; an input's name has letters, \
             digits and `_`, begins with a letter and has no `$`\n"
        ),
        "{found}"
    );
    let found = spoilt("/transactions/0/inputs/1", json!("customer"));
    assert!(
        found.starts_with(
            "transactions.checkout.inputs[1]: there are two inputs named \"customer\"; give one \
             of them another name\n"
        ),
        "{found}"
    );
}

#[test]
fn keys_are_well_formed() {
    let key = "/transactions/0/steps/0/do/0/key";
    let at = "transactions.checkout.steps[0].do[0].key";
    let rest = "write the table, a colon and the row's id";
    for bad in ["order", ":1", "order:", ""] {
        expect(
            key,
            json!(bad),
            &format!("{at}: the key \"{bad}\" is not of the form `table:id`; {rest}"),
        );
    }
    expect(
        key,
        json!("order:o-$txn"),
        &format!(
            "{at}: the id \"o-$txn\" is not plain; an id is plain, or `$` and one input as a whole"
        ),
    );
    expect(
        key,
        json!("order:*"),
        &format!(
            "{at}: the id \"*\" is not plain; an id is plain, or `$` and one input as a whole"
        ),
    );
    expect(
        key,
        json!("$item:1"),
        &format!(
            "{at}: the table \"$item\" is not a plain name; only the id may be an input or `*`"
        ),
    );
    expect(
        "/services/0/rows",
        json!({"order:007": 1}),
        "services.orders.rows[\"order:007\"]: the id \"007\" is a number in another form; write 7",
    );
    expect(
        "/services/0/rows",
        json!({"order:$txn": 1}),
        "services.orders.rows[\"order:$txn\"]: the id \"$txn\" names an input; there are no inputs \
         here: name the row itself",
    );
    expect("/services/0/rows", json!({"order:-7": 1, "order:a:b": 1}), "");
}

#[test]
fn the_mix_gives_every_input_and_no_other() {
    expect(
        "/workload/mix/0/inputs",
        json!({"customer": "alice", "item": "widget", "amont": 3}),
        "workload.mix[0].inputs: the input \"amount\" is missing; \"checkout\" needs a value for \
         it\nworkload.mix[0].inputs.amont: \"checkout\" has no input \"amont\"; did you mean \
         `amount`? Allowed: `customer`, `item` or `amount`",
    );
    expect(
        "/workload/mix/0/query",
        json!("overview"),
        "workload.mix[0]: the entry has both `transaction` and `query`; name either a \
         `transaction` or a `query`",
    );
    expect(
        "/workload/mix/0",
        json!({}),
        "workload.mix[0]: nothing says what this arrival does; name either a `transaction` or a \
         `query`",
    );
    expect(
        "/workload/mix/0/transaction",
        json!("check-out"),
        "workload.mix[0].transaction: there is no transaction \"check-out\"; did you mean \
         `checkout`? Allowed: `checkout`",
    );
    expect("/workload/mix", json!([]), "workload.mix: 0 entries; at least 1 must be there");
    expect(
        "/workload/mix/0/inputs/amount",
        json!("30"),
        "workload.mix[0].inputs.amount: the input \"amount\" is added to a number; give it a \
         whole number",
    );
    expect(
        "/workload/mix/0/inputs/item/cycle/1",
        json!([1]),
        "workload.mix[0].inputs.item.cycle[1]: the input \"item\" is a row's id; give it a whole \
         number or a text",
    );
    expect(
        "/workload/mix/0/inputs/customer",
        json!({"pick": []}),
        "workload.mix[0].inputs.customer.pick: 0 values; at least 1 must be there",
    );
    expect(
        "/workload/mix/0/inputs/customer/popular/0",
        json!("*"),
        "workload.mix[0].inputs.customer.popular[0]: the id \"*\" is not plain; an id has neither \
         `$` nor `*`",
    );
}

#[test]
fn the_number_of_arrivals_is_known() {
    expect(
        "/workload",
        json!({"arrivals": {"every-us": 5}, "mix": [{"transaction": "checkout", "inputs":
            {"customer": "alice", "item": "widget", "amount": 3}}]}),
        "workload.count: nothing says how many arrive; add `count`: 1 to 1000000",
    );
    expect(
        "/workload/arrivals",
        json!({"at-us": [0, 9]}),
        "workload.count: 40 arrivals, and 2 times; write as many times, or leave `count` out",
    );
    let times: Vec<u64> = (0..40).map(|n| if n == 7 { 1 } else { n * 10 }).collect();
    expect(
        "/workload/arrivals",
        json!({"at-us": times}),
        "workload.arrivals.at-us[7]: 1 comes after 60; write the times in order",
    );
}

#[test]
fn faults_have_one_moment_and_strike_what_can_be_there() {
    let fault = |fault: Value| json!([fault]);
    expect(
        "/faults",
        fault(json!({"fault": {"crash": "payments"}})),
        "faults[0]: nothing says when the fault happens; write either `at_us`, a time, or `on`, \
         an event",
    );
    expect(
        "/faults",
        fault(json!({"fault": {"crash": "payments"}, "at_us": 1,
            "on": {"event": "commited", "node": "payment", "nth": 1}})),
        &"faults[0]: the fault has both `at_us` and `on`; write either `at_us`, a time, or `on`, \
         an event\nfaults[0].on.event: there is no event \"commited\"; did you mean `committed`? \
         Allowed: `started`, `acknowledged`, `ended`, `query-started`, `query-answered`, `sent`, \
         `duplicated`, `dropped`, `arrived`, `fetched`, `service-started`, `handled`, `consumed`, \
         `offset-committed`, `dead-lettered`, `published`, `committed`, `refused`, `inbox-hit`, \
         `outbox-marked`, `read`, `ignored`, `timer-armed`, `timer-fired` and MORE more\n\
         faults[0].on.node: there is no node \"payment\"; did you mean `payments`? Allowed: \
         `orders`, `payments`, `shipping`, `stock`, `clients`, `broker`, `orchestrator`, \
         `coordinator`, `composer` or `database`"
            .replace("MORE", &(interleave_engine::event::EVENT_NAMES.len() - 24).to_string()),
    );
    expect(
        "/faults",
        fault(json!({"fault": {"crash": "clients"}, "at_us": 1})),
        "faults[0].fault.crash: \"clients\" cannot be struck; allowed: `orders`, `payments`, \
         `shipping`, `stock`, `broker`, `orchestrator`, `coordinator`, `composer` or `database`",
    );
    expect(
        "/faults",
        fault(
            json!({"fault": {"link": {"from": "orders", "to": "orders", "loss": 2}}, "at_us": 1}),
        ),
        "faults[0].fault.link.to: the link begins and ends at \"orders\"; a link joins two nodes\n\
         faults[0].fault.link.loss: found 2; allowed: 0 to 1",
    );
    expect(
        "/faults",
        fault(json!({"fault": {"partition": ["stock", "stock"]}, "at_us": 1})),
        "faults[0].fault.partition[1]: \"stock\" stands twice; write it once",
    );
    // A node that this coupling does not have stays in the scenario.
    expect("/faults", fault(json!({"fault": {"crash": "coordinator"}, "at_us": 1})), "");
    let many: Vec<Value> =
        (0..65).map(|at| json!({"fault": "broker-outage", "at_us": at})).collect();
    expect("/faults", json!(many), "faults: 65 faults; at most 64 are allowed");
}

#[test]
fn links_join_two_nodes_once() {
    let link = json!({"from": "orders", "to": "broker"});
    expect(
        "/network/links",
        json!([link, link]),
        "network.links[1]: the link from \"orders\" to \"broker\" stands twice; write it once",
    );
    let many: Vec<Value> = vec![json!({"from": "orders", "to": "nowhere"}); 257];
    let found = spoilt("/network/links", json!(many));
    assert!(found.starts_with("network.links: 257 links; at most 256 are allowed\n"), "{found}");
}

#[test]
fn invariants_speak_of_rows_that_can_exist() {
    let bound = "/invariants/2/bound";
    let at = "invariants[\"No account below zero\"].bound";
    expect(
        bound,
        json!({"service": "payments", "key": "acount:*", "min": 0}),
        &format!(
            "{at}.key: \"payments\" never has a table \"acount\"; did you mean `account`? Allowed: \
             `account`"
        ),
    );
    expect(
        bound,
        json!({"service": "payments", "key": "account:alise", "min": 0}),
        &format!(
            "{at}.key: \"payments\" never has a row \"account:alise\"; did you mean `alice`? \
             Allowed: `alice`, `bob`, `carol` or `shop`"
        ),
    );
    expect(
        bound,
        json!({"service": "orders", "key": "order:3", "field": "amout", "min": 0}),
        &format!(
            "{at}.field: rows of \"order\" never have a field \"amout\"; did you mean `amount`? \
             Allowed: `amount`, `customer`, `item`, `reason` or `status`"
        ),
    );
    expect(
        bound,
        json!({"service": "payments", "key": "account:*"}),
        &format!("{at}: the bound has neither `min` nor `max`; write at least one of them"),
    );
    expect(
        bound,
        json!({"service": "payments", "key": "account:*", "min": 5, "max": 4}),
        &format!("{at}.min: 5 is above `max`, which is 4; exchange the two"),
    );
    expect(
        "/invariants/0/bound",
        json!({"service": "payments", "key": "account:*", "min": 5}),
        "invariants[\"Money conserved\"]: found both `bound` and `sum`; name exactly one of `sum` \
         or `bound`",
    );
}

#[test]
fn flows_steps_and_queries_are_bounded() {
    let step = json!({"name": "x", "service": "orders"});
    let steps: Vec<Value> = (0..65)
        .map(|n| {
            let mut step = step.clone();
            step["name"] = json!(format!("s{n}"));
            step
        })
        .collect();
    expect(
        "/transactions/0/steps",
        json!(steps),
        "transactions.checkout.steps: 65 steps; at most 64 are allowed",
    );
    let mut flows: Vec<Value> =
        (0..32).map(|n| json!({"name": format!("f{n}"), "steps": [step]})).collect();
    let json = scenario::by_name("checkout").unwrap().json;
    let checkout: Value = serde_json::from_str(json).unwrap();
    flows.push(checkout["transactions"][0].clone());
    expect("/transactions", json!(flows), "transactions: 33 transactions; at most 32 are allowed");
    expect(
        "/queries",
        json!([{"name": "all", "reads": []}, {"name": "all", "reads": [
            {"service": "stok", "key": "item:$item"}]}]),
        "queries[1].name: there are two queries named \"all\"; give one of them another name\n\
         queries.all.reads: 0 reads; at least 1 must be there\n\
         queries.all.reads[0].service: there is no service \"stok\"; did you mean `stock`? \
         Allowed: `orders`, `payments`, `shipping` or `stock`\n\
         queries.all.reads[0].key: there is no input \"$item\"; none is allowed here",
    );
}
