//! The pages of Learn: which there are, and where their links go.
//!
//! They are the project's own documents, served beside the page as files of their own, so that they
//! weigh nothing until somebody reads them.

use interleave_engine::scenario::shipped;

use crate::catalog;

/// What a page is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A way to couple services, by its name in documents.
    Pattern,
    /// One part of such a way that has no name of its own among the patterns.
    Part,
    /// The laboratory itself.
    About,
}

/// A page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// Its name in links.
    pub name: &'static str,
    /// What it is about.
    pub kind: Kind,
    /// Its title on screen, where it is not that of its pattern.
    title: &'static str,
    /// What it says, in one line, where its pattern does not say it.
    line: &'static str,
}

/// All pages, in the order in which they are offered.
pub const PAGES: &[Page] = &[
    about("choosing", "Which pattern for me?", "Seven questions, and what each answer gives up."),
    pattern("shared-database"),
    pattern("database-per-service"),
    pattern("api-composition"),
    pattern("two-phase-commit"),
    pattern("saga-choreography"),
    pattern("saga-orchestration"),
    pattern("cqrs"),
    pattern("event-sourcing"),
    pattern("try-confirm-cancel"),
    part("direct", "Direct reads", "A query goes to the service that owns the rows."),
    part("rows", "Rows", "A service keeps what is true now, and nothing of how it came about."),
    part(
        "event-sourced",
        "Event-sourced state",
        "A service keeps what happened; its rows are what that adds up to.",
    ),
    about(
        "fidelity",
        "What is modelled, and what is not",
        "Where each millisecond comes from, and which figures to believe.",
    ),
    about(
        "breaks",
        "Every pattern’s breaks and proofs",
        "What the search finds in each pattern, what mends it, and what it then proves.",
    ),
    about(
        "scenarios",
        "The shipped scenarios",
        "One that works and one for each way of breaking, for every pattern.",
    ),
    about(
        "isolation-laboratory",
        "The isolation laboratory",
        "Short transactions in every order, and which isolation level lets what go wrong.",
    ),
    about(
        "compare",
        "Comparing couplings",
        "What a figure means, what is paired, and where one overtakes the other.",
    ),
    about("words", "The words", "What each word on this page means, in one sentence."),
];

const fn pattern(name: &'static str) -> Page {
    Page { name, kind: Kind::Pattern, title: "", line: "" }
}

const fn part(name: &'static str, title: &'static str, line: &'static str) -> Page {
    Page { name, kind: Kind::Part, title, line }
}

const fn about(name: &'static str, title: &'static str, line: &'static str) -> Page {
    Page { name, kind: Kind::About, title, line }
}

impl Page {
    /// The one of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        PAGES.iter().find(|page| page.name == name)
    }

    /// The file that it is in, from the page's own folder.
    #[must_use]
    pub fn file(&self) -> String {
        match self.kind {
            Kind::About => format!("pages/{}.md", self.name),
            Kind::Pattern | Kind::Part => format!("pages/patterns/{}.md", self.name),
        }
    }

    /// Its title on screen.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.info().map_or(self.title, |info| info.title)
    }

    /// What it says, in one line.
    #[must_use]
    pub fn line(&self) -> &'static str {
        self.info().map_or(self.line, |info| info.about)
    }

    /// The pattern that it is about.
    #[must_use]
    pub fn info(&self) -> Option<interleave_engine::session::PatternInfo> {
        if self.kind != Kind::Pattern {
            return None;
        }
        catalog::named().into_iter().find(|info| info.name == self.name)
    }
}

/// Where a link of a page goes on screen; `None` where it leads to a file that the page does not hold.
#[must_use]
pub fn address(target: &str) -> Option<String> {
    if target.starts_with("https://") {
        return Some(target.to_owned());
    }
    if let Some(run) = target.strip_prefix("./#").or_else(|| target.strip_prefix('#')) {
        return Some(format!("#{run}"));
    }
    let file = target.split('#').next()?.strip_suffix(".md")?;
    let page = Page::of(file.rsplit('/').next()?)?;
    Some(format!("#page={}", page.name))
}

/// The shipped scenario of this title, as a link to it.
#[must_use]
pub fn scenario_titled(title: &str) -> Option<String> {
    thread_local! {
        static TITLES: Vec<(String, &'static str)> =
            shipped::shipped().iter().map(|it| (it.scenario().title, it.name)).collect();
    }
    TITLES.with(|titles| {
        let found = titles.iter().find(|it| it.0 == title)?;
        Some(format!("#scenario={}", found.1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markdown::{self, Block, Inline};

    /// Where Trunk takes each page from (`index.html` says it).
    fn source(page: &Page) -> String {
        let file = page.file();
        let path = file.strip_prefix("pages/").unwrap();
        let path = format!("{}/docs/{path}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{path}: {why}"))
    }

    fn links(parts: &[Inline], found: &mut Vec<String>) {
        for part in parts {
            match part {
                Inline::Link(inner, target) => {
                    links(inner, found);
                    found.push(target.clone());
                }
                Inline::Stressed(inner) | Inline::Strong(inner) => links(inner, found),
                Inline::Text(_) | Inline::Code(_) => {}
            }
        }
    }

    fn links_of(blocks: &[Block], found: &mut Vec<String>) {
        for block in blocks {
            match block {
                Block::Heading(_, parts) | Block::Paragraph(parts) => links(parts, found),
                Block::List(_, items) => items.iter().for_each(|item| links_of(item, found)),
                Block::Table(head, _, rows) => {
                    rows.iter().chain([head]).flatten().for_each(|cell| links(cell, found));
                }
                Block::Code(_) => {}
            }
        }
    }

    #[test]
    fn every_page_is_there_and_every_link_of_it_goes_somewhere() {
        for page in PAGES {
            let read = markdown::read(&source(page));
            assert!(!read.title.is_empty() && read.blocks.len() > 2, "{}", page.name);
            assert!(!page.title().is_empty() && !page.line().is_empty(), "{}", page.name);
            let mut found = Vec::new();
            links_of(&read.blocks, &mut found);
            for link in found {
                let address = address(&link).unwrap_or_else(|| panic!("{}: {link}", page.name));
                if let Some(run) = address.strip_prefix('#').filter(|it| it.starts_with("1.")) {
                    interleave_engine::link::decode(run)
                        .unwrap_or_else(|why| panic!("{}: {why:?}", page.name));
                }
            }
        }
    }

    #[test]
    fn no_mark_of_the_pages_language_is_left_over() {
        for page in PAGES {
            let read = markdown::read(&source(page));
            let mut said = String::new();
            for block in &read.blocks {
                if let Block::Paragraph(parts) | Block::Heading(_, parts) = block {
                    said.push_str(&markdown::plain(parts));
                }
            }
            for mark in ["**", "](", "][", "<!--"] {
                assert!(!said.contains(mark), "{}: {mark} in {said}", page.name);
            }
        }
    }

    #[test]
    fn every_pattern_has_its_five_answers() {
        let wanted = [
            "What it is",
            "When to use it",
            "What it costs",
            "What breaks it",
            "What mends it",
            "Sources",
        ];
        for page in PAGES.iter().filter(|page| page.kind == Kind::Pattern) {
            let read = markdown::read(&source(page));
            let heads: Vec<String> = read
                .blocks
                .iter()
                .filter_map(|block| match block {
                    Block::Heading(2, parts) => Some(markdown::plain(parts)),
                    _ => None,
                })
                .collect();
            for head in wanted {
                assert!(heads.iter().any(|it| it == head), "{}: no {head} in {heads:?}", page.name);
            }
        }
    }

    #[test]
    fn links_between_pages_stay_in_the_page() {
        assert_eq!(address("../fidelity.md").as_deref(), Some("#page=fidelity"));
        assert_eq!(
            address("event-sourced.md#what-breaks-it").as_deref(),
            Some("#page=event-sourced")
        );
        assert_eq!(address("./#1.abc&t=3").as_deref(), Some("#1.abc&t=3"));
        assert_eq!(address("scenario.schema.json"), None);
        assert_eq!(scenario_titled("Checkout").as_deref(), Some("#scenario=checkout"));
    }
}
