//! Tables and paragraphs for people.

/// A table: the first column to the left, the others to the right.
pub fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let gap = " ".repeat(width - cell.chars().count());
            match column {
                0 => line.push_str(&format!("{cell}{gap}")),
                _ => line.push_str(&format!("  {gap}{cell}")),
            }
        }
        line
    };
    rows.iter().map(line).collect()
}

/// A word for the terminal, where upper case has to do for a colour.
pub fn holds(holds: bool) -> &'static str {
    if holds { "holds" } else { "BROKEN" }
}

/// An argument as a shell takes it.
pub fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:@%+".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows =
            vec![vec!["a".to_owned(), "10".to_owned()], vec!["bcd".to_owned(), "9 µs".to_owned()]];
        assert_eq!(table(&rows), ["a      10", "bcd  9 µs"]);
    }

    #[test]
    fn a_shell_takes_the_argument_as_it_is() {
        assert_eq!(quoted("a/b.json"), "a/b.json");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("#1.a&t=3"), "'#1.a&t=3'");
    }
}
