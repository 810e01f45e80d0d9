//! What the compiler does not hold: which module may use which, how long a file may be,
//! what each pattern must come with, and which words are not used.
//!
//! `cargo test -p xtask` runs it; so does `cargo xtask tidy`, which prints every finding.

mod edges;
mod files;
mod lexer;
mod links;
mod patterns;
mod words;

use crate::failure::{Failure, Result};
use crate::paths;
use std::path::{Path, PathBuf};

/// Something that is not as it should be, with the way out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file, relative to the root.
    file: String,
    /// What was found, and what to do.
    what: String,
}

impl Finding {
    fn new(file: &str, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), what: what.into() }
    }
}

/// A file as the checks see it.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the root, with `/`.
    path: String,
    text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// Prints the findings, and fails if there are any.
pub(crate) fn run() -> Result<()> {
    let findings = check(&paths::root());
    for finding in &findings {
        println!("{}: {}", finding.file, finding.what);
    }
    match findings.len() {
        0 => Ok(()),
        1 => Err(Failure::new("tidy has one finding")),
        count => Err(Failure::new(format!("tidy has {count} findings"))),
    }
}

/// Every finding, sorted by file.
fn check(root: &Path) -> Vec<Finding> {
    let sources = read_all(root);
    let mut findings = Vec::new();
    edges::check(&sources, edges::TABLE, &mut findings);
    files::check(&sources, &mut findings);
    links::check(&sources, &mut findings);
    patterns::check(&sources, &mut findings);
    words::check(&sources, &mut findings);
    findings.sort();
    findings
}

/// The text files under version control; all files where git does not answer.
fn read_all(root: &Path) -> Vec<Source> {
    let listed = crate::setup::output_of(
        std::process::Command::new("git").arg("-C").arg(root).args(["ls-files", "-z"]),
    );
    let mut paths: Vec<String> = match listed {
        Some(text) => text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect(),
        None => {
            let mut found = Vec::new();
            walk(root, root, &mut found);
            found
        }
    };
    paths.sort();
    paths
        .into_iter()
        // A binary file is not UTF-8, and a deleted one is not there: neither has anything to check.
        .filter_map(|path| {
            let text = std::fs::read_to_string(root.join(&path)).ok()?;
            Some(Source { path, text })
        })
        .collect()
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
    const BUILT: [&str; 4] = ["target", "dist", "node_modules", ".git"];
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !BUILT.contains(&name.as_str()) {
                walk(root, &path, found);
            }
        } else if let Ok(inside) = path.strip_prefix(root) {
            found.push(inside.to_string_lossy().replace('\\', "/"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source for the tests of the checks.
    pub(super) fn source(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.into() }
    }

    #[test]
    fn the_project_is_tidy() {
        let findings = check(&paths::root());
        let list: Vec<String> =
            findings.iter().map(|finding| format!("{}: {}", finding.file, finding.what)).collect();
        assert!(list.is_empty(), "\n{}\n", list.join("\n"));
    }

    #[test]
    fn the_walk_finds_what_git_lists() {
        let root = paths::root();
        let mut walked = Vec::new();
        walk(&root, &root, &mut walked);
        assert!(walked.iter().any(|path| path == "xtask/src/tidy/mod.rs"));
        assert!(!walked.iter().any(|path| path.starts_with("target/")));
    }
}
