//! Numbers: finite, on the right side of zero, and small enough that nothing overflows.

use super::super::at::{At, Problems, quote};
use super::super::bounds::{MAX_AMOUNT, MAX_BUDGET, MAX_DURATION, MAX_SENTENCE};
use super::super::document::{Budget, Distribution, Scalar};
use super::Check;

impl Check<'_> {
    /// A whole number within bounds, both included.
    pub(super) fn count(&mut self, at: &At<'_>, found: u64, least: u64, most: u64) {
        if !(least..=most).contains(&found) {
            self.problems.add(
                at,
                || format!("found {found}"),
                || format!("allowed: {least} to {most}"),
            );
        }
    }

    /// A number within bounds, both included; not a number is within none.
    pub(super) fn within(&mut self, at: &At<'_>, found: f64, least: f64, most: f64) {
        if !(least..=most).contains(&found) {
            self.problems.add(
                at,
                || format!("found {found}"),
                || format!("allowed: {least} to {most}"),
            );
        }
    }

    /// A probability.
    pub(super) fn probability(&mut self, at: &At<'_>, found: f64) {
        self.within(at, found, 0.0, 1.0);
    }

    /// An amount.
    pub(super) fn amount(&mut self, at: &At<'_>, found: i64) {
        if !(-MAX_AMOUNT..=MAX_AMOUNT).contains(&found) {
            too_large(at, found, &mut self.problems);
        }
    }

    /// The ends of a range of amounts.
    pub(super) fn range(&mut self, at: &At<'_>, min: Option<i64>, max: Option<i64>) {
        for (name, amount) in [("min", min), ("max", max)] {
            if let Some(amount) = amount {
                self.amount(&at.name(name), amount);
            }
        }
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            self.problems.add(
                &at.name("min"),
                || format!("{min} is above `max`, which is {max}"),
                || "exchange the two".into(),
            );
        }
    }

    /// A value as it stands: amounts in bounds, texts not too long.
    pub(super) fn scalar(&mut self, at: &At<'_>, scalar: &Scalar) {
        match scalar {
            Scalar::Int(amount) => self.amount(at, *amount),
            Scalar::Text(text) if text.chars().nth(MAX_SENTENCE).is_some() => {
                self.problems.add(
                    at,
                    || format!("{} has {} characters", quote(text), text.chars().count()),
                    || format!("at most {MAX_SENTENCE} are allowed"),
                );
            }
            Scalar::Text(_) => {}
            Scalar::List(amounts) => {
                for (index, amount) in amounts.iter().enumerate() {
                    self.amount(&at.index(index), *amount);
                }
            }
        }
    }

    /// A distribution of durations in microseconds.
    pub(super) fn distribution(&mut self, at: &At<'_>, distribution: &Distribution) {
        let hour = MAX_DURATION as f64;
        match *distribution {
            Distribution::Constant(duration) => {
                self.within(&at.name("constant"), duration, 0.0, hour);
            }
            Distribution::Uniform { min, max } => {
                let at = at.name("uniform");
                self.within(&at.name("min"), min, 0.0, hour);
                self.within(&at.name("max"), max, 0.0, hour);
                if min > max {
                    self.problems.add(
                        &at.name("min"),
                        || format!("{min} is above `max`, which is {max}"),
                        || "exchange the two".into(),
                    );
                }
            }
            Distribution::Exponential { mean } => {
                self.within(&at.name("exponential").name("mean"), mean, 0.0, hour);
            }
            Distribution::LogNormal { median, sigma } => {
                let at = at.name("log-normal");
                self.within(&at.name("median"), median, 0.0, hour);
                self.within(&at.name("sigma"), sigma, 0.0, 10.0);
            }
            Distribution::Pareto { scale, shape } => {
                let at = at.name("pareto");
                self.within(&at.name("scale"), scale, 0.0, hour);
                self.within(&at.name("shape"), shape, 0.1, 1_000.0);
            }
        }
    }

    /// A fault budget.
    pub(super) fn budget(&mut self, at: &At<'_>, budget: &Budget) {
        let Budget { crash, drop, duplicate, early_timer, give_up, pause } = *budget;
        for (name, found) in [
            ("crash", crash),
            ("drop", drop),
            ("duplicate", duplicate),
            ("early_timer", early_timer),
            ("give_up", give_up),
            ("pause", pause),
        ] {
            self.count(&at.name(name), found.into(), 0, MAX_BUDGET);
        }
    }
}

fn too_large(at: &At<'_>, found: i64, problems: &mut Problems) {
    problems.add(
        at,
        || format!("found {found}"),
        || format!("amounts go from -{MAX_AMOUNT} to {MAX_AMOUNT}"),
    );
}
