//! What each member of a pattern family must come with: its page and its golden trace.

use super::{Finding, Source};
use std::collections::BTreeSet;

/// The folders of the families; each file or folder in one is a member.
const FAMILIES: [&str; 3] = [
    "crates/engine/src/patterns/write/",
    "crates/engine/src/patterns/read/",
    "crates/engine/src/patterns/store/",
];

/// Files beside the members that are none: the family's table, and what its members share.
const NOT_MEMBERS: &[&str] = &["mod", "tests"];

/// The pages.
const PAGES: &str = "docs/patterns/";
/// The golden traces.
const GOLDEN: &str = "crates/engine/tests/golden/";

/// Finds members without a page or a golden trace; each rule holds from the first file in its folder on.
pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    let has = |folder: &str| sources.iter().any(|source| source.path.starts_with(folder));
    let (pages_exist, golden_exist) = (has(PAGES), has(GOLDEN));
    for (path, member) in members(sources) {
        if pages_exist && !has_page(sources, &member) {
            findings.push(Finding::new(
                &path,
                format!("`{member}` has no page; write {PAGES}{member}.md, or a heading with that name in a page there"),
            ));
        }
        if golden_exist && !has(&format!("{GOLDEN}{member}")) {
            findings.push(Finding::new(
                &path,
                format!("`{member}` has no golden trace whose name starts with {GOLDEN}{member}"),
            ));
        }
    }
}

/// The members, by path and by their name in a scenario.
fn members(sources: &[Source]) -> BTreeSet<(String, String)> {
    let mut members = BTreeSet::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        for family in FAMILIES {
            let Some(inside) = source.path.strip_prefix(family) else { continue };
            let stem = inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs");
            if !NOT_MEMBERS.contains(&stem) {
                members.insert((format!("{family}{stem}"), stem.replace('_', "-")));
            }
        }
    }
    members
}

/// A page of that name, or a heading that says it in any page of the folder.
fn has_page(sources: &[Source], member: &str) -> bool {
    sources.iter().filter(|source| source.path.starts_with(PAGES)).any(|source| {
        source.path == format!("{PAGES}{member}.md")
            || source.text.lines().any(|line| line.starts_with('#') && line.contains(member))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::source;
    use super::*;

    fn count(sources: &[Source]) -> usize {
        let mut findings = Vec::new();
        check(sources, &mut findings);
        findings.len()
    }

    fn saga() -> Source {
        source("crates/engine/src/patterns/write/saga_choreography.rs", "")
    }

    #[test]
    fn nothing_is_asked_before_the_folders_exist() {
        assert_eq!(count(&[saga()]), 0);
    }

    #[test]
    fn a_member_needs_its_page() {
        let table = source("crates/engine/src/patterns/write/mod.rs", "");
        assert_eq!(count(&[saga(), table, source("docs/patterns/other.md", "# Other")]), 1);
        assert_eq!(count(&[saga(), source("docs/patterns/saga-choreography.md", "")]), 0);
        assert_eq!(count(&[saga(), source("docs/patterns/all.md", "## `saga-choreography`")]), 0);
    }

    #[test]
    fn a_member_needs_its_golden_trace() {
        assert_eq!(count(&[saga(), source("crates/engine/tests/golden/uncoordinated.txt", "")]), 1);
        assert_eq!(
            count(&[saga(), source("crates/engine/tests/golden/saga-choreography.trip.txt", "")]),
            0
        );
    }
}
