//! Words that are not used, and text that does not belong into a public project.

use super::lexer::code_of;
use super::{Finding, Source};
use std::collections::BTreeSet;

/// Words that say nothing of what they name; the project's own words are in ARCHITECTURE.md.
const BANNED: [&str; 5] = ["actor", "thing", "manager", "helper", "util"];

/// Beginnings of paths of somebody's machine, put together so that this file does not find itself.
const MACHINE_PATHS: [&str; 5] = [
    concat!("/ho", "me/"),
    concat!("/tm", "p/"),
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/Use", "rs/"),
];

/// Hosts that a lock file or a configuration must not be tied to.
const HOSTS: [&str; 4] = [
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "yarnpkg.com"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
];

/// Finds banned words in names, and machines' paths and registries' hosts in any text.
pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    for source in sources {
        for line in machine_lines(&source.text) {
            findings.push(Finding::new(
                &source.path,
                format!("line {line} names a path of one machine, or a registry's host"),
            ));
        }
        if source.is_rust() {
            let path_words = source.path.split(['/', '.']).flat_map(parts);
            let mut words: BTreeSet<String> =
                names(&code_of(&source.text)).flat_map(parts).collect();
            words.extend(path_words);
            for word in words.iter().filter(|word| is_banned(word)) {
                findings.push(Finding::new(
                    &source.path,
                    format!("a name contains `{word}`; say what it is (the words are in ARCHITECTURE.md)"),
                ));
            }
        }
    }
}

fn is_banned(word: &str) -> bool {
    BANNED.iter().any(|banned| word == *banned || word.strip_suffix('s') == Some(banned))
}

/// The identifiers of some code.
fn names(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty())
}

/// The words of a name: `lock_util` and `LockUtil` have two each.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if c == '_' || c == '-' || (c.is_uppercase() && was_lower) {
            parts.push(String::new());
        }
        if c != '_' && c != '-' {
            let last = parts.len() - 1;
            parts[last].extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    parts
}

/// The numbers of the lines that name a machine's path or a registry's host.
fn machine_lines(text: &str) -> Vec<usize> {
    let names_path = |line: &str| {
        MACHINE_PATHS.iter().any(|path| {
            line.match_indices(path).any(|(at, _)| {
                // Inside a longer path or an address it is a folder's name like any other.
                !line[..at]
                    .chars()
                    .next_back()
                    .is_some_and(|c| c.is_alphanumeric() || "._-*}/".contains(c))
            })
        })
    };
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| names_path(line) || HOSTS.iter().any(|host| line.contains(host)))
        .map(|(index, _)| index + 1)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::source;
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        let mut findings = Vec::new();
        check(&[source(path, text)], &mut findings);
        findings.len()
    }

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(parts("LockUtil"), ["lock", "util"]);
        assert_eq!(parts("run_it"), ["run", "it"]);
    }

    #[test]
    fn banned_words_are_found_in_names_only() {
        for text in ["struct LockManager;", "mod utils;", "fn help() { let helper_one = 1; }"] {
            assert_eq!(count("a.rs", text), 1, "{text}");
        }
        for text in ["// a helper", "let factor = 1;", "let text = \"actor\";", "struct Utility;"] {
            assert_eq!(count("a.rs", text), 0, "{text}");
        }
        assert_eq!(count("src/util.rs", ""), 1);
    }

    #[test]
    fn paths_of_machines_are_found_in_any_text() {
        let path = concat!("/ho", "me/somebody/x");
        assert_eq!(count("notes.md", &format!("see {path}")), 1);
        assert_eq!(count("notes.md", &format!("see https://example.org{path}")), 0);
        assert_eq!(count("package-lock.json", concat!("https://registry.", "npmjs.org/x")), 1);
    }
}
