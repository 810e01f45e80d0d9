//! How long a file may be.

use super::{Finding, Source};

/// No file is longer: one that is does two jobs.
const LINES_MAX: usize = 600;

/// Files that may be longer, each with its reason.
const LONGER: &[(&str, &str)] = &[];

/// Ends of the names of files that people write.
const WRITTEN: [&str; 5] = [".rs", ".css", ".js", ".mjs", ".html"];

/// Finds files that are too long, and exceptions that are not needed.
pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    for source in
        sources.iter().filter(|source| WRITTEN.iter().any(|end| source.path.ends_with(end)))
    {
        let lines = source.text.lines().count();
        let excused = LONGER.iter().any(|(path, _)| *path == source.path);
        if lines > LINES_MAX && !excused {
            findings.push(Finding::new(
                &source.path,
                format!(
                    "{lines} lines, and {LINES_MAX} are allowed; split it by what its parts do"
                ),
            ));
        }
        if lines <= LINES_MAX && excused {
            findings.push(Finding::new(
                &source.path,
                "needs its exception no longer; take it off the list",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::source;
    use super::*;

    #[test]
    fn a_long_file_is_found_and_data_is_not() {
        let long = "\n".repeat(LINES_MAX + 1);
        let mut findings = Vec::new();
        check(
            &[source("a.rs", &long), source("a.json", &long), source("b.css", "")],
            &mut findings,
        );
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].file, "a.rs");
    }
}
