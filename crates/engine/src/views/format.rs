//! Times and counts as text, by whole-number arithmetic alone.

use crate::ids::Micros;

/// A moment of virtual time to the microsecond: `318.204 ms`, `1,718.000 ms`.
#[must_use]
pub fn clock(at: Micros) -> String {
    format!("{}.{:03} ms", count(at / 1_000), at % 1_000)
}

/// A length of time in at most three or four significant digits: `850 µs`, `15.2 ms`, `1.4 s`,
/// `3 min 20 s`.
#[must_use]
pub fn duration(us: Micros) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{} ms", decimal(us, 1_000, 2)),
        // What would round up to the next unit is written in the next unit.
        10_000..999_950 => format!("{} ms", decimal(us, 1_000, 1)),
        999_950..9_995_000 => format!("{} s", decimal(us, 1_000_000, 2)),
        9_995_000..59_950_000 => format!("{} s", decimal(us, 1_000_000, 1)),
        _ => {
            let seconds = round(us, 1_000_000);
            match (seconds / 60, seconds % 60) {
                (minutes, 0) => format!("{} min", count(minutes)),
                (minutes, rest) => format!("{} min {rest} s", count(minutes)),
            }
        }
    }
}

/// A count with separators: `48,212`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count of something: `1 order`, `3 orders`.
#[must_use]
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A share of a whole in per cent: 812 of 1,000 as `81.2 %`.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let scaled = u128::from(part) * 1_000_000 / u128::from(whole);
    format!("{} %", decimal(u64::try_from(scaled).unwrap_or(u64::MAX), 10_000, 1))
}

/// A change of a number with its sign: `+30`, `−30`, `0`.
#[must_use]
pub fn signed(text_of_size: &str, negative: bool, zero: bool) -> String {
    match (zero, negative) {
        (true, _) => "0".to_owned(),
        (_, true) => format!("−{text_of_size}"),
        _ => format!("+{text_of_size}"),
    }
}

/// Several words as a list: `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [front @ .., last] => format!("{} and {last}", front.join(", ")),
    }
}

/// `us / unit` rounded half up to at most so many places, without trailing zeros.
fn decimal(us: u64, unit: u64, places: u32) -> String {
    let scale = 10_u64.pow(places);
    let scaled = round(us, unit / scale);
    let (whole, part) = (scaled / scale, scaled % scale);
    if part == 0 {
        return count(whole);
    }
    let digits = format!("{part:0width$}", width = places as usize);
    format!("{}.{}", count(whole), digits.trim_end_matches('0'))
}

fn round(n: u64, unit: u64) -> u64 {
    n / unit + u64::from(n % unit >= unit.div_ceil(2).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_microseconds_and_separators() {
        assert_eq!(clock(318_204), "318.204 ms");
        assert_eq!(clock(1_718_000), "1,718.000 ms");
        assert_eq!(clock(7), "0.007 ms");
    }

    #[test]
    fn a_length_of_time_is_short() {
        let cases = [
            (0, "0 µs"),
            (850, "850 µs"),
            (1_000, "1 ms"),
            (1_250, "1.25 ms"),
            (15_200, "15.2 ms"),
            (999_949, "999.9 ms"),
            (999_950, "1 s"),
            (1_400_000, "1.4 s"),
            (2_444_000, "2.44 s"),
            (9_996_000, "10 s"),
            (59_949_999, "59.9 s"),
            (59_950_000, "1 min"),
            (200_000_000, "3 min 20 s"),
        ];
        for (us, text) in cases {
            assert_eq!(duration(us), text, "{us}");
        }
    }

    #[test]
    fn counts_and_shares() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(48_212), "48,212");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(share(812, 1_000), "81.2 %");
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(1, 0), "–");
        assert_eq!(counted(1, "order", "orders"), "1 order");
        assert_eq!(counted(2, "order", "orders"), "2 orders");
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
        assert_eq!(signed("30", true, false), "−30");
    }
}
