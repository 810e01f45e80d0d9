//! Which module may use which.
//!
//! Inside the engine a module uses only its own group and those before it. The page and the command line
//! see the session, the views and the plain data that they speak in, never the world.

use super::lexer::code_without_tests;
use super::{Finding, Source};
use std::collections::BTreeSet;

/// The allowed edges.
pub(super) struct Table {
    /// The engine's modules in groups; each may use its own group and those before it.
    groups: &'static [&'static [&'static str]],
    /// Modules that stand apart: what they may use, and nobody in `groups` may use them.
    apart: &'static [(&'static str, &'static [&'static str])],
    /// What the page and the command line may use.
    public: &'static [&'static str],
    /// Edges that exist and should not: from, to, and what will end them.
    debts: &'static [(&'static str, &'static str, &'static str)],
}

/// The engine's edges.
pub(super) const TABLE: &Table = &Table {
    groups: &[
        &["fingerprint", "ids", "mutation", "value"],
        &["event", "event_canon", "scenario"],
        &["cast", "choice", "choice_text", "rng", "trace", "verdict"],
        &["out"],
        &["history", "network", "stores"],
        &["lab", "log_lab"],
        &["family", "plan"],
        &["patterns"],
        &["world"],
        &["properties"],
        &["drivers"],
        &["isolation_lab", "session"],
        &["compare", "link"],
    ],
    apart: &[
        ("views", &["cast", "event", "ids", "scenario", "trace", "value", "verdict"]),
        // Stories are told over runs, as the page and the command line see them.
        (
            "stories",
            &["choice", "event", "ids", "scenario", "session", "trace", "verdict", "views"],
        ),
        // It offers the explorer's choices to a person, in the words of the views.
        (
            "by_hand",
            &[
                "cast",
                "choice",
                "choice_text",
                "drivers",
                "event",
                "ids",
                "patterns",
                "scenario",
                "session",
                "views",
            ],
        ),
        // It explains what a check found, in the words of the views.
        (
            "why",
            &[
                "cast",
                "choice",
                "choice_text",
                "drivers",
                "event",
                "fingerprint",
                "ids",
                "patterns",
                "plan",
                "properties",
                "rng",
                "scenario",
                "session",
                "trace",
                "value",
                "verdict",
                "views",
                "world",
            ],
        ),
    ],
    public: &[
        "by_hand",
        "cast",
        "choice",
        "compare",
        "event",
        "ids",
        "isolation_lab",
        "link",
        "scenario",
        "session",
        "stories",
        "trace",
        "value",
        "verdict",
        "views",
        "why",
    ],
    debts: &[],
};

/// Where the engine's modules are.
const ENGINE: &str = "crates/engine/src/";
/// Who sees only the public modules.
const USERS: [&str; 4] = ["src/", "tests/", "crates/cli/", "crates/exchange/"];

/// Finds edges that are not allowed, and debts that are paid.
pub(super) fn check(sources: &[Source], table: &Table, findings: &mut Vec<Finding>) {
    let mut debts_seen = BTreeSet::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        if let Some(inside) = source.path.strip_prefix(ENGINE) {
            check_engine_file(source, inside, table, &mut debts_seen, findings);
        } else if USERS.iter().any(|user| source.path.starts_with(user)) {
            check_user_file(source, table, findings);
        }
    }
    for debt in table.debts {
        if !debts_seen.contains(&(debt.0, debt.1)) {
            findings.push(Finding::new(
                "xtask/src/tidy/edges.rs",
                format!("the debt {} → {} is paid; take it off the list", debt.0, debt.1),
            ));
        }
    }
}

fn check_engine_file(
    source: &Source,
    inside: &str,
    table: &Table,
    debts_seen: &mut BTreeSet<(&'static str, &'static str)>,
    findings: &mut Vec<Finding>,
) {
    let module = inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs");
    let is_test = inside.ends_with("/tests.rs") || inside.contains("/tests/");
    if module == "lib" || is_test {
        return;
    }
    let Some(allowed) = allowed_for(module, table) else {
        findings.push(Finding::new(
            &source.path,
            format!("the module `{module}` has no place among the edges; give it one in xtask/src/tidy/edges.rs"),
        ));
        return;
    };
    for used in used_modules(&code_without_tests(&source.text), inside) {
        if used == module || allowed.contains(used.as_str()) {
            continue;
        }
        match table.debts.iter().find(|debt| debt.0 == module && debt.1 == used) {
            Some(debt) => {
                debts_seen.insert((debt.0, debt.1));
            }
            None if !is_module(&used, table) => {}
            None => findings.push(Finding::new(
                &source.path,
                format!("`{module}` may not use `{used}`, which comes after it (the order is in xtask/src/tidy/edges.rs)"),
            )),
        }
    }
}

fn check_user_file(source: &Source, table: &Table, findings: &mut Vec<Finding>) {
    let code = code_without_tests(&source.text);
    for used in names_after(&code, "interleave_engine::") {
        if is_module(&used, table) && !table.public.contains(&used.as_str()) {
            findings.push(Finding::new(
                &source.path,
                format!("`interleave_engine::{used}` is the engine's own; use `session` or `views` (the list is in xtask/src/tidy/edges.rs)"),
            ));
        }
    }
}

fn is_module(name: &str, table: &Table) -> bool {
    table.groups.iter().any(|group| group.contains(&name))
        || table.apart.iter().any(|(apart, _)| *apart == name)
}

/// What a module may use; nothing is known of one that is not in the table.
fn allowed_for(module: &str, table: &Table) -> Option<BTreeSet<&'static str>> {
    if let Some((_, uses)) = table.apart.iter().find(|(name, _)| *name == module) {
        return Some(uses.iter().copied().collect());
    }
    let place = table.groups.iter().position(|group| group.contains(&module))?;
    Some(table.groups[..=place].iter().flat_map(|group| group.iter().copied()).collect())
}

/// The top-level modules that a file of the engine names.
fn used_modules(code: &str, inside: &str) -> BTreeSet<String> {
    let mut used = names_after(code, "crate::");
    // `super` leads out of the module only if it is said as often as the file is deep.
    let parts = inside.split('/').count();
    let depth = if inside.ends_with("/mod.rs") { parts - 1 } else { parts };
    used.extend(names_after(code, &"super::".repeat(depth)));
    used
}

/// The names that follow a prefix: `prefix a`, `prefix {a, b::c}`.
fn names_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let is_inside_a_name = code[..at]
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
        // A longer chain of `super` is found at its own start.
        if is_inside_a_name {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(list) => names.extend(first_names(list)),
            None => names.extend(Some(name_at(rest)).filter(|name| !name.is_empty())),
        }
    }
    names
}

/// The first name of each member of a list up to its closing brace.
fn first_names(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0;
    let mut expects_name = true;
    let mut at = 0;
    while let Some(c) = list[at..].chars().next() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expects_name = true,
            _ if expects_name && (c.is_alphabetic() || c == '_') => {
                names.push(name_at(&list[at..]));
                expects_name = false;
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    names
}

fn name_at(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::source;
    use super::*;

    const SMALL: &Table = &Table {
        groups: &[&["ids"], &["event", "scenario"], &["world"], &["session"]],
        apart: &[("views", &["event", "ids"])],
        public: &["session", "views"],
        debts: &[("scenario", "world", "the plan moves out")],
    };

    fn findings(path: &str, text: &str) -> Vec<String> {
        let debt = source("crates/engine/src/scenario.rs", "use crate::world::World;");
        let mut findings = Vec::new();
        check(&[debt, source(path, text)], SMALL, &mut findings);
        findings.into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn earlier_groups_and_the_own_group_are_allowed() {
        let text = "use crate::{ids::A, scenario::{B, C}};\nuse super::ids::D;";
        assert_eq!(findings("crates/engine/src/event.rs", text), [""; 0]);
        assert_eq!(findings("crates/engine/src/world/mod.rs", "use crate::event::E;"), [""; 0]);
    }

    #[test]
    fn later_groups_are_not() {
        for (path, text) in [
            ("crates/engine/src/event.rs", "use crate::world::World;"),
            ("crates/engine/src/event.rs", "use crate::{ids::A, world::{B, C}};"),
            ("crates/engine/src/event.rs", "fn f(w: &super::world::World) {}"),
            ("crates/engine/src/event/kind.rs", "use super::super::session::Session;"),
            ("crates/engine/src/world.rs", "use crate::views::Frame;"),
            ("crates/engine/src/views/frame.rs", "use crate::world::World;"),
        ] {
            assert_eq!(findings(path, text).len(), 1, "{path}: {text}");
        }
    }

    #[test]
    fn comments_and_unit_tests_may_name_anything() {
        let text =
            "//! See [`crate::world`].\n#[cfg(test)]\nmod tests {\n use crate::world::World; }";
        assert_eq!(findings("crates/engine/src/event.rs", text), [""; 0]);
    }

    #[test]
    fn a_module_without_a_place_is_named() {
        assert!(findings("crates/engine/src/extra.rs", "")[0].contains("`extra`"));
    }

    #[test]
    fn the_page_and_the_command_line_see_only_what_is_public() {
        assert_eq!(
            findings("src/lab.rs", "use interleave_engine::{session::S, views::V};"),
            [""; 0]
        );
        assert_eq!(findings("src/lab.rs", "use interleave_engine::world::World;").len(), 1);
        assert_eq!(findings("crates/cli/src/main.rs", "interleave_engine::world::f()").len(), 1);
    }

    #[test]
    fn a_paid_debt_is_taken_off() {
        let mut findings = Vec::new();
        check(&[source("crates/engine/src/scenario.rs", "")], SMALL, &mut findings);
        assert!(findings[0].what.contains("is paid"));
    }
}
