//! The same read again and again in one operation, one after the other: N + 1 reads where two would do.

use std::collections::BTreeMap;

use super::{Certainty, Finding, Scene, times};
use crate::import::meaning::{self, Access, Does};

/// From how many equal reads on. Fewer are the work itself often enough.
const MANY: usize = 5;

struct Repeated {
    spans: Vec<u32>,
    /// The read before them whose rows they go through.
    first: Option<u32>,
    has_statement: bool,
}

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let mut all: BTreeMap<(String, String, String), Vec<Repeated>> = BTreeMap::new();
    for (entry, spans) in scene.entries() {
        let mut groups: BTreeMap<(String, String), Vec<u32>> = BTreeMap::new();
        for &ix in spans {
            if let Some(key) = read_key(scene, ix) {
                groups.entry(key).or_default().push(ix);
            }
            // Work of another service that is not recorded as a call.
            for &child in &scene.span(ix).children {
                let of = scene.span(child);
                let foreign =
                    of.service != scene.span(ix).service && scene.does[ix as usize] != Does::Call;
                if let Some(key) = foreign.then(|| foreign_key(scene, child)).flatten() {
                    groups.entry(key).or_default().push(child);
                }
            }
        }
        for ((of, what), group) in groups {
            if group.len() < MANY || !one_after_the_other(scene, &group) {
                continue;
            }
            let has_statement = scene.database(group[0]).is_some_and(|db| db.shape.is_some());
            let first = before(scene, spans, &group);
            let key = (scene.spans.service(entry).to_owned(), of, what);
            all.entry(key).or_default().push(Repeated { spans: group, first, has_statement });
        }
    }
    all.into_iter().map(|(key, found)| finding(scene, &key, &found)).collect()
}

/// What a read goes to and asks for; none for what changes something or says too little.
fn read_key(scene: &Scene<'_>, ix: u32) -> Option<(String, String)> {
    match &scene.does[ix as usize] {
        Does::Database(db) if db.access == Access::Read => {
            let what = db.shape.clone().or_else(|| db.collection.clone())?;
            Some((db.store.words(), what))
        }
        Does::Call => {
            let effect = scene.effects[ix as usize];
            let asks = meaning::only_asks(scene.span(ix));
            if effect.writes
                || effect.publishes
                || asks == Some(false)
                || asks.is_none() && !effect.reads
            {
                return None;
            }
            Some((meaning::callee(scene.spans, ix)?, meaning::asks(scene.span(ix))))
        }
        _ => None,
    }
}

fn foreign_key(scene: &Scene<'_>, child: u32) -> Option<(String, String)> {
    let effect = scene.effects[child as usize];
    let reads = effect.reads || meaning::only_asks(scene.span(child)) == Some(true);
    (reads && !effect.writes && !effect.publishes)
        .then(|| (scene.spans.service(child).to_owned(), meaning::asks(scene.span(child))))
}

/// Whether reads wait for each other: at most one in ten overlaps the one before it, and together they take no
/// longer than from the first start to the last end. Reads at the same time are a fan-out.
fn one_after_the_other(scene: &Scene<'_>, group: &[u32]) -> bool {
    let mut spans: Vec<(u64, u64)> =
        group.iter().map(|ix| (scene.span(*ix).start_ns, scene.span(*ix).end_ns)).collect();
    spans.sort_unstable();
    let overlaps = spans.windows(2).filter(|pair| pair[1].0 < pair[0].1).count();
    let window = spans.iter().map(|(_, end)| *end).max().unwrap_or(0).saturating_sub(spans[0].0);
    let sum: u64 =
        spans.iter().map(|(start, end)| end.saturating_sub(*start)).fold(0, u64::saturating_add);
    overlaps * 10 <= spans.len() && sum <= window
}

/// The last read of the operation before the group that is not of it.
fn before(scene: &Scene<'_>, spans: &[u32], group: &[u32]) -> Option<u32> {
    let start = group.iter().map(|ix| scene.span(*ix).start_ns).min()?;
    let reads = spans.iter().copied().filter(|ix| {
        !group.contains(ix) && scene.span(*ix).end_ns <= start && read_key(scene, *ix).is_some()
    });
    reads.max_by_key(|ix| scene.span(*ix).end_ns)
}

fn finding(
    scene: &Scene<'_>,
    (service, of, what): &(String, String, String),
    found: &[Repeated],
) -> Finding {
    let most = found.iter().map(|of| of.spans.len()).max().unwrap_or(0);
    let took: u64 = found
        .iter()
        .flat_map(|of| &of.spans)
        .map(|ix| scene.span(*ix).duration_ns())
        .fold(0, u64::saturating_add);
    let short: String = what.chars().take(80).collect();
    let sentence = format!(
        "{service} asks {of} up to {most} times in one operation, one after the other, for \"{short}\"{}; together that took {} ms.",
        times(found.len()),
        took / 1_000_000,
    );
    let certain = found.iter().any(|of| of.first.is_some() && of.has_statement);
    let (certainty, why) = if certain {
        (
            Certainty::Certain,
            "five or more reads with the same statement in one operation, one after the other, behind a read whose rows they can go through",
        )
    } else {
        (
            Certainty::Likely,
            "five or more equal reads in one operation, one after the other; no statement, or no read before them, shows what they go through",
        )
    };
    let spans =
        found.iter().flat_map(|of| of.first.into_iter().chain(of.spans.iter().copied())).collect();
    Finding::new("n-plus-one", certainty, sentence, why, spans)
}
