//! A saga with compensations: after a failure, services take back what they did before.

use std::collections::{BTreeMap, BTreeSet};

use super::{Certainty, Finding, Scene, list};
use crate::import::meaning::{self, Does};
use crate::import::model::SpanKind;

/// Something that a service is asked to do.
struct Act {
    span: u32,
    service: String,
    name: String,
    start_ns: u64,
    end_ns: u64,
    failed: bool,
    undoes: Undoes,
    /// The operation that asks for it.
    asked_by: Option<u32>,
    by_message: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Undoes {
    No,
    /// A word that a customer may use as well: cancel, release.
    Perhaps,
    /// A word for taking back: compensate, refund.
    Yes,
    /// An attribute says so.
    Said,
}

const TAKES_BACK: [&str; 13] = [
    "compensate",
    "compensation",
    "compensating",
    "refund",
    "refunded",
    "undo",
    "undone",
    "revert",
    "reverse",
    "unreserve",
    "unbook",
    "restock",
    "rollback",
];
const PERHAPS: [&str; 6] = ["cancel", "cancelled", "canceled", "release", "released", "void"];
const FAILS: [&str; 10] = [
    "failed",
    "fail",
    "failure",
    "refused",
    "rejected",
    "declined",
    "insufficient",
    "unavailable",
    "timeout",
    "aborted",
];

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let mut stories: BTreeMap<u32, Vec<Act>> = BTreeMap::new();
    for ix in 0..scene.spans.spans.len() as u32 {
        if let Some(act) = act(scene, ix) {
            stories.entry(scene.stories[scene.span(ix).trace as usize]).or_default().push(act);
        }
    }
    // One finding for each set of services that compensate.
    let mut found: BTreeMap<(Certainty, Vec<String>), Vec<Taken>> = BTreeMap::new();
    for acts in stories.values_mut() {
        acts.sort_by_key(|act| (act.start_ns, act.span));
        if let Some(taken) = story(acts) {
            found.entry((taken.certainty, taken.services.clone())).or_default().push(taken);
        }
    }
    found.into_values().map(finding).collect()
}

/// Whether a name is one for taking something back.
#[must_use]
pub fn takes_back(name: &str) -> bool {
    meaning::words(name)
        .iter()
        .any(|word| TAKES_BACK.contains(&word.as_str()) || PERHAPS.contains(&word.as_str()))
}

/// What a span is as an act: one that serves or takes a message, or a call that nobody is seen to serve.
fn act(scene: &Scene<'_>, ix: u32) -> Option<Act> {
    let span = scene.span(ix);
    let (service, by_message) = match &scene.does[ix as usize] {
        Does::Serve => (scene.spans.service(ix).to_owned(), false),
        Does::Take(_) => (scene.spans.service(ix).to_owned(), true),
        Does::Call if span.children.is_empty() => (meaning::callee(scene.spans, ix)?, false),
        // Spans of a kind that is not said, with which work enters a service.
        Does::Inside
            if span.entry == ix && span.parent.is_some() && span.kind != SpanKind::Producer =>
        {
            (scene.spans.service(ix).to_owned(), false)
        }
        _ => return None,
    };
    let name = scene.operation_name(ix);
    let said =
        span.attributes.first(&["interleave.direction", "saga.step.type", "saga.compensation"]);
    let has =
        |words: &[String], list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let words =
        meaning::words(&name).into_iter().chain(meaning::words(&span.name)).collect::<Vec<_>>();
    let undoes = match said {
        Some("undo" | "compensation" | "compensate" | "true") => Undoes::Said,
        _ if has(&words, &TAKES_BACK) => Undoes::Yes,
        _ if has(&words, &PERHAPS) => Undoes::Perhaps,
        _ => Undoes::No,
    };
    let status = span.attributes.first(&["http.response.status_code", "http.status_code"]);
    let refused =
        status.and_then(|status| status.parse::<u16>().ok()).is_some_and(|status| status >= 400);
    let rpc = span.attributes.first(&["rpc.grpc.status_code", "grpc.status_code"]);
    let refused = refused || rpc.is_some_and(|code| code != "0" && code != "OK");
    let asked_by = span.parent.map(|parent| scene.span(parent).entry);
    Some(Act {
        span: ix,
        service,
        start_ns: span.start_ns,
        end_ns: span.end_ns,
        failed: span.failed || refused || has(&words, &FAILS),
        undoes,
        asked_by,
        by_message,
        name,
    })
}

struct Taken {
    certainty: Certainty,
    services: Vec<String>,
    spans: Vec<u32>,
    undone: Vec<String>,
    failed: Option<String>,
    orchestrated: bool,
}

/// What a story took back: acts by which a service takes back, behind an act of the same service that did
/// not fail.
fn story(acts: &[Act]) -> Option<Taken> {
    let mut pairs: Vec<(&Act, &Act)> = Vec::new();
    let mut forward: BTreeMap<&str, &Act> = BTreeMap::new();
    let mut first_failure: Option<&Act> = None;
    for act in acts {
        // A failure that is over, or that is the story's own as a whole, before something is taken back.
        if act.undoes == Undoes::No {
            if act.failed
                && act.by_message | (act.end_ns > act.start_ns)
                && first_failure.is_none_or(|of| act.end_ns < of.end_ns)
            {
                first_failure = Some(act);
            }
            if !act.failed {
                forward.entry(&act.service).or_insert(act);
            }
        } else if let Some(of) =
            forward.get(act.service.as_str()).filter(|of| of.start_ns < act.start_ns)
        {
            pairs.push((of, act));
        }
    }
    let first_undo = pairs.iter().map(|(_, undo)| undo.start_ns).min()?;
    let failed = first_failure
        .filter(|act| act.start_ns <= first_undo && (act.end_ns <= first_undo || act.by_message));
    let said = pairs.iter().any(|(_, undo)| undo.undoes == Undoes::Said);
    let strong = pairs.iter().any(|(_, undo)| undo.undoes == Undoes::Yes);
    let certainty = match (said, failed.is_some(), strong) {
        (true, ..) => Certainty::Certain,
        (_, true, _) => Certainty::Likely,
        (_, _, true) => Certainty::CannotTell,
        // Somebody cancels what was ordered: that may be a flow of its own.
        _ => return None,
    };
    let services: BTreeSet<String> = pairs.iter().map(|(_, undo)| undo.service.clone()).collect();
    let mut spans: Vec<u32> = pairs.iter().flat_map(|(of, undo)| [of.span, undo.span]).collect();
    spans.extend(failed.map(|act| act.span));
    let orchestrated = pairs.iter().all(|(of, undo)| {
        !undo.by_message && of.asked_by.is_some() && of.asked_by == undo.asked_by
    });
    let undone = pairs.iter().map(|(of, undo)| {
        format!("{} took back \"{}\" with \"{}\"", undo.service, of.name, undo.name)
    });
    Some(Taken {
        certainty,
        services: services.into_iter().collect(),
        undone: undone.collect(),
        failed: failed.map(|act| format!("\"{}\" of {}", act.name, act.service)),
        spans,
        orchestrated,
    })
}

fn finding(taken: Vec<Taken>) -> Finding {
    let first = &taken[0];
    let after =
        first.failed.as_ref().map(|failed| format!("After {failed} failed, ")).unwrap_or_default();
    let who = if first.orchestrated {
        "one operation asks for all of it, as an orchestrator does"
    } else {
        "no single operation asks for it, as in a choreography"
    };
    let sentence = format!("{after}{}{}: {who}.", list(&first.undone), super::times(taken.len()));
    let why = match first.certainty {
        Certainty::Certain => "an attribute says that a span compensates",
        Certainty::Likely => {
            "a service that did something is asked, after a failure in the same trace, for what is named as taking it back; the conventions have no mark for compensations, so a name decides"
        }
        Certainty::CannotTell => {
            "something is taken back by its name, and no failure before it is seen: a person may have asked for it"
        }
    };
    let spans = taken.iter().flat_map(|taken| taken.spans.iter().copied()).collect();
    let mut finding = Finding::new("saga", first.certainty, sentence, why, spans);
    if !first.orchestrated {
        (finding.page, finding.coupling) = ("saga-choreography", "saga-choreography");
    }
    finding
}
