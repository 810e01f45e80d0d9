//! An answer that is composed of the answers of several services.

use std::collections::{BTreeMap, BTreeSet};

use super::{Certainty, Finding, Scene, critical, list, times};
use crate::import::meaning::{self, Does};

struct Composed {
    entry: u32,
    calls: Vec<u32>,
    seen_reading: bool,
    parallel: bool,
}

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let mut all: BTreeMap<(u32, String, BTreeSet<String>), Vec<Composed>> = BTreeMap::new();
    for (entry, spans) in scene.entries() {
        if let Some((callees, composed)) = composed(scene, entry, spans) {
            let key = (scene.span(entry).service, scene.operation_name(entry), callees);
            all.entry(key).or_default().push(composed);
        }
    }
    all.iter()
        .map(|((service, name, callees), found)| finding(scene, *service, name, callees, found))
        .collect()
}

/// An operation that calls several services, all of which only read, and itself changes nothing.
fn composed(scene: &Scene<'_>, entry: u32, spans: &[u32]) -> Option<(BTreeSet<String>, Composed)> {
    let mut callees = BTreeSet::new();
    let mut calls = Vec::new();
    let mut seen_reading = true;
    for &ix in spans {
        match &scene.does[ix as usize] {
            Does::Call
                if scene.effects[ix as usize].writes || scene.effects[ix as usize].publishes =>
            {
                return None;
            }
            Does::Call => {
                let callee = meaning::callee(scene.spans, ix)?;
                let effect = scene.effects[ix as usize];
                let reading = effect.reads && !effect.unclear;
                if !reading && meaning::only_asks(scene.span(ix)) != Some(true) {
                    return None;
                }
                seen_reading &= reading;
                callees.insert(callee);
                calls.push(ix);
            }
            Does::Publish(_) => return None,
            Does::Database(_) if scene.effects[ix as usize].writes => return None,
            _ => {}
        }
    }
    if callees.len() < 2 {
        return None;
    }
    let mut ends = 0;
    let parallel = calls.iter().any(|call| {
        let span = scene.span(*call);
        let overlaps = span.start_ns < ends;
        ends = ends.max(span.end_ns);
        overlaps
    });
    Some((callees, Composed { entry, calls, seen_reading, parallel }))
}

fn finding(
    scene: &Scene<'_>,
    service: u32,
    name: &str,
    callees: &BTreeSet<String>,
    found: &[Composed],
) -> Finding {
    let callees: Vec<String> = callees.iter().cloned().collect();
    let longest = found.iter().max_by_key(|of| scene.span(of.entry).duration_ns());
    let how =
        if found.iter().any(|of| of.parallel) { "at the same time" } else { "one after the other" };
    let path = longest.map(|of| slowest(scene, of.entry)).unwrap_or_default();
    let sentence = format!(
        "{} answers \"{name}\" from {}, which it asks {how}{}.{path}",
        scene.spans.services[service as usize],
        list(&callees),
        times(found.len()),
    );
    let (certainty, why) = if found.iter().all(|of| of.seen_reading) {
        (
            Certainty::Certain,
            "one operation calls several services; below each call databases are read and none is written, and nothing is published",
        )
    } else {
        (
            Certainty::Likely,
            "one operation calls several services, which are only asked by the method or the name of the call; what they do to their databases is not seen",
        )
    };
    let spans = found
        .iter()
        .flat_map(|of| std::iter::once(of.entry).chain(of.calls.iter().copied()))
        .collect();
    Finding::new("composition", certainty, sentence, why, spans)
}

/// Where the time of an operation went, by service along its critical path.
fn slowest(scene: &Scene<'_>, entry: u32) -> String {
    let total = scene.span(entry).duration_ns();
    if total == 0 {
        return String::new();
    }
    let mut by_service: BTreeMap<&str, u64> = BTreeMap::new();
    for segment in critical::path(scene.spans, entry) {
        *by_service.entry(scene.spans.service(segment.span)).or_default() += segment.own_ns;
    }
    let mut shares: Vec<(&str, u64)> = by_service.into_iter().filter(|(_, ns)| *ns > 0).collect();
    shares.sort_by_key(|(name, ns)| (std::cmp::Reverse(*ns), *name));
    let shares: Vec<String> = shares
        .iter()
        .take(3)
        .map(|(name, ns)| format!("{name} {} %", ns.saturating_mul(100) / total))
        .collect();
    format!(" On the critical path of the slowest: {}.", list(&shares))
}
