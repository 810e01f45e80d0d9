//! The causal slice of a violation, and its story.

use std::collections::{BTreeMap, BTreeSet};

use super::faults::Fault;
use super::ground::{Ground, Played};
use super::report::{Slice, SliceEvent, Told, Work};
use crate::event::EventKind;
use crate::ids::{DbIx, EventIx};
use crate::scenario::document::Rule;
use crate::value::{Key, Row};
use crate::verdict::Violation;
use crate::views::story;

/// The slice of a schedule's violation. `decisive` are the faults without which this very schedule
/// passes: what they kept from happening left no event, so that no chain of causes leads to them.
pub(super) fn of(
    ground: &Ground,
    played: &Played,
    violation: &Violation,
    title: &str,
    faults: &[Fault],
    decisive: &[EventIx],
) -> Slice {
    let (cast, trace) = (&ground.plan.cast, &played.trace);
    let mut roots = roots(ground, played, violation, title);
    roots.extend(decisive);
    let mut events: BTreeSet<EventIx> = BTreeSet::new();
    for root in &roots {
        events.extend(story::causal_slice(trace, *root));
    }
    let list: Vec<EventIx> = events.iter().copied().collect();
    let shown = violation.culprit.unwrap_or(violation.event);
    let always: Vec<EventIx> = roots.iter().copied().collect();
    let mut told: Vec<Told> = story::story_of(cast, trace, &list, &always, shown)
        .into_iter()
        .map(|line| Told {
            event: line.event.0,
            title: line.title,
            detail: line.detail,
            failed: line.failed,
            never: line.never,
        })
        .collect();
    for line in told.iter_mut().filter(|line| !played.at_rest && line.event == violation.event.0) {
        line.failed = true;
    }
    let events = list
        .iter()
        .filter_map(|ix| trace.get(*ix).map(|event| (*ix, event)))
        .map(|(ix, event)| SliceEvent {
            event: ix.0,
            step: event.step_no,
            node: cast.node(event.node).to_owned(),
            sentence: story::sentence(cast, trace, ix),
            fault: faults.iter().position(|fault| fault.event == Some(ix)),
            root: roots.contains(&ix),
        })
        .collect();
    Slice {
        work: Work::Done,
        trace: trace.len() as u32,
        broke: violation.event.0,
        at_rest: played.at_rest,
        events,
        story: told,
    }
}

/// The events that a slice is asked for. An event that broke the property is one; where it is judged
/// at rest, those are that made what is wrong so: what stood in the way, what its transaction did
/// last at each node, the last changes of the rows of its invariant, or of rows that differ.
fn roots(
    ground: &Ground,
    played: &Played,
    violation: &Violation,
    title: &str,
) -> BTreeSet<EventIx> {
    let mut roots: BTreeSet<EventIx> = violation.culprit.into_iter().collect();
    if !played.at_rest {
        roots.insert(violation.event);
        roots.extend(missed(ground, played, violation.event));
        return roots;
    }
    roots.extend(waiting(played));
    if violation.txn.is_some() {
        let mut last = BTreeMap::new();
        for (ix, event) in (0..).map(EventIx).zip(played.trace.events()) {
            let tells = matches!(
                event.kind,
                EventKind::Committed { .. }
                    | EventKind::Prepared { .. }
                    | EventKind::LockWaited { .. }
                    | EventKind::Stuck { .. }
                    | EventKind::Refused { .. }
                    | EventKind::DeadLettered { .. }
                    | EventKind::ReplyLost
                    | EventKind::Ended { .. }
            );
            if tells && event.txn == violation.txn {
                last.insert(event.node, ix);
            }
        }
        roots.extend(last.values());
    }
    roots.extend(of_invariant(ground, played, title));
    if roots.is_empty() {
        roots.extend(of_differing_rows(ground, played));
    }
    if roots.is_empty() {
        roots.insert(violation.event);
    }
    roots
}

/// For an answer to a query: the newest commits of its rows at their primaries, which it may have
/// missed, with what their clients were told of them, and the last earlier answer with such a row.
fn missed(ground: &Ground, played: &Played, answer: EventIx) -> Vec<EventIx> {
    let trace = &played.trace;
    let Some(EventKind::QueryAnswered { rows, .. }) = trace.get(answer).map(|event| &event.kind)
    else {
        return Vec::new();
    };
    let primary = |db: DbIx| {
        let info = ground.plan.cast.dbs.get(db.ix());
        info.and_then(|info| info.replica_of).unwrap_or(db)
    };
    let before = || (0..answer.0).rev().map(EventIx);
    let kind = |ix: EventIx| trace.get(ix).map(|event| &event.kind);
    let mut found = Vec::new();
    for (db, key, _) in rows {
        let wrote = before().find(|ix| match kind(*ix) {
            Some(EventKind::Committed { db: at, changes, .. }) => {
                *at == primary(*db) && changes.iter().any(|change| change.key == *key)
            }
            _ => false,
        });
        let told = wrote.and_then(|wrote| {
            let txn = trace.get(wrote)?.txn?;
            (wrote.0..answer.0).map(EventIx).find(|ix| {
                let told = matches!(
                    kind(*ix),
                    Some(EventKind::Acknowledged { .. } | EventKind::Ended { .. })
                );
                told && trace.get(*ix).is_some_and(|event| event.txn == Some(txn))
            })
        });
        let earlier = before().find(|ix| match kind(*ix) {
            Some(EventKind::QueryAnswered { rows, .. }) => {
                rows.iter().any(|(at, other, _)| primary(*at) == primary(*db) && other == key)
            }
            _ => false,
        });
        found.extend([wrote, told, earlier].into_iter().flatten());
    }
    found
}

/// The waits for locks that nothing has ended.
fn waiting(played: &Played) -> Vec<EventIx> {
    let mut open = BTreeMap::new();
    for (ix, event) in (0..).map(EventIx).zip(played.trace.events()) {
        match &event.kind {
            EventKind::LockWaited { .. } => {
                open.insert((event.node, event.txn), ix);
            }
            EventKind::LockGranted { .. } | EventKind::RolledBack { .. } => {
                open.remove(&(event.node, event.txn));
            }
            EventKind::Crashed { .. } => open.retain(|(node, _), _| *node != event.node),
            _ => {}
        }
    }
    open.into_values().collect()
}

/// Who changed each row last.
fn last_changes(played: &Played) -> BTreeMap<(DbIx, Key), (EventIx, Option<&Row>)> {
    let mut last = BTreeMap::new();
    for (ix, event) in (0..).map(EventIx).zip(played.trace.events()) {
        if let EventKind::Committed { db, changes, .. } = &event.kind {
            for change in changes {
                last.insert((*db, change.key), (ix, change.after.as_ref()));
            }
        }
    }
    last
}

/// The last changes of the rows that a declared invariant is about.
fn of_invariant(ground: &Ground, played: &Played, title: &str) -> Vec<EventIx> {
    let cast = &ground.plan.cast;
    let Some(invariant) = ground.scenario.invariants.iter().find(|of| of.name == title) else {
        return Vec::new();
    };
    let wanted: Vec<(&str, &str)> = match &invariant.rule {
        Rule::Sum { terms, .. } => {
            terms.iter().map(|term| (term.service.as_str(), term.key.as_str())).collect()
        }
        Rule::Bound { service, key, .. } => vec![(service.as_str(), key.as_str())],
    };
    let matches = |(db, key): &(DbIx, Key)| {
        let Some(info) = cast.dbs.get(db.ix()) else { return false };
        let name = cast.key(*key);
        wanted.iter().any(|(service, key)| {
            let own = if info.shared {
                // A shared database puts the owner before the table.
                name.strip_prefix(service).and_then(|rest| rest.strip_prefix('.'))
            } else {
                (info.name == *service).then_some(name.as_str())
            };
            own.is_some_and(|own| match key.strip_suffix('*') {
                Some(table) => own.starts_with(table),
                None => own == *key,
            })
        })
    };
    let last = last_changes(played);
    last.iter().filter(|(row, _)| matches(row)).map(|(_, (ix, _))| *ix).collect()
}

/// The last changes of rows of which a replica has another value than its primary.
fn of_differing_rows(ground: &Ground, played: &Played) -> Vec<EventIx> {
    let last = last_changes(played);
    let mut found = Vec::new();
    for (ix, info) in ground.plan.cast.dbs.iter().enumerate() {
        let Some(primary) = info.replica_of else { continue };
        for ((db, key), (changed, row)) in &last {
            if *db != primary {
                continue;
            }
            let copy = last.get(&(DbIx(ix as u8), *key));
            if copy.is_none_or(|(_, copied)| copied != row) {
                found.push(*changed);
                found.extend(copy.map(|(copied, _)| *copied));
            }
        }
    }
    found
}
