//! Figures as text, the same on the command line and on the page.

use super::metrics::Unit;
use super::statistics::Estimate;

/// How numbers of a size are written: in which unit, with how many decimals.
struct Scale {
    unit: f64,
    suffix: &'static str,
    decimals: usize,
}

impl Scale {
    fn of(unit: Unit, size: f64) -> Self {
        let size = libm::fabs(size);
        let (divisor, suffix) = match unit {
            Unit::Count => (1.0, ""),
            Unit::Micros if size < 999.5 => (1.0, " µs"),
            Unit::Micros if size < 999_500.0 => (1e3, " ms"),
            Unit::Micros => (1e6, " s"),
            Unit::PerSecond => (1.0, "/s"),
            Unit::Share => (0.01, " %"),
        };
        // Three digits that say something, as far as there are so many.
        let decimals = match size / divisor {
            _ if unit == Unit::Share => 1,
            size if size < 9.995 => 2,
            size if size < 99.95 => 1,
            _ => 0,
        };
        Self { unit: divisor, suffix, decimals }
    }

    /// The scale of a figure and of what is written beside it. Counts that are whole have no decimals.
    fn of_both(unit: Unit, value: f64, beside: f64) -> Self {
        let mut scale = Self::of(unit, value);
        let is_whole = |value: f64| libm::fabs(value - libm::round(value)) < 5e-4;
        if unit == Unit::Count && is_whole(value) && is_whole(beside) {
            scale.decimals = 0;
        }
        scale
    }

    fn number(&self, value: f64) -> String {
        let text = format!("{:.*}", self.decimals, value / self.unit);
        // Rounding can leave a sign without a number.
        let is_zero = text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.');
        let text = if is_zero { text.trim_start_matches('-') } else { &text };
        text.replace('-', "−")
    }
}

impl Unit {
    /// A figure as text: `15.2 ms`, `98.5 %`.
    #[must_use]
    pub fn text(self, value: f64) -> String {
        let scale = Scale::of_both(self, value, 0.0);
        format!("{}{}", scale.number(value), scale.suffix)
    }

    /// An estimate as text, with half the width of its interval in the same unit: `15.2 ms ±0.4`.
    #[must_use]
    pub fn estimate_text(self, estimate: &Estimate) -> String {
        let half = estimate.half_width.unwrap_or(0.0);
        let scale = Scale::of_both(self, estimate.mean, half);
        let mean = format!("{}{}", scale.number(estimate.mean), scale.suffix);
        match estimate.half_width {
            Some(half) => format!("{mean} ±{}", scale.number(half)),
            None => mean,
        }
    }
}

/// So many of something.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Words as a list: `a, b and c`.
pub(super) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
