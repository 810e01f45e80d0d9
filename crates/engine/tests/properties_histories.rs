//! Legal saga histories, held against the counts and lists of the oracle: every sequence of steps and
//! compensations is put to the monitor, and those that it accepts as complete are counted.

#![allow(clippy::unwrap_used)]

mod properties_support;

use interleave_engine::event::{Event, EventKind};
use interleave_engine::ids::{EventIx, FlowIx, NodeIx, StepRef, TxnId};
use interleave_engine::properties::{Finding, Monitor};
use interleave_engine::scenario::document::{Compensate, CompensationOrder};
use serde_json::{Value, json};

use properties_support::{Lab, SERVICES, committed, lab, step};

/// A saga of so many compensatable steps, pivots and retriable steps, `T1` to `Tn`.
fn saga(compensatable: usize, pivots: usize, retriable: usize) -> Lab {
    let kinds = std::iter::repeat_n("compensatable", compensatable)
        .chain(std::iter::repeat_n("pivot", pivots))
        .chain(std::iter::repeat_n("retriable", retriable));
    let steps = kinds
        .enumerate()
        .map(|(at, kind)| step(&format!("T{}", at + 1), SERVICES[at % SERVICES.len()], kind));
    lab(steps.collect(), json!([]))
}

fn event(kind: EventKind) -> Event {
    let txn = Some(TxnId(0));
    Event { at: 0, step_no: 0, node: NodeIx(1), txn, step: None, cause: None, kind }
}

struct Search {
    steps: u8,
    accepted: Vec<Vec<String>>,
    /// Prefixes that the monitor objected to: none of their extensions can be legal.
    refused: usize,
}

impl Search {
    /// Tries every sequence of at most `2 * steps` effects that begins with `history`.
    fn extend(&mut self, monitor: &Monitor, history: &mut Vec<StepRef>) {
        let mut found: Vec<Finding> = Vec::new();
        monitor.at_rest(EventIx(history.len() as u32), &mut found);
        if found.is_empty() {
            self.accepted.push(history.iter().map(|of| name(*of)).collect());
        }
        if history.len() == 2 * usize::from(self.steps) {
            return;
        }
        for step in 0..self.steps {
            let step = interleave_engine::ids::StepIx(step);
            for of in [StepRef::forward(TxnId(0), step), StepRef::undo(TxnId(0), step)] {
                // A monitor that is cloned and goes two ways must not mix them up.
                let mut next = monitor.clone();
                let mut found = Vec::new();
                let at = EventIx(history.len() as u32 + 1);
                next.observe(at, &event(committed(0, vec![], vec![of])), &mut found);
                if found.is_empty() {
                    history.push(of);
                    self.extend(&next, history);
                    history.pop();
                } else {
                    self.refused += 1;
                }
            }
        }
    }
}

fn name(of: StepRef) -> String {
    let letter = match of.dir {
        interleave_engine::ids::Direction::Do => 'T',
        interleave_engine::ids::Direction::Undo => 'C',
    };
    format!("{letter}{}", of.step.0 + 1)
}

/// The histories that the monitor accepts as legal and complete, the shortest first.
fn legal_histories(lab: &Lab) -> Vec<Vec<String>> {
    let mut monitor = Monitor::new(lab.rules(), Some(&["saga-history"]));
    let inputs = vec![];
    let started = event(EventKind::Started { flow: FlowIx(0), inputs });
    monitor.observe(EventIx(0), &started, &mut Vec::new());
    let steps = lab.scenario.transactions[0].steps.len() as u8;
    let mut search = Search { steps, accepted: vec![], refused: 0 };
    search.extend(&monitor, &mut vec![]);
    assert!(search.refused > 0, "a search that nothing stopped proves nothing");
    search.accepted.sort_by_key(|history| (history.len(), history.clone()));
    search.accepted
}

fn oracle() -> Value {
    serde_json::from_str::<Value>(include_str!("oracles/saga.json")).unwrap()["combinatorics"]
        .take()
}

fn size(row: &Value, field: &str) -> usize {
    usize::try_from(row[field].as_u64().unwrap()).unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn linear_sagas_have_as_many_legal_histories_as_the_oracle_counts() {
    let oracle = oracle();
    let rows = oracle["linear"].as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        let legal = legal_histories(&saga(size(row, "n"), 0, 0));
        assert_eq!(legal.len(), size(row, "legal_complete_histories"), "{}: {legal:?}", row["id"]);
        if !row["example_fail_at_3"].is_null() {
            assert!(legal.contains(&texts(&row["example_fail_at_3"])), "{}", row["id"]);
        }
    }
}

#[test]
fn sagas_with_a_pivot_have_exactly_the_legal_histories_of_the_oracle() {
    let oracle = oracle();
    let rows = oracle["pivot"].as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        let lab = saga(size(row, "compensatable"), size(row, "pivot"), size(row, "retriable"));
        let legal = legal_histories(&lab);
        let listed = row["legal_histories"].as_array().unwrap();
        let mut listed: Vec<Vec<String>> = listed.iter().map(texts).collect();
        listed.sort_by_key(|history| (history.len(), history.clone()));
        assert_eq!(legal, listed, "{}", row["id"]);
        assert_eq!(legal.len(), size(row, "count"), "{}", row["id"]);
    }
}

/// With the failed step compensated too, the last step may be undone as well: one history more.
#[test]
fn compensating_the_failed_step_too_adds_the_undo_of_the_whole() {
    for steps in 1..=4 {
        let mut lab = saga(steps, 0, 0);
        let completed = legal_histories(&lab);
        lab.scenario.options.compensate = Compensate::FailedToo;
        let too = legal_histories(&lab);
        let more: Vec<_> = too.iter().filter(|history| !completed.contains(history)).collect();
        assert_eq!(more.len(), 1, "{more:?}");
        assert_eq!(more[0].len(), 2 * steps);
        assert!(completed.iter().all(|history| too.contains(history)));
    }
}

/// In parallel the compensations of j steps come in any of their j! orders.
#[test]
fn parallel_compensation_frees_the_order_of_the_undos_only() {
    for steps in 1..=4_usize {
        let mut lab = saga(steps, 0, 0);
        lab.scenario.options.compensation_order = CompensationOrder::Parallel;
        let orders = |done: usize| (1..=done).product::<usize>();
        let expected: usize = (0..steps).map(orders).sum::<usize>() + 1;
        assert_eq!(legal_histories(&lab).len(), expected, "{steps} steps");
    }
}
