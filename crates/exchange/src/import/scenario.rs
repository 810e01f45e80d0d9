//! A scenario made of a trace: its services, its flow in order, its measured delays.
//!
//! What spans do not have is put in by a rule and said: rows are stand-ins, one for each table that a step
//! writes; a step that failed is refused the second time it is asked for; a step is taken back by deleting what
//! it wrote.

mod build;
mod measure;

use std::collections::BTreeSet;

use interleave_engine::scenario::document::{Composition, Scenario};
use interleave_engine::scenario::{Problem, bounds, validate};
use interleave_engine::session;

use super::meaning::{self, Access, Does};
use super::model::Spans;
use super::recognise::{Finding, Scene, takes_back};

/// A scenario, and what was measured and what was put in.
#[derive(Clone, PartialEq, Debug)]
pub struct Made {
    /// The scenario.
    pub scenario: Scenario,
    /// What is in it that no span says, in sentences.
    pub notes: Vec<String>,
}

/// The most steps that are taken from a trace: more could not be checked in bearable time.
pub const STEPS_MAX: usize = 16;
/// The most rows that a query asks for.
const ROWS_MAX: usize = 16;

/// Makes a scenario of the story in which a finding was made, under the coupling that it is about; without a
/// finding, of the longest story, uncoordinated.
///
/// # Errors
/// Where no service is seen to do anything that a scenario could have.
pub fn make(spans: &Spans, finding: Option<&Finding>) -> Result<Made, Vec<Problem>> {
    let scene = Scene::of(spans);
    let story = story(&scene, finding);
    let mut notes = Vec::new();
    let asks = finding.map(|finding| finding.id);
    let is_asking = matches!(asks, Some("composition" | "n-plus-one" | "replica-read"));
    let steps = if is_asking { Vec::new() } else { steps(&scene, story, &mut notes) };
    let scenario = if steps.is_empty() {
        let asked = asked(&scene, story, finding);
        if asked.is_empty() {
            let remedy =
                "give a trace of at least one service that serves a call or works on a database";
            return Err(vec![Problem::new("", "no step can be told from these spans", remedy)]);
        }
        build::query(&scene, story, finding, &asked, &mut notes)
    } else {
        build::flow(&scene, story, finding, &steps, &mut notes)
    };
    let problems = validate(&scenario);
    if !problems.is_empty() {
        return Err(problems);
    }
    session::cast_of(&scenario)?;
    Ok(Made { scenario, notes })
}

/// The story of a finding, else the one with the most spans.
fn story(scene: &Scene<'_>, finding: Option<&Finding>) -> u32 {
    if let Some(span) = finding.and_then(|finding| finding.spans.first()) {
        return scene.stories[scene.span(*span).trace as usize];
    }
    let mut counts = vec![0_usize; scene.stories.len()];
    for (trace, story) in scene.spans.traces.iter().zip(&scene.stories) {
        counts[*story as usize] += trace.spans.len();
    }
    let longest = (0..counts.len()).max_by_key(|at| (counts[*at], std::cmp::Reverse(*at)));
    longest.unwrap_or(0) as u32
}

/// A step as the spans show it.
#[derive(Clone, PartialEq, Debug)]
struct Seen {
    service: String,
    name: String,
    /// The tables that it writes; none where no table is named.
    tables: Vec<String>,
    failed: bool,
    undo_name: Option<String>,
}

/// The operations of a story that change something, in the order of their start; those that take back are
/// the compensations of the first of their service.
fn steps(scene: &Scene<'_>, story: u32, notes: &mut Vec<String>) -> Vec<Seen> {
    let mut entries: Vec<u32> = scene
        .entries()
        .map(|(entry, _)| entry)
        .filter(|entry| scene.stories[scene.span(*entry).trace as usize] == story)
        .collect();
    entries.sort_by_key(|entry| (scene.span(*entry).start_ns, *entry));
    let mut steps: Vec<Seen> = Vec::new();
    let mut names = BTreeSet::new();
    let mut left_out = 0;
    for entry in entries {
        let span = scene.span(entry);
        let service = scene.spans.service(entry).to_owned();
        let name = scene.operation_name(entry);
        let changes = changes(scene, entry);
        let is_leaf_call = span.parent.is_some()
            && matches!(scene.does[entry as usize], Does::Serve | Does::Take(_))
            && span.failed;
        if changes.is_none() && !is_leaf_call {
            continue;
        }
        if takes_back(&name) || takes_back(&span.name) {
            let of = steps
                .iter_mut()
                .find(|step| step.service == service && step.undo_name.is_none() && !step.failed);
            if let Some(of) = of {
                of.undo_name = Some(name);
            }
            continue;
        }
        if !names.insert((service.clone(), name.clone())) {
            continue;
        }
        if steps.len() == STEPS_MAX {
            left_out += 1;
            continue;
        }
        let failed = span.failed && span.parent.is_some();
        steps.push(Seen {
            service,
            name,
            tables: changes.unwrap_or_default(),
            failed,
            undo_name: None,
        });
    }
    if left_out > 0 {
        notes.push(format!("{left_out} steps behind the first {STEPS_MAX} were left out"));
    }
    // An operation that fails because one that it called failed is not the one that refuses.
    if let Some(last) = steps.iter().rposition(|step| step.failed) {
        for (at, step) in steps.iter_mut().enumerate() {
            step.failed &= at == last;
        }
    }
    steps
}

/// The tables that an operation itself writes; none at all where it changes nothing.
fn changes(scene: &Scene<'_>, entry: u32) -> Option<Vec<String>> {
    let mut tables = Vec::new();
    let mut changes = false;
    for &ix in &scene.operations[entry as usize] {
        match &scene.does[ix as usize] {
            Does::Database(db)
                if matches!(db.access, Access::Write | Access::Prepare | Access::Unknown) =>
            {
                changes = true;
                if let Some(table) = db.collection.as_ref().filter(|_| db.access == Access::Write)
                    && !tables.contains(table)
                    && tables.len() < 4
                {
                    tables.push(table.clone());
                }
            }
            Does::Publish(_) => changes = true,
            // A call whose server is not in the file is a step of whoever is called; here it counts as this one's.
            Does::Call
                if scene.span(ix).children.is_empty()
                    && meaning::only_asks(scene.span(ix)) == Some(false) =>
            {
                changes = true
            }
            _ => {}
        }
    }
    changes.then_some(tables)
}

/// What is asked of whom: services in the order in which they are asked, how often, and whether at once.
struct Asked {
    service: String,
    tables: Vec<String>,
    rows: usize,
}

fn asked(scene: &Scene<'_>, story: u32, finding: Option<&Finding>) -> Vec<Asked> {
    let mut all: Vec<Asked> = Vec::new();
    let mut add = |service: String, table: Option<String>| {
        let at = match all.iter().position(|asked| asked.service == service) {
            Some(at) => at,
            None => {
                all.push(Asked { service, tables: Vec::new(), rows: 0 });
                all.len() - 1
            }
        };
        let asked = &mut all[at];
        asked.rows = (asked.rows + 1).min(ROWS_MAX);
        if let Some(table) = table.filter(|table| !asked.tables.contains(table)) {
            asked.tables.push(table);
        }
    };
    let named: Vec<u32> = match finding {
        Some(finding) => finding.spans.clone(),
        None => (0..scene.spans.spans.len() as u32).collect(),
    };
    for ix in named {
        if scene.stories[scene.span(ix).trace as usize] != story {
            continue;
        }
        match &scene.does[ix as usize] {
            Does::Database(db) => add(scene.spans.service(ix).to_owned(), db.collection.clone()),
            Does::Call => {
                if let Some(callee) = meaning::callee(scene.spans, ix) {
                    add(callee, None);
                }
            }
            Does::Serve if scene.span(ix).parent.is_some() || finding.is_none() => {
                let counted = scene
                    .span(ix)
                    .parent
                    .is_some_and(|parent| scene.does[parent as usize] == Does::Call);
                if !counted {
                    add(scene.spans.service(ix).to_owned(), None);
                }
            }
            _ => {}
        }
    }
    all.truncate(STEPS_MAX.min(bounds::MAX_SERVICES));
    all
}

/// Whether calls of a finding overlap.
fn composition(scene: &Scene<'_>, finding: Option<&Finding>) -> Composition {
    let calls = finding
        .into_iter()
        .flat_map(|finding| &finding.spans)
        .filter(|ix| scene.does[**ix as usize] == Does::Call);
    let mut times: Vec<(u64, u64)> =
        calls.map(|ix| (scene.span(*ix).start_ns, scene.span(*ix).end_ns)).collect();
    times.sort_unstable();
    if times.windows(2).any(|pair| pair[1].0 < pair[0].1) {
        Composition::Parallel
    } else {
        Composition::Sequential
    }
}
