//! A scenario made from a saga's definition and a vector's inputs.

use std::collections::{BTreeMap, BTreeSet};

use interleave_engine::scenario::{self, Scenario};
use serde_json::{Map, Value, json};

use super::definition::{Action, Definition, Place, Style};

/// The service that runs the saga, and the one whose name is not said.
const HOME: &str = "home";
const ELSEWHERE: &str = "elsewhere";

/// What a vector puts in.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// The steps that the data refuses.
    fails: BTreeSet<String>,
    /// Inputs that switch steps on or off.
    conditions: BTreeMap<String, bool>,
    /// The order's total in cents: there is an order with a customer.
    total: Option<i64>,
    /// The customer's credit limit in cents.
    limit: Option<i64>,
    /// Whether nobody knows the customer.
    unknown: bool,
}

impl Inputs {
    /// Reads a vector's inputs.
    ///
    /// # Errors
    /// An input that is not understood.
    pub(crate) fn parse(inputs: &Value, definition: &Definition) -> Result<Self, String> {
        let mut read = Self::default();
        let none = Map::new();
        for (name, value) in inputs.as_object().unwrap_or(&none) {
            let text = value.as_str().unwrap_or_default();
            match name.as_str() {
                "all" if text == "success" => {}
                "fail" => {
                    let steps: Vec<&str> = match value {
                        Value::Array(steps) => steps.iter().filter_map(Value::as_str).collect(),
                        _ => vec![text],
                    };
                    for step in steps {
                        read.fails.insert(command(definition, step)?);
                    }
                }
                "orderTotal" => read.total = Some(cents(text)?),
                "creditLimit" => read.limit = Some(cents(text)?),
                "customer" => read.unknown = text.starts_with("unknown"),
                _ => match value {
                    Value::Bool(is) => {
                        read.conditions.insert(name.clone(), *is);
                    }
                    _ => return Err(format!("the input {name} = {value} is not understood")),
                },
            }
        }
        Ok(read)
    }
}

/// The step that an input names; words after its name are a remark.
fn command(definition: &Definition, text: &str) -> Result<String, String> {
    let name = text.split_whitespace().next().unwrap_or_default();
    let commands = definition.actions.iter().filter_map(|action| action.command.as_ref());
    let found = commands.into_iter().find(|command| command.eq_ignore_ascii_case(name));
    found.cloned().ok_or_else(|| format!("no step is called {name:?}"))
}

/// `12.34` as 1234.
fn cents(text: &str) -> Result<i64, String> {
    let unclear = || format!("{text:?} is no amount of money");
    let (units, rest) = text.split_once('.').ok_or_else(unclear)?;
    let both: i64 = format!("{units}{rest}").parse().map_err(|_| unclear())?;
    if rest.len() == 2 { Ok(both) } else { Err(unclear()) }
}

/// The scenario of a saga: one flow, one arrival, no faults, constant times.
///
/// # Errors
/// What the scenario's own validation says.
pub(crate) fn scenario(definition: &Definition, inputs: &Inputs) -> Result<Scenario, String> {
    let mut rows: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    let mut steps: Vec<Value> = Vec::new();
    let is_hosted = definition.actions.iter().any(|action| action.place == Place::Local);
    if is_hosted && definition.actions[0].place != Place::Local {
        // The saga runs in its first step's service, so a step that does nothing comes first.
        order.push(HOME.into());
        steps.push(json!({ "name": "begin", "service": HOME }));
    }
    for (at, action) in definition.actions.iter().enumerate() {
        // What comes after a step may fail, so a step that nothing takes back leaves nothing.
        let leaves = action.undo.is_some() || at + 1 == definition.actions.len();
        let service = service(action);
        if !order.contains(&service) {
            order.push(service.clone());
        }
        let rows = rows.entry(service.clone()).or_default();
        steps.push(step(action, leaves, &service, definition.style, inputs, rows));
    }
    if inputs.total.is_some() && !inputs.unknown {
        let credit = definition.actions.iter().find(|action| is_credit(action));
        let rows = credit.and_then(|action| rows.get_mut(&service(action)));
        if let Some(rows) = rows {
            rows.insert("customer:mary".into(), json!({ "credit": inputs.limit.unwrap_or(0) }));
        }
    }
    let services: Vec<Value> = order
        .iter()
        .map(|name| json!({ "name": name, "rows": rows.get(name).cloned().unwrap_or_default() }))
        .collect();
    let (names, values) = flow_inputs(definition, inputs)?;
    let document = json!({
        "interleave": 1,
        "title": "A saga of the oracle",
        "coupling": match definition.style {
            Style::Orchestration => "saga-orchestration",
            Style::Choreography => "saga-choreography",
        },
        "services": services,
        "transactions": [{ "name": "saga", "inputs": names, "steps": steps }],
        "workload": {
            "arrivals": { "at-us": [0] },
            "mix": [{ "transaction": "saga", "inputs": values }],
        },
        "options": {
            "orchestrator": if is_hosted { "first-service" } else { "separate" },
            "compensate": if definition.failed_too { "failed-too" } else { "completed" },
            "compensation_order": if definition.parallel { "parallel" } else { "sequential" },
        },
    });
    scenario::parse(&document.to_string()).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        problems.join("; ")
    })
}

fn service(action: &Action) -> String {
    match &action.place {
        Place::Local => HOME.into(),
        Place::Service(name) => name.clone(),
        Place::Elsewhere => ELSEWHERE.into(),
    }
}

fn flow_inputs(
    definition: &Definition,
    inputs: &Inputs,
) -> Result<(Vec<String>, Map<String, Value>), String> {
    let mut values = Map::new();
    for name in definition.actions.iter().filter_map(|action| action.condition.as_ref()) {
        let value = inputs.conditions.get(name);
        let value = value.ok_or_else(|| format!("the condition {name} has no value"))?;
        values.insert(name.clone(), json!(i64::from(*value)));
    }
    if let Some(total) = inputs.total {
        values.insert("total".into(), json!(total));
        values.insert("customer".into(), json!(if inputs.unknown { "nobody" } else { "mary" }));
    }
    Ok((values.keys().cloned().collect(), values))
}

/// Whether a step reserves credit.
fn is_credit(action: &Action) -> bool {
    action.command.as_ref().is_some_and(|name| name.contains("Credit"))
}

/// What an order's status is after a step of this name.
fn status(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let statuses = [("create", "PENDING"), ("approve", "APPROVED"), ("reject", "REJECTED")];
    statuses.into_iter().find(|(verb, _)| name.starts_with(verb)).map(|(_, status)| status)
}

/// The step as the document has it. A step that is to fail finds its gate closed: its refusal comes
/// from data.
fn step(
    action: &Action,
    leaves: bool,
    service: &str,
    style: Style,
    inputs: &Inputs,
    rows: &mut Map<String, Value>,
) -> Value {
    let undo_name = action.undo.clone().unwrap_or_default();
    let name = action.command.clone().unwrap_or_else(|| format!("before-{undo_name}"));
    let is_order = inputs.total.is_some() && status(&name).is_some();
    let mut step = json!({ "name": name, "service": service });
    if action.command.is_some() {
        step["do"] = if is_order {
            json!([order_forward(&name)])
        } else if inputs.total.is_some() && is_credit(action) {
            json!([{
                "op": "add", "key": "customer:$customer", "field": "credit", "by": "-$total",
                "min": 0, "else": "INSUFFICIENT_CREDIT", "missing": "UNKNOWN_CUSTOMER",
            }])
        } else {
            let open = i64::from(!inputs.fails.contains(&name));
            rows.insert(format!("gate:{name}"), json!(open));
            let refusal = action.refusal.clone().unwrap_or_else(|| format!("{name} failed"));
            let (by, min) = if leaves { (-1, 0) } else { (0, 1) };
            json!([{
                "op": "add", "key": format!("gate:{name}"), "by": by, "min": min, "else": refusal,
            }])
        };
    }
    if action.undo.is_some() {
        step["undo_name"] = json!(undo_name);
        step["undo"] = if is_order {
            json!([
                {
                    "op": "set", "key": "order:$txn", "field": "status",
                    "to": status(&undo_name).unwrap_or("UNDONE"),
                },
                { "op": "set", "key": "order:$txn", "field": "reason", "to": "$reason" },
            ])
        } else if action.command.is_some() {
            json!([{ "op": "add", "key": format!("gate:{name}"), "by": 1 }])
        } else {
            json!([{ "op": "insert", "key": format!("{undo_name}:$txn"), "fields": { "reason": "$reason" } }])
        };
    }
    if let Some(condition) = &action.condition {
        step["if"] = json!({ "input": condition, "is": 1 });
    }
    if style == Style::Choreography {
        name_events(&mut step, &name);
    }
    step
}

fn order_forward(name: &str) -> Value {
    match status(name) {
        Some("PENDING") => json!({
            "op": "insert", "key": "order:$txn",
            "fields": { "status": "PENDING", "customer": "$customer", "total": "$total" },
        }),
        other => json!({
            "op": "set", "key": "order:$txn", "field": "status", "to": other.unwrap_or("DONE"),
        }),
    }
}

/// The names that customers and orders gives its events.
fn name_events(step: &mut Value, name: &str) {
    let events: &[(&str, &str)] = match name {
        "CreateOrder" => &[("emits", "OrderCreated"), ("undone", "OrderRejected")],
        "ReserveCredit" => {
            &[("emits", "CustomerCreditReserved"), ("fails", "CustomerCreditReservationFailed")]
        }
        "ApproveOrder" => &[("emits", "OrderApproved")],
        _ => &[],
    };
    for (field, event) in events {
        step[*field] = json!(event);
    }
}
