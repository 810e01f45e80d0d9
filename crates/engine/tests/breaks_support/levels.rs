//! What two transactions do to each other in one shared database, by isolation level, and what a
//! deadlock's victim loses.

use std::collections::BTreeMap;

use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{
    Budget, Concurrency, Draw, Input, IsolationLevel, Operation, Scalar,
};
use serde_json::json;

use super::cases::{Case, shipped};
use super::faults;

fn transfers() -> Scenario {
    shipped("opposite-transfers", "shared-database")
}

/// Two doctors may go off call as long as the other is on: each reads the other's row and writes
/// their own.
pub(crate) fn write_skew(isolation: IsolationLevel) -> Scenario {
    let mut scenario = transfers();
    let steps = &mut scenario.transactions[0].steps;
    steps[0].forward = vec![Operation::Read { key: "account:$to".into() }];
    steps[0].undo.clear();
    steps[1].forward = vec![Operation::Set {
        key: "account:$from".into(),
        field: "value".into(),
        to: Scalar::Int(0),
        missing: None,
    }];
    scenario.invariants.clear();
    scenario.options.isolation = isolation;
    scenario
}

/// One transfers more than there is room for and is refused in its second step; the other looks at
/// the account in between and writes down that it did.
pub(crate) fn dirty_read(isolation: IsolationLevel) -> Scenario {
    let mut scenario = transfers();
    let mut look = scenario.transactions[0].clone();
    look.name = "look".into();
    look.steps.truncate(1);
    look.steps[0].name = "look".into();
    look.steps[0].forward = vec![
        Operation::Read { key: "account:ann".into() },
        Operation::Insert { key: "note:$txn".into(), fields: BTreeMap::new() },
    ];
    look.steps[0].undo.clear();
    scenario.transactions.push(look);
    let Operation::Add { max, refusal, .. } = &mut scenario.transactions[0].steps[1].forward[0]
    else {
        panic!("it adds")
    };
    (*max, *refusal) = (Some(10_000), Some("FULL".into()));
    let mut looks = scenario.workload.mix[0].clone();
    looks.transaction = Some("look".into());
    scenario.workload.mix.push(looks);
    // In turn: first the one, then the other.
    scenario.workload.mix.iter_mut().for_each(|entry| entry.weight = 0);
    scenario.options.concurrency = Concurrency::Locking;
    scenario.options.isolation = isolation;
    scenario
}

/// Two transfers of which each is expected to be made: the one asks for the rows in the order of the
/// other, or in the opposite order.
pub(crate) fn both_made(is_opposite: bool) -> Scenario {
    let mut scenario = transfers();
    let inputs = &mut scenario.workload.mix[0].inputs;
    let cycle = |values: [&str; 2]| {
        Input::Drawn(Draw::Cycle(values.map(|value| Scalar::Text(value.into())).to_vec()))
    };
    let (from, to) = if is_opposite {
        (["ann", "ben"], ["ben", "ann"])
    } else {
        (["ann", "ann"], ["ben", "ben"])
    };
    inputs.insert("from".into(), cycle(from));
    inputs.insert("to".into(), cycle(to));
    // Each writes itself down, in a row of its own that nobody else wants.
    let fields = BTreeMap::from([("value".to_owned(), Scalar::Int(1))]);
    let note = Operation::Insert { key: "transfer:$txn".into(), fields };
    scenario.transactions[0].steps[1].forward.push(note);
    let made = json!({
        "name": "Both transfers are made",
        "sum": { "terms": [{ "service": "accounts", "key": "transfer:*" }], "equals": 2 },
    });
    scenario.invariants.push(serde_json::from_value(made).unwrap());
    scenario
}

/// The breaks, in the order of the page.
pub(crate) fn cases() -> Vec<Case> {
    let none = faults(0, 0, 0);
    let case = |name, scenario, faults, property, length, states| Case {
        name,
        scenario,
        faults,
        property,
        length,
        states,
    };
    let gives_up = Budget { give_up: 1, ..none };
    let made = "Both transfers are made";
    vec![
        case("victim-gives-up", both_made(true), gives_up, made, 10, 58),
        case("write-skew", write_skew(IsolationLevel::RepeatableRead), none, "Isolation", 6, 34),
        case("dirty-read", dirty_read(IsolationLevel::ReadUncommitted), none, "Isolation", 5, 23),
    ]
}
