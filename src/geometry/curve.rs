//! Rectangles and the curves between them.

/// A rectangle.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Rect {
    /// Left.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    /// A rectangle.
    #[must_use]
    pub fn new(x: f64, y: f64, w: f64, h: f64) -> Self {
        Self { x, y, w, h }
    }

    /// Its middle.
    #[must_use]
    pub fn middle(&self) -> (f64, f64) {
        (self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    /// Whether it shares a point with another.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.x < other.x + other.w
            && other.x < self.x + self.w
            && self.y < other.y + other.h
            && other.y < self.y + self.h
    }
}

/// A cubic curve.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Curve {
    /// Its four points.
    pub points: [(f64, f64); 4],
}

/// A side of a rectangle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Left.
    Left,
    /// Right.
    Right,
    /// Top.
    Top,
    /// Bottom.
    Bottom,
}

impl Side {
    fn out(self) -> (f64, f64) {
        match self {
            Self::Left => (-1.0, 0.0),
            Self::Right => (1.0, 0.0),
            Self::Top => (0.0, -1.0),
            Self::Bottom => (0.0, 1.0),
        }
    }
}

impl Curve {
    /// From a point to a point, leaving and arriving at right angles to the sides.
    #[must_use]
    pub fn between(from: (f64, f64), out: Side, to: (f64, f64), into: Side) -> Self {
        // No further than the ends are apart in that direction, or the curve would loop.
        let apart = match out {
            Side::Left | Side::Right => (to.0 - from.0).abs(),
            Side::Top | Side::Bottom => (to.1 - from.1).abs(),
        };
        let reach = (apart * 0.6).clamp(14.0, 120.0);
        let (ox, oy) = out.out();
        let (ix, iy) = into.out();
        let points = [
            from,
            (from.0 + ox * reach, from.1 + oy * reach),
            (to.0 + ix * reach, to.1 + iy * reach),
            to,
        ];
        Self { points }
    }

    /// The point at a share of the way, from 0 to 1.
    #[must_use]
    pub fn at(&self, share: f64) -> (f64, f64) {
        let t = share.clamp(0.0, 1.0);
        let u = 1.0 - t;
        let weights = [u * u * u, 3.0 * u * u * t, 3.0 * u * t * t, t * t * t];
        let sum = |pick: fn(&(f64, f64)) -> f64| {
            self.points.iter().zip(weights).map(|(point, weight)| pick(point) * weight).sum()
        };
        (sum(|point| point.0), sum(|point| point.1))
    }

    /// The same way back.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let [a, b, c, d] = self.points;
        Self { points: [d, c, b, a] }
    }

    /// As the `d` of an SVG path.
    #[must_use]
    pub fn path(&self) -> String {
        let [a, b, c, d] = self.points;
        format!(
            "M{:.1} {:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
            a.0, a.1, b.0, b.1, c.0, c.1, d.0, d.1
        )
    }
}

/// The curve from one rectangle to another, between the sides that face each other.
/// `lane` shifts it sideways, so that there and back do not lie on each other.
#[must_use]
pub fn connect(from: &Rect, to: &Rect, lane: f64) -> Curve {
    let (fx, fy) = from.middle();
    let (tx, ty) = to.middle();
    let (dx, dy) = (tx - fx, ty - fy);
    let gap_x = (dx.abs() - (from.w + to.w) / 2.0).max(0.0);
    let gap_y = (dy.abs() - (from.h + to.h) / 2.0).max(0.0);
    if gap_x >= gap_y {
        let (out, into) =
            if dx >= 0.0 { (Side::Right, Side::Left) } else { (Side::Left, Side::Right) };
        let edge = |rect: &Rect, side| if side == Side::Right { rect.x + rect.w } else { rect.x };
        let start = (edge(from, out), fy + lane);
        let end = (edge(to, into), ty + lane);
        return Curve::between(start, out, end, into);
    }
    let (out, into) = if dy >= 0.0 { (Side::Bottom, Side::Top) } else { (Side::Top, Side::Bottom) };
    let edge = |rect: &Rect, side| if side == Side::Bottom { rect.y + rect.h } else { rect.y };
    let start = (fx + lane, edge(from, out));
    let end = (tx + lane, edge(to, into));
    Curve::between(start, out, end, into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_begins_and_ends_at_its_ends() {
        let curve = Curve::between((0.0, 0.0), Side::Right, (100.0, 50.0), Side::Left);
        assert_eq!(curve.at(0.0), (0.0, 0.0));
        assert_eq!(curve.at(1.0), (100.0, 50.0));
        assert_eq!(curve.at(-3.0), (0.0, 0.0));
    }

    #[test]
    fn rectangles_side_by_side_are_connected_at_their_sides() {
        let left = Rect::new(0.0, 0.0, 100.0, 40.0);
        let right = Rect::new(300.0, 10.0, 100.0, 40.0);
        let curve = connect(&left, &right, 0.0);
        assert!((curve.points[0].0 - 100.0).abs() < 1e-9);
        assert!((curve.points[3].0 - 300.0).abs() < 1e-9);
    }

    #[test]
    fn rectangles_above_each_other_are_connected_at_top_and_bottom() {
        let top = Rect::new(0.0, 0.0, 100.0, 40.0);
        let bottom = Rect::new(20.0, 200.0, 100.0, 40.0);
        let curve = connect(&top, &bottom, 0.0);
        assert!((curve.points[0].1 - 40.0).abs() < 1e-9);
        assert!((curve.points[3].1 - 200.0).abs() < 1e-9);
    }
}
