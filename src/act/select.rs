//! What a person has chosen, the same in every view: one signal, changed here alone.

use interleave_engine::ids::{DbIx, EventIx, MsgId, TxnId};
use interleave_engine::value::Key;
use leptos::prelude::*;

use crate::act;
use crate::lab::Run;
use crate::state::{App, Dock, Part, Selection};

/// Follows a transaction, or none. What was chosen of another one is let go.
pub fn txn(app: App, txn: Option<u32>) {
    let now = app.selection.get_untracked();
    let keeps = now.txn == txn && !matches!(now.part, Part::Violation { .. });
    let part = if keeps { now.part } else { Part::Whole };
    put(app, Selection { txn, part });
}

/// Stops explaining a violation; its transaction stays chosen.
pub fn unexplain(app: App) {
    let now = app.selection.get_untracked();
    if matches!(now.part, Part::Violation { .. }) {
        put(app, Selection { part: Part::Whole, ..now });
    }
}

/// Lets go of whatever was chosen but the transaction: in another run it may not be there.
pub fn whole(app: App) {
    let now = app.selection.get_untracked();
    put(app, Selection { part: Part::Whole, ..now });
}

/// Explains a violation: the place of its property in the reports, and its own among the property's.
pub fn violation(app: App, property: usize, place: usize) {
    let now = app.selection.get_untracked();
    put(app, Selection { part: Part::Violation { property, place }, ..now });
}

/// Chooses something of the run. Its transaction is followed where it has one.
pub fn part(app: App, part: Part) {
    let now = app.selection.get_untracked();
    let at = EventIx(app.cursor.get_untracked());
    let txn = app.run_now(|run| txn_of(run, part, at)).flatten();
    put(app, Selection { txn: txn.map(|txn| txn.0).or(now.txn), part });
    if let Part::Lock { .. } = part
        && app.run_now(|run| run.views.index.locks_seen) == Some(true)
        && app.dock.get_untracked() != Dock::Rows
    {
        app.dock.set(Dock::Locks);
    }
    app.right.set(true);
    act::address::write_soon(app);
}

/// Lets go of what was chosen.
pub fn nothing(app: App) {
    put(app, Selection::default());
    act::address::write_soon(app);
}

fn put(app: App, selection: Selection) {
    if app.selection.get_untracked() != selection {
        app.selection.set(selection);
    }
}

/// The transaction that something belongs to at a moment.
fn txn_of(run: &Run, part: Part, at: EventIx) -> Option<TxnId> {
    let index = &run.views.index;
    match part {
        Part::Message(msg) => run.txn_of(index.msgs.get(&MsgId(msg))?.sent),
        Part::Record { topic, partition, offset } => index.record(topic, partition, offset)?.txn,
        Part::Row { db, key } | Part::Lock { db, key: Some(key) } => last_writer(run, db, key, at),
        Part::Whole | Part::Lock { key: None, .. } | Part::Property(_) | Part::Violation { .. } => {
            None
        }
    }
}

/// Who changed a row last, up to a moment.
fn last_writer(run: &Run, db: DbIx, key: Key, at: EventIx) -> Option<TxnId> {
    let writes = run.views.index.writes.get(&(db, key))?;
    let seen = writes.partition_point(|event| *event <= at);
    run.txn_of(*writes.get(seen.checked_sub(1)?)?)
}
