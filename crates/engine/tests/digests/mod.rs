//! The digests that every machine must find, native and in WASM, in debug and in release.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use crate::guarantees::{Case, hostile_cases, run, shipped_cases};
use interleave_engine::scenario::by_name;
use interleave_engine::scenario::document::Coupling;
use interleave_engine::session::ENGINE;
use serde::{Deserialize, Serialize};

/// What `tests/fixtures/digests.json` holds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Digests {
    /// The version of the semantics that they belong to.
    pub engine: String,
    /// The digest of each run, and how many events it has.
    pub runs: BTreeMap<String, String>,
}

/// The file as it was when this was compiled.
pub fn pinned() -> Digests {
    serde_json::from_str(include_str!("../fixtures/digests.json")).unwrap()
}

/// The runs whose digests are pinned, as they stand and with everything that can go wrong: the
/// checkout under every pattern, and each other shipped scenario under its own.
pub fn cases() -> Vec<Case> {
    let is_pinned = |case: &Case| {
        let own = by_name(case.scenario).unwrap().scenario().coupling;
        case.scenario == "checkout" || own == Coupling::Named(case.pattern.to_owned())
    };
    shipped_cases().into_iter().chain(hostile_cases()).filter(is_pinned).collect()
}

/// What this machine finds.
pub fn found() -> Digests {
    let digest = |case: &Case| {
        let session = run(&case.document);
        let digest = format!("{} over {} events", session.digest(), session.trace().len());
        (case.name(), digest)
    };
    Digests { engine: ENGINE.to_owned(), runs: cases().iter().map(digest).collect() }
}

/// Compares and names the runs that differ.
pub fn assert_same(found: &Digests, pinned: &Digests) {
    assert_eq!(found.engine, pinned.engine, "digests belong to one version of the semantics");
    assert_eq!(
        found.runs.keys().collect::<Vec<_>>(),
        pinned.runs.keys().collect::<Vec<_>>(),
        "the runs that are compared"
    );
    for (name, digest) in &found.runs {
        assert_eq!(*digest, pinned.runs[name], "{name}");
    }
}
