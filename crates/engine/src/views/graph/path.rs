//! Paths of cubic curves: their SVG form, and the point at a share of their length.

use std::fmt::Write as _;

/// A point.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

impl Point {
    fn towards(self, to: Self, share: f64) -> Self {
        Self { x: self.x + (to.x - self.x) * share, y: self.y + (to.y - self.y) * share }
    }

    fn distance(self, to: Self) -> f64 {
        let (x, y) = (to.x - self.x, to.y - self.y);
        // The square root is exact to the last bit on every machine.
        (x * x + y * y).sqrt()
    }
}

/// Control points of a quarter circle lie this share of its radius from the corner.
const QUARTER: f64 = 0.447_715;

/// Parts of a curve between which its length is measured.
const PARTS: usize = 16;

/// A path of cubic curves, each from the end of the one before it.
#[derive(Clone, PartialEq, Debug)]
pub struct Path {
    start: Point,
    /// Two control points and the end.
    curves: Vec<[Point; 3]>,
    /// The length up to each sixteenth of each curve, the last one being the whole.
    lengths: Vec<f64>,
}

impl Path {
    /// A straight line.
    #[must_use]
    pub fn line(from: Point, to: Point) -> Self {
        Self::of(from, vec![[from.towards(to, 1.0 / 3.0), from.towards(to, 2.0 / 3.0), to]])
    }

    /// A curve that leaves and arrives horizontally and stays between the two ends.
    #[must_use]
    pub fn across(from: Point, to: Point) -> Self {
        let middle = (from.x + to.x) / 2.0;
        Self::of(from, vec![[Point { x: middle, y: from.y }, Point { x: middle, y: to.y }, to]])
    }

    /// A curve that leaves and arrives vertically and stays between the two ends.
    #[must_use]
    pub fn down(from: Point, to: Point) -> Self {
        let middle = (from.y + to.y) / 2.0;
        Self::of(from, vec![[Point { x: from.x, y: middle }, Point { x: to.x, y: middle }, to]])
    }

    /// A curve that leaves two points to the same side, sideways by `by` at most.
    #[must_use]
    pub fn bow(from: Point, to: Point, by: Point) -> Self {
        let out = |point: Point| Point { x: point.x + by.x, y: point.y + by.y };
        Self::of(from, vec![[out(from), out(to), to]])
    }

    /// Straight lines through these points with rounded corners.
    #[must_use]
    pub fn rounded(points: &[Point], radius: f64) -> Self {
        let start = points.first().copied().unwrap_or_default();
        let mut curves = Vec::new();
        let mut at = start;
        for ix in 1..points.len() {
            let corner = points[ix];
            let Some(next) = points.get(ix + 1).copied() else {
                push_line(&mut curves, at, corner);
                break;
            };
            // Half of each side at most, so that two corners never meet.
            let before = points[ix - 1].distance(corner);
            let after = corner.distance(next);
            let round = radius.min(before / 2.0).min(after / 2.0);
            if round <= 0.0 {
                push_line(&mut curves, at, corner);
                at = corner;
                continue;
            }
            let into = corner.towards(points[ix - 1], round / before);
            let out = corner.towards(next, round / after);
            push_line(&mut curves, at, into);
            curves.push([corner.towards(into, QUARTER), corner.towards(out, QUARTER), out]);
            at = out;
        }
        Self::of(start, curves)
    }

    fn of(start: Point, curves: Vec<[Point; 3]>) -> Self {
        let mut path = Self { start, curves, lengths: Vec::new() };
        let mut length = 0.0;
        let mut before = start;
        for curve in 0..path.curves.len() {
            for part in 1..=PARTS {
                let point = path.on(curve, part as f64 / PARTS as f64);
                length += before.distance(point);
                path.lengths.push(length);
                before = point;
            }
        }
        path
    }

    /// Where it begins.
    #[must_use]
    pub fn start(&self) -> Point {
        self.start
    }

    /// Where it ends.
    #[must_use]
    pub fn end(&self) -> Point {
        self.curves.last().map_or(self.start, |curve| curve[2])
    }

    /// The same way in the other direction.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let starts = std::iter::once(self.start).chain(self.curves.iter().map(|curve| curve[2]));
        let turned =
            starts.zip(&self.curves).map(|(start, [first, second, _])| [*second, *first, start]);
        let mut curves: Vec<[Point; 3]> = turned.collect();
        curves.reverse();
        Self::of(self.end(), curves)
    }

    /// Its length.
    #[must_use]
    pub fn length(&self) -> f64 {
        self.lengths.last().copied().unwrap_or(0.0)
    }

    /// The point at a share of its length, from 0 to 1.
    #[must_use]
    pub fn at(&self, share: f64) -> Point {
        let wanted = share.clamp(0.0, 1.0) * self.length();
        let part = self.lengths.partition_point(|length| *length < wanted);
        let Some(upper) = self.lengths.get(part).copied() else { return self.end() };
        let lower = part.checked_sub(1).map_or(0.0, |before| self.lengths[before]);
        let within = if upper > lower { (wanted - lower) / (upper - lower) } else { 0.0 };
        let along = ((part % PARTS) as f64 + within) / PARTS as f64;
        self.on(part / PARTS, along)
    }

    /// Its form in SVG: the value of the attribute `d`.
    #[must_use]
    pub fn svg(&self) -> String {
        let mut text = format!("M{} {}", number(self.start.x), number(self.start.y));
        for [first, second, end] in &self.curves {
            let points = [first.x, first.y, second.x, second.y, end.x, end.y].map(number);
            // Writing to a string cannot fail.
            let _ = write!(text, "C{}", points.join(" "));
        }
        text
    }

    fn on(&self, curve: usize, t: f64) -> Point {
        let Some([first, second, end]) = self.curves.get(curve).copied() else { return self.end() };
        let start = match curve.checked_sub(1) {
            Some(before) => self.curves[before][2],
            None => self.start,
        };
        let (a, b, c) = (start.towards(first, t), first.towards(second, t), second.towards(end, t));
        let (d, e) = (a.towards(b, t), b.towards(c, t));
        d.towards(e, t)
    }
}

fn push_line(curves: &mut Vec<[Point; 3]>, from: Point, to: Point) {
    if from != to {
        curves.push([from.towards(to, 1.0 / 3.0), from.towards(to, 2.0 / 3.0), to]);
    }
}

/// A coordinate to a tenth of a pixel.
fn number(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    if tenths % 10 == 0 {
        (tenths / 10).to_string()
    } else {
        let sign = if tenths < 0 { "-" } else { "" };
        format!("{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f64, y: f64) -> Point {
        Point { x, y }
    }

    #[test]
    fn a_share_of_a_path_is_a_share_of_its_length() {
        let line = Path::line(point(0.0, 0.0), point(100.0, 0.0));
        assert!((line.length() - 100.0).abs() < 1e-9);
        assert!((line.at(0.25).x - 25.0).abs() < 1e-9);
        let corner = [point(0.0, 0.0), point(100.0, 0.0), point(100.0, 100.0)];
        let bent = Path::rounded(&corner, 20.0);
        // Two sides of 80 and a quarter circle of radius 20.
        assert!((bent.length() - (160.0 + 31.416)).abs() < 0.2, "{}", bent.length());
        assert_eq!(bent.at(0.0), corner[0]);
        assert_eq!(bent.at(1.0), corner[2]);
        let middle = bent.at(0.5);
        assert!((middle.x - 94.14).abs() < 0.3 && (middle.y - 5.86).abs() < 0.3, "{middle:?}");
        let back = bent.reversed();
        assert_eq!((back.start(), back.end()), (corner[2], corner[0]));
        assert!(back.at(0.25).distance(bent.at(0.75)) < 0.3);
        // Equal shares are equally far apart along a curve too.
        let curve = Path::across(point(0.0, 0.0), point(60.0, 120.0));
        let steps: Vec<f64> = (0..50)
            .map(|at| curve.at(f64::from(at) / 50.0).distance(curve.at(f64::from(at + 1) / 50.0)))
            .collect();
        let mean = curve.length() / 50.0;
        assert!(steps.iter().all(|step| (step - mean).abs() < mean * 0.05), "{steps:?}");
    }

    #[test]
    fn a_path_has_a_short_svg_form() {
        let line = Path::line(point(-0.25, 0.0), point(30.0, 0.0));
        assert_eq!(line.svg(), "M-0.3 0C9.8 0 19.9 0 30 0");
        assert_eq!(Path::rounded(&[], 4.0).length(), 0.0);
        assert_eq!(Path::rounded(&[point(1.0, 2.0)], 4.0).at(0.5), point(1.0, 2.0));
    }
}
