//! Round places on an axis.

/// Round places within a range, at most about so many: steps of 1, 2 or 5 times a power of ten.
#[must_use]
pub fn ticks(from: f64, to: f64, about: usize) -> Vec<f64> {
    let length = to - from;
    if !(length > 0.0 && length.is_finite()) {
        return Vec::new();
    }
    let raw = length / about.max(1) as f64;
    let power = 10_f64.powi(raw.log10().floor() as i32);
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= raw)
        .unwrap_or(10.0 * power)
        .max(1.0);
    let first = (from / step).ceil();
    (0..=about * 2).map(|at| (first + at as f64) * step).take_while(|place| *place <= to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.0, 100.0, 5), vec![0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(296.0, 335.0, 4), vec![300.0, 310.0, 320.0, 330.0]);
    }

    #[test]
    fn an_empty_axis_has_none() {
        assert!(ticks(5.0, 5.0, 4).is_empty());
        assert!(ticks(0.0, f64::NAN, 4).is_empty());
    }

    #[test]
    fn steps_are_never_below_one() {
        assert_eq!(ticks(0.0, 2.0, 10), vec![0.0, 1.0, 2.0]);
    }
}
