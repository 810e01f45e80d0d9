//! Random draws that are functions of what they are for.
//!
//! Each draw is keyed by (seed, purpose, transaction, step, direction, attempt) and not taken from
//! a running stream, so that another coupling, message or fault shifts no other draw: arrivals,
//! inputs and delays stay as they were, and comparisons are paired. The generator is ChaCha with 8
//! rounds, whose nonce is the key of the draw. Transcendental functions are those of `libm`: the
//! standard library's give other bits in WASM than natively.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::fingerprint::Fingerprint;
use crate::ids::{Direction, NodeIx, StepIx, TxnId};
use crate::scenario::document::Distribution;

/// What a draw is for. The numbers are part of the semantics version: they are never reused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Purpose {
    /// The time between two arrivals.
    Arrival = 1,
    /// Which entry of the mix an arrival is.
    Mix = 2,
    /// An input of an arrival.
    Input = 3,
    /// The think time of a client.
    Think = 4,
    /// The service time of a step.
    Service = 5,
    /// The delay of a message or record.
    Delay = 6,
    /// Whether a message is lost.
    Loss = 7,
    /// Whether a message is duplicated.
    Duplicate = 8,
    /// The delay of a duplicate.
    DuplicateDelay = 9,
    /// The pause before an outbox's relay looks.
    Relay = 10,
    /// Which replica a question goes to.
    Route = 11,
    /// The time to the next crash, where a sweep crashes services at a rate.
    Crash = 12,
}

/// What a draw is keyed by, besides the seed and the purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DrawKey {
    /// The transaction, or the number of the arrival.
    pub txn: TxnId,
    /// The step.
    pub step: StepIx,
    /// Its direction.
    pub dir: Direction,
    /// The attempt.
    pub attempt: u16,
    /// The node at the end that the draw is about.
    pub node: NodeIx,
    /// Tells apart draws that are equal in all else: the label of a message, the index of an input.
    pub salt: u32,
}

/// The source of all draws of a run.
#[derive(Clone, Debug)]
pub struct Draws {
    seed: u64,
}

impl Draws {
    /// The draws of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// 64 random bits.
    #[must_use]
    pub fn bits(&self, purpose: Purpose, key: DrawKey) -> u64 {
        let mut nonce = Fingerprint::default();
        nonce.write_u8(purpose as u8);
        nonce.write_u32(key.txn.0);
        nonce.write_u8(key.step.0);
        nonce.write_u8(key.dir as u8);
        nonce.write_u32(u32::from(key.attempt));
        nonce.write_u8(key.node.0);
        nonce.write_u32(key.salt);
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(nonce.finish());
        rng.next_u64()
    }

    /// A number at least 0 and below 1, with 53 random bits.
    #[must_use]
    pub fn unit(&self, purpose: Purpose, key: DrawKey) -> f64 {
        unit_of(self.bits(purpose, key))
    }

    /// Whether something of this probability happens.
    #[must_use]
    pub fn happens(&self, probability: f64, purpose: Purpose, key: DrawKey) -> bool {
        probability > 0.0 && self.unit(purpose, key) < probability
    }

    /// A whole number below `bound`, or 0 where `bound` is 0.
    #[must_use]
    pub fn below(&self, bound: u32, purpose: Purpose, key: DrawKey) -> u32 {
        let wide = u128::from(self.bits(purpose, key)) * u128::from(bound);
        (wide >> 64) as u32
    }

    /// A duration in whole microseconds, rounded to the nearest, at most an hour.
    #[must_use]
    pub fn duration(&self, of: &Distribution, purpose: Purpose, key: DrawKey) -> u64 {
        let micros = match of {
            Distribution::Constant(value) => *value,
            other => {
                let mut rng_key = key;
                let first = self.unit(purpose, key);
                rng_key.salt ^= 0x8000_0000;
                sample(other, first, || self.unit(purpose, rng_key))
            }
        };
        libm::round(micros.clamp(0.0, 3_600_000_000.0)) as u64
    }
}

/// The 53 high bits as a number at least 0 and below 1.
fn unit_of(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// One sample from uniform numbers. A log-normal needs a second one (Box and Muller 1958).
fn sample(of: &Distribution, u: f64, second: impl FnOnce() -> f64) -> f64 {
    // 1 - u is above 0, so that its logarithm is finite.
    let tail = 1.0 - u;
    match of {
        Distribution::Constant(value) => *value,
        Distribution::Uniform { min, max } => min + (max - min) * u,
        Distribution::Exponential { mean } => -mean * libm::log(tail),
        Distribution::LogNormal { median, sigma } => {
            let radius = libm::sqrt(-2.0 * libm::log(tail));
            let normal = radius * libm::cos(2.0 * core::f64::consts::PI * second());
            median * libm::exp(sigma * normal)
        }
        Distribution::Pareto { scale, shape } => scale * libm::pow(tail, -1.0 / shape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of(of: &Distribution, n: u32) -> f64 {
        let draws = Draws::new(7);
        let total: u64 = (0..n)
            .map(|i| {
                draws.duration(
                    of,
                    Purpose::Service,
                    DrawKey { txn: TxnId(i), ..DrawKey::default() },
                )
            })
            .sum();
        total as f64 / f64::from(n)
    }

    /// The mean of n samples lies within 5 standard errors of the distribution's mean.
    #[test]
    fn samples_have_the_means_of_their_distributions() {
        let n = 40_000;
        let se = |deviation: f64| 5.0 * deviation / f64::from(n).sqrt() + 0.5;
        let check = |of: Distribution, mean: f64, deviation: f64| {
            let found = mean_of(&of, n);
            assert!((found - mean).abs() < se(deviation), "{of:?}: {found} against {mean}");
        };
        check(Distribution::Constant(250.0), 250.0, 0.0);
        check(Distribution::Uniform { min: 100.0, max: 300.0 }, 200.0, 200.0 / 12_f64.sqrt());
        check(Distribution::Exponential { mean: 1_000.0 }, 1_000.0, 1_000.0);
        let (median, sigma) = (500.0, 0.5_f64);
        let mean = median * libm::exp(sigma * sigma / 2.0);
        let deviation = mean * (libm::exp(sigma * sigma) - 1.0).sqrt();
        check(Distribution::LogNormal { median, sigma }, mean, deviation);
        let (scale, shape) = (100.0, 3.0_f64);
        let mean = shape * scale / (shape - 1.0);
        let deviation = scale / (shape - 1.0) * (shape / (shape - 2.0)).sqrt();
        check(Distribution::Pareto { scale, shape }, mean, deviation);
    }

    /// Changing any part of the key changes the draw, and nothing else does.
    #[test]
    fn a_draw_depends_on_its_key_alone() {
        let draws = Draws::new(1);
        let key = DrawKey::default();
        let base = draws.bits(Purpose::Delay, key);
        assert_eq!(base, draws.bits(Purpose::Delay, key));
        let others = [
            draws.bits(Purpose::Loss, key),
            draws.bits(Purpose::Delay, DrawKey { txn: TxnId(1), ..key }),
            draws.bits(Purpose::Delay, DrawKey { step: StepIx(1), ..key }),
            draws.bits(Purpose::Delay, DrawKey { dir: Direction::Undo, ..key }),
            draws.bits(Purpose::Delay, DrawKey { attempt: 1, ..key }),
            draws.bits(Purpose::Delay, DrawKey { node: NodeIx(1), ..key }),
            draws.bits(Purpose::Delay, DrawKey { salt: 1, ..key }),
            Draws::new(2).bits(Purpose::Delay, key),
        ];
        assert!(others.iter().all(|other| *other != base));
    }
}
