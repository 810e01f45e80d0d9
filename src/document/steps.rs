//! Changes of a flow's steps by controls, each as a change of the scenario.

use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::bounds::MAX_STEPS;
use interleave_engine::scenario::document::{Operation, RowValue, Scalar, Service, Step, StepKind};

/// The kinds of steps, in the order in which a flow has them, with their names in the document.
pub const KINDS: [(StepKind, &str); 3] = [
    (StepKind::Compensatable, "compensatable"),
    (StepKind::Pivot, "pivot"),
    (StepKind::Retriable, "retriable"),
];

/// A change of one flow.
#[derive(Clone, PartialEq, Debug)]
pub enum StepEdit {
    /// The step changes places with the one before or after it.
    Move {
        /// Its place.
        step: usize,
        /// Whether with the one before.
        up: bool,
    },
    /// The step is taken away.
    Remove(usize),
    /// It works on another service.
    Service(usize, String),
    /// It is of another kind.
    Kind(usize, StepKind),
    /// A step is added at the end.
    Add(Template),
}

/// What a step that is added does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Template {
    /// It writes a row of its own.
    Note,
    /// It takes 1 from the first row with a number.
    Take,
    /// It takes its time and changes nothing.
    Wait,
}

/// The templates with their titles.
pub const TEMPLATES: [(Template, &str); 3] = [
    (Template::Note, "writes a row of its own"),
    (Template::Take, "takes 1 from a row"),
    (Template::Wait, "only takes its time"),
];

/// Changes the flow at this place; returns what was done in a few words, and nothing where it cannot be done.
#[must_use]
pub fn apply(scenario: &mut Scenario, flow: usize, edit: &StepEdit) -> Option<String> {
    let services = &scenario.services;
    let steps = &mut scenario.transactions.get_mut(flow)?.steps;
    match edit {
        StepEdit::Move { step, up } => {
            let other = if *up { step.checked_sub(1)? } else { step + 1 };
            if (*step).max(other) >= steps.len() {
                return None;
            }
            steps.swap(*step, other);
            Some(format!("{} moved", steps[other].name))
        }
        StepEdit::Remove(step) => {
            if steps.len() < 2 || *step >= steps.len() {
                return None;
            }
            Some(format!("without {}", steps.remove(*step).name))
        }
        StepEdit::Service(step, service) => {
            let step = steps.get_mut(*step)?;
            step.service.clone_from(service);
            Some(format!("{} at {service}", step.name))
        }
        StepEdit::Kind(step, kind) => {
            let step = steps.get_mut(*step)?;
            step.kind = *kind;
            let (_, name) = KINDS.iter().find(|(of, _)| of == kind)?;
            Some(format!("{} {name}", step.name))
        }
        StepEdit::Add(template) => {
            if steps.len() >= MAX_STEPS {
                return None;
            }
            let added = made(*template, services, steps)?;
            let name = format!("+ {}", added.name);
            steps.push(added);
            Some(name)
        }
    }
}

fn made(template: Template, services: &[Service], steps: &[Step]) -> Option<Step> {
    let number = |service: &Service| {
        let mut rows = service.rows.iter();
        rows.find(|(_, row)| matches!(row, RowValue::One(Scalar::Int(_))))
            .map(|(key, _)| key.clone())
    };
    let with_row = services.iter().find_map(|it| Some((it, number(it)?)));
    let (stem, service, forward, undo) = match template {
        Template::Note => {
            let key = "note:$txn".to_owned();
            let fields = [("status".to_owned(), Scalar::Text("NEW".into()))].into_iter().collect();
            let insert = Operation::Insert { key: key.clone(), fields };
            ("note", services.first()?, vec![insert], vec![Operation::Delete { key }])
        }
        Template::Take => {
            let (service, key) = with_row?;
            let add = |by: i64, min: Option<i64>| Operation::Add {
                key: key.clone(),
                field: "value".into(),
                by: Scalar::Int(by),
                min,
                max: None,
                refusal: None,
                missing: None,
            };
            ("take", service, vec![add(-1, Some(0))], vec![add(1, None)])
        }
        Template::Wait => ("wait", services.first()?, Vec::new(), Vec::new()),
    };
    let taken = |name: &str| steps.iter().any(|step| step.name == name);
    let name = (1..=MAX_STEPS + 1)
        .map(|n| if n == 1 { stem.to_owned() } else { format!("{stem}-{n}") })
        .find(|name| !taken(name))?;
    // After the point of no return there are only steps that are retried.
    let kind = match steps.last().map(|step| step.kind) {
        Some(StepKind::Pivot | StepKind::Retriable) => StepKind::Retriable,
        _ => StepKind::Compensatable,
    };
    Some(Step {
        name,
        service: service.name.clone(),
        kind,
        forward,
        undo: if kind == StepKind::Retriable { Vec::new() } else { undo },
        undo_name: None,
        emits: None,
        fails: None,
        undone: None,
        condition: None,
        countermeasures: Vec::new(),
        say: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{BLANK, read, text_of};
    use interleave_engine::scenario::shipped;

    #[test]
    fn what_a_template_adds_is_right_in_every_shipped_scenario() {
        for shipped in shipped::shipped() {
            for (template, _) in TEMPLATES {
                let mut scenario = shipped.scenario();
                if apply(&mut scenario, 0, &StepEdit::Add(template)).is_some() {
                    assert_eq!(
                        read(&text_of(&scenario)).as_ref(),
                        Ok(&scenario),
                        "{}",
                        shipped.name
                    );
                }
            }
        }
    }

    #[test]
    fn a_step_is_moved_within_its_flow_and_the_last_one_stays() {
        let mut scenario = read(BLANK).unwrap();
        assert_eq!(apply(&mut scenario, 0, &StepEdit::Remove(0)), None);
        assert_eq!(apply(&mut scenario, 0, &StepEdit::Move { step: 0, up: true }), None);
        assert_eq!(apply(&mut scenario, 0, &StepEdit::Move { step: 0, up: false }), None);
        let added = apply(&mut scenario, 0, &StepEdit::Add(Template::Take));
        assert_eq!(added.as_deref(), Some("+ take-2"));
        let moved = apply(&mut scenario, 0, &StepEdit::Move { step: 1, up: true });
        assert_eq!(moved.as_deref(), Some("take-2 moved"));
        assert_eq!(scenario.transactions[0].steps[0].name, "take-2");
        assert_eq!(apply(&mut scenario, 9, &StepEdit::Remove(0)), None);
    }
}
