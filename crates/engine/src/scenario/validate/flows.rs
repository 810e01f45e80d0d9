//! Flows, their steps and operations; queries.

use std::collections::BTreeSet;

use super::super::at::{At, quote};
use super::super::bounds::{MAX_ENTRIES, MAX_FLOWS, MAX_INPUTS, MAX_OPERATIONS, MAX_STEPS};
use super::super::document::{Flow, Operation, Scalar, Step, StepKind};
use super::Check;
use super::keys::{Place, few, reference};

/// In which direction an operation runs: only a compensation has a reason.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Do,
    Undo,
}

impl Check<'_> {
    pub(super) fn flows(&mut self) {
        let flows = &self.scenario.transactions;
        let at = At::ROOT.name("transactions");
        self.length(&at, "transactions", flows.len(), 0, MAX_FLOWS);
        let names = flows.iter().map(|flow| &flow.name);
        self.unique(&at, "transactions", names, Some("name"));
        for (index, flow) in flows.iter().enumerate() {
            self.flow(&at.element(&flow.name, index), flow);
        }
    }

    fn flow(&mut self, at: &At<'_>, flow: &Flow) {
        self.name(&at.name("name"), &flow.name);
        let inputs = at.name("inputs");
        self.length(&inputs, "inputs", flow.inputs.len(), 0, MAX_INPUTS);
        self.inputs(&inputs, &flow.inputs);
        let at = at.name("steps");
        self.length(&at, "steps", flow.steps.len(), 1, MAX_STEPS);
        let names = flow.steps.iter().map(|step| &step.name);
        self.unique(&at, "steps", names, Some("name"));
        self.kinds(&at, &flow.steps);
        self.countermeasures(&at, &flow.steps);
        for (index, step) in flow.steps.iter().enumerate() {
            self.step(&at.index(index), step, few(&flow.inputs));
        }
    }

    /// Compensatable steps, then at most one pivot, then retriable steps (Richardson,
    /// Microservices Patterns, chapter 4).
    fn kinds(&mut self, at: &At<'_>, steps: &[Step]) {
        const RULE: &str = "the order is compensatable steps, at most one pivot, retriable steps";
        let mut last: Option<&Step> = None;
        for (index, step) in steps.iter().enumerate() {
            if let Some(last) = last
                && (rank(step.kind) < rank(last.kind)
                    || (step.kind == StepKind::Pivot && last.kind == StepKind::Pivot))
            {
                self.problems.add(
                    &at.index(index).name("kind"),
                    || {
                        format!(
                            "a {} step after {}, which is {}",
                            word(step.kind),
                            quote(&last.name),
                            word(last.kind)
                        )
                    },
                    || RULE.into(),
                );
            } else {
                last = Some(step);
            }
        }
    }

    fn step(&mut self, at: &At<'_>, step: &Step, inputs: &[String]) {
        self.name(&at.name("name"), &step.name);
        self.service(&at.name("service"), &step.service);
        self.names(
            at,
            &[
                ("undo_name", &step.undo_name),
                ("emits", &step.emits),
                ("fails", &step.fails),
                ("undone", &step.undone),
            ],
        );
        if let Some(condition) = &step.condition {
            let at = at.name("if");
            self.input(&at.name("input"), &condition.input, inputs, &[]);
            self.scalar(&at.name("is"), &condition.is);
        }
        if let Some(say) = &step.say {
            self.say(&at.name("say"), say, inputs);
        }
        for (name, operations, way) in
            [("do", &step.forward, Way::Do), ("undo", &step.undo, Way::Undo)]
        {
            let at = at.name(name);
            self.length(&at, "operations", operations.len(), 0, MAX_OPERATIONS);
            for (index, operation) in operations.iter().enumerate() {
                self.operation(&at.index(index), operation, way, inputs);
            }
        }
    }

    /// A sentence with `$inputs` in it.
    fn say(&mut self, at: &At<'_>, say: &str, inputs: &[String]) {
        self.sentence(at, say);
        let mut seen = BTreeSet::new();
        for part in say.split('$').skip(1) {
            let end =
                part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len());
            if end > 0 && seen.insert(&part[..end]) {
                self.input(at, &part[..end], inputs, &["txn"]);
            }
        }
    }

    fn operation(&mut self, at: &At<'_>, operation: &Operation, way: Way, inputs: &[String]) {
        let (key, field) = match operation {
            Operation::Insert { key, fields } => {
                let at = at.name("fields");
                self.length(&at, "fields", fields.len(), 0, MAX_ENTRIES);
                for (field, value) in fields {
                    let at = at.name(field);
                    self.name(&at, field);
                    self.value(&at, value, way, inputs);
                }
                (key, None)
            }
            Operation::Set { key, field, to, missing } => {
                self.value(&at.name("to"), to, way, inputs);
                self.names(at, &[("missing", missing)]);
                (key, Some(field))
            }
            Operation::Add { key, field, by, min, max, refusal, missing } => {
                self.number(&at.name("by"), by, inputs);
                self.range(at, *min, *max);
                self.names(at, &[("else", refusal), ("missing", missing)]);
                (key, Some(field))
            }
            Operation::Append { key, field, item } => {
                self.number(&at.name("item"), item, inputs);
                (key, Some(field))
            }
            Operation::Read { key } | Operation::Delete { key } => (key, None),
        };
        self.key(&at.name("key"), key, Place::Operation, inputs);
        if let Some(field) = field {
            self.name(&at.name("field"), field);
        }
    }

    /// A value, or what stands for one.
    fn value(&mut self, at: &At<'_>, value: &Scalar, way: Way, inputs: &[String]) {
        self.scalar(at, value);
        if let Scalar::Text(text) = value
            && let Some((negative, name)) = reference(text)
        {
            match (way, negative) {
                (Way::Undo, false) => self.input(at, name, inputs, &["txn", "reason"]),
                _ => self.input(at, name, inputs, &["txn"]),
            }
        }
    }

    /// A number, or an input that stands for one.
    fn number(&mut self, at: &At<'_>, value: &Scalar, inputs: &[String]) {
        match value {
            Scalar::Int(amount) => self.amount(at, *amount),
            Scalar::Text(text) if let Some((_, name)) = reference(text) => {
                self.input(at, name, inputs, &["txn"]);
            }
            Scalar::Text(text) => self.problems.add(
                at,
                || format!("found the text {}", quote(text)),
                || "allowed: a whole number, `$input` or `-$input`".into(),
            ),
            Scalar::List(_) => self.problems.add(
                at,
                || "found a list".into(),
                || "allowed: a whole number, `$input` or `-$input`".into(),
            ),
        }
    }

    pub(super) fn queries(&mut self) {
        let queries = &self.scenario.queries;
        let at = At::ROOT.name("queries");
        self.length(&at, "queries", queries.len(), 0, MAX_FLOWS);
        let names = queries.iter().map(|query| &query.name);
        self.unique(&at, "queries", names, Some("name"));
        for (index, query) in queries.iter().enumerate() {
            let at = at.element(&query.name, index);
            self.name(&at.name("name"), &query.name);
            let inputs = at.name("inputs");
            self.length(&inputs, "inputs", query.inputs.len(), 0, MAX_INPUTS);
            self.inputs(&inputs, &query.inputs);
            let at = at.name("reads");
            self.length(&at, "reads", query.reads.len(), 1, MAX_STEPS);
            for (index, read) in query.reads.iter().enumerate() {
                let at = at.index(index);
                self.service(&at.name("service"), &read.service);
                self.key(&at.name("key"), &read.key, Place::Query, few(&query.inputs));
            }
        }
    }
}

fn rank(kind: StepKind) -> u8 {
    match kind {
        StepKind::Compensatable => 0,
        StepKind::Pivot => 1,
        StepKind::Retriable => 2,
    }
}

fn word(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Compensatable => "compensatable",
        StepKind::Pivot => "pivot",
        StepKind::Retriable => "retriable",
    }
}
