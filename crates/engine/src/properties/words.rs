//! Small pieces of plain words that several properties use.

use crate::ids::Micros;

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// `is` for one and `are` for more.
pub(super) fn be(names: &[&str]) -> &'static str {
    if names.len() > 1 { "are" } else { "is" }
}

/// A duration with the unit that suits it: `540 µs`, `23.4 ms`, `1.4 s`.
pub(super) fn duration(us: Micros) -> String {
    let tenths = |n: Micros, unit: Micros, name: &str| {
        // Rounded half up in whole numbers, so that every machine prints the same.
        let tenths = (n * 10 + unit / 2) / unit;
        match tenths % 10 {
            0 => format!("{} {name}", tenths / 10),
            rest => format!("{}.{rest} {name}", tenths / 10),
        }
    };
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..999_950 => tenths(us, 1_000, "ms"),
        _ => tenths(us, 1_000_000, "s"),
    }
}

/// A number in the smallest unit with its decimals: 1234 with 2 as `12.34`.
pub(super) fn number(n: i128, decimals: u8) -> String {
    if decimals == 0 {
        return n.to_string();
    }
    let unit = 10_u128.pow(u32::from(decimals.min(9)));
    let size = n.unsigned_abs();
    let sign = if n < 0 { "-" } else { "" };
    format!("{sign}{}.{:0width$}", size / unit, size % unit, width = usize::from(decimals.min(9)))
}
