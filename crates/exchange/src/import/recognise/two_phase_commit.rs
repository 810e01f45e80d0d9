//! Two-phase commit: several databases prepare, and somebody decides for all.

use std::collections::{BTreeMap, BTreeSet};

use super::{Certainty, Finding, Scene, list};
use crate::import::meaning::{self, Access, Does};

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    statements(scene).into_iter().chain(calls(scene)).collect()
}

/// By statements: `PREPARE TRANSACTION` and `XA PREPARE`. The participants of a transaction are the services
/// and databases that prepare in one story.
fn statements(scene: &Scene<'_>) -> Option<Finding> {
    let mut by_story: BTreeMap<u32, (BTreeSet<String>, Vec<u32>)> = BTreeMap::new();
    let mut decided = false;
    for (ix, db) in scene.databases() {
        if !matches!(db.access, Access::Prepare | Access::CommitPrepared | Access::RollbackPrepared)
        {
            continue;
        }
        let story = scene.stories[scene.span(ix).trace as usize];
        let (participants, spans) = by_story.entry(story).or_default();
        if db.access == Access::Prepare {
            participants.insert(format!("{} ({})", scene.spans.service(ix), db.store.words()));
        } else {
            decided = true;
        }
        spans.push(ix);
    }
    let most = by_story.values().max_by_key(|(participants, _)| participants.len())?;
    let participants: Vec<String> = most.0.iter().cloned().collect();
    let spans: Vec<u32> = by_story.values().flat_map(|(_, spans)| spans).copied().collect();
    let end = if decided {
        "and the prepared transactions are decided afterwards"
    } else {
        "and no decision is seen: they may be in doubt"
    };
    let (certainty, why) = match participants.len() {
        0 => return None,
        1 => (
            Certainty::Likely,
            "a transaction is prepared, which is only done for a decision elsewhere; the other participants are not in the spans",
        ),
        _ => (
            Certainty::Certain,
            "several participants execute PREPARE TRANSACTION or XA PREPARE in one trace",
        ),
    };
    let verb = if participants.len() == 1 {
        "prepares its transaction"
    } else {
        "prepare their transactions"
    };
    let sentence = format!("{} {verb}, {end}.", list(&participants));
    Some(Finding::new("two-phase-commit", certainty, sentence, why, spans))
}

const PREPARES: [&str; 3] = ["prepare", "vote", "cancommit"];
const DECIDES: [&str; 5] = ["commit", "abort", "rollback", "docommit", "doabort"];

/// By calls: an operation asks several services to prepare, and then the same to commit or to abort.
fn calls(scene: &Scene<'_>) -> Option<Finding> {
    let mut found: BTreeMap<(u32, BTreeSet<String>), Vec<u32>> = BTreeMap::new();
    for (entry, spans) in scene.entries() {
        let mut prepared: BTreeMap<String, u64> = BTreeMap::new();
        let mut decided: BTreeSet<String> = BTreeSet::new();
        let mut named = Vec::new();
        for &ix in spans {
            if scene.does[ix as usize] != Does::Call {
                continue;
            }
            let words = meaning::words(&meaning::asks(scene.span(ix)));
            let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
            let Some(callee) = meaning::callee(scene.spans, ix) else { continue };
            if has(&PREPARES) {
                prepared.insert(callee, scene.span(ix).end_ns);
                named.push(ix);
            } else if has(&DECIDES) && prepared.len() > 1 && prepared.contains_key(&callee) {
                decided.insert(callee);
                named.push(ix);
            }
        }
        if decided.len() > 1 {
            found.entry((scene.span(entry).service, decided)).or_default().extend(named);
        }
    }
    let ((service, participants), spans) = found.into_iter().next()?;
    let names: Vec<String> = participants.into_iter().collect();
    let sentence = format!(
        "{} asks {} to prepare, and when all have answered, to commit or to abort.",
        scene.spans.services[service as usize],
        list(&names),
    );
    let why = "by the names of the calls (prepare, then commit or abort, to the same services); what they do to their databases is not seen";
    Some(Finding::new("two-phase-commit", Certainty::Likely, sentence, why, spans))
}
