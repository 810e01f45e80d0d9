//! Shapes that several commands print as JSON.

use interleave_engine::views::format;
use interleave_engine::views::metrics::Durations;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// How long something took, in whole microseconds; nothing where nothing was measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Latency {
    mean: Option<u64>,
    p50: Option<u64>,
    p90: Option<u64>,
    p99: Option<u64>,
    max: Option<u64>,
}

impl Latency {
    /// Of sorted durations in microseconds. Percentiles are by nearest rank, the mean is rounded
    /// down.
    pub fn of(sorted_us: &[u64]) -> Self {
        let sum_us = sorted_us.iter().map(|us| u128::from(*us)).sum();
        let durations = Durations { sorted_us: sorted_us.to_vec(), sum_us };
        Self {
            mean: durations.mean_us(),
            p50: durations.percentile_us(500),
            p90: durations.percentile_us(900),
            p99: durations.percentile_us(990),
            max: durations.max_us(),
        }
    }

    /// Its figures as text, in the order of [`Latency::HEADS`].
    pub fn texts(&self) -> [String; 5] {
        [self.mean, self.p50, self.p90, self.p99, self.max]
            .map(|us| us.map_or_else(|| "–".to_owned(), format::duration))
    }

    /// What the figures are called.
    pub const HEADS: [&str; 5] = ["mean", "p50", "p90", "p99", "max"];
}

/// Values by name in an order of their own: JSON keeps it, for people who read along.
#[derive(Clone, Debug)]
pub struct ByName<T>(pub Vec<(String, T)>);

impl<T: Serialize> Serialize for ByName<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let sorted: Vec<u64> = (1..=1_000).collect();
        let found = Latency::of(&sorted);
        assert_eq!(
            found,
            Latency {
                mean: Some(500),
                p50: Some(500),
                p90: Some(900),
                p99: Some(990),
                max: Some(1_000)
            }
        );
        assert_eq!(Latency::of(&[]), Latency::default());
    }
}
