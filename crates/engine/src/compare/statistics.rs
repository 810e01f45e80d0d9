//! Means with a 95 % confidence interval, by Student's t.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A mean over seeds.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean of the values of the seeds.
    pub mean: f64,
    /// Half the width of its 95 % confidence interval; `None` with one seed, which says nothing of
    /// how the others would differ.
    pub half_width: Option<f64>,
    /// How many seeds had a value.
    pub seeds: u32,
}

impl Estimate {
    /// Whether its interval does not hold 0.
    #[must_use]
    pub fn excludes_zero(&self) -> bool {
        self.half_width.is_some_and(|half| libm::fabs(self.mean) > half)
    }
}

/// The mean of these values, taken as independent and about normal, with its interval: Student's t
/// on the values themselves. `None` where there are none.
#[must_use]
pub fn estimate(values: &[f64]) -> Option<Estimate> {
    Quantiles::default().estimate(values)
}

/// Estimates that work out the quantile for a number of seeds once.
#[derive(Default)]
pub(super) struct Quantiles(BTreeMap<u32, f64>);

impl Quantiles {
    /// As [`estimate`].
    pub(super) fn estimate(&mut self, values: &[f64]) -> Option<Estimate> {
        let t = |freedom| *self.0.entry(freedom).or_insert_with(|| t_quantile_975(freedom));
        estimate_with(values, t)
    }
}

fn estimate_with(values: &[f64], t: impl FnOnce(u32) -> f64) -> Option<Estimate> {
    let seeds = u32::try_from(values.len()).ok().filter(|count| *count > 0)?;
    let n = f64::from(seeds);
    let mean = values.iter().sum::<f64>() / n;
    let half_width = (seeds > 1).then(|| {
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        t(seeds - 1) * libm::sqrt(squares / (n - 1.0) / n)
    });
    Some(Estimate { mean, half_width, seeds })
}

/// The 97.5 % quantile of Student's t with so many degrees of freedom (at least 1): between it and
/// its negative lie 95 %.
#[must_use]
pub fn t_quantile_975(freedom: u32) -> f64 {
    let freedom = freedom.max(1);
    // The quantile falls from 12.71 at one degree of freedom to the normal distribution's 1.96.
    let (mut low, mut high) = (1.9, 12.8);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if central_probability(middle, freedom) < 0.95 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The probability that Student's t lies between −t and t: the finite series for whole degrees of
/// freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4).
fn central_probability(t: f64, freedom: u32) -> f64 {
    let n = f64::from(freedom);
    let theta = libm::atan(t / libm::sqrt(n));
    let (sine, cosine) = (libm::sin(theta), libm::cos(theta));
    let square = cosine * cosine;
    if freedom.is_multiple_of(2) {
        let (mut term, mut sum) = (1.0, 1.0);
        for k in 1..freedom / 2 {
            let k = f64::from(k);
            term *= square * (2.0 * k - 1.0) / (2.0 * k);
            sum += term;
        }
        return sine * sum;
    }
    let mut sum = 0.0;
    let mut term = cosine;
    for k in 0..freedom / 2 {
        let k = f64::from(k);
        if k > 0.0 {
            term *= square * (2.0 * k) / (2.0 * k + 1.0);
        }
        sum += term;
    }
    2.0 / std::f64::consts::PI * (theta + sine * sum)
}
