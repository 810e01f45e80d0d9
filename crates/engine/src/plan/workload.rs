//! The workload as a function of an arrival's number: when it comes, what it does, with which inputs.

use super::{InputSource, Mix, Plan};
use crate::ids::{Micros, TxnId};
use crate::rng::{DrawKey, Purpose};
use crate::scenario::document::{Arrivals, Distribution};
use crate::value::Value;

impl Plan {
    /// How many arrivals there are in all.
    #[must_use]
    pub fn arrivals(&self) -> u32 {
        let workload = &self.scenario.workload;
        workload.count.unwrap_or(match &workload.arrivals {
            Arrivals::AtUs(times) => times.len() as u32,
            _ => 1,
        })
    }

    /// How many clients there are, where each waits for its answer before it goes on.
    #[must_use]
    pub fn closed_clients(&self) -> Option<u32> {
        match &self.scenario.workload.arrivals {
            Arrivals::Clients { clients, .. } => Some(*clients),
            _ => None,
        }
    }

    /// When an arrival comes, given when the one before it came. With waiting clients, when the
    /// client that is free at `previous` comes back.
    #[must_use]
    pub fn arrival_time(&self, number: u32, previous: Micros) -> Micros {
        let key = DrawKey { txn: TxnId(number), ..DrawKey::default() };
        match &self.scenario.workload.arrivals {
            Arrivals::AtUs(times) => {
                // Arrivals beyond the list come at its last time.
                let last = times.len().saturating_sub(1);
                times.get((number as usize).min(last)).copied().unwrap_or(0).max(previous)
            }
            Arrivals::EveryUs(every) => every.saturating_mul(u64::from(number)),
            Arrivals::PerSecond(rate) => {
                let gap = Distribution::Exponential { mean: 1e6 / rate };
                previous.saturating_add(self.draws.duration(&gap, Purpose::Arrival, key))
            }
            Arrivals::Clients { think_us, .. } => {
                previous.saturating_add(self.draws.duration(think_us, Purpose::Think, key))
            }
        }
    }

    /// What an arrival does.
    #[must_use]
    pub fn arrival_mix(&self, number: u32) -> &Mix {
        if let [only] = self.mix.as_slice() {
            return only;
        }
        let total: u32 = self.mix.iter().map(|mix| mix.weight).sum();
        if total == 0 {
            return &self.mix[number as usize % self.mix.len()];
        }
        let key = DrawKey { txn: TxnId(number), ..DrawKey::default() };
        let mut left = self.draws.below(total, Purpose::Mix, key);
        for mix in &self.mix {
            if left < mix.weight {
                return mix;
            }
            left -= mix.weight;
        }
        &self.mix[self.mix.len() - 1]
    }

    /// Which of its values each drawn input of an arrival takes by the seed, as the number of the
    /// combination in [`Plan::arrival_combination`]. Saturates where there are more than 2^32.
    #[must_use]
    pub fn drawn_combination(&self, number: u32) -> u32 {
        let mut combination = 0_u32;
        let mut radix = 1_u32;
        for (ix, source) in self.arrival_mix(number).inputs.iter().enumerate() {
            let key = DrawKey { txn: TxnId(number), salt: ix as u32, ..DrawKey::default() };
            let (chosen, of) = match source {
                InputSource::Fixed(_) | InputSource::Cycle(_) => continue,
                InputSource::Pick(values) => {
                    (self.draws.below(values.len() as u32, Purpose::Input, key), values.len())
                }
                InputSource::Popular(values) => (self.popular(values.len(), key), values.len()),
            };
            combination = combination.saturating_add(chosen.saturating_mul(radix));
            radix = radix.saturating_mul(of as u32);
        }
        combination
    }

    /// One of `count`, the k-th as likely as 1/k.
    fn popular(&self, count: usize, key: DrawKey) -> u32 {
        let total: f64 = (1..=count).map(|rank| 1.0 / rank as f64).sum();
        let mut left = self.draws.unit(Purpose::Input, key) * total;
        for ix in 0..count {
            left -= 1.0 / (ix + 1) as f64;
            if left < 0.0 {
                return ix as u32;
            }
        }
        count.saturating_sub(1) as u32
    }

    /// The inputs of an arrival as a choice: every combination of its drawn inputs has a number.
    /// `None` past the last one.
    #[must_use]
    pub fn arrival_combination(&self, number: u32, mut combination: u32) -> Option<Vec<Value>> {
        let mut inputs = Vec::new();
        for source in &self.arrival_mix(number).inputs {
            inputs.push(match source {
                InputSource::Fixed(value) => value.clone(),
                InputSource::Cycle(values) => values[number as usize % values.len()].clone(),
                InputSource::Pick(values) | InputSource::Popular(values) => {
                    let ix = combination as usize % values.len();
                    combination /= values.len() as u32;
                    values[ix].clone()
                }
            });
        }
        (combination == 0).then_some(inputs)
    }
}
