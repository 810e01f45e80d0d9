//! What couples the services of a trace to data: one file for a finding, one line in [`TABLE`].
//!
//! Each finding follows a written rule; `docs/import.md` has the rules in words, with their sources. What
//! spans do not say is never guessed: it is said ([`unknown::of`]).

mod composition;
pub mod critical;
mod dual_write;
mod n_plus_one;
mod replica_read;
mod saga;
mod scene;
mod shared_database;
mod two_phase_commit;
mod unknown;

pub use saga::takes_back;
pub use scene::Scene;

use super::model::{NOTED_MAX, Spans};

/// How sure a finding is, by its rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Certainty {
    /// The spans say it.
    Certain,
    /// The spans show what it looks like; something that they do not show could make it something else.
    Likely,
    /// A part that decides is missing from the spans.
    CannotTell,
}

impl Certainty {
    /// It in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::CannotTell => "cannot tell",
        }
    }
}

/// Something that was recognised.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// What kind of finding it is: one of [`TABLE`].
    pub id: &'static str,
    /// How sure it is.
    pub certainty: Certainty,
    /// What was found, in a sentence or two.
    pub sentence: String,
    /// Why it is as sure as it is.
    pub why: String,
    /// The spans that show it, at most [`NOTED_MAX`].
    pub spans: Vec<u32>,
    /// How many spans show it in all.
    pub count: usize,
    /// The page among `docs/patterns` that it is about.
    pub page: &'static str,
    /// The coupling under which its scenario runs.
    pub coupling: &'static str,
}

impl Finding {
    fn new(
        id: &'static str,
        certainty: Certainty,
        sentence: String,
        why: &str,
        spans: Vec<u32>,
    ) -> Self {
        let kind = TABLE.iter().find(|kind| kind.id == id);
        let mut spans = spans;
        let mut seen = std::collections::BTreeSet::new();
        spans.retain(|span| seen.insert(*span));
        let count = spans.len();
        spans.truncate(NOTED_MAX);
        Self {
            id,
            certainty,
            sentence,
            why: why.to_owned(),
            spans,
            count,
            page: kind.map_or("database-per-service", |kind| kind.page),
            coupling: kind.map_or("database-per-service", |kind| kind.coupling),
        }
    }

    /// What kind of finding it is, in words.
    #[must_use]
    pub fn title(&self) -> &'static str {
        TABLE.iter().find(|kind| kind.id == self.id).map_or("", |kind| kind.title)
    }
}

/// A kind of finding.
pub struct Recogniser {
    /// Its id.
    pub id: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// The page among `docs/patterns` that it is about.
    pub page: &'static str,
    /// The coupling under which its scenario runs.
    pub coupling: &'static str,
    find: fn(&Scene<'_>) -> Vec<Finding>,
}

/// All kinds of findings.
pub const TABLE: &[Recogniser] = &[
    Recogniser {
        id: "shared-database",
        title: "Several services write one database",
        page: "shared-database",
        coupling: "shared-database",
        find: shared_database::find,
    },
    Recogniser {
        id: "dual-write",
        title: "A write and a message outside one transaction",
        page: "saga-choreography",
        coupling: "saga-choreography",
        find: dual_write::find,
    },
    Recogniser {
        id: "two-phase-commit",
        title: "Two-phase commit",
        page: "two-phase-commit",
        coupling: "two-phase-commit",
        find: two_phase_commit::find,
    },
    Recogniser {
        id: "saga",
        title: "A saga with compensations",
        page: "saga-orchestration",
        coupling: "saga-orchestration",
        find: saga::find,
    },
    Recogniser {
        id: "composition",
        title: "An answer composed of several services",
        page: "api-composition",
        coupling: "api-composition",
        find: composition::find,
    },
    Recogniser {
        id: "n-plus-one",
        title: "N + 1 reads",
        page: "api-composition",
        coupling: "api-composition",
        find: n_plus_one::find,
    },
    Recogniser {
        id: "replica-read",
        title: "A replica read after a write",
        page: "cqrs",
        coupling: "cqrs",
        find: replica_read::find,
    },
];

/// What was recognised in traces, and what was not told by them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Recognised {
    /// The findings, in the order of [`TABLE`], the surest of each kind first.
    pub findings: Vec<Finding>,
    /// What cannot be told from these spans, in sentences.
    pub unknown: Vec<String>,
}

/// The most findings of one kind.
const OF_A_KIND_MAX: usize = 32;

/// Recognises what couples the services of traces.
#[must_use]
pub fn recognise(spans: &Spans) -> Recognised {
    let scene = Scene::of(spans);
    let mut findings = Vec::new();
    for kind in TABLE {
        let mut found = (kind.find)(&scene);
        found.sort_by_key(|finding| finding.certainty);
        found.truncate(OF_A_KIND_MAX);
        findings.extend(found);
    }
    Recognised { unknown: unknown::of(&scene), findings }
}

/// `a`, `a and b`, `a, b and c`; of many the first, and how many more there are.
fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [init @ .., last] if init.len() < 6 => format!("{} and {last}", init.join(", ")),
        many => format!("{} and {} more", many[..5].join(", "), many.len() - 5),
    }
}

/// ` (12 times)`, where it is more than once.
fn times(count: usize) -> String {
    if count > 1 { format!(" ({count} times)") } else { String::new() }
}
