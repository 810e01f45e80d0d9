//! Where two couplings change places, as far as the intervals decide it.

use serde::{Deserialize, Serialize};

use super::{Point, PointCell, SweepReport};
use crate::compare::words::list;

/// What a sweep says of the first coupling and another.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Crossing {
    /// The other coupling's place.
    pub other: usize,
    /// At each value: whether the other has more (1), less (−1), or it is not decided (0).
    pub signs: Vec<i8>,
    /// What follows.
    pub verdict: Verdict,
}

/// Whether the two change places.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Verdict {
    /// They do, each time between two decided values: from, to, and whether the other has more after.
    Between(Vec<(f64, f64, bool)>),
    /// They do not: at every value the other has more, or less.
    NotInRange {
        /// Whether the other has more.
        other_more: bool,
    },
    /// The intervals leave it open.
    NotDecided,
}

/// Which has more at a value, where that is decided.
fn sign(first: &PointCell, other: &PointCell) -> i8 {
    if other.paired {
        return match other.difference.filter(super::Estimate::excludes_zero) {
            Some(difference) if difference.mean > 0.0 => 1,
            Some(_) => -1,
            None => 0,
        };
    }
    let (Some(a), Some(b)) = (first.value, other.value) else { return 0 };
    let (Some(half_a), Some(half_b)) = (a.half_width, b.half_width) else { return 0 };
    if b.mean - half_b > a.mean + half_a {
        1
    } else if b.mean + half_b < a.mean - half_a {
        -1
    } else {
        0
    }
}

pub(super) fn find(points: &[Point], other: usize) -> Crossing {
    let signs: Vec<i8> =
        points.iter().map(|point| sign(&point.cells[0], &point.cells[other])).collect();
    let decided: Vec<(f64, i8)> = points
        .iter()
        .zip(&signs)
        .filter(|(_, sign)| **sign != 0)
        .map(|(point, sign)| (point.value, *sign))
        .collect();
    let between: Vec<(f64, f64, bool)> = decided
        .windows(2)
        .filter(|pair| pair[0].1 != pair[1].1)
        .map(|pair| (pair[0].0, pair[1].0, pair[1].1 > 0))
        .collect();
    let verdict = if !between.is_empty() {
        Verdict::Between(between)
    } else if !signs.is_empty() && signs.iter().all(|sign| *sign == signs[0] && *sign != 0) {
        Verdict::NotInRange { other_more: signs[0] > 0 }
    } else {
        Verdict::NotDecided
    };
    Crossing { other, signs, verdict }
}

impl SweepReport {
    /// What a crossing says, as a sentence. `name` gives a coupling's name.
    #[must_use]
    pub fn sentence(&self, crossing: &Crossing, name: impl Fn(&str) -> String) -> String {
        let title = self.title.to_lowercase();
        let what = self.parameter.title();
        let first = name(&self.couplings[0]);
        let other = name(&self.couplings[crossing.other]);
        let ends = (self.points.first(), self.points.last());
        let (Some(from), Some(to)) = ends else { return String::new() };
        match &crossing.verdict {
            Verdict::Between(places) => {
                let place = |(from, to, more): &(f64, f64, bool)| {
                    let side = if *more { "more" } else { "less" };
                    format!("between {from} and {to}, from where {other} has {side}")
                };
                let places: Vec<String> = places.iter().map(place).collect();
                format!("{title}, by {what}: {first} and {other} change places {}.", list(&places))
            }
            Verdict::NotInRange { other_more } => {
                let side = if *other_more { "more" } else { "less" };
                format!(
                    "{title}, by {what}: no crossing between {} and {}; {other} has {side} than {first} at every value.",
                    from.value, to.value
                )
            }
            Verdict::NotDecided => {
                let open: Vec<String> = self
                    .points
                    .iter()
                    .zip(&crossing.signs)
                    .filter(|(_, sign)| **sign == 0)
                    .map(|(point, _)| point.value.to_string())
                    .collect();
                format!(
                    "{title}, by {what}: not decided; the intervals of {first} and {other} leave it open at {}.",
                    list(&open)
                )
            }
        }
    }
}
