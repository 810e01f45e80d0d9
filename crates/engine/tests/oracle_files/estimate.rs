//! How far a figure of a simulation may lie from the one it estimates, by the number of samples.
//!
//! A simulation is made of [`RUNS`] runs with seeds of their own, whose figures are independent of
//! each other whatever the samples inside one run are. Their mean differs from its expectation by
//! Student's t with `RUNS - 1` degrees of freedom times the standard error, less the number of controls;
//! at 35 degrees |t| is below [`T`] but for one sample in a hundred thousand. The seeds are fixed, so
//! that a record that passes once passes always.

use super::record::Not;

/// Independent runs of each simulation.
pub(crate) const RUNS: u64 = 40;

/// How many standard errors a figure may lie away.
pub(crate) const T: f64 = 5.2;

/// A larger error than this share of the figure tells nothing about it.
const WIDEST: f64 = 0.5;

/// What was found, beside what is expected: the mean of runs, or a share of draws.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) mean: f64,
    pub(crate) tolerance: f64,
}

/// The mean of independent figures.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The mean of independent figures with its standard error.
pub(crate) fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|one| (one - mean) * (one - mean)).sum();
    let n = values.len() as f64;
    (mean, (squares / (n - 1.0).max(1.0) / n.max(1.0)).sqrt())
}

impl Found {
    /// The mean of one figure of each run.
    pub(crate) fn mean_of(values: &[f64]) -> Self {
        let (mean, error) = mean_and_error(values);
        Self { mean, tolerance: T * error }
    }

    /// The mean of a figure of each run, where other figures of the same runs are known to be 0 on
    /// average: what the runs' figures owe to those by linear regression is taken out (control
    /// variates). Each control costs a degree of freedom.
    pub(crate) fn controlled(values: &[f64], controls: &[Vec<f64>]) -> Self {
        let centre = |of: &[f64]| -> Vec<f64> {
            let mean = mean(of);
            of.iter().map(|one| one - mean).collect()
        };
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        // Gram and Schmidt: each control without what the ones before it say.
        let mut basis: Vec<(Vec<f64>, f64)> = Vec::new();
        let (mut left, mut adjusted) = (centre(values), mean(values));
        for control in controls {
            let (mut around, mut at) = (centre(control), mean(control));
            let size = dot(&around, &around);
            for (other, other_at) in &basis {
                let slope = dot(&around, other) / dot(other, other);
                around.iter_mut().zip(other).for_each(|(one, other)| *one -= slope * other);
                at -= slope * other_at;
            }
            let square = dot(&around, &around);
            if square <= 1e-9 * size || size == 0.0 {
                continue;
            }
            let slope = dot(&left, &around) / square;
            left.iter_mut().zip(&around).for_each(|(one, other)| *one -= slope * other);
            adjusted -= slope * at;
            basis.push((around, at));
        }
        let n = values.len() as f64;
        let freedom = (n - 1.0 - basis.len() as f64).max(1.0);
        // The second term is the uncertainty of the slopes.
        let off: f64 = basis.iter().map(|(around, at)| at * at / dot(around, around)).sum();
        let variance = dot(&left, &left) / freedom * (1.0 / n + off);
        Self { mean: adjusted, tolerance: T * variance.sqrt() }
    }

    /// The share of samples that have some property, in each run. Where it is close to 0 or 1 the runs
    /// may all have the same share, so that their spread tells nothing: the error is at least that of
    /// so many independent draws of the expected probability, and of a few single samples.
    pub(crate) fn share_of(shares: &[f64], samples: f64, expected: f64) -> Self {
        let (mean, error) = mean_and_error(shares);
        let p = expected.clamp(0.0, 1.0);
        let binomial = (p * (1.0 - p) / samples).sqrt();
        Self { mean, tolerance: T * error.max(binomial) + 2.0 * T / samples }
    }

    /// A mean of known variance: so many independent samples with this standard deviation.
    pub(crate) fn of_samples(mean: f64, deviation: f64, samples: f64) -> Self {
        Self { mean, tolerance: T * deviation / samples.sqrt() }
    }

    /// The same with an allowance for how the oracle rounded its figure.
    pub(crate) fn or_rounded(self, by: f64) -> Self {
        Self { tolerance: self.tolerance + by, ..self }
    }

    /// Compares; the text says what was found, expected and allowed.
    pub(crate) fn hold(self, what: &str, expected: f64) -> Result<String, Not> {
        let Self { mean, tolerance } = self;
        let text = format!("{what} {mean:.6} for {expected:.6} ± {tolerance:.2e}");
        // An oracle's figure has at most twelve digits.
        if (mean - expected).abs() <= tolerance + 1e-9 * expected.abs() {
            Ok(text)
        } else {
            Err(Not::Right(text))
        }
    }

    /// Compares a mean, and says where the samples are too few to tell anything.
    pub(crate) fn hold_mean(self, what: &str, expected: f64) -> Result<String, Not> {
        let text = self.hold(what, expected)?;
        if self.tolerance > WIDEST * expected.abs() {
            return Err(Not::Supported(format!("it would need more samples: {text}")));
        }
        Ok(text)
    }
}

/// Two figures that are the same by calculation.
pub(crate) fn equal(what: &str, found: f64, expected: f64) -> Result<String, Not> {
    let text = format!("{what} {found} for {expected}, exactly");
    // Twelve digits of an oracle, and a few operations on doubles.
    if (found - expected).abs() <= 1e-9 * expected.abs().max(1e-3) {
        Ok(text)
    } else {
        Err(Not::Right(text))
    }
}

/// A number of a row, written as one or as text.
pub(crate) fn number(row: &serde_json::Value, field: &str) -> Result<f64, Not> {
    let value = &row[field];
    let text = || value.as_str().and_then(|text| text.trim().parse().ok());
    value
        .as_f64()
        .or_else(text)
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| Not::Supported(format!("it has no number `{field}`")))
}

/// A whole number of a row within a range.
pub(crate) fn whole(
    row: &serde_json::Value,
    field: &str,
    allowed: std::ops::RangeInclusive<u64>,
) -> Result<u64, Not> {
    let number = number(row, field)?;
    let whole = number as u64;
    if whole as f64 == number && allowed.contains(&whole) {
        Ok(whole)
    } else {
        Err(Not::Supported(format!("its `{field}` is {number}, beyond {allowed:?}")))
    }
}
