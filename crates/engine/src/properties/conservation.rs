//! Conservation: a declared sum over rows stays what it must be.
//!
//! A sum that spans services is broken by every saga while it moves, so that by default it is judged
//! at rest; one declared `always` is judged after every commit, and after a crash that lost one.

use std::rc::Rc;

use super::ledger::Needs;
use super::rules::SumRule;
use super::{Entry, Exercise, Found, Made, Property, Rules, RunView, Scene, words};
use crate::event::{Event, EventKind};
use crate::fingerprint::Fingerprint;
use crate::scenario::document::When;
use crate::verdict::Status;

pub(super) const ENTRY: Entry = Entry {
    id: "conservation",
    title: "Conservation",
    meaning: "A declared sum over rows of several services stays what it was.",
    exercised_by: &[
        Exercise::Compensation,
        Exercise::Recovery,
        Exercise::Refusal,
        Exercise::Redelivery,
    ],
    make,
};

fn make(rules: &Rc<Rules>) -> Vec<Made> {
    let made = |(sum, rule): (usize, &SumRule)| {
        let terms = rule.terms.iter().map(|(_, _, start)| *start).collect();
        Made::named(&rule.name, Conservation { sum, terms, reported: None })
    };
    rules.sums.iter().enumerate().map(made).collect()
}

#[derive(Clone)]
struct Conservation {
    /// Which of [`Rules::sums`].
    sum: usize,
    /// What each term is now.
    terms: Vec<i128>,
    /// The wrong sum that was reported last, so that it is reported once.
    reported: Option<i128>,
}

impl Conservation {
    fn total(&self) -> i128 {
        self.terms.iter().sum()
    }

    fn rule<'a>(&self, rules: &'a Rules) -> &'a SumRule {
        &rules.sums[self.sum]
    }

    /// The changes of the terms since the start: `-30 + 30 = 0`.
    fn balance(&self, rule: &SumRule) -> String {
        let start: i128 = rule.terms.iter().map(|(_, _, start)| start).sum();
        if start != rule.target {
            let show = |n| words::number(n, rule.decimals);
            return format!("{} of {}", show(self.total()), show(rule.target));
        }
        let moved = self.terms.iter().zip(&rule.terms).map(|(now, (_, _, start))| now - start);
        let moved: Vec<i128> = moved.filter(|delta| *delta != 0).collect();
        let mut text = String::new();
        for (at, delta) in moved.iter().enumerate() {
            let size = words::number(if at == 0 { *delta } else { delta.abs() }, rule.decimals);
            let sign = if *delta < 0 { " - " } else { " + " };
            text += if at == 0 { "" } else { sign };
            text += &size;
        }
        match moved.len() {
            0 => "nothing moved".to_owned(),
            1 => text,
            _ => format!("{text} = {}", words::number(moved.iter().sum(), rule.decimals)),
        }
    }

    fn report(&self, rules: &Rules, found: &mut Found<'_>) {
        let rule = self.rule(rules);
        let show = |n| words::number(n, rule.decimals);
        let off = self.total() - rule.target;
        let word = if off < 0 { "missing" } else { "too many" };
        let why = format!(
            "{} is {} and must be {}: {} {word}.",
            rule.name,
            show(self.total()),
            show(rule.target),
            show(off.abs())
        );
        found.push(None, None, format!("{} {word}", show(off.abs())), why);
    }
}

impl Property for Conservation {
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn concerned(&self, scene: &Scene<'_>, event: &Event) -> bool {
        let rule = self.rule(scene.rules);
        let unreported =
            || rule.when == When::Always && self.total() != rule.target && self.reported.is_none();
        let mut touched = matches!(event.kind, EventKind::Committed { .. }) && unreported();
        scene.rules.changes(event, |change| {
            touched |= rule.terms.iter().any(|(cells, ..)| cells.cover(change.db, change.key));
        });
        touched
    }

    fn observe(&mut self, scene: &Scene<'_>, event: &Event, found: &mut Found<'_>) {
        let rule = self.rule(scene.rules);
        scene.rules.changes(event, |change| {
            for (now, (cells, times, _)) in self.terms.iter_mut().zip(&rule.terms) {
                if cells.cover(change.db, change.key) {
                    let number = |row| i128::from(cells.number(row).unwrap_or(0));
                    *now += i128::from(*times) * (number(change.after) - number(change.before));
                }
            }
        });
        if rule.when == When::Always {
            let total = self.total();
            let wrong = (total != rule.target).then_some(total);
            if wrong.is_some() && wrong != self.reported {
                self.report(scene.rules, found);
            }
            self.reported = wrong;
        }
    }

    fn at_rest(&self, scene: &Scene<'_>, found: &mut Found<'_>) {
        if self.total() != self.rule(scene.rules).target && self.reported.is_none() {
            self.report(scene.rules, found);
        }
    }

    fn canon(&self, h: &mut Fingerprint) {
        let total = self.total().cast_unsigned();
        h.write_u64((total >> 64) as u64);
        h.write_u64(total as u64);
    }

    fn copy(&self) -> Rc<dyn Property> {
        Rc::new(self.clone())
    }

    fn status(&self, run: &RunView<'_>) -> (Status, String) {
        let rule = self.rule(run.rules);
        let status = match (self.total() == rule.target, rule.when) {
            (true, _) => Status::Holds,
            (false, When::Always) => Status::Broken,
            (false, When::AtRest) => Status::Moving,
        };
        (status, self.balance(rule))
    }
}
