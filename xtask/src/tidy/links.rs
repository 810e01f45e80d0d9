//! Links between the documents: each leads to a file that is there, and to a heading of it.

use super::{Finding, Source};
use crate::paths;
use std::collections::BTreeSet;

/// Finds links from one document to a file or a heading that does not exist.
pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    let known: BTreeSet<&str> = sources.iter().map(|source| source.path.as_str()).collect();
    for source in sources.iter().filter(|source| source.path.ends_with(".md")) {
        for target in targets(&source.text) {
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            // A link into the page (`./#1…`) has its state in the fragment and no document before it.
            if path == "./" {
                continue;
            }
            let path = if path.is_empty() { source.path.clone() } else { join(&source.path, path) };
            // Pictures are no sources, since these are text.
            let is_there = known.contains(path.as_str())
                || is_folder(&known, &path)
                || paths::root().join(&path).is_file();
            if !is_there {
                let what = format!("links to `{path}`, which is not there; mend the link");
                findings.push(Finding::new(&source.path, what));
                continue;
            }
            let document = sources.iter().find(|other| other.path == path);
            if let (Some(document), false) = (document, heading.is_empty())
                && !headings(&document.text).contains(heading)
            {
                let what = format!("links to a heading `#{heading}` that `{path}` does not have");
                findings.push(Finding::new(&source.path, what));
            }
        }
    }
}

fn is_folder(known: &BTreeSet<&str>, path: &str) -> bool {
    let folder = format!("{}/", path.trim_end_matches('/'));
    known.range(folder.as_str()..).next().is_some_and(|first| first.starts_with(&folder))
}

/// The targets of the links of a document that lead into the project.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let inline = text.match_indices("](").filter_map(|(at, mark)| {
        let rest = &text[at + mark.len()..];
        rest.find(')').map(|end| &rest[..end])
    });
    let listed = text.lines().filter_map(|line| {
        let (name, target) = line.strip_prefix('[')?.split_once("]: ")?;
        (!name.contains(']')).then_some(target.trim())
    });
    inline.chain(listed).filter(|target| {
        !target.is_empty() && !target.contains("://") && !target.contains(char::is_whitespace)
    })
}

/// A relative path, from the folder of a document.
fn join(document: &str, target: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// What links name the headings of a document by: lower case, without punctuation, with hyphens for spaces.
fn headings(text: &str) -> BTreeSet<String> {
    let titles = text.lines().filter_map(|line| line.strip_prefix('#'));
    titles
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept =
                title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::source;
    use super::*;

    fn found(text: &str) -> usize {
        let sources = [source("docs/a.md", text), source("docs/sub/b.md", "# One `two`, three\n")];
        let mut findings = Vec::new();
        check(&sources, &mut findings);
        findings.len()
    }

    #[test]
    fn links_lead_to_files_and_headings() {
        assert_eq!(found("[b](sub/b.md), [b](sub/b.md#one-two-three), [folder](sub)"), 0);
        assert_eq!(found("[lab](./#1.abc&t=3), [web](https://example.org/x.md), [self](#no)"), 1);
        assert_eq!(found("[b](b.md) and [b](sub/b.md#four)"), 2);
        assert_eq!(found("see [b][x]\n\n[x]: sub/c.md\n"), 1);
    }
}
