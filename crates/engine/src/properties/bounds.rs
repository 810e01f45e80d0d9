//! Bounds: every matching field stays within what is declared.
//!
//! Declared `always`, it is judged after every commit (and after a crash that lost one) on the rows
//! that changed; at rest on all rows that are out of bounds then.

use std::rc::Rc;

use super::ledger::Needs;
use super::rules::BoundRule;
use super::{Entry, Exercise, Found, Made, Property, Rules, RunView, Scene, words};
use crate::event::Event;
use crate::fingerprint::{Canon, Fingerprint};
use crate::scenario::document::When;
use crate::value::Key;
use crate::verdict::Status;

pub(super) const ENTRY: Entry = Entry {
    id: "bounds",
    title: "Bounds",
    meaning: "Every declared field stays within its bounds.",
    exercised_by: &[
        Exercise::Compensation,
        Exercise::Recovery,
        Exercise::Refusal,
        Exercise::Redelivery,
    ],
    make,
};

fn make(rules: &Rc<Rules>) -> Vec<Made> {
    let made = |(bound, rule): (usize, &BoundRule)| {
        let out = rule.out_at_start.iter().map(|(key, value)| Out {
            key: *key,
            value: *value,
            reported: false,
        });
        Made::named(&rule.name, Bounds { bound, out: out.collect() })
    };
    rules.bounds.iter().enumerate().map(made).collect()
}

/// A field that is out of bounds.
#[derive(Clone)]
struct Out {
    key: Key,
    value: i64,
    reported: bool,
}

#[derive(Clone)]
struct Bounds {
    /// Which of [`Rules::bounds`].
    bound: usize,
    /// The fields out of bounds now, in the order of their keys.
    out: Vec<Out>,
}

impl Bounds {
    fn rule<'a>(&self, rules: &'a Rules) -> &'a BoundRule {
        &rules.bounds[self.bound]
    }

    fn report(&self, rules: &Rules, key: Key, value: i64, found: &mut Found<'_>) {
        let rule = self.rule(rules);
        let show = |n: i64| words::number(i128::from(n), rule.decimals);
        let (limit, side) = match (rule.min, rule.max) {
            (Some(min), _) if value < min => (show(min), "below"),
            (_, max) => (max.map_or_else(String::new, show), "above"),
        };
        let (row, value) = (rules.key(key), show(value));
        found.push(
            None,
            None,
            format!("{row} at {value}"),
            format!("{row} is {value}, {side} its bound of {limit}."),
        );
    }
}

impl Property for Bounds {
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn concerned(&self, scene: &Scene<'_>, event: &Event) -> bool {
        let rule = self.rule(scene.rules);
        let mut touched = false;
        scene.rules.changes(event, |change| touched |= rule.cells.cover(change.db, change.key));
        touched
    }

    fn observe(&mut self, scene: &Scene<'_>, event: &Event, found: &mut Found<'_>) {
        let rule = self.rule(scene.rules);
        scene.rules.changes(event, |change| {
            if !rule.cells.cover(change.db, change.key) {
                return;
            }
            let place = self.out.binary_search_by_key(change.key, |out| out.key);
            match (rule.cells.number(change.after).filter(|n| !rule.keeps(*n)), place) {
                (None, Ok(at)) => {
                    self.out.remove(at);
                }
                (None, Err(_)) => {}
                (Some(value), place) => {
                    let reported = rule.when == When::Always;
                    let out = Out { key: *change.key, value, reported };
                    let news = match place {
                        Ok(at) => std::mem::replace(&mut self.out[at], out).value != value,
                        Err(at) => {
                            self.out.insert(at, out);
                            true
                        }
                    };
                    if reported && news {
                        self.report(scene.rules, *change.key, value, found);
                    }
                }
            }
        });
    }

    fn at_rest(&self, scene: &Scene<'_>, found: &mut Found<'_>) {
        for out in self.out.iter().filter(|out| !out.reported) {
            self.report(scene.rules, out.key, out.value, found);
        }
    }

    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.out.len());
        for out in &self.out {
            out.key.canon(h);
            h.write_i64(out.value);
        }
    }

    fn copy(&self) -> Rc<dyn Property> {
        Rc::new(self.clone())
    }

    fn status(&self, run: &RunView<'_>) -> (Status, String) {
        let rule = self.rule(run.rules);
        let Some(first) = self.out.first() else {
            return (Status::Holds, "within bounds".to_owned());
        };
        let status = if rule.when == When::Always { Status::Broken } else { Status::Moving };
        let value = words::number(i128::from(first.value), rule.decimals);
        (status, format!("{} at {value}", run.rules.key(first.key)))
    }
}
