//! Curves with their bands: places on a drawing of means and intervals at some values of a parameter.

/// A mean at a value, with half the width of its interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Mark {
    /// The value of the parameter.
    pub value: f64,
    /// The mean.
    pub mean: f64,
    /// Half the width of the interval; 0 where there is none.
    pub half: f64,
}

/// The drawing's ranges and size.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Frame {
    /// The least and the greatest value of the parameter.
    pub across: (f64, f64),
    /// The greatest figure; the least is 0, so that heights compare.
    pub most: f64,
    /// Where the curves are drawn: left, top, right, bottom.
    pub place: (f64, f64, f64, f64),
}

impl Frame {
    /// The frame of some curves. A single value stands in the middle.
    #[must_use]
    pub fn of(curves: &[Vec<Mark>], place: (f64, f64, f64, f64)) -> Self {
        let all = || curves.iter().flatten();
        let from = all().map(|mark| mark.value).fold(f64::INFINITY, f64::min);
        let to = all().map(|mark| mark.value).fold(f64::NEG_INFINITY, f64::max);
        let most = all().map(|mark| mark.mean + mark.half).fold(0.0, f64::max);
        let across = match (from.is_finite(), from < to) {
            (false, _) => (0.0, 1.0),
            (true, false) => (from - 1.0, from + 1.0),
            (true, true) => (from, to),
        };
        Self { across, most: if most > 0.0 { most } else { 1.0 }, place }
    }

    /// The place of a value.
    #[must_use]
    pub fn x(&self, value: f64) -> f64 {
        let (left, _, right, _) = self.place;
        left + (value - self.across.0) / (self.across.1 - self.across.0) * (right - left)
    }

    /// The place of a figure.
    #[must_use]
    pub fn y(&self, figure: f64) -> f64 {
        let (_, top, _, bottom) = self.place;
        bottom - (figure / self.most).clamp(0.0, 1.0) * (bottom - top)
    }

    /// The curve through the means.
    #[must_use]
    pub fn curve(&self, marks: &[Mark]) -> String {
        let mut path = String::new();
        for mark in marks {
            let letter = if path.is_empty() { 'M' } else { 'L' };
            path.push_str(&format!("{letter}{:.1} {:.1}", self.x(mark.value), self.y(mark.mean)));
        }
        path
    }

    /// The band of the intervals around it: there along the upper ends, back along the lower.
    #[must_use]
    pub fn band(&self, marks: &[Mark]) -> String {
        let upper = marks.iter().map(|mark| (mark.value, mark.mean + mark.half));
        let lower = marks.iter().rev().map(|mark| (mark.value, mark.mean - mark.half));
        let mut path = String::new();
        for (value, figure) in upper.chain(lower) {
            let letter = if path.is_empty() { 'M' } else { 'L' };
            path.push_str(&format!("{letter}{:.1} {:.1}", self.x(value), self.y(figure)));
        }
        if !path.is_empty() {
            path.push('z');
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: (f64, f64, f64, f64) = (0.0, 0.0, 100.0, 50.0);

    fn mark(value: f64, mean: f64, half: f64) -> Mark {
        Mark { value, mean, half }
    }

    #[test]
    fn curves_fill_the_frame_from_zero() {
        let curve = vec![mark(10.0, 4.0, 1.0), mark(30.0, 8.0, 2.0)];
        let frame = Frame::of(std::slice::from_ref(&curve), PLACE);
        assert_eq!((frame.x(10.0), frame.x(30.0), frame.x(20.0)), (0.0, 100.0, 50.0));
        assert_eq!((frame.y(0.0), frame.y(10.0)), (50.0, 0.0));
        assert_eq!(frame.curve(&curve), "M0.0 30.0L100.0 10.0");
        assert_eq!(frame.band(&curve), "M0.0 25.0L100.0 0.0L100.0 20.0L0.0 35.0z");
    }

    #[test]
    fn nothing_and_one_value_have_a_frame_too() {
        let frame = Frame::of(&[], PLACE);
        assert_eq!((frame.curve(&[]), frame.band(&[])), (String::new(), String::new()));
        let frame = Frame::of(&[vec![mark(5.0, 0.0, 0.0)]], PLACE);
        assert_eq!((frame.x(5.0), frame.y(0.0)), (50.0, 50.0));
    }

    #[test]
    fn an_interval_that_reaches_below_zero_ends_there() {
        let frame = Frame::of(&[vec![mark(0.0, 1.0, 3.0), mark(1.0, 1.0, 3.0)]], PLACE);
        assert_eq!(frame.y(-2.0), 50.0);
    }
}
