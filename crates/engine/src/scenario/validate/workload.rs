//! The workload: who arrives, and with which inputs.

use std::collections::{BTreeMap, BTreeSet};

use super::super::at::{At, did_you_mean, quote};
use super::super::bounds::{MAX_COUNT, MAX_DURATION, MAX_ENTRIES, MAX_TIME};
use super::super::document::{Arrivals, Draw, Flow, Input, MixEntry, Operation, Query, Scalar};
use super::Check;
use super::keys::{few, reference, split};

/// What a flow or query makes of its inputs.
#[derive(Default)]
struct Uses<'a> {
    /// Inputs that are added or appended.
    numbers: BTreeSet<&'a str>,
    /// Inputs that are ids of rows.
    ids: BTreeSet<&'a str>,
}

impl<'a> Uses<'a> {
    fn of_flow(flow: &'a Flow) -> Self {
        let mut uses = Self::default();
        for step in &flow.steps {
            for operation in step.forward.iter().chain(&step.undo) {
                match operation {
                    Operation::Insert { key, fields } => {
                        uses.key(key);
                        fields.values().for_each(|value| uses.value(value));
                    }
                    Operation::Set { key, to, .. } => {
                        uses.key(key);
                        uses.value(to);
                    }
                    Operation::Add { key, by: value, .. }
                    | Operation::Append { key, item: value, .. } => {
                        uses.key(key);
                        if let Scalar::Text(text) = value {
                            uses.numbers.extend(reference(text).map(|(_, input)| input));
                        }
                    }
                    Operation::Read { key } | Operation::Delete { key } => uses.key(key),
                }
            }
        }
        uses
    }

    fn of_query(query: &'a Query) -> Self {
        let mut uses = Self::default();
        query.reads.iter().for_each(|read| uses.key(&read.key));
        uses
    }

    fn key(&mut self, key: &'a str) {
        self.ids.extend(split(key).and_then(|(_, id)| id.strip_prefix('$')));
    }

    /// Only a number has a negative.
    fn value(&mut self, value: &'a Scalar) {
        if let Scalar::Text(text) = value
            && let Some((true, input)) = reference(text)
        {
            self.numbers.insert(input);
        }
    }
}

/// A flow or a query: its inputs and what it makes of them.
type Known<'a> = BTreeMap<&'a str, (&'a [String], Uses<'a>)>;

impl Check<'_> {
    pub(super) fn workload(&mut self) {
        let workload = &self.scenario.workload;
        let at = At::ROOT.name("workload");
        self.arrivals(&at);
        if let Some(count) = workload.count {
            self.count(&at.name("count"), count.into(), 1, MAX_COUNT);
        }
        let flows: Known<'_> = (self.scenario.transactions.iter())
            .map(|flow| {
                let uses = Uses::of_flow(flow);
                (flow.name.as_str(), (few(&flow.inputs), uses))
            })
            .collect();
        let queries: Known<'_> = (self.scenario.queries.iter())
            .map(|query| {
                let uses = Uses::of_query(query);
                (query.name.as_str(), (few(&query.inputs), uses))
            })
            .collect();
        let at = at.name("mix");
        self.length(&at, "entries", workload.mix.len(), 1, MAX_ENTRIES);
        for (index, entry) in workload.mix.iter().enumerate() {
            self.entry(&at.index(index), entry, &flows, &queries);
        }
    }

    fn arrivals(&mut self, at: &At<'_>) {
        let workload = &self.scenario.workload;
        let count = at.name("count");
        let at = at.name("arrivals");
        match &workload.arrivals {
            Arrivals::AtUs(times) => {
                let at = at.name("at-us");
                self.length(&at, "times", times.len(), 1, MAX_COUNT as usize);
                for (index, time) in times.iter().enumerate() {
                    self.count(&at.index(index), *time, 0, MAX_TIME);
                    if index > 0 && times[index - 1] > *time {
                        self.problems.add(
                            &at.index(index),
                            || format!("{time} comes after {}", times[index - 1]),
                            || "write the times in order".into(),
                        );
                    }
                }
                if let Some(found) = workload.count
                    && found as usize > times.len()
                {
                    self.problems.add(
                        &count,
                        || format!("{found} arrivals, and {} times", times.len()),
                        || "write as many times, or leave `count` out".into(),
                    );
                }
                return;
            }
            Arrivals::EveryUs(gap) => self.count(&at.name("every-us"), *gap, 0, MAX_DURATION),
            Arrivals::PerSecond(rate) => {
                self.within(&at.name("per-second"), *rate, 1e-6, 1_000_000.0);
            }
            Arrivals::Clients { clients, think_us } => {
                let at = at.name("clients");
                self.count(&at.name("clients"), (*clients).into(), 1, MAX_COUNT);
                self.distribution(&at.name("think_us"), think_us);
            }
        }
        if workload.count.is_none() {
            self.problems.add(
                &count,
                || "nothing says how many arrive".into(),
                || format!("add `count`: 1 to {MAX_COUNT}"),
            );
        }
    }

    fn entry(&mut self, at: &At<'_>, entry: &MixEntry, flows: &Known<'_>, queries: &Known<'_>) {
        self.count(&at.name("weight"), entry.weight.into(), 0, MAX_COUNT);
        let (field, name, known) = match (&entry.transaction, &entry.query) {
            (Some(name), None) => ("transaction", name, flows),
            (None, Some(name)) => ("query", name, queries),
            (both, _) => {
                self.problems.add(
                    at,
                    || match both {
                        Some(_) => "the entry has both `transaction` and `query`".into(),
                        None => "nothing says what this arrival does".into(),
                    },
                    || "name either a `transaction` or a `query`".into(),
                );
                return;
            }
        };
        let Some((inputs, uses)) = known.get(name.as_str()) else {
            let names: Vec<&str> = known.keys().take(64).copied().collect();
            self.problems.add(
                &at.name(field),
                || format!("there is no {field} {}", quote(name)),
                || did_you_mean(name, &names),
            );
            return;
        };
        let at = at.name("inputs");
        for input in inputs.iter().filter(|input| !entry.inputs.contains_key(*input)) {
            self.problems.add(
                &at,
                || format!("the input {} is missing", quote(input)),
                || format!("{} needs a value for it", quote(name)),
            );
        }
        for (input, value) in &entry.inputs {
            let at = at.name(input);
            if inputs.contains(input) {
                self.given(&at, input, value, uses);
            } else {
                self.problems.add(
                    &at,
                    || format!("{} has no input {}", quote(name), quote(input)),
                    || did_you_mean(input, inputs),
                );
            }
        }
    }

    /// The value of an input, or what it is drawn from.
    fn given(&mut self, at: &At<'_>, input: &str, value: &Input, uses: &Uses<'_>) {
        match value {
            Input::Fixed(value) => self.given_value(at, input, value, uses),
            Input::Drawn(draw) => {
                let (word, values) = match draw {
                    Draw::Pick(values) => ("pick", values),
                    Draw::Popular(values) => ("popular", values),
                    Draw::Cycle(values) => ("cycle", values),
                };
                let at = at.name(word);
                self.length(&at, "values", values.len(), 1, MAX_ENTRIES);
                for (index, value) in values.iter().enumerate() {
                    self.given_value(&at.index(index), input, value, uses);
                }
            }
        }
    }

    fn given_value(&mut self, at: &At<'_>, input: &str, value: &Scalar, uses: &Uses<'_>) {
        self.scalar(at, value);
        if uses.numbers.contains(input) && !matches!(value, Scalar::Int(_)) {
            self.problems.add(
                at,
                || format!("the input {} is added to a number", quote(input)),
                || "give it a whole number".into(),
            );
        }
        if !uses.ids.contains(input) {
            return;
        }
        match value {
            Scalar::Int(_) => {}
            Scalar::Text(id) => self.id(at, id),
            Scalar::List(_) => self.problems.add(
                at,
                || format!("the input {} is a row's id", quote(input)),
                || "give it a whole number or a text".into(),
            ),
        }
    }
}
