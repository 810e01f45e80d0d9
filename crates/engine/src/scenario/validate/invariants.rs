//! Invariants: they must speak of rows and fields that can exist, or they would hold of nothing.

use std::collections::BTreeSet;

use super::super::at::{At, did_you_mean, quote};
use super::super::bounds::{MAX_INVARIANTS, MAX_STEPS, MAX_TIMES};
use super::super::document::{Operation, RowValue, Rule, Scenario};
use super::Check;
use super::keys::{Place, split};

/// What rows can exist.
#[derive(Default)]
struct Rows<'a> {
    /// Tables by service.
    tables: BTreeSet<(&'a str, &'a str)>,
    /// Fields by service and table.
    fields: BTreeSet<(&'a str, &'a str, &'a str)>,
    /// Rows by service, table and id.
    ids: BTreeSet<(&'a str, &'a str, &'a str)>,
    /// Tables in which a row's id is an input.
    open: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Rows<'a> {
    fn of(scenario: &'a Scenario) -> Self {
        let mut rows = Self::default();
        for service in &scenario.services {
            for (key, row) in &service.rows {
                match row {
                    RowValue::One(_) => rows.add(&service.name, key, ["value"]),
                    RowValue::Fields(fields) => {
                        rows.add(&service.name, key, fields.keys().map(String::as_str));
                    }
                }
            }
        }
        for step in scenario.transactions.iter().flat_map(|flow| &flow.steps) {
            for operation in step.forward.iter().chain(&step.undo) {
                match operation {
                    Operation::Insert { key, fields } => {
                        rows.add(&step.service, key, fields.keys().map(String::as_str));
                    }
                    Operation::Set { key, field, .. } | Operation::Append { key, field, .. } => {
                        rows.add(&step.service, key, [field.as_str()]);
                    }
                    // An addition never makes a row or a field.
                    Operation::Add { .. } | Operation::Read { .. } | Operation::Delete { .. } => {}
                }
            }
        }
        rows
    }

    fn add(&mut self, service: &'a str, key: &'a str, fields: impl IntoIterator<Item = &'a str>) {
        let Some((table, id)) = split(key) else {
            return;
        };
        self.tables.insert((service, table));
        if id.starts_with('$') {
            self.open.insert((service, table));
        } else {
            self.ids.insert((service, table, id));
        }
        self.fields.extend(fields.into_iter().map(|field| (service, table, field)));
    }
}

impl Check<'_> {
    pub(super) fn invariants(&mut self) {
        let invariants = &self.scenario.invariants;
        let at = At::ROOT.name("invariants");
        self.length(&at, "invariants", invariants.len(), 0, MAX_INVARIANTS);
        let names = invariants.iter().map(|invariant| &invariant.name);
        self.unique(&at, "invariants", names, Some("name"));
        let rows = Rows::of(self.scenario);
        for (index, invariant) in invariants.iter().enumerate() {
            let at = at.element(&invariant.name, index);
            self.name(&at.name("name"), &invariant.name);
            match &invariant.rule {
                Rule::Sum { terms, equals } => {
                    let at = at.name("sum");
                    if let Some(equals) = equals {
                        self.amount(&at.name("equals"), *equals);
                    }
                    let at = at.name("terms");
                    self.length(&at, "terms", terms.len(), 1, MAX_STEPS);
                    for (index, term) in terms.iter().enumerate() {
                        let at = at.index(index);
                        self.pattern(&at, &rows, &term.service, &term.key, &term.field);
                        if !(-MAX_TIMES..=MAX_TIMES).contains(&term.times) {
                            self.problems.add(
                                &at.name("times"),
                                || format!("found {}", term.times),
                                || format!("allowed: -{MAX_TIMES} to {MAX_TIMES}"),
                            );
                        }
                    }
                }
                Rule::Bound { service, key, field, min, max } => {
                    let at = at.name("bound");
                    self.pattern(&at, &rows, service, key, field);
                    self.range(&at, *min, *max);
                    if min.is_none() && max.is_none() {
                        self.problems.add(
                            &at,
                            || "the bound has neither `min` nor `max`".into(),
                            || "write at least one of them".into(),
                        );
                    }
                }
            }
        }
    }

    /// The rows that an invariant speaks of. What is wrong first hides what would follow from it.
    fn pattern(&mut self, at: &At<'_>, rows: &Rows<'_>, service: &str, key: &str, field: &str) {
        let known = self.service(&at.name("service"), service).is_some();
        self.key(&at.name("key"), key, Place::Pattern, &[]);
        self.name(&at.name("field"), field);
        let Some((table, id)) = split(key).filter(|(_, id)| known && !id.starts_with('$')) else {
            return;
        };
        if !rows.tables.contains(&(service, table)) {
            let tables = rows.tables.range((service, "")..);
            let tables: Vec<&str> = (tables.take_while(|(owner, _)| *owner == service))
                .take(64)
                .map(|(_, table)| *table)
                .collect();
            self.problems.add(
                &at.name("key"),
                || format!("{} never has a table {}", quote(service), quote(table)),
                || did_you_mean(table, &tables),
            );
        } else if id != "*"
            && !rows.ids.contains(&(service, table, id))
            && !rows.open.contains(&(service, table))
        {
            let ids = rows.ids.range((service, table, "")..);
            let ids: Vec<&str> = (ids
                .take_while(|(owner, of, _)| (*owner, *of) == (service, table)))
            .take(64)
            .map(|(_, _, id)| *id)
            .collect();
            self.problems.add(
                &at.name("key"),
                || format!("{} never has a row {}", quote(service), quote(key)),
                || did_you_mean(id, &ids),
            );
        } else if !rows.fields.contains(&(service, table, field)) {
            let fields = rows.fields.range((service, table, "")..);
            let fields: Vec<&str> = (fields
                .take_while(|(owner, of, _)| (*owner, *of) == (service, table)))
            .take(64)
            .map(|(_, _, field)| *field)
            .collect();
            self.problems.add(
                &at.name("field"),
                || format!("rows of {} never have a field {}", quote(table), quote(field)),
                || did_you_mean(field, &fields),
            );
        }
    }
}
