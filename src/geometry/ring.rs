//! A few things in a circle with arrows between them: the wait-for graph.

/// The radius of what stands in the ring, which arrows keep free.
const KEEP: f64 = 22.0;

/// The side of the square in which so many stand.
#[must_use]
pub fn size(count: usize) -> f64 {
    2.0 * (radius(count) + 40.0)
}

fn radius(count: usize) -> f64 {
    // Neighbours stand at least 62 apart.
    if count <= 1 { 0.0 } else { (count as f64 * 62.0 / std::f64::consts::TAU).max(44.0) }
}

/// Where they stand, the first at the top, clockwise.
#[must_use]
pub fn places(count: usize) -> Vec<(f64, f64)> {
    let (middle, radius) = (size(count) / 2.0, radius(count));
    let place = |at: usize| {
        let turn = std::f64::consts::TAU * at as f64 / count as f64 - std::f64::consts::FRAC_PI_2;
        (middle + radius * turn.cos(), middle + radius * turn.sin())
    };
    (0..count).map(place).collect()
}

/// The `d` of an arrow from one place to another, bent so that the way back is beside it.
#[must_use]
pub fn arrow(from: (f64, f64), to: (f64, f64)) -> String {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy);
    if length < 1.0 {
        // One that waits for itself: a loop beside it.
        let (x, y) = from;
        return format!("M{:.1} {:.1}c34 -26 34 26 2 12", x + KEEP, y - 6.0);
    }
    let (ux, uy) = (dx / length, dy / length);
    let bend = (length * 0.16).min(18.0);
    let (mx, my) =
        (f64::midpoint(from.0, to.0) - uy * bend, f64::midpoint(from.1, to.1) + ux * bend);
    let shorten = |end: (f64, f64)| {
        let (ex, ey) = (mx - end.0, my - end.1);
        let far = ex.hypot(ey).max(1.0);
        (end.0 + ex / far * KEEP, end.1 + ey / far * KEEP)
    };
    let (start, end) = (shorten(from), shorten(to));
    format!("M{:.1} {:.1}Q{mx:.1} {my:.1} {:.1} {:.1}", start.0, start.1, end.0, end.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_keep_apart_and_all_is_inside() {
        for count in 1..40 {
            let places = places(count);
            let side = size(count);
            for (at, one) in places.iter().enumerate() {
                assert!(one.0 >= 36.0 && one.0 <= side - 36.0 && one.1 >= 36.0, "{count}");
                for other in &places[at + 1..] {
                    assert!((one.0 - other.0).hypot(one.1 - other.1) > 44.0, "{count}");
                }
            }
        }
    }

    #[test]
    fn there_and_back_are_two_arrows() {
        assert_ne!(arrow((0.0, 0.0), (100.0, 0.0)), arrow((100.0, 0.0), (0.0, 0.0)));
        assert!(arrow((5.0, 5.0), (5.0, 5.0)).contains('c'));
    }
}
