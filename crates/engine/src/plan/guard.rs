//! Countermeasures of a saga's steps against the isolation that sagas do not have (Frank and Zahle
//! 1998; Richardson, Microservices Patterns, ch. 4): rows that are marked until the saga's last step
//! at the service, and rows that must still be what the saga has read.

use super::{IdTemplate, KeyTemplate, Op, Step};
use crate::ids::Sym;
use crate::scenario::document::{self as doc, Countermeasure};

/// What a step minds and leaves besides its operations. Every row here is one of the service's own
/// database, written in the local transaction of the step.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Guard {
    /// Marks that must not be another saga's.
    pub heeds: Vec<KeyTemplate>,
    /// Whether it waits for the mark of a saga that came later, and is not refused at once.
    pub waits: bool,
    /// Marks that the step makes and its compensation takes off.
    pub marks: Vec<KeyTemplate>,
    /// Marks of earlier steps that the step takes off.
    pub unmarks: Vec<KeyTemplate>,
    /// Rows that the step has read, and where it notes what they are for a later step.
    pub notes: Vec<(KeyTemplate, KeyTemplate)>,
    /// Rows that must still be what was noted, and where that is.
    pub rereads: Vec<(KeyTemplate, KeyTemplate)>,
    /// Where it is noted what of the step and its compensation has arrived.
    pub file: Option<KeyTemplate>,
}

/// Words of countermeasures.
#[derive(Clone, Copy, Debug, Default)]
pub struct GuardWords {
    /// The refusal of a step that meets another saga's mark.
    pub pending: Sym,
    /// The refusal of a step whose rows are no longer what its saga has read.
    pub changed: Sym,
    /// The field of a version file for a step that was done.
    pub done: Sym,
    /// Its field for a compensation that has come.
    pub undone: Sym,
}

impl GuardWords {
    /// Interns them.
    pub(super) fn new(mut sym: impl FnMut(&str) -> Sym) -> Self {
        Self { pending: sym("PENDING"), changed: sym("CHANGED"), done: Sym(0), undone: Sym(0) }
    }
}

fn key(op: &Op) -> Option<KeyTemplate> {
    match op {
        Op::Insert { key, .. }
        | Op::Set { key, .. }
        | Op::Add { key, .. }
        | Op::Append { key, .. }
        | Op::Read { key }
        | Op::Delete { key } => Some(*key),
        Op::Keep { .. } | Op::Restore { .. } | Op::Withdraw { .. } => None,
    }
}

/// Gives the steps of a flow their guards. `name` gives the symbol of a table whose name begins so
/// and goes on with that of another, or with a step's; `saga` says whether its transactions are
/// sagas, since only those keep version files.
pub(super) fn guard(
    flow: &doc::Flow,
    saga: bool,
    steps: &mut [Step],
    mut name: impl FnMut(&str, Sym) -> Sym,
) {
    let has = |ix: usize, one| flow.steps[ix].countermeasures.contains(&one);
    for ix in 0..steps.len() {
        let waits = has(ix, Countermeasure::SemanticLockWait);
        if waits || has(ix, Countermeasure::SemanticLock) {
            steps[ix].guard.waits = waits;
            let mut marked = Vec::new();
            for op in steps[ix].forward.clone() {
                let Some(key) = key(&op) else { continue };
                let mark = KeyTemplate { table: name("lock", key.table), ..key };
                if !matches!(op, Op::Read { .. }) && !marked.contains(&mark) {
                    marked.push(mark);
                }
                if !steps[ix].guard.heeds.contains(&mark) {
                    steps[ix].guard.heeds.push(mark);
                }
            }
            let node = steps[ix].node;
            let takes_off = |later: &usize| {
                steps[*later].node == node
                    && !steps[*later].forward.is_empty()
                    && steps[*later].condition.is_none()
            };
            let last = (ix + 1..steps.len()).rev().find(takes_off);
            if let Some(last) = last {
                steps[last].guard.unmarks.extend(&marked);
            }
            steps[ix].guard.marks = marked;
        }
        if has(ix, Countermeasure::VersionFile) && saga {
            let table = name("file", steps[ix].command);
            steps[ix].guard.file = Some(KeyTemplate { table, id: IdTemplate::Txn });
        }
        if has(ix, Countermeasure::RereadValue) {
            for earlier in 0..ix {
                if steps[earlier].node != steps[ix].node {
                    continue;
                }
                let reads = steps[earlier].forward.iter().filter_map(|op| match op {
                    Op::Read { key } => Some(*key),
                    _ => None,
                });
                for (number, key) in reads.collect::<Vec<_>>().into_iter().enumerate() {
                    let table = name(&format!("read {}", number + 1), steps[earlier].command);
                    let note = (key, KeyTemplate { table, id: IdTemplate::Txn });
                    if !steps[earlier].guard.notes.contains(&note) {
                        steps[earlier].guard.notes.push(note);
                    }
                    steps[ix].guard.rereads.push(note);
                }
            }
        }
    }
}
